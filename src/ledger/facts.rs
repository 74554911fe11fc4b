//! What follows from the records so far, as keys and values: the projections that [`State`](super::State) keeps.
//!
//! They can always be made again from the records, so their bytes are ours to choose: serde's JSON. Anything hashed
//! or signed is written elsewhere, by hand. The key space is one ordered byte space, so that an engine can hold it
//! beside the records and commit both at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::merkle::Hash;
use crate::statement::role::Role;
use crate::statement::time::Instant;

/// Reads derived facts by key. An engine's snapshot, or nothing at all for a replay from the start.
pub trait Facts {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, FactsError>;
}

impl<F: Facts + ?Sized> Facts for &F {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, FactsError> {
        (**self).get(key)
    }
}

/// The engine could not read. What the state holds is then worth nothing: reload it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the ledger's facts: {0}")]
pub struct FactsError(pub String);

/// Facts held in memory; empty, it is what an audit starts from.
#[derive(Debug, Default, Clone)]
pub struct MemoryFacts(pub BTreeMap<Vec<u8>, Vec<u8>>);

impl Facts for MemoryFacts {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, FactsError> {
        Ok(self.0.get(key).cloned())
    }
}

/// The key space. One letter, `/`, then fields; numbers are big-endian so that order is number order. `f/` is
/// [`index`](super::index)'s.
pub mod keys {
    use crate::merkle::Hash;

    pub const LOG: &[u8] = b"g/log";

    /// Before every record.
    pub const RECORDS: &[u8] = b"r/";

    /// Record bytes by sequence number.
    pub fn record(seq: u64) -> Vec<u8> {
        [RECORDS, &seq.to_be_bytes()].concat()
    }

    /// Hash of the complete subtree `index` of 2^level leaves.
    pub fn tree_node(level: u8, index: u64) -> Vec<u8> {
        [b"t/".as_slice(), &[level], &index.to_be_bytes()].concat()
    }

    /// A node of the subject map, by its own hash.
    pub fn map_node(hash: &Hash) -> Vec<u8> {
        [b"m/".as_slice(), hash.as_bytes()].concat()
    }

    /// Root of the subject map over records `0..size`.
    pub fn map_root(size: u64) -> Vec<u8> {
        [b"v/".as_slice(), &size.to_be_bytes()].concat()
    }

    /// A map node that no map from `size` on contains.
    pub fn stale_map_node(size: u64, hash: &Hash) -> Vec<u8> {
        [b"x/".as_slice(), &size.to_be_bytes(), hash.as_bytes()].concat()
    }

    /// [`SubjectFact`](super::SubjectFact).
    pub fn subject(subject: &str) -> Vec<u8> {
        [b"s/".as_slice(), subject.as_bytes()].concat()
    }

    /// Sequence number (u64 big-endian) of record `n` of a subject's chain.
    pub fn chain(subject: &str, n: u64) -> Vec<u8> {
        [b"c/".as_slice(), subject.as_bytes(), &[0], &n.to_be_bytes()].concat()
    }

    /// [`LeafFact`](super::LeafFact) by leaf hash.
    pub fn leaf(leaf: &Hash) -> Vec<u8> {
        [b"l/".as_slice(), leaf.as_bytes()].concat()
    }

    /// Sequence number (u64 big-endian) of the record that carries this payload.
    pub fn payload(payload_sha256: &Hash) -> Vec<u8> {
        [b"p/".as_slice(), payload_sha256.as_bytes()].concat()
    }

    /// [`ConsumedId`](super::ConsumedId) of an organisation's statement id.
    pub fn statement_id(org: &str, id: &str) -> Vec<u8> {
        [b"i/".as_slice(), org.as_bytes(), &[0], id.as_bytes()].concat()
    }

    /// Key ids that ever belonged to an organisation, in order of arrival: a JSON list.
    pub fn org_keys(org: &str) -> Vec<u8> {
        [b"o/".as_slice(), org.as_bytes()].concat()
    }

    /// [`DeviceFact`](super::DeviceFact) of the phone that holds this key.
    pub fn device(key: &Hash) -> Vec<u8> {
        [b"e/".as_slice(), key.as_bytes()].concat()
    }

    /// A batch by its derived short code; empty value.
    pub fn short_code(code: &str, batch: &str) -> Vec<u8> {
        [b"b/".as_slice(), code.as_bytes(), &[0], batch.as_bytes()].concat()
    }
}

/// Where the log stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFact {
    /// Number of entries.
    pub size: u64,
    /// `at` of the last entry.
    pub at: i64,
    pub rules: u64,
    /// Leaf hash of the genesis record; what every payload calls `ledger`.
    pub ledger: Hash,
    pub origin: String,
    /// The log's current verification key as the ledger itself names it (genesis, `ledger.key`).
    pub log_vkey: String,
    /// The keys before it, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced_keys: Vec<ReplacedKey>,
    /// What the newest `ledger.anchor` names, as [`Publication`](crate::anchor::Publication) is spelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication: Option<String>,
    /// Root of the subject map that the last map record committed to.
    pub map_root: Hash,
    /// Genesis says that this ledger is for show: only such a one takes fictional rule rows.
    #[serde(default)]
    pub demonstration: bool,
}

/// A log key that another one took over from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedKey {
    pub vkey: String,
    /// Place of the `ledger.key` record.
    pub seq: u64,
    /// The instant until which both sign, as that record says.
    pub both_until: String,
}

impl LogFact {
    /// The log's keys, the current one first.
    pub fn log_vkeys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.log_vkey.as_str()).chain(self.replaced_keys.iter().map(|key| key.vkey.as_str()))
    }

    /// Those that sign at `ms`, or may: the current one, and each that was told to sign beside it until later.
    pub fn signing_vkeys(&self, ms: i64) -> impl Iterator<Item = &str> {
        let replaced = self.replaced_keys.iter().filter(move |key| key.signs_at(ms));
        std::iter::once(self.log_vkey.as_str()).chain(replaced.map(|key| key.vkey.as_str()))
    }
}

impl ReplacedKey {
    /// Whether it still signs at `ms`, in milliseconds since 1970. An instant that cannot be read is over.
    pub fn signs_at(&self, ms: i64) -> bool {
        let until = self.both_until.parse::<Instant>();
        until.is_ok_and(|until| ms < until.unix_seconds().saturating_mul(1_000))
    }
}

/// The chain of one subject and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectFact {
    pub count: u64,
    /// Leaf hash of record `count − 1`.
    pub head: Hash,
    pub detail: Detail,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    Batch(BatchFact),
    Crop(CropFact),
    Key(KeyFact),
    Ledger,
    Org(OrgFact),
    Plot(PlotFact),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgFact {
    pub name: String,
    pub roles: BTreeSet<Role>,
    pub status: OrgStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgStatus {
    Active,
    Closed,
    Suspended,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFact {
    /// Bare organisation id.
    pub org: String,
    pub public_key: Hash,
    pub scope: Scope,
    /// `farm.plot` ids that the key is confined to; none: unconfined.
    pub plots: Option<BTreeSet<String>>,
    /// A stated last day. It marks later statements, it refuses none: clocks grant and remove no right.
    pub valid_until: Option<String>,
    pub added_seq: u64,
    /// Ledger time from which a key added by recovery may sign.
    pub effective_at: i64,
    pub recovery: bool,
    pub revoked: Option<Revocation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    pub seq: u64,
    pub reason: String,
    /// From when the key may have been in other hands: marks records, cancels none.
    pub since: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Admin,
    /// Kind names without version, `harvest`.
    Kinds(BTreeSet<String>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlotFact {
    pub org: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CropFact {
    pub org: String,
    /// `farm.plot`
    pub plot: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFact {
    pub org: String,
    /// Planted on the lot itself and not yet harvested.
    pub growing: bool,
    /// Organisations that hold it, or a part of it. Shipping a part leaves the rest with the sender.
    pub holders: BTreeSet<String>,
    pub open_shipments: Vec<OpenShipment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenShipment {
    /// Leaf hash of the shipping record.
    pub leaf: Hash,
    pub to: Option<String>,
    pub carrier: Option<String>,
}

/// What later statements need to know of a record that they refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafFact {
    pub seq: u64,
    /// Kind of the statement; for a correction, the kind of what it corrects.
    pub kind: String,
    pub subject: String,
    pub touches: Vec<String>,
    /// Bare id of the organisation whose right carried the statement.
    pub author: String,
    /// The first version: itself, unless this is a correction.
    pub original: Hash,
    /// The newest version; kept on the original only.
    pub current: Hash,
    /// What a correction may not change, by JSON Pointer into `data`.
    pub fixed: BTreeMap<String, String>,
    /// The withdrawal that took it back; kept on the original only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Hash>,
}

/// The last statement in the chain that a phone keeps of its own statements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFact {
    pub n: u64,
    pub payload: Hash,
}

/// The payload that used a statement id up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumedId {
    pub payload: Hash,
    pub leaf: Hash,
}
