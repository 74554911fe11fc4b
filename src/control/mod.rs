//! Floor 5: what an operator asks of a ledger that is being served, from the same machine.
//!
//! The database belongs to one process, so a copy made meanwhile, or an erasure, is the serving process's to do. It
//! listens on a socket in the ledger's directory that nobody but its own user can open: whoever can, could read and
//! change the files themselves. One line of JSON asks, one answers. Nothing here appends: a statement carries its own
//! authority and comes in through the front.

mod client;
mod server;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use client::{Client, ControlError};
pub use server::Server;

use crate::merkle::Hash;

/// The longest line either side reads.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// A consistent copy, without keys, into a directory that does not exist yet. The path is absolute.
    Backup { to: PathBuf },
    /// For good: what opens this member of that record.
    Erase { leaf: Hash, pointer: String },
    /// What opens members of that record, by pointer, and what was erased.
    Openings { leaf: Hash },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Response {
    Done,
    Failed { why: String },
    Openings { kept: Vec<String>, erased: Vec<String> },
}

/// Closed to everybody else, so that the socket in it never stands open, not even while it is made.
fn directory(ledger: &Path) -> PathBuf {
    ledger.join("control")
}

fn socket(ledger: &Path) -> PathBuf {
    directory(ledger).join("socket")
}
