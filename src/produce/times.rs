//! Three times and the distance between them: when it happened, when it was noted, when the ledger had it.

use crate::statement::time::When;

/// From this on an entry counts as made afterwards (补录).
pub(super) const LATE_AFTER_SECONDS: i64 = 24 * 3_600;

/// A claimed time may run this far ahead of the ledger's clock before the page says so.
pub(super) const AHEAD_AFTER_SECONDS: i64 = 5 * 60;

/// Days are counted on China's calendar, which has one offset all year.
pub const CALENDAR_OFFSET_SECONDS: i64 = 8 * 3_600;

const DAY_SECONDS: i64 = 86_400;

/// How long after it happened the ledger had it; below zero if the claimed time lies ahead of the ledger's clock.
/// Where only the day is known, the day counts as lasting to its end.
pub(super) fn lag_seconds(occurred: &When, at: i64) -> i64 {
    let at = at.div_euclid(1_000);
    match occurred {
        When::Instant(instant) => at - instant.unix_seconds(),
        When::Date(date) => {
            let start = date.days() * DAY_SECONDS - CALENDAR_OFFSET_SECONDS;
            if at < start { at - start } else { (at - start - DAY_SECONDS).max(0) }
        }
    }
}

/// The moment in milliseconds; of a day, its last second.
pub fn end_of(when: &When) -> i64 {
    let seconds = match when {
        When::Instant(instant) => instant.unix_seconds(),
        When::Date(date) => (date.days() + 1) * DAY_SECONDS - CALENDAR_OFFSET_SECONDS - 1,
    };
    seconds.saturating_mul(1_000)
}

/// The day, counted from 1970-01-01, on which a moment (in milliseconds) falls.
pub(super) fn day_of(ms: i64) -> i64 {
    (ms.div_euclid(1_000) + CALENDAR_OFFSET_SECONDS).div_euclid(DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag(occurred: &str, at: &str) -> i64 {
        let When::Instant(at) = at.parse().unwrap() else { panic!("{at} is a date") };
        lag_seconds(&occurred.parse().unwrap(), at.unix_seconds() * 1_000)
    }

    #[test]
    fn a_day_lasts_to_its_end_and_no_longer() {
        assert_eq!(lag("2026-06-13T05:00:00+08:00", "2026-06-13T06:00:00+08:00"), 3_600);
        assert_eq!(lag("2026-06-13T07:00:00+08:00", "2026-06-13T06:00:00+08:00"), -3_600);
        assert_eq!(lag("2026-06-13", "2026-06-13T00:00:00+08:00"), 0);
        assert_eq!(lag("2026-06-13", "2026-06-14T00:00:00+08:00"), 0);
        assert_eq!(lag("2026-06-13", "2026-06-14T01:00:00+08:00"), 3_600);
        assert_eq!(lag("2026-06-13", "2026-06-12T23:00:00+08:00"), -3_600);
    }

    #[test]
    fn days_change_at_midnight_in_china() {
        let day = |text: &str| match text.parse().unwrap() {
            When::Instant(at) => day_of(at.unix_seconds() * 1_000),
            When::Date(date) => date.days(),
        };
        assert_eq!(day("2026-06-12T23:59:59+08:00"), day("2026-06-12"));
        assert_eq!(day("2026-06-12T16:00:00Z"), day("2026-06-13"));
    }
}
