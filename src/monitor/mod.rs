//! Floor 4: watches logs and tells when something is not as it should be.
//!
//! A [`Watched`] log is followed like a mirror follows it, every record through the rules and every map record worked out
//! again, and what is worth telling is written down in the same commit as the records that tell it. [`peers`] holds what
//! others have seen of the log against what is held here; [`Webhooks`] brings alarms to whoever asked for them, over
//! restarts. What is told, and how grave it is: [`Kind`].

mod alarm;
mod entries;
mod names;
mod notebook;
pub mod peers;
mod published;
mod watched;
mod webhook;

pub use alarm::{Alarm, Kind, Severity};
pub use notebook::{Notebook, NotebookError};
pub use watched::{Round, Settings, Shown, WatchError, Watched};
pub use webhook::{WebhookError, Webhooks};
