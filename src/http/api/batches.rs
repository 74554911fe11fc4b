//! Batches: finding one, what it is, and the file that proves it.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::orgs::RecordLine;
use crate::http::endpoints::{Endpoint, read};
use crate::http::problem::{Problem, ProblemBody, not_collected};
use crate::http::time;
use crate::http::view::View;
use crate::http::{AppState, etag};
use crate::ledger::{BatchFact, Detail, keys};
use crate::produce;
use crate::produce::lots::Reach;
use crate::statement::short_code;
use crate::statement::subject::Subject;
use crate::statement::time::When;
use crate::store::{KeyRange, Read};
use crate::verify::bundle::Bundle;
use crate::verify::collect::{self, CollectError, Under};

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/api/v1/batches", read().to(list)),
        Endpoint::get("/api/v1/batches/{id}", read().to(batch)),
        Endpoint::get("/api/v1/batches/{id}/trace", read().to(trace)),
        Endpoint::get("/api/v1/batches/{id}/status", read().to(status)),
        Endpoint::get("/api/v1/batches/{id}/graph", read().to(graph)),
        Endpoint::get("/api/v1/batches/{id}/bundle", read().to(bundle)),
        Endpoint::get("/api/v1/seasons/{id}/earliest-harvest", read().to(earliest_harvest)),
        Endpoint::get("/api/v1/batches/{id}/bundle/{size}", read().to(bundle_at)),
        Endpoint::get("/api/v1/subjects/{subject}/bundle", read().to(subject_bundle)),
        Endpoint::get("/api/v1/subjects/{subject}/bundle/{size}", read().to(subject_bundle_at)),
    ]
}

/// Batches on one page of a list.
const PAGE_LENGTH: usize = 50;
/// Batches looked at for one page: a search for what nobody has must not read the whole ledger at once.
const LOOKED_AT_MAX: usize = 5_000;
/// All of its line, and some hundred nodes of it on each side.
const GRAPH: Reach = Reach { back: u32::MAX, forward: u32::MAX, nodes_max: 200 };
/// Longer chains are read from the bundle.
const CHAIN_MAX: usize = 1_000;

#[derive(Deserialize, IntoParams)]
pub(in crate::http) struct Search {
    /// Part of an id, or a short code. Nothing: all.
    q: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BatchList {
    pub batches: Vec<BatchSummary>,
    /// Ask again with this as `cursor` for more. A page may be empty and still have a next.
    pub next: Option<String>,
    /// Entries of the log that this answer is as of.
    pub size: u64,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BatchSummary {
    pub id: String,
    pub short_code: String,
    pub org: String,
    pub org_name: Option<String>,
    /// What it is, as its first record says; none where that record does not say.
    pub product: Option<String>,
    pub variety: Option<String>,
    /// Planted and not yet harvested.
    pub growing: bool,
    /// Organisations that hold it or a part of it.
    pub holders: Vec<String>,
    /// Records in its chain.
    pub records: u64,
    /// When the ledger took its first and its newest record.
    pub first_at: Option<String>,
    pub last_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BatchBody {
    #[serde(flatten)]
    pub summary: BatchSummary,
    /// Leaf hash of the newest record.
    pub head: String,
    /// Its own chain, oldest first.
    pub chain: Vec<RecordLine>,
    /// Entries of the log that this answer is as of.
    pub size: u64,
}

/// Batches by id.
#[utoipa::path(get, path = "/api/v1/batches", tag = "batches", params(Search),
    responses((status = 200, body = BatchList)))]
pub(in crate::http) async fn list(
    state: web::Data<AppState>,
    request: HttpRequest,
    search: web::Query<Search>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let body = web::block(move || page(&view, &search)).await??;
    etag::json(&request, &body)
}

/// What a batch is, and its own records.
#[utoipa::path(get, path = "/api/v1/batches/{id}", tag = "batches",
    params(("id" = String, Path, description = "Id or short code")),
    responses((status = 200, body = BatchBody), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn batch(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let body = web::block(move || body(&view, &id)).await??;
    etag::json(&request, &body)
}

/// The story of a batch: what it is, where it comes from, what happened to it, who says so.
#[utoipa::path(get, path = "/api/v1/batches/{id}/trace", tag = "batches",
    params(("id" = String, Path, description = "Id or short code")),
    responses((status = 200, description = "The story, as pages tell it", body = Object), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn trace(
    state: web::Data<AppState>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let story = web::block(move || {
        let batch = view.batch_named(&id)?;
        let story = state.story(&view, &batch)?;
        story.ok_or_else(|| Problem::not_found(format!("there is no batch {}", batch.id())))
    })
    .await??;
    Ok(HttpResponse::Ok().json(story))
}

#[derive(Deserialize, IntoParams)]
pub(in crate::http) struct AsOf {
    /// Date or instant to which days are counted; now unless given.
    as_of: Option<String>,
}

/// Where a batch stands: status, reasons and the records behind them, what it may be used for, safety, quantities,
/// seats and flags, as of `size` entries and the moment `as_of` (milliseconds). Printers of labels and makers of
/// overlays ask `uses`.
#[utoipa::path(get, path = "/api/v1/batches/{id}/status", tag = "batches",
    params(("id" = String, Path, description = "Id or short code"), AsOf),
    responses((status = 200, description = "The assessment, every fact in words", body = Object),
        (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn status(
    state: web::Data<AppState>,
    id: web::Path<String>,
    query: web::Query<AsOf>,
) -> Result<HttpResponse, Problem> {
    let as_of = match &query.as_of {
        None => time::now_ms(),
        Some(text) => {
            let when: When = text.parse().map_err(|_| {
                Problem::bad_request("as_of is a date or an instant: 2026-06-13T08:00:00+08:00")
            })?;
            produce::end_of(&when)
        }
    };
    let view = View::of(&state)?;
    let report = web::block(move || {
        let batch = view.batch_named(&id)?;
        let gathered = collect::gather(&view.reader, &batch, view.under.size).map_err(not_collected)?;
        let story = state.tell(&view, &batch, &gathered.records, as_of)?;
        let story = story.ok_or_else(|| Problem::not_found(format!("there is no batch {}", batch.id())))?;
        Ok::<_, Problem>(produce::status_report(&story))
    })
    .await??;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(report))
}

/// From when on a season, or a lot that grows, may be picked.
#[utoipa::path(get, path = "/api/v1/seasons/{id}/earliest-harvest", tag = "batches",
    params(("id" = String, Path, description = "`crop:ORG.SEASON` or `batch:ORG.LOT`")),
    responses((status = 200, description = "The day, the uses behind it, and uses whose interval nobody knows", body = Object),
        (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn earliest_harvest(
    state: web::Data<AppState>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let body = web::block(move || {
        let none = || Problem::not_found(format!("there is no season {id}"));
        let season = Subject::parse(&id).map_err(|_| none())?;
        view.subject(&season)?.ok_or_else(none)?;
        let earliest = state.earliest_harvest(&view, &season)?.unwrap_or_default();
        Ok::<_, Problem>(
            json!({ "season": season.to_string(), "earliest": earliest, "size": view.under.size }),
        )
    })
    .await??;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(body))
}

/// What a batch came from and what was made of it, with quantities.
#[utoipa::path(get, path = "/api/v1/batches/{id}/graph", tag = "batches",
    params(("id" = String, Path, description = "Id or short code")),
    responses((status = 200, description = "Nodes and edges, the nearest first", body = Object),
        (status = 404, body = ProblemBody),
        (status = 503, description = "The log is still being read", body = ProblemBody)))]
pub(in crate::http) async fn graph(
    state: web::Data<AppState>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let graph = web::block(move || {
        let batch = view.batch_named(&id)?;
        let graph = state.overview(&view)?.watch().lots().graph(&batch, GRAPH, view.under.size);
        graph.ok_or_else(|| Problem::not_found(format!("there is no batch {}", batch.id())))
    })
    .await??;
    Ok(HttpResponse::Ok().json(graph))
}

/// The file that proves a batch's whole trace, under the newest checkpoint: the newest that meets the witness policy, as
/// long as that holds the whole trace.
#[utoipa::path(get, path = "/api/v1/batches/{id}/bundle", tag = "batches",
    params(("id" = String, Path, description = "Id or short code. One that does not exist gives the proof of that.")),
    responses((status = 200, description = "Bundle v1", body = Object), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn bundle(
    state: web::Data<AppState>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    answer_bundle(state, view, Asked::Batch(id.into_inner()), newest, "no-cache").await
}

/// The same under an older checkpoint, as long as the ledger keeps the subject map of that size.
#[utoipa::path(get, path = "/api/v1/batches/{id}/bundle/{size}", tag = "batches",
    params(("id" = String, Path, description = "Id or short code"),
        ("size" = u64, Path, description = "Entries of the log that the checkpoint covers")),
    responses((status = 200, description = "Bundle v1", body = Object), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn bundle_at(
    state: web::Data<AppState>,
    path: web::Path<(String, u64)>,
) -> Result<HttpResponse, Problem> {
    let (id, size) = path.into_inner();
    let view = View::of(&state)?;
    let view = web::block(move || view.at(size)).await??;
    answer_bundle(state, view, Asked::Batch(id), under, OLDER_CACHE).await
}

/// The same for a subject of any kind: a season, a plot, an organisation, a key.
#[utoipa::path(get, path = "/api/v1/subjects/{subject}/bundle", tag = "batches",
    params(("subject" = String, Path, description = "`crop:farm.p1-2026`. One that does not exist gives the proof of that.")),
    responses((status = 200, description = "Bundle v1", body = Object), (status = 404, description = "It is no subject", body = ProblemBody)))]
pub(in crate::http) async fn subject_bundle(
    state: web::Data<AppState>,
    subject: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    answer_bundle(state, view, Asked::Subject(subject.into_inner()), newest, "no-cache").await
}

/// The same under an older checkpoint.
#[utoipa::path(get, path = "/api/v1/subjects/{subject}/bundle/{size}", tag = "batches",
    params(("subject" = String, Path, description = "`crop:farm.p1-2026`"),
        ("size" = u64, Path, description = "Entries of the log that the checkpoint covers")),
    responses((status = 200, description = "Bundle v1", body = Object), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn subject_bundle_at(
    state: web::Data<AppState>,
    path: web::Path<(String, u64)>,
) -> Result<HttpResponse, Problem> {
    let (subject, size) = path.into_inner();
    let view = View::of(&state)?;
    let view = web::block(move || view.at(size)).await??;
    answer_bundle(state, view, Asked::Subject(subject), under, OLDER_CACHE).await
}

/// Openings may be erased later, so even a bundle of long ago is not kept for ever.
const OLDER_CACHE: &str = "public, max-age=60";

/// What a bundle is wanted of, as it was typed.
enum Asked {
    Batch(String),
    Subject(String),
}

impl Asked {
    fn subject(&self, view: &View) -> Result<Subject, Problem> {
        match self {
            Asked::Batch(typed) => view.batch_named(typed),
            Asked::Subject(text) => {
                Subject::parse(text).map_err(|_| Problem::not_found(format!("{text} is no subject")))
            }
        }
    }
}

async fn answer_bundle(
    state: web::Data<AppState>,
    view: View,
    asked: Asked,
    make: fn(&View, &Subject) -> Result<Bundle, CollectError>,
    cache: &'static str,
) -> Result<HttpResponse, Problem> {
    let (subject, bytes) = web::block(move || {
        let subject = asked.subject(&view)?;
        let mut bundle = make(&view, &subject).map_err(not_collected)?;
        view.anchor(&mut bundle)?;
        let openings = state.public_openings(&view, &bundle.records)?;
        bundle.open(openings);
        Ok::<_, Problem>((subject, bundle.encode()))
    })
    .await??;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{}.suyuan\"", subject.id())))
        .body(bytes))
}

/// Under the newest checkpoint that meets the witness policy, if the trace has not grown since; else under the view's own,
/// with the witnessed one beside it.
fn newest(view: &View, subject: &Subject) -> Result<Bundle, CollectError> {
    let witnessed = view.witnessed().filter(|witnessed| witnessed.size < view.under.size);
    let Some(witnessed) = witnessed else { return under(view, subject) };
    let beside = Under { size: witnessed.size, note: witnessed.note.to_string() };
    let now = collect::gather(&view.reader, subject, view.under.size)?;
    if now.records.keys().all(|seq| *seq < beside.size) {
        return collect::bundle(&view.reader, subject, &beside, &[], &time::now());
    }
    collect::bundle(&view.reader, subject, &view.under, &[beside], &time::now())
}

fn under(view: &View, subject: &Subject) -> Result<Bundle, CollectError> {
    collect::bundle(&view.reader, subject, &view.under, &[], &time::now())
}

fn page(view: &View, search: &Search) -> Result<BatchList, Problem> {
    let wanted = search.q.as_deref().unwrap_or_default().trim().to_lowercase();
    if let Some(code) = short_code::read(&wanted) {
        let mut batches = Vec::new();
        for batch in view.batches_of_code(&code)? {
            batches.extend(summary(view, &batch)?.map(|(summary, _)| summary));
        }
        if !batches.is_empty() {
            return Ok(BatchList { batches, next: None, size: view.under.size });
        }
    }
    let prefix = keys::subject("batch:");
    let mut range = KeyRange::prefix(prefix.clone());
    if let Some(cursor) = &search.cursor {
        let after = Subject::parse(&format!("batch:{cursor}"));
        let after = after.map_err(|_| Problem::bad_request("cursor is not one that was given here"))?;
        range = KeyRange::between([keys::subject(after.as_str()), vec![0]].concat(), end_of(&prefix));
    }
    let mut batches = Vec::new();
    for (looked_at, pair) in view.reader.0.scan(&range).enumerate() {
        let (key, _) = pair.map_err(Problem::internal)?;
        let id = String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
        let Ok(batch) = Subject::parse(&format!("batch:{id}")) else { continue };
        if id.contains(&wanted) {
            batches.extend(summary(view, &batch)?.map(|(summary, _)| summary));
        }
        if batches.len() == PAGE_LENGTH || looked_at + 1 == LOOKED_AT_MAX {
            return Ok(BatchList { batches, next: Some(id), size: view.under.size });
        }
    }
    Ok(BatchList { batches, next: None, size: view.under.size })
}

/// The first key after all that begin with this prefix, whose last byte is `:`.
fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}

fn body(view: &View, typed: &str) -> Result<BatchBody, Problem> {
    let batch = view.batch_named(typed)?;
    let (summary, head) = summary(view, &batch)?
        .ok_or_else(|| Problem::not_found(format!("there is no batch {}", batch.id())))?;
    let chain = RecordLine::chain(view, &batch, CHAIN_MAX)?;
    Ok(BatchBody { summary, head, chain, size: view.under.size })
}

fn summary(view: &View, batch: &Subject) -> Result<Option<(BatchSummary, String)>, Problem> {
    let Some(fact) = view.subject(batch)? else { return Ok(None) };
    let Detail::Batch(BatchFact { org, growing, holders, .. }) = fact.detail else { return Ok(None) };
    let at = |n: u64| -> Result<Option<crate::ledger::Record>, Problem> {
        match view.reader.chain_seq(batch, n)? {
            Some(seq) => view.record(seq),
            None => Ok(None),
        }
    };
    let (first, last) = (at(0)?, at(fact.count - 1)?);
    let said = |name: &str| {
        let data = &first.as_ref()?.statement.data;
        data.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    let summary = BatchSummary {
        id: batch.id().to_owned(),
        short_code: short_code::of_subject(batch),
        org_name: view.org(&org)?.map(|org| org.name),
        org,
        product: said("product").or_else(|| said("crop")),
        variety: said("variety"),
        growing,
        holders: holders.into_iter().collect(),
        records: fact.count,
        first_at: first.as_ref().map(|record| time::rfc3339(record.at)),
        last_at: last.as_ref().map(|record| time::rfc3339(record.at)),
    };
    Ok(Some((summary, fact.head.to_string())))
}
