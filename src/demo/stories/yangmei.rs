//! Bayberries (东魁) of Xianju: from the grove to the platform's cold store in a day and a night.
//!
//! Shows all that a trace can have: season, sampling before the result, a wrong weight and its correction, two grades,
//! cold chain with an excursion on the road, and a receiver who signs for himself.

use serde_json::json;

use super::{
    Arrival, FIELD_KINDS, Featured, HOUSE_KINDS, LAB_ROLES, Move, Test, featured, measured, not_detected,
    readings, sold, vouch,
};
use crate::demo::cast::{Org, Trade};
use crate::demo::draft::{Draft, containers, quantity};
use crate::demo::pictures::{self, Fruit};
use crate::demo::readings::Logger;
use crate::demo::season::{Season, day, instant};
use crate::demo::teller::{Phone, Teller};
use crate::statement::kinds::Kind;
use crate::statement::role::Role;

const VILLAGE: &str = "浙江省台州市仙居县横溪镇";
const HOUSE: &str = "横溪示范产地仓";
const LAB_NAME: &str = "台州示范农产品检测中心";

const COOP: Org = Org {
    id: "xianju-demo",
    name: "仙居横溪示范杨梅合作社",
    name_en: "Xianju Hengxi Demo Bayberry Co-operative",
    village: VILLAGE,
    roles: &[Role::Coop, Role::Packhouse],
    identity_method: "in_person",
    document_type: "coop_licence",
};

const LAB: Org = Org {
    id: "taizhou-lab-demo",
    name: LAB_NAME,
    name_en: "Taizhou Demo Produce Laboratory",
    village: "浙江省台州市",
    roles: LAB_ROLES,
    identity_method: "government_registry",
    document_type: "cma_certificate",
};

const PLOT: &str = "plot:xianju-demo.dongpo1";
const PICKED: &str = "batch:xianju-demo.dk0612";
const GRADE_A: &str = "batch:xianju-demo.dk0612-a";
const GRADE_B: &str = "batch:xianju-demo.dk0612-b";
const BOXES_A: &str = "batch:xianju-demo.dk0612-a2";
const BOXES_B: &str = "batch:xianju-demo.dk0612-b3";

pub(super) fn tell(teller: &mut Teller<'_>, trade: &Trade) -> anyhow::Result<Vec<Featured>> {
    let season = Season::over_by(teller.now(), 6, 20);
    let crop = format!("crop:xianju-demo.dongpo1-{}", season.year());
    let crop = crop.as_str();

    let coop = teller.register(&COOP, season.back(1).at(11, 3, 10, 0))?;
    let lab = teller.register(&LAB, season.back(1).at(11, 5, 14, 30))?;
    let phone =
        Phone {
            role: Role::Coop, kinds: FIELD_KINDS, holder: "示范记录员甲", device: "果园手机 1 号"
        };
    let field = teller.add_key(&coop, &phone, season.at(2, 20, 9, 30))?;
    let desk =
        Phone {
            role: Role::Packhouse, kinds: HOUSE_KINDS, holder: "示范仓管员", device: "产地仓平板"
        };
    let house = teller.add_key(&coop, &desk, season.at(2, 20, 9, 50))?;

    // The grove and its season.
    let plot = json!({
        "name": "东坡一号杨梅园",
        "area": quantity("18.6", "mu"),
        "crop": "杨梅",
        "variety": "东魁",
        "declared_yield": quantity("9300", "kg"),
        "holder": "示范种植户",
        "water": "spring",
        "broadcast_consent": [{ "to": "platform-demo", "until": day(season.on(12, 31)) }],
        "note": "海拔约三百米的南坡，树龄十八年，共 420 株。",
    });
    teller.say(
        Draft::new(Kind::PlotRegister, PLOT, &field, season.at(2, 22, 10, 10), plot)
            .in_village(VILLAGE)
            .at_coordinates("28.73", "120.53", "800")
            .drawing("仙居杨梅山", pictures::terraces(Fruit::Bayberry)),
    )?;
    let open = json!({
        "plot": PLOT,
        "crop": "杨梅",
        "variety": "东魁",
        "season": format!("{} 年夏季", season.year()),
        "area": quantity("18.6", "mu"),
        "expected_harvest": { "from": day(season.on(6, 8)), "to": day(season.on(6, 25)) },
        "expected_yield": quantity("9000", "kg"),
    });
    teller.say(Draft::on_day(Kind::CropOpen, crop, &field, season.on(2, 25), open).in_village(VILLAGE))?;
    let work = |action: &str, note: &str| {
        json!({
            "action": action, "crop": "杨梅", "variety": "东魁",
            "quantity": quantity("420", "plant"), "area": quantity("18.6", "mu"), "note": note,
        })
    };
    teller.say(
        Draft::on_day(
            Kind::Planting,
            crop,
            &field,
            season.on(3, 2),
            work("pruning", "剪去过密枝和病枝，树冠开天窗。"),
        )
        .in_village(VILLAGE),
    )?;
    let fertiliser = json!({
        "kind": "fertiliser",
        "product": {
            "name": "商品有机肥（示范）", "manufacturer": "示范肥料厂",
            "source_shop": "横溪示范农资店", "invoice_no": "NZ-0310-07",
        },
        "target": "春季壮果肥",
        "method": "furrow",
        "dose": { "amount": quantity("5", "kg"), "per": "plant" },
        "area": quantity("18.6", "mu"),
        "start_date": day(season.on(3, 10)),
        "end_date": day(season.on(3, 11)),
        "operator": "示范施肥员",
        "container_return": "stored",
    });
    teller.say(
        Draft::on_day(Kind::Input, crop, &field, season.on(3, 11), fertiliser)
            .in_village(VILLAGE)
            .for_partners(),
    )?;
    teller.say(
        Draft::on_day(Kind::Planting, crop, &field, season.on(4, 3), work("flowering", "全园盛花。"))
            .in_village(VILLAGE),
    )?;
    teller.say(
        Draft::on_day(
            Kind::Planting,
            crop,
            &field,
            season.on(4, 29),
            work("thinning", "人工疏果，每枝留果一到两个。"),
        )
        .in_village(VILLAGE),
    )?;
    teller.say(
        Draft::on_day(
            Kind::Planting,
            crop,
            &field,
            season.on(5, 12),
            work("bagging", "整株罩防虫罗幔，防果蝇和雨淋，到采收前不揭。"),
        )
        .in_village(VILLAGE),
    )?;
    let traps = json!({
        "kind": "other",
        "product": { "name": "果蝇诱捕器（示范）", "manufacturer": "示范植保用品厂" },
        "target": "果蝇监测与诱捕",
        "method": "trap",
        "dose": { "amount": quantity("15", "piece"), "per": "mu" },
        "area": quantity("18.6", "mu"),
        "start_date": day(season.on(5, 18)),
        "end_date": day(season.on(6, 25)),
        "operator": "示范植保员",
        "container_return": "none",
        "note": "本季未使用化学农药，只用罗幔和诱捕器。",
    });
    teller.say(Draft::on_day(Kind::Input, crop, &field, season.on(5, 18), traps).in_village(VILLAGE))?;

    let walk = json!({ "action": "patrol", "finding": "normal", "growth_stage": "colouring" });
    teller.say(Draft::on_day(Kind::Observation, crop, &field, season.on(6, 2), walk).in_village(VILLAGE))?;

    // An independent laboratory, before and after picking.
    let before = Test {
        lab: &lab,
        sampler: "示范抽样员",
        subject: crop,
        sample_no: format!("XJ{}0608-01", season.year()),
        quantity: quantity("2", "kg"),
        method: "several",
        items: json!([
            not_detected("阿维菌素"),
            not_detected("吡虫啉"),
            not_detected("多菌灵"),
            measured("可溶性固形物", "11.8", "brix", "info"),
        ]),
        conclusion: "pass",
        lab_name: LAB_NAME,
        village: VILLAGE,
        drawn: true,
    };
    let sampled = before.sample(teller, season.at(6, 8, 8, 20))?;
    before.report(teller, sampled, season.on(6, 8), season.at(6, 10, 16, 40))?;

    // Picked at dawn; two figures changed places on the phone, and the clerk puts it right.
    let harvest = |baskets: u32| {
        json!({
            "from": [crop],
            "quantity": containers(baskets, "basket", "22", "jin"),
            "crop": "杨梅",
            "variety": "东魁",
            "pickers": 9,
            "brix": "12.2",
            "field_heat_temp": "22.5",
            "precool_at": instant(season.at(6, 12, 8, 10)),
            "after_order": true,
        })
    };
    let picked = teller.say(
        Draft::new(Kind::Harvest, PICKED, &field, season.at(6, 12, 4, 40), harvest(64))
            .recorded(season.at(6, 12, 6, 55))
            .in_village(VILLAGE)
            .at_coordinates("28.73", "120.53", "12")
            .drawing("清晨采收的杨梅", pictures::crate_of(Fruit::Bayberry)),
    )?;
    let correction = json!({
        "reason": "typo",
        "note": "过磅单为 46 筐，录入时误为 64 筐。",
        "data": harvest(46),
    });
    let mut correction = Draft::new(Kind::Correction, PICKED, &field, season.at(6, 12, 7, 5), correction);
    correction.corrects = Some((picked, Kind::Harvest));
    teller.say(correction.in_village(VILLAGE))?;

    let after = Test {
        subject: PICKED,
        sample_no: format!("XJ{}0612-03", season.year()),
        items: json!([
            not_detected("阿维菌素"),
            not_detected("吡虫啉"),
            not_detected("多菌灵"),
            not_detected("高效氯氟氰菊酯"),
            measured("可溶性固形物", "12.4", "brix", "info"),
        ]),
        drawn: false,
        ..before
    };
    let sampled = after.sample(teller, season.at(6, 12, 7, 15))?;
    let rapid = json!({
        "sample_no": "KJ-0612-01",
        "lab": "xianju-demo",
        "method": "rapid",
        "received_date": day(season.on(6, 12)),
        "reported_date": day(season.on(6, 12)),
        "report_no": "KJ-0612-01",
        "items": [{ "analyte": "有机磷和氨基甲酸酯类", "result": "negative", "verdict": "pass" }],
        "conclusion": "reference_only",
        "report_file": "",
    });
    let slip = crate::demo::report::pdf("产地仓快检单", &["有机磷和氨基甲酸酯类    阴性".to_owned()]);
    teller.say(
        Draft::new(Kind::Inspection, PICKED, &house, season.at(6, 12, 7, 30), rapid).at_site(HOUSE).file(
            "示范快检单-KJ-0612-01.pdf",
            "application/pdf",
            slip,
            "/report_file",
        ),
    )?;

    // Graded, packed with ice, cooled.
    let grading = json!({
        "inputs": [{ "lot": PICKED, "quantity": containers(46, "basket", "22", "jin") }],
        "outputs": [
            {
                "lot": GRADE_A, "quantity": quantity("312", "kg"), "grade": "A 级",
                "spec": { "weight_min": "25", "diameter_min": "34" }, "colour": "紫红", "brix": "12.5",
            },
            {
                "lot": GRADE_B, "quantity": quantity("168", "kg"), "grade": "B 级",
                "spec": { "weight_min": "20", "weight_max": "25" }, "colour": "红", "brix": "11.9",
            },
        ],
        "loss": quantity("26", "kg"),
        "loss_reason": "damaged",
        "site": HOUSE,
        "line": "人工分级台 2 号",
        "grader": "示范分级员",
    });
    teller.say(
        Draft::new(Kind::Grading, GRADE_A, &house, season.at(6, 12, 8, 50), grading)
            .at_site(HOUSE)
            .for_partners(),
    )?;
    let packing = |lot: &str, out: &str, grade: &str, count: u32, each: &str, from: &str| {
        json!({
            "inputs": [{ "lot": lot, "quantity": quantity(from, "kg") }],
            "outputs": [{ "lot": out, "quantity": containers(count, "box", each, "kg"), "grade": grade }],
            "loss": quantity("0", "kg"),
            "loss_reason": "none",
            "site": HOUSE,
            "product": "仙居东魁杨梅（示范）",
            "pack_type": "foam_box_ice",
            "net_weight": quantity(each, "kg"),
            "pack_count": count,
            "pack_date": day(season.on(6, 12)),
            "shelf_life_days": 3,
            "storage_advice": ["refrigerate", "do_not_wash_first", "eat_soon"],
            "eating": ["wash", "salt_water"],
            "shortcomings": ["short_life", "bruises_easily", "may_leak", "insects_possible"],
            "note": "现摘现发，到货请先开箱检查；颜色深浅不同属正常。",
        })
    };
    teller.say(
        Draft::new(
            Kind::Packing,
            BOXES_A,
            &house,
            season.at(6, 12, 9, 40),
            packing(GRADE_A, BOXES_A, "A 级", 156, "2", "312"),
        )
        .at_site(HOUSE)
        .drawing("泡沫箱加冰袋", pictures::packed(Fruit::Bayberry)),
    )?;
    teller.say(
        Draft::new(
            Kind::Packing,
            BOXES_B,
            &house,
            season.at(6, 12, 10, 5),
            packing(GRADE_B, BOXES_B, "B 级", 56, "3", "168"),
        )
        .at_site(HOUSE),
    )?;
    let all_boxes = || containers(156, "box", "2", "kg");
    let store = |action: &str| {
        json!({
            "site": "横溪示范冷库 1 号", "action": action, "storage_type": "cold",
            "quantity": all_boxes(), "set_temp": "2", "min_temp": "0", "max_temp": "5",
        })
    };
    teller.say(
        Draft::new(Kind::Storage, BOXES_A, &house, season.at(6, 12, 10, 20), store("in")).at_site(HOUSE),
    )?;
    let cold_room = Logger {
        sensor: "TH-07",
        from: season.at(6, 12, 10, 30),
        minutes_apart: 10,
        count: 46,
        set: 22,
        swing: 7,
        warm_spell: None,
        silence: None,
        max: 50,
        gases: None,
    };
    readings(
        teller,
        BOXES_A,
        &house,
        &cold_room,
        "横溪示范冷库 1 号",
        json!({ "storage_type": "cold", "door_open": 6 }),
    )?;
    teller.say(
        Draft::new(Kind::Storage, BOXES_A, &house, season.at(6, 12, 18, 15), store("out")).at_site(HOUSE),
    )?;

    // Grade B goes straight to those who ordered it; grade A to the platform's warehouse, by night.
    let to_consumers = json!({
        "lots": [{ "lot": BOXES_B, "quantity": containers(56, "box", "3", "kg") }],
        "to_consumers": true,
        "carrier": "coldchain-demo",
        "depart_at": instant(season.at(6, 12, 16, 30)),
        "temp_mode": "insulated",
    });
    teller.say(
        Draft::new(Kind::Shipping, BOXES_B, &house, season.at(6, 12, 16, 30), to_consumers).at_site(HOUSE),
    )?;
    let journey = Move {
        lot: BOXES_A,
        from: house.clone(),
        carrier: Some(&trade.carrier),
        to: &trade.warehouse,
        waybill: "SF-DEMO-0612-88",
        temp_mode: "cold",
        shipped: all_boxes(),
        depart: season.at(6, 12, 18, 40),
        site: HOUSE,
        drawn: true,
    };
    let shipment = journey.ship(teller)?;
    let on_the_road = Logger {
        sensor: "LG-SF-DEMO-0612-88",
        from: season.at(6, 12, 18, 50),
        minutes_apart: 10,
        count: 45,
        set: 31,
        swing: 8,
        warm_spell: Some((22, 45)),
        silence: Some((34, 2)),
        max: 50,
        gases: None,
    };
    readings(
        teller,
        BOXES_A,
        &trade.carrier,
        &on_the_road,
        "冷藏车（仙居至嘉兴）",
        json!({ "storage_type": "cold", "door_open": 1 }),
    )?;
    let arrival = Arrival {
        at: season.at(6, 13, 2, 35),
        received: all_boxes(),
        damaged: Some(containers(3, "box", "2", "kg")),
        celsius: Some("3.6"),
        site: "华东仓冷库 3 号门",
    };
    journey.arrive(teller, shipment, arrival)?;
    after.report(teller, sampled, season.on(6, 12), season.at(6, 13, 15, 10))?;
    vouch(teller, trade, &house, BOXES_A, season.at(6, 13, 16, 0))?;
    sold(
        teller,
        trade,
        BOXES_A,
        containers(150, "box", "2", "kg"),
        season.on(6, 13),
        season.at(6, 15, 22, 0),
    )?;

    Ok(vec![
        featured(
            BOXES_A,
            "A 级 2 公斤装：冷链到平台仓，含一次更正和一次超温",
            "grade A, cold chain, a correction and an excursion",
        ),
        featured(BOXES_B, "B 级 3 公斤装：直接发给消费者", "grade B, straight to consumers"),
    ])
}
