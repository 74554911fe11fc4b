//! What laboratories found, and whether they looked for what was used (用什么药、检什么药).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::ground::Ground;
use super::treatment::{Mixture, is_pesticide, last_day_until};
use super::{Lifting, Raised, folded};
use crate::produce::acts::{Act, ActVersion};
use crate::produce::reason::{Fact, Measured, Said, Source};
use crate::produce::tables::{LimitRow, in_force_since};
use crate::statement::decimal::Decimal;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::subject::{Subject, SubjectKind};
use crate::statement::time::Date;
use crate::text::Why;

/// Which of the pesticides used were tested for (已检 8/9 种).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// By name.
    pub actives: Vec<Active>,
    pub used: usize,
    pub tested: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Active {
    /// Folded: in lower case, letters of one width.
    pub name: String,
    pub used_in: Vec<Source>,
    /// Results that name it, signed by the laboratory or by an authority. Empty: nobody looked for it.
    pub tested_in: Vec<Source>,
}

impl Coverage {
    pub fn missing(&self) -> impl Iterator<Item = &Active> {
        self.actives.iter().filter(|active| active.tested_in.is_empty())
    }
}

/// What is wrong with one result.
#[derive(Debug, Default)]
struct Faults {
    /// Analyte, and what is said of it.
    failed: BTreeMap<String, Measured>,
    contradicted: BTreeMap<String, Measured>,
    /// Tables whose limit is exceeded.
    tables: BTreeSet<Source>,
}

/// The active ingredients used on the line, each with the results that looked for it.
pub(in crate::produce) fn coverage(ground: &Ground<'_, '_>) -> Coverage {
    let mut actives: BTreeMap<String, Active> = BTreeMap::new();
    let last_harvest = ground.roots.iter().flat_map(|root| &root.harvests);
    let last_harvest = last_harvest.flat_map(|harvest| &harvest.versions).map(ActVersion::day).max();
    for input in ground.about_line(Kind::Input) {
        let on_goods = input.subjects().any(|subject| subject.kind() == SubjectKind::Batch);
        let counts =
            |version: &&ActVersion<'_>| is_pesticide(version) && was_used(version, on_goods, last_harvest);
        let versions = input.versions_since(ground.first_harvest().unwrap_or(u64::MAX));
        for name in versions.iter().filter(counts).flat_map(|version| Mixture::of(version).names()) {
            let active = actives.entry(name.clone());
            let active =
                active.or_insert_with(|| Active { name, used_in: Vec::new(), tested_in: Vec::new() });
            if active.used_in.last() != Some(&Source::of(input)) {
                active.used_in.push(Source::of(input));
            }
        }
    }
    for test in ground.about_line(Kind::Inspection).filter(|test| is_in_good_faith(test)) {
        for name in names_tested(test.now()) {
            if let Some(active) = actives.get_mut(&name) {
                active.tested_in.push(Source::of(test));
            }
        }
    }
    let actives: Vec<Active> = actives.into_values().collect();
    let tested = actives.iter().filter(|active| !active.tested_in.is_empty()).count();
    Coverage { used: actives.len(), tested, actives }
}

/// Used on the goods themselves, or on the field before the last of it was picked.
fn was_used(version: &ActVersion<'_>, on_goods: bool, last_harvest: Option<Date>) -> bool {
    on_goods || last_harvest.is_none_or(|day| last_day_until(version, day).is_some())
}

/// A result that somebody answers for who does not merely pass it on: its laboratory, or an authority.
pub(super) fn is_in_good_faith(test: &Act<'_>) -> bool {
    let version = test.now();
    let by_lab = version.text("lab").is_some_and(|lab| test.signers().any(|org| org == lab));
    let by_authority = test.is_signed_as(Role::Platform) || test.is_signed_as(Role::Regulator);
    !test.is_withdrawn()
        && (by_lab || by_authority)
        && matches!(version.text("conclusion"), Some("pass" | "fail"))
}

/// Failed tests, and results whose figures do not agree with their verdict: of any version, withdrawn or not.
pub(in crate::produce) fn results(ground: &Ground<'_, '_>) -> Vec<Raised> {
    let mut raised = Vec::new();
    for test in ground.about_line(Kind::Inspection) {
        let about = test.subjects().find(|subject| ground.dossier.has(subject)).unwrap_or(test.subject());
        let mut failed = Finding::default();
        let mut contradicted = Finding::default();
        for version in &test.versions {
            let faults = faults(ground, test, version);
            failed.take(test, version, &faults.failed, &BTreeSet::new());
            contradicted.take(test, version, &faults.contradicted, &faults.tables);
        }
        raised.extend(failed.raise(Why::FailedTest, about));
        raised.extend(contradicted.raise(Why::ResultContradicts, about));
    }
    raised
}

/// Whether a version of a test is bad, whatever its conclusion.
pub(super) fn is_failed(ground: &Ground<'_, '_>, test: &Act<'_>, version: &ActVersion<'_>) -> bool {
    let faults = faults(ground, test, version);
    !faults.failed.is_empty() || !faults.contradicted.is_empty()
}

/// Analytes of a version, folded.
fn names_tested(version: &ActVersion<'_>) -> BTreeSet<String> {
    version.list("items").iter().filter_map(|item| text(item, "analyte")).map(folded).collect()
}

/// Analytes that a version passed, folded.
pub(super) fn names_passed(version: &ActVersion<'_>) -> BTreeSet<String> {
    let passed = version.list("items").iter().filter(|item| text(item, "verdict") == Some("pass"));
    passed.filter_map(|item| text(item, "analyte")).map(folded).collect()
}

fn faults(ground: &Ground<'_, '_>, test: &Act<'_>, version: &ActVersion<'_>) -> Faults {
    let mut faults = Faults::default();
    for item in version.list("items") {
        let analyte = text(item, "analyte").unwrap_or_default();
        let found = measured(item);
        if text(item, "verdict") == Some("fail") {
            faults.failed.insert(folded(analyte), found);
            continue;
        }
        let mut tables = exceeded(ground, test, item);
        if text(item, "result") == Some("positive") || is_above_own_limit(item) || !tables.is_empty() {
            faults.contradicted.insert(folded(analyte), found);
            faults.tables.append(&mut tables);
        }
    }
    if version.text("conclusion") == Some("fail") && faults.failed.is_empty() {
        // The whole failed and no item says why: nothing that was looked for is cleared.
        faults.failed = version.list("items").iter().filter_map(named).collect();
        if faults.failed.is_empty() {
            faults.failed.insert(String::new(), Measured::default());
        }
    }
    faults
}

fn named(item: &Value) -> Option<(String, Measured)> {
    let analyte = text(item, "analyte")?;
    Some((folded(analyte), Measured { analyte: analyte.to_owned(), ..Measured::default() }))
}

fn measured(item: &Value) -> Measured {
    let said = |name: &str| text(item, name).map(str::to_owned);
    Measured {
        analyte: said("analyte").unwrap_or_default(),
        value: said("value"),
        limit: said("limit").filter(|_| is_above_own_limit(item)),
        unit: said("unit").filter(|_| item.get("value").is_some()),
    }
}

fn is_above_own_limit(item: &Value) -> bool {
    let millionths = |name: &str| Some(text(item, name)?.parse::<Decimal>().ok()?.millionths());
    matches!((millionths("value"), millionths("limit")), (Some(value), Some(limit)) if value > limit)
}

/// The tables, of those in force when the result was recorded or set later, whose limit the value exceeds.
fn exceeded(ground: &Ground<'_, '_>, test: &Act<'_>, item: &Value) -> BTreeSet<Source> {
    let (Some(analyte), Some(unit)) = (text(item, "analyte").map(folded), text(item, "unit")) else {
        return BTreeSet::new();
    };
    let Some(value) = text(item, "value").and_then(|value| comparable(value, unit)) else {
        return BTreeSet::new();
    };
    let crops = ground.crops();
    let is_exceeded = |row: &LimitRow| {
        let mut names = row.same_crops.iter().chain([&row.crop]);
        folded(&row.analyte) == analyte
            && names.any(|name| crops.contains(folded(name).as_str()))
            && comparable(&row.limit, &row.unit)
                .is_some_and(|(limit, measure)| measure == value.1 && value.0 > limit)
    };
    let sets = in_force_since(&ground.dossier.tables.limits, test.seq()).iter();
    let exceeded = sets.filter(|set| set.rows.iter().any(is_exceeded));
    // Of tables that say the same, the first is the cause.
    exceeded.take(1).map(|set| Source { seq: set.seq, leaf: set.leaf }).collect()
}

/// Millionths of a microgram per kilogram, or of whatever else is counted.
fn comparable(value: &str, unit: &str) -> Option<(i128, String)> {
    let millionths = i128::from(value.parse::<Decimal>().ok()?.millionths());
    Some(match unit {
        "mg_per_kg" => (millionths * 1_000, "ug_per_kg".to_owned()),
        _ => (millionths, unit.to_owned()),
    })
}

/// What the versions of one test have in common that is bad.
#[derive(Default)]
struct Finding {
    report: String,
    reported: Option<Date>,
    items: BTreeMap<String, Measured>,
    records: BTreeSet<Source>,
    since: Option<u64>,
}

impl Finding {
    /// A later version that says nothing worse adds nothing.
    fn take(
        &mut self,
        test: &Act<'_>,
        version: &ActVersion<'_>,
        items: &BTreeMap<String, Measured>,
        tables: &BTreeSet<Source>,
    ) {
        if items.is_empty() || items.iter().all(|(name, said)| self.items.get(name) == Some(said)) {
            return;
        }
        self.report = version.text("report_no").unwrap_or_default().to_owned();
        self.reported = self.reported.max(version.date("reported_date").or(Some(version.day())));
        self.items.extend(items.iter().map(|(name, said)| (name.clone(), said.clone())));
        self.records.extend([Source::of(test), Source::of_version(version)]);
        self.records.extend(tables);
        // A value without a verdict of its own is bad from when a limit was known.
        let known = tables.iter().map(|table| table.seq).max().unwrap_or(0).max(version.seq);
        self.since = Some(self.since.map_or(known, |since| since.min(known)));
    }

    fn raise(self, why: Why, about: &Subject) -> Option<Raised> {
        let since = self.since?;
        let fact = Fact::new(why, about, self.records)
            .says("report", Said::Text(self.report))
            .says("items", Said::Results(self.items.values().cloned().collect()));
        let analytes = self.items.into_keys().filter(|name| !name.is_empty()).collect();
        Some(Raised { since, ..Raised::new(fact, Lifting::retest(about, self.reported, analytes)) })
    }
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}
