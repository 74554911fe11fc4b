//! Mirrors and monitors, as programs, on services that are honest and on ones that are not.
#![cfg(feature = "service")]

#[path = "../support/farm.rs"]
mod farm;
#[path = "../support/service.rs"]
mod service;

mod forged;
mod kill;
mod mirror;
mod program;
mod proxy;
mod vouching;
