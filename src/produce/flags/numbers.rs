//! Numbers that laboratories give: which reports and samples of the whole ledger bear one.

use std::collections::BTreeMap;

use crate::merkle::Hash;
use crate::produce::reason::Source;
use crate::statement::subject::Subject;

/// A laboratory and a number of its own, letters and digits only: a space more makes no other report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number {
    lab: String,
    number: String,
}

/// A statement that bears a number.
#[derive(Debug, Clone)]
pub(super) struct Bearer {
    pub(super) source: Source,
    /// What was tested, or what the sample was drawn from.
    pub(super) about: Subject,
    /// The sample's number; of a sample, its own.
    pub(super) sample: String,
    /// The laboratory signed it as such.
    pub(super) by_lab: bool,
    /// The correction or withdrawal by which it says so no longer.
    until: Option<u64>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    bearers: BTreeMap<Number, Vec<Bearer>>,
    /// By the leaf of what bears it.
    by_leaf: BTreeMap<Hash, Number>,
}

impl Number {
    pub(super) fn of(lab: &str, number: &str) -> Option<Number> {
        let plain = plain(number);
        (!plain.is_empty()).then(|| Number { lab: lab.to_owned(), number: plain })
    }
}

/// Letters and digits in lower case.
pub(super) fn plain(number: &str) -> String {
    number.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Bearer {
    pub(super) fn new(source: Source, about: Subject, sample: &str, by_lab: bool) -> Bearer {
        Bearer { source, about, sample: plain(sample), by_lab, until: None }
    }

    fn stands(&self, size: u64) -> bool {
        self.source.seq < size && self.until.is_none_or(|until| until >= size)
    }
}

impl Numbers {
    pub(super) fn add(&mut self, number: Number, bearer: Bearer) {
        self.by_leaf.insert(bearer.source.leaf, number.clone());
        self.bearers.entry(number).or_default().push(bearer);
    }

    /// The statement with that leaf says so no longer from entry `seq` on.
    pub(super) fn end(&mut self, leaf: &Hash, seq: u64) {
        let Some(number) = self.by_leaf.get(leaf) else { return };
        let bearers = self.bearers.get_mut(number).into_iter().flatten();
        for bearer in bearers.filter(|bearer| bearer.source.leaf == *leaf) {
            bearer.until.get_or_insert(seq);
        }
    }

    /// Those that bear it as of `size` entries, in the order of the log.
    pub(super) fn of(&self, number: &Number, size: u64) -> impl Iterator<Item = &Bearer> {
        let bearers = self.bearers.get(number).into_iter().flatten();
        bearers.filter(move |bearer| bearer.stands(size))
    }
}
