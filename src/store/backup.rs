//! Copies of a ledger: made while it serves, and brought back so that they cannot do harm.
//!
//! A backup is a directory of the same layout without any private key. It is marked as restored from the start: whoever
//! opens it, or what was restored from it, may read and not write, until somebody has compared it with the outside
//! (`suyuan resume`). Two ledgers that go on from one backup would otherwise sign two histories.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::blobs::{BlobError, Blobs};
use super::data_dir::{DataDir, DataDirError};
use super::fsck::{FsckError, Progress, Report, fsck_files};
use super::signed_head::SignedHead;
use super::{Store, StoreError, durable};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    #[error(transparent)]
    Fsck(#[from] FsckError),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the backup is not sound: {} problems, the first: {}", .0.problems_total, first(.0))]
    NotSound(Box<Report>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies the ledger into a directory that does not exist yet. `checkpoint` is the newest signed one before the copy.
/// Files are copied after the store, so that none is missing that the store names.
pub fn backup(store: &dyn Store, blobs: &Blobs, checkpoint: &[u8], to: &Path) -> Result<(), BackupError> {
    let copy = DataDir::new(to);
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    copy.prepare()?;
    copy.hold_back()?;
    SignedHead::new(copy.signed_head()).write(checkpoint).map_err(|e| io_error(&copy.signed_head(), e))?;
    store.copy_to(&copy.db())?;
    blobs.copy_to(&copy.blobs())?;
    Ok(copy.finish()?)
}

/// Brings a backup back into a directory without a ledger, and checks every byte of it. The backup's own signed head is
/// taken only where there is none: one that is still there knows more.
pub fn restore(
    from: &Path,
    dir: &DataDir,
    signed_head: &SignedHead,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, BackupError> {
    let copy = DataDir::new(from);
    copy.check()?;
    dir.prepare()?;
    // First of all: whatever comes next, what lies here is not written on.
    dir.hold_back()?;
    copy_files(&copy.db(), &dir.db())?;
    let blobs = Blobs::open(copy.blobs()).map_err(|e| io_error(&copy.blobs(), e))?;
    blobs.copy_to(&dir.blobs())?;

    let own_head = SignedHead::new(copy.signed_head());
    let note = own_head.read().map_err(|e| io_error(own_head.path(), e))?;
    if let Some(note) = note.filter(|_| !signed_head.path().exists()) {
        signed_head.write(&note).map_err(|e| io_error(signed_head.path(), e))?;
    }
    // Against the backup's own head: that the other one is further on is for `resume` to judge.
    let report = fsck_files(dir, &own_head, progress)?;
    if !report.is_sound() {
        return Err(BackupError::NotSound(Box::new(report)));
    }
    dir.finish()?;
    Ok(report)
}

/// A flat directory, each file synced.
fn copy_files(from: &Path, to: &Path) -> Result<(), BackupError> {
    durable::make_directory(to).map_err(|e| io_error(to, e))?;
    for file in fs::read_dir(from).map_err(|e| io_error(from, e))? {
        let file = file.map_err(|e| io_error(from, e))?;
        let target = to.join(file.file_name());
        fs::copy(file.path(), &target).map_err(|e| io_error(&target, e))?;
        File::open(&target).and_then(|copied| copied.sync_all()).map_err(|e| io_error(&target, e))?;
    }
    File::open(to).and_then(|directory| directory.sync_all()).map_err(|e| io_error(to, e))
}

fn first(report: &Report) -> String {
    report.problems.first().map(ToString::to_string).unwrap_or_default()
}

fn io_error(path: &Path, source: io::Error) -> BackupError {
    BackupError::Io { path: path.to_owned(), source }
}
