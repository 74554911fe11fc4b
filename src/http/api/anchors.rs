//! Evidence from outside for the log's checkpoints, and its native files.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::anchor::{AnchorKind, opentimestamps};
use crate::http::anchored::JudgedJob;
use crate::http::endpoints::{Endpoint, read};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::view::View;
use crate::http::{AppState, etag, time};
use crate::publish::anchors::{Job, State};

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/api/v1/checkpoints/{size}/anchors", read().to(list)),
        Endpoint::get("/api/v1/checkpoints/{size}/anchors/{kind}", read().to(file)),
    ]
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct AnchorsBody {
    /// Entries of the checkpoint that was asked for.
    pub size: u64,
    /// SHA-256 of its body, hex: what is anchored.
    pub digest: String,
    /// Those of this very checkpoint.
    pub anchors: Vec<AnchorBody>,
    /// Of later checkpoints, the first of each kind: they cover this one by the proof at `consistency`.
    pub later: Vec<AnchorBody>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct AnchorBody {
    /// `evm-calldata`, `evm-log`, `ots` or `rfc3161`.
    pub kind: String,
    /// Entries of the anchored checkpoint.
    pub size: u64,
    pub attempt: u16,
    /// `queued`, `submitted`, `included`, `final` or `failed`.
    pub state: String,
    /// What happened last, or why it failed.
    pub said: String,
    pub made_at: String,
    pub changed_at: String,
    /// What the evidence comes to, with no block confirmed: `status`, `reason` and `claim`. Null: there is none yet.
    #[schema(value_type = Object)]
    pub evidence: Value,
    /// Where its native file is.
    pub file: Option<String>,
    /// Where the proof is that the anchored checkpoint continues the one asked for.
    pub consistency: Option<String>,
}

impl AnchorBody {
    fn of(judged: &JudgedJob, asked: u64) -> AnchorBody {
        let JudgedJob { job, finding } = judged;
        let path = format!("/api/v1/checkpoints/{}", job.size);
        let said = match &job.state {
            State::Failed(why) => why.clone(),
            _ => job.said.clone(),
        };
        AnchorBody {
            kind: job.kind.as_str().to_owned(),
            size: job.size,
            attempt: job.attempt,
            state: job.state.as_str().to_owned(),
            said,
            made_at: time::of_seconds(job.made_at),
            changed_at: time::of_seconds(job.changed_at),
            evidence: finding.as_ref().map_or(Value::Null, |finding| finding.to_json()),
            file: job.evidence.as_ref().map(|_| format!("{path}/anchors/{}", job.kind.as_str())),
            consistency: (job.size != asked)
                .then(|| format!("/api/v1/checkpoints/{asked}/consistency/{}", job.size)),
        }
    }
}

/// What is anchored of a checkpoint, and of later ones that cover it.
#[utoipa::path(get, path = "/api/v1/checkpoints/{size}/anchors", tag = "log",
    params(("size" = u64, Path, description = "Entries of the log that the checkpoint covers")),
    responses((status = 200, body = AnchorsBody), (status = 404, description = "None was signed there", body = ProblemBody)))]
pub(in crate::http) async fn list(
    state: web::Data<AppState>,
    request: HttpRequest,
    size: web::Path<u64>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let body = web::block(move || body(&view, *size)).await??;
    etag::json(&request, &body)
}

fn body(view: &View, size: u64) -> Result<AnchorsBody, Problem> {
    let note = view.note_at(size)?;
    let checkpoint_body = note.split_once("\n\n").map_or("", |(body, _)| body);
    let anchors = view.anchors_at(size)?;
    let later = view.anchors_for(size)?;
    let later = later.iter().filter(|judged| judged.job.size > size);
    Ok(AnchorsBody {
        size,
        digest: crate::anchor::digest(&format!("{checkpoint_body}\n")).to_string(),
        anchors: anchors.iter().map(|judged| AnchorBody::of(judged, size)).collect(),
        later: later.map(|judged| AnchorBody::of(judged, size)).collect(),
    })
}

/// The native file of an anchor: `.ots`, `.tsr`, or the RLP form of an EVM proof.
#[utoipa::path(get, path = "/api/v1/checkpoints/{size}/anchors/{kind}", tag = "log",
    params(("size" = u64, Path, description = "Entries of the anchored checkpoint"),
        ("kind" = String, Path, description = "`evm-calldata`, `evm-log`, `ots` or `rfc3161`")),
    responses((status = 200, description = "The file that the kind's own tools read", body = String, content_type = "application/octet-stream"),
        (status = 404, description = "It was not anchored there", body = ProblemBody)))]
pub(in crate::http) async fn file(
    state: web::Data<AppState>,
    path: web::Path<(u64, String)>,
) -> Result<HttpResponse, Problem> {
    let (size, name) = path.into_inner();
    let view = View::of(&state)?;
    let none = || Problem::not_found(format!("the checkpoint of {size} entries has no anchor {name}"));
    let kind = AnchorKind::of(&name).ok_or_else(none)?;
    let jobs = web::block(move || view.anchors_at(size)).await??;
    let best = |judged: &JudgedJob| (judged.job.state == State::Final, judged.job.attempt);
    let mine = jobs.into_iter().filter(|judged| judged.job.kind == kind && judged.job.evidence.is_some());
    let job = mine.max_by_key(best).map(|judged| judged.job).ok_or_else(none)?;
    let (media_type, ending) = match kind {
        AnchorKind::OpenTimestamps => ("application/vnd.opentimestamps.ots", "ots"),
        AnchorKind::Rfc3161 => ("application/timestamp-reply", "tsr"),
        AnchorKind::EvmCalldata | AnchorKind::EvmLog => ("application/octet-stream", "evm"),
    };
    Ok(HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"checkpoint-{size}.{ending}\""),
        ))
        .body(native(&job)))
}

/// As the kind's own tools have it: without the block header that may stand behind a `.ots` file for convenience.
fn native(job: &Job) -> Vec<u8> {
    let evidence = job.evidence.as_deref().unwrap_or_default();
    match job.kind {
        AnchorKind::OpenTimestamps => opentimestamps::native(evidence).unwrap_or(evidence).to_vec(),
        AnchorKind::EvmCalldata | AnchorKind::EvmLog | AnchorKind::Rfc3161 => evidence.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::opentimestamps::{Attestation, Branch, Header, Proof, Tree};
    use crate::merkle::Hash;

    #[test]
    fn a_stock_client_gets_the_file_without_our_header_behind_it() {
        let promise = Attestation::Pending { uri: "https://calendar.example".to_owned() };
        let tree = Tree(vec![Branch::Attestation(promise)]);
        let file = Proof { digest: Hash::of(b"a checkpoint"), tree }.to_bytes();
        let job = |evidence: Vec<u8>| Job {
            evidence: Some(evidence),
            ..Job::new(AnchorKind::OpenTimestamps, 4, 0, String::new(), 0)
        };
        assert_eq!(native(&job(file.clone())), file);
        let with_header = [file.as_slice(), &[7; Header::LENGTH]].concat();
        assert_eq!(native(&job(with_header)), file);
    }
}
