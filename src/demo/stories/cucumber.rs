//! Cucumbers of Shouguang: a family farm that logs each lot from planting on, and a packhouse that tests what comes.
//!
//! Two greenhouses. In the first all goes well. In the second the cucumbers were picked the morning after a spray,
//! inside the two days of the label, and the laboratory finds it: the lot fails, and stands in the store on hold. Both
//! facts are recorded, none refused.

use serde_json::{Value, json};

use super::{
    Arrival, Featured, HOUSE_KINDS, LAB_ROLES, Move, Test, featured, measured, not_detected, readings, sold,
    vouch,
};
use crate::demo::cast::{Org, Trade};
use crate::demo::draft::{Draft, Pen, containers, quantity};
use crate::demo::pictures::{self, Fruit};
use crate::demo::readings::Logger;
use crate::demo::season::{Season, day};
use crate::demo::teller::{Phone, Teller};
use crate::statement::kinds::Kind;
use crate::statement::role::Role;

const VILLAGE: &str = "山东省潍坊市寿光市孙家集街道";
const HUB_SITE: &str = "寿光示范产地仓";
const LAB_NAME: &str = "潍坊示范蔬菜检测站";

const FARM: Org = Org {
    id: "shouguang-demo",
    name: "寿光孙家集示范家庭农场",
    name_en: "Shouguang Sunjiaji Demo Family Farm",
    village: VILLAGE,
    roles: &[Role::Farm],
    identity_method: "video",
    document_type: "business_licence",
};

const HUB: Org = Org {
    id: "shouguang-hub-demo",
    name: "寿光示范蔬菜产地仓",
    name_en: "Shouguang Demo Vegetable Packhouse",
    village: "山东省潍坊市寿光市",
    roles: &[Role::Packhouse, Role::Warehouse],
    identity_method: "in_person",
    document_type: "business_licence",
};

const LAB: Org = Org {
    id: "weifang-lab-demo",
    name: LAB_NAME,
    name_en: "Weifang Demo Vegetable Laboratory",
    village: "山东省潍坊市",
    roles: LAB_ROLES,
    identity_method: "government_registry",
    document_type: "cma_certificate",
};

const GOOD: &str = "batch:shouguang-demo.hg1";
const FAILED: &str = "batch:shouguang-demo.hg2";
const GRADE_A: &str = "batch:shouguang-hub-demo.hg1-a";
const GRADE_B: &str = "batch:shouguang-hub-demo.hg1-b";
const CARTONS: &str = "batch:shouguang-hub-demo.hg1-5kg";

pub(super) fn tell(teller: &mut Teller<'_>, trade: &Trade) -> anyhow::Result<Vec<Featured>> {
    let season = Season::over_by(teller.now(), 11, 12);
    let farm = teller.register(&FARM, season.at(7, 28, 9, 0))?;
    let hub = teller.register(&HUB, season.at(7, 20, 15, 0))?;
    let lab = teller.register(&LAB, season.at(7, 22, 10, 10))?;
    let phone =
        Phone { role: Role::Farm, kinds: FIELD_AND_SHIPPING, holder: "示范菜农", device: "大棚手机" };
    let field = teller.add_key(&farm, &phone, season.at(8, 2, 19, 30))?;
    let desk =
        Phone {
            role: Role::Packhouse, kinds: HOUSE_KINDS, holder: "示范验收员", device: "收货台平板"
        };
    let house = teller.add_key(&hub, &desk, season.at(8, 3, 8, 0))?;

    let houses = [
        Greenhouse {
            lot: GOOD, plot: "plot:shouguang-demo.peng1", name: "一号冬暖大棚", planted: (8, 28)
        },
        Greenhouse {
            lot: FAILED, plot: "plot:shouguang-demo.peng2", name: "二号冬暖大棚", planted: (9, 2)
        },
    ];
    for greenhouse in &houses {
        greenhouse.plant(teller, season, &field)?;
    }

    // The first greenhouse: sprayed, waited, sampled, picked.
    spray(teller, season, &field, GOOD, (10, 16))?;
    let on_vine = Test {
        lab: &lab,
        sampler: "示范抽样员",
        subject: GOOD,
        sample_no: format!("SG{}1021-1", season.year()),
        quantity: quantity("3", "kg"),
        method: "lc_ms",
        items: json!([not_detected("阿维菌素"), not_detected("吡虫啉"), not_detected("霜霉威")]),
        conclusion: "pass",
        lab_name: LAB_NAME,
        village: VILLAGE,
        drawn: false,
    };
    let sampled = on_vine.sample(teller, season.at(10, 21, 9, 0))?;
    on_vine.report(teller, sampled, season.on(10, 21), season.at(10, 23, 17, 30))?;
    let crates = |count: u32| containers(count, "crate", "20", "kg");
    pick(teller, season.at(10, 24, 5, 40), &field, &houses[0], crates(43))?;
    let to_hub = |lot: &'static str, waybill: &'static str, shipped: Value, month, date| Move {
        lot,
        from: field.clone(),
        carrier: None,
        to: &house,
        waybill,
        temp_mode: "ambient",
        shipped,
        depart: season.at(month, date, 7, 10),
        site: "孙家集地头",
        drawn: false,
    };
    let good_to_hub = to_hub(GOOD, "DT-1024", crates(43), 10, 24);
    let shipment = good_to_hub.ship(teller)?;
    let arrival = Arrival {
        at: season.at(10, 24, 7, 55),
        received: crates(43),
        damaged: None,
        celsius: Some("15.5"),
        site: HUB_SITE,
    };
    good_to_hub.arrive(teller, shipment, arrival)?;
    let at_the_door = Test {
        subject: GOOD,
        sample_no: format!("SG{}1024-3", season.year()),
        quantity: quantity("3", "kg"),
        items: json!([not_detected("阿维菌素"), not_detected("吡虫啉"), not_detected("霜霉威")]),
        ..on_vine
    };
    let sampled_at_the_door = at_the_door.sample(teller, season.at(10, 24, 8, 10))?;
    rapid_test(teller, &house, GOOD, season.at(10, 24, 8, 20))?;
    let grading = json!({
        "inputs": [{ "lot": GOOD, "quantity": crates(43) }],
        "outputs": [
            {
                "lot": GRADE_A, "quantity": quantity("610", "kg"), "grade": "A 级",
                "spec": { "weight_min": "150", "weight_max": "220", "label": "顶花带刺，条直" }, "colour": "深绿",
            },
            {
                "lot": GRADE_B, "quantity": quantity("200", "kg"), "grade": "B 级",
                "spec": { "label": "略弯" },
            },
        ],
        "loss": quantity("50", "kg"),
        "loss_reason": "off_size",
        "site": HUB_SITE,
        "grader": "示范分拣员",
    });
    teller.say(
        Draft::new(Kind::Grading, GRADE_A, &house, season.at(10, 24, 9, 30), grading)
            .at_site(HUB_SITE)
            .for_partners(),
    )?;
    let cartons = || containers(122, "box", "5", "kg");
    let packing = json!({
        "inputs": [{ "lot": GRADE_A, "quantity": quantity("610", "kg") }],
        "outputs": [{ "lot": CARTONS, "quantity": cartons(), "grade": "A 级" }],
        "loss": quantity("0", "kg"),
        "loss_reason": "none",
        "site": HUB_SITE,
        "product": "寿光黄瓜（示范）",
        "pack_type": "carton",
        "net_weight": quantity("5", "kg"),
        "pack_count": 122,
        "pack_date": day(season.on(10, 24)),
        "shelf_life_days": 7,
        "storage_advice": ["refrigerate", "do_not_wash_first"],
        "eating": ["wash", "cook"],
        "shortcomings": ["short_life", "bruises_easily"],
    });
    teller.say(
        Draft::new(Kind::Packing, CARTONS, &house, season.at(10, 24, 11, 0), packing)
            .at_site(HUB_SITE)
            .drawing("装箱", pictures::packed(Fruit::Cucumber)),
    )?;
    let cold = json!({
        "site": HUB_SITE, "action": "in", "storage_type": "cold", "quantity": cartons(),
        "set_temp": "10", "min_temp": "8", "max_temp": "13",
    });
    teller
        .say(Draft::new(Kind::Storage, CARTONS, &house, season.at(10, 24, 11, 30), cold).at_site(HUB_SITE))?;
    let journey = Move {
        lot: CARTONS,
        from: house.clone(),
        carrier: Some(&trade.carrier),
        to: &trade.warehouse,
        waybill: "SF-DEMO-1024-31",
        temp_mode: "cold",
        shipped: cartons(),
        depart: season.at(10, 24, 19, 0),
        site: HUB_SITE,
        drawn: false,
    };
    let shipment = journey.ship(teller)?;
    let on_the_road = Logger {
        sensor: "LG-SF-DEMO-1024-31",
        from: season.at(10, 24, 19, 10),
        minutes_apart: 15,
        count: 44,
        set: 104,
        swing: 8,
        warm_spell: None,
        silence: None,
        max: 130,
        gases: None,
    };
    let more = json!({ "storage_type": "cold", "door_open": 0 });
    readings(teller, CARTONS, &trade.carrier, &on_the_road, "冷藏车（寿光至嘉兴）", more)?;
    let arrival = Arrival {
        at: season.at(10, 25, 6, 40),
        received: cartons(),
        damaged: Some(containers(1, "box", "5", "kg")),
        celsius: Some("10.8"),
        site: "华东仓冷库 5 号门",
    };
    journey.arrive(teller, shipment, arrival)?;

    at_the_door.report(teller, sampled_at_the_door, season.on(10, 25), season.at(10, 27, 16, 20))?;
    vouch(teller, trade, &house, CARTONS, season.at(10, 27, 17, 0))?;
    sold(
        teller,
        trade,
        CARTONS,
        containers(121, "box", "5", "kg"),
        season.on(10, 28),
        season.at(10, 30, 22, 0),
    )?;

    // The second greenhouse: picked too early, and found out.
    spray(teller, season, &field, FAILED, (10, 30))?;
    pick(teller, season.at(10, 31, 5, 30), &field, &houses[1], crates(26))?;
    let failed_to_hub = to_hub(FAILED, "DT-1031", crates(26), 10, 31);
    let shipment = failed_to_hub.ship(teller)?;
    let arrival = Arrival {
        at: season.at(10, 31, 7, 50),
        received: crates(26),
        damaged: None,
        celsius: Some("14.2"),
        site: HUB_SITE,
    };
    failed_to_hub.arrive(teller, shipment, arrival)?;
    let at_the_hub = Test {
        subject: FAILED,
        sample_no: format!("SG{}1031-2", season.year()),
        items: json!([
            measured("阿维菌素", "0.12", "mg_per_kg", "fail"),
            not_detected("吡虫啉"),
            not_detected("霜霉威"),
        ]),
        conclusion: "fail",
        ..on_vine
    };
    let sampled = at_the_hub.sample(teller, season.at(10, 31, 8, 10))?;
    let quarantine = json!({
        "site": "寿光示范产地仓 暂扣区", "action": "in", "storage_type": "cold", "quantity": crates(26),
        "set_temp": "10",
        "note": "采收日在安全间隔期内，报告出来之前单独存放，不分级、不发货。",
    });
    teller.say(
        Draft::new(Kind::Storage, FAILED, &house, season.at(10, 31, 8, 40), quarantine).at_site(HUB_SITE),
    )?;
    at_the_hub.report(teller, sampled, season.on(10, 31), season.at(11, 3, 16, 0))?;

    Ok(vec![
        featured(
            CARTONS,
            "一号棚 5 公斤箱：用药后等足间隔期，检测合格",
            "greenhouse 1: waited after the spray, passed",
        ),
        featured(
            FAILED,
            "二号棚：间隔期内采收，检测不合格，暂扣",
            "greenhouse 2: picked too early, failed, on hold",
        ),
    ])
}

/// A farm that sells what it picks ships it too.
const FIELD_AND_SHIPPING: &[Kind] =
    &[Kind::Correction, Kind::Harvest, Kind::Input, Kind::Planting, Kind::PlotRegister, Kind::Shipping];

struct Greenhouse {
    lot: &'static str,
    plot: &'static str,
    name: &'static str,
    /// Month and day.
    planted: (i8, i8),
}

impl Greenhouse {
    fn plant(&self, teller: &mut Teller<'_>, season: Season, field: &Pen) -> anyhow::Result<()> {
        let plot = json!({
            "name": self.name,
            "area": quantity("2.4", "mu"),
            "crop": "黄瓜",
            "variety": "密刺型",
            "declared_yield": quantity("36", "t"),
            "water": "well",
        });
        teller.say(
            Draft::new(Kind::PlotRegister, self.plot, field, season.at(8, 10, 20, 0), plot)
                .in_village(VILLAGE),
        )?;
        let (month, date) = self.planted;
        let planting = json!({
            "action": "transplanting",
            "crop": "黄瓜",
            "variety": "密刺型",
            "quantity": quantity("7200", "plant"),
            "seed_source": "寿光示范育苗场",
            "seed_lot": format!("YM-{month:02}{date:02}"),
            "area": quantity("2.4", "mu"),
            "expected_harvest": { "from": day(season.on(10, 10)), "to": day(season.on(12, 20)) },
        });
        teller.say(
            Draft::on_day(Kind::Planting, self.lot, field, season.on(month, date), planting)
                .in_village(VILLAGE)
                .at_coordinates("36.79", "118.68", "30"),
        )?;
        let fertiliser = json!({
            "kind": "fertiliser",
            "product": { "name": "大量元素水溶肥（示范）", "manufacturer": "示范肥料厂", "source_shop": "孙家集示范农资店" },
            "target": "结瓜期追肥",
            "method": "fertigation",
            "dose": { "amount": quantity("5", "kg"), "per": "mu" },
            "area": quantity("2.4", "mu"),
            "start_date": day(season.on(9, 28)),
            "end_date": day(season.on(9, 28)),
            "operator": "示范菜农",
        });
        let draft = Draft::on_day(Kind::Input, self.lot, field, season.on(9, 28), fertiliser);
        teller.say(draft.in_village(VILLAGE).for_partners())?;
        Ok(())
    }
}

/// The one row of the pre-harvest table that this story needs: 阿维菌素 1.8 % 乳油, 黄瓜, 2 days, at most 3 uses.
fn spray(
    teller: &mut Teller<'_>,
    season: Season,
    field: &Pen,
    lot: &str,
    (month, date): (i8, i8),
) -> anyhow::Result<()> {
    let input = json!({
        "kind": "pesticide",
        "product": {
            "name": "阿维菌素乳油（示范）",
            "manufacturer": "示范农药厂",
            "reg_no": "PD00000000",
            "formulation": "乳油",
            "active_ingredients": [{ "name": "阿维菌素", "content": "1.8", "unit": "percent" }],
            "source_shop": "孙家集示范农资店",
            "invoice_no": format!("NY-{month:02}{date:02}"),
        },
        "target": "斑潜蝇",
        "method": "spray",
        "dose": { "amount": quantity("40", "ml"), "per": "mu" },
        "water": quantity("110", "l"),
        "area": quantity("2.4", "mu"),
        "start_date": day(season.on(month, date)),
        "end_date": day(season.on(month, date)),
        "operator": "示范菜农",
        "phi_days": 2,
        "max_uses": 3,
        "container_return": "returned",
    });
    teller.say(Draft::on_day(Kind::Input, lot, field, season.on(month, date), input).in_village(VILLAGE))?;
    Ok(())
}

fn pick(
    teller: &mut Teller<'_>,
    at: jiff::civil::DateTime,
    field: &Pen,
    greenhouse: &Greenhouse,
    amount: Value,
) -> anyhow::Result<()> {
    let harvest = json!({
        "from": [greenhouse.plot],
        "quantity": amount,
        "crop": "黄瓜",
        "variety": "密刺型",
        "pickers": 4,
        "field_heat_temp": "16",
    });
    let mut draft = Draft::new(Kind::Harvest, greenhouse.lot, field, at, harvest).in_village(VILLAGE);
    // One drawing of each: the same picture on two lots would be a picture reused.
    draft = match greenhouse.lot {
        GOOD => draft.drawing("清晨采收的黄瓜", pictures::crate_of(Fruit::Cucumber)),
        _ => draft.drawing("寿光冬暖大棚", pictures::greenhouse()),
    };
    teller.say(draft)?;
    Ok(())
}

fn rapid_test(
    teller: &mut Teller<'_>,
    house: &Pen,
    lot: &str,
    at: jiff::civil::DateTime,
) -> anyhow::Result<()> {
    let number = format!("KJ-{:02}{:02}-02", at.month(), at.day());
    let data = json!({
        "sample_no": number,
        "lab": house.org,
        "method": "rapid",
        "received_date": day(at.date()),
        "reported_date": day(at.date()),
        "report_no": number,
        "items": [{ "analyte": "有机磷和氨基甲酸酯类", "result": "negative", "verdict": "pass" }],
        "conclusion": "reference_only",
        "report_file": "",
    });
    let slip = crate::demo::report::pdf("产地仓快检单", &["有机磷和氨基甲酸酯类    阴性".to_owned()]);
    teller.say(Draft::new(Kind::Inspection, lot, house, at, data).at_site(HUB_SITE).file(
        &format!("示范快检单-{number}.pdf"),
        "application/pdf",
        slip,
        "/report_file",
    ))?;
    Ok(())
}
