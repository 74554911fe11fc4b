//! What an operator can do who has the log's key and a program of his own: take the ledger apart, change it, and hash,
//! count and sign everything again. What he puts together is a directory that the real `suyuan` serves.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use suyuan::ledger::{
    BatchFact, Detail, Entry, LogFact, MapRecord, MemoryFacts, Reader, Record, State, SubjectFact, keys,
};
use suyuan::merkle::Hash;
use suyuan::merkle::map::{self, MapValue};
use suyuan::merkle::proof::{consistency_path, inclusion_path, subset_proof};
use suyuan::merkle::tree::{Frontier, leaf_hash};
use suyuan::note::add_checkpoint::AddCheckpoint;
use suyuan::note::checkpoint::Checkpoint;
use suyuan::note::signed_note::{self, SignedNote};
use suyuan::note::tlog_proof::TlogProof;
use suyuan::statement::ed25519::KeyPair;
use suyuan::statement::envelope::Envelope;
use suyuan::statement::payload::Statement;
use suyuan::statement::subject::{Subject, SubjectKind};
use suyuan::store::signed_head::SignedHead;
use suyuan::store::{self, Batch, HEAD, KeyRange, Read as _, checkpoints};
use suyuan::verify::bundle::Bundle;
use suyuan::verify::collect::{self, Under};

use crate::stage::{ORIGIN, Stage};

/// Openings of sealed values, and where an attachment belongs: kept beside the ledger.
const OPENINGS: &[u8] = b"q/o/";
const ATTACHMENTS: &[u8] = b"q/b/";

/// Records that one map record counts.
#[derive(Clone)]
pub(crate) struct Group {
    pub(crate) records: Vec<Record>,
    pub(crate) at: i64,
}

/// How records stand in their chains when a ledger is put together again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// As the new history has it.
    Again,
    /// As they were.
    Kept,
}

#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) facts: BTreeMap<Vec<u8>, Vec<u8>>,
    key: Arc<KeyPair>,
}

impl Forge {
    /// The ledger in a directory that nobody serves.
    pub(crate) fn of(stage: &Stage, dir: &str) -> anyhow::Result<Forge> {
        let snapshot = store::open(&stage.path(dir).join("db"))?.snapshot();
        let mut facts = BTreeMap::new();
        for pair in snapshot.scan(&KeyRange::all()) {
            let (key, value) = pair?;
            facts.insert(key, value);
        }
        // A commit moves it.
        facts.remove(HEAD);
        Ok(Forge { facts, key: Arc::new(stage.key("log")?) })
    }

    pub(crate) fn reader(&self) -> Reader<MemoryFacts> {
        Reader(MemoryFacts(self.facts.clone()))
    }

    pub(crate) fn log(&self) -> anyhow::Result<LogFact> {
        self.reader().log()?.context("it holds no ledger")
    }

    pub(crate) fn size(&self) -> anyhow::Result<u64> {
        Ok(self.log()?.size)
    }

    pub(crate) fn record(&self, seq: u64) -> anyhow::Result<Record> {
        let entry = self.reader().entry(seq)?;
        Ok(entry.as_record().context("it is no record")?.clone())
    }

    pub(crate) fn groups(&self) -> anyhow::Result<Vec<Group>> {
        let reader = self.reader();
        let (mut groups, mut records) = (Vec::new(), Vec::new());
        for seq in 0..self.size()? {
            match reader.entry(seq)? {
                Entry::Record(record) => records.push(*record),
                Entry::Map(map) => groups.push(Group { records: std::mem::take(&mut records), at: map.at }),
            }
        }
        Ok(groups)
    }

    // -- putting together ------------------------------------------------------------------------------------

    /// The whole ledger again, from its first record on: every link, leaf, map record, tree node and checkpoint made
    /// anew. Rules are asked nothing that they would refuse.
    pub(crate) fn again(&self, groups: &[Group], links: Links) -> anyhow::Result<Forge> {
        self.again_reworded(groups, links, |_, _| Ok(()))
    }

    /// The same, with each record changed on its way; it is told where the leaves before it have gone.
    pub(crate) fn again_reworded(
        &self,
        groups: &[Group],
        links: Links,
        mut reword: impl FnMut(&mut Record, &BTreeMap<Hash, Hash>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Forge> {
        let mut forge = Forge { facts: BTreeMap::new(), key: self.key.clone() };
        let mut moved = BTreeMap::new();
        for group in groups.iter().filter(|group| !group.records.is_empty()) {
            let leaves: Vec<Hash> = group.records.iter().map(Record::leaf).collect();
            let mut group = group.clone();
            group.records.iter_mut().try_for_each(|record| reword(record, &moved))?;
            let placed = match forge.lawfully(&group, links)? {
                Some(placed) => placed,
                None => forge.by_force(&group, links)?,
            };
            moved.extend(leaves.into_iter().zip(placed));
            forge.note_down()?;
        }
        forge.take_openings(&self.facts, &moved);
        Ok(forge)
    }

    /// As the rules have it; nothing if they refuse.
    fn lawfully(&mut self, group: &Group, links: Links) -> anyhow::Result<Option<Vec<Hash>>> {
        let mut state = State::load(MemoryFacts(self.facts.clone()))?;
        let mut leaves = Vec::new();
        for record in &group.records {
            let record = match links {
                Links::Kept => record.clone(),
                Links::Again => state.draft(record.envelope.clone(), record.statement.clone(), record.at)?,
            };
            // Without a look at the signatures: nobody makes him look.
            match state.apply_admitted(&record) {
                Ok(applied) => leaves.push(applied.leaf),
                Err(_) => return Ok(None),
            }
        }
        if state.seal(group.at).is_err() {
            return Ok(None);
        }
        self.facts.extend(state.take_changes().into_iter().map(|change| (change.key, change.value)));
        Ok(Some(leaves))
    }

    fn by_force(&mut self, group: &Group, links: Links) -> anyhow::Result<Vec<Hash>> {
        let mut leaves = Vec::new();
        for record in &group.records {
            let record = match links {
                Links::Kept => record.clone(),
                Links::Again => self.draft(&record.envelope, &record.statement, record.at)?,
            };
            leaves.push(self.push(&record)?);
        }
        self.seal(group.at)?;
        Ok(leaves)
    }

    /// A record that goes on from here, whatever the rules would say to it.
    pub(crate) fn draft(
        &self,
        envelope: &Envelope,
        statement: &Statement,
        at: i64,
    ) -> anyhow::Result<Record> {
        let state = State::load(MemoryFacts(self.facts.clone()))?;
        let mut record = state.draft(envelope.clone(), statement.clone(), at)?;
        record.seq = self.size()?;
        Ok(record)
    }

    /// The next record, as the rules have it, and its map record.
    pub(crate) fn take(&mut self, record: Record, at: i64) -> anyhow::Result<()> {
        let group = Group { records: vec![record], at };
        self.lawfully(&group, Links::Kept)?.context("the rules refuse it")?;
        self.note_down()
    }

    /// The next record, unseen by any rule.
    pub(crate) fn push(&mut self, record: &Record) -> anyhow::Result<Hash> {
        let leaf = self.append(&record.encode(), record.at)?;
        for link in &record.links {
            let subject = link.subject.as_str();
            self.facts.insert(keys::chain(subject, link.n), record.seq.to_be_bytes().to_vec());
            let before = self.reader().subject(&link.subject)?;
            let detail = match before {
                Some(fact) => fact.detail,
                None => detail_of(&link.subject)?,
            };
            let fact = SubjectFact { count: link.n + 1, head: leaf, detail };
            self.facts.insert(keys::subject(subject), serde_json::to_vec(&fact)?);
        }
        Ok(leaf)
    }

    /// The map record over what the facts count now, which need not be what the log holds.
    pub(crate) fn seal(&mut self, at: i64) -> anyhow::Result<()> {
        let mut values: BTreeMap<Hash, MapValue> = BTreeMap::new();
        for (key, value) in self.facts.iter().filter(|(key, _)| key.starts_with(b"s/")) {
            let fact: SubjectFact = serde_json::from_slice(value)?;
            let subject = std::str::from_utf8(&key[2..])?;
            values.insert(map::map_key(subject), MapValue { count: fact.count, last: fact.head });
        }
        let update = map::update(&map::MapNodesInMemory::new(), &map::EMPTY_MAP, &values)?;
        for (hash, node) in &update.new_nodes {
            self.facts.insert(keys::map_node(hash), node.encode());
        }
        let size = self.size()?;
        self.facts.insert(keys::map_root(size), update.root.0.to_vec());
        self.append(&Entry::Map(MapRecord { seq: size, at, root: update.root, size }).encode(), at)?;
        let mut log = self.log()?;
        log.map_root = update.root;
        self.facts.insert(keys::LOG.to_vec(), serde_json::to_vec(&log)?);
        self.note_down()
    }

    /// As if the record were not in the log: no chain counts it any more, and the next map record will not. The log
    /// itself holds it as before.
    pub(crate) fn forget(&mut self, record: &Record, before: &Forge) -> anyhow::Result<()> {
        for link in &record.links {
            let subject = link.subject.as_str();
            self.facts.remove(&keys::chain(subject, link.n));
            match before.facts.get(&keys::subject(subject)) {
                Some(fact) => self.facts.insert(keys::subject(subject), fact.clone()),
                None => self.facts.remove(&keys::subject(subject)),
            };
        }
        Ok(())
    }

    /// Signs a checkpoint of what stands here.
    pub(crate) fn note_down(&mut self) -> anyhow::Result<()> {
        let (size, note) = (self.size()?, self.note()?);
        self.facts.insert(checkpoint_key(size)?, note.into_bytes());
        Ok(())
    }

    fn append(&mut self, bytes: &[u8], at: i64) -> anyhow::Result<Hash> {
        let mut log = self.log()?;
        let mut frontier = Frontier::from_nodes(log.size, &self.reader())?;
        let leaf = leaf_hash(bytes);
        let facts = &mut self.facts;
        frontier.push(leaf, |node| {
            facts.insert(keys::tree_node(node.level, node.index), node.hash.0.to_vec());
        });
        self.facts.insert(keys::record(log.size), bytes.to_vec());
        log.size += 1;
        log.at = at;
        self.facts.insert(keys::LOG.to_vec(), serde_json::to_vec(&log)?);
        Ok(leaf)
    }

    /// Openings stand beside the record that they open, wherever it went.
    fn take_openings(&mut self, from: &BTreeMap<Vec<u8>, Vec<u8>>, moved: &BTreeMap<Hash, Hash>) {
        let new = |leaf: &[u8]| Some(moved.get(&Hash(leaf.try_into().ok()?))?.as_bytes().to_vec());
        for (key, value) in from {
            if let Some(rest) = key.strip_prefix(OPENINGS) {
                if let Some(leaf) = new(&rest[..32]) {
                    self.facts.insert([OPENINGS, &leaf, &rest[32..]].concat(), value.clone());
                }
            } else if key.starts_with(ATTACHMENTS)
                && let Some(leaf) = new(&value[..32])
            {
                self.facts.insert(key.clone(), [&leaf, &value[32..]].concat());
            }
        }
    }

    // -- giving away -----------------------------------------------------------------------------------------

    pub(crate) fn root(&self) -> anyhow::Result<Hash> {
        Ok(Frontier::from_nodes(self.size()?, &self.reader())?.root())
    }

    /// A signed checkpoint of what stands here.
    pub(crate) fn note(&self) -> anyhow::Result<String> {
        let origin = ORIGIN.parse().map_err(|_| anyhow!("the origin"))?;
        let text = Checkpoint { origin, size: self.size()?, root: self.root()? }.to_string();
        let name = ORIGIN.parse().map_err(|_| anyhow!("the origin"))?;
        let line = signed_note::sign(&text, &name, &self.key);
        Ok(SignedNote::new(text, vec![line])?.to_string())
    }

    pub(crate) fn under(&self) -> anyhow::Result<Under> {
        Ok(Under { size: self.size()?, note: self.note()? })
    }

    /// What a witness is asked, that cosigned `old` entries last.
    pub(crate) fn add_checkpoint(&self, old: u64) -> anyhow::Result<String> {
        let size = self.size()?;
        let path = match old {
            0 => Vec::new(),
            old if old <= size => consistency_path(&self.reader(), old, size)?,
            _ => Vec::new(),
        };
        let checkpoint = SignedNote::parse(self.note()?.as_bytes())?;
        Ok(AddCheckpoint { old, path, checkpoint }.to_string())
    }

    pub(crate) fn bundle(&self, subject: &str) -> anyhow::Result<Bundle> {
        let subject = Subject::parse(subject)?;
        Ok(collect::bundle(&self.reader(), &subject, &self.under()?, &[], &crate::stage::now())?)
    }

    /// The bundle with another list of records, under the newest checkpoint, and the proofs that go with them.
    pub(crate) fn prove(&self, mut bundle: Bundle, records: Vec<Entry>) -> anyhow::Result<Bundle> {
        let places: Vec<u64> = records.iter().map(Entry::seq).collect();
        bundle.size = self.size()?;
        bundle.inclusion = subset_proof(&self.reader(), &places, bundle.size)?;
        bundle.checkpoints = vec![self.note()?];
        bundle.consistency = Vec::new();
        bundle.records = records;
        Ok(bundle)
    }

    /// The newest map's counts in place of those that the bundle carries.
    pub(crate) fn count(&self, bundle: &mut Bundle) -> anyhow::Result<()> {
        let (reader, root) = (self.reader(), self.log()?.map_root);
        for claim in &mut bundle.map {
            *claim = collect::claim(&reader, &root, &claim.subject)?;
        }
        Ok(())
    }

    pub(crate) fn receipt(&self, seq: u64) -> anyhow::Result<String> {
        let reader = self.reader();
        let extra = reader.entry_bytes(seq)?.context("it is not there")?;
        let path = inclusion_path(&reader, seq, self.size()?)?;
        let checkpoint = SignedNote::parse(self.note()?.as_bytes())?;
        Ok(TlogProof { extra, index: seq, path, checkpoint }.to_string())
    }

    /// A directory that `suyuan` takes for a ledger: everything of `from` beside the database, and this in it.
    pub(crate) fn save(&self, stage: &Stage, from: &str, to: &str) -> anyhow::Result<()> {
        stage.copy(from, to)?;
        let dir = stage.path(to);
        std::fs::remove_dir_all(dir.join("db"))?;
        write(&dir.join("db"), &self.facts, self.size()?)?;
        std::fs::remove_file(dir.join("signed-head"))?;
        SignedHead::new(dir.join("signed-head")).write(self.note()?.as_bytes())?;
        Ok(())
    }
}

fn write(db: &Path, facts: &BTreeMap<Vec<u8>, Vec<u8>>, size: u64) -> anyhow::Result<()> {
    let store = store::create(db)?;
    let mut batch = Batch::default();
    for (key, value) in facts {
        batch.put(key.clone(), value.clone());
    }
    Ok(store.commit(batch, 0, size)?)
}

fn checkpoint_key(size: u64) -> anyhow::Result<Vec<u8>> {
    let mut batch = Batch::default();
    checkpoints::put(&mut batch, size, "");
    let memory = store::memory::MemoryStore::new();
    store::Store::commit(&memory, batch, 0, size)?;
    let pair = memory.scan(&KeyRange::prefix(*b"k/")).next().context("a checkpoint")??;
    Ok(pair.0)
}

/// What is known of a subject that no rule has let begin.
fn detail_of(subject: &Subject) -> anyhow::Result<Detail> {
    match subject.kind() {
        SubjectKind::Batch => {
            let org = subject.id().split('.').next().unwrap_or_default().to_owned();
            Ok(Detail::Batch(BatchFact {
                holders: [org.clone()].into(),
                org,
                growing: false,
                open_shipments: Vec::new(),
            }))
        }
        _ => Err(anyhow!("{subject} cannot begin by force")),
    }
}
