//! A witness and logs of our own making, honest and forked, on stores that fail.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use proptest::prelude::*;

use super::*;
use crate::merkle::Hash;
use crate::merkle::proof::consistency_path;
use crate::merkle::tree::{EMPTY_ROOT, Frontier, NodesInMemory, leaf_hash};
use crate::note::checkpoint::Checkpoint;
use crate::note::hash_to_base64;
use crate::note::signed_note::{self, NoteSignature, SignedNote};
use crate::note::vkey::{KeyName, KeyType, VerifierKey};
use crate::statement::ed25519::KeyPair;
use crate::store::memory::MemoryStore;
use crate::store::{Batch, KeyRange, Pairs, Read, Snapshot, Store, StoreError};
use crate::vectors;

const ORIGIN: &str = "log.example/a";
const NOW: u64 = 1_700_000_000;

fn key(seed: u8) -> KeyPair {
    KeyPair::from_seed(&[seed; 32])
}

fn origin() -> KeyName {
    ORIGIN.parse().unwrap()
}

fn logs() -> Logs {
    let mut logs = Logs::default();
    logs.add_key(&VerifierKey::new(origin(), KeyType::Ed25519, key(1).public()).to_string()).unwrap();
    logs
}

fn witness_on(store: Arc<dyn Store>) -> Witness {
    Witness::new("witness.example/w".parse().unwrap(), key(9), store, logs())
}

fn witness() -> Witness {
    witness_on(Arc::new(MemoryStore::new()))
}

/// A log that the key of `ORIGIN` signs.
struct Log {
    nodes: NodesInMemory,
    roots: Vec<Hash>,
}

impl Log {
    /// Leaves from `fork_at` on are those of the branch.
    fn new(size: u64, fork_at: u64, branch: u8) -> Log {
        let (mut frontier, mut nodes) = (Frontier::new(), NodesInMemory::new());
        let mut roots = vec![EMPTY_ROOT];
        for n in 0..size {
            let branch = if n < fork_at { 0 } else { branch };
            let leaf = leaf_hash(&[&n.to_be_bytes()[..], &[branch]].concat());
            frontier.push(leaf, |node| {
                nodes.insert((node.level, node.index), node.hash);
            });
            roots.push(frontier.root());
        }
        Log { nodes, roots }
    }

    fn text(&self, size: u64) -> String {
        let root = self.roots[usize::try_from(size).unwrap()];
        Checkpoint { origin: origin(), size, root }.to_string()
    }

    fn request(&self, old: u64, size: u64) -> String {
        let path = match old {
            0 => Vec::new(),
            old if old > size => Vec::new(),
            old => consistency_path(&self.nodes, old, size).unwrap(),
        };
        body(old, &path, &signed(&self.text(size), 1))
    }
}

fn signed(text: &str, seed: u8) -> String {
    let line = signed_note::sign(text, &origin(), &key(seed));
    SignedNote::new(text, vec![line]).unwrap().to_string()
}

fn body(old: u64, path: &[Hash], note: &str) -> String {
    let path: String = path.iter().map(|hash| hash_to_base64(hash) + "\n").collect();
    format!("old {old}\n{path}\n{note}")
}

fn add(witness: &Witness, body: &str) -> Result<NoteSignature, Refusal> {
    witness.add_checkpoint(body.as_bytes(), NOW)
}

/// The name of a refusal.
fn refused(answer: Result<NoteSignature, Refusal>) -> &'static str {
    match answer.unwrap_err() {
        Refusal::Book(_) => "book",
        Refusal::Malformed(_) => "malformed",
        Refusal::NotReplayed(_) => "not replayed",
        Refusal::NotSigned(_) => "not signed",
        Refusal::OldTooLarge { .. } => "old too large",
        Refusal::NotTheSameLog(_) => "not the same log",
        Refusal::OtherSize { .. } => "other size",
        Refusal::UnknownLog(_) => "unknown log",
    }
}

#[test]
fn the_request_of_the_vectors_gets_the_cosignature_of_the_vectors() {
    let file = vectors::json("c2sp/c2sp_vectors.json");
    let text = |pointer: &str| file.pointer(pointer).unwrap().as_str().unwrap();
    let seed = |pointer: &str| {
        KeyPair::from_seed(&<[u8; 32]>::try_from(hex::decode(text(pointer)).unwrap()).unwrap())
    };
    let mut logs = Logs::default();
    logs.add_key(text("/log/vkey")).unwrap();
    let name = "witness.example/w1".parse().unwrap();
    let witness = Witness::new(name, seed("/witness/seed_hex"), Arc::new(MemoryStore::new()), logs);
    assert_eq!(witness.vkey().to_string(), text("/witness/vkey"));

    let origin: KeyName = "ledger.example/produce".parse().unwrap();
    let six = Checkpoint { origin: origin.clone(), size: 6, root: text("/roots_hex/6").parse().unwrap() };
    let line = signed_note::sign(&six.to_string(), &origin, &seed("/log/seed_hex"));
    let six = SignedNote::new(six.to_string(), vec![line]).unwrap().to_string();
    add(&witness, &body(0, &[], &six)).unwrap();

    let line = add(&witness, text("/add_checkpoint_body_old6")).unwrap();
    let expected = text("/checkpoint").lines().last().unwrap();
    assert_eq!(line.to_string(), format!("{expected}\n"));
    assert_eq!(witness.last(&origin).unwrap().unwrap().note.to_string(), text("/checkpoint"));
}

#[test]
fn each_way_to_be_wrong_has_its_answer_and_changes_nothing() {
    let (log, fork) = (Log::new(20, 20, 0), Log::new(20, 3, 1));
    let witness = witness();
    let bad_root = Checkpoint { origin: origin(), size: 0, root: Hash::ZERO }.to_string();
    assert_eq!(refused(add(&witness, &body(0, &[], &signed(&bad_root, 1)))), "not the same log");
    assert_eq!(refused(add(&witness, &body(0, &[Hash::ZERO], &signed(&log.text(7), 1)))), "not the same log");
    assert_eq!(add(&witness, &log.request(5, 7)), Err(Refusal::OtherSize { cosigned: 0 }));

    let first = add(&witness, &log.request(0, 7)).unwrap();
    let seen = witness.last(&origin()).unwrap();
    let elsewhere = log.request(7, 9).replace(ORIGIN, "log.example/b");
    let two_keys = {
        // A line of the known key that is bad, under a good one: the whole note is refused.
        let good = signed_note::sign(&log.text(9), &origin(), &key(1));
        let bad = signed_note::sign(&log.text(8), &origin(), &key(1));
        SignedNote::new(log.text(9), vec![good, bad]).unwrap().to_string()
    };
    let path = consistency_path(&log.nodes, 7, 9).unwrap();
    for (body, why) in [
        ("".to_owned(), "malformed"),
        ("old 7\n\nnonsense\n".to_owned(), "malformed"),
        (body(7, &path, &signed(&format!("{}extension\n", log.text(9)), 1)), "malformed"),
        (elsewhere, "unknown log"),
        (body(7, &path, &signed(&log.text(9), 2)), "not signed"),
        (body(7, &path, &two_keys), "not signed"),
        (body(9, &[], &signed(&log.text(7), 1)), "old too large"),
        (log.request(0, 9), "other size"),
        (log.request(6, 9), "other size"),
        (log.request(8, 9), "other size"),
        (body(7, &[], &signed(&log.text(9), 1)), "not the same log"),
        (body(7, &path[1..], &signed(&log.text(9), 1)), "not the same log"),
        (body(7, &path, &signed(&fork.text(9), 1)), "not the same log"),
        (fork.request(7, 9), "not the same log"),
        (fork.request(7, 7), "not the same log"),
        (body(7, &[Hash::ZERO], &signed(&log.text(7), 1)), "not the same log"),
    ] {
        assert_eq!(refused(add(&witness, &body)), why, "{body}");
        assert_eq!(witness.last(&origin()).unwrap(), seen, "{body}");
    }

    // The same again is no news and gets a newer time.
    let again = witness.add_checkpoint(log.request(7, 7).as_bytes(), NOW + 5).unwrap();
    assert_ne!(again, first);
    assert_eq!(witness.last(&origin()).unwrap().unwrap().time, NOW + 5);
    add(&witness, &log.request(7, 20)).unwrap();
    assert_eq!(add(&witness, &log.request(7, 7)), Err(Refusal::OtherSize { cosigned: 20 }));
}

#[test]
fn an_empty_log_may_be_cosigned_and_grows_from_nothing() {
    let (log, witness) = (Log::new(5, 5, 0), witness());
    add(&witness, &log.request(0, 0)).unwrap();
    add(&witness, &log.request(0, 0)).unwrap();
    add(&witness, &log.request(0, 5)).unwrap();
    assert_eq!(add(&witness, &log.request(0, 5)), Err(Refusal::OtherSize { cosigned: 5 }));
}

#[test]
fn lines_of_strangers_even_under_our_name_are_not_kept() {
    let (log, witness) = (Log::new(9, 9, 0), witness());
    let own = witness.vkey();
    let forged = NoteSignature { name: own.name().clone(), id: own.id(), signature: vec![7; 72] };
    let unknown =
        NoteSignature { name: "mldsa.example".parse().unwrap(), id: own.id(), signature: vec![6; 2428] };
    let note = SignedNote::parse(signed(&log.text(4), 1).as_bytes()).unwrap();
    let note = note.with([forged, unknown]).unwrap();
    let line = add(&witness, &body(0, &[], &note.to_string())).unwrap();
    let seen = witness.last(&origin()).unwrap().unwrap();
    assert_eq!(seen.note.signatures().len(), 2);
    assert_eq!(seen.note.signatures()[1], line);
    add(&witness, &log.request(4, 9)).unwrap();
}

#[test]
fn the_logs_that_are_known_change_and_what_was_cosigned_stays() {
    let (log, witness) = (Log::new(9, 9, 0), witness());
    add(&witness, &log.request(0, 4)).unwrap();
    witness.know(Logs::default());
    assert_eq!(refused(add(&witness, &log.request(4, 9))), "unknown log");
    // The log changes its key: for a while both are known.
    let mut both = logs();
    both.add_lines(&format!("# new\n\n{}\n", VerifierKey::new(origin(), KeyType::Ed25519, key(2).public())))
        .unwrap();
    witness.know(both);
    assert_eq!(refused(add(&witness, &log.request(0, 9))), "other size");
    let path = consistency_path(&log.nodes, 4, 9).unwrap();
    add(&witness, &body(4, &path, &signed(&log.text(9), 2))).unwrap();
}

#[test]
fn only_keys_of_logs_are_taken() {
    let mut logs = Logs::default();
    assert!(matches!(logs.add_lines("\nnonsense"), Err(LogsError::Line { line: 2, .. })));
    let cosigner = VerifierKey::new(origin(), KeyType::Cosignature, key(1).public());
    assert!(matches!(logs.add_key(&cosigner.to_string()), Err(LogsError::KeyType(_))));
    let log_key = VerifierKey::new(origin(), KeyType::Ed25519, key(1).public()).to_string();
    let trust = crate::verify::Trust::to_text(ORIGIN, &[log_key], Hash::of(b"genesis"), None);
    logs.add_trust(&trust).unwrap();
    assert!(logs.trust(ORIGIN).is_some() && logs.keys(&origin()).is_some());
    assert!(matches!(logs.add_trust(&trust), Err(LogsError::TrustTwice(_))));
}

// -- stores that fail ------------------------------------------------------------------------------------------------

const WORKS: u8 = 0;
const FAILS: u8 = 1;
const WRITES_AND_FAILS: u8 = 2;

/// A store whose writes fail, with or without having happened: as when the machine dies before or after the sync.
struct Faulty {
    store: MemoryStore,
    mood: AtomicU8,
}

impl Read for Faulty {
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

impl Store for Faulty {
    fn snapshot(&self) -> Snapshot {
        self.store.snapshot()
    }

    fn commit(&self, batch: Batch, expected_head: u64, new_head: u64) -> Result<(), StoreError> {
        self.store.commit(batch, expected_head, new_head)
    }

    fn write_aside(&self, batch: Batch) -> Result<(), StoreError> {
        let failed = || StoreError::Broken("the test says so".to_owned());
        match self.mood.load(Ordering::Relaxed) {
            FAILS => Err(failed()),
            WRITES_AND_FAILS => self.store.write_aside(batch).and(Err(failed())),
            _ => self.store.write_aside(batch),
        }
    }

    fn mend(&self, batch: Batch, head: u64) -> Result<(), StoreError> {
        self.store.mend(batch, head)
    }

    fn purge(&self, range: &KeyRange) -> Result<(), StoreError> {
        self.store.purge(range)
    }

    fn copy_to(&self, dir: &Path) -> Result<(), StoreError> {
        self.store.copy_to(dir)
    }
}

#[test]
fn nothing_leaves_that_is_not_written_down() {
    let (log, fork) = (Log::new(20, 20, 0), Log::new(20, 5, 1));
    let store = Arc::new(Faulty { store: MemoryStore::new(), mood: AtomicU8::new(FAILS) });
    let witness = witness_on(store.clone());
    assert_eq!(refused(add(&witness, &log.request(0, 7))), "book");
    assert_eq!(witness.last(&origin()).unwrap(), None);

    // Written, and the witness died before it answered: after its next start it stands by what it wrote.
    store.mood.store(WRITES_AND_FAILS, Ordering::Relaxed);
    assert_eq!(refused(add(&witness, &log.request(0, 7))), "book");
    store.mood.store(WORKS, Ordering::Relaxed);
    let witness = witness_on(store);
    assert_eq!(add(&witness, &fork.request(0, 8)), Err(Refusal::OtherSize { cosigned: 7 }));
    assert_eq!(refused(add(&witness, &fork.request(7, 8))), "not the same log");
    add(&witness, &log.request(7, 7)).unwrap();
}

#[test]
fn a_memory_that_cannot_be_read_signs_nothing() {
    let log = Log::new(9, 9, 0);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    add(&witness_on(store.clone()), &log.request(0, 4)).unwrap();
    // Another key's witness on the same memory knows nothing of what was promised.
    let other = Witness::new("witness.example/w".parse().unwrap(), key(8), store.clone(), logs());
    assert_eq!(refused(add(&other, &log.request(0, 4))), "book");
    assert!(other.all().is_err());
    let mut batch = Batch::default();
    batch.put(format!("w/{ORIGIN}"), "nonsense");
    store.write_aside(batch).unwrap();
    assert_eq!(refused(add(&witness_on(store), &log.request(0, 4))), "book");
}

// -- forks -----------------------------------------------------------------------------------------------------------

/// Everything signed, by all threads and starts, is of one history.
fn is_one_history(log: &Log, fork: &Log, fork_at: u64, signed: &[(bool, u64)]) -> bool {
    let on = |branch: bool| signed.iter().any(|(is_fork, size)| *is_fork == branch && *size > fork_at);
    assert_eq!(log.roots[usize::try_from(fork_at).unwrap()], fork.roots[usize::try_from(fork_at).unwrap()]);
    !(on(false) && on(true))
}

/// Submits as an impatient log would: from what the witness says that it has, again and again.
fn press(witness: &Witness, log: &Log, sizes: &[u64]) -> Vec<u64> {
    let mut signed = Vec::new();
    for size in sizes {
        let mut old = 0;
        for _ in 0..4 {
            match add(witness, &log.request(old, *size)) {
                Ok(line) => {
                    let note = SignedNote::new(log.text(*size), vec![line]).unwrap();
                    note.verify([witness.vkey()]).unwrap();
                    signed.push(*size);
                    break;
                }
                Err(Refusal::OtherSize { cosigned }) if cosigned <= *size => old = cosigned,
                Err(_) => break,
            }
        }
    }
    signed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn however_many_ask_at_once_and_however_often_it_starts_anew_no_fork_is_signed(
        fork_at in 0u64..12,
        starts in prop::collection::vec(prop::collection::vec(prop::collection::vec(1u64..24, 1..6), 4), 1..4),
    ) {
        let (log, fork) = (Log::new(24, 24, 0), Log::new(24, fork_at, 1));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let mut signed = Vec::new();
        for threads in &starts {
            let witness = witness_on(store.clone());
            std::thread::scope(|scope| {
                let running: Vec<_> = threads
                    .iter()
                    .enumerate()
                    .map(|(n, sizes)| {
                        let (is_fork, witness) = (n % 2 == 1, &witness);
                        let log = if is_fork { &fork } else { &log };
                        (is_fork, scope.spawn(move || press(witness, log, sizes)))
                    })
                    .collect();
                for (is_fork, thread) in running {
                    signed.extend(thread.join().unwrap().into_iter().map(|size| (is_fork, size)));
                }
            });
        }
        prop_assert!(!signed.is_empty());
        prop_assert!(is_one_history(&log, &fork, fork_at, &signed), "{signed:?}");
    }
}
