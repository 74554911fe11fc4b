//! One checkpoint on its way into one anchor, and how that is stored.

use crate::anchor::{AnchorKind, digest};
use crate::merkle::Hash;

/// A job as it stands on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub kind: AnchorKind,
    /// Entries of the checkpoint.
    pub size: u64,
    /// The checkpoint's body; what is anchored is its [`digest`].
    pub body: String,
    pub state: State,
    /// The submitter's own notes.
    pub work: Vec<u8>,
    pub evidence: Option<Vec<u8>>,
    /// Unix seconds.
    pub made_at: u64,
    pub changed_at: u64,
    pub next_at: u64,
    /// Steps that changed nothing since the state last changed, for waiting longer each time.
    pub waits: u32,
    pub said: String,
}

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing has left, or it may have.
    Queued,
    Submitted,
    /// In a block that may still be undone, or, for OpenTimestamps, never: it goes straight on to final.
    Included,
    /// Nothing more will happen. The evidence is whole.
    Final,
    /// Given up, and why.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stored anchor job is damaged: {0}")]
pub struct JobError(&'static str);

impl Job {
    pub fn new(kind: AnchorKind, size: u64, body: String, now: u64) -> Job {
        Job {
            kind,
            size,
            body,
            state: State::Queued,
            work: Vec::new(),
            evidence: None,
            made_at: now,
            changed_at: now,
            next_at: now,
            waits: 0,
            said: String::new(),
        }
    }

    /// What is anchored.
    pub fn digest(&self) -> Hash {
        digest(&self.body)
    }
}
