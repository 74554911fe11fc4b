//! Batches judged: what is safe, what is not, and ways around it.

mod claims;
mod honest;
mod intervals;
mod never_normal;
mod releases;
mod residues;
mod stages;
mod temperature;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::ledger::Entry;
use crate::produce::status::Judgement;
use crate::produce::tests::farm::{BATCH, Farm, Says, quantity};
use crate::produce::tests::{InMemory, told};
use crate::produce::{Ask, Dossier};
use crate::statement::subject::Subject;
use crate::statement::time::When;
use crate::text::{Lang, Why};

const HARVEST: &str = "batch:qingshan.h0613";
const SEASON: &str = "crop:qingshan.p1-2026";
const PLOT: &str = "plot:qingshan.p1";
const COOP: (&str, &str) = ("qingshan", "coop");
const PACKHOUSE: (&str, &str) = ("shanqian", "packhouse");
const LAB: (&str, &str) = ("zhejian", "lab");
const PLATFORM: (&str, &str) = ("xianda", "platform");
const AS_OF: &str = "2026-06-20T10:00:00+08:00";

fn with_dossier<T>(
    farm: &mut Farm<InMemory>,
    subject: &str,
    as_of: &str,
    ask: impl FnOnce(&Dossier<'_>) -> T,
) -> T {
    let (_, records) = told(farm, subject, as_of);
    let When::Instant(as_of) = as_of.parse().unwrap() else { panic!("{as_of} is a day") };
    of_records(&records, subject, as_of.unix_seconds() * 1_000, ask)
}

fn of_records<T>(
    records: &BTreeMap<u64, Entry>,
    subject: &str,
    as_of: i64,
    ask: impl FnOnce(&Dossier<'_>) -> T,
) -> T {
    let subject = Subject::parse(subject).unwrap();
    let size = records.last_key_value().map_or(0, |(seq, _)| seq + 1);
    let openings = BTreeMap::new();
    ask(&Dossier::of(&Ask {
        subject: &subject,
        records,
        openings: &openings,
        size,
        at: as_of,
        as_of,
        wide: None,
    }))
}

fn judged(farm: &mut Farm<InMemory>, subject: &str) -> Judgement {
    judged_at(farm, subject, AS_OF)
}

fn judged_at(farm: &mut Farm<InMemory>, subject: &str, as_of: &str) -> Judgement {
    with_dossier(farm, subject, as_of, |dossier| Judgement::of(dossier, Vec::new()))
}

fn whys(judgement: &Judgement) -> Vec<Why> {
    judgement.reasons.iter().map(|reason| reason.sort).collect()
}

fn notes(judgement: &Judgement) -> Vec<Why> {
    judgement.notes.iter().map(|reason| reason.sort).collect()
}

fn told_as(judgement: &Judgement, why: Why) -> String {
    let all = judgement.reasons.iter().chain(&judgement.notes);
    let found = all.into_iter().find(|reason| reason.sort == why).unwrap();
    let text = found.told(Lang::Zh, |_| String::new());
    assert!(!text.contains('{'), "a blank is left: {text}");
    found.told(Lang::Zh, |said| format!("{said:?}"))
}

/// A made-up row: product like a spray's, on bayberries.
fn row(actives: &[(&str, &str, &str)], formulation: &str, phi_days: u64) -> Value {
    let actives: Vec<Value> = actives
        .iter()
        .map(|(name, content, unit)| json!({"name": name, "content": content, "unit": unit}))
        .collect();
    json!({
        "actives": actives, "formulation": formulation, "crop": "杨梅", "phi_days": phi_days, "fictional": true,
    })
}

/// A made-up limit of abamectin on bayberries.
fn limit_row(limit: &str, unit: &str) -> Value {
    json!({"analyte": "阿维菌素", "crop": "杨梅", "limit": limit, "unit": unit, "fictional": true})
}

fn items(analytes: &[&str]) -> Value {
    let item = |analyte: &&str| json!({"analyte": analyte, "result": "not_detected", "verdict": "pass"});
    analytes.iter().map(item).collect()
}

/// A harvest of another lot.
fn pick(
    farm: &mut Farm<InMemory>,
    lot: &str,
    from: &str,
    at: &str,
    recorded_at: &str,
) -> crate::merkle::Hash {
    farm.say(Says {
        kind: "harvest/1",
        subject: lot,
        touches: &[from],
        signer: COOP,
        occurred_at: at,
        recorded_at: Some(recorded_at),
        data: json!({"from": [from], "quantity": quantity("100", "jin"), "crop": "杨梅"}),
        ..Says::default()
    })
}

/// Another season on the same plot.
fn open_season(farm: &mut Farm<InMemory>, season: &str, day: &str) {
    farm.say(Says {
        kind: "crop.open/1",
        subject: season,
        touches: &[PLOT],
        signer: COOP,
        occurred_at: day,
        data: json!({"plot": PLOT, "crop": "杨梅", "variety": "东魁", "season": day}),
        ..Says::default()
    });
}

/// Packs lots of the farm into one, at the farm.
fn pack(
    farm: &mut Farm<InMemory>,
    lots: &[&str],
    into: &str,
    product: &str,
    at: &str,
) -> crate::merkle::Hash {
    let inputs: Vec<Value> =
        lots.iter().map(|lot| json!({"lot": lot, "quantity": quantity("50", "jin")})).collect();
    farm.say(Says {
        kind: "packing/1",
        subject: into,
        touches: lots,
        signer: COOP,
        occurred_at: at,
        data: json!({
            "inputs": inputs, "outputs": [{"lot": into, "quantity": quantity("50", "jin")}],
            "loss": quantity("0", "jin"), "loss_reason": "none", "site": "合作社", "product": product,
            "pack_type": "carton", "net_weight": quantity("5", "jin"), "pack_count": 10, "pack_date": &at[..10],
        }),
        ..Says::default()
    })
}
