//! Anchors, against whoever gives them: real nodes and authorities on this machine, and ones that lie.
#![cfg(feature = "service")]

mod evm;
