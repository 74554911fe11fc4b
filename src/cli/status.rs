//! `suyuan status`: where a batch stands and what it may be used for, with the reasons and the records behind them.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::follow::Fetcher;
use crate::statement::time::When;
use crate::text::Lang;

use super::source::{Source, SourceArgs, batch_id, path_segment};
use super::{Answer, local, standing, times};

const REPORT_BYTES_MAX: u64 = 16 * 1024 * 1024;

const EXAMPLES: &str = "\
Examples:
  suyuan status green-farm.lot1 --from https://trace.example.org
  suyuan status green-farm.lot1 --dir /srv/suyuan --as-of 2026-06-13 --json
  suyuan status green-farm.lot1 --dir /srv/suyuan --for labels && print-labels

With --for, exit code 1 says that the batch is not cleared for that use, and the reasons are printed. This is what the
ledger's operator says; `suyuan verify` computes the same from a bundle, offline.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The batch's id (ORG.LOT); a service takes its short code too
    batch: String,
    #[command(flatten)]
    source: SourceArgs,
    /// Date or instant to which days are counted (default: now)
    #[arg(long, value_name = "TIME")]
    as_of: Option<When>,
    /// What it is to be used for: page, certificate, labels, overlay or sale
    #[arg(long, value_name = "USE", value_parser = ["page", "certificate", "labels", "overlay", "sale"])]
    r#for: Option<String>,
    /// Language of the reasons: zh or en
    #[arg(long, default_value = "en", value_parser = standing::parse_lang)]
    lang: Lang,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let report = report(&args)?;
    let mut out = std::io::stdout().lock();
    match args.json {
        true => writeln!(out, "{report}")?,
        false => standing::print(&report, args.lang, &mut out)?,
    }
    Ok(match &args.r#for {
        Some(wanted) => Answer::verified(report["uses"][wanted.as_str()]["allowed"] == true),
        None => Answer::Done,
    })
}

fn report(args: &Args) -> anyhow::Result<Value> {
    let batch = path_segment(batch_id(&args.batch))?;
    match args.source.source()? {
        Source::Service(url) => from_service(url, batch, args.as_of.as_ref()),
        Source::Dir(dir) => from_dir(dir, batch, args.as_of.as_ref()),
    }
}

fn from_service(url: &str, batch: &str, as_of: Option<&When>) -> anyhow::Result<Value> {
    let mut path = format!("/api/v1/batches/{batch}/status");
    if let Some(as_of) = as_of {
        path = format!("{path}?as_of={}", as_of.to_string().replace('+', "%2B"));
    }
    let bytes = Fetcher::new(url)?.get_path(&path, REPORT_BYTES_MAX)?;
    serde_json::from_slice(&bytes).context("the service's answer is not JSON")
}

fn from_dir(dir: &Path, batch: &str, as_of: Option<&When>) -> anyhow::Result<Value> {
    let as_of = as_of.map_or_else(|| times::now_secs().saturating_mul(1_000), crate::produce::end_of);
    local::status(dir, batch, as_of)
}
