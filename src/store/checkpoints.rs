//! The checkpoint of every commit, by size: `k/` ‖ size u64 big-endian, the signed note as it stands.
//!
//! Only the log's own signature is in it; what witnesses add to one later is kept by whoever feeds them.
//!
//! Whoever copies a log sees few of its checkpoints: `d/` ‖ end u64, with start u64 for its value, says that none was
//! seen of the sizes between the two.

use super::{Batch, KeyRange, Read, StoreError};
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::SignedNote;
use crate::note::vkey::{KeyName, VerifierKey};

pub(super) const CHECKPOINTS: &[u8] = b"k/";
const UNSEEN: &[u8] = b"d/";

/// A note is not a checkpoint of this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointProblem {
    #[error("it is no checkpoint: {0}")]
    Form(String),
    #[error("it is of {0}")]
    OtherOrigin(KeyName),
    #[error("{0}")]
    Signature(String),
}

pub fn put(batch: &mut Batch, size: u64, note: &str) {
    batch.put(key(size), note);
}

/// The note that was signed at this size, if a commit ended there.
pub fn at<R: Read + ?Sized>(read: &R, size: u64) -> Result<Option<Vec<u8>>, StoreError> {
    read.get(&key(size))
}

/// The sizes at which commits ended, in order.
pub fn sizes<R: Read + ?Sized>(read: &R) -> impl Iterator<Item = Result<u64, StoreError>> {
    sizes_of(read, &KeyRange::prefix(CHECKPOINTS))
}

/// Those from `start` on, below `end`, in order.
pub fn sizes_in<R: Read + ?Sized>(
    read: &R,
    start: u64,
    end: u64,
) -> impl Iterator<Item = Result<u64, StoreError>> {
    sizes_of(read, &KeyRange::between(key(start), key(end)))
}

fn sizes_of<'r, R: Read + ?Sized>(
    read: &'r R,
    range: &KeyRange,
) -> impl Iterator<Item = Result<u64, StoreError>> + use<'r, R> {
    read.scan(range).map(|pair| {
        let (key, _) = pair?;
        size_of(&key).ok_or_else(|| StoreError::Engine {
            doing: "read a checkpoint's size",
            problem: "it has not 8 bytes".into(),
        })
    })
}

/// The size in a checkpoint's key.
pub(super) fn size_of(key: &[u8]) -> Option<u64> {
    key.strip_prefix(CHECKPOINTS)?.try_into().map(u64::from_be_bytes).ok()
}

/// Reads a checkpoint that one of `keys` has signed, all of which have the log's name.
pub fn open(note: &[u8], keys: &[VerifierKey]) -> Result<(SignedNote, Checkpoint), CheckpointProblem> {
    let form = |error: &dyn std::fmt::Display| CheckpointProblem::Form(error.to_string());
    let note = SignedNote::parse(note).map_err(|error| form(&error))?;
    let checkpoint: Checkpoint = note.text().parse().map_err(|error| form(&error))?;
    if keys.iter().any(|key| *key.name() != checkpoint.origin) {
        return Err(CheckpointProblem::OtherOrigin(checkpoint.origin));
    }
    note.verify(keys).map_err(|error| CheckpointProblem::Signature(error.to_string()))?;
    Ok((note, checkpoint))
}

/// Notes that the checkpoints of sizes above `start` and below `end` were never seen here.
pub fn put_unseen(batch: &mut Batch, start: u64, end: u64) {
    if end.saturating_sub(start) > 1 {
        batch.put(unseen_key(end), start.to_be_bytes());
    }
}

/// Whether the checkpoint of this size was never seen here, so that it cannot be missing.
pub fn is_unseen<R: Read + ?Sized>(read: &R, size: u64) -> Result<bool, StoreError> {
    let above = KeyRange::between(unseen_key(size.saturating_add(1)), unseen_key(u64::MAX));
    let Some(found) = read.scan(&above).next() else { return Ok(false) };
    let (_, start) = found?;
    Ok(<[u8; 8]>::try_from(start).is_ok_and(|start| u64::from_be_bytes(start) < size))
}

fn unseen_key(end: u64) -> Vec<u8> {
    [UNSEEN, &end.to_be_bytes()].concat()
}

fn key(size: u64) -> Vec<u8> {
    [CHECKPOINTS, &size.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store as _;
    use crate::store::memory::MemoryStore;

    #[test]
    fn what_was_never_seen_is_told_from_what_is_missing() {
        let store = MemoryStore::new();
        let mut batch = Batch::default();
        put_unseen(&mut batch, 2, 9);
        put_unseen(&mut batch, 9, 10);
        put_unseen(&mut batch, 12, 16);
        store.write_aside(batch).unwrap();
        let unseen: Vec<u64> = (0..20).filter(|size| is_unseen(&store, *size).unwrap()).collect();
        assert_eq!(unseen, [3, 4, 5, 6, 7, 8, 13, 14, 15]);
    }
}
