//! Starting and stopping the feeds, and the checkpoint that all of them are at.

use std::convert::Infallible;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::cosigned::{Cosigned, CosignedError, Witnessed};
use super::exchange::Exchange;
use super::feed::Feed;
use crate::merkle::proof::consistency_path;
use crate::note::add_checkpoint::AddCheckpoint;
use crate::note::signed_note::{SignedNote, parse_signatures};
use crate::sequencer::LedgerHandle;

/// How often witnesses are bothered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From one checkpoint to the next.
    pub between: Duration,
    /// How long a checkpoint waits for enough cosignatures before a newer one takes its place.
    pub patience: Duration,
    /// After so long without a new checkpoint the last one is submitted again, for a newer time.
    pub idle: Duration,
    /// The first wait after a failure; it doubles up to the last.
    pub backoff_first: Duration,
    pub backoff_max: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            between: Duration::from_secs(1),
            patience: Duration::from_secs(10),
            idle: Duration::from_secs(600),
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_secs(300),
        }
    }
}

/// How far a witness's clock may run ahead of ours and still be believed: as verifiers have it.
const AHEAD_SECS_MAX: u64 = 300;

/// The latest time, in Unix seconds, that a clock may show now.
pub fn not_ahead() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs().saturating_add(AHEAD_SECS_MAX)
}

/// The feeds of all witnesses that have an address.
pub struct Publisher {
    core: Arc<Core>,
    /// Ends with the core.
    end: Receiver<Infallible>,
    stop: Arc<Stop>,
}

/// What the feeds share. They hold it only between requests, so that one that waits for a witness keeps no ledger open.
pub(super) struct Core {
    ledger: LedgerHandle,
    pub(super) cosigned: Arc<Cosigned>,
    pub(super) pace: Pace,
    current: Mutex<Option<(Arc<Target>, Instant)>>,
    /// Dropped last, when the ledger is let go.
    _end: Sender<Infallible>,
}

/// A checkpoint to be cosigned.
pub(super) struct Target {
    pub(super) size: u64,
    pub(super) note: SignedNote,
}

#[derive(Default)]
pub(super) struct Stop {
    stopped: Mutex<bool>,
    told: Condvar,
}

impl Publisher {
    pub fn start(ledger: LedgerHandle, cosigned: Arc<Cosigned>, pace: Pace) -> std::io::Result<Publisher> {
        let stop = Arc::new(Stop::default());
        let (_end, end) = mpsc::channel();
        let current = Mutex::new(None);
        let core = Arc::new(Core { ledger, cosigned: cosigned.clone(), pace, current, _end });
        for (place, witness) in cosigned.policy().witnesses().iter().enumerate() {
            let Some(url) = &witness.url else { continue };
            let name = String::from_utf8_lossy(&witness.name).into_owned();
            let feed = Feed::new(place, name, Exchange::new(url), Arc::downgrade(&core), stop.clone());
            std::thread::Builder::new().name(format!("witness-{place}")).spawn(move || feed.run())?;
        }
        Ok(Publisher { core, end, stop })
    }

    /// Asks nobody any more. Does not wait for witnesses that have not answered yet: what they say is lost.
    pub fn stop(self) {
        *self.stop.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.told.notify_all();
        // A feed holds the core for the moment that a proof or a write takes; then nobody can take it up again.
        drop(self.core);
        let _ = self.end.recv();
    }
}

impl Stop {
    /// Waits until then, and says whether it was stopped.
    pub(super) fn wait_until(&self, then: Instant) -> bool {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = then.saturating_duration_since(Instant::now());
            if *stopped || left.is_zero() {
                return *stopped;
            }
            stopped = self.told.wait_timeout(stopped, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Core {
    /// The checkpoint that every feed brings to its witness now. It stays until it meets the policy or has been waited
    /// for long enough, so that witnesses at different paces meet on one.
    pub(super) fn target(&self) -> Option<Arc<Target>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let published = self.ledger.published();
        if let Some((target, since)) = &*current {
            let met = || self.cosigned.at(target.size).is_some_and(|kept| kept.meets_policy);
            let aged = since.elapsed();
            let is_done = aged >= self.pace.between && (aged >= self.pace.patience || met());
            if published.size <= target.size || !is_done {
                return Some(target.clone());
            }
        }
        let note = published.checkpoint.clone()?;
        let target = Arc::new(Target { size: published.size, note });
        *current = Some((target.clone(), Instant::now()));
        Some(target)
    }

    /// Entries in the log.
    pub(super) fn size(&self) -> u64 {
        self.ledger.published().size
    }

    /// The body to post: from what the witness is believed to have cosigned last.
    pub(super) fn request(&self, old: u64, target: &Target) -> Result<String, String> {
        let path = match old {
            0 => Vec::new(),
            old => consistency_path(&self.ledger.snapshot(), old, target.size)
                .map_err(|error| format!("no proof from {old} to {}: {error}", target.size))?,
        };
        Ok(AddCheckpoint { old, path, checkpoint: target.note.clone() }.to_string())
    }

    /// Takes what a witness answered: its own lines, if they are good. Whoever else may have signed is left out.
    pub(super) fn take(&self, place: usize, target: &Target, lines: &str) -> Result<(), String> {
        let key = &self.cosigned.policy().witnesses()[place].key;
        let lines = parse_signatures(lines).map_err(|error| format!("no signature lines: {error}"))?;
        let mut newest = None;
        for line in lines {
            if line.name != *key.name() || line.id != key.id() {
                continue;
            }
            let alone = SignedNote::new(target.note.text(), vec![line.clone()]).map_err(|e| e.to_string())?;
            let verified = alone.verify([key]).map_err(|error| error.to_string())?;
            let time = verified.first().and_then(|by| by.time);
            if newest.as_ref().is_none_or(|(known, _)| *known < time) {
                newest = Some((time, line));
            }
        }
        let (time, line) = newest.ok_or("no line of its key among those it answered with")?;
        let known = self.cosigned.at(target.size).filter(|kept| kept.note.text() == target.note.text());
        let known = known.and_then(|kept| kept.time_of(place)).filter(|known| *known <= not_ahead());
        if known > time {
            return Err("an older line than it gave before: is something between us and it?".to_owned());
        }
        let kept = self.cosigned.add(place, &target.note, line);
        let kept = kept.map_err(|error: CosignedError| error.to_string())?;
        if let Some(seconds) = kept.as_ref().and_then(|kept| self.quorum_time(kept)) {
            self.ledger.saw_witness_time(seconds);
        }
        Ok(())
    }

    /// The newest time that enough witnesses for the policy agree has passed: one clock that runs ahead moves nothing.
    fn quorum_time(&self, kept: &Witnessed) -> Option<u64> {
        let policy = self.cosigned.policy();
        if !policy.wants_witnesses() {
            return None;
        }
        let mut times: Vec<u64> = kept.cosigners.iter().map(|(_, time)| *time).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let at_least = |least: u64| {
            policy.is_met_by(|asked| {
                kept.cosigners
                    .iter()
                    .any(|(place, time)| policy.witnesses()[*place] == *asked && *time >= least)
            })
        };
        times.into_iter().find(|time| at_least(*time))
    }
}
