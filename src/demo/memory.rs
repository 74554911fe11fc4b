//! Test support: the ledger's bare rules in memory, in place of the service.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::teller::Ledger;
use crate::ledger::{Entry, MemoryFacts, State};
use crate::merkle::Hash;
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::{self, SignedNote};
use crate::note::vkey::{KeyName, KeyType, VerifierKey};
use crate::produce::flags::{self, Watchlist};
use crate::produce::{Ask, Dossier, Fact, Story};
use crate::statement::ed25519::KeyPair;
use crate::statement::envelope::Envelope;
use crate::statement::kinds::Kind;
use crate::statement::payload::{Statement, to_payload_bytes};
use crate::statement::subject::Subject;
use crate::statement::{schema, sealed};
use crate::text::Flag;
use crate::verify::Trust;
use crate::verify::collect::{self, Under};

const ORIGIN: &str = "demo.example/log";

fn log_key() -> KeyPair {
    KeyPair::from_seed(&[3; 32])
}

fn log_vkey() -> VerifierKey {
    VerifierKey::new(ORIGIN.parse().unwrap(), KeyType::Ed25519, log_key().public())
}

pub(super) struct MemoryLedger {
    pub(super) state: State<MemoryFacts>,
    pub(super) genesis: Hash,
    pub(super) statements: Vec<Statement>,
    pub(super) leaves: Vec<Hash>,
    pub(super) openings: Vec<Vec<Value>>,
    pub(super) files: Vec<(Hash, Vec<u8>)>,
    at: i64,
}

impl MemoryLedger {
    /// An empty ledger and one of its registrar's keys.
    pub(super) fn new(now: Timestamp) -> (MemoryLedger, KeyPair) {
        let keys = [KeyPair::from_seed(&[1; 32]), KeyPair::from_seed(&[2; 32])];
        let touches: Vec<String> = keys
            .iter()
            .map(|key| Subject::of_key(&key.key_id()).to_string())
            .chain(["ledger:".to_owned()])
            .collect();
        let signer =
            |key: &KeyPair| json!({ "org": "org:registrar", "key": key.key_id(), "as": "registrar" });
        let founding = |key: &KeyPair| json!({ "public_key": hex::encode(key.public().as_bytes()) });
        let payload = json!({
            "v": 1,
            "origin": ORIGIN,
            "id": "01936f5e-7c3a-7b2f-8d1e-0123456789ab",
            "kind": "genesis/1",
            "subject": "org:registrar",
            "touches": touches,
            "signers": keys.iter().map(signer).collect::<Vec<_>>(),
            "occurred_at": "2020-01-01",
            "recorded_at": "2020-01-01T00:00:00Z",
            "data": {
                "format": 1,
                "rules": 1,
                "registrar": { "name": "示范登记方" },
                "keys": keys.iter().map(founding).collect::<Vec<_>>(),
                "log_vkey": log_vkey().to_string(),
                "demonstration": true,
            },
        });
        let statement = Statement::parse(&to_payload_bytes(&payload).unwrap()).unwrap();
        let envelope = Envelope::sign(&statement, &[&keys[0], &keys[1]]).unwrap();
        let mut ledger = MemoryLedger {
            state: State::load(MemoryFacts::default()).unwrap(),
            genesis: Hash::ZERO,
            statements: Vec::new(),
            leaves: Vec::new(),
            openings: Vec::new(),
            files: Vec::new(),
            at: now.as_millisecond(),
        };
        ledger.genesis = ledger.append(&envelope).unwrap();
        let [registrar, _] = keys;
        (ledger, registrar)
    }

    /// The file that proves a batch, with its openings, and the trust file to check it against.
    pub(super) fn bundle(&self, batch: &str) -> (Vec<u8>, Trust) {
        let subject = Subject::parse(&format!("batch:{batch}")).unwrap();
        let origin: KeyName = ORIGIN.parse().unwrap();
        let (size, root) = (self.state.size(), self.state.root());
        let text = Checkpoint { origin: origin.clone(), size, root }.to_string();
        let line = signed_note::sign(&text, &origin, &log_key());
        let note = SignedNote::new(text, vec![line]).unwrap().to_string();
        let under = Under { size, note };
        let mut bundle =
            collect::bundle(&self.state.reader(), &subject, &under, &[], "2026-11-22T13:00:00Z").unwrap();
        bundle.open(self.leaves.iter().copied().zip(self.openings.iter().cloned()).collect());
        let trust = Trust::to_text(ORIGIN, &[log_vkey().to_string()], self.genesis, None);
        (bundle.encode(), Trust::parse(&trust).unwrap())
    }

    /// What a page would tell of a batch.
    pub(super) fn page(&self, batch: &str, now: Timestamp) -> Story {
        let subject = Subject::parse(&format!("batch:{batch}")).unwrap();
        let size = self.state.size();
        let records = collect::gather(&self.state.reader(), &subject, size).unwrap().records;
        let openings = self.leaves.iter().copied().zip(self.openings.iter().cloned()).collect();
        let ask = Ask {
            subject: &subject,
            records: &records,
            openings: &openings,
            size,
            at: self.at,
            as_of: now.as_millisecond(),
            wide: None,
        };
        Story::tell(&ask).unwrap()
    }

    /// The flags of a batch, its own and those that the whole ledger shows.
    pub(super) fn flags(&self, batch: &str, now: Timestamp) -> Vec<Fact<Flag>> {
        let subject = Subject::parse(&format!("batch:{batch}")).unwrap();
        let (size, reader) = (self.state.size(), self.state.reader());
        let records = collect::gather(&reader, &subject, size).unwrap().records;
        let openings = BTreeMap::new();
        let as_of = now.as_millisecond();
        let ask = Ask {
            subject: &subject,
            records: &records,
            openings: &openings,
            size,
            at: self.at,
            as_of,
            wide: None,
        };
        let mut watchlist = Watchlist::default();
        for entry in (0..size).map(|seq| reader.entry(seq).unwrap()) {
            entry.as_record().into_iter().for_each(|record| watchlist.take(record));
        }
        let dossier = Dossier::of(&ask);
        let mut flags = flags::of(&dossier);
        flags.extend(watchlist.flags(&dossier));
        flags
    }

    /// What comes next comes at this time, in milliseconds, or where the ledger is already later, then.
    pub(super) fn set_time(&mut self, at: i64) {
        self.at = self.at.max(at);
    }

    fn append(&mut self, envelope: &Envelope) -> anyhow::Result<Hash> {
        let statement = Statement::parse(&envelope.payload)?;
        let record = self.state.draft(envelope.clone(), statement, self.at)?;
        let leaf = self.state.apply(&Entry::Record(Box::new(record)))?.leaf;
        self.state.seal(self.at)?;
        self.at += 1;
        Ok(leaf)
    }

    /// The `occurred_at` of a statement is never after its `recorded_at`.
    pub(super) fn times_are_in_order(&self, now: Timestamp) -> bool {
        let now = now.as_millisecond() / 1000;
        self.statements.iter().all(|statement| {
            let (occurred, recorded) = (&statement.occurred_at, &statement.recorded_at);
            occurred.date() <= recorded.date() && recorded.unix_seconds() <= now
        })
    }
}

impl Ledger for MemoryLedger {
    fn submit(&mut self, envelope: &Envelope, openings: &[Value]) -> anyhow::Result<Hash> {
        let leaf = self.append(envelope)?;
        let statement = Statement::parse(&envelope.payload)?;
        let kind: Kind = statement.kind.to_string().parse()?;
        let corrected =
            statement.corrects.and_then(|leaf| self.leaves.iter().position(|known| *known == leaf));
        let original = corrected.map(|i| self.statements[i].kind.to_string().parse()).transpose()?;
        for opening in openings {
            sealed::check_json(&statement, opening)?;
            if let (Some(pointer), Some(value)) = (opening["pointer"].as_str(), opening.get("value")) {
                schema::check_opened(kind, original, pointer, value)
                    .map_err(|error| anyhow::anyhow!("{error}"))?;
            }
        }
        self.statements.push(statement);
        self.leaves.push(leaf);
        self.openings.push(openings.to_vec());
        Ok(leaf)
    }

    fn upload(&mut self, commitment: &Hash, _: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let last =
            self.statements.last().map(|statement| statement.attachments.as_slice()).unwrap_or_default();
        let named = last.iter().any(|file| file.commitment == *commitment && file.size == bytes.len() as u64);
        anyhow::ensure!(named, "the last statement names no such file");
        self.files.push((*commitment, bytes.to_vec()));
        Ok(())
    }
}

/// The time that the tests tell their stories at.
pub(super) fn a_sunday() -> Timestamp {
    "2026-11-22T13:00:00Z".parse().unwrap()
}
