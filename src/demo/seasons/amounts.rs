//! Amounts as people on a farm write them: the same grams in kilos, jin or crates, or fruit counted one by one.

use serde_json::Value;

use crate::demo::draft::{containers, quantity};

/// In what a farm counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// In containers of so many kilos, where it comes out even.
    Containers(&'static str, u64),
    Jin,
    Kilos,
    Pieces,
}

impl Counting {
    /// `base` is in grams, or in pieces where they are counted.
    pub(super) fn amount(self, base: u64) -> Value {
        match self {
            Counting::Containers(unit, kilos) if base > 0 && base.is_multiple_of(kilos * 1000) => {
                let count = u32::try_from(base / (kilos * 1000)).unwrap_or(u32::MAX);
                containers(count, unit, &kilos.to_string(), "kg")
            }
            Counting::Containers(..) | Counting::Kilos => quantity(&decimal(base, 1000), "kg"),
            Counting::Jin => quantity(&decimal(base, 500), "jin"),
            Counting::Pieces => quantity(&base.to_string(), "piece"),
        }
    }
}

/// So many thousandths, halves, … as a decimal without needless zeros, cut off after six places.
pub(super) fn decimal(base: u64, per: u64) -> String {
    let (whole, rest) = (base / per, base % per * 1_000_000 / per);
    match rest {
        0 => whole.to_string(),
        _ => format!("{whole}.{rest:06}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_grams_in_every_unit() {
        let crates = Counting::Containers("crate", 20);
        for counting in [crates, Counting::Jin, Counting::Kilos] {
            for grams in [40_000, 60_000, 41_250] {
                assert_eq!(counting.amount(grams)["value"], grams, "{counting:?}");
            }
        }
        assert_eq!(crates.amount(40_000)["unit"], "crate");
        assert_eq!(crates.amount(41_250)["unit"], "kg");
        assert_eq!(Counting::Jin.amount(41_250)["entered"], "82.5");
        assert_eq!(Counting::Pieces.amount(7)["unit"], "piece");
    }
}
