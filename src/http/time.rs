//! The ledger's milliseconds as people and programs read them.

use jiff::Timestamp;

/// RFC 3339 in UTC, with an offset written out: `2026-11-22T13:00:00.123Z`.
pub fn rfc3339(at_ms: i64) -> String {
    // Ledger times are checked to be of our centuries; a wrong disk may still hold anything.
    Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| at.to_string())
}

/// Unix seconds, as witnesses sign them.
pub fn of_seconds(seconds: u64) -> String {
    rfc3339(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000))
}

/// Now, in whole seconds, as statements and bundles write it.
pub fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Now, in the ledger's milliseconds.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledger_times_are_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_352_400_123), "2026-11-22T13:00:00.123Z");
        assert_eq!(now().len(), 20);
    }
}
