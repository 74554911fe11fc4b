//! `suyuan monitor`: watches logs, compares notes with others who do, and raises alarms.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::LogFormat;
use crate::http::{notes, start_logging, time};
use crate::monitor::{Notebook, Round, Settings, Severity, Watched, Webhooks};
use crate::statement::subject::Subject;
use crate::verify::Trust;

use super::audit::progress;
use super::verify::TRUST_BYTES_MAX;
use super::{Answer, files, times};

/// How often alarms are looked for that a webhook has not taken yet.
const DELIVERY: Duration = Duration::from_secs(1);
/// How long `--once` waits for webhooks that do not take an alarm at once.
const LAST_DELIVERY: Duration = Duration::from_secs(10);

const EXAMPLES: &str = "\
Examples:
  suyuan monitor https://trace.example.org --trust trace.example.org.json --dir /srv/monitor --once
  suyuan monitor https://trace.example.org --trust trace.example.org.json --dir /srv/monitor \\
    --org green-farm --webhook https://alarms.example.org/hook \\
    --listen 0.0.0.0:8092 --peer https://monitor.uni.example --peer https://witness.press.example

A log for each URL, by the trust file at the same place. Every record goes through the rules, every map record is worked
out again; what is found is told on standard error, on standard output and to the webhooks, and kept in DIR with what
shows it. --peer is another monitor, a mirror or a witness: the checkpoints that they hold are held against ours, and two
that the log has signed of two histories are kept as evidence, which `suyuan verify` checks for anybody. --listen shows
others what is held here.

Exit code with --once, or when it is stopped: 0 nothing of severity alarm was found or still stands; 1 something was; 2 a
log could not be read, or the directory not written.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Services of the logs, or mirrors of them
    #[arg(value_name = "URL", required = true)]
    urls: Vec<String>,
    /// The trust file of each, in the same order
    #[arg(long = "trust", value_name = "FILE", required = true)]
    trusts: Vec<PathBuf>,
    /// The monitor's own directory
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Look once and end
    #[arg(long)]
    once: bool,
    /// How often to look
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = times::parse_secs)]
    interval: i64,
    /// How long a log may be silent: not readable, not grown, not cosigned
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = times::parse_secs)]
    max_age: i64,
    /// An organisation whose keys, name and roles are watched
    #[arg(long = "org", value_name = "ORG")]
    orgs: Vec<String>,
    /// Where alarms are posted, as JSON
    #[arg(long = "webhook", value_name = "URL")]
    webhooks: Vec<String>,
    /// Another monitor, a mirror or a witness to compare notes with
    #[arg(long = "peer", value_name = "URL")]
    peers: Vec<String>,
    /// A JSON-RPC node of the chain where the ledger publishes its checkpoints: that list is held against the log
    #[arg(long = "anchor-rpc", value_name = "URL")]
    anchor_rpc: Vec<String>,
    /// Address and port to show what is held on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", conflicts_with = "once")]
    listen: Option<SocketAddr>,
    /// Log lines as JSON
    #[arg(long)]
    log_json: bool,
    /// Print JSON: with --once a report, else a line an alarm
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    ensure!(args.interval > 0, "--interval is at least a second");
    ensure!(
        args.urls.len() == args.trusts.len(),
        "each log needs its trust file: {} URLs and {} times --trust were given",
        args.urls.len(),
        args.trusts.len()
    );
    let format = if args.log_json { LogFormat::Json } else { LogFormat::Text };
    start_logging("info", format)?;
    let logs = open(&args)?;
    let notebooks: Vec<Arc<Notebook>> = logs.iter().map(|log| log.notebook().clone()).collect();
    let mut hooks = Webhooks::new(args.webhooks.clone(), notebooks.clone())?;
    let mut printed =
        Printed { next: notebooks.iter().map(|notebook| notebook.count()).collect(), notebooks };
    match args.once {
        true => once(&args, &logs, &mut hooks, &mut printed),
        false => watch(&args, &logs, hooks, &mut printed),
    }
}

fn open(args: &Args) -> anyhow::Result<Vec<Watched>> {
    let orgs: BTreeSet<String> =
        args.orgs.iter().map(|org| org.strip_prefix("org:").unwrap_or(org).to_owned()).collect();
    for org in &orgs {
        Subject::of_org(org).with_context(|| format!("--org {org}"))?;
    }
    let mut logs: Vec<Watched> = Vec::new();
    std::fs::create_dir_all(&args.dir).with_context(|| format!("cannot make {}", args.dir.display()))?;
    for (url, path) in args.urls.iter().zip(&args.trusts) {
        let trust = Trust::parse(&files::read_text(path, TRUST_BYTES_MAX)?)
            .with_context(|| format!("cannot use {}", path.display()))?;
        if logs.iter().any(|log| log.origin() == trust.origin) {
            bail!("two of the URLs are of the log {}: give the second as --peer", trust.origin);
        }
        let settings = Settings {
            url: url.trim_end_matches('/').to_owned(),
            trust,
            dir: args.dir.clone(),
            orgs: orgs.clone(),
            peers: args.peers.clone(),
            anchor_rpc: args.anchor_rpc.clone(),
            max_age_ms: args.max_age.saturating_mul(1_000),
        };
        logs.push(Watched::open(settings).with_context(|| format!("cannot watch {url}"))?);
    }
    Ok(logs)
}

fn once(
    args: &Args,
    logs: &[Watched],
    hooks: &mut Webhooks,
    printed: &mut Printed,
) -> anyhow::Result<Answer> {
    let mut rounds = Vec::new();
    for log in logs {
        let bar = progress(0, args.json);
        bar.set_message("entries");
        let round = log.look(time::now_ms(), true, &|| false, &mut |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        rounds.push(round.with_context(|| format!("cannot watch {}", log.origin()))?);
    }
    let until = Instant::now() + LAST_DELIVERY;
    let mut waiting = hooks.deliver(true)?;
    while waiting > 0 && Instant::now() < until {
        std::thread::sleep(DELIVERY);
        waiting = hooks.deliver(true)?;
    }
    let found = printed.new_ones()?;
    let is_wrong = rounds.iter().any(is_alarm);
    let mut out = std::io::stdout().lock();
    if args.json {
        let of = |(log, round): (&Watched, &Round)| {
            let (severity, size) = (round.gravest.map(Severity::name), round.size);
            json!({ "log": log.origin(), "size": size, "read": round.was_read, "gravest": severity })
        };
        let told: Vec<_> = logs.iter().zip(&rounds).map(of).collect();
        writeln!(out, "{}", json!({ "ok": !is_wrong, "logs": told, "alarms": found, "waiting": waiting }))?;
    } else {
        for alarm in &found {
            writeln!(out, "{}", line(alarm))?;
        }
        for (log, round) in logs.iter().zip(&rounds) {
            let state = match round.gravest {
                Some(Severity::Alarm) => "ALARM",
                Some(Severity::Warning) => "warning",
                _ => "ok",
            };
            writeln!(out, "{state:<8} {}: {} entries", log.origin(), round.size)?;
        }
        if waiting > 0 {
            writeln!(out, "{waiting} alarms wait for a webhook; the next start sends them")?;
        }
    }
    if let (false, Some((log, _))) = (is_wrong, logs.iter().zip(&rounds).find(|(_, round)| !round.was_read)) {
        bail!("{} could not be read", log.origin());
    }
    Ok(Answer::verified(!is_wrong))
}

fn watch(
    args: &Args,
    logs: &[Watched],
    mut hooks: Webhooks,
    printed: &mut Printed,
) -> anyhow::Result<Answer> {
    let stop = Stop::on_signal()?;
    let serving = match args.listen {
        Some(listen) => {
            let shown = logs.iter().map(|log| log.shown().clone()).collect();
            let serving = notes::start(listen, Vec::new(), shown)?;
            // Whoever started us may read where; if nobody does, so be it.
            let _ = writeln!(std::io::stdout(), "listening on http://{}", serving.address);
            Some(serving)
        }
        None => None,
    };
    let interval = Duration::from_secs(args.interval.unsigned_abs());
    let mut is_wrong = false;
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let posting = stop.clone();
        let delivering = scope.spawn(move || {
            while !posting.wait(DELIVERY) {
                if let Err(error) = hooks.deliver(false) {
                    tracing::error!(%error, "alarms cannot be delivered");
                }
            }
        });
        let ended = rounds(args, logs, printed, &stop, interval, &mut is_wrong);
        stop.stop();
        // It catches nothing: a panic has told itself.
        let _ = delivering.join();
        ended
    })?;
    if let Some(serving) = serving {
        serving.stop()?;
    }
    Ok(Answer::verified(!is_wrong))
}

fn rounds(
    args: &Args,
    logs: &[Watched],
    printed: &mut Printed,
    stop: &Stop,
    interval: Duration,
    is_wrong: &mut bool,
) -> anyhow::Result<()> {
    loop {
        for log in logs {
            let round = log.look(time::now_ms(), false, &|| stop.is_stopped(), &mut |_, _| {});
            let round = round.with_context(|| format!("cannot watch {}", log.origin()))?;
            *is_wrong |= is_alarm(&round);
        }
        let mut out = std::io::stdout().lock();
        for alarm in printed.new_ones()? {
            let line = if args.json { alarm.to_string() } else { line(&alarm) };
            // Whoever reads may have gone; the log and the webhooks have it all the same.
            let _ = writeln!(out, "{line}");
        }
        drop(out);
        if stop.wait(interval) {
            return Ok(());
        }
    }
}

fn is_alarm(round: &Round) -> bool {
    round.gravest == Some(Severity::Alarm)
}

fn line(alarm: &serde_json::Value) -> String {
    let word = |member: &str| alarm[member].as_str().unwrap_or_default();
    let shown = match alarm["evidence"]["file"].as_str() {
        Some(file) => format!(" [{file}]"),
        None => String::new(),
    };
    format!("{} {} {}: {}{shown}", word("severity"), word("alarm"), word("log"), word("text"))
}

/// What is printed of each log's alarms.
struct Printed {
    notebooks: Vec<Arc<Notebook>>,
    next: Vec<u64>,
}

impl Printed {
    fn new_ones(&mut self) -> anyhow::Result<Vec<serde_json::Value>> {
        let mut new = Vec::new();
        for (notebook, next) in self.notebooks.iter().zip(&mut self.next) {
            while *next < notebook.count() {
                new.push(notebook.at(*next)?);
                *next += 1;
            }
        }
        Ok(new)
    }
}

/// Whether somebody wants us to end.
struct Stop {
    stopped: Mutex<bool>,
    told: Condvar,
}

impl Stop {
    /// Told by SIGTERM or SIGINT.
    fn on_signal() -> anyhow::Result<Arc<Stop>> {
        let stop = Arc::new(Stop { stopped: Mutex::new(false), told: Condvar::new() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut terminate, mut interrupt) = {
            let _inside = runtime.enter();
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
        };
        let told = stop.clone();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            });
            told.stop();
        })?;
        Ok(stop)
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        *self.lock() = true;
        self.told.notify_all();
    }

    fn is_stopped(&self) -> bool {
        *self.lock()
    }

    /// Waits so long, and says whether it was stopped.
    fn wait(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut stopped = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if *stopped || left.is_zero() {
                return *stopped;
            }
            stopped = self.told.wait_timeout(stopped, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
