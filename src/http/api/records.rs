//! Single records as they stand in the log, and the proof that they do.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::endpoints::{Endpoint, read};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::view::View;
use crate::http::{AppState, IMMUTABLE, etag};

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/api/v1/records/{seq}", read().to(record)),
        Endpoint::get("/api/v1/records/{seq}/proof", read().to(proof)),
    ]
}

/// The entry's bytes, exactly as they are hashed.
#[utoipa::path(get, path = "/api/v1/records/{seq}", tag = "records",
    params(("seq" = u64, Path, description = "Its place in the log")),
    responses((status = 200, description = "The leaf bytes: canonical JSON", body = Object),
        (status = 404, description = "The log is not that long", body = ProblemBody)))]
pub(in crate::http) async fn record(
    state: web::Data<AppState>,
    request: HttpRequest,
    seq: web::Path<u64>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let bytes = web::block(move || view.entry_bytes(*seq)).await??;
    Ok(etag::answer(&request, "application/json", IMMUTABLE, bytes))
}

/// A receipt: the inclusion proof under the newest checkpoint, with the record itself.
#[utoipa::path(get, path = "/api/v1/records/{seq}/proof", tag = "records",
    params(("seq" = u64, Path, description = "Its place in the log")),
    responses((status = 200, description = "C2SP tlog-proof", content_type = "text/plain", body = String),
        (status = 404, description = "The log is not that long", body = ProblemBody)))]
pub(in crate::http) async fn proof(
    state: web::Data<AppState>,
    seq: web::Path<u64>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let seq = *seq;
    let receipt = web::block(move || view.receipt(seq)).await??;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{seq}.tlog-proof\"")))
        .body(receipt.proof.to_string()))
}
