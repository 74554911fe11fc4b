//! A ledger as the essay's readers meet it: lots told in few words, and what the page, the printed code, the address
//! for programs and the command say of each.

use std::process::Command;

use serde_json::{Value, json};
use suyuan::merkle::Hash;

use super::farm::{Farm, Says, quantity};
use super::service::{Answer, Client, Service};

pub(crate) type Signer = (&'static str, &'static str);

pub(crate) const COOP: Signer = ("qingshan", "coop");
pub(crate) const HOUSE: Signer = ("shanqian", "packhouse");
pub(crate) const LAB: Signer = ("zhejian", "lab");
pub(crate) const PLATFORM: Signer = ("xianda", "platform");
pub(crate) const HOST: Signer = ("ayue", "host");

pub(crate) const PAGE: &str = "page";
pub(crate) const CERTIFICATE: &str = "certificate";
pub(crate) const LABELS: &str = "labels";
pub(crate) const OVERLAY: &str = "overlay";
pub(crate) const SALE: &str = "sale";
pub(crate) const EVERY_USE: &[&str] = &[PAGE, CERTIFICATE, LABELS, OVERLAY, SALE];
/// All but the page, which stays to say why.
pub(crate) const USES_OF_GOODS: &[&str] = &[CERTIFICATE, LABELS, OVERLAY, SALE];

/// Minutes from one statement to the next.
const PACE_MINUTES: u32 = 5;

pub(crate) struct Book {
    pub(crate) service: Service,
    pub(crate) farm: Farm<Client>,
    day: u32,
    minutes: u32,
}

/// Lots and kilograms that went in and came out; what came out has a grade, or none.
pub(crate) struct Made<'a> {
    pub(crate) kind: &'a str,
    pub(crate) by: Signer,
    pub(crate) inputs: &'a [(&'a str, u32)],
    pub(crate) outputs: &'a [(&'a str, u32, &'a str)],
    pub(crate) loss: u32,
    pub(crate) brand: Option<&'a str>,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Made { kind: "packing", by: COOP, inputs: &[], outputs: &[], loss: 0, brand: None }
    }
}

pub(crate) fn kg(amount: u32) -> Value {
    quantity(&amount.to_string(), "kg")
}

fn batch(lot: &str) -> String {
    format!("batch:{lot}")
}

// -- what is said ------------------------------------------------------------------------------------------------

impl Book {
    pub(crate) fn open() -> Book {
        let service = Service::new();
        let mut farm = service.farm();
        farm.register("ayue", "主播阿月", "Ayue, host", "host");
        Book { service, farm, day: 13, minutes: 0 }
    }

    pub(crate) fn policy(&mut self, row: Value) {
        self.farm.set_rules("policies", json!([row]), "2026-03-02T09:00:00+08:00");
    }

    /// A moment after the last.
    pub(crate) fn now(&mut self) -> String {
        self.minutes += PACE_MINUTES;
        format!("2026-06-{}T{:02}:{:02}:00+08:00", self.day, 5 + self.minutes / 60, self.minutes % 60)
    }

    pub(crate) fn next_day(&mut self) {
        (self.day, self.minutes) = (self.day + 1, 0);
    }

    pub(crate) fn say(&mut self, kind: &str, lot: &str, touches: &[&str], by: Signer, data: Value) -> Hash {
        let answer = self.try_say(kind, lot, touches, by, data);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["leaf"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn try_say(
        &mut self,
        kind: &str,
        lot: &str,
        touches: &[&str],
        by: Signer,
        data: Value,
    ) -> Answer {
        let (kind, subject, now) = (format!("{kind}/1"), batch(lot), self.now());
        let site = if by == HOUSE { json!({"place": {"site": "山前产地仓"}}) } else { json!({}) };
        let (envelope, openings) = self.farm.signed(Says {
            kind: &kind,
            subject: &subject,
            touches,
            signer: by,
            occurred_at: &now,
            more: site,
            data,
            ..Says::default()
        });
        self.service.client.submit(&envelope, &openings)
    }

    /// A plot in a village, and its season: `plot:qingshan.NAME`, `crop:qingshan.NAME-2026`.
    pub(crate) fn plot(&mut self, name: &str, crop: &str) -> Hash {
        let (plot, season) = (format!("plot:qingshan.{name}"), format!("crop:qingshan.{name}-2026"));
        let registered = self.farm.say(Says {
            kind: "plot.register/1",
            subject: &plot,
            signer: COOP,
            occurred_at: "2026-03-02T10:00:00+08:00",
            more: json!({"place": {"village": "步路乡西炉村"}}),
            data: json!({
                "name": name, "area": quantity("20", "mu"), "crop": crop, "variety": crop,
                "declared_yield": quantity("20", "t"),
            }),
            ..Says::default()
        });
        self.farm.say(Says {
            kind: "crop.open/1",
            subject: &season,
            touches: &[&plot],
            signer: COOP,
            occurred_at: "2026-03-03T10:00:00+08:00",
            data: json!({"plot": plot, "crop": crop, "variety": crop, "season": "2026", "standard": "示范种植规程"}),
            ..Says::default()
        });
        registered
    }

    pub(crate) fn pick(&mut self, lot: &str, from: &str, kilos: u32) -> Hash {
        self.say("harvest", lot, &[from], COOP, json!({"from": [from], "quantity": kg(kilos)}))
    }

    /// Grading, packing or processing, told by whoever did it.
    pub(crate) fn make(&mut self, made: &Made<'_>) -> Value {
        let answer = self.try_make(made);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    pub(crate) fn try_make(&mut self, made: &Made<'_>) -> Answer {
        let outputs = made.outputs.iter().map(|(lot, kilos, grade)| {
            let mut output = json!({"lot": batch(lot), "quantity": kg(*kilos)});
            if !grade.is_empty() {
                output["grade"] = json!(grade);
                output["spec"] = json!({"label": grade});
            }
            output
        });
        let mut data = json!({
            "inputs": made.inputs.iter().map(|(lot, kilos)| json!({"lot": batch(lot), "quantity": kg(*kilos)})).collect::<Vec<_>>(),
            "outputs": outputs.collect::<Vec<_>>(),
            "loss": kg(made.loss), "loss_reason": if made.loss == 0 { "none" } else { "rotten" },
            "site": if made.by == HOUSE { "山前产地仓" } else { "合作社" },
        });
        if made.kind == "grading" {
            data["grader"] = json!("王小山");
        } else {
            let packs = made.outputs.iter().map(|(_, kilos, _)| kilos).sum::<u32>() / 5;
            for (name, value) in [
                ("product", json!("示范礼盒")),
                ("pack_type", json!("carton")),
                ("net_weight", kg(5)),
                ("pack_count", json!(packs)),
                ("pack_date", json!(format!("2026-06-{}", self.day))),
            ] {
                data[name] = value;
            }
            if let Some(brand) = made.brand {
                data["brand"] = json!(brand);
            }
        }
        let lots = made.inputs.iter().map(|(lot, _)| *lot).chain(made.outputs.iter().map(|output| output.0));
        let touched: Vec<String> = lots.filter(|lot| *lot != made.outputs[0].0).map(batch).collect();
        let touched: Vec<&str> = touched.iter().map(String::as_str).collect();
        self.try_say(made.kind, made.outputs[0].0, &touched, made.by, data)
    }

    /// A sample of the lot, drawn and tested.
    pub(crate) fn test(&mut self, lot: &str, conclusion: &str) -> Hash {
        let verdict = json!([{"analyte": "毒死蜱", "result": "not_detected", "verdict": conclusion}]);
        let now = self.now();
        self.farm.result(&batch(lot), LAB, &now, conclusion, verdict)
    }

    /// A result of which nobody says how its sample was drawn.
    pub(crate) fn result_without_sample(&mut self, lot: &str) -> Hash {
        let verdict = json!([{"analyte": "毒死蜱", "result": "not_detected", "verdict": "pass"}]);
        let now = self.now();
        let data = self.farm.result_data(None, &now, "pass", verdict);
        self.farm.result_as(&batch(lot), LAB, &now, data)
    }

    pub(crate) fn send(&mut self, lot: &str, by: Signer, to: &str, kilos: u32) -> Hash {
        let lots = json!([{"lot": batch(lot), "quantity": kg(kilos)}]);
        let depart_at = self.now();
        let data = json!({"lots": lots, "to": to, "depart_at": depart_at, "temp_mode": "cold", "waybill_no": "LY-1"});
        self.say("shipping", lot, &[], by, data)
    }

    /// So much arrived, some of it damaged.
    pub(crate) fn receive(
        &mut self,
        lot: &str,
        by: Signer,
        shipment: Hash,
        kilos: u32,
        damaged: u32,
    ) -> Hash {
        let lots = json!([{"lot": batch(lot), "quantity": kg(kilos), "damaged": kg(damaged)}]);
        let arrived_at = self.now();
        let data =
            json!({"shipment": shipment, "lots": lots, "arrived_at": arrived_at, "accept": "accepted"});
        self.say("receiving", lot, &[], by, data)
    }

    /// What the platform sold of it on one day; the receipt.
    pub(crate) fn sell(&mut self, lot: &str, kilos: u32, day: &str) -> Value {
        let data = json!({"channel": "douyin", "period": {"from": day, "to": day}, "quantity": kg(kilos)});
        let answer = self.try_say("sale", lot, &[], PLATFORM, data);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    pub(crate) fn sign_off(&mut self, lot: &str, by: Signer, verdict: &str, checked: &[&str]) -> Answer {
        self.try_say("sign-off", lot, &[], by, json!({"verdict": verdict, "checked": checked}))
    }
}

// -- what is seen ------------------------------------------------------------------------------------------------

impl Book {
    pub(crate) fn client(&self) -> &Client {
        &self.service.client
    }

    pub(crate) fn status(&self, lot: &str) -> Value {
        self.client().get(&format!("/api/v1/batches/{lot}/status")).json()
    }

    /// With all that it has to show.
    pub(crate) fn page(&self, lot: &str) -> String {
        self.client().get(&format!("/b/{lot}?all=1")).text()
    }

    #[track_caller]
    pub(crate) fn shows(&self, lot: &str, words: &[&str]) {
        let page = self.page(lot);
        for word in words {
            assert!(page.contains(word), "the page of {lot} does not say {word}:\n{}", readable(&page));
        }
    }

    /// The Chinese words of its reasons, notes, flags or imbalances of these sorts; of all where none is named.
    pub(crate) fn words(&self, lot: &str, list: &str, sorts: &[&str]) -> Vec<String> {
        let status = self.status(lot);
        let facts = status[list].as_array().unwrap().iter();
        let named = facts.filter(|fact| sorts.is_empty() || sorts.contains(&fact["sort"].as_str().unwrap()));
        named.map(|fact| fact["zh"].as_str().unwrap().to_owned()).collect()
    }

    /// Each alarm of the ledger: lot and words, the newest first.
    pub(crate) fn alarms(&self) -> Vec<(String, String)> {
        let alarms = self.client().get("/api/v1/alarms").json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let alarms = alarms["alarms"].as_array().unwrap().iter();
        alarms.map(|alarm| (text(&alarm["about"]), text(&alarm["zh"]))).collect()
    }

    /// Nothing is wrong with it: it may be put to every use, and its code is printed.
    #[track_caller]
    pub(crate) fn clears(&self, lot: &str) {
        let status = self.status(lot);
        assert_eq!((&status["status"], &status["reasons"]), (&json!("normal"), &json!([])), "{lot}");
        self.bars(lot, &[], &[]);
        self.shows(lot, &["正常"]);
    }

    /// It may not be put to these uses, and to the others it may. Page, address and command say so in the same words,
    /// and where labels are barred, no code is printed.
    #[track_caller]
    pub(crate) fn bars(&self, lot: &str, uses: &[&str], words: &[&str]) {
        let status = self.status(lot);
        for wanted in EVERY_USE {
            let answer = &status["uses"][wanted];
            assert_eq!(answer["allowed"], !uses.contains(wanted), "{lot} for {wanted}: {answer}");
            let (code, printed) = self.program(lot, wanted);
            assert_eq!(code, i32::from(uses.contains(wanted)), "{printed}");
            for word in words {
                assert!(printed.contains(word), "the command does not say {word}\n{printed}");
            }
        }
        self.shows(lot, words);
        let symbol = self.client().get(&format!("/b/{lot}/qr.svg"));
        if uses.contains(&LABELS) {
            assert_eq!((symbol.status, symbol.problem().as_str()), (409, "blocked"));
            assert_eq!(symbol.json()["title_zh"], "此批次目前不可用于此用途");
        } else {
            assert_eq!(symbol.header("content-type"), Some("image/svg+xml"));
        }
    }

    /// `suyuan status LOT --for USE`: its exit code and what it prints.
    pub(crate) fn program(&self, lot: &str, wanted: &str) -> (i32, String) {
        let ran = Command::new(env!("CARGO_BIN_EXE_suyuan"))
            .args(["status", lot, "--from", &self.client().url(""), "--for", wanted, "--lang", "zh"])
            .output()
            .unwrap();
        (ran.status.code().unwrap(), String::from_utf8(ran.stdout).unwrap())
    }
}

/// A page without its marks, for people who look for what it does not say.
fn readable(page: &str) -> String {
    let body = page.split_once("<body").map_or(page, |(_, body)| body);
    let texts = body.split('<').filter_map(|part| Some(part.split_once('>')?.1.trim()));
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}
