//! Which chains a trace needs: the fixpoint that the bundle's maker follows and its verifier follows again.
//!
//! The verifier never takes the list from the bundle: it computes it from the signed payloads, and a subject that
//! is needed and not there in full is named.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{Record, lots_of};
use crate::statement::kinds::Kind;
use crate::statement::subject::{Subject, SubjectKind};

/// The subjects needed so far and how many lots away from the one asked for each batch is.
#[derive(Debug, Clone)]
pub struct Needed {
    depth: BTreeMap<Subject, u64>,
    depth_max: u64,
    /// Ancestors that lie deeper than `depth_max`.
    pub beyond: BTreeSet<Subject>,
}

impl Needed {
    /// Begins with what every trace needs: the subject itself, the ledger's own chain and the registrar.
    pub fn of(subject: &Subject, depth_max: u64) -> Needed {
        let registrar = Subject::of_org("registrar").ok();
        let first = [subject.clone(), Subject::ledger()].into_iter().chain(registrar);
        let depth = first.map(|subject| (subject, 0)).collect();
        Needed { depth, depth_max, beyond: BTreeSet::new() }
    }

    pub fn contains(&self, subject: &Subject) -> bool {
        self.depth.contains_key(subject)
    }

    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.depth.keys()
    }

    /// Takes in a record of the chain of `subject` and returns the subjects whose chains are
    /// to be followed (again) because of it.
    pub fn follow(&mut self, subject: &Subject, record: &Record) -> Vec<Subject> {
        let here = self.depth.get(subject).copied().unwrap_or(0);
        let mut new = Vec::new();
        for parent in ancestors(subject, record) {
            let depth = here + u64::from(parent.kind() == SubjectKind::Batch);
            if depth > self.depth_max && !self.contains(&parent) {
                self.beyond.insert(parent);
            } else {
                self.add(parent, depth, &mut new);
            }
        }
        for signer in &record.statement.signers {
            if let Ok(org) = Subject::of_org(&signer.org) {
                self.add(org, here, &mut new);
            }
            self.add(Subject::of_key(&signer.key), here, &mut new);
        }
        new
    }

    /// The shallowest way to a subject counts, so that the order of following does not.
    fn add(&mut self, subject: Subject, depth: u64, new: &mut Vec<Subject>) {
        self.beyond.remove(&subject);
        let known = self.depth.get(&subject);
        if known.is_none_or(|known| depth < *known) {
            self.depth.insert(subject.clone(), depth);
            new.push(subject);
        }
    }
}

/// What `subject` came from, as far as this record of its chain says: lots, seasons and plots.
pub fn ancestors(subject: &Subject, record: &Record) -> Vec<Subject> {
    let statement = &record.statement;
    let touched = |kinds: &[SubjectKind]| -> Vec<Subject> {
        statement.touches.iter().filter(|touched| kinds.contains(&touched.kind())).cloned().collect()
    };
    match statement.kind.to_string().parse() {
        Ok(Kind::Planting | Kind::Harvest) if subject == &statement.subject => {
            touched(&[SubjectKind::Crop, SubjectKind::Plot])
        }
        Ok(Kind::CropOpen) if subject == &statement.subject => touched(&[SubjectKind::Plot]),
        Ok(Kind::Grading | Kind::Packing | Kind::Processing) => {
            let outputs = lots_of(statement, "outputs");
            if !outputs.contains(&subject.to_string()) {
                return Vec::new();
            }
            let inputs = touched(&[SubjectKind::Batch]);
            inputs.into_iter().filter(|lot| !outputs.contains(&lot.to_string())).collect()
        }
        _ => Vec::new(),
    }
}
