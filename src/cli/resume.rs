//! `suyuan resume`: lets a restored or older ledger write again, once it is known that it misses nothing.
//!
//! A ledger that forgot what it had signed would sign a second history. So what others hold of it is looked at first:
//! mirrors, witnesses, and the signed head that was kept outside the database. What is missing is fetched from a mirror,
//! through every rule, up to a checkpoint that this log has signed. If nobody holds what is missing, it never signs again.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::config::Beside;
use crate::follow::{Fetcher, Follower, Get, Terms, Tiles, Watch};
use crate::ledger::LogFact;
use crate::note::policy::Policy;
use crate::note::signed_note::{NOTE_BYTES_MAX, SignedNote};
use crate::publish::outside::{Held, compare, cosigned_last};
use crate::sequencer::Replica;
use crate::store;
use crate::store::data_dir::DataDir;
use crate::store::signed_head::SignedHead;
use crate::verify::Trust;

use super::Answer;
use super::audit::progress;
use super::local::{Local, signed_head_of};

const EXAMPLES: &str = "\
Examples:
  suyuan resume --dir /srv/suyuan
  suyuan resume --dir /srv/suyuan --mirror https://mirror.example.org --signed-head /mnt/other/signed-head
  suyuan resume --dir /srv/suyuan --witness https://witness.uni.example --confirm

Everybody whom suyuan.toml names is asked as well: its mirrors, the witnesses of its policy. Each must agree; one that is
gone for good is left out by --without. What this ledger misses is fetched from a mirror that holds it, checked and
written before anything is confirmed.

Exit code 1: somebody holds more of this log and no mirror has it, or another history, or could not be asked; the ledger
stays read-only.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The ledger's directory, which no service may be using meanwhile
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// A mirror of this log, or anyone who serves /log/checkpoint and the tiles
    #[arg(long = "mirror", value_name = "URL")]
    mirrors: Vec<String>,
    /// A witness of this log: what it has cosigned last
    #[arg(long = "witness", value_name = "URL")]
    witnesses: Vec<String>,
    /// The signed head of the lost ledger, if it was kept on another disk
    #[arg(long, value_name = "FILE")]
    signed_head: Option<PathBuf>,
    /// Do not ask this mirror or witness of the settings
    #[arg(long, value_name = "URL")]
    without: Vec<String>,
    /// What was compared is enough: write again
    #[arg(long)]
    confirm: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Somebody who may hold more of this log.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Mirror(String),
    Witness(String),
    File(PathBuf),
    /// The directory's own head, which may have outlived the disk: it vouches for nothing, but it may know more.
    OwnHead(PathBuf),
}

/// What came of asking.
struct Asked {
    source: Source,
    found: Found,
}

enum Found {
    Held(Held),
    /// It has seen nothing of this log.
    Nothing,
    Unreachable(String),
}

/// What a mirror filled in.
struct Filled {
    from: u64,
    to: u64,
    by: String,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let dir = DataDir::new(&args.dir);
    dir.check()?;
    let sources = sources(&args, &dir)?;
    ensure!(
        sources.iter().any(|source| !matches!(source, Source::OwnHead(_))),
        "nothing to compare with: give --mirror, --witness or --signed-head; a ledger that nobody can vouch for never signs again"
    );
    let (mut asked, mut size) = ask(&args.dir, &sources)?;
    let filled = match fullest(&asked) {
        Some((mirror, note)) => {
            let filled = refill(&dir, mirror, note, args.json);
            let filled = filled.with_context(|| format!("cannot take what is missing from {mirror}"))?;
            (asked, size) = ask(&args.dir, &sources)?;
            Some(filled)
        }
        None => None,
    };
    let agreed = asked.iter().all(|asked| asked.problem(size).is_none());
    let is_vouched = asked.iter().any(Asked::vouches);
    let waits = dir.restored().exists();
    let resumed = agreed && is_vouched && waits && args.confirm;
    if resumed {
        dir.resume()?;
    }
    print(&args, &asked, filled.as_ref(), size, resumed)?;
    if !agreed {
        return Ok(Answer::NotVerified);
    }
    ensure!(is_vouched, "nobody who was asked has seen anything of this log: that vouches for nothing");
    match (waits, args.confirm) {
        (true, false) => bail!("everything agrees; say --confirm to let the ledger write again"),
        (true, true) => {}
        (false, _) if !args.json => {
            writeln!(std::io::stdout(), "everything agrees, and nothing holds this ledger back")?;
        }
        (false, _) => {}
    }
    Ok(Answer::Done)
}

/// Whom the command line and the settings name, once each.
fn sources(args: &Args, dir: &DataDir) -> anyhow::Result<Vec<Source>> {
    let beside = Beside::load(dir.root())?;
    let trimmed = |url: &String| url.trim_end_matches('/').to_owned();
    let left_out: Vec<String> = args.without.iter().map(trimmed).collect();
    let mut sources = Vec::new();
    let mut add = |source: Source, is_said: bool| {
        let is_left_out = match &source {
            Source::Mirror(url) | Source::Witness(url) => left_out.contains(url),
            _ => false,
        };
        if !sources.contains(&source) && (is_said || !is_left_out) {
            sources.push(source);
        }
    };
    args.mirrors.iter().for_each(|url| add(Source::Mirror(trimmed(url)), true));
    args.witnesses.iter().for_each(|url| add(Source::Witness(trimmed(url)), true));
    args.signed_head.iter().for_each(|path| add(Source::File(path.clone()), true));
    beside.mirrors.iter().for_each(|url| add(Source::Mirror(trimmed(url)), false));
    if let Some(path) = &beside.policy {
        let naming = || format!("the witness policy {}", path.display());
        let policy = Policy::parse(&std::fs::read(path).with_context(naming)?).with_context(naming)?;
        let urls = policy.witnesses().iter().filter_map(|witness| witness.url.as_ref());
        urls.for_each(|url| add(Source::Witness(trimmed(url)), false));
    }
    add(Source::OwnHead(signed_head_of(dir)?.path().to_owned()), true);
    Ok(sources)
}

/// Holds what each has against the log here. Returns the entries here too.
fn ask(dir: &Path, sources: &[Source]) -> anyhow::Result<(Vec<Asked>, u64)> {
    let local = Local::open(dir)?;
    let reader = local.reader();
    let log = reader.log()?.context("the store holds no ledger")?;
    let mut asked = Vec::new();
    for source in sources {
        let found = match note_of(source, &log) {
            Ok(Some(note)) => Found::Held(compare(&note, &reader, &log)),
            Ok(None) => Found::Nothing,
            Err(error) => Found::Unreachable(format!("{error:#}")),
        };
        asked.push(Asked { source: source.clone(), found });
    }
    Ok((asked, log.size))
}

fn note_of(source: &Source, log: &LogFact) -> anyhow::Result<Option<Vec<u8>>> {
    match source {
        Source::Mirror(url) => {
            let fetcher = Fetcher::steady(url)?;
            // The newest signed, witnessed or not; only the former is known to logs of other makes.
            match fetcher.get("latest", NOTE_BYTES_MAX as u64) {
                Ok(note) => Ok(Some(note)),
                Err(_) => Ok(Some(Tiles::new(&fetcher).checkpoint()?)),
            }
        }
        Source::Witness(url) => Ok(cosigned_last(&Fetcher::steady(url)?, &log.origin)?),
        Source::File(path) | Source::OwnHead(path) => {
            let note = SignedHead::new(path).read()?;
            Ok(Some(note.context("it is not there")?))
        }
    }
}

/// The mirror that holds most beyond what is here.
fn fullest(asked: &[Asked]) -> Option<(&str, &SignedNote)> {
    let ahead = asked.iter().filter_map(|asked| match (&asked.source, &asked.found) {
        (Source::Mirror(url), Found::Held(Held::Ahead { checkpoint, note })) => {
            Some((checkpoint.size, url.as_str(), note))
        }
        _ => None,
    });
    ahead.max_by_key(|(size, ..)| *size).map(|(_, url, note)| (url, note))
}

/// Takes the entries that are missing, each through the rules, up to the checkpoint, which must be of exactly them.
fn refill(dir: &DataDir, mirror: &str, note: &SignedNote, quiet: bool) -> anyhow::Result<Filled> {
    // Whatever comes of it, nothing is signed on it before it is confirmed.
    dir.hold_back()?;
    let store = store::open(&dir.db())?;
    let log = crate::ledger::Reader(store.snapshot()).log()?.context("the store holds no ledger")?;
    let keys: Vec<String> = log.log_vkeys().map(str::to_owned).collect();
    let trust = Trust::parse(&Trust::to_text(&log.origin, &keys, log.ledger, None))?;
    // The true head may know of more than this mirror, and must not forget it.
    let scratch = SignedHead::new(dir.root().join("refill-head"));
    store::durable::remove(scratch.path())?;
    let replica = Replica::open(store, scratch.clone())?;
    let mut follower = Follower::new(trust, replica, &signed_head_of(dir)?)?;
    let mut watch = Bar(progress(0, quiet));
    let mut terms = Terms { watch: &mut watch, enough: &|| false, witnessed: false };
    let fetcher = Fetcher::new(mirror)?;
    let followed = follower.follow(&Tiles::new(&fetcher), note.to_string().as_bytes(), &mut terms);
    watch.0.finish_and_clear();
    store::durable::remove(scratch.path())?;
    followed?;
    let to = follower.replica().written();
    let head = signed_head_of(dir)?;
    let known = head.read()?.and_then(|note| Some(SignedNote::parse(&note).ok()?.text().to_owned()));
    let known = known.and_then(|text| text.parse::<crate::note::checkpoint::Checkpoint>().ok());
    if known.is_none_or(|known| known.size < to) {
        let own = store::checkpoints::at(&**follower.replica().store(), to)?;
        head.write(&own.context("the checkpoint was not kept")?)?;
    }
    Ok(Filled { from: log.size, to, by: mirror.to_owned() })
}

struct Bar(indicatif::ProgressBar);

impl Watch for Bar {
    fn progress(&mut self, done: u64, of: u64) {
        self.0.set_length(of);
        self.0.set_position(done);
    }
}

impl Asked {
    /// Somebody outside who has seen of this log, and nothing but what is here.
    fn vouches(&self) -> bool {
        let is_outside = !matches!(self.source, Source::OwnHead(_));
        is_outside && matches!(self.found, Found::Held(Held::Agrees { size: 1.. }))
    }

    /// Why this stands in the way of writing.
    fn problem(&self, size: u64) -> Option<String> {
        match &self.found {
            Found::Held(Held::Agrees { .. }) | Found::Nothing => None,
            Found::Held(Held::Ahead { checkpoint, .. }) => {
                let theirs = checkpoint.size;
                Some(format!(
                    "it holds {theirs} entries, here are {size}: {} are missing here",
                    theirs - size
                ))
            }
            Found::Held(Held::Forked { size }) => {
                Some(format!("its first {size} entries are not the ones here: two histories"))
            }
            Found::Held(Held::NotOurs(problem)) => Some(problem.clone()),
            Found::Unreachable(problem) => Some(format!("could not be asked: {problem}")),
        }
    }

    fn who(&self) -> String {
        match &self.source {
            Source::Mirror(url) | Source::Witness(url) => url.clone(),
            Source::File(path) | Source::OwnHead(path) => path.display().to_string(),
        }
    }

    fn json(&self, here: u64) -> Value {
        match (self.problem(here), &self.found) {
            (Some(problem), _) => json!({ "who": self.who(), "agrees": false, "problem": problem }),
            (None, Found::Held(Held::Agrees { size })) => {
                json!({ "who": self.who(), "agrees": true, "size": size })
            }
            (None, _) => json!({ "who": self.who(), "agrees": true, "size": 0 }),
        }
    }
}

/// What to do now, where somebody does not agree.
fn advice(asked: &[Asked], size: u64) -> Option<String> {
    let most = asked.iter().filter_map(|asked| match &asked.found {
        Found::Held(Held::Ahead { checkpoint, .. }) => Some(checkpoint.size),
        _ => None,
    });
    if let Some(most) = most.max() {
        return Some(format!(
            "entries {size} to {} were signed, and nobody who was asked gave them: as it is, this ledger never signs \
             again, because it would sign a second history. Ask other mirrors (--mirror). If nobody has them, begin a \
             new ledger under a new origin whose genesis names the last checkpoint of this one: suyuan init \
             --continues SIGNED-HEAD",
            most - 1
        ));
    }
    let is_forked = asked.iter().any(|asked| matches!(asked.found, Found::Held(Held::Forked { .. })));
    is_forked.then(|| {
        "this log has signed two histories: this ledger never signs again. Keep both checkpoints, they are the evidence"
            .to_owned()
    })
}

fn print(
    args: &Args,
    asked: &[Asked],
    filled: Option<&Filled>,
    size: u64,
    resumed: bool,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let advice = advice(asked, size);
    if args.json {
        let compared: Vec<Value> = asked.iter().map(|asked| asked.json(size)).collect();
        let filled = filled.map(|filled| json!({ "from": filled.from, "to": filled.to, "by": filled.by }));
        let told = json!({
            "resumed": resumed, "size": size, "filled": filled, "compared": compared, "advice": advice,
        });
        writeln!(out, "{told}")?;
        return Ok(());
    }
    if let Some(Filled { from, to, by }) = filled {
        writeln!(out, "filled  entries {from} to {} from {by}", to - 1)?;
    }
    for asked in asked {
        match (asked.problem(size), &asked.found) {
            (Some(problem), _) => writeln!(out, "FAILED  {}: {problem}", asked.who())?,
            (None, Found::Held(Held::Agrees { size: theirs })) => {
                writeln!(out, "agrees  {} ({theirs} of {size} entries)", asked.who())?;
            }
            (None, _) => writeln!(out, "nothing {} (has seen nothing of this log)", asked.who())?,
        }
    }
    if let Some(advice) = advice {
        writeln!(out, "{advice}")?;
    }
    if resumed {
        writeln!(out, "the ledger may write again")?;
    }
    Ok(())
}
