//! The log's newest checkpoint, for programs that would rather read JSON than a note.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::endpoints::{Endpoint, read};
use crate::http::problem::Problem;
use crate::http::view::View;
use crate::http::{AppState, time};
use crate::note::checkpoint::Checkpoint;
use crate::note::policy::PolicyWitness;
use crate::note::signed_note::SignedNote;
use crate::publish::{Cosigned, Standing};

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/api/v1/checkpoints", read().to(latest))]
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct CheckpointBody {
    pub origin: String,
    pub size: u64,
    /// Hex.
    pub root: String,
    /// The signed note, all its lines.
    pub note: String,
    /// Entries of the newest checkpoint that meets the witness policy; null if there is none, or no policy.
    pub witnessed_size: Option<u64>,
    /// Those of the policy, in its order.
    pub witnesses: Vec<WitnessBody>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct WitnessBody {
    /// C2SP vkey.
    pub key: String,
    /// Entries of the checkpoint that it cosigned last.
    pub size: Option<u64>,
    /// When, by its clock.
    pub at: Option<String>,
    /// Why it has not cosigned when it was asked last.
    pub problem: Option<String>,
}

impl CheckpointBody {
    fn of(view: &View) -> Result<CheckpointBody, Problem> {
        let note = &view.under.note;
        let parsed = SignedNote::parse(note.as_bytes()).map_err(Problem::internal)?;
        let checkpoint: Checkpoint = parsed.text().parse().map_err(Problem::internal)?;
        Ok(CheckpointBody {
            origin: checkpoint.origin.to_string(),
            size: checkpoint.size,
            root: checkpoint.root.to_string(),
            note: note.to_owned(),
            witnessed_size: view.witnessed().map(|witnessed| witnessed.size),
            witnesses: view.cosigned().map(witnesses).unwrap_or_default(),
        })
    }
}

fn witnesses(cosigned: &Cosigned) -> Vec<WitnessBody> {
    let each = cosigned.policy().witnesses().iter().zip(cosigned.standings());
    let body = |(witness, standing): (&PolicyWitness, Standing)| WitnessBody {
        key: witness.key.to_string(),
        size: standing.cosigned.map(|(size, _)| size),
        at: standing.cosigned.map(|(_, seconds)| time::of_seconds(seconds)),
        problem: standing.problem,
    };
    each.map(body).collect()
}

/// The newest checkpoint signed, and how far witnesses have seen the log.
#[utoipa::path(get, path = "/api/v1/checkpoints", tag = "log", responses((status = 200, body = CheckpointBody)))]
pub(in crate::http) async fn latest(state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(CheckpointBody::of(&View::of(&state)?)?))
}
