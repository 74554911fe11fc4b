//! Everything that goes wrong, as RFC 9457 problem details: one shape, stable names, and whether to try again.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::ledger::{Code, FactsError, Refusal};
use crate::text::{self, Lang, Words, t};
use crate::verify::collect::CollectError;

pub const CONTENT_TYPE: &str = "application/problem+json";

/// What a client reads when its request was not done.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// `/problems/<code>`, relative to the service. The code never changes its meaning.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    pub title_zh: &'static str,
    pub status: u16,
    /// What exactly was wrong with this request.
    pub detail: String,
    /// `permanent`: never send this again. `retry`: keep it and send it later.
    pub class: &'static str,
    /// More members that some problems have, such as both hashes of a conflict.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: Map<String, Value>,
}

/// A request that was not done.
#[derive(Debug, Clone)]
pub struct Problem {
    word: text::Problem,
    detail: String,
    retry_after_secs: Option<u64>,
    more: Map<String, Value>,
}

impl Problem {
    pub fn new(word: text::Problem, detail: impl Into<String>) -> Problem {
        Problem { word, detail: detail.into(), retry_after_secs: None, more: Map::new() }
    }

    pub fn not_found(what: impl Into<String>) -> Problem {
        Problem::new(text::Problem::NotFound, what)
    }

    pub fn bad_request(why: impl Into<String>) -> Problem {
        Problem::new(text::Problem::BadRequest, why)
    }

    /// The cause goes to the log, where the operator finds it, and not to the client.
    pub fn internal(cause: impl fmt::Display) -> Problem {
        tracing::error!(%cause, "a request failed inside: {cause}");
        Problem::new(text::Problem::Internal, "the operator finds the cause in the log, by the request's id")
    }

    pub fn retry_after(mut self, secs: u64) -> Problem {
        self.retry_after_secs = Some(secs);
        self
    }

    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Problem {
        self.more.insert(member.to_owned(), value.into());
        self
    }

    pub fn word(&self) -> text::Problem {
        self.word
    }

    /// Whether the same request may succeed later.
    pub fn is_retry(&self) -> bool {
        is_retry(self.word)
    }

    /// The stable name.
    pub fn code(&self) -> String {
        code(self.word)
    }

    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: format!("/problems/{}", self.code()),
            title: t(Lang::En, self.word),
            title_zh: t(Lang::Zh, self.word),
            status: status(self.word).as_u16(),
            detail: self.detail.clone(),
            class: if is_retry(self.word) { "retry" } else { "permanent" },
            more: self.more.clone(),
        }
    }

    pub fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(status(self.word));
        response.insert_header((header::CONTENT_TYPE, CONTENT_TYPE));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(secs) = self.retry_after_secs {
            response.insert_header((header::RETRY_AFTER, HeaderValue::from(secs)));
        }
        // A struct of texts and JSON: serde_json has no way to fail.
        response.body(serde_json::to_vec(&self.body()).expect("a problem serialises"))
    }
}

/// The stable name of a problem: its word's key with dashes.
pub fn code(word: text::Problem) -> String {
    let key = word.entry().key;
    key.rsplit_once('.').map_or(key, |(_, name)| name).replace('_', "-")
}

pub fn status(word: text::Problem) -> StatusCode {
    use text::Problem as P;
    match word {
        P::BadOpening | P::BadRequest | P::Form => StatusCode::BAD_REQUEST,
        P::Right | P::Signature => StatusCode::FORBIDDEN,
        P::Erased | P::NotFound | P::NotProven | P::UnknownAttachment => StatusCode::NOT_FOUND,
        P::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        P::Timeout => StatusCode::REQUEST_TIMEOUT,
        P::Blocked | P::Conflict | P::DeviceFork | P::DeviceGap | P::Link | P::StaleCorrection => {
            StatusCode::CONFLICT
        }
        P::Size | P::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        P::Mirror => StatusCode::MISDIRECTED_REQUEST,
        P::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        P::OtherContent | P::Unknown | P::WrongLedger => StatusCode::UNPROCESSABLE_ENTITY,
        P::TooMany => StatusCode::TOO_MANY_REQUESTS,
        P::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        P::Busy | P::ReadOnly | P::Uncertain => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Whether the same request may be done later, so that a client keeps it.
pub fn is_retry(word: text::Problem) -> bool {
    use text::Problem as P;
    matches!(
        word,
        P::Busy
            | P::DeviceGap
            | P::Internal
            | P::Mirror
            | P::ReadOnly
            | P::Timeout
            | P::TooMany
            | P::Uncertain
            | P::Unknown
            | P::UnknownAttachment
    )
}

/// What stands for a bare status that some layer below answered with.
pub fn of_status(status: StatusCode) -> Problem {
    use text::Problem as P;
    match status {
        StatusCode::NOT_FOUND => Problem::new(P::NotFound, "there is no such address"),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(P::MethodNotAllowed, "the header Allow lists what it does")
        }
        StatusCode::REQUEST_TIMEOUT => Problem::new(P::Timeout, "send it again, faster"),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(P::TooLarge, "the body is longer than is read here"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(P::UnsupportedMediaType, "send application/json"),
        StatusCode::SERVICE_UNAVAILABLE => Problem::new(P::Busy, "try again").retry_after(1),
        status if status.is_client_error() => Problem::bad_request(status.to_string()),
        status => Problem::internal(status),
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Problem {
        use text::Problem as P;
        let word = match refusal.code {
            Code::Conflict => P::Conflict,
            Code::DeviceFork => P::DeviceFork,
            Code::DeviceGap => P::DeviceGap,
            Code::Form => P::Form,
            Code::Link => P::Link,
            Code::Right => P::Right,
            Code::Signature => P::Signature,
            Code::Size => P::Size,
            Code::StaleCorrection => P::StaleCorrection,
            Code::Unknown => P::Unknown,
            Code::WrongLedger => P::WrongLedger,
        };
        Problem::new(word, refusal.message.clone())
    }
}

/// Why a trace or bundle cannot be made.
pub fn not_collected(error: CollectError) -> Problem {
    match error {
        CollectError::Facts(error) => Problem::internal(error),
        CollectError::NotSealed(_) => Problem::new(text::Problem::NotProven, error.to_string()),
        CollectError::TooLarge => Problem::new(text::Problem::TooLarge, error.to_string()),
    }
}

impl From<FactsError> for Problem {
    fn from(error: FactsError) -> Problem {
        Problem::internal(error)
    }
}

/// A blocking thread that panicked, or none left at shutdown.
impl From<actix_web::error::BlockingError> for Problem {
    fn from(error: actix_web::error::BlockingError) -> Problem {
        Problem::internal(error)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        status(self.word)
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

/// Every problem with its status and whether to try again.
#[utoipa::path(get, path = "/problems", tag = "service", responses((status = 200, description = "Problems", body = Vec<Object>)))]
pub async fn list() -> HttpResponse {
    let all: Vec<Value> = text::Problem::ALL.iter().map(|word| described(*word)).collect();
    HttpResponse::Ok().content_type(ContentType::json()).json(all)
}

/// What a problem's `type` leads to.
#[utoipa::path(get, path = "/problems/{code}", tag = "service",
    params(("code" = String, Path, description = "Its stable name")),
    responses((status = 200, description = "The problem", body = Object), (status = 404, body = ProblemBody)))]
pub async fn one(path: actix_web::web::Path<String>) -> Result<HttpResponse, Problem> {
    let word = text::Problem::ALL.iter().find(|word| code(**word) == *path);
    let word = word.ok_or_else(|| Problem::not_found("there is no such problem"))?;
    Ok(HttpResponse::Ok().json(described(*word)))
}

fn described(word: text::Problem) -> Value {
    let mut described = serde_json::to_value(Problem::new(word, "").body()).unwrap_or_default();
    if let Some(members) = described.as_object_mut() {
        members.remove("detail");
    }
    described
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Class;

    #[test]
    fn the_ledgers_refusals_keep_their_names_and_classes() {
        for code in [
            Code::Conflict,
            Code::DeviceFork,
            Code::DeviceGap,
            Code::Form,
            Code::Link,
            Code::Right,
            Code::Signature,
            Code::Size,
            Code::StaleCorrection,
            Code::Unknown,
            Code::WrongLedger,
        ] {
            let problem = Problem::from(&Refusal::new(code, "why"));
            assert_eq!(problem.code(), code.as_str());
            assert_eq!(is_retry(problem.word()), code.class() == Class::Retry);
            assert!(status(problem.word()).is_client_error());
        }
    }

    #[test]
    fn a_problem_has_all_members_of_the_standard() {
        let problem = Problem::new(text::Problem::Conflict, "why").with("accepted", "ab");
        let body = serde_json::to_value(problem.body()).unwrap();
        assert_eq!(body["type"], "/problems/conflict");
        assert_eq!((&body["status"], &body["detail"]), (&409.into(), &"why".into()));
        assert_eq!((&body["class"], &body["accepted"]), (&"permanent".into(), &"ab".into()));
    }
}
