//! What makes a witness a replaying one: every record through the rules, every map record worked out again, before the
//! checkpoint over them is cosigned. What it then says is that nothing is left out.
//!
//! Either the ledger is held in memory and replayed from its beginning after each start, so that what is vouched for was
//! worked out by this very process; or somebody who keeps a verified copy of it on his disk does the work (a mirror).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::follow::{Get, Tiles};
use crate::ledger::Entry;
use crate::merkle::Hash;
use crate::merkle::tile::{EntryBundle, TILE_WIDTH, entry_bundles};
use crate::merkle::tree::{leaf_hash, root_at};
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::SignedNote;
use crate::verify::audit::Audit;

/// How long one request may take to catch up; the next one goes on from there.
const BUDGET: Duration = Duration::from_secs(4);

/// One ledger's replay, as far as it has come.
pub struct Replay(Means);

/// Replays up to a checkpoint, whose signature is good, and holds it to what came out.
pub type Check = Box<dyn Fn(&SignedNote) -> Result<(), Unreplayed> + Send + Sync>;

enum Means {
    Copy(Check),
    Memory(Box<InMemory>),
}

struct InMemory {
    genesis: Hash,
    source: Box<dyn Get + Send + Sync>,
    audit: Mutex<Audit<'static>>,
}

/// Why a checkpoint's records have not all been replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreplayed {
    #[error("{at} of {size} entries are replayed; ask again")]
    NotYet { at: u64, size: u64 },
    #[error("the entries cannot be read: {0}")]
    Unreadable(String),
    /// The log holds what its rules forbid, or has signed something else than it holds.
    #[error("replayed and found wrong: {0}")]
    Wrong(String),
}

impl Replay {
    /// Of the ledger with this genesis, whose pieces are read below `/log/` of `source`.
    pub fn new(genesis: Hash, source: Box<dyn Get + Send + Sync>) -> Result<Replay, String> {
        let audit = Mutex::new(Audit::new(None)?);
        Ok(Replay(Means::Memory(Box::new(InMemory { genesis, source, audit }))))
    }

    /// By somebody who keeps a copy.
    pub fn by(check: Check) -> Replay {
        Replay(Means::Copy(check))
    }

    /// Replays up to this checkpoint, whose signature is good, and holds it to what came out. Blocks.
    pub(super) fn check(&self, signed: &SignedNote, checkpoint: &Checkpoint) -> Result<(), Unreplayed> {
        match &self.0 {
            Means::Copy(check) => check(signed),
            Means::Memory(replay) => replay.check(checkpoint),
        }
    }
}

impl InMemory {
    fn check(&self, checkpoint: &Checkpoint) -> Result<(), Unreplayed> {
        // An entry is taken whole or not at all, so a panic leaves an audit that goes on from where it was.
        let mut audit = self.audit.lock().unwrap_or_else(PoisonError::into_inner);
        let size = checkpoint.size;
        let end = Instant::now() + BUDGET;
        for bundle in entry_bundles(audit.size(), size) {
            if Instant::now() > end {
                return Err(Unreplayed::NotYet { at: audit.size(), size });
            }
            self.take(&mut audit, bundle)?;
        }
        let judged = judge(&audit, checkpoint);
        if judged.is_err() && audit.size() == size {
            // What was read may not be what was signed; the next request reads it all anew.
            *audit = Audit::new(None).map_err(Unreplayed::Unreadable)?;
        }
        judged
    }

    /// The entries of a bundle that were not there yet.
    fn take(&self, audit: &mut Audit<'static>, bundle: EntryBundle) -> Result<(), Unreplayed> {
        let first = bundle.index * u64::from(TILE_WIDTH);
        let entries = Tiles::new(&*self.source).entries(bundle);
        let entries = entries.map_err(|error| Unreplayed::Unreadable(error.to_string()))?;
        for (seq, entry) in (first..).zip(entries) {
            if seq < audit.size() {
                continue;
            }
            if seq == 0 && leaf_hash(&entry) != self.genesis {
                return Err(Unreplayed::Wrong("its first record is not that of the trust file".to_owned()));
            }
            audit.entry(&entry).map_err(Unreplayed::Wrong)?;
        }
        Ok(())
    }
}

/// The first entries of what was replayed, which may have come further, beside the checkpoint.
fn judge(audit: &Audit<'static>, checkpoint: &Checkpoint) -> Result<(), Unreplayed> {
    let (size, reader) = (checkpoint.size, audit.state().reader());
    let unreadable = |error: crate::ledger::FactsError| Unreplayed::Unreadable(error.to_string());
    let Some(last) = size.checked_sub(1) else {
        return Err(Unreplayed::Wrong("an empty ledger has no checkpoint".to_owned()));
    };
    let root = root_at(&reader, size).map_err(unreadable)?;
    if root != checkpoint.root {
        return Err(Unreplayed::Wrong(format!(
            "the entries give the root {root}, the checkpoint says {}",
            checkpoint.root
        )));
    }
    match reader.entry(last).map_err(unreadable)? {
        Entry::Map(_) => Ok(()),
        Entry::Record(_) => {
            Err(Unreplayed::Wrong("the checkpoint does not end with a map record".to_owned()))
        }
    }
}
