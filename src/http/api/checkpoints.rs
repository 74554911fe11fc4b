//! The log's checkpoints, for programs that would rather read JSON than a note, and that one continues another.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::endpoints::{Endpoint, read};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::view::View;
use crate::http::{AppState, IMMUTABLE, etag, time};
use crate::merkle::Hash;
use crate::merkle::proof::{consistency_path, verify_consistency};
use crate::note::checkpoint::Checkpoint;
use crate::note::policy::PolicyWitness;
use crate::note::signed_note::SignedNote;
use crate::publish::{Cosigned, Standing};

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/api/v1/checkpoints", read().to(latest)),
        Endpoint::get("/api/v1/checkpoints/{size}", read().to(one)),
        Endpoint::get("/api/v1/checkpoints/{from}/consistency/{to}", read().to(continued)),
    ]
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
pub(in crate::http) async fn latest(
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    etag::json(&request, &CheckpointBody::of(&View::of(&state)?)?)
}

/// The checkpoint that was signed at a size.
#[utoipa::path(get, path = "/api/v1/checkpoints/{size}", tag = "log",
    params(("size" = u64, Path, description = "Entries of the log that it covers")),
    responses((status = 200, body = CheckpointBody), (status = 404, description = "None was signed there", body = ProblemBody)))]
pub(in crate::http) async fn one(
    state: web::Data<AppState>,
    request: HttpRequest,
    size: web::Path<u64>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let body = web::block(move || CheckpointBody::of(&view.at(*size)?)).await??;
    etag::json(&request, &body)
}

/// That the log of one checkpoint begins with the log of an older one.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ConsistencyBody {
    pub from: u64,
    pub to: u64,
    /// Hex.
    pub from_root: String,
    pub to_root: String,
    /// RFC 9162 §2.1.4: hashes in hex. Empty if both sizes are the same.
    pub path: Vec<String>,
    /// The two signed notes, the older first.
    pub checkpoints: Vec<String>,
    #[serde(skip)]
    holds: bool,
}

impl ConsistencyBody {
    /// Whether the path leads from one root to the other.
    pub(in crate::http) fn holds(&self) -> bool {
        self.holds
    }
}

/// The proof that one kept checkpoint continues another.
#[utoipa::path(get, path = "/api/v1/checkpoints/{from}/consistency/{to}", tag = "log",
    params(("from" = u64, Path, description = "Size of the older checkpoint"),
        ("to" = u64, Path, description = "Size of the newer one")),
    responses((status = 200, body = ConsistencyBody), (status = 400, description = "The older is the larger", body = ProblemBody),
        (status = 404, description = "None was signed at that size", body = ProblemBody)))]
pub(in crate::http) async fn continued(
    state: web::Data<AppState>,
    sizes: web::Path<(u64, u64)>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let (from, to) = sizes.into_inner();
    let body = web::block(move || consistency(&view, from, to)).await??;
    let name = format!("inline; filename=\"consistency-{from}-{to}.json\"");
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, IMMUTABLE))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .json(body))
}

pub(in crate::http) fn consistency(view: &View, from: u64, to: u64) -> Result<ConsistencyBody, Problem> {
    if from > to {
        return Err(Problem::bad_request(format!("a log of {from} entries does not grow to {to}")));
    }
    let notes = [view.note_at(from)?, view.note_at(to)?];
    let [old, new] = [opened(&notes[0])?, opened(&notes[1])?];
    let path: Vec<Hash> = consistency_path(&view.reader, from, to).map_err(Problem::internal)?;
    let holds = verify_consistency(from, to, &old.root, &new.root, &path).is_ok();
    Ok(ConsistencyBody {
        from,
        to,
        from_root: old.root.to_string(),
        to_root: new.root.to_string(),
        path: path.iter().map(Hash::to_string).collect(),
        checkpoints: notes.into(),
        holds,
    })
}

fn opened(note: &str) -> Result<Checkpoint, Problem> {
    let parsed = SignedNote::parse(note.as_bytes()).map_err(Problem::internal)?;
    parsed.text().parse().map_err(Problem::internal)
}
