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
    /// Something failed while writing; what the disk holds is checked when the ledger is opened again, and by nothing
    /// that stays open: after a sync that failed, what is read back may never have reached the disk.
    #[error("the ledger stopped and must be started again: {0}")]
    Failed(String),
    /// Something failed before anything was written. What the disk holds is read anew, with all checks of opening, until
    /// that succeeds.
    #[error("the ledger halted and reads its disk anew: {0}")]
    Halted(String),
    /// Somebody else's ledger, copied: its own service takes statements.
    #[error("this is a copy of the ledger at {of}: send statements there")]
    Mirror { of: Box<str> },
    /// The same, and what was read last does not go with what is held: the copy stays as it is.
    #[error("this copy of the ledger at {of} stands still: {why}")]
    MirrorStopped { of: Box<str>, why: Box<str> },
    #[error("the ledger was opened without the log's key")]
    NoKey,
    /// Goes away when there is room.
    #[error("{} MiB are free on the disk, and the ledger takes nothing below {} MiB: make room", .free >> 20, .stop >> 20)]
    NoRoom { free: u64, stop: u64 },
    #[error("the ledger names the log key {named}, which is not the one that was given")]
    OtherKey { named: String },
    /// Somebody outside has seen more of this log, or another history of it.
    #[error("this is not the newest state of the ledger: {0}; compare and refill it with `suyuan resume`")]
    Outside(String),
    #[error("a repair was begun and not finished: `suyuan fsck --repair`")]
    Repairing,
    #[error("the ledger was restored from a backup and waits for `suyuan resume`")]
    Restored,
    #[error("the ledger is shutting down")]
    ShutDown,
}
