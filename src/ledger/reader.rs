//! Typed reads of the facts: what a state, a page, a proof or a bundle looks things up with.

use serde::de::DeserializeOwned;

use super::entry::Entry;
use super::facts::{ConsumedId, DeviceFact, Facts, FactsError, LeafFact, LogFact, SubjectFact, keys};
use crate::merkle::tree::NodeReader;
use crate::merkle::{Hash, map};
use crate::statement::subject::Subject;

/// Reads what `F` holds. Cheap to make: one for each snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Reader<F>(pub F);

impl<F: Facts> Reader<F> {
    pub fn log(&self) -> Result<Option<LogFact>, FactsError> {
        self.json(keys::LOG)
    }

    pub fn entry_bytes(&self, seq: u64) -> Result<Option<Vec<u8>>, FactsError> {
        self.0.get(&keys::record(seq))
    }

    /// The entry at `seq`, which must be in the log.
    pub fn entry(&self, seq: u64) -> Result<Entry, FactsError> {
        let bytes = self.entry_bytes(seq)?.ok_or_else(|| FactsError(format!("entry {seq} is missing")))?;
        Entry::parse(&bytes).map_err(|error| FactsError(format!("entry {seq} is damaged: {error}")))
    }

    pub fn subject(&self, subject: &Subject) -> Result<Option<SubjectFact>, FactsError> {
        self.json(&keys::subject(subject.as_str()))
    }

    pub fn leaf(&self, leaf: &Hash) -> Result<Option<LeafFact>, FactsError> {
        self.json(&keys::leaf(leaf))
    }

    pub fn org_keys(&self, org: &str) -> Result<Vec<Hash>, FactsError> {
        Ok(self.json(&keys::org_keys(org))?.unwrap_or_default())
    }

    pub fn device(&self, key: &Hash) -> Result<Option<DeviceFact>, FactsError> {
        self.json(&keys::device(key))
    }

    pub fn consumed_id(&self, org: &str, id: &str) -> Result<Option<ConsumedId>, FactsError> {
        self.json(&keys::statement_id(org, id))
    }

    /// Where a payload stands.
    pub fn payload_seq(&self, payload_sha256: &Hash) -> Result<Option<u64>, FactsError> {
        self.number(&keys::payload(payload_sha256))
    }

    /// Sequence number of record `n` of a subject's chain.
    pub fn chain_seq(&self, subject: &Subject, n: u64) -> Result<Option<u64>, FactsError> {
        self.number(&keys::chain(subject.as_str(), n))
    }

    /// The sequence numbers of a subject's chain as of the first `size` entries, in order.
    pub fn chain(&self, subject: &Subject, size: u64) -> Result<Vec<u64>, FactsError> {
        let count = self.subject(subject)?.map_or(0, |fact| fact.count);
        let mut seqs = Vec::new();
        for n in 0..count {
            let seq = self.chain_seq(subject, n)?;
            let seq = seq.ok_or_else(|| FactsError(format!("record {n} of {subject} is missing")))?;
            if seq >= size {
                break;
            }
            seqs.push(seq);
        }
        Ok(seqs)
    }

    /// Root of the subject map over records `0..size`, where a map record commits to it.
    pub fn map_root(&self, size: u64) -> Result<Option<Hash>, FactsError> {
        Ok(self.hash(&keys::map_root(size))?.map(Hash))
    }

    fn json<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, FactsError> {
        let Some(bytes) = self.0.get(key)? else { return Ok(None) };
        let fact = serde_json::from_slice(&bytes);
        fact.map(Some).map_err(|error| damaged(key, &error.to_string()))
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, FactsError> {
        let Some(bytes) = self.0.get(key)? else { return Ok(None) };
        let bytes = <[u8; 8]>::try_from(bytes).map_err(|_| damaged(key, "not 8 bytes"))?;
        Ok(Some(u64::from_be_bytes(bytes)))
    }

    fn hash(&self, key: &[u8]) -> Result<Option<[u8; 32]>, FactsError> {
        let Some(bytes) = self.0.get(key)? else { return Ok(None) };
        <[u8; 32]>::try_from(bytes).map(Some).map_err(|_| damaged(key, "not 32 bytes"))
    }
}

fn damaged(key: &[u8], problem: &str) -> FactsError {
    FactsError(format!("{} is damaged: {problem}", String::from_utf8_lossy(key)))
}

impl<F: Facts> NodeReader for Reader<F> {
    type Error = FactsError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, FactsError> {
        let hash = self.hash(&keys::tree_node(level, index))?;
        hash.map(Hash).ok_or_else(|| FactsError(format!("tree node {level}/{index} is missing")))
    }
}

impl<F: Facts> map::MapNodes for Reader<F> {
    type Error = FactsError;

    fn node(&self, hash: &Hash) -> Result<Option<map::MapNode>, FactsError> {
        let key = keys::map_node(hash);
        let Some(bytes) = self.0.get(&key)? else { return Ok(None) };
        map::MapNode::decode(&bytes).map(Some).map_err(|error| damaged(&key, &error.to_string()))
    }
}
