//! The sequencer from its handle down to the store, in one process.

mod faulty;
mod home;

mod disk;
mod fsck;
mod order;
mod private;
mod rotation;
mod stops;
mod takes;

use crate::produce::tests::farm;
