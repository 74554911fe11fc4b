//! Each thing that may fail × {it fails, it fails although it was done}, where a tile ends: what is answered, whether the
//! writer goes on, and that the log is whole after every step.
//!
//! After a failure the ledger is opened anew, which fails once itself: that must change nothing.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::faulty::{Fault, Op};
use super::home::{Home, spraying};
use crate::sequencer::{Accepted, Ledger, LedgerHandle, ReadOnly, Status, Submission, SubmitError};
use crate::store::checkpoints;

/// Entries before the step that fails: it ends a tile, goes over its end, begins the next.
const SIZES: [u64; 3] = [254, 255, 256];

const FAULTS: [Fault; 2] = [Fault::Before, Fault::After];

/// A ledger of exactly this size, and a farm's statements that are not in it yet.
struct Start {
    home: Home,
    more: Vec<Submission>,
}

fn start(size: u64) -> &'static Start {
    static STARTS: [OnceLock<Start>; 3] = [const { OnceLock::new() }; 3];
    let place = SIZES.iter().position(|known| *known == size).unwrap();
    STARTS[place].get_or_init(|| {
        let home = Home::new();
        let ledger = home.open();
        let mut farm = home.farm(&ledger);
        // In one commit, whose map record is the last entry.
        let missing = size - ledger.handle().published().size - 1;
        let group = (0..missing).map(|_| spraying(&mut farm)).collect();
        for pending in ledger.handle().enqueue_group(group).unwrap() {
            assert!(pending.accepted_blocking().unwrap().is_new);
        }
        assert_eq!(ledger.handle().published().size, size);
        let more = (0..4).map(|_| spraying(&mut farm)).collect();
        drop(ledger);
        Start { home, more }
    })
}

/// Every byte is as the records say, and readers are shown all that was acknowledged.
#[track_caller]
fn is_whole(home: &Home, handle: &LedgerHandle, acknowledged: &[Accepted]) {
    let report = home.fsck();
    assert_eq!(report.problems, [], "{:?}", handle.status());
    let published = handle.published();
    assert!(published.size <= report.entries);
    for accepted in acknowledged {
        let now = handle.receipt(accepted.receipt.seq).unwrap();
        assert_eq!(now.leaf, accepted.receipt.leaf);
        home.convinces(&now);
    }
}

/// Opens the ledger anew, while reading fails once, and then for good.
fn reopened(home: &Home) -> Ledger {
    for op in [Op::Seen, Op::Read] {
        home.store.fail(op, Fault::Before, 1);
        let failed = Ledger::start(home.parts());
        assert!(home.store.has_failed(), "{op:?} is part of opening");
        if let Ok(ledger) = failed {
            assert_ne!(ledger.handle().status(), Status::Writable, "{op:?}");
            let why = ledger.handle().submit_blocking(start(SIZES[0]).more[3].clone());
            assert!(why.is_err(), "{op:?}: {why:?}");
        }
    }
    home.open()
}

/// What the failing step comes to.
struct Cell<'a> {
    home: &'a Home,
    more: &'a [Submission],
    /// The check of the whole log after each step.
    is_whole: fn(&Home, &LedgerHandle, &[Accepted]),
    /// Whether what failed was done all the same.
    done: bool,
}

impl Cell<'_> {
    /// A write that fails stops the writer, whatever became of it, until the ledger is opened anew; then everything has
    /// its one place.
    fn stops(&self, ledger: Ledger, lost: Submission, is_stored: bool) {
        let handle = ledger.handle();
        let size = handle.published().size;
        let answer = handle.submit_blocking(lost.clone());
        assert!(matches!(answer, Err(SubmitError::Uncertain(_))), "{answer:?}");
        assert!(matches!(handle.status(), Status::ReadOnly(ReadOnly::Failed(_))), "{:?}", handle.status());
        assert_eq!(handle.published().size, size, "nobody is shown what was not answered");
        // The store works again, and time goes by: no reload mends this.
        self.home.store.work();
        self.home.pass(3_600_000);
        let answer = handle.submit_blocking(self.more[1].clone());
        assert!(matches!(answer, Err(SubmitError::ReadOnly(ReadOnly::Failed(_)))), "{answer:?}");
        drop((ledger, handle));
        self.mended();

        let ledger = reopened(self.home);
        let handle = ledger.handle();
        assert_eq!(handle.status(), Status::Writable);
        (self.is_whole)(self.home, &handle, &[]);
        let again = handle.submit_blocking(lost).unwrap();
        assert_eq!((again.receipt.seq, again.is_new), (size, !is_stored));
        let next = handle.submit_blocking(self.more[1].clone()).unwrap();
        assert!(next.is_new);
        (self.is_whole)(self.home, &handle, &[again, next]);
    }

    /// The file of the signed head, made into something that cannot be written.
    fn block_head(&self) -> PathBuf {
        let path = self.home.signed_head().path().to_owned();
        fs::rename(&path, path.with_extension("kept")).unwrap();
        fs::create_dir(&path).unwrap();
        path
    }

    /// The head's file comes back; where its write was done although it failed, with what was written.
    fn mended(&self) {
        let path = self.home.signed_head().path().to_owned();
        if path.is_dir() {
            fs::remove_dir(&path).unwrap();
            fs::rename(path.with_extension("kept"), &path).unwrap();
            if self.done {
                let snapshot = crate::store::Store::snapshot(&*self.home.store);
                let size = snapshot.head().unwrap();
                let note = checkpoints::at(&snapshot, size).unwrap().unwrap();
                self.home.signed_head().write(&note).unwrap();
            }
        }
    }
}

fn each_cell(check: impl Fn(&Cell<'_>, Fault)) {
    for size in SIZES {
        for fault in FAULTS {
            let Start { home, more } = start(size);
            let home = home.twin();
            let cell = Cell { home: &home, more, is_whole, done: fault == Fault::After };
            check(&cell, fault);
        }
    }
}

#[test]
fn a_commit_that_fails() {
    each_cell(|cell, fault| {
        let ledger = cell.home.open();
        cell.home.store.fail(Op::Commit, fault, 0);
        cell.stops(ledger, cell.more[0].clone(), cell.done);
    });
}

#[test]
fn a_signed_head_that_fails() {
    each_cell(|cell, _| {
        let ledger = cell.home.open();
        cell.block_head();
        // The database had taken it in either case.
        cell.stops(ledger, cell.more[0].clone(), true);
    });
}

#[test]
fn a_write_beside_the_log_that_fails() {
    each_cell(|cell, fault| {
        let ledger = cell.home.open();
        let (whole, bare) = (cell.more[0].clone(), Submission::new(cell.more[0].envelope.clone()));
        let first = ledger.handle().submit_blocking(bare).unwrap();
        let openings = |handle: &LedgerHandle| handle.openings(&first.receipt.leaf).unwrap().len();
        assert_eq!(openings(&ledger.handle()), 0);
        cell.home.store.fail(Op::Aside, fault, 0);
        let answer = ledger.handle().submit_blocking(whole.clone());
        assert!(matches!(answer, Err(SubmitError::Uncertain(_))), "{answer:?}");
        assert!(matches!(ledger.handle().status(), Status::ReadOnly(ReadOnly::Failed(_))));
        drop(ledger);
        let ledger = reopened(cell.home);
        assert_eq!(openings(&ledger.handle()) > 0, cell.done);
        let again = ledger.handle().submit_blocking(whole).unwrap();
        assert_eq!((again.receipt.seq, again.is_new), (first.receipt.seq, false));
        assert!(openings(&ledger.handle()) > 0);
        is_whole(cell.home, &ledger.handle(), &[first, again]);
    });
}

/// A read that fails while statements are applied: nothing is written, and a reload that succeeds lets the writer go on.
/// "Although it was done" is here: the reload fails as well.
#[test]
fn a_read_that_fails() {
    each_cell(|cell, fault| {
        for skip in [0, 1, 7] {
            let home = cell.home.twin();
            let ledger = home.open();
            let handle = ledger.handle();
            let size = handle.published().size;
            let before = home.dump();
            home.store.fail(Op::Read, Fault::Before, skip);
            let answer = handle.submit_blocking(cell.more[0].clone());
            assert!(matches!(answer, Err(SubmitError::ReadOnly(ReadOnly::Halted(_)))), "{answer:?}");
            let is_halted = || matches!(handle.status(), Status::ReadOnly(ReadOnly::Halted(_)));
            assert!(is_halted() && home.store.has_failed());
            let mut wait = 1_000;
            if fault == Fault::After {
                for _ in 0..2 {
                    home.store.fail_on(Op::Read);
                    home.pass(wait);
                    let answer = handle.submit_blocking(cell.more[1].clone());
                    assert!(matches!(answer, Err(SubmitError::ReadOnly(ReadOnly::Halted(_)))), "{answer:?}");
                    home.store.work();
                    let answer = handle.submit_blocking(cell.more[1].clone());
                    assert!(is_halted() && answer.is_err(), "a reload that failed is no reload: {answer:?}");
                    wait *= 2;
                }
            }
            assert_eq!(home.dump(), before);
            home.pass(wait - 1);
            assert!(handle.submit_blocking(cell.more[0].clone()).is_err(), "not before its time");
            home.pass(1);
            let taken = handle.submit_blocking(cell.more[0].clone()).unwrap();
            assert_eq!((taken.receipt.seq, taken.is_new), (size, true));
            assert_eq!(handle.status(), Status::Writable);
            is_whole(&home, &handle, &[taken]);
        }
    });
}

/// A proof that cannot be read right after its commit: the statement is in, the answer is not known, the writer goes on.
#[test]
fn a_receipt_that_cannot_be_read() {
    each_cell(|cell, _| {
        let ledger = cell.home.open();
        let handle = ledger.handle();
        let size = handle.published().size;
        let pending = handle.enqueue(cell.more[0].clone()).unwrap();
        cell.home.store.fail_on(Op::Seen);
        let answer = pending.accepted_blocking();
        assert!(matches!(answer, Err(SubmitError::Uncertain(_))), "{answer:?}");
        cell.home.store.work();
        assert_eq!(handle.status(), Status::Writable);
        let again = handle.submit_blocking(cell.more[0].clone()).unwrap();
        assert_eq!((again.receipt.seq, again.is_new), (size, false));
        is_whole(cell.home, &handle, &[again]);
    });
}

#[test]
fn a_copy_or_a_purge_that_fails_stops_nothing() {
    for fault in FAULTS {
        let home = Home::on_disk();
        let ledger = home.open();
        let mut farm = home.farm(&ledger);
        let handle = ledger.handle();
        let to = home.root().join("copy");
        home.store.fail(Op::Copy, fault, 0);
        assert!(handle.backup(&to).is_err());
        assert!(!to.join("VERSION").exists(), "half a copy is no ledger");
        assert_eq!(handle.status(), Status::Writable);
        handle.backup(&home.root().join("another")).unwrap();

        let taken = handle.submit_blocking(spraying(&mut farm)).unwrap();
        home.store.fail(Op::Purge, fault, 0);
        assert!(handle.erase(&taken.receipt.leaf, "/data/operator").is_err());
        assert!(handle.openings(&taken.receipt.leaf).unwrap().is_empty(), "nobody finds it");
        handle.erase(&taken.receipt.leaf, "/data/operator").unwrap();
        let next = handle.submit_blocking(spraying(&mut farm)).unwrap();
        is_whole(&home, &handle, &[taken, next]);
    }
}

/// An upload that fails leaves nothing that is served, one that was done although it failed is simply there, and the log
/// knows of neither.
#[test]
fn a_file_that_fails() {
    for fault in FAULTS {
        let (home, ledger, photo) = super::fsck::season();
        let handle = ledger.handle();
        let (path, size) = (home.blob(&photo), handle.published().size);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        // A directory stands where the file goes: it cannot get its name.
        fs::create_dir(&path).unwrap();
        let mut upload = handle.upload(&photo).unwrap();
        upload.write(&bytes).unwrap();
        assert!(upload.finish().is_err());
        fs::remove_dir(&path).unwrap();
        if fault == Fault::After {
            fs::write(&path, &bytes).unwrap();
        }
        let stored = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(stored, usize::from(fault == Fault::After), "nothing half done stays");
        assert_eq!((handle.status(), handle.published().size), (Status::Writable, size));
        is_whole(&home, &handle, &[]);
        let mut upload = handle.upload(&photo).unwrap();
        upload.write(&bytes).unwrap();
        upload.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
        is_whole(&home, &handle, &[]);
    }
}

/// Where a tile of the second level ends. Most entries of this log are no records, so it cannot be replayed: its tree is
/// worked out again from the bytes of all entries.
mod second_level {
    use super::*;
    use crate::ledger::{Entry, MapRecord, Reader, keys};
    use crate::merkle::tile::{hash_tiles, tile_bytes};
    use crate::merkle::tree::{Frontier, NodesInMemory, leaf_hash, root_at};
    use crate::store::{Batch, Read, Store};

    /// The farm's ledger, filled up to this size with entries that are none, and signed.
    fn long(size: u64) -> Start {
        let home = Home::new();
        let ledger = home.open();
        let mut farm = home.farm(&ledger);
        let more = (0..4).map(|_| spraying(&mut farm)).collect();
        drop(ledger);
        let reader = Reader(home.store.snapshot());
        let mut log = reader.log().unwrap().unwrap();
        let from = log.size;
        let mut frontier = Frontier::from_nodes(from, &reader).unwrap();
        let map = MapRecord { seq: size - 1, at: log.at, root: log.map_root, size: size - 1 };
        let mut batch = Batch::default();
        for seq in from..size {
            let bytes = match seq == size - 1 {
                true => Entry::Map(map.clone()).encode(),
                false => format!("no record {seq}").into_bytes(),
            };
            frontier.push(leaf_hash(&bytes), |node| {
                batch.put(keys::tree_node(node.level, node.index), node.hash.0);
            });
            batch.put(keys::record(seq), bytes);
        }
        log.size = size;
        batch.put(keys::LOG, serde_json::to_vec(&log).unwrap());
        let note = crate::sequencer::tests::home::signer().sign(size, frontier.root(), |_| true).unwrap();
        checkpoints::put(&mut batch, size, &note.to_string());
        home.store.commit(batch, from, size).unwrap();
        home.signed_head().write(note.to_string().as_bytes()).unwrap();
        Start { home, more }
    }

    #[track_caller]
    fn tree_is_whole(home: &Home, handle: &LedgerHandle, acknowledged: &[Accepted]) {
        let snapshot = home.store.snapshot();
        let (size, stored) = (snapshot.head().unwrap(), Reader(snapshot.clone()));
        let mut nodes = NodesInMemory::new();
        let mut frontier = Frontier::new();
        for seq in 0..size {
            let leaf = leaf_hash(&stored.entry_bytes(seq).unwrap().unwrap());
            frontier.push(leaf, |node| {
                nodes.insert((node.level, node.index), node.hash);
            });
        }
        assert_eq!(stored.entry_bytes(size).unwrap(), None);
        for tile in hash_tiles(0, size) {
            let derived = tile_bytes(&nodes, &tile, size).unwrap();
            assert_eq!(tile_bytes(&stored, &tile, size).unwrap(), derived, "{tile:?}");
        }
        for ((level, index), hash) in &nodes {
            let found = snapshot.get(&keys::tree_node(*level, *index)).unwrap();
            assert_eq!(found.as_deref(), Some(hash.as_bytes().as_slice()), "{level}/{index}");
        }
        let note = checkpoints::at(&snapshot, size).unwrap().unwrap();
        let keys = crate::sequencer::tests::home::signer().verifier_keys();
        let (_, signed) = checkpoints::open(&note, &keys).unwrap();
        assert_eq!((signed.size, signed.root), (size, frontier.root()));
        let published = handle.published();
        assert_eq!(root_at(&nodes, published.size).unwrap(), published.root);
        for accepted in acknowledged {
            home.convinces(&handle.receipt(accepted.receipt.seq).unwrap());
        }
    }

    #[test]
    fn a_commit_or_a_head_that_fails() {
        for size in [65_534, 65_535, 65_536] {
            let Start { home, more } = long(size);
            for fault in FAULTS {
                let twin = home.twin();
                let done = fault == Fault::After;
                let cell = Cell { home: &twin, more: &more, is_whole: tree_is_whole, done };
                let ledger = twin.open();
                assert_eq!(ledger.handle().status(), Status::Writable);
                match done {
                    // The database had taken it, and the head too.
                    true => drop(cell.block_head()),
                    false => twin.store.fail(Op::Commit, fault, 0),
                }
                cell.stops(ledger, more[0].clone(), done);
            }
        }
    }
}
