//! What was said of produce, each statement with all that was said of it later: corrections and a withdrawal.
//!
//! Nothing in the log is ever taken back, so an [`Act`] keeps every version. Which version counts depends on who asks:
//! a page tells the newest; a safety rule asks what stood there when something was done.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::ledger::Record;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::quantity::Quantity;
use crate::statement::role::Role;
use crate::statement::subject::Subject;
use crate::statement::time::{Date, When};

/// One statement about produce, or a table of rules.
#[derive(Debug)]
pub struct Act<'a> {
    pub kind: Kind,
    pub leaf: Hash,
    pub record: &'a Record,
    /// The first is the statement itself, the last is what it says now. Never empty.
    pub versions: Vec<ActVersion<'a>>,
    /// The record that took it back.
    pub withdrawn: Option<&'a Record>,
}

/// What one version says.
#[derive(Debug, Clone)]
pub struct ActVersion<'a> {
    pub seq: u64,
    pub leaf: Hash,
    /// The statement itself, or the correction.
    pub record: &'a Record,
    /// When the ledger had this version, in milliseconds.
    pub at: i64,
    pub occurred_at: When,
    pub data: &'a Map<String, Value>,
}

/// All of them, in the order of the log.
#[derive(Debug, Default)]
pub struct Acts<'a> {
    acts: Vec<Act<'a>>,
    /// Place by the leaf of any version.
    places: BTreeMap<Hash, usize>,
}

impl<'a> Acts<'a> {
    /// `records` in the order of the log. Corrections and withdrawals of what is not among them are passed over, as are
    /// kinds that this program does not know.
    pub fn of(records: impl IntoIterator<Item = &'a Record>) -> Acts<'a> {
        let mut acts = Acts::default();
        for record in records {
            acts.take(record);
        }
        acts
    }

    fn take(&mut self, record: &'a Record) {
        let statement = &record.statement;
        let Ok(kind) = Kind::try_from(&statement.kind) else { return };
        let leaf = record.leaf();
        match kind {
            Kind::Correction => {
                let Some(place) = statement.corrects.and_then(|leaf| self.places.get(&leaf).copied()) else {
                    return;
                };
                let act = &mut self.acts[place];
                let Some(data) = statement.data.get("data").and_then(Value::as_object) else { return };
                let corrected = statement.data.get("occurred_at").and_then(Value::as_str);
                let occurred_at = corrected.and_then(|text| text.parse().ok());
                act.versions.push(ActVersion {
                    seq: record.seq,
                    leaf,
                    record,
                    at: record.at,
                    occurred_at: occurred_at.unwrap_or_else(|| act.now().occurred_at.clone()),
                    data,
                });
                self.places.insert(leaf, place);
            }
            Kind::Withdrawal => {
                let withdrawn = statement.data.get("withdraws").and_then(Value::as_str);
                let place =
                    withdrawn.and_then(|leaf| leaf.parse().ok()).and_then(|leaf| self.places.get(&leaf));
                if let Some(place) = place {
                    self.acts[*place].withdrawn.get_or_insert(record);
                }
            }
            _ => {
                self.places.insert(leaf, self.acts.len());
                let first = ActVersion {
                    seq: record.seq,
                    leaf,
                    record,
                    at: record.at,
                    occurred_at: statement.occurred_at.clone(),
                    data: &statement.data,
                };
                self.acts.push(Act { kind, leaf, record, versions: vec![first], withdrawn: None });
            }
        }
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Act<'a>> {
        self.acts.iter()
    }

    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Act<'a>> {
        self.acts.iter().filter(move |act| act.kind == kind)
    }

    /// The statement with this leaf, or the one that the correction with this leaf corrects.
    pub fn by_leaf(&self, leaf: &Hash) -> Option<&Act<'a>> {
        self.places.get(leaf).map(|place| &self.acts[*place])
    }
}

impl<'a> Act<'a> {
    pub fn seq(&self) -> u64 {
        self.record.seq
    }

    pub fn subject(&self) -> &'a Subject {
        &self.record.statement.subject
    }

    /// The main subject and all that it touches.
    pub fn subjects(&self) -> impl Iterator<Item = &'a Subject> {
        self.record.statement.subjects()
    }

    /// What it says now, were it not withdrawn.
    pub fn now(&self) -> &ActVersion<'a> {
        // There is a first version, and versions are only added.
        &self.versions[self.versions.len() - 1]
    }

    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some()
    }

    /// What stood there when the ledger took entry `seq`, and everything said later: a correction after the fact adds
    /// to what must be considered, and takes nothing away from it.
    pub fn versions_since(&self, seq: u64) -> &[ActVersion<'a>] {
        let later = self.versions.iter().rposition(|version| version.seq <= seq).unwrap_or(0);
        &self.versions[later..]
    }

    /// Whether one of the signers acted in that role.
    pub fn is_signed_as(&self, role: Role) -> bool {
        self.record.statement.signers.iter().any(|signer| signer.role == role)
    }

    /// Whether that organisation (bare id) signed it in that role.
    pub fn is_signed_by(&self, org: &str, role: Role) -> bool {
        self.record.statement.signers.iter().any(|signer| signer.org == org && signer.role == role)
    }

    /// The organisations that signed it, bare ids.
    pub fn signers(&self) -> impl Iterator<Item = &'a str> {
        self.record.statement.signers.iter().map(|signer| signer.org.as_str())
    }
}

impl<'a> ActVersion<'a> {
    pub fn day(&self) -> Date {
        self.occurred_at.date()
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.data.get(name)?.as_str()
    }

    pub fn date(&self, name: &str) -> Option<Date> {
        self.text(name)?.parse().ok()
    }

    pub fn integer(&self, name: &str) -> Option<i64> {
        self.data.get(name)?.as_i64()
    }

    /// None where there is none, or no good one: a bundle's records have not met their schemas.
    pub fn quantity(&self, name: &str) -> Option<Quantity> {
        Quantity::parse(self.data.get(name)?, "").ok()
    }

    /// The elements of a list.
    pub fn list(&self, name: &str) -> &'a [Value] {
        self.data.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}
