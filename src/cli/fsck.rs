//! `suyuan fsck`: everything in a ledger's directory, derived again from its records, compared, and mended if asked.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::store::data_dir::DataDir;
use crate::store::fsck::{
    Problem, Progress, Repair, Repaired, Report, Stage, fsck_directory, repair_directory,
};

use super::Answer;
use super::audit::progress;
use super::local::signed_head_of;

/// Problems that are printed one by one.
const PRINTED_MAX: usize = 20;

const EXAMPLES: &str = "\
Examples:
  suyuan fsck --dir /srv/suyuan
  suyuan fsck --dir /srv/suyuan --json
  suyuan fsck --dir /srv/suyuan --repair

Replays the log and compares every stored hash, tile, index, checkpoint, opening and file with what the records give. A
ledger that is being served is checked by a copy: suyuan backup, then fsck --dir COPY.

--repair writes anew what follows from the records, and only where every record is as it was signed. It never touches
records, checkpoints, the signed head, openings or files. Cut short, it is begun again; meanwhile nothing is written.

Exit code 0: sound; 1: something is not as the records say, or was not repaired; 2: it could not be read.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The ledger's directory, which no service may be using meanwhile
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Write anew what follows from the records and is missing, different or too much
    #[arg(long)]
    repair: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let dir = DataDir::new(&args.dir);
    let head = signed_head_of(&dir)?;
    let naming = || format!("cannot check {}", args.dir.display());
    let bar = Bar::new(args.json);
    if args.repair {
        let repair = repair_directory(&dir, &head, &mut |progress| bar.at(progress));
        bar.clear();
        return print_repair(&repair.with_context(naming)?, args.json);
    }
    let report = fsck_directory(&dir, &head, &mut |progress| bar.at(progress));
    bar.clear();
    let answer = print(&report.with_context(naming)?, args.json)?;
    if dir.repairing().exists() && !args.json {
        writeln!(
            std::io::stdout(),
            "a repair was begun and not finished: run suyuan fsck --repair --dir {}",
            args.dir.display()
        )?;
        return Ok(Answer::NotVerified);
    }
    Ok(answer)
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
            Stage::Hashing => "hashing what is behind the damage",
            Stage::Comparing => "comparing",
            Stage::Tiles => "tiles",
            Stage::Openings => "openings and files",
            Stage::Repairing => "repairing",
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
        "{} entries, {} keys, {} tiles, {} checkpoints, {} openings, {} files; root {}",
        report.entries,
        report.keys,
        report.tiles,
        report.checkpoints,
        report.openings,
        report.blobs,
        report.root
    )?;
    for problem in report.problems.iter().take(PRINTED_MAX) {
        write_problem(&mut out, problem)?;
    }
    let shown = report.problems.len().min(PRINTED_MAX) as u64;
    match report.problems_total {
        0 => writeln!(out, "nothing is wrong")?,
        1 => writeln!(out, "1 problem")?,
        total if total > shown => writeln!(out, "{total} problems, of which the first {shown} are shown")?,
        total => writeln!(out, "{total} problems")?,
    }
    Ok(Answer::verified(report.is_sound()))
}

fn write_problem(out: &mut impl std::io::Write, problem: &Problem) -> std::io::Result<()> {
    writeln!(out, "PROBLEM  {problem}")?;
    if let Some(should) = problem.should() {
        writeln!(out, "  should be  {should}")?;
    }
    if let Some(is) = problem.is() {
        writeln!(out, "  is         {is}")?;
    }
    writeln!(out, "  means      {}", problem.means())
}

fn print_repair(repair: &Repair, json: bool) -> anyhow::Result<Answer> {
    let is_done = !matches!(repair.outcome, Repaired::Refused(_));
    let answer = Answer::verified(is_done && repair.now().is_sound());
    let mut out = std::io::stdout().lock();
    if json {
        let (written, removed, refused) = match &repair.outcome {
            Repaired::Nothing => (0, 0, None),
            Repaired::Refused(why) => (0, 0, Some(why)),
            Repaired::Written { written, removed } => (*written, *removed, None),
        };
        let after = repair.after.as_ref().map(report_json);
        let told = json!({
            "ok": answer == Answer::Done, "written": written, "removed": removed, "refused": refused,
            "before": report_json(&repair.before), "after": after,
        });
        writeln!(out, "{told}")?;
        return Ok(answer);
    }
    drop(out);
    print(&repair.before, false)?;
    let mut out = std::io::stdout().lock();
    match &repair.outcome {
        Repaired::Nothing => writeln!(out, "nothing that follows from the records is to be repaired")?,
        Repaired::Refused(why) => writeln!(out, "NOT REPAIRED  {why}")?,
        Repaired::Written { written, removed } => {
            writeln!(out, "repaired: {written} keys written, {removed} removed; now:")?;
            drop(out);
            print(repair.now(), false)?;
        }
    }
    Ok(answer)
}

/// What a report says, for programs.
fn report_json(report: &Report) -> Value {
    let problem = |problem: &Problem| {
        json!({
            "problem": problem.to_string(),
            "key": problem.key().map(|key| hex::encode(&key.0)),
            "should": problem.should().map(|value| hex::encode(&value.0)),
            "is": problem.is().map(|value| hex::encode(&value.0)),
            "means": problem.means(),
        })
    };
    json!({
        "ok": report.is_sound(),
        "entries": report.entries,
        "root": report.root,
        "keys": report.keys,
        "tiles": report.tiles,
        "checkpoints": report.checkpoints,
        "openings": report.openings,
        "blobs": report.blobs,
        "problems": report.problems.iter().map(problem).collect::<Vec<_>>(),
        "problems_total": report.problems_total,
    })
}
