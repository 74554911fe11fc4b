//! The one spelling that C2SP texts give a number: decimal digits, no leading zero, `0` itself for zero.

/// Refuses every other spelling, and numbers past u64.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse("10"), Some(10));
        assert_eq!(parse("18446744073709551615"), Some(u64::MAX));
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "0x1", "٣", "18446744073709551616"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
