//! The checkpoint of every commit, by size: `k/` ‖ size u64 big-endian, the signed note as it stands.
//!
//! Only the log's own signature is in it; what witnesses add to one later is kept by whoever feeds them.
//!
//! A log that was refilled from a mirror has the checkpoint of the refill's end and perhaps not those before it:
//! `z/` ‖ first size ‖ last size, both u64 big-endian, without a value, says between which sizes some may be missing.

use super::{Batch, KeyRange, Read, StoreError};
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::SignedNote;
use crate::note::vkey::{KeyName, VerifierKey};

pub(super) const CHECKPOINTS: &[u8] = b"k/";

const REFILLS: &[u8] = b"z/";

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

/// Notes that the entries from `from` up to `to` came from a mirror.
pub fn put_refill(batch: &mut Batch, from: u64, to: u64) {
    batch.put([REFILLS, &from.to_be_bytes(), &to.to_be_bytes()].concat(), []);
}

/// Whether the checkpoint of this size may be missing: it lies inside of a refill.
pub fn is_in_refill<R: Read + ?Sized>(read: &R, size: u64) -> Result<bool, StoreError> {
    for pair in read.scan(&KeyRange::prefix(REFILLS)) {
        let (key, _) = pair?;
        let sizes = key[REFILLS.len()..].as_chunks::<8>().0;
        if let [from, to] = sizes
            && (u64::from_be_bytes(*from) + 1..u64::from_be_bytes(*to)).contains(&size)
        {
            return Ok(true);
        }
    }
    Ok(false)
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

fn key(size: u64) -> Vec<u8> {
    [CHECKPOINTS, &size.to_be_bytes()].concat()
}
