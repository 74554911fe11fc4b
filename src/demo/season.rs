//! The dates of a story: days of a season in China, the newest one that is over by the time handed in.
//!
//! A story names month, day and hour; which year that is follows from `now`, so that a demonstration started in any
//! year tells of its last season and never of the future. Nothing here reads a clock.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::Offset;

/// The hours that China's time is ahead of UTC; no summer time since 1991.
const CHINA: Offset = Offset::constant(8);

/// A year of a story, counted by the year in which the story ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Season {
    year: i16,
}

impl Season {
    /// The newest season that is over by `now`, for a story whose last day is that month and day.
    pub(super) fn over_by(now: Timestamp, month: i8, day: i8) -> Season {
        let today = in_china(now).date();
        let year = today.year();
        Season { year: if date(year, month, day) < today { year } else { year - 1 } }
    }

    pub(super) fn year(self) -> i16 {
        self.year
    }

    /// The same season, `years` earlier.
    pub(super) fn back(self, years: i16) -> Season {
        Season { year: self.year - years }
    }

    pub(super) fn on(self, month: i8, day: i8) -> Date {
        date(self.year, month, day)
    }

    pub(super) fn at(self, month: i8, day: i8, hour: i8, minute: i8) -> DateTime {
        self.on(month, day).at(hour, minute, 0, 0)
    }
}

/// That moment on China's calendar.
pub(super) fn in_china(time: Timestamp) -> DateTime {
    CHINA.to_datetime(time)
}

/// `2026-06-12T05:30:00+08:00`
pub(super) fn instant(time: DateTime) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S+08:00").to_string()
}

/// `2026-06-12`
pub(super) fn day(date: Date) -> String {
    date.strftime("%Y-%m-%d").to_string()
}

/// Milliseconds since 1970.
pub(super) fn millis(time: DateTime) -> i64 {
    // Stories lie in years that a timestamp holds with room to spare; what does not fit would be of year 9999.
    CHINA.to_timestamp(time).map_or(i64::MAX, |timestamp| timestamp.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_season_is_the_newest_that_is_over() {
        let year = |now: &str| Season::over_by(now.parse().unwrap(), 6, 20).year();
        assert_eq!(year("2026-11-22T13:00:00Z"), 2026);
        assert_eq!(year("2026-06-20T15:59:59Z"), 2025);
        // It is already the 21st in China.
        assert_eq!(year("2026-06-20T16:00:00Z"), 2026);
        assert_eq!(year("2027-01-01T00:00:00Z"), 2026);
    }

    #[test]
    fn times_are_those_of_china() {
        let time = Season { year: 2026 }.at(6, 12, 5, 30);
        assert_eq!(instant(time), "2026-06-12T05:30:00+08:00");
        assert_eq!(day(time.date()), "2026-06-12");
        assert_eq!(millis(time), 1_781_213_400_000);
    }
}
