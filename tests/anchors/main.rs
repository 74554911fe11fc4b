//! Anchors end to end: real authorities, a real node, calendars that misbehave, and what is kept of it all.
#![cfg(feature = "service")]

#[path = "../support/farm.rs"]
mod farm;

mod calendar;
mod evm;
mod opentimestamps;
mod rfc3161;
mod server;
mod worker;
