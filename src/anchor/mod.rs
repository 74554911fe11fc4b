//! Floor 1: evidence from outside that a checkpoint existed before a moment. Bytes in, findings out: no network, no clock.
//!
//! What is anchored is SHA-256 of the exact bytes of a checkpoint's body: origin, size and root, without signature
//! lines. An anchor proves age. That there is only one history, it proves only where it stands in the one list that the
//! ledger itself names ([`Publication`]).
//!
//! A finding is never one boolean. What hangs on a block that the reader has not confirmed is not checked, whatever else
//! is right with it; and a chain that is no public network proves nothing to anybody.

pub mod evm;
mod finding;

pub use finding::{Claim, Finding, Level, Source, Verdict, Why};

use crate::merkle::Hash;

/// What is anchored of a checkpoint: SHA-256 of its body, the text above the signature lines.
pub fn digest(checkpoint_body: &str) -> Hash {
    Hash::of(checkpoint_body.as_bytes())
}

/// The sorts of evidence, docs/format.md "Anchors".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnchorKind {
    /// A transaction of an EVM chain whose calldata holds the digest.
    EvmCalldata,
    /// An event of an `AnchorLog` contract.
    EvmLog,
    /// An OpenTimestamps proof, which ends in Bitcoin.
    OpenTimestamps,
    /// A token of a time-stamping authority.
    Rfc3161,
}

impl AnchorKind {
    pub const ALL: [AnchorKind; 4] =
        [AnchorKind::EvmCalldata, AnchorKind::EvmLog, AnchorKind::OpenTimestamps, AnchorKind::Rfc3161];

    pub fn as_str(self) -> &'static str {
        match self {
            AnchorKind::EvmCalldata => "evm-calldata",
            AnchorKind::EvmLog => "evm-log",
            AnchorKind::OpenTimestamps => "ots",
            AnchorKind::Rfc3161 => "rfc3161",
        }
    }

    pub fn of(name: &str) -> Option<AnchorKind> {
        AnchorKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a reader knows from elsewhere than the evidence, or has been told by whoever he trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Hashes of blocks of EVM chains: chain id and block hash.
    pub evm_blocks: Vec<(u64, [u8; 32])>,
    /// Bitcoin block headers, as they are hashed.
    pub bitcoin_headers: Vec<[u8; 80]>,
    /// Certificates of time-stamping authorities' roots, DER.
    pub tsa_roots: Vec<Vec<u8>>,
    /// The one list of checkpoints that counts.
    pub publication: Option<Publication>,
}

/// Where the ledger publishes its checkpoints: the trust file and the newest `ledger.anchor` record name it. An anchor
/// anywhere else proves age only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    pub chain_id: u64,
    /// The `AnchorLog` contract.
    pub contract: [u8; 20],
    /// The account whose entries are this ledger's.
    pub sender: [u8; 20],
}

/// Judges evidence for the checkpoint with this body. `kind` and `version` are as they stand beside the evidence.
pub fn judge(kind: &str, version: u64, evidence: &[u8], checkpoint_body: &str, told: &Told) -> Finding {
    let Some(known) = AnchorKind::of(kind) else {
        return Finding::not_checked(Why::UnknownKind(kind.to_owned()));
    };
    if version != 1 {
        return Finding::not_checked(Why::UnknownVersion(version));
    }
    match known {
        AnchorKind::EvmCalldata => evm::judge(evm::Kind::Calldata, evidence, checkpoint_body, told),
        AnchorKind::EvmLog => evm::judge(evm::Kind::Log, evidence, checkpoint_body, told),
        AnchorKind::OpenTimestamps | AnchorKind::Rfc3161 => {
            Finding::not_checked(Why::UnknownKind(kind.to_owned()))
        }
    }
}
