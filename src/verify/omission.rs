//! Evidence files: proof, from the log's own signatures, that the operator left a record out of a chain, or signed two
//! histories ([`SplitView`]).
//!
//! Whoever holds a receipt can make the former without replaying anything; anybody can check either offline.
//! docs/format.md, "Omission evidence".

use std::fmt;

use serde_json::{Value, json};

use super::bundle::{Bundle, BundleError, MapClaim, hash, list, object, text};
use super::receipt::{self, Receipt};
use super::split_view::{SplitView, TwoHistories};
use super::trust::Trust;
use crate::ledger::{Entry, Link};
use crate::merkle::{Hash, map};
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::SignedNote;
use crate::note::tlog_proof::TlogProof;
use crate::statement::json::{Limits, canonical, parse_canonical};
use crate::statement::subject::Subject;

const LIMITS: Limits = Limits { bytes_max: 1024 * 1024, depth_max: 16 };

/// Whether a file begins like evidence; what is wrong with it further on is for [`Evidence::parse`] to say.
pub fn is_evidence(bytes: &[u8]) -> bool {
    let start: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(11).collect();
    start == b"{\"evidence\""
}

/// What the operator signed that cannot both be honest.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// The log holds an entry that is none, or whose links are not those of its own payload.
    Entry { receipt: String },
    /// The record's place in a chain, and a later map that counts or ends that chain differently.
    Map { receipt: String, map: String, claim: MapClaim },
    /// Two histories.
    Split(SplitView),
    /// Two records at one place of one chain.
    Twice { first: String, second: String },
}

/// What evidence has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The log holds at `seq` what is no entry, or one that says it is entry `says`.
    Entry {
        seq: u64,
        says: Option<u64>,
    },
    /// Entry `seq` is record `n` of the subject, and a map over it leaves it out.
    Map {
        seq: u64,
        subject: Subject,
        n: u64,
    },
    Split(TwoHistories),
    /// There are two records `n` of the subject.
    Twice {
        subject: Subject,
        n: u64,
    },
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shown::Entry { seq, says: None } => {
                write!(f, "entry {seq} of the log is not an entry, or its links are not its payload's")
            }
            Shown::Entry { seq, says: Some(says) } => {
                write!(f, "entry {seq} of the log says that it is entry {says}")
            }
            Shown::Map { seq, subject, n } => {
                write!(f, "record {seq} of the log is record {n} of {subject}, and the map leaves it out")
            }
            Shown::Split(histories) => histories.fmt(f),
            Shown::Twice { subject, n } => write!(f, "{subject} has two different records {n}"),
        }
    }
}

impl Evidence {
    /// Its kind as the file has it; `split` is of two histories, the others of an omission.
    pub fn kind(&self) -> &'static str {
        match self {
            Evidence::Entry { .. } => "entry",
            Evidence::Map { .. } => "map",
            Evidence::Split(_) => "split",
            Evidence::Twice { .. } => "twice",
        }
    }

    /// The log whose signatures it holds, by its own word; none where its first receipt cannot be read.
    pub fn origin(&self) -> Option<String> {
        let note = match self {
            Evidence::Entry { receipt }
            | Evidence::Map { receipt, .. }
            | Evidence::Twice { first: receipt, .. } => TlogProof::parse(receipt.as_bytes()).ok()?.checkpoint,
            Evidence::Split(split) => SignedNote::parse(split.smaller.as_bytes()).ok()?,
        };
        let checkpoint: Checkpoint = note.text().parse().ok()?;
        Some(checkpoint.origin.to_string())
    }

    /// What it shows; an error if it shows nothing.
    pub fn check(&self, trust: &Trust) -> Result<Shown, String> {
        match self {
            Evidence::Entry { receipt } => malformed(&receipt::open(receipt.as_bytes(), trust)?)
                .ok_or_else(|| "the receipt's entry is well formed: nothing is shown".into()),
            Evidence::Map { receipt, map, claim } => {
                let receipt = receipt::open(receipt.as_bytes(), trust)?;
                let map = receipt::open(map.as_bytes(), trust)?;
                let Some(Entry::Map(committed)) = &map.entry else {
                    return Err("the second receipt is not of a map record".into());
                };
                map::verify_map(&committed.root, claim.subject.as_str(), claim.value, &claim.proof)
                    .map_err(|error| format!("the map proof: {error}"))?;
                contradiction(&receipt, committed.size, claim)
                    .ok_or_else(|| "the map agrees with the receipt: nothing is shown".into())
            }
            Evidence::Split(split) => split.check(trust).map(Shown::Split),
            Evidence::Twice { first, second } => {
                let (first, second) =
                    (receipt::open(first.as_bytes(), trust)?, receipt::open(second.as_bytes(), trust)?);
                let shared = links(&first).iter().find(|link| {
                    links(&second).iter().any(|other| (&other.subject, other.n) == (&link.subject, link.n))
                });
                match shared {
                    Some(link) if first.leaf != second.leaf => {
                        Ok(Shown::Twice { subject: link.subject.clone(), n: link.n })
                    }
                    _ => Err("the receipts do not claim one place of one chain".into()),
                }
            }
        }
    }

    /// The evidence file: JCS, like a bundle.
    pub fn encode(&self) -> Vec<u8> {
        let body = match self {
            Evidence::Entry { receipt } => json!({ "v": 1, "kind": "entry", "receipt": receipt }),
            Evidence::Map { receipt, map, claim } => {
                json!({ "v": 1, "kind": "map", "receipt": receipt, "map": map, "claim": claim.to_json() })
            }
            Evidence::Split(SplitView { smaller, larger, root, path }) => {
                json!({ "v": 1, "kind": "split", "checkpoints": [smaller, larger], "root": root, "path": path })
            }
            Evidence::Twice { first, second } => {
                json!({ "v": 1, "kind": "twice", "receipts": [first, second] })
            }
        };
        let digest = Hash::of(&canonical(&body));
        canonical(&json!({ "evidence": body, "sha256": digest }))
    }

    pub fn parse(bytes: &[u8]) -> Result<Evidence, String> {
        let value = parse_canonical(bytes, &LIMITS).map_err(|error| error.to_string())?;
        let file = object(&value, &["evidence", "sha256"]).map_err(|error| error.to_string())?;
        let body = &file["evidence"];
        if file["sha256"] != Value::String(Hash::of(&canonical(body)).to_string()) {
            return Err("the file's own digest does not fit its content".into());
        }
        Evidence::from_json(body).map_err(|error| error.to_string())
    }

    fn from_json(body: &Value) -> Result<Evidence, BundleError> {
        let shape = |problem: &str| BundleError::Shape(problem.to_owned());
        if body.get("v") != Some(&json!(1)) {
            return Err(shape("its version is not 1"));
        }
        match body.get("kind").and_then(Value::as_str) {
            Some("entry") => {
                let body = object(body, &["kind", "receipt", "v"])?;
                Ok(Evidence::Entry { receipt: text(&body["receipt"])? })
            }
            Some("map") => {
                let body = object(body, &["claim", "kind", "map", "receipt", "v"])?;
                Ok(Evidence::Map {
                    receipt: text(&body["receipt"])?,
                    map: text(&body["map"])?,
                    claim: MapClaim::from_json(&body["claim"])?,
                })
            }
            Some("split") => {
                let body = object(body, &["checkpoints", "kind", "path", "root", "v"])?;
                let (smaller, larger) = two(&body["checkpoints"])?;
                let path = list(&body["path"], hash)?;
                Ok(Evidence::Split(SplitView { smaller, larger, root: hash(&body["root"])?, path }))
            }
            Some("twice") => {
                let body = object(body, &["kind", "receipts", "v"])?;
                let (first, second) = two(&body["receipts"])?;
                Ok(Evidence::Twice { first, second })
            }
            _ => Err(shape("its kind is not known")),
        }
    }
}

fn two(texts: &Value) -> Result<(String, String), BundleError> {
    let mut texts = list(texts, text)?.into_iter();
    match (texts.next(), texts.next(), texts.next()) {
        (Some(first), Some(second), None) => Ok((first, second)),
        _ => Err(BundleError::Shape("two are due".to_owned())),
    }
}

/// Holds a receipt against a bundle of the same log. None: they agree, as far as the bundle goes.
pub fn compare(receipt_text: &str, bundle: &Bundle, trust: &Trust) -> Result<Option<Evidence>, String> {
    let receipt = receipt::open(receipt_text.as_bytes(), trust)?;
    if malformed(&receipt).is_some() {
        return Ok(Some(Evidence::Entry { receipt: receipt_text.to_owned() }));
    }
    if let Some(second) = twin(&receipt, bundle) {
        let second = proof_from(bundle, second)?;
        return Ok(Some(Evidence::Twice { first: receipt_text.to_owned(), second }));
    }
    let Some(Entry::Map(last)) = bundle.records.last() else {
        return Err("the bundle does not end with a map record".into());
    };
    let Some(claim) = bundle.map.iter().find(|claim| contradiction(&receipt, last.size, claim).is_some())
    else {
        return Ok(None);
    };
    let map = proof_from(bundle, bundle.records.len() - 1)?;
    Ok(Some(Evidence::Map { receipt: receipt_text.to_owned(), map, claim: claim.clone() }))
}

/// Whether receipts that the bundle carries show an omission in the bundle itself.
pub(super) fn shown_by(bundle: &Bundle, trust: &Trust) -> Option<String> {
    bundle.receipts.iter().find_map(|receipt| match compare(receipt, bundle, trust) {
        Ok(None) => None,
        Ok(Some(evidence)) => {
            Some(evidence.check(trust).map_or_else(|problem| problem, |shown| shown.to_string()))
        }
        Err(problem) => Some(problem),
    })
}

fn links(receipt: &Receipt) -> &[Link] {
    receipt
        .entry
        .as_ref()
        .and_then(Entry::as_record)
        .map(|record| record.links.as_slice())
        .unwrap_or_default()
}

fn malformed(receipt: &Receipt) -> Option<Shown> {
    match &receipt.entry {
        Some(entry) if entry.seq() == receipt.seq => None,
        entry => Some(Shown::Entry { seq: receipt.seq, says: entry.as_ref().map(Entry::seq) }),
    }
}

/// A map over the first `size` entries must count a record that is among them, and end with it if it is the last.
fn contradiction(receipt: &Receipt, size: u64, claim: &MapClaim) -> Option<Shown> {
    let link = links(receipt).iter().find(|link| link.subject == claim.subject)?;
    if receipt.seq >= size {
        return None;
    }
    let left_out = match claim.value {
        None => true,
        Some(value) if value.count <= link.n => true,
        Some(value) => value.count == link.n + 1 && value.last != receipt.leaf,
    };
    left_out.then(|| Shown::Map { seq: receipt.seq, subject: link.subject.clone(), n: link.n })
}

/// Another record of the bundle at a place that the receipt's record holds.
fn twin(receipt: &Receipt, bundle: &Bundle) -> Option<usize> {
    bundle.records.iter().position(|entry| {
        let Some(record) = entry.as_record() else { return false };
        let same_place =
            |link: &Link| links(receipt).iter().any(|own| (&own.subject, own.n) == (&link.subject, link.n));
        record.links.iter().any(same_place) && record.leaf() != receipt.leaf
    })
}

/// A receipt of one of the bundle's records, cut from its subset proof.
fn proof_from(bundle: &Bundle, place: usize) -> Result<String, String> {
    let placed: Vec<(u64, Hash)> = bundle.records.iter().map(|entry| (entry.seq(), entry.leaf())).collect();
    let path =
        crate::merkle::proof::path_from_subset(&placed, bundle.size, &bundle.inclusion, placed[place].0)
            .map_err(|error| error.to_string())?;
    let note = bundle.checkpoints.first().ok_or("the bundle has no checkpoint")?;
    let checkpoint = SignedNote::parse(note.as_bytes()).map_err(|error| error.to_string())?;
    let proof = TlogProof { extra: bundle.records[place].encode(), index: placed[place].0, path, checkpoint };
    Ok(proof.to_string())
}
