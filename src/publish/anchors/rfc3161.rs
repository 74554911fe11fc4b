//! Asks a time-stamping authority (RFC 3161) for its word, and keeps it once it has been judged.

use std::time::Duration;

use super::exchange::{Answer, Exchange, patience, tame};
use super::{Job, State, Step, Submit};
use crate::anchor::rfc3161::{self, RESPONSE_BYTES_MAX, ReadError};
use crate::anchor::{self, AnchorKind, Told, Verdict, Why};

/// How far its clock and ours may be apart, in seconds.
const SKEW_MAX: u64 = 300;
/// An authority that has not answered for three days will not.
const GIVE_UP: u64 = 3 * 86_400;
const WORK_VERSION: u8 = 1;

/// One authority.
#[derive(Debug, Clone)]
pub struct AuthoritySettings {
    /// Where requests are posted to.
    pub url: String,
    /// Root certificates, DER: a stamp that leads to none of them is not kept.
    pub roots: Vec<Vec<u8>>,
    /// The policy that is asked for and that the stamp must then name, a dotted object identifier.
    pub policy: Option<String>,
    /// For a whole exchange.
    pub timeout: Duration,
}

pub struct Authority {
    settings: AuthoritySettings,
    exchange: Exchange,
}

impl AuthoritySettings {
    pub fn new(url: String, roots: Vec<Vec<u8>>) -> AuthoritySettings {
        AuthoritySettings { url, roots, policy: None, timeout: Duration::from_secs(20) }
    }
}

impl Authority {
    pub fn new(settings: AuthoritySettings) -> Authority {
        let exchange = Exchange::new(settings.timeout);
        Authority { settings, exchange }
    }

    fn ask(&self, job: &Job, nonce: &[u8; 8], now: u64) -> Step {
        let Some(request) = rfc3161::request(&job.digest(), nonce, self.settings.policy.as_deref()) else {
            return fail(job, "the policy in the settings is no object identifier");
        };
        let headers =
            [("content-type", "application/timestamp-query"), ("accept", "application/timestamp-reply")];
        match self.exchange.post(&self.settings.url, &headers, &request, RESPONSE_BYTES_MAX as u64) {
            Answer::Body(body) => self.take(job, body, nonce, now),
            Answer::Status(status) => later(job, now, format!("the authority answered with status {status}")),
            Answer::Nothing(problem) => later(job, now, format!("the authority did not answer: {problem}")),
        }
    }

    /// Keeps an answer that is for this request, of this time, and by an authority under one of the roots.
    fn take(&self, job: &Job, body: Vec<u8>, nonce: &[u8; 8], now: u64) -> Step {
        let stamp = match rfc3161::read(&body) {
            Ok(stamp) => stamp,
            Err(problem @ ReadError::Rejected(_)) => return fail(job, problem.to_string()),
            Err(problem @ ReadError::Malformed(_)) => return later(job, now, problem.to_string()),
        };
        if stamp.nonce.as_deref() != Some(&nonce[..]) {
            return later(job, now, "the answer is to another request: its nonce differs");
        }
        if self.settings.policy.as_ref().is_some_and(|policy| *policy != stamp.policy) {
            return fail(
                job,
                format!("the authority stamps by policy {}, not by the one asked for", stamp.policy),
            );
        }
        // The nonce is not older than the job, so no honest stamp with it is.
        let possible = job.made_at.saturating_sub(SKEW_MAX)..=now.saturating_add(SKEW_MAX);
        if !possible.contains(&stamp.time) {
            let problem = "the authority's clock and this machine's are more than five minutes apart: set ours right, or ask another authority";
            return later(job, now, problem);
        }
        let told = Told { tsa_roots: self.settings.roots.clone(), ..Told::default() };
        match anchor::judge(AnchorKind::Rfc3161.as_str(), 1, &body, &job.body, &told).verdict {
            Verdict::Ok => Step {
                state: State::Final,
                work: job.work.clone(),
                evidence: Some(body),
                next_at: now,
                said: format!("stamped, number {}", stamp.serial),
            },
            Verdict::NotChecked(Why::NoTrustedRoot) => {
                fail(job, "the authority's certificate leads to none of the roots in the settings")
            }
            Verdict::NotChecked(why) => fail(job, why.to_string()),
            Verdict::Failed(problem) => later(job, now, format!("the stamp is not good: {problem}")),
        }
    }
}

impl Submit for Authority {
    fn kind(&self) -> AnchorKind {
        AnchorKind::Rfc3161
    }

    fn one_at_a_time(&self) -> bool {
        false
    }

    fn step(&mut self, job: &Job, now: u64) -> Step {
        match job.work.as_slice() {
            [] => begin(job, now),
            [WORK_VERSION, nonce @ ..] => match nonce.try_into() {
                Ok(nonce) => self.ask(job, nonce, now),
                Err(_) => fail(job, "its notes are damaged"),
            },
            _ => fail(job, "its notes are of a newer version of this program"),
        }
    }
}

/// A nonce is noted before it is sent, so that after a crash the same request goes out again.
fn begin(job: &Job, now: u64) -> Step {
    let mut nonce = [0; 8];
    if let Err(error) = getrandom::fill(&mut nonce) {
        return later(job, now, format!("the system gives no random numbers: {error}"));
    }
    // Positive and always of eight bytes, whatever an authority makes of signs and zeros.
    nonce[0] = nonce[0] & 0x3f | 0x40;
    Step { work: [&[WORK_VERSION][..], &nonce].concat(), ..Step::wait(job, now, "") }
}

fn later(job: &Job, now: u64, said: impl Into<String>) -> Step {
    let said = tame(&said.into());
    if now.saturating_sub(job.made_at) > GIVE_UP {
        return fail(job, format!("given up after three days: {said}"));
    }
    Step::wait(job, now.saturating_add(patience(job.waits.saturating_sub(1))), said)
}

fn fail(job: &Job, why: impl Into<String>) -> Step {
    let why = tame(&why.into());
    Step { state: State::Failed(why), ..Step::wait(job, 0, "") }
}
