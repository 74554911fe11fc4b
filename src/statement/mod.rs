//! Floor 1: what a person or machine says happened, and how those bytes are read, checked and signed.
//!
//! Everything here works on bytes alone: no I/O, no clock, no knowledge of what the ledger already holds.
//! Whether a signer had the right to say it is `ledger`'s to decide; what a kind's `data` must hold is `schema`'s.

pub mod attachment;
pub mod context;
pub mod decimal;
pub mod ed25519;
pub mod envelope;
pub mod json;
pub mod kinds;
pub mod members;
pub mod names;
pub mod payload;
pub mod phash;
pub mod quantity;
pub mod role;
pub mod schema;
pub mod sealed;
pub mod short_code;
pub mod subject;
pub mod time;
pub mod words;

#[cfg(test)]
mod vector_tests;
