//! What was cosigned last of each log: `w/` ‖ origin, the checkpoint as a note, with the log's lines and our own.
//!
//! In a store of its own and not in a file a log: its lock keeps a second process off the same memory, and that what it
//! has written survives a kill and a cut log is shown by the store's own tests. To restore an older copy of it is to
//! forget: a witness whose book is lost needs a new key.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::merkle::Hash;
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::SignedNote;
use crate::note::vkey::{KeyName, VerifierKey};
use crate::store::{Batch, KeyRange, Store, StoreError};

const SEEN: &[u8] = b"w/";

/// Logs that share a turn; requests for others do not wait for one another.
const TURNS: usize = 64;

pub struct Book {
    store: Arc<dyn Store>,
    /// Held from reading what was cosigned last to writing what is cosigned next. By origin, not by what is configured:
    /// a reload must not give one log two turns.
    turns: [Mutex<()>; TURNS],
}

/// A checkpoint that this witness has cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub checkpoint: Checkpoint,
    /// When, by our clock, in Unix seconds.
    pub time: u64,
    pub note: SignedNote,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    #[error("what was cosigned of {0} cannot be read: nothing more of it is cosigned")]
    Damaged(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Book {
    pub fn new(store: Arc<dyn Store>) -> Book {
        Book { store, turns: [const { Mutex::new(()) }; TURNS] }
    }

    /// What was cosigned last of this log, by this key.
    pub fn last(&self, origin: &KeyName, key: &VerifierKey) -> Result<Option<Seen>, BookError> {
        match self.store.get(&key_of(origin))? {
            None => Ok(None),
            Some(note) => {
                let seen = read(&note, key).filter(|seen| seen.checkpoint.origin == *origin);
                seen.map(Some).ok_or_else(|| BookError::Damaged(origin.to_string()))
            }
        }
    }

    /// All logs of which anything was cosigned, in the order of their origins.
    pub fn all(&self, key: &VerifierKey) -> Result<Vec<Seen>, BookError> {
        let mut all = Vec::new();
        for pair in self.store.scan(&KeyRange::prefix(SEEN)) {
            let (origin, note) = pair?;
            let damaged = || BookError::Damaged(String::from_utf8_lossy(&origin[SEEN.len()..]).into_owned());
            all.push(read(&note, key).ok_or_else(damaged)?);
        }
        Ok(all)
    }

    /// Nobody else writes about this log while it is held.
    pub(super) fn turn(&self, origin: &KeyName) -> MutexGuard<'_, ()> {
        let hash = Hash::of(origin.as_str().as_bytes());
        // The lock guards nothing in memory, so a panic under it leaves nothing half done.
        self.turns[usize::from(hash.0[0]) % TURNS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// On the disk when it returns.
    pub(super) fn write(&self, origin: &KeyName, note: &SignedNote) -> Result<(), BookError> {
        let mut batch = Batch::default();
        batch.put(key_of(origin), note.to_string());
        Ok(self.store.write_aside(batch)?)
    }
}

/// Only what our own key has signed was written by us.
fn read(note: &[u8], key: &VerifierKey) -> Option<Seen> {
    let note = SignedNote::parse(note).ok()?;
    let time = note.verify([key]).ok()?.first()?.time?;
    Some(Seen { checkpoint: note.text().parse().ok()?, time, note })
}

fn key_of(origin: &KeyName) -> Vec<u8> {
    [SEEN, origin.as_str().as_bytes()].concat()
}
