//! Floor 2: what the records of a batch say about it, told once for page, API and command line.
//!
//! [`Story::tell`] is a pure function of the records that a trace gathers, the openings that are held beside them and
//! a moment to count days to. It judges nothing that the ledger has not judged: it orders, names and compares.
//! [`wording`] puts a story's values into words. Nothing here knows of pages, stores or clocks.

mod acts;
mod dossier;
mod inspections;
mod line;
mod people;
mod product;
mod reason;
mod story;
mod tables;
mod times;
mod versions;
pub mod wording;

pub use acts::{Act, ActVersion, Acts};
pub use dossier::Dossier;
pub use inspections::{Inspection, Sample};
pub use people::{IdentityCheck, Organisation, RevokedKey, Signed};
pub use product::{Origin, Plot, Product};
pub use reason::{Fact, Said, Source};
pub use story::{Ask, Event, Photo, Story};
pub use tables::{Set, Tables, Tunables, in_force_since};
pub use times::CALENDAR_OFFSET_SECONDS;
pub use versions::{Change, Version};

#[cfg(test)]
pub(crate) mod tests;
