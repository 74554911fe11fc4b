//! Floor 4: a C2SP witness. It tells any log that it is asked about what it has seen of it, and never two histories.
//!
//! [`Witness::add_checkpoint`] is the one thing that signs. What was cosigned last of each log lies in the [`Book`], and
//! is on the disk before the cosignature leaves; comparing and writing down are one step. [`Witness::look`] checks a
//! bundle for whoever asks, by somebody who is not its operator. A **replaying** witness ([`Replay`]) has also worked out
//! every map record again before it cosigns.
//!
//! Works for every log whose checkpoints have no extension lines and whose keys have the origin for a name. Knows
//! nothing of HTTP.

mod book;
mod cosigner;
mod logs;
mod look;
mod replay;

#[cfg(test)]
mod tests;

pub use book::{Book, BookError, Seen};
pub use cosigner::{Refusal, Witness};
pub use logs::{Logs, LogsError};
pub use look::{Look, OwnView};
pub use replay::{Check, Replay, Unreplayed};
