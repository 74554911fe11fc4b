//! Checks every stored byte that can be made again from the records, by making it again, and mends what it can.
//!
//! All entries are replayed into an empty state, signatures and rights included; then every fact that the replay gives is
//! held against the store, key by key, both ways, and every tile as it is served. Checkpoints, the signed head, openings
//! and files are held against the replay too. [`repair`] writes what differs anew, and only where nothing but derived
//! facts does: records, what was signed and what is private are never touched.

mod compare;
mod private;
mod repair;
mod replay;
mod report;

use std::io;
use std::path::Path;
use std::sync::Arc;

pub use repair::{Repair, Repaired, repair, repair_directory};
pub(super) use report::is_derived;
pub use report::{Key, PROBLEMS_MAX, Problem, Report, Value};

use super::blobs::{BlobError, Blobs};
use super::data_dir::{DataDir, DataDirError};
use super::memory::MemoryStore;
use super::rocks::RocksStore;
use super::signed_head::SignedHead;
use super::{HEAD, LEDGER_SPACES, Live, Snapshot, Store, StoreError};
use crate::ledger::{FactsError, Reader};

/// Entries replayed between two writes of the scratch store.
const ENTRIES_HELD: u64 = 1024;

/// Longer logs are replayed on the disk instead of in memory.
const ENTRIES_IN_MEMORY_MAX: u64 = 100_000;

/// What is checked, and where the replay may write.
pub struct Fsck<'a> {
    pub snapshot: &'a Snapshot,
    pub blobs: &'a Blobs,
    pub signed_head: &'a SignedHead,
    /// Empty; worthless afterwards.
    pub scratch: Arc<dyn Store>,
}

/// How far a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub stage: Stage,
    pub done: u64,
    /// Where it is known.
    pub total: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Entries.
    Replaying,
    /// Entries behind the first damaged one.
    Hashing,
    /// Keys.
    Comparing,
    /// Hash tiles and entry bundles.
    Tiles,
    /// Openings and files.
    Openings,
    /// Keys that are written anew.
    Repairing,
}

/// The check itself could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FsckError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fsck<'_> {
    fn replayed(&self) -> Reader<Live> {
        Reader(Live(self.scratch.clone()))
    }
}

/// Checks the ledger in a directory, which no other process may have open.
pub fn fsck_directory(
    dir: &DataDir,
    signed_head: &SignedHead,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, FsckError> {
    dir.check()?;
    fsck_files(dir, signed_head, progress)
}

/// As [`fsck_directory`], for a directory that is not finished yet.
pub(super) fn fsck_files(
    dir: &DataDir,
    signed_head: &SignedHead,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, FsckError> {
    with_files(dir, |store, blobs, scratch| {
        let snapshot = store.snapshot();
        fsck(&Fsck { snapshot: &snapshot, blobs, signed_head, scratch }, progress)
    })
}

/// Opens a directory's files and makes a place for the replay, which is gone afterwards.
fn with_files<T>(
    dir: &DataDir,
    work: impl FnOnce(&dyn Store, &Blobs, Arc<dyn Store>) -> Result<T, FsckError>,
) -> Result<T, FsckError> {
    let store = RocksStore::open(&dir.db())?;
    let blobs = Blobs::open(dir.blobs()).map_err(|source| io_error(&dir.blobs(), source))?;
    // A head that cannot be read is damage to be found; until then the log counts as long.
    let on_disk = store.snapshot().head().map_or(true, |head| head > ENTRIES_IN_MEMORY_MAX);
    let scratch_dir = dir.root().join("fsck-scratch");
    remove_tree(&scratch_dir)?;
    let scratch: Arc<dyn Store> = match on_disk {
        true => Arc::new(RocksStore::create(&scratch_dir)?),
        false => Arc::new(MemoryStore::new()),
    };
    let done = work(&store, &blobs, scratch);
    remove_tree(&scratch_dir)?;
    done
}

/// Replays and compares. Problems are in the report; an error means that the check itself could not go on.
pub fn fsck(what: &Fsck<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Report, FsckError> {
    let mut report = Report::new();
    let replayed = replay::replay(what, &mut report, progress)?;
    // After a replay that stopped half-way, everything behind would only be reported once more.
    if report.entries == replayed.total {
        compare_rest(what, &mut report, progress)?;
    }
    Ok(report)
}

/// All that follows from the records, when they are whole, and what is kept beside them.
fn compare_rest(
    what: &Fsck<'_>,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FsckError> {
    compare::compare(what, report, progress)?;
    compare::compare_tiles(what, report, report.entries, progress)?;
    private::check_openings(what, report, progress)?;
    private::check_blobs(what, report)
}

fn remove_tree(path: &Path) -> Result<(), FsckError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path, error)),
        _ => Ok(()),
    }
}

fn io_error(path: &Path, source: io::Error) -> FsckError {
    FsckError::Io { path: path.display().to_string(), source }
}
