//! From a request to a page: looks up what was meant, tells its story under the newest checkpoint, answers.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::batch_view::{BatchView, Given, covered};
use super::language;
use super::layout::{Layout, POLICY, host};
use super::other_views::{ChoiceView, HomeView, TroubleView, UnknownView, VerifyView};
use super::typed::{self, Meant, TYPED_CHARS_MAX};
use super::witness_rows::WitnessesSeen;
use crate::http::problem::Problem;
use crate::http::view::View;
use crate::http::{AppState, etag, time};
use crate::ledger::Entry;
use crate::merkle::Hash;
use crate::merkle::tree::root_at;
use crate::print::graph;
use crate::print::qr::{self, Symbol};
use crate::produce::Story;
use crate::produce::{self, lots::Reach};
use crate::statement::short_code;
use crate::statement::subject::Subject;
use crate::text::{self, Lang, Page, Use, fill, t};
use crate::verify::collect::{CollectError, gather};

/// Ancestors to the plots, as many as could be drawn or counted; descendants of the first generation.
const PICTURED: Reach = Reach { back: u32::MAX, forward: 1, nodes_max: 1_000 };

#[derive(Debug, Default, Deserialize)]
pub(super) struct Query {
    /// What was typed on the front page.
    q: Option<String>,
    all: Option<String>,
    ecc: Option<String>,
    px: Option<usize>,
}

/// `GET /`: the box, or what was typed into it.
pub(super) async fn home(
    state: web::Data<AppState>,
    request: HttpRequest,
    query: web::Query<Query>,
) -> HttpResponse {
    let layout = layout(&state, &request, "/", "");
    let Some(typed) = query.q.as_deref().map(str::trim).filter(|typed| !typed.is_empty()) else {
        return html(&request, StatusCode::OK, &HomeView::new(layout));
    };
    let typed: String = typed.chars().take(TYPED_CHARS_MAX).collect();
    match find(&state, &typed).await {
        Ok(Found::One(batch)) => see(batch.id()),
        Ok(Found::Several(code, batches)) => choice(&request, layout, &code, batches),
        Ok(Found::None) => unknown(&request, layout, typed),
        Err(problem) => trouble(&request, layout, &problem),
    }
}

/// `GET /verify`: for a file that was saved, or that another site gave.
pub(super) async fn verify(state: web::Data<AppState>, request: HttpRequest) -> HttpResponse {
    html(&request, StatusCode::OK, &VerifyView::new(layout(&state, &request, "/verify", "")))
}

/// `GET /b/{batch-or-code}`: the page, or the same as JSON for programs.
pub(super) async fn batch(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let typed: String = path.1.chars().take(TYPED_CHARS_MAX).collect();
    let as_json = wants_json(&request);
    let all = query.all.is_some();
    let layout = layout(&state, &request, "/", "");
    let told = match find(&state, &typed).await {
        Ok(Found::One(batch)) => {
            let layout = Layout {
                path: format!("/b/{}", batch.id()),
                query: if all { "&all=1" } else { "" },
                ..layout.clone()
            };
            let state = state.clone();
            web::block(
                move || if as_json { story_json(&state, &batch) } else { page(&state, layout, &batch, all) },
            )
            .await?
        }
        Ok(Found::Several(code, batches)) if as_json => {
            let ids: Vec<&str> = batches.iter().map(Subject::id).collect();
            Err(Failed::Problem(
                Problem::bad_request(format!("more than one batch has the code {code}"))
                    .with("batches", json!(ids)),
            ))
        }
        Ok(Found::Several(code, batches)) => return Ok(choice(&request, layout, &code, batches)),
        Ok(Found::None) => Ok(None),
        Err(problem) => Err(Failed::Problem(problem)),
    };
    match told {
        Ok(Some(body)) if as_json => Ok(HttpResponse::Ok()
            .content_type("application/json")
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .insert_header((header::VARY, VARY))
            .body(body)),
        Ok(Some(body)) => Ok(answer(&request, StatusCode::OK, body)),
        Ok(None) if as_json => Err(Problem::not_found(format!("there is no batch {typed}"))),
        Ok(None) => Ok(unknown(&request, layout, typed)),
        Err(Failed::Problem(problem)) if as_json => Err(problem),
        Err(Failed::Problem(problem)) => Ok(trouble(&request, layout, &problem)),
        Err(Failed::TooLarge) if as_json => {
            Err(Problem::new(crate::text::Problem::TooLarge, CollectError::TooLarge.to_string()))
        }
        Err(Failed::TooLarge) => {
            Ok(html(&request, StatusCode::OK, &TroubleView::new(layout, Page::TooLargeSay)))
        }
    }
}

/// `GET /b/{batch}/qr.svg`.
pub(super) async fn qr_svg(
    state: web::Data<AppState>,
    path: web::Path<(String, String)>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let symbol = symbol(&state, &path.1, &query).await?;
    Ok(picture("image/svg+xml", symbol.svg().into_bytes()))
}

/// `GET /b/{batch}/qr.png?px=`.
pub(super) async fn qr_png(
    state: web::Data<AppState>,
    path: web::Path<(String, String)>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let symbol = symbol(&state, &path.1, &query).await?;
    Ok(picture("image/png", symbol.png(query.px.unwrap_or(qr::PX_DEFAULT))))
}

/// `GET /b/{batch}/graph.svg?lang=`: what it came from, and what was made of it directly.
pub(super) async fn graph_svg(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let none = || Problem::not_found(format!("there is no batch {}", path.1));
    let Found::One(batch) = find(&state, &path.1).await? else { return Err(none()) };
    let lang = language::of(&request);
    let drawn = web::block(move || {
        let view = View::of(&state)?;
        let graph = state.overview(&view)?.watch().lots().graph(&batch, PICTURED, view.under.size);
        let Some(graph) = graph else { return Ok(None) };
        let orgs: BTreeSet<String> = graph
            .nodes
            .iter()
            .filter_map(|node| Subject::parse(&node.subject).ok()?.org().map(str::to_owned))
            .collect();
        let mut names = BTreeMap::new();
        for org in &orgs {
            names.extend(view.org(org)?.map(|fact| (org.as_str(), fact.name)));
        }
        let names = names.iter().map(|(org, name)| (*org, name.as_str())).collect();
        Ok::<_, Problem>(Some(graph::svg(&graph, lang, &names)))
    });
    let drawn = drawn.await??.ok_or_else(none)?;
    Ok(HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "Accept-Language, Cookie"))
        .insert_header((header::CONTENT_LANGUAGE, lang.tag()))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"))
        .body(drawn))
}

// -- looking up --------------------------------------------------------------------------------------------------

enum Found {
    One(Subject),
    Several(String, Vec<Subject>),
    None,
}

async fn find(state: &web::Data<AppState>, typed: &str) -> Result<Found, Problem> {
    let Some(meant) = typed::read(typed) else { return Ok(Found::None) };
    let view = View::of(state)?;
    web::block(move || match meant {
        Meant::Code(code) => {
            let mut batches = view.batches_of_code(&code)?;
            Ok(match (batches.pop(), batches.is_empty()) {
                (Some(batch), true) => Found::One(batch),
                (Some(batch), false) => {
                    batches.push(batch);
                    Found::Several(code, batches)
                }
                (None, _) => Found::None,
            })
        }
        Meant::Batches(batches) => {
            for batch in batches {
                if view.subject(&batch)?.is_some() {
                    return Ok(Found::One(batch));
                }
            }
            Ok(Found::None)
        }
    })
    .await?
}

async fn symbol(state: &web::Data<AppState>, typed: &str, query: &Query) -> Result<Symbol, Problem> {
    let correction = match query.ecc.as_deref() {
        None => qr::Correction::default(),
        Some(text) => text.parse().map_err(|()| Problem::bad_request("ecc is Q or M"))?,
    };
    let Found::One(batch) = find(state, typed).await? else {
        return Err(Problem::not_found(format!("there is no batch {typed}")));
    };
    let code = short_code::of_subject(&batch);
    let view = View::of(state)?;
    let (asked, of) = (batch.clone(), state.clone());
    web::block(move || may(&of, &asked, Use::Labels)).await??;
    let shared = view.batches_of_code(&code)?.len() > 1;
    // A code that two batches share would make every reader choose.
    let named = if shared { batch.id().to_owned() } else { code };
    let payload = qr::batch_payload(&state.config.public_url, &named);
    Symbol::of(&payload, correction).map_err(Problem::internal)
}

/// A batch that is on hold, or lacks origin or test, gets no label.
fn may(state: &AppState, batch: &Subject, wanted: Use) -> Result<(), Problem> {
    let view = View::of(state)?;
    let Some(story) = state.story(&view, batch)? else { return Ok(()) };
    let blocking = story.assessment.judgement.blocks(wanted);
    if blocking.is_empty() {
        return Ok(());
    }
    let reasons: Vec<&str> = blocking.iter().map(|reason| produce::name(reason.sort)).collect();
    let wanted = produce::name(wanted);
    Err(Problem::new(text::Problem::Blocked, format!("{} is not cleared for {wanted}", batch.id()))
        .with("reasons", json!(reasons)))
}

// -- telling -----------------------------------------------------------------------------------------------------

enum Failed {
    Problem(Problem),
    TooLarge,
}

impl<E: Into<Problem>> From<E> for Failed {
    fn from(error: E) -> Failed {
        Failed::Problem(error.into())
    }
}

struct Told {
    story: Story,
    records: std::collections::BTreeMap<u64, Entry>,
    view: View,
}

fn told(state: &AppState, batch: &Subject) -> Result<Option<Told>, Failed> {
    let view = View::of(state)?;
    let size = view.under.size;
    let gathered = gather(&view.reader, batch, size).map_err(|error| match error {
        CollectError::TooLarge => Failed::TooLarge,
        other => Failed::Problem(Problem::internal(other)),
    })?;
    let story = state.tell(&view, batch, &gathered.records, time::now_ms())?;
    let Some(story) = story else { return Ok(None) };
    Ok(Some(Told { story, records: gathered.records, view }))
}

fn page(state: &AppState, layout: Layout, batch: &Subject, all: bool) -> Result<Option<String>, Failed> {
    let Some(Told { story, records, view }) = told(state, batch)? else { return Ok(None) };
    let root = root_at(&view.reader, view.under.size)?;
    let held = held(state, &story)?;
    let witnesses = WitnessesSeen::of(&view);
    let anchors = view.anchors_for(covered(&records))?;
    let (held, anchors) = (&held, anchors.as_slice());
    let given = Given { story: &story, records: &records, root, witnesses, anchors, held, all };
    Ok(Some(BatchView::new(layout, &given).render().map_err(Problem::internal)?))
}

fn story_json(state: &AppState, batch: &Subject) -> Result<Option<String>, Failed> {
    let Some(Told { story, view, .. }) = told(state, batch)? else { return Ok(None) };
    let body = json!({ "story": story, "checkpoint": view.under.note });
    Ok(Some(body.to_string()))
}

/// Pictures whose files are here and may be seen.
fn held(state: &AppState, story: &Story) -> Result<BTreeSet<Hash>, Problem> {
    let photos = story.events.iter().flat_map(|event| &event.photos).filter(|photo| photo.public);
    let mut held = BTreeSet::new();
    for photo in photos {
        let content = state.ledger.blobs().content(&photo.commitment).map_err(Problem::internal)?;
        held.extend(content.map(|_| photo.commitment));
    }
    Ok(held)
}

// -- answering ---------------------------------------------------------------------------------------------------

/// What a page depends on beyond its address.
const VARY: &str = "Accept, Accept-Language, Cookie";

pub(super) fn layout(state: &AppState, request: &HttpRequest, path: &str, query: &'static str) -> Layout {
    let config = &state.config;
    let lang = language::of(request);
    let mirror_of = state.mirror_of();
    let nobody = match mirror_of {
        Some(_) => host(&config.public_url).to_owned(),
        None => config.origin.clone(),
    };
    let operator = config.operator.clone().unwrap_or(nobody);
    Layout {
        lang,
        public_url: config.public_url.clone(),
        mirror: mirror_of
            .map_or_else(Vec::new, |(of, why)| mirror(state, lang, &operator, &of, why.is_some())),
        operator,
        demonstration: state.demonstration,
        path: path.to_owned(),
        query,
        title: String::new(),
        description: String::new(),
        image: String::new(),
    }
}

/// What every page of a copy says first.
fn mirror(state: &AppState, lang: Lang, keeper: &str, source: &str, stands_still: bool) -> Vec<String> {
    let published = state.ledger.published();
    let at = published.reader().log().ok().flatten().map_or(0, |log| log.at);
    let (time, n) = (time::rfc3339(at), published.size.to_string());
    let blanks = [
        ("keeper", keeper),
        ("origin", state.config.origin.as_str()),
        ("source", source),
        ("time", time.as_str()),
        ("n", n.as_str()),
    ];
    let mut says = vec![fill(t(lang, Page::Mirror), &blanks)];
    says.extend(stands_still.then(|| t(lang, Page::MirrorStopped).to_owned()));
    says
}

fn unknown(request: &HttpRequest, layout: Layout, typed: String) -> HttpResponse {
    html(request, StatusCode::NOT_FOUND, &UnknownView::new(layout, typed))
}

fn choice(request: &HttpRequest, layout: Layout, code: &str, batches: Vec<Subject>) -> HttpResponse {
    let mut ids: Vec<String> = batches.iter().map(|batch| batch.id().to_owned()).collect();
    ids.sort();
    html(request, StatusCode::MULTIPLE_CHOICES, &ChoiceView::new(layout, code, ids))
}

fn trouble(request: &HttpRequest, layout: Layout, problem: &Problem) -> HttpResponse {
    use actix_web::ResponseError as _;
    let layout = Layout { path: request.path().to_owned(), ..layout };
    html(request, problem.status_code(), &TroubleView::new(layout, Page::TroubleSay))
}

fn see(id: &str) -> HttpResponse {
    see_other(&format!("/b/{id}"))
}

pub(super) fn see_other(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, address))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

pub(super) fn html(request: &HttpRequest, status: StatusCode, view: &impl Template) -> HttpResponse {
    match view.render() {
        Ok(body) => answer(request, status, body),
        Err(error) => actix_web::ResponseError::error_response(&Problem::internal(error)),
    }
}

/// A page may be kept, but is asked for again each time: a hold must show at once.
fn answer(request: &HttpRequest, status: StatusCode, body: String) -> HttpResponse {
    answer_under(request, status, body, POLICY.as_str())
}

/// As [`answer`], under another content security policy.
pub(super) fn answer_under(
    request: &HttpRequest,
    status: StatusCode,
    body: String,
    policy: &'static str,
) -> HttpResponse {
    let etag = etag::of(body.as_bytes());
    let mut response = HttpResponse::build(status);
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, VARY))
        .insert_header((header::CONTENT_LANGUAGE, language::of(request).tag()))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy));
    if let Some(lang) = language::chosen(request) {
        response.insert_header((header::SET_COOKIE, language::cookie(lang)));
    }
    if status == StatusCode::OK {
        response.insert_header((header::ETAG, etag.clone()));
        if etag::is_known(request, &etag) {
            return response.status(StatusCode::NOT_MODIFIED).finish();
        }
    }
    response.body(body)
}

/// Programs ask for JSON by name; browsers name HTML, or nothing.
fn wants_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json") && !accept.contains("text/html"))
}

fn picture(media_type: &'static str, body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(body)
}
