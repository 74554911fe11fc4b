//! Decimals as strings, each number in one spelling: JSON numbers with a fraction are read differently by every language.

use std::fmt;
use std::str::FromStr;

/// A number with at most twelve digits before the point and six after it, kept as the signer wrote it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    text: String,
    millionths: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a decimal is a string like 12.5, without exponent, plus sign, leading zeros or trailing zeros")]
pub struct ParseDecimalError;

const WHOLE_DIGITS_MAX: usize = 12;
const FRACTION_DIGITS_MAX: usize = 6;

impl Decimal {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The exact value times 10^6.
    pub fn millionths(&self) -> i64 {
        self.millionths
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    /// `^(0|-?[1-9]\d{0,11}|-?(0|[1-9]\d{0,11})\.\d{0,5}[1-9])$`
    fn from_str(text: &str) -> Result<Decimal, ParseDecimalError> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (unsigned, None),
        };
        let digits = |part: &str, digits_max: usize| {
            (1..=digits_max).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        };
        let good_whole = digits(whole, WHOLE_DIGITS_MAX) && (whole == "0" || !whole.starts_with('0'));
        let good_fraction = fraction.is_none_or(|f| digits(f, FRACTION_DIGITS_MAX) && !f.ends_with('0'));
        if !good_whole || !good_fraction || text == "-0" {
            return Err(ParseDecimalError);
        }
        // At most 18 digits, which an i64 always holds.
        let scaled = format!("{whole}{:0<6}", fraction.unwrap_or(""));
        let magnitude: i64 = scaled.parse().map_err(|_| ParseDecimalError)?;
        let millionths = if text.starts_with('-') { -magnitude } else { magnitude };
        Ok(Decimal { text: text.to_owned(), millionths })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_one_spelling() {
        for (text, millionths) in [
            ("0", 0),
            ("1", 1_000_000),
            ("-1", -1_000_000),
            ("12.5", 12_500_000),
            ("0.000001", 1),
            ("-0.5", -500_000),
            ("999999999999.999999", 999_999_999_999_999_999),
            ("100", 100_000_000),
        ] {
            let decimal: Decimal = text.parse().unwrap();
            assert_eq!((decimal.millionths(), decimal.as_str()), (millionths, text));
        }
        for bad in [
            "",
            "-",
            "-0",
            "+1",
            "01",
            "00",
            "1.",
            ".5",
            "1.0",
            "1.50",
            "0.0",
            "-0.0",
            "1e2",
            "1,5",
            " 1",
            "1 ",
            "--1",
            "1.2.3",
            "0.0000001",
            "1000000000000",
            "１",
            "0x1",
            "1_0",
            "NaN",
            "1.-5",
            "-.5",
        ] {
            assert_eq!(bad.parse::<Decimal>(), Err(ParseDecimalError), "{bad:?}");
        }
    }
}
