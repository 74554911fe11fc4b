//! Judges a bundle, layer by layer, from the trust file and the bundle's own bytes: no network, no clock of its own.
//!
//! The order is that of [`Layer`]. Each layer is judged on its own evidence, so that a reader learns what is wrong,
//! not just that something is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::anchored::{self, Anchored};
use super::bundle::{Bundle, MapClaim};
use super::needed::Needed;
use super::partial::PartialLedger;
use super::report::{Layer, Report, Status};
use super::signed_checkpoint::{self, SignedCheckpoint};
use super::trust::Trust;
use super::{bundle, omission};
use crate::ledger::{CheckError, Entry, Record, introduced_keys};
use crate::merkle::proof::{subset_root, verify_consistency};
use crate::merkle::{Hash, map};
use crate::note::policy::PolicyWitness;
use crate::statement::ed25519::PublicKey;
use crate::statement::payload::Statement;
use crate::statement::sealed::{self, BlobOpening, Opening};
use crate::statement::subject::Subject;

/// What the verifier is told besides the trust file.
#[derive(Debug, Clone)]
pub struct Options {
    /// The verifier's clock, in seconds since 1970.
    pub now: i64,
    /// How old the newest witness cosignature may be for `freshness`, in seconds.
    pub max_age: i64,
}

/// Checks a bundle file. Never fails: what cannot be judged is a layer's answer.
pub fn verify_bundle(bytes: &[u8], trust: &Trust, options: &Options) -> Report {
    let bundle = match Bundle::parse(bytes) {
        Ok(bundle) => bundle,
        Err(error) => {
            let mut report = Report::unchecked("the file could not be read");
            report.set(Layer::Encoding, Status::Failed(error.to_string()));
            return report;
        }
    };
    Checker::new(&bundle, trust).run(options)
}

struct Checker<'a> {
    bundle: &'a Bundle,
    trust: &'a Trust,
    /// Leaf hash of each of the bundle's records.
    leaves: Vec<Hash>,
    /// Positions in `bundle.records` of the records that link each subject, by rising sequence number.
    chains: BTreeMap<&'a Subject, Vec<usize>>,
    needed: Needed,
}

impl<'a> Checker<'a> {
    fn new(bundle: &'a Bundle, trust: &'a Trust) -> Checker<'a> {
        let leaves = bundle.records.iter().map(Entry::leaf).collect();
        let mut chains: BTreeMap<&Subject, Vec<usize>> = BTreeMap::new();
        for (i, entry) in bundle.records.iter().enumerate() {
            for link in entry.as_record().map(|record| record.links.as_slice()).unwrap_or_default() {
                chains.entry(&link.subject).or_default().push(i);
            }
        }
        let needed = needed_by(bundle, &chains);
        Checker { bundle, trust, leaves, chains, needed }
    }

    fn run(self, options: &Options) -> Report {
        let mut report = Report::unchecked("not reached");
        report.set(Layer::Encoding, self.encoding());
        report.set(Layer::Signatures, judged(self.signatures()));
        report.set(Layer::Chains, judged(self.chains()));
        let mut checkpoint = None;
        report.set(
            Layer::Log,
            match self.log() {
                Ok(main) => {
                    let text = format!("{} entries, root {}", main.checkpoint.size, main.checkpoint.root);
                    checkpoint = Some(main);
                    Status::Ok(text)
                }
                Err(problem) => Status::Failed(problem),
            },
        );
        let (completeness, complete) = self.completeness(options.now);
        let replayed = checkpoint.as_ref().map(|main| self.replayed_by(main)).unwrap_or_default();
        let as_of = self.as_of(options.now);
        report.set(Layer::Completeness, graded(completeness, &replayed, complete.len(), &as_of));
        report.set(Layer::Rights, self.rights(&complete));
        let (witnesses, freshness) = match &checkpoint {
            Some(main) => main.witnessed(self.trust, options.now, options.max_age),
            None => {
                let why = "the checkpoint is not the log's";
                (Status::NotChecked(why.into()), Status::NotChecked(why.into()))
            }
        };
        report.set(Layer::Witnesses, witnesses);
        report.set(Layer::Freshness, freshness);
        let anchored = checkpoint.as_ref().map(|_| anchored::judge_all(self.bundle, self.trust));
        report.set(
            Layer::Anchors,
            match &anchored {
                Some(anchored) => anchored::layer(anchored),
                None => Status::NotChecked("the checkpoint is not the log's".into()),
            },
        );
        let proven = Layer::ALWAYS.iter().all(|layer| report.status(*layer).is_ok());
        if let (true, Some(main)) = (proven, &checkpoint) {
            report.facts = self.facts(main, &replayed);
            let anchored = anchored.iter().flatten().map(Anchored::to_json);
            report.facts["anchors"] = anchored.collect();
        }
        report
    }

    fn encoding(&self) -> Status {
        if self.bundle.beyond.iter().ne(&self.needed.beyond) {
            return Status::Failed("it names other ancestors beyond its depth than the records do".into());
        }
        Status::Ok(format!("bundle v1, {} records, {}", self.bundle.records.len(), self.bundle.subject))
    }

    // -- signatures ------------------------------------------------------------------------------------------

    fn signatures(&self) -> Result<Status, String> {
        let keys = self.keys()?;
        let mut checked = 0;
        let mut without_key = BTreeSet::new();
        for record in self.records() {
            for signature in &record.envelope.signatures {
                match keys.get(&signature.keyid) {
                    Some(key) => record.envelope.verify(signature, key).map_err(|_| {
                        format!("record {}: the signature of {} does not fit", record.seq, signature.keyid)
                    })?,
                    None => {
                        without_key.insert(signature.keyid);
                    }
                }
                checked += 1;
            }
        }
        let opened = self.openings()?;
        match without_key.first() {
            Some(key) => Ok(Status::NotChecked(format!("the bundle does not carry key {key}"))),
            None => Ok(Status::Ok(format!("{checked} signatures, {opened} opened values"))),
        }
    }

    /// Every public key that a record of the bundle introduces. A key id is the hash of the key, so none can lie.
    fn keys(&self) -> Result<HashMap<Hash, PublicKey>, String> {
        let introduced = self.records().flat_map(|record| introduced_keys(&record.statement));
        let parsed = introduced.map(|bytes| {
            let key = PublicKey::parse(&bytes.0).map_err(|error| format!("public key {bytes}: {error}"))?;
            Ok((key.key_id(), key))
        });
        parsed.collect()
    }

    fn openings(&self) -> Result<usize, String> {
        let mut opened = 0;
        for group in &self.bundle.openings {
            let place = self.leaves.iter().position(|leaf| *leaf == group.leaf);
            let record = place.and_then(|i| self.bundle.records[i].as_record());
            let record =
                record.ok_or_else(|| format!("openings for record {}, which is not here", group.leaf))?;
            for opening in &group.openings {
                check_opening(&record.statement, opening)
                    .map_err(|error| format!("record {}: {error}", record.seq))?;
                opened += 1;
            }
        }
        Ok(opened)
    }

    // -- chains ----------------------------------------------------------------------------------------------

    fn chains(&self) -> Result<Status, String> {
        for pair in self.bundle.records.windows(2) {
            if pair[1].at() < pair[0].at() {
                return Err(format!("record {} has an earlier time than the one before", pair[1].seq()));
            }
        }
        for record in self.records().filter(|record| !record.is_genesis()) {
            if record.statement.ledger() != Some(&self.trust.genesis) {
                return Err(format!("record {} was signed for another ledger", record.seq));
            }
        }
        self.said_once()?;
        for (subject, places) in &self.chains {
            for pair in places.windows(2) {
                let (Some(before), Some(after)) = (self.link(pair[0], subject), self.link(pair[1], subject))
                else {
                    continue;
                };
                if after.n <= before.n {
                    return Err(format!("{subject} has two records where one is due"));
                }
                if after.n == before.n + 1 && after.prev != self.leaves[pair[0]] {
                    return Err(format!("record {} of {subject} does not continue the one before", after.n));
                }
            }
        }
        Ok(Status::Ok(format!("{} chains", self.chains.len())))
    }

    /// An organisation uses an id once, and so says a statement once: who counts it again is no ledger.
    fn said_once(&self) -> Result<(), String> {
        let mut said = HashMap::new();
        for record in self.records() {
            let statement = &record.statement;
            if let Some(first) = said.insert((&statement.signers[0].org, &statement.id), record.seq) {
                let seq = record.seq;
                return Err(format!("record {seq} has the id of record {first}: a statement counts once"));
            }
        }
        Ok(())
    }

    fn link(&self, place: usize, subject: &Subject) -> Option<&crate::ledger::Link> {
        self.bundle.records[place].as_record()?.link(subject)
    }

    // -- log -------------------------------------------------------------------------------------------------

    fn log(&self) -> Result<SignedCheckpoint, String> {
        let bundle = self.bundle;
        let notes: Vec<SignedCheckpoint> = bundle
            .checkpoints
            .iter()
            .map(|text| signed_checkpoint::open(text, self.trust))
            .collect::<Result<_, _>>()?;
        // `Bundle::parse` refuses a bundle without checkpoints.
        let main = notes.first().cloned().ok_or("the bundle has no checkpoint")?;
        if bundle.origin != self.trust.origin || main.checkpoint.size != bundle.size {
            return Err("the first checkpoint is not the one that the bundle names".into());
        }
        match bundle.records.last() {
            Some(Entry::Map(map)) if map.seq + 1 == bundle.size => {}
            _ => return Err("the checkpoint does not end with a map record".into()),
        }
        match bundle.records.first() {
            Some(Entry::Record(record)) if record.is_genesis() && self.leaves[0] == self.trust.genesis => {}
            _ => return Err("the genesis record is not the one of the trust file".into()),
        }
        let seqs = bundle.records.iter().map(Entry::seq);
        let placed: Vec<(u64, Hash)> = seqs.zip(self.leaves.iter().copied()).collect();
        let root = subset_root(&placed, bundle.size, &bundle.inclusion).map_err(|error| error.to_string())?;
        if root != main.checkpoint.root {
            return Err("the records are not those of the log's tree".into());
        }
        self.other_checkpoints(&notes)?;
        Ok(main)
    }

    /// Every further checkpoint is tied to the first by a consistency proof, and every such proof ties one.
    fn other_checkpoints(&self, notes: &[SignedCheckpoint]) -> Result<(), String> {
        let main = &notes[0].checkpoint;
        if self.bundle.consistency.len() != notes.len() - 1 {
            return Err("consistency proofs and checkpoints do not match".into());
        }
        for (note, proof) in notes[1..].iter().zip(&self.bundle.consistency) {
            let other = &note.checkpoint;
            let (old, new) = if other.size <= main.size { (other, main) } else { (main, other) };
            if (proof.from, proof.to) != (old.size, new.size) {
                return Err("a consistency proof is for other sizes than its checkpoint".into());
            }
            verify_consistency(old.size, new.size, &old.root, &new.root, &proof.path).map_err(|_| {
                format!(
                    "the checkpoints of {} and {} entries show two different histories",
                    old.size, new.size
                )
            })?;
        }
        Ok(())
    }

    // -- completeness ----------------------------------------------------------------------------------------

    /// The layer's answer, and the subjects whose whole chains are shown to be here.
    fn completeness(&self, now: i64) -> (Status, BTreeSet<Subject>) {
        let mut complete = BTreeSet::new();
        let Some(Entry::Map(last)) = self.bundle.records.last() else {
            return (Status::Failed("the checkpoint does not end with a map record".into()), complete);
        };
        for claim in &self.bundle.map {
            if map::verify_map(&last.root, claim.subject.as_str(), claim.value, &claim.proof).is_err() {
                return (
                    Status::Failed(format!("the map proof of {} does not fit", claim.subject)),
                    complete,
                );
            }
            match self.whole(claim) {
                Ok(true) => {
                    complete.insert(claim.subject.clone());
                }
                Ok(false) => {}
                Err(problem) => return (Status::Failed(problem), complete),
            }
        }
        if let Some(problem) = omission::shown_by(self.bundle, self.trust) {
            return (Status::Failed(problem), complete);
        }
        let asked = &self.bundle.subject;
        let absent = self.bundle.map.iter().any(|claim| claim.subject == *asked && claim.value.is_none());
        let mut wanting = self.needed.subjects().filter(|subject| !complete.contains(*subject));
        if let Some(subject) = wanting.find(|subject| !absent || *subject != asked) {
            return (Status::NotChecked(format!("the chain of {subject} is not here in full")), complete);
        }
        if !self.needed.beyond.is_empty() {
            let why = format!("ancestors beyond {} lots: not checked", bundle::DEPTH_MAX);
            return (Status::NotChecked(why), complete);
        }
        let (chains, as_of) = (complete.len(), self.as_of(now));
        let claimed =
            format!("claimed: the operator states that nothing is left out of {chains} chains {as_of}");
        (Status::Ok(claimed), complete)
    }

    /// The replaying witnesses of the policy that have cosigned this checkpoint or a later one: each of them has worked out
    /// every map record up to there, so this one's too.
    fn replayed_by(&self, main: &SignedCheckpoint) -> Vec<String> {
        let notes = self.bundle.checkpoints.iter();
        let notes = notes.filter_map(|text| signed_checkpoint::open(text, self.trust).ok());
        let later = notes.filter(|note| note.checkpoint.size >= main.checkpoint.size);
        let places: BTreeSet<usize> = later.flat_map(|note| note.places).collect();
        let witnesses = self.trust.policy.witnesses();
        let cosigned = |asked: &PolicyWitness| places.iter().any(|place| witnesses[*place] == *asked);
        let replayed = self.trust.policy.replayed_by(cosigned).into_iter();
        replayed.map(|place| witnesses[place].key.name().to_string()).collect()
    }

    /// The checkpoint that completeness speaks of, and its age.
    fn as_of(&self, now: i64) -> String {
        let at = self.bundle.records.last().map_or(0, Entry::at);
        format!("as of {} entries, {}", self.bundle.size, age(at, now))
    }

    /// Whether all records that the map counts for a subject are here, and end as it says.
    fn whole(&self, claim: &MapClaim) -> Result<bool, String> {
        let places = self.chains.get(&claim.subject).map(Vec::as_slice).unwrap_or_default();
        let Some(value) = claim.value else {
            return match places.is_empty() {
                true => Ok(false),
                false => Err(format!(
                    "the map says that {} does not exist, and here are its records",
                    claim.subject
                )),
            };
        };
        if places.len() as u64 > value.count {
            return Err(format!("{} has more records than the map counts", claim.subject));
        }
        let contiguous = places
            .iter()
            .enumerate()
            .all(|(n, place)| self.link(*place, &claim.subject).is_some_and(|link| link.n == n as u64));
        if !contiguous || (places.len() as u64) < value.count {
            return Ok(false);
        }
        match places.last().map(|place| self.leaves[*place]) {
            Some(head) if head == value.last => Ok(true),
            _ => Err(format!("the chain of {} does not end where the map says", claim.subject)),
        }
    }

    // -- rights ----------------------------------------------------------------------------------------------

    fn rights(&self, complete: &BTreeSet<Subject>) -> Status {
        let mut ledger = PartialLedger::new(complete.clone());
        let mut unseen: BTreeSet<Subject> = BTreeSet::new();
        for (entry, leaf) in self.bundle.records.iter().zip(&self.leaves) {
            let Entry::Record(record) = entry else { continue };
            match ledger.apply(record, *leaf) {
                Ok(missing) => {
                    unseen.extend(missing.into_iter().filter(|subject| self.needed.contains(subject)))
                }
                Err(CheckError::Refused(refusal)) => {
                    return Status::Failed(format!("record {}: {refusal}", record.seq));
                }
                Err(error @ (CheckError::Facts(_) | CheckError::NewerRules(_))) => {
                    return Status::NotChecked(error.to_string());
                }
            }
        }
        if ledger.rules_version() != self.bundle.rules {
            return Status::Failed("the bundle names other rules than the ledger's own chain".into());
        }
        match unseen.first() {
            Some(subject) => Status::NotChecked(format!("the chain of {subject} is not here in full")),
            None => Status::Ok(format!("rules {}, {} records", self.bundle.rules, self.records().count())),
        }
    }

    // -- facts -----------------------------------------------------------------------------------------------

    fn facts(&self, main: &SignedCheckpoint, replayed: &[String]) -> Value {
        let records: Vec<Value> = self
            .bundle
            .records
            .iter()
            .zip(&self.leaves)
            .filter_map(|(entry, leaf)| Some((entry.as_record()?, leaf)))
            .map(|(record, leaf)| {
                let payload: Value = serde_json::from_slice(&record.statement.payload).unwrap_or(Value::Null);
                json!({ "seq": record.seq, "at": record.at, "leaf": leaf, "statement": payload })
            })
            .collect();
        json!({
            "subject": self.bundle.subject.to_string(),
            "origin": main.checkpoint.origin.as_str(),
            "size": main.checkpoint.size,
            "root": main.checkpoint.root,
            "completeness": if replayed.is_empty() { "claimed" } else { "replayed" },
            "replayed_by": replayed,
            "exists": self.chains.contains_key(&self.bundle.subject),
            "records": records,
        })
    }

    fn records(&self) -> impl Iterator<Item = &'a Record> + '_ {
        self.bundle.records.iter().filter_map(Entry::as_record)
    }
}

fn check_opening(statement: &Statement, opening: &Value) -> Result<(), sealed::SealError> {
    match BlobOpening::from_json(opening) {
        Ok(blob) => sealed::check_blob(statement, &blob),
        Err(_) => sealed::check(statement, &Opening::from_json(opening)?),
    }
}

/// Completeness in its second grade, where somebody else than the operator has worked it out.
fn graded(completeness: Status, replayed: &[String], chains: usize, as_of: &str) -> Status {
    match completeness {
        Status::Ok(_) if !replayed.is_empty() => Status::Ok(format!(
            "replayed by {} ({}): nothing is left out of {chains} chains {as_of}",
            replayed.len(),
            replayed.join(", ")
        )),
        other => other,
    }
}

/// How old a checkpoint is, whose last entry the log took at `at` (milliseconds) by its own clock.
fn age(at: i64, now: i64) -> String {
    let seconds = now.saturating_sub(at.div_euclid(1_000));
    let said = match seconds {
        ..0 => return "a checkpoint whose time lies ahead of ours".into(),
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} days", seconds / 86_400),
    };
    format!("a checkpoint {said} old by the log's own clock")
}

fn judged(answer: Result<Status, String>) -> Status {
    answer.unwrap_or_else(Status::Failed)
}

/// The subjects that the records of the bundle make needed.
fn needed_by(bundle: &Bundle, chains: &BTreeMap<&Subject, Vec<usize>>) -> Needed {
    let mut needed = Needed::of(&bundle.subject, bundle::DEPTH_MAX);
    let mut open: Vec<Subject> = needed.subjects().cloned().collect();
    while let Some(subject) = open.pop() {
        for place in chains.get(&subject).map(Vec::as_slice).unwrap_or_default() {
            if let Some(record) = bundle.records[*place].as_record() {
                open.extend(needed.follow(&subject, record));
            }
        }
    }
    needed
}
