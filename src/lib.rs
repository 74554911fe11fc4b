//! Suyuan (溯源): a ledger of produce batches that anyone can check.
pub mod anchor;
pub mod cli;
#[cfg(feature = "service")]
pub mod config;
#[cfg(feature = "service")]
pub mod control;
#[cfg(feature = "service")]
pub mod demo;
#[cfg(feature = "service")]
pub mod follow;
#[cfg(feature = "service")]
pub mod http;
pub mod keys;
pub mod ledger;
pub mod merkle;
#[cfg(feature = "service")]
pub mod monitor;
pub mod note;
#[cfg(feature = "service")]
mod picture;
#[cfg(feature = "service")]
pub mod print;
#[cfg(feature = "service")]
pub mod private;
pub mod produce;
#[cfg(feature = "service")]
pub mod publish;
#[cfg(feature = "service")]
pub mod sequencer;
pub mod statement;
#[cfg(feature = "service")]
pub mod store;
pub mod text;
pub mod verify;
#[cfg(feature = "service")]
pub mod witness;

#[cfg(test)]
mod vectors;

// Test support that black-box tests share names the crate as they do.
#[cfg(test)]
extern crate self as suyuan;
