//! A small ledger in memory, with one lying twin, for what `verify` is to judge.

use serde_json::{Value, json};
use suyuan::ledger::{ApplyError, Class, Entry, MemoryFacts, Reader, State};
use suyuan::merkle::Hash;
use suyuan::merkle::proof::inclusion_path;
use suyuan::merkle::tile::{TilePath, encode_bundle, tile_bytes};
use suyuan::note::checkpoint::Checkpoint;
use suyuan::note::signed_note::{SignedNote, sign};
use suyuan::note::tlog_proof::TlogProof;
use suyuan::note::vkey::{KeyName, KeyType, VerifierKey};
use suyuan::statement::ed25519::KeyPair;
use suyuan::statement::envelope::Envelope;
use suyuan::statement::payload::{Statement, to_payload_bytes};
use suyuan::statement::sealed::check_json;
use suyuan::statement::subject::Subject;
use suyuan::verify::Trust;
use suyuan::verify::collect::{self, Under};

const ORIGIN: &str = "test.example/log";
const AT: i64 = 1_795_300_000_000;

pub(crate) struct Ledger {
    state: State<MemoryFacts>,
    /// What the state has said so far, once sealed.
    facts: MemoryFacts,
    genesis: Hash,
}

impl Ledger {
    /// Genesis, a farm, and a map record.
    pub(crate) fn with_farm() -> Ledger {
        let mut ledger = Ledger::begin();
        ledger.register("farm", 10);
        ledger.seal();
        ledger
    }

    /// The same genesis, and nobody after it: an operator who left the farm out.
    pub(crate) fn without_farm() -> Ledger {
        let mut ledger = Ledger::begin();
        ledger.register("other", 11);
        ledger.seal();
        ledger
    }

    fn begin() -> Ledger {
        let state = State::load(MemoryFacts::default()).unwrap();
        let mut ledger = Ledger { state, facts: MemoryFacts::default(), genesis: Hash::ZERO };
        let keys = [key(1), key(2)];
        let statement = json!({
            "kind": "genesis/1",
            "origin": ORIGIN,
            "subject": "org:registrar",
            "touches": [key_subject(&keys[0]), key_subject(&keys[1]), "ledger:"],
            "signers": keys.each_ref().map(|key| signer("registrar", key, "registrar")),
            "data": {
                "format": 1,
                "rules": 1,
                "registrar": {"name": "Demo"},
                "keys": keys.each_ref().map(public),
                "log_vkey": vkey().to_string(),
            },
        });
        ledger.genesis = ledger.take(statement, &keys.each_ref());
        ledger
    }

    fn register(&mut self, org: &str, number: u8) {
        let (registrar, own) = (key(1), key(number));
        let statement = json!({
            "kind": "org.register/1",
            "ledger": self.genesis,
            "subject": format!("org:{org}"),
            "touches": [key_subject(&own)],
            "signers": [signer("registrar", &registrar, "registrar"), signer(org, &own, "farm")],
            "data": {
                "name": "Demo farm",
                "roles": ["farm"],
                "identity": {"checked_by": "registrar", "method": "in_person", "date": "2026-11-01"},
                "keys": [public(&own)],
            },
        });
        self.take(statement, &[&registrar, &own]);
    }

    fn take(&mut self, mut statement: Value, keys: &[&KeyPair]) -> Hash {
        statement["v"] = json!(1);
        statement["id"] = json!(format!("01936f5e-7c3a-7b2f-8d1e-{:012x}", self.state.size()));
        statement["occurred_at"] = json!("2026-11-22");
        statement["recorded_at"] = json!("2026-11-22T09:30:00+08:00");
        let statement = Statement::parse(&to_payload_bytes(&statement).unwrap()).unwrap();
        let envelope = Envelope::sign(&statement, keys).unwrap();
        let record = self.state.draft(envelope, statement, AT).unwrap();
        self.state.apply(&Entry::Record(Box::new(record))).unwrap().leaf
    }

    fn seal(&mut self) {
        self.state.seal(AT).unwrap();
        self.facts.0.extend(self.state.take_changes().into_iter().map(|change| (change.key, change.value)));
        self.state = State::load(self.facts.clone()).unwrap();
    }

    /// Takes an envelope as a service would, and seals; whether it was there before makes no difference.
    pub(crate) fn submit(&mut self, submission: &Value) -> Result<(u64, Hash), (&'static str, String)> {
        let permanent = |problem: String| ("permanent", problem);
        let envelope = Envelope::from_json(&submission["envelope"]).map_err(|e| permanent(e.to_string()))?;
        let statement = Statement::parse(&envelope.payload).map_err(|e| permanent(e.to_string()))?;
        for opening in submission["openings"].as_array().unwrap() {
            check_json(&statement, opening).map_err(|e| permanent(e.to_string()))?;
        }
        if let Some(seq) = Reader(&self.facts).payload_seq(&statement.payload_hash).unwrap() {
            return Ok((seq, Reader(&self.facts).entry(seq).unwrap().leaf()));
        }
        let record = self.state.draft(envelope, statement, AT).unwrap();
        match self.state.apply(&Entry::Record(Box::new(record))) {
            Ok(applied) => {
                self.seal();
                Ok((applied.seq, applied.leaf))
            }
            Err(ApplyError::Refused(refusal)) => match refusal.code.class() {
                Class::Retry => Err(("retry", refusal.message)),
                Class::Permanent => Err(("permanent", refusal.message)),
            },
            Err(error) => panic!("{error}"),
        }
    }

    /// A piece of the log by its C2SP path.
    pub(crate) fn piece(&self, path: &str) -> Option<Vec<u8>> {
        let (reader, size) = (Reader(&self.facts), self.state.size());
        if path == "checkpoint" {
            return Some(self.checkpoint().to_string().into_bytes());
        }
        match path.parse().ok()? {
            TilePath::Hashes(tile) => tile_bytes(&reader, &tile, size).unwrap(),
            TilePath::Entries(bundle) => bundle.is_in(size).then(|| {
                let first = bundle.index * 256;
                let entries = first..first + u64::from(bundle.width);
                encode_bundle(entries.map(|seq| reader.entry_bytes(seq).unwrap().unwrap())).unwrap()
            }),
        }
    }

    /// The registrar's first key, as a file.
    pub(crate) fn registrar_pem() -> String {
        pem(1)
    }

    /// The farm's key, as a file.
    pub(crate) fn farm_pem() -> String {
        pem(10)
    }

    pub(crate) fn trust(&self) -> String {
        Trust::to_text(ORIGIN, &[vkey().to_string()], self.genesis, None)
    }

    pub(crate) fn bundle(&self, subject: &str) -> Vec<u8> {
        let under = Under { size: self.state.size(), note: self.checkpoint().to_string() };
        let subject = Subject::parse(subject).unwrap();
        collect::bundle(&Reader(&self.facts), &subject, &under, &[], "2026-11-22T00:00:00Z").unwrap().encode()
    }

    /// The bytes of a leaf.
    pub(crate) fn entry(&self, seq: u64) -> Option<Vec<u8>> {
        Reader(&self.facts).entry_bytes(seq).unwrap()
    }

    pub(crate) fn receipt(&self, seq: u64) -> String {
        let reader = Reader(&self.facts);
        let path = inclusion_path(&reader, seq, self.state.size()).unwrap();
        let extra = reader.entry_bytes(seq).unwrap().unwrap();
        TlogProof { extra, index: seq, path, checkpoint: self.checkpoint() }.to_string()
    }

    fn checkpoint(&self) -> SignedNote {
        let checkpoint = Checkpoint { origin: name(), size: self.state.size(), root: self.state.root() };
        let text = checkpoint.to_string();
        let signature = sign(&text, &name(), &key(9));
        SignedNote::new(text, vec![signature]).unwrap()
    }
}

/// RFC 8410, as openssl writes it.
fn pem(number: u8) -> String {
    use base64::Engine as _;
    let der = [hex::decode("302e020100300506032b657004220420").unwrap(), vec![number; 32]].concat();
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

fn key(number: u8) -> KeyPair {
    KeyPair::from_seed(&[number; 32])
}

fn name() -> KeyName {
    ORIGIN.parse().unwrap()
}

fn vkey() -> VerifierKey {
    VerifierKey::new(name(), KeyType::Ed25519, key(9).public())
}

fn key_subject(key: &KeyPair) -> String {
    Subject::of_key(&key.key_id()).to_string()
}

fn public(key: &KeyPair) -> Value {
    json!({"public_key": hex::encode(key.public().as_bytes())})
}

fn signer(org: &str, key: &KeyPair, role: &str) -> Value {
    json!({"org": format!("org:{org}"), "key": key.key_id(), "as": role})
}
