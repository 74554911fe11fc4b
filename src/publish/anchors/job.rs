//! One checkpoint on its way into one anchor, and how that is stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Step;
use crate::anchor::{AnchorKind, digest};
use crate::merkle::Hash;
use crate::verify::bundle::AnchorSlot;

/// A job as it stands on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub kind: AnchorKind,
    /// Entries of the checkpoint.
    pub size: u64,
    /// Which try of this kind at this checkpoint: from 0 on.
    pub attempt: u16,
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
    /// Steps since the state last changed, for waiting longer each time.
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

impl JobError {
    pub(super) const MISSING: JobError = JobError("it is listed and not there");
}

impl State {
    /// Its name, in JSON and in log lines.
    pub fn as_str(&self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Submitted => "submitted",
            State::Included => "included",
            State::Final => "final",
            State::Failed(_) => "failed",
        }
    }
}

impl Job {
    pub fn new(kind: AnchorKind, size: u64, attempt: u16, body: String, now: u64) -> Job {
        Job {
            kind,
            size,
            attempt,
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

    /// As it stands in a bundle, if there is anything to show.
    pub fn slot(&self) -> Option<AnchorSlot> {
        let evidence = STANDARD.encode(self.evidence.as_ref()?);
        Some(AnchorSlot { kind: self.kind.as_str().to_owned(), version: 1, size: self.size, evidence })
    }

    /// Whether anything more is to happen.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Final | State::Failed(_))
    }

    /// The job after a step.
    pub(super) fn stepped(&self, step: Step, now: u64) -> Job {
        let moved = step.state != self.state;
        Job {
            changed_at: if moved { now } else { self.changed_at },
            waits: if moved { 0 } else { self.waits.saturating_add(1) },
            state: step.state,
            work: step.work,
            evidence: step.evidence,
            next_at: step.next_at,
            said: step.said,
            ..self.clone()
        }
    }

    /// Stored form, version 1: ten numbers, big-endian, then texts and bytes, each with its length as u32.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, code(self.kind)];
        out.extend(self.size.to_be_bytes());
        out.extend(self.attempt.to_be_bytes());
        for time in [self.made_at, self.changed_at, self.next_at] {
            out.extend(time.to_be_bytes());
        }
        out.extend(self.waits.to_be_bytes());
        let (state, why) = match &self.state {
            State::Queued => (0, ""),
            State::Submitted => (1, ""),
            State::Included => (2, ""),
            State::Final => (3, ""),
            State::Failed(why) => (4, why.as_str()),
        };
        out.extend([state, u8::from(self.evidence.is_some())]);
        let evidence = self.evidence.as_deref().unwrap_or_default();
        for part in [why.as_bytes(), self.body.as_bytes(), &self.work, evidence, self.said.as_bytes()] {
            out.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend(part);
        }
        out
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Job, JobError> {
        let mut rest = bytes;
        if rest.first() != Some(&VERSION) {
            return Err(JobError("it is of a version that this program does not know"));
        }
        let [_, kind] = take::<2>(&mut rest)?;
        let size = u64::from_be_bytes(take(&mut rest)?);
        let attempt = u16::from_be_bytes(take(&mut rest)?);
        let made_at = u64::from_be_bytes(take(&mut rest)?);
        let changed_at = u64::from_be_bytes(take(&mut rest)?);
        let next_at = u64::from_be_bytes(take(&mut rest)?);
        let waits = u32::from_be_bytes(take(&mut rest)?);
        let [state, has_evidence] = take::<2>(&mut rest)?;
        let why = text(part(&mut rest)?)?;
        let body = text(part(&mut rest)?)?;
        let work = part(&mut rest)?.to_vec();
        let evidence = part(&mut rest)?.to_vec();
        let said = text(part(&mut rest)?)?;
        let state = match state {
            0 => State::Queued,
            1 => State::Submitted,
            2 => State::Included,
            3 => State::Final,
            4 => State::Failed(why.clone()),
            _ => return Err(JobError("its state is none")),
        };
        let evidence = match has_evidence {
            0 if evidence.is_empty() => None,
            1 => Some(evidence),
            _ => return Err(JobError("it has evidence and says that it has none")),
        };
        if !rest.is_empty() || (!why.is_empty() && !matches!(state, State::Failed(_))) {
            return Err(JobError("it has more than a job has"));
        }
        let kind = AnchorKind::ALL.into_iter().find(|known| code(*known) == kind);
        let kind = kind.ok_or(JobError("its kind is none"))?;
        Ok(Job {
            kind,
            size,
            attempt,
            body,
            state,
            work,
            evidence,
            made_at,
            changed_at,
            next_at,
            waits,
            said,
        })
    }
}

const VERSION: u8 = 1;

/// Of a kind, in keys and in stored jobs.
pub(super) fn code(kind: AnchorKind) -> u8 {
    match kind {
        AnchorKind::EvmCalldata => 1,
        AnchorKind::EvmLog => 2,
        AnchorKind::OpenTimestamps => 3,
        AnchorKind::Rfc3161 => 4,
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], JobError> {
    let (taken, left) = rest.split_first_chunk::<N>().ok_or(JobError("it ends too early"))?;
    *rest = left;
    Ok(*taken)
}

fn part<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], JobError> {
    let length = u32::from_be_bytes(take(rest)?) as usize;
    let (taken, left) = rest.split_at_checked(length).ok_or(JobError("it ends too early"))?;
    *rest = left;
    Ok(taken)
}

fn text(bytes: &[u8]) -> Result<String, JobError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| JobError("a text in it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs() -> Vec<Job> {
        let states = [
            State::Queued,
            State::Submitted,
            State::Included,
            State::Final,
            State::Failed("no money".to_owned()),
        ];
        let new = |(n, state): (usize, State)| {
            let kind = AnchorKind::ALL[n % AnchorKind::ALL.len()];
            let job =
                Job::new(kind, 7 + n as u64, n as u16, "log.example\n7\nroot\n".to_owned(), 1_700_000_000);
            let evidence = (n % 2 == 0).then(|| vec![n as u8; n]);
            Job { state, work: vec![9; n], evidence, waits: 3, said: "一句话".to_owned(), ..job }
        };
        states.into_iter().enumerate().map(new).collect()
    }

    #[test]
    fn a_job_comes_back_as_it_was_stored() {
        for job in jobs() {
            assert_eq!(Job::from_bytes(&job.to_bytes()), Ok(job));
        }
    }

    #[test]
    fn the_stored_bytes_stay_what_they_are() {
        let bytes = jobs()[4].to_bytes();
        assert_eq!(
            hex::encode(bytes),
            concat!(
                "0101000000000000000b0004000000006553f100000000006553f100000000006553f10000000003",
                "0401000000086e6f206d6f6e6579000000136c6f672e6578616d706c650a370a726f6f740a",
                "0000000409090909000000040404040400000009e4b880e58fa5e8af9d"
            )
        );
    }

    #[test]
    fn what_is_cut_off_or_runs_on_is_no_job() {
        for job in jobs() {
            let mut bytes = job.to_bytes();
            for end in 0..bytes.len() {
                assert!(Job::from_bytes(&bytes[..end]).is_err(), "{end} of {}", bytes.len());
            }
            bytes.push(0);
            assert!(Job::from_bytes(&bytes).is_err());
        }
    }
}
