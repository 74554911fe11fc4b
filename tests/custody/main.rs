//! What an operator does with a ledger's directory, by the real programs: copies, losses, refills, repairs, full disks.
#![cfg(all(feature = "service", unix))]

#[path = "../support/farm.rs"]
mod farm;
#[path = "../follow/program.rs"]
mod program;
#[path = "../support/service.rs"]
mod service;

mod copies;
mod disks;
mod ledger;
mod refill;
mod repair;
