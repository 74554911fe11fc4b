//! Sanqi (三七) of Wenshan: three years in the ground, two plots dug and mixed, dried, sorted by heads, every lot tested.
//!
//! Shows a merge of two lots with both parents in sight, processing with its yield, and a phone that was lost: its
//! key is revoked, what it signed before stands and what came after is signed by another.

use serde_json::{Value, json};

use super::{
    Arrival, FIELD_KINDS, Featured, HOUSE_KINDS, LAB_ROLES, Move, Test, featured, measured, not_detected,
    vouch,
};
use crate::demo::cast::{Org, Trade};
use crate::demo::draft::{Draft, containers, quantity};
use crate::demo::pictures::{self, Fruit};
use crate::demo::season::{Season, day};
use crate::demo::teller::{Phone, Teller};
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::subject::Subject;

const VILLAGE: &str = "云南省文山壮族苗族自治州文山市平坝镇";
const HOUSE: &str = "平坝示范三七加工厂";
const LAB_NAME: &str = "文山示范药材检验所";

const COOP: Org = Org {
    id: "wenshan-demo",
    name: "文山平坝示范三七合作社",
    name_en: "Wenshan Pingba Demo Sanqi Co-operative",
    village: VILLAGE,
    roles: &[Role::Coop, Role::Processor],
    identity_method: "in_person",
    document_type: "coop_licence",
};

const LAB: Org = Org {
    id: "wenshan-lab-demo",
    name: LAB_NAME,
    name_en: "Wenshan Demo Herb Laboratory",
    village: "云南省文山市",
    roles: LAB_ROLES,
    identity_method: "government_registry",
    document_type: "cma_certificate",
};

const DUG_EAST: &str = "batch:wenshan-demo.sq-east";
const DUG_WEST: &str = "batch:wenshan-demo.sq-west";
const WASHED: &str = "batch:wenshan-demo.sq-washed";
const DRIED: &str = "batch:wenshan-demo.sq-dried";
const JARS_20: &str = "batch:wenshan-demo.sq-20-jar";
const BAGS_40: &str = "batch:wenshan-demo.sq-40-bag";

/// Heads in 500 g, lot, kilograms.
const SIZES: [(u32, &str, &str); 4] = [
    (20, "batch:wenshan-demo.sq-20", "26.5"),
    (30, "batch:wenshan-demo.sq-30", "41"),
    (40, "batch:wenshan-demo.sq-40", "58"),
    (60, "batch:wenshan-demo.sq-60", "46.5"),
];

pub(super) fn tell(teller: &mut Teller<'_>, trade: &Trade) -> anyhow::Result<Vec<Featured>> {
    let season = Season::over_by(teller.now(), 11, 16);
    let start = season.back(2);
    let coop = teller.register(&COOP, season.back(3).at(11, 20, 10, 30))?;
    let lab = teller.register(&LAB, season.back(3).at(11, 21, 9, 0))?;
    let old =
        Phone {
            role: Role::Coop, kinds: FIELD_KINDS, holder: "示范记录员丙", device: "基地手机（旧）"
        };
    let old_phone = teller.add_key(&coop, &old, season.back(3).at(12, 1, 16, 0))?;
    let desk =
        Phone {
            role: Role::Processor, kinds: HOUSE_KINDS, holder: "示范加工班长", device: "加工厂电脑"
        };
    let house = teller.add_key(&coop, &desk, season.at(9, 20, 9, 0))?;

    // Three years in two shaded plots.
    let plots = [
        ("plot:wenshan-demo.east", "东坡荫棚", "5.2", format!("crop:wenshan-demo.east-{}", start.year())),
        ("plot:wenshan-demo.west", "西坡荫棚", "5.8", format!("crop:wenshan-demo.west-{}", start.year())),
    ];
    for (plot, name, area, crop) in &plots {
        let registration = json!({
            "name": name,
            "area": quantity(area, "mu"),
            "crop": "三七",
            "variety": "文山三七",
            "declared_yield": quantity("1200", "kg"),
            "water": "spring",
            "note": "新地，此前未种过三七；遮阳网荫棚。",
        });
        let mut draft =
            Draft::new(Kind::PlotRegister, plot, &old_phone, season.back(3).at(12, 3, 11, 0), registration)
                .in_village(VILLAGE);
        if *plot == plots[0].0 {
            draft = draft.drawing("文山三七荫棚", pictures::terraces(Fruit::Root));
        }
        teller.say(draft)?;
        let open = json!({
            "plot": plot,
            "crop": "三七",
            "variety": "文山三七",
            "season": format!("{} 至 {} 年", start.year(), season.year()),
            "standard": "示范种植规程（三七）",
            "area": quantity(area, "mu"),
            "expected_harvest": { "from": day(season.on(10, 8)), "to": day(season.on(11, 10)) },
        });
        teller
            .say(Draft::on_day(Kind::CropOpen, crop, &old_phone, start.on(1, 4), open).in_village(VILLAGE))?;
        let planting = json!({
            "action": "transplanting",
            "crop": "三七",
            "variety": "文山三七",
            "quantity": quantity("98000", "plant"),
            "seed_source": "文山示范种苗圃",
            "seed_lot": format!("ZT-{}", start.year()),
            "note": "移栽一年生子条。",
        });
        teller.say(
            Draft::on_day(Kind::Planting, crop, &old_phone, start.on(1, 8), planting).in_village(VILLAGE),
        )?;
        let topping = json!({
            "action": "other",
            "crop": "三七",
            "variety": "文山三七",
            "quantity": quantity("91000", "plant"),
            "note": "摘除花薹，养分留给根部。",
        });
        teller.say(
            Draft::on_day(Kind::Planting, crop, &old_phone, season.on(7, 9), topping).in_village(VILLAGE),
        )?;
    }

    // The phone is lost on the market; the co-operative's admin key revokes it two days later. No day of a theft is
    // named: the ledger took all these records after it, and would have to call every one of them suspect.
    let lost = Subject::of_key(&old_phone.key.key_id()).to_string();
    let revocation = json!({
        "reason": "lost",
        "note": "八月三日赶集时手机遗失，没有找回；旧手机此前的记录仍然有效。",
    });
    teller.say(Draft::new(Kind::OrgKeyRevoke, &lost, &coop, season.at(8, 5, 9, 10), revocation))?;
    let new =
        Phone {
            role: Role::Coop, kinds: FIELD_KINDS, holder: "示范记录员丙", device: "基地手机（新）"
        };
    let field = teller.add_key(&coop, &new, season.at(8, 6, 10, 0))?;
    let manure = json!({
        "kind": "fertiliser",
        "product": { "name": "腐熟有机肥（示范）", "manufacturer": "示范肥料厂" },
        "target": "根部膨大期追肥",
        "method": "broadcast",
        "dose": { "amount": quantity("60", "kg"), "per": "mu" },
        "area": quantity("5.2", "mu"),
        "start_date": day(season.on(8, 12)),
        "end_date": day(season.on(8, 13)),
        "operator": "示范管护员",
    });
    teller.say(
        Draft::on_day(Kind::Input, &plots[0].3, &field, season.on(8, 13), manure)
            .in_village(VILLAGE)
            .for_partners(),
    )?;

    // Dug, and each lot tested before the two are mixed.
    let base = Test {
        lab: &lab,
        sampler: "示范抽样员",
        subject: DUG_EAST,
        sample_no: String::new(),
        quantity: quantity("500", "g"),
        method: "several",
        items: fresh_items(),
        conclusion: "pass",
        lab_name: LAB_NAME,
        village: VILLAGE,
        drawn: false,
    };
    let dug = [(DUG_EAST, &plots[0].3, "380", 12), (DUG_WEST, &plots[1].3, "420", 14)];
    for (lot, crop, kilos, date) in dug {
        let harvest = json!({
            "from": [crop],
            "quantity": quantity(kilos, "kg"),
            "crop": "三七",
            "variety": "文山三七",
            "pickers": 16,
        });
        teller.say(
            Draft::new(Kind::Harvest, lot, &field, season.at(10, date, 17, 20), harvest).in_village(VILLAGE),
        )?;
        let test = Test {
            subject: lot,
            sample_no: format!("WS{}10{date}-X", season.year()),
            quantity: quantity("500", "g"),
            items: fresh_items(),
            ..base
        };
        let sampled = test.sample(teller, season.at(10, date, 18, 0))?;
        test.report(teller, sampled, season.on(10, date + 1), season.at(10, date + 4, 16, 30))?;
    }

    // Washed together, dried, sorted by heads.
    let washing = json!({
        "inputs": [
            { "lot": DUG_EAST, "quantity": quantity("380", "kg") },
            { "lot": DUG_WEST, "quantity": quantity("420", "kg") },
        ],
        "outputs": [{ "lot": WASHED, "quantity": quantity("776", "kg") }],
        "loss": quantity("24", "kg"),
        "loss_reason": "trimmed",
        "process": "washing",
        "site": HOUSE,
        "operator": "示范清洗工",
        "note": "东坡、西坡两批合并清洗，去须根和泥土。",
    });
    teller.say(
        Draft::new(Kind::Processing, WASHED, &house, season.at(10, 20, 15, 0), washing).at_site(HOUSE),
    )?;
    let drying = json!({
        "inputs": [{ "lot": WASHED, "quantity": quantity("776", "kg") }],
        "outputs": [{ "lot": DRIED, "quantity": quantity("196", "kg") }],
        "loss": quantity("580", "kg"),
        "loss_reason": "moisture",
        "process": "drying",
        "site": HOUSE,
        "line": "低温烘房 1 号",
    });
    teller
        .say(Draft::new(Kind::Processing, DRIED, &house, season.at(10, 29, 10, 0), drying).at_site(HOUSE))?;
    let mut outputs: Vec<Value> = SIZES
        .iter()
        .map(|(heads, lot, kilos)| {
            json!({
                "lot": lot, "quantity": quantity(kilos, "kg"),
                "grade": format!("{heads} 头"), "spec": { "heads": heads },
            })
        })
        .collect();
    outputs.push(json!({
        "lot": "batch:wenshan-demo.sq-cut", "quantity": quantity("20.4", "kg"),
        "grade": "剪口", "spec": { "label": "剪口" },
    }));
    let grading = json!({
        "inputs": [{ "lot": DRIED, "quantity": quantity("196", "kg") }],
        "outputs": outputs,
        "loss": quantity("3.6", "kg"),
        "loss_reason": "trimmed",
        "site": HOUSE,
        "grader": "示范分头工",
    });
    teller.say(
        Draft::new(Kind::Grading, SIZES[2].1, &house, season.at(10, 31, 16, 0), grading)
            .at_site(HOUSE)
            .drawing("按头数分级", pictures::crate_of(Fruit::Root)),
    )?;
    for (heads, lot, _) in SIZES {
        let test = Test {
            subject: lot,
            sample_no: format!("WS{}1102-{heads}", season.year()),
            quantity: quantity("100", "g"),
            items: dried_items(heads),
            ..base
        };
        let sampled = test.sample(teller, season.at(11, 2, 9, 30))?;
        test.report(teller, sampled, season.on(11, 3), season.at(11, 7, 17, 0))?;
    }

    let packing = |lot: &str, out: &str, kilos: &str, count: u32, each: &str, pack_type: &str| {
        json!({
            "inputs": [{ "lot": lot, "quantity": quantity(kilos, "kg") }],
            "outputs": [{ "lot": out, "quantity": containers(count, "bag", each, "g") }],
            "loss": quantity("0", "kg"),
            "loss_reason": "none",
            "site": HOUSE,
            "product": "文山三七（示范）",
            "pack_type": pack_type,
            "net_weight": quantity(each, "g"),
            "pack_count": count,
            "pack_date": day(season.on(11, 9)),
            "storage_advice": ["cool_dry", "airtight", "away_from_light"],
            "eating": ["powder", "stew"],
            "shortcomings": ["bitter"],
        })
    };
    teller.say(
        Draft::new(
            Kind::Packing,
            BAGS_40,
            &house,
            season.at(11, 9, 14, 0),
            packing(SIZES[2].1, BAGS_40, "58", 232, "250", "vacuum"),
        )
        .at_site(HOUSE)
        .drawing("装袋", pictures::packed(Fruit::Root)),
    )?;
    teller.say(
        Draft::new(
            Kind::Packing,
            JARS_20,
            &house,
            season.at(11, 9, 16, 0),
            packing(SIZES[0].1, JARS_20, "26.5", 106, "250", "jar"),
        )
        .at_site(HOUSE),
    )?;
    vouch(teller, trade, &house, BAGS_40, season.at(11, 9, 18, 0))?;
    let bags = || containers(232, "bag", "250", "g");
    let stored = json!({ "site": HOUSE, "action": "in", "storage_type": "ambient", "quantity": bags() });
    teller.say(Draft::new(Kind::Storage, BAGS_40, &house, season.at(11, 9, 17, 0), stored).at_site(HOUSE))?;
    let jars = containers(106, "bag", "250", "g");
    let stored = json!({ "site": HOUSE, "action": "in", "storage_type": "ambient", "quantity": jars });
    teller
        .say(Draft::new(Kind::Storage, JARS_20, &house, season.at(11, 9, 17, 30), stored).at_site(HOUSE))?;
    let journey = Move {
        lot: BAGS_40,
        from: house.clone(),
        carrier: Some(&trade.carrier),
        to: &trade.warehouse,
        waybill: "SF-DEMO-1110-05",
        temp_mode: "ambient",
        shipped: bags(),
        depart: season.at(11, 10, 10, 0),
        site: HOUSE,
        drawn: false,
    };
    let shipment = journey.ship(teller)?;
    let arrival = Arrival {
        at: season.at(11, 13, 9, 20),
        received: bags(),
        damaged: None,
        celsius: None,
        site: "华东仓常温库 2 号门",
    };
    journey.arrive(teller, shipment, arrival)?;

    Ok(vec![
        featured(
            BAGS_40,
            "40 头 250 克袋：两块地合并，每批抽检，其间吊销一把密钥",
            "two plots mixed, every lot tested, a key revoked",
        ),
        featured(JARS_20, "20 头 250 克罐", "the largest roots"),
    ])
}

fn fresh_items() -> Value {
    json!([not_detected("多菌灵"), not_detected("五氯硝基苯"), not_detected("甲霜灵")])
}

fn dried_items(heads: u32) -> Value {
    let total = match heads {
        20 => "9.1",
        30 => "8.8",
        40 => "8.4",
        _ => "8",
    };
    json!([
        not_detected("五氯硝基苯"),
        measured("水分", "10.6", "percent", "pass"),
        measured("三七皂苷 R1 与人参皂苷 Rg1、Rb1 总量", total, "percent", "pass"),
    ])
}
