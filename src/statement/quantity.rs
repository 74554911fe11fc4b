//! Quantities: what the signer entered, in the unit in which people count, and what it comes to in a base unit.
//!
//! Both are signed. The conversion is one table for Rust and TypeScript, in integers only, so that a field app, the
//! ledger and an auditor can never differ by a rounding.

use serde_json::{Value, json};

use super::decimal::Decimal;
use super::json::INTEGER_MAX;
use super::members::{MemberError, Members};
use super::words::words;

/// One unit that people count in. A `Container` has the size that its quantity's `per` says, or is counted as a piece.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit {
    pub code: &'static str,
    pub measure: Measure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Container,
    /// This unit is `num / den` base units.
    Fixed {
        base: Base,
        num: u64,
        den: u64,
    },
}

words! {
    /// What a `value` counts. A mu is 2,000/3 square metres, so areas are in square centimetres to keep rounding small.
    Base {
        SquareCentimetre = "cm2",
        Gram = "g",
        Millilitre = "ml",
        Piece = "piece",
    }
}

/// Every unit that a statement may use.
pub const UNITS: &[Unit] = &[
    fixed("g", Base::Gram, 1, 1),
    fixed("kg", Base::Gram, 1_000, 1),
    fixed("jin", Base::Gram, 500, 1),
    fixed("liang", Base::Gram, 50, 1),
    fixed("dan", Base::Gram, 50_000, 1),
    fixed("t", Base::Gram, 1_000_000, 1),
    fixed("ml", Base::Millilitre, 1, 1),
    fixed("l", Base::Millilitre, 1_000, 1),
    fixed("m2", Base::SquareCentimetre, 10_000, 1),
    fixed("mu", Base::SquareCentimetre, 20_000_000, 3),
    fixed("ha", Base::SquareCentimetre, 100_000_000, 1),
    fixed("piece", Base::Piece, 1, 1),
    fixed("plant", Base::Piece, 1, 1),
    container("basket"),
    container("box"),
    container("crate"),
    container("bag"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// In the base unit.
    pub value: u64,
    pub entered: Decimal,
    pub unit: &'static Unit,
    /// What one container holds.
    pub per: Option<Box<Quantity>>,
}

/// How much of something is used on how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dose {
    pub amount: Quantity,
    pub per: DosePer,
}

words! {
    /// What a dose is for.
    DosePer {
        Hectare = "ha",
        Mu = "mu",
        Plant = "plant",
        Tank = "tank",
    }
}

/// What is wrong with a quantity. `at` is its JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantityError {
    #[error(transparent)]
    Member(#[from] MemberError),
    #[error("\"{at}\" is below zero")]
    Negative { at: String },
    #[error("\"{at}/per\" must be a mass of at least 1 g, in a unit of mass")]
    PerNotMass { at: String },
    #[error("\"{at}/per\" says what one container holds, and {unit} is no container")]
    PerWithoutContainer { at: String, unit: &'static str },
    #[error("\"{at}\" comes to more than 2^53-1 base units")]
    TooLarge { at: String },
    #[error("\"{at}/unit\": there is no unit {code:?}")]
    UnknownUnit { at: String, code: String },
    #[error("\"{at}/value\" is {value}, but what was entered comes to {converted} {base}")]
    WrongValue { at: String, value: u64, converted: u64, base: Base },
}

impl QuantityError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            QuantityError::Member(error) => error.code(),
            QuantityError::Negative { .. } => "negative",
            QuantityError::PerNotMass { .. } => "per-not-mass",
            QuantityError::PerWithoutContainer { .. } => "per-without-container",
            QuantityError::TooLarge { .. } => "too-large",
            QuantityError::UnknownUnit { .. } => "unknown-unit",
            QuantityError::WrongValue { .. } => "wrong-value",
        }
    }
}

impl Quantity {
    /// What `entered` of `unit` comes to.
    pub fn new(
        entered: Decimal,
        unit: &'static Unit,
        per: Option<Quantity>,
    ) -> Result<Quantity, QuantityError> {
        convert(entered, unit, per, "")
    }

    /// Reads a quantity that stands at `at`; its `value` must be what the entered amount comes to.
    pub fn parse(value: &Value, at: &str) -> Result<Quantity, QuantityError> {
        let members = Members::of(value, at)?;
        members.closed(&["entered", "per", "unit", "value"])?;
        let code = members.text("unit")?;
        let unknown = || QuantityError::UnknownUnit { at: at.to_owned(), code: code.to_owned() };
        let unit = Unit::of(code).ok_or_else(unknown)?;
        let per = members.if_present("per", |m, name| {
            // A container of containers is refused before its own `per` is read, so this goes one level down at most.
            if m.object(name)?.has("per") {
                return Err(QuantityError::PerNotMass { at: at.to_owned() });
            }
            Quantity::parse(m.value(name)?, &m.pointer(name))
        })?;
        let quantity = convert(members.parsed("entered")?, unit, per, at)?;
        let (value, converted) = (members.count("value")?, quantity.value);
        if value != converted {
            return Err(QuantityError::WrongValue {
                at: at.to_owned(),
                value,
                converted,
                base: quantity.base(),
            });
        }
        Ok(quantity)
    }

    pub fn to_json(&self) -> Value {
        let mut quantity =
            json!({"entered": self.entered.as_str(), "unit": self.unit.code, "value": self.value});
        if let Some(per) = &self.per {
            quantity["per"] = per.to_json();
        }
        quantity
    }

    /// What `value` counts.
    pub fn base(&self) -> Base {
        match (self.unit.measure, &self.per) {
            (Measure::Fixed { base, .. }, _) => base,
            (Measure::Container, Some(_)) => Base::Gram,
            (Measure::Container, None) => Base::Piece,
        }
    }
}

impl Unit {
    pub fn of(code: &str) -> Option<&'static Unit> {
        UNITS.iter().find(|unit| unit.code == code)
    }
}

impl Dose {
    /// Reads a dose that stands at `at`.
    pub fn parse(value: &Value, at: &str) -> Result<Dose, QuantityError> {
        let members = Members::of(value, at)?;
        members.closed(&["amount", "per"])?;
        let amount = Quantity::parse(members.value("amount")?, &members.pointer("amount"))?;
        Ok(Dose { amount, per: members.parsed("per")? })
    }

    pub fn to_json(&self) -> Value {
        json!({"amount": self.amount.to_json(), "per": self.per.as_str()})
    }
}

const fn fixed(code: &'static str, base: Base, num: u64, den: u64) -> Unit {
    Unit { code, measure: Measure::Fixed { base, num, den } }
}

const fn container(code: &'static str) -> Unit {
    Unit { code, measure: Measure::Container }
}

fn convert(
    entered: Decimal,
    unit: &'static Unit,
    per: Option<Quantity>,
    at: &str,
) -> Result<Quantity, QuantityError> {
    let at = || at.to_owned();
    let (num, den) = match (unit.measure, &per) {
        (Measure::Fixed { .. }, Some(_)) => {
            return Err(QuantityError::PerWithoutContainer { at: at(), unit: unit.code });
        }
        (Measure::Fixed { num, den, .. }, None) => (num, den),
        (Measure::Container, Some(per)) => {
            let is_mass = matches!(per.unit.measure, Measure::Fixed { base: Base::Gram, .. });
            if !is_mass || per.value == 0 {
                return Err(QuantityError::PerNotMass { at: at() });
            }
            (per.value, 1)
        }
        (Measure::Container, None) => (1, 1),
    };
    let millionths =
        u128::try_from(entered.millionths()).map_err(|_| QuantityError::Negative { at: at() })?;
    let value = divide_half_up(millionths * u128::from(num), u128::from(den) * 1_000_000);
    let value = u64::try_from(value).ok().filter(|value| *value <= INTEGER_MAX);
    let value = value.ok_or_else(|| QuantityError::TooLarge { at: at() })?;
    Ok(Quantity { value, entered, unit, per: per.map(Box::new) })
}

/// At most 10^18 millionths times 2^53 come in here, so that doubling them stays far below 2^128.
fn divide_half_up(numerator: u128, denominator: u128) -> u128 {
    (2 * numerator + denominator) / (2 * denominator)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn vectors_have_the_stated_outcome() {
        for case in vectors::json("quantity.json")["cases"].as_array().unwrap() {
            let parsed = match case.get("dose") {
                Some(dose) => Dose::parse(dose, "").map(|read| (read.to_json(), read.amount.base())),
                None => Quantity::parse(&case["quantity"], "").map(|read| (read.to_json(), read.base())),
            };
            match parsed {
                Ok((again, base)) => {
                    assert_eq!(case["base"], base.as_str(), "{case}");
                    assert_eq!(&again, case.get("dose").unwrap_or(&case["quantity"]));
                }
                Err(error) => assert_eq!(case["code"], error.code(), "{case}: {error}"),
            }
        }
    }

    #[test]
    fn the_table_is_the_published_one() {
        let table: Vec<Value> = UNITS
            .iter()
            .map(|unit| match unit.measure {
                Measure::Container => json!({"code": unit.code, "container": true}),
                Measure::Fixed { base, num, den } => {
                    json!({"code": unit.code, "base": base.as_str(), "num": num, "den": den})
                }
            })
            .collect();
        assert_eq!(vectors::json("quantity.json")["units"], json!(table));
    }

    proptest! {
        /// Against long division with the fraction in view, not the formula of the code.
        #[test]
        fn rounding_is_to_the_nearest_and_halves_go_up(numerator in 0..u64::MAX, denominator in 1..10_000_000u64) {
            let (whole, rest) = (numerator / denominator, numerator % denominator);
            let want = if u128::from(rest) * 2 >= u128::from(denominator) { whole + 1 } else { whole };
            prop_assert_eq!(divide_half_up(numerator.into(), denominator.into()), u128::from(want));
        }

        #[test]
        fn what_is_entered_is_read_back(millionths in 0..1_000_000_000_000i64, unit in 0..UNITS.len()) {
            let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
            let entered: Decimal = text.trim_end_matches('0').trim_end_matches('.').parse().unwrap();
            let quantity = Quantity::new(entered, &UNITS[unit], None).unwrap();
            prop_assert_eq!(Quantity::parse(&quantity.to_json(), "/q"), Ok(quantity));
        }
    }
}
