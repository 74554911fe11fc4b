//! Everything that the rules of produce come to on one batch: where it stands and why, its quantities, who vouches for
//! it, and what a reader may want to know of its records.
//!
//! From the records of its trace alone, as a bundle holds them, or with the accounts of the whole ledger beside them:
//! whether a photo or a report number stands elsewhere, or a member packed more than its quota, only the whole can
//! tell. [`Scope`] says which of the two it was.

use std::collections::BTreeSet;

use serde::Serialize;

use super::dossier::Dossier;
use super::flags::{self, Watchlist};
use super::lots::{Balance, Lots, StageLoss};
use super::reason::{Fact, Source};
use super::seats::{Guarantee, Seats, guarantees};
use super::status::{Judgement, Reason};
use super::story::Ask;
use crate::ledger::{Entry, Record};
use crate::statement::kinds::Kind;
use crate::statement::subject::{Subject, SubjectKind};
use crate::text::{Flag, Imbalance, Why};

/// The accounts of a whole ledger, which have taken at least the entries that are asked about.
#[derive(Clone, Copy)]
pub struct Wide<'a> {
    pub lots: &'a Lots,
    pub watchlist: &'a Watchlist,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    #[serde(flatten)]
    pub judgement: Judgement,
    pub imbalances: Vec<Fact<Imbalance>>,
    /// Of the batch, then of the seasons and plots that it was picked from.
    pub balances: Vec<Balance>,
    pub losses: Vec<StageLoss>,
    #[serde(flatten)]
    pub seats: Seats,
    pub guarantees: Vec<Guarantee>,
    pub flags: Vec<Fact<Flag>>,
    /// Rule tables in force at the end, by name.
    pub tables: Vec<TableInForce>,
    pub scope: Scope,
}

/// What was looked at beyond the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The whole ledger.
    Ledger,
    /// Nothing: facts that other lots' records would show are not checked.
    Trace,
}

/// The newest version of a rule table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableInForce {
    pub table: &'static str,
    /// Counted from 1.
    pub version: usize,
    pub source: Source,
}

impl Assessment {
    pub fn of(ask: &Ask<'_>) -> Assessment {
        let dossier = Dossier::of(ask);
        match ask.wide {
            Some(wide) => Assessment::beside(&dossier, wide, Scope::Ledger),
            None => {
                let records = || ask.records.values().filter_map(Entry::as_record);
                let (lots, watchlist) = (Lots::of(records()), watchlist(records()));
                Assessment::beside(&dossier, Wide { lots: &lots, watchlist: &watchlist }, Scope::Trace)
            }
        }
    }

    fn beside(dossier: &Dossier<'_>, wide: Wide<'_>, scope: Scope) -> Assessment {
        let size = dossier.size;
        let imbalances = imbalances(dossier, wide.lots);
        let held = imbalances.iter().filter(|imbalance| imbalance.sort.holds()).map(as_reason);
        let judgement = Judgement::of(dossier, held.collect());
        let mut seats = Seats::of(dossier);
        seats.mark(&causes(&judgement));
        let mut flags = flags::of(dossier);
        flags.extend(wide.watchlist.flags(dossier));
        flags.sort_by_key(|flag| (flag.records.last().copied(), flag.sort));
        flags.dedup();
        let fields = dossier.crops().chain(dossier.plots());
        let about = std::iter::once(dossier.subject).chain(fields);
        Assessment {
            balances: about.map(|subject| wide.lots.balance(subject, size)).collect(),
            losses: wide.lots.losses(dossier.lots(), size),
            guarantees: guarantees(dossier),
            tables: dossier.tables.in_force(),
            judgement,
            imbalances,
            seats,
            flags,
            scope,
        }
    }
}

/// Figures of the line that do not add up. Of fields only those of the harvests that the batch came from: another
/// year's excess is not this batch's.
fn imbalances(dossier: &Dossier<'_>, lots: &Lots) -> Vec<Fact<Imbalance>> {
    let harvests: BTreeSet<Source> = dossier
        .told()
        .filter(|act| act.kind == Kind::Harvest)
        .flat_map(|act| act.versions.iter().map(Source::of_version))
        .collect();
    let subjects = dossier.lots().chain(dossier.crops()).chain(dossier.plots());
    let mut found = lots.imbalances(subjects, &dossier.tables, dossier.size);
    found.retain(|fact| {
        let is_lot = Subject::parse(&fact.about).is_ok_and(|about| about.kind() == SubjectKind::Batch);
        is_lot || fact.records.iter().any(|record| harvests.contains(record))
    });
    found
}

/// The figures themselves stand with the imbalance.
fn as_reason(imbalance: &Fact<Imbalance>) -> Reason {
    Fact {
        sort: Why::Balance,
        about: imbalance.about.clone(),
        says: Default::default(),
        records: imbalance.records.clone(),
    }
}

/// The record that completes each reason for a hold.
fn causes(judgement: &Judgement) -> Vec<Source> {
    let holds = judgement.reasons.iter().filter(|reason| reason.is_hold());
    holds.filter_map(|reason| reason.records.last().copied()).collect()
}

fn watchlist<'a>(records: impl Iterator<Item = &'a Record>) -> Watchlist {
    let mut watchlist = Watchlist::default();
    for record in records {
        watchlist.take(record);
    }
    watchlist
}
