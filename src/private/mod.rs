//! Floor 3: what may be erased, kept beside the ledger.
//!
//! The log holds salted hashes; what they stand for lies here and can be shown to some, to all, or be deleted for good
//! without breaking any proof. Knows the store and the forms of statements, nothing of who may read what.

pub mod openings;
