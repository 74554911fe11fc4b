//! Brings alarms to addresses that somebody gave: each in its order, again until it is taken, also over a restart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Agent;

use super::notebook::{Notebook, NotebookError};

/// Longer than this and nobody is there.
const TIMEOUT: Duration = Duration::from_secs(10);
const WAIT_FIRST: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(300);

/// Every address, for the alarms of every log.
pub struct Webhooks {
    agent: Agent,
    urls: Vec<String>,
    notebooks: Vec<Arc<Notebook>>,
    /// By address: failures in a row, and when to try again.
    resting: BTreeMap<String, (u32, Instant)>,
}

#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("{0} is not an address: it begins with http:// or https://")]
    NotAnAddress(String),
    #[error(transparent)]
    Notebook(#[from] NotebookError),
}

impl Webhooks {
    /// An address that is new is sent what is told from now on.
    pub fn new(urls: Vec<String>, notebooks: Vec<Arc<Notebook>>) -> Result<Webhooks, WebhookError> {
        for url in &urls {
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
                return Err(WebhookError::NotAnAddress(url.clone()));
            }
            for notebook in &notebooks {
                notebook.cursor(url)?;
            }
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            // Alarms go to the address that was given and to no other.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("suyuan/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Webhooks { agent: config.into(), urls, notebooks, resting: BTreeMap::new() })
    }

    /// Sends what is due, and says how many alarms still wait. One that failed is tried again after a while; `now` tries it
    /// at once.
    pub fn deliver(&mut self, now: bool) -> Result<u64, WebhookError> {
        let mut waiting = 0;
        for url in self.urls.clone() {
            let rests = self.resting.get(&url).is_some_and(|(_, until)| *until > Instant::now());
            let mut takes = now || !rests;
            for notebook in self.notebooks.clone() {
                let mut next = notebook.cursor(&url)?;
                while takes && next < notebook.count() {
                    takes = self.send(&url, &notebook.at(next)?.to_string());
                    if takes {
                        next += 1;
                        notebook.set_cursor(&url, next)?;
                    }
                }
                waiting += notebook.count().saturating_sub(next);
            }
        }
        Ok(waiting)
    }

    fn send(&mut self, url: &str, body: &str) -> bool {
        let sent = self.agent.post(url).content_type("application/json").send(body);
        let problem = match sent {
            Ok(answer) if answer.status().is_success() => {
                self.resting.remove(url);
                return true;
            }
            Ok(answer) => format!("it answers {}", answer.status()),
            Err(error) => error.to_string(),
        };
        let failures = self.resting.get(url).map_or(0, |(failures, _)| *failures);
        let wait = WAIT_FIRST.saturating_mul(1 << failures.min(16)).min(WAIT_MAX);
        if failures == 0 {
            // The rest of an address may be a secret.
            let host = url.split('/').nth(2).unwrap_or_default();
            tracing::warn!(host, %problem, "a webhook does not take an alarm; it is tried again");
        }
        self.resting.insert(url.to_owned(), (failures.saturating_add(1), Instant::now() + wait));
        false
    }
}
