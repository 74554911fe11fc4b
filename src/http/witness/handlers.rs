//! From a request to the witness and back.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::{WitnessState, form};
use crate::http::pages::witness_pages;
use crate::http::problem::Problem;
use crate::http::{body, time};
use crate::merkle::Hash;
use crate::note::add_checkpoint::ADD_CHECKPOINT_BYTES_MAX;
use crate::text;
use crate::verify::bundle;
use crate::witness::{Look, OwnView, Refusal, Seen};

const TEXT: &str = "text/plain; charset=utf-8";
/// The body of a conflict, by the specification.
const TLOG_SIZE: &str = "text/x.tlog.size";

/// A form holds the file between its borders.
const FORM_BYTES_MAX: usize = bundle::BYTES_MAX + 4096;

/// `POST /add-checkpoint`.
pub(super) async fn add_checkpoint(
    state: web::Data<WitnessState>,
    mut payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let body = body::read_all(&mut payload, ADD_CHECKPOINT_BYTES_MAX, state.timeout).await;
    let body = match body {
        Ok(body) => body,
        // Longer than any request may be.
        Err(problem) if problem.word() == text::Problem::TooLarge => {
            return Ok(answer(StatusCode::BAD_REQUEST, TEXT, "the request is too long\n".to_owned()));
        }
        Err(problem) => return Err(problem),
    };
    let judged = web::block(move || {
        let now = u64::try_from(time::now_ms() / 1000).unwrap_or(0);
        let answer = state.witness.add_checkpoint(&body, now);
        if let Err(Refusal::NotTheSameLog(why)) = &answer {
            // With the log's signature under it: perhaps the proof of a fork.
            let request = String::from_utf8_lossy(&body).into_owned();
            tracing::error!(%why, %request, "a signed checkpoint does not go on from what was cosigned");
        }
        answer
    });
    Ok(match judged.await? {
        Ok(line) => answer(StatusCode::OK, TEXT, line.to_string()),
        Err(refusal) => refused(&refusal),
    })
}

fn refused(refusal: &Refusal) -> HttpResponse {
    let status = match refusal {
        Refusal::OtherSize { cosigned } => {
            return answer(StatusCode::CONFLICT, TLOG_SIZE, format!("{cosigned}\n"));
        }
        Refusal::Book(error) => {
            tracing::error!(%error, "nothing can be cosigned");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::NotReplayed(_) => {
            let busy = "text/x.suyuan.refusal; charset=utf-8";
            let mut answer = answer(StatusCode::SERVICE_UNAVAILABLE, busy, format!("{refusal}\n"));
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(1));
            return answer;
        }
        Refusal::Malformed(_) | Refusal::OldTooLarge { .. } => StatusCode::BAD_REQUEST,
        Refusal::NotSigned(_) => StatusCode::FORBIDDEN,
        Refusal::NotTheSameLog(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::UnknownLog(_) => StatusCode::NOT_FOUND,
    };
    // Typed as no plain text, so that it stays as it is: these answers are the specification's, not problem details.
    answer(status, "text/x.suyuan.refusal; charset=utf-8", format!("{refusal}\n"))
}

fn answer(status: StatusCode, media_type: &'static str, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type(media_type)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

/// `GET /vkey`.
pub(super) async fn vkey(state: web::Data<WitnessState>) -> HttpResponse {
    answer(StatusCode::OK, TEXT, format!("{}\n", state.witness.vkey()))
}

pub(super) async fn healthz() -> HttpResponse {
    answer(StatusCode::OK, TEXT, "ok\n".to_owned())
}

/// `GET /{hex SHA-256 of the origin}/checkpoint`: what was cosigned last, for monitors.
pub(super) async fn checkpoint(
    state: web::Data<WitnessState>,
    origin_hash: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let wanted: Hash = origin_hash.parse().map_err(|_| Problem::not_found("no such log"))?;
    let seen = web::block(move || {
        let logs = state.witness.logs();
        let origin = logs.origins().find(|origin| Hash::of(origin.as_str().as_bytes()) == wanted);
        match origin {
            Some(origin) => state.witness.last(origin).map_err(Problem::internal),
            None => Ok(None),
        }
    });
    let seen = seen.await??.ok_or_else(|| Problem::not_found("nothing of this log was cosigned"))?;
    Ok(answer(StatusCode::OK, TEXT, seen.note.to_string()))
}

/// `GET /witness.json`.
pub(super) async fn metadata(state: web::Data<WitnessState>) -> Result<HttpResponse, Problem> {
    let shared = state.clone();
    let seen = web::block(move || seen(&shared)).await??;
    let logs = state.witness.logs();
    let log = |origin: &crate::note::vkey::KeyName| {
        let last = seen.iter().find(|seen| seen.checkpoint.origin == *origin);
        json!({
            "origin": origin.as_str(),
            "judges_bundles": logs.trust(origin.as_str()).is_some(),
            "size": last.map(|seen| seen.checkpoint.size),
            "root": last.map(|seen| seen.checkpoint.root.to_string()),
            "cosigned_at": last.map(|seen| time::of_seconds(seen.time)),
        })
    };
    let logs: Vec<Value> = logs.origins().map(log).collect();
    let about = json!({
        "replays": state.witness.is_replaying(),
        "name": state.witness.name().as_str(), "vkey": state.witness.vkey().to_string(), "logs": logs,
    });
    Ok(HttpResponse::Ok().json(about))
}

pub(in crate::http) fn seen(state: &WitnessState) -> Result<Vec<Seen>, Problem> {
    state.witness.all().map_err(Problem::internal)
}

/// `POST /verify`: a form with a file, or the file itself; a page, or JSON for programs.
pub(super) async fn verify(
    state: web::Data<WitnessState>,
    request: HttpRequest,
    mut payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let boundary = form::boundary(&request);
    if boundary.is_none()
        && !matches!(request.content_type(), "application/json" | "application/octet-stream")
    {
        let why =
            "send a form (multipart/form-data), or the file as application/json or application/octet-stream";
        return Err(Problem::new(text::Problem::UnsupportedMediaType, why));
    }
    let busy = || Problem::new(text::Problem::Busy, "too many are being checked just now").retry_after(5);
    let reading = state.reading.clone().try_acquire_owned().map_err(|_| busy())?;
    let limit = if boundary.is_some() { FORM_BYTES_MAX } else { bundle::BYTES_MAX };
    let bytes = body::read_all(&mut payload, limit, state.timeout).await?;
    let judging = state.judging.clone().acquire_owned().await.map_err(|_| busy())?;
    let shared = state.clone();
    let look = web::block(move || {
        // Held until it is judged, though whoever asked may have gone.
        let _held = (reading, judging);
        let file = match &boundary {
            None => &bytes[..],
            Some(boundary) => form::file(&bytes, boundary)
                .ok_or_else(|| Problem::bad_request("there is no file in the form"))?,
        };
        let look = shared.witness.look(file, time::now_ms() / 1000, shared.max_age_secs);
        let condition = witness_pages::condition(&look);
        Ok::<_, Problem>((look, condition))
    });
    let (look, condition) = look.await??;
    match witness_pages::wants_page(&request) {
        true => Ok(witness_pages::judged(&state, &request, &look, condition)),
        false => Ok(report(&look)),
    }
}

/// The verdict for programs: 200 whatever it is, as long as it could be judged.
fn report(look: &Look) -> HttpResponse {
    match look {
        Look::NotABundle(why) => HttpResponse::Ok().json(json!({ "verified": false, "problem": why })),
        Look::UnknownLedger(origin) => {
            let why = format!("this witness has no trust file of {origin}");
            HttpResponse::UnprocessableEntity().json(json!({ "verified": null, "problem": why }))
        }
        Look::Omission { origin, shown } => {
            let (verified, text) = match shown {
                Ok(shown) => (true, shown.to_string()),
                Err(problem) => (false, problem.clone()),
            };
            HttpResponse::Ok().json(json!({ "verified": verified, "origin": origin, "evidence": text }))
        }
        Look::Judged { report, own, .. } => {
            let mut told = report.to_json(&[]);
            told["own_view"] = own_view(own);
            HttpResponse::Ok().json(told)
        }
    }
}

fn own_view(own: &OwnView) -> Value {
    let seen = |word: &str, size: &u64, at: &u64| json!({ "is": word, "size": size, "cosigned_at": time::of_seconds(*at) });
    match own {
        OwnView::Same { size, time } => seen("same", size, time),
        OwnView::Older { size, time } => seen("older", size, time),
        OwnView::Newer { size, time } => seen("newer", size, time),
        OwnView::Forked { ours, theirs } => json!({ "is": "forked", "ours": ours, "theirs": theirs }),
        OwnView::None => json!({ "is": "none" }),
    }
}
