//! What adds up, what does not, and what must not be taken for it.

mod seasons;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Lots, Reach, Watch};
use crate::ledger::Entry;
use crate::merkle::Hash;
use crate::produce::tests::farm::{BATCH, Farm, Says, quantity};
use crate::produce::tests::{InMemory, entries, farm};
use crate::produce::{Fact, Tables};
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::text::{Figure, Imbalance};

type Orchard = Farm<InMemory>;

const GROWER: (&str, &str) = ("qingshan", "coop");
const PACKER: (&str, &str) = ("shanqian", "packhouse");
const PLATFORM: (&str, &str) = ("xianda", "platform");
/// What the one plot may yield in a year with tolerance, in grams.
const CAPACITY: i64 = 6_600_000;

fn subject(text: &str) -> Subject {
    Subject::parse(text).unwrap()
}

fn grams(value: i64) -> Value {
    quantity(&value.to_string(), "g")
}

fn portion(lot: &str, value: i64) -> Value {
    json!({"lot": lot, "quantity": grams(value)})
}

impl Orchard {
    fn act(&mut self, kind: &str, lot: &str, touches: &[&str], signer: (&str, &str), data: Value) -> Hash {
        let mut touches: Vec<&str> = touches.iter().copied().filter(|touched| *touched != lot).collect();
        touches.sort_unstable();
        touches.dedup();
        self.say(Says {
            kind,
            subject: lot,
            touches: &touches,
            signer,
            occurred_at: "2026-06-13T10:00:00+08:00",
            data,
            ..Says::default()
        })
    }

    fn pick(&mut self, lot: &str, value: i64) -> Hash {
        let from = "crop:qingshan.p1-2026";
        let data = json!({"from": [from], "quantity": grams(value), "crop": "杨梅", "variety": "东魁"});
        self.act("harvest/1", lot, &[from], GROWER, data)
    }

    fn grade(
        &mut self,
        by: (&str, &str),
        inputs: &[(&str, i64)],
        outputs: &[(&str, i64)],
        loss: i64,
    ) -> Hash {
        let touched: Vec<&str> = inputs.iter().chain(outputs).map(|(lot, _)| *lot).collect();
        let made = |(lot, value): &(&str, i64)| json!({"lot": lot, "quantity": grams(*value), "grade": "一级", "spec": {"label": "大果"}});
        let data = json!({
            "inputs": inputs.iter().map(|(lot, value)| portion(lot, *value)).collect::<Vec<_>>(),
            "outputs": outputs.iter().map(made).collect::<Vec<_>>(),
            "loss": grams(loss), "loss_reason": if loss == 0 { "none" } else { "off_size" }, "site": "一号线",
            "grader": "李月",
        });
        self.act("grading/1", outputs[0].0, &touched, by, data)
    }

    fn pack_lot(
        &mut self,
        by: (&str, &str),
        input: (&str, i64),
        lot: &str,
        made: Value,
        packs: (i64, i64),
    ) -> Hash {
        let data = json!({
            "inputs": [portion(input.0, input.1)], "outputs": [{"lot": lot, "quantity": made}],
            "loss": grams(0), "loss_reason": "none", "site": "一号线", "product": "杨梅", "brand": "仙居杨梅",
            "pack_type": "carton", "net_weight": grams(packs.0), "pack_count": packs.1, "pack_date": "2026-06-13",
        });
        self.act("packing/1", lot, &[input.0, lot], by, data)
    }

    fn send(&mut self, by: (&str, &str), lot: &str, value: i64, to: Option<&str>) -> Hash {
        let mut data = json!({
            "lots": [portion(lot, value)], "depart_at": "2026-06-13T10:00:00+08:00", "temp_mode": "cold",
        });
        match to {
            Some(to) => {
                data["to"] = json!(to);
                data["waybill_no"] = json!("LY1");
            }
            None => data["to_consumers"] = json!(true),
        }
        self.act("shipping/1", lot, &[], by, data)
    }

    fn receive(&mut self, by: (&str, &str), lot: &str, shipment: Hash, value: i64, more: &Value) -> Hash {
        let mut arrived = portion(lot, value);
        let mut data = json!({
            "shipment": shipment, "arrived_at": "2026-06-13T10:00:00+08:00", "accept": "accepted",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            let target = if name == "damaged" { &mut arrived } else { &mut data };
            target[name] = value.clone();
        }
        data["lots"] = json!([arrived]);
        self.act("receiving/1", lot, &[], by, data)
    }

    fn report_sale(
        &mut self,
        by: (&str, &str),
        lot: &str,
        sold: Value,
        channel: &str,
        days: (&str, &str),
    ) -> Hash {
        let data = json!({
            "channel": channel, "period": {"from": days.0, "to": days.1}, "quantity": sold,
        });
        self.act("sale/1", lot, &[], by, data)
    }

    fn correct(&mut self, lot: &str, touches: &[&str], original: Kind, corrects: Hash, data: Value) -> Hash {
        self.say(Says {
            kind: "correction/1",
            subject: lot,
            touches,
            signer: GROWER,
            occurred_at: "2026-06-13T19:00:00+08:00",
            corrects: Some(corrects),
            original: Some(original),
            data: json!({"reason": "typo", "data": data}),
            ..Says::default()
        })
    }

    fn set_brands(&mut self, members: Value) {
        self.say(Says {
            kind: "rules.set/1",
            subject: "ledger:",
            signer: ("registrar", "registrar"),
            key: Some("registrar-1"),
            occurred_at: "2026-06-01T10:00:00+08:00",
            data: json!({"table": "brands", "brands": [{
                "brand": "仙居杨梅", "season": {"from": "2026-05-01", "to": "2026-07-31"},
                "standard": "DB33/T 1", "members": members,
            }]}),
            ..Says::default()
        });
    }
}

fn orchard() -> Orchard {
    let mut farm = farm();
    farm.grow();
    farm
}

fn records(entries: &[Entry]) -> impl Iterator<Item = &crate::ledger::Record> {
    entries.iter().filter_map(Entry::as_record)
}

/// Everything that does not add up anywhere.
fn faults_of(lots: &Lots, tables: &Tables, size: u64) -> Vec<Fact<Imbalance>> {
    lots.imbalances(&lots.subjects, tables, size)
}

fn faults(farm: &Orchard) -> Vec<Fact<Imbalance>> {
    let entries = entries(farm);
    faults_of(&Lots::of(records(&entries)), &Tables::of(records(&entries)), entries.len() as u64)
}

fn sorts(farm: &Orchard) -> Vec<Imbalance> {
    let mut sorts: Vec<Imbalance> = faults(farm).into_iter().map(|fact| fact.sort).collect();
    sorts.sort_unstable();
    sorts
}

fn watch(farm: &Orchard) -> Watch {
    let mut watch = Watch::default();
    records(&entries(farm)).for_each(|record| {
        watch.take(record);
    });
    watch
}

#[test]
fn an_honest_season_adds_up_and_every_figure_has_its_records() {
    let mut farm = farm();
    farm.season();
    assert_eq!(sorts(&farm), []);
    let entries = entries(&farm);
    let lots = Lots::of(records(&entries));
    let size = entries.len() as u64;
    let balance = lots.balance(&subject(BATCH), size);
    let line = |label: Figure, holder: Option<&str>| {
        let found = balance.lines.iter().find(|line| line.label == label && line.holder.as_deref() == holder);
        found.unwrap_or_else(|| panic!("{label:?} {holder:?} in {balance:?}"))
    };
    assert_eq!(line(Figure::Made, None).amount, 400_000);
    assert_eq!(line(Figure::Loss, None).amount, 30_000);
    assert_eq!((line(Figure::Left, None).amount, line(Figure::Left, Some("shanqian")).amount), (400_000, 0));
    assert!(balance.lines.iter().all(|line| !line.sources.is_empty()));
    let loss = &lots.losses([&subject(BATCH)], size)[0];
    assert_eq!((loss.stage, loss.put_in, loss.loss), ("packing", 430_000, 30_000));
    assert_eq!(loss.reasons, BTreeMap::from([("off_size".to_owned(), 30_000)]));
    let plot = lots.balance(&subject("plot:qingshan.p1"), size);
    let amounts: Vec<_> = plot.lines.iter().map(|line| (line.label, line.amount)).collect();
    assert_eq!(amounts, [(Figure::Capacity, 6_000_000), (Figure::Harvested, 430_000)]);
}

/// 「超卖缺货」
#[test]
fn one_kilogram_sold_too_much_is_an_alarm_when_it_is_said() {
    let mut farm = orchard();
    farm.pick("batch:qingshan.a", 100_000);
    farm.send(GROWER, "batch:qingshan.a", 60_000, None);
    assert_eq!(watch(&farm).alarms(), []);
    farm.report_sale(GROWER, "batch:qingshan.a", grams(101_000), "douyin", ("2026-06-13", "2026-06-13"));
    let watch = watch(&farm);
    let sorts: Vec<_> = watch.alarms().iter().map(|alarm| alarm.fact.sort).collect();
    assert_eq!(sorts, [Imbalance::HolderOverdrawn, Imbalance::Oversold]);
    let newest = entries(&farm).len() as u64 - 1;
    assert_eq!(watch.raised_by(newest).len(), 2);
    assert_eq!(watch.alarms()[1].fact.says["over"], crate::produce::Said::Amount(1_000, "g"));
    assert_eq!(watch.alarms()[1].leaf, entries(&farm)[newest as usize].leaf());
}

#[test]
fn what_a_platform_and_a_holder_report_of_the_same_days_counts_once() {
    let mut farm = orchard();
    let (lot, days) = ("batch:qingshan.a", ("2026-06-13", "2026-06-14"));
    farm.pick(lot, 100_000);
    farm.report_sale(GROWER, lot, grams(90_000), "douyin", days);
    farm.report_sale(PLATFORM, lot, grams(95_000), "douyin", days);
    farm.send(GROWER, lot, 100_000, None);
    assert_eq!(sorts(&farm), []);
    // Another channel is other goods.
    farm.report_sale(PLATFORM, lot, grams(10_000), "taobao", days);
    assert_eq!(sorts(&farm), [Imbalance::Oversold]);
}

#[test]
fn other_days_are_other_goods_and_days_that_overlap_are_shown() {
    let mut farm = orchard();
    let lot = "batch:qingshan.a";
    farm.pick(lot, 100_000);
    farm.report_sale(PLATFORM, lot, grams(60_000), "douyin", ("2026-06-13", "2026-06-13"));
    farm.report_sale(PLATFORM, lot, grams(40_000), "douyin", ("2026-06-14", "2026-06-15"));
    assert_eq!(sorts(&farm), []);
    farm.report_sale(PLATFORM, lot, grams(1), "douyin", ("2026-06-15", "2026-06-16"));
    assert_eq!(sorts(&farm), [Imbalance::OverlappingSales, Imbalance::Oversold]);
}

#[test]
fn wholesale_to_whom_it_was_shipped_is_no_second_use() {
    let mut farm = orchard();
    let lot = "batch:qingshan.a";
    farm.pick(lot, 100_000);
    let shipment = farm.send(GROWER, lot, 100_000, Some("shanqian"));
    farm.report_sale(GROWER, lot, grams(100_000), "wholesale", ("2026-06-13", "2026-06-13"));
    farm.receive(PACKER, lot, shipment, 100_000, &Value::Null);
    farm.grade(PACKER, &[(lot, 100_000)], &[("batch:shanqian.g", 100_000)], 0);
    assert_eq!(sorts(&farm), []);
    farm.report_sale(GROWER, lot, grams(1_000), "wholesale", ("2026-06-14", "2026-06-14"));
    assert_eq!(sorts(&farm), [Imbalance::HolderOverdrawn, Imbalance::Oversold]);
}

/// A merchant's goods lie in somebody else's warehouse, who sends them to consumers.
#[test]
fn who_sells_need_not_be_who_sends() {
    let mut farm = orchard();
    let (lot, day) = ("batch:qingshan.a", ("2026-06-13", "2026-06-13"));
    farm.pick(lot, 100_000);
    let shipment = farm.send(GROWER, lot, 100_000, Some("shanqian"));
    farm.receive(PACKER, lot, shipment, 100_000, &Value::Null);
    farm.report_sale(GROWER, lot, grams(100_000), "taobao", day);
    farm.report_sale(PLATFORM, lot, grams(100_000), "taobao", day);
    farm.send(PACKER, lot, 100_000, None);
    assert_eq!(sorts(&farm), []);
    farm.report_sale(GROWER, lot, grams(1_000), "own_shop", day);
    assert_eq!(sorts(&farm), [Imbalance::HolderOverdrawn, Imbalance::Oversold]);
}

#[test]
fn raising_a_figure_afterwards_is_told() {
    let mut farm = orchard();
    let (lot, from) = ("batch:qingshan.a", "crop:qingshan.p1-2026");
    let harvest = farm.pick(lot, 100_000);
    farm.report_sale(GROWER, lot, grams(150_000), "own_shop", ("2026-06-13", "2026-06-13"));
    let data = json!({"from": [from], "quantity": grams(150_000), "crop": "杨梅", "variety": "东魁"});
    farm.correct(lot, &[from], Kind::Harvest, harvest, data);
    let found = faults(&farm);
    assert!(found.len() == 2 && found.iter().all(|fact| fact.sort == Imbalance::PutRight), "{found:?}");
    assert_eq!(found[0].says["over"], crate::produce::Said::Amount(50_000, "g"));
    assert!(!found[0].sort.holds());
}

/// Slices weigh less than roots, juice is no mass, and sugar comes on top.
#[test]
fn what_is_added_or_changes_its_measure_is_not_judged_by_mass() {
    let mut farm = orchard();
    let lot = "batch:qingshan.a";
    farm.pick(lot, 100_000);
    let mut make = |made: &str, out: Value, loss: i64, more: Value| {
        let mut data = json!({
            "inputs": [portion(lot, 10_000)], "outputs": [{"lot": made, "quantity": out}],
            "loss": grams(loss), "loss_reason": "moisture", "process": "drying", "site": "一号线",
        });
        more.as_object().into_iter().flatten().for_each(|(name, value)| data[name] = value.clone());
        farm.act("processing/1", made, &[lot], GROWER, data)
    };
    make("batch:qingshan.dry", grams(2_000), 8_000, Value::Null);
    make("batch:qingshan.jam", grams(15_000), 0, json!({"additives": ["白砂糖"]}));
    make("batch:qingshan.juice", quantity("6000", "ml"), 1_000, Value::Null);
    assert_eq!(sorts(&farm), [Imbalance::NotComparable]);
}

#[test]
fn nobody_passes_on_more_than_they_have() {
    let mut farm = orchard();
    let lot = "batch:qingshan.a";
    farm.pick(lot, 100_000);
    let shipment = farm.send(GROWER, lot, 50_000, Some("shanqian"));
    farm.receive(PACKER, lot, shipment, 50_000, &json!({"damaged": grams(2_000)}));
    // What was damaged on the way is sorted out with the rest.
    farm.grade(PACKER, &[(lot, 50_000)], &[("batch:shanqian.g", 48_000)], 2_000);
    assert_eq!(sorts(&farm), []);
    // There is enough of the lot, but it is with the grower.
    farm.send(PACKER, lot, 1_000, None);
    let found = faults(&farm);
    assert_eq!((found.len(), found[0].sort), (1, Imbalance::HolderOverdrawn));
    assert_eq!(found[0].says["org"], crate::produce::Said::Org("shanqian".to_owned()));
}

#[test]
fn what_was_not_taken_over_is_the_senders_again() {
    let mut farm = orchard();
    let lot = "batch:qingshan.a";
    farm.pick(lot, 100_000);
    let first = farm.send(GROWER, lot, 100_000, Some("shanqian"));
    farm.receive(PACKER, lot, first, 100_000, &json!({"accept": "rejected", "reason": "rotten"}));
    let second = farm.send(GROWER, lot, 100_000, Some("shanqian"));
    farm.receive(PACKER, lot, second, 70_000, &json!({"accept": "partial", "reason": "damaged"}));
    farm.send(GROWER, lot, 30_000, None);
    assert_eq!(sorts(&farm), []);
    farm.send(GROWER, lot, 1_000, None);
    assert_eq!(sorts(&farm), [Imbalance::HolderOverdrawn]);
}

#[test]
fn more_arrived_than_was_sent() {
    let mut farm = orchard();
    let lot = "batch:qingshan.a";
    farm.pick(lot, 100_000);
    let shipment = farm.send(GROWER, lot, 50_000, Some("shanqian"));
    farm.receive(PACKER, lot, shipment, 51_000, &Value::Null);
    assert_eq!(sorts(&farm), [Imbalance::ReceivedMore]);
}

/// 「好差混卖」: what was graded out does not come back as more of the good.
#[test]
fn grading_makes_no_mass() {
    let mut farm = orchard();
    farm.pick("batch:qingshan.a", 100_000);
    let inputs = [("batch:qingshan.a", 50_000)];
    farm.grade(GROWER, &inputs, &[("batch:qingshan.g1", 30_000), ("batch:qingshan.g2", 20_500)], 0);
    assert_eq!(sorts(&farm), [], "scales differ by a per cent");
    let inputs = [("batch:qingshan.a", 25_000)];
    farm.grade(GROWER, &inputs, &[("batch:qingshan.g3", 25_000)], 1_000);
    farm.grade(GROWER, &inputs, &[("batch:qingshan.g4", 20_000)], 1_000);
    assert_eq!(sorts(&farm), [Imbalance::MadeMore, Imbalance::UnexplainedLoss]);
}

#[test]
fn packs_promise_what_was_packed() {
    let mut farm = orchard();
    let lot = "batch:qingshan.a";
    farm.pick(lot, 1_000_000);
    farm.pack_lot(GROWER, (lot, 100_000), "batch:qingshan.p1", grams(100_000), (2_500, 40));
    // Counted in boxes: they weigh what the labels say.
    farm.pack_lot(GROWER, (lot, 100_000), "batch:qingshan.p2", quantity("40", "box"), (2_500, 40));
    farm.report_sale(
        GROWER,
        "batch:qingshan.p2",
        quantity("40", "box"),
        "douyin",
        ("2026-06-13", "2026-06-13"),
    );
    farm.report_sale(
        GROWER,
        "batch:qingshan.p1",
        quantity("40", "box"),
        "douyin",
        ("2026-06-13", "2026-06-13"),
    );
    assert_eq!(sorts(&farm), []);
    farm.report_sale(GROWER, "batch:qingshan.p2", grams(2_500), "taobao", ("2026-06-13", "2026-06-13"));
    assert_eq!(sorts(&farm), [Imbalance::HolderOverdrawn, Imbalance::Oversold], "grams against boxes");
    farm.pack_lot(GROWER, (lot, 100_000), "batch:qingshan.p3", grams(100_000), (2_500, 50));
    farm.pack_lot(GROWER, (lot, 100_000), "batch:qingshan.p4", grams(100_000), (2_500, 30));
    farm.pack_lot(GROWER, (lot, 100_000), "batch:qingshan.p5", quantity("50", "box"), (2_500, 50));
    use Imbalance::{HolderOverdrawn, MadeMore, Oversold, PacksExceed, PacksShort};
    assert_eq!(sorts(&farm), [HolderOverdrawn, MadeMore, Oversold, PacksExceed, PacksShort]);
}

#[test]
fn another_unit_is_no_way_around() {
    let mut farm = orchard();
    let lot = "batch:qingshan.a";
    farm.pick(lot, 100_000);
    farm.report_sale(GROWER, lot, quantity("9000", "box"), "douyin", ("2026-06-13", "2026-06-13"));
    assert_eq!(sorts(&farm), [Imbalance::UsesNotComparable]);
    assert_eq!(watch(&farm).alarms().len(), 1);
}

#[test]
fn a_plot_bears_what_was_declared_whatever_the_seasons_on_it() {
    let mut farm = orchard();
    farm.pick("batch:qingshan.a", CAPACITY);
    assert_eq!(sorts(&farm), []);
    farm.say(Says {
        kind: "crop.open/1",
        subject: "crop:qingshan.p1-autumn",
        touches: &["plot:qingshan.p1"],
        signer: GROWER,
        occurred_at: "2026-06-14T10:00:00+08:00",
        data: json!({
            "plot": "plot:qingshan.p1", "crop": "杨梅", "variety": "东魁", "season": "2026 秋",
            "area": quantity("2.5", "mu"),
        }),
        ..Says::default()
    });
    let from = "crop:qingshan.p1-autumn";
    let data = |value: i64| json!({"from": [from], "quantity": grams(value)});
    farm.act("harvest/1", "batch:qingshan.b", &[from], GROWER, data(1_000));
    assert_eq!(sorts(&farm), [Imbalance::PlotExceeded]);
    farm.act("harvest/1", "batch:qingshan.c", &[from], GROWER, data(CAPACITY / 5));
    assert_eq!(sorts(&farm), [Imbalance::PlotExceeded, Imbalance::SeasonExceeded]);
}

#[test]
fn naming_a_second_field_hides_nothing_and_harms_nobody() {
    let mut farm = orchard();
    for plot in ["plot:qingshan.p2", "plot:qingshan.p3"] {
        farm.say(Says {
            kind: "plot.register/1",
            subject: plot,
            signer: GROWER,
            occurred_at: "2026-06-02T10:00:00+08:00",
            data: json!({
                "name": "坡", "area": quantity("12.5", "mu"), "crop": "杨梅", "variety": "东魁",
                "declared_yield": quantity("12000", "jin"),
            }),
            ..Says::default()
        });
    }
    let pick = |farm: &mut Orchard, lot: &str, from: &[&str], value: i64| {
        let data = json!({"from": from, "quantity": grams(value)});
        farm.act("harvest/1", lot, from, GROWER, data)
    };
    pick(&mut farm, "batch:qingshan.a", &["plot:qingshan.p2", "plot:qingshan.p3"], 2 * CAPACITY - 10_000);
    pick(&mut farm, "batch:qingshan.b", &["plot:qingshan.p2"], 10_000);
    assert_eq!(sorts(&farm), []);
    pick(&mut farm, "batch:qingshan.c", &["plot:qingshan.p3"], 1_000);
    assert_eq!(sorts(&farm), [Imbalance::PlotExceeded]);
    // Tied to two empty plots by a handful, one plot still bears only its own.
    let mut farm = orchard();
    farm.say(Says {
        kind: "plot.register/1",
        subject: "plot:qingshan.p2",
        signer: GROWER,
        occurred_at: "2026-06-02T10:00:00+08:00",
        data: json!({
            "name": "坡", "area": quantity("12.5", "mu"), "crop": "杨梅", "variety": "东魁",
            "declared_yield": quantity("12000", "jin"),
        }),
        ..Says::default()
    });
    pick(&mut farm, "batch:qingshan.a", &["crop:qingshan.p1-2026", "plot:qingshan.p2"], 1_000);
    farm.pick("batch:qingshan.b", CAPACITY + 1_000);
    assert_eq!(sorts(&farm), [Imbalance::PlotExceeded, Imbalance::SeasonExceeded]);
}

#[test]
fn a_correction_replaces_and_a_withdrawal_removes() {
    let mut farm = orchard();
    let (lot, from) = ("batch:qingshan.a", "crop:qingshan.p1-2026");
    let harvest = farm.pick(lot, 100_000);
    farm.send(GROWER, lot, 100_000, None);
    let before = entries(&farm).len() as u64;
    let data = json!({"from": [from], "quantity": grams(90_000), "crop": "杨梅", "variety": "东魁"});
    let corrected = farm.correct(lot, &[from], Kind::Harvest, harvest, data);
    assert_eq!(sorts(&farm), [Imbalance::HolderOverdrawn, Imbalance::Oversold]);
    let entries = entries(&farm);
    let lots = Lots::of(records(&entries));
    assert_eq!(faults_of(&lots, &Tables::default(), before), [], "as of before it");
    let sale = farm.report_sale(GROWER, lot, grams(300_000), "douyin", ("2026-06-13", "2026-06-13"));
    farm.say(Says {
        kind: "withdrawal/1",
        subject: lot,
        signer: GROWER,
        occurred_at: "2026-06-13T20:00:00+08:00",
        data: json!({"withdraws": sale, "reason": "made_in_error"}),
        ..Says::default()
    });
    let data = json!({"from": [from], "quantity": grams(100_000), "crop": "杨梅", "variety": "东魁"});
    farm.correct(lot, &[from], Kind::Harvest, corrected, data);
    assert_eq!(sorts(&farm), [Imbalance::PutRight, Imbalance::PutRight], "of the lot and of its holder");
    // What was raised stays raised.
    assert_eq!(watch(&farm).alarms().len(), 4);
}

/// 洛川: a brand's members have so many packs a season.
#[test]
fn a_brand_has_members_and_quotas() {
    let mut farm = orchard();
    let lot = "batch:qingshan.a";
    farm.set_brands(json!([{"org": "qingshan", "packs": 100}]));
    farm.pick(lot, 1_000_000);
    farm.pack_lot(GROWER, (lot, 250_000), "batch:qingshan.p1", grams(250_000), (2_500, 100));
    assert_eq!(sorts(&farm), []);
    farm.pack_lot(GROWER, (lot, 2_500), "batch:qingshan.p2", grams(2_500), (2_500, 1));
    let shipment = farm.send(GROWER, lot, 2_500, Some("shanqian"));
    farm.receive(PACKER, lot, shipment, 2_500, &Value::Null);
    farm.pack_lot(PACKER, (lot, 2_500), "batch:shanqian.p3", grams(2_500), (2_500, 1));
    assert_eq!(sorts(&farm), [Imbalance::BrandNotMember, Imbalance::QuotaExceeded]);
    let entries = entries(&farm);
    let tables = Tables::of(records(&entries));
    let member = Lots::of(records(&entries)).member("qingshan", &tables.brands[0].rows[0], 10_000);
    assert_eq!((member.packed, member.quota, member.sources.len()), (101, Some(100), 2));
}

#[test]
fn the_graph_goes_from_plot_to_pack_and_back() {
    let mut farm = farm();
    farm.season();
    let entries = entries(&farm);
    let lots = Lots::of(records(&entries));
    let reach = Reach { back: 100, forward: 100, nodes_max: 100 };
    let told = |about: &str, reach: Reach| lots.graph(&subject(about), reach, entries.len() as u64).unwrap();
    let graph = told(BATCH, reach);
    let nodes: Vec<_> = graph.nodes.iter().map(|node| (node.subject.as_str(), node.depth)).collect();
    let line = ["batch:qingshan.h0613", "crop:qingshan.p1-2026", "plot:qingshan.p1"];
    assert_eq!(nodes, [(BATCH, 0), (line[0], -1), (line[1], -2), (line[2], -3)]);
    assert_eq!(graph.nodes[0].grade.as_deref(), Some("特级"));
    let edges: Vec<_> =
        graph.edges.iter().map(|edge| (edge.kind, edge.taken.map(|taken| taken.value))).collect();
    assert_eq!(
        edges,
        [(Kind::CropOpen, None), (Kind::Harvest, Some(430_000)), (Kind::Packing, Some(430_000))]
    );
    let graph = told("plot:qingshan.p1", Reach { nodes_max: 2, ..reach });
    assert_eq!((graph.nodes.len(), graph.more_forward, graph.more_back), (3, 1, 0));
    assert!(lots.graph(&subject(BATCH), reach, 3).is_none(), "before it was");
}
