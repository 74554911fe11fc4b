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
pub mod opentimestamps;
pub mod rfc3161;

pub use finding::{Claim, Finding, Level, Source, Verdict, Why, reversed};

use std::fmt;
use std::str::FromStr;

use der::Encode as _;
use x509_cert::Certificate;

use crate::merkle::{Hash, decimal};

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

/// One spelling: `eip155:1 0x…contract 0x…sender`, addresses in lower case (CAIP-2 for the chain).
impl fmt::Display for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [contract, sender] = [self.contract, self.sender].map(hex::encode);
        write!(f, "eip155:{} 0x{contract} 0x{sender}", self.chain_id)
    }
}

impl FromStr for Publication {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Publication, &'static str> {
        const FORM: &str = "it reads eip155:CHAIN 0xCONTRACT 0xSENDER, addresses in lower case";
        let mut words = text.split(' ');
        let chain = words.next().and_then(|word| word.strip_prefix("eip155:"));
        let chain_id = chain.and_then(decimal::parse).filter(|id| *id > 0).ok_or(FORM)?;
        let [contract, sender] = [words.next(), words.next()].map(|word| word.and_then(address));
        match (contract, sender, words.next()) {
            (Some(contract), Some(sender), None) => Ok(Publication { chain_id, contract, sender }),
            _ => Err(FORM),
        }
    }
}

/// `0x` and 40 lower-case hex digits: an account of an EVM chain in its one spelling here.
pub fn address(text: &str) -> Option<[u8; 20]> {
    let digits = text.strip_prefix("0x")?;
    let is_lower = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    hex::decode(digits).ok().filter(|_| is_lower)?.try_into().ok()
}

/// Certificates of a PEM file, as DER.
pub fn roots_of_pem(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let roots = Certificate::load_pem_chain(pem).map_err(|error| format!("no certificates: {error}"))?;
    roots.iter().map(|root| root.to_der().map_err(|error| error.to_string())).collect()
}

/// What an evidence file looks like; whether it is any good is for [`judge`].
pub fn kind_of(evidence: &[u8]) -> Option<AnchorKind> {
    match evidence {
        [0x00, b'O', b'p', b'e', b'n', b'T', b'i', b'm', b'e', ..] => Some(AnchorKind::OpenTimestamps),
        [0x30, ..] => Some(AnchorKind::Rfc3161),
        _ if evm::Evidence::decode(evm::Kind::Log, evidence).is_ok() => Some(AnchorKind::EvmLog),
        // An RLP list that is no event.
        [0xc0..=0xff, ..] => Some(AnchorKind::EvmCalldata),
        _ => None,
    }
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
        AnchorKind::OpenTimestamps => opentimestamps::judge(evidence, checkpoint_body, told),
        AnchorKind::Rfc3161 => rfc3161::judge(evidence, checkpoint_body, told),
        AnchorKind::EvmCalldata => evm::judge(evm::Kind::Calldata, evidence, checkpoint_body, told),
        AnchorKind::EvmLog => evm::judge(evm::Kind::Log, evidence, checkpoint_body, told),
    }
}
