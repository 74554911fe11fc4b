//! What the ledger of the stage tells: who is registered, what grew and what went wrong.

use serde_json::json;

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

    /// A season, two harvests, and the way of the first lot into the packhouse.
    pub(crate) fn grow(&mut self, url: &str) -> anyhow::Result<()> {
        let (plot, crop) = ("plot:qingshan.p1", "crop:qingshan.p1-2026");
        let quantity = |entered: &str, unit: &str| json!({ "entered": entered, "unit": unit });
        self.say(
            url,
            FARM,
            "plot",
            form(
                "plot.register/1",
                plot,
                json!({
                    "name": "西炉后山三号坡", "area": quantity("12.5", "mu"), "crop": "杨梅", "variety": "东魁",
                    "declared_yield": quantity("12000", "jin"),
                }),
            ),
        )?;
        let season = json!({ "plot": plot, "crop": "杨梅", "variety": "东魁", "season": "2026 夏" });
        self.say(url, FARM, "season", form("crop.open/1", crop, season))?;
        let harvest = |jin: &str| json!({ "from": [crop], "crop": "杨梅", "variety": "东魁", "quantity": quantity(jin, "jin") });
        self.say(url, FARM, "harvest-1", form("harvest/1", "batch:qingshan.h1", harvest("860")))?;
        self.say(url, FARM, "harvest-2", form("harvest/1", "batch:qingshan.h2", harvest("400")))?;
        self.say(url, PHONE, "harvest-3", form("harvest/1", "batch:qingshan.h3", harvest("90")))?;
        self.test(url, "batch:qingshan.h1", "pass", "passed")?;
        let lots = json!([{ "lot": "batch:qingshan.h1", "quantity": quantity("860", "jin") }]);
        let sent = json!({ "lots": lots, "to": "shanqian", "depart_at": now(), "temp_mode": "insulated", "waybill_no": "W-1" });
        let (_, shipment) = self.say(url, FARM, "shipping", form("shipping/1", "batch:qingshan.h1", sent))?;
        let arrived =
            json!({ "shipment": shipment, "lots": lots, "arrived_at": now(), "accept": "accepted" });
        self.say(url, PACKHOUSE, "receiving", form("receiving/1", "batch:qingshan.h1", arrived))?;
        let packed = json!({
            "inputs": lots, "outputs": [{ "lot": format!("batch:{GOOD}"), "quantity": quantity("800", "jin") }],
            "loss": quantity("60", "jin"), "loss_reason": "off_size", "site": "山前产地仓一号线",
            "product": "仙居东魁杨梅", "pack_type": "foam_box_ice", "net_weight": quantity("2.5", "kg"),
            "pack_count": 160, "pack_date": today(),
        });
        self.say(url, PACKHOUSE, "packing", form("packing/1", &format!("batch:{GOOD}"), packed))?;
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
