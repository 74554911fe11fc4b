//! Asks one's own Bitcoin node for a block header, by JSON-RPC.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::exchange::{Answer, Exchange, tame};
use crate::anchor::opentimestamps::{Header, MAINNET_TARGET_MAX};

/// A header in hexadecimal and what stands around it.
const ANSWER_BYTES_MAX: u64 = 10_000;

/// Without `Debug`, so that the password stands in no log.
#[derive(Clone)]
pub struct NodeSettings {
    pub url: String,
    pub user: String,
    pub password: String,
    /// Its blocks may be as easy as they like: for trying things out. No reader takes them for Bitcoin.
    pub is_test_network: bool,
}

pub(super) struct BitcoinNode {
    settings: NodeSettings,
    exchange: Exchange,
}

pub(super) enum Asked {
    Header(Header),
    /// Why there is none: one sentence.
    Nothing(String),
}

impl NodeSettings {
    /// By its address, which may hold a name and a password: `http://user:password@127.0.0.1:8332`.
    pub fn of_address(address: &str) -> NodeSettings {
        let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
        let (login, host) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        NodeSettings {
            url: format!("{scheme}://{host}"),
            user: user.to_owned(),
            password: password.to_owned(),
            is_test_network: false,
        }
    }
}

/// The header of the node's block at a height; the error is one sentence.
pub fn header_at(settings: &NodeSettings, height: u64, timeout: Duration) -> Result<[u8; 80], String> {
    BitcoinNode::new(settings.clone(), timeout).look_up(height).map(|header| header.0)
}

impl BitcoinNode {
    pub(super) fn new(settings: NodeSettings, timeout: Duration) -> BitcoinNode {
        BitcoinNode { settings, exchange: Exchange::new(timeout) }
    }

    /// The header of its block at this height, if work stands behind it.
    pub(super) fn header(&self, height: u64) -> Asked {
        match self.look_up(height) {
            Ok(header) => Asked::Header(header),
            Err(problem) => Asked::Nothing(problem),
        }
    }

    fn look_up(&self, height: u64) -> Result<Header, String> {
        let hash = self.call("getblockhash", json!([height]))?;
        let text = self.call("getblockheader", json!([hash, false]))?;
        let bytes = text.as_str().and_then(|text| hex::decode(text).ok());
        let header = bytes.and_then(|bytes| bytes.try_into().ok()).map(Header);
        let header = header.ok_or("its answer is no block header")?;
        let mut name = header.hash();
        name.reverse();
        if hash.as_str() != Some(hex::encode(name).as_str()) {
            return Err("the header is not of the block that it named".to_owned());
        }
        let is_hard = self.settings.is_test_network || header.is_as_hard_as(&MAINNET_TARGET_MAX);
        match header.meets_its_target() && is_hard {
            true => Ok(header),
            false => Err("the block is of a test network, or no work stands behind it".to_owned()),
        }
    }

    fn call(&self, method: &str, parameters: Value) -> Result<Value, String> {
        let body =
            json!({"jsonrpc": "1.0", "id": "suyuan", "method": method, "params": parameters}).to_string();
        let who = format!("{}:{}", self.settings.user, self.settings.password);
        let authorization = format!("Basic {}", STANDARD.encode(who));
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let answer = match self.exchange.post(&self.settings.url, &headers, body.as_bytes(), ANSWER_BYTES_MAX)
        {
            Answer::Body(body) => body,
            // Bitcoin Core answers with 500 to a height that it has not reached.
            Answer::Status(status) => return Err(format!("status {status} to {method}")),
            Answer::Nothing(problem) => return Err(problem),
        };
        let answer: Value =
            serde_json::from_slice(&answer).map_err(|_| "its answer is no JSON".to_owned())?;
        match (answer.get("error"), answer.get("result")) {
            (None | Some(Value::Null), Some(result)) => Ok(result.clone()),
            (error, _) => Err(tame(&format!("{method}: {}", error.unwrap_or(&Value::Null)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nodes_address_may_hold_a_name_and_a_password() {
        let of = |address: &str| {
            let node = NodeSettings::of_address(address);
            (node.url, node.user, node.password)
        };
        let texts = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(of("http://u:p@s@10.0.0.1:8332"), texts("http://10.0.0.1:8332", "u", "p@s"));
        assert_eq!(of("https://node.example"), texts("https://node.example", "", ""));
    }
}
