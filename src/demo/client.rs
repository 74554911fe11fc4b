//! The teller's way to a running service: the same two requests that every phone makes.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::StatusCode;

use super::teller::Ledger;
use crate::merkle::Hash;
use crate::statement::envelope::Envelope;

pub(super) struct Client {
    agent: Agent,
    /// Scheme and host, without a slash at the end.
    base: String,
}

impl Client {
    pub(super) fn new(base: &str) -> Client {
        // An answer with a problem in it is an answer: its text says what is wrong.
        let config = Agent::config_builder().http_status_as_error(false).proxy(None).build();
        Client { agent: config.into(), base: base.trim_end_matches('/').to_owned() }
    }

    /// What stands at a path, whole.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let url = format!("{}{path}", self.base);
        let mut response = self.agent.get(&url).call().with_context(|| url.clone())?;
        let body = response.body_mut().read_to_vec()?;
        match response.status() {
            StatusCode::OK => Ok(body),
            status => bail!("{url} answers {status}: {}", String::from_utf8_lossy(&body)),
        }
    }
}

impl Ledger for Client {
    fn submit(&mut self, envelope: &Envelope, openings: &[Value]) -> anyhow::Result<Hash> {
        let body = json!({ "envelope": envelope.to_json(), "openings": openings });
        let url = format!("{}/api/v1/statements", self.base);
        let mut response = self.agent.post(&url).send_json(&body).with_context(|| url.clone())?;
        let status = response.status();
        let answer = response.body_mut().read_to_string()?;
        if !status.is_success() {
            bail!("{url} answers {status}: {answer}");
        }
        let receipt: Value = serde_json::from_str(&answer).context("the receipt")?;
        let leaf = receipt["leaf"].as_str().and_then(|leaf| leaf.parse().ok());
        leaf.with_context(|| format!("the receipt names no leaf: {answer}"))
    }

    fn upload(&mut self, commitment: &Hash, media_type: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let url = format!("{}/api/v1/blobs/{commitment}", self.base);
        let mut response =
            self.agent.put(&url).content_type(media_type).send(bytes).with_context(|| url.clone())?;
        match response.status() {
            StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::OK => Ok(()),
            status => bail!("{url} answers {status}: {}", response.body_mut().read_to_string()?),
        }
    }
}
