//! A receipt held against what somebody says today: a bundle, or a service that is asked.

use std::io::Write;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::ledger::Entry;
use crate::verify::bundle::Bundle;
use crate::verify::omission::{self, Evidence};
use crate::verify::receipt::{self, Receipt};
use crate::verify::{Options, Trust, verify_bundle};

use super::verify::{Args, print_layers, print_verdict};
use super::{Answer, files};

/// That a bundle does not leave the receipt's record out.
pub(super) fn compare(
    receipt_text: &str,
    bundle_bytes: &[u8],
    trust: &Trust,
    options: &Options,
    args: &Args,
    out: &mut dyn Write,
) -> anyhow::Result<Answer> {
    let receipt = opened(receipt_text, trust)?;
    let bundle = Bundle::parse(bundle_bytes).context("nothing can be compared")?;
    let found = omission::compare(receipt_text, &bundle, trust).map_err(anyhow::Error::msg)?;
    if let Some(found) = found {
        return tell_omission(&found, trust, args, out);
    }
    if !speaks_of(&receipt, &bundle) {
        bail!("the bundle says nothing of the receipt's record: it is older, or of another subject");
    }
    let report = verify_bundle(bundle_bytes, trust, options);
    let verified = report.verified(&args.require);
    match args.json {
        true => {
            let mut answer = report.to_json(&args.require);
            answer["omission"] = Value::Null;
            writeln!(out, "{answer}")?;
        }
        false if verified => writeln!(out, "verified: the bundle agrees with the receipt")?,
        false => {
            print_layers(report.layers(), out)?;
            print_verdict(verified, report.layers(), &args.require, out)?;
        }
    }
    Ok(Answer::verified(verified))
}

fn opened(receipt_text: &str, trust: &Trust) -> anyhow::Result<Receipt> {
    let receipt = receipt::open(receipt_text.as_bytes(), trust).map_err(anyhow::Error::msg);
    receipt.context("nothing can be compared")
}

fn tell_omission(
    found: &Evidence,
    trust: &Trust,
    args: &Args,
    out: &mut dyn Write,
) -> anyhow::Result<Answer> {
    // What the bundle's own proofs do not bear out is no evidence against the log, only a bad bundle.
    let shown = found.check(trust).map_err(anyhow::Error::msg).map(|shown| shown.to_string());
    let shown = shown.context("the bundle contradicts the receipt, and is itself not the log's")?;
    if let Some(path) = &args.out {
        files::write(path, &found.encode())?;
    }
    if args.json {
        writeln!(out, "{}", json!({ "verified": false, "omission": shown }))?;
        return Ok(Answer::NotVerified);
    }
    writeln!(out, "OMISSION: {shown}")?;
    match &args.out {
        Some(path) => writeln!(out, "the evidence is in {}; anyone can verify it", path.display())?,
        None => writeln!(out, "--out FILE writes the evidence, which anyone can verify")?,
    }
    Ok(Answer::NotVerified)
}

/// Holds a receipt against what a service says today of every chain that its record is on: all that it takes is the
/// receipt.
#[cfg(feature = "service")]
pub(super) fn ask(
    receipt_text: &str,
    url: &str,
    trust: &Trust,
    options: &Options,
    args: &Args,
    out: &mut dyn Write,
) -> anyhow::Result<Answer> {
    let receipt = opened(receipt_text, trust)?;
    let record = receipt.entry.as_ref().and_then(Entry::as_record);
    let record = record.context("the receipt is of no record, so it is on no chain")?;
    let service = crate::follow::Fetcher::new(url)?;
    for link in &record.links {
        let path = format!("/api/v1/subjects/{}/bundle", link.subject);
        let bytes = service.get_path(&path, crate::verify::bundle::BYTES_MAX as u64)?;
        let answer = Bundle::parse(&bytes).context("what came is no bundle")?;
        let found = omission::compare(receipt_text, &answer, trust).map_err(anyhow::Error::msg)?;
        if let Some(found) = found {
            return tell_omission(&found, trust, args, out);
        }
        anyhow::ensure!(
            answer.subject == link.subject && speaks_of(&receipt, &answer),
            "the service's answer says nothing of the receipt's record: it is older, or of another subject"
        );
        let report = verify_bundle(&bytes, trust, options);
        if !report.verified(&args.require) {
            return super::verify::print_report(&bytes, &report, args, out);
        }
    }
    let chains = record.links.len();
    match args.json {
        true => writeln!(out, "{}", json!({ "verified": true, "omission": null, "chains": chains }))?,
        false => writeln!(out, "verified: what the service says of {chains} chains agrees with the receipt")?,
    }
    Ok(Answer::Done)
}

fn speaks_of(receipt: &Receipt, bundle: &Bundle) -> bool {
    let record = receipt.entry.as_ref().and_then(Entry::as_record);
    let links = record.map(|record| record.links.as_slice()).unwrap_or_default();
    let claimed = |subject| bundle.map.iter().any(|claim| claim.subject == subject);
    receipt.seq + 1 < bundle.size && links.iter().any(|link| claimed(link.subject.clone()))
}
