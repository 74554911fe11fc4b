//! `suyuan mirror`: a verified copy of somebody's ledger, served like the ledger itself.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use indicatif::ProgressBar;
use serde_json::json;

use crate::config::{Config, ConfigError};
use crate::follow::mirror::{Mirror, NotVouched, catch_up};
use crate::follow::{Fetcher, FollowError, Follower, Home, Moved, Terms, Watch, evidence};
use crate::http::witness::{self, WitnessSettings};
use crate::http::{Beside, Stop};
use crate::sequencer::{Guards, Ledger, Parts, Replica, SystemClock};
use crate::store::blobs::Blobs;
use crate::store::{checkpoints, durable};
use crate::verify::Trust;
use crate::witness::{Logs, Replay, Unreplayed, Witness};

use super::audit::progress;
use super::passphrase::PassphraseArgs;
use super::serve::parse_setting;
use super::verify::TRUST_BYTES_MAX;
use super::{Answer, files, times};

const EXAMPLES: &str = "\
Examples:
  suyuan mirror https://trace.example.org --dir /srv/mirror --trust trace.example.org.json --listen 127.0.0.1:8090
  suyuan mirror https://trace.example.org --dir /srv/mirror --once
  suyuan witness --init --dir /srv/replayer --name mirror.uni.example/w1
  suyuan mirror https://trace.example.org --dir /srv/mirror --witness /srv/replayer --witness-listen 127.0.0.1:8091

Every entry goes through every rule before it is written, and nothing is served that no signed checkpoint covers. The
trust file is needed the first time and must come from elsewhere than the service itself; it is kept in the directory.
Sealed values and attachments are not copied. It is safe to stop at any moment and to run again.

Exit code 0: it has caught up, or was stopped; 1: what the service gave does not go with what is held: the copy stands
still, what shows it is in DIR/evidence; 2: it could not be read, or the copy could not be written.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The service of the ledger, or another mirror of it
    #[arg(value_name = "URL")]
    url: String,
    /// The copy's own directory
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The trust file: log keys, genesis record, witnesses whose word counts
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Catch up and end
    #[arg(long)]
    once: bool,
    /// How often to ask for a newer checkpoint
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = times::parse_secs)]
    interval: i64,
    /// Address and port to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", conflicts_with = "once")]
    listen: Option<String>,
    /// How the world reaches the copy
    #[arg(long, value_name = "URL", conflicts_with = "once")]
    public_url: Option<String>,
    /// Any other setting, by its name in suyuan.toml
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_setting)]
    settings: Vec<(String, String)>,
    /// Be a replaying witness as well, with the key and memory in this directory (`suyuan witness --init`)
    #[arg(long, value_name = "DIR", requires = "witness_listen", conflicts_with = "once")]
    witness: Option<PathBuf>,
    /// Where the witness listens
    #[arg(long, value_name = "ADDRESS", requires = "witness")]
    witness_listen: Option<SocketAddr>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Print JSON
    #[arg(long, requires = "once")]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let source = Fetcher::new(&args.url)?;
    ensure!(args.interval > 0, "--interval is at least a second");
    let (trust, text) = trust(&args)?;
    let home = Home::open(&args.dir, &trust)?;
    let kept = home.dir.root().join("trust.json");
    durable::write_whole(&kept, text.as_bytes()).with_context(|| kept.display().to_string())?;
    let replica = Replica::open(home.store.clone(), home.signed_head())?;
    let follower = Follower::new(trust.clone(), replica, &home.signed_head())?;
    let ends_signed = checkpoints::at(&*home.store, follower.replica().written())?.is_some();
    // With nothing to show, or a way half gone, there is nothing to serve until the next checkpoint.
    if args.once || !ends_signed {
        let answer = first(&args, &home, follower, &source)?;
        if args.once || answer == Answer::NotVerified {
            return Ok(answer);
        }
    }
    serve(args, &home, trust, &text)
}

/// The trust file that was given, or the one that was given before.
fn trust(args: &Args) -> anyhow::Result<(Trust, String)> {
    let kept = args.dir.join("trust.json");
    let path = match &args.trust {
        Some(path) => path,
        None if kept.exists() => &kept,
        None => bail!(
            "--trust is needed the first time: a copy that took the log's keys from the service itself would believe anybody"
        ),
    };
    let text = files::read_text(path, TRUST_BYTES_MAX)?;
    let trust = Trust::parse(&text).with_context(|| format!("cannot use {}", path.display()))?;
    Ok((trust, text))
}

struct Bar(ProgressBar);

impl Watch for Bar {
    fn progress(&mut self, done: u64, of: u64) {
        self.0.set_length(of);
        self.0.set_position(done);
    }
}

/// The whole way to the newest checkpoint, with a bar.
fn first(args: &Args, home: &Home, mut follower: Follower, source: &Fetcher) -> anyhow::Result<Answer> {
    let mut bar = Bar(progress(0, args.json));
    bar.0.set_message("entries");
    // What the mirror's own witness is to vouch for cannot wait for its cosignature.
    let witnessed = args.witness.is_none();
    let terms = &mut Terms { watch: &mut bar, enough: &|| false, witnessed };
    let came = catch_up(&mut follower, source, terms);
    bar.0.finish_and_clear();
    let mut out = std::io::stdout().lock();
    let wrong = match came {
        Ok(moved) => {
            let size = follower.held().map_or(0, |held| held.checkpoint.size);
            let root = follower.held().map(|held| held.checkpoint.root);
            let older = matches!(moved, Moved::Older { .. });
            match args.json {
                true => writeln!(
                    out,
                    "{}",
                    json!({ "ok": true, "origin": follower.trust().origin, "size": size, "root": root, "older": older })
                )?,
                false if older => {
                    writeln!(out, "the service shows an older checkpoint; {size} entries are held")?
                }
                false => writeln!(
                    out,
                    "{size} entries of {} are held, every one verified",
                    follower.trust().origin
                )?,
            }
            return Ok(Answer::Done);
        }
        Err(FollowError::Wrong(wrong)) => wrong,
        Err(error) => return Err(error.into()),
    };
    let path = evidence::keep(&home.evidence(), &wrong, follower.held())
        .with_context(|| format!("{wrong}; and the evidence cannot be written"))?;
    match args.json {
        true => writeln!(
            out,
            "{}",
            json!({ "ok": false, "kind": wrong.kind.name(), "why": wrong.why, "evidence": path })
        )?,
        false => {
            writeln!(out, "WRONG ({}): {wrong}\nwhat shows it is in {}", wrong.kind.name(), path.display())?
        }
    }
    Ok(Answer::NotVerified)
}

fn serve(args: Args, home: &Home, trust: Trust, trust_text: &str) -> anyhow::Result<Answer> {
    let config = config(&args, &trust, trust_text)?;
    let blobs = home.dir.blobs();
    let parts = Parts {
        store: home.store.clone(),
        blobs: Blobs::open(&blobs).with_context(|| blobs.display().to_string())?,
        signed_head: home.signed_head(),
        signer: None,
        clock: Arc::new(SystemClock::new()),
        clock_confirmed: false,
        restored: false,
        repairing: home.dir.repairing().exists(),
        guards: Guards::default(),
    };
    let ledger = Ledger::start_mirror(parts, args.url.trim_end_matches('/').to_owned())?;
    let follower = Follower::new(trust, ledger.replica(home.signed_head())?, &home.signed_head())?;
    let source = Fetcher::steady(&args.url)?;
    let interval = Duration::from_secs(args.interval.unsigned_abs());
    let at_work: Arc<OnceLock<Mirror>> = Arc::default();
    let (begun, evidence) = (at_work.clone(), home.evidence());
    let beside: Beside = Box::new(move |handle, cosigned| {
        let mirror = begun.get_or_init(|| Mirror::new(source, follower, handle, cosigned, evidence)).clone();
        let following = mirror.clone();
        let follow = move || following.run(interval);
        let thread = std::thread::Builder::new().name("follower".to_owned()).spawn(follow)?;
        let witness = witness(&args, &mirror).map_err(|error| std::io::Error::other(format!("{error:#}")))?;
        let stop: Stop = Box::new(move || {
            if let Some(witness) = witness {
                let _ = witness.stop();
            }
            mirror.stop();
            // It catches nothing: a panic has told itself.
            let _ = thread.join();
        });
        Ok(Some(stop))
    });
    crate::http::serve_with(config, ledger, beside, |address| {
        // Whoever started us may read where; if nobody does, so be it.
        let _ = writeln!(std::io::stdout(), "listening on http://{address}");
    })?;
    let wrong = at_work.get().and_then(Mirror::wrong);
    Ok(Answer::verified(wrong.is_none()))
}

/// As a service's settings: `suyuan.toml` in the copy's directory, the environment, flags.
fn config(args: &Args, trust: &Trust, trust_text: &str) -> anyhow::Result<Config> {
    let mut flags = vec![("dir", args.dir.display().to_string()), ("origin", trust.origin.clone())];
    if let Some(policy) = Trust::policy_text(trust_text)? {
        let path = args.dir.join("policy");
        durable::write_whole(&path, policy.as_bytes()).with_context(|| path.display().to_string())?;
        flags.push(("policy", "policy".to_owned()));
    }
    flags.extend(args.listen.as_ref().map(|listen| ("listen", listen.clone())));
    flags.extend(args.public_url.as_ref().map(|url| ("public_url", url.clone())));
    flags.extend(args.settings.iter().map(|(name, value)| (name.as_str(), value.clone())));
    match Config::load(None, &flags) {
        Err(ConfigError::Missing { name: "public_url" }) => {
            let listen = args.listen.as_deref().unwrap_or("127.0.0.1:8080");
            flags.push(("public_url", format!("http://{listen}")));
            Ok(Config::load(None, &flags)?)
        }
        config => Ok(config?),
    }
}

/// The replaying witness on a port of its own, if one is asked for.
fn witness(args: &Args, mirror: &Mirror) -> anyhow::Result<Option<witness::WitnessServing>> {
    let (Some(dir), Some(listen)) = (&args.witness, args.witness_listen) else { return Ok(None) };
    let (name, key, store) = super::witness::open(dir, &args.passphrase)?;
    let mut logs = Logs::default();
    let (trust, text) = trust(args)?;
    logs.add_trust(&text)?;
    let vouching = mirror.clone();
    let replay = Replay::by(Box::new(move |note| {
        vouching.vouch(note).map_err(|why| match why {
            NotVouched::NotYet { at, size } => Unreplayed::NotYet { at, size },
            NotVouched::Unreadable(why) => Unreplayed::Unreadable(why),
            NotVouched::Wrong(why) => Unreplayed::Wrong(why),
        })
    }));
    let replays = [(trust.origin.parse()?, replay)].into_iter().collect();
    let witness = Witness::new(name, key.pair(), store, logs).replaying(replays);
    // What cannot be read back now could not be held to either.
    witness.all().with_context(|| format!("cannot use {}", dir.display()))?;
    let serving = witness::start(WitnessSettings { listen, ..WitnessSettings::default() }, witness)?;
    // Whoever started us may read where; if nobody does, so be it.
    let _ = writeln!(std::io::stdout(), "witness on http://{}", serving.address);
    Ok(Some(serving))
}
