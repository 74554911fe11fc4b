//! Where figures do not add up.

use std::collections::{BTreeMap, BTreeSet};

use super::deeds::{Deed, Id, Making};
use super::flow::{Sum, weigh, weight_of};
use super::{Lots, Said};
use crate::produce::{Fact, Said as Value, Source, Tables};
use crate::statement::quantity::Base;
use crate::statement::subject::{Subject, SubjectKind};
use crate::text::Imbalance;

/// Statements that are gone through to see what changes of one subject's figures put right, the newest changes first.
const GONE_THROUGH_MAX: usize = 50_000;

/// A fact, what tells it from others of its sort, and how grave it is: what has grown since is news.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) fact: Fact<Imbalance>,
    pub(super) key: String,
    pub(super) over: i128,
}

/// Collects findings about one subject.
pub(super) struct Finder<'a> {
    pub(super) about: &'a Subject,
    pub(super) found: Vec<Found>,
    keys: BTreeSet<String>,
}

impl Lots {
    /// Everything that does not add up about these lots, seasons and plots, as of `size` entries, under the newest
    /// brand table of `tables` and the strictest thresholds since what is judged.
    pub fn imbalances<'a>(
        &self,
        subjects: impl IntoIterator<Item = &'a Subject>,
        tables: &Tables,
        size: u64,
    ) -> Vec<Fact<Imbalance>> {
        let ids: BTreeSet<Id> =
            subjects.into_iter().filter_map(|subject| self.ids.get(subject)).copied().collect();
        let mut found = self.find(&ids, tables, size);
        let put_right = self.find_put_right(&ids, tables, &found, size);
        found.extend(put_right);
        found.into_iter().map(|found| found.fact).collect()
    }

    /// What does not add up now.
    pub(super) fn find(&self, ids: &BTreeSet<Id>, tables: &Tables, size: u64) -> Vec<Found> {
        let mut found = Vec::new();
        let mut makings: BTreeMap<u32, Said<'_>> = BTreeMap::new();
        for id in ids.iter().filter(|id| self.name(**id).kind() == SubjectKind::Batch) {
            found.extend(self.find_of_lot(*id, size));
            makings.extend(self.moves(*id, size).filter_map(|said| match said.deed {
                Deed::Making(making) if making.outputs.iter().any(|output| output.lot == *id) => {
                    Some((said.place, said))
                }
                _ => None,
            }));
        }
        for said in makings.values() {
            found.extend(self.find_of_making(said, tables, size));
        }
        found.extend(self.find_of_fields(ids, tables, size));
        found.extend(self.find_of_brands(makings.values(), tables, size));
        found.sort_by(|a, b| (&a.fact.records, &a.key).cmp(&(&b.fact.records, &b.key)));
        found
    }

    fn find_of_lot(&self, lot: Id, size: u64) -> Vec<Found> {
        let mut finder = Finder::about(self.name(lot));
        let flow = self.flow(lot, size);
        let (made, used) = (flow.made(), flow.used());
        finder.compare(Imbalance::Oversold, &used, &made, "", &[]);
        for (org, hands) in &flow.hands {
            let org = self.word(*org);
            let said = [("org", Value::Org(org.to_owned()))];
            let (used, had) = (hands.used(), hands.had());
            finder.compare(Imbalance::HolderOverdrawn, &used, &had, org, &said);
        }
        for receipt in &flow.receipts {
            let org = self.word(receipt.by);
            let key = receipt.received.sources.first().map(|source| source.seq.to_string());
            let said = [("org", Value::Org(org.to_owned()))];
            let key = key.unwrap_or_default();
            finder.compare(Imbalance::ReceivedMore, &receipt.received, &receipt.sent, &key, &said);
        }
        for (org, sources) in &flow.overlaps {
            let org = self.word(*org);
            let fact = Fact::new(Imbalance::OverlappingSales, finder.about, sources.iter().copied());
            let key = sources.iter().map(|source| format!("{} ", source.seq)).collect();
            finder.push(fact.says("org", Value::Org(org.to_owned())), key, 0);
        }
        finder.found
    }

    /// What held until somebody corrected or withdrew a figure: that is put right, and it is told that it was.
    fn find_put_right(&self, ids: &BTreeSet<Id>, tables: &Tables, found: &[Found], size: u64) -> Vec<Found> {
        let now: BTreeSet<&String> = found.iter().map(|found| &found.key).collect();
        let mut put_right: Vec<Found> = Vec::new();
        for id in ids {
            let changes_max = GONE_THROUGH_MAX / self.moves(*id, size).count().max(1);
            for change in self.changes(*id, size).into_iter().rev().take(changes_max.max(1)) {
                let mut before = match self.name(*id).kind() {
                    SubjectKind::Batch => self.find_of_lot(*id, change.seq),
                    _ => self.find_of_fields(&BTreeSet::from([*id]), tables, change.seq),
                };
                before.retain(|found| found.fact.sort.holds() && !now.contains(&found.key));
                let mut finder = Finder::about(self.name(*id));
                for old in before {
                    let records = old.fact.records.iter().copied().chain([change]);
                    let over = old.fact.says.get("over").cloned();
                    let mut fact = Fact::new(Imbalance::PutRight, finder.about, records);
                    fact.says.extend(over.map(|over| ("over", over)));
                    finder.push(fact, old.key, old.over);
                }
                // The newest change first: what it put right is not told of the changes before it.
                let known = |found: &Found| put_right.iter().any(|told| told.key == found.key);
                let new: Vec<Found> = finder.found.into_iter().filter(|found| !known(found)).collect();
                put_right.extend(new);
            }
        }
        put_right
    }

    fn find_of_making(&self, said: &Said<'_>, tables: &Tables, size: u64) -> Vec<Found> {
        let Deed::Making(making) = said.deed else { return Vec::new() };
        let mut finder = Finder::about(self.name(said.act.subject));
        let key = said.act.first.seq.to_string();
        let tolerance = tables.strictest_since(said.act.first.seq).mass_tolerance;
        let (put_in, out) = (self.put_in(making, said.source, size), self.got_out(making, said.source));
        // Where it is known what went in weighs, the count alone says too little.
        let is_unweighed = put_in.bases().all(|base| base == Base::Piece);
        if !making.has_additives && !(is_unweighed && is_even_by_count(making)) {
            finder.mass(&put_in, &out, tolerance, &key, said.source);
        }
        finder.packs(making, tolerance, &key, said.source);
        finder.found
    }

    pub(super) fn put_in(&self, making: &Making, source: Source, size: u64) -> Sum {
        let mut sum = Sum::default();
        for (lot, taken) in &making.inputs {
            let weight = self.weight(*lot, size);
            sum.add(taken.map(|amount| weigh(weight, amount)), source);
        }
        sum
    }

    /// Outputs and the loss that is stated.
    pub(super) fn got_out(&self, making: &Making, source: Source) -> Sum {
        let (mut sum, weight) = (Sum::default(), weight_of(making));
        let outputs = making.outputs.iter().map(|output| output.made);
        for amount in outputs.chain([making.loss]) {
            sum.add(amount.map(|amount| weigh(weight, amount)), source);
        }
        sum
    }
}

/// Counted by the piece on both sides, it needs no weighing: what one weighs is said of the packs alone.
fn is_even_by_count(making: &Making) -> bool {
    let count = |amounts: &mut dyn Iterator<Item = Option<super::Amount>>| -> Option<i128> {
        let pieces = amounts.map(|amount| amount.filter(|amount| amount.base == Base::Piece));
        pieces.map(|amount| amount.map(|amount| i128::from(amount.value))).sum()
    };
    let put_in = count(&mut making.inputs.iter().map(|(_, taken)| *taken));
    let made = making.outputs.iter().map(|output| output.made);
    put_in.is_some() && put_in == count(&mut made.chain([making.loss]))
}

impl<'a> Finder<'a> {
    pub(super) fn about(about: &'a Subject) -> Finder<'a> {
        Finder { about, found: Vec::new(), keys: BTreeSet::new() }
    }
    /// `used` must be no more than there was, in each unit. Units in which there was nothing cannot be compared.
    fn compare(&mut self, sort: Imbalance, used: &Sum, had: &Sum, key: &str, said: &[(&'static str, Value)]) {
        let sources = || used.sources.union(&had.sources).copied();
        let is_known = !had.is_nothing() && !had.is_unclear;
        let mut is_incomparable = used.is_unclear || had.is_unclear;
        for base in used.bases().collect::<Vec<_>>() {
            let (used, had_here) = (used.value(base), had.value(base));
            let over = used - had_here;
            if over <= 0 {
                continue;
            }
            if had_here == 0 && is_known || had.is_unclear {
                is_incomparable = true;
                continue;
            }
            let mut fact = amounts(Fact::new(sort, self.about, sources()), used, had_here, over, base);
            for (blank, value) in said {
                fact = fact.says(blank, value.clone());
            }
            self.push(fact, format!("{key} {base}"), over);
        }
        if is_incomparable {
            let fact = Fact::new(Imbalance::UsesNotComparable, self.about, sources());
            self.push(fact, String::new(), 0);
        }
    }

    fn mass(&mut self, put_in: &Sum, out: &Sum, tolerance: u64, key: &str, source: Source) {
        let bases: BTreeSet<Base> = put_in.bases().chain(out.bases()).collect();
        if put_in.is_unclear || out.is_unclear || bases.len() > 1 {
            let fact = Fact::new(Imbalance::NotComparable, self.about, [source]);
            return self.push(fact, key.to_owned(), 0);
        }
        for base in bases {
            let (used, had) = (out.value(base), put_in.value(base));
            let slack = share(had, tolerance);
            if used > had + slack {
                let fact = Fact::new(Imbalance::MadeMore, self.about, [source]);
                self.push(amounts(fact, used, had, used - had, base), key.to_owned(), used - had);
            } else if had - used > slack {
                let fact = Fact::new(Imbalance::UnexplainedLoss, self.about, [source]);
                self.push(amounts(fact, used, had, had - used, base), key.to_owned(), had - used);
            }
        }
    }

    /// What the labels promise against what was packed.
    fn packs(&mut self, making: &Making, tolerance: u64, key: &str, source: Source) {
        let Some(packs) = &making.packs else { return };
        let made = making.outputs.iter().map(|output| output.made);
        let grams = made.map(|made| made.filter(|amount| amount.base == Base::Gram));
        // Packed by the piece: what a piece weighs was computed from the packs themselves.
        let Some(had) = grams.map(|made| made.map(|amount| i128::from(amount.value))).sum::<Option<i128>>()
        else {
            return;
        };
        let used = i128::from(packs.net_weight) * i128::from(packs.count);
        let slack = share(had, tolerance);
        let sort = match () {
            () if used > had + slack => Imbalance::PacksExceed,
            () if had - used > slack => Imbalance::PacksShort,
            () => return,
        };
        let fact = amounts(Fact::new(sort, self.about, [source]), used, had, (used - had).abs(), Base::Gram);
        self.push(fact.says("count", Value::Number(packs.count)), key.to_owned(), (used - had).abs());
    }

    pub(super) fn push(&mut self, fact: Fact<Imbalance>, key: String, over: i128) {
        let key = format!("{:?} {} {key}", fact.sort, fact.about);
        if self.keys.insert(key.clone()) {
            self.found.push(Found { fact, key, over });
        }
    }
}

pub(super) fn amounts(
    fact: Fact<Imbalance>,
    used: i128,
    had: i128,
    over: i128,
    base: Base,
) -> Fact<Imbalance> {
    let amount = |value: i128| Value::Amount(clamp(value), base.as_str());
    fact.says("used", amount(used)).says("had", amount(had)).says("over", amount(over))
}

pub(super) fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// So many per cent of it. A bundle's thresholds have not met their schema: more than tenfold is no tolerance.
pub(super) fn share(of: i128, per_cent: u64) -> i128 {
    of * i128::from(per_cent.min(1_000)) / 100
}
