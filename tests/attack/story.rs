//! What the ledger of the stage tells: who is registered, what grew and what went wrong.

use serde_json::{Value, json};

use crate::stage::{FARM, GOOD, LAB, PACKHOUSE, PHONE, RECEIPTS, Stage, form, now, today};

impl Stage {
    pub(crate) fn register(&mut self, url: &str) -> anyhow::Result<()> {
        let date = today();
        for (org, key, name, role) in [
            ("qingshan", "farm", "青山杨梅合作社", "coop"),
            ("shanqian", "packhouse", "山前产地仓", "packhouse"),
            ("zhejian", "lab", "浙江农产品检测中心", "lab"),
            ("xianda", "platform", "鲜达平台", "platform"),
        ] {
            let who = ["org", "register", org, "--name", name, "--roles", role, "--method", "in_person"];
            let new = format!("keys/{key}.pem");
            let keys = ["--date", &date, "--key", "led/keys/registrar-1.pem", "--new-key", &new];
            let signed = self.ok(&[&who[..], &keys, &["--trust", "trust.json"]].concat())?;
            self.submit(url, &signed.text())?;
        }
        let phone = ["org", "add-key", "--key", FARM, "--new-key", "keys/phone.pem", "--kinds", "harvest"];
        let signed = self.ok(&[&phone[..], &["--trust", "trust.json"]].concat())?;
        self.submit(url, &signed.text())?;
        Ok(())
    }

    /// A season, three harvests, and the way of the first lot into the packhouse.
    pub(crate) fn grow(&mut self, url: &str) -> anyhow::Result<()> {
        for (name, form) in ["plot", "season", "harvest-1"].into_iter().zip(a_season_of("qingshan")) {
            self.say(url, FARM, name, form)?;
        }
        self.say(url, FARM, "harvest-2", harvest("qingshan", "batch:qingshan.h2", "400"))?;
        self.say(url, PHONE, "harvest-3", harvest("qingshan", "batch:qingshan.h3", "90"))?;
        self.test(url, "batch:qingshan.h1", "pass", "passed")?;
        let lots = json!([{ "lot": "batch:qingshan.h1", "quantity": quantity("860", "jin") }]);
        let sent = json!({ "lots": lots, "to": "shanqian", "depart_at": now(), "temp_mode": "insulated", "waybill_no": "W-1" });
        let (_, shipment) = self.say(url, FARM, "shipping", form("shipping/1", "batch:qingshan.h1", sent))?;
        let arrived =
            json!({ "shipment": shipment, "lots": lots, "arrived_at": now(), "accept": "accepted" });
        self.say(url, PACKHOUSE, "receiving", form("receiving/1", "batch:qingshan.h1", arrived))?;
        self.say(url, PACKHOUSE, "packing", form("packing/1", &format!("batch:{GOOD}"), packed(GOOD)))?;
        Ok(())
    }

    /// A test that fails, and a stolen phone.
    pub(crate) fn turn_bad(&mut self, url: &str) -> anyhow::Result<()> {
        self.test(url, "batch:qingshan.h2", "fail", "failed")?;
        let phone = self.key("phone")?.key_id().to_string();
        let revoke = ["org", "revoke-key", &phone, "--reason", "stolen", "--key", FARM];
        let signed = self.ok(&[&revoke[..], &["--trust", "trust.json"]].concat())?;
        let placed = self.submit_with(url, &signed.text(), &RECEIPTS)?;
        self.remember("revocation", &placed)?;
        Ok(())
    }

    fn test(&mut self, url: &str, lot: &str, verdict: &str, name: &'static str) -> anyhow::Result<()> {
        let sample = format!("S-{name}");
        let sampling = json!({
            "sample_no": sample, "sampler": "陈检", "sampler_org": "zhejian", "drawn_from": lot, "method": "random",
            "sample_qty": { "entered": "2", "unit": "kg" }, "lab": "zhejian", "purpose": "commissioned",
        });
        let (_, sampling) = self.say(url, LAB, "sampling", form("sampling/1", lot, sampling))?;
        let value = if verdict == "fail" { "0.09" } else { "0.004" };
        let mut result = form(
            "inspection/1",
            lot,
            json!({
                "sample_no": sample, "sampling": sampling, "lab": "zhejian", "cma_no": "CMA-221100123456",
                "method": "gc_ms", "received_date": today(), "reported_date": today(), "report_no": format!("R-{name}"),
                "conclusion": verdict, "report_file": "report.pdf",
                "items": [{
                    "analyte": "阿维菌素", "result": "measured", "value": value, "unit": "mg_per_kg", "limit": "0.02",
                    "limit_standard": "GB 2763-2021", "verdict": verdict,
                }],
            }),
        );
        result["attach"] = json!([{ "file": "report.pdf", "at": "/data/report_file" }]);
        self.say(url, LAB, name, result)?;
        Ok(())
    }
}

fn quantity(entered: &str, unit: &str) -> Value {
    json!({ "entered": entered, "unit": unit })
}

/// A plot, its season, and the first harvest of it: 860 jin.
pub(crate) fn a_season_of(org: &str) -> [Value; 3] {
    let (plot, crop) = (format!("plot:{org}.p1"), format!("crop:{org}.p1-2026"));
    let land = json!({
        "name": "西炉后山三号坡", "area": quantity("12.5", "mu"), "crop": "杨梅", "variety": "东魁",
        "declared_yield": quantity("12000", "jin"),
    });
    let season = json!({ "plot": plot, "crop": "杨梅", "variety": "东魁", "season": "2026 夏" });
    [
        form("plot.register/1", &plot, land),
        form("crop.open/1", &crop, season),
        harvest(org, &format!("batch:{org}.h1"), "860"),
    ]
}

/// So many jin of that organisation's season.
pub(crate) fn harvest(org: &str, lot: &str, jin: &str) -> Value {
    let from = [format!("crop:{org}.p1-2026")];
    let data = json!({ "from": from, "crop": "杨梅", "variety": "东魁", "quantity": quantity(jin, "jin") });
    form("harvest/1", lot, data)
}

/// The farm's first harvest, packed as this lot.
pub(crate) fn packed(lot: &str) -> Value {
    json!({
        "inputs": [{ "lot": "batch:qingshan.h1", "quantity": quantity("860", "jin") }],
        "outputs": [{ "lot": format!("batch:{lot}"), "quantity": quantity("800", "jin") }],
        "loss": quantity("60", "jin"), "loss_reason": "off_size", "site": "山前产地仓一号线",
        "product": "仙居东魁杨梅", "pack_type": "foam_box_ice", "net_weight": quantity("2.5", "kg"),
        "pack_count": 160, "pack_date": today(),
    })
}
