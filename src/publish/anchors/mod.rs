//! Brings checkpoints to where they are anchored, and keeps what comes back: never on the way of a statement.
//!
//! One worker thread. Every step is written down before the next one: what is about to be sent is stored first, so that a
//! crash between sending and storing finds its own submission again and sends the same bytes once more.

mod bitcoin;
mod book;
pub mod evm;
mod exchange;
mod job;
mod opentimestamps;
mod rfc3161;
mod worker;

pub use bitcoin::{NodeSettings, header_at};
pub use book::{AnchorBook, BookError};
pub use job::{Job, JobError, State};
pub use opentimestamps::{CalendarSettings, Calendars, CalendarsError};
pub use rfc3161::{Authority, AuthoritySettings};
pub use worker::{Anchoring, Plan, Worker};

use crate::anchor::AnchorKind;

/// One place to anchor at: the half that talks to the network. The other half, judging, is in [`crate::anchor`].
pub trait Submit: Send {
    fn kind(&self) -> AnchorKind;

    /// Whether the next checkpoint waits until this one is done: where places in a queue (nonces) are given out.
    fn one_at_a_time(&self) -> bool;

    /// Moves a job on by one step. What it returns is on the disk before the job is stepped again, so a step that sends
    /// something sends only what an earlier step has put into [`Job::work`]: after a crash it is sent again, the same
    /// bytes. Blocks for one exchange or a few; answers of any size, slowness or nonsense are a step that waits.
    fn step(&mut self, job: &Job, now: u64) -> Step;
}

/// What becomes of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub state: State,
    /// The submitter's own notes: its version and form are its own.
    pub work: Vec<u8>,
    /// As it stands in bundles and files of this kind; none: there is nothing to show yet.
    pub evidence: Option<Vec<u8>>,
    /// When to step it again, in Unix seconds.
    pub next_at: u64,
    /// What happened, for people who look: one sentence, may be empty.
    pub said: String,
}

impl Step {
    /// The job as it is, to be tried again then.
    pub fn wait(job: &Job, next_at: u64, said: impl Into<String>) -> Step {
        Step {
            state: job.state.clone(),
            work: job.work.clone(),
            evidence: job.evidence.clone(),
            next_at,
            said: said.into(),
        }
    }
}
