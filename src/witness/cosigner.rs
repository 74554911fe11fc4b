//! The one thing that signs: a checkpoint in, a cosignature or a refusal out.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::book::{Book, BookError, Seen};
use super::logs::Logs;
use super::replay::{Replay, Unreplayed};
use crate::merkle::proof::verify_consistency;
use crate::merkle::tree::EMPTY_ROOT;
use crate::note::add_checkpoint::AddCheckpoint;
use crate::note::checkpoint::Checkpoint;
use crate::note::cosignature::{TimeTooLate, cosign};
use crate::note::signed_note::{NoteSignature, SignedNote};
use crate::note::vkey::{KeyName, KeyType, VerifierKey};
use crate::statement::ed25519::KeyPair;
use crate::store::Store;

/// A witness with its key and its book.
pub struct Witness {
    name: KeyName,
    key: KeyPair,
    vkey: VerifierKey,
    book: Book,
    logs: RwLock<Arc<Logs>>,
    /// Empty: it replays nothing. Otherwise it cosigns these logs only, so that its key always means the same.
    replays: BTreeMap<KeyName, Replay>,
}

/// Why a checkpoint was not cosigned: the answers of C2SP tlog-witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 503. Nothing was signed, or nothing that anybody has seen.
    #[error(transparent)]
    Book(#[from] BookError),
    /// 400
    #[error("{0}")]
    Malformed(String),
    /// 503: ask again.
    #[error("{0}")]
    NotReplayed(Unreplayed),
    /// 403
    #[error("no key that is known of this log has signed the checkpoint: {0}")]
    NotSigned(String),
    /// 400
    #[error("the old size {old} is past the checkpoint's {size}")]
    OldTooLarge { old: u64, size: u64 },
    /// 422: with a log's own signature under it, this may be two histories.
    #[error("{0}")]
    NotTheSameLog(String),
    /// 409, and this size as the body.
    #[error("{cosigned} entries were cosigned last, not what the request says")]
    OtherSize { cosigned: u64 },
    /// 404
    #[error("the log {0} is not known here")]
    UnknownLog(KeyName),
}

impl Witness {
    pub fn new(name: KeyName, key: KeyPair, store: Arc<dyn Store>, logs: Logs) -> Witness {
        let vkey = VerifierKey::new(name.clone(), KeyType::Cosignature, key.public());
        Witness {
            name,
            key,
            vkey,
            book: Book::new(store),
            logs: RwLock::new(Arc::new(logs)),
            replays: BTreeMap::new(),
        }
    }

    /// The same as a replaying witness of these logs, and of no others.
    pub fn replaying(mut self, replays: BTreeMap<KeyName, Replay>) -> Witness {
        self.replays = replays;
        self
    }

    /// Whether it replays what it cosigns.
    pub fn is_replaying(&self) -> bool {
        !self.replays.is_empty()
    }

    pub fn name(&self) -> &KeyName {
        &self.name
    }

    pub fn vkey(&self) -> &VerifierKey {
        &self.vkey
    }

    pub fn logs(&self) -> Arc<Logs> {
        self.logs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on these logs are known. What was cosigned of others stays written.
    pub fn know(&self, logs: Logs) {
        *self.logs.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(logs);
    }

    pub fn last(&self, origin: &KeyName) -> Result<Option<Seen>, BookError> {
        self.book.last(origin, &self.vkey)
    }

    pub fn all(&self) -> Result<Vec<Seen>, BookError> {
        self.book.all(&self.vkey)
    }

    /// Judges a request by C2SP tlog-witness and gives the cosignature, a line of a note. It is written down, and on
    /// the disk, before it is given. `now` in Unix seconds. Blocks for as long as a synced write takes, and a replay.
    pub fn add_checkpoint(&self, body: &[u8], now: u64) -> Result<NoteSignature, Refusal> {
        let request = AddCheckpoint::parse(body).map_err(|error| Refusal::Malformed(error.to_string()))?;
        let checkpoint: Checkpoint =
            request.checkpoint.text().parse().map_err(|error| Refusal::Malformed(format!("{error}")))?;
        let logs = self.logs();
        let keys = logs.keys(&checkpoint.origin);
        let keys = keys.filter(|_| self.replays.is_empty() || self.replays.contains_key(&checkpoint.origin));
        let keys = keys.ok_or_else(|| Refusal::UnknownLog(checkpoint.origin.clone()))?;
        let signed = signed_by(&request.checkpoint, keys)?;
        if request.old > checkpoint.size {
            return Err(Refusal::OldTooLarge { old: request.old, size: checkpoint.size });
        }

        if let Some(replay) = self.replays.get(&checkpoint.origin) {
            // Not for what would be refused all the same, and not while others wait for their turn.
            self.goes_on(&request, &checkpoint)?;
            replay.check(&signed, &checkpoint)?;
        }
        let _turn = self.book.turn(&checkpoint.origin);
        self.goes_on(&request, &checkpoint)?;
        let cosigned = cosign(signed.text(), &self.name, &self.key, now);
        let line = cosigned.map_err(|TimeTooLate(time)| BookError::Damaged(format!("the clock ({time})")))?;
        let note = signed.with([line.clone()]).map_err(|error| Refusal::Malformed(error.to_string()))?;
        self.book.write(&checkpoint.origin, &note)?;
        Ok(line)
    }

    /// Whether the request goes on from what was cosigned last.
    fn goes_on(&self, request: &AddCheckpoint, checkpoint: &Checkpoint) -> Result<(), Refusal> {
        let last = self.last(&checkpoint.origin)?;
        let cosigned = last.as_ref().map_or(0, |seen| seen.checkpoint.size);
        if request.old != cosigned {
            return Err(Refusal::OtherSize { cosigned });
        }
        check(request, checkpoint, last.as_ref())
    }
}

impl From<Unreplayed> for Refusal {
    fn from(unreplayed: Unreplayed) -> Refusal {
        match unreplayed {
            Unreplayed::Wrong(_) => Refusal::NotTheSameLog(unreplayed.to_string()),
            other => Refusal::NotReplayed(other),
        }
    }
}

/// The checkpoint with the good lines of the log's keys and no others: what strangers add to it, even under our name, is
/// not kept.
fn signed_by(note: &SignedNote, keys: &[VerifierKey]) -> Result<SignedNote, Refusal> {
    let bad = |error: &dyn ToString| Refusal::NotSigned(error.to_string());
    note.verify(keys).map_err(|error| bad(&error))?;
    let known =
        |line: &&NoteSignature| keys.iter().any(|key| *key.name() == line.name && key.id() == line.id);
    let lines: Vec<NoteSignature> = note.signatures().iter().filter(known).cloned().collect();
    SignedNote::new(note.text(), lines).map_err(|error| bad(&error))
}

/// Whether the checkpoint goes on from what was cosigned last, which has the request's old size.
fn check(request: &AddCheckpoint, checkpoint: &Checkpoint, last: Option<&Seen>) -> Result<(), Refusal> {
    let other = |why: String| Err(Refusal::NotTheSameLog(why));
    if checkpoint.size == 0 && checkpoint.root != EMPTY_ROOT {
        return other("an empty log has another root".to_owned());
    }
    // From nothing there is nothing to prove, and a log that had no entries has no other root than that above.
    if request.old == 0 {
        return match request.path.is_empty() {
            true => Ok(()),
            false => other("a proof from size 0 is empty".to_owned()),
        };
    }
    let Some(last) = last else { return other("nothing of this log was cosigned yet".to_owned()) };
    let (old, new) = (&last.checkpoint, checkpoint);
    verify_consistency(old.size, new.size, &old.root, &new.root, &request.path).or_else(|error| {
        other(format!(
            "the log of {} entries is not shown to go on from that of {}: {error}",
            new.size, old.size
        ))
    })
}
