//! Floor 2: what an outsider checks. A bundle to a verdict, records to an audit report, a receipt to evidence.
//!
//! [`verify_bundle`] trusts the [`Trust`] file and nothing else, works offline and answers per [`Layer`].
//! [`collect`] makes what it checks, following the same [`needed`] fixpoint. [`audit`] replays whole logs.

pub mod anchored;
pub mod audit;
pub mod bundle;
mod check;
pub mod collect;
pub mod needed;
pub mod omission;
mod partial;
pub mod receipt;
pub mod report;
pub mod signed_checkpoint;
pub mod split_view;
pub mod trust;

pub use check::{Options, verify_bundle};
pub use report::{Layer, Report, Status};
pub use split_view::SplitView;
pub use trust::Trust;
