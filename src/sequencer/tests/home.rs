//! A ledger with its disk, its clock and its faults, and a farm that speaks to it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use super::farm::{self, Farm};
use super::faulty::Faulty;
use crate::merkle::Hash;
use crate::private::openings::Opening;
use crate::sequencer::{
    Accepted, Clock, Guards, Ledger, LedgerHandle, LogSigner, Parts, Receipt, Submission, SubmitError,
    create_in,
};
use crate::statement::envelope::Envelope;
use crate::store::blobs::Blobs;
use crate::store::memory::MemoryStore;
use crate::store::signed_head::SignedHead;
use crate::store::{KeyRange, Pair, Read, Store};
use crate::verify::{Trust, audit::Audit, receipt};

pub(super) const ORIGIN: &str = "suyuan.test/log";

/// The day after the farm's season.
pub(super) const NOW: i64 = 1_781_500_000_000;

#[derive(Default)]
pub(super) struct TestClock {
    pub(super) now: AtomicI64,
    pub(super) uptime: AtomicI64,
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    fn uptime_ms(&self) -> i64 {
        self.uptime.load(Ordering::SeqCst)
    }
}

pub(super) struct Home {
    pub(super) store: Arc<Faulty>,
    pub(super) clock: Arc<TestClock>,
    pub(super) ledger: Hash,
    dir: TempDir,
}

impl Home {
    /// Genesis, nothing more.
    pub(super) fn new() -> Home {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("blobs")).unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let clock = TestClock { now: AtomicI64::new(NOW), uptime: AtomicI64::new(1000) };
        let head = SignedHead::new(dir.path().join("signed-head"));
        let ledger = create_in(store.clone(), &head, &signer(), genesis(), NOW).unwrap();
        Home { store: Arc::new(Faulty::new(store)), clock: Arc::new(clock), ledger, dir }
    }

    pub(super) fn parts(&self) -> Parts {
        Parts {
            store: self.store.clone(),
            blobs: Blobs::open(self.dir.path().join("blobs")).unwrap(),
            signed_head: self.signed_head(),
            signer: Some(signer()),
            clock: self.clock.clone(),
            clock_confirmed: false,
            restored: false,
            repairing: false,
            guards: Guards::default(),
        }
    }

    pub(super) fn open(&self) -> Ledger {
        Ledger::start(self.parts()).unwrap()
    }

    pub(super) fn signed_head(&self) -> SignedHead {
        SignedHead::new(self.dir.path().join("signed-head"))
    }

    /// Organisations that have said nothing yet.
    pub(super) fn valley(&self, ledger: &Ledger) -> Farm<Client> {
        Farm::new(self.client(ledger))
    }

    /// Organisations and a crop: what every statement of the tests is about.
    pub(super) fn farm(&self, ledger: &Ledger) -> Farm<Client> {
        let mut farm = self.valley(ledger);
        farm.grow();
        farm
    }

    pub(super) fn client(&self, ledger: &Ledger) -> Client {
        Client { handle: ledger.handle(), ledger: self.ledger }
    }

    /// Every byte that the ledger keeps: the store's, the signed head's, the files'.
    pub(super) fn dump(&self) -> (Vec<Pair>, Option<Vec<u8>>, Vec<Hash>) {
        let pairs = self.store.scan(&KeyRange::all()).map(Result::unwrap).collect();
        let blobs = Blobs::open(self.dir.path().join("blobs")).unwrap().commitments().unwrap();
        (pairs, self.signed_head().read().unwrap(), blobs)
    }

    /// Where an attachment lies.
    pub(super) fn blob(&self, commitment: &Hash) -> PathBuf {
        let name = commitment.to_string();
        self.dir.path().join("blobs").join(&name[..2]).join(name)
    }

    pub(super) fn trust(&self) -> Trust {
        let keys: Vec<String> = signer().verifier_keys().iter().map(ToString::to_string).collect();
        Trust::parse(&Trust::to_text(ORIGIN, &keys, self.ledger, None)).unwrap()
    }

    /// That the receipt convinces somebody who has nothing but the trust file.
    #[track_caller]
    pub(super) fn convinces(&self, given: &Receipt) {
        let read = receipt::open(given.proof.to_string().as_bytes(), &self.trust()).unwrap();
        assert_eq!((read.seq, read.leaf), (given.seq, given.leaf));
        assert_eq!(read.signed.checkpoint.size, given.size);
    }

    /// That an auditor who replays the entries ends with exactly the facts that the store holds.
    #[track_caller]
    pub(super) fn audits(&self, handle: &LedgerHandle) {
        let published = handle.published();
        let trust = self.trust();
        let mut audit = Audit::new(Some(&trust)).unwrap();
        for seq in 0..published.size {
            audit.entry(&published.reader().entry_bytes(seq).unwrap().unwrap()).unwrap();
        }
        assert_eq!(audit.root(), published.root);
        assert!(audit.is_sealed());
        for (key, value) in audit.into_state().into_facts() {
            assert_eq!(
                published.reader().0.get(&key).unwrap(),
                Some(value),
                "{}",
                String::from_utf8_lossy(&key)
            );
        }
    }
}

/// Keeps what it is given and takes nothing.
pub(super) struct Unsent {
    pub(super) ledger: Hash,
    pub(super) statements: Vec<Submission>,
}

impl farm::Ledger for Unsent {
    fn id(&self) -> Hash {
        self.ledger
    }

    fn take(&mut self, envelope: Envelope, openings: Vec<Value>) -> Hash {
        self.statements.push(submission((envelope, openings)));
        Hash::ZERO
    }
}

/// A farm's way to the ledger.
pub(super) struct Client {
    pub(super) handle: LedgerHandle,
    pub(super) ledger: Hash,
}

impl farm::Ledger for Client {
    fn id(&self) -> Hash {
        self.ledger
    }

    fn take(&mut self, envelope: Envelope, openings: Vec<Value>) -> Hash {
        self.handle.submit_blocking(submission((envelope, openings))).unwrap().receipt.leaf
    }
}

pub(super) fn signer() -> LogSigner {
    LogSigner::new(ORIGIN.parse().unwrap(), farm::key("log"))
}

pub(super) fn genesis() -> Envelope {
    farm::genesis(ORIGIN, &signer().verifier_keys()[0].to_string(), "2026-01-01T00:00:00Z")
}

/// A genesis statement of another log, which is a statement for no ledger.
pub(super) fn genesis_elsewhere() -> Envelope {
    farm::genesis("suyuan.test/other", &signer().verifier_keys()[0].to_string(), "2026-01-01T00:00:00Z")
}

pub(super) fn submission((envelope, openings): (Envelope, Vec<Value>)) -> Submission {
    let openings = openings.iter().map(|opening| Opening::from_json(opening).unwrap()).collect();
    Submission { envelope, openings }
}

/// A statement that the farm may make any number of times: each is another one.
pub(super) fn spraying(farm: &mut Farm<Client>) -> Submission {
    spraying_with(farm, "qingshan")
}

/// The same, signed with another of the farm's keys.
pub(super) fn spraying_with(farm: &mut Farm<Client>, key: &str) -> Submission {
    submission(farm.signed(farm::Says {
        kind: "input/1",
        subject: "crop:qingshan.p1-2026",
        signer: ("qingshan", "coop"),
        key: Some(key),
        occurred_at: "2026-05-02",
        recorded_at: Some("2026-05-02T18:30:00+08:00"),
        data: serde_json::json!({
            "kind": "fertiliser", "product": {"name": "有机肥", "manufacturer": "示范肥料厂"}, "target": "追肥",
            "method": "broadcast", "dose": {"amount": farm::quantity("20", "kg"), "per": "mu"},
            "area": farm::quantity("12.5", "mu"), "start_date": "2026-05-02", "end_date": "2026-05-02",
            "operator": "王小山",
        }),
        ..farm::Says::default()
    }))
}

#[track_caller]
pub(super) fn refused(result: Result<Accepted, SubmitError>) -> crate::ledger::Refusal {
    match result {
        Err(SubmitError::Refused(refused)) => refused.refusal,
        other => panic!("not refused: {other:?}"),
    }
}
