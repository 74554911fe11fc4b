//! What every engine must do, run against each of them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::memory::MemoryStore;
use super::rocks::RocksStore;
use super::{Batch, HEAD, KeyRange, Pair, Read, Store, StoreError};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// An engine and what keeps its files alive.
struct Engine {
    store: Box<dyn Store>,
    _files: Option<tempfile::TempDir>,
}

fn in_memory() -> Engine {
    Engine { store: Box::new(MemoryStore::new()), _files: None }
}

fn on_disk() -> Engine {
    let files = tempfile::tempdir().unwrap();
    let store = RocksStore::create(&files.path().join("db")).unwrap();
    Engine { store: Box::new(store), _files: Some(files) }
}

fn on_each(check: impl Fn(&dyn Store)) {
    check(&*in_memory().store);
    check(&*on_disk().store);
}

fn put(pairs: &[(&str, &str)]) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in pairs {
        batch.put(*key, *value);
    }
    batch
}

fn dump<R: Read + ?Sized>(read: &R) -> Vec<Pair> {
    read.scan(&KeyRange::all()).map(Result::unwrap).collect()
}

#[test]
fn a_commit_is_seen_whole() {
    on_each(|store| {
        assert_eq!(store.snapshot().head().unwrap(), 0);
        store.commit(put(&[("r/1", "a"), ("r/2", "b")]), 0, 2).unwrap();
        assert_eq!(store.snapshot().head().unwrap(), 2);
        assert_eq!(store.get(b"r/1").unwrap().as_deref(), Some(&b"a"[..]));
        assert_eq!(store.get(b"r/3").unwrap(), None);
        let keys = ["r/2", "r/0", "r/1", "r/2"].map(|key| key.as_bytes().to_vec());
        let values = [Some("b"), None, Some("a"), Some("b")].map(|v| v.map(|v| v.as_bytes().to_vec()));
        assert_eq!(store.multi_get(&keys).unwrap(), values);
        assert_eq!(store.snapshot().multi_get(&keys).unwrap(), values);
    });
}

#[test]
fn the_last_word_on_a_key_counts() {
    on_each(|store| {
        let mut batch = put(&[("r/1", "a"), ("r/2", "b"), ("r/1", "c")]);
        batch.delete(*b"r/2");
        batch.delete(*b"r/3");
        batch.put(*b"r/3", *b"d");
        store.commit(batch, 0, 1).unwrap();
        assert_eq!(store.get(b"r/1").unwrap().as_deref(), Some(&b"c"[..]));
        assert_eq!(store.get(b"r/2").unwrap(), None);
        assert_eq!(store.get(b"r/3").unwrap().as_deref(), Some(&b"d"[..]));
    });
}

#[test]
fn a_writer_that_another_has_overtaken_writes_nothing() {
    on_each(|store| {
        store.commit(put(&[("r/1", "first")]), 0, 1).unwrap();
        let before = dump(store);
        let late = store.commit(put(&[("r/1", "second"), ("r/2", "x")]), 0, 1);
        assert_eq!(late, Err(StoreError::HeadMoved { expected: 0, found: 1 }));
        let early = store.commit(put(&[("r/2", "x")]), 2, 3);
        assert_eq!(early, Err(StoreError::HeadMoved { expected: 2, found: 1 }));
        assert_eq!(dump(store), before);
        store.commit(put(&[("r/2", "x")]), 1, 2).unwrap();
    });
}

#[test]
fn one_of_two_writers_at_the_same_head_is_refused() {
    on_each(|store| {
        let results: Vec<_> = std::thread::scope(|scope| {
            let writers: Vec<_> =
                ["a", "b"].map(|who| scope.spawn(move || store.commit(put(&[("r/1", who)]), 0, 1))).into();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let winner = ["a", "b"][results.iter().position(Result::is_ok).unwrap()];
        assert_eq!(store.get(b"r/1").unwrap().as_deref(), Some(winner.as_bytes()));
    });
}

#[test]
fn aside_writes_leave_the_ledger_alone() {
    on_each(|store| {
        store.commit(put(&[("r/1", "a")]), 0, 1).unwrap();
        store.write_aside(put(&[("q/1", "opening"), ("anchors", "x")])).unwrap();
        assert_eq!(store.get(b"q/1").unwrap().as_deref(), Some(&b"opening"[..]));
        assert_eq!(store.snapshot().head().unwrap(), 1);
        let before = dump(store);
        for space in super::LEDGER_SPACES {
            let mut batch = put(&[("q/2", "beside it")]);
            batch.put([*space, b'/', 1], *b"x");
            assert!(matches!(store.write_aside(batch), Err(StoreError::NotAside { .. })));
        }
        let mut batch = Batch::default();
        batch.delete(HEAD);
        assert!(matches!(store.write_aside(batch), Err(StoreError::NotAside { .. })));
        assert_eq!(dump(store), before);
    });
}

#[test]
fn a_repair_writes_what_is_derived_and_the_head_and_nothing_else() {
    on_each(|store| {
        store.commit(put(&[("r/1", "a"), ("t/1", "x"), ("t/2", "y")]), 0, 2).unwrap();
        let mut batch = put(&[("t/1", "z"), ("f/1", "new")]);
        batch.delete(*b"t/2");
        store.mend(batch, 7).unwrap();
        assert_eq!(store.snapshot().head().unwrap(), 7, "wherever the head was");
        let value = |key: &str| store.get(key.as_bytes()).unwrap();
        assert_eq!((value("t/1").as_deref(), value("t/2")), (Some(&b"z"[..]), None));
        assert_eq!((value("f/1").as_deref(), value("r/1").as_deref()), (Some(&b"new"[..]), Some(&b"a"[..])));
        let before = dump(store);
        for other in ["r/1", "k/12345678", "h/", "q/1", "w/1", "anchors"] {
            let batch = put(&[("t/1", "beside it"), (other, "x")]);
            assert!(matches!(store.mend(batch, 8), Err(StoreError::NotDerived { .. })), "{other}");
        }
        assert_eq!(dump(store), before);
    });
}

#[test]
fn a_snapshot_stays_as_it_was() {
    on_each(|store| {
        store.commit(put(&[("r/1", "a"), ("r/2", "b")]), 0, 2).unwrap();
        let snapshot = store.snapshot();
        let before = dump(&snapshot);
        let mut batch = put(&[("r/1", "changed"), ("r/3", "new")]);
        batch.delete(*b"r/2");
        store.commit(batch, 2, 3).unwrap();
        assert_eq!(dump(&snapshot), before);
        assert_eq!(snapshot.head().unwrap(), 2);
        assert_eq!(snapshot.get(b"r/2").unwrap().as_deref(), Some(&b"b"[..]));
        assert_ne!(dump(store), before);
    });
}

#[test]
fn scans_keep_to_their_range_and_order() {
    on_each(|store| {
        store
            .commit(put(&[("a", "1"), ("r/", "2"), ("r/\u{ff}", "3"), ("r0", "4"), ("z", "5")]), 0, 1)
            .unwrap();
        let keys = |range: KeyRange| {
            let pairs = store.scan(&range).map(|pair| String::from_utf8(pair.unwrap().0).unwrap());
            pairs.collect::<Vec<_>>()
        };
        assert_eq!(keys(KeyRange::prefix(*b"r/")), ["r/", "r/\u{ff}"]);
        assert_eq!(keys(KeyRange::between(*b"a", *b"r/")), ["a", "h/"]);
        assert_eq!(keys(KeyRange::between(*b"b", *b"a")), Vec::<String>::new());
        assert_eq!(keys(KeyRange::all()).len(), 6);
    });
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<(Vec<u8>, Option<Vec<u8>>)>),
    LateCommit(Vec<(Vec<u8>, Option<Vec<u8>>)>),
    Scan(Vec<u8>, Vec<u8>),
    Snapshot,
    Purge(Vec<u8>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || prop::collection::vec(0u8..4, 1..4);
    let writes =
        || prop::collection::vec((key(), prop::option::of(prop::collection::vec(any::<u8>(), 0..9))), 0..8);
    let step = prop_oneof![
        6 => writes().prop_map(Step::Commit),
        1 => writes().prop_map(Step::LateCommit),
        3 => (key(), key()).prop_map(|(a, b)| Step::Scan(a, b)),
        1 => Just(Step::Snapshot),
        1 => key().prop_map(Step::Purge),
    ];
    prop::collection::vec(step, 1..24)
}

fn batch_of(writes: &[(Vec<u8>, Option<Vec<u8>>)]) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in writes {
        match value {
            Some(value) => batch.put(key.clone(), value.clone()),
            None => batch.delete(key.clone()),
        }
    }
    batch
}

fn follows_the_model(store: &dyn Store, steps: &[Step]) {
    let mut model = Model::new();
    let mut head = 0;
    let mut kept = None;
    for step in steps {
        match step {
            Step::Commit(writes) => {
                store.commit(batch_of(writes), head, head + 1).unwrap();
                head += 1;
                for (key, value) in writes {
                    match value {
                        Some(value) => model.insert(key.clone(), value.clone()),
                        None => model.remove(key),
                    };
                }
                model.insert(HEAD.to_vec(), head.to_be_bytes().to_vec());
            }
            Step::LateCommit(writes) => {
                assert!(matches!(
                    store.commit(batch_of(writes), head + 1, head + 2),
                    Err(StoreError::HeadMoved { .. })
                ));
            }
            Step::Scan(start, end) => {
                let found: Vec<Pair> =
                    store.scan(&KeyRange::between(start.clone(), end.clone())).map(Result::unwrap).collect();
                let in_range = model.iter().filter(|(key, _)| *start <= **key && **key < *end);
                assert_eq!(found, in_range.map(|(k, v)| (k.clone(), v.clone())).collect::<Vec<_>>());
                assert_eq!(store.get(start).unwrap(), model.get(start).cloned());
            }
            Step::Snapshot => kept = Some((store.snapshot(), model.clone())),
            Step::Purge(prefix) => {
                kept = None;
                store.purge(&KeyRange::prefix(prefix.clone())).unwrap();
            }
        }
        if let Some((snapshot, then)) = &kept {
            assert_eq!(dump(snapshot), then.clone().into_iter().collect::<Vec<_>>());
        }
    }
    assert_eq!(dump(store), model.into_iter().collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn memory_follows_the_model(steps in steps()) {
        follows_the_model(&*in_memory().store, &steps);
    }
}

proptest! {
    // Each case makes a database: a few tens of milliseconds.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn rocks_follows_the_model(steps in steps()) {
        follows_the_model(&*on_disk().store, &steps);
    }
}
