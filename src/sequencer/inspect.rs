//! What is looked at before a ledger may write: does the disk hold what was signed?
//!
//! A database that went back in time, by a restored backup, a rolled-back disk or a log that was cut, is whole in itself.
//! Signing on top of it would give the world a second history. So the signed head, which lies elsewhere, must be in it,
//! and what hangs on its newest entries is computed again from their bytes.

use crate::ledger::{Entry, FactsError, LogFact, Reader};
use crate::merkle::Hash;
use crate::merkle::tree::{Frontier, NodeReader, leaf_hash, node_hash, root_at};
use crate::note::signed_note::SignedNote;
use crate::note::vkey::VerifierKey;
use crate::store::signed_head::SignedHead;
use crate::store::{Snapshot, checkpoints};

/// Entries whose hashes are computed again on opening; `fsck` does all of them.
const RECOMPUTED_MAX: u64 = 1024;

/// A log that may be written on.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) proven: Frontier,
    pub(super) checkpoint: SignedNote,
    /// Entries of the head outside the database.
    pub(super) head_size: u64,
}

/// Looks at the store and at the head outside of it; the error says what is wrong. `keys` are the log's.
pub(super) fn inspect(
    snapshot: &Snapshot,
    log: &LogFact,
    signed_head: &SignedHead,
    keys: &[VerifierKey],
) -> Result<Sound, String> {
    let reader = Reader(snapshot.clone());
    let head = snapshot.head().map_err(|error| error.to_string())?;
    if head != log.size {
        return Err(format!("the store counts {head} entries, the ledger {}", log.size));
    }
    ends_with_its_map(&reader, log)?;
    recompute_newest(&reader, log.size).map_err(|error| error.to_string())?;
    let proven = Frontier::from_nodes(log.size, &reader).map_err(|error| error.to_string())?;
    let head_size = holds_signed_head(&reader, log.size, signed_head, keys)?;
    let checkpoint = own_checkpoint(snapshot, &proven, keys)?;
    Ok(Sound { proven, checkpoint, head_size })
}

/// Every commit ends with a map record; one that does not was torn apart.
fn ends_with_its_map(reader: &Reader<Snapshot>, log: &LogFact) -> Result<(), String> {
    let last = log.size.checked_sub(1).ok_or("the log is empty")?;
    match reader.entry(last).map_err(|error| error.to_string())? {
        Entry::Map(map) if map.seq == last && map.root == log.map_root => Ok(()),
        Entry::Map(_) => Err(format!("the map record {last} is not the one that the ledger names")),
        Entry::Record(_) => Err(format!("the last entry, {last}, is no map record")),
    }
}

/// Leaf hashes from bytes, and every stored node above them from the two below it.
pub(super) fn recompute_newest(reader: &Reader<Snapshot>, size: u64) -> Result<(), FactsError> {
    let differs =
        |level: u8, index: u64| FactsError(format!("tree node {level}/{index} is not what its leaves give"));
    let first = size.saturating_sub(RECOMPUTED_MAX);
    for seq in first..size {
        let bytes = reader.entry_bytes(seq)?.ok_or_else(|| FactsError(format!("entry {seq} is missing")))?;
        if leaf_hash(&bytes) != reader.node(0, seq)? {
            return Err(differs(0, seq));
        }
    }
    for level in 1..64 {
        // Complete subtrees of this level that end after `first`.
        for index in first >> level..size >> level {
            let [left, right] = [2 * index, 2 * index + 1].map(|child| reader.node(level - 1, child));
            if node_hash(&left?, &right?) != reader.node(level, index)? {
                return Err(differs(level, index));
            }
        }
    }
    Ok(())
}

fn holds_signed_head(
    reader: &Reader<Snapshot>,
    size: u64,
    signed_head: &SignedHead,
    keys: &[VerifierKey],
) -> Result<u64, String> {
    let path = signed_head.path().display();
    let note = signed_head.read().map_err(|error| format!("{path}: {error}"))?;
    let note = note.ok_or_else(|| format!("{path} is missing, so what was signed last is not known"))?;
    let (_, head) = checkpoints::open(&note, keys).map_err(|error| format!("{path}: {error}"))?;
    if head.size > size {
        return Err(format!(
            "{} entries were signed, the disk holds {size}: it is an older state",
            head.size
        ));
    }
    let root: Hash = root_at(reader, head.size).map_err(|error| error.to_string())?;
    if root != head.root {
        return Err(format!("the first {} entries are not those that were signed", head.size));
    }
    Ok(head.size)
}

fn own_checkpoint(
    snapshot: &Snapshot,
    proven: &Frontier,
    keys: &[VerifierKey],
) -> Result<SignedNote, String> {
    let size = proven.size();
    let note = checkpoints::at(snapshot, size).map_err(|error| error.to_string())?;
    let note = note.ok_or_else(|| format!("there is no checkpoint of {size} entries"))?;
    let (note, checkpoint) = checkpoints::open(&note, keys)
        .map_err(|error| format!("the checkpoint of {size} entries: {error}"))?;
    if (checkpoint.size, checkpoint.root) != (size, proven.root()) {
        return Err(format!("the checkpoint of {size} entries is of another log"));
    }
    Ok(note)
}
