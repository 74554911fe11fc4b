//! Suyuan (溯源): a ledger of produce batches that anyone can check.
#[cfg(feature = "service")]
pub mod config;
#[cfg(feature = "service")]
pub mod http;
pub mod ledger;
pub mod merkle;
pub mod note;
pub mod statement;
pub mod text;
pub mod verify;

#[cfg(test)]
mod vectors;
