//! Writes anew what follows from the records and is not stored as it should be.
//!
//! Only where the records themselves are beyond doubt: every entry was replayed, and the newest checkpoint and the head
//! outside the database are signed over exactly these. A mark in the directory stands from before the first write until
//! everything was compared once more, so that a ledger whose repair was cut short is not written on, and the repair can
//! be begun again.

use super::compare::{Compared, each};
use super::report::{Problem, Report, is_derived};
use super::{Fsck, FsckError, Progress, Stage, compare_rest, io_error, replay, with_files};
use crate::store::data_dir::DataDir;
use crate::store::signed_head::SignedHead;
use crate::store::{Batch, Store};

/// Keys that are written at once.
const KEYS_A_BATCH: u64 = 10_000;

/// What a repair found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// As it was.
    pub before: Report,
    pub outcome: Repaired,
    /// As it is now; none where nothing was written.
    pub after: Option<Report>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repaired {
    /// Nothing derived was wrong.
    Nothing,
    /// Nothing was written, for this reason.
    Refused(String),
    Written {
        /// Keys that have their value now.
        written: u64,
        /// Keys that are gone.
        removed: u64,
    },
}

impl Repair {
    /// How the ledger stands now.
    pub fn now(&self) -> &Report {
        self.after.as_ref().unwrap_or(&self.before)
    }
}

/// Repairs the ledger in a directory, which no other process may have open.
pub fn repair_directory(
    dir: &DataDir,
    signed_head: &SignedHead,
    progress: &mut dyn FnMut(Progress),
) -> Result<Repair, FsckError> {
    dir.check()?;
    with_files(dir, |store, blobs, scratch| {
        let snapshot = store.snapshot();
        let what = Fsck { snapshot: &snapshot, blobs, signed_head, scratch };
        repair(&what, store, &mut |repairing| dir.mark_repairing(repairing), progress)
    })
}

/// Checks, and writes what is missing or different of what the records give. `mark` is told before the first write,
/// and again when all is as it should be.
pub fn repair(
    what: &Fsck<'_>,
    store: &dyn Store,
    mark: &mut dyn FnMut(bool) -> std::io::Result<()>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Repair, FsckError> {
    let mut marked =
        |repairing| mark(repairing).map_err(|error| io_error("the mark of a repair".as_ref(), error));
    let mut records = Report::new();
    let replayed = replay::replay(what, &mut records, progress)?;
    if !replayed.is_whole {
        let outcome = Repaired::Refused(why_not(&records));
        return Ok(Repair { before: records, outcome, after: None });
    }
    let mut before = records.clone();
    compare_rest(what, &mut before, progress)?;
    let is_damaged =
        |problem: &Problem| problem.key().is_some_and(|key| is_derived(&key.0) || key.0 == super::HEAD);
    if !before.problems.iter().any(is_damaged) {
        // Of a repair that was cut short after its last write, or of none.
        marked(false)?;
        return Ok(Repair { before, outcome: Repaired::Nothing, after: None });
    }

    marked(true)?;
    let outcome = mend(what, store, records.entries, progress)?;
    let mended = store.snapshot();
    let again = Fsck {
        snapshot: &mended,
        blobs: what.blobs,
        signed_head: what.signed_head,
        scratch: what.scratch.clone(),
    };
    let mut after = records;
    compare_rest(&again, &mut after, progress)?;
    if !after.problems.iter().any(is_damaged) {
        marked(false)?;
    }
    Ok(Repair { before, outcome, after: Some(after) })
}

fn why_not(records: &Report) -> String {
    let first = records.problems.first();
    let first =
        first.map_or_else(|| "the newest checkpoint is not of these entries".to_owned(), ToString::to_string);
    format!(
        "the records cannot be vouched for ({first}): a repair makes again what follows from records, never records \
         or what was signed. Restore a backup, or refill from a mirror (suyuan resume)"
    )
}

fn mend(
    what: &Fsck<'_>,
    store: &dyn Store,
    head: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<Repaired, FsckError> {
    let (mut written, mut removed, mut held) = (0, 0, 0);
    let mut batch = Batch::default();
    each(what, &mut |compared| {
        match compared {
            Compared::Different { key, should, .. } | Compared::Missing { key, should }
                if is_derived(&key) =>
            {
                batch.put(key, should);
                written += 1;
            }
            Compared::Extra { key, .. } if is_derived(&key) => {
                batch.delete(key);
                removed += 1;
            }
            // The head goes down with every batch; what else is wrong is not mended by writing.
            _ => return Ok(()),
        }
        held += 1;
        if held == KEYS_A_BATCH {
            store.mend(std::mem::take(&mut batch), head)?;
            held = 0;
            progress(Progress { stage: Stage::Repairing, done: written + removed, total: None });
        }
        Ok(())
    })?;
    store.mend(batch, head)?;
    let done = written + removed;
    progress(Progress { stage: Stage::Repairing, done, total: Some(done) });
    Ok(Repaired::Written { written, removed })
}
