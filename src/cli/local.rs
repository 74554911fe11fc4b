//! A ledger's directory on this machine, read without a service. Nothing here writes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;

use crate::anchor::Told;
use crate::config::Beside;
use crate::ledger::{Entry, Reader};
use crate::merkle::Hash;
use crate::merkle::tile::{TilePath, hash_tiles, tile_bytes};
use crate::merkle::tree::root_at;
use crate::private::openings;
use crate::produce::lots::{Lots, Reach};
use crate::produce::{Ask, Story, Survey, status_report};
use crate::publish;
use crate::publish::anchors::AnchorBook;
use crate::sequencer::{Ledger, OpenError, Settings, SystemClock};
use crate::statement::context::Visibility;
use crate::statement::short_code;
use crate::statement::subject::Subject;
use crate::store::data_dir::DataDir;
use crate::store::signed_head::SignedHead;
use crate::store::{KeyRange, Read, Snapshot, StoreError, checkpoints};
use crate::verify::Trust;
use crate::verify::audit::Audit;
use crate::verify::collect::{self, Under};

use super::audit::{Audited, Check, Problem, checkpoint, progress, survey};
use super::times;

/// Coordinates are finer than the village that everybody is told.
const GPS: &str = "/place/gps";

/// Lots, seasons and plots told of a graph on each side; the rest is counted.
const NODES_MAX: usize = 10_000;

/// The signed head of a directory: where its settings say, or in it.
pub(super) fn signed_head_of(dir: &DataDir) -> anyhow::Result<SignedHead> {
    let elsewhere = Beside::load(dir.root())?.signed_head;
    Ok(SignedHead::new(elsewhere.unwrap_or_else(|| dir.signed_head())))
}

/// Whether a directory could not be opened because another process has it: a service, most likely.
pub(super) fn is_in_use(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::Store(StoreError::Locked(_))))
}

/// A directory opened for reading. The files stay locked while it lives.
pub(super) struct Local {
    pub(super) ledger: Ledger,
    pub(super) dir: DataDir,
}

impl Local {
    pub(super) fn open(path: &Path) -> anyhow::Result<Local> {
        let dir = DataDir::new(path);
        let settings = Settings {
            signed_head: signed_head_of(&dir)?,
            dir: dir.clone(),
            signer: None,
            clock: Arc::new(SystemClock::new()),
            clock_confirmed: false,
        };
        let ledger = Ledger::open(settings).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Local { ledger, dir })
    }

    pub(super) fn reader(&self) -> Reader<Snapshot> {
        self.ledger.handle().snapshot()
    }

    pub(super) fn size(&self) -> anyhow::Result<u64> {
        Ok(self.reader().log()?.context("the store holds no ledger")?.size)
    }

    fn under(&self, size: Option<u64>) -> anyhow::Result<Under> {
        let size = match size {
            Some(size) => size,
            None => self.size()?,
        };
        let reader = self.reader();
        let note = match publish::kept(&reader.0, size)? {
            Some(cosigned) => Some(cosigned),
            None => checkpoints::at(&reader.0, size)?,
        };
        let note = note.with_context(|| format!("no checkpoint was signed at {size} entries"))?;
        Ok(Under { size, note: String::from_utf8(note).context("the checkpoint is damaged")? })
    }

    /// What everybody may see.
    fn public_openings<'a>(
        &self,
        records: impl IntoIterator<Item = &'a Entry>,
    ) -> anyhow::Result<BTreeMap<Hash, Vec<Value>>> {
        let reader = self.reader();
        let mut public = BTreeMap::new();
        for record in records.into_iter().filter_map(Entry::as_record) {
            if record.statement.visibility == Some(Visibility::Public) {
                let leaf = record.leaf();
                let kept = openings::of(&reader.0, &leaf)?;
                let shown = kept.iter().filter(|opening| opening.pointer() != GPS);
                public.insert(leaf, shown.map(openings::Opening::to_json).collect());
            }
        }
        Ok(public)
    }

    /// A batch by its id, or by its short code if that is of one batch.
    fn batch(&self, typed: &str) -> anyhow::Result<Subject> {
        if let Ok(subject) = Subject::parse(&format!("batch:{typed}")) {
            return Ok(subject);
        }
        let code = short_code::read(typed).ok_or_else(|| anyhow!("{typed} is no id of a batch"))?;
        let prefix = crate::ledger::keys::short_code(&code, "");
        let reader = self.reader();
        let mut found = Vec::new();
        for pair in reader.0.scan(&KeyRange::prefix(prefix.clone())) {
            let (key, _) = pair?;
            found.push(String::from_utf8_lossy(&key[prefix.len()..]).into_owned());
        }
        match found.as_slice() {
            [] => bail!("no batch has the code {code}"),
            [batch] => Ok(Subject::parse(&format!("batch:{batch}"))?),
            several => bail!("the code {code} is of {}", several.join(" and ")),
        }
    }
}

pub(super) fn story(dir: &Path, typed: &str) -> anyhow::Result<Value> {
    let as_of = times::now_secs().saturating_mul(1_000);
    Ok(serde_json::to_value(told(&Local::open(dir)?, typed, as_of)?)?)
}

pub(super) fn status(dir: &Path, typed: &str, as_of: i64) -> anyhow::Result<Value> {
    Ok(status_report(&told(&Local::open(dir)?, typed, as_of)?))
}

/// The story of a batch beside the accounts of the whole ledger.
fn told(local: &Local, typed: &str, as_of: i64) -> anyhow::Result<Story> {
    let (reader, size, subject) = (local.reader(), local.size()?, local.batch(typed)?);
    let (_, overview) = Survey::begin(&reader, size, as_of, |_| {})?;
    let gathered = collect::gather(&reader, &subject, size)?;
    let openings = local.public_openings(gathered.records.values())?;
    let at = reader.log()?.map_or(0, |log| log.at);
    let (records, wide) = (&gathered.records, Some(overview.wide()));
    let ask = Ask { subject: &subject, records, openings: &openings, size, at, as_of, wide };
    Story::tell(&ask).with_context(|| format!("there is no batch {}", subject.id()))
}

pub(super) fn graph(dir: &Path, typed: &str) -> anyhow::Result<Value> {
    let local = Local::open(dir)?;
    let (reader, size, subject) = (local.reader(), local.size()?, local.batch(typed)?);
    let mut lots = Lots::default();
    for seq in 0..size {
        if let Entry::Record(record) = reader.entry(seq)? {
            lots.take(&record);
        }
    }
    let reach = Reach { back: u32::MAX, forward: u32::MAX, nodes_max: NODES_MAX };
    let graph = lots.graph(&subject, reach, size);
    Ok(serde_json::to_value(graph.with_context(|| format!("there is no batch {}", subject.id()))?)?)
}

pub(super) fn bundle(dir: &Path, typed: &str, size: Option<u64>) -> anyhow::Result<Vec<u8>> {
    let local = Local::open(dir)?;
    let (subject, under) = (local.batch(typed)?, local.under(size)?);
    let mut bundle = collect::bundle(&local.reader(), &subject, &under, &[], &times::now_text())?;
    let (reader, newest) = (local.reader(), local.size()?);
    let book = AnchorBook::open(local.ledger.handle().aside(), &reader, newest)?;
    for slot in book.slots(bundle.covered(), newest, &Told::default())? {
        let checkpoint = local.under(Some(slot.size))?;
        bundle.anchor(&reader, &checkpoint, slot)?;
    }
    let openings = local.public_openings(&bundle.records)?;
    bundle.open(openings);
    Ok(bundle.encode())
}

pub(super) fn audit(
    dir: &Path,
    trust: Option<&Trust>,
    as_of: Option<i64>,
    quiet: bool,
) -> anyhow::Result<Audited> {
    let local = Local::open(dir)?;
    let (reader, size) = (local.reader(), local.size()?);
    let note = match checkpoints::at(&reader.0, size)? {
        Some(note) => checkpoint(&note, trust)?,
        None => Err(format!("there is no checkpoint of {size} entries")),
    };
    let mut audit = Audit::new(trust).map_err(anyhow::Error::msg)?;
    let bar = progress(size, quiet);
    let mut problem = None;
    for seq in 0..size {
        let taken = match reader.entry_bytes(seq)? {
            Some(bytes) => audit.entry(&bytes),
            None => Err(format!("entry {seq} is missing")),
        };
        if let Err(found) = taken {
            problem = Some(found);
            break;
        }
        bar.set_position(seq + 1);
    }
    bar.finish_and_clear();
    let (root, is_sealed, whole) = (audit.root(), audit.is_sealed(), problem.is_none());
    let report = audit.report(problem);
    let mut checks = vec![Check { what: "checkpoint", found: same_checkpoint(note, size, &root) }];
    let signed_head = signed_head_of(&local.dir)?;
    checks
        .push(Check { what: "signed head", found: signed_head_is_here(&reader, size, &signed_head, trust) });
    if whole {
        let sealed = match is_sealed {
            true => Ok("the log ends with a map record, whose root its records give".into()),
            false => Err(Problem::Wrong("the log does not end with a map record".into())),
        };
        checks.push(Check { what: "map", found: sealed });
        checks.push(stored_tree_is_derived(&reader, &audit, size)?);
    }
    let survey = match as_of {
        Some(as_of) if whole => Some(survey(audit.state(), as_of, quiet)?),
        _ => None,
    };
    Ok(Audited { report, checks, survey })
}

type Found = Result<String, Problem>;

fn same_checkpoint(
    note: Result<(crate::note::checkpoint::Checkpoint, Found), String>,
    size: u64,
    root: &Hash,
) -> Found {
    let (checkpoint, found) = note.map_err(Problem::Wrong)?;
    if (checkpoint.size, checkpoint.root) != (size, *root) {
        let signed = format!("{} entries with the root {}", checkpoint.size, checkpoint.root);
        return Err(Problem::Wrong(format!("signed were {signed}; here are {size} with {root}")));
    }
    found
}

/// The newest head that was signed, kept outside the database, must be in the log.
fn signed_head_is_here(
    reader: &Reader<Snapshot>,
    size: u64,
    signed_head: &SignedHead,
    trust: Option<&Trust>,
) -> Found {
    let wrong = |problem: String| Problem::Wrong(problem);
    let note = signed_head.read().map_err(|error| wrong(error.to_string()))?;
    let note = note.ok_or_else(|| wrong(format!("{} is missing", signed_head.path().display())))?;
    let read = checkpoint(&note, trust).map_err(|error| wrong(format!("{error:#}")))?;
    let (head, found) = read.map_err(wrong)?;
    if head.size > size {
        return Err(wrong(format!(
            "{} entries were signed, here are {size}: this is an older state",
            head.size
        )));
    }
    let root = root_at(reader, head.size).map_err(|error| wrong(error.to_string()))?;
    if root != head.root {
        return Err(wrong(format!("the first {} entries are not those that were signed", head.size)));
    }
    found.map(|_| format!("{} entries", head.size))
}

/// The hashes that tiles are cut from are those of the entries.
fn stored_tree_is_derived(reader: &Reader<Snapshot>, audit: &Audit<'_>, size: u64) -> anyhow::Result<Check> {
    let mut tiles = 0_u64;
    for tile in hash_tiles(0, size) {
        let derived = tile_bytes(&audit.state().reader(), &tile, size)?;
        // A node that is missing is as wrong as one that differs.
        if tile_bytes(reader, &tile, size).ok() != Some(derived) {
            let problem = format!("{} is not that of the entries", TilePath::Hashes(tile));
            return Ok(Check { what: "tree", found: Err(Problem::Wrong(problem)) });
        }
        tiles += 1;
    }
    Ok(Check { what: "tree", found: Ok(format!("{tiles} hash tiles")) })
}
