//! Anchors end to end: real authorities, a real node, calendars that misbehave, and what is kept of it all.
#![cfg(feature = "service")]

#[path = "../support/farm.rs"]
mod farm;
#[path = "../support/service.rs"]
mod service;

mod calendar;
mod evm;
mod opentimestamps;
mod rfc3161;
mod served;
mod server;
mod worker;
