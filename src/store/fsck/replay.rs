//! All entries, applied one after the other to an empty state, and what was signed over them.

use super::report::{Key, Problem, Report, Value};
use super::{ENTRIES_HELD, Fsck, FsckError, Progress, Stage, io_error};
use crate::ledger::{ApplyError, Entry, Reader, State, keys};
use crate::merkle::Hash;
use crate::merkle::proof::{inclusion_path, verify_inclusion};
use crate::merkle::tree::{leaf_hash, root_at};
use crate::note::vkey::VerifierKey;
use crate::store::{Batch, KeyRange, Live, Read, Snapshot, Store, StoreError, checkpoints};

/// A replay under way.
struct Replay<'a, 'w> {
    what: &'a Fsck<'w>,
    report: &'a mut Report,
    reader: Reader<Snapshot>,
    state: State<Live>,
    /// Every key that the log had so far.
    keys: Vec<VerifierKey>,
    /// Sizes at which map records end.
    sealed_at: Vec<u64>,
    /// Entries since the last good checkpoint whose bytes do not give the leaf hash that the tree has: the bytes are
    /// damaged, or the node is.
    suspects: Vec<Suspect>,
    /// Whether the entries from here on can be believed.
    goes_on: bool,
}

struct Suspect {
    seq: u64,
    leaf: Hash,
    in_tree: Option<Hash>,
}

/// What the replay came to.
pub(super) struct Replayed {
    /// Every entry was replayed and the newest checkpoint, signed by the log, is of exactly these.
    pub(super) is_whole: bool,
    /// Entries that the log should have.
    pub(super) total: u64,
}

/// Applies all entries, and looks at what was signed: the checkpoint of every commit, the head outside the database.
pub(super) fn replay(
    what: &Fsck<'_>,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<Replayed, FsckError> {
    let total = total(what.snapshot)?;
    let mut replay = Replay {
        what,
        report,
        reader: Reader(what.snapshot.clone()),
        state: State::load(Live(what.scratch.clone()))?,
        keys: Vec::new(),
        sealed_at: Vec::new(),
        suspects: Vec::new(),
        goes_on: true,
    };
    let mut held_from = 0;
    for seq in 0..total {
        replay.entry(seq)?;
        if !replay.goes_on {
            replay.look_on(seq + 1, total, progress)?;
            break;
        }
        let size = replay.state.size();
        if replay.state.is_sealed() && (size - held_from >= ENTRIES_HELD || size == total) {
            keep(&*what.scratch, &mut replay.state, held_from)?;
            held_from = size;
            progress(Progress { stage: Stage::Replaying, done: size, total: Some(total) });
        }
    }
    replay.finish(total)
}

/// Entries that the log should have: what the head says, unless records or the newest checkpoint say that it is wrong.
fn total(snapshot: &Snapshot) -> Result<u64, FsckError> {
    let signed = checkpoints::sizes(snapshot).last().transpose().ok().flatten();
    let is_there = |seq: u64| snapshot.get(&keys::record(seq)).map(|found| found.is_some());
    if let Ok(head) = snapshot.head() {
        let fits = match head {
            0 => !is_there(0)?,
            head => is_there(head - 1)? && !is_there(head)?,
        };
        if fits || signed == Some(head) {
            return Ok(head);
        }
    }
    let mut total = 0;
    for pair in snapshot.scan(&KeyRange::prefix(keys::RECORDS)) {
        if pair?.0 != keys::record(total) {
            break;
        }
        total += 1;
    }
    Ok(total)
}

impl Replay<'_, '_> {
    fn entry(&mut self, seq: u64) -> Result<(), FsckError> {
        let in_tree = self.in_tree(seq)?;
        let Some(bytes) = self.reader.entry_bytes(seq)? else {
            self.damaged(seq, "it is missing".to_owned(), in_tree);
            return Ok(());
        };
        let leaf = leaf_hash(&bytes);
        if in_tree != Some(leaf) {
            self.suspects.push(Suspect { seq, leaf, in_tree });
        }
        let applied = match Entry::parse(&bytes) {
            Err(error) => Err(error.to_string()),
            Ok(entry) => match self.state.apply(&entry) {
                Ok(_) => Ok(()),
                Err(ApplyError::Refused(refusal)) => Err(refusal.to_string()),
                Err(ApplyError::Facts(error)) => return Err(error.into()),
            },
        };
        if let Err(problem) = applied {
            self.refused(seq, problem);
            return Ok(());
        }
        self.learn_key();
        if self.state.is_sealed() {
            self.sealed_at.push(self.state.size());
            self.check_checkpoint()?;
        }
        Ok(())
    }

    /// The leaf hash that the stored tree has for an entry.
    fn in_tree(&self, seq: u64) -> Result<Option<Hash>, StoreError> {
        let found = self.what.snapshot.get(&keys::tree_node(0, seq))?;
        Ok(found.and_then(|bytes| bytes.try_into().ok()).map(Hash))
    }

    /// An entry that may not stand where it stands. If bytes before it, or its own, are not those of the tree, then it
    /// is they that are damaged.
    fn refused(&mut self, seq: u64, problem: String) {
        self.goes_on = false;
        let suspects = std::mem::take(&mut self.suspects);
        if suspects.iter().all(|suspect| suspect.seq != seq) {
            self.report.problem(Problem::Entry { seq, problem: problem.clone() });
        }
        for suspect in suspects {
            let said = if suspect.seq == seq { problem.as_str() } else { "its bytes were changed" };
            self.damaged_because(&suspect, said);
        }
    }

    fn damaged(&mut self, seq: u64, problem: String, in_tree: Option<Hash>) {
        self.goes_on = false;
        let should = in_tree.map(|leaf| self.should_be(seq, &leaf)).unwrap_or_default();
        self.report.problem(Problem::Entry { seq, problem: format!("{problem}{should}") });
    }

    fn damaged_because(&mut self, suspect: &Suspect, problem: &str) {
        let Suspect { seq, leaf, in_tree } = suspect;
        let should = in_tree.map_or_else(
            || "; the tree has no leaf for it".to_owned(),
            |in_tree| self.should_be(*seq, &in_tree),
        );
        let problem = format!("{problem}; its leaf hash is {leaf}{should}");
        self.report.problem(Problem::Entry { seq: *seq, problem });
    }

    /// What the leaf should be, and how surely that is known: a path from it to a root that the log has signed.
    fn should_be(&self, seq: u64, leaf: &Hash) -> String {
        let mut sizes = checkpoints::sizes_in(self.what.snapshot, seq + 1, u64::MAX).flatten();
        let signed = sizes.find_map(|size| {
            let note = checkpoints::at(self.what.snapshot, size).ok()??;
            let (_, checkpoint) = checkpoints::open(&note, &self.keys).ok()?;
            let path = inclusion_path(&self.reader, seq, size).ok()?;
            verify_inclusion(leaf, seq, size, &path, &checkpoint.root).is_ok().then_some(size)
        });
        match signed {
            Some(size) => format!("; the checkpoint of {size} entries was signed over the leaf hash {leaf}"),
            None => format!("; the stored tree has the leaf hash {leaf}"),
        }
    }

    /// The rest is not replayed any more, but each entry still has a leaf hash to be held against the tree's.
    fn look_on(
        &mut self,
        from: u64,
        total: u64,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), FsckError> {
        for seq in from..total {
            let (in_tree, bytes) = (self.in_tree(seq)?, self.reader.entry_bytes(seq)?);
            match bytes.map(|bytes| leaf_hash(&bytes)) {
                None => self.damaged(seq, "it is missing".to_owned(), in_tree),
                Some(leaf) if in_tree != Some(leaf) => {
                    self.damaged_because(
                        &Suspect { seq, leaf, in_tree },
                        "its bytes are not those of the tree",
                    );
                }
                Some(_) => {}
            }
            if seq.is_multiple_of(ENTRIES_HELD) {
                progress(Progress { stage: Stage::Hashing, done: seq, total: Some(total) });
            }
        }
        Ok(())
    }

    fn learn_key(&mut self) {
        // The rules have read the key; one that does not parse cannot be there.
        if let Some(key) = self.state.log().and_then(|log| log.log_vkey.parse().ok())
            && !self.keys.contains(&key)
        {
            self.keys.push(key);
        }
    }

    /// Those that were to sign when the last entry was written.
    fn keys_in_force(&self) -> Vec<VerifierKey> {
        let log = self.state.log();
        log.into_iter().flat_map(|log| log.signing_vkeys(log.at)).filter_map(|key| key.parse().ok()).collect()
    }

    /// The checkpoint that was signed here, by a key in force then, over the root that the entries give.
    fn check_checkpoint(&mut self) -> Result<(), FsckError> {
        let (size, root) = (self.state.size(), self.state.root());
        let note = match checkpoints::at(self.what.snapshot, size)? {
            Some(note) => note,
            None => {
                // Nothing says then which is right, bytes or node, until the next checkpoint.
                if !checkpoints::is_unseen(self.what.snapshot, size)? {
                    self.report.problem(Problem::Checkpoint { size, problem: "it is missing".to_owned() });
                }
                return Ok(());
            }
        };
        let signed = match checkpoints::open(&note, &self.keys_in_force()) {
            Ok((_, signed)) => signed,
            Err(error) => {
                self.report.problem(Problem::Checkpoint { size, problem: error.to_string() });
                return Ok(());
            }
        };
        if (signed.size, signed.root) == (size, root) {
            self.suspects.clear();
            return Ok(());
        }
        self.goes_on = false;
        let from = self.sealed_at.iter().rev().nth(1).copied().unwrap_or(0);
        let problem = format!(
            "it says {} entries with the root {}, the entries give {root}: entries {from} to {} are not those \
             that were signed, or it is of another log",
            signed.size,
            signed.root,
            size - 1
        );
        self.report.problem(Problem::Checkpoint { size, problem });
        for suspect in std::mem::take(&mut self.suspects) {
            self.damaged_because(&suspect, "its bytes were changed");
        }
        Ok(())
    }

    fn finish(self, total: u64) -> Result<Replayed, FsckError> {
        let Replay { what, report, state, keys, sealed_at, goes_on, .. } = self;
        let size = state.size();
        let is_replayed = goes_on && size == total;
        if is_replayed && !state.is_sealed() {
            let problem = "the log does not end with a map record".to_owned();
            report.problem(Problem::Entry { seq: total.saturating_sub(1), problem });
        }
        for pair in what.snapshot.scan(&KeyRange::prefix(checkpoints::CHECKPOINTS)) {
            let (key, is) = pair?;
            report.checkpoints += 1;
            let Some(stored) = checkpoints::size_of(&key) else {
                report.problem(Problem::Extra { key: Key(key), is: Value(is) });
                continue;
            };
            if stored <= size && sealed_at.binary_search(&stored).is_err() {
                let problem = "no map record stands there".to_owned();
                report.problem(Problem::Checkpoint { size: stored, problem });
            }
            if stored > total {
                let problem = format!("the log has {total} entries");
                report.problem(Problem::Checkpoint { size: stored, problem });
            }
        }
        (report.entries, report.root) = (size, state.root());
        let head_fits = is_replayed && state.is_sealed() && newest_fits(what, &keys, size, &state.root())?;
        let is_outside = check_signed_head(what, report, &keys, is_replayed)?;
        Ok(Replayed { is_whole: head_fits && is_outside, total })
    }
}

/// Whether the log has signed exactly this, and nothing beyond.
fn newest_fits(what: &Fsck<'_>, keys: &[VerifierKey], size: u64, root: &Hash) -> Result<bool, FsckError> {
    let Some(newest) = checkpoints::sizes(what.snapshot).last().transpose()? else { return Ok(false) };
    let note = checkpoints::at(what.snapshot, newest)?.unwrap_or_default();
    let signed = checkpoints::open(&note, keys).ok();
    Ok(newest == size && signed.is_some_and(|(_, signed)| (signed.size, signed.root) == (size, *root)))
}

fn keep(scratch: &dyn Store, state: &mut State<Live>, from: u64) -> Result<(), FsckError> {
    let mut batch = Batch::default();
    for change in state.take_changes() {
        batch.put(change.key, change.value);
    }
    Ok(scratch.commit(batch, from, state.size())?)
}

/// Returns whether the head outside the database is in these entries.
fn check_signed_head(
    what: &Fsck<'_>,
    report: &mut Report,
    keys: &[VerifierKey],
    is_replayed: bool,
) -> Result<bool, FsckError> {
    let head = what.signed_head;
    let note = head.read().map_err(|source| io_error(head.path(), source))?;
    let problem = match note.map(|note| checkpoints::open(&note, keys)) {
        None => Some("it is missing".to_owned()),
        Some(Err(error)) => Some(error.to_string()),
        // Whatever stopped the replay is told already.
        Some(Ok((_, signed))) if signed.size > report.entries && !is_replayed => None,
        Some(Ok((_, signed))) if signed.size > report.entries => {
            Some(format!("{} entries were signed; {} are here and good", signed.size, report.entries))
        }
        Some(Ok((_, signed))) => {
            let root = root_at(&what.replayed(), signed.size).ok();
            let other = root.is_some_and(|root| root != signed.root);
            other.then(|| format!("the first {} entries are not those that were signed", signed.size))
        }
    };
    let fits = problem.is_none() && is_replayed;
    if let Some(problem) = problem {
        report.problem(Problem::SignedHead(problem));
    }
    Ok(fits)
}
