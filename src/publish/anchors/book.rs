//! The anchor jobs of a log: on the disk for the next start, and which there are in memory for readers.
//!
//! Store: `a/` ‖ size u64 big-endian ‖ kind u8 ‖ attempt u16 big-endian, the job as [`Job::to_bytes`] has it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::job::{Job, JobError, State, code};
use crate::anchor::{AnchorKind, Told, Verdict, judge};
use crate::ledger::{FactsError, Reader};
use crate::merkle::tree::root_at;
use crate::note::checkpoint::Checkpoint;
use crate::sequencer::Aside;
use crate::store::{Batch, KeyRange, Read, Snapshot, StoreError};
use crate::verify::bundle::AnchorSlot;

const JOBS: &[u8] = b"a/";

/// Shared: the worker writes, whoever answers requests reads.
pub struct AnchorBook {
    aside: Aside,
    /// Held while a job is written down.
    writing: Mutex<()>,
    index: RwLock<Arc<Index>>,
}

/// Size, kind, attempt.
type Place = (u64, AnchorKind, u16);
type Index = BTreeMap<Place, Brief>;

/// What is known of a job without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Brief {
    is_open: bool,
    is_final: bool,
    has_evidence: bool,
    made_at: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error(transparent)]
    Job(#[from] JobError),
    #[error("a checkpoint of {size} entries cannot be anchored: the log has {entries}")]
    LargerThanTheLog { size: u64, entries: u64 },
    #[error(
        "ALARM: a checkpoint of {size} entries was anchored that is not this log's: two histories of one size"
    )]
    OtherHistory { size: u64 },
    #[error("what would be anchored is no checkpoint: {0}")]
    NotACheckpoint(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AnchorBook {
    /// Takes up what an earlier start has kept. A job about another history than the log's is an alarm, not an error: the
    /// evidence of it stays where it is.
    pub fn open(aside: Aside, reader: &Reader<Snapshot>, entries: u64) -> Result<AnchorBook, BookError> {
        let mut index = Index::new();
        for pair in aside.scan(&KeyRange::prefix(JOBS)) {
            let (_, bytes) = pair?;
            let job = Job::from_bytes(&bytes)?;
            if let Err(problem) = is_of(&job.body, job.size, reader, entries) {
                tracing::error!(size = job.size, kind = job.kind.as_str(), "{problem}");
            }
            index.insert(place(&job), Brief::of(&job));
        }
        Ok(AnchorBook { aside, writing: Mutex::new(()), index: RwLock::new(Arc::new(index)) })
    }

    /// Writes a new job down for this checkpoint, if it is the log's.
    pub fn begin(
        &self,
        kind: AnchorKind,
        checkpoint_body: &str,
        reader: &Reader<Snapshot>,
        entries: u64,
        now: u64,
    ) -> Result<Job, BookError> {
        let checkpoint: Checkpoint =
            checkpoint_body.parse().map_err(|error| BookError::NotACheckpoint(format!("{error}")))?;
        let size = checkpoint.size;
        is_of(checkpoint_body, size, reader, entries)?;
        let mine = |place: &&Place| (place.0, place.1) == (size, kind);
        let attempt = self.index().keys().filter(mine).map(|place| place.2.saturating_add(1)).max();
        let job = Job::new(kind, size, attempt.unwrap_or(0), checkpoint_body.to_owned(), now);
        self.keep(&job)?;
        Ok(job)
    }

    /// Writes a job down, synced, before anybody sees it.
    pub fn keep(&self, job: &Job) -> Result<(), BookError> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = Batch::default();
        batch.put(key(place(job)), job.to_bytes());
        self.aside.write(batch)?;
        let mut next = Index::clone(&self.index());
        next.insert(place(job), Brief::of(job));
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(())
    }

    /// Those that are not done, of one kind, the oldest first.
    pub fn open_jobs(&self, kind: AnchorKind) -> Result<Vec<Job>, BookError> {
        let index = self.index();
        let mine = index.iter().filter(|(place, brief)| place.1 == kind && brief.is_open);
        mine.map(|(place, _)| self.read(*place)).collect()
    }

    /// Every job at a checkpoint, by kind, then by attempt.
    pub fn at(&self, size: u64) -> Result<Vec<Job>, BookError> {
        let index = self.index();
        let first = (size, AnchorKind::EvmCalldata, 0);
        let here = index.range(first..).take_while(|(place, _)| place.0 == size);
        here.map(|(place, _)| self.read(*place)).collect()
    }

    /// For each kind the job that tells most about the first `covered` entries, of those at checkpoints of up to `limit`
    /// entries: finished, the first that covers them all, which has the earliest time; failing that, one on its way that
    /// covers them; failing that, the newest finished one, which covers what came before it.
    pub fn for_entries(&self, covered: u64, limit: u64) -> Result<Vec<Job>, BookError> {
        let index = self.index();
        let shown = |kind: AnchorKind| {
            let mine = || {
                let here = index.range(..=(limit, AnchorKind::Rfc3161, u16::MAX));
                here.filter(move |(place, brief)| place.1 == kind && brief.has_evidence)
            };
            let covers = |place: &Place| place.0 >= covered;
            let first_final = mine().find(|(place, brief)| covers(place) && brief.is_final);
            let pending = || mine().find(|(place, brief)| covers(place) && brief.is_open);
            let newest_final = || mine().rfind(|(_, brief)| brief.is_final);
            first_final.or_else(newest_final).or_else(pending).map(|(place, _)| *place)
        };
        AnchorKind::ALL.into_iter().filter_map(shown).map(|place| self.read(place)).collect()
    }

    /// What a bundle shows of its first `covered` entries, each with the size of its checkpoint. What can be seen to be
    /// no evidence is left out: it would only get the bundle refused.
    pub fn slots(&self, covered: u64, limit: u64, told: &Told) -> Result<Vec<AnchorSlot>, BookError> {
        let jobs = self.for_entries(covered, limit)?;
        let slot = |job: &Job| {
            let (slot, evidence) = (job.slot()?, job.evidence.as_ref()?);
            let finding = judge(&slot.kind, slot.version, evidence, &job.body, told);
            let Verdict::Failed(problem) = finding.verdict else { return Some(slot) };
            let (size, kind) = (job.size, job.kind.as_str());
            tracing::error!(size, kind, "the anchor of {size} entries by {kind} is no evidence: {problem}");
            None
        };
        Ok(jobs.iter().filter_map(slot).collect())
    }

    /// Each kind that has a finished job, and entries of the newest checkpoint of them.
    pub fn finished(&self) -> Vec<(&'static str, u64)> {
        let index = self.index();
        let newest = |kind: AnchorKind| {
            let mut mine = index.iter().filter(|(place, brief)| place.1 == kind && brief.is_final);
            mine.next_back().map(|(place, _)| (kind.as_str(), place.0))
        };
        AnchorKind::ALL.into_iter().filter_map(newest).collect()
    }

    /// The newest job of a kind that has not failed: its checkpoint's size, and when it was made.
    pub(super) fn newest(&self, kind: AnchorKind) -> Option<(u64, u64)> {
        let index = self.index();
        let alive = |(place, brief): &(&Place, &Brief)| place.1 == kind && (brief.is_open || brief.is_final);
        index.iter().rfind(alive).map(|(place, brief)| (place.0, brief.made_at))
    }

    /// When a job of this kind was made last, whatever became of it.
    pub(super) fn last_made(&self, kind: AnchorKind) -> Option<u64> {
        let index = self.index();
        index.iter().filter(|(place, _)| place.1 == kind).map(|(_, brief)| brief.made_at).max()
    }

    /// Sizes of checkpoints that have a job, the newest first.
    pub fn sizes(&self) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.index().keys().map(|place| place.0).collect();
        sizes.dedup();
        sizes.reverse();
        sizes
    }

    fn read(&self, place: Place) -> Result<Job, BookError> {
        let bytes = self.aside.get(&key(place))?.ok_or(JobError::MISSING)?;
        Ok(Job::from_bytes(&bytes)?)
    }

    fn index(&self) -> Arc<Index> {
        // Replaced whole, so a panic of a writer leaves what was there.
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Brief {
    fn of(job: &Job) -> Brief {
        Brief {
            is_open: job.is_open(),
            is_final: job.state == State::Final,
            has_evidence: job.evidence.is_some(),
            made_at: job.made_at,
        }
    }
}

fn place(job: &Job) -> Place {
    (job.size, job.kind, job.attempt)
}

fn key((size, kind, attempt): Place) -> Vec<u8> {
    [JOBS, &size.to_be_bytes(), &[code(kind)], &attempt.to_be_bytes()].concat()
}

/// That the body is the checkpoint of this log at this size.
fn is_of(body: &str, size: u64, reader: &Reader<Snapshot>, entries: u64) -> Result<(), BookError> {
    let checkpoint: Checkpoint =
        body.parse().map_err(|error| BookError::NotACheckpoint(format!("{error}")))?;
    if size > entries || checkpoint.size != size {
        return Err(BookError::LargerThanTheLog { size, entries });
    }
    match root_at(reader, size)? == checkpoint.root {
        true => Ok(()),
        false => Err(BookError::OtherHistory { size }),
    }
}
