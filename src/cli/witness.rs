//! `suyuan witness`: a witness for any C2SP log, with a page where anyone has a bundle checked.
//!
//! In its directory: `witness.key`, the private key; `vkey`, its public form with the name; `db`, what it has cosigned;
//! `logs`, the keys of the logs that it knows, if they are not named elsewhere.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::json;

use crate::config::RateLimit;
use crate::follow::Fetcher;
use crate::http::witness::{WitnessSettings, serve};
use crate::keys::{PrivateKey, Readers, write_new};
use crate::note::vkey::{KeyName, KeyType, ParseKeyNameError, VerifierKey};
use crate::store;
use crate::witness::{Logs, Replay, Witness};

use super::passphrase::PassphraseArgs;
use super::verify::TRUST_BYTES_MAX;
use super::{Answer, files, times};

/// Room for ten thousand logs.
const LOGS_BYTES_MAX: usize = 2 * 1024 * 1024;

/// An address may send at once what it may go on sending for so long.
const BURST_SECONDS: u32 = 5;

const EXAMPLES: &str = "\
Examples:
  suyuan witness --init --dir /srv/witness --name witness.example.org/w1
  suyuan witness --dir /srv/witness --listen 127.0.0.1:8081 --trust trace.example.org.json
  suyuan witness --dir /srv/replayer --trust trace.example.org.json --replay trace.example.org/log=https://trace.example.org
  suyuan witness --dir /srv/witness --log 'example.com/log+c2f4…+AWg…' --logs /etc/suyuan/logs

Known are the logs of --log, of the lines of --logs (default: DIR/logs, if it is there) and of the trust files. Bundles
are judged for ledgers whose trust file is given. SIGHUP reads both anew. A key made by `suyuan key new --out
DIR/witness.key` is taken by --init as it is.

Never start it on an older copy of its directory: what it forgot it could sign against. Make a new witness instead.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The witness's directory
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Make a new witness there: key, verifier key, empty memory
    #[arg(long, requires = "name")]
    init: bool,
    /// The new witness's name, for ever: a host name that you own, and perhaps a path
    #[arg(long, value_name = "NAME", requires = "init")]
    name: Option<KeyName>,
    /// Address and port to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081", conflicts_with = "init")]
    listen: SocketAddr,
    /// A log's verifier key (C2SP vkey)
    #[arg(long = "log", value_name = "VKEY", conflicts_with = "init")]
    log_keys: Vec<String>,
    /// A file with one log's verifier key a line
    #[arg(long, value_name = "FILE", conflicts_with = "init")]
    logs: Option<PathBuf>,
    /// A ledger's trust file: its log is known, and its bundles can be checked here
    #[arg(long = "trust", value_name = "FILE", conflicts_with = "init")]
    trusts: Vec<PathBuf>,
    /// Be a replaying witness of a ledger: cosign only what was read from the service at URL, run through every rule, and
    /// found to be what was signed. Needs the ledger's trust file, and room for the ledger in memory
    #[arg(long = "replay", value_name = "ORIGIN=URL", value_parser = parse_replay, conflicts_with = "init")]
    replays: Vec<(KeyName, String)>,
    /// How the world reaches the witness
    #[arg(long, value_name = "URL", default_value = "", conflicts_with = "init")]
    public_url: String,
    /// How old the newest witness signature of a bundle may be for freshness
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = times::parse_secs, conflicts_with = "init")]
    max_age: i64,
    /// A proxy whose X-Forwarded-For is believed
    #[arg(long = "trusted-proxy", value_name = "ADDRESS", conflicts_with = "init")]
    trusted_proxies: Vec<IpAddr>,
    /// Checkpoints and bundles that one address may go on sending; 0: no limit
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "init")]
    writes_per_second: u32,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Print JSON
    #[arg(long, requires = "init")]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    match &args.name {
        Some(name) if args.init => init(&args, name),
        _ => run_service(args),
    }
}

fn key_path(dir: &Path) -> PathBuf {
    dir.join("witness.key")
}

fn vkey_path(dir: &Path) -> PathBuf {
    dir.join("vkey")
}

/// A witness's key and name, and its memory, from its directory.
pub(super) fn open(
    dir: &Path,
    passphrase: &PassphraseArgs,
) -> anyhow::Result<(KeyName, PrivateKey, std::sync::Arc<dyn store::Store>)> {
    let (name, key) = identity(dir, passphrase)?;
    let db = db_path(dir);
    let store = store::open(&db).with_context(|| format!("cannot open {}", db.display()))?;
    Ok((name, key, store))
}

fn db_path(dir: &Path) -> PathBuf {
    dir.join("db")
}

fn init(args: &Args, name: &KeyName) -> anyhow::Result<Answer> {
    let dir = &args.dir;
    for path in [vkey_path(dir), db_path(dir)] {
        ensure!(!path.exists(), "{} exists already and is not written over", path.display());
    }
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let path = key_path(dir);
    let key = match path.exists() {
        true => args.passphrase.open_private(&path)?,
        false => {
            // In clear unless a passphrase is given: the service must start by itself.
            let passphrase = args.passphrase.given()?;
            let key = PrivateKey::generate()?;
            key.write_new(&path, passphrase.as_ref().map(|passphrase| passphrase.as_str()))
                .with_context(|| format!("cannot write {}", path.display()))?;
            key
        }
    };
    let vkey = VerifierKey::new(name.clone(), KeyType::Cosignature, key.public());
    store::create(&db_path(dir)).with_context(|| format!("cannot make {}", db_path(dir).display()))?;
    // The last step: without it the directory is no witness.
    let path = vkey_path(dir);
    write_new(&path, format!("{vkey}\n").as_bytes(), Readers::Everyone)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let mut out = std::io::stdout().lock();
    match args.json {
        true => writeln!(out, "{}", json!({ "name": name.as_str(), "vkey": vkey.to_string() }))?,
        false => writeln!(out, "{vkey}")?,
    }
    Ok(Answer::Done)
}

fn run_service(args: Args) -> anyhow::Result<Answer> {
    let (name, key, store) = open(&args.dir, &args.passphrase)?;
    let sources = Sources {
        keys: args.log_keys.clone(),
        file: args.logs.clone(),
        own_file: args.dir.join("logs"),
        trusts: args.trusts.clone(),
    };
    let logs = sources.read()?;
    if logs.is_empty() {
        bail!("no log is known: give --log, --logs or --trust");
    }
    let replays = replays(&args, &logs)?;
    let witness = Witness::new(name, key.pair(), store, logs).replaying(replays);
    // What cannot be read back now could not be held to either.
    witness.all().with_context(|| format!("cannot use {}", db_path(&args.dir).display()))?;
    let settings = WitnessSettings {
        listen: args.listen,
        public_url: args.public_url.trim_end_matches('/').to_owned(),
        max_age_secs: args.max_age,
        trusted_proxies: args.trusted_proxies,
        writes: RateLimit {
            per_second: args.writes_per_second,
            burst: args.writes_per_second.saturating_mul(BURST_SECONDS).max(1),
        },
        ..WitnessSettings::default()
    };
    let reload = Box::new(move || sources.read().map_err(|error| format!("{error:#}")));
    serve(settings, witness, reload, |address| {
        // Whoever started us may read where; if nobody does, so be it.
        let _ = writeln!(std::io::stdout(), "listening on http://{address}");
    })?;
    Ok(Answer::Done)
}

fn parse_replay(text: &str) -> Result<(KeyName, String), String> {
    let (origin, url) = text.split_once('=').ok_or("say ORIGIN=URL")?;
    Ok((origin.parse().map_err(|error: ParseKeyNameError| error.to_string())?, url.to_owned()))
}

fn replays(args: &Args, logs: &Logs) -> anyhow::Result<BTreeMap<KeyName, Replay>> {
    let mut replays = BTreeMap::new();
    for (origin, url) in &args.replays {
        let trust = logs.trust(origin.as_str());
        let trust =
            trust.with_context(|| format!("--replay {origin}: its trust file is needed (--trust)"))?;
        let source = Box::new(Fetcher::hasty(url)?);
        let replay = Replay::new(trust.genesis, source).map_err(anyhow::Error::msg)?;
        replays.insert(origin.clone(), replay);
    }
    Ok(replays)
}

/// The name from `vkey`, and the key that it is of.
fn identity(dir: &Path, passphrase: &PassphraseArgs) -> anyhow::Result<(KeyName, PrivateKey)> {
    let path = vkey_path(dir);
    ensure!(path.exists(), "{} is no witness: make one with `suyuan witness --init`", dir.display());
    let text = files::read_text(&path, 4096)?;
    let vkey: VerifierKey = text.trim().parse().with_context(|| format!("cannot use {}", path.display()))?;
    let key = passphrase.open_private(&key_path(dir))?;
    let is_its_own = vkey.key_type() == KeyType::Cosignature && *vkey.public() == key.public();
    ensure!(is_its_own, "{} is not of the key beside it", path.display());
    Ok((vkey.name().clone(), key))
}

/// Where the logs are named.
struct Sources {
    keys: Vec<String>,
    file: Option<PathBuf>,
    /// Read where no other file is named, and only if it is there.
    own_file: PathBuf,
    trusts: Vec<PathBuf>,
}

impl Sources {
    fn read(&self) -> anyhow::Result<Logs> {
        let mut logs = Logs::default();
        for key in &self.keys {
            logs.add_key(key)?;
        }
        let own_file = Some(&self.own_file).filter(|path| path.exists());
        if let Some(path) = self.file.as_ref().or(own_file) {
            logs.add_lines(&files::read_text(path, LOGS_BYTES_MAX)?)
                .with_context(|| format!("cannot use {}", path.display()))?;
        }
        for path in &self.trusts {
            logs.add_trust(&files::read_text(path, TRUST_BYTES_MAX)?)
                .with_context(|| format!("cannot use {}", path.display()))?;
        }
        Ok(logs)
    }
}
