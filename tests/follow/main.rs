//! Mirrors and monitors, as programs, on services that are honest and on ones that are not.
#![cfg(feature = "service")]

#[path = "../support/farm.rs"]
mod farm;
#[path = "../support/service.rs"]
mod service;

mod forged;
mod gossip;
mod kill;
mod mirror;
mod monitor;
mod program;
mod proxy;
mod rotation;
mod vouching;
mod webhook;
