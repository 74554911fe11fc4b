//! From a request to a page of the explorer.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::checkpoint_views::{CheckpointView, CheckpointsView, ConsistencyView};
use super::desk::Desk;
use super::entry_view::EntryView;
use super::find::{self, find};
use super::frame::{Frame, MessageView, Told, answer};
use super::list_views::{FoundView, HomeView, ListView};
use super::query::{self, Unfit};
use super::subject_view::{AbsentView, SubjectView};
use crate::http::AppState;
use crate::http::pages::typed::TYPED_CHARS_MAX;
use crate::http::problem::Problem;
use crate::http::view::View;
use crate::statement::subject::Subject;
use crate::statement::time::Date;
use crate::text::Explore;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Query {
    /// What was typed.
    q: Option<String>,
    /// A list's first place in the log; the size of an older checkpoint.
    from: Option<String>,
    to: Option<String>,
    /// Where a list that goes backwards begins.
    before: Option<String>,
}

type Path<T> = web::Path<T>;
type State = web::Data<AppState>;

/// Draws a page on a blocking thread, from one snapshot.
async fn tell(
    state: State,
    request: HttpRequest,
    query: &[(&str, &Option<String>)],
    draw: impl FnOnce(&Desk<'_>, Frame) -> Result<Told, Problem> + Send + 'static,
) -> HttpResponse {
    let given: Vec<(&str, &str)> =
        query.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let frame = Frame::new(&state, &request, &given);
    let spare = frame.clone();
    let drawn = web::block(move || {
        let view = View::of(&state)?;
        let desk = Desk { state: &state, view: &view, lang: frame.layout.lang };
        draw(&desk, frame)
    });
    let told = drawn.await.map_err(Problem::from).and_then(|told| told);
    answer(&request, spare, told)
}

/// `GET /explore?q=`: the box, or what was typed into it.
pub(super) async fn home(state: State, request: HttpRequest, query: web::Query<Query>) -> HttpResponse {
    let typed = query.q.as_deref().map(str::trim).filter(|typed| !typed.is_empty());
    let typed: Option<String> = typed.map(|typed| typed.chars().take(TYPED_CHARS_MAX).collect());
    let kept = typed.clone();
    tell(state, request, &[("q", &kept)], move |desk, mut frame| match typed {
        None => Told::page(StatusCode::OK, &HomeView::new(desk, frame)?),
        Some(typed) => {
            frame.typed = typed.clone();
            search(desk, frame, &typed)
        }
    })
    .await
}

fn search(desk: &Desk<'_>, frame: Frame, typed: &str) -> Result<Told, Problem> {
    let meant = match query::read(typed) {
        Ok(meant) => meant,
        Err(unfit) => {
            let says = why_unfit(desk, unfit);
            let title = desk.fill(Explore::NotRead, &[("typed", typed)]);
            return MessageView::told(frame, StatusCode::BAD_REQUEST, title, says);
        }
    };
    let found = find(desk, &meant)?;
    match found.hits.as_slice() {
        [] => {
            let title = desk.w(Explore::NotFound).to_owned();
            MessageView::told(frame, StatusCode::NOT_FOUND, title, found.misses)
        }
        [hit] => Ok(Told::See(hit.href.clone())),
        _ => Told::page(StatusCode::OK, &FoundView::new(desk, frame, typed, found)),
    }
}

fn why_unfit(desk: &Desk<'_>, unfit: Unfit) -> Vec<String> {
    let why = match unfit {
        Unfit::Date => Some(desk.w(Explore::BadDate).to_owned()),
        Unfit::HashLength(n) => Some(desk.fill(Explore::HashLength, &[("n", &n.to_string())])),
        Unfit::Pattern => None,
        Unfit::Subject => Some(desk.w(Explore::BadSubject).to_owned()),
    };
    why.into_iter().chain([desk.w(Explore::NotReadSay).to_owned()]).collect()
}

/// `GET /explore/entry/{seq}`.
pub(super) async fn entry(state: State, request: HttpRequest, seq: Path<String>) -> HttpResponse {
    tell(state, request, &[], move |desk, frame| match seq.parse() {
        Ok(seq) if seq < desk.size() => Told::page(StatusCode::OK, &EntryView::new(desk, frame, seq)?),
        _ => nothing(desk, frame, find::no_sequence(desk)),
    })
    .await
}

/// `GET /explore/subject/{subject}`.
pub(super) async fn subject(
    state: State,
    request: HttpRequest,
    subject: Path<String>,
    query: web::Query<Query>,
) -> HttpResponse {
    let before = query.before.clone();
    tell(state, request, &[("before", &query.before)], move |desk, frame| {
        let Ok(subject) = Subject::parse(&subject) else {
            let title = desk.w(Explore::NotFound).to_owned();
            let says = vec![desk.w(Explore::BadSubject).to_owned()];
            return MessageView::told(frame, StatusCode::NOT_FOUND, title, says);
        };
        match desk.view.subject(&subject)? {
            Some(fact) => {
                let before = before.and_then(|n| n.parse().ok());
                Told::page(StatusCode::OK, &SubjectView::new(desk, frame, &subject, &fact, before)?)
            }
            None => Told::page(StatusCode::NOT_FOUND, &AbsentView::new(desk, frame, &subject)?),
        }
    })
    .await
}

/// `GET /explore/checkpoints`.
pub(super) async fn checkpoints(
    state: State,
    request: HttpRequest,
    query: web::Query<Query>,
) -> HttpResponse {
    let before = query.before.clone();
    tell(state, request, &[("before", &query.before)], move |desk, frame| {
        let before = before.and_then(|size| size.parse().ok());
        Told::page(StatusCode::OK, &CheckpointsView::new(desk, frame, before)?)
    })
    .await
}

/// `GET /explore/checkpoint/{size}`.
pub(super) async fn checkpoint(state: State, request: HttpRequest, size: Path<String>) -> HttpResponse {
    tell(state, request, &[], move |desk, frame| {
        let none = |frame| nothing(desk, frame, desk.fill(Explore::NoCheckpoint, &[("size", size.as_str())]));
        let Ok(parsed) = size.parse() else { return none(frame) };
        let spare = frame.clone();
        match CheckpointView::new(desk, frame, parsed)? {
            Some(view) => Told::page(StatusCode::OK, &view),
            None => none(spare),
        }
    })
    .await
}

/// `GET /explore/consistency?from=&to=`.
pub(super) async fn consistency(
    state: State,
    request: HttpRequest,
    query: web::Query<Query>,
) -> HttpResponse {
    let (from, to) = (query.from.clone(), query.to.clone());
    tell(state, request, &[("from", &query.from), ("to", &query.to)], move |desk, frame| {
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.trim().parse::<u64>().ok());
        let asked = match (number(&from), number(&to)) {
            (Some(from), Some(to)) => Some((from, to)),
            _ if from.is_none() && to.is_none() => None,
            _ => {
                let title = desk.w(Explore::Consistency).to_owned();
                let says = vec![desk.w(Explore::BadSizes).to_owned()];
                return MessageView::told(frame, StatusCode::BAD_REQUEST, title, says);
            }
        };
        match ConsistencyView::new(desk, frame, asked)? {
            Ok(view) => Told::page(StatusCode::OK, &view),
            Err((frame, size)) => {
                nothing(desk, frame, desk.fill(Explore::NoCheckpoint, &[("size", &size.to_string())]))
            }
        }
    })
    .await
}

/// `GET /explore/day/{date}`.
pub(super) async fn day(
    state: State,
    request: HttpRequest,
    date: Path<String>,
    query: web::Query<Query>,
) -> HttpResponse {
    let from = query.from.clone();
    tell(state, request, &[("from", &query.from)], move |desk, frame| match date.parse::<Date>() {
        Ok(day) => {
            let from = from.and_then(|seq| seq.parse().ok());
            Told::page(StatusCode::OK, &ListView::day(desk, frame, day, from)?)
        }
        Err(_) => nothing(desk, frame, desk.w(Explore::BadDate).to_owned()),
    })
    .await
}

/// `GET /explore/entries?from=`.
pub(super) async fn entries(state: State, request: HttpRequest, query: web::Query<Query>) -> HttpResponse {
    let from = query.from.clone();
    tell(state, request, &[("from", &query.from)], move |desk, frame| {
        let from = from.and_then(|seq| seq.parse().ok()).unwrap_or(0);
        Told::page(StatusCode::OK, &ListView::entries(desk, frame, from)?)
    })
    .await
}

fn nothing(desk: &Desk<'_>, frame: Frame, say: String) -> Result<Told, Problem> {
    MessageView::told(frame, StatusCode::NOT_FOUND, desk.w(Explore::NotFound).to_owned(), vec![say])
}
