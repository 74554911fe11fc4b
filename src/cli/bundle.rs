//! `suyuan bundle`: the file that proves a batch's trace.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use crate::follow::Fetcher;
use crate::verify::bundle::{BYTES_MAX, Bundle};

use super::source::{Source, SourceArgs, batch_id, path_segment};
use super::{Answer, files, local};

const EXAMPLES: &str = "\
Examples:
  suyuan bundle green-farm.lot1 --from https://trace.example.org --out lot1.bundle
  suyuan bundle green-farm.lot1 --dir /srv/suyuan --size 4096 --out lot1.bundle
  suyuan verify lot1.bundle --trust trust.json";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The batch's id (ORG.LOT); a service takes its short code too
    batch: String,
    #[command(flatten)]
    source: SourceArgs,
    /// Under the checkpoint of so many entries (default: the newest)
    #[arg(long, value_name = "ENTRIES")]
    size: Option<u64>,
    /// Where the bundle goes; - is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let batch = path_segment(batch_id(&args.batch))?;
    let bytes = match args.source.source()? {
        Source::Service(url) => {
            let size = args.size.map(|size| format!("/{size}")).unwrap_or_default();
            let path = format!("/api/v1/batches/{batch}/bundle{size}");
            Fetcher::new(url)?.get_path(&path, BYTES_MAX as u64)?
        }
        Source::Dir(dir) => local::bundle(dir, batch, args.size)?,
    };
    let bundle = Bundle::parse(&bytes).context("what came is no bundle")?;
    let is_code = !batch.contains('.');
    ensure!(
        is_code || bundle.subject.id() == batch,
        "asked for {batch}, what came is the bundle of {}",
        bundle.subject
    );
    ensure!(args.size.is_none_or(|size| size == bundle.size), "what came is of {} entries", bundle.size);
    files::write(&args.out, &bytes)?;
    Ok(Answer::Done)
}
