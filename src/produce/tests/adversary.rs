//! Ways around the rules that no list names, each tried through real statements.

mod days;
mod goods;
mod quantities;
mod sources;

use serde_json::{Value, json};

use super::farm::{Farm, Says, Spray, quantity};
use super::{InMemory, demonstration, farm, told};
use crate::merkle::Hash;
use crate::produce::{Assessment, Fact};
use crate::statement::kinds::Kind;
use crate::text::{Flag, Imbalance, Status, Use, Why};

pub(super) const HARVEST: &str = "batch:qingshan.h0613";
const SEASON: &str = "crop:qingshan.p1-2026";
const PLOT: &str = "plot:qingshan.p1";
pub(super) const COOP: (&str, &str) = ("qingshan", "coop");
pub(super) const PACKHOUSE: (&str, &str) = ("shanqian", "packhouse");
pub(super) const LAB: (&str, &str) = ("zhejian", "lab");
const PLATFORM: (&str, &str) = ("xianda", "platform");
const AS_OF: &str = "2026-06-20T10:00:00+08:00";
pub(super) const LATER: &str = "2026-06-15T10:00:00+08:00";
/// Three days before the harvest, with an interval of fourteen.
const EARLY: &str = "2026-06-10";

pub(super) fn assessed(farm: &mut Farm<InMemory>, subject: &str) -> Assessment {
    told(farm, subject, AS_OF).0.unwrap().assessment
}

fn whys(assessment: &Assessment) -> Vec<Why> {
    assessment.judgement.reasons.iter().map(|reason| reason.sort).collect()
}

pub(super) fn has<W: crate::text::Words + PartialEq>(facts: &[Fact<W>], sort: W) -> bool {
    facts.iter().any(|fact| fact.sort == sort)
}

fn early() -> Spray<'static> {
    Spray { at: EARLY, recorded_at: "2026-06-10T18:00:00+08:00", ..Spray::default() }
}

fn row(phi_days: u64) -> Value {
    json!([{
        "actives": [{"name": "阿维菌素", "content": "1.8", "unit": "percent"}], "formulation": "乳油",
        "crop": "杨梅", "phi_days": phi_days, "fictional": true,
    }])
}

/// A harvest of `grams` by the farm, with `more` in place of what is usual.
pub(super) fn pick(
    farm: &mut Farm<InMemory>,
    lot: &str,
    grams: u64,
    at: &str,
    recorded_at: &str,
    more: Value,
) -> Hash {
    let mut data = json!({"from": [SEASON], "quantity": quantity(&grams.to_string(), "g"), "crop": "杨梅"});
    data.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    farm.say(Says {
        kind: "harvest/1",
        subject: lot,
        touches: &[SEASON],
        signer: COOP,
        occurred_at: at,
        recorded_at: Some(recorded_at),
        data,
        ..Says::default()
    })
}

pub(super) fn pick_today(farm: &mut Farm<InMemory>, lot: &str, grams: u64) -> Hash {
    pick(farm, lot, grams, "2026-06-13T05:30:00+08:00", "2026-06-13T08:00:00+08:00", json!({}))
}

fn correct(
    farm: &mut Farm<InMemory>,
    (subject, touches): (&str, &[&str]),
    signer: (&str, &str),
    (original, corrects): (Kind, Hash),
    data: Value,
) -> Hash {
    farm.say(Says {
        kind: "correction/1",
        subject,
        touches,
        signer,
        occurred_at: LATER,
        corrects: Some(corrects),
        original: Some(original),
        data: json!({"reason": "typo", "data": data}),
        ..Says::default()
    })
}

fn sale(grams: u64) -> Value {
    json!({
        "channel": "douyin", "period": {"from": "2026-06-14", "to": "2026-06-14"},
        "quantity": quantity(&grams.to_string(), "g"),
    })
}

pub(super) fn sell(farm: &mut Farm<InMemory>, lot: &str, signer: (&str, &str), grams: u64) -> Hash {
    farm.say(Says {
        kind: "sale/1",
        subject: lot,
        signer,
        occurred_at: LATER,
        data: sale(grams),
        ..Says::default()
    })
}

/// Grades, packs or processes whatever the organisation holds.
pub(super) fn make(
    farm: &mut Farm<InMemory>,
    kind: &str,
    signer: (&str, &str),
    inputs: &[(&str, u64)],
    (into, grams): (&str, u64),
    more: Value,
) -> Hash {
    let portion = |lot: &str, grams: u64| json!({"lot": lot, "quantity": quantity(&grams.to_string(), "g")});
    let put_in: u64 = inputs.iter().map(|(_, grams)| grams).sum();
    let mut data = json!({
        "inputs": inputs.iter().map(|(lot, grams)| portion(lot, *grams)).collect::<Vec<_>>(),
        "outputs": [portion(into, grams)], "loss": quantity(&put_in.saturating_sub(grams).to_string(), "g"),
        "loss_reason": if put_in > grams { "off_size" } else { "none" }, "site": "一号线",
    });
    data.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let mut touches: Vec<&str> = inputs.iter().map(|(lot, _)| *lot).collect();
    touches.sort_unstable();
    farm.say(Says {
        kind,
        subject: into,
        touches: &touches,
        signer,
        occurred_at: "2026-06-13T11:00:00+08:00",
        data,
        ..Says::default()
    })
}

pub(super) fn packs(product: &str, net: &str, count: u64) -> Value {
    json!({
        "product": product, "pack_type": "carton", "net_weight": quantity(net, "g"), "pack_count": count,
        "pack_date": "2026-06-13",
    })
}

pub(super) fn hand_over(
    farm: &mut Farm<InMemory>,
    lot: &str,
    grams: u64,
    from: (&str, &str),
    to: (&str, &str),
) {
    let lots = json!([{"lot": lot, "quantity": quantity(&grams.to_string(), "g")}]);
    let at = "2026-06-13T10:00:00+08:00";
    let sent = farm.say(Says {
        kind: "shipping/1",
        subject: lot,
        signer: from,
        occurred_at: at,
        data: json!({"lots": lots, "to": to.0, "depart_at": at, "temp_mode": "cold", "vehicle": "浙J12345"}),
        ..Says::default()
    });
    farm.say(Says {
        kind: "receiving/1",
        subject: lot,
        signer: to,
        occurred_at: at,
        data: json!({"shipment": sent, "lots": lots, "arrived_at": at, "accept": "accepted"}),
        ..Says::default()
    });
}

fn failing() -> Value {
    json!([{"analyte": "阿维菌素", "result": "measured", "value": "0.09", "unit": "mg_per_kg", "verdict": "fail"}])
}

pub(super) fn passing() -> Value {
    json!([{"analyte": "阿维菌素", "result": "not_detected", "verdict": "pass"}])
}
