//! The way of a copy, interrupted anywhere, on a log that is honest and on one that is not.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{FetchError, FollowError, Follower, Get, Moved, Terms, Tiles, WrongKind};
use crate::ledger::{Entry, Reader};
use crate::merkle::Hash;
use crate::merkle::tile::{TilePath, encode_bundle, tile_bytes};
use crate::merkle::tree::root_at;
use crate::produce::tests::farm::{self, Farm};
use crate::sequencer::{
    Clock, Guards, Ledger, LedgerHandle, LogSigner, Parts, Replica, Submission, create_in,
};
use crate::statement::envelope::Envelope;
use crate::store::blobs::Blobs;
use crate::store::memory::MemoryStore;
use crate::store::signed_head::SignedHead;
use crate::store::{Batch, KeyRange, Pairs, Read, Snapshot, Store, StoreError};
use crate::verify::Trust;

const ORIGIN: &str = "suyuan.test/log";
const NOW: i64 = 1_781_500_000_000;

struct Standing;

impl Clock for Standing {
    fn now_ms(&self) -> i64 {
        NOW
    }

    fn uptime_ms(&self) -> i64 {
        1_000
    }
}

/// A log in memory, with its key.
struct Log {
    dir: tempfile::TempDir,
    ledger: Ledger,
    genesis: Hash,
}

struct Direct(LedgerHandle, Hash);

impl farm::Ledger for Direct {
    fn id(&self) -> Hash {
        self.1
    }

    fn take(&mut self, envelope: Envelope, openings: Vec<serde_json::Value>) -> Hash {
        let body = serde_json::json!({ "envelope": envelope.to_json(), "openings": openings });
        self.0.submit_blocking(Submission::from_json(&body).unwrap()).unwrap().receipt.leaf
    }
}

fn signer() -> LogSigner {
    LogSigner::new(ORIGIN.parse().unwrap(), farm::key("log"))
}

impl Log {
    /// A season; then so many organisations, whose names begin so.
    fn new(more: u64, name: &str) -> Log {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("blobs")).unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let head = SignedHead::new(dir.path().join("head"));
        let statement = farm::genesis(ORIGIN, &vkey(), "2026-01-01T00:00:00Z");
        let genesis = create_in(store.clone(), &head, &signer(), statement, NOW).unwrap();
        let ledger = Ledger::start(Parts {
            store,
            blobs: Blobs::open(dir.path().join("blobs")).unwrap(),
            signed_head: head,
            signer: Some(signer()),
            clock: Arc::new(Standing),
            clock_confirmed: false,
            restored: false,
            repairing: false,
            guards: Guards::default(),
        });
        let log = Log { dir, ledger: ledger.unwrap(), genesis };
        let mut farm = Farm::new(Direct(log.ledger.handle(), genesis));
        farm.grow();
        for n in 0..more {
            farm.register(&format!("{name}{n}"), "合作社", "Co-op", "coop");
        }
        log
    }

    fn trust(&self) -> Trust {
        Trust::parse(&Trust::to_text(ORIGIN, &[vkey()], self.genesis, None)).unwrap()
    }

    fn served(&self) -> Served {
        let handle = self.ledger.handle();
        let (published, reader) = (handle.published(), handle.snapshot());
        let note = published.checkpoint.as_ref().unwrap().to_string();
        let entries = (0..published.size).map(|seq| reader.entry_bytes(seq).unwrap().unwrap());
        Served {
            entries: entries.collect(),
            tree: reader,
            size: published.size,
            note,
            left: Cell::new(usize::MAX),
        }
    }
}

fn vkey() -> String {
    signer().verifier_keys()[0].to_string()
}

/// What a log's server gives, until it has given enough.
struct Served {
    entries: Vec<Vec<u8>>,
    tree: Reader<Snapshot>,
    size: u64,
    note: String,
    left: Cell<usize>,
}

impl Get for Served {
    fn get(&self, path: &str, _bytes_max: u64) -> Result<Vec<u8>, FetchError> {
        let gone = || FetchError::Unreachable { url: path.to_owned(), problem: "gone".to_owned() };
        self.left.set(self.left.get().checked_sub(1).ok_or_else(gone)?);
        match path.parse() {
            Ok(TilePath::Hashes(tile)) => {
                Ok(tile_bytes(&self.tree, &tile, self.size).unwrap().ok_or_else(gone)?)
            }
            Ok(TilePath::Entries(bundle)) => {
                let first = usize::try_from(bundle.index * 256).unwrap();
                Ok(encode_bundle(&self.entries[first..first + usize::from(bundle.width)]).unwrap())
            }
            Err(_) => Err(gone()),
        }
    }
}

/// A store that takes so many commits and no more.
struct Mortal {
    store: Arc<dyn Store>,
    commits_left: AtomicU64,
}

impl Read for Mortal {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(key)
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.store.multi_get(keys)
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        self.store.scan(range)
    }
}

impl Store for Mortal {
    fn snapshot(&self) -> Snapshot {
        self.store.snapshot()
    }

    fn commit(&self, batch: Batch, expected_head: u64, new_head: u64) -> Result<(), StoreError> {
        if self.commits_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_err() {
            return Err(StoreError::Broken("the machine is off".to_owned()));
        }
        self.store.commit(batch, expected_head, new_head)
    }

    fn write_aside(&self, batch: Batch) -> Result<(), StoreError> {
        self.store.write_aside(batch)
    }

    fn purge(&self, range: &KeyRange) -> Result<(), StoreError> {
        self.store.purge(range)
    }

    fn copy_to(&self, dir: &Path) -> Result<(), StoreError> {
        self.store.copy_to(dir)
    }
}

/// Where a copy lies.
struct Home {
    dir: tempfile::TempDir,
    store: Arc<dyn Store>,
}

impl Home {
    fn new() -> Home {
        Home { dir: tempfile::tempdir().unwrap(), store: Arc::new(MemoryStore::new()) }
    }

    fn follower(&self, trust: Trust, commits: u64) -> Follower {
        let store = Arc::new(Mortal { store: self.store.clone(), commits_left: AtomicU64::new(commits) });
        let head = SignedHead::new(self.dir.path().join("head"));
        Follower::new(trust, Replica::open(store, head.clone()).unwrap(), &head).unwrap()
    }

    fn size(&self) -> u64 {
        self.store.snapshot().head().unwrap()
    }

    /// What follows from the records, without what tells which checkpoints were seen.
    fn facts(store: &dyn Store) -> Vec<(Vec<u8>, Vec<u8>)> {
        let all = store.scan(&KeyRange::all()).map(Result::unwrap);
        all.filter(|(key, _)| ![&b"k/"[..], b"d/"].iter().any(|space| key.starts_with(space))).collect()
    }

    /// It ends with a map record, and is the beginning of the log.
    fn is_beginning_of(&self, served: &Served) {
        let (size, reader) = (self.size(), Reader(self.store.snapshot()));
        if size > 0 {
            assert!(matches!(reader.entry(size - 1).unwrap(), Entry::Map(_)), "{size}");
            assert_eq!(root_at(&reader, size).unwrap(), root_at(&served.tree, size).unwrap());
        }
    }
}

fn follow(follower: &mut Follower, served: &Served) -> Result<Moved, FollowError> {
    let terms = &mut Terms { watch: &mut (), enough: &|| false, witnessed: true };
    follower.follow(&Tiles::new(served), served.note.as_bytes(), terms)
}

fn wrong(moved: Result<Moved, FollowError>) -> WrongKind {
    match moved {
        Err(FollowError::Wrong(wrong)) => wrong.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_long_way_is_gone_in_pieces_and_goes_on_from_each() {
    let log = Log::new(20, "x");
    let served = log.served();
    let home = Home::new();
    let mut sizes = Vec::new();
    // The machine goes off after one commit more each time, until it is there.
    let moved = loop {
        let mut follower = home.follower(log.trust(), 1);
        let moved = follow(&mut follower, &served);
        home.is_beginning_of(&served);
        sizes.push(home.size());
        match moved {
            Ok(moved) => break moved,
            Err(FollowError::Broken(_)) => {}
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(moved, Moved::Grown { from: 0, to: served.size });
    assert!(sizes.len() > 3 && sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
    let source = log.ledger.handle();
    let aside = source.aside();
    let theirs: Vec<_> = aside.scan(&KeyRange::all()).map(Result::unwrap).collect();
    let theirs: Vec<_> =
        theirs.into_iter().filter(|(key, _)| !key.starts_with(b"k/") && !key.starts_with(b"q/")).collect();
    assert_eq!(Home::facts(&*home.store), theirs, "the copy's facts are the ledger's");
    let mut follower = home.follower(log.trust(), 0);
    assert!(matches!(follow(&mut follower, &served), Ok(Moved::Same)));
    assert_eq!(follower.held().unwrap().checkpoint.size, served.size);
    drop(log.dir);
}

#[test]
fn a_copy_that_has_readers_goes_from_checkpoint_to_checkpoint() {
    let short = Log::new(0, "x");
    let (before, long) = (short.served(), Log::new(3, "x"));
    let after = long.served();
    let home = Home::new();
    let mut follower = home.follower(short.trust(), u64::MAX);
    follow(&mut follower, &before).unwrap();
    // More than a piece, less than a stride: nothing is written in between.
    let mut follower = home.follower(short.trust(), 0);
    assert!(matches!(follow(&mut follower, &after), Err(FollowError::Broken(_))));
    assert_eq!(home.size(), before.size);
    // Wherever the server goes away, the copy stays where it was; then it goes on.
    for requests in 0.. {
        after.left.set(requests);
        let mut follower = home.follower(short.trust(), 1);
        match follow(&mut follower, &after) {
            Ok(moved) => {
                assert_eq!(moved, Moved::Grown { from: before.size, to: after.size });
                break;
            }
            Err(FollowError::Unreadable(_)) => assert_eq!(home.size(), before.size),
            Err(other) => panic!("{other}"),
        }
    }
    after.left.set(usize::MAX);
    let mut follower = home.follower(short.trust(), 1);
    assert_eq!(follow(&mut follower, &before).unwrap(), Moved::Older { size: before.size });
}

#[test]
fn entries_that_are_too_heavy_for_one_commit_are_written_in_pieces_all_the_same() {
    let short = Log::new(0, "x");
    let (before, long) = (short.served(), Log::new(8, "x"));
    let after = long.served();
    let first = usize::try_from(before.size).unwrap();
    let bytes: usize = after.entries[first..].iter().map(Vec::len).sum();
    assert!((12 * 1024..24 * 1024).contains(&bytes) && after.size - before.size <= 16, "{bytes}");
    let home = Home::new();
    follow(&mut home.follower(short.trust(), u64::MAX), &before).unwrap();
    let mut follower = home.follower(short.trust(), 1);
    assert!(matches!(follow(&mut follower, &after), Err(FollowError::Broken(_))));
    assert!((before.size + 1..after.size).contains(&home.size()), "{}", home.size());
    home.is_beginning_of(&after);
    let mut follower = home.follower(short.trust(), 1);
    assert_eq!(follow(&mut follower, &after).unwrap(), Moved::Grown { from: before.size, to: after.size });
}

#[test]
fn who_has_no_time_goes_on_from_where_he_was() {
    let log = Log::new(3, "x");
    let served = log.served();
    let home = Home::new();
    let mut follower = home.follower(log.trust(), u64::MAX);
    let terms = &mut Terms { watch: &mut (), enough: &|| true, witnessed: true };
    let moved = follower.follow(&Tiles::new(&served), served.note.as_bytes(), terms);
    assert!(matches!(moved, Err(FollowError::OutOfTime { at: 0, .. })), "{moved:?}");
    assert_eq!(follow(&mut follower, &served).unwrap(), Moved::Grown { from: 0, to: served.size });
}

#[test]
fn entries_of_another_history_are_not_written_even_in_pieces() {
    let (ours, theirs) = (Log::new(12, "x"), Log::new(12, "y"));
    // Every rule is kept, and the log has signed them elsewhere; but they are not of this checkpoint.
    let served = Served { entries: theirs.served().entries, ..ours.served() };
    let home = Home::new();
    let mut follower = home.follower(ours.trust(), u64::MAX);
    assert_eq!(wrong(follow(&mut follower, &served)), WrongKind::EntriesDiffer);
    home.is_beginning_of(&served);
    // Its tiles alone are another's: nobody can be held to that.
    let common = home.size();
    let served = Served { tree: theirs.served().tree, ..ours.served() };
    let moved = wrong(follow(&mut follower, &served));
    assert!(matches!(moved, WrongKind::EntriesDiffer | WrongKind::Unproven), "{moved:?}");
    assert_eq!(home.size(), common);
    follow(&mut follower, &ours.served()).unwrap();

    // The log's own signature under both: evidence.
    let moved = follow(&mut follower, &theirs.served());
    let Err(FollowError::Wrong(found)) = moved else { panic!("{moved:?}") };
    assert_eq!(found.kind, WrongKind::SplitView);
    found.split.unwrap().check(&ours.trust()).unwrap();
    assert_eq!(home.size(), ours.served().size);
}
