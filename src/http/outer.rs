//! What every request goes through, outermost first: an id, a count and a log line; the limits of its address; the
//! headers that keep browsers from doing what nobody asked for; and a problem document where some layer answered with
//! a bare status or a handler panicked.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use futures_util::FutureExt;
use uuid::Uuid;

use super::metrics::Metrics;
use super::problem::{Problem, of_status};
use super::rate::{self, Limit};
use crate::config::RateLimit;
use crate::text;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_CHARS_MAX: usize = 64;

/// For whatever sets no policy of its own: nothing may be loaded, nobody may frame it.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What guards a service: its limits and its counts.
pub(super) struct Guards {
    pub(super) metrics: Metrics,
    pub(super) trusted_proxies: Vec<IpAddr>,
    reads: Limit,
    writes: Limit,
}

impl Guards {
    pub(super) fn new(reads: RateLimit, writes: RateLimit, trusted_proxies: Vec<IpAddr>) -> Guards {
        let (reads, writes) = (Limit::new(reads), Limit::new(writes));
        Guards { metrics: Metrics::default(), trusted_proxies, reads, writes }
    }
}

/// Numbers, counts, logs and guards a request.
pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let started = Instant::now();
    let id = request_id(request.headers());
    let guards = request.app_data::<web::Data<Guards>>().cloned();
    let (method, path) = (request.method().clone(), request.path().to_owned());

    let answered = match limited(guards.as_ref().map(|guards| guards.get_ref()), &request) {
        Some(problem) => request.into_response(problem.response()).map_into_right_body(),
        // Handlers' errors are responses by now; what is left are defects. The request is gone with them.
        None => match AssertUnwindSafe(next.call(request)).catch_unwind().await {
            Ok(answered) => answered?.map_into_left_body(),
            Err(_) => return Err(Problem::internal(format!("a handler of {path} panicked")).into()),
        },
    };
    let mut response = with_problem(answered);
    let pattern = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    guard(&method, &path, response.headers_mut());
    // An id is made of characters that a header may hold.
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    if let Some(guards) = &guards {
        guards.metrics.request(method.as_str(), &pattern, status, started.elapsed());
    }
    let duration_ms = started.elapsed().as_millis() as u64;
    tracing::info!(request.id = %id, %method, %path, status, duration_ms, "{method} {path} {status}");
    Ok(response)
}

/// The client's own id, if it is a plain one: it finds its request in our log.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |id: &&str| {
        (1..=REQUEST_ID_CHARS_MAX).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let theirs = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(plain);
    theirs.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

fn limited(guards: Option<&Guards>, request: &ServiceRequest) -> Option<Problem> {
    let guards = guards?;
    // Whoever watches the service must not be turned away by those it watches.
    if matches!(request.path(), "/healthz" | "/readyz" | "/metrics") {
        return None;
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let limit = if is_read { &guards.reads } else { &guards.writes };
    let address = rate::address_of(request, &guards.trusted_proxies)?;
    let wait_secs = limit.check(address).err()?;
    let problem = Problem::new(text::Problem::TooMany, format!("try again in {wait_secs} s"));
    Some(problem.retry_after(wait_secs))
}

/// Errors of extractors and of the framework itself.
fn of_error(error: &Error) -> Problem {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.clone();
    }
    let status = error.as_response_error().status_code();
    match status {
        StatusCode::BAD_REQUEST => Problem::bad_request(error.to_string()),
        // A path parameter that is no number, say.
        StatusCode::NOT_FOUND => Problem::not_found("there is no such address"),
        status => of_status(status),
    }
}

/// Puts a problem where an error has no body of its own, or only the framework's bare text.
fn with_problem<A: MessageBody + 'static>(
    response: ServiceResponse<EitherBody<A>>,
) -> ServiceResponse<EitherBody<A>> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let is_empty = matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_bare = content_type.is_none_or(|value| value.starts_with("text/plain"));
    if !is_empty && !is_bare {
        return response;
    }
    let problem = match response.response().error() {
        Some(error) => of_error(error),
        None => of_status(status),
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let (request, _) = response.into_parts();
    let mut answer = problem.response();
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    ServiceResponse::new(request, answer).map_into_right_body()
}

fn guard(method: &Method, path: &str, headers: &mut HeaderMap) {
    let mut say = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(header::REFERRER_POLICY, "no-referrer");
    say(header::CONTENT_SECURITY_POLICY, POLICY);
    say(header::CACHE_CONTROL, "no-store");
    // What proves things is there for everybody's pages: another operator's, a witness's. There are no cookies.
    let open = ["/api/", "/log/", "/schemas", "/trust.json"];
    if *method == Method::GET && open.iter().any(|prefix| path.starts_with(prefix)) {
        say(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    }
}

/// For addresses that nobody serves.
pub(super) async fn nothing_here() -> HttpResponse {
    of_status(StatusCode::NOT_FOUND).response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_id_is_kept_only_if_it_is_plain() {
        let told = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(id).unwrap());
            request_id(&headers)
        };
        assert_eq!(told("phone-7_a.1"), "phone-7_a.1");
        assert_eq!(told(&"a".repeat(64)), "a".repeat(64));
        for bad in ["", "a b", "<script>", "日", &"a".repeat(65)] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(bad.as_bytes()).unwrap());
            assert_ne!(request_id(&headers), bad);
        }
    }

    #[test]
    fn a_handlers_own_headers_stay() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
        guard(&Method::GET, "/b/x", &mut headers);
        assert_eq!(headers.get(header::CONTENT_SECURITY_POLICY).unwrap(), "sandbox");
        assert_eq!(headers.get(header::X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
        guard(&Method::GET, "/log/latest", &mut headers);
        assert!(headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    }
}
