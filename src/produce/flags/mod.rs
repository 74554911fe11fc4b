//! Honesty flags: facts in the records of a batch that a reader may want to know. None of them accuses anybody.
//!
//! [`of`] tells what the records of one batch show; [`Watchlist`] what only the whole ledger can: a photo, a report
//! number or a sample number that stands elsewhere, and many entries at once. Thresholds are the ledger's own
//! ([`Tunables`]). What somebody took back is told as taken back and not held against them a second time, except that
//! it answers nothing.

mod entries;
mod laboratory;
mod mixing;
mod numbers;
mod open;
mod order;
mod people;
mod watch;

#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

pub use watch::Watchlist;

use super::acts::{Act, ActVersion};
use super::dossier::Dossier;
use super::reason::{Fact, Said, Source};
use super::tables::Tunables;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::statement::time::Date;
use crate::text::Flag;

/// The flags that the records of the batch show by themselves, in the order of the log.
pub fn of(dossier: &Dossier<'_>) -> Vec<Fact<Flag>> {
    let look = Look::of(dossier);
    let mut flags = Vec::new();
    for find in [entries::find, order::find, open::find, laboratory::find, mixing::find, people::find] {
        find(&look, &mut flags);
    }
    in_order(flags)
}

/// By the newest record of each, then by what is said.
fn in_order(mut flags: Vec<Fact<Flag>>) -> Vec<Fact<Flag>> {
    flags.sort_by_key(|flag| (flag.records.last().copied(), flag.sort));
    flags.dedup();
    flags
}

type Flags = Vec<Fact<Flag>>;

/// What every flag looks at.
struct Look<'d, 'a> {
    dossier: &'d Dossier<'a>,
    /// Of the batch's line, withdrawn ones among them.
    told: Vec<&'d Act<'a>>,
    /// How and when each lot came to be.
    made: BTreeMap<&'a str, Made>,
}

/// A lot's beginning.
#[derive(Debug, Clone, Copy)]
struct Made {
    day: Date,
    source: Source,
    /// Of the first harvest that went into it.
    harvested: Option<(Date, Source)>,
}

impl<'d, 'a> Look<'d, 'a> {
    fn of(dossier: &'d Dossier<'a>) -> Look<'d, 'a> {
        Look { dossier, told: dossier.told().collect(), made: made(dossier) }
    }

    /// The thresholds for an act: those in force when the ledger took it, and no laxer ones since.
    fn tunables(&self, act: &Act<'_>) -> Tunables {
        self.dossier.tables.strictest_since(act.seq())
    }

    /// What counts: told and not taken back.
    fn standing(&self) -> impl Iterator<Item = &'d Act<'a>> + '_ {
        self.told.iter().copied().filter(|act| !act.is_withdrawn())
    }

    fn standing_of(&self, kind: Kind) -> impl Iterator<Item = &'d Act<'a>> + '_ {
        self.standing().filter(move |act| act.kind == kind)
    }

    /// The sampling that a result answers: the one that it names, or one with its number, best for its laboratory.
    fn sampling_of(&self, inspection: &Act<'_>) -> Option<&'d Act<'a>> {
        let result = inspection.now();
        if let Some(named) = named_leaf(result, "sampling") {
            return self.dossier.acts.by_leaf(&named).filter(|act| act.kind == Kind::Sampling);
        }
        let number = result.text("sample_no")?;
        let numbered = || {
            let samplings = self.dossier.acts.of_kind(Kind::Sampling);
            samplings.filter(move |act| act.now().text("sample_no") == Some(number))
        };
        numbered().find(|act| act.now().text("lab") == result.text("lab")).or_else(|| numbered().next())
    }

    /// The batch, or something that it came from.
    fn is_of_line(&self, subject: &str) -> bool {
        Subject::parse(subject).is_ok_and(|subject| self.dossier.has(&subject))
    }
}

/// By lot, from all records, so that chains are whole.
fn made<'a>(dossier: &Dossier<'a>) -> BTreeMap<&'a str, Made> {
    let mut made: BTreeMap<&str, Made> = BTreeMap::new();
    for act in dossier.acts.iter().filter(|act| !act.is_withdrawn()) {
        let (day, source) = (act.now().day(), Source::of(act));
        match act.kind {
            Kind::Harvest => {
                let harvest = Made { day, source, harvested: Some((day, source)) };
                made.entry(act.subject().as_str()).or_insert(harvest);
            }
            Kind::Grading | Kind::Packing | Kind::Processing => {
                let inputs = lots_in(act.now(), "inputs");
                let harvested = inputs.filter_map(|(lot, _)| made.get(lot)?.harvested).min();
                for (lot, _) in lots_in(act.now(), "outputs") {
                    made.entry(lot).or_insert(Made { day, source, harvested });
                }
            }
            _ => {}
        }
    }
    made
}

/// The lots of a list of lots with quantities, each with its element.
fn lots_in<'a>(version: &ActVersion<'a>, list: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    version.list(list).iter().filter_map(|item| Some((item.get("lot")?.as_str()?, item)))
}

fn named_leaf(version: &ActVersion<'_>, name: &str) -> Option<Hash> {
    version.text(name)?.parse().ok()
}

fn day(date: Date) -> Said {
    Said::Day(date.to_string())
}

/// Two days that stand the wrong way round.
fn days(sort: Flag, about: &Subject, one: (Date, Source), other: (Date, Source)) -> Fact<Flag> {
    Fact::new(sort, about, [one.1, other.1]).says("day", day(one.0)).says("other", day(other.0))
}
