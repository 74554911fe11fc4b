//! A ledger on a real disk, in processes that die: what was acknowledged is there, proven, and the same history goes on.
//!
//! Children are this very test binary, started again for one test that does their part.

#[path = "../support/farm.rs"]
mod farm;

mod backup;
mod child;
mod disk;
mod kill;
mod place;
