//! The layer `anchors`: evidence from outside, each piece beside the checkpoint that it is for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::bundle::{AnchorSlot, Bundle};
use super::report::Status;
use super::trust::Trust;
use crate::anchor::{Finding, Publication, Told, Verdict, judge};
use crate::ledger::{Entry, publication};
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::SignedNote;
use crate::statement::kinds::Kind;

/// One anchor of a bundle, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchored {
    pub kind: String,
    /// Entries of the anchored checkpoint.
    pub size: u64,
    /// Every record of the bundle stands before that checkpoint's end.
    pub covers_all: bool,
    pub finding: Finding,
}

/// Each anchor of a bundle whose checkpoints have been found to be the log's.
pub fn judge_all(bundle: &Bundle, trust: &Trust) -> Vec<Anchored> {
    let covered = bundle.covered();
    let told = Told { publication: publication_of(bundle, trust), ..trust.anchors.clone() };
    let judged = |slot: &AnchorSlot| Anchored {
        kind: slot.kind.clone(),
        size: slot.size,
        covers_all: slot.size >= covered,
        finding: finding(slot, bundle, &told),
    };
    bundle.anchors.iter().map(judged).collect()
}

/// The one list that counts: the ledger's newest `ledger.anchor` names it, and so does the trust file if it names any.
fn publication_of(bundle: &Bundle, trust: &Trust) -> Option<Publication> {
    let statements = bundle.records.iter().filter_map(Entry::as_record).map(|record| &record.statement);
    let named = statements.filter(|statement| Kind::try_from(&statement.kind) == Ok(Kind::LedgerAnchor));
    let newest = named.last().and_then(|statement| publication(&statement.data));
    newest.filter(|place| trust.anchors.publication.as_ref().is_none_or(|told| told == place))
}

fn finding(slot: &AnchorSlot, bundle: &Bundle, told: &Told) -> Finding {
    let bodies = bundle.checkpoints.iter().filter_map(|note| SignedNote::parse(note.as_bytes()).ok());
    let body = bodies
        .filter(|note| note.text().parse::<Checkpoint>().is_ok_and(|checkpoint| checkpoint.size == slot.size))
        .map(|note| note.text().to_owned())
        .next();
    let Some(body) = body else {
        return Finding::failed(format!("no checkpoint of {} entries is in the bundle", slot.size));
    };
    match STANDARD.decode(&slot.evidence) {
        Ok(evidence) => judge(&slot.kind, slot.version, &evidence, &body, told),
        Err(_) => Finding::failed("the evidence is not base64"),
    }
}

/// Ok: one anchor is, and covers every record. One that is failed condemns the layer.
pub fn layer(anchors: &[Anchored]) -> Status {
    if anchors.is_empty() {
        return Status::NotChecked("not anchored yet".into());
    }
    if let Some((anchor, problem)) = anchors.iter().find_map(|anchor| match &anchor.finding.verdict {
        Verdict::Failed(problem) => Some((anchor, problem)),
        _ => None,
    }) {
        return Status::Failed(format!("{} at {} entries: {problem}", anchor.kind, anchor.size));
    }
    let said: Vec<String> = anchors.iter().map(Anchored::to_string).collect();
    match anchors.iter().any(|anchor| anchor.finding.is_ok() && anchor.covers_all) {
        true => Status::Ok(said.join("; ")),
        false => Status::NotChecked(said.join("; ")),
    }
}

impl Anchored {
    pub fn to_json(&self) -> Value {
        let mut json = self.finding.to_json();
        json["kind"] = json!(self.kind);
        json["size"] = json!(self.size);
        json["covers_all"] = json!(self.covers_all);
        json
    }
}

impl std::fmt::Display for Anchored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {} entries: {}", self.kind, self.size, self.finding)?;
        match self.covers_all {
            true => Ok(()),
            false => write!(f, " (later entries are not covered)"),
        }
    }
}
