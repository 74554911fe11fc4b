//! What only this engine has to prove: its files.

use std::fs;

use super::*;

fn put(key: &[u8], value: &[u8]) -> Batch {
    let mut batch = Batch::default();
    batch.put(key, value);
    batch
}

/// Bytes that no compression shortens and that occur nowhere else.
fn secret(seed: u8) -> Vec<u8> {
    (0..8u8).flat_map(|i| crate::merkle::Hash::of(&[seed, i]).0).collect()
}

/// How many files of the database hold these bytes.
fn files_with(dir: &Path, needle: &[u8]) -> usize {
    let files = fs::read_dir(dir).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap_or_default());
    files.filter(|bytes| bytes.windows(needle.len()).any(|window| window == needle)).count()
}

/// The write-ahead log that is being written.
fn log_file(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max().unwrap()
}

#[test]
fn a_second_opener_is_told_that_the_store_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    let store = RocksStore::create(&db).unwrap();
    assert_eq!(RocksStore::open(&db).err(), Some(StoreError::Locked(db.clone())));
    drop(store);
    RocksStore::open(&db).unwrap();
}

#[test]
fn opening_makes_nothing_and_creating_replaces_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    assert!(RocksStore::open(&db).is_err());
    assert!(!db.join("CURRENT").exists());
    drop(RocksStore::create(&db).unwrap());
    assert!(RocksStore::create(&db).is_err());
}

#[test]
fn commits_survive_closing() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    RocksStore::create(&db).unwrap().commit(put(b"r/1", b"a"), 0, 7).unwrap();
    let store = RocksStore::open(&db).unwrap();
    assert_eq!(store.snapshot().head().unwrap(), 7);
    assert_eq!(store.get(b"r/1").unwrap().as_deref(), Some(&b"a"[..]));
}

#[test]
fn a_write_cut_short_at_the_end_of_the_log_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    let store = RocksStore::create(&db).unwrap();
    for n in 0..10 {
        store.commit(put(&[b'r', b'/', n], &secret(n)), n.into(), u64::from(n) + 1).unwrap();
    }
    drop(store);
    let log = log_file(&db);
    let length = fs::metadata(&log).unwrap().len();
    fs::OpenOptions::new().write(true).open(&log).unwrap().set_len(length - 5).unwrap();
    assert_eq!(RocksStore::open(&db).unwrap().snapshot().head().unwrap(), 9);
}

/// RocksDB's own default would open this at an older state and say nothing.
#[test]
fn damage_in_the_middle_of_the_log_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    let store = RocksStore::create(&db).unwrap();
    for n in 0..10 {
        store.commit(put(&[b'r', b'/', n], &secret(n)), n.into(), u64::from(n) + 1).unwrap();
    }
    drop(store);
    let log = log_file(&db);
    let mut bytes = fs::read(&log).unwrap();
    let at = bytes.windows(32).position(|window| window == &secret(4)[..32]).unwrap();
    bytes[at] ^= 1;
    fs::write(&log, bytes).unwrap();
    let error = RocksStore::open(&db).err().unwrap();
    assert!(error.to_string().contains("Corruption"), "{error}");
}

#[test]
fn a_log_file_that_is_gone_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    RocksStore::create(&db).unwrap().commit(put(b"r/1", b"a"), 0, 1).unwrap();
    let store = RocksStore::open(&db).unwrap();
    store.commit(put(b"r/2", b"b"), 1, 2).unwrap();
    drop(store);
    fs::remove_file(log_file(&db)).unwrap();
    // Whether RocksDB notices depends on when the file was last listed; that it lost the commit shows in the head,
    // which whoever opens the ledger compares with the signed one.
    if let Ok(store) = RocksStore::open(&db) {
        assert_eq!(store.snapshot().head().unwrap(), 1);
    }
}

#[test]
fn purged_bytes_are_in_no_file_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    let store = RocksStore::create(&db).unwrap();
    let (secret, other) = (secret(1), secret(2));
    store.write_aside(put(b"q/1", &secret)).unwrap();
    store.write_aside(put(b"q/2", &other)).unwrap();
    assert_eq!(files_with(&db, &secret), 1, "in the write-ahead log");
    store.purge(&KeyRange::prefix(*b"q/1")).unwrap();
    assert_eq!(files_with(&db, &secret), 1, "purging removes only what was deleted");

    let mut batch = Batch::default();
    batch.delete(*b"q/1");
    store.write_aside(batch).unwrap();
    assert_eq!(store.get(b"q/1").unwrap(), None);
    assert_eq!(files_with(&db, &secret), 1, "not found any more, but still on the disk");
    store.purge(&KeyRange::prefix(*b"q/1")).unwrap();
    assert_eq!(files_with(&db, &secret), 0);
    assert_eq!(files_with(&db, &other), 1);
    assert_eq!(store.get(b"q/2").unwrap(), Some(other));
}

#[test]
fn purging_waits_for_those_who_still_read() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    let store = RocksStore::create(&db).unwrap();
    let secret = secret(1);
    store.write_aside(put(b"q/1", &secret)).unwrap();
    let reader = store.snapshot();
    let mut batch = Batch::default();
    batch.delete(*b"q/1");
    store.write_aside(batch).unwrap();
    std::thread::scope(|scope| {
        let purge = scope.spawn(|| store.purge(&KeyRange::prefix(*b"q/1")));
        assert_eq!(reader.get(b"q/1").unwrap(), Some(secret.clone()));
        drop(reader);
        purge.join().unwrap().unwrap();
    });
    assert_eq!(files_with(&db, &secret), 0);
}

#[test]
fn a_copy_made_while_writing_is_a_whole_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = RocksStore::create(&dir.path().join("db")).unwrap();
    let copies = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..200u64 {
                let mut batch = Batch::default();
                batch.put([b"r/".as_slice(), &n.to_be_bytes()].concat(), *b"left");
                batch.put([b"s/".as_slice(), &n.to_be_bytes()].concat(), *b"right");
                store.commit(batch, n, n + 1).unwrap();
            }
        });
        let copies: Vec<PathBuf> = (0..5).map(|n| dir.path().join(format!("copy{n}"))).collect();
        for copy in &copies {
            store.copy_to(copy).unwrap();
        }
        writer.join().unwrap();
        copies
    });
    for copy in copies {
        let copy = RocksStore::open(&copy).unwrap();
        let head = copy.snapshot().head().unwrap();
        for space in [*b"r/", *b"s/"] {
            assert_eq!(copy.scan(&KeyRange::prefix(space)).count() as u64, head);
        }
    }
    assert!(store.copy_to(&dir.path().join("copy0")).is_err(), "a copy overwrites nothing");
}

#[test]
fn after_a_failed_write_the_store_takes_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    let store = RocksStore::create(&db).unwrap();
    store.commit(put(b"r/1", b"a"), 0, 1).unwrap();
    let _ = store.broken.set("disk on fire".to_owned());
    let refused = Err(StoreError::Broken("disk on fire".to_owned()));
    assert_eq!(store.commit(put(b"r/2", b"b"), 1, 2), refused);
    assert_eq!(store.write_aside(put(b"q/2", b"b")), refused);
    assert_eq!(store.get(b"r/1").unwrap().as_deref(), Some(&b"a"[..]), "what is proven is still read");
}

/// A process that is killed leaves its writes to the kernel; only a synced one survives the power.
#[test]
fn every_write_is_synced_before_it_is_answered() {
    use rocksdb::statistics::Ticker;

    let dir = tempfile::tempdir().unwrap();
    let mut options = options();
    options.create_if_missing(true);
    options.enable_statistics();
    let store = RocksStore::with(&options, &dir.path().join("db")).unwrap();
    for n in 0..5 {
        let before = options.get_ticker_count(Ticker::WalFileSynced);
        store.commit(put(b"r/1", b"a"), n, n + 1).unwrap();
        let between = options.get_ticker_count(Ticker::WalFileSynced);
        store.write_aside(put(b"q/1", b"a")).unwrap();
        assert_eq!((between, options.get_ticker_count(Ticker::WalFileSynced)), (before + 1, before + 2));
    }
}
