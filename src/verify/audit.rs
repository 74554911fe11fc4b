//! Replays a whole log: every signature, right, chain, map record and root, from genesis on.

use serde_json::{Value, json};

use super::trust::Trust;
use crate::ledger::{ApplyError, Entry, MemoryFacts, State};
use crate::merkle::Hash;

/// An audit under way. Feed it the entries in order, then ask for the report.
pub struct Audit<'a> {
    trust: Option<&'a Trust>,
    state: State<MemoryFacts>,
    records: u64,
    map_records: u64,
    signatures: u64,
    first_at: Option<i64>,
    last_at: i64,
}

/// What an audit found; `problem` is the first thing that is wrong, and there the audit stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditReport {
    pub entries: u64,
    pub records: u64,
    pub map_records: u64,
    pub signatures: u64,
    /// Root of the log tree over `entries`.
    pub root: Hash,
    pub first_at: Option<i64>,
    pub last_at: i64,
    pub problem: Option<String>,
}

impl<'a> Audit<'a> {
    /// With a trust file, the genesis record must be the one it names.
    pub fn new(trust: Option<&'a Trust>) -> Result<Audit<'a>, String> {
        let state = State::load(MemoryFacts::default()).map_err(|error| error.to_string())?;
        Ok(Audit { trust, state, records: 0, map_records: 0, signatures: 0, first_at: None, last_at: 0 })
    }

    /// Takes the bytes of the next entry; the error names it and says what is wrong.
    pub fn entry(&mut self, bytes: &[u8]) -> Result<(), String> {
        let seq = self.state.size();
        let entry = Entry::parse(bytes).map_err(|error| format!("entry {seq}: {error}"))?;
        if seq == 0 {
            self.is_trusted_genesis(&entry)?;
        }
        match self.state.apply(&entry) {
            Ok(_) => {}
            Err(ApplyError::Refused(refusal)) => return Err(format!("entry {seq}: {refusal}")),
            Err(ApplyError::Facts(error)) => return Err(format!("entry {seq}: {error}")),
        }
        match &entry {
            Entry::Record(record) => {
                self.records += 1;
                self.signatures += record.envelope.signatures.len() as u64;
            }
            Entry::Map(_) => self.map_records += 1,
        }
        self.first_at.get_or_insert(entry.at());
        self.last_at = entry.at();
        Ok(())
    }

    /// Root of the log tree over the entries so far.
    pub fn root(&self) -> Hash {
        self.state.root()
    }

    /// Number of entries so far.
    pub fn size(&self) -> u64 {
        self.state.size()
    }

    /// Whether a checkpoint may stand here: the last entry is a map record.
    pub fn is_sealed(&self) -> bool {
        self.state.is_sealed()
    }

    /// What was replayed, for comparison with what a store holds.
    pub fn state(&self) -> &State<MemoryFacts> {
        &self.state
    }

    pub fn into_state(self) -> State<MemoryFacts> {
        self.state
    }

    pub fn report(&self, problem: Option<String>) -> AuditReport {
        AuditReport {
            entries: self.size(),
            records: self.records,
            map_records: self.map_records,
            signatures: self.signatures,
            root: self.root(),
            first_at: self.first_at,
            last_at: self.last_at,
            problem,
        }
    }

    fn is_trusted_genesis(&self, entry: &Entry) -> Result<(), String> {
        match self.trust {
            Some(trust) if trust.genesis != entry.leaf() => {
                Err(format!("the genesis record is {}, the trust file names {}", entry.leaf(), trust.genesis))
            }
            _ => Ok(()),
        }
    }
}

impl AuditReport {
    pub fn to_json(&self) -> Value {
        json!({
            "ok": self.problem.is_none(),
            "entries": self.entries,
            "records": self.records,
            "map_records": self.map_records,
            "signatures": self.signatures,
            "root": self.root,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "problem": self.problem,
        })
    }
}
