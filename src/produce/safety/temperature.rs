//! The cold chain: minutes out of range, minutes without readings, and what readings contradict.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::ground::Ground;
use super::{Lifting, Raised, folded};
use crate::produce::acts::{Act, ActVersion};
use crate::produce::reason::{Fact, Said, Source};
use crate::produce::tables::{PolicyRow, in_force_since};
use crate::statement::decimal::Decimal;
use crate::statement::kinds::Kind;
use crate::statement::time::Instant;
use crate::text::Why;

/// What the readings of the line's storage come to. Where nothing was measured, nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Temperature {
    /// Runs of readings.
    pub runs: usize,
    /// None if there are no readings at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_minutes: Option<i64>,
    pub over_allowed: i64,
    pub gap_allowed: i64,
    pub records: Vec<Source>,
}

/// One run of readings, the worst that its versions say.
#[derive(Debug, Clone, Default)]
struct Run {
    sensor: String,
    /// Unix seconds.
    from: i64,
    to: i64,
    over: i64,
    gap: i64,
    records: Vec<Source>,
}

pub(in crate::produce) fn temperature(ground: &Ground<'_, '_>) -> (Temperature, Vec<Raised>) {
    let mut raised: Vec<Raised> = stored(ground).filter_map(|act| contradiction(ground, act)).collect();
    raised.extend(received(ground).filter_map(|act| warm(ground, act)));
    let runs = runs(ground);
    let mut records: Vec<Source> = runs.iter().flat_map(|run| run.records.iter().copied()).collect();
    records.sort_unstable();
    records.dedup();
    let first = records.iter().map(|source| source.seq).min().unwrap_or(0);
    let tunables = ground.dossier.tables.strictest_since(first);
    let minutes = |of: fn(&Run) -> i64| (!runs.is_empty()).then(|| longest(&runs, of));
    let temperature = Temperature {
        runs: runs.len(),
        over_minutes: minutes(|run| run.over),
        gap_minutes: minutes(|run| run.gap),
        over_allowed: tunables.excursion_minutes,
        gap_allowed: tunables.gap_minutes,
        records,
    };
    let beyond = |why: Why, minutes: Option<i64>, allowed: i64, of: fn(&Run) -> i64| {
        let minutes = minutes.filter(|minutes| *minutes > allowed)?;
        let records = runs.iter().filter(|run| of(run) > 0).flat_map(|run| run.records.iter().copied());
        let fact = Fact::new(why, ground.dossier.subject, records)
            .says("minutes", Said::Number(minutes))
            .says("allowed", Said::Number(allowed));
        Some(Raised::new(fact, Lifting::Authority { from: None }))
    };
    raised.extend(beyond(Why::Excursion, temperature.over_minutes, temperature.over_allowed, |run| run.over));
    raised.extend(beyond(Why::ReadingGap, temperature.gap_minutes, temperature.gap_allowed, |run| run.gap));
    (temperature, raised)
}

fn received<'g, 'a>(ground: &'g Ground<'_, 'a>) -> impl Iterator<Item = &'g Act<'a>> {
    ground.dossier.told().filter(|act| act.kind == Kind::Receiving)
}

/// Storage of the line: what is told of it, and readings entered later that were made before the batch was taken.
fn stored<'g, 'a>(ground: &'g Ground<'_, 'a>) -> impl Iterator<Item = &'g Act<'a>> {
    let told: BTreeSet<u64> = ground.dossier.told().map(Act::seq).collect();
    let is_earlier = |act: &Act<'_>| {
        let mut days = act.versions.iter().filter_map(|version| {
            let from = version.data.get("readings")?.get("from")?.as_str()?.parse::<Instant>().ok()?;
            Some(from.date())
        });
        let before = |day| act.subjects().any(|subject| ground.dossier.is_before_drawing(subject, day));
        days.any(before)
    };
    let acts = ground.dossier.acts.of_kind(Kind::Storage);
    acts.filter(move |act| told.contains(&act.seq()) || is_earlier(act))
}

/// Readings by sensor and time: what is entered twice is one run. When they were made, the first version says: a
/// correction does not push runs into one another.
fn runs(ground: &Ground<'_, '_>) -> Vec<Run> {
    let mut runs: BTreeMap<(String, i64, i64), Run> = BTreeMap::new();
    for act in stored(ground) {
        let said: Vec<(&ActVersion<'_>, &Value)> = act
            .versions
            .iter()
            .filter_map(|version| Some((version, version.data.get("readings")?)))
            .collect();
        let Some((first, readings)) = said.first() else { continue };
        let run = runs.entry(made(first, readings)).or_default();
        for (version, readings) in &said {
            let minutes = |name: &str| readings.get(name).and_then(Value::as_i64).unwrap_or(0).max(0);
            let (over, gap) = (minutes("over_minutes"), minutes("gap_minutes"));
            // A version that says nothing worse adds nothing.
            if over > run.over || gap > run.gap || run.records.is_empty() {
                run.records.extend([Source::of(act), Source::of_version(version)]);
            }
            (run.over, run.gap) = (run.over.max(over), run.gap.max(gap));
        }
    }
    let made = runs.into_iter().map(|((sensor, from, to), run)| Run { sensor, from, to, ..run });
    made.collect()
}

/// Sensor, and from when to when in Unix seconds.
fn made(version: &ActVersion<'_>, readings: &Value) -> (String, i64, i64) {
    let seconds = |name: &str| {
        let instant = readings.get(name)?.as_str()?.parse::<Instant>().ok()?;
        Some(instant.unix_seconds())
    };
    let sensor = readings.get("sensor_id").and_then(Value::as_str).map(folded).unwrap_or_default();
    let from = seconds("from").unwrap_or(version.at / 1_000);
    (sensor, from, seconds("to").unwrap_or(from).max(from))
}

/// The most minutes that add up without counting one moment twice: runs that follow one another, whatever their
/// sensors are called, or all runs of one sensor. More readings never make it less.
fn longest(runs: &[Run], minutes: fn(&Run) -> i64) -> i64 {
    let mut by_end: Vec<&Run> = runs.iter().collect();
    by_end.sort_by_key(|run| (run.to, run.from));
    let mut best = vec![0_i64; by_end.len() + 1];
    for (place, run) in by_end.iter().enumerate() {
        let before = by_end[..place].partition_point(|earlier| earlier.to <= run.from);
        best[place + 1] = best[place].max(best[before].saturating_add(minutes(run)));
    }
    let mut by_sensor: BTreeMap<&str, i64> = BTreeMap::new();
    for run in runs {
        let sum = by_sensor.entry(&run.sensor).or_default();
        *sum = sum.saturating_add(minutes(run));
    }
    best[by_end.len()].max(by_sensor.into_values().max().unwrap_or(0))
}

/// Readings beyond the range, in a record that says that they never were.
fn contradiction(ground: &Ground<'_, '_>, act: &Act<'_>) -> Option<Raised> {
    let beyond = |version: &&ActVersion<'_>| {
        let readings = version.data.get("readings");
        let read = |name: &str| decimal(readings?.get(name)?.as_str()?);
        let over = readings.and_then(|readings| readings.get("over_minutes")).and_then(Value::as_i64);
        let own = |name: &str| version.text(name).and_then(decimal);
        let least = own("min_temp")
            .max(policy_rows(ground, act).filter_map(|row| decimal(row.min_temp.as_deref()?)).max());
        let most = [own("max_temp"), policy_max(ground, act)].into_iter().flatten().min();
        over == Some(0)
            && (matches!((read("max"), most), (Some(read), Some(most)) if read > most)
                || matches!((read("min"), least), (Some(read), Some(least)) if read < least))
    };
    let version = act.versions.iter().find(beyond)?;
    let readings = version.data.get("readings")?;
    let said =
        |name: &str| Said::Text(readings.get(name).and_then(Value::as_str).unwrap_or_default().to_owned());
    let records = [Source::of(act), Source::of_version(version)];
    let fact = Fact::new(Why::TemperatureContradicts, act.subject(), records);
    Some(Raised::new(
        fact.says("min", said("min")).says("max", said("max")),
        Lifting::Authority { from: None },
    ))
}

fn warm(ground: &Ground<'_, '_>, act: &Act<'_>) -> Option<Raised> {
    let max = policy_max(ground, act)?;
    let is_warm = |version: &&ActVersion<'_>| {
        version.text("temp_on_arrival").and_then(decimal).is_some_and(|temp| temp > max)
    };
    let version = act.versions.iter().find(is_warm)?;
    let rows = policy_rows(ground, act).filter_map(|row| row.max_temp.clone());
    let said = rows.min_by_key(|text| decimal(text));
    let fact = Fact::new(Why::WarmOnArrival, act.subject(), [Source::of(act), Source::of_version(version)])
        .says("temp", Said::Text(version.text("temp_on_arrival").unwrap_or_default().to_owned()))
        .says("max", Said::Text(said.unwrap_or_default()));
    Some(Raised::new(fact, Lifting::Never))
}

/// Policies for the line's crops that were in force when the act was recorded, or are later.
fn policy_rows<'g>(ground: &'g Ground<'_, '_>, act: &Act<'_>) -> impl Iterator<Item = &'g PolicyRow> {
    let crops = ground.crops();
    let sets = in_force_since(&ground.dossier.tables.policies, act.seq()).iter();
    sets.flat_map(|set| &set.rows)
        .filter(move |row| row.crops.iter().any(|crop| crops.contains(folded(crop).as_str())))
}

fn policy_max(ground: &Ground<'_, '_>, act: &Act<'_>) -> Option<i64> {
    policy_rows(ground, act).filter_map(|row| decimal(row.max_temp.as_deref()?)).min()
}

/// Millionths of a degree.
fn decimal(text: &str) -> Option<i64> {
    text.parse::<Decimal>().ok().map(|decimal| decimal.millionths())
}
