//! The ledger's time, and when not to believe it.
//!
//! `at` never falls, so one look at a clock that is far ahead would hold every later record there. The writer
//! therefore stops, until the clock is right again or an operator confirms it: if the clock is well behind the last
//! `at`, or far ahead both of the last `at` plus the time that has passed since and of the newest witness's time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A clock may be set back by this much without stopping the writer; `at` then stands still.
pub const BEHIND_MS_MAX: i64 = 5_000;

pub const AHEAD_MS_MAX: i64 = 3_600_000;

/// Where time comes from; tests bring their own.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970 UTC.
    fn now_ms(&self) -> i64;

    /// Milliseconds since the machine started; nobody sets this clock.
    fn uptime_ms(&self) -> i64;
}

/// The machine's clocks.
pub struct SystemClock {
    /// Uptime when this was made, and the moment of it.
    started: (i64, Instant),
}

impl SystemClock {
    pub fn new() -> SystemClock {
        SystemClock { started: (machine_uptime_ms().unwrap_or(0), Instant::now()) }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        // A clock before 1970 is behind every record: 0 says so.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn uptime_ms(&self) -> i64 {
        let (uptime, moment) = self.started;
        uptime.saturating_add(i64::try_from(moment.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

/// Linux tells how long the machine has been up. Elsewhere it counts from the start of the program, which only asks
/// for confirmation more often.
fn machine_uptime_ms() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some((seconds * 1000.0) as i64)
}

/// Why no `at` is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockProblem {
    #[error("the clock is {} s ahead of what the last record and the witnesses let one expect", by_ms / 1000)]
    Ahead { by_ms: i64 },
    #[error("the clock is {} s behind the last record", by_ms / 1000)]
    Behind { by_ms: i64 },
}

/// Gives each record its `at`.
pub(super) struct Timekeeper {
    /// `at` of the last record.
    last_at: i64,
    /// Machine uptime when the last record was taken; 0 for one taken before this start of the program, as if
    /// it had been taken when the machine started.
    last_uptime: i64,
    /// The operator says that the clock is right although it looks wrong.
    confirmed: bool,
}

impl Timekeeper {
    pub(super) fn new(last_at: i64, confirmed: bool) -> Timekeeper {
        Timekeeper { last_at, last_uptime: 0, confirmed }
    }

    /// The `at` for records taken now. `witness_ms` is the newest time that a witness has signed.
    pub(super) fn at(&mut self, clock: &dyn Clock, witness_ms: i64) -> Result<i64, ClockProblem> {
        let (now, uptime) = (clock.now_ms(), clock.uptime_ms());
        match self.problem(now, uptime, witness_ms) {
            Some(problem) if !self.confirmed => return Err(problem),
            Some(_) => {}
            // Confirmed for what it was, not for what may come.
            None => self.confirmed = false,
        }
        Ok(now.max(self.last_at))
    }

    /// A record with this `at` is in the ledger.
    pub(super) fn taken(&mut self, at: i64, clock: &dyn Clock) {
        self.last_at = at;
        self.last_uptime = clock.uptime_ms();
        // What was confirmed was this time. A clock that is still behind `at` stays confirmed until it has caught up.
        self.confirmed &= clock.now_ms() < at;
    }

    pub(super) fn confirm(&mut self) {
        self.confirmed = true;
    }

    fn problem(&self, now: i64, uptime: i64, witness_ms: i64) -> Option<ClockProblem> {
        let behind = self.last_at.saturating_sub(now);
        if behind > BEHIND_MS_MAX {
            return Some(ClockProblem::Behind { by_ms: behind });
        }
        let expected = self.last_at.saturating_add(uptime.saturating_sub(self.last_uptime)).max(witness_ms);
        let ahead = now.saturating_sub(expected);
        (ahead > AHEAD_MS_MAX).then_some(ClockProblem::Ahead { by_ms: ahead })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct At(i64, i64);

    impl Clock for At {
        fn now_ms(&self) -> i64 {
            self.0
        }

        fn uptime_ms(&self) -> i64 {
            self.1
        }
    }

    const T: i64 = 1_763_800_000_000;
    const NO_WITNESS: i64 = 0;

    #[test]
    fn at_never_falls_and_small_steps_back_are_stood_out() {
        let mut time = Timekeeper::new(T, false);
        assert_eq!(time.at(&At(T + 10, 0), NO_WITNESS), Ok(T + 10));
        assert_eq!(time.at(&At(T - BEHIND_MS_MAX, 0), NO_WITNESS), Ok(T));
        let behind = ClockProblem::Behind { by_ms: BEHIND_MS_MAX + 1 };
        assert_eq!(time.at(&At(T - BEHIND_MS_MAX - 1, 0), NO_WITNESS), Err(behind));
        assert_eq!(time.at(&At(T, 0), NO_WITNESS), Ok(T), "a clock that is right again needs no word");
    }

    #[test]
    fn a_clock_far_ahead_of_the_time_that_passed_stops_the_writer() {
        let mut time = Timekeeper::new(T, false);
        // Up for a day, so a day without records is no wonder.
        let day = 86_400_000;
        assert_eq!(time.at(&At(T + day + AHEAD_MS_MAX, day), NO_WITNESS), Ok(T + day + AHEAD_MS_MAX));
        let ahead = ClockProblem::Ahead { by_ms: AHEAD_MS_MAX + 1 };
        assert_eq!(time.at(&At(T + day + AHEAD_MS_MAX + 1, day), NO_WITNESS), Err(ahead));
        // From the first record of this start on, its own count of time is what counts.
        time.taken(T + day, &At(T + day, day));
        assert_eq!(time.at(&At(T + day + AHEAD_MS_MAX + 1, day), NO_WITNESS), Err(ahead));
        assert_eq!(time.at(&At(T + 2 * day, 2 * day), NO_WITNESS), Ok(T + 2 * day));
    }

    #[test]
    fn a_witness_can_vouch_for_the_time() {
        let mut time = Timekeeper::new(T, false);
        let later = T + 30 * 86_400_000;
        assert!(time.at(&At(later, 1000), NO_WITNESS).is_err());
        assert_eq!(time.at(&At(later, 1000), later - AHEAD_MS_MAX), Ok(later));
        assert!(time.at(&At(later, 1000), later - AHEAD_MS_MAX - 1).is_err());
    }

    #[test]
    fn a_confirmation_holds_for_this_problem_only() {
        let mut time = Timekeeper::new(T, false);
        let later = T + 30 * 86_400_000;
        time.confirm();
        assert_eq!(time.at(&At(later, 1000), NO_WITNESS), Ok(later));
        time.taken(later, &At(later, 1000));
        assert_eq!(time.at(&At(later + 5, 1005), NO_WITNESS), Ok(later + 5));
        assert!(
            time.at(&At(T, 1010), NO_WITNESS).is_err(),
            "it was confirmed that the clock was right, not wrong"
        );
        // Behind: `at` stands still until the clock has caught up.
        time.confirm();
        assert_eq!(time.at(&At(T, 1010), NO_WITNESS), Ok(later));
        assert_eq!(time.at(&At(T + 100, 1110), NO_WITNESS), Ok(later));
        assert_eq!(time.at(&At(later + 100, 1200), NO_WITNESS), Ok(later + 100));
        assert!(time.at(&At(T, 1300), NO_WITNESS).is_err());
    }

    #[test]
    fn the_machines_clocks_go_forward() {
        let clock = SystemClock::new();
        let (now, uptime) = (clock.now_ms(), clock.uptime_ms());
        assert!(now > T && uptime >= 0);
        assert!(clock.uptime_ms() >= uptime);
    }
}
