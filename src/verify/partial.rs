//! The rules run over the records that a bundle carries: a ledger that knows only some chains, and says so.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{CheckError, Detail, FactsError, LeafFact, Lookup, Record, View, check};
use crate::merkle::Hash;
use crate::statement::subject::Subject;

/// Facts of the subjects whose chains are whole; everything else is unknown, never absent.
pub(super) struct PartialLedger {
    complete: BTreeSet<Subject>,
    details: BTreeMap<Subject, Detail>,
    leaves: BTreeMap<Hash, LeafFact>,
    rules: u64,
    log_vkey: Option<String>,
    demonstration: bool,
}

impl PartialLedger {
    pub(super) fn new(complete: BTreeSet<Subject>) -> PartialLedger {
        PartialLedger {
            complete,
            details: BTreeMap::new(),
            leaves: BTreeMap::new(),
            rules: 0,
            log_vkey: None,
            demonstration: false,
        }
    }

    /// The rules version after the records so far.
    pub(super) fn rules_version(&self) -> u64 {
        self.rules
    }

    /// Judges the next record by its position; returns the subjects that would have been looked at and are unknown.
    pub(super) fn apply(&mut self, record: &Record, leaf: Hash) -> Result<BTreeSet<Subject>, CheckError> {
        let outcome = check(self, record)?;
        for (subject, detail) in outcome.details {
            if self.complete.contains(&subject) {
                self.details.insert(subject, detail);
            }
        }
        if let Some(original) = outcome.corrects.and_then(|original| self.leaves.get_mut(&original)) {
            original.current = leaf;
        }
        if let Some(original) = outcome.withdraws.and_then(|original| self.leaves.get_mut(&original)) {
            original.withdrawn = Some(leaf);
        }
        if let Some(fact) = outcome.leaf {
            self.leaves.insert(leaf, fact);
        }
        self.rules = outcome.rules.unwrap_or(self.rules);
        self.demonstration |= outcome.demonstration;
        self.log_vkey = outcome.log_vkey.or(self.log_vkey.take());
        Ok(outcome.missing)
    }
}

impl View for PartialLedger {
    fn subject(&self, subject: &Subject) -> Result<Lookup<Detail>, FactsError> {
        if !self.complete.contains(subject) {
            return Ok(Lookup::Unknown);
        }
        Ok(self.details.get(subject).cloned().map_or(Lookup::Absent, Lookup::Known))
    }

    fn leaf(&self, leaf: &Hash) -> Result<Lookup<LeafFact>, FactsError> {
        Ok(self.leaves.get(leaf).cloned().map_or(Lookup::Unknown, Lookup::Known))
    }

    fn org_keys(&self, _org: &str) -> Result<Lookup<Vec<Hash>>, FactsError> {
        // A bundle carries the keys that signed, not all that an organisation ever had.
        Ok(Lookup::Unknown)
    }

    fn log_vkey(&self) -> Result<Lookup<String>, FactsError> {
        Ok(self.log_vkey.clone().map_or(Lookup::Unknown, Lookup::Known))
    }

    fn rules(&self) -> u64 {
        self.rules
    }

    fn is_demonstration(&self) -> bool {
        self.demonstration
    }
}
