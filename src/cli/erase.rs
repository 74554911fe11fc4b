//! `suyuan erase`: what opens a sealed value or an attachment, gone for good; every proof stays.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use serde_json::json;

use crate::merkle::Hash;
use crate::private::openings;

use super::Answer;
use super::local::Local;

const EXAMPLES: &str = "\
Examples:
  suyuan erase 5c1f… /data/operator --dir /srv/suyuan --confirm
  suyuan erase 5c1f… /attachments/0 --dir /srv/suyuan --confirm
  suyuan erase 5c1f… --list --dir /srv/suyuan

The record keeps its salted hash, which says nothing without the opening. Backups made before still hold it.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Leaf hash of the record
    leaf: Hash,
    /// Which value: its JSON pointer into the payload
    #[arg(required_unless_present = "list")]
    pointer: Option<String>,
    /// List what the record has that can be erased
    #[arg(long)]
    list: bool,
    /// The ledger's directory, which no service may be using meanwhile
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Yes, for good
    #[arg(long)]
    confirm: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let local = Local::open(&args.dir)?;
    let handle = local.ledger.handle();
    let reader = local.reader();
    ensure!(reader.leaf(&args.leaf)?.is_some(), "there is no record {} in the ledger", args.leaf);
    let kept: Vec<String> =
        openings::of(&reader.0, &args.leaf)?.iter().map(|opening| opening.pointer().to_owned()).collect();
    let mut out = std::io::stdout().lock();
    if args.list {
        let erased = openings::erased(&reader.0, &args.leaf)?;
        if args.json {
            writeln!(out, "{}", json!({ "kept": kept, "erased": erased }))?;
        } else {
            kept.iter().try_for_each(|pointer| writeln!(out, "kept    {pointer}"))?;
            erased.iter().try_for_each(|pointer| writeln!(out, "erased  {pointer}"))?;
        }
        return Ok(Answer::Done);
    }
    let pointer = args.pointer.as_deref().context("which value? Give its pointer")?;
    ensure!(kept.iter().any(|known| known == pointer), "nothing is kept that opens {pointer} of that record");
    if !args.confirm {
        bail!("this cannot be undone; say --confirm");
    }
    // A snapshot that is still held would keep the bytes alive.
    drop(reader);
    handle.erase(&args.leaf, pointer)?;
    match args.json {
        true => writeln!(out, "{}", json!({ "erased": pointer, "leaf": args.leaf }))?,
        false => writeln!(out, "erased {pointer} of record {}", args.leaf)?,
    }
    Ok(Answer::Done)
}
