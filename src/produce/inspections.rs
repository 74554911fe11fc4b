//! Samples and what laboratories found: every result that the line ever had, the bad ones first of all.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::story::Event;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    pub seq: u64,
    pub leaf: Hash,
    /// What was tested: a lot, or the season that it was picked from.
    pub about: String,
    /// Organisation id.
    pub lab: String,
    /// The laboratory signed the result itself, in that role.
    pub signed_by_lab: bool,
    pub method: String,
    pub report_no: String,
    pub reported_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cma_no: Option<String>,
    pub conclusion: String,
    pub items: Vec<Value>,
    pub failed_items: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
}

/// Who drew what was tested, and how: a sample that the producer chose says less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    pub seq: u64,
    pub sample_no: String,
    pub method: String,
    pub purpose: String,
    /// Organisation ids.
    pub sampler_org: String,
    pub lab: String,
    pub day: String,
}

impl Inspection {
    /// Nothing that the laboratory found is out of bounds, neither an item nor the whole.
    pub fn is_bad(&self) -> bool {
        self.conclusion == "fail" || self.failed_items > 0
    }

    pub fn is_good(&self) -> bool {
        self.conclusion == "pass" && self.failed_items == 0
    }
}

/// The results of a story, and the samples that no result has answered yet.
pub(super) fn results(events: &[Event]) -> (Vec<Inspection>, Vec<Sample>) {
    let samples: Vec<(Hash, Sample)> = events.iter().filter_map(sample).collect();
    let mut answered = BTreeSet::new();
    let mut inspections = Vec::new();
    for event in events.iter().filter(|event| event.kind == Kind::Inspection) {
        let mut inspection = inspection(event);
        let named = event.text("sampling").and_then(|leaf| leaf.parse::<Hash>().ok());
        let number = event.text("sample_no").unwrap_or_default();
        let found = samples.iter().find(|(leaf, sample)| {
            // Sample numbers are the sampler's own: the same number for another laboratory is another sample.
            named.map_or(sample.sample_no == number && sample.lab == inspection.lab, |named| *leaf == named)
        });
        if let Some((leaf, sample)) = found {
            answered.insert(*leaf);
            inspection.sample = Some(sample.clone());
        }
        inspections.push(inspection);
    }
    let waiting = samples.into_iter().filter(|(leaf, _)| !answered.contains(leaf));
    (inspections, waiting.map(|(_, sample)| sample).collect())
}

fn sample(event: &Event) -> Option<(Hash, Sample)> {
    let text = |name: &str| event.text(name).unwrap_or_default().to_owned();
    let sample = Sample {
        seq: event.seq,
        sample_no: text("sample_no"),
        method: text("method"),
        purpose: text("purpose"),
        sampler_org: text("sampler_org"),
        lab: text("lab"),
        day: event.occurred_at.date().to_string(),
    };
    (event.kind == Kind::Sampling).then_some((event.leaf, sample))
}

fn inspection(event: &Event) -> Inspection {
    let text = |name: &str| event.text(name).unwrap_or_default().to_owned();
    let items = event.data.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_failed = |item: &&Value| item.get("verdict").and_then(Value::as_str) == Some("fail");
    let lab = text("lab");
    Inspection {
        seq: event.seq,
        leaf: event.leaf,
        about: event.subject.to_string(),
        signed_by_lab: event.signers.iter().any(|signer| signer.org == lab && signer.role == Role::Lab),
        lab,
        method: text("method"),
        report_no: text("report_no"),
        reported_date: text("reported_date"),
        cma_no: event.text("cma_no").map(str::to_owned),
        conclusion: text("conclusion"),
        failed_items: items.iter().filter(is_failed).count(),
        items,
        sample: None,
    }
}
