//! `suyuan fsck`: everything in a ledger's directory, derived again from its records and compared.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use indicatif::ProgressBar;

use crate::store::data_dir::DataDir;
use crate::store::fsck::{Progress, Report, Stage, fsck_directory};
use crate::store::signed_head::SignedHead;

use super::Answer;
use super::audit::progress;
use super::backup::report_json;

/// Problems that are printed one by one.
const PRINTED_MAX: usize = 20;

const EXAMPLES: &str = "\
Examples:
  suyuan fsck --dir /srv/suyuan
  suyuan fsck --dir /srv/suyuan --json

Replays the log and compares every stored hash, tile node, index, checkpoint, opening and file with what the records
give. Changes nothing. Exit code 0: sound; 1: something is not as the records say; 2: it could not be read.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The ledger's directory, which no service may be using meanwhile
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let dir = DataDir::new(&args.dir);
    let head = SignedHead::new(dir.signed_head());
    let bar = Bar::new(args.json);
    let report = fsck_directory(&dir, &head, &mut |progress| bar.at(progress));
    bar.clear();
    print(&report.with_context(|| format!("cannot check {}", args.dir.display()))?, args.json)
}

/// How far a check is, for whoever waits.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(quiet: bool) -> Bar {
        Bar(progress(0, quiet))
    }

    pub(super) fn at(&self, progress: Progress) {
        self.0.set_message(match progress.stage {
            Stage::Replaying => "replaying",
            Stage::Comparing => "comparing",
            Stage::Openings => "openings and files",
        });
        self.0.set_length(progress.total.unwrap_or(progress.done));
        self.0.set_position(progress.done);
    }

    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

pub(super) fn print(report: &Report, json: bool) -> anyhow::Result<Answer> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", report_json(report))?;
        return Ok(Answer::verified(report.is_sound()));
    }
    writeln!(
        out,
        "{} entries, {} keys, {} checkpoints, {} openings, {} files; root {}",
        report.entries, report.keys, report.checkpoints, report.openings, report.blobs, report.root
    )?;
    for problem in report.problems.iter().take(PRINTED_MAX) {
        writeln!(out, "PROBLEM  {problem}")?;
    }
    let shown = report.problems.len().min(PRINTED_MAX) as u64;
    match report.problems_total {
        0 => writeln!(out, "nothing is wrong")?,
        total if total > shown => writeln!(out, "{total} problems, of which {shown} are shown")?,
        total => writeln!(out, "{total} problems")?,
    }
    Ok(Answer::verified(report.is_sound()))
}
