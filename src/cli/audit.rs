//! `suyuan audit`: a whole log through every rule, from a service or from a directory.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::follow::{FetchError, Fetcher, Tiles, replay};
use crate::ledger::{MemoryFacts, State};
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::SignedNote;
use crate::produce::{self, Survey};
use crate::statement::time::When;
use crate::verify::audit::AuditReport;
use crate::verify::{Trust, signed_checkpoint};

use super::source::{Source, SourceArgs};
use super::{Answer, files, local, times};

const EXAMPLES: &str = "\
Examples:
  suyuan audit --from https://trace.example.org --trust trust.json
  suyuan audit --dir /srv/suyuan --trust trust.json --json

Replays every entry from the first on: signatures, rights, chains, map records, roots, tiles. Without --trust it
cannot say whose log this is. Then it judges every batch by the rules of produce, from the records alone: that is what
pages should say, and no ground for calling the log wrong. Exit code 0: nothing is wrong; 1: something is; 2: it could not be read.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// The trust file: log keys and genesis record
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Do not judge the batches by the rules of produce
    #[arg(long)]
    no_produce: bool,
    /// Date or instant to which days are counted when batches are judged (default: now)
    #[arg(long, value_name = "TIME", conflicts_with = "no_produce")]
    as_of: Option<When>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const UNWITNESSED: &str = "not as many witnesses have cosigned yet as the log's policy asks for: this is the newest that the log has signed";

/// What was looked at, and what the batches come to where nothing was wrong and it was asked for.
pub(super) struct Audited {
    pub(super) report: AuditReport,
    pub(super) checks: Vec<Check>,
    pub(super) survey: Option<Survey>,
}

/// Judges every batch of a replayed log.
pub(super) fn survey(state: &State<MemoryFacts>, as_of: i64, quiet: bool) -> anyhow::Result<Survey> {
    let reader = state.reader();
    let bar = progress(state.size(), quiet);
    bar.set_message("entries into accounts");
    let (mut survey, overview) = Survey::begin(&reader, state.size(), as_of, |seq| bar.set_position(seq))?;
    bar.finish_and_clear();
    let bar = progress(survey.len() as u64, quiet);
    bar.set_message("batches judged");
    survey.judge(&reader, &overview, |_| bar.inc(1))?;
    bar.finish_and_clear();
    Ok(survey)
}

/// One thing that was looked at.
pub(super) struct Check {
    pub(super) what: &'static str,
    /// What was found right, or wrong; nothing: not checked, and why.
    pub(super) found: Result<String, Problem>,
}

pub(super) enum Problem {
    NotChecked(String),
    Wrong(String),
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let trust = match &args.trust {
        None => None,
        Some(path) => {
            let text = files::read_text(path, super::verify::TRUST_BYTES_MAX)?;
            Some(Trust::parse(&text).with_context(|| format!("cannot use {}", path.display()))?)
        }
    };
    let as_of = args.as_of.as_ref().map_or_else(|| times::now_secs().saturating_mul(1_000), produce::end_of);
    let as_of = (!args.no_produce).then_some(as_of);
    let audited = match args.source.source()? {
        Source::Service(url) => from_service(url, trust.as_ref(), as_of, args.json)?,
        Source::Dir(dir) => local::audit(dir, trust.as_ref(), as_of, args.json)?,
    };
    print(&audited, args.json)
}

fn from_service(
    url: &str,
    trust: Option<&Trust>,
    as_of: Option<i64>,
    quiet: bool,
) -> anyhow::Result<Audited> {
    let service = Fetcher::new(url)?;
    let tiles = Tiles::new(&service);
    let (note, is_witnessed) = newest(&tiles)?;
    let signed = checkpoint(&note, trust)?;
    let checkpoint = match &signed {
        Ok((checkpoint, _)) => checkpoint.clone(),
        // Nothing after this would be about the log asked for.
        Err(problem) => {
            let report = empty_report(problem.clone());
            let wrong = Err(Problem::Wrong(problem.clone()));
            let checks = vec![Check { what: "checkpoint", found: wrong }];
            return Ok(Audited { report, checks, survey: None });
        }
    };
    let bar = progress(checkpoint.size, quiet);
    let replayed = replay(&tiles, checkpoint.size, &checkpoint.root, trust, |size| bar.set_position(size))?;
    bar.finish_and_clear();
    let tiles = match &replayed.report.problem {
        None => Ok(format!("{} hash tiles", replayed.hash_tiles)),
        Some(_) => Err(Problem::NotChecked("the entries come first".into())),
    };
    let checkpoint = match signed {
        Ok((_, found)) => found,
        Err(problem) => Err(Problem::Wrong(problem)),
    };
    let mut checks =
        vec![Check { what: "checkpoint", found: checkpoint }, Check { what: "tiles", found: tiles }];
    if !is_witnessed {
        checks.push(Check { what: "witnesses", found: Err(Problem::NotChecked(UNWITNESSED.into())) });
    }
    let survey = match (&replayed.state, as_of) {
        (Some(state), Some(as_of)) => Some(survey(state, as_of, quiet)?),
        _ => None,
    };
    Ok(Audited { report: replayed.report, checks, survey })
}

/// The newest checkpoint that has met the log's policy; where none has yet, the newest that was signed, and false.
fn newest(tiles: &Tiles<'_>) -> Result<(Vec<u8>, bool), FetchError> {
    match tiles.checkpoint() {
        Err(none @ FetchError::Answer { status: 404, .. }) => match tiles.latest() {
            Ok(note) => Ok((note, false)),
            Err(_) => Err(none),
        },
        note => Ok((note?, true)),
    }
}

type Found = Result<String, Problem>;

/// What the log says of itself, and whether its key says so. The outer error: it is no checkpoint at all.
pub(super) fn checkpoint(
    note: &[u8],
    trust: Option<&Trust>,
) -> anyhow::Result<Result<(Checkpoint, Found), String>> {
    let parsed = SignedNote::parse(note).context("the checkpoint")?;
    let Some(trust) = trust else {
        let checkpoint: Checkpoint = parsed.text().parse().context("the checkpoint")?;
        let why = "no trust file: whose log this is was not checked";
        return Ok(Ok((checkpoint, Err(Problem::NotChecked(why.into())))));
    };
    Ok(signed_checkpoint::open(&parsed.to_string(), trust).map(|signed| {
        let checkpoint = signed.checkpoint;
        let found = format!("{} entries, signed by {}", checkpoint.size, checkpoint.origin);
        (checkpoint, Ok(found))
    }))
}

pub(super) fn empty_report(problem: String) -> AuditReport {
    AuditReport {
        entries: 0,
        records: 0,
        map_records: 0,
        signatures: 0,
        root: crate::merkle::tree::EMPTY_ROOT,
        first_at: None,
        last_at: 0,
        problem: Some(problem),
    }
}

pub(super) fn progress(size: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(size);
    // A template of our own: it parses, or the bar keeps its usual form.
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar
}

pub(super) fn print(audited: &Audited, json: bool) -> anyhow::Result<Answer> {
    let Audited { report, checks, survey } = audited;
    let wrong = |check: &Check| matches!(check.found, Err(Problem::Wrong(_)));
    let ok = report.problem.is_none() && !checks.iter().any(wrong);
    let mut out = std::io::stdout().lock();
    if json {
        let mut answer = report.to_json();
        answer["ok"] = json!(ok);
        let checks: serde_json::Map<String, Value> = checks
            .iter()
            .map(|check| {
                let (status, reason) = check.words();
                (check.what.to_owned(), json!({ "status": status, "reason": reason }))
            })
            .collect();
        answer["checks"] = Value::Object(checks);
        answer["produce"] = json!(survey);
        writeln!(out, "{answer}")?;
        return Ok(Answer::verified(ok));
    }
    match &report.problem {
        None => writeln!(
            out,
            "{:<13} {:<12} {} entries: {} records with {} signatures, {} map records",
            "replay", "ok", report.entries, report.records, report.signatures, report.map_records
        )?,
        Some(problem) => writeln!(out, "{:<13} {:<12} {problem}", "replay", "failed")?,
    }
    for check in checks {
        let (status, reason) = check.words();
        writeln!(out, "{:<13} {status:<12} {reason}", check.what)?;
    }
    if let Some(survey) = survey {
        print_survey(survey, &mut out)?;
    }
    if let (Some(first), true) = (report.first_at, ok) {
        let (first, last) = (times::text_of_ms(first), times::text_of_ms(report.last_at));
        writeln!(out, "\nroot          {}\nfrom {first} to {last}", report.root)?;
    }
    writeln!(out, "\n{}", if ok { "nothing is wrong" } else { "SOMETHING IS WRONG" })?;
    Ok(Answer::verified(ok))
}

/// Not a verdict on the log: what its records say of the batches.
fn print_survey(survey: &Survey, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let counted = |counts: &BTreeMap<&'static str, u64>| {
        let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
    };
    let as_of = times::text_of_ms(survey.as_of);
    writeln!(out, "\n{} batches by the first {} entries, as of {as_of}", survey.batches, survey.size)?;
    writeln!(out, "{:<13} {}", "status", counted(&survey.statuses))?;
    writeln!(out, "{:<13} {}", "reasons", counted(&survey.reasons))?;
    writeln!(out, "{:<13} {}", "quantities", counted(&survey.imbalances))?;
    writeln!(out, "{:<13} {}", "flags", counted(&survey.flags))?;
    writeln!(out, "{:<13} {}", "alarms", survey.alarms)?;
    if !survey.too_large.is_empty() {
        writeln!(out, "{:<13} {}", "not judged", survey.too_large.join(", "))?;
    }
    Ok(())
}

impl Check {
    fn words(&self) -> (&'static str, &str) {
        match &self.found {
            Ok(text) => ("ok", text),
            Err(Problem::NotChecked(why)) => ("not checked", why),
            Err(Problem::Wrong(problem)) => ("failed", problem),
        }
    }
}
