//! Floor 1: the RFC 6962 log tree, its proofs and tiles, and the subject map. Bytes in, hashes out; no I/O.

pub(crate) mod decimal;
mod hash;
pub mod map;
pub mod proof;
pub mod tile;
pub mod tree;

pub use hash::{Hash, ParseHashError};
