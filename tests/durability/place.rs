//! A ledger's directory, and somebody who speaks to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use suyuan::merkle::Hash;
use suyuan::private::openings::Opening;
use suyuan::sequencer::{
    Ledger, LedgerHandle, LogSigner, OpenError, Receipt, Settings, Status, Submission, SystemClock, create,
};
use suyuan::statement::envelope::Envelope;
use suyuan::store::data_dir::DataDir;
use suyuan::store::signed_head::SignedHead;
use suyuan::verify::audit::Audit;
use suyuan::verify::{Trust, receipt};

use crate::farm::{self, Farm, Says};

pub(crate) const ORIGIN: &str = "suyuan.test/log";

pub(crate) struct Place {
    pub(crate) dir: DataDir,
    pub(crate) signed_head: SignedHead,
}

impl Place {
    /// A ledger with its organisations and a crop, closed.
    pub(crate) fn new(root: &Path) -> Place {
        let place = Place::at(root);
        create(&place.dir, &place.signed_head, &signer(), genesis(), &SystemClock::new()).unwrap();
        let ledger = place.open().unwrap();
        Farm::new(Client { handle: ledger.handle() }).grow();
        place
    }

    /// What is there already.
    pub(crate) fn at(root: &Path) -> Place {
        let dir = DataDir::new(root);
        let signed_head = SignedHead::new(dir.signed_head());
        Place { dir, signed_head }
    }

    pub(crate) fn open(&self) -> Result<Ledger, OpenError> {
        Ledger::open(Settings {
            dir: self.dir.clone(),
            signed_head: self.signed_head.clone(),
            signer: Some(signer()),
            clock: Arc::new(SystemClock::new()),
            clock_confirmed: false,
        })
    }

    /// Opens it, and it can be written.
    #[track_caller]
    pub(crate) fn open_writable(&self) -> Ledger {
        let ledger = self.open().unwrap();
        assert_eq!(ledger.handle().status(), Status::Writable);
        ledger
    }
}

/// The log's key, which no directory of these tests holds.
pub(crate) fn signer() -> LogSigner {
    LogSigner::new(ORIGIN.parse().unwrap(), farm::key("log"))
}

fn genesis() -> Envelope {
    farm::genesis(ORIGIN, &signer().verifier_keys()[0].to_string(), "2026-01-01T00:00:00Z")
}

/// What a verifier is told of a ledger, and nothing else.
pub(crate) fn trust(ledger: Hash) -> Trust {
    let keys: Vec<String> = signer().verifier_keys().iter().map(ToString::to_string).collect();
    Trust::parse(&Trust::to_text(ORIGIN, &keys, ledger, None)).unwrap()
}

pub(crate) fn id(handle: &LedgerHandle) -> Hash {
    handle.snapshot().log().unwrap().unwrap().ledger
}

/// That a receipt holds by itself, and that the ledger still has that record at that place.
#[track_caller]
pub(crate) fn holds(handle: &LedgerHandle, trust: &Trust, given: &[u8]) {
    let read = receipt::open(given, trust).unwrap();
    let now: Receipt = handle.receipt(read.seq).unwrap();
    assert_eq!(
        (now.leaf, now.proof.extra.as_slice()),
        (read.leaf, read.bytes.as_slice()),
        "record {}",
        read.seq
    );
    receipt::open(now.proof.to_string().as_bytes(), trust).unwrap();
}

/// Replays what the audit has not seen yet, and compares the roots.
#[track_caller]
pub(crate) fn follow(audit: &mut Audit<'_>, handle: &LedgerHandle) {
    let published = handle.published();
    for seq in audit.size()..published.size {
        audit.entry(&published.reader().entry_bytes(seq).unwrap().unwrap()).unwrap();
    }
    assert_eq!((audit.size(), audit.root()), (published.size, published.root));
    assert!(audit.is_sealed());
}

/// A farm's way to the ledger.
pub(crate) struct Client {
    pub(crate) handle: LedgerHandle,
}

impl farm::Ledger for Client {
    fn id(&self) -> Hash {
        id(&self.handle)
    }

    fn take(&mut self, envelope: Envelope, openings: Vec<Value>) -> Hash {
        self.handle.submit_blocking(submission((envelope, openings))).unwrap().receipt.leaf
    }
}

/// The farm of a ledger made by [`Place::new`]; statement ids go on from `made`.
pub(crate) fn known_farm(handle: &LedgerHandle, made: u64) -> Farm<Client> {
    Farm::known(Client { handle: handle.clone() }, made)
}

/// A statement that may be made any number of times; each is another one.
pub(crate) fn spraying(farm: &mut Farm<Client>) -> Submission {
    spraying_by(farm, "王小山")
}

/// The same, done by somebody else.
pub(crate) fn spraying_by(farm: &mut Farm<Client>, operator: &str) -> Submission {
    submission(farm.signed(Says {
        kind: "input/1",
        subject: "crop:qingshan.p1-2026",
        signer: ("qingshan", "coop"),
        occurred_at: "2026-05-02",
        recorded_at: Some("2026-05-02T18:30:00+08:00"),
        data: json!({
            "kind": "fertiliser", "product": {"name": "有机肥", "manufacturer": "示范肥料厂"}, "target": "追肥",
            "method": "broadcast", "dose": {"amount": farm::quantity("20", "kg"), "per": "mu"},
            "area": farm::quantity("12.5", "mu"), "start_date": "2026-05-02", "end_date": "2026-05-02",
            "operator": operator,
        }),
        ..Says::default()
    }))
}

fn submission((envelope, openings): (Envelope, Vec<Value>)) -> Submission {
    let openings = openings.iter().map(|opening| Opening::from_json(opening).unwrap()).collect();
    Submission { envelope, openings }
}

pub(crate) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_tree(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Every file below a directory, with its bytes.
pub(crate) fn files(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push((entry.path(), fs::read(entry.path()).unwrap())),
        }
    }
    found
}
