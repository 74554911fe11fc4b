//! `suyuan anchor`: evidence from outside, by hand: make it, list it, check it, and say where it is published.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::anchor::{self, AnchorKind, Told, Verdict, Why};
use crate::config::Config;
use crate::follow::Fetcher;
use crate::http::anchoring::{evm_settings, plans};
use crate::note::signed_note::{NOTE_BYTES_MAX, SignedNote};
use crate::publish::anchors::{AnchorBook, Job, Worker, evm};
use crate::statement::role::Role;
use crate::store::data_dir::DataDir;
use crate::verify::{Trust, bundle, signed_checkpoint};

use super::ask::AskArgs;
use super::draft::SystemSalts;
use super::local::Local;
use super::passphrase::PassphraseArgs;
use super::sign::{KeyArg, Party, Signer, print, sign_value};
use super::source::{Source, SourceArgs};
use super::told::TellArgs;
use super::verify::TRUST_BYTES_MAX;
use super::{Answer, files, times};

/// Blocks come every few seconds at most.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(1);

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Anchor the newest checkpoint now, and move on what is under way
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// List what is anchored of a checkpoint
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// Check an anchor's file beside the checkpoint that it is for, offline
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArgs),
    /// Put an AnchorLog contract on the EVM chain of the settings
    #[command(after_help = DEPLOY_EXAMPLES)]
    Deploy(DeployArgs),
    /// Make the key of the account that pays on an EVM chain
    #[command(after_help = KEY_EXAMPLES)]
    Key(KeyArgs),
    /// Write the statement that names the one list where checkpoints are published
    #[command(after_help = NAME_EXAMPLES)]
    Name(NameArgs),
}

const RUN_EXAMPLES: &str = "\
Example:
  suyuan anchor run --dir /srv/suyuan

Goes by the settings anchor_… of suyuan.toml. A service that runs does this itself; this is for a ledger that none uses
meanwhile. What waits for a block is taken up again by the next run.";

const LIST_EXAMPLES: &str = "\
Examples:
  suyuan anchor list --from https://trace.example.org
  suyuan anchor list --from https://trace.example.org --size 4096 --json";

const VERIFY_EXAMPLES: &str = "\
Examples:
  suyuan anchor verify checkpoint-42.ots --checkpoint 42.note --trust trust.json --bitcoin-header 0100…
  suyuan anchor verify checkpoint-42.tsr --checkpoint 42.note --trust trust.json --tsa-root tsa.pem
  suyuan anchor verify checkpoint-42.evm --checkpoint 42.note --trust trust.json --block 1:0x…

The checkpoint is what /log/latest or /api/v1/checkpoints/SIZE gives. Exit code 0: it is evidence, if those named are
right; 1: it is not, or the block that it ends in was not confirmed by you.";

const KEY_EXAMPLES: &str = "\
Example:
  suyuan anchor key --out /srv/suyuan/keys/gas.key

Prints the account. Send it gas money, and nothing else.";

const DEPLOY_EXAMPLES: &str = "\
Example:
  suyuan anchor key --out /srv/suyuan/keys/gas.key      and send gas money to the account that it prints
  suyuan anchor deploy --dir /srv/suyuan                goes by anchor_evm_rpc, anchor_evm_chain and anchor_evm_key

Prints the address for anchor_evm_contract. Then: suyuan anchor name.";

const NAME_EXAMPLES: &str = "\
Example:
  suyuan anchor name --chain 1 --contract 0x… --sender 0x… --key registrar-1.pem --trust trust.json > place.ndjson
  suyuan submit --to https://trace.example.org place.ndjson

From that record on the list of that account in that contract is the one that counts. An anchor elsewhere proves age.";

#[derive(clap::Args)]
pub(super) struct RunArgs {
    /// The ledger's directory, which no service may be using meanwhile
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The checkpoint of so many entries (default: the newest)
    #[arg(long, value_name = "ENTRIES")]
    size: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct VerifyArgs {
    /// The evidence: .ots, .tsr or .evm
    file: PathBuf,
    /// The checkpoint that it should be for: a signed note
    #[arg(long, value_name = "NOTE")]
    checkpoint: PathBuf,
    /// The trust file: without it nobody says that the checkpoint is the log's
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// evm-calldata, evm-log, ots or rfc3161 (default: what the file begins like)
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    #[command(flatten)]
    tell: TellArgs,
    #[command(flatten)]
    ask: AskArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct DeployArgs {
    /// The ledger's directory, for its settings
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// How long to wait for the block, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    wait: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct KeyArgs {
    /// Where the key goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(clap::Args)]
pub(super) struct NameArgs {
    /// The chain's id; 1 is Ethereum
    #[arg(long, value_name = "ID")]
    chain: u64,
    /// The AnchorLog contract
    #[arg(long, value_name = "ADDRESS")]
    contract: String,
    /// The account that publishes
    #[arg(long, value_name = "ADDRESS")]
    sender: String,
    /// A key of the registrar
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The ledger's trust file: its genesis
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn run(command: &Command) -> anyhow::Result<Answer> {
    match command {
        Command::Run(args) => run_once(args),
        Command::List(args) => list(args),
        Command::Verify(args) => verify(args),
        Command::Deploy(args) => deploy(args),
        Command::Key(args) => key(args),
        Command::Name(args) => name(args),
    }
}

fn run_once(args: &RunArgs) -> anyhow::Result<Answer> {
    DataDir::new(&args.dir).check()?;
    let config = Config::load(None, &[("dir", args.dir.display().to_string())])?;
    ensure!(
        config.anchors.is_anywhere(),
        "no place to anchor at is set: say anchor_calendars, anchor_tsa or anchor_evm_rpc in suyuan.toml"
    );
    let local = Local::open(&args.dir)?;
    let handle = local.ledger.handle();
    let published = handle.published();
    let book = Arc::new(AnchorBook::open(handle.aside(), &published.reader(), published.size)?);
    let plans = plans(&config).map_err(anyhow::Error::msg)?;
    let mut worker = Worker::new(handle, book.clone(), plans);
    worker.hurry(times::now_secs().unsigned_abs());
    let mut jobs = Vec::new();
    for size in book.sizes() {
        jobs.extend(book.at(size)?);
    }
    let lines: Vec<Value> = jobs.iter().map(line).collect();
    print_list(&lines, args.json)
}

fn list(args: &ListArgs) -> anyhow::Result<Answer> {
    let listed = match args.source.source()? {
        Source::Service(url) => {
            let fetcher = Fetcher::new(url)?;
            let size = match args.size {
                Some(size) => size,
                None => {
                    let newest = fetcher.get_path("/api/v1/checkpoints", NOTE_BYTES_MAX as u64 * 2)?;
                    let newest: Value = serde_json::from_slice(&newest).context("the answer is not JSON")?;
                    newest["size"].as_u64().context("the answer names no size")?
                }
            };
            let path = format!("/api/v1/checkpoints/{size}/anchors");
            let body = fetcher.get_path(&path, bundle::BYTES_MAX as u64)?;
            let body: Value = serde_json::from_slice(&body).context("the answer is not JSON")?;
            let part = |name: &str| body[name].as_array().cloned().unwrap_or_default();
            [part("anchors"), part("later")].concat()
        }
        Source::Dir(dir) => {
            let local = Local::open(dir)?;
            let (handle, size) = (local.ledger.handle(), local.size()?);
            let book = AnchorBook::open(handle.aside(), &local.reader(), size)?;
            let asked = args.size.unwrap_or(size);
            let mut jobs = book.at(asked)?;
            jobs.extend(book.for_entries(asked, size)?.into_iter().filter(|job| job.size > asked));
            jobs.iter().map(line).collect()
        }
    };
    print_list(&listed, args.json)
}

/// A job of a directory, in the members that a service answers with.
fn line(job: &Job) -> Value {
    json!({ "kind": job.kind.as_str(), "size": job.size, "attempt": job.attempt,
        "state": job.state.as_str(), "said": job.said })
}

fn print_list(jobs: &[Value], as_json: bool) -> anyhow::Result<Answer> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", json!({ "anchors": jobs }))?;
        return Ok(Answer::Done);
    }
    if jobs.is_empty() {
        writeln!(out, "not anchored yet")?;
    }
    for job in jobs {
        let text = |name: &str| job[name].as_str().unwrap_or_default().to_owned();
        let reason = job["evidence"]["reason"].as_str().map(|reason| format!(" ({reason})"));
        writeln!(
            out,
            "{:>10} entries  {:13} {:10} {}{}",
            job["size"],
            text("kind"),
            text("state"),
            text("said"),
            reason.unwrap_or_default()
        )?;
    }
    Ok(Answer::Done)
}

fn verify(args: &VerifyArgs) -> anyhow::Result<Answer> {
    let text = files::read_text(&args.trust, TRUST_BYTES_MAX)?;
    let trust = Trust::parse(&text).with_context(|| format!("cannot use {}", args.trust.display()))?;
    let note = files::read_text(&args.checkpoint, NOTE_BYTES_MAX)?;
    let signed = signed_checkpoint::open(&note, &trust).map_err(anyhow::Error::msg)?;
    let evidence = files::read(&args.file, bundle::BYTES_MAX)?;
    let kind = match &args.kind {
        Some(kind) => kind.clone(),
        None => anchor::kind_of(&evidence)
            .with_context(|| {
                format!("{} is no anchor that this program knows; say --kind", args.file.display())
            })?
            .as_str()
            .to_owned(),
    };
    if AnchorKind::of(&kind).is_none() {
        let known = AnchorKind::ALL.map(AnchorKind::as_str).join(", ");
        bail!("no anchors are called {kind}; there are {known}");
    }
    let mut told = trust.anchors.clone();
    args.tell.add_to(&mut told)?;
    let body = SignedNote::parse(note.as_bytes()).context("the checkpoint")?;
    let judged = |told: &Told| anchor::judge(&kind, 1, &evidence, body.text(), told);
    args.ask.look_up([&judged(&told)], &mut told)?;
    let finding = judged(&told);
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut answer = finding.to_json();
        answer["kind"] = json!(kind);
        answer["size"] = json!(signed.checkpoint.size);
        writeln!(out, "{answer}")?;
    } else {
        writeln!(out, "{kind} for the checkpoint of {} entries: {finding}", signed.checkpoint.size)?;
        if let Verdict::NotChecked(Why::BlockNotConfirmed | Why::NoTrustedRoot) = finding.verdict {
            writeln!(out, "It proves nothing to you until that is done.")?;
        }
    }
    Ok(Answer::verified(finding.is_ok()))
}

fn deploy(args: &DeployArgs) -> anyhow::Result<Answer> {
    DataDir::new(&args.dir).check()?;
    let config = Config::load(None, &[("dir", args.dir.display().to_string())])?;
    let chain = config.anchors.evm.as_ref().context(
        "no EVM chain is set: say anchor_evm_rpc, anchor_evm_chain and anchor_evm_key in suyuan.toml",
    )?;
    let settings = evm_settings(&config, chain).map_err(anyhow::Error::msg)?;
    let end = Instant::now() + Duration::from_secs(args.wait);
    let deployed = evm::deploy(&settings, || {
        std::thread::sleep(BETWEEN_QUESTIONS);
        Instant::now() < end
    })?;
    let contract = format!("0x{}", hex::encode(deployed.contract));
    let mut out = std::io::stdout().lock();
    if args.json {
        let transaction = format!("0x{}", hex::encode(deployed.transaction));
        let answer = json!({ "contract": contract, "transaction": transaction, "gas": deployed.gas_used });
        writeln!(out, "{answer}")?;
    } else {
        writeln!(out, "anchor_evm_contract = \"{contract}\"")?;
    }
    Ok(Answer::Done)
}

fn key(args: &KeyArgs) -> anyhow::Result<Answer> {
    let key =
        evm::GasKey::create(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    writeln!(std::io::stdout(), "0x{}", hex::encode(key.account()))?;
    Ok(Answer::Done)
}

fn name(args: &NameArgs) -> anyhow::Result<Answer> {
    let text = files::read_text(&args.trust, TRUST_BYTES_MAX)?;
    let trust = Trust::parse(&text).with_context(|| format!("cannot use {}", args.trust.display()))?;
    let lower = |address: &str| address.to_lowercase();
    let (contract, sender) = (lower(&args.contract), lower(&args.sender));
    for (flag, address) in [("--contract", &contract), ("--sender", &sender)] {
        ensure!(anchor::address(address).is_some(), "{flag} {address} is no address: 0x and 40 hex digits");
    }
    ensure!(args.chain > 0, "--chain is a number above 0");
    let form = json!({
        "kind": "ledger.anchor/1",
        "subject": "ledger:",
        "touches": [],
        "occurred_at": times::now_text(),
        "visibility": "public",
        "data": { "chain_id": args.chain, "contract": contract, "sender": sender },
    });
    let party = Party { org: "registrar".into(), role: Role::Registrar };
    let registrar = Signer::open(&KeyArg { path: args.key.clone(), party: Some(party) }, &args.passphrase)?;
    let line = sign_value(form, Path::new(""), Some(trust.genesis), &[registrar], &mut SystemSalts)?;
    print(&[line])
}
