//! Where checkpoints are anchored, as far as the operator says: docs/operations.md, "Anchors".

use std::path::PathBuf;

use super::{ConfigError, Typed, url, urls};
use crate::anchor::address;

/// What was said of anchors. Nothing: nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnchorConfig {
    /// Seconds from one anchor of a kind to the next.
    pub every: u64,
    /// OpenTimestamps calendars; no others are ever asked.
    pub calendars: Vec<String>,
    /// Further addresses under which those calendars may promise: of the ones behind a pool.
    pub calendars_also: Vec<String>,
    /// A Bitcoin node that is asked for block headers.
    pub bitcoin_rpc: Option<String>,
    pub tsa: Option<TsaConfig>,
    pub evm: Option<EvmConfig>,
}

/// A time-stamping authority (RFC 3161).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TsaConfig {
    pub url: String,
    /// Its root certificates, PEM; relative to the ledger's directory.
    pub roots: PathBuf,
    pub every: u64,
}

/// An EVM chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvmConfig {
    /// JSON-RPC addresses; all must agree on what is final.
    pub rpc: Vec<String>,
    pub chain_id: u64,
    /// The key that pays: 32 bytes in hex; relative to the ledger's directory.
    pub key: PathBuf,
    /// The `AnchorLog`. None: calldata to the account itself.
    pub contract: Option<[u8; 20]>,
    pub finality: Finality,
}

/// When an included transaction counts as final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// The node's `finalized` block has reached it.
    Finalized,
    /// So many blocks lie on top of it.
    Depth(u64),
}

impl AnchorConfig {
    pub fn is_anywhere(&self) -> bool {
        !self.calendars.is_empty() || self.tsa.is_some() || self.evm.is_some()
    }
}

impl Typed {
    pub(super) fn anchors(&self) -> Result<AnchorConfig, ConfigError> {
        Ok(AnchorConfig {
            every: self.checked("anchor_every", seconds)?,
            calendars: self.checked("anchor_calendars", urls)?,
            calendars_also: self.checked("anchor_calendars_also", urls)?,
            bitcoin_rpc: self.optional("anchor_bitcoin_rpc", url)?,
            tsa: match self.optional("anchor_tsa", url)? {
                Some(url) => Some(TsaConfig {
                    url,
                    roots: PathBuf::from(self.required("anchor_tsa_roots")?),
                    every: self.checked("anchor_tsa_every", seconds)?,
                }),
                None => None,
            },
            evm: match self.checked("anchor_evm_rpc", urls)? {
                rpc if rpc.is_empty() => None,
                rpc => Some(EvmConfig {
                    rpc,
                    chain_id: self.parsed("anchor_evm_chain")?,
                    key: PathBuf::from(self.required("anchor_evm_key")?),
                    contract: self.optional("anchor_evm_contract", |text| {
                        address(text).ok_or("0x and 40 lower-case hex digits")
                    })?,
                    finality: self.checked("anchor_evm_finality", finality)?,
                }),
            },
        })
    }

    /// A setting that may be left out or left empty.
    fn optional<T, E: ToString>(
        &self,
        name: &'static str,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        match self.value(name).is_some_and(|text| !text.trim().is_empty()) {
            true => self.checked(name, check).map(Some),
            false => Ok(None),
        }
    }
}

/// More often than this only costs money.
const EVERY_MIN: u64 = 10;

fn seconds(text: &str) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(seconds) if seconds >= EVERY_MIN => Ok(seconds),
        Ok(_) => Err(format!("at least {EVERY_MIN} seconds")),
        Err(error) => Err(error.to_string()),
    }
}

fn finality(text: &str) -> Result<Finality, &'static str> {
    match (text, text.parse()) {
        ("finalized", _) => Ok(Finality::Finalized),
        (_, Ok(depth)) => Ok(Finality::Depth(depth)),
        _ => Err("finalized, or how many blocks on top are enough"),
    }
}
