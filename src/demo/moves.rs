//! The acts that several parties share, as drafts: a test, a move from one to the other, a store's readings.

use jiff::civil::{Date, DateTime};
use serde_json::{Value, json};

use super::draft::{Draft, Pen};
use super::readings::Logger;
use super::report;
use super::season::{day, instant};
use crate::merkle::Hash;
use crate::statement::kinds::Kind;

/// A laboratory takes a sample, and later says what it found.
pub(super) struct Test<'a> {
    pub(super) lab: &'a Pen,
    pub(super) sampler: &'a str,
    pub(super) subject: &'a str,
    pub(super) sample_no: String,
    pub(super) quantity: Value,
    pub(super) method: &'static str,
    pub(super) items: Value,
    pub(super) conclusion: &'static str,
    pub(super) lab_name: &'a str,
    pub(super) village: &'a str,
    /// A drawing of the laboratory goes with the report. One of all: the same picture twice would be a picture reused.
    pub(super) drawn: bool,
}

impl Test<'_> {
    pub(super) fn sampling(&self, at: DateTime) -> Draft {
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
        Draft::new(Kind::Sampling, self.subject, self.lab, at, data).in_village(self.village).for_partners()
    }

    /// What was found, with the report as a file.
    pub(super) fn result(&self, sampling: Hash, received: Date, reported: DateTime) -> Draft {
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
        Draft::new(Kind::Inspection, self.subject, self.lab, reported, data)
            .by_third_party()
            .at_site(self.lab_name)
            .file(&name, "application/pdf", file, "/report_file")
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

pub(super) fn not_detected(analyte: &str) -> Value {
    json!({ "analyte": analyte, "result": "not_detected", "unit": "mg_per_kg", "verdict": "pass" })
}

pub(super) fn measured(analyte: &str, value: &str, unit: &str, verdict: &str) -> Value {
    json!({ "analyte": analyte, "result": "measured", "value": value, "unit": unit, "verdict": verdict })
}

/// A move of one lot to somebody who will sign for it.
pub(super) struct Move<'a> {
    pub(super) lot: &'a str,
    pub(super) from: Pen,
    pub(super) carrier: Option<&'a Pen>,
    pub(super) to: &'a Pen,
    pub(super) waybill: &'a str,
    pub(super) temp_mode: &'static str,
    pub(super) shipped: Value,
    pub(super) depart: DateTime,
    pub(super) site: &'a str,
    /// A drawing of the truck goes with the arrival; one of all.
    pub(super) drawn: bool,
}

/// How it arrived.
pub(super) struct Arrival<'a> {
    pub(super) at: DateTime,
    pub(super) received: Value,
    pub(super) damaged: Option<Value>,
    pub(super) celsius: Option<&'a str>,
    pub(super) site: &'a str,
}

impl Move<'_> {
    /// Signed by the sender, and by the carrier where there is one.
    pub(super) fn shipment(&self) -> Draft {
        let mut data = json!({
            "lots": [{ "lot": self.lot, "quantity": self.shipped }],
            "to": self.to.org,
            "waybill_no": self.waybill,
            "vehicle": "示A00000",
            "depart_at": instant(self.depart),
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
        draft
    }

    /// Signed by the receiver, not by the sender.
    pub(super) fn receipt(&self, shipment: Hash, arrival: Arrival<'_>) -> Draft {
        let mut lot = json!({ "lot": self.lot, "quantity": arrival.received });
        if let Some(damaged) = arrival.damaged {
            lot["damaged"] = damaged;
        }
        let mut data = json!({
            "shipment": shipment,
            "lots": [lot],
            "arrived_at": instant(arrival.at),
            "waybill_no": self.waybill,
            "accept": "accepted",
        });
        if let Some(celsius) = arrival.celsius {
            data["temp_on_arrival"] = json!(celsius);
        }
        Draft::new(Kind::Receiving, self.lot, self.to, arrival.at, data).at_site(arrival.site)
    }
}

/// What a store's or a truck's logger wrote, as a file, and its summary. `more` adds to the summary's data.
pub(super) fn store_readings(lot: &str, pen: &Pen, logger: &Logger, site: &str, more: Value) -> Draft {
    let mut data = more;
    data["site"] = json!(site);
    data["action"] = json!("readings");
    data["max_temp"] = json!(logger.limit());
    data["readings"] = logger.summary();
    let name = format!("示范读数-{}.json", logger.sensor);
    Draft::new(Kind::Storage, lot, pen, logger.end(), data).by_sensor().at_site(site).file(
        &name,
        "application/json",
        logger.file(),
        "/readings/chunk",
    )
}
