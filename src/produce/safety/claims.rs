//! Certificates: a claim holds while every plot that the lot came from carries it, and did when the lot was picked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::ground::{Ground, Root};
use super::{Lifting, Raised, folded};
use crate::ledger::lots_of;
use crate::produce::acts::{Act, ActVersion};
use crate::produce::reason::{Fact, Said, Source};
use crate::produce::story::as_key;
use crate::produce::tables::in_force_since;
use crate::produce::times::day_of;
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::statement::time::Date;
use crate::text::{ClaimState, Why};

/// Words in the name, brand, variety or grade of goods that claim a certificate, each with its scheme. In the form of
/// [`spelled`].
const CLAIMING: &[(&str, &str)] = &[
    ("有机", "organic"),
    ("有機", "organic"),
    ("organic", "organic"),
    ("绿色食品", "green"),
    ("綠色食品", "green"),
    ("greenfood", "green"),
    ("地理标志", "gi"),
    ("地理標誌", "gi"),
    ("geographicalindication", "gi"),
];

/// Schemes whose certificates are issued for a term: one without an end is not known to be valid.
const TERMED: &[&str] = &["gap", "green", "organic"];

/// One scheme that some source plot carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// As in `plot.register`: `green`, `organic`, `gap`, `gi`, `famous` or `other`.
    pub scheme: String,
    #[serde(serialize_with = "as_key")]
    pub state: ClaimState,
    pub numbers: BTreeSet<String>,
    /// `YYYY-MM-DD`: the first of the plots' last days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    pub records: Vec<Source>,
}

struct Certificate<'v> {
    number: &'v str,
    from: Option<Date>,
    until: Option<Date>,
}

/// What the certificates of one plot are worth to one harvest.
struct OnPlot {
    state: ClaimState,
    until: Option<Date>,
}

/// A scheme that the batch must carry, what says so, and in which words.
struct Asked {
    scheme: &'static str,
    name: String,
    records: Vec<Source>,
}

pub(in crate::produce) fn claims(ground: &Ground<'_, '_>) -> (Vec<Claim>, Vec<Raised>) {
    let registers: Vec<&Act<'_>> = ground.about_line(Kind::PlotRegister).collect();
    let schemes: BTreeSet<&str> = registers
        .iter()
        .flat_map(|act| &act.versions)
        .flat_map(|version| version.list("base_cert"))
        .filter_map(|cert| cert.get("scheme")?.as_str())
        .collect();
    let claims: Vec<Claim> = schemes.into_iter().map(|scheme| claim(ground, &registers, scheme)).collect();
    let raised = asked(ground).into_iter().filter_map(|asked| unmet(ground, &claims, asked)).collect();
    (claims, raised)
}

fn claim(ground: &Ground<'_, '_>, registers: &[&Act<'_>], scheme: &str) -> Claim {
    let mut state = if ground.roots.is_empty() { ClaimState::OutOfScope } else { ClaimState::Valid };
    let mut until: Option<Date> = None;
    for root in &ground.roots {
        let plots = root.plots();
        if plots.is_empty() {
            state = ClaimState::OutOfScope;
        }
        for plot in plots {
            let register = registers.iter().find(|act| act.subject() == plot && !act.is_withdrawn());
            let found = register.map_or(OnPlot { state: ClaimState::OutOfScope, until: None }, |register| {
                on_plot(register, root, scheme, day_of(ground.dossier.as_of))
            });
            // The states go from good to bad.
            state = state.max(found.state);
            until = [until, found.until].into_iter().flatten().min();
        }
    }
    let versions = registers.iter().flat_map(|act| &act.versions);
    let carrying = versions.filter(|version| !certificates(version, scheme).is_empty());
    let carrying: Vec<&ActVersion<'_>> = carrying.collect();
    let numbers = carrying.iter().flat_map(|version| certificates(version, scheme));
    Claim {
        scheme: scheme.to_owned(),
        state,
        numbers: numbers.map(|cert| cert.number.to_owned()).collect(),
        valid_until: until.map(|until| until.to_string()),
        records: carrying.iter().map(|version| Source::of_version(version)).collect(),
    }
}

/// What stood when the lot was picked must have been valid then. Later versions renew it only before it ends, and end
/// it when they leave it out: nothing said afterwards makes a lot certified.
fn on_plot(register: &Act<'_>, root: &Root<'_, '_>, scheme: &str, as_of: i64) -> OnPlot {
    let recorded = root.harvests.iter().map(|harvest| harvest.seq()).min().unwrap_or(u64::MAX);
    let picked: Vec<Date> =
        root.harvests.iter().flat_map(|harvest| &harvest.versions).map(ActVersion::day).collect();
    let (first, later) = match register.versions_since(recorded) {
        [first, later @ ..] => (certificates(first, scheme), later),
        [] => (Vec::new(), [].as_slice()),
    };
    if first.is_empty() {
        return OnPlot { state: ClaimState::OutOfScope, until: None };
    }
    let is_dated = |cert: &Certificate<'_>| cert.until.is_some() || !TERMED.contains(&scheme);
    let covers = |cert: &Certificate<'_>, day: Date| {
        cert.from.is_none_or(|from| from <= day) && cert.until.is_none_or(|until| day <= until)
    };
    let valid = first.iter().filter(|cert| is_dated(cert) && picked.iter().all(|day| covers(cert, *day)));
    let Some(until) = valid.map(|cert| cert.until.map_or(i64::MAX, |until| until.days())).max() else {
        return OnPlot { state: ClaimState::NotOnHarvest, until: None };
    };
    let end = later.iter().fold(until, |end, version| {
        let said = day_of(version.at);
        let certs = certificates(version, scheme);
        let until = certs.iter().filter(|cert| is_dated(cert));
        let until = until.map(|cert| cert.until.map_or(i64::MAX, |until| until.days())).max();
        match until {
            None => end.min(said.saturating_sub(1)),
            Some(until) if said <= end => until,
            Some(_) => end,
        }
    });
    let state = if end < as_of { ClaimState::Expired } else { ClaimState::Valid };
    let epoch = picked.first().or(first.iter().find_map(|cert| cert.until.as_ref()));
    let until = epoch.and_then(|day| day.plus_days(end.checked_sub(day.days())?));
    OnPlot { state, until }
}

fn certificates<'a>(version: &ActVersion<'a>, scheme: &str) -> Vec<Certificate<'a>> {
    let text = |cert: &'a Value, name: &str| cert.get(name).and_then(Value::as_str);
    let ours = version.list("base_cert").iter().filter(|cert| text(cert, "scheme") == Some(scheme));
    let certificate = |cert: &'a Value| {
        let day = |name: &str| text(cert, name).map(str::parse::<Date>).transpose();
        // A date that cannot be read is not the same as none.
        let (from, until) = (day("valid_from").ok()?, day("valid_until").ok()?);
        Some(Certificate { number: text(cert, "number").unwrap_or_default(), from, until })
    };
    ours.filter_map(certificate).collect()
}

/// Every scheme that the batch's names or its category ask for, each with what asked first.
fn asked(ground: &Ground<'_, '_>) -> Vec<Asked> {
    let mut asked: BTreeMap<&'static str, Asked> = BTreeMap::new();
    for (name, record) in names(ground) {
        for (word, scheme) in CLAIMING {
            if spelled(&name).contains(word) {
                let records = vec![record];
                asked.entry(scheme).or_insert_with(|| Asked { scheme, name: name.clone(), records });
            }
        }
    }
    let crops = ground.crops();
    let sets = in_force_since(&ground.dossier.tables.policies, ground.first_harvest().unwrap_or(u64::MAX));
    for set in sets {
        let rows = set.rows.iter().filter(|row| row.category == "organic");
        let found = rows.flat_map(|row| &row.crops).find(|crop| crops.contains(folded(crop).as_str()));
        if let Some(crop) = found {
            let source = Source { seq: set.seq, leaf: set.leaf };
            let name = crop.clone();
            asked.entry("organic").or_insert_with(|| Asked {
                scheme: "organic",
                name,
                records: vec![source],
            });
        }
    }
    asked.into_values().collect()
}

/// Crops, varieties, names, brands, grades and size labels of the line's lots, in every version.
fn names(ground: &Ground<'_, '_>) -> Vec<(String, Source)> {
    let mut names = Vec::new();
    let grown = ground.roots.iter().flat_map(|root| root.harvests.iter().chain(&root.plantings));
    for version in grown.flat_map(|act| &act.versions) {
        let said = [version.text("crop"), version.text("variety")].into_iter().flatten();
        names.extend(said.map(|name| (name.to_owned(), Source::of_version(version))));
    }
    let kinds = [Kind::Grading, Kind::Packing, Kind::Processing];
    for act in ground.dossier.acts.iter().filter(|act| kinds.contains(&act.kind)) {
        let made = lots_of(&act.record.statement, "outputs");
        let is_ours = |lot: &str| Subject::parse(lot).is_ok_and(|lot| ground.dossier.has(&lot));
        if !made.iter().any(|lot| is_ours(lot)) {
            continue;
        }
        for version in &act.versions {
            let outputs = version.list("outputs").iter();
            let ours =
                outputs.filter(|output| output.get("lot").and_then(Value::as_str).is_some_and(is_ours));
            let of_lot = ours.flat_map(|output| [output.get("grade"), output.pointer("/spec/label")]);
            let said = of_lot.chain([version.data.get("product"), version.data.get("brand")]);
            let said = said.flatten().filter_map(Value::as_str);
            names.extend(said.map(|name| (name.to_owned(), Source::of_version(version))));
        }
    }
    names
}

/// Letters alone, so that a blank inside a word is no way around it.
fn spelled(name: &str) -> String {
    name.nfkc().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn unmet(ground: &Ground<'_, '_>, claims: &[Claim], asked: Asked) -> Option<Raised> {
    let claim = claims.iter().find(|claim| claim.scheme == asked.scheme);
    let about = ground.dossier.subject;
    let fact =
        |why: Why| Fact::new(why, about, asked.records.clone()).says("name", Said::Text(asked.name.clone()));
    match claim.map(|claim| (claim.state, claim)) {
        Some((ClaimState::Valid, _)) => None,
        Some((ClaimState::Expired, claim)) => {
            let until = claim.valid_until.clone().unwrap_or_default();
            // Whoever let it go before it expired did not weigh that.
            let from = until.parse::<Date>().ok().map(|until| until.days().saturating_add(1));
            let mut fact = fact(Why::CertificateExpired).says("until", Said::Day(until));
            fact.records.extend(claim.records.first());
            fact.records.sort_unstable();
            Some(Raised::new(fact, Lifting::Authority { from }))
        }
        _ => Some(Raised::new(fact(Why::CertificateMissing), Lifting::Authority { from: None })),
    }
}
