//! `suyuan verify`: a file and a trust file to an answer per layer, offline.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::ledger::{Entry, Record};
use crate::note::policy::POLICY_BYTES_MAX;
use crate::note::tlog_proof::TLOG_PROOF_BYTES_MAX;
use crate::produce::{self, Ask, Story};
use crate::statement::subject::SubjectKind;
use crate::statement::time::When;
use crate::text::Lang;
#[cfg(feature = "service")]
use crate::verify::anchored;
use crate::verify::bundle::{self, Bundle};
use crate::verify::omission::{Evidence, is_evidence};
use crate::verify::receipt::{self, Receipt};
use crate::verify::{Layer, Options, Report, Status, Trust, verify_bundle};

#[cfg(feature = "service")]
use super::ask::AskArgs;
use super::told::TellArgs;
use super::{Answer, against, files, standing, times};

/// Room for a trust file with the longest policy.
pub(super) const TRUST_BYTES_MAX: usize = 2 * POLICY_BYTES_MAX;

const EXAMPLES: &str = "\
Examples:
  suyuan verify apples.bundle --trust trust.json
  suyuan verify apples.bundle --trust trust.json --require witnesses,freshness --max-age 24h
  suyuan verify apples.bundle --trust trust.json --require anchors --block 1:0x… --tsa-root tsa.pem
  suyuan verify 42.tlog-proof --trust trust.json
  suyuan verify --receipt 42.tlog-proof --against apples.bundle --trust trust.json --out evidence.json
  suyuan verify --receipt 42.tlog-proof --from https://trace.example.org --trust trust.json --out evidence.json
  suyuan verify evidence.json --trust trust.json

The trust file names the log's keys and its genesis record. It must come from somewhere else than the file to be
checked: from whoever published it, not from whoever sent you the bundle.

Of evidence, verified means that it holds: the log's own key has signed what it must not, and whoever sent you the file
need not be believed.

Verified (exit code 0) means: encoding, signatures, rights, chains, completeness and log are ok, no layer failed, and
all that --require names is ok. Of a verified bundle it also says where the batch stands by the rules of produce, as of
--as-of. With --against: the bundle agrees with the receipt; exit code 1 if it does not. With --from the service is asked
what it says today of every chain that the receipt's record is on.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A bundle, a receipt (.tlog-proof), or evidence of an omission or of a split view; - is stdin
    #[arg(required_unless_present = "receipt", conflicts_with = "receipt")]
    file: Option<PathBuf>,
    /// The trust file: log keys and genesis record
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// A witness policy to use instead of the trust file's
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Layers that must be ok besides the first six: witnesses, freshness, anchors
    #[arg(long, value_name = "LAYERS", value_delimiter = ',')]
    pub(super) require: Vec<Layer>,
    /// How old the newest witness signature may be for freshness
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = times::parse_secs)]
    max_age: i64,
    #[command(flatten)]
    tell: TellArgs,
    #[cfg(feature = "service")]
    #[command(flatten)]
    ask: AskArgs,
    /// A receipt to hold against a bundle, or against what a service says
    #[arg(long, value_name = "FILE", requires = "other_side")]
    receipt: Option<PathBuf>,
    /// The bundle that should not leave the receipt's record out
    #[arg(long, value_name = "BUNDLE", requires = "receipt", group = "other_side")]
    against: Option<PathBuf>,
    /// The service that should not leave the receipt's record out
    #[cfg(feature = "service")]
    #[arg(long, value_name = "URL", requires = "receipt", group = "other_side")]
    from: Option<String>,
    /// Date or instant to which days are counted in what the bundle says of the batch (default: now)
    #[arg(long, value_name = "TIME")]
    as_of: Option<When>,
    /// Language of reasons: zh or en
    #[arg(long, default_value = "en", value_parser = standing::parse_lang)]
    lang: Lang,
    /// Where evidence of an omission goes, if there is any
    #[arg(long, value_name = "FILE", requires = "receipt")]
    pub(super) out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let mut trust = trust(&args)?;
    let options = Options { now: times::now_secs(), max_age: args.max_age };
    let out = &mut io::stdout().lock();
    if let (Some(receipt), Some(against)) = (&args.receipt, &args.against) {
        let receipt = read_receipt(receipt)?;
        let against = files::read(against, bundle::BYTES_MAX)?;
        return against::compare(&receipt, &against, &trust, &options, &args, out);
    }
    #[cfg(feature = "service")]
    if let (Some(receipt), Some(url)) = (&args.receipt, &args.from) {
        return against::ask(&read_receipt(receipt)?, url, &trust, &options, &args, out);
    }
    let Some(file) = &args.file else { bail!("there is nothing to verify") };
    let bytes = files::read(file, bundle::BYTES_MAX)?;
    match Sort::of(&bytes) {
        Some(Sort::Bundle) => {
            look_up(&bytes, &mut trust, &args)?;
            let report = verify_bundle(&bytes, &trust, &options);
            print_report(&bytes, &report, &args, out)
        }
        Some(Sort::Evidence) => evidence(&bytes, &trust, args.json, out),
        Some(Sort::Receipt) => {
            let report = receipt_report(receipt::open(&bytes, &trust), &trust, &options);
            print_receipt(&report, &args, out)
        }
        None => bail!("{} is neither a bundle, nor a receipt, nor evidence", file.display()),
    }
}

fn trust(args: &Args) -> anyhow::Result<Trust> {
    let Some(path) = &args.trust else {
        bail!("--trust is needed: the log's keys must come from elsewhere than the file that is checked");
    };
    let mut trust = Trust::parse(&files::read_text(path, TRUST_BYTES_MAX)?)
        .with_context(|| format!("cannot use {}", path.display()))?;
    args.tell.add_to(&mut trust.anchors)?;
    match &args.policy {
        None => Ok(trust),
        Some(path) => trust
            .with_policy(&files::read_text(path, POLICY_BYTES_MAX)?)
            .with_context(|| format!("cannot use {}", path.display())),
    }
}

/// Asks whoever is named for the blocks that the bundle's anchors end in. A file that is no bundle is not asked about.
#[cfg(feature = "service")]
fn look_up(bytes: &[u8], trust: &mut Trust, args: &Args) -> anyhow::Result<()> {
    if let (true, Ok(bundle)) = (args.ask.asks(), Bundle::parse(bytes)) {
        let judged = anchored::judge_all(&bundle, trust);
        args.ask.look_up(judged.iter().map(|anchor| &anchor.finding), &mut trust.anchors)?;
    }
    Ok(())
}

#[cfg(not(feature = "service"))]
fn look_up(_: &[u8], _: &mut Trust, _: &Args) -> anyhow::Result<()> {
    Ok(())
}

fn read_receipt(path: &std::path::Path) -> anyhow::Result<String> {
    files::read_text(path, TLOG_PROOF_BYTES_MAX)
}

/// What a file claims to be, by its first bytes: damage further on is for the layers to judge.
#[derive(Debug, PartialEq, Eq)]
enum Sort {
    Bundle,
    Evidence,
    Receipt,
}

impl Sort {
    fn of(bytes: &[u8]) -> Option<Sort> {
        let start: Vec<u8> =
            bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(16).collect();
        if is_evidence(bytes) {
            Some(Sort::Evidence)
        } else if start.starts_with(b"{") {
            Some(Sort::Bundle)
        } else if start.starts_with(b"c2sp.org/tlog-pr") {
            Some(Sort::Receipt)
        } else {
            None
        }
    }
}

// -- bundles ---------------------------------------------------------------------------------------------------------

pub(super) fn print_report(
    bytes: &[u8],
    report: &Report,
    args: &Args,
    out: &mut dyn Write,
) -> anyhow::Result<Answer> {
    // What an unverified bundle says of a batch is nobody's word.
    let verified = report.verified(&[]);
    let standing = if verified { standing(bytes, args.as_of.as_ref()) } else { None };
    if args.json {
        let mut answer = report.to_json(&args.require);
        answer["produce"] = json!(standing);
        writeln!(out, "{answer}")?;
    } else {
        print_layers(report.layers(), out)?;
        print_facts(&report.facts, out)?;
        if let Some(standing) = &standing {
            writeln!(out)?;
            standing::print(standing, args.lang, out)?;
        }
        print_verdict(report.verified(&args.require), report.layers(), &args.require, out)?;
    }
    Ok(Answer::verified(report.verified(&args.require)))
}

/// Where the bundle's batch stands by the rules of produce, from its records alone. None of a subject that is no batch
/// or does not exist.
fn standing(bytes: &[u8], as_of: Option<&When>) -> Option<Value> {
    let bundle = Bundle::parse(bytes).ok()?;
    let as_of = as_of.map_or_else(|| times::now_secs().saturating_mul(1_000), produce::end_of);
    let subject = bundle.subject.clone();
    if subject.kind() != SubjectKind::Batch {
        return None;
    }
    let openings = bundle.openings.into_iter().map(|opened| (opened.leaf, opened.openings)).collect();
    let at = bundle.records.last().map_or(0, Entry::at);
    let records = bundle.records.into_iter().map(|entry| (entry.seq(), entry)).collect();
    let (records, openings, size) = (&records, &openings, bundle.size);
    let ask = Ask { subject: &subject, records, openings, size, at, as_of, wide: None };
    Story::tell(&ask).map(|story| produce::status_report(&story))
}

pub(super) fn print_layers<'a>(
    layers: impl Iterator<Item = (Layer, &'a Status)>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (layer, status) in layers {
        writeln!(out, "{:<13} {:<12} {}", layer.as_str(), status.word(), status.reason())?;
    }
    Ok(())
}

/// Only what a verified bundle proves; nothing stands here otherwise.
fn print_facts(facts: &Value, out: &mut dyn Write) -> io::Result<()> {
    let Some(subject) = facts["subject"].as_str() else { return Ok(()) };
    let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    writeln!(out, "\n{subject} in {}, as of {} entries", word(&facts["origin"]), facts["size"])?;
    if facts["exists"] == json!(false) {
        return writeln!(out, "  there is no such subject in the ledger");
    }
    for record in facts["records"].as_array().into_iter().flatten() {
        let statement = &record["statement"];
        let touches = statement["touches"].as_array().into_iter().flatten();
        let own = std::iter::once(&statement["subject"]).chain(touches).any(|touched| touched == subject);
        if !own {
            continue;
        }
        let signers = statement["signers"].as_array().into_iter().flatten();
        let signers: Vec<String> = signers
            .map(|signer| format!("{} as {}", word(&signer["org"]).replace("org:", ""), word(&signer["as"])))
            .collect();
        writeln!(
            out,
            "  record {:<6} {:<16} {:<26} {}",
            record["seq"],
            word(&statement["kind"]),
            word(&statement["occurred_at"]),
            signers.join(", ")
        )?;
    }
    Ok(())
}

pub(super) fn print_verdict<'a>(
    verified: bool,
    mut layers: impl Iterator<Item = (Layer, &'a Status)>,
    required: &[Layer],
    out: &mut dyn Write,
) -> io::Result<()> {
    if verified {
        return writeln!(out, "\nverified");
    }
    let in_the_way = layers.find(|(layer, status)| match status {
        Status::Failed(_) => true,
        Status::NotChecked(_) => Layer::ALWAYS.contains(layer) || required.contains(layer),
        Status::Ok(_) => false,
    });
    match in_the_way {
        Some((layer, status)) => writeln!(out, "\nNOT verified: {layer} {}", status.word()),
        None => writeln!(out, "\nNOT verified"),
    }
}

// -- receipts and evidence -------------------------------------------------------------------------------------------

/// What a receipt shows: it speaks of one record's place in the log and of nothing else.
struct ReceiptReport {
    log: Status,
    freshness: Status,
    witnesses: Status,
    receipt: Option<Receipt>,
}

fn receipt_report(opened: Result<Receipt, String>, trust: &Trust, options: &Options) -> ReceiptReport {
    match opened {
        Err(problem) => {
            let unchecked = || Status::NotChecked("the receipt is not the log's".into());
            ReceiptReport {
                log: Status::Failed(problem),
                freshness: unchecked(),
                witnesses: unchecked(),
                receipt: None,
            }
        }
        Ok(receipt) => {
            let (witnesses, freshness) = receipt.signed.witnessed(trust, options.now, options.max_age);
            let (seq, size) = (receipt.seq, receipt.signed.checkpoint.size);
            let log = match &receipt.entry {
                Some(entry) if entry.seq() == seq => {
                    Status::Ok(format!("entry {seq} of the log, as of {size} entries"))
                }
                _ => Status::Failed(format!(
                    "the log has signed an entry {seq} that is none; --receipt with --against any bundle makes evidence of it"
                )),
            };
            ReceiptReport { log, freshness, witnesses, receipt: Some(receipt) }
        }
    }
}

impl ReceiptReport {
    fn layers(&self) -> [(Layer, &Status); 3] {
        [(Layer::Log, &self.log), (Layer::Freshness, &self.freshness), (Layer::Witnesses, &self.witnesses)]
    }

    fn verified(&self, required: &[Layer]) -> bool {
        let layers = self.layers();
        let is_ok = |asked: &Layer| layers.iter().any(|(layer, status)| layer == asked && status.is_ok());
        self.log.is_ok() && required.iter().all(is_ok)
    }

    fn record(&self) -> Option<&Record> {
        self.receipt.as_ref()?.entry.as_ref().and_then(Entry::as_record)
    }

    fn to_json(&self, required: &[Layer]) -> Value {
        let layers: serde_json::Map<String, Value> = self
            .layers()
            .into_iter()
            .map(|(layer, status)| {
                (layer.to_string(), json!({ "status": status.word(), "reason": status.reason() }))
            })
            .collect();
        let mut facts = Value::Null;
        if let (true, Some(receipt)) = (self.log.is_ok(), &self.receipt) {
            facts =
                json!({ "seq": receipt.seq, "leaf": receipt.leaf, "size": receipt.signed.checkpoint.size });
            if let Some(record) = self.record() {
                facts["kind"] = json!(record.statement.kind.to_string());
                facts["subject"] = json!(record.statement.subject.as_str());
                facts["id"] = json!(record.statement.id);
            }
        }
        json!({ "verified": self.verified(required), "layers": layers, "facts": facts })
    }
}

fn print_receipt(report: &ReceiptReport, args: &Args, out: &mut dyn Write) -> anyhow::Result<Answer> {
    let verified = report.verified(&args.require);
    if args.json {
        writeln!(out, "{}", report.to_json(&args.require))?;
        return Ok(Answer::verified(verified));
    }
    print_layers(report.layers().into_iter(), out)?;
    if let (true, Some(record)) = (report.log.is_ok(), report.record()) {
        let statement = &record.statement;
        writeln!(out, "\n{} about {}, leaf {}", statement.kind, statement.subject, record.leaf())?;
        writeln!(
            out,
            "This says that the record is in the log. Its signatures and rights are a bundle's to show."
        )?;
    }
    print_verdict(verified, report.layers().into_iter(), &args.require, out)?;
    Ok(Answer::verified(verified))
}

fn evidence(bytes: &[u8], trust: &Trust, json: bool, out: &mut dyn Write) -> anyhow::Result<Answer> {
    let parsed = Evidence::parse(bytes);
    let kind = parsed.as_ref().ok().map(Evidence::kind);
    let checked = parsed.and_then(|evidence| evidence.check(trust));
    let checked = checked.map(|shown| shown.to_string());
    if json {
        let (holds, text) = match &checked {
            Ok(text) => (true, text),
            Err(text) => (false, text),
        };
        writeln!(out, "{}", json!({ "verified": holds, "kind": kind, "evidence": text }))?;
    } else {
        match &checked {
            Ok(shown) => writeln!(out, "verified: the log's own signatures show that {shown}")?,
            Err(problem) => writeln!(out, "NOT verified: {problem}")?,
        }
    }
    Ok(Answer::verified(checked.is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_begins_as() {
        for (bytes, sort) in [
            ("{\"bundle\":{}", Some(Sort::Bundle)),
            ("{}", Some(Sort::Bundle)),
            (" {\n \"evidence\": {}", Some(Sort::Evidence)),
            ("c2sp.org/tlog-proof@v1\n", Some(Sort::Receipt)),
            ("", None),
            ("[1]", None),
            ("\u{feff}{}", None),
        ] {
            assert_eq!(Sort::of(bytes.as_bytes()), sort, "{bytes}");
        }
    }
}
