//! The log's newest checkpoint, for programs that would rather read JSON than a note.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::AppState;
use crate::http::endpoints::{Endpoint, read};
use crate::http::problem::Problem;
use crate::http::view::View;
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::SignedNote;

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
}

impl CheckpointBody {
    pub(in crate::http) fn of(note: &str) -> Result<CheckpointBody, Problem> {
        let parsed = SignedNote::parse(note.as_bytes()).map_err(Problem::internal)?;
        let checkpoint: Checkpoint = parsed.text().parse().map_err(Problem::internal)?;
        Ok(CheckpointBody {
            origin: checkpoint.origin.to_string(),
            size: checkpoint.size,
            root: checkpoint.root.to_string(),
            note: note.to_owned(),
        })
    }
}

/// The newest checkpoint signed.
#[utoipa::path(get, path = "/api/v1/checkpoints", tag = "log", responses((status = 200, body = CheckpointBody)))]
pub(in crate::http) async fn latest(state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(CheckpointBody::of(&View::of(&state)?.under.note)?))
}
