//! What others hold of this log: asked before the first write, and when a restored ledger is to resume.
//!
//! A directory that was put back whole, signed head and all, agrees with itself. Only somebody outside can say that the
//! log once stood further on. Whoever cannot be reached says nothing, and delays nothing for long.

use crate::follow::{FetchError, Fetcher};
use crate::ledger::{LogFact, Reader};
use crate::merkle::Hash;
use crate::merkle::tree::root_at;
use crate::note::checkpoint::Checkpoint;
use crate::note::policy::Policy;
use crate::note::signed_note::{NOTE_BYTES_MAX, SignedNote};
use crate::note::vkey::VerifierKey;
use crate::store::{Snapshot, checkpoints};

/// How somebody's checkpoint of this log stands to the log here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Its entries are the first ones here.
    Agrees { size: u64 },
    /// It is of more entries than are here. Whether it goes on from these is seen when they are there.
    Ahead { checkpoint: Checkpoint, note: SignedNote },
    /// As many entries or fewer, and not the ones here: two histories.
    Forked { size: u64 },
    /// No checkpoint that this log has signed.
    NotOurs(String),
}

/// Reads a checkpoint by the log's keys, former ones too, and holds it against the log here.
pub fn compare(note: &[u8], reader: &Reader<Snapshot>, log: &LogFact) -> Held {
    let keys: Vec<VerifierKey> = log.log_vkeys().filter_map(|key| key.parse().ok()).collect();
    let (note, checkpoint) = match checkpoints::open(note, &keys) {
        Ok(opened) => opened,
        Err(problem) => return Held::NotOurs(problem.to_string()),
    };
    if checkpoint.size > log.size {
        return Held::Ahead { checkpoint, note };
    }
    match root_at(reader, checkpoint.size) {
        Ok(root) if root == checkpoint.root => Held::Agrees { size: checkpoint.size },
        Ok(_) => Held::Forked { size: checkpoint.size },
        Err(error) => Held::NotOurs(error.to_string()),
    }
}

/// Where C2SP witnesses show what they have cosigned last of a log; none: nothing yet.
pub fn cosigned_last(witness: &Fetcher, origin: &str) -> Result<Option<Vec<u8>>, FetchError> {
    let path = format!("/{}/checkpoint", Hash::of(origin.as_bytes()));
    match witness.get_path(&path, NOTE_BYTES_MAX as u64) {
        Ok(note) => Ok(Some(note)),
        Err(FetchError::Answer { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Asks all witnesses of the policy that have an address, at once, and gives each a few seconds. An error: one of them
/// shows a checkpoint, signed by this log, that the log here does not hold.
pub fn ask_witnesses(policy: &Policy, reader: &Reader<Snapshot>, log: &LogFact) -> Result<(), String> {
    let asked: Vec<_> = policy.witnesses().iter().filter_map(|witness| witness.url.as_deref()).collect();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asking: Vec<_> = asked
            .iter()
            .map(|url| scope.spawn(|| cosigned_last(&Fetcher::hasty(url)?, &log.origin)))
            .collect();
        asking.into_iter().map(|asking| asking.join().ok()).collect()
    });
    for (url, answer) in asked.into_iter().zip(answers) {
        let note = match answer {
            Some(Ok(Some(note))) => note,
            Some(Ok(None)) => continue,
            Some(Err(error)) => {
                tracing::warn!(%error, "a witness could not be asked what it cosigned last; going on without it");
                continue;
            }
            None => continue,
        };
        match compare(&note, reader, log) {
            Held::Agrees { size } => tracing::info!(witness = url, size, "a witness agrees with this disk"),
            Held::NotOurs(problem) => {
                tracing::warn!(witness = url, %problem, "a witness shows no checkpoint of this log")
            }
            Held::Ahead { checkpoint, .. } => {
                return Err(format!("{url} has cosigned {} entries, here are {}", checkpoint.size, log.size));
            }
            Held::Forked { size } => {
                return Err(format!(
                    "the {size} entries that {url} has cosigned are not the ones here: two histories"
                ));
            }
        }
    }
    Ok(())
}
