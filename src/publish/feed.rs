//! One witness's thread: brings it the current checkpoint, recovers where the two disagree on what was last, backs off.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::exchange::{Answer, Exchange};
use super::publisher::{Core, Stop, Target};

/// How often a feed looks whether there is something to bring.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Requests for one checkpoint: the first, the one from the size that the witness named, and one to spare.
const TRIES: usize = 3;

pub(super) struct Feed {
    place: usize,
    name: String,
    exchange: Exchange,
    core: Weak<Core>,
    stop: Arc<Stop>,
    /// What the witness is believed to have cosigned last; None: nothing is known, not even from an earlier start.
    old: Option<u64>,
    /// The size and moment of the last success of this start.
    done: Option<(u64, Instant)>,
    failures: u32,
}

/// Why a checkpoint was not cosigned.
struct Setback {
    why: String,
    /// The witness asks to be left alone for so long.
    wait: Option<Duration>,
    /// Somebody has to look at this: it is not a matter of trying again.
    is_alarm: bool,
}

impl Feed {
    pub(super) fn new(
        place: usize,
        name: String,
        exchange: Exchange,
        core: Weak<Core>,
        stop: Arc<Stop>,
    ) -> Feed {
        Feed { place, name, exchange, core, stop, old: None, done: None, failures: 0 }
    }

    /// Until it is stopped or the ledger is gone.
    pub(super) fn run(mut self) {
        let mut due = Instant::now();
        while !self.stop.wait_until(due) {
            due = Instant::now() + LOOK_EVERY;
            let Some(core) = self.core.upgrade() else { return };
            let pace = core.pace;
            let target = core.target().filter(|target| self.is_due(target, pace.idle));
            drop(core);
            let Some(target) = target else { continue };
            match self.submit(&target) {
                Ok(()) => {
                    if self.failures > 0 {
                        tracing::info!(witness = %self.name, "cosigns again");
                    }
                    (self.failures, self.done) = (0, Some((target.size, Instant::now())));
                }
                Err(setback) => {
                    let wait = self.after(&setback, pace.backoff_first, pace.backoff_max);
                    self.tell(setback);
                    due = Instant::now() + wait;
                }
            }
        }
    }

    fn is_due(&self, target: &Target, idle: Duration) -> bool {
        self.done.is_none_or(|(size, when)| size < target.size || when.elapsed() >= idle)
    }

    fn submit(&mut self, target: &Target) -> Result<(), Setback> {
        for _ in 0..TRIES {
            let core = self.core.upgrade().ok_or_else(|| Setback::of("the ledger is closed"))?;
            let known = self.old.get_or_insert_with(|| core.cosigned.last_of(self.place));
            // It may know more than this checkpoint from an earlier start; then it says so.
            let old = if *known > target.size { 0 } else { *known };
            let body = core.request(old, target).map_err(Setback::of)?;
            drop(core);
            match self.exchange.post(&body) {
                Answer::Lines(lines) => {
                    let core = self.core.upgrade().ok_or_else(|| Setback::of("the ledger is closed"))?;
                    core.take(self.place, target, &lines).map_err(Setback::of)?;
                    self.old = Some(target.size);
                    return Ok(());
                }
                Answer::Conflict(Some(size)) if size > target.size => return Err(self.knows_more(size)),
                Answer::Conflict(Some(size)) if size != old => self.old = Some(size),
                // It does not say what it has; from nothing on, most then do.
                Answer::Conflict(None) if old != 0 => self.old = Some(0),
                Answer::Conflict(_) => return Err(self.forget("it names no size that it would go on from")),
                Answer::Busy(wait) => {
                    return Err(Setback { wait, ..Setback::of("it asks to come back later") });
                }
                Answer::Refused(422) => {
                    let why = "it holds another history of this log than this server does";
                    return Err(Setback { is_alarm: true, ..self.forget(why) });
                }
                Answer::Refused(404) => return Err(Setback::of("it does not know this log (404)")),
                Answer::Refused(403) => return Err(Setback::of("it does not know this log's key (403)")),
                Answer::Refused(status) => return Err(self.forget(&format!("it answers {status}"))),
                Answer::Nothing(why) => return Err(Setback::of(why)),
            }
        }
        Err(self.forget("it names another size each time"))
    }

    /// It has cosigned a longer log than this checkpoint: of this server's other life, or of a fork.
    fn knows_more(&mut self, size: u64) -> Setback {
        self.old = Some(size);
        let here = self.core.upgrade().map_or(0, |core| core.size());
        if size <= here {
            return Setback::of(format!(
                "it has cosigned {size} entries already; the next checkpoint will do"
            ));
        }
        let why = format!(
            "it has cosigned {size} entries of this log, and here are {here}: was the disk rolled back?"
        );
        Setback { is_alarm: true, ..Setback::of(why) }
    }

    /// Begins with what is on the disk the next time.
    fn forget(&mut self, why: &str) -> Setback {
        self.old = None;
        Setback::of(why)
    }

    /// How long to leave it alone: as long as it asks for, else longer each time; never in step with others.
    fn after(&mut self, setback: &Setback, first: Duration, max: Duration) -> Duration {
        let doubled = first.saturating_mul(1 << self.failures.min(16)).min(max);
        let wait = match setback.wait {
            // It is working on it, and knows best.
            Some(asked) => asked.max(first).min(max),
            None => {
                self.failures = self.failures.saturating_add(1);
                doubled
            }
        };
        // Between three quarters and five quarters of it.
        let dice = getrandom::u32().unwrap_or(u32::MAX / 2);
        wait.mul_f64(0.75 + f64::from(dice) / f64::from(u32::MAX) * 0.5)
    }

    fn tell(&self, setback: Setback) {
        let Setback { why, is_alarm, .. } = setback;
        // The first of a row; the others say the same.
        if is_alarm {
            tracing::error!(witness = %self.name, %why, "a witness contradicts this ledger");
        } else if self.failures == 1 {
            tracing::warn!(witness = %self.name, %why, "a witness has not cosigned");
        }
        if let Some(core) = self.core.upgrade() {
            core.cosigned.report(self.place, why);
        }
    }
}

impl Setback {
    fn of(why: impl Into<String>) -> Setback {
        Setback { why: why.into(), wait: None, is_alarm: false }
    }
}
