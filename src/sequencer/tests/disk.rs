//! A disk that does not hold what was signed is read, and not written on.

use std::fs;

use super::home::{Home, signer, spraying};
use crate::ledger::keys;
use crate::merkle::Hash;
use crate::sequencer::{LedgerHandle, ReadOnly, Status, SubmitError};
use crate::store::{Batch, HEAD, KeyRange, Read, Store, checkpoints};

/// A ledger of a season, closed.
fn season() -> (Home, u64) {
    let home = Home::new();
    let ledger = home.open();
    home.valley(&ledger).season();
    let size = ledger.handle().published().size;
    (home, size)
}

/// Changes the store behind the ledger's back, without moving its head.
fn tamper(home: &Home, change: impl FnOnce(&mut Batch)) {
    let mut batch = Batch::default();
    change(&mut batch);
    let head = home.store.snapshot().head().unwrap();
    home.store.commit(batch, head, head).unwrap();
}

/// Opens the ledger and sees it read-only for a reason that says `why`; nothing that is asked of it changes a byte.
#[track_caller]
fn is_read_only(home: &Home, why: &str) -> LedgerHandle {
    let before = home.dump();
    let ledger = home.open();
    let handle = ledger.handle();
    match handle.status() {
        Status::ReadOnly(ReadOnly::Disk(reason)) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{other:?}"),
    }
    let mut farm = super::farm::Farm::known(home.client(&ledger), 900);
    let answer = handle.submit_blocking(spraying(&mut farm));
    assert!(matches!(answer, Err(SubmitError::ReadOnly(_)) | Err(SubmitError::Refused(_))), "{answer:?}");
    assert_eq!(home.dump(), before);
    assert!(handle.snapshot().log().unwrap().is_some(), "it is still read");
    handle
}

#[test]
fn an_older_disk_than_the_signed_head_is_not_written_on() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.valley(&ledger);
    let yesterday: Vec<_> = home.store.scan(&KeyRange::all()).map(Result::unwrap).collect();
    let size = ledger.handle().published().size;
    farm.season();
    drop(ledger);
    // Yesterday's bytes come back: whole in themselves, with a checkpoint that verifies.
    let today = home.store.snapshot().head().unwrap();
    let mut batch = Batch::default();
    for pair in home.store.snapshot().scan(&KeyRange::all()) {
        batch.delete(pair.unwrap().0);
    }
    for (key, value) in yesterday {
        batch.put(key, value);
    }
    home.store.commit(batch, today, size).unwrap();
    let handle = is_read_only(&home, "it is an older state");
    assert_eq!(handle.published().size, size);
}

#[test]
fn a_missing_foreign_or_forked_signed_head_is_a_reason() {
    let (home, size) = season();
    let head = home.signed_head();
    let good = head.read().unwrap().unwrap();
    fs::remove_file(head.path()).unwrap();
    is_read_only(&home, "is missing");
    head.write(b"nonsense").unwrap();
    is_read_only(&home, "it is no checkpoint");
    let fork = signer().sign(size, Hash::of(b"another history"), |_| true).unwrap();
    head.write(fork.to_string().as_bytes()).unwrap();
    is_read_only(&home, "are not those that were signed");
    let further = signer().sign(size + 1, Hash::of(b"what came next"), |_| true).unwrap();
    head.write(further.to_string().as_bytes()).unwrap();
    is_read_only(&home, "it is an older state");
    let text = String::from_utf8(good.clone()).unwrap().replacen(&format!("\n{size}\n"), "\n2\n", 1);
    head.write(text.as_bytes()).unwrap();
    is_read_only(&home, "is bad");
    head.write(&good).unwrap();
    assert_eq!(home.open().handle().status(), Status::Writable);
}

#[test]
fn a_signed_head_that_lags_by_a_crash_is_no_reason() {
    let (home, size) = season();
    let note = checkpoints::at(&home.store.snapshot(), size - 2).unwrap();
    // Not every size has one; the season was told one statement a commit, so this one has.
    home.signed_head().write(&note.unwrap()).unwrap();
    assert_eq!(home.open().handle().status(), Status::Writable);
}

#[test]
fn every_damaged_byte_near_the_end_is_noticed() {
    let (home, size) = season();
    let last_record = size - 2;
    let damages: [(&str, Vec<u8>, &str); 6] = [
        ("record", keys::record(last_record), "is not what its leaves give"),
        ("genesis", keys::record(0), "is not what its leaves give"),
        ("leaf", keys::tree_node(0, last_record), "is not what its leaves give"),
        ("inner node", keys::tree_node(2, 0), "is not what its leaves give"),
        ("peak", keys::tree_node(4, 0), "is not what its leaves give"),
        ("checkpoint", checkpoint_key(size), "the checkpoint of"),
    ];
    for (what, key, why) in damages {
        let good = home.store.get(&key).unwrap().unwrap_or_else(|| panic!("{what}"));
        let mut bad = good.clone();
        let at = bad.len() / 2;
        bad[at] ^= 1;
        tamper(&home, |batch| batch.put(key.clone(), bad));
        is_read_only(&home, why);
        tamper(&home, |batch| batch.delete(key.clone()));
        is_read_only(&home, "");
        tamper(&home, |batch| batch.put(key, good));
        assert_eq!(home.open().handle().status(), Status::Writable, "{what}");
    }
}

#[test]
fn a_torn_commit_is_noticed() {
    let (home, size) = season();
    // The head says more than the facts, or less.
    let head = |entries: u64| entries.to_be_bytes().to_vec();
    for entries in [size - 1, size + 1] {
        let now = home.store.snapshot().head().unwrap();
        home.store.commit(Batch::default(), now, entries).unwrap();
        is_read_only(&home, "the store counts");
    }
    home.store.commit(Batch::default(), size + 1, size).unwrap();
    assert_eq!(home.store.get(HEAD).unwrap(), Some(head(size)));

    // The facts end before the map record.
    let good = home.store.get(keys::LOG).unwrap().unwrap();
    let mut log = home.open().handle().snapshot().log().unwrap().unwrap();
    log.size = size - 1;
    tamper(&home, |batch| batch.put(keys::LOG, serde_json::to_vec(&log).unwrap()));
    home.store.commit(Batch::default(), size, size - 1).unwrap();
    is_read_only(&home, "is no map record");
    home.store.commit(Batch::default(), size - 1, size).unwrap();

    // The facts name another map than the last record commits to.
    log.size = size;
    log.map_root = Hash::of(b"another map");
    tamper(&home, |batch| batch.put(keys::LOG, serde_json::to_vec(&log).unwrap()));
    is_read_only(&home, "is not the one that the ledger names");
    tamper(&home, |batch| batch.put(keys::LOG, good));
    assert_eq!(home.open().handle().status(), Status::Writable);
}

fn checkpoint_key(size: u64) -> Vec<u8> {
    [b"k/".as_slice(), &size.to_be_bytes()].concat()
}
