//! `suyuan submit`: signed statements to a service, and receipts back. Safe to stop and to run again.
//!
//! The same statement again gets the same place in the log, so sending twice does no harm; a state file saves the
//! time. Waits out a service that is busy or away; a statement that it refuses for good stops nobody else's.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::follow::Fetcher;
use crate::merkle::Hash;
use crate::statement::envelope::Envelope;
use crate::statement::payload::Statement;

use super::sign::read_values;
use super::{Answer, files};

/// Statements in one request: few enough that an interrupted one costs little.
const CHUNK_LINES_MAX: usize = 100;
const CHUNK_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A receipt holds its record twice, once in base64.
const RECEIPT_BYTES_MAX: u64 = 512 * 1024;
/// Rounds in which statements that wait for another are sent again; each must place at least one.
const ROUNDS_MAX: usize = 64;

const EXAMPLES: &str = "\
Examples:
  suyuan submit --to https://trace.example.org signed.ndjson
  suyuan sign --key farm.pem=green-farm/farm --trust trust.json *.json | suyuan submit --to https://trace.example.org
  suyuan submit --to https://trace.example.org season.ndjson --state season.state --receipts receipts/

Prints a JSON line for each statement. Exit code 1: some were refused; the reasons stand in their lines.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The service
    #[arg(long, value_name = "URL")]
    to: String,
    /// What `suyuan sign` printed; nothing or - is stdin
    envelopes: Vec<PathBuf>,
    /// Remember here what was accepted, and skip it the next time
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Keep each receipt in this directory, as SEQ.tlog-proof
    #[arg(long, value_name = "DIR")]
    receipts: Option<PathBuf>,
    /// Do not draw a progress bar
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let mut statements = Vec::new();
    for (place, value) in read_values(&args.envelopes)? {
        statements.push(ToSend::read(&value).with_context(|| place.to_string())?);
    }
    let sending = Sending { to: &args.to, state: args.state.as_deref(), receipts: args.receipts.as_deref() };
    sending.all(statements, args.quiet)
}

/// A statement on its way.
pub(super) struct ToSend {
    payload: Hash,
    what: String,
    body: Vec<u8>,
    files: Vec<Upload>,
}

struct Upload {
    commitment: Hash,
    path: PathBuf,
    media_type: String,
}

impl ToSend {
    /// From a line of `suyuan sign`, or a bare envelope.
    pub(super) fn read(value: &Value) -> anyhow::Result<ToSend> {
        if let Some(missing) = value.get("missing").and_then(Value::as_array) {
            ensure!(missing.is_empty(), "{} more must sign it first: see \"missing\"", missing.len());
        }
        let envelope = value.get("envelope").unwrap_or(value);
        let read = Envelope::from_json(envelope)?;
        let statement = Statement::parse(&read.payload)?;
        read.check_signers(&statement)?;
        let openings = value.get("openings").cloned().unwrap_or_else(|| json!([]));
        let body = json!({ "envelope": read.to_json(), "openings": openings });
        let files = value.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(ToSend {
            payload: statement.payload_hash,
            what: format!("{} about {}", statement.kind, statement.subject),
            body: serde_json::to_vec(&body)?,
            files: files.iter().map(Upload::read).collect::<anyhow::Result<_>>()?,
        })
    }
}

impl Upload {
    fn read(value: &Value) -> anyhow::Result<Upload> {
        let text = |name: &str| value[name].as_str().with_context(|| format!("a file has no \"{name}\""));
        Ok(Upload {
            commitment: text("commitment")?.parse().map_err(|_| anyhow!("a file's commitment is a hash"))?,
            path: text("path")?.into(),
            media_type: text("type")?.to_owned(),
        })
    }
}

/// Where statements go, and what is kept of their receipts.
pub(super) struct Sending<'a> {
    pub(super) to: &'a str,
    pub(super) state: Option<&'a Path>,
    pub(super) receipts: Option<&'a Path>,
}

/// What became of one statement.
enum Fate {
    /// A receipt.
    Taken(Value),
    /// Problem details; `true`: it may be taken later.
    Refused(Value, bool),
}

impl Sending<'_> {
    pub(super) fn all(&self, statements: Vec<ToSend>, quiet: bool) -> anyhow::Result<Answer> {
        let service = Fetcher::new(self.to)?;
        if let Some(dir) = self.receipts {
            std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        let mut state = State::open(self.state)?;
        let bar = progress(statements.len(), quiet);
        let mut out = std::io::stdout().lock();
        let mut waiting: Vec<ToSend> = Vec::new();
        let total = statements.len();
        for statement in statements {
            match state.accepted.contains(&statement.payload) {
                true => bar.inc(1),
                false => waiting.push(statement),
            }
        }
        let skipped = total - waiting.len();
        let mut refused = 0;
        for round in 1.. {
            let before = waiting.len();
            let mut later = Vec::new();
            for chunk in chunks(std::mem::take(&mut waiting)) {
                for (statement, fate) in send(&service, chunk)? {
                    match fate {
                        Fate::Taken(receipt) => {
                            self.keep(&receipt)?;
                            for file in &statement.files {
                                upload(&service, file)?;
                            }
                            state.add(&statement.payload)?;
                            writeln!(out, "{}", taken_line(&statement, &receipt))?;
                            bar.inc(1);
                        }
                        Fate::Refused(problem, true) => later.push((statement, problem)),
                        Fate::Refused(problem, false) => {
                            refused += 1;
                            writeln!(out, "{}", refused_line(&statement, &problem))?;
                            bar.inc(1);
                        }
                    }
                }
            }
            let stuck = later.len() == before || round == ROUNDS_MAX;
            if later.is_empty() || stuck {
                for (statement, problem) in &later {
                    refused += 1;
                    writeln!(out, "{}", refused_line(statement, problem))?;
                }
                break;
            }
            waiting = later.into_iter().map(|(statement, _)| statement).collect();
        }
        bar.finish_and_clear();
        out.flush()?;
        let accepted = total - skipped - refused;
        let mut talk = format!("{accepted} accepted");
        if skipped > 0 {
            talk += &format!(", {skipped} had been accepted before");
        }
        if refused > 0 {
            talk += &format!(", {refused} REFUSED");
        }
        let _ = writeln!(std::io::stderr(), "{talk}");
        Ok(Answer::verified(refused == 0))
    }

    fn keep(&self, receipt: &Value) -> anyhow::Result<()> {
        let Some(dir) = self.receipts else { return Ok(()) };
        let (Some(seq), Some(proof)) = (receipt["seq"].as_u64(), receipt["proof"].as_str()) else {
            bail!("the service's receipt has no proof");
        };
        files::write(&dir.join(format!("{seq}.tlog-proof")), proof.as_bytes())
    }
}

fn taken_line(statement: &ToSend, receipt: &Value) -> Value {
    json!({
        "ok": true,
        "what": statement.what,
        "payload": statement.payload,
        "seq": receipt["seq"],
        "leaf": receipt["leaf"],
        "at": receipt["at"],
        "size": receipt["size"],
    })
}

fn refused_line(statement: &ToSend, problem: &Value) -> Value {
    json!({ "ok": false, "what": statement.what, "payload": statement.payload, "problem": problem })
}

fn chunks(statements: Vec<ToSend>) -> Vec<Vec<ToSend>> {
    let mut chunks: Vec<Vec<ToSend>> = Vec::new();
    let mut bytes = 0;
    for statement in statements {
        bytes += statement.body.len();
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK_LINES_MAX && bytes <= CHUNK_BYTES_MAX => chunk.push(statement),
            _ => {
                bytes = statement.body.len();
                chunks.push(vec![statement]);
            }
        }
    }
    chunks
}

/// One request; an answer for each statement, in order.
fn send(service: &Fetcher, chunk: Vec<ToSend>) -> anyhow::Result<Vec<(ToSend, Fate)>> {
    let mut body = Vec::new();
    for statement in &chunk {
        body.extend(&statement.body);
        body.push(b'\n');
    }
    let limit = RECEIPT_BYTES_MAX * chunk.len() as u64;
    let answer = service.post("/api/v1/statements/bulk", "application/x-ndjson", &body, limit)?;
    if answer.status != 200 {
        let problem: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let detail = problem["detail"].as_str().unwrap_or("it gave no reason");
        bail!("the service answers {}: {detail}", answer.status);
    }
    let lines: Vec<Value> = serde_json::Deserializer::from_slice(&answer.body)
        .into_iter()
        .collect::<Result<_, _>>()
        .context("the service's answer is not JSON")?;
    ensure!(
        lines.len() == chunk.len(),
        "the service answered {} of {} statements; send again",
        lines.len(),
        chunk.len()
    );
    Ok(chunk.into_iter().zip(lines).map(|(statement, line)| (statement, fate(line))).collect())
}

fn fate(mut line: Value) -> Fate {
    match line["receipt"].take() {
        Value::Null => {
            let problem = line["problem"].take();
            let retry = problem["class"] == "retry";
            Fate::Refused(problem, retry)
        }
        receipt => Fate::Taken(receipt),
    }
}

fn upload(service: &Fetcher, file: &Upload) -> anyhow::Result<()> {
    let limit = usize::try_from(crate::statement::attachment::ATTACHMENT_BYTES_MAX).unwrap_or(usize::MAX);
    let bytes = files::read(&file.path, limit)?;
    let path = format!("/api/v1/blobs/{}", file.commitment);
    service
        .put(&path, &file.media_type, &bytes)
        .with_context(|| format!("the statement was accepted, its file {} was not", file.path.display()))
}

fn progress(total: usize, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total as u64);
    // A template of our own: it parses, or the bar keeps its usual form.
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

/// Payload hashes that were accepted, one a line.
struct State {
    accepted: BTreeSet<Hash>,
    file: Option<File>,
}

impl State {
    fn open(path: Option<&Path>) -> anyhow::Result<State> {
        let Some(path) = path else { return Ok(State { accepted: BTreeSet::new(), file: None }) };
        let naming = || format!("cannot use {}", path.display());
        let (mut accepted, mut whole) = (BTreeSet::new(), 0);
        if path.exists() {
            let text = files::read_text(path, super::sign::INPUT_BYTES_MAX)?;
            // A line that was being written when the power went is no line yet.
            whole = text.rfind('\n').map_or(0, |end| end + 1);
            for line in text[..whole].lines() {
                let hash = line.parse().map_err(|_| anyhow!("it is not a state file of suyuan submit"));
                accepted.insert(hash.with_context(naming)?);
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(path).with_context(naming)?;
        file.set_len(whole as u64).with_context(naming)?;
        Ok(State { accepted, file: Some(file) })
    }

    fn add(&mut self, payload: &Hash) -> anyhow::Result<()> {
        self.accepted.insert(*payload);
        if let Some(file) = &mut self.file {
            file.write_all(format!("{payload}\n").as_bytes()).context("cannot write the state file")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_file_remembers_whole_lines_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let [a, b] = [Hash::of(b"a"), Hash::of(b"b")];
        State::open(Some(&path)).unwrap().add(&a).unwrap();
        // The power goes in the middle of a line.
        std::fs::write(&path, format!("{a}\n{}", &b.to_string()[..20])).unwrap();
        let mut state = State::open(Some(&path)).unwrap();
        assert_eq!(state.accepted, BTreeSet::from([a]));
        state.add(&b).unwrap();
        assert_eq!(State::open(Some(&path)).unwrap().accepted, BTreeSet::from([a, b]));
        std::fs::write(&path, "notes\nof mine\n").unwrap();
        assert!(State::open(Some(&path)).is_err());
    }

    #[test]
    fn requests_have_a_limit() {
        let statement = |bytes: usize| ToSend {
            payload: Hash::ZERO,
            what: String::new(),
            body: vec![b' '; bytes],
            files: Vec::new(),
        };
        let lengths = |statements: Vec<ToSend>| chunks(statements).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths((0..CHUNK_LINES_MAX).map(|_| statement(1)).collect()), [100]);
        assert_eq!(lengths((0..=CHUNK_LINES_MAX).map(|_| statement(1)).collect()), [100, 1]);
        let half = CHUNK_BYTES_MAX / 2;
        assert_eq!(lengths(vec![statement(half), statement(half), statement(1)]), [2, 1]);
        assert_eq!(lengths(vec![statement(CHUNK_BYTES_MAX + 1), statement(1)]), [1, 1]);
    }
}
