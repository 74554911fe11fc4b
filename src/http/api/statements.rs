//! Taking statements in: one at a time here, many in [`bulk`](super::bulk).

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::alarms::AlarmBody;
use crate::http::endpoints::Endpoint;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::time::rfc3339;
use crate::http::{AppState, body};
use crate::produce::Earliest;
use crate::sequencer::Receipt;

/// The longest envelope and its openings: a payload in base64, and what is sealed in it at its longest.
pub const SUBMISSION_BYTES_MAX: usize = 512 * 1024;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::new("/api/v1/statements").and(Method::POST, web::post().to(submit))]
}

/// What a client sends.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes what sequencer::Submission reads")]
struct SubmissionBody {
    /// DSSE v1.
    #[schema(value_type = Object)]
    envelope: Value,
    /// What opens the statement's sealed values and attachments. Kept beside the ledger, never in it.
    #[schema(value_type = Option<Vec<Object>>)]
    openings: Vec<Value>,
}

/// Where a statement stands, with the proof.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptBody {
    pub seq: u64,
    /// Leaf hash of the record.
    pub leaf: String,
    /// When the ledger took it.
    pub at: String,
    /// Entries that the checkpoint covers.
    pub size: u64,
    /// The signed note.
    pub checkpoint: String,
    /// C2SP tlog-proof with the record as its extra data: keep this.
    pub proof: String,
    /// The record as it stands in the log.
    #[schema(value_type = Object)]
    pub record: Value,
    /// Figures that stopped adding up with this statement.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<AlarmBody>,
    /// Of an input: from when on what it was used on may be picked, as all its inputs say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub earliest_harvest: Option<Earliest>,
}

impl ReceiptBody {
    pub(in crate::http) fn of(receipt: &Receipt) -> Result<ReceiptBody, Problem> {
        let record: Value = serde_json::from_slice(&receipt.proof.extra).map_err(Problem::internal)?;
        Ok(ReceiptBody {
            seq: receipt.seq,
            leaf: receipt.leaf.to_string(),
            at: rfc3339(record["at"].as_i64().unwrap_or_default()),
            size: receipt.size,
            checkpoint: receipt.proof.checkpoint.to_string(),
            proof: receipt.proof.to_string(),
            record,
            alarms: Vec::new(),
            earliest_harvest: None,
        })
    }
}

/// An accepted statement's receipt, and whether it had been in the ledger before.
pub struct Taken {
    pub receipt: ReceiptBody,
    pub is_repeated: bool,
}

/// Appends a statement. The answer comes when it is durable and proven.
#[utoipa::path(post, path = "/api/v1/statements", tag = "statements", request_body = SubmissionBody,
    responses((status = 201, description = "Appended", body = ReceiptBody),
        (status = 200, description = "The same statement was in the ledger already: the same place", body = ReceiptBody),
        (status = 400, description = "Form", body = ProblemBody),
        (status = 403, description = "Signature or right", body = ProblemBody),
        (status = 409, description = "Conflict with what is there", body = ProblemBody),
        (status = 413, description = "Too large", body = ProblemBody),
        (status = 415, description = "Not JSON", body = ProblemBody),
        (status = 422, description = "Names what is not in this ledger", body = ProblemBody),
        (status = 429, description = "Too many requests", body = ProblemBody),
        (status = 503, description = "Busy or read-only", body = ProblemBody)))]
pub(in crate::http) async fn submit(
    state: web::Data<AppState>,
    request: actix_web::HttpRequest,
    mut payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    body::require_type(&request, "application/json")?;
    let timeout = Duration::from_secs(state.config.client_timeout_secs);
    let bytes = body::read_all(&mut payload, SUBMISSION_BYTES_MAX, timeout).await?;
    let taken = match state.enqueue(bytes).await {
        Ok(queued) => state.answer(queued).await,
        Err(problem) => Err(problem),
    };
    state.count(&taken);
    let taken = taken?;
    let status = if taken.is_repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok(HttpResponse::build(status).json(taken.receipt))
}
