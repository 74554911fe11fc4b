//! What a client already has need not be sent again.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::problem::Problem;
use crate::merkle::Hash;

/// Of these bytes, however they are then compressed.
pub(super) fn of(bytes: &[u8]) -> String {
    let digest = Hash::of(bytes).to_string();
    format!("W/\"{}\"", &digest[..32])
}

pub(super) fn is_known(request: &HttpRequest, etag: &str) -> bool {
    let headers = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    headers
        .flat_map(|value| value.split(','))
        .any(|known| matches!(known.trim(), "*") || known.trim() == etag)
}

/// Nothing but that it has not changed.
pub(super) fn not_modified(etag: &str, cache: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::NOT_MODIFIED)
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, cache))
        .finish()
}

/// A body with its tag, or that the client has it.
pub(super) fn answer(
    request: &HttpRequest,
    content_type: &'static str,
    cache: &'static str,
    body: Vec<u8>,
) -> HttpResponse {
    let etag = of(&body);
    if is_known(request, &etag) {
        return not_modified(&etag, cache);
    }
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header((header::ETAG, etag))
        .body(body)
}

/// JSON that may be kept, and is asked for again each time.
pub(super) fn json(request: &HttpRequest, body: &impl Serialize) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(body).map_err(Problem::internal)?;
    Ok(answer(request, "application/json", "no-cache", body))
}
