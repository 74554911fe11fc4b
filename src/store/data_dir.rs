//! What lies where in a ledger's directory.

use std::io;
use std::path::{Path, PathBuf};

use super::durable;

/// Of the layout of the directory. A program that does not know it touches nothing.
const VERSION: &[u8] = b"1\n";

#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    #[error("{} holds no ledger, or one whose making was interrupted (there is no file VERSION)", .0.display())]
    NoLedger(PathBuf),
    #[error("{} has the layout of another version of this program: {found}", path.display())]
    OtherVersion { path: PathBuf, found: String },
}

impl DataDir {
    pub fn new(root: impl Into<PathBuf>) -> DataDir {
        DataDir { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Attachments, by commitment.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// What the command line was told.
    pub fn config(&self) -> PathBuf {
        self.root.join("suyuan.toml")
    }

    /// The engine's files. Nobody else touches them.
    pub fn db(&self) -> PathBuf {
        self.root.join("db")
    }

    /// Private keys. No backup holds them.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    pub fn log_key(&self) -> PathBuf {
        self.keys().join("log.key")
    }

    /// The log's other key while the log changes keys: the one to come, or after that the one to go.
    pub fn other_log_key(&self) -> PathBuf {
        self.keys().join("log-2.key")
    }

    /// Stands in a copy of somebody else's ledger, and says whose.
    pub fn mirror(&self) -> PathBuf {
        self.root.join("mirror")
    }

    /// Stands in a restored directory until `resume` has compared it with the outside.
    pub fn restored(&self) -> PathBuf {
        self.root.join("restored")
    }

    /// Stands in a directory from the first write of a repair until all was compared once more.
    pub fn repairing(&self) -> PathBuf {
        self.root.join("repairing")
    }

    /// Unless it is configured to lie elsewhere.
    pub fn signed_head(&self) -> PathBuf {
        self.root.join("signed-head")
    }

    pub fn version(&self) -> PathBuf {
        self.root.join("VERSION")
    }

    /// Makes the directory for a new ledger. Keys and configuration may be in it already, a ledger not.
    pub fn prepare(&self) -> Result<(), DataDirError> {
        self.make_free()?;
        durable::make_directory(&self.blobs()).map_err(|source| self.io(&self.blobs(), source))
    }

    /// Makes the directory itself, if it is not there, and looks that no ledger is in it, nor the beginning of one.
    pub fn make_free(&self) -> Result<(), DataDirError> {
        std::fs::create_dir_all(&self.root).map_err(|source| self.io(&self.root, source))?;
        for path in [self.db(), self.blobs(), self.signed_head(), self.version(), self.restored()] {
            if path.exists() {
                return Err(DataDirError::NotEmpty(self.root.clone()));
            }
        }
        Ok(())
    }

    /// The last step of making a ledger: from here on it is one.
    pub fn finish(&self) -> Result<(), DataDirError> {
        durable::write_whole(&self.version(), VERSION).map_err(|source| self.io(&self.version(), source))
    }

    /// That a finished ledger of a known layout is here.
    pub fn check(&self) -> Result<(), DataDirError> {
        let path = self.version();
        match durable::read_if_there(&path).map_err(|source| self.io(&path, source))? {
            None => Err(DataDirError::NoLedger(self.root.clone())),
            Some(found) if found == VERSION => Ok(()),
            Some(found) => {
                let found = String::from_utf8_lossy(&found).trim().to_owned();
                Err(DataDirError::OtherVersion { path: self.root.clone(), found })
            }
        }
    }

    /// From now on it is read and not written, until it was compared with the outside.
    pub fn hold_back(&self) -> Result<(), DataDirError> {
        let text =
            b"Read-only: restored or refilled, not yet compared with witnesses, mirrors and anchors (suyuan resume).\n";
        durable::write_whole(&self.restored(), text).map_err(|source| self.io(&self.restored(), source))
    }

    /// Lets a restored ledger write again. Whoever calls this has compared it with the outside.
    pub fn resume(&self) -> Result<(), DataDirError> {
        durable::remove(&self.restored()).map_err(|source| self.io(&self.restored(), source))
    }

    /// Sets or takes away the mark of a repair.
    pub(super) fn mark_repairing(&self, repairing: bool) -> io::Result<()> {
        match repairing {
            true => durable::write_whole(
                &self.repairing(),
                b"Read-only: a repair was begun and not finished (suyuan fsck --repair).\n",
            ),
            false => durable::remove(&self.repairing()),
        }
    }

    fn io(&self, path: &Path, source: io::Error) -> DataDirError {
        DataDirError::Io { path: path.to_owned(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_a_ledger_once_its_version_stands_there() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = DataDir::new(dir.path().join("new"));
        assert!(matches!(ledger.check(), Err(DataDirError::NoLedger(_))));
        ledger.prepare().unwrap();
        assert!(matches!(ledger.check(), Err(DataDirError::NoLedger(_))));
        ledger.finish().unwrap();
        ledger.check().unwrap();
        assert!(matches!(ledger.prepare(), Err(DataDirError::NotEmpty(_))));
    }

    #[test]
    fn another_layout_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = DataDir::new(dir.path());
        std::fs::write(ledger.version(), "2\n").unwrap();
        assert!(matches!(ledger.check(), Err(DataDirError::OtherVersion { found, .. }) if found == "2"));
    }

    #[test]
    fn keys_made_before_the_ledger_are_not_in_its_way() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = DataDir::new(dir.path());
        std::fs::create_dir(ledger.keys()).unwrap();
        std::fs::write(ledger.log_key(), "key").unwrap();
        std::fs::write(ledger.config(), "").unwrap();
        ledger.prepare().unwrap();
    }
}
