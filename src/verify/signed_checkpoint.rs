//! A checkpoint as a note: signed by the log, and by whichever witnesses have seen it.

use super::report::Status;
use super::trust::Trust;
use crate::note::checkpoint::Checkpoint;
use crate::note::policy::PolicyWitness;
use crate::note::signed_note::SignedNote;

/// A checkpoint that the log of the trust file has signed, and the newest time that each of its witnesses gives.
#[derive(Debug, Clone)]
pub struct SignedCheckpoint {
    pub checkpoint: Checkpoint,
    /// (witness, Unix seconds)
    pub cosigned: Vec<(String, u64)>,
    pub has_quorum: bool,
    /// Places of the cosigners in the policy.
    pub(super) places: Vec<usize>,
}

/// Reads the note and checks the log's signature; a bad signature of a known key condemns it.
pub fn open(note: &str, trust: &Trust) -> Result<SignedCheckpoint, String> {
    let note = SignedNote::parse(note.as_bytes()).map_err(|error| format!("the checkpoint: {error}"))?;
    open_note(&note, trust)
}

pub(super) fn open_note(note: &SignedNote, trust: &Trust) -> Result<SignedCheckpoint, String> {
    let opened = trust.policy.open(note).map_err(|error| format!("the checkpoint: {error}"))?;
    if opened.checkpoint.origin.as_str() != trust.origin {
        return Err(format!("the checkpoint is of {}, not of {}", opened.checkpoint.origin, trust.origin));
    }
    let cosigned =
        opened.cosigners.iter().map(|(witness, time)| (witness.key.name().to_string(), *time)).collect();
    let place = |asked: &PolicyWitness| trust.policy.witnesses().iter().position(|witness| witness == asked);
    let places = opened.cosigners.iter().filter_map(|(witness, _)| place(witness)).collect();
    Ok(SignedCheckpoint { checkpoint: opened.checkpoint, cosigned, has_quorum: opened.has_quorum, places })
}

/// How far a witness's clock may run ahead of the verifier's.
const AHEAD_SECS_MAX: i64 = 300;

impl SignedCheckpoint {
    /// The layers `witnesses` and `freshness`: `now` and `max_age` in seconds.
    pub fn witnessed(&self, trust: &Trust, now: i64, max_age: i64) -> (Status, Status) {
        if !trust.policy.wants_witnesses() {
            let why = "the trust file names no witnesses";
            return (Status::NotChecked(why.into()), Status::NotChecked(why.into()));
        }
        let names: Vec<&str> = self.cosigned.iter().map(|(name, _)| name.as_str()).collect();
        let witnesses = match self.has_quorum {
            true => Status::Ok(format!("cosigned by {}", names.join(", "))),
            false => Status::NotChecked(format!("not enough witnesses have cosigned yet ({})", names.len())),
        };
        let times = self.cosigned.iter().map(|(_, time)| i64::try_from(*time).unwrap_or(i64::MAX));
        // A witness whose clock runs ahead says nothing about now; the others still do.
        let newest = times.filter(|time| time.saturating_sub(now) <= AHEAD_SECS_MAX).max();
        let freshness = match newest {
            None if self.cosigned.is_empty() => Status::NotChecked("no witness has cosigned".into()),
            None => Status::NotChecked("every witness's clock is ahead of ours".into()),
            Some(time) if now.saturating_sub(time) > max_age => Status::NotChecked(format!("as of {time}")),
            Some(time) => Status::Ok(format!("as of {time}")),
        };
        (witnesses, freshness)
    }
}
