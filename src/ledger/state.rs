//! The ledger as a pure function of its entries.
//!
//! [`State`] stands after some number of entries. [`State::apply`] takes the next one, checks all that the rules
//! ask and changes the derived facts, or refuses and changes nothing. The sequencer drafts entries with
//! [`State::draft`], applies them, ends with [`State::seal`] and hands [`State::take_changes`] to the store in one
//! batch; an auditor applies the same entries to an empty state and compares.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::entry::{Entry, Link, MapRecord, Record};
use super::facts::{
    ConsumedId, Detail, DeviceFact, Facts, FactsError, LeafFact, LogFact, ReplacedKey, SubjectFact, keys,
};
use super::index::{self, Clue};
use super::reader::Reader;
use super::refusal::{Code, Refusal};
use super::rules::{self, CheckError, Lookup, Outcome, View};
use crate::merkle::tile::ENTRY_BYTES_MAX;
use crate::merkle::tree::{Frontier, leaf_hash};
use crate::merkle::{Hash, map};
use crate::statement::envelope::Envelope;
use crate::statement::kinds::Kind;
use crate::statement::payload::Home;
use crate::statement::payload::Statement;
use crate::statement::subject::{Subject, SubjectKind};
use crate::statement::{schema, short_code};

/// One key and its new value, for the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub seq: u64,
    pub leaf: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The facts cannot be read: the state is worth nothing until it is loaded again.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The entry may not stand here. The state is as it was.
    #[error("{0}")]
    Refused(#[from] Refusal),
}

impl From<CheckError> for ApplyError {
    fn from(error: CheckError) -> ApplyError {
        match error {
            CheckError::Facts(error) => ApplyError::Facts(error),
            CheckError::NewerRules(_) => Refusal::new(Code::Form, error.to_string()).into(),
            CheckError::Refused(refusal) => ApplyError::Refused(refusal),
        }
    }
}

/// Facts read from `base`, and what has changed since.
struct Overlay<F> {
    base: F,
    changes: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl<F: Facts> Facts for Overlay<F> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, FactsError> {
        match self.changes.get(key) {
            Some(value) => Ok(Some(value.clone())),
            None => self.base.get(key),
        }
    }
}

/// The ledger after some entries.
pub struct State<F> {
    reader: Reader<Overlay<F>>,
    /// None before genesis.
    log: Option<LogFact>,
    frontier: Frontier,
    /// Map values of the subjects touched since the last map record.
    map_pending: BTreeMap<Hash, map::MapValue>,
}

impl<F: Facts> State<F> {
    /// The state that `base` holds; empty facts give the state before genesis. What `base` holds must end with a
    /// map record, as every commit does.
    pub fn load(base: F) -> Result<State<F>, FactsError> {
        let reader = Reader(Overlay { base, changes: BTreeMap::new() });
        let log = reader.log()?;
        let frontier = match &log {
            Some(log) => Frontier::from_nodes(log.size, &reader)?,
            None => Frontier::default(),
        };
        Ok(State { reader, log, frontier, map_pending: BTreeMap::new() })
    }

    pub fn log(&self) -> Option<&LogFact> {
        self.log.as_ref()
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root of the log tree.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Whether the last entry is a map record, so that a checkpoint may be signed here.
    pub fn is_sealed(&self) -> bool {
        self.map_pending.is_empty() && self.size() > 0
    }

    /// What the state holds, uncommitted changes included.
    pub fn reader(&self) -> Reader<impl Facts + '_> {
        Reader(&self.reader.0)
    }

    /// A record around `envelope` that continues the log at `at`. Nothing is decided yet: apply it.
    pub fn draft(&self, envelope: Envelope, statement: Statement, at: i64) -> Result<Record, FactsError> {
        let mut links = Vec::new();
        for subject in statement.subjects() {
            let (n, prev) = self.chain_end(subject)?;
            links.push(Link { subject: subject.clone(), n, prev });
        }
        Ok(Record { seq: self.size(), at, links, envelope, statement })
    }

    /// Appends the map record that commits to everything applied so far.
    pub fn seal(&mut self, at: i64) -> Result<Applied, ApplyError> {
        self.continues(self.size(), at)?;
        let update = self.map_update()?;
        let map = MapRecord { seq: self.size(), at, root: update.root, size: self.size() };
        Ok(self.append_map(map, update))
    }

    /// Takes the next entry, signatures and all, or refuses it and changes nothing.
    pub fn apply(&mut self, entry: &Entry) -> Result<Applied, ApplyError> {
        match entry {
            Entry::Record(record) => {
                self.reader.verify_signatures(&record.envelope, &record.statement)?;
                self.apply_admitted(record)
            }
            Entry::Map(map) => self.apply_map(map),
        }
    }

    /// As [`apply`](Self::apply), for a record whose signatures admission has already verified.
    pub fn apply_admitted(&mut self, record: &Record) -> Result<Applied, ApplyError> {
        let bytes = record.encode();
        if bytes.len() > ENTRY_BYTES_MAX {
            return refuse(
                Code::Size,
                format!("the record would have {} bytes; 65535 is the most", bytes.len()),
            );
        }
        self.continues(record.seq, record.at)?;
        self.is_for_this_ledger(record)?;
        self.is_first_use(record)?;
        self.links_continue(record)?;
        let device = self.device_continues(record)?;
        let outcome = rules::check(&RulesView(self), record)?;
        self.data_fits(record, &outcome)?;

        // Nothing may be refused from here on.
        let leaf = leaf_hash(&bytes);
        if record.is_genesis() {
            self.log = Some(LogFact {
                size: 0,
                at: record.at,
                rules: 0,
                ledger: leaf,
                origin: match &record.statement.home {
                    Home::Origin(origin) => origin.clone(),
                    Home::Ledger(_) => String::new(),
                },
                log_vkey: String::new(),
                replaced_keys: Vec::new(),
                publication: None,
                map_root: map::EMPTY_MAP,
                demonstration: outcome.demonstration,
            });
        }
        self.write_indexes(record, leaf)?;
        if let Some(device) = device {
            self.write(keys::device(&record.statement.signers[0].key), &device);
        }
        self.write_outcome(record, leaf, outcome)?;
        self.append_leaf(record.seq, record.at, bytes, leaf);
        Ok(Applied { seq: record.seq, leaf })
    }

    fn apply_map(&mut self, map: &MapRecord) -> Result<Applied, ApplyError> {
        self.continues(map.seq, map.at)?;
        let update = self.map_update()?;
        if update.root != map.root {
            let (seq, said) = (map.seq, map.root);
            return refuse(
                Code::Link,
                format!("map record {seq} says {said}, the records say {}", update.root),
            );
        }
        Ok(self.append_map(map.clone(), update))
    }

    fn append_map(&mut self, map: MapRecord, update: map::MapUpdate) -> Applied {
        let seq = map.seq;
        for (hash, node) in &update.new_nodes {
            self.set(keys::map_node(hash), node.encode());
        }
        for hash in &update.stale {
            self.set(keys::stale_map_node(seq, hash), Vec::new());
        }
        self.set(keys::map_root(seq), map.root.0.to_vec());
        self.map_pending.clear();
        if let Some(log) = &mut self.log {
            log.map_root = map.root;
        }
        let (at, root) = (map.at, map.root);
        let bytes = Entry::Map(map).encode();
        let leaf = leaf_hash(&bytes);
        self.set(Clue::MapRoot.key(root.as_bytes(), seq), Vec::new());
        self.append_leaf(seq, at, bytes, leaf);
        self.set(Clue::Root.key(self.root().as_bytes(), seq + 1), Vec::new());
        Applied { seq, leaf }
    }

    /// Everything that changed since the last call or since loading, in key order. The caller makes `base` hold it.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let changes = std::mem::take(&mut self.reader.0.changes);
        changes.into_iter().map(|(key, value)| Change { key, value }).collect()
    }

    /// What changed since the last [`take_changes`](Self::take_changes), by key.
    pub fn pending(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        &self.reader.0.changes
    }

    /// All facts so far, for a state that began empty and never gave its changes away.
    pub fn into_facts(mut self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.take_changes().into_iter().map(|change| (change.key, change.value)).collect()
    }

    // -- checks ----------------------------------------------------------------------------------------------

    fn continues(&self, seq: u64, at: i64) -> Result<(), ApplyError> {
        if seq != self.size() {
            return refuse(Code::Link, format!("entry {seq} stands where {} is due", self.size()));
        }
        match &self.log {
            None if seq != 0 => refuse(Code::Link, "the log does not begin with genesis"),
            Some(log) if at < log.at => {
                refuse(Code::Link, format!("entry {seq} is older than the one before"))
            }
            _ => Ok(()),
        }
    }

    fn is_for_this_ledger(&self, record: &Record) -> Result<(), ApplyError> {
        match (&self.log, record.statement.ledger()) {
            (None, None) => Ok(()),
            (Some(log), Some(ledger)) if log.ledger == *ledger => Ok(()),
            _ => refuse(Code::WrongLedger, "the statement is for another ledger"),
        }
    }

    fn is_first_use(&self, record: &Record) -> Result<(), ApplyError> {
        let statement = &record.statement;
        if self.reader.payload_seq(&statement.payload_hash)?.is_some() {
            return refuse(Code::Conflict, "this very statement is already in the ledger");
        }
        let org = &statement.signers[0].org;
        if let Some(consumed) = self.reader.consumed_id(org, &statement.id)? {
            return refuse(
                Code::Conflict,
                format!(
                    "org:{org} already used id {} for payload {}; this payload is {}",
                    statement.id, consumed.payload, statement.payload_hash
                ),
            );
        }
        Ok(())
    }

    fn links_continue(&self, record: &Record) -> Result<(), ApplyError> {
        for link in &record.links {
            let (n, prev) = self.chain_end(&link.subject)?;
            if (link.n, link.prev) != (n, prev) {
                return refuse(
                    Code::Link,
                    format!("record {} breaks the chain of {}", record.seq, link.subject),
                );
            }
        }
        Ok(())
    }

    fn device_continues(&self, record: &Record) -> Result<Option<DeviceFact>, ApplyError> {
        let Some(device) = &record.statement.device else { return Ok(None) };
        let last = self.reader.device(&record.statement.signers[0].key)?;
        let (due, prev) = last.map_or((0, Hash::ZERO), |last| (last.n + 1, last.payload));
        if device.n > due {
            return refuse(Code::DeviceGap, format!("this phone's statement {due} has not arrived yet"));
        }
        if device.n < due || device.prev != prev {
            return refuse(
                Code::DeviceFork,
                format!("this phone already made another statement {}", device.n),
            );
        }
        Ok(Some(DeviceFact { n: device.n, payload: record.statement.payload_hash }))
    }

    fn data_fits(&self, record: &Record, outcome: &Outcome) -> Result<(), ApplyError> {
        let statement = &record.statement;
        let kind: Kind = statement
            .kind
            .to_string()
            .parse()
            .map_err(|_| Refusal::new(Code::Form, format!("unknown kind {}", statement.kind)))?;
        let data = Value::Object(statement.data.clone());
        let fits = match (&outcome.leaf, kind) {
            (Some(fact), Kind::Correction) => match fact.kind.parse::<Kind>() {
                Ok(original) => schema::validate_correction(original, &data),
                Err(_) => return refuse(Code::Form, "a correction of an unknown kind"),
            },
            _ => schema::validate(kind, &data),
        };
        fits.map_err(|errors| Refusal::new(Code::Form, errors.to_string()).into())
    }

    // -- writes ----------------------------------------------------------------------------------------------

    fn write<T: Serialize>(&mut self, key: Vec<u8>, fact: &T) {
        // Facts are plain structs of strings, numbers and lists with text keys: serde_json has no way to fail.
        let bytes = serde_json::to_vec(fact).expect("facts serialise");
        self.set(key, bytes);
    }

    fn set(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.reader.0.changes.insert(key, value);
    }

    fn write_indexes(&mut self, record: &Record, leaf: Hash) -> Result<(), FactsError> {
        let statement = &record.statement;
        let seq = record.seq.to_be_bytes().to_vec();
        self.set(keys::payload(&statement.payload_hash), seq.clone());
        let consumed = ConsumedId { payload: statement.payload_hash, leaf };
        self.write(keys::statement_id(&statement.signers[0].org, &statement.id), &consumed);
        for key in index::of_record(record) {
            self.set(key, Vec::new());
        }
        for link in &record.links {
            let subject = link.subject.as_str();
            self.set(keys::chain(subject, link.n), seq.clone());
            let value = map::MapValue { count: link.n + 1, last: leaf };
            let map_key = map::map_key(subject);
            if link.n == 0 {
                self.set(Clue::MapKey.key(map_key.as_bytes(), record.seq), subject.as_bytes().to_vec());
            }
            self.map_pending.insert(map_key, value);
            if link.n == 0 && link.subject.kind() == SubjectKind::Batch {
                let code = short_code::of_subject(&link.subject);
                self.set(keys::short_code(&code, link.subject.id()), Vec::new());
            }
        }
        Ok(())
    }

    fn write_outcome(&mut self, record: &Record, leaf: Hash, outcome: Outcome) -> Result<(), FactsError> {
        for link in &record.links {
            let before = self.reader.subject(&link.subject)?;
            let detail = match (outcome.details.get(&link.subject), before) {
                (Some(detail), _) => detail.clone(),
                (None, Some(before)) => before.detail,
                // The rules give every new subject its detail.
                (None, None) => return Err(FactsError(format!("{} began without a detail", link.subject))),
            };
            self.write(
                keys::subject(link.subject.as_str()),
                &SubjectFact { count: link.n + 1, head: leaf, detail },
            );
        }
        for (org, key) in &outcome.new_keys {
            let mut ids = self.reader.org_keys(org)?;
            ids.push(*key);
            self.write(keys::org_keys(org), &ids);
        }
        if let Some(original) = &outcome.corrects
            && let Some(mut fact) = self.reader.leaf(original)?
        {
            fact.current = leaf;
            self.write(keys::leaf(original), &fact);
        }
        if let Some(original) = &outcome.withdraws
            && let Some(mut fact) = self.reader.leaf(original)?
        {
            fact.withdrawn = Some(leaf);
            self.write(keys::leaf(original), &fact);
        }
        if let Some(fact) = &outcome.leaf {
            self.write(keys::leaf(&leaf), fact);
        }
        if let Some(log) = &mut self.log {
            log.rules = outcome.rules.unwrap_or(log.rules);
            if let Some(publication) = &outcome.publication {
                log.publication = Some(publication.to_string());
            }
            if let Some(vkey) = outcome.log_vkey {
                let old = std::mem::replace(&mut log.log_vkey, vkey);
                if !old.is_empty() {
                    let both_until = record.statement.data.get("both_until").and_then(Value::as_str);
                    let both_until = both_until.unwrap_or_default().to_owned();
                    log.replaced_keys.insert(0, ReplacedKey { vkey: old, seq: record.seq, both_until });
                }
            }
        }
        Ok(())
    }

    fn append_leaf(&mut self, seq: u64, at: i64, bytes: Vec<u8>, leaf: Hash) {
        self.set(keys::record(seq), bytes);
        self.set(Clue::Leaf.key(leaf.as_bytes(), seq), Vec::new());
        let changes = &mut self.reader.0.changes;
        self.frontier.push(leaf, |node| {
            changes.insert(keys::tree_node(node.level, node.index), node.hash.0.to_vec());
            if node.level > 0 {
                let first = node.index << node.level;
                changes.insert(Clue::Node.key(node.hash.as_bytes(), first), vec![node.level]);
            }
        });
        if let Some(mut log) = self.log.clone() {
            log.size = seq + 1;
            log.at = at;
            self.write(keys::LOG.to_vec(), &log);
            self.log = Some(log);
        }
    }

    // -- reads -----------------------------------------------------------------------------------------------

    fn chain_end(&self, subject: &Subject) -> Result<(u64, Hash), FactsError> {
        Ok(self.reader.subject(subject)?.map_or((0, Hash::ZERO), |fact| (fact.count, fact.head)))
    }

    fn map_update(&self) -> Result<map::MapUpdate, FactsError> {
        let root = self.log.as_ref().map_or(map::EMPTY_MAP, |log| log.map_root);
        map::update(&self.reader, &root, &self.map_pending).map_err(|error| FactsError(error.to_string()))
    }
}

/// The rules' window on a state: everything is known.
struct RulesView<'a, F>(&'a State<F>);

impl<F: Facts> View for RulesView<'_, F> {
    fn subject(&self, subject: &Subject) -> Result<Lookup<Detail>, FactsError> {
        Ok(self.0.reader.subject(subject)?.map_or(Lookup::Absent, |fact| Lookup::Known(fact.detail)))
    }

    fn leaf(&self, leaf: &Hash) -> Result<Lookup<LeafFact>, FactsError> {
        Ok(self.0.reader.leaf(leaf)?.map_or(Lookup::Absent, Lookup::Known))
    }

    fn org_keys(&self, org: &str) -> Result<Lookup<Vec<Hash>>, FactsError> {
        Ok(Lookup::Known(self.0.reader.org_keys(org)?))
    }

    fn log_vkey(&self) -> Result<Lookup<String>, FactsError> {
        Ok(self.0.log.as_ref().map_or(Lookup::Absent, |log| Lookup::Known(log.log_vkey.clone())))
    }

    fn rules(&self) -> u64 {
        self.0.log.as_ref().map_or(0, |log| log.rules)
    }

    fn is_demonstration(&self) -> bool {
        self.0.log.as_ref().is_some_and(|log| log.demonstration)
    }
}

fn refuse<T>(code: Code, message: impl Into<String>) -> Result<T, ApplyError> {
    Err(ApplyError::Refused(Refusal::new(code, message)))
}
