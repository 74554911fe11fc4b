//! A copy that keeps following while it is served, and that others may ask to vouch for a checkpoint.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::evidence;
use super::fetch::Fetcher;
use super::follower::{FollowError, Follower, Moved, Terms};
use super::tiles::Tiles;
use super::wrong::Wrong;
use crate::note::signed_note::SignedNote;
use crate::publish::Cosigned;
use crate::sequencer::LedgerHandle;

/// How long one request to vouch may take; the next goes on from there.
const VOUCH_TIME: Duration = Duration::from_secs(4);

/// A mirror at work. Clone it freely.
#[derive(Clone)]
pub struct Mirror(Arc<Core>);

struct Core {
    source: Fetcher,
    follower: Mutex<Follower>,
    ledger: LedgerHandle,
    cosigned: Option<Arc<Cosigned>>,
    evidence: PathBuf,
    state: Mutex<State>,
    told: Condvar,
}

#[derive(Default)]
struct State {
    stopped: bool,
    /// Why it stands still.
    wrong: Option<String>,
    /// The log itself has signed what is wrong: nothing of it is followed any more.
    for_good: bool,
    /// The last trouble that passes, so that it is told once.
    trouble: Option<String>,
}

/// Why a checkpoint is not vouched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotVouched {
    NotYet { at: u64, size: u64 },
    Unreadable(String),
    Wrong(String),
}

impl Mirror {
    pub fn new(
        source: Fetcher,
        follower: Follower,
        ledger: LedgerHandle,
        cosigned: Option<Arc<Cosigned>>,
        evidence: PathBuf,
    ) -> Mirror {
        let (follower, state) = (Mutex::new(follower), Mutex::default());
        Mirror(Arc::new(Core { source, follower, ledger, cosigned, evidence, state, told: Condvar::new() }))
    }

    /// Follows until it is stopped, asking for the newest checkpoint this often.
    pub fn run(&self, interval: Duration) {
        loop {
            self.0.round();
            let due = Instant::now() + interval;
            let mut state = self.0.state();
            loop {
                let left = due.saturating_duration_since(Instant::now());
                if state.stopped {
                    return;
                }
                if left.is_zero() {
                    break;
                }
                state = self.0.told.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }

    pub fn stop(&self) {
        self.0.state().stopped = true;
        self.0.told.notify_all();
    }

    /// Why it stands still, if it does.
    pub fn wrong(&self) -> Option<String> {
        self.0.state().wrong.clone()
    }

    /// That everything under this checkpoint has gone through the rules, here, whoever else has seen it. Blocks.
    pub fn vouch(&self, note: &SignedNote) -> Result<(), NotVouched> {
        self.0.vouch(note)
    }
}

impl Core {
    fn state(&self) -> MutexGuard<'_, State> {
        // Plain values, whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn round(&self) {
        if self.state().for_good {
            return;
        }
        let note = match Tiles::new(&self.source).checkpoint() {
            Ok(note) => note,
            Err(error) => return self.trouble(&error.to_string()),
        };
        let mut follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = || self.state().stopped;
        let terms = &mut Terms { watch: &mut (), enough: &enough, witnessed: true };
        let moved = follower.follow(&Tiles::new(&self.source), &note, terms);
        self.heard(&follower, moved, &note);
    }

    fn vouch(&self, note: &SignedNote) -> Result<(), NotVouched> {
        let standing =
            Some(self.state()).filter(|state| state.for_good).and_then(|state| state.wrong.clone());
        if let Some(why) = standing {
            return Err(NotVouched::Wrong(why));
        }
        let mut follower = match self.follower.try_lock() {
            Ok(follower) => follower,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let at = self.ledger.published().size;
                return Err(NotVouched::NotYet { at, size: at });
            }
        };
        let until = Instant::now() + VOUCH_TIME;
        let enough = || Instant::now() > until || self.state().stopped;
        let terms = &mut Terms { watch: &mut (), enough: &enough, witnessed: false };
        let text = note.to_string();
        let moved = follower.follow(&Tiles::new(&self.source), text.as_bytes(), terms);
        let answer = match &moved {
            Ok(Moved::Older { size }) => match follower.ends_with_map(*size) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    Err(NotVouched::Wrong("the checkpoint does not end with a map record".to_owned()))
                }
                Err(error) => Err(NotVouched::Unreadable(error.to_string())),
            },
            Ok(_) => Ok(()),
            Err(FollowError::OutOfTime { at, size }) => Err(NotVouched::NotYet { at: *at, size: *size }),
            Err(FollowError::Wrong(wrong)) if wrong.kind.is_signed() => {
                Err(NotVouched::Wrong(wrong.to_string()))
            }
            Err(error) => Err(NotVouched::Unreadable(error.to_string())),
        };
        self.heard(&follower, moved, text.as_bytes());
        answer
    }

    /// Takes to heart what came of a checkpoint.
    fn heard(&self, follower: &Follower, moved: Result<Moved, FollowError>, note: &[u8]) {
        match moved {
            Ok(moved) => {
                if let Moved::Grown { from, to } = moved {
                    tracing::info!(from, to, "followed the log to {to} entries");
                }
                self.take_lines(note);
                let older = match moved {
                    Moved::Older { size } => {
                        Some(format!("the source shows the log as of {size} entries only"))
                    }
                    _ => None,
                };
                if let Some(older) = &older {
                    self.trouble(older);
                }
                let mut state = self.state();
                state.trouble = older;
                if state.wrong.take().is_some() {
                    tracing::info!("the copy goes on");
                    self.ledger.mirror_stands_still(None);
                }
            }
            Err(FollowError::OutOfTime { .. }) => {}
            Err(FollowError::Waiting(why)) => self.trouble(&why),
            Err(FollowError::Unreadable(error)) => self.trouble(&error.to_string()),
            Err(FollowError::Wrong(wrong)) => self.stand_still(follower, &wrong),
            Err(FollowError::Broken(why)) => {
                tracing::error!(%why, "the copy cannot be written");
                self.stop_for(why, true);
            }
        }
    }

    fn stand_still(&self, follower: &Follower, wrong: &Wrong) {
        let kind = wrong.kind.name();
        if self.state().wrong.as_deref() != Some(&wrong.why) {
            match evidence::keep(&self.evidence, wrong, follower.held()) {
                Ok(path) => {
                    tracing::error!(kind, why = %wrong, evidence = %path.display(), "the copy stands still");
                }
                Err(error) => {
                    tracing::error!(kind, why = %wrong, %error, "the copy stands still; the evidence cannot be written");
                }
            }
        }
        self.stop_for(wrong.why.clone(), wrong.kind.is_signed());
    }

    fn stop_for(&self, why: String, for_good: bool) {
        self.ledger.mirror_stands_still(Some(why.clone()));
        let mut state = self.state();
        state.wrong = Some(why);
        state.for_good |= for_good;
    }

    /// What may pass. Told when it begins.
    fn trouble(&self, why: &str) {
        let mut state = self.state();
        if state.trouble.as_deref() != Some(why) {
            tracing::warn!(%why, "the log cannot be followed just now");
            state.trouble = Some(why.to_owned());
        }
    }

    /// What witnesses have signed of a checkpoint that is held.
    fn take_lines(&self, note: &[u8]) {
        let Some(cosigned) = &self.cosigned else { return };
        let taken = match SignedNote::parse(note) {
            Ok(note) => cosigned.take(&note).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = taken {
            tracing::warn!(%why, "the witnesses' lines of a checkpoint cannot be kept");
        }
    }
}

/// What is followed the first time, before there is anything to serve: the whole way to the newest checkpoint, or where
/// nobody need have cosigned it, to the newest that was signed.
pub fn catch_up(
    follower: &mut Follower,
    source: &Fetcher,
    terms: &mut Terms<'_>,
) -> Result<Moved, FollowError> {
    let tiles = Tiles::new(source);
    let note = match terms.witnessed {
        true => tiles.checkpoint(),
        false => tiles.latest(),
    };
    follower.follow(&tiles, &note?, terms)
}
