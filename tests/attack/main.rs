//! The attack gallery: every attack of docs/threat-model.md that something catches, staged on a throw-away ledger with
//! the operator's own keys, and asked of the tool or the page that catches it.
//!
//! `scripts/attack` runs it for people. nextest and `cargo test` run the same as the one test [`TEST`].

mod attacks;
mod browser;
mod forge;
mod gallery;
mod liar;
mod run;
mod stage;
mod story;
mod telling;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use anyhow::Context as _;
use clap::Parser;
use serde_json::json;

use gallery::{ATTACKS, Attack, BEYOND};
use stage::Stage;
use telling::{Telling, Verdict};

/// Attacks at a time.
const SIDE_BY_SIDE: usize = 4;

/// What test runners see.
const TEST: &str = "every_attack_is_caught";

/// Stage every attack of docs/threat-model.md on a throw-away ledger, and show what catches it
#[derive(Parser)]
#[command(name = "scripts/attack", max_term_width = 110, after_help = EXAMPLES)]
struct Args {
    /// Only the attack of this name; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// List the attacks
    #[arg(long)]
    list: bool,
    /// Keep ledgers, bundles and keys in this directory, which must not exist yet
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// What a test runner asks for; with --list it is told the one test
    #[arg(long, hide = true)]
    format: Option<String>,
    #[arg(long, hide = true)]
    ignored: bool,
    #[arg(long, hide = true)]
    exact: bool,
    #[arg(long, hide = true)]
    nocapture: bool,
    #[arg(hide = true)]
    filter: Option<String>,
}

/// What [`Stage::build`] has made sure of.
const HONEST: &str = "\
== The honest ledger first: `suyuan verify`, `audit`, `fsck`, a mirror, two witnesses and the holders of receipts find
   nothing wrong with it. Then each attack: what he does, who is asked, and what they say.";

const EXAMPLES: &str = "\
Examples:
  scripts/attack
  scripts/attack --only hide-revocation --keep /tmp/gallery
  scripts/attack --json | jq '.attacks[] | {name, verdict}'

Exit codes:
  0  every attack was caught, by what should catch it, in the words that it should say
  1  an attack passed
  2  an attack could not be staged";

fn main() -> ExitCode {
    let args = Args::parse();
    if args.format.is_some() || args.ignored {
        if !args.ignored {
            println!("{TEST}: test");
        }
        return ExitCode::SUCCESS;
    }
    if args.filter.as_ref().is_some_and(|filter| !TEST.contains(filter.as_str())) {
        return ExitCode::SUCCESS;
    }
    match run(&args) {
        Ok(verdict) => ExitCode::from(verdict.code()),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> anyhow::Result<Verdict> {
    let mut out = std::io::stdout().lock();
    if args.list {
        for attack in ATTACKS {
            writeln!(out, "{:<24} {}", attack.name, attack.title)?;
        }
        return Ok(Verdict::Caught);
    }
    gallery::are_those_of_the_threat_model()?;
    let chosen = chosen(&args.only)?;
    let stage = Stage::build(args.keep.as_deref()).context("the stage could not be set")?;
    if !args.json {
        writeln!(out, "{HONEST}")?;
    }
    let mut tellings = Vec::new();
    staged(&stage, &chosen, |telling| {
        if !args.json {
            telling.print(&mut out)?;
        }
        tellings.push(telling);
        Ok(())
    })?;
    let verdict = tellings.iter().map(Telling::verdict).max().unwrap_or(Verdict::Caught);
    match args.json {
        true => writeln!(out, "{}", report(&tellings, verdict))?,
        false => print_summary(&tellings, &mut out)?,
    }
    Ok(verdict)
}

/// Stages them side by side, since most of the time is waiting, and tells of each in its turn.
fn staged(
    stage: &Stage,
    attacks: &[&'static Attack],
    mut tell: impl FnMut(Telling) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (next, mut told) = (AtomicUsize::new(0), 0);
    let (done, all) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            let (next, done) = (&next, done.clone());
            scope.spawn(move || {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(attack) = attacks.get(place) else { return };
                    let mut telling = Telling::of(attack);
                    if let Err(error) = (attack.stage)(stage, &mut telling) {
                        telling.could_not(&error);
                    }
                    // Nobody listens any more: the gallery has ended.
                    if done.send((place, telling)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut waiting = BTreeMap::new();
        for (place, telling) in all {
            waiting.insert(place, telling);
            while let Some(first) = waiting.first_entry().filter(|first| *first.key() == told) {
                tell(first.remove())?;
                told += 1;
            }
        }
        Ok(())
    })
}

fn chosen(only: &[String]) -> anyhow::Result<Vec<&'static Attack>> {
    if only.is_empty() {
        return Ok(ATTACKS.iter().collect());
    }
    let find = |name: &String| {
        let found = ATTACKS.iter().find(|attack| attack.name == *name);
        found.with_context(|| format!("no attack is called {name}; --list lists them"))
    };
    only.iter().map(find).collect()
}

fn report(tellings: &[Telling], verdict: Verdict) -> serde_json::Value {
    let beyond: Vec<_> = BEYOND.iter().map(|(name, says)| json!({ "name": name, "says": says })).collect();
    json!({
        "verdict": verdict.word(),
        "attacks": tellings.iter().map(Telling::to_json).collect::<Vec<_>>(),
        "nothing_catches": beyond,
    })
}

fn print_summary(tellings: &[Telling], out: &mut impl std::io::Write) -> std::io::Result<()> {
    let of = |verdict: Verdict| tellings.iter().filter(move |telling| telling.verdict() == verdict);
    writeln!(out, "\n== {} of {} attacks were caught", of(Verdict::Caught).count(), tellings.len())?;
    for telling in of(Verdict::Passed) {
        writeln!(out, "   NOT CAUGHT: {}", telling.name())?;
    }
    for telling in of(Verdict::NotStaged) {
        writeln!(out, "   could not be staged: {}", telling.name())?;
    }
    writeln!(out, "\n== What nothing here catches (docs/threat-model.md says so too)")?;
    for (name, says) in BEYOND {
        writeln!(out, "   {name}: {says}")?;
    }
    Ok(())
}
