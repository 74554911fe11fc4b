//! Reading what a client sends: never more than is allowed, and not for ever.

use std::time::Duration;

use actix_web::web::{self, Bytes, BytesMut};
use futures_util::StreamExt;

use super::problem::Problem;
use crate::text;

/// The whole body.
pub(super) async fn read_all(
    payload: &mut web::Payload,
    bytes_max: usize,
    timeout: Duration,
) -> Result<Bytes, Problem> {
    let reading = async {
        let mut body = BytesMut::new();
        while let Some(piece) = payload.next().await {
            let piece = piece.map_err(broken)?;
            if body.len() + piece.len() > bytes_max {
                return Err(too_large(bytes_max));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(timeout, reading).await.map_err(|_| too_slow())?
}

/// The next piece of a body that is too long to hold. `timeout` is for this piece.
pub(super) async fn next_piece(
    payload: &mut web::Payload,
    timeout: Duration,
) -> Result<Option<Bytes>, Problem> {
    let piece = tokio::time::timeout(timeout, payload.next()).await.map_err(|_| too_slow())?;
    piece.transpose().map_err(broken)
}

fn broken(error: actix_web::error::PayloadError) -> Problem {
    Problem::bad_request(format!("the body broke off: {error}"))
}

pub(super) fn too_large(bytes_max: usize) -> Problem {
    Problem::new(text::Problem::TooLarge, format!("at most {bytes_max} bytes are read"))
}

fn too_slow() -> Problem {
    Problem::new(text::Problem::Timeout, "the body took too long to arrive")
}

/// What a handler reads, with or without parameters such as a charset.
pub(super) fn require_type(request: &actix_web::HttpRequest, wanted: &str) -> Result<(), Problem> {
    use actix_web::HttpMessage;
    if request.content_type().eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(Problem::new(text::Problem::UnsupportedMediaType, format!("send {wanted}")))
}
