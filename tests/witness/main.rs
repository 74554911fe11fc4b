//! A log and its witnesses over real sockets: ours, one of another make, and ones that misbehave.
#![cfg(feature = "service")]

#[path = "../support/farm.rs"]
mod farm;
#[path = "../support/service.rs"]
mod service;

mod fake;
mod feeding;
mod forks;
mod log;
mod operator;
mod pages;
mod program;
mod replaying;
mod setup;
