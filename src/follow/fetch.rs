//! GET with patience: network trouble and "come back later" are waited out, a clear answer is taken as it is.

use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
const STEADY_TIMEOUT: Duration = Duration::from_secs(30);
const HASTY_TIMEOUT: Duration = Duration::from_secs(4);
/// Tries before giving up; with the waits between them, about a minute.
const TRIES_MAX: u32 = 7;
const WAIT_FIRST: Duration = Duration::from_millis(500);
/// However long a server asks us to stay away.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Reads the pieces of a log by their path below `/log/`.
pub trait Get {
    fn get(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, FetchError>;
}

/// One service, reached over HTTP.
pub struct Fetcher {
    agent: Agent,
    /// Scheme and host, without a slash at its end.
    base: String,
    tries_max: u32,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    #[error("{url}: {status}{detail}")]
    Answer { url: String, status: u16, detail: String },
    #[error("{0} is not an address: it begins with http:// or https://")]
    NotAnAddress(String),
    #[error("{url}: {problem}")]
    Unreachable { url: String, problem: String },
}

/// What a server said: its status, and what stood in its answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Fetcher {
    pub fn new(base: &str) -> Result<Fetcher, FetchError> {
        Fetcher::with(base, TRIES_MAX, ANSWER_TIMEOUT)
    }

    /// One that tries once and soon gives up, for whoever has somebody else waiting.
    pub fn hasty(base: &str) -> Result<Fetcher, FetchError> {
        Fetcher::with(base, 1, HASTY_TIMEOUT)
    }

    /// One that tries once with all patience, for whoever comes back by himself.
    pub fn steady(base: &str) -> Result<Fetcher, FetchError> {
        Fetcher::with(base, 1, STEADY_TIMEOUT)
    }

    fn with(base: &str, tries_max: u32, answer_timeout: Duration) -> Result<Fetcher, FetchError> {
        let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
            return Err(FetchError::NotAnAddress(base.to_owned()));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(answer_timeout))
            .timeout_recv_body(Some(answer_timeout))
            .user_agent(concat!("suyuan/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Fetcher { agent: config.into(), base: base.trim_end_matches('/').to_owned(), tries_max })
    }

    /// The bytes at a path of the service; anything but 200 is an error that says what the server said.
    pub fn get_path(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, FetchError> {
        let url = self.url(path);
        let answer = self.patiently(&url, bytes_max, || self.agent.get(&url).call())?;
        self.expect(&url, answer, &[200])
    }

    /// Posts a body; every status but those that ask for patience comes back as it is.
    pub fn post(
        &self,
        path: &str,
        media_type: &str,
        body: &[u8],
        bytes_max: u64,
    ) -> Result<Answer, FetchError> {
        let url = self.url(path);
        self.patiently(&url, bytes_max, || self.agent.post(&url).content_type(media_type).send(body))
    }

    pub fn put(&self, path: &str, media_type: &str, body: &[u8]) -> Result<(), FetchError> {
        let url = self.url(path);
        let put = || self.agent.put(&url).content_type(media_type).send(body);
        let answer = self.patiently(&url, PROBLEM_BYTES_MAX, put)?;
        self.expect(&url, answer, &[200, 201, 204]).map(|_| ())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn expect(&self, url: &str, answer: Answer, good: &[u16]) -> Result<Vec<u8>, FetchError> {
        if good.contains(&answer.status) {
            return Ok(answer.body);
        }
        Err(FetchError::Answer { url: url.to_owned(), status: answer.status, detail: detail(&answer.body) })
    }

    fn patiently(
        &self,
        url: &str,
        bytes_max: u64,
        mut send: impl FnMut() -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Answer, FetchError> {
        let mut wait = WAIT_FIRST;
        let mut tries = 1;
        loop {
            let asked_for = match send() {
                Ok(mut response) => {
                    let status = response.status();
                    let retry_after = retry_after(&response);
                    let read = response.body_mut().with_config().limit(bytes_max).read_to_vec();
                    match read {
                        Ok(body) if !is_busy(status) || tries >= self.tries_max => {
                            return Ok(Answer { status: status.as_u16(), body });
                        }
                        Ok(_) => retry_after,
                        Err(error @ ureq::Error::BodyExceedsLimit(_)) => {
                            return Err(unreachable(url, &error));
                        }
                        Err(error) if tries >= self.tries_max => return Err(unreachable(url, &error)),
                        Err(_) => None,
                    }
                }
                Err(error) if tries >= self.tries_max || !is_passing(&error) => {
                    return Err(unreachable(url, &error));
                }
                Err(_) => None,
            };
            std::thread::sleep(asked_for.unwrap_or(wait).min(WAIT_MAX));
            wait = (wait * 2).min(WAIT_MAX);
            tries += 1;
        }
    }
}

/// Below `/log/` of a service.
impl Get for Fetcher {
    fn get(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, FetchError> {
        self.get_path(&format!("/log/{path}"), bytes_max)
    }
}

/// Room for problem details.
const PROBLEM_BYTES_MAX: u64 = 64 * 1024;

fn is_busy(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// Whether trying again may help.
fn is_passing(error: &ureq::Error) -> bool {
    use ureq::Error as E;
    matches!(error, E::Io(_) | E::Timeout(_) | E::ConnectionFailed | E::HostNotFound)
}

fn retry_after(response: &ureq::http::Response<ureq::Body>) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn unreachable(url: &str, error: &ureq::Error) -> FetchError {
    FetchError::Unreachable { url: url.to_owned(), problem: error.to_string() }
}

/// The sentence of a problem, if the answer is one (RFC 9457).
fn detail(body: &[u8]) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let said = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    said.map_or_else(String::new, |said| format!(": {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        for good in ["http://localhost:8080", "https://trace.example.org/"] {
            assert!(Fetcher::new(good).is_ok(), "{good}");
        }
        for bad in ["", "trace.example.org", "ftp://x", "http://", "https:///x", "file:///etc/passwd"] {
            assert!(matches!(Fetcher::new(bad), Err(FetchError::NotAnAddress(_))), "{bad}");
        }
    }
}
