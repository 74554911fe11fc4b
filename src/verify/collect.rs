//! Makes bundles: follows what a trace needs through a ledger and gathers records and proofs as of one checkpoint.

use std::collections::{BTreeMap, BTreeSet};

use super::bundle::{AnchorSlot, Bundle, Consistency, DEPTH_MAX, LeafOpenings, MapClaim, RECORDS_MAX};
use super::needed::Needed;
use crate::ledger::{Entry, Facts, FactsError, Reader};
use crate::merkle::proof::{consistency_path, subset_proof};
use crate::merkle::{Hash, map};
use crate::statement::subject::Subject;

/// A checkpoint of the ledger that bundles are made under.
#[derive(Debug, Clone)]
pub struct Under {
    pub size: u64,
    /// The signed note, all its lines.
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error("no map record stands at the end of the first {0} entries, so nothing can be proven under them")]
    NotSealed(u64),
    #[error("the trace has more than {RECORDS_MAX} records, which no bundle holds")]
    TooLarge,
}

/// The bundle that proves the trace of `subject` under `main`; `others` are tied to it by consistency proofs.
/// A subject that does not exist gives a bundle that proves its absence.
pub fn bundle<F: Facts>(
    reader: &Reader<F>,
    subject: &Subject,
    main: &Under,
    others: &[Under],
    generated_at: &str,
) -> Result<Bundle, CollectError> {
    let size = main.size;
    let gathered = gather(reader, subject, size)?;
    let last = size.checked_sub(1).ok_or(CollectError::NotSealed(size))?;
    let map_root = reader.map_root(last)?.ok_or(CollectError::NotSealed(size))?;
    let mut records = gathered.records;
    records.insert(last, reader.entry(last)?);
    let places: Vec<u64> = records.keys().copied().collect();
    let log = reader.log()?.ok_or(CollectError::NotSealed(size))?;
    let claims = gathered.needed.subjects().map(|subject| claim(reader, &map_root, subject));
    Ok(Bundle {
        subject: subject.clone(),
        origin: log.origin,
        rules: gathered.rules,
        size,
        generated_at: generated_at.to_owned(),
        checkpoints: std::iter::once(main).chain(others).map(|under| under.note.clone()).collect(),
        consistency: others
            .iter()
            .map(|other| tie(reader, main.size, other.size))
            .collect::<Result<_, _>>()?,
        inclusion: subset_proof(reader, &places, size).map_err(|error| FactsError(error.to_string()))?,
        records: records.into_values().collect(),
        map: claims.collect::<Result<_, _>>()?,
        openings: Vec::new(),
        receipts: Vec::new(),
        anchors: Vec::new(),
        beyond: gathered.needed.beyond.iter().cloned().collect(),
    })
}

impl Bundle {
    /// How many entries an anchored checkpoint must have to cover every record here: the map record at the end is the
    /// checkpoint's own and counts for nothing.
    pub fn covered(&self) -> u64 {
        let records = self.records.iter().filter(|entry| matches!(entry, Entry::Record(_)));
        records.map(|entry| entry.seq() + 1).max().unwrap_or(0)
    }

    /// Puts an anchor beside the checkpoint that it is for, which it is tied to the bundle's own by.
    pub fn anchor<F: Facts>(
        &mut self,
        reader: &Reader<F>,
        checkpoint: &Under,
        slot: AnchorSlot,
    ) -> Result<(), FactsError> {
        let is_here = |note: &String| {
            let body = |note: &str| note.split_once("\n\n").map(|(body, _)| body.to_owned());
            body(note) == body(&checkpoint.note)
        };
        if !self.checkpoints.iter().any(is_here) {
            self.consistency.push(tie(reader, self.size, checkpoint.size)?);
            self.checkpoints.push(checkpoint.note.clone());
        }
        self.anchors.push(slot);
        Ok(())
    }

    /// Leaf hashes of the records, in order, for whoever holds openings of them.
    pub fn leaves(&self) -> Vec<Hash> {
        self.records.iter().map(Entry::leaf).collect()
    }

    /// Puts openings beside the records that they belong to; those of other records are left out.
    pub fn open(&mut self, openings: BTreeMap<Hash, Vec<serde_json::Value>>) {
        let here: BTreeSet<Hash> = self.leaves().into_iter().collect();
        let kept = openings.into_iter().filter(|(leaf, opened)| here.contains(leaf) && !opened.is_empty());
        self.openings = kept.map(|(leaf, openings)| LeafOpenings { leaf, openings }).collect();
    }
}

/// The records that a trace needs, as of the first `size` entries.
pub struct Gathered {
    pub records: BTreeMap<u64, Entry>,
    pub needed: Needed,
    /// The rules version that the ledger's own chain ends with.
    pub rules: u64,
}

/// Follows the trace of `subject` through the first `size` entries.
pub fn gather<F: Facts>(reader: &Reader<F>, subject: &Subject, size: u64) -> Result<Gathered, CollectError> {
    let mut needed = Needed::of(subject, DEPTH_MAX);
    let mut open: Vec<Subject> = needed.subjects().cloned().collect();
    let mut chains: BTreeMap<Subject, Vec<u64>> = BTreeMap::new();
    let mut records: BTreeMap<u64, Entry> = BTreeMap::new();
    while let Some(subject) = open.pop() {
        if !chains.contains_key(&subject) {
            chains.insert(subject.clone(), reader.chain(&subject, size)?);
        }
        for seq in &chains[&subject] {
            if !records.contains_key(seq) {
                // One place is kept for the map record.
                if records.len() + 1 >= RECORDS_MAX {
                    return Err(CollectError::TooLarge);
                }
                records.insert(*seq, reader.entry(*seq)?);
            }
            if let Some(record) = records[seq].as_record() {
                open.extend(needed.follow(&subject, record));
            }
        }
    }
    let rules = rules_after(&records);
    Ok(Gathered { records, needed, rules })
}

fn rules_after(records: &BTreeMap<u64, Entry>) -> u64 {
    let statements = records.values().filter_map(Entry::as_record).map(|record| &record.statement);
    let switches =
        statements.filter(|statement| matches!(statement.kind.name.as_str(), "genesis" | "ledger.rules"));
    switches.filter_map(|statement| statement.data.get("rules")?.as_u64()).next_back().unwrap_or(0)
}

/// What the map with this root says of a subject, with the proof.
pub fn claim<F: Facts>(
    reader: &Reader<F>,
    map_root: &Hash,
    subject: &Subject,
) -> Result<MapClaim, FactsError> {
    let (value, proof) =
        map::prove(reader, map_root, subject.as_str()).map_err(|error| FactsError(error.to_string()))?;
    Ok(MapClaim { subject: subject.clone(), value, proof })
}

fn tie<F: Facts>(reader: &Reader<F>, main: u64, other: u64) -> Result<Consistency, FactsError> {
    let (from, to) = (main.min(other), main.max(other));
    let path = consistency_path(reader, from, to).map_err(|error| FactsError(error.to_string()))?;
    Ok(Consistency { from, to, path })
}
