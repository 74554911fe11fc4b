//! Anchors end to end: real authorities, a real node, calendars that misbehave, and what is kept of it all.
#![cfg(feature = "service")]

#[path = "../support/farm.rs"]
mod farm;

mod evm;
mod worker;
