//! Whether a batch is safe, as far as its records say: intervals before harvest, tests, temperatures, certificates.
//!
//! A correction or withdrawal takes nothing away here: what stood when the fruit was picked and whatever was said
//! later are all considered, and the strictest counts. Each rule raises facts; `status` weighs them.

mod claims;
mod ground;
mod holds;
mod intervals;
mod policy;
mod release;
mod residues;
mod sampled;
mod seasons;
mod temperature;
mod treatment;

pub use claims::Claim;
pub use intervals::{Earliest, Interval, earliest_harvest};
pub use policy::{Completeness, StageRecords};
pub use residues::{Active, Coverage};
pub use temperature::Temperature;

pub(super) use claims::claims;
pub(super) use ground::Ground;
pub(super) use holds::holds;
pub(super) use intervals::intervals;
pub(super) use policy::policy;
pub(super) use release::{Lifting, Release, releases};
pub(super) use residues::{coverage, results};
pub(super) use seasons::seasons;
pub(super) use temperature::temperature;

use unicode_normalization::UnicodeNormalization;

use super::reason::Fact;
use crate::text::Why;

#[cfg(test)]
mod tests;

/// A reason as a rule raises it, with what lifts it.
pub(super) struct Raised {
    pub(super) reason: Fact<Why>,
    /// The entry from which it stands.
    pub(super) since: u64,
    pub(super) lifting: Lifting,
}

impl Raised {
    /// It stands as soon as all its records do.
    pub(super) fn new(reason: Fact<Why>, lifting: Lifting) -> Raised {
        let since = reason.records.iter().map(|source| source.seq).max().unwrap_or(0);
        Raised { reason, since, lifting }
    }
}

/// Names of substances, products and crops as they compare: without case, width of letters, and blanks.
fn folded(name: &str) -> String {
    name.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}
