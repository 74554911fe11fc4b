//! A verified copy of a log that goes on from where it stands.
//!
//! A checkpoint is followed if a believed key has signed it, enough witnesses have where the trust file asks for them, and
//! its tree begins with the one that is held. Then every entry goes through the rules, and the root that comes out must be
//! the checkpoint's. Nothing is written that has not been shown to be part of a signed tree; a long way is gone in pieces,
//! each written when it is proven.

use super::fetch::FetchError;
use super::history::{Compared, Noted, compare};
use super::keys::believed;
use super::tiles::Tiles;
use super::wrong::{Wrong, WrongKind};
use crate::ledger::{Entry, Facts, FactsError, Reader};
use crate::merkle::tree::root_at;
use crate::note::checkpoint::Checkpoint;
use crate::note::policy::PolicyWitness;
use crate::note::signed_note::{SignedNote, VerifyError};
use crate::note::vkey::VerifierKey;
use crate::sequencer::Replica;
use crate::store::signed_head::SignedHead;
use crate::store::{Batch, StoreError, checkpoints};
use crate::verify::{SplitView, Trust};

/// A copy of one log.
pub struct Follower {
    pub(super) trust: Trust,
    pub(super) replica: Replica,
    pub(super) held: Option<Held>,
    /// Bytes of entries that are only in memory.
    pub(super) pending_bytes: u64,
}

/// The newest checkpoint that the copy has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub checkpoint: Checkpoint,
    /// As it was served, witnesses' lines and all.
    pub note: String,
}

/// Where a checkpoint led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// The copy has grown.
    Grown { from: u64, to: u64 },
    /// An older checkpoint of the same history.
    Older { size: u64 },
    /// The one that is held.
    Same,
}

/// Hears what happens on the way.
pub trait Watch {
    /// So many of the checkpoint's entries are there.
    fn progress(&mut self, _done: u64, _of: u64) {}
    /// An entry has passed the rules; it is written later, or not at all.
    /// `known` is the ledger with it.
    fn entry(&mut self, _entry: &Entry, _known: &Reader<&dyn Facts>) -> Result<(), FactsError> {
        Ok(())
    }
    /// What should be written together with the entries heard of since the last call.
    fn beside(&mut self) -> Batch {
        Batch::default()
    }
    /// The entries since the last [`beside`](Self::beside) are not written.
    fn forget(&mut self) {}
}

impl Watch for () {}

/// How far one call goes.
pub struct Terms<'a> {
    pub watch: &'a mut dyn Watch,
    /// Whether to stop for now.
    pub enough: &'a dyn Fn() -> bool,
    /// Whether the witnesses of the trust file must have cosigned.
    pub witnessed: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// It goes on from here the next time.
    #[error("{at} of {size} entries are there")]
    OutOfTime { at: u64, size: u64 },
    #[error(transparent)]
    Unreadable(#[from] FetchError),
    /// Too few witnesses have cosigned yet.
    #[error("{0}")]
    Waiting(String),
    #[error("{0}")]
    Wrong(Box<Wrong>),
    /// Our own disk.
    #[error("{0}")]
    Broken(String),
}

impl From<FactsError> for FollowError {
    fn from(error: FactsError) -> FollowError {
        FollowError::Broken(error.to_string())
    }
}

impl From<StoreError> for FollowError {
    fn from(error: StoreError) -> FollowError {
        FollowError::Broken(error.to_string())
    }
}

impl From<Wrong> for FollowError {
    fn from(wrong: Wrong) -> FollowError {
        FollowError::Wrong(Box::new(wrong))
    }
}

/// A checkpoint that is being followed.
pub(super) struct Aim<'a> {
    pub(super) signed: &'a SignedNote,
    pub(super) note: &'a str,
    pub(super) checkpoint: Checkpoint,
    /// Whether a key that is believed already has signed it. If not, a key may that its own entries bring in.
    pub(super) is_vouched: bool,
}

impl Aim<'_> {
    pub(super) fn noted(&self) -> Noted<'_> {
        Noted { checkpoint: &self.checkpoint, note: self.note }
    }

    pub(super) fn wrong(&self, kind: WrongKind, why: impl Into<String>) -> Wrong {
        Wrong::new(kind, why, self.note)
    }
}

impl Follower {
    /// Goes on from what the replica holds. A copy that was stopped between its commit and the signed head has the latter
    /// written now: of a log of its own, nobody may do that.
    pub fn new(trust: Trust, replica: Replica, signed_head: &SignedHead) -> Result<Follower, FollowError> {
        let head = signed_head.read().map_err(broken)?.map(held).transpose()?;
        let at_end = checkpoints::at(&**replica.store(), replica.written())?.map(held).transpose()?;
        let size = |held: &Option<Held>| held.as_ref().map_or(0, |held| held.checkpoint.size);
        if size(&head) < size(&at_end)
            && let Some(at_end) = &at_end
        {
            signed_head.write(at_end.note.as_bytes()).map_err(broken)?;
        }
        Ok(Follower { trust, replica, held: at_end.or(head), pending_bytes: 0 })
    }

    pub fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// The log keys whose signature counts.
    pub fn keys(&self) -> Vec<VerifierKey> {
        believed(&self.trust, self.replica.log())
    }

    /// Reads a checkpoint of this log that a believed key has signed, whatever it says.
    pub fn open(&self, note: &[u8]) -> Result<(SignedNote, Checkpoint), Wrong> {
        let (signed, checkpoint, is_vouched) = self.read(note)?;
        match is_vouched {
            true => Ok((signed, checkpoint)),
            false => Err(unknown_key(&String::from_utf8_lossy(note))),
        }
    }

    /// Follows a checkpoint as it was served, by the tiles of whoever serves it. Blocks.
    pub fn follow(
        &mut self,
        tiles: &Tiles<'_>,
        note: &[u8],
        terms: &mut Terms<'_>,
    ) -> Result<Moved, FollowError> {
        let moved = self.try_follow(tiles, note, terms);
        if !matches!(moved, Ok(_) | Err(FollowError::OutOfTime { .. })) {
            self.forget()?;
            terms.watch.forget();
        }
        moved
    }

    pub(super) fn forget(&mut self) -> Result<(), FollowError> {
        self.pending_bytes = 0;
        self.replica.forget().map_err(broken)
    }

    fn try_follow(
        &mut self,
        tiles: &Tiles<'_>,
        note: &[u8],
        terms: &mut Terms<'_>,
    ) -> Result<Moved, FollowError> {
        let text = String::from_utf8_lossy(note).into_owned();
        let (signed, checkpoint, is_vouched) = self.read(note)?;
        let aim = Aim { signed: &signed, note: &text, checkpoint, is_vouched };
        if terms.witnessed {
            self.is_witnessed(&aim)?;
        }
        let written = self.replica.written();
        if aim.checkpoint.size > written {
            return self.grow(tiles, &aim, terms);
        }
        if !aim.is_vouched {
            return Err(unknown_key(&text).into());
        }
        self.is_of_our_history(&aim)?;
        let held = self.held.as_ref().map_or(0, |held| held.checkpoint.size);
        match aim.checkpoint.size {
            size if size == held => Ok(Moved::Same),
            // A piece of the way had ended exactly here.
            size if size == written => self.adopt(&aim, held, terms),
            size => Ok(Moved::Older { size }),
        }
    }

    /// The note, its checkpoint, and whether a believed key has signed it.
    fn read(&self, note: &[u8]) -> Result<(SignedNote, Checkpoint, bool), Wrong> {
        let text = String::from_utf8_lossy(note);
        let bad = |why: String| Wrong::new(WrongKind::BadSignature, why, &text);
        let signed = SignedNote::parse(note).map_err(|error| bad(format!("no checkpoint: {error}")))?;
        let checkpoint: Checkpoint =
            signed.text().parse().map_err(|error| bad(format!("no checkpoint: {error}")))?;
        if checkpoint.origin.as_str() != self.trust.origin {
            let (found, wanted) = (&checkpoint.origin, &self.trust.origin);
            return Err(bad(format!("the checkpoint is of {found}, not of {wanted}")));
        }
        let is_vouched = match signed.verify(&self.keys()) {
            Ok(_) => true,
            Err(VerifyError::NoKnownSignature) => false,
            Err(error) => return Err(bad(format!("the checkpoint: {error}"))),
        };
        Ok((signed, checkpoint, is_vouched))
    }

    fn is_witnessed(&self, aim: &Aim<'_>) -> Result<(), FollowError> {
        let policy = &self.trust.policy;
        if !policy.wants_witnesses() {
            return Ok(());
        }
        let keys = policy.witnesses().iter().map(|witness| &witness.key);
        let good = aim.signed.verify(keys).unwrap_or_default();
        let has = |asked: &PolicyWitness| good.iter().any(|by| *by.key == asked.key);
        match policy.is_met_by(has) {
            true => Ok(()),
            false => Err(FollowError::Waiting(format!(
                "the checkpoint of {} entries has not been cosigned by as many witnesses as the trust file asks for",
                aim.checkpoint.size
            ))),
        }
    }

    /// That a checkpoint of no more entries than are on the disk is of them.
    fn is_of_our_history(&self, aim: &Aim<'_>) -> Result<(), FollowError> {
        let size = aim.checkpoint.size;
        let reader = self.replica.reader();
        let root = root_at(&reader, size)?;
        if root == aim.checkpoint.root {
            return Ok(());
        }
        let mut wrong = aim.wrong(
            WrongKind::SplitView,
            format!("the first {size} entries are {root} here, and {} in a checkpoint", aim.checkpoint.root),
        );
        wrong.split = self.split(aim.noted())?;
        Err(wrong.into())
    }

    /// Whether a checkpoint may stand at this size: its last entry is a map record.
    pub fn ends_with_map(&self, size: u64) -> Result<bool, FollowError> {
        let Some(last) = size.checked_sub(1) else { return Ok(false) };
        Ok(matches!(self.replica.reader().entry(last)?, Entry::Map(_)))
    }

    /// What shows that a checkpoint of no more entries than are held is of another history than ours; none where no note
    /// of ours covers it, or where nothing is wrong.
    pub fn split(&self, theirs: Noted<'_>) -> Result<Option<Box<SplitView>>, FollowError> {
        let size = theirs.checkpoint.size;
        let reader = self.replica.reader();
        let ours = match checkpoints::at(&**self.replica.store(), size)? {
            Some(exact) => Some(held(exact)?),
            None => self.held.clone().filter(|held| held.checkpoint.size >= size),
        };
        let Some(ours) = ours else { return Ok(None) };
        match compare(theirs, Noted { checkpoint: &ours.checkpoint, note: &ours.note }, &reader)? {
            Compared::Two(split) => Ok(Some(split)),
            Compared::One | Compared::NotItsTree => Ok(None),
        }
    }
}

fn held(note: Vec<u8>) -> Result<Held, FollowError> {
    let note = String::from_utf8(note).map_err(broken)?;
    let signed = SignedNote::parse(note.as_bytes()).map_err(broken)?;
    let checkpoint = signed.text().parse().map_err(broken)?;
    Ok(Held { checkpoint, note })
}

pub(super) fn broken(error: impl std::fmt::Display) -> FollowError {
    FollowError::Broken(error.to_string())
}

pub(super) fn unknown_key(note: &str) -> Wrong {
    let why = "no key that the trust file names has signed the checkpoint, nor one that took over from it";
    Wrong::new(WrongKind::BadSignature, why, note)
}
