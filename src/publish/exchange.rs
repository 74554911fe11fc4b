//! One request to one witness and what it may answer, by C2SP tlog-witness and by what witnesses are known to do.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;

use crate::merkle::decimal;
use crate::note::signed_note::NOTE_BYTES_MAX;

/// A witness checks one proof and writes one line down; longer than this and it is down.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Signature lines, as they came.
    Lines(String),
    /// It has cosigned this size last. None: it does not say which.
    Conflict(Option<u64>),
    /// Come back later, after so long if it says so.
    Busy(Option<Duration>),
    /// Any other answer, with its status.
    Refused(u16),
    /// No answer.
    Nothing(String),
}

/// Talks to one witness.
pub(super) struct Exchange {
    agent: Agent,
    url: String,
}

impl Exchange {
    /// `prefix` is the witness's submission prefix, as the policy has it.
    pub(super) fn new(prefix: &str) -> Exchange {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            // A witness that moved is the operator's to look at, not to follow.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("suyuan/", env!("CARGO_PKG_VERSION")))
            .build();
        let url = format!("{}/add-checkpoint", prefix.trim_end_matches('/'));
        Exchange { agent: config.into(), url }
    }

    pub(super) fn post(&self, body: &str) -> Answer {
        let sent = self.agent.post(&self.url).content_type("text/plain; charset=utf-8").send(body);
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => return Answer::Nothing(error.to_string()),
        };
        let (status, retry_after) = (response.status().as_u16(), retry_after(&response));
        let read = response.body_mut().with_config().limit(NOTE_BYTES_MAX as u64).read_to_vec();
        match (status, read) {
            (200, Err(error)) => Answer::Nothing(error.to_string()),
            (200, Ok(body)) => match String::from_utf8(body) {
                Ok(lines) => Answer::Lines(lines),
                Err(_) => Answer::Nothing("the answer is not UTF-8".to_owned()),
            },
            (409, read) => Answer::Conflict(read.ok().and_then(|body| size(&body))),
            (429 | 503, _) => Answer::Busy(retry_after),
            (status, _) => Answer::Refused(status),
        }
    }
}

/// The body of a conflict: a size and a newline. Some witnesses send none.
fn size(body: &[u8]) -> Option<u64> {
    decimal::parse(std::str::from_utf8(body).ok()?.strip_suffix('\n')?)
}

/// In seconds; its other form, a date, is no better than our own patience.
fn retry_after(response: &Response<ureq::Body>) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_tells_a_size_in_its_one_spelling_or_none() {
        assert_eq!(size(b"0\n"), Some(0));
        assert_eq!(size(b"20852014\n"), Some(20_852_014));
        for bad in
            [&b""[..], b"\n", b"7", b"07\n", b"7\n\n", b" 7\n", b"-1\n", b"checkpoint is stale\n", b"\xff\n"]
        {
            assert_eq!(size(bad), None, "{bad:?}");
        }
    }
}
