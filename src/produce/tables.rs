//! The tables of produce rules that a ledger holds: what `rules.set` put into it, and from which entry on.
//!
//! Rules are data. Every row has its source; a ledger that set no table has none but the thresholds below. What was
//! done under a table is judged by that table and by every later one, the strictest counting: a better table reopens
//! the question, a laxer one closes none.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assessment::TableInForce;
use super::reason::Source;
use super::times::day_of;
use crate::ledger::Record;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::time::Date;

/// Every table, each with all its versions in the order of the log.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    pub brands: Vec<Set<BrandRow>>,
    pub intervals: Vec<Set<IntervalRow>>,
    pub limits: Vec<Set<LimitRow>>,
    pub policies: Vec<Set<PolicyRow>>,
    tunables: Vec<Set<Tunables>>,
}

/// One version of a table, in force from entry `seq` on.
#[derive(Debug, Clone)]
pub struct Set<T> {
    pub seq: u64,
    pub leaf: Hash,
    pub rows: Vec<T>,
}

/// Pre-harvest interval of a product, that is its active ingredients and formulation, on a crop.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct IntervalRow {
    pub actives: Vec<ActiveContent>,
    pub formulation: String,
    pub crop: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same_crops: Vec<String>,
    pub phi_days: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RowSource>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fictional: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub struct ActiveContent {
    pub name: String,
    /// A decimal.
    pub content: String,
    pub unit: String,
}

/// The most that may be found of a substance on a crop.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LimitRow {
    pub analyte: String,
    pub crop: String,
    #[serde(default)]
    pub same_crops: Vec<String>,
    /// A decimal.
    pub limit: String,
    pub unit: String,
    #[serde(default)]
    pub standard: Option<String>,
    #[serde(default)]
    pub source: Option<RowSource>,
    #[serde(default)]
    pub fictional: bool,
}

/// Where a row was read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct RowSource {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<String>,
    pub read_on: String,
    pub quote: String,
}

/// What is asked of the lots of some crops.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PolicyRow {
    pub crops: Vec<String>,
    /// `fresh`, `speciality`, `organic`, `dried` or `other`.
    pub category: String,
    /// `basic` or `full`.
    pub level: String,
    /// Every lot is to be sampled and tested itself.
    #[serde(default)]
    pub batch_test: bool,
    #[serde(default)]
    pub grade_standard: Option<String>,
    #[serde(default)]
    pub test_standard: Option<String>,
    #[serde(default)]
    pub pack_standard: Option<String>,
    /// Decimals, °C.
    #[serde(default)]
    pub min_temp: Option<String>,
    #[serde(default)]
    pub max_temp: Option<String>,
}

/// A regional public brand: who may use it, and for how many packs in a season.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BrandRow {
    pub brand: String,
    pub season: Season,
    pub standard: String,
    pub members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Season {
    /// `YYYY-MM-DD`, both days belonging to it.
    pub from: String,
    pub to: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Bare id.
    pub org: String,
    pub packs: u64,
}

/// Where facts become flags. What a table does not say is as here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Tunables {
    pub late_hours: i64,
    pub ahead_minutes: i64,
    pub burst_count: usize,
    pub burst_minutes: i64,
    pub burst_days: i64,
    pub sample_days: i64,
    pub shipment_days: i64,
    /// Bits, of 64, by which the perceptual hashes of two pictures of one thing may differ.
    pub photo_distance: u32,
    /// Per cent.
    pub yield_tolerance: u64,
    pub mass_tolerance: u64,
    pub excursion_minutes: i64,
    pub gap_minutes: i64,
}

impl Default for Tunables {
    fn default() -> Tunables {
        Tunables {
            late_hours: 24,
            ahead_minutes: 5,
            burst_count: 8,
            burst_minutes: 60,
            burst_days: 5,
            sample_days: 14,
            shipment_days: 7,
            photo_distance: 5,
            yield_tolerance: 10,
            mass_tolerance: 1,
            excursion_minutes: 30,
            gap_minutes: 60,
        }
    }
}

impl Tunables {
    fn stricter(self, other: Tunables) -> Tunables {
        Tunables {
            late_hours: self.late_hours.min(other.late_hours),
            ahead_minutes: self.ahead_minutes.min(other.ahead_minutes),
            burst_count: self.burst_count.min(other.burst_count),
            burst_minutes: self.burst_minutes.max(other.burst_minutes),
            burst_days: self.burst_days.min(other.burst_days),
            sample_days: self.sample_days.min(other.sample_days),
            shipment_days: self.shipment_days.min(other.shipment_days),
            photo_distance: self.photo_distance.max(other.photo_distance),
            yield_tolerance: self.yield_tolerance.min(other.yield_tolerance),
            mass_tolerance: self.mass_tolerance.min(other.mass_tolerance),
            excursion_minutes: self.excursion_minutes.min(other.excursion_minutes),
            gap_minutes: self.gap_minutes.min(other.gap_minutes),
        }
    }
}

impl Tables {
    /// Reads the `rules.set` records among `records`, which are in the order of the log. A row that does not have the
    /// form of its schema is passed over: a bundle's records have not met their schemas.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Tables {
        let mut tables = Tables::default();
        for record in records {
            tables.take(record);
        }
        tables
    }

    pub fn take(&mut self, record: &Record) {
        let statement = &record.statement;
        if Kind::try_from(&statement.kind) != Ok(Kind::RulesSet) {
            return;
        }
        match statement.data.get("table").and_then(Value::as_str) {
            Some("brands") => self.brands.push(set(record, "brands")),
            Some("intervals") => self.intervals.push(set(record, "intervals")),
            Some("limits") => self.limits.push(set(record, "limits")),
            Some("policies") => self.policies.push(set(record, "policies")),
            Some("tunables") => {
                let set_to = statement.data.get("tunables");
                let rows = set_to.and_then(|value| Tunables::deserialize(value).ok()).into_iter().collect();
                self.tunables.push(Set { seq: record.seq, leaf: record.leaf(), rows });
            }
            _ => {}
        }
    }

    /// The newest thresholds.
    pub fn tunables(&self) -> Tunables {
        self.tunables.iter().rev().find_map(|set| set.rows.first()).copied().unwrap_or_default()
    }

    /// The thresholds in force when the ledger took `seq`, and all later ones.
    fn tunables_since(&self, seq: u64) -> Vec<Tunables> {
        let unset = self.tunables.first().is_none_or(|first| first.seq > seq);
        let sets = in_force_since(&self.tunables, seq).iter().filter_map(|set| set.rows.first().copied());
        unset.then(Tunables::default).into_iter().chain(sets).collect()
    }

    /// Of all of those, in each the one that lets the least pass.
    pub fn strictest_since(&self, seq: u64) -> Tunables {
        let strictest = self.tunables_since(seq).into_iter().reduce(Tunables::stricter);
        strictest.unwrap_or_else(|| self.tunables())
    }

    /// The newest version of every table that there is, by name.
    pub fn in_force(&self) -> Vec<TableInForce> {
        fn newest<T>(table: &'static str, sets: &[Set<T>]) -> Option<TableInForce> {
            let set = sets.last()?;
            Some(TableInForce { table, version: sets.len(), source: Source { seq: set.seq, leaf: set.leaf } })
        }
        let tables = [
            newest("brands", &self.brands),
            newest("intervals", &self.intervals),
            newest("limits", &self.limits),
            newest("policies", &self.policies),
            newest("tunables", &self.tunables),
        ];
        tables.into_iter().flatten().collect()
    }
}

/// The versions that count for what the ledger took at `seq`: the one in force there and every later one.
pub fn in_force_since<T>(sets: &[Set<T>], seq: u64) -> &[Set<T>] {
    let first = sets.iter().rposition(|set| set.seq <= seq).unwrap_or(0);
    &sets[first..]
}

fn set<T: DeserializeOwned>(record: &Record, table: &str) -> Set<T> {
    let rows = record.statement.data.get(table).and_then(Value::as_array).into_iter().flatten();
    let rows = rows.filter(|row| row.get("source").is_none_or(|source| could_be_read(source, record.at)));
    let rows = rows.filter_map(|row| T::deserialize(row).ok()).collect();
    Set { seq: record.seq, leaf: record.leaf(), rows }
}

/// Nobody has read what was not yet written, nor on a day that was still to come: such a row says nothing.
fn could_be_read(source: &Value, at: i64) -> bool {
    let day = |name: &str| source.get(name)?.as_str()?.parse::<Date>().ok();
    match (day("dated"), day("read_on")) {
        // A day more, for wherever on Earth it was read.
        (dated, Some(read)) => read.days() <= day_of(at) + 1 && dated.is_none_or(|dated| dated <= read),
        _ => true,
    }
}

impl Season {
    pub fn holds(&self, day: Date) -> bool {
        let (from, to) = (self.from.parse::<Date>(), self.to.parse::<Date>());
        matches!((from, to), (Ok(from), Ok(to)) if from <= day && day <= to)
    }
}

impl IntervalRow {
    pub fn is_for_crop(&self, crop: &str) -> bool {
        self.crop == crop || self.same_crops.iter().any(|same| same == crop)
    }
}

impl LimitRow {
    pub fn is_for_crop(&self, crop: &str) -> bool {
        self.crop == crop || self.same_crops.iter().any(|same| same == crop)
    }
}
