//! `suyuan rules`: the tables of produce rules, those that the program brings along and those that a ledger goes by.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use serde_json::{Value, json};

use crate::follow::Fetcher;
use crate::ledger::{Entry, Record};
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::schema::{self, Shape};
use crate::statement::subject::Subject;
use crate::text::Lang;
use crate::verify::bundle::{BYTES_MAX, Bundle};
use crate::verify::{Options, Trust, verify_bundle};

use super::draft::SystemSalts;
use super::local::Local;
use super::passphrase::PassphraseArgs;
use super::sign::{HomeArgs, KeyArg, Party, Signer, sign_value};
use super::submit::{Sending, ToSend};
use super::verify::TRUST_BYTES_MAX;
use super::{Answer, files, times};

/// More than the largest statement holds.
const TABLE_BYTES_MAX: usize = 1024 * 1024;

/// Freshness asks nothing of whom no policy names.
const MAX_AGE_SECS: i64 = 86_400;

/// Every bundle carries the ledger's own chain. The registrar grows nothing, so that of this batch holds little else.
const NO_BATCH: &str = "/api/v1/batches/registrar.rules/bundle";

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// The tables that the program brings along, and those that a ledger goes by
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// The rows of a table
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Put a table into a ledger, in place of the version before it
    #[command(after_help = SET_EXAMPLES)]
    Set(SetArgs),
}

const LIST_EXAMPLES: &str = "\
Examples:
  suyuan rules list
  suyuan rules list --from https://trace.example.org --trust trust.json
  suyuan rules list --dir /srv/suyuan --json

A table counts in a ledger only once it was set there. Without --trust, what a service says of its tables is its
operator's word.";

const SHOW_EXAMPLES: &str = "\
Examples:
  suyuan rules show intervals                                          that of the program
  suyuan rules show intervals --from https://trace.example.org         the newest of the ledger
  suyuan rules show intervals --json > intervals.json                  as `suyuan rules set` takes it";

const SET_EXAMPLES: &str = "\
Examples:
  suyuan rules show intervals --json > intervals.json
  suyuan rules set intervals.json --key registrar-1.pem --trust trust.json --to https://trace.example.org
  suyuan rules set intervals.json --key registrar-1.pem --trust trust.json --dry-run

The file is the data of a rules.set: {\"table\": \"intervals\", \"intervals\": [ROW, …]}. It replaces the table whole. Each row
of intervals and limits has a source that somebody has read, and says only what stands in its quotation. Rows marked
fictional are for ledgers made with `suyuan init --demonstration`. Exit code 1: the ledger refused it.";

/// A ledger to look into; without one, only what the program brings along.
#[derive(clap::Args)]
#[group(multiple = false)]
struct LedgerArgs {
    /// A service
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// A ledger's directory, which no service may be using meanwhile
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// How far a service is believed.
#[derive(clap::Args)]
struct BeliefArgs {
    /// Take only what this trust file proves
    #[arg(long, value_name = "FILE", requires = "from")]
    trust: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    ledger: LedgerArgs,
    #[command(flatten)]
    belief: BeliefArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct ShowArgs {
    /// brands, intervals, limits, policies or tunables
    table: String,
    #[command(flatten)]
    ledger: LedgerArgs,
    #[command(flatten)]
    belief: BeliefArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct SetArgs {
    /// The table: JSON
    file: PathBuf,
    /// An admin key of the registrar
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The service
    #[arg(long, value_name = "URL", required_unless_present = "dry_run")]
    to: Option<String>,
    /// Check and sign, and send nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn run(command: Command) -> anyhow::Result<Answer> {
    match command {
        Command::List(args) => list(&args),
        Command::Show(args) => show(&args),
        Command::Set(args) => set(&args),
    }
}

/// One version of a table in a ledger.
struct Version {
    table: String,
    /// Of this table, from 1.
    version: usize,
    record: Record,
}

impl Version {
    fn data(&self) -> Value {
        Value::Object(self.record.statement.data.clone())
    }

    fn to_json(&self) -> Value {
        json!({
            "table": self.table,
            "version": self.version,
            "rows": rows(&self.table, &self.data()).len(),
            "seq": self.record.seq,
            "leaf": self.record.leaf(),
            "at": self.record.at,
        })
    }
}

impl LedgerArgs {
    /// All versions of all tables in the order of the log; none if no ledger was named.
    fn versions(&self, belief: &BeliefArgs) -> anyhow::Result<Vec<Version>> {
        let entries = match (&self.from, &self.dir) {
            (Some(url), _) => {
                let bytes = Fetcher::new(url)?.get_path(NO_BATCH, BYTES_MAX as u64)?;
                belief.check(&bytes)?;
                Bundle::parse(&bytes).context("what came is no bundle")?.records
            }
            (None, Some(dir)) => chain_of_the_ledger(dir)?,
            (None, None) => Vec::new(),
        };
        let mut versions: Vec<Version> = Vec::new();
        for record in entries.iter().filter_map(Entry::as_record) {
            let table = record.statement.data.get("table").and_then(Value::as_str);
            let (Ok(Kind::RulesSet), Some(table)) = (Kind::try_from(&record.statement.kind), table) else {
                continue;
            };
            let version = versions.iter().filter(|known| known.table == table).count() + 1;
            versions.push(Version { table: table.to_owned(), version, record: record.clone() });
        }
        Ok(versions)
    }

    fn is_named(&self) -> bool {
        self.from.is_some() || self.dir.is_some()
    }
}

impl BeliefArgs {
    /// That a bundle is verified, if a trust file was given.
    fn check(&self, bundle: &[u8]) -> anyhow::Result<()> {
        let Some(path) = &self.trust else { return Ok(()) };
        let text = files::read_text(path, TRUST_BYTES_MAX)?;
        let trust = Trust::parse(&text).with_context(|| format!("cannot use {}", path.display()))?;
        let options = Options { now: times::now_secs(), max_age: MAX_AGE_SECS };
        let report = verify_bundle(bundle, &trust, &options);
        let failed = report.layers().find(|(_, status)| status.word() == "failed");
        let failed =
            failed.map(|(layer, status)| format!(": {} failed: {}", layer.as_str(), status.reason()));
        ensure!(report.verified(&[]), "the service's tables are not proven{}", failed.unwrap_or_default());
        Ok(())
    }
}

fn chain_of_the_ledger(dir: &Path) -> anyhow::Result<Vec<Entry>> {
    let local = Local::open(dir)?;
    let reader = local.reader();
    let chain = reader.chain(&Subject::ledger(), local.size()?)?;
    Ok(chain.into_iter().map(|seq| reader.entry(seq)).collect::<Result<_, _>>()?)
}

/// What the program brings along, as data of a `rules.set`.
fn embedded(table: &str) -> anyhow::Result<Option<Value>> {
    let text = schema::rule_table_json(table);
    text.map(serde_json::from_str).transpose().context("an embedded table is not JSON")
}

/// The rows of a table; thresholds are one row.
fn rows(table: &str, data: &Value) -> Vec<Value> {
    match data.get(table) {
        Some(Value::Array(rows)) => rows.clone(),
        Some(row) => vec![row.clone()],
        None => Vec::new(),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<Answer> {
    let mut own = Vec::new();
    for table in schema::rule_table_names() {
        let data = embedded(table)?.unwrap_or_default();
        own.push(json!({ "table": table, "rows": rows(table, &data).len() }));
    }
    let versions = args.ledger.versions(&args.belief)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut answer = json!({ "embedded": own });
        if args.ledger.is_named() {
            answer["ledger"] = versions.iter().map(Version::to_json).collect();
        }
        writeln!(out, "{answer}")?;
        return Ok(Answer::Done);
    }
    for table in &own {
        let name = table["table"].as_str().unwrap_or_default();
        writeln!(out, "{name:<10} {:>4} rows  comes with the program", table["rows"])?;
    }
    for version in &versions {
        writeln!(
            out,
            "{:<10} {:>4} rows  version {}, entry {} of the ledger, {}",
            version.table,
            rows(&version.table, &version.data()).len(),
            version.version,
            version.record.seq,
            version.record.leaf(),
        )?;
    }
    if args.ledger.is_named() && versions.is_empty() {
        writeln!(out, "the ledger goes by no table yet")?;
    }
    Ok(Answer::Done)
}

fn show(args: &ShowArgs) -> anyhow::Result<Answer> {
    let tables = Shape::of(Kind::RulesSet).member("table").map(Shape::codes).unwrap_or_default();
    let table = args.table.as_str();
    ensure!(tables.contains(&table), "there is no table {table}; there are {}", tables.join(", "));
    let data = match args.ledger.is_named() {
        true => {
            let newest =
                args.ledger.versions(&args.belief)?.into_iter().rev().find(|version| version.table == table);
            newest
                .map(|version| version.data())
                .with_context(|| format!("the ledger has no table {table}"))?
        }
        false => embedded(table)?.with_context(|| {
            format!("the program brings no table {table} along: name a ledger by --from URL or --dir DIR")
        })?,
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&data)?)?;
        return Ok(Answer::Done);
    }
    for (index, row) in rows(table, &data).iter().enumerate() {
        writeln!(out, "{}", index + 1)?;
        let shape = Shape::of(Kind::RulesSet).member(table);
        print_members(shape.map(|shape| shape.items().unwrap_or(shape)), row, 1, &mut out)?;
    }
    Ok(Answer::Done)
}

/// Each member on a line of its own, under the title that its schema gives it.
fn print_members(
    shape: Option<Shape>,
    value: &Value,
    depth: usize,
    out: &mut dyn std::io::Write,
) -> std::io::Result<()> {
    for (name, member) in value.as_object().into_iter().flatten() {
        let described = shape.and_then(|shape| shape.member(name));
        let title = described.and_then(|shape| shape.title(Lang::En)).unwrap_or(name);
        let indent = "  ".repeat(depth);
        let within = match member {
            Value::Object(_) => vec![member],
            Value::Array(items) if items.iter().any(Value::is_object) => items.iter().collect(),
            _ => {
                writeln!(out, "{indent}{title}: {}", plain(described, member))?;
                continue;
            }
        };
        writeln!(out, "{indent}{title}:")?;
        let inner = described.map(|shape| shape.items().unwrap_or(shape));
        for item in within {
            print_members(inner, item, depth + 1, out)?;
        }
    }
    Ok(())
}

fn plain(shape: Option<Shape>, value: &Value) -> String {
    let unit = shape.and_then(Shape::unit).map(|unit| format!(" {unit}")).unwrap_or_default();
    match value {
        Value::String(text) => {
            let label = shape.and_then(|shape| shape.label(Lang::En, text));
            format!("{}{unit}", label.unwrap_or(text))
        }
        Value::Array(items) => {
            let inner = shape.and_then(Shape::items);
            items.iter().map(|item| plain(inner, item)).collect::<Vec<_>>().join(", ")
        }
        other => format!("{other}{unit}"),
    }
}

fn set(args: &SetArgs) -> anyhow::Result<Answer> {
    let naming = || args.file.display().to_string();
    let bytes = files::read(&args.file, TABLE_BYTES_MAX)?;
    let data: Value =
        serde_json::from_slice(&bytes).map_err(|error| anyhow!("{}: not JSON: {error}", naming()))?;
    schema::validate(Kind::RulesSet, &data).map_err(|faults| anyhow!("{}: {faults}", naming()))?;
    let registrar = Party { org: "registrar".into(), role: Role::Registrar };
    let key = KeyArg { path: args.key.clone(), party: Some(registrar) };
    let form = json!({
        "kind": Kind::RulesSet.to_string(),
        "subject": Subject::ledger().as_str(),
        "occurred_at": times::today_text(),
        "visibility": "public",
        "data": data,
    });
    let signers = [Signer::open(&key, &args.passphrase)?];
    let line = sign_value(form, Path::new(""), args.home.ledger()?, &signers, &mut SystemSalts)
        .with_context(naming)?;
    ensure!(line.missing.is_empty(), "{} is a public key, which cannot sign", args.key.display());
    if args.dry_run {
        let table = data["table"].as_str().unwrap_or_default();
        writeln!(
            std::io::stdout(),
            "{} rows of {table} are right; nothing was sent",
            rows(table, &data).len()
        )?;
        return Ok(Answer::Done);
    }
    let to = args.to.as_deref().context("where to? Give --to URL")?;
    Sending { to, state: None, receipts: None }.all(vec![ToSend::read(&line.to_json())?], true)
}
