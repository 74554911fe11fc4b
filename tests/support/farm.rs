//! A small orchard for tests: says things in the right form, seals what must be sealed, and hands the signed
//! statements to a ledger. Used by unit tests (in memory) and by tests over HTTP (a real store).

#![allow(dead_code, unreachable_pub, reason = "each test that includes this file uses its own part of it")]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use suyuan::merkle::Hash;
use suyuan::statement::ed25519::KeyPair;
use suyuan::statement::envelope::Envelope;
use suyuan::statement::kinds::Kind;
use suyuan::statement::payload::{Statement, to_payload_bytes};
use suyuan::statement::quantity::{Quantity, Unit};
use suyuan::statement::schema::sealed_fields;
use suyuan::statement::sealed::{BlobOpening, Opening, seal, seal_blob};

/// Takes signed statements.
pub trait Ledger {
    fn id(&self) -> Hash;

    /// Returns the leaf of the record that now holds it.
    fn take(&mut self, envelope: Envelope, openings: Vec<Value>) -> Hash;
}

/// The key that belongs to a name. Never anybody's key.
pub fn key(name: &str) -> KeyPair {
    KeyPair::from_seed(&Hash::of(format!("test key {name}").as_bytes()).0)
}

pub fn quantity(entered: &str, unit: &str) -> Value {
    Quantity::new(entered.parse().unwrap(), Unit::of(unit).unwrap(), None).unwrap().to_json()
}

pub fn genesis(origin: &str, log_vkey: &str, at: &str) -> Envelope {
    genesis_with(origin, log_vkey, at, json!({}))
}

fn genesis_with(origin: &str, log_vkey: &str, at: &str, more: Value) -> Envelope {
    let keys = ["registrar-1", "registrar-2"].map(key);
    let mut touches: Vec<String> = keys.iter().map(|key| format!("key:{}", key.key_id())).collect();
    touches.push("ledger:".to_owned());
    let signer = |key: &KeyPair| json!({"org": "org:registrar", "key": key.key_id(), "as": "registrar"});
    let public = |key: &KeyPair| json!({"public_key": hex::encode(key.public().as_bytes())});
    let mut payload = json!({
        "v": 1, "origin": origin, "id": statement_id(0), "kind": "genesis/1", "subject": "org:registrar",
        "touches": touches, "signers": keys.iter().map(signer).collect::<Vec<_>>(),
        "occurred_at": at, "recorded_at": at,
        "data": {
            "format": 1, "rules": 1, "registrar": {"name": "溯源登记处"}, "log_vkey": log_vkey,
            "keys": keys.iter().map(public).collect::<Vec<_>>(),
        },
    });
    for (name, value) in more.as_object().unwrap() {
        payload["data"][name] = value.clone();
    }
    sign(&payload, &keys.iter().collect::<Vec<_>>()).0
}

/// What one statement says beyond its data.
#[derive(Clone, Default)]
pub struct Says<'a> {
    pub kind: &'a str,
    pub subject: &'a str,
    pub touches: &'a [&'a str],
    /// Organisation and role; the organisation's own key signs unless `key` names another.
    pub signer: (&'a str, &'a str),
    pub key: Option<&'a str>,
    pub occurred_at: &'a str,
    pub recorded_at: Option<&'a str>,
    pub corrects: Option<Hash>,
    /// Kind of what is corrected.
    pub original: Option<Kind>,
    pub more: Value,
    pub data: Value,
}

pub struct Farm<L> {
    pub ledger: L,
    /// Statements so far; the next id follows from it.
    pub made: u64,
}

impl<L: Ledger> Farm<L> {
    /// With its organisations registered: a farm, a packhouse, a laboratory, a carrier and a shop.
    pub fn new(ledger: L) -> Farm<L> {
        let mut farm = Farm { ledger, made: 0 };
        farm.register("qingshan", "青山杨梅合作社", "Qingshan Bayberry Co-op", "coop");
        farm.register("shanqian", "山前产地仓", "Shanqian Packhouse", "packhouse");
        farm.register("zhejian", "浙江农产品检测中心", "Zhejiang Produce Laboratory", "lab");
        farm.register("lengyun", "冷运物流", "Lengyun Cold Logistics", "carrier");
        farm.register("xianda", "鲜达平台", "Xianda Platform", "platform");
        farm
    }

    /// A farm whose organisations the ledger knows already, after `made` statements.
    pub fn known(ledger: L, made: u64) -> Farm<L> {
        Farm { ledger, made }
    }

    pub fn register(&mut self, org: &str, name: &str, name_en: &str, role: &str) -> Hash {
        self.register_in(org, name, name_en, &[role])
    }

    /// In several roles.
    pub fn register_as(&mut self, org: &str, name: &str, roles: &[&str]) -> Hash {
        self.register_in(org, name, name, roles)
    }

    fn register_in(&mut self, org: &str, name: &str, name_en: &str, roles: &[&str]) -> Hash {
        let founding = key(org);
        let payload = self.payload(&Says {
            kind: "org.register/1",
            subject: &format!("org:{org}"),
            touches: &[&format!("key:{}", founding.key_id())],
            signer: ("registrar", "registrar"),
            key: Some("registrar-1"),
            occurred_at: "2026-03-01T09:00:00+08:00",
            data: json!({
                "name": name, "name_en": name_en, "roles": roles, "address_village": "仙居县步路乡",
                "identity": {
                    "checked_by": "registrar", "method": "in_person", "date": "2026-02-26",
                    "document_type": "business_licence",
                },
                "keys": [{"public_key": hex::encode(founding.public().as_bytes())}],
            }),
            ..Says::default()
        });
        let mut payload = payload;
        payload["signers"].as_array_mut().unwrap().push(json!({
            "org": format!("org:{org}"), "key": founding.key_id(), "as": roles[0],
        }));
        let (envelope, _) = sign(&payload, &[&key("registrar-1"), &founding]);
        self.ledger.take(envelope, Vec::new())
    }

    /// Gives an organisation a second key that may sign some kinds.
    pub fn add_key(&mut self, org: &str, role: &str, name: &str, kinds: &[&str]) -> Hash {
        self.add_key_with(org, role, name, json!({"scope": {"kinds": kinds}}))
    }

    /// One that is to be valid until a day.
    pub fn add_key_until(&mut self, org: &str, role: &str, name: &str, kinds: &[&str], until: &str) -> Hash {
        self.add_key_with(org, role, name, json!({"scope": {"kinds": kinds}, "valid_until": until}))
    }

    fn add_key_with(&mut self, org: &str, role: &str, name: &str, mut data: Value) -> Hash {
        let added = key(name);
        data["public_key"] = json!(hex::encode(added.public().as_bytes()));
        let mut payload = self.payload(&Says {
            kind: "org.key.add/1",
            subject: &format!("key:{}", added.key_id()),
            signer: (org, role),
            occurred_at: "2026-03-02T09:00:00+08:00",
            data,
            ..Says::default()
        });
        payload["signers"].as_array_mut().unwrap().push(json!({
            "org": format!("org:{org}"), "key": added.key_id(), "as": role,
        }));
        let (envelope, _) = sign(&payload, &[&key(org), &added]);
        self.ledger.take(envelope, Vec::new())
    }

    /// The registrar gives an organisation a new key in place of those that it lost.
    pub fn recover(&mut self, org: &str, role: &str, name: &str) -> Hash {
        let added = key(name);
        let mut payload = self.payload(&Says {
            kind: "org.key.add/1",
            subject: &format!("key:{}", added.key_id()),
            touches: &[&format!("org:{org}")],
            signer: ("registrar", "registrar"),
            key: Some("registrar-1"),
            occurred_at: "2026-06-16T09:00:00+08:00",
            data: json!({
                "public_key": hex::encode(added.public().as_bytes()), "scope": {"admin": true},
                "recovery": {"org": format!("org:{org}"), "reason": "lost", "delay_hours": 48},
            }),
            ..Says::default()
        });
        payload["signers"].as_array_mut().unwrap().push(json!({
            "org": format!("org:{org}"), "key": added.key_id(), "as": role,
        }));
        let (envelope, _) = sign(&payload, &[&key("registrar-1"), &added]);
        self.ledger.take(envelope, Vec::new())
    }

    /// Seals, signs, submits.
    pub fn say(&mut self, says: Says<'_>) -> Hash {
        let (envelope, openings) = self.signed(says);
        self.ledger.take(envelope, openings)
    }

    pub fn signed(&mut self, says: Says<'_>) -> (Envelope, Vec<Value>) {
        let mut payload = self.payload(&says);
        let kind: Kind = says.kind.parse().unwrap();
        let mut openings = Vec::new();
        let (ledger, id) = (self.ledger.id(), payload["id"].as_str().unwrap().to_owned());
        for (i, field) in sealed_fields(kind, says.original, &payload).into_iter().enumerate() {
            let salt = [i as u8 + 1; 32];
            let place = payload.pointer_mut(&field.pointer).unwrap();
            let opening = Opening { pointer: field.pointer.clone(), salt, value: place.take() };
            let sealed = seal(&ledger, &id, &field.pointer, &opening.value, &salt).unwrap();
            *place = json!({ "sealed": sealed });
            openings.push(opening.to_json());
        }
        let signing = key(says.key.unwrap_or(says.signer.0));
        let (envelope, _) = sign(&payload, &[&signing]);
        (envelope, openings)
    }

    /// The member `attachments` for one picture, and its opening. The next statement said must carry it.
    pub fn picture(&self, content: &[u8], media_type: &str, ai_made: bool) -> (Value, Value) {
        let (salt, sha256) = ([9; 32], Hash::of(content));
        let id = statement_id(self.made + 1);
        let commitment = seal_blob(&self.ledger.id(), &id, "/attachments/0", &sha256, &salt).unwrap();
        let attachments = json!([{
            "commitment": commitment, "size": content.len(), "type": media_type, "in_app": true,
            "ai_made": ai_made,
        }]);
        let name = "photo".to_owned();
        let opening = BlobOpening { pointer: "/attachments/0".to_owned(), salt, name, sha256 };
        (attachments, opening.to_json())
    }

    fn payload(&mut self, says: &Says<'_>) -> Value {
        self.made += 1;
        let (org, role) = says.signer;
        let signing = key(says.key.unwrap_or(org));
        let mut payload = json!({
            "v": 1, "ledger": self.ledger.id(), "id": statement_id(self.made), "kind": says.kind,
            "subject": says.subject, "touches": says.touches, "occurred_at": says.occurred_at,
            "recorded_at": says.recorded_at.unwrap_or(if says.occurred_at.len() > 10 {
                says.occurred_at
            } else {
                "2026-06-13T20:00:00+08:00"
            }),
            "signers": [{"org": format!("org:{org}"), "key": signing.key_id(), "as": role}],
            "visibility": "public",
            "data": if says.data.is_null() { json!({}) } else { says.data.clone() },
        });
        if let Some(corrects) = says.corrects {
            payload["corrects"] = json!(corrects);
        }
        if let Value::Object(more) = &says.more {
            let members: &Map<String, Value> = more;
            for (name, value) in members {
                payload[name] = value.clone();
            }
        }
        payload
    }
}

fn sign(payload: &Value, keys: &[&KeyPair]) -> (Envelope, Statement) {
    let bytes = to_payload_bytes(payload).unwrap_or_else(|error| panic!("{error}: {payload}"));
    let statement = Statement::parse(&bytes).unwrap();
    (Envelope::sign(&statement, keys).unwrap(), statement)
}

fn statement_id(n: u64) -> String {
    format!("01936f5e-7c3a-7b2f-8d1e-{n:012x}")
}

// -- a season of bayberries --------------------------------------------------------------------------------------

pub const BATCH: &str = "batch:shanqian.dk0613a";

/// From the plot to the shop: what the pages are shown with.
pub struct Season {
    pub harvest: Hash,
    pub inspection: Hash,
    pub shipping: Hash,
}

impl<L: Ledger> Farm<L> {
    pub fn season(&mut self) -> Season {
        self.grow();
        let harvest = self.harvest("860");
        self.move_to_packhouse();
        let inspection = self.inspect("LAB-2026-0613", "pass");
        self.pack("2026-06-13");
        let shipping = self.ship();
        Season { harvest, inspection, shipping }
    }

    /// Up to the packing, with that day on the pack.
    pub fn season_packed(&mut self, pack_date: &str) {
        self.grow();
        self.harvest("860");
        self.move_to_packhouse();
        self.inspect("LAB-2026-0613", "pass");
        self.pack(pack_date);
    }

    /// Up to the packing, picked after the order or not.
    pub fn season_with(&mut self, after_order: bool) {
        self.grow();
        self.harvest_of(json!({"after_order": after_order, "quantity": quantity("860", "jin")}));
        self.move_to_packhouse();
        self.pack("2026-06-13");
    }

    pub fn grow(&mut self) {
        let farm = ("qingshan", "coop");
        self.say(Says {
            kind: "plot.register/1",
            subject: "plot:qingshan.p1",
            signer: farm,
            occurred_at: "2026-03-02T10:00:00+08:00",
            more: json!({"place": {"village": "浙江省仙居县步路乡西炉村"}}),
            data: json!({
                "name": "西炉后山三号坡", "area": quantity("12.5", "mu"), "crop": "杨梅", "variety": "东魁",
                "declared_yield": quantity("12000", "jin"), "holder": "王小山",
            }),
            ..Says::default()
        });
        self.say(Says {
            kind: "crop.open/1",
            subject: "crop:qingshan.p1-2026",
            touches: &["plot:qingshan.p1"],
            signer: farm,
            occurred_at: "2026-03-03",
            recorded_at: Some("2026-03-03T18:00:00+08:00"),
            data: json!({
                "plot": "plot:qingshan.p1", "crop": "杨梅", "variety": "东魁", "season": "2026 夏",
            }),
            ..Says::default()
        });
        self.input("2026-04-20", "2026-04-20T18:30:00+08:00");
    }

    pub fn input(&mut self, day: &str, recorded_at: &str) -> Hash {
        self.say(Says {
            kind: "input/1",
            subject: "crop:qingshan.p1-2026",
            signer: ("qingshan", "coop"),
            occurred_at: day,
            recorded_at: Some(recorded_at),
            data: json!({
                "kind": "pesticide",
                "product": {
                    "name": "阿维菌素", "manufacturer": "浙江钱江生化", "reg_no": "PD20101234",
                    "formulation": "乳油", "active_ingredients": [{"name": "阿维菌素", "content": "1.8", "unit": "percent"}],
                },
                "target": "果蝇", "method": "spray", "dilution": 3000, "area": quantity("12.5", "mu"),
                "start_date": day, "end_date": day, "operator": "王小山", "phi_days": 14,
            }),
            ..Says::default()
        })
    }

    pub fn harvest(&mut self, jin: &str) -> Hash {
        self.harvest_of(json!({"quantity": quantity(jin, "jin")}))
    }

    fn harvest_of(&mut self, more: Value) -> Hash {
        let mut data = json!({
            "from": ["crop:qingshan.p1-2026"], "crop": "杨梅", "variety": "东魁", "pickers": 14, "brix": "11.8",
            "picker_names": ["王小山", "李月"],
        });
        if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
            data.extend(more);
        }
        self.say(Says {
            kind: "harvest/1",
            subject: "batch:qingshan.h0613",
            touches: &["crop:qingshan.p1-2026"],
            signer: ("qingshan", "coop"),
            occurred_at: "2026-06-13T05:30:00+08:00",
            recorded_at: Some("2026-06-13T08:10:00+08:00"),
            more: json!({"place": {"village": "浙江省仙居县步路乡西炉村"}, "source": "manual"}),
            data,
            ..Says::default()
        })
    }

    fn move_to_packhouse(&mut self) {
        let lots = json!([{"lot": "batch:qingshan.h0613", "quantity": quantity("860", "jin")}]);
        let shipment = self.say(Says {
            kind: "shipping/1",
            subject: "batch:qingshan.h0613",
            signer: ("qingshan", "coop"),
            occurred_at: "2026-06-13T08:30:00+08:00",
            data: json!({
                "lots": lots, "to": "shanqian", "depart_at": "2026-06-13T08:30:00+08:00",
                "temp_mode": "insulated", "vehicle": "浙J12345",
            }),
            ..Says::default()
        });
        self.say(Says {
            kind: "receiving/1",
            subject: "batch:qingshan.h0613",
            signer: ("shanqian", "packhouse"),
            occurred_at: "2026-06-13T09:20:00+08:00",
            data: json!({
                "shipment": shipment, "lots": lots, "arrived_at": "2026-06-13T09:20:00+08:00",
                "accept": "accepted", "temp_on_arrival": "12",
            }),
            ..Says::default()
        });
    }

    pub fn inspect(&mut self, report_no: &str, conclusion: &str) -> Hash {
        let lot = "batch:qingshan.h0613";
        let sampling = self.say(Says {
            kind: "sampling/1",
            subject: lot,
            signer: ("zhejian", "lab"),
            occurred_at: "2026-06-13T09:40:00+08:00",
            data: json!({
                "sample_no": format!("S-{report_no}"), "sampler": "陈检", "sampler_org": "zhejian",
                "drawn_from": lot, "sample_qty": quantity("2", "kg"), "method": "random", "lab": "zhejian",
                "purpose": "commissioned",
            }),
            ..Says::default()
        });
        let verdict = if conclusion == "fail" { "fail" } else { "pass" };
        let value = if conclusion == "fail" { "0.09" } else { "0.004" };
        let (report, _) = self.picture(report_no.as_bytes(), "application/pdf", false);
        let report_file = report[0]["commitment"].clone();
        self.say(Says {
            kind: "inspection/1",
            subject: lot,
            signer: ("zhejian", "lab"),
            occurred_at: "2026-06-13T15:00:00+08:00",
            more: json!({"attachments": report}),
            data: json!({
                "sample_no": format!("S-{report_no}"), "sampling": sampling, "lab": "zhejian",
                "cma_no": "CMA-221100123456", "method": "gc_ms", "received_date": "2026-06-13",
                "reported_date": "2026-06-13", "report_no": report_no, "conclusion": conclusion,
                "report_file": report_file,
                "items": [
                    {"analyte": "阿维菌素", "result": "measured", "value": value, "unit": "mg_per_kg",
                     "limit": "0.02", "limit_standard": "GB 2763-2021", "verdict": verdict},
                    {"analyte": "氯氰菊酯", "result": "not_detected", "verdict": "pass"},
                ],
            }),
            ..Says::default()
        })
    }

    fn pack(&mut self, pack_date: &str) {
        self.say(Says {
            kind: "packing/1",
            subject: BATCH,
            touches: &["batch:qingshan.h0613"],
            signer: ("shanqian", "packhouse"),
            occurred_at: "2026-06-13T11:00:00+08:00",
            data: json!({
                "inputs": [{"lot": "batch:qingshan.h0613", "quantity": quantity("860", "jin")}],
                "outputs": [{
                    "lot": BATCH, "quantity": quantity("800", "jin"), "grade": "特级",
                    "spec": {"diameter_min": "28", "label": "大果"},
                }],
                "loss": quantity("60", "jin"), "loss_reason": "off_size", "site": "山前产地仓一号线",
                "product": "仙居东魁杨梅", "brand": "青山", "pack_type": "foam_box_ice",
                "net_weight": quantity("2.5", "kg"), "pack_count": 160, "pack_date": pack_date,
                "shelf_life_days": 5, "storage_advice": ["refrigerate", "eat_soon"], "eating": ["salt_water"],
                "shortcomings": ["bruises_easily", "short_life"],
            }),
            ..Says::default()
        });
        self.say(Says {
            kind: "storage/1",
            subject: BATCH,
            signer: ("shanqian", "packhouse"),
            occurred_at: "2026-06-13T12:00:00+08:00",
            data: json!({
                "site": "山前产地仓冷库二号", "action": "in", "storage_type": "cold",
                "quantity": quantity("800", "jin"), "set_temp": "2", "max_temp": "5",
            }),
            ..Says::default()
        });
    }

    fn ship(&mut self) -> Hash {
        self.say(Says {
            kind: "shipping/1",
            subject: BATCH,
            signer: ("shanqian", "packhouse"),
            occurred_at: "2026-06-14T06:00:00+08:00",
            data: json!({
                "lots": [{"lot": BATCH, "quantity": quantity("800", "jin")}], "to": "xianda",
                "carrier": "lengyun", "waybill_no": "LY20260614001", "depart_at": "2026-06-14T06:00:00+08:00",
                "temp_mode": "cold",
            }),
            ..Says::default()
        })
    }

    /// The harvest was 870 jin, not what was first written.
    pub fn correct_harvest(&mut self, harvest: Hash, jin: &str) -> Hash {
        self.say(Says {
            kind: "correction/1",
            subject: "batch:qingshan.h0613",
            touches: &["crop:qingshan.p1-2026"],
            signer: ("qingshan", "coop"),
            occurred_at: "2026-06-13T19:00:00+08:00",
            corrects: Some(harvest),
            original: Some(Kind::Harvest),
            data: json!({
                "reason": "typo",
                "data": {
                    "from": ["crop:qingshan.p1-2026"], "quantity": quantity(jin, "jin"), "crop": "杨梅",
                    "variety": "东魁", "pickers": 14, "brix": "11.8", "picker_names": ["王小山", "李月"],
                },
            }),
            ..Says::default()
        })
    }

    pub fn revoke(&mut self, org: &str, role: &str, key_name: &str, since: Option<&str>) -> Hash {
        let mut data = json!({"reason": "stolen"});
        if let Some(since) = since {
            data["since"] = json!(since);
        }
        self.say(Says {
            kind: "org.key.revoke/1",
            subject: &format!("key:{}", key(key_name).key_id()),
            signer: (org, role),
            occurred_at: "2026-06-15T09:00:00+08:00",
            data,
            ..Says::default()
        })
    }
}

/// Openings by leaf, as a story takes them.
pub type Openings = BTreeMap<Hash, Vec<Value>>;

// -- what is judged ----------------------------------------------------------------------------------------------

/// The beginning of a ledger for show, which takes made-up rule rows.
pub fn demonstration(origin: &str, log_vkey: &str, at: &str) -> Envelope {
    genesis_with(origin, log_vkey, at, json!({"demonstration": true}))
}

/// One use of a pesticide on the season of [`Farm::grow`].
pub struct Spray<'a> {
    pub subject: &'a str,
    pub touches: &'a [&'a str],
    /// `YYYY-MM-DD`, or to the second.
    pub at: &'a str,
    pub recorded_at: &'a str,
    pub formulation: &'a str,
    /// Name, content in per cent.
    pub actives: &'a [(&'a str, &'a str)],
    pub phi_days: Option<u64>,
    pub max_uses: Option<u64>,
}

impl Default for Spray<'_> {
    fn default() -> Self {
        Spray {
            subject: "crop:qingshan.p1-2026",
            touches: &[],
            at: "2026-05-01",
            recorded_at: "2026-06-12T18:00:00+08:00",
            formulation: "乳油",
            actives: &[("阿维菌素", "1.8")],
            phi_days: Some(14),
            max_uses: None,
        }
    }
}

impl Spray<'_> {
    pub fn data(&self) -> Value {
        let day = &self.at[..10];
        let actives: Vec<Value> = self
            .actives
            .iter()
            .map(|(name, content)| json!({"name": name, "content": content, "unit": "percent"}))
            .collect();
        let mut data = json!({
            "kind": "pesticide",
            "product": {
                "name": "某某农药", "manufacturer": "某某厂", "reg_no": "PD20101234",
                "formulation": self.formulation, "active_ingredients": actives,
            },
            "target": "果蝇", "method": "spray", "dilution": 3000, "area": quantity("12.5", "mu"),
            "start_date": day, "end_date": day, "operator": "王小山",
        });
        if let Some(days) = self.phi_days {
            data["phi_days"] = json!(days);
        }
        if let Some(most) = self.max_uses {
            data["max_uses"] = json!(most);
        }
        data
    }
}

impl<L: Ledger> Farm<L> {
    pub fn spray(&mut self, spray: &Spray<'_>) -> Hash {
        self.say(Says {
            kind: "input/1",
            subject: spray.subject,
            touches: spray.touches,
            signer: ("qingshan", "coop"),
            occurred_at: spray.at,
            recorded_at: Some(spray.recorded_at),
            data: spray.data(),
            ..Says::default()
        })
    }

    /// What was recorded as `leaf` is to read like `spray`, said at its `recorded_at`.
    pub fn correct_spray(&mut self, leaf: Hash, spray: &Spray<'_>) -> Hash {
        self.say(Says {
            kind: "correction/1",
            subject: spray.subject,
            touches: spray.touches,
            signer: ("qingshan", "coop"),
            occurred_at: spray.recorded_at,
            corrects: Some(leaf),
            original: Some(Kind::Input),
            data: json!({"reason": "typo", "occurred_at": spray.at, "data": spray.data()}),
            ..Says::default()
        })
    }

    /// The author takes back what was recorded as `leaf`.
    pub fn withdraw(
        &mut self,
        leaf: Hash,
        subject: &str,
        touches: &[&str],
        signer: (&str, &str),
        at: &str,
    ) -> Hash {
        self.say(Says {
            kind: "withdrawal/1",
            subject,
            touches,
            signer,
            occurred_at: at,
            data: json!({"withdraws": leaf, "reason": "made_in_error"}),
            ..Says::default()
        })
    }

    /// A table of rules.
    pub fn set_rules(&mut self, table: &str, rows: Value, at: &str) -> Hash {
        self.say(Says {
            kind: "rules.set/1",
            subject: "ledger:",
            signer: ("registrar", "registrar"),
            key: Some("registrar-1"),
            occurred_at: at,
            data: json!({"table": table, table: rows}),
            ..Says::default()
        })
    }

    pub fn sell(&mut self, lot: &str, at: &str) -> Hash {
        self.say(Says {
            kind: "sale/1",
            subject: lot,
            signer: ("xianda", "platform"),
            occurred_at: at,
            data: json!({
                "channel": "douyin", "period": {"from": &at[..10], "to": &at[..10]}, "quantity": quantity("10", "jin"),
            }),
            ..Says::default()
        })
    }

    pub fn hold(&mut self, subject: &str, signer: (&str, &str), at: &str) -> Hash {
        self.say(Says {
            kind: "hold/1",
            subject,
            signer,
            occurred_at: at,
            data: json!({"reason": "precaution"}),
            ..Says::default()
        })
    }

    pub fn release(
        &mut self,
        subject: &str,
        signer: (&str, &str),
        lifts: &[Hash],
        test: Option<Hash>,
        at: &str,
    ) -> Hash {
        let mut data =
            json!({"lifts": lifts, "basis": if test.is_some() { "retest" } else { "records_checked" }});
        if let Some(test) = test {
            data["test"] = json!(test);
        }
        self.say(Says { kind: "release/1", subject, signer, occurred_at: at, data, ..Says::default() })
    }

    /// A result of `lab` about `subject`, of a sample that it drew an hour before.
    pub fn result(
        &mut self,
        subject: &str,
        signer: (&str, &str),
        at: &str,
        conclusion: &str,
        items: Value,
    ) -> Hash {
        let sampling = self.say(Says {
            kind: "sampling/1",
            subject,
            signer,
            occurred_at: at,
            data: json!({
                "sample_no": format!("S{}", self.made), "sampler": "陈检", "sampler_org": signer.0,
                "drawn_from": subject, "sample_qty": quantity("2", "kg"), "method": "random", "lab": "zhejian",
                "purpose": "commissioned",
            }),
            ..Says::default()
        });
        let data = self.result_data(Some(sampling), at, conclusion, items);
        self.result_as(subject, signer, at, data)
    }

    pub fn result_data(&self, sampling: Option<Hash>, at: &str, conclusion: &str, items: Value) -> Value {
        let mut data = json!({
            "sample_no": format!("R{}", self.made), "lab": "zhejian", "cma_no": "CMA-221100123456",
            "method": "gc_ms", "received_date": &at[..10], "reported_date": &at[..10],
            "report_no": format!("R{}", self.made), "conclusion": conclusion, "items": items,
        });
        if let Some(sampling) = sampling {
            data["sampling"] = json!(sampling);
        }
        data
    }

    pub fn result_as(&mut self, subject: &str, signer: (&str, &str), at: &str, mut data: Value) -> Hash {
        let (report, _) = self.picture(at.as_bytes(), "application/pdf", false);
        data["report_file"] = report[0]["commitment"].clone();
        self.say(Says {
            kind: "inspection/1",
            subject,
            signer,
            occurred_at: at,
            more: json!({"attachments": report}),
            data,
            ..Says::default()
        })
    }

    /// Readings of a cold store of the packhouse.
    pub fn readings(&mut self, lot: &str, from: &str, to: &str, max: &str, over: u64, gap: u64) -> Hash {
        let chunk = Hash::of(format!("readings {}", self.made).as_bytes());
        let (report, _) = self.picture(chunk.to_string().as_bytes(), "text/csv", false);
        self.say(Says {
            kind: "storage/1",
            subject: lot,
            signer: ("shanqian", "packhouse"),
            occurred_at: to,
            more: json!({"attachments": report}),
            data: json!({
                "site": "山前产地仓冷库二号", "action": "readings", "storage_type": "cold", "max_temp": "5",
                "readings": {
                    "chunk": report[0]["commitment"], "count": 60, "from": from, "to": to, "min": "1", "max": max,
                    "over_minutes": over, "gap_minutes": gap, "sensor_id": "T1",
                },
            }),
            ..Says::default()
        })
    }
}
