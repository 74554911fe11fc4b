//! `suyuan resume`: lets a restored ledger write again, once it is known that it misses nothing.
//!
//! A ledger that forgot what it had signed would sign a second history. So what others hold of it is looked at first:
//! mirrors, witnesses, and the signed head that was kept outside the database. If nobody holds anything, it never signs
//! again.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::json;

use crate::follow::{Fetcher, Tiles};
use crate::ledger::Reader;
use crate::merkle::Hash;
use crate::merkle::tree::root_at;
use crate::note::signed_note::NOTE_BYTES_MAX;
use crate::store::Snapshot;
use crate::store::signed_head::SignedHead;
use crate::verify::{Trust, signed_checkpoint};

use super::Answer;
use super::local::Local;

const EXAMPLES: &str = "\
Examples:
  suyuan resume --dir /srv/suyuan --mirror https://mirror.example.org --signed-head /mnt/other/signed-head
  suyuan resume --dir /srv/suyuan --witness https://witness.uni.example --witness https://witness.press.example --confirm

Exit code 1: somebody holds more of this log, or another history; the ledger stays read-only.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The restored ledger's directory
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// A mirror of this log, or anyone who serves /log/checkpoint
    #[arg(long = "mirror", value_name = "URL")]
    mirrors: Vec<String>,
    /// A witness of this log: what it has cosigned last
    #[arg(long = "witness", value_name = "URL")]
    witnesses: Vec<String>,
    /// The signed head of the lost ledger, if it was kept on another disk
    #[arg(long, value_name = "FILE")]
    signed_head: Option<PathBuf>,
    /// What was compared is enough: write again
    #[arg(long)]
    confirm: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What somebody holds of this log.
struct Witnessed {
    who: String,
    /// Entries, or why it does not agree.
    found: Result<u64, String>,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let local = Local::open(&args.dir)?;
    let restored = local.dir.restored();
    ensure!(
        restored.exists(),
        "{} was not restored from a backup: there is nothing to resume",
        args.dir.display()
    );
    ensure!(
        !args.mirrors.is_empty() || !args.witnesses.is_empty() || args.signed_head.is_some(),
        "nothing to compare with: give --mirror, --witness or --signed-head; a ledger that nobody can vouch for never signs again"
    );
    let reader = local.reader();
    let log = reader.log()?.context("the store holds no ledger")?;
    // A note from before the log changed keys has the former key's signature alone.
    let keys: Vec<String> = log.log_vkeys().map(str::to_owned).collect();
    let trust = Trust::parse(&Trust::to_text(&log.origin, &keys, log.ledger, None))?;
    let mut witnessed = Vec::new();
    for mirror in &args.mirrors {
        let note = Tiles::new(&Fetcher::new(mirror)?).checkpoint()?;
        witnessed.push(Witnessed { who: mirror.clone(), found: compare(&note, &trust, &reader, log.size) });
    }
    for witness in &args.witnesses {
        // Where C2SP witnesses show what they have seen of a log.
        let path = format!("/{}/checkpoint", Hash::of(log.origin.as_bytes()));
        let note = Fetcher::new(witness)?.get_path(&path, NOTE_BYTES_MAX as u64)?;
        witnessed.push(Witnessed { who: witness.clone(), found: compare(&note, &trust, &reader, log.size) });
    }
    if let Some(path) = &args.signed_head {
        let note = head_in(path)?;
        let who = path.display().to_string();
        witnessed.push(Witnessed { who, found: compare(&note, &trust, &reader, log.size) });
    }
    // The directory's own head may have outlived the disk: it is no witness, but it may know more.
    let own = local.dir.signed_head();
    let note = head_in(&own)?;
    if let Err(problem) = compare(&note, &trust, &reader, log.size) {
        witnessed.push(Witnessed { who: own.display().to_string(), found: Err(problem) });
    }
    let agreed = witnessed.iter().all(|witnessed| witnessed.found.is_ok());
    let resumed = agreed && args.confirm;
    if resumed {
        local.dir.resume()?;
    }
    print(&witnessed, log.size, resumed, args.json)?;
    if agreed && !args.confirm {
        bail!("everything agrees; say --confirm to let the ledger write again");
    }
    Ok(Answer::verified(agreed))
}

fn head_in(path: &Path) -> anyhow::Result<Vec<u8>> {
    let note = SignedHead::new(path).read().with_context(|| path.display().to_string())?;
    note.with_context(|| format!("{} is not there", path.display()))
}

fn compare(note: &[u8], trust: &Trust, reader: &Reader<Snapshot>, size: u64) -> Result<u64, String> {
    let text = std::str::from_utf8(note).map_err(|_| "it is no checkpoint".to_owned())?;
    let theirs = signed_checkpoint::open(text, trust)?.checkpoint;
    if theirs.size > size {
        return Err(format!("it holds {} entries, here are {size}: this backup misses some", theirs.size));
    }
    let root = root_at(reader, theirs.size).map_err(|error| error.to_string())?;
    match root == theirs.root {
        true => Ok(theirs.size),
        false => Err(format!("its first {} entries are not the ones here: two histories", theirs.size)),
    }
}

fn print(witnessed: &[Witnessed], size: u64, resumed: bool, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let compared: Vec<_> = witnessed
            .iter()
            .map(|w| match &w.found {
                Ok(size) => json!({ "who": w.who, "agrees": true, "size": size }),
                Err(problem) => json!({ "who": w.who, "agrees": false, "problem": problem }),
            })
            .collect();
        writeln!(out, "{}", json!({ "resumed": resumed, "size": size, "compared": compared }))?;
        return Ok(());
    }
    for w in witnessed {
        match &w.found {
            Ok(theirs) => writeln!(out, "agrees  {} ({theirs} of {size} entries)", w.who)?,
            Err(problem) => writeln!(out, "FAILED  {}: {problem}", w.who)?,
        }
    }
    if resumed {
        writeln!(out, "the ledger may write again")?;
    }
    Ok(())
}
