//! The real binary in a temporary directory: what it prints, what it writes, how it exits.

#![cfg_attr(
    not(feature = "service"),
    expect(dead_code, reason = "the verifier alone needs less of the helpers")
)]

#[cfg(feature = "service")]
mod audit;
#[cfg(feature = "service")]
mod import;
mod key;
mod ledger;
#[cfg(feature = "service")]
mod local;
#[cfg(feature = "service")]
mod log_key;
#[cfg(feature = "service")]
mod omission;
mod program;
#[cfg(feature = "service")]
mod rules;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "service")]
mod serving;
#[cfg(feature = "service")]
mod sign;
#[cfg(feature = "service")]
mod submit;
mod verify;
