//! The newest checkpoint that this operator signed, kept outside the database.
//!
//! A database that was rolled back or restored looks whole to itself; only something outside it can say that it once
//! stood further on. So the note lies in a file of its own (best: on another disk), written after the commit and
//! before any receipt leaves, and is compared when the ledger is opened. Knows bytes only: who opens the ledger
//! checks signature and root.

use std::io;
use std::path::{Path, PathBuf};

use super::durable;

#[derive(Debug, Clone)]
pub struct SignedHead {
    path: PathBuf,
}

impl SignedHead {
    pub fn new(path: impl Into<PathBuf>) -> SignedHead {
        SignedHead { path: path.into() }
    }

    /// The note as it was written; none if nothing was ever signed here.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        durable::read_if_there(&self.path)
    }

    /// On the disk when it returns.
    pub fn write(&self, checkpoint: &[u8]) -> io::Result<()> {
        durable::write_whole(&self.path, checkpoint)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}
