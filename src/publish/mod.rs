//! Floor 4: brings the log's checkpoints to the witnesses of its policy, and keeps what they sign.
//!
//! One thread a witness ([`Publisher`]), so that a slow one delays nobody else; appends never wait for any of them. All
//! are given the same checkpoint at a time, at most one a second: were each given the newest of its own moment, a log
//! under load would collect cosignatures that never meet on one checkpoint. What comes back is checked, written down
//! and synced ([`Cosigned`]), and read by whoever answers requests.
//!
//! Knows nothing of HTTP answers and pages. What a witness says is believed only as far as its signature goes.

pub mod anchors;
mod cosigned;
mod exchange;
mod feed;
pub mod outside;
mod publisher;

pub use cosigned::{Cosigned, CosignedError, Standing, Witnessed, kept};
pub use publisher::{Pace, Publisher, not_ahead};
