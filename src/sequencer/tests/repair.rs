//! A repair brings back every byte that follows from the records, and touches nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::faulty::{Fault, Op};
use super::fsck::{change, flipped, season};
use super::home::Home;
use crate::ledger::keys;
use crate::merkle::Hash;
use crate::merkle::tree::leaf_hash;
use crate::sequencer::{Ledger, Parts, ReadOnly, Status};
use crate::store::blobs::Blobs;
use crate::store::fsck::{Fsck, FsckError, Problem, Repair, Repaired, repair_by};
use crate::store::memory::MemoryStore;
use crate::store::{Batch, KeyRange, Read, Store};

/// Repairs in batches of so many keys; `marked` is the mark in the directory.
fn repair_in(home: &Home, batch: u64, marked: &AtomicBool) -> Result<Repair, FsckError> {
    let blobs = Blobs::open(home.root().join("blobs")).unwrap();
    let what = Fsck {
        snapshot: &home.store.snapshot(),
        blobs: &blobs,
        signed_head: &home.signed_head(),
        scratch: Arc::new(MemoryStore::new()),
    };
    let mut mark = |repairing| {
        marked.store(repairing, Ordering::SeqCst);
        Ok(())
    };
    repair_by(batch, &what, &*home.store, &mut mark, &mut |_| {})
}

fn repair(home: &Home) -> Repair {
    let marked = AtomicBool::new(false);
    let repair = repair_in(home, 100, &marked).unwrap();
    assert!(!marked.load(Ordering::SeqCst));
    repair
}

#[track_caller]
fn is_refused(home: &Home, why: &str) {
    let before = home.dump();
    let marked = AtomicBool::new(false);
    let repair = repair_in(home, 100, &marked).unwrap();
    match &repair.outcome {
        Repaired::Refused(told) => assert!(told.contains(why), "{told}"),
        other => panic!("{other:?}"),
    }
    assert!(!marked.load(Ordering::SeqCst) && repair.after.is_none());
    assert_eq!(home.dump(), before);
}

#[test]
fn every_kind_of_fact_is_written_anew() {
    let (home, ledger, _) = season();
    drop(ledger);
    let good = home.dump();
    let mut one_of_each = BTreeMap::new();
    for pair in home.store.scan(&KeyRange::all()) {
        let (key, value) = pair.unwrap();
        one_of_each.insert(key[..2].to_vec(), (key, value));
    }
    one_of_each.retain(|space, _| !matches!(space[0], b'r' | b'k' | b'q' | b'h'));
    assert_eq!(one_of_each.len(), 14);
    for (key, value) in one_of_each.values() {
        change(&home, key, Some(flipped(value)));
    }
    let repaired = repair(&home);
    assert_eq!(repaired.outcome, Repaired::Written { written: 14, removed: 0 });
    assert!(repaired.now().is_sound() && !repaired.before.is_sound());
    assert_eq!(home.dump(), good);

    for (space, (key, _)) in &one_of_each {
        change(&home, key, None);
        change(&home, &[space, b"stray".as_slice()].concat(), Some(b"{}".to_vec()));
    }
    assert_eq!(repair(&home).outcome, Repaired::Written { written: 14, removed: 14 });
    assert_eq!(home.dump(), good);
    assert_eq!(repair(&home).outcome, Repaired::Nothing);
    assert_eq!(home.open().handle().status(), Status::Writable);
}

/// A ledger made by a program that had no search, and one whose head was lost.
#[test]
fn a_whole_index_and_the_head_come_back() {
    let (home, ledger, _) = season();
    drop(ledger);
    let good = home.dump();
    let size = home.store.snapshot().head().unwrap();
    let mut batch = Batch::default();
    let mut clues = 0;
    for pair in home.store.scan(&KeyRange::prefix(*b"f/")) {
        batch.delete(pair.unwrap().0);
        clues += 1;
    }
    home.store.commit(batch, size, size).unwrap();
    assert_eq!(repair(&home).outcome, Repaired::Written { written: clues, removed: 0 });
    assert_eq!(home.dump(), good);
    for wrong in [0, size - 2, size + 5] {
        let now = home.store.snapshot().head().unwrap();
        home.store.commit(Batch::default(), now, wrong).unwrap();
        assert!(!home.fsck().is_sound());
        assert!(repair(&home).now().is_sound(), "{wrong}");
        assert_eq!(home.dump(), good);
    }
}

#[test]
fn a_record_is_not_made_up() {
    let (home, ledger, _) = season();
    drop(ledger);
    let size = home.store.snapshot().head().unwrap();
    for seq in [4, size - 2] {
        let key = keys::record(seq);
        let good = home.store.get(&key).unwrap().unwrap();
        change(&home, &key, Some(flipped(&good)));
        is_refused(&home, &format!("entry {seq}"));
        let told = home.fsck().problems[0].to_string();
        let should = format!("signed over the leaf hash {}", leaf_hash(&good));
        assert!(told.contains(&should), "{told}");
        change(&home, &key, None);
        is_refused(&home, &format!("entry {seq}: it is missing"));
        change(&home, &key, Some(good));
    }
    // A record that is as good as the one that was signed, by every rule.
    let key = keys::record(size - 2);
    let good = String::from_utf8(home.store.get(&key).unwrap().unwrap()).unwrap();
    let at = format!("\"at\":{}", super::home::NOW);
    let map = keys::record(size - 1);
    let last = String::from_utf8(home.store.get(&map).unwrap().unwrap()).unwrap();
    let later = format!("\"at\":{}", super::home::NOW + 1);
    change(&home, &key, Some(good.replace(&at, &later).into_bytes()));
    change(&home, &map, Some(last.replace(&at, &later).into_bytes()));
    is_refused(&home, "entries");
    change(&home, &key, Some(good.into_bytes()));
    change(&home, &map, Some(last.into_bytes()));
    assert!(home.fsck().is_sound());
}

#[test]
fn what_was_signed_is_not_made_up_and_does_not_stand_in_the_way_of_the_rest() {
    let (home, ledger, _) = season();
    drop(ledger);
    let size = home.store.snapshot().head().unwrap();
    let checkpoint = |size: u64| [b"k/".as_slice(), &size.to_be_bytes()].concat();
    let newest = home.store.get(&checkpoint(size)).unwrap().unwrap();
    change(&home, &checkpoint(size), None);
    is_refused(&home, &format!("the checkpoint of {size} entries"));
    change(&home, &checkpoint(size), Some(newest));
    let head = home.signed_head().read().unwrap().unwrap();
    std::fs::remove_file(home.signed_head().path()).unwrap();
    is_refused(&home, "the signed head");
    let further = super::home::signer().sign(size + 2, Hash::ZERO, |_| true).unwrap().to_string();
    home.signed_head().write(further.as_bytes()).unwrap();
    is_refused(&home, "the signed head");
    home.signed_head().write(&head).unwrap();

    // An older checkpoint is damaged, and so is a node: the node comes back, the checkpoint is told.
    let node = keys::tree_node(3, 0);
    let good = home.store.get(&node).unwrap();
    change(&home, &checkpoint(6), Some(b"nonsense".to_vec()));
    change(&home, &node, Some(vec![1; 32]));
    let repaired = repair(&home);
    assert_eq!(repaired.outcome, Repaired::Written { written: 1, removed: 0 });
    let left = &repaired.now().problems;
    assert!(matches!(&left[..], [Problem::Checkpoint { size: 6, .. }]), "{left:?}");
    assert_eq!(home.store.get(&node).unwrap(), good);
    assert_eq!(home.store.get(&checkpoint(6)).unwrap().as_deref(), Some(&b"nonsense"[..]));
}

#[test]
fn a_repair_that_is_cut_short_is_finished_by_the_next() {
    let (home, ledger, _) = season();
    drop(ledger);
    let good = home.dump();
    let size = home.store.snapshot().head().unwrap();
    let mut lost = Batch::default();
    for space in [b"c/", b"f/", b"l/", b"s/", b"t/"] {
        home.store.scan(&KeyRange::prefix(*space)).for_each(|pair| lost.delete(pair.unwrap().0));
    }
    for fault in [Fault::Before, Fault::After] {
        for cut in 0..6 {
            home.store.commit(lost.clone(), size, size).unwrap();
            let marked = AtomicBool::new(false);
            home.store.fail(Op::Mend, fault, cut);
            assert!(matches!(repair_in(&home, 20, &marked), Err(FsckError::Store(_))));
            assert!(marked.load(Ordering::SeqCst), "{fault:?} {cut}");
            // Whatever it may look like by now, it is not written on.
            if let Ok(ledger) = Ledger::start(Parts { repairing: true, ..home.parts() }) {
                let why = ledger.handle().status();
                assert!(matches!(why, Status::ReadOnly(ReadOnly::Repairing | ReadOnly::Disk(_))), "{why:?}");
            }
            let repaired = repair_in(&home, 20, &marked).unwrap();
            assert!(repaired.now().is_sound() && !marked.load(Ordering::SeqCst));
            assert_eq!(home.dump(), good);
        }
    }
    // Cut short after its last write, it has nothing more to do than to say so.
    let marked = AtomicBool::new(true);
    assert_eq!(repair_in(&home, 20, &marked).unwrap().outcome, Repaired::Nothing);
    assert!(!marked.load(Ordering::SeqCst));
    let ledger = Ledger::start(Parts { repairing: true, ..home.parts() }).unwrap();
    assert_eq!(ledger.handle().status(), Status::ReadOnly(ReadOnly::Repairing));
}

#[test]
fn damage_is_told_with_what_should_be_there_and_what_it_means() {
    let (home, ledger, _) = season();
    drop(ledger);
    let node = keys::tree_node(0, 5);
    let good = home.store.get(&node).unwrap().unwrap();
    change(&home, &node, Some(vec![9; 32]));
    let report = home.fsck();
    let first = &report.problems[0];
    assert!(
        first.to_string().starts_with("node 5 on level 0 of the log tree (in /log/tile/0/000)"),
        "{first}"
    );
    assert_eq!(first.should().unwrap().to_string(), hex::encode(&good));
    assert_eq!(first.is().unwrap().to_string(), "09".repeat(32));
    assert!(first.means().contains("proofs and tiles"));
    let tile = report.problems.iter().find(|problem| matches!(problem, Problem::Tile { .. })).unwrap();
    assert!(tile.to_string().starts_with("/log/tile/0/000.p/"), "{tile}");
    assert_eq!(report.problems_total, 2);
    // Behind a damaged record every other one is still told.
    change(&home, &node, Some(good));
    for seq in [4, 7, 9] {
        let key = keys::record(seq);
        let bytes = home.store.get(&key).unwrap().unwrap();
        change(&home, &key, Some(flipped(&bytes)));
    }
    let told: Vec<u64> = home
        .fsck()
        .problems
        .iter()
        .filter_map(|problem| match problem {
            Problem::Entry { seq, .. } => Some(*seq),
            _ => None,
        })
        .collect();
    assert_eq!(told, [4, 7, 9]);
}
