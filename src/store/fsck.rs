//! Checks every stored byte that can be made again from the records, by making it again.
//!
//! All entries are replayed into an empty state, signatures and rights included; then every fact that the replay gives is
//! held against the store, key by key, both ways. Checkpoints, the signed head, openings and files are held against the
//! replay too. It repairs nothing: what differs is told, and somebody decides.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::blobs::{BlobError, Blobs};
use super::data_dir::{DataDir, DataDirError};
use super::memory::MemoryStore;
use super::rocks::RocksStore;
use super::signed_head::SignedHead;
use super::{Batch, KeyRange, LEDGER_SPACES, Live, Pairs, Read, Snapshot, Store, StoreError, checkpoints};
use crate::ledger::{ApplyError, Entry, Facts, FactsError, Reader, State};
use crate::merkle::Hash;
use crate::merkle::tree::root_at;
use crate::note::vkey::VerifierKey;
use crate::private::openings::{self, Opening};
use crate::statement::payload::Statement;

/// Problems that are told one by one; the rest are counted.
pub const PROBLEMS_MAX: usize = 1000;

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
    /// Keys.
    Comparing,
    /// Openings and files.
    Openings,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries that were replayed without fault.
    pub entries: u64,
    /// Root of the log tree over them.
    pub root: Hash,
    pub keys: u64,
    pub checkpoints: u64,
    pub openings: u64,
    pub blobs: u64,
    /// The first [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    pub problems_total: u64,
}

/// One thing that is not as the records say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("attachment {commitment}: {problem}")]
    Blob { commitment: Hash, problem: String },
    #[error("the checkpoint of {size} entries: {problem}")]
    Checkpoint { size: u64, problem: String },
    #[error("{key} is not what the records give")]
    Different { key: Key },
    /// The replay ends here.
    #[error("entry {seq}: {problem}")]
    Entry { seq: u64, problem: String },
    #[error("{key} is stored, but does not follow from the records")]
    Extra { key: Key },
    #[error("{key} follows from the records, but is not stored")]
    Missing { key: Key },
    #[error("the opening of {pointer} in record {leaf}: {problem}")]
    Opening { leaf: Hash, pointer: String, problem: String },
    #[error("the signed head: {0}")]
    SignedHead(String),
}

/// A store's key, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(pub Vec<u8>);

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

impl Report {
    pub fn is_sound(&self) -> bool {
        self.problems_total == 0
    }

    fn problem(&mut self, problem: Problem) {
        self.problems_total += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
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
    let store = RocksStore::open(&dir.db())?;
    let snapshot = store.snapshot();
    let blobs = Blobs::open(dir.blobs()).map_err(|source| io_error(&dir.blobs(), source))?;
    let on_disk = snapshot.head()? > ENTRIES_IN_MEMORY_MAX;
    let scratch_dir = dir.root().join("fsck-scratch");
    remove_tree(&scratch_dir)?;
    let scratch: Arc<dyn Store> = match on_disk {
        true => Arc::new(RocksStore::create(&scratch_dir)?),
        false => Arc::new(MemoryStore::new()),
    };
    let what = Fsck { snapshot: &snapshot, blobs: &blobs, signed_head, scratch };
    let report = fsck(&what, progress);
    drop(what);
    remove_tree(&scratch_dir)?;
    report
}

/// Replays and compares. Problems are in the report; an error means that the check itself could not go on.
pub fn fsck(what: &Fsck<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Report, FsckError> {
    let mut report = Report {
        entries: 0,
        root: Hash::ZERO,
        keys: 0,
        checkpoints: 0,
        openings: 0,
        blobs: 0,
        problems: Vec::new(),
        problems_total: 0,
    };
    let log_keys = replay(what, &mut report, progress)?;
    check_signed_head(what, &mut report, &log_keys)?;
    // After a replay that stopped half-way, everything behind would only be reported once more.
    if report.entries == what.snapshot.head()? {
        compare(what, &mut report, progress)?;
        check_openings(what, &mut report, progress)?;
        check_blobs(what, &mut report)?;
    }
    Ok(report)
}

/// Applies all entries and looks at the checkpoint after each map record. Returns the log's keys, old ones too.
fn replay(
    what: &Fsck<'_>,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<VerifierKey>, FsckError> {
    let total = what.snapshot.head()?;
    let reader = Reader(what.snapshot.clone());
    let mut state = State::load(Live(what.scratch.clone()))?;
    let mut log_keys = Vec::new();
    let mut sealed_at = Vec::new();
    let mut held_from = 0;
    for seq in 0..total {
        if let Err(problem) = replay_one(&reader, &mut state, seq)? {
            report.problem(Problem::Entry { seq, problem });
            break;
        }
        let size = state.size();
        learn_key(&state, &mut log_keys);
        if state.is_sealed() {
            sealed_at.push(size);
            check_checkpoint(what, report, size, state.root(), &log_keys)?;
            if size - held_from >= ENTRIES_HELD || size == total {
                keep(&*what.scratch, &mut state, held_from)?;
                held_from = size;
                progress(Progress { stage: Stage::Replaying, done: size, total: Some(total) });
            }
        }
    }
    if state.size() == total && !state.is_sealed() {
        let problem = "the log does not end with a map record".to_owned();
        report.problem(Problem::Entry { seq: total.saturating_sub(1), problem });
    }
    for size in checkpoints::sizes(what.snapshot) {
        let size = size?;
        report.checkpoints += 1;
        if size <= state.size() && sealed_at.binary_search(&size).is_err() {
            report.problem(Problem::Checkpoint { size, problem: "no map record stands there".to_owned() });
        }
        if size > total {
            report.problem(Problem::Checkpoint { size, problem: format!("the log has {total} entries") });
        }
    }
    (report.entries, report.root) = (state.size(), state.root());
    Ok(log_keys)
}

fn replay_one<F: Facts>(
    reader: &Reader<Snapshot>,
    state: &mut State<F>,
    seq: u64,
) -> Result<Result<(), String>, FsckError> {
    let Some(bytes) = reader.entry_bytes(seq)? else { return Ok(Err("it is missing".to_owned())) };
    let entry = match Entry::parse(&bytes) {
        Ok(entry) => entry,
        Err(error) => return Ok(Err(error.to_string())),
    };
    match state.apply(&entry) {
        Ok(_) => Ok(Ok(())),
        Err(ApplyError::Refused(refusal)) => Ok(Err(refusal.to_string())),
        Err(ApplyError::Facts(error)) => Err(error.into()),
    }
}

fn learn_key<F: Facts>(state: &State<F>, keys: &mut Vec<VerifierKey>) {
    // The rules have read the key; one that does not parse cannot be there.
    if let Some(key) = state.log().and_then(|log| log.log_vkey.parse().ok())
        && !keys.contains(&key)
    {
        keys.push(key);
    }
}

fn keep(scratch: &dyn Store, state: &mut State<Live>, from: u64) -> Result<(), FsckError> {
    let mut batch = Batch::default();
    for change in state.take_changes() {
        batch.put(change.key, change.value);
    }
    Ok(scratch.commit(batch, from, state.size())?)
}

fn check_checkpoint(
    what: &Fsck<'_>,
    report: &mut Report,
    size: u64,
    root: Hash,
    keys: &[VerifierKey],
) -> Result<(), FsckError> {
    let problem = match checkpoints::at(what.snapshot, size)? {
        None if checkpoints::is_unseen(what.snapshot, size)? => None,
        None => Some("it is missing".to_owned()),
        Some(note) => match checkpoints::open(&note, keys) {
            Err(error) => Some(error.to_string()),
            Ok((_, checkpoint)) if (checkpoint.size, checkpoint.root) != (size, root) => {
                Some("it is of another log".to_owned())
            }
            Ok(_) => None,
        },
    };
    if let Some(problem) = problem {
        report.problem(Problem::Checkpoint { size, problem });
    }
    Ok(())
}

fn check_signed_head(what: &Fsck<'_>, report: &mut Report, keys: &[VerifierKey]) -> Result<(), FsckError> {
    let head = what.signed_head;
    let note = head.read().map_err(|source| io_error(head.path(), source))?;
    let problem = match note.map(|note| checkpoints::open(&note, keys)) {
        None => Some("it is missing".to_owned()),
        Some(Err(error)) => Some(error.to_string()),
        Some(Ok((_, signed))) if signed.size > report.entries => {
            Some(format!("{} entries were signed; {} are here and good", signed.size, report.entries))
        }
        Some(Ok((_, signed))) => {
            // What cannot be read there was not replayed, and is told already.
            let root = root_at(&what.replayed(), signed.size).ok();
            root.is_some_and(|root| root != signed.root)
                .then(|| format!("the first {} entries are not those that were signed", signed.size))
        }
    };
    if let Some(problem) = problem {
        report.problem(Problem::SignedHead(problem));
    }
    Ok(())
}

/// Every fact of the replay is stored, and nothing else is stored where the ledger's facts are.
fn compare(
    what: &Fsck<'_>,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FsckError> {
    for space in LEDGER_SPACES {
        // The checkpoints are signed, not derived; `replay` has looked at them.
        if *space == b'k' {
            continue;
        }
        let range = KeyRange::prefix([*space, b'/']);
        let mut replayed = Side::new(what.scratch.scan(&range))?;
        let mut stored = Side::new(what.snapshot.scan(&range))?;
        loop {
            let problem = match (&replayed.next, &stored.next) {
                (None, None) => break,
                (Some((key, value)), Some((other_key, other_value))) if key == other_key => {
                    let same = value == other_value;
                    let problem = (!same).then(|| Problem::Different { key: Key(key.clone()) });
                    replayed.step()?;
                    stored.step()?;
                    problem
                }
                (Some((key, _)), other) if other.as_ref().is_none_or(|(other_key, _)| key < other_key) => {
                    let problem = Problem::Missing { key: Key(key.clone()) };
                    replayed.step()?;
                    Some(problem)
                }
                (_, Some((key, _))) => {
                    let problem = Problem::Extra { key: Key(key.clone()) };
                    stored.step()?;
                    Some(problem)
                }
                // The arm before the last takes every key that has no stored one beside it.
                (Some(_), None) => break,
            };
            report.keys += 1;
            problem.into_iter().for_each(|problem| report.problem(problem));
            if report.keys.is_multiple_of(10_000) {
                progress(Progress { stage: Stage::Comparing, done: report.keys, total: None });
            }
        }
    }
    progress(Progress { stage: Stage::Comparing, done: report.keys, total: Some(report.keys) });
    Ok(())
}

/// One of two ordered sequences that are compared.
struct Side<'a> {
    pairs: Pairs<'a>,
    next: Option<super::Pair>,
}

impl<'a> Side<'a> {
    fn new(pairs: Pairs<'a>) -> Result<Side<'a>, StoreError> {
        let mut side = Side { pairs, next: None };
        side.step()?;
        Ok(side)
    }

    fn step(&mut self) -> Result<(), StoreError> {
        self.next = self.pairs.next().transpose()?;
        Ok(())
    }
}

fn check_openings(
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
fn check_blobs(what: &Fsck<'_>, report: &mut Report) -> Result<(), FsckError> {
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

fn remove_tree(path: &Path) -> Result<(), FsckError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path, error)),
        _ => Ok(()),
    }
}

fn io_error(path: &Path, source: io::Error) -> FsckError {
    FsckError::Io { path: path.display().to_string(), source }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (space, rest) = self.0.split_at(self.0.len().min(2));
        f.write_str(&String::from_utf8_lossy(space))?;
        match std::str::from_utf8(rest) {
            Ok(text) if !text.contains(|c: char| c.is_control()) => f.write_str(text),
            _ => f.write_str(&hex::encode(rest)),
        }
    }
}
