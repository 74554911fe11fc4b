//! Pre-harvest intervals: how long before picking each pesticide was last used, and how often.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::ground::{Field, Ground, Root};
use super::treatment::{
    Mixture, is_pesticide, last_day, last_day_before, last_day_until, picked_at, product_name, standing,
};
use super::{Lifting, Raised, folded};
use crate::produce::acts::{Act, ActVersion};
use crate::produce::dossier::Dossier;
use crate::produce::reason::{Fact, Said, Source};
use crate::produce::tables::{IntervalRow, Tables, in_force_since};
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::statement::time::Date;
use crate::text::Why;

/// One use of a pesticide before one harvest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// The lot picked.
    pub lot: String,
    pub product: String,
    /// Names of its active ingredients.
    pub actives: BTreeSet<String>,
    /// `YYYY-MM-DD`: the last use before it was picked, and the day of picking.
    pub used: String,
    pub picked: String,
    /// None if neither a table nor the record says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phi_days: Option<i64>,
    /// `YYYY-MM-DD`: the first day on which it might have been picked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<String>,
    /// How many days too early.
    pub days_short: i64,
    /// Only the grower's own reading of the label says how long.
    pub own_statement: bool,
    /// A row that was made up for a demonstration says how long.
    pub fictional: bool,
    /// The row that says how long, with the words of its source, for readers to compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<IntervalRow>,
    /// It entered the ledger after the goods were first sold.
    pub late: bool,
    pub input: Source,
    pub harvest: Source,
    /// The versions and table that the figures come from.
    pub records: Vec<Source>,
}

/// From when on a season may be picked, as its records say now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Earliest {
    /// `YYYY-MM-DD`. None if no interval is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The uses that set the day, and the tables behind it.
    pub records: Vec<Source>,
    /// Uses whose interval nothing says: it has to be read on the label.
    pub unknown: Vec<Source>,
    /// The day rests on the grower's own reading of the label alone.
    pub own_statement: bool,
    pub fictional: bool,
}

/// How long to wait after a use, and who says so.
#[derive(Debug, Clone, Default)]
struct Wait<'t> {
    days: Option<i64>,
    row: Option<(Source, &'t IntervalRow)>,
}

/// One way to read a use and a harvest together.
struct Reading<'v, 'a> {
    used: Date,
    picked: Date,
    input: &'v ActVersion<'a>,
    harvest: &'v ActVersion<'a>,
    wait: Wait<'v>,
}

impl Wait<'_> {
    fn table(&self) -> Option<Source> {
        self.row.map(|(table, _)| table)
    }

    fn is_fictional(&self) -> bool {
        self.row.is_some_and(|(_, row)| row.fictional)
    }
}

/// Every use of a pesticide before every harvest of the line, and what they give rise to.
pub(in crate::produce) fn intervals(ground: &Ground<'_, '_>) -> (Vec<Interval>, Vec<Raised>) {
    let (mut intervals, mut raised) = (Vec::new(), Vec::new());
    for root in &ground.roots {
        let sold = first_sale(ground, root.lot);
        for harvest in &root.harvests {
            for input in uses(ground, root) {
                let Some(reading) = strictest(&ground.dossier.tables, root, harvest, input) else { continue };
                let interval = interval(root, harvest, input, &reading, sold);
                raised.extend(raise(root, input, &interval, sold));
                intervals.push(interval);
            }
            let fields = root.fields.iter();
            raised.extend(fields.flat_map(|field| too_many(ground, root, field, harvest)));
        }
    }
    (intervals, raised)
}

/// From when on the season, or the growing lot, may be picked; None if no pesticide was used on it.
pub fn earliest_harvest(dossier: &Dossier<'_>, season: &Subject) -> Option<Earliest> {
    let crops = season_crops(dossier, season);
    let mut earliest: Option<Earliest> = None;
    for act in dossier.acts.of_kind(Kind::Input).filter(|act| act.subject() == season) {
        if is_pesticide(act.now()) {
            let wait = wait(&dossier.tables, u64::MAX, act.now(), &crops);
            earliest.get_or_insert_default().take(act, &wait);
        }
    }
    earliest
}

/// What the season is said to grow; the plot's word counts where nothing else is said.
fn season_crops(dossier: &Dossier<'_>, season: &Subject) -> BTreeSet<String> {
    let kinds = [Kind::CropOpen, Kind::Planting];
    let of_season = dossier.acts.iter().filter(|act| kinds.contains(&act.kind) && act.subject() == season);
    let of_season: Vec<&Act<'_>> = of_season.collect();
    let named = |acts: &[&Act<'_>]| -> BTreeSet<String> {
        acts.iter().filter_map(|act| act.now().text("crop")).map(folded).collect()
    };
    let crops = named(&of_season);
    if !crops.is_empty() {
        return crops;
    }
    let plots: BTreeSet<&Subject> = of_season.iter().flat_map(|act| act.subjects()).collect();
    let registers = dossier.acts.of_kind(Kind::PlotRegister).filter(|act| plots.contains(act.subject()));
    named(&registers.collect::<Vec<_>>())
}

impl Earliest {
    fn take(&mut self, act: &Act<'_>, wait: &Wait<'_>) {
        let day = wait.days.and_then(|days| last_day(act.now()).plus_days(days)).map(|day| day.to_string());
        // Days of one form sort as their texts.
        match day {
            None => self.unknown.push(Source::of_version(act.now())),
            Some(day) if self.day.as_ref().is_none_or(|known| *known < day) => {
                self.day = Some(day);
                self.records = std::iter::once(Source::of_version(act.now())).chain(wait.table()).collect();
                self.own_statement = wait.row.is_none();
                self.fictional = wait.is_fictional();
            }
            Some(_) => {}
        }
    }
}

/// Inputs on what the lot was picked from. Whether they came before the harvest, their days say.
fn uses<'d, 'a>(ground: &Ground<'d, 'a>, root: &Root<'_, '_>) -> Vec<&'d Act<'a>> {
    let inputs = ground.dossier.acts.of_kind(Kind::Input);
    inputs.filter(|act| root.fields.iter().any(|field| field.season == *act.subject())).collect()
}

/// The reading by which the lot was picked earliest, as against when it might have been. None if the pesticide was
/// not used before.
fn strictest<'v, 'a>(
    tables: &'v Tables,
    root: &Root<'_, '_>,
    harvest: &'v Act<'a>,
    input: &'v Act<'a>,
) -> Option<Reading<'v, 'a>> {
    let mut found: Option<(i64, Reading<'v, 'a>)> = None;
    for version in standing(input, harvest).iter().filter(|version| is_pesticide(version)) {
        // The table under which it was used counts too: a laxer one before the harvest is no way around it.
        let wait = wait(tables, harvest.seq().min(input.seq()), version, &root.crops);
        for picked in &harvest.versions {
            let Some(used) = used_before(root, input, version, harvest, picked) else { continue };
            let day = picked_at(harvest, picked).date();
            let short = wait.days.map_or(i64::MIN, |days| used.days() + days - day.days());
            if found.as_ref().is_none_or(|(worst, _)| short > *worst) {
                let wait = wait.clone();
                found = Some((short, Reading { used, picked: day, input: version, harvest: picked, wait }));
            }
        }
    }
    found.map(|(_, reading)| reading)
}

fn used_before(
    root: &Root<'_, '_>,
    input: &Act<'_>,
    version: &ActVersion<'_>,
    harvest: &Act<'_>,
    picked: &ActVersion<'_>,
) -> Option<Date> {
    let picked = picked_at(harvest, picked);
    if input.subject() == root.lot && root.plantings.is_empty() {
        // A lot that did not grow as such begins with its harvest: what is done to it that day is done afterwards.
        return last_day_until(version, picked.date().plus_days(-1)?);
    }
    last_day_before(version, &picked)
}

/// What tables and label say; the longest counts, and of equal ones the table that said it first.
fn wait<'t>(tables: &'t Tables, seq: u64, version: &ActVersion<'_>, crops: &BTreeSet<String>) -> Wait<'t> {
    let mut wait = Wait { days: version.integer("phi_days"), ..Wait::default() };
    for (source, row) in rows(tables, seq, version, crops) {
        let longer = wait.days.is_none_or(|days| row.phi_days > days);
        let first = wait.row.is_none() && wait.days == Some(row.phi_days);
        if longer || first {
            wait = Wait { days: Some(row.phi_days), row: Some((source, row)) };
        }
    }
    // No label and no table goes beyond a year; a bundle's records might.
    wait.days = wait.days.map(|days| days.clamp(0, 3_660));
    wait
}

fn rows<'t>(
    tables: &'t Tables,
    seq: u64,
    version: &ActVersion<'_>,
    crops: &BTreeSet<String>,
) -> Vec<(Source, &'t IntervalRow)> {
    let mixture = Mixture::of(version);
    let is_for = |row: &IntervalRow| {
        let mut names = row.same_crops.iter().chain([&row.crop]);
        names.any(|name| crops.contains(&folded(name))) && mixture.is_of(row)
    };
    let sets = in_force_since(&tables.intervals, seq).iter();
    sets.flat_map(|set| {
        let source = Source { seq: set.seq, leaf: set.leaf };
        set.rows.iter().filter(|row| is_for(row)).map(move |row| (source, row))
    })
    .collect()
}

fn interval(
    root: &Root<'_, '_>,
    harvest: &Act<'_>,
    input: &Act<'_>,
    reading: &Reading<'_, '_>,
    sold: Option<Source>,
) -> Interval {
    let earliest = reading.wait.days.and_then(|days| reading.used.plus_days(days));
    // The first version that tells of a use before the harvest makes it known.
    let mut known = standing(input, harvest).iter().filter(|version| {
        is_pesticide(version) && used_before(root, input, version, harvest, reading.harvest).is_some()
    });
    let first = known.next().map_or(reading.input.seq, |version| version.seq);
    let mut records = vec![
        Source::of(input),
        Source::of_version(reading.input),
        Source::of(harvest),
        Source::of_version(reading.harvest),
    ];
    records.extend(reading.wait.table());
    records.sort_unstable();
    records.dedup();
    Interval {
        lot: root.lot.to_string(),
        product: product_name(reading.input),
        actives: Mixture::of(reading.input).names(),
        used: reading.used.to_string(),
        picked: reading.picked.to_string(),
        phi_days: reading.wait.days,
        earliest: earliest.map(|day| day.to_string()),
        days_short: earliest.map_or(0, |day| (day.days() - reading.picked.days()).max(0)),
        own_statement: reading.wait.days.is_some() && reading.wait.row.is_none(),
        fictional: reading.wait.is_fictional(),
        row: reading.wait.row.map(|(_, row)| row.clone()),
        late: sold.is_some_and(|sold| first > sold.seq),
        input: Source::of(input),
        harvest: Source::of(harvest),
        records,
    }
}

fn raise(root: &Root<'_, '_>, input: &Act<'_>, interval: &Interval, sold: Option<Source>) -> Vec<Raised> {
    let retest = || Lifting::retest(root.lot, interval.picked.parse().ok(), interval.actives.clone());
    let product = || Said::Text(interval.product.clone());
    let fact = |why: Why| Fact::new(why, root.lot, interval.records.clone()).says("product", product());
    let mut raised = Vec::new();
    match &interval.earliest {
        None => raised.push(Raised::new(fact(Why::IntervalUnknown), retest())),
        Some(earliest) if interval.days_short > 0 => {
            let fact = fact(Why::PickedEarly)
                .says("harvest", Said::Day(interval.picked.clone()))
                .says("days", Said::Number(interval.days_short))
                .says("earliest", Said::Day(earliest.clone()));
            raised.push(Raised::new(fact, retest()));
        }
        Some(_) => {}
    }
    if let Some(sold) = sold.filter(|_| interval.late) {
        let versions = input.versions.iter().map(Source::of_version).filter(|source| source.seq > sold.seq);
        let first = versions.min();
        let fact = Fact::new(Why::LateInput, root.lot, first.into_iter().chain([sold]))
            .says("product", product())
            .says("day", Said::Day(interval.used.clone()));
        raised.push(Raised::new(fact, retest()));
    }
    raised
}

/// The first record by which the lot, or something made of it, went to those who eat it.
fn first_sale(ground: &Ground<'_, '_>, lot: &Subject) -> Option<Source> {
    let below = ground.below(lot);
    let gone = ground.dossier.acts.iter().filter(|act| match act.kind {
        Kind::Sale => true,
        Kind::Shipping => act.versions.iter().any(|version| version.data.contains_key("to_consumers")),
        _ => false,
    });
    let ours = gone.filter(|act| act.subjects().any(|subject| below.contains(subject)));
    ours.map(Source::of).min()
}

/// One product used more often in a season than table or label allow.
fn too_many(ground: &Ground<'_, '_>, root: &Root<'_, '_>, field: &Field, harvest: &Act<'_>) -> Vec<Raised> {
    let mut by_mixture: BTreeMap<Mixture, Uses> = BTreeMap::new();
    let inputs = ground.dossier.acts.of_kind(Kind::Input);
    for input in inputs.filter(|act| *act.subject() == field.season) {
        for (mixture, (used, version)) in season_uses(root, harvest, input) {
            let uses = by_mixture.entry(mixture).or_default();
            uses.product = product_name(version);
            uses.most(version.integer("max_uses"), Source::of_version(version));
            for (source, row) in
                rows(&ground.dossier.tables, harvest.seq().min(input.seq()), version, &root.crops)
            {
                uses.most(row.max_uses.and_then(|most| i64::try_from(most).ok()), source);
            }
            uses.records.insert(Source::of(input), (used, input.is_withdrawn()));
        }
    }
    by_mixture.into_iter().filter_map(|(mixture, uses)| uses.raise(root, harvest, &mixture)).collect()
}

/// The uses that a record tells of, one for each product that its versions name.
fn season_uses<'v, 'a>(
    root: &Root<'_, '_>,
    harvest: &Act<'_>,
    input: &'v Act<'a>,
) -> BTreeMap<Mixture, (Date, &'v ActVersion<'a>)> {
    let mut uses = BTreeMap::new();
    for version in standing(input, harvest).iter().filter(|version| is_pesticide(version)) {
        let used = harvest
            .versions
            .iter()
            .filter_map(|picked| used_before(root, input, version, harvest, picked))
            .max();
        if let Some(used) = used {
            uses.entry(Mixture::of(version)).or_insert((used, version));
        }
    }
    uses
}

#[derive(Default)]
struct Uses {
    product: String,
    most: Option<(i64, Source)>,
    /// Each with its day, and whether it was withdrawn.
    records: BTreeMap<Source, (Date, bool)>,
}

impl Uses {
    fn most(&mut self, most: Option<i64>, source: Source) {
        if let Some(most) = most.filter(|most| self.most.is_none_or(|(known, _)| *most < known)) {
            self.most = Some((most, source));
        }
    }

    fn raise(self, root: &Root<'_, '_>, harvest: &Act<'_>, mixture: &Mixture) -> Option<Raised> {
        let (most, source) = self.most?;
        let stands: BTreeSet<Date> =
            self.records.values().filter(|(_, withdrawn)| !withdrawn).map(|(day, _)| *day).collect();
        // What was withdrawn and said anew of the same day is one use.
        let again = |(day, withdrawn): &(Date, bool)| *withdrawn && stands.contains(day);
        let uses = self.records.values().filter(|used| !again(used)).count();
        let uses = i64::try_from(uses).unwrap_or(i64::MAX);
        if uses <= most {
            return None;
        }
        let records = self.records.keys().copied().chain([source, Source::of(harvest)]);
        let fact = Fact::new(Why::TooManyUses, root.lot, records)
            .says("product", Said::Text(self.product))
            .says("uses", Said::Number(uses))
            .says("most", Said::Number(most));
        let picked = harvest.versions.iter().map(ActVersion::day).min();
        Some(Raised::new(fact, Lifting::retest(root.lot, picked, mixture.names())))
    }
}
