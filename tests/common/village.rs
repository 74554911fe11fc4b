//! A small ledger in memory with a registrar and whoever a test registers: the rules without a disk or a server.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use suyuan::ledger::{Applied, ApplyError, Code, Entry, MapRecord, MemoryFacts, Record, State};
use suyuan::merkle::Hash;
use suyuan::merkle::map::{self, MapNodesInMemory, MapValue};
use suyuan::merkle::proof::subset_proof;
use suyuan::merkle::tree::{Frontier, NodesInMemory};
use suyuan::note::checkpoint::Checkpoint;
use suyuan::note::signed_note::{self, SignedNote};
use suyuan::note::vkey::{KeyType, VerifierKey};
use suyuan::statement::ed25519::KeyPair;
use suyuan::statement::envelope::Envelope;
use suyuan::statement::payload::{Statement, to_payload_bytes};
use suyuan::statement::subject::Subject;
use suyuan::verify::Trust;
use suyuan::verify::bundle::Bundle;
use suyuan::verify::collect::{self, Under};

pub const ORIGIN: &str = "suyuan.example/test";
const FIRST_AT: i64 = 1_780_000_000_000;

/// A key that is a function of its name, so that every run makes the same bytes.
pub fn key(name: &str) -> KeyPair {
    KeyPair::from_seed(&Hash::of(name.as_bytes()).0)
}

pub fn public_hex(name: &str) -> String {
    hex::encode(key(name).public().as_bytes())
}

pub fn key_id(name: &str) -> String {
    key(name).key_id().to_string()
}

pub struct Village {
    pub state: State<MemoryFacts>,
    pub ledger: Hash,
    pub at: i64,
    ids: u64,
}

/// One signer of a statement: organisation, role, name of the key.
pub type By<'a> = (&'a str, &'a str, &'a str);

impl Village {
    /// Genesis and its map record.
    pub fn new() -> Village {
        Village::founded(false)
    }

    /// One whose genesis says that it is for show.
    pub fn demonstration() -> Village {
        Village::founded(true)
    }

    fn founded(demonstration: bool) -> Village {
        let state = State::load(MemoryFacts::default()).expect("empty facts load");
        let mut village = Village { state, ledger: Hash::ZERO, at: FIRST_AT, ids: 0 };
        let mut genesis = village.genesis();
        if demonstration {
            genesis["data"]["demonstration"] = json!(true);
        }
        village.ledger = village.apply(&genesis, &["registrar-1", "registrar-2"]).expect("genesis").leaf;
        village.seal();
        village
    }

    fn genesis(&mut self) -> Value {
        let touches = [format!("key:{}", key_id("registrar-1")), format!("key:{}", key_id("registrar-2"))];
        let data = json!({
            "format": 1, "rules": 1, "registrar": {"name": "示范登记处"}, "log_vkey": log_vkey().to_string(),
            "keys": [{"public_key": public_hex("registrar-1")}, {"public_key": public_hex("registrar-2")}],
        });
        let by = [("registrar", "registrar", "registrar-1"), ("registrar", "registrar", "registrar-2")];
        let mut genesis =
            self.statement("genesis/1", "org:registrar", &[&touches[0], &touches[1], "ledger:"], &by, data);
        let members = genesis.as_object_mut().expect("an object");
        members.remove("ledger");
        members.insert("origin".into(), json!(ORIGIN));
        genesis
    }

    /// A statement as JSON; nothing is signed yet.
    pub fn statement(
        &mut self,
        kind: &str,
        subject: &str,
        touches: &[&str],
        by: &[By<'_>],
        data: Value,
    ) -> Value {
        self.ids += 1;
        let signers: Vec<Value> = by
            .iter()
            .map(|(org, role, name)| json!({"org": format!("org:{org}"), "key": key_id(name), "as": role}))
            .collect();
        let mut statement = json!({
            "v": 1, "ledger": self.ledger, "id": format!("01900000-0000-7000-8000-{:012x}", self.ids),
            "kind": kind, "subject": subject, "touches": touches, "signers": signers,
            "occurred_at": "2026-06-01T08:00:00+08:00", "recorded_at": "2026-06-01T08:05:00+08:00", "data": data,
        });
        if let Some(report) = statement["data"].get("report_file").cloned() {
            let report = json!({"commitment": report, "size": 1000, "type": "application/pdf", "in_app": false, "ai_made": false});
            statement["attachments"] = json!([report]);
        }
        statement
    }

    /// Signs with the named keys.
    pub fn sign(&self, statement: &Value, keys: &[&str]) -> (Envelope, Statement) {
        let payload = to_payload_bytes(statement).unwrap_or_else(|error| panic!("{error}: {statement}"));
        let statement = Statement::parse(&payload).expect("to_payload_bytes parsed it");
        let pairs: Vec<KeyPair> = keys.iter().map(|name| key(name)).collect();
        let envelope =
            Envelope::sign(&statement, &pairs.iter().collect::<Vec<_>>()).expect("all keys are there");
        (envelope, statement)
    }

    pub fn draft(&mut self, statement: &Value, keys: &[&str]) -> Record {
        self.at += 1000;
        let (envelope, statement) = self.sign(statement, keys);
        self.state.draft(envelope, statement, self.at).expect("memory facts read")
    }

    /// Signs, drafts and applies, through the same door as an auditor.
    pub fn apply(&mut self, statement: &Value, keys: &[&str]) -> Result<Applied, (Code, String)> {
        let record = self.draft(statement, keys);
        match self.state.apply(&Entry::Record(Box::new(record))) {
            Ok(applied) => Ok(applied),
            Err(ApplyError::Refused(refusal)) => Err((refusal.code, refusal.message)),
            Err(ApplyError::Facts(error)) => panic!("{error}"),
        }
    }

    /// A statement by one organisation's signers, signed by just their keys.
    pub fn say(
        &mut self,
        kind: &str,
        subject: &str,
        touches: &[&str],
        by: &[By<'_>],
        data: Value,
    ) -> Result<Applied, (Code, String)> {
        let statement = self.statement(kind, subject, touches, by, data);
        let keys: Vec<&str> = by.iter().map(|(_, _, name)| *name).collect();
        self.apply(&statement, &keys)
    }

    /// Registers `org` with one founding key called `<org>-key`.
    pub fn register(&mut self, org: &str, roles: &[&str]) -> Applied {
        let name = format!("{org}-key");
        let mut sorted = roles.to_vec();
        sorted.sort_unstable();
        let data = json!({
            "name": format!("示范{org}"), "roles": sorted,
            "identity": {"checked_by": "registrar", "method": "in_person", "date": "2026-01-05"},
            "keys": [{"public_key": public_hex(&name)}],
        });
        let touched = format!("key:{}", key_id(&name));
        let by = [("registrar", "registrar", "registrar-1"), (org, roles[0], name.as_str())];
        self.say("org.register/1", &format!("org:{org}"), &[&touched], &by, data).expect("registration")
    }

    pub fn seal(&mut self) {
        self.at += 1;
        self.state.seal(self.at).expect("a map record");
    }

    pub fn trust(&self) -> Trust {
        Trust::parse(&self.trust_text()).expect("our own trust file")
    }

    pub fn trust_text(&self) -> String {
        Trust::to_text(ORIGIN, &[log_vkey().to_string()], self.ledger, None)
    }

    /// The checkpoint of everything so far, which must be sealed.
    pub fn checkpoint(&self) -> Under {
        Under { size: self.state.size(), note: checkpoint_note(self.state.size(), self.state.root()) }
    }

    /// A bundle file under the newest checkpoint.
    pub fn bundle(&self, subject: &str) -> Vec<u8> {
        let subject = Subject::parse(subject).expect("a subject");
        collect::bundle(&self.state.reader(), &subject, &self.checkpoint(), &[], "2026-11-22T08:00:00Z")
            .expect("a bundle")
            .encode()
    }

    /// All facts, to see that a refusal changed nothing.
    pub fn dump(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.state.pending().clone()
    }
}

pub fn log_vkey() -> VerifierKey {
    VerifierKey::new(ORIGIN.parse().expect("a key name"), KeyType::Ed25519, key("log").public())
}

/// A checkpoint signed by the test log's key, for whatever root.
pub fn checkpoint_note(size: u64, root: Hash) -> String {
    let origin = ORIGIN.parse().expect("a key name");
    let text = Checkpoint { origin, size, root }.to_string();
    let signature = signed_note::sign(&text, &ORIGIN.parse().expect("a key name"), &key("log"));
    SignedNote::new(text, vec![signature]).expect("a note").to_string()
}

pub fn quantity(kg: u32) -> Value {
    json!({"value": u64::from(kg) * 1000, "entered": kg.to_string(), "unit": "kg"})
}

/// A sealed value's commitment: any hash will do where nobody opens it.
pub fn sealed(of: &str) -> Value {
    json!({"sealed": Hash::of(of.as_bytes())})
}

/// `data` of each everyday kind, good enough for its schema.
pub mod data {
    use super::*;

    pub fn plot() -> Value {
        json!({"name": "东坡", "area": {"value": 66_666_667, "entered": "10", "unit": "mu"}, "crop": "杨梅",
               "variety": "东魁", "declared_yield": quantity(9000)})
    }

    pub fn crop(plot: &str) -> Value {
        json!({"plot": plot, "crop": "杨梅", "variety": "东魁", "season": "2026"})
    }

    pub fn planting() -> Value {
        json!({"action": "transplanting", "crop": "黄瓜", "variety": "津优", "seed_source": "示范育苗场",
               "quantity": {"value": 2000, "entered": "2000", "unit": "plant"}})
    }

    pub fn input() -> Value {
        json!({"kind": "fertiliser", "product": {"name": "有机肥", "manufacturer": "示范肥料厂"}, "target": "基肥",
               "method": "broadcast", "dose": {"amount": quantity(200), "per": "mu"},
               "area": {"value": 66_666_667, "entered": "10", "unit": "mu"},
               "start_date": "2026-03-01", "end_date": "2026-03-01", "operator": sealed("operator")})
    }

    pub fn sampling(from: &str, lab: &str) -> Value {
        json!({"sample_no": "S-1", "sampler": sealed("sampler"), "sampler_org": lab, "drawn_from": from,
               "sample_qty": quantity(2), "method": "random", "lab": lab, "purpose": "commissioned"})
    }

    pub fn inspection(lab: &str, verdict: &str) -> Value {
        json!({"sample_no": "S-1", "lab": lab, "cma_no": "示范CMA-1", "method": "gc_ms", "received_date": "2026-06-01",
               "reported_date": "2026-06-02", "report_no": "R-1", "report_file": Hash::of(b"report"),
               "items": [{"analyte": "阿维菌素", "result": "not_detected", "verdict": verdict}], "conclusion": verdict})
    }

    pub fn harvest(from: &[&str], kg: u32) -> Value {
        json!({"from": from, "quantity": quantity(kg)})
    }

    fn transformed(inputs: &[(&str, u32)], outputs: &[Value]) -> Value {
        let lots: Vec<Value> =
            inputs.iter().map(|(lot, kg)| json!({"lot": lot, "quantity": quantity(*kg)})).collect();
        json!({"inputs": lots, "outputs": outputs, "loss": quantity(1), "loss_reason": "trimmed", "site": "产地仓"})
    }

    pub fn grading(inputs: &[(&str, u32)], outputs: &[(&str, u32)]) -> Value {
        let lots: Vec<Value> = outputs
            .iter()
            .map(|(lot, kg)| json!({"lot": lot, "quantity": quantity(*kg), "grade": "一级", "spec": {"diameter_min": "28", "diameter_max": "32"}}))
            .collect();
        let mut data = transformed(inputs, &lots);
        data["grader"] = sealed("grader");
        data
    }

    pub fn packing(inputs: &[(&str, u32)], output: &str, kg: u32) -> Value {
        let mut data = transformed(inputs, &[json!({"lot": output, "quantity": quantity(kg)})]);
        data["product"] = json!("仙居杨梅");
        data["pack_type"] = json!("foam_box_ice");
        data["net_weight"] = json!({"value": 2500, "entered": "2.5", "unit": "kg"});
        data["pack_count"] = json!(40);
        data["pack_date"] = json!("2026-06-13");
        data
    }

    pub fn processing(inputs: &[(&str, u32)], output: &str, kg: u32) -> Value {
        let mut data = transformed(inputs, &[json!({"lot": output, "quantity": quantity(kg)})]);
        data["process"] = json!("drying");
        data
    }

    pub fn storage() -> Value {
        json!({"site": "冷库一号", "action": "in", "storage_type": "cold", "quantity": quantity(99)})
    }

    pub fn shipping(lots: &[(&str, u32)], to: &str, carrier: Option<&str>) -> Value {
        let lots: Vec<Value> =
            lots.iter().map(|(lot, kg)| json!({"lot": lot, "quantity": quantity(*kg)})).collect();
        let mut data = json!({"lots": lots, "to": to, "depart_at": "2026-06-13T18:00:00+08:00", "temp_mode": "cold", "waybill_no": "W1"});
        if let Some(carrier) = carrier {
            data["carrier"] = json!(carrier);
        }
        data
    }

    pub fn receiving(shipment: Hash, lots: &[(&str, u32)], accept: &str) -> Value {
        let lots: Vec<Value> =
            lots.iter().map(|(lot, kg)| json!({"lot": lot, "quantity": quantity(*kg)})).collect();
        let mut data = json!({"shipment": shipment, "lots": lots, "arrived_at": "2026-06-14T06:00:00+08:00", "accept": accept});
        if accept != "accepted" {
            data["reason"] = json!("temperature");
        }
        data
    }

    pub fn irrigation() -> Value {
        json!({"method": "drip", "water": "spring", "amount": {"value": 5000, "entered": "5", "unit": "l"}})
    }

    pub fn observation() -> Value {
        json!({"action": "patrol", "finding": "normal"})
    }

    pub fn sale(kg: u32) -> Value {
        json!({"channel": "retail", "period": {"from": "2026-06-14", "to": "2026-06-15"}, "quantity": quantity(kg)})
    }

    pub fn sign_off() -> Value {
        json!({"verdict": "approved", "checked": ["test_report"]})
    }

    pub fn guarantee() -> Value {
        json!({"terms": ["rot_paid"], "valid_from": "2026-06-14", "valid_until": "2026-07-14"})
    }

    pub fn hold() -> Value {
        json!({"reason": "precaution"})
    }

    pub fn release(lifts: &[Hash]) -> Value {
        json!({"lifts": lifts, "basis": "records_checked"})
    }

    pub fn enforcement(lots: &[&str]) -> Value {
        json!({"action": "takedown", "basis": "false_claim", "lots": lots})
    }

    pub fn withdrawal(of: Hash) -> Value {
        json!({"withdraws": of, "reason": "made_in_error"})
    }

    pub fn rules_set() -> Value {
        json!({"table": "tunables", "tunables": {"late_hours": 72}})
    }

    /// A table with one row that says of itself that it is made up.
    pub fn fictional_rules() -> Value {
        json!({"table": "intervals", "intervals": [{
            "actives": [{"name": "示范成分", "content": "10", "unit": "g_per_l"}], "formulation": "示范剂型",
            "crop": "示范作物", "phi_days": 3, "fictional": true,
        }]})
    }
}

impl Village {
    /// What a lying operator would publish next: one more map record, over a map as if entry `hidden` were not there,
    /// with a bundle of the subject that the hidden record is about. Its tree is honest, its map is not.
    pub fn pretend_without(&mut self, hidden: u64) -> Bundle {
        let record = self.state.reader().entry(hidden).expect("entry");
        let subject = record.as_record().expect("a record").statement.subject.clone();
        let mut bundle = Bundle::parse(&self.bundle(subject.as_str())).expect("a bundle");
        bundle.records.retain(|entry| entry.seq() != hidden);
        self.publish(bundle, Vec::new(), |entry| entry.seq() != hidden)
    }

    /// A bundle of `subject` whose log goes on with a record that the rules here refuse.
    pub fn pretend_with(&mut self, record: Record, subject: &str) -> Bundle {
        let mut bundle = Bundle::parse(&self.bundle(subject)).expect("a bundle");
        bundle.records.push(Entry::Record(Box::new(record.clone())));
        self.publish(bundle, vec![Entry::Record(Box::new(record))], |_| true)
    }

    /// Ends the log with `more` and a map record over what is `counted`, and proves `bundle` under that.
    fn publish(&self, mut bundle: Bundle, more: Vec<Entry>, counted: impl Fn(&Entry) -> bool) -> Bundle {
        let reader = self.state.reader();
        let mut entries: Vec<Entry> =
            (0..self.state.size()).map(|seq| reader.entry(seq).expect("entry")).collect();
        entries.extend(more);
        let size = entries.len() as u64;
        let mut values: BTreeMap<Hash, MapValue> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| counted(entry)) {
            for link in entry.as_record().map(|record| record.links.clone()).unwrap_or_default() {
                let value = values.entry(map::map_key(link.subject.as_str()));
                let value = value.or_insert(MapValue { count: 0, last: Hash::ZERO });
                *value = MapValue { count: value.count + 1, last: entry.leaf() };
            }
        }
        let mut nodes = MapNodesInMemory::default();
        let update = map::update(&nodes, &map::EMPTY_MAP, &values).expect("memory");
        nodes.extend(update.new_nodes);
        let seal = Entry::Map(MapRecord { seq: size, at: self.at + 5000, root: update.root, size });
        entries.push(seal.clone());
        let mut frontier = Frontier::new();
        let mut tree = NodesInMemory::default();
        for entry in &entries {
            frontier.push(entry.leaf(), |node| {
                tree.insert((node.level, node.index), node.hash);
            });
        }
        bundle.records.retain(|entry| entry.as_record().is_some());
        bundle.records.push(seal);
        bundle.size = size + 1;
        bundle.checkpoints = vec![checkpoint_note(size + 1, frontier.root())];
        let places: Vec<u64> = bundle.records.iter().map(Entry::seq).collect();
        bundle.inclusion = subset_proof(&tree, &places, size + 1).expect("a proof");
        for claim in &mut bundle.map {
            let (value, proof) = map::prove(&nodes, &update.root, claim.subject.as_str()).expect("memory");
            (claim.value, claim.proof) = (value, proof);
        }
        bundle
    }
}

impl Village {
    /// The data of a `ledger.key` statement that the old and the new log key have signed.
    pub fn log_key_rotation(&self) -> Value {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;

        let old = log_vkey().to_string();
        let origin = ORIGIN.parse().expect("a key name");
        let new = VerifierKey::new(origin, KeyType::Ed25519, key("log-2").public()).to_string();
        let until = "2027-01-01T00:00:00Z";
        let message = format!("suyuan/log-key/v1\n{old}\n{new}\n{until}\n");
        let signed = |name: &str| STANDARD.encode(key(name).sign(message.as_bytes()));
        json!({"old_vkey": old, "new_vkey": new, "both_until": until,
            "signature_old": signed("log"), "signature_new": signed("log-2")})
    }

    pub fn rotate_log_key(&mut self) -> Applied {
        let data = self.log_key_rotation();
        self.say("ledger.key/1", "ledger:", &[], &[("registrar", "registrar", "registrar-1")], data)
            .expect("rotation")
    }
}
