//! The clock, and lengths of time as people type them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970. A clock before that is not set; zero makes everything look fresh from the future, which the
/// verifier then says.
pub(super) fn now_secs() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// Now, as statements write it.
#[cfg(feature = "service")]
pub(super) fn now_text() -> String {
    let now = jiff::Timestamp::from_second(now_secs()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A ledger time.
pub(super) fn text_of_ms(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}

/// Today, in the time zone of Greenwich: whoever fills in the form knows better.
#[cfg(feature = "service")]
pub(super) fn today_text() -> String {
    now_text()[..10].to_owned()
}

/// `90s`, `30m`, `24h`, `7d`, in seconds.
pub(super) fn parse_secs(text: &str) -> Result<i64, String> {
    let rule = || "a length of time is a number and s, m, h or d, like 24h".to_owned();
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(rule()),
    };
    let number = &text[..text.len() - 1];
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(rule());
    }
    let count: i64 = number.parse().map_err(|_| rule())?;
    count.checked_mul(unit).ok_or_else(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_a_unit() {
        for (text, secs) in [("0s", 0), ("90s", 90), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(parse_secs(text), Ok(secs), "{text}");
        }
        for bad in ["", "h", "24", "-1h", "+1h", "1.5h", "1 h", "1w", "99999999999999999d", "一h", "1时"] {
            assert!(parse_secs(bad).is_err(), "{bad}");
        }
    }
}
