//! The sequencer from its handle down to the store, in one process.

mod faulty;
mod home;

mod disk;
mod faults;
mod fsck;
mod order;
mod private;
mod reload;
mod repair;
mod room;
mod rotation;
mod stops;
mod takes;

use crate::produce::tests::farm;
