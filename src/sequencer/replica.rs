//! Entries that the log has signed elsewhere, written down here: what a mirror, a monitor and a restored ledger that
//! misses some of its entries have in common.
//!
//! Nothing is signed. Every entry goes through the rules like any other (`State::apply`), so every signature, right, chain
//! and map record is worked out again. What is written ends with a map record; that it is part of what the log has signed,
//! the caller shows before [`keep`](Replica::keep), and [`adopt`](Replica::adopt) itself. Readers are given signed sizes only.

use std::sync::Arc;

use super::commit::{Failure, take_grown, write};
use super::handle::Shared;
use super::inspect::recompute_newest;
use super::published::{Commit, CommittedRecord, Published};
use crate::ledger::{ApplyError, Entry, Facts, FactsError, LogFact, Reader, Refusal, State};
use crate::merkle::Hash;
use crate::merkle::tree::Frontier;
use crate::note::signed_note::{NoteSignature, SignedNote};
use crate::note::vkey::VerifierKey;
use crate::store::signed_head::SignedHead;
use crate::store::{Batch, Live, Store, StoreError, checkpoints};

/// A ledger that grows by what its log has signed elsewhere.
pub struct Replica {
    store: Arc<dyn Store>,
    signed_head: SignedHead,
    state: State<Live>,
    /// The log as the disk holds it.
    proven: Frontier,
    /// Whose readers see what was adopted.
    shared: Option<Arc<Shared>>,
    /// Since readers were given a size.
    records: Vec<CommittedRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicaError {
    /// The rules refuse the entry at this place; the state is as it was.
    #[error("entry {seq}: {refusal}")]
    Refused { seq: u64, refusal: Refusal },
    /// The bytes at this place are no entry; the state is as it was.
    #[error("entry {seq}: {problem}")]
    NoEntry { seq: u64, problem: String },
    /// It is not the checkpoint of what was applied, or not signed by the key that the ledger names.
    #[error("{0}")]
    NotOurs(String),
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk holds something else than its records give, or could not be written: open it anew.
    #[error("{0}")]
    Disk(String),
}

impl Replica {
    /// Goes on from what the store holds, which may be nothing, and which must end with a map record.
    pub fn open(store: Arc<dyn Store>, signed_head: SignedHead) -> Result<Replica, ReplicaError> {
        let state = State::load(Live(store.clone()))?;
        let snapshot = store.snapshot();
        let (head, size) = (snapshot.head()?, state.size());
        if head != size {
            return Err(ReplicaError::Disk(format!("the store counts {head} entries, the ledger {size}")));
        }
        let reader = Reader(snapshot);
        recompute_newest(&reader, size)?;
        let proven = Frontier::from_nodes(size, &reader)?;
        Ok(Replica { store, signed_head, state, proven, shared: None, records: Vec::new() })
    }

    /// The same beside an open ledger, whose readers see what is adopted.
    pub(super) fn publishing(shared: Arc<Shared>, signed_head: SignedHead) -> Result<Replica, ReplicaError> {
        let replica = Replica::open(shared.store.clone(), signed_head)?;
        Ok(Replica { shared: Some(shared), ..replica })
    }

    /// Takes the bytes of the next entry, if the rules do. In memory until [`keep`](Self::keep) or
    /// [`adopt`](Self::adopt).
    pub fn apply(&mut self, bytes: &[u8]) -> Result<Entry, ReplicaError> {
        let seq = self.state.size();
        let entry =
            Entry::parse(bytes).map_err(|error| ReplicaError::NoEntry { seq, problem: error.to_string() })?;
        let applied = self.state.apply(&entry).map_err(|error| match error {
            ApplyError::Facts(error) => ReplicaError::Facts(error),
            ApplyError::Refused(refusal) => ReplicaError::Refused { seq, refusal },
        })?;
        if let (Some(record), Some(_)) = (entry.as_record(), &self.shared) {
            self.records.push(CommittedRecord {
                seq,
                leaf: applied.leaf,
                kind: record.statement.kind.to_string(),
                subjects: record.statement.subjects().map(ToString::to_string).collect(),
            });
        }
        Ok(entry)
    }

    /// Entries with those that are only in memory.
    pub fn size(&self) -> u64 {
        self.state.size()
    }

    /// Root of the log tree over [`size`](Self::size) entries.
    pub fn root(&self) -> Hash {
        self.state.root()
    }

    /// Entries on the disk.
    pub fn written(&self) -> u64 {
        self.proven.size()
    }

    /// Root of the log tree over the entries on the disk.
    pub fn written_root(&self) -> Hash {
        self.proven.root()
    }

    /// Whether the last entry is a map record, so that something may be written.
    pub fn is_sealed(&self) -> bool {
        self.state.is_sealed()
    }

    pub fn log(&self) -> Option<&LogFact> {
        self.state.log()
    }

    /// What is known, with what is only in memory.
    pub fn reader(&self) -> Reader<impl Facts + '_> {
        self.state.reader()
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Writes what was applied, and `beside` with it, in one synced batch. The caller has shown that the log has signed it,
    /// as the beginning of something longer. Readers are given nothing yet.
    pub fn keep(&mut self, beside: Batch) -> Result<(), ReplicaError> {
        self.write(None, beside)
    }

    /// As [`keep`](Self::keep), under a checkpoint of exactly this size and root that the key has signed which the ledger
    /// names. It is kept with the lines of the log's own keys, and readers are given this size.
    pub fn adopt(&mut self, note: &SignedNote, beside: Batch) -> Result<(), ReplicaError> {
        let own = self.own_lines(note)?;
        self.write(Some(&own.to_string()), beside)?;
        let records = std::mem::take(&mut self.records);
        let Some(shared) = &self.shared else { return Ok(()) };
        let (from, size, root) = (shared.published().size, self.state.size(), self.state.root());
        shared.publish(Published::new(self.store.snapshot(), size, root, Some(own)));
        let at = self.state.log().map_or(0, |log| log.at);
        shared.announce(Commit { from, size, at, records });
        Ok(())
    }

    /// Forgets what was applied and not written.
    pub fn forget(&mut self) -> Result<(), ReplicaError> {
        self.state = State::load(Live(self.store.clone()))?;
        let written = self.written();
        self.records.retain(|record| record.seq < written);
        Ok(())
    }

    fn write(&mut self, note: Option<&str>, beside: Batch) -> Result<(), ReplicaError> {
        if !self.state.is_sealed() {
            return Err(ReplicaError::NotOurs("the entries do not end with a map record".to_owned()));
        }
        let disk = |failure: Failure| ReplicaError::Disk(failure.to_string());
        let grown = take_grown(&mut self.state, &self.proven).map_err(disk)?;
        let mut beside = beside;
        let end = self.state.size() + u64::from(note.is_none());
        checkpoints::put_unseen(&mut beside, self.written(), end);
        write(&*self.store, &self.signed_head, grown, &mut self.proven, note, beside).map_err(disk)
    }

    /// The note with the lines of the log's keys and no others, the current key's among them.
    fn own_lines(&self, note: &SignedNote) -> Result<SignedNote, ReplicaError> {
        let not_ours = |problem: String| ReplicaError::NotOurs(problem);
        let log = self.state.log().ok_or_else(|| not_ours("there is no ledger yet".to_owned()))?;
        let parse = |text: &str| text.parse::<VerifierKey>().map_err(|error| not_ours(error.to_string()));
        let current = parse(&log.log_vkey)?;
        let opened = checkpoints::open(note.to_string().as_bytes(), std::slice::from_ref(&current));
        let (_, checkpoint) = opened.map_err(|error| {
            not_ours(format!("the log's key {} has not signed the checkpoint: {error}", current.id()))
        })?;
        if checkpoint.size != self.state.size() || checkpoint.root != self.state.root() {
            return Err(not_ours(format!("the checkpoint is not of these {} entries", self.state.size())));
        }
        let keys: Vec<VerifierKey> =
            log.signing_vkeys(log.at).map(parse).collect::<Result<_, ReplicaError>>()?;
        let is_own =
            |line: &&NoteSignature| keys.iter().any(|key| *key.name() == line.name && key.id() == line.id);
        let lines = note.signatures().iter().filter(is_own).cloned().collect();
        let own = SignedNote::new(note.text(), lines).map_err(|error| not_ours(error.to_string()))?;
        own.verify(&keys).map_err(|error| not_ours(error.to_string()))?;
        Ok(own)
    }
}
