//! Facts about a lot that carry weight or deserve a reader's eye, each with the records behind it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::acts::{Act, ActVersion};
use super::story::as_key;
use crate::merkle::Hash;
use crate::statement::subject::Subject;
use crate::text::{Lang, Words, fill, t};

/// A record that a figure or a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Source {
    pub seq: u64,
    pub leaf: Hash,
}

/// A fact of the sort `W`, which is a table of words whose blanks `says` fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(bound = "")]
pub struct Fact<W: Words> {
    #[serde(serialize_with = "as_key")]
    pub sort: W,
    /// The lot, season or plot that it is about, as text.
    pub about: String,
    /// What fills the blanks of its words.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub says: BTreeMap<&'static str, Said>,
    /// In the order of the log.
    pub records: Vec<Source>,
}

/// A value in a fact; readers see it in their own language.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// `YYYY-MM-DD`
    Day(String),
    /// A base amount: value and `g`, `ml`, `cm2` or `piece`.
    Amount(i64, &'static str),
    /// A length of time, in hours.
    Hours(i64),
    Number(i64),
    /// Bare organisation id.
    Org(String),
    /// What a laboratory found, an item each.
    Results(Vec<Measured>),
    /// A lot, season or plot.
    Subject(String),
    Text(String),
}

/// One item of a test as far as it says why the test is bad; decimals as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Measured {
    pub analyte: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where the value is above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// A code of the schema of inspections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl Source {
    pub fn of(act: &Act<'_>) -> Source {
        Source { seq: act.seq(), leaf: act.leaf }
    }

    pub fn of_version(version: &ActVersion<'_>) -> Source {
        Source { seq: version.seq, leaf: version.leaf }
    }
}

impl<W: Words> Fact<W> {
    pub fn new(sort: W, about: &Subject, records: impl IntoIterator<Item = Source>) -> Fact<W> {
        let mut records: Vec<Source> = records.into_iter().collect();
        records.sort_unstable();
        records.dedup();
        Fact { sort, about: about.to_string(), says: BTreeMap::new(), records }
    }

    pub fn says(mut self, blank: &'static str, said: Said) -> Fact<W> {
        self.says.insert(blank, said);
        self
    }

    /// In words; `word` puts one value into words.
    pub fn told(&self, lang: Lang, word: impl Fn(&Said) -> String) -> String {
        let said: Vec<(&str, String)> = self.says.iter().map(|(name, said)| (*name, word(said))).collect();
        let said: Vec<(&str, &str)> = said.iter().map(|(name, text)| (*name, text.as_str())).collect();
        fill(t(lang, self.sort), &said)
    }
}
