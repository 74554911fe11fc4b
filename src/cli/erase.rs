//! `suyuan erase`: what opens a sealed value or an attachment, gone for good; every proof stays.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::json;

use crate::control::Client;
use crate::merkle::Hash;
use crate::private::openings;

use super::Answer;
use super::local::{Local, is_in_use};

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
    /// The ledger's directory, served or not
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
    let ledger = Opened::open(&args.dir)?;
    let (kept, erased) = ledger.openings(&args.leaf)?;
    let mut out = std::io::stdout().lock();
    if args.list {
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
    ledger.erase(&args.leaf, pointer)?;
    match args.json {
        true => writeln!(out, "{}", json!({ "erased": pointer, "leaf": args.leaf }))?,
        false => writeln!(out, "erased {pointer} of record {}", args.leaf)?,
    }
    Ok(Answer::Done)
}

/// The ledger in this process, or in the one that serves it.
enum Opened {
    Here(Box<Local>),
    Served(PathBuf),
}

impl Opened {
    fn open(dir: &Path) -> anyhow::Result<Opened> {
        match Local::open(dir) {
            Ok(local) => Ok(Opened::Here(Box::new(local))),
            Err(error) if is_in_use(&error) => Ok(Opened::Served(dir.to_owned())),
            Err(error) => Err(error),
        }
    }

    /// Pointers of what is kept, and of what was erased.
    fn openings(&self, leaf: &Hash) -> anyhow::Result<(Vec<String>, Vec<String>)> {
        let local = match self {
            Opened::Here(local) => local,
            Opened::Served(dir) => return Ok(Client::connect(dir)?.openings(*leaf)?),
        };
        // A snapshot that were held longer would keep the bytes alive that are erased next.
        let reader = local.reader();
        ensure!(reader.leaf(leaf)?.is_some(), "there is no record {leaf} in the ledger");
        let kept = openings::of(&reader.0, leaf)?;
        let kept = kept.iter().map(|opening| opening.pointer().to_owned()).collect();
        Ok((kept, openings::erased(&reader.0, leaf)?))
    }

    fn erase(&self, leaf: &Hash, pointer: &str) -> anyhow::Result<()> {
        match self {
            Opened::Here(local) => Ok(local.ledger.handle().erase(leaf, pointer)?),
            Opened::Served(dir) => Ok(Client::connect(dir)?.erase(*leaf, pointer)?),
        }
    }
}
