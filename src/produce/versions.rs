//! Corrections: what stood there before, what stands there now, field by field. Nothing is ever taken back.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::people::Signed;
use super::story::as_text;
use crate::ledger::Record;
use crate::merkle::Hash;
use crate::statement::json::pointer_to;
use crate::statement::time::Instant;

/// A correction and what it changed against the version before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Version {
    pub seq: u64,
    pub leaf: Hash,
    /// When the ledger had it, in milliseconds.
    pub at: i64,
    #[serde(serialize_with = "as_text")]
    pub recorded_at: Instant,
    pub reason: String,
    pub signers: Vec<Signed>,
    pub changes: Vec<Change>,
    /// Sealed fields whose values are not all open here, so that nobody can tell whether they changed.
    pub not_comparable: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Into the payload as it was first signed: `/data/quantity`, `/occurred_at`.
    pub pointer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// What one version of an entry says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) occurred_at: String,
    pub(super) data: Value,
    /// Opened sealed values by pointer into the payload as it was first signed.
    pub(super) opened: BTreeMap<String, Value>,
}

/// Corrections by the leaf of what they correct first, in the order of the log.
pub(super) fn corrections<'a>(records: &[&'a Record]) -> BTreeMap<Hash, Vec<&'a Record>> {
    let mut original_of: BTreeMap<Hash, Hash> = BTreeMap::new();
    let mut corrections: BTreeMap<Hash, Vec<&Record>> = BTreeMap::new();
    for record in records {
        let Some(corrected) = record.statement.corrects else { continue };
        let original = original_of.get(&corrected).copied().unwrap_or(corrected);
        original_of.insert(record.leaf(), original);
        corrections.entry(original).or_default().push(record);
    }
    corrections
}

pub(super) struct Difference {
    pub(super) changes: Vec<Change>,
    pub(super) not_comparable: usize,
}

pub(super) fn difference(old: &Said, new: &Said) -> Difference {
    let mut found = Difference { changes: Vec::new(), not_comparable: 0 };
    if old.occurred_at != new.occurred_at {
        let text = |said: &Said| Some(Value::String(said.occurred_at.clone()));
        found.changes.push(Change { pointer: "/occurred_at".to_owned(), old: text(old), new: text(new) });
    }
    found.compare("/data", Some(&old.data), Some(&new.data), old, new);
    found
}

impl Difference {
    fn compare(&mut self, pointer: &str, was: Option<&Value>, is: Option<&Value>, old: &Said, new: &Said) {
        match (was, is) {
            (Some(was), Some(is)) if is_sealed(was) && is_sealed(is) => {
                match (old.opened.get(pointer), new.opened.get(pointer)) {
                    (Some(was), Some(is)) if was == is => {}
                    (Some(was), Some(is)) => self.note(pointer, Some(was), Some(is)),
                    // A value is sealed anew in every statement, so commitments always differ.
                    _ => self.not_comparable += 1,
                }
            }
            (Some(Value::Object(was)), Some(Value::Object(is))) if !is_amount(was) && !is_amount(is) => {
                let mut names: Vec<&String> = was.keys().chain(is.keys()).collect();
                names.sort_unstable();
                names.dedup();
                for name in names {
                    self.compare(&pointer_to(pointer, name), was.get(name), is.get(name), old, new);
                }
            }
            (Some(Value::Array(was)), Some(Value::Array(is))) if was.len() == is.len() => {
                for (i, (was, is)) in was.iter().zip(is).enumerate() {
                    self.compare(&format!("{pointer}/{i}"), Some(was), Some(is), old, new);
                }
            }
            (was, is) if was == is => {}
            (was, is) => {
                let opened = |said: &Said, value: Option<&Value>| said.opened.get(pointer).or(value).cloned();
                self.note(pointer, opened(old, was).as_ref(), opened(new, is).as_ref());
            }
        }
    }

    fn note(&mut self, pointer: &str, old: Option<&Value>, new: Option<&Value>) {
        self.changes.push(Change { pointer: pointer.to_owned(), old: old.cloned(), new: new.cloned() });
    }
}

pub(super) fn is_sealed(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.len() == 1 && members.contains_key("sealed"))
}

/// Amounts change as a whole: 500 斤 becomes 430 斤, not its parts.
fn is_amount(members: &serde_json::Map<String, Value>) -> bool {
    members.contains_key("entered") || members.contains_key("amount")
}
