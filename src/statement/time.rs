//! Claimed times: instants with their offset, and plain dates. Text in, numbers out; nothing here knows what time it is.

use std::fmt;
use std::str::FromStr;

/// `YYYY-MM-DDThh:mm:ss(Z|±hh:mm)`, kept as the signer wrote it. Two spellings of one moment are not equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Instant {
    text: String,
    date: Date,
    unix_seconds: i64,
}

/// `YYYY-MM-DD`: a day on the signer's calendar, of 1970 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// When something happened: to the second, or to the day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum When {
    Date(Date),
    Instant(Instant),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an instant is YYYY-MM-DDThh:mm:ss with Z or an offset like +08:00, on a real day of 1970 to 9999")]
pub struct ParseInstantError;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a date is YYYY-MM-DD, a real day of 1970 to 9999")]
pub struct ParseDateError;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time is a date (YYYY-MM-DD) or an instant (YYYY-MM-DDThh:mm:ss with Z or an offset like +08:00)")]
pub struct ParseWhenError;

const OFFSET_MINUTES_MAX: i64 = 14 * 60;

impl Instant {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Seconds since 1970-01-01T00:00:00Z; a little below zero for the first hours of 1970 east of Greenwich.
    pub fn unix_seconds(&self) -> i64 {
        self.unix_seconds
    }

    /// The day on the signer's own calendar, as written.
    pub fn date(&self) -> Date {
        self.date
    }
}

impl Date {
    pub fn year(&self) -> u16 {
        self.year
    }

    pub fn month(&self) -> u8 {
        self.month
    }

    pub fn day(&self) -> u8 {
        self.day
    }

    /// Days since 1970-01-01.
    pub fn days(&self) -> i64 {
        // Years are counted from March, so that the leap day ends them (Hinnant, "chrono-compatible low-level date algorithms").
        let month_from_march = (i64::from(self.month) + 9) % 12;
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        const DAYS_FROM_MARCH_0000_TO_1970: i64 = 719_468;
        year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - DAYS_FROM_MARCH_0000_TO_1970
    }

    /// So many days later, or earlier if below zero; None outside 1970 to 9999.
    pub fn plus_days(self, days: i64) -> Option<Date> {
        const DAYS_FROM_MARCH_0000_TO_1970: i64 = 719_468;
        const DAYS_OF_400_YEARS: i64 = 146_097;
        let days = self.days().checked_add(days)?.checked_add(DAYS_FROM_MARCH_0000_TO_1970)?;
        let (era, day) = (days.div_euclid(DAYS_OF_400_YEARS), days.rem_euclid(DAYS_OF_400_YEARS));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year + year / 4 - year / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)
    }

    fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let month_days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        ((1970..=9999).contains(&year) && (1..=month_days).contains(&day)).then_some(Date {
            year,
            month,
            day,
        })
    }
}

impl When {
    /// The day on the signer's own calendar.
    pub fn date(&self) -> Date {
        match self {
            When::Date(date) => *date,
            When::Instant(instant) => instant.date(),
        }
    }
}

impl FromStr for Date {
    type Err = ParseDateError;

    fn from_str(text: &str) -> Result<Date, ParseDateError> {
        parse_date(text).ok_or(ParseDateError)
    }
}

impl FromStr for Instant {
    type Err = ParseInstantError;

    fn from_str(text: &str) -> Result<Instant, ParseInstantError> {
        parse_instant(text).ok_or(ParseInstantError)
    }
}

impl FromStr for When {
    type Err = ParseWhenError;

    fn from_str(text: &str) -> Result<When, ParseWhenError> {
        let date = parse_date(text).map(When::Date);
        date.or_else(|| parse_instant(text).map(When::Instant)).ok_or(ParseWhenError)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({self})")
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instant({})", self.text)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Date(date) => date.fmt(f),
            When::Instant(instant) => instant.fmt(f),
        }
    }
}

fn parse_date(text: &str) -> Option<Date> {
    let fields = digits_in(text, "dddd-dd-dd")?;
    Date::new(fields[0].try_into().ok()?, fields[1].try_into().ok()?, fields[2].try_into().ok()?)
}

fn parse_instant(text: &str) -> Option<Instant> {
    let (date, rest) = text.split_at_checked(10)?;
    let (clock, offset) = rest.split_at_checked(9)?;
    let date = parse_date(date)?;
    let clock = digits_in(clock, "Tdd:dd:dd")?;
    let (hour, minute, second) = (clock[0], clock[1], clock[2]);
    let offset_minutes = parse_offset(offset)?;
    (hour <= 23 && minute <= 59 && second <= 59).then(|| Instant {
        text: text.to_owned(),
        date,
        unix_seconds: date.days() * 86_400 + hour * 3_600 + minute * 60 + second - offset_minutes * 60,
    })
}

fn parse_offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (pattern, sign) = if text.starts_with('-') { ("-dd:dd", -1) } else { ("+dd:dd", 1) };
    let fields = digits_in(text, pattern)?;
    let minutes = fields[0] * 60 + fields[1];
    // RFC 3339 gives -00:00 a meaning of its own ("offset unknown"), so it is no spelling of zero.
    let good = fields[1] <= 59 && minutes <= OFFSET_MINUTES_MAX && !(sign < 0 && minutes == 0);
    good.then_some(sign * minutes)
}

/// The numbers where `pattern` has runs of `d`; everything else must stand in the text as it stands in the pattern.
fn digits_in(text: &str, pattern: &str) -> Option<Vec<i64>> {
    if text.len() != pattern.len() {
        return None;
    }
    let mut numbers = Vec::new();
    let mut in_number = false;
    for (byte, want) in text.bytes().zip(pattern.bytes()) {
        match want {
            b'd' if byte.is_ascii_digit() => {
                if !in_number {
                    numbers.push(0);
                }
                let number = numbers.last_mut()?;
                *number = *number * 10 + i64::from(byte - b'0');
            }
            b'd' => return None,
            _ if byte != want => return None,
            _ => {}
        }
        in_number = want == b'd';
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_to_the_second() {
        for (text, unix_seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00+08:00", -28_800),
            ("2026-11-22T09:30:00+08:00", 1_795_311_000),
            ("2024-02-29T23:59:59-03:30", 1_709_263_799),
            ("9999-12-31T23:59:59-14:00", 253_402_351_199),
            ("2000-02-29T00:00:00+00:00", 951_782_400),
        ] {
            let instant: Instant = text.parse().unwrap();
            assert_eq!(instant.unix_seconds(), unix_seconds, "{text}");
            assert_eq!(instant.to_string(), text);
            assert_eq!(instant.date().to_string(), &text[..10]);
        }
    }

    #[test]
    fn nothing_else_is_an_instant() {
        for bad in [
            "",
            "2026-11-22",
            "2026-11-22T09:30:00",
            "2026-11-22 09:30:00Z",
            "2026-11-22t09:30:00z",
            "2026-11-22T09:30Z",
            "2026-11-22T09:30:00.5Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T23:60:00Z",
            "2026-11-22T23:59:60Z",
            "2026-11-22T09:30:00-00:00",
            "2026-11-22T09:30:00+14:01",
            "2026-11-22T09:30:00-15:00",
            "2026-11-22T09:30:00+08:60",
            "2026-11-22T09:30:00+0800",
            "2026-11-22T09:30:00+08",
            "2026-11-22T09:30:00Z ",
            "2026-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "10000-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "２026-01-01T00:00:00Z",
            "2026-11-22T09:30:00é",
        ] {
            assert_eq!(bad.parse::<Instant>(), Err(ParseInstantError), "{bad:?}");
        }
        for edge in ["2026-11-22T09:30:00+14:00", "2026-11-22T09:30:00-14:00"] {
            assert!(edge.parse::<Instant>().is_ok(), "{edge}");
        }
    }

    #[test]
    fn counting_on_comes_to_the_day_with_that_number() {
        let epoch: Date = "1970-01-01".parse().unwrap();
        for days in 0..epoch_to_9999() {
            assert_eq!(epoch.plus_days(days).map(|date| date.days()), Some(days));
        }
        let last: Date = "9999-12-31".parse().unwrap();
        assert_eq!((last.plus_days(1), epoch.plus_days(-1), last.plus_days(i64::MAX)), (None, None, None));
        assert_eq!(last.plus_days(-epoch_to_9999() + 1), Some(epoch));
    }

    fn epoch_to_9999() -> i64 {
        "9999-12-31".parse::<Date>().unwrap().days() + 1
    }

    #[test]
    fn days_agree_with_a_calendar_library() {
        let epoch = jiff::civil::date(1970, 1, 1);
        // The calendar repeats after 400 years.
        for (days, theirs) in epoch.series(jiff::Span::new().days(1)).take(400 * 366).enumerate() {
            let ours: Date = theirs.to_string().parse().unwrap();
            assert_eq!(ours.days(), days as i64, "{theirs}");
        }
    }

    #[test]
    fn a_time_is_either() {
        assert!(matches!("2026-11-22".parse(), Ok(When::Date(_))));
        assert!(matches!("2026-11-22T00:00:00Z".parse(), Ok(When::Instant(_))));
        assert_eq!("2026-11-22T".parse::<When>(), Err(ParseWhenError));
        assert_eq!("2026-2-2".parse::<When>(), Err(ParseWhenError));
    }
}
