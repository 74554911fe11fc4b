//! What is kept beside the records and can be erased: openings and files, held against what was committed to.

use std::path::Path;

use super::report::{Problem, Report};
use super::{Fsck, FsckError, Progress, Stage, io_error};
use crate::ledger::{Entry, Reader};
use crate::merkle::Hash;
use crate::private::openings::{self, Opening};
use crate::statement::payload::Statement;
use crate::store::Live;

pub(super) fn check_openings(
    what: &Fsck<'_>,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FsckError> {
    let reader = what.replayed();
    for found in openings::all(what.snapshot) {
        let (leaf, opening) = found?;
        report.openings += 1;
        let pointer = opening.as_ref().map(|opening| opening.pointer().to_owned()).unwrap_or_default();
        if let Err(problem) = check_opening(&reader, &leaf, opening)? {
            report.problem(Problem::Opening { leaf, pointer, problem });
        }
        if report.openings.is_multiple_of(1000) {
            progress(Progress { stage: Stage::Openings, done: report.openings, total: None });
        }
    }
    Ok(())
}

fn check_opening(
    reader: &Reader<Live>,
    leaf: &Hash,
    opening: Result<Opening, String>,
) -> Result<Result<(), String>, FsckError> {
    let opening = match opening {
        Ok(opening) => opening,
        Err(problem) => return Ok(Err(problem)),
    };
    match statement_of(reader, leaf)? {
        None => Ok(Err("the record is not in the ledger".to_owned())),
        Some(statement) => Ok(opening.opens(&statement).map_err(|error| error.to_string())),
    }
}

/// A stored file is one that a record names, and has the content that its opening says.
pub(super) fn check_blobs(what: &Fsck<'_>, report: &mut Report) -> Result<(), FsckError> {
    let reader = what.replayed();
    let stored = what.blobs.commitments().map_err(|source| io_error(Path::new("blobs"), source))?;
    for commitment in stored {
        report.blobs += 1;
        if let Err(problem) = check_blob(what, &reader, &commitment)? {
            report.problem(Problem::Blob { commitment, problem });
        }
    }
    Ok(())
}

fn check_blob(
    what: &Fsck<'_>,
    reader: &Reader<Live>,
    commitment: &Hash,
) -> Result<Result<(), String>, FsckError> {
    let bad = |problem: &str| Ok(Err(problem.to_owned()));
    let Some((leaf, pointer)) = openings::place_of(what.snapshot, commitment)? else {
        return bad("no opening names it");
    };
    let opening = match openings::at(what.snapshot, &leaf, &pointer) {
        Ok(openings::Kept::Open(Opening::File(opening))) => opening,
        Ok(openings::Kept::Erased) => return bad("it was erased, and is still here"),
        Ok(_) => return bad("its opening is not kept"),
        Err(error) => return bad(&error.to_string()),
    };
    let statement = statement_of(reader, &leaf)?;
    let declared = statement.as_ref().and_then(|statement| openings::attachment(statement, &pointer));
    match (what.blobs.content(commitment)?, declared) {
        (None, _) => Ok(Ok(())),
        (_, None) => bad("no record names it"),
        (Some((content, bytes)), Some(declared)) if content == opening.sha256 && bytes == declared.size => {
            Ok(Ok(()))
        }
        _ => bad("it is not the file that was committed to"),
    }
}

fn statement_of(reader: &Reader<Live>, leaf: &Hash) -> Result<Option<Statement>, FsckError> {
    let Some(fact) = reader.leaf(leaf)? else { return Ok(None) };
    match reader.entry(fact.seq)? {
        Entry::Record(record) => Ok(Some(record.statement)),
        Entry::Map(_) => Ok(None),
    }
}
