//! Anchors in EVM chains: signing, sending, waiting, proving.
//!
//! A transaction is signed once and stored before it leaves; what is sent after a crash, a reorganisation or a node's
//! forgetting is the same bytes. A stuck one is replaced under the same nonce at a higher price, so at most one of them
//! lands. Nothing that a node says is believed that can be checked: the block is put together again from its parts, and
//! our own evidence is judged like anybody's.

mod contract;
mod key;
mod proving;
mod rebuild;
mod rpc;
mod submitter;
mod work;

use std::time::Duration;

pub use contract::{DeployError, Deployed, deploy, deployed_code, list};
pub use key::{GasKey, GasKeyError};
pub use rpc::{Rpc, RpcError};
pub use submitter::EvmSubmitter;

use crate::anchor::evm::Address;

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct EvmSettings {
    /// URLs of JSON-RPC nodes, each after the other in what is asked; all must agree before an anchor is final.
    pub rpc: Vec<String>,
    pub chain_id: u64,
    /// Of an account that holds nothing but money for gas, and that nobody else sends from.
    pub key: GasKey,
    /// An `AnchorLog`; none: the digest goes into calldata.
    pub contract: Option<Address>,
    pub finality: Finality,
    /// Seconds without a block after which a transaction is replaced at a higher price.
    pub replace_after: u64,
    /// A node that lies about prices could otherwise spend all that the account has.
    pub max_fee_gwei: u64,
    /// For one exchange with a node.
    pub timeout: Duration,
}

/// When a block counts as never to be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// It is at or below what the node calls `finalized`.
    Tag,
    /// So many blocks have been built on it.
    Depth(u64),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("an EVM anchor needs the URL of at least one RPC node")]
    NoNode,
    #[error("{0} is not the URL of an RPC node: it begins with http:// or https://")]
    Url(String),
}

impl EvmSettings {
    pub const REPLACE_AFTER: u64 = 300;
    pub const MAX_FEE_GWEI: u64 = 50;
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    fn nodes(&self) -> Result<Vec<Rpc>, SettingsError> {
        if self.rpc.is_empty() {
            return Err(SettingsError::NoNode);
        }
        self.rpc.iter().map(|url| Rpc::new(url, self.timeout)).collect()
    }
}
