//! Jobs on their way: what is stored before what, what a crash finds again, and what a bundle shows of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use suyuan::anchor::AnchorKind;
use suyuan::merkle::Hash;
use suyuan::private::openings::Opening;
use suyuan::publish::anchors::{AnchorBook, BookError, Job, Plan, State, Step, Submit, Worker};
use suyuan::sequencer::{Clock, Guards, Ledger, LedgerHandle, LogSigner, Parts, Submission, create_in};
use suyuan::statement::envelope::Envelope;
use suyuan::store::blobs::Blobs;
use suyuan::store::memory::MemoryStore;
use suyuan::store::signed_head::SignedHead;
use suyuan::store::{Batch, KeyRange, Pairs, Read, Snapshot, Store, StoreError};

use crate::farm::{self, Farm};

const ORIGIN: &str = "suyuan.test/log";
const NOW: u64 = 1_781_500_000;

struct Stopped(AtomicI64);

impl Clock for Stopped {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn uptime_ms(&self) -> i64 {
        1_000
    }
}

/// A store whose disk may be full for whatever is not the ledger's.
struct Disk {
    inner: MemoryStore,
    is_full: AtomicBool,
}

impl Read for Disk {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.inner.multi_get(keys)
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        self.inner.scan(range)
    }
}

impl Store for Disk {
    fn snapshot(&self) -> Snapshot {
        self.inner.snapshot()
    }

    fn commit(&self, batch: Batch, expected_head: u64, new_head: u64) -> Result<(), StoreError> {
        self.inner.commit(batch, expected_head, new_head)
    }

    fn write_aside(&self, batch: Batch) -> Result<(), StoreError> {
        match self.is_full.load(Ordering::SeqCst) {
            true => Err(StoreError::Engine { doing: "write", problem: "no space left on device".into() }),
            false => self.inner.write_aside(batch),
        }
    }

    fn mend(&self, batch: Batch, head: u64) -> Result<(), StoreError> {
        self.inner.mend(batch, head)
    }

    fn purge(&self, range: &KeyRange) -> Result<(), StoreError> {
        self.inner.purge(range)
    }

    fn copy_to(&self, dir: &Path) -> Result<(), StoreError> {
        self.inner.copy_to(dir)
    }
}

struct Client {
    handle: LedgerHandle,
    genesis: Hash,
}

impl farm::Ledger for Client {
    fn id(&self) -> Hash {
        self.genesis
    }

    fn take(&mut self, envelope: Envelope, openings: Vec<Value>) -> Hash {
        let openings = openings.iter().map(|opening| Opening::from_json(opening).unwrap()).collect();
        self.handle.submit_blocking(Submission { envelope, openings }).unwrap().receipt.leaf
    }
}

struct Home {
    disk: Arc<Disk>,
    ledger: Ledger,
    farm: Farm<Client>,
    _dir: tempfile::TempDir,
}

impl Home {
    fn new() -> Home {
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::new(Disk { inner: MemoryStore::new(), is_full: AtomicBool::new(false) });
        let signer = || LogSigner::new(ORIGIN.parse().unwrap(), farm::key("log"));
        let vkey = signer().verifier_keys()[0].to_string();
        let head = || SignedHead::new(dir.path().join("signed-head"));
        let now = i64::try_from(NOW).unwrap() * 1_000;
        let begin = farm::genesis(ORIGIN, &vkey, "2026-01-01T00:00:00Z");
        let genesis = create_in(disk.clone(), &head(), &signer(), begin, now).unwrap();
        std::fs::create_dir(dir.path().join("blobs")).unwrap();
        let parts = Parts {
            store: disk.clone(),
            blobs: Blobs::open(dir.path().join("blobs")).unwrap(),
            signed_head: head(),
            signer: Some(signer()),
            clock: Arc::new(Stopped(AtomicI64::new(now))),
            clock_confirmed: false,
            restored: false,
            repairing: false,
            guards: Guards::default(),
        };
        let ledger = Ledger::start(parts).unwrap();
        let farm = Farm::new(Client { handle: ledger.handle(), genesis });
        Home { disk, ledger, farm, _dir: dir }
    }

    fn book(&self) -> Arc<AnchorBook> {
        let handle = self.ledger.handle();
        let published = handle.published();
        Arc::new(AnchorBook::open(handle.aside(), &published.reader(), published.size).unwrap())
    }

    fn size(&self) -> u64 {
        self.ledger.handle().published().size
    }

    /// A worker with the one place, as after a start.
    fn worker(&self, place: &Arc<Place>) -> (Worker, Arc<AnchorBook>) {
        let book = self.book();
        let plan = Plan { submit: Box::new(Courier(place.clone())), every: 600 };
        (Worker::new(self.ledger.handle(), book.clone(), vec![plan]), book)
    }
}

/// Somewhere that takes what is sent and includes it when told to.
#[derive(Default)]
struct Place {
    sent: Mutex<Vec<Vec<u8>>>,
    includes: AtomicBool,
    drops: AtomicBool,
    serial: AtomicBool,
    made: Mutex<u8>,
}

struct Courier(Arc<Place>);

impl Submit for Courier {
    fn kind(&self) -> AnchorKind {
        AnchorKind::EvmCalldata
    }

    fn one_at_a_time(&self) -> bool {
        self.0.serial.load(Ordering::SeqCst)
    }

    fn step(&mut self, job: &Job, now: u64) -> Step {
        let stay = Step::wait(job, now + 60, "nothing new");
        match job.state {
            State::Queued if job.work.is_empty() => {
                let mut made = self.0.made.lock().unwrap();
                *made += 1;
                // A new one each time it is made: whoever makes it twice sends two.
                Step { work: vec![*made, 7], next_at: now, ..stay }
            }
            State::Queued => {
                self.0.sent.lock().unwrap().push(job.work.clone());
                Step { state: State::Submitted, ..stay }
            }
            State::Submitted if self.0.includes.load(Ordering::SeqCst) => {
                Step { state: State::Included, evidence: Some(vec![1, 2, 3]), ..stay }
            }
            State::Included if self.0.drops.load(Ordering::SeqCst) => {
                Step { state: State::Submitted, evidence: None, ..stay }
            }
            State::Included => Step { state: State::Final, ..stay },
            _ => stay,
        }
    }
}

fn states(book: &AnchorBook, size: u64) -> Vec<State> {
    book.at(size).unwrap().into_iter().map(|job| job.state).collect()
}

#[test]
fn the_newest_checkpoint_is_anchored_once_an_interval_and_no_older_one() {
    let (mut home, place) = (Home::new(), Arc::new(Place::default()));
    let (mut worker, book) = home.worker(&place);
    let first = home.size();
    worker.turn(NOW);
    assert_eq!(states(&book, first), [State::Submitted]);
    // It has not grown: nothing is anchored twice.
    worker.turn(NOW + 601);
    assert_eq!(book.sizes(), [first]);
    home.farm.register("xishan", "西山合作社", "Xishan", "coop");
    let second = home.size();
    worker.turn(NOW + 602);
    assert_eq!(states(&book, second), [State::Submitted]);
    // It has, and the interval is not over.
    home.farm.register("dongshan", "东山合作社", "Dongshan", "coop");
    worker.turn(NOW + 700);
    assert_eq!(book.sizes(), [second, first]);
    place.includes.store(true, Ordering::SeqCst);
    worker.turn(NOW + 760);
    worker.turn(NOW + 830);
    assert_eq!(states(&book, first), [State::Final]);
    assert_eq!(states(&book, second), [State::Final]);
}

#[test]
fn where_one_goes_at_a_time_the_next_waits_until_it_is_done() {
    let (mut home, place) = (Home::new(), Arc::new(Place::default()));
    place.serial.store(true, Ordering::SeqCst);
    let (mut worker, book) = home.worker(&place);
    let first = home.size();
    worker.turn(NOW);
    home.farm.register("xishan", "西山合作社", "Xishan", "coop");
    worker.turn(NOW + 700);
    assert_eq!(book.sizes(), [first]);
    place.includes.store(true, Ordering::SeqCst);
    worker.turn(NOW + 800);
    worker.turn(NOW + 900);
    worker.turn(NOW + 1_000);
    assert_eq!(book.sizes(), [home.size(), first]);
}

#[test]
fn what_is_sent_was_written_down_before_so_a_crash_sends_the_same_bytes_again() {
    let (home, place) = (Home::new(), Arc::new(Place::default()));
    let size = home.size();
    let (mut worker, book) = home.worker(&place);
    // The disk is full from the start: nothing is made, nothing is sent.
    home.disk.is_full.store(true, Ordering::SeqCst);
    worker.turn(NOW);
    assert!(place.sent.lock().unwrap().is_empty());
    assert_eq!(book.sizes(), [0_u64; 0]);
    home.disk.is_full.store(false, Ordering::SeqCst);
    worker.turn(NOW + 60);
    assert_eq!(*place.sent.lock().unwrap(), [vec![1, 7]]);

    // A crash between sending and storing: the job on the disk is the one from before it was sent.
    let sent = book.at(size).unwrap().remove(0);
    let before = Job { state: State::Queued, next_at: NOW, ..sent };
    book.keep(&before).unwrap();
    let (mut restarted, book) = home.worker(&place);
    restarted.turn(NOW + 120);
    assert_eq!(*place.sent.lock().unwrap(), [vec![1, 7], vec![1, 7]]);
    assert_eq!(states(&book, size), [State::Submitted]);
}

#[test]
fn a_step_that_cannot_be_stored_is_taken_again() {
    let (home, place) = (Home::new(), Arc::new(Place::default()));
    let size = home.size();
    let (mut worker, book) = home.worker(&place);
    worker.turn(NOW);
    place.includes.store(true, Ordering::SeqCst);
    home.disk.is_full.store(true, Ordering::SeqCst);
    worker.turn(NOW + 60);
    assert_eq!(states(&book, size), [State::Submitted]);
    assert_eq!(book.for_entries(1, size).unwrap(), []);
    home.disk.is_full.store(false, Ordering::SeqCst);
    worker.turn(NOW + 120);
    assert_eq!(states(&book, size), [State::Included]);
    // A block that is undone takes its evidence with it.
    place.drops.store(true, Ordering::SeqCst);
    worker.turn(NOW + 240);
    assert_eq!(states(&book, size), [State::Submitted]);
    assert_eq!(book.for_entries(1, size).unwrap(), []);
}

#[test]
fn a_larger_checkpoint_than_the_log_and_one_of_another_history_are_refused() {
    let home = Home::new();
    let (book, handle) = (home.book(), home.ledger.handle());
    let published = handle.published();
    let (reader, entries) = (published.reader(), published.size);
    let note = published.checkpoint.as_ref().unwrap().text().to_owned();
    let begin = |body: &str| book.begin(AnchorKind::OpenTimestamps, body, &reader, entries, NOW);
    let larger = note.replacen(&format!("\n{entries}\n"), &format!("\n{}\n", entries + 1), 1);
    assert!(matches!(begin(&larger), Err(BookError::LargerThanTheLog { .. })));
    let root = note.lines().nth(2).unwrap();
    let other = note.replace(root, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let alarm = begin(&other).unwrap_err();
    assert!(alarm.to_string().starts_with("ALARM"), "{alarm}");
    assert!(matches!(begin("no checkpoint"), Err(BookError::NotACheckpoint(_))));
    assert_eq!(book.sizes(), [0_u64; 0]);
    begin(&note).unwrap();
    assert_eq!(begin(&note).unwrap().attempt, 1);
}

#[test]
fn what_is_shown_covers_the_entries_if_anything_does_and_the_first_that_does() {
    let mut home = Home::new();
    let book = home.book();
    let mut sizes = vec![];
    for org in ["a-farm", "b-farm", "c-farm"] {
        home.farm.register(org, org, org, "farm");
        sizes.push(home.size());
    }
    let kept = |size: u64, kind: AnchorKind, state: State, evidence: Option<Vec<u8>>| {
        let handle = home.ledger.handle();
        let reader = handle.snapshot();
        let note = suyuan::store::checkpoints::at(&reader.0, size).unwrap().unwrap();
        let body = String::from_utf8(note).unwrap();
        let body = format!("{}\n", body.split_once("\n\n").unwrap().0);
        let job = book.begin(kind, &body, &reader, home.size(), NOW).unwrap();
        book.keep(&Job { state, evidence, ..job }).unwrap();
    };
    let proof = || Some(vec![1]);
    kept(sizes[0], AnchorKind::Rfc3161, State::Final, proof());
    kept(sizes[1], AnchorKind::Rfc3161, State::Final, proof());
    kept(sizes[2], AnchorKind::Rfc3161, State::Final, proof());
    kept(sizes[1], AnchorKind::OpenTimestamps, State::Submitted, proof());
    kept(sizes[0], AnchorKind::EvmLog, State::Final, proof());
    kept(sizes[2], AnchorKind::EvmLog, State::Failed("no money".into()), None);
    let shown = |covered: u64, limit: u64| -> BTreeMap<&str, u64> {
        let jobs = book.for_entries(covered, limit).unwrap();
        jobs.iter().map(|job| (job.kind.as_str(), job.size)).collect()
    };
    let newest = sizes[2];
    assert_eq!(
        shown(sizes[0] + 1, newest),
        BTreeMap::from([("rfc3161", sizes[1]), ("ots", sizes[1]), ("evm-log", sizes[0])])
    );
    assert_eq!(shown(1, sizes[0]), BTreeMap::from([("rfc3161", sizes[0]), ("evm-log", sizes[0])]));
    assert_eq!(shown(newest, newest)["rfc3161"], newest);
}

/// Says when it is asked, and waits to be let go.
struct Slow {
    asked: std::sync::mpsc::Sender<()>,
    answer: std::sync::mpsc::Receiver<()>,
}

impl Submit for Slow {
    fn kind(&self) -> AnchorKind {
        AnchorKind::OpenTimestamps
    }

    fn one_at_a_time(&self) -> bool {
        false
    }

    fn step(&mut self, job: &Job, now: u64) -> Step {
        self.asked.send(()).unwrap();
        self.answer.recv().unwrap();
        Step::wait(job, now, "nothing new")
    }
}

#[test]
fn stopping_waits_for_the_exchange_under_way_and_for_no_other() {
    let home = Home::new();
    let book = home.book();
    let (asked, hears) = std::sync::mpsc::channel();
    let (lets_go, answer) = std::sync::mpsc::channel();
    let plan = Plan { submit: Box::new(Slow { asked, answer }), every: 600 };
    let anchoring = Worker::new(home.ledger.handle(), book, vec![plan]).start().unwrap();
    hears.recv().unwrap();
    anchoring.tell_to_stop();
    lets_go.send(()).unwrap();
    drop(lets_go);
    anchoring.stop();
    assert_eq!(hears.try_iter().count(), 0, "it was asked once more, although the job was due");
}
