//! One exchange with one JSON-RPC node, and what it may answer.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use super::SettingsError;

/// A full block of transactions or its receipts, in JSON, is a few MiB.
const ANSWER_BYTES_MAX: u64 = 16 << 20;
/// Of a node's own words, in what people read.
const WORDS_MAX: usize = 160;

/// Talks to one node.
pub struct Rpc {
    agent: Agent,
    url: String,
    /// Scheme and host: what may be shown, as paths hold the keys of paid nodes.
    name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    #[error("{0} does not answer: {1}")]
    Silent(String, String),
    #[error("{0} answers nonsense: {1}")]
    Nonsense(String, &'static str),
    #[error("{node} refuses {method}: {message} ({code})")]
    Refused { node: String, method: &'static str, code: i64, message: String },
}

impl Rpc {
    pub fn new(url: &str, timeout: Duration) -> Result<Rpc, SettingsError> {
        let bad = || SettingsError::Url(url.to_owned());
        let uri: ureq::http::Uri = url.parse().map_err(|_| bad())?;
        let (scheme, host) = uri.scheme_str().zip(uri.host()).ok_or_else(bad)?;
        if !matches!(scheme, "http" | "https") {
            return Err(bad());
        }
        let port = uri.port().map_or(String::new(), |port| format!(":{port}"));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            // A node that moved is the operator's to look at, not to follow.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("suyuan/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Rpc { agent: config.into(), url: url.to_owned(), name: format!("{scheme}://{host}{port}") })
    }

    /// Scheme and host.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its block of this number is the one with this hash; an error if it is of another chain.
    pub fn has_block(&self, chain_id: u64, number: u64, hash: &[u8; 32]) -> Result<bool, RpcError> {
        if self.number("eth_chainId", json!([]))? != chain_id {
            return Err(self.nonsense("it is a node of another chain than the evidence"));
        }
        let block = self.ask("eth_getBlockByNumber", json!([format!("{number:#x}"), false]))?;
        Ok(block["hash"].as_str() == Some(&format!("0x{}", hex::encode(hash))))
    }

    /// What the node answers to this question. `null` is an answer.
    pub(super) fn ask(&self, method: &'static str, params: Value) -> Result<Value, RpcError> {
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let silent = |error: ureq::Error| {
            RpcError::Silent(self.name.clone(), words(&error.to_string().replace(&self.url, &self.name)))
        };
        let mut response = self
            .agent
            .post(&self.url)
            .content_type("application/json")
            .send(question.to_string())
            .map_err(silent)?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(silent)?;
        match serde_json::from_slice::<Value>(&body) {
            Ok(answer) => self.read(method, answer),
            // Only where there is no answer in it: nodes send refusals with any status.
            Err(_) if status != 200 => Err(RpcError::Silent(self.name.clone(), format!("status {status}"))),
            Err(_) => Err(RpcError::Nonsense(self.name.clone(), "it is not JSON")),
        }
    }

    /// As [`Rpc::ask`], where `null` is none.
    pub(super) fn number(&self, method: &'static str, params: Value) -> Result<u64, RpcError> {
        number(&self.ask(method, params)?).ok_or_else(|| self.nonsense("a number was asked for"))
    }

    pub(super) fn nonsense(&self, why: &'static str) -> RpcError {
        RpcError::Nonsense(self.name.clone(), why)
    }

    fn read(&self, method: &'static str, mut answer: Value) -> Result<Value, RpcError> {
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let message = words(error["message"].as_str().unwrap_or("no reason given"));
            let code = error["code"].as_i64().unwrap_or_default();
            return Err(RpcError::Refused { node: self.name.clone(), method, code, message });
        }
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(self.nonsense("it has neither a result nor an error")),
        }
    }
}

/// A quantity: `0x` and digits.
pub(super) fn number(value: &Value) -> Option<u64> {
    u64::from_str_radix(digits(value)?, 16).ok()
}

pub(super) fn large_number(value: &Value) -> Option<u128> {
    u128::from_str_radix(digits(value)?, 16).ok()
}

pub(super) fn bytes(value: &Value) -> Option<Vec<u8>> {
    hex::decode(value.as_str()?.strip_prefix("0x")?).ok()
}

pub(super) fn array<const N: usize>(value: &Value) -> Option<[u8; N]> {
    bytes(value)?.try_into().ok()
}

pub(super) fn hex0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

pub(super) fn quantity(number: u64) -> String {
    format!("{number:#x}")
}

fn digits(value: &Value) -> Option<&str> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(digits)
}

/// Printable and short.
fn words(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_what_may_be_a_secret() {
        let rpc =
            Rpc::new("https://mainnet.example:8443/v3/SECRET?key=SECRET", Duration::from_secs(1)).unwrap();
        assert_eq!(rpc.name(), "https://mainnet.example:8443");
        let rpc = Rpc::new("http://user:SECRET@127.0.0.1:1/", Duration::from_secs(1)).unwrap();
        let error = rpc.ask("eth_chainId", json!([])).unwrap_err().to_string();
        assert!(!error.contains("SECRET"), "{error}");
        for bad in ["", "mainnet.example", "ftp://mainnet.example", "file:///etc/passwd"] {
            assert!(Rpc::new(bad, Duration::from_secs(1)).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_and_bytes_are_hexadecimal_with_their_mark() {
        assert_eq!(number(&json!("0x1f")), Some(31));
        assert_eq!(bytes(&json!("0x1f")), Some(vec![31]));
        for bad in
            [json!(31), json!("1f"), json!("0x"), json!("0x+1"), json!("0xg"), json!("0x1ffffffffffffffff")]
        {
            assert_eq!(number(&bad), None, "{bad}");
        }
        assert_eq!(array::<2>(&json!("0x1f")), None);
    }
}
