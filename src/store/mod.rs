//! Floor 3: where the ledger's bytes lie.
//!
//! A [`Store`] is one ordered space of keys that moves as a whole: a commit is taken entirely or not at all, is on the
//! disk when it returns, and is refused when somebody else has moved the log's head meanwhile. Readers work on a
//! [`Snapshot`] and never wait for the writer. Which engine does this is known here and nowhere above: RocksDB
//! ([`rocks`]), or memory ([`memory`]) for tests. What does not belong in a database lies beside it: attachments
//! ([`blobs`]) and the head that was signed last ([`signed_head`]).

pub mod backup;
pub mod blobs;
pub mod checkpoints;
pub mod data_dir;
pub mod durable;
mod facts;
pub mod fsck;
pub mod memory;
mod rocks;
pub mod signed_head;

#[cfg(test)]
mod contract;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use facts::Live;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Pairs in key order, as long as the engine can read.
pub type Pairs<'a> = Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a>;

/// Looks things up; each call sees whole commits only.
pub trait Read: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// One answer for each key, in their order.
    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;

    /// What the range holds at the moment of the call.
    fn scan(&self, range: &KeyRange) -> Pairs<'_>;
}

/// An engine. After one failed write it refuses all others until it is opened again: what the disk then holds is not
/// known, and to go on would be to guess.
pub trait Store: Read {
    /// The store as it is now, whatever is written later.
    fn snapshot(&self) -> Snapshot;

    /// Writes all of `batch` and moves the head from `expected_head` to `new_head`, or does nothing. When it returns
    /// `Ok`, all of it has reached the disk.
    fn commit(&self, batch: Batch, expected_head: u64, new_head: u64) -> Result<(), StoreError>;

    /// Writes what is not derived from the log, all or nothing and synced, wherever the head is. Keys of the ledger
    /// itself are refused.
    fn write_aside(&self, batch: Batch) -> Result<(), StoreError>;

    /// Writes what follows from the records, wherever the head is, and sets the head: for a repair, which has replayed
    /// them. All or nothing and synced. Keys of anything else are refused.
    fn mend(&self, batch: Batch, head: u64) -> Result<(), StoreError>;

    /// Makes what was deleted in this range leave the disk, and not only stop being found. Snapshots taken before the
    /// deletion still see it, so this waits for them, and says so if they stay.
    fn purge(&self, range: &KeyRange) -> Result<(), StoreError>;

    /// A consistent copy into a directory that does not exist yet, in the engine's own form, while writing goes on.
    fn copy_to(&self, dir: &Path) -> Result<(), StoreError>;
}

/// Number of entries in the log: what a commit is fenced by. Kept by the engine.
pub const HEAD: &[u8] = b"h/";

/// First letters of the keys that only a commit may write: `ledger::keys`, [`HEAD`] and the checkpoints.
/// Everything else (openings `q/`, and what higher floors keep) is written aside.
const LEDGER_SPACES: &[u8] = b"bcefghiklmoprstvx";

/// A new database of the embedded engine, where there is none.
pub fn create(dir: &Path) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(rocks::RocksStore::create(dir)?))
}

/// The database in this directory, which no other process may have open. A damaged one is an error.
pub fn open(dir: &Path) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(rocks::RocksStore::open(dir)?))
}

/// One consistent state of a store. Cheap to clone; keeps old versions alive, so do not keep it for long.
#[derive(Clone)]
pub struct Snapshot(Arc<dyn Read>);

impl Snapshot {
    fn new(read: impl Read + 'static) -> Snapshot {
        Snapshot(Arc::new(read))
    }

    /// Entries in the log.
    pub fn head(&self) -> Result<u64, StoreError> {
        head_of(self)
    }
}

impl Read for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.0.multi_get(keys)
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        self.0.scan(range)
    }
}

/// Writes that belong together. The last word on a key counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// A key with its new value, or with none: deleted.
    writes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.writes.push((key.into(), Some(value.into())));
    }

    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.writes.push((key.into(), None));
    }

    pub fn append(&mut self, mut other: Batch) {
        self.writes.append(&mut other.writes);
    }

    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    fn stays_aside(&self) -> Result<(), StoreError> {
        let of_the_ledger = |key: &[u8]| matches!(key, [space, b'/', ..] if LEDGER_SPACES.contains(space));
        match self.writes.iter().find(|(key, _)| of_the_ledger(key)) {
            Some((key, _)) => Err(StoreError::NotAside { key: String::from_utf8_lossy(key).into_owned() }),
            None => Ok(()),
        }
    }

    fn is_derived(&self) -> Result<(), StoreError> {
        match self.writes.iter().find(|(key, _)| !fsck::is_derived(key)) {
            Some((key, _)) => Err(StoreError::NotDerived { key: String::from_utf8_lossy(key).into_owned() }),
            None => Ok(()),
        }
    }
}

/// Keys from `start` on, up to but without `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    start: Vec<u8>,
    /// None: to the last key.
    end: Option<Vec<u8>>,
}

impl KeyRange {
    pub fn all() -> KeyRange {
        KeyRange { start: Vec::new(), end: None }
    }

    pub fn between(start: impl Into<Vec<u8>>, end: impl Into<Vec<u8>>) -> KeyRange {
        KeyRange { start: start.into(), end: Some(end.into()) }
    }

    /// Keys that begin with these bytes.
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> KeyRange {
        let start = prefix.into();
        let mut end = start.clone();
        while end.pop_if(|last| *last == u8::MAX).is_some() {}
        let end = match end.last_mut() {
            Some(last) => {
                *last += 1;
                Some(end)
            }
            None => None,
        };
        KeyRange { start, end }
    }

    fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("the store failed before ({0}) and takes no writes until it is opened again")]
    Broken(String),
    #[error("{doing}: {problem}")]
    Engine { doing: &'static str, problem: String },
    #[error("another writer has moved the log to {found} entries; {expected} were expected")]
    HeadMoved { expected: u64, found: u64 },
    #[error("{} is in use by another process", .0.display())]
    Locked(PathBuf),
    #[error("{key} belongs to the ledger and is written by commits only")]
    NotAside { key: String },
    #[error("{key} does not follow from the records and is not written by a repair")]
    NotDerived { key: String },
    #[error("readers from before the deletion still hold it; purge again later")]
    StillRead,
}

fn head_of<R: Read + ?Sized>(read: &R) -> Result<u64, StoreError> {
    match read.get(HEAD)? {
        None => Ok(0),
        Some(bytes) => match <[u8; 8]>::try_from(bytes) {
            Ok(bytes) => Ok(u64::from_be_bytes(bytes)),
            Err(_) => {
                Err(StoreError::Engine { doing: "read the head", problem: "it has not 8 bytes".into() })
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_the_next_one_begins() {
        let range =
            |start: &[u8], end: Option<&[u8]>| KeyRange { start: start.into(), end: end.map(Into::into) };
        assert_eq!(KeyRange::prefix(*b"q/"), range(b"q/", Some(b"q0")));
        assert_eq!(KeyRange::prefix([1, 255, 255]), range(&[1, 255, 255], Some(&[2])));
        assert_eq!(KeyRange::prefix([255, 255]), range(&[255, 255], None));
        assert_eq!(KeyRange::prefix(*b""), KeyRange::all());
        assert!(KeyRange::between(*b"b", *b"b").is_empty());
        assert!(KeyRange::between(*b"b", *b"a").is_empty());
        assert!(!KeyRange::between(*b"b", *b"c").is_empty());
    }
}
