//! `suyuan new`: an empty statement of a kind, to fill in and sign.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail, ensure};
use serde_json::{Value, json};

use crate::follow::Fetcher;
use crate::ledger::{Entry, Record};
use crate::merkle::tile::ENTRY_BYTES_MAX;
use crate::statement::kinds::Kind;
use crate::statement::schema::empty_statement;
use crate::statement::subject::Subject;

use super::local::Local;
use super::passphrase::PassphraseArgs;
use super::sign::{KeyArg, Signer};
use super::{Answer, times};

const EXAMPLES: &str = "\
Examples:
  suyuan new harvest --batch green-farm.lot1 > harvest.json
  suyuan new input --subject crop:green-farm.b3-2026 --org green-farm --as farm
  suyuan new correction --of 1234 --from https://trace.example.org
  suyuan new withdrawal --of 1234 --dir /srv/suyuan
  suyuan new --list

Fill in what is empty; of codes like a|b|c leave one; what stays empty is left out when it is signed.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What happened: planting, harvest, inspection …
    #[arg(required_unless_present = "list")]
    kind: Option<String>,
    /// List the kinds
    #[arg(long)]
    list: bool,
    /// The lot that it is about: ORG.LOT
    #[arg(long, value_name = "ORG.LOT")]
    batch: Option<String>,
    /// What it is about, where that is no lot: crop:ORG.NAME, plot:ORG.NAME …
    #[arg(long, conflicts_with = "batch")]
    subject: Option<Subject>,
    /// The organisation that will sign
    #[arg(long, requires = "role")]
    org: Option<String>,
    /// The role that it signs in
    #[arg(long = "as", value_name = "ROLE", requires = "org")]
    role: Option<String>,
    /// A key that will sign (its public part is enough): FILE=ORG/ROLE
    #[arg(long = "key", value_name = "FILE=ORG/ROLE", conflicts_with = "org")]
    keys: Vec<KeyArg>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// What a correction corrects or a withdrawal takes back: its entry in the log; what must not change is copied
    #[arg(long, value_name = "ENTRY", conflicts_with_all = ["batch", "subject"])]
    of: Option<u64>,
    /// The service that has that entry
    #[arg(long, value_name = "URL", requires = "of", conflicts_with = "dir")]
    from: Option<String>,
    /// The ledger's directory that has that entry, which no service may be using meanwhile
    #[arg(long, value_name = "DIR", requires = "of")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let mut out = std::io::stdout().lock();
    if args.list {
        for kind in Kind::ALL {
            writeln!(out, "{}", kind.name())?;
        }
        return Ok(Answer::Done);
    }
    let name = args.kind.as_deref().unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name || kind.to_string() == name);
    let kind = kind.ok_or_else(|| anyhow!("there is no kind {name}; `suyuan new --list` lists them"))?;
    let mut form = empty_statement(kind);
    if let Some(batch) = &args.batch {
        let text = format!("batch:{batch}");
        let subject = Subject::parse(&text).with_context(|| format!("{batch} is not the id of a lot"))?;
        form["subject"] = json!(subject.as_str());
    }
    if let Some(subject) = &args.subject {
        form["subject"] = json!(subject.as_str());
    }
    form["occurred_at"] = json!(times::today_text());
    if kind == Kind::Correction {
        form["corrects_kind"] = json!("");
    }
    if let Some(seq) = args.of {
        copy_original(kind, &original(&args, seq)?, &mut form)?;
    }
    let signers = signers(&args)?;
    if !signers.is_empty() {
        form["signers"] = json!(signers);
    }
    writeln!(out, "{}", serde_json::to_string_pretty(&form)?)?;
    Ok(Answer::Done)
}

/// The record that a correction or a withdrawal is about.
fn original(args: &Args, seq: u64) -> anyhow::Result<Record> {
    let entry = match (&args.from, &args.dir) {
        (Some(url), _) => {
            let bytes =
                Fetcher::new(url)?.get_path(&format!("/api/v1/records/{seq}"), ENTRY_BYTES_MAX as u64)?;
            Entry::parse(&bytes).context("what came is no entry of a log")?
        }
        (None, Some(dir)) => Local::open(dir)?.reader().entry(seq)?,
        (None, None) => bail!("where is entry {seq}? Say --from URL or --dir DIR"),
    };
    let record = entry.as_record().with_context(|| format!("entry {seq} is no statement"))?;
    ensure!(record.seq == seq, "asked for entry {seq}, what came is entry {}", record.seq);
    Ok(record.clone())
}

/// Who corrects or withdraws keeps the subject and what is touched, to the letter.
fn copy_original(kind: Kind, original: &Record, form: &mut Value) -> anyhow::Result<()> {
    let statement = &original.statement;
    let of = Kind::try_from(&statement.kind)?;
    let leaf = original.leaf();
    match kind {
        Kind::Correction => {
            ensure!(of.is_correctable() || of == Kind::Correction, "{of} cannot be corrected");
            form["corrects"] = json!(leaf);
            // A correction says the data anew and whole; of which kind that is, only its original says.
            form["data"]["data"] = match of {
                Kind::Correction => statement.data.get("data").cloned().unwrap_or_default(),
                _ => Value::Object(statement.data.clone()),
            };
            form["corrects_kind"] =
                json!(if of == Kind::Correction { String::new() } else { of.to_string() });
        }
        Kind::Withdrawal => {
            ensure!(of.is_withdrawable() || of == Kind::Correction, "{of} cannot be withdrawn");
            form["data"]["withdraws"] = json!(leaf);
        }
        _ => bail!("--of is for a correction or a withdrawal"),
    }
    form["subject"] = json!(statement.subject.as_str());
    form["touches"] = statement.touches.iter().map(Subject::as_str).collect();
    Ok(())
}

fn signers(args: &Args) -> anyhow::Result<Vec<Value>> {
    if let (Some(org), Some(role)) = (&args.org, &args.role) {
        let party: super::sign::Party = format!("{org}/{role}").parse().map_err(anyhow::Error::msg)?;
        return Ok(vec![json!({ "org": format!("org:{}", party.org), "as": party.role.as_str() })]);
    }
    let signer = |arg: &KeyArg| {
        let path: &PathBuf = &arg.path;
        let party = arg.party.as_ref();
        let party =
            party.with_context(|| format!("for whom does {} sign? Say FILE=ORG/ROLE", path.display()))?;
        let key = Signer::open(arg, &args.passphrase)?.public().key_id();
        Ok(json!({ "org": format!("org:{}", party.org), "key": key, "as": party.role.as_str() }))
    };
    args.keys.iter().map(signer).collect()
}
