//! `suyuan import`: a spreadsheet of past events as statements, checked whole before anything is sent.
//!
//! The map is a form with `{column}` in it. A row's id follows from its content, so that the same row can never stand
//! in the ledger twice, whatever file it comes in; the signed statements are kept beside the spreadsheet, so that a
//! broken-off import goes on where it stopped.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail, ensure};
use serde_json::{Value, json};

use crate::merkle::Hash;
use crate::statement::time::When;

use super::draft::SystemSalts;
use super::passphrase::PassphraseArgs;
use super::sign::{HomeArgs, INPUT_BYTES_MAX, KeyArg, Signer, read_values, sign_value};
use super::submit::{Sending, ToSend};
use super::{Answer, files};

const MAP_BYTES_MAX: usize = 1024 * 1024;
/// Problems that are shown before the rest is only counted.
const PROBLEMS_SHOWN: usize = 20;

const EXAMPLES: &str = r#"Examples:
  suyuan import --csv harvests.csv --map harvest.map.json --key farm.pem=green-farm/farm \
    --trust trust.json --to https://trace.example.org --dry-run

The map is a statement with {column} where a cell belongs; {column:int} makes a number of it, {column:bool} takes
true and false. A cell left empty leaves its member out.
  {"kind": "harvest/1", "subject": "batch:green-farm.{lot}", "occurred_at": "{date}",
   "data": {"quantity": {"entered": "{weight}", "unit": "kg"}, …}}"#;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The spreadsheet: UTF-8, with a line of column names
    #[arg(long, value_name = "FILE")]
    csv: PathBuf,
    /// What a row says
    #[arg(long, value_name = "FILE")]
    map: PathBuf,
    /// A key to sign with: FILE=ORG/ROLE
    #[arg(long = "key", value_name = "FILE=ORG/ROLE", required = true)]
    keys: Vec<KeyArg>,
    /// The service
    #[arg(long, value_name = "URL", required_unless_present = "dry_run")]
    to: Option<String>,
    /// Check everything and send nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Do not draw a progress bar
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let csv = files::read(&args.csv, INPUT_BYTES_MAX)?;
    let map = files::read(&args.map, MAP_BYTES_MAX)?;
    let template: Value =
        serde_json::from_slice(&map).with_context(|| format!("{} is not JSON", args.map.display()))?;
    let ledger = args.home.ledger()?.context("which ledger? Give --trust FILE or --ledger HASH")?;
    let open = |key: &KeyArg| Signer::open(key, &args.passphrase);
    let signers = args.keys.iter().map(open).collect::<anyhow::Result<Vec<_>>>()?;

    let digest = Hash::of_parts(&[&Hash::of(&csv).0, &Hash::of(&map).0, &ledger.0]).to_string();
    let mut signed_path = args.csv.clone().into_os_string();
    signed_path.push(format!(".{}.signed.ndjson", &digest[..12]));
    let signed_path = PathBuf::from(signed_path);
    if !args.dry_run && signed_path.exists() {
        return send(&args, &signed_path);
    }

    let rows = rows(&csv).with_context(|| format!("{}", args.csv.display()))?;
    ensure!(!rows.is_empty(), "{} has no rows", args.csv.display());
    let folder = args.csv.parent().unwrap_or(std::path::Path::new("")).to_owned();
    let (mut lines, mut problems) = (String::new(), Vec::new());
    for (row, id) in rows.iter().zip(ids(&rows, &ledger, &map)) {
        let signed = fill(&template, row, &id)
            .and_then(|form| sign_value(form, &folder, Some(ledger), &signers, &mut SystemSalts));
        match signed {
            Ok(line) if line.missing.is_empty() => lines.push_str(&format!("{}\n", line.to_json())),
            Ok(_) => problems.push(format!("line {}: a key is missing; give every --key", row.line)),
            Err(error) => problems.push(format!("line {}: {error:#}", row.line)),
        }
    }
    if !problems.is_empty() {
        let more = problems.len().saturating_sub(PROBLEMS_SHOWN);
        let count = problems.len();
        problems.truncate(PROBLEMS_SHOWN);
        let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        bail!(
            "{count} of {} rows are not right, nothing was sent:\n  {}{more}",
            rows.len(),
            problems.join("\n  ")
        );
    }
    if args.dry_run {
        use std::io::Write as _;
        writeln!(std::io::stdout(), "{} rows are right; nothing was sent", rows.len())?;
        return Ok(Answer::Done);
    }
    files::write(&signed_path, lines.as_bytes())?;
    send(&args, &signed_path)
}

fn send(args: &Args, signed: &std::path::Path) -> anyhow::Result<Answer> {
    let mut statements = Vec::new();
    for (place, value) in read_values(&[signed.to_owned()])? {
        statements.push(ToSend::read(&value).with_context(|| place.to_string())?);
    }
    let state = signed.with_extension("state");
    let to = args.to.as_deref().context("where to? Give --to URL")?;
    Sending { to, state: Some(&state), receipts: None }.all(statements, args.quiet)
}

struct Row {
    line: u64,
    cells: BTreeMap<String, String>,
}

fn rows(csv: &[u8]) -> anyhow::Result<Vec<Row>> {
    // Spreadsheet programs begin UTF-8 files with a byte order mark.
    let csv = csv.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(csv);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv);
    let names: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    for (index, name) in names.iter().enumerate() {
        ensure!(!names[..index].contains(name), "two columns are called {name:?}");
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = names.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
        rows.push(Row { line, cells });
    }
    Ok(rows)
}

/// Version 7 by form: the day that the row tells of, and 74 bits of its content. Two equal rows are told apart by
/// their order.
fn ids(rows: &[Row], ledger: &Hash, map: &[u8]) -> Vec<String> {
    let mut seen: BTreeMap<Hash, u32> = BTreeMap::new();
    let id = |row: &Row| {
        let content = json!(row.cells).to_string();
        let content =
            Hash::of_parts(&[b"suyuan/import/v1\0", &ledger.0, &Hash::of(map).0, content.as_bytes()]);
        let nth = seen.entry(content).or_insert(0);
        *nth += 1;
        let bits = Hash::of_parts(&[&content.0, &nth.to_be_bytes()]).0;
        let day = row.cells.values().find_map(|cell| cell.parse::<When>().ok());
        let ms = day.map_or(0, |day| match day {
            When::Date(date) => date.days().saturating_mul(86_400_000),
            When::Instant(instant) => instant.unix_seconds().saturating_mul(1000),
        });
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&ms.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&bits[..10]);
        bytes[6] = bytes[6] & 0x0F | 0x70;
        bytes[8] = bytes[8] & 0x3F | 0x80;
        uuid::Uuid::from_bytes(bytes).to_string()
    };
    rows.iter().map(id).collect()
}

fn fill(template: &Value, row: &Row, id: &str) -> anyhow::Result<Value> {
    let mut form = filled(template, row)?;
    ensure!(form.is_object(), "the map is a JSON object");
    form["id"] = json!(id);
    if form.get("source").is_none() {
        form["source"] = json!("import");
    }
    Ok(form)
}

fn filled(template: &Value, row: &Row) -> anyhow::Result<Value> {
    Ok(match template {
        Value::String(text) => fill_text(text, row)?,
        Value::Array(items) => items.iter().map(|item| filled(item, row)).collect::<anyhow::Result<_>>()?,
        Value::Object(members) => {
            let filled = members.iter().map(|(name, member)| Ok((name.clone(), filled(member, row)?)));
            Value::Object(filled.collect::<anyhow::Result<_>>()?)
        }
        other => other.clone(),
    })
}

fn fill_text(text: &str, row: &Row) -> anyhow::Result<Value> {
    let cell = |name: &str| {
        row.cells.get(name).map(String::as_str).ok_or_else(|| anyhow!("there is no column {name:?}"))
    };
    // A cell alone may be something else than text.
    if let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'))
        && !inner.contains(['{', '}'])
    {
        return Ok(match inner.rsplit_once(':') {
            Some((name, "int")) => match cell(name)? {
                "" => Value::Null,
                digits => {
                    json!(digits.parse::<i64>().map_err(|_| anyhow!("{name}: {digits:?} is no number"))?)
                }
            },
            Some((name, "bool")) => match cell(name)? {
                "" => Value::Null,
                "true" => json!(true),
                "false" => json!(false),
                other => bail!("{name}: {other:?} is neither true nor false"),
            },
            _ => json!(cell(inner)?),
        });
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) =
            after.split_once('}').ok_or_else(|| anyhow!("{text:?} has a {{ without its }}"))?;
        out.push_str(before);
        out.push_str(cell(name)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(json!(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::names::is_statement_id;

    fn read(csv: &str) -> Vec<Row> {
        rows(csv.as_bytes()).unwrap()
    }

    #[test]
    fn a_row_fills_the_map() {
        let rows = read("\u{feff}批号, n ,ok,none\nlot1,12,true,\n");
        let template = json!({
            "a": "batch:farm.{批号}",
            "b": ["{n}", "{n:int}", "{ok:bool}", "{none:int}", "{none}", 7, "plain"],
        });
        let form = fill(&template, &rows[0], "id").unwrap();
        assert_eq!(form["a"], "batch:farm.lot1");
        assert_eq!(form["b"], json!(["12", 12, true, null, "", 7, "plain"]));
        assert_eq!((form["id"].as_str(), form["source"].as_str()), (Some("id"), Some("import")));
        for bad in ["{gone}", "x{gone}", "{批号:int}", "{n:bool}", "{n"] {
            assert!(filled(&json!(bad), &rows[0]).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_row_has_the_same_id_wherever_it_stands() {
        let ledger = Hash::of(b"ledger");
        let of = |csv: &str| ids(&read(csv), &ledger, b"map");
        let first = of("d,x\n2026-11-22,1\n2026-11-22,2\n2026-11-22,1\n");
        assert!(first.iter().all(|id| is_statement_id(id)), "{first:?}");
        assert_ne!(first[0], first[1]);
        assert_ne!(first[0], first[2], "two equal rows are two events");
        assert_eq!(
            of("d,x\n2026-11-23,9\n2026-11-22,2\n2026-11-22,1\n")[1..],
            [first[1].clone(), first[0].clone()]
        );
    }

    #[test]
    fn a_broken_spreadsheet_is_refused() {
        for bad in ["a,a\n1,2\n", "a,b\n1\n", "a\n\u{0}\"x"] {
            let _ = rows(bad.as_bytes());
        }
        assert!(rows(b"a,a\n1,2\n").is_err());
        assert!(rows(b"a,b\n1\n").is_err());
        assert!(rows(b"a\n\xFF\n").is_err());
    }
}
