//! `suyuan serve`: opens the ledger with its key and hands it to the service.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::config::Config;
use crate::http::ServeError;
use crate::note::policy::Policy;
use crate::publish::outside::ask_witnesses;
use crate::sequencer::{Disks, Guards, Ledger, LogSigner, OpenError, Outside, Room, Settings, SystemClock};
use crate::store::data_dir::DataDir;
use crate::store::signed_head::SignedHead;

use super::Answer;
use super::passphrase::PassphraseArgs;

const EXAMPLES: &str = "\
Examples:
  suyuan serve --dir /srv/suyuan
  suyuan serve --dir /srv/suyuan --listen 0.0.0.0:8080 --set log_format=json

Exit code 3: the store failed in a write; start it again (a supervisor does), which checks what the disk holds.

Settings: flags win over SUYUAN_… in the environment, that over suyuan.toml in the ledger's directory.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The ledger's directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// How the world reaches the service
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// The witness policy (C2SP tlog-policy): whose cosignatures are asked for, and how many are enough
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A file of settings other than suyuan.toml in the directory
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Any other setting, by its name in suyuan.toml
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_setting)]
    settings: Vec<(String, String)>,
    /// The clock is right although it looks wrong
    #[arg(long)]
    confirm_clock: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn parse_setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a setting is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    // Its directory has no settings, which would be asked for first.
    if let Some(dir) = args.dir.as_ref().filter(|dir| DataDir::new(dir.as_path()).mirror().exists()) {
        return Err(OpenError::Mirror(dir.clone()).into());
    }
    let config = Config::load(args.config.as_deref(), &flags(&args))?;
    // Opening has things to say.
    crate::http::start_logging(&config.log_filter, config.log_format)?;
    let ledger = open(&config, &args.passphrase, args.confirm_clock)?;
    let served = crate::http::serve(config, ledger, |address| {
        use std::io::Write as _;
        // Whoever started us may read where; if nobody does, so be it.
        let _ = writeln!(std::io::stdout(), "listening on http://{address}");
    });
    match served {
        Err(ServeError::Failed(_)) => Ok(Answer::StartAgain),
        served => served.map(|()| Answer::Done).map_err(Into::into),
    }
}

fn flags(args: &Args) -> Vec<(&str, String)> {
    let mut flags: Vec<(&str, String)> = Vec::new();
    flags.extend(args.dir.as_ref().map(|dir| ("dir", dir.display().to_string())));
    flags.extend(args.listen.as_ref().map(|listen| ("listen", listen.clone())));
    flags.extend(args.public_url.as_ref().map(|url| ("public_url", url.clone())));
    // A path on the command line is relative to where one stands, not to the ledger's directory.
    let policy = args.policy.as_ref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
    flags.extend(policy.map(|path| ("policy", path.display().to_string())));
    flags.extend(args.settings.iter().map(|(name, value)| (name.as_str(), value.clone())));
    flags
}

/// The ledger of a configuration, ready to write.
pub(super) fn open(
    config: &Config,
    passphrase: &PassphraseArgs,
    clock_confirmed: bool,
) -> anyhow::Result<Ledger> {
    let dir = DataDir::new(&config.dir);
    dir.check()?;
    if dir.mirror().exists() {
        return Err(OpenError::Mirror(config.dir.clone()).into());
    }
    let key = passphrase.open_private(&dir.log_key())?;
    let origin = config.origin.parse().with_context(|| format!("origin {}", config.origin))?;
    let mut signer = LogSigner::new(origin, key.pair());
    if dir.other_log_key().exists() {
        let other = passphrase.open_private(&dir.other_log_key())?;
        anyhow::ensure!(other.public() != key.public(), "log.key and log-2.key are the same key");
        signer = signer.and(other.pair());
    }
    let settings = Settings {
        signed_head: SignedHead::new(config.signed_head_path()),
        dir,
        signer: Some(signer),
        clock: Arc::new(SystemClock::new()),
        clock_confirmed,
    };
    let guards = guards(config)?;
    let ledger = Ledger::open_guarded(settings, guards);
    ledger.with_context(|| format!("cannot open {}", config.dir.display()))
}

/// The line of free space, and the witnesses who are asked before the first write.
fn guards(config: &Config) -> anyhow::Result<Guards> {
    let dir = DataDir::new(&config.dir);
    let head = config.signed_head_path();
    let head_dir = head.parent().filter(|parent| !parent.as_os_str().is_empty());
    let head_dir = head_dir.map_or_else(|| config.dir.clone(), Path::to_owned);
    let disks = Disks::of([dir.db(), dir.blobs(), head_dir]);
    let outside: Option<Outside> = match &config.policy {
        None => None,
        Some(path) => {
            let path = config.dir.join(path);
            let naming = || format!("the witness policy {}", path.display());
            let policy = Policy::parse(&std::fs::read(&path).with_context(naming)?).with_context(naming)?;
            Some(Box::new(move |reader, log| ask_witnesses(&policy, reader, log)))
        }
    };
    Ok(Guards { room: Some(Room::new(Arc::new(disks), config.disk_stop)), outside, ..Guards::default() })
}
