//! The command: found a ledger, fill it through the service, keep what is worth showing, serve, print the links.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::chain::Chain;
use super::client::Client;
use super::{Record, Story, Telling, Wanted, found, seasons, tell};
use crate::config::Config;
use crate::http;
use crate::store::data_dir::DataDir;

/// What the command was told.
#[derive(Debug, Clone)]
pub struct Options {
    /// None: a fresh directory among the temporary ones.
    pub dir: Option<PathBuf>,
    pub listen: SocketAddr,
    /// None: the address that it listens on.
    pub public_url: Option<String>,
    /// False: stop after filling.
    pub serve: bool,
    /// A local EVM node to anchor at: `anvil` of Foundry. None: nothing is anchored.
    pub anvil: Option<PathBuf>,
    /// Seasons of many farms instead of the four stories.
    pub seasons: Option<Wanted>,
}

/// Fills a ledger, or finds it filled, and serves it. Links go to stdout, talk to stderr. False: a fraud of the seasons
/// that it rolled was not found, or honest lots were taken for one.
pub fn run(options: &Options, now: Timestamp) -> anyhow::Result<bool> {
    options.seasons.as_ref().map_or(Ok(()), Wanted::check)?;
    let dir = DataDir::new(match &options.dir {
        Some(dir) => dir.clone(),
        None => std::env::temp_dir().join(format!("suyuan-demo-{}", std::process::id())),
    });
    let listen = with_a_port(options.listen)?;
    let public_url = options.public_url.clone().unwrap_or_else(|| format!("http://{}", reachable(listen)));
    let shown = Shown { root: dir.root().join("demo") };
    let (mut is_perfect, mut chain) = (true, None);
    if shown.stories().exists() {
        shown.is_what_was_asked(options.seasons.as_ref())?;
        eprintln!("{}: the demonstration is there already", dir.root().display());
    } else {
        is_fresh(&dir)?;
        eprintln!("filling a ledger in {}", dir.root().display());
        is_perfect = match &options.seasons {
            None => {
                chain = options.anvil.as_deref().and_then(|program| local_chain(program, &dir));
                fill(&dir, &shown, &public_url, now, chain.as_ref()).map(|()| true)
            }
            Some(wanted) => fill_seasons(&dir, &shown, &public_url, now, wanted),
        }
        .with_context(|| format!("the filling stopped: remove {} and begin again", dir.root().display()))?;
    }
    if !options.serve {
        print!("{}", shown.links(&public_url)?);
        return Ok(is_perfect);
    }
    let ledger = found::open(&dir)?;
    let config = config(&dir, listen, &public_url, chain.as_ref())?;
    let links = shown.links(&public_url)?;
    http::serve(config, ledger, |address| {
        print!("{links}");
        eprintln!("\nserving {address}; Ctrl-C stops, {} stays", dir.root().display());
    })?;
    Ok(is_perfect)
}

/// Nothing is there, not even a filling that broke off.
fn is_fresh(dir: &DataDir) -> anyhow::Result<()> {
    let root = dir.root();
    if !root.exists() || std::fs::read_dir(root).with_context(|| root.display().to_string())?.next().is_none()
    {
        return Ok(());
    }
    let is_ours = std::fs::read_to_string(dir.config()).is_ok_and(|text| text.contains(found::ORIGIN));
    match is_ours {
        true => bail!(
            "{} holds a demonstration whose filling broke off: remove the directory and begin again",
            root.display()
        ),
        false => bail!("{} is not empty and holds no demonstration: name another directory", root.display()),
    }
}

/// What a service needs to know that one client fills.
fn filling(dir: &DataDir, public_url: &str) -> anyhow::Result<Config> {
    let mut config = config(dir, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), public_url, None)?;
    // One client tells a year of farm work in some seconds.
    config.writes.per_second = 0;
    config.reads.per_second = 0;
    Ok(config)
}

/// Rolls the seasons, and keeps what was planted, bundles and trust file.
fn fill_seasons(
    dir: &DataDir,
    shown: &Shown,
    public_url: &str,
    now: Timestamp,
    wanted: &Wanted,
) -> anyhow::Result<bool> {
    let (telling, record) = seasons::fill(dir, filling(dir, public_url)?, public_url, wanted)?;
    std::fs::create_dir_all(&shown.root).with_context(|| shown.root.display().to_string())?;
    let planted = serde_json::to_string_pretty(&record)?;
    write(&shown.planted(), format!("{planted}\n").as_bytes())?;
    let ledger = found::open(dir)?;
    let found = seasons::judge(&ledger.handle(), &record)?;
    eprintln!("{found}");
    let serving = http::start(filling(dir, public_url)?, ledger)?;
    let kept = shown.keep(&Client::new(&format!("http://{}", serving.address)), &telling, now);
    serving.stop()?;
    kept.map(|()| found.is_perfect())
}

/// Tells the stories to a service on a loopback port of its own, and keeps bundles and trust file from it.
fn fill(
    dir: &DataDir,
    shown: &Shown,
    public_url: &str,
    now: Timestamp,
    chain: Option<&Chain>,
) -> anyhow::Result<()> {
    let (genesis, registrar) = found::found(dir, public_url, now)?;
    let publication = chain.map(Chain::publication).transpose()?;
    let serving = http::start(filling(dir, public_url)?, found::open(dir)?)?;
    let url = format!("http://{}", serving.address);
    let told = tell(&url, genesis, registrar, publication.as_ref(), now, |story| {
        eprintln!("  {}: {} statements", story.name, story.statements);
    });
    serving.stop()?;
    let (telling, ledger) = (told?, found::open(dir)?);
    if let Some(chain) = chain {
        chain.anchor(ledger.handle()).context("anchoring on the local chain")?;
    }
    let serving = http::start(filling(dir, public_url)?, ledger)?;
    let kept = shown.keep(&Client::new(&format!("http://{}", serving.address)), &telling, now);
    serving.stop()?;
    kept
}

/// A demonstration without a chain is one all the same: its pages then say that nothing is anchored.
fn local_chain(program: &Path, dir: &DataDir) -> Option<Chain> {
    match Chain::start(program, dir) {
        Ok(chain) => Some(chain),
        Err(error) => {
            eprintln!("  not anchored: no local chain ({error:#})");
            None
        }
    }
}

fn config(
    dir: &DataDir,
    listen: SocketAddr,
    public_url: &str,
    chain: Option<&Chain>,
) -> anyhow::Result<Config> {
    let mut flags = vec![
        ("dir", dir.root().display().to_string()),
        ("listen", listen.to_string()),
        ("public_url", public_url.to_owned()),
        ("origin", found::ORIGIN.to_owned()),
        ("operator", found::OPERATOR.to_owned()),
    ];
    flags.extend(chain.map(Chain::flags).unwrap_or_default());
    // A line for every request would push the links out of sight; who wants them says so.
    if std::env::var_os("SUYUAN_LOG_FILTER").is_none() {
        flags.push(("log_filter", "warn".to_owned()));
    }
    Ok(Config::load(None, &flags)?)
}

/// Links must name the port before anybody listens, so port 0 is turned into a free one here.
fn with_a_port(listen: SocketAddr) -> anyhow::Result<SocketAddr> {
    match listen.port() {
        0 => Ok(TcpListener::bind(listen)?.local_addr()?),
        _ => Ok(listen),
    }
}

/// Who listens everywhere is reached here by loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen.ip().is_unspecified() {
        true => SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port())),
        false => listen,
    }
}

/// `<dir>/demo`: what to show, beside the ledger. Written last, so that it stands only where all was told.
struct Shown {
    root: PathBuf,
}

impl Shown {
    fn stories(&self) -> PathBuf {
        self.root.join("stories.json")
    }

    /// What was planted among the seasons.
    fn planted(&self) -> PathBuf {
        self.root.join("planted.json")
    }

    /// A directory that is filled already is served again, not filled with something else.
    fn is_what_was_asked(&self, wanted: Option<&Wanted>) -> anyhow::Result<()> {
        let Some(wanted) = wanted else { return Ok(()) };
        let path = self.planted();
        let told =
            std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Record>(&text).ok());
        match told {
            Some(told)
                if (told.farms, told.seasons, told.seed) == (wanted.farms, wanted.seasons, wanted.seed) =>
            {
                Ok(())
            }
            _ => bail!("{} holds another demonstration: name another directory", self.root.display()),
        }
    }

    fn trust(&self) -> PathBuf {
        self.root.join("trust.json")
    }

    fn bundle(&self, batch: &str) -> PathBuf {
        self.root.join(format!("{batch}.bundle"))
    }

    /// What the service says of itself and of the batches worth opening, the cast's keys, and last what was told.
    fn keep(&self, service: &Client, telling: &Telling, now: Timestamp) -> anyhow::Result<()> {
        let keys = self.root.join("keys");
        std::fs::create_dir_all(&keys).with_context(|| keys.display().to_string())?;
        let mut made = Vec::new();
        for (n, cast) in telling.keys.iter().enumerate() {
            let file = format!("{:02}-{}.key", n + 1, cast.org);
            cast.key.write_new(&keys.join(&file), None).with_context(|| file.clone())?;
            made.push(
                json!({ "file": file, "org": cast.org, "as": cast.role.as_str(), "device": cast.device }),
            );
        }
        write(&self.trust(), &service.get("/trust.json")?)?;
        for batch in telling.stories.iter().flat_map(|story| &story.featured) {
            let bundle = service.get(&format!("/api/v1/batches/{}/bundle", batch.batch))?;
            write(&self.bundle(&batch.batch), &bundle)?;
        }
        let note = json!({
            "filled_at": now.to_string(),
            "statements": telling.told.statements,
            "files": telling.told.files,
            "sealed_values": telling.told.sealed_values,
            "stories": telling.stories.iter().map(story_json).collect::<Vec<_>>(),
            "keys": made,
        });
        write(&self.stories(), format!("{note:#}\n").as_bytes())
    }

    fn links(&self, public_url: &str) -> anyhow::Result<String> {
        let path = self.stories();
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let note: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let url = public_url.trim_end_matches('/');
        let mut out = String::new();
        let mut first = None;
        for story in list(&note["stories"]) {
            writeln!(out, "\n{}", word(&story["name"]))?;
            for batch in list(&story["featured"]) {
                let id = word(&batch["batch"]);
                writeln!(out, "  {} / {}", word(&batch["zh"]), word(&batch["en"]))?;
                writeln!(out, "    page    {url}/b/{id}")?;
                writeln!(out, "    QR      {url}/b/{id}/qr.svg  {url}/b/{id}/qr.png")?;
                writeln!(out, "    bundle  {url}/api/v1/batches/{id}/bundle")?;
                first.get_or_insert(id);
            }
        }
        if let Some(id) = first {
            let (bundle, trust) = (self.bundle(id), self.trust());
            writeln!(out, "\ncheck one with no network:")?;
            writeln!(out, "  {} verify {} --trust {}", program(), bundle.display(), trust.display())?;
        }
        Ok(out)
    }
}

fn story_json(story: &Story) -> Value {
    let featured =
        story.featured.iter().map(|batch| json!({ "batch": batch.batch, "zh": batch.zh, "en": batch.en }));
    json!({ "name": story.name, "statements": story.statements, "featured": featured.collect::<Vec<_>>() })
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn program() -> String {
    std::env::current_exe().map_or_else(|_| "suyuan".to_owned(), |path| path.display().to_string())
}
