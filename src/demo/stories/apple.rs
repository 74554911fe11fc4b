//! Apples (红富士) of Luochuan: bagged in June, picked in October, sold from controlled atmosphere in spring.
//!
//! Shows long storage with its readings, two rounds of sampling half a year apart, and lots by size. A stored apple
//! must not look fresh from the tree: the months in store stand in the records.

use serde_json::json;

use super::{
    Arrival, FIELD_KINDS, Featured, HOUSE_KINDS, LAB_ROLES, Move, Test, featured, measured, not_detected,
    readings, vouch,
};
use crate::demo::cast::{Org, Trade};
use crate::demo::draft::{Draft, containers, quantity};
use crate::demo::pictures::{self, Fruit};
use crate::demo::readings::Logger;
use crate::demo::season::{Season, day, instant};
use crate::demo::teller::{Phone, Teller};
use crate::statement::kinds::Kind;
use crate::statement::role::Role;

const VILLAGE: &str = "陕西省延安市洛川县旧县镇";
const HOUSE: &str = "旧县示范气调库";
const LAB_NAME: &str = "延安示范果品检验所";

const COOP: Org = Org {
    id: "luochuan-demo",
    name: "洛川塬上示范果业合作社",
    name_en: "Luochuan Yuanshang Demo Apple Co-operative",
    village: VILLAGE,
    roles: &[Role::Coop, Role::Packhouse, Role::Warehouse],
    identity_method: "document",
    document_type: "coop_licence",
};

const LAB: Org = Org {
    id: "yanan-lab-demo",
    name: LAB_NAME,
    name_en: "Yan'an Demo Fruit Laboratory",
    village: "陕西省延安市",
    roles: LAB_ROLES,
    identity_method: "government_registry",
    document_type: "cma_certificate",
};

const PLOT: &str = "plot:luochuan-demo.yuan-a";
const PICKED: &str = "batch:luochuan-demo.fj1016";
const SIZE_85: &str = "batch:luochuan-demo.fj1016-85";
const SIZE_80: &str = "batch:luochuan-demo.fj1016-80";
const SIZE_75: &str = "batch:luochuan-demo.fj1016-75";
const FOR_JUICE: &str = "batch:luochuan-demo.fj1016-j";
const BOXES_80: &str = "batch:luochuan-demo.fj1016-80x";
const BOXES_85: &str = "batch:luochuan-demo.fj1016-85x";

pub(super) fn tell(teller: &mut Teller<'_>, trade: &Trade) -> anyhow::Result<Vec<Featured>> {
    let sold = Season::over_by(teller.now(), 4, 26);
    let grown = sold.back(1);
    let crop = format!("crop:luochuan-demo.yuan-a-{}", grown.year());
    let crop = crop.as_str();

    let coop = teller.register(&COOP, grown.back(1).at(3, 6, 11, 0))?;
    let lab = teller.register(&LAB, grown.back(1).at(3, 8, 9, 40))?;
    let phone = Phone {
        role: Role::Coop, kinds: FIELD_KINDS, holder: "示范记录员乙", device: "果园手机 A"
    };
    let field = teller.add_key(&coop, &phone, grown.at(2, 16, 10, 0))?;
    let desk =
        Phone {
            role: Role::Packhouse, kinds: HOUSE_KINDS, holder: "示范库管员", device: "气调库电脑"
        };
    let house = teller.add_key(&coop, &desk, grown.at(2, 16, 10, 15))?;

    let plot = json!({
        "name": "塬上 A 区",
        "area": quantity("62", "mu"),
        "crop": "苹果",
        "variety": "红富士",
        "declared_yield": quantity("108", "t"),
        "holder": "示范承包人",
        "water": "rain",
        "note": "黄土塬面，矮化密植，共 2480 株，设防雹网。",
    });
    teller.say(
        Draft::new(Kind::PlotRegister, PLOT, &field, grown.at(2, 18, 9, 20), plot)
            .in_village(VILLAGE)
            .at_coordinates("35.76", "109.43", "900")
            .drawing("洛川黄土塬果园", pictures::terraces(Fruit::Apple)),
    )?;
    let open = json!({
        "plot": PLOT,
        "crop": "苹果",
        "variety": "红富士",
        "season": format!("{} 年", grown.year()),
        "area": quantity("62", "mu"),
        "expected_harvest": { "from": day(grown.on(10, 10)), "to": day(grown.on(10, 25)) },
        "expected_yield": quantity("95", "t"),
    });
    teller.say(Draft::on_day(Kind::CropOpen, crop, &field, grown.on(3, 1), open).in_village(VILLAGE))?;
    let works = [
        ("pruning", grown.on(3, 4), "冬剪收尾，拉枝开角。"),
        ("flowering", grown.on(4, 18), "盛花，放蜂授粉。"),
        ("thinning", grown.on(5, 8), "疏花后定果，按枝距留单果。"),
        ("bagging", grown.on(6, 6), "套双层纸袋。"),
        ("other", grown.on(9, 26), "分两次摘袋，摘叶转果，铺反光膜。"),
    ];
    for (action, date, note) in works {
        let work = json!({
            "action": action, "crop": "苹果", "variety": "红富士",
            "quantity": quantity("2480", "plant"), "area": quantity("62", "mu"), "note": note,
        });
        teller.say(Draft::on_day(Kind::Planting, crop, &field, date, work).in_village(VILLAGE))?;
    }
    let water = json!({ "method": "drip", "water": "reservoir", "area": quantity("62", "mu") });
    teller.say(Draft::on_day(Kind::Irrigation, crop, &field, grown.on(6, 12), water).in_village(VILLAGE))?;
    let fertiliser = json!({
        "kind": "fertiliser",
        "product": {
            "name": "水溶肥（示范）", "manufacturer": "示范肥料厂",
            "source_shop": "旧县示范农资店", "invoice_no": "LC-0620-03",
        },
        "target": "果实膨大期追肥",
        "method": "fertigation",
        "dose": { "amount": quantity("8", "kg"), "per": "mu" },
        "area": quantity("62", "mu"),
        "start_date": day(grown.on(6, 20)),
        "end_date": day(grown.on(6, 21)),
        "operator": "示范灌溉员",
    });
    teller.say(
        Draft::on_day(Kind::Input, crop, &field, grown.on(6, 21), fertiliser)
            .in_village(VILLAGE)
            .for_partners(),
    )?;

    // First sampling: on the tree.
    let on_tree = Test {
        lab: &lab,
        sampler: "示范抽样员",
        subject: crop,
        sample_no: format!("LC{}1006-A", grown.year()),
        quantity: quantity("3", "kg"),
        method: "several",
        items: json!([
            not_detected("多菌灵"),
            not_detected("吡虫啉"),
            not_detected("戊唑醇"),
            measured("可溶性固形物", "14.3", "brix", "info"),
        ]),
        conclusion: "pass",
        lab_name: LAB_NAME,
        village: VILLAGE,
        drawn: false,
    };
    let sampled = on_tree.sample(teller, grown.at(10, 6, 10, 30))?;
    on_tree.report(teller, sampled, grown.on(10, 7), grown.at(10, 11, 17, 0))?;

    let crates = || containers(630, "crate", "20", "kg");
    let harvest = json!({
        "from": [crop],
        "quantity": crates(),
        "crop": "苹果",
        "variety": "红富士",
        "pickers": 34,
        "brix": "14.5",
        "firmness": "7.8",
        "field_heat_temp": "13",
    });
    teller.say(
        Draft::new(Kind::Harvest, PICKED, &field, grown.at(10, 16, 16, 50), harvest)
            .in_village(VILLAGE)
            .drawing("采下的红富士", pictures::crate_of(Fruit::Apple)),
    )?;

    // Half a year in controlled atmosphere.
    let chamber = |action: &str| {
        json!({
            "site": HOUSE, "action": action, "storage_type": "controlled_atmosphere", "quantity": crates(),
            "set_temp": "0", "min_temp": "-1", "max_temp": "1.5", "set_o2": "2.5", "set_co2": "1",
        })
    };
    teller.say(
        Draft::new(Kind::Storage, PICKED, &house, grown.at(10, 17, 20, 10), chamber("in")).at_site(HOUSE),
    )?;
    let months = [grown.at(11, 1, 0, 0), sold.at(1, 1, 0, 0), sold.at(3, 1, 0, 0)];
    for from in months {
        let logger = Logger {
            sensor: "CA-03",
            from,
            minutes_apart: 240,
            count: 168,
            set: 2,
            swing: 5,
            warm_spell: None,
            silence: None,
            max: 15,
            gases: Some((25, 10)),
        };
        let more = json!({
            "storage_type": "controlled_atmosphere", "set_temp": "0", "min_temp": "-1",
            "set_o2": "2.5", "set_co2": "1", "door_open": 0,
        });
        readings(teller, PICKED, &house, &logger, HOUSE, more)?;
    }
    teller.say(
        Draft::new(Kind::Storage, PICKED, &house, sold.at(4, 12, 7, 30), chamber("out")).at_site(HOUSE),
    )?;

    // Second sampling: out of the store.
    let from_store = Test {
        subject: PICKED,
        sample_no: format!("LC{}0412-B", sold.year()),
        items: json!([
            not_detected("多菌灵"),
            not_detected("吡虫啉"),
            not_detected("戊唑醇"),
            measured("可溶性固形物", "14.1", "brix", "info"),
        ]),
        ..on_tree
    };
    let sampled = from_store.sample(teller, sold.at(4, 12, 8, 30))?;

    let grading = json!({
        "inputs": [{ "lot": PICKED, "quantity": crates() }],
        "outputs": [
            {
                "lot": SIZE_85, "quantity": quantity("3150", "kg"), "grade": "特级",
                "spec": { "diameter_min": "85" }, "colour": "片红", "brix": "14.6", "defects": "1.2",
            },
            {
                "lot": SIZE_80, "quantity": quantity("5040", "kg"), "grade": "一级",
                "spec": { "diameter_min": "80", "diameter_max": "85" }, "colour": "片红", "brix": "14.2",
            },
            {
                "lot": SIZE_75, "quantity": quantity("3024", "kg"), "grade": "二级",
                "spec": { "diameter_min": "75", "diameter_max": "80" }, "colour": "条红",
            },
            {
                "lot": FOR_JUICE, "quantity": quantity("630", "kg"), "grade": "等外",
                "spec": { "label": "加工用果" },
            },
        ],
        "loss": quantity("756", "kg"),
        "loss_reason": "rotten",
        "site": HOUSE,
        "line": "光电分选线",
        "grader": "示范分选员",
    });
    teller.say(
        Draft::new(Kind::Grading, SIZE_80, &house, sold.at(4, 13, 15, 0), grading)
            .at_site(HOUSE)
            .for_partners(),
    )?;
    from_store.report(teller, sampled, sold.on(4, 13), sold.at(4, 16, 11, 20))?;

    let packing = |lot: &str, out: &str, size: &str, kilos: &str, count: u32, each: &str| {
        json!({
            "inputs": [{ "lot": lot, "quantity": quantity(kilos, "kg") }],
            "outputs": [{ "lot": out, "quantity": containers(count, "box", each, "kg"), "spec": { "label": size } }],
            "loss": quantity("0", "kg"),
            "loss_reason": "none",
            "site": HOUSE,
            "product": "洛川红富士苹果（示范）",
            "pack_type": "carton_net",
            "net_weight": quantity(each, "kg"),
            "pack_count": count,
            "pack_date": day(sold.on(4, 17)),
            "shelf_life_days": 30,
            "storage_advice": ["refrigerate", "cool_dry"],
            "eating": ["wash", "peel"],
            "shortcomings": ["skin_marks", "uneven_size"],
            "note": "上年十月采收，气调贮藏至今年四月，不是新采的果。",
        })
    };
    let boxes = |count: u32| containers(count, "box", "4.2", "kg");
    teller.say(
        Draft::new(
            Kind::Packing,
            BOXES_80,
            &house,
            sold.at(4, 17, 10, 30),
            packing(SIZE_80, BOXES_80, "80 果，12 枚装", "5040", 1200, "4.2"),
        )
        .at_site(HOUSE)
        .drawing("纸箱加网套", pictures::packed(Fruit::Apple)),
    )?;
    teller.say(
        Draft::new(
            Kind::Packing,
            BOXES_85,
            &house,
            sold.at(4, 17, 16, 0),
            packing(SIZE_85, BOXES_85, "85 果，10 枚装", "3150", 700, "4.5"),
        )
        .at_site(HOUSE),
    )?;

    vouch(teller, trade, &house, BOXES_80, sold.at(4, 17, 17, 0))?;

    // Half of the 80s go to the platform's warehouse.
    let journey = Move {
        lot: BOXES_80,
        from: house.clone(),
        carrier: Some(&trade.carrier),
        to: &trade.warehouse,
        waybill: "SF-DEMO-0418-16",
        temp_mode: "cold",
        shipped: boxes(600),
        depart: sold.at(4, 18, 14, 0),
        site: HOUSE,
        drawn: false,
    };
    let shipment = journey.ship(teller)?;
    let on_the_road = Logger {
        sensor: "LG-SF-DEMO-0418-16",
        from: sold.at(4, 18, 14, 10),
        minutes_apart: 30,
        count: 70,
        set: 28,
        swing: 9,
        warm_spell: None,
        silence: None,
        max: 80,
        gases: None,
    };
    let more = json!({ "storage_type": "cold", "door_open": 0 });
    readings(teller, BOXES_80, &trade.carrier, &on_the_road, "冷藏车（洛川至嘉兴）", more)?;
    let arrival = Arrival {
        at: sold.at(4, 20, 6, 20),
        received: boxes(600),
        damaged: Some(boxes(2)),
        celsius: Some("3.2"),
        site: "华东仓常温库 1 号门",
    };
    journey.arrive(teller, shipment, arrival)?;
    let to_consumers = json!({
        "lots": [{ "lot": BOXES_85, "quantity": containers(380, "box", "4.5", "kg") }],
        "to_consumers": true,
        "depart_at": instant(sold.at(4, 22, 17, 30)),
        "temp_mode": "ambient",
    });
    teller.say(
        Draft::new(Kind::Shipping, BOXES_85, &house, sold.at(4, 22, 17, 30), to_consumers).at_site(HOUSE),
    )?;

    Ok(vec![
        featured(
            BOXES_80,
            "80 果 12 枚装：气调贮藏半年，两次抽检",
            "half a year in controlled atmosphere, tested twice",
        ),
        featured(BOXES_85, "85 果 10 枚装：直接发给消费者", "the largest, straight to consumers"),
    ])
}
