//! Floor 2: what the records of a batch say about it, told once for page, API and command line.
//!
//! [`Story::tell`] is a pure function of the records that a trace gathers, the openings that are held beside them and
//! a moment to count days to. It judges nothing that the ledger has not judged: it orders, names and compares.
//! [`wording`] puts a story's values into words. Nothing here knows of pages, stores or clocks.

mod acts;
mod assessment;
mod dossier;
pub mod flags;
mod hosts;
mod inspections;
mod line;
pub mod lots;
mod overview;
mod people;
mod photos;
mod product;
mod reason;
mod report;
mod safety;
mod seats;
mod status;
mod story;
mod survey;
mod tables;
mod times;
mod versions;
pub mod wording;

pub use acts::{Act, ActVersion, Acts};
pub use assessment::{Assessment, Scope, TableInForce, Wide};
pub use dossier::Dossier;
pub use hosts::{Enforced, HostFacts, Hosts, SignedOff};
pub use inspections::{Inspection, Sample};
pub use overview::Overview;
pub use people::{IdentityCheck, Organisation, RevokedKey, Signed};
pub use product::{Origin, Plot, Product};
pub use reason::{Fact, Said, Source};
pub use report::status_report;
pub use safety::{
    Active, Claim, Completeness, Coverage, Earliest, Interval, StageRecords, Temperature, earliest_harvest,
};
pub use seats::{Guarantee, Seat, Seats, guarantees};
pub use status::{Judgement, Lifted, Reason, Weight};
pub use story::{Ask, Event, Photo, Story};
pub use survey::{Survey, Surveyed, name};
pub use tables::{ActiveContent, BrandRow, IntervalRow, Set, Tables, Tunables, in_force_since};
pub use times::{CALENDAR_OFFSET_SECONDS, end_of};
pub use versions::{Change, Version};

#[cfg(test)]
pub(crate) mod tests;
