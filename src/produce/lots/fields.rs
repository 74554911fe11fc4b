//! What plots and seasons can bear, and what was picked from them.
//!
//! A plot's declared yield is of a year. A harvest from several fields is within their common capacity, and what was
//! picked from some of them alone must be within theirs: naming one more field hides nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::balance::{Finder, Found, amounts, clamp, share};
use super::deeds::{Amount, Deed, Harvest, Id, Plot, Season};
use super::flow::Sum;
use super::{Lots, Said};
use crate::produce::{Fact, Said as Value, Tables};
use crate::statement::quantity::Base;
use crate::statement::subject::SubjectKind;
use crate::text::Imbalance;

/// Sets of fields that are compared each on its own; where more are tangled into one another, each field and all.
const SETS_MAX: usize = 64;

/// What may be picked in a year, and the statements that say so.
#[derive(Debug, Clone, Default)]
pub(super) struct Capacity {
    pub(super) yearly: Sum,
    pub(super) expected: Sum,
}

/// Harvests of one year that share fields, by the fields that they name.
type Picked = BTreeMap<BTreeSet<Id>, Sum>;

/// The harvests of a year that are tied to a field, as of `size` entries.
struct Year {
    year: u16,
    level: Level,
    size: u64,
    picked: Picked,
}

/// Fields as plots, or as the seasons that they were named as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Plot,
    Season,
}

impl Lots {
    pub(super) fn find_of_fields(&self, ids: &BTreeSet<Id>, tables: &Tables, size: u64) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        let mut done: BTreeSet<(BTreeSet<Id>, u16)> = BTreeSet::new();
        for id in ids {
            let level = match self.name(*id).kind() {
                SubjectKind::Plot => Level::Plot,
                SubjectKind::Crop => Level::Season,
                _ => continue,
            };
            for year in self.years(*id, size) {
                let (picked, since) = self.picked(*id, year, level, size);
                let tolerance = tables.strictest_since(since).yield_tolerance;
                let year = Year { year, level, size, picked };
                for fields in sets(&year.picked).into_iter().filter(|fields| fields.contains(id)) {
                    if done.insert((fields.clone(), year.year)) {
                        found.extend(self.find_of_set(*id, &fields, &year, tolerance));
                    }
                }
            }
        }
        found
    }

    fn find_of_set(&self, about: Id, fields: &BTreeSet<Id>, year: &Year, tolerance: u64) -> Vec<Found> {
        let mut used = Sum::default();
        year.picked.iter().filter(|(from, _)| from.is_subset(fields)).for_each(|(_, sum)| used.merge(sum));
        let mut had = Sum::default();
        for field in fields {
            // A field that these records say nothing of has no bound here.
            let Some(capacity) = self.capacity(*field, tolerance, year.size) else {
                return Vec::new();
            };
            had.merge(&capacity.yearly);
        }
        let mut finder = Finder::about(self.name(about));
        let sort = match year.level {
            Level::Plot => Imbalance::PlotExceeded,
            Level::Season => Imbalance::SeasonExceeded,
        };
        let names: String = fields.iter().map(|field| format!("{} ", self.name(*field))).collect();
        let sources = || used.sources.union(&had.sources).copied();
        let is_other_unit = |base: &Base| used.value(*base) > 0 && had.value(*base) == 0;
        if used.bases().any(|base| is_other_unit(&base)) && !had.is_nothing() {
            let fact = Fact::new(Imbalance::NotComparable, finder.about, sources());
            finder.push(fact, format!("{} {names}", year.year), 0);
        }
        for base in used.bases().filter(|base| !is_other_unit(base) || had.is_nothing()) {
            let (picked, bound) = (used.value(base), had.value(base));
            if picked > bound {
                let fact =
                    amounts(Fact::new(sort, finder.about, sources()), picked, bound, picked - bound, base);
                let fact = fact.says("year", Value::Number(i64::from(year.year)));
                finder.push(fact, format!("{} {names}{base}", year.year), picked - bound);
            }
        }
        finder.found
    }

    /// Declared yearly yield of a plot, or the share of it that a season's area is, with tolerance.
    pub(super) fn capacity(&self, field: Id, tolerance: u64, size: u64) -> Option<Capacity> {
        let (plot, season) = match self.name(field).kind() {
            SubjectKind::Crop => {
                let (said, season) = self.season(field, size)?;
                (season.plot?, Some((said, season)))
            }
            _ => (field, None),
        };
        let (said, registered) = self.plot(plot, size)?;
        let declared = registered.declared?;
        let mut yearly = i128::from(declared.value);
        let mut capacity = Capacity::default();
        if let Some((opened, season)) = season {
            if let (Some(of), Some(all)) = (season.area, registered.area)
                && of.base == all.base
                && all.value > 0
            {
                yearly = yearly * i128::from(of.value.min(all.value)) / i128::from(all.value);
            }
            capacity.yearly.sources.insert(opened.source);
            if season.expected.is_some() {
                capacity.expected.add(season.expected, opened.source);
            }
        }
        let yearly = yearly + share(yearly, tolerance);
        let amount = Amount { value: clamp(yearly), base: declared.base };
        capacity.yearly.add(Some(amount), said.source);
        Some(capacity)
    }

    pub(super) fn plot(&self, plot: Id, size: u64) -> Option<(Said<'_>, &Plot)> {
        self.moves(plot, size).find_map(|said| match said.deed {
            Deed::Plot(registered) if said.act.subject == plot => Some((said, &**registered)),
            _ => None,
        })
    }

    pub(super) fn season(&self, crop: Id, size: u64) -> Option<(Said<'_>, &Season)> {
        self.moves(crop, size).find_map(|said| match said.deed {
            Deed::Season(opened) if said.act.subject == crop => Some((said, &**opened)),
            _ => None,
        })
    }

    /// What was picked of a field in a year, alone or with others.
    pub(super) fn harvested(&self, field: Id, year: u16, size: u64) -> Sum {
        let mut sum = Sum::default();
        self.harvests_on(field, size)
            .into_iter()
            .filter(|(_, harvest)| harvest.year == year)
            .for_each(|(said, harvest)| sum.add(harvest.made, said.source));
        sum
    }

    pub(super) fn years(&self, field: Id, size: u64) -> BTreeSet<u16> {
        self.harvests_on(field, size).into_iter().map(|(_, harvest)| harvest.year).collect()
    }

    /// Harvests that name the field or, for a plot, a season on it.
    fn harvests_on(&self, field: Id, size: u64) -> Vec<(Said<'_>, &Harvest)> {
        let mut found: BTreeMap<u32, (Said<'_>, &Harvest)> = BTreeMap::new();
        let mut fields = vec![field];
        fields.extend(self.moves(field, size).filter_map(|said| match said.deed {
            Deed::Season(season) if season.plot == Some(field) => Some(said.act.subject),
            _ => None,
        }));
        for field in fields {
            found.extend(self.moves(field, size).filter_map(|said| match said.deed {
                Deed::Harvest(harvest) => Some((said.place, (said, harvest))),
                _ => None,
            }));
        }
        found.into_values().collect()
    }

    /// Every harvest of that year that is tied to the field, through the fields that others name too, and the entry of
    /// the first of them.
    fn picked(&self, field: Id, year: u16, level: Level, size: u64) -> (Picked, u64) {
        let (mut picked, mut since) = (Picked::new(), u64::MAX);
        let (mut seen, mut done) = (BTreeSet::from([field]), BTreeSet::new());
        let mut open = vec![field];
        while let Some(field) = open.pop() {
            for (said, harvest) in self.harvests_on(field, size) {
                if harvest.year != year || !done.insert(said.place) {
                    continue;
                }
                let fields: BTreeSet<Id> =
                    harvest.from.iter().map(|from| self.on(*from, level, size)).collect();
                open.extend(fields.iter().copied().filter(|field| seen.insert(*field)));
                picked.entry(fields).or_default().add(harvest.made, said.source);
                since = since.min(said.act.first.seq);
            }
        }
        (picked, since)
    }

    fn on(&self, field: Id, level: Level, size: u64) -> Id {
        match level {
            Level::Plot => self.season(field, size).and_then(|(_, season)| season.plot).unwrap_or(field),
            Level::Season => field,
        }
    }
}

/// The sets of fields to compare: those that harvests name, and all together.
fn sets(picked: &Picked) -> BTreeSet<BTreeSet<Id>> {
    let all: BTreeSet<Id> = picked.keys().flatten().copied().collect();
    let mut sets: BTreeSet<BTreeSet<Id>> = match picked.len() <= SETS_MAX {
        true => picked.keys().cloned().collect(),
        false => picked.keys().filter(|fields| fields.len() == 1).cloned().collect(),
    };
    sets.insert(all);
    sets
}
