//! Whether the ledger takes statements, and if not, why.

use super::clock::ClockProblem;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    ReadOnly(ReadOnly),
    Writable,
}

/// Why nothing is written. What is proven is read all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadOnly {
    /// Goes away when the clock is right again or an operator confirms it.
    #[error("{0}; set the clock right, or confirm it")]
    Clock(#[from] ClockProblem),
    /// What the disk holds is not what was signed.
    #[error("the disk does not hold what was signed: {0}")]
    Disk(String),
    /// Something failed while writing; what the disk holds is checked when the ledger is opened again.
    #[error("the ledger stopped: {0}")]
    Failed(String),
    /// Somebody else's ledger, copied: its own service takes statements.
    #[error("this is a copy of the ledger at {of}: send statements there")]
    Mirror { of: Box<str> },
    /// The same, and what was read last does not go with what is held: the copy stays as it is.
    #[error("this copy of the ledger at {of} stands still: {why}")]
    MirrorStopped { of: Box<str>, why: Box<str> },
    #[error("the ledger was opened without the log's key")]
    NoKey,
    #[error("the ledger names the log key {named}, which is not the one that was given")]
    OtherKey { named: String },
    #[error("the ledger was restored from a backup and waits for `suyuan resume`")]
    Restored,
    #[error("the ledger is shutting down")]
    ShutDown,
}
