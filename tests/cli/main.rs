//! The real binary in a temporary directory: what it prints, what it writes, how it exits.

mod key;
mod ledger;
mod program;
mod verify;
