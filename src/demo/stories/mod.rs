//! Four stories of real places, one a file. Each tells its season through a [`Teller`] and says what is worth showing.
//!
//! Whoever and whatever is named is invented and says so (示范); so are all results and weights. No limit of any
//! standard stands in them, and one pre-harvest interval: avermectin 1.8 % EC on cucumber, 2 days, at most 3 uses,
//! from the table in the produce notes. Where we have no source, the optional field is left out.

mod apple;
mod cucumber;
mod sanqi;
mod yangmei;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};
use serde_json::{Value, json};

use super::cast::Trade;
use super::draft::{Draft, Pen};
use super::pictures;
use super::readings::Logger;
use super::report;
use super::season::{Season, day};
use super::teller::Teller;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;

/// A batch worth opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Featured {
    /// Without `batch:`.
    pub batch: String,
    pub zh: &'static str,
    pub en: &'static str,
}

/// What a story leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    pub name: &'static str,
    pub featured: Vec<Featured>,
    pub statements: u64,
}

type Tell = fn(&mut Teller<'_>, &Trade) -> anyhow::Result<Vec<Featured>>;

const STORIES: [(&str, Tell); 4] = [
    ("浙江仙居杨梅", yangmei::tell),
    ("陕西洛川苹果", apple::tell),
    ("山东寿光黄瓜", cucumber::tell),
    ("云南文山三七", sanqi::tell),
];

/// Tells them all; `heard` learns of each when it ends.
pub(super) fn tell_all(teller: &mut Teller<'_>, mut heard: impl FnMut(&Story)) -> anyhow::Result<Vec<Story>> {
    let trade = Trade::register(teller)?;
    policies(teller)?;
    let mut stories = Vec::new();
    for (name, tell) in STORIES {
        let before = teller.told().statements;
        let featured = tell(teller, &trade)?;
        let story = Story { name, featured, statements: teller.told().statements - before };
        heard(&story);
        stories.push(story);
    }
    Ok(stories)
}

fn featured(batch: &str, zh: &'static str, en: &'static str) -> Featured {
    Featured { batch: batch.strip_prefix("batch:").unwrap_or(batch).to_owned(), zh, en }
}

/// What the platform asks of the four kinds of produce.
fn policies(teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let at = Season::over_by(teller.now(), 3, 1).back(4).at(1, 20, 9, 0);
    let policy =
        |crop: &str, category: &str| json!({ "crops": [crop], "category": category, "level": "full" });
    let rows = [
        policy("三七", "speciality"),
        policy("杨梅", "fresh"),
        policy("苹果", "fresh"),
        policy("黄瓜", "fresh"),
    ];
    teller.set_rules(json!({ "table": "policies", "policies": rows }), at)?;
    Ok(())
}

/// Those who answer for a lot say so: the three seats, and the platform's guarantee.
fn vouch(
    teller: &mut Teller<'_>,
    trade: &Trade,
    origin: &Pen,
    lot: &str,
    at: DateTime,
) -> anyhow::Result<()> {
    let seats: [(&Pen, &[&str], i64); 3] = [
        (origin, &["growing_records", "harvest_records", "grading", "packing"], 0),
        (&trade.platform, &["identity", "test_report", "input_records", "quantity"], 3),
        (&trade.host, &["origin_visit", "tasting", "claims"], 5),
    ];
    for (pen, checked, hours) in seats {
        let data = json!({ "verdict": "approved", "checked": checked });
        teller.say(Draft::new(Kind::SignOff, lot, pen, at + hours.hours(), data))?;
    }
    let guarantee = json!({
        "terms": ["damage_paid", "platform_first"],
        "valid_from": day(at.date()),
        "valid_until": day(at.date() + 1.years()),
    });
    teller.say(Draft::new(Kind::Guarantee, lot, &trade.platform, at + 6.hours(), guarantee))?;
    Ok(())
}

/// The platform adds up what it sold of a lot.
fn sold(
    teller: &mut Teller<'_>,
    trade: &Trade,
    lot: &str,
    quantity: Value,
    from: Date,
    to: DateTime,
) -> anyhow::Result<()> {
    let data = json!({
        "channel": "douyin",
        "period": { "from": day(from), "to": day(to.date()) },
        "quantity": quantity,
    });
    teller.say(Draft::new(Kind::Sale, lot, &trade.platform, to, data))?;
    Ok(())
}

/// A laboratory takes a sample, and later says what it found.
struct Test<'a> {
    lab: &'a Pen,
    sampler: &'a str,
    subject: &'a str,
    sample_no: String,
    quantity: Value,
    method: &'static str,
    items: Value,
    conclusion: &'static str,
    lab_name: &'a str,
    village: &'a str,
    /// A drawing of the laboratory goes with the report. One of all: the same picture twice would be a picture reused.
    drawn: bool,
}

impl Test<'_> {
    /// The sampling is recorded before anybody knows the result.
    fn sample(&self, teller: &mut Teller<'_>, at: DateTime) -> anyhow::Result<Hash> {
        let data = json!({
            "sample_no": self.sample_no,
            "sampler": self.sampler,
            "sampler_org": self.lab.org,
            "drawn_from": self.subject,
            "sample_qty": self.quantity,
            "method": "random",
            "lab": self.lab.org,
            "purpose": "commissioned",
            "sealed_by": self.sampler,
            "seal_no": format!("FY-{}", self.sample_no),
        });
        teller.say(
            Draft::new(Kind::Sampling, self.subject, self.lab, at, data)
                .in_village(self.village)
                .for_partners(),
        )
    }

    fn report(
        &self,
        teller: &mut Teller<'_>,
        sampling: Hash,
        received: Date,
        reported: DateTime,
    ) -> anyhow::Result<Hash> {
        let report_no = format!("示范检字（{}）第 {} 号", reported.year(), self.sample_no);
        let data = json!({
            "sample_no": self.sample_no,
            "sampling": sampling,
            "lab": self.lab.org,
            "cma_no": "示范资质编号 000000",
            "method": self.method,
            "received_date": day(received),
            "reported_date": day(reported.date()),
            "report_no": report_no,
            "items": self.items,
            "conclusion": self.conclusion,
            "report_file": "",
        });
        let mut lines = vec![
            format!("报告编号 {report_no}"),
            format!("样品编号 {}    抽自 {}", self.sample_no, self.subject),
            format!("收样 {}    报告 {}", day(received), day(reported.date())),
            String::new(),
        ];
        lines.extend(self.items.as_array().into_iter().flatten().map(item_line));
        lines.push(String::new());
        lines.push(format!("结论：{}", if self.conclusion == "pass" { "合格" } else { "不合格" }));
        let file = report::pdf(self.lab_name, &lines);
        let name = format!("示范检测报告-{}.pdf", self.sample_no);
        let mut draft = Draft::new(Kind::Inspection, self.subject, self.lab, reported, data)
            .by_third_party()
            .at_site(self.lab_name)
            .file(&name, "application/pdf", file, "/report_file");
        if self.drawn {
            draft = draft.drawing("实验室", pictures::laboratory());
        }
        teller.say(draft)
    }
}

fn item_line(item: &Value) -> String {
    let text = |name: &str| item[name].as_str().unwrap_or_default();
    let found = match text("result") {
        "measured" => format!("{} {}", text("value"), unit_zh(text("unit"))),
        "negative" => "阴性".to_owned(),
        _ => "未检出".to_owned(),
    };
    let verdict = match text("verdict") {
        "pass" => "合格",
        "fail" => "不合格",
        _ => "仅供参考",
    };
    format!("{}    {found}    {verdict}", text("analyte"))
}

fn unit_zh(unit: &str) -> &str {
    match unit {
        "mg_per_kg" => "毫克/公斤",
        "brix" => "°Brix",
        "percent" | "inhibition_percent" => "%",
        other => other,
    }
}

fn not_detected(analyte: &str) -> Value {
    json!({ "analyte": analyte, "result": "not_detected", "unit": "mg_per_kg", "verdict": "pass" })
}

fn measured(analyte: &str, value: &str, unit: &str, verdict: &str) -> Value {
    json!({ "analyte": analyte, "result": "measured", "value": value, "unit": unit, "verdict": verdict })
}

/// A move of one lot to somebody who will sign for it.
struct Move<'a> {
    lot: &'a str,
    from: Pen,
    carrier: Option<&'a Pen>,
    to: &'a Pen,
    waybill: &'a str,
    temp_mode: &'static str,
    shipped: Value,
    depart: DateTime,
    site: &'a str,
    /// A drawing of the truck goes with the arrival; one of all.
    drawn: bool,
}

/// How it arrived.
struct Arrival {
    at: DateTime,
    received: Value,
    damaged: Option<Value>,
    celsius: Option<&'static str>,
    site: &'static str,
}

impl Move<'_> {
    /// Signed by the sender, and by the carrier where there is one.
    fn ship(&self, teller: &mut Teller<'_>) -> anyhow::Result<Hash> {
        let mut data = json!({
            "lots": [{ "lot": self.lot, "quantity": self.shipped }],
            "to": self.to.org,
            "waybill_no": self.waybill,
            "vehicle": "示A00000",
            "depart_at": super::season::instant(self.depart),
            "temp_mode": self.temp_mode,
            "doc": { "type": "delivery_note", "no": format!("SH-{}", self.waybill) },
        });
        if let Some(carrier) = self.carrier {
            data["carrier"] = json!(carrier.org);
            data["logger_id"] = json!(format!("LG-{}", self.waybill));
            data["seal_no"] = json!(format!("FQ-{}", self.waybill));
        }
        let mut draft = Draft::new(Kind::Shipping, self.lot, &self.from, self.depart, data)
            .at_site(self.site)
            .for_partners();
        if let Some(carrier) = self.carrier {
            draft = draft.also_signed_by(carrier);
        }
        teller.say(draft)
    }

    /// Signed by the receiver, not by the sender.
    fn arrive(&self, teller: &mut Teller<'_>, shipment: Hash, arrival: Arrival) -> anyhow::Result<Hash> {
        let mut lot = json!({ "lot": self.lot, "quantity": arrival.received });
        if let Some(damaged) = arrival.damaged {
            lot["damaged"] = damaged;
        }
        let mut data = json!({
            "shipment": shipment,
            "lots": [lot],
            "arrived_at": super::season::instant(arrival.at),
            "waybill_no": self.waybill,
            "accept": "accepted",
        });
        if let Some(celsius) = arrival.celsius {
            data["temp_on_arrival"] = json!(celsius);
        }
        let mut draft =
            Draft::new(Kind::Receiving, self.lot, self.to, arrival.at, data).at_site(arrival.site);
        if self.drawn {
            draft = draft.drawing("冷藏车到货", pictures::truck());
        }
        teller.say(draft)
    }
}

/// What a store's or a truck's logger wrote, as a file, and its summary. `more` adds to the summary's data.
fn readings(
    teller: &mut Teller<'_>,
    lot: &str,
    pen: &Pen,
    logger: &Logger,
    site: &str,
    more: Value,
) -> anyhow::Result<Hash> {
    let mut data = more;
    data["site"] = json!(site);
    data["action"] = json!("readings");
    data["max_temp"] = json!(logger.limit());
    data["readings"] = logger.summary();
    let name = format!("示范读数-{}.json", logger.sensor);
    teller.say(
        Draft::new(Kind::Storage, lot, pen, logger.end(), data)
            .by_sensor()
            .at_site(site)
            .file(&name, "application/json", logger.file(), "/readings/chunk")
            .drawing("温度曲线", pictures::cold_store(&logger.celsius(), logger.max as f32 / 10.0)),
    )
}

/// The kinds that a grower's phone is given.
const FIELD_KINDS: &[Kind] = &[
    Kind::Correction,
    Kind::CropOpen,
    Kind::Harvest,
    Kind::Input,
    Kind::Irrigation,
    Kind::Observation,
    Kind::Planting,
    Kind::PlotRegister,
    Kind::Sampling,
];

/// The kinds that a packhouse's desk is given.
const HOUSE_KINDS: &[Kind] = &[
    Kind::Correction,
    Kind::Grading,
    Kind::Inspection,
    Kind::Packing,
    Kind::Processing,
    Kind::Receiving,
    Kind::Sampling,
    Kind::Shipping,
    Kind::SignOff,
    Kind::Storage,
];

const LAB_ROLES: &[Role] = &[Role::Lab];
