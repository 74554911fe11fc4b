//! Many statements in one request: a line each in, a line each out, in the same order.
//!
//! Statements are taken in the order of the lines, because a later one may build on an earlier one. A line that is
//! refused fails alone. Memory holds one window of lines and some answers, whatever the length of the request; a client
//! that does not read while it writes keeps to [`ANSWERS_HELD_MAX`] lines a request.

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::http::{Method, header};
use actix_web::web::{self, Bytes, BytesMut};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::statements::{ReceiptBody, SUBMISSION_BYTES_MAX, Taken};
use crate::http::endpoints::Endpoint;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::Queued;
use crate::http::{AppState, body};

const NDJSON: &str = "application/x-ndjson";
/// A line is what a single request may be.
pub const LINE_BYTES_MAX: usize = SUBMISSION_BYTES_MAX;
/// After so many lines the answer ends with a problem; send the rest in another request.
pub const LINES_MAX: u64 = 100_000;

/// Answers kept for a client that sends before it reads. With more lines than this it must read meanwhile.
pub const ANSWERS_HELD_MAX: usize = 256;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::new("/api/v1/statements/bulk").and(Method::POST, web::post().to(submit))]
}

/// One line of the answer.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct LineBody {
    /// Counted from 1; empty lines are counted and not answered.
    line: u64,
    /// 201, 200 or what a single request would have got.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<ReceiptBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

/// Appends statements in order, one a line.
#[utoipa::path(post, path = "/api/v1/statements/bulk", tag = "statements",
    request_body(content = String, content_type = "application/x-ndjson", description = "A submission a line"),
    responses((status = 200, description = "An answer a line, in order", content_type = "application/x-ndjson", body = LineBody),
        (status = 415, description = "Not NDJSON", body = ProblemBody),
        (status = 429, description = "Too many requests", body = ProblemBody)))]
pub(in crate::http) async fn submit(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    body::require_type(&request, NDJSON)?;
    let timeout = Duration::from_secs(state.config.client_timeout_secs);
    let lines = Lines { payload, timeout, buffer: BytesMut::new(), line: 0, skipping: false, ended: false };
    let mut run = Run { state, lines, window: VecDeque::new() };
    let (tell, told) = mpsc::channel(ANSWERS_HELD_MAX);
    actix_web::rt::spawn(async move {
        while let Some(answer) = run.next().await {
            // The client has gone: what it did not send any more is not ours to do.
            if tell.send(answer).await.is_err() {
                break;
            }
        }
    });
    let answers = stream::unfold(told, |mut told| async move {
        let answer = told.recv().await?;
        Some((Ok::<_, actix_web::Error>(answer), told))
    });
    Ok(HttpResponse::Ok()
        .content_type(NDJSON)
        // Compression would hold answers back.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .streaming(answers))
}

/// One request being worked through. Several statements are on their way to the writer at once and keep their order,
/// so that they share its commits.
struct Run {
    state: web::Data<AppState>,
    lines: Lines,
    /// Read and not answered, oldest first.
    window: VecDeque<(u64, Progress)>,
}

enum Progress {
    Done(Result<Taken, Problem>),
    Sent(Queued),
}

/// Statements on their way at once.
const WINDOW: usize = 64;

impl Run {
    /// The next line of the answer.
    async fn next(&mut self) -> Option<Bytes> {
        // No line is waited for while an answer could be given.
        while self.window.is_empty() || (self.window.len() < WINDOW && self.lines.is_one_there()) {
            let Some((line, bytes)) = self.lines.next().await else { break };
            let progress = match bytes {
                Ok(bytes) => self.send(bytes).await,
                Err(problem) => Progress::Done(Err(problem)),
            };
            self.window.push_back((line, progress));
        }
        let (line, progress) = self.window.pop_front()?;
        let taken = self.finish(progress).await;
        self.state.count(&taken);
        Some(answer(line, taken))
    }

    async fn send(&mut self, bytes: Bytes) -> Progress {
        let is_first = self.window.iter().all(|(_, progress)| matches!(progress, Progress::Done(_)));
        match self.state.enqueue(bytes.clone()).await {
            Ok(queued) => return Progress::Sent(queued),
            Err(problem) if is_first || !problem.is_retry() => return Progress::Done(Err(problem)),
            Err(_) => {}
        }
        // What it names may be on its way in a line before: let those arrive, then look again.
        for (line, progress) in std::mem::take(&mut self.window) {
            let taken = self.finish(progress).await;
            self.window.push_back((line, Progress::Done(taken)));
        }
        match self.state.enqueue(bytes).await {
            Ok(queued) => Progress::Sent(queued),
            Err(problem) => Progress::Done(Err(problem)),
        }
    }

    async fn finish(&self, progress: Progress) -> Result<Taken, Problem> {
        match progress {
            Progress::Done(taken) => taken,
            Progress::Sent(queued) => self.state.answer(queued).await,
        }
    }
}

fn answer(line: u64, taken: Result<Taken, Problem>) -> Bytes {
    let body = match taken {
        Ok(taken) => LineBody {
            line,
            status: if taken.is_repeated { 200 } else { 201 },
            receipt: Some(taken.receipt),
            problem: None,
        },
        Err(problem) => {
            let problem = problem.body();
            LineBody { line, status: problem.status, receipt: None, problem: Some(problem) }
        }
    };
    // A struct of texts and JSON: serde_json has no way to fail.
    let mut bytes = serde_json::to_vec(&body).expect("a line serialises");
    bytes.push(b'\n');
    bytes.into()
}

/// Cuts a body into lines without ever holding more than one and what came with it.
struct Lines {
    payload: web::Payload,
    timeout: Duration,
    buffer: BytesMut,
    line: u64,
    /// The rest of a line that was too long is still on its way.
    skipping: bool,
    ended: bool,
}

impl Lines {
    /// The next line that is not empty, or what is wrong with it.
    async fn next(&mut self) -> Option<(u64, Result<Bytes, Problem>)> {
        loop {
            if let Some(found) = self.cut() {
                return Some(found);
            }
            if self.ended {
                return None;
            }
            match body::next_piece(&mut self.payload, self.timeout).await {
                Ok(Some(piece)) => self.buffer.extend_from_slice(&piece),
                Ok(None) => self.ended = true,
                // Nothing after this can be told apart.
                Err(problem) => {
                    self.buffer.clear();
                    self.ended = true;
                    return Some((self.line + 1, Err(problem)));
                }
            }
        }
    }

    /// Whether a whole line has arrived already.
    fn is_one_there(&self) -> bool {
        self.buffer.contains(&b'\n')
    }

    /// A line out of what has arrived.
    fn cut(&mut self) -> Option<(u64, Result<Bytes, Problem>)> {
        loop {
            let end = self.buffer.iter().position(|byte| *byte == b'\n');
            let line = match end {
                Some(end) => {
                    let mut line = self.buffer.split_to(end + 1);
                    line.truncate(end);
                    line
                }
                // The last line may lack its end.
                None if self.ended && !self.buffer.is_empty() => self.buffer.split(),
                None if self.buffer.len() > LINE_BYTES_MAX => {
                    self.buffer.clear();
                    let is_first_piece = !std::mem::replace(&mut self.skipping, true);
                    return is_first_piece.then(|| (self.line + 1, Err(body::too_large(LINE_BYTES_MAX))));
                }
                None => return None,
            };
            self.line += 1;
            if std::mem::take(&mut self.skipping) || line.trim_ascii().is_empty() {
                continue;
            }
            if self.line > LINES_MAX {
                self.buffer.clear();
                self.ended = true;
                let why = format!("at most {LINES_MAX} lines are read; send the rest in another request");
                return Some((self.line, Err(Problem::new(crate::text::Problem::TooLarge, why))));
            }
            let fits = line.len() <= LINE_BYTES_MAX;
            let line = if fits { Ok(line.freeze()) } else { Err(body::too_large(LINE_BYTES_MAX)) };
            return Some((self.line, line));
        }
    }
}
