//! One leaf of the log: a record around a signed statement, or the ledger's own map record.
//!
//! The bytes are the RFC 8785 form of a closed JSON object (docs/format.md, "Records"); parsing accepts exactly
//! what encoding writes. Nothing here knows whether the record was allowed: that is `rules`.

use serde_json::{Map, Value, json};

use crate::merkle::Hash;
use crate::merkle::tile::ENTRY_BYTES_MAX;
use crate::merkle::tree::leaf_hash;
use crate::statement::envelope::Envelope;
use crate::statement::json::{Limits, canonical, parse_canonical};
use crate::statement::payload::Statement;
use crate::statement::subject::Subject;

const ENTRY_LIMITS: Limits = Limits { bytes_max: ENTRY_BYTES_MAX, depth_max: 8 };

/// The place of a record in the chain of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub subject: Subject,
    /// 0 for the first record that touches the subject.
    pub n: u64,
    /// Leaf hash of the chain's record n − 1; zero for n = 0.
    pub prev: Hash,
}

/// A statement and what the ledger adds to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub seq: u64,
    /// When the ledger took it, in milliseconds since 1970 UTC; never less than the record before.
    pub at: i64,
    /// One for each subject, in the order `subject`, then `touches`.
    pub links: Vec<Link>,
    pub envelope: Envelope,
    /// The parsed payload of `envelope`.
    pub statement: Statement,
}

/// The ledger's commitment to the subject map over records `0..size`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRecord {
    pub seq: u64,
    pub at: i64,
    pub root: Hash,
    /// Always equal to `seq`: everything before this record.
    pub size: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    Record(Box<Record>),
    Map(MapRecord),
}

/// The bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    #[error("entry: {0}")]
    Json(String),
    #[error("entry: {0}")]
    Shape(&'static str),
    #[error("entry {seq}: {problem}")]
    Statement { seq: u64, problem: String },
}

impl Entry {
    pub fn parse(bytes: &[u8]) -> Result<Entry, EntryError> {
        let value = parse_canonical(bytes, &ENTRY_LIMITS).map_err(|e| EntryError::Json(e.to_string()))?;
        Entry::from_json(&value)
    }

    /// From an already canonical JSON value, as a bundle holds it.
    pub fn from_json(value: &Value) -> Result<Entry, EntryError> {
        let object = value.as_object().ok_or(EntryError::Shape("not an object"))?;
        match object.get("type").and_then(Value::as_str) {
            Some("map") => MapRecord::from_json(object).map(Entry::Map),
            Some("record") => Record::from_json(object, false).map(|r| Entry::Record(Box::new(r))),
            Some("genesis") => Record::from_json(object, true).map(|r| Entry::Record(Box::new(r))),
            _ => Err(EntryError::Shape("unknown type")),
        }
    }

    pub fn to_json(&self) -> Value {
        match self {
            Entry::Record(record) => record.to_json(),
            Entry::Map(map) => map.to_json(),
        }
    }

    /// The leaf bytes.
    pub fn encode(&self) -> Vec<u8> {
        canonical(&self.to_json())
    }

    pub fn leaf(&self) -> Hash {
        leaf_hash(&self.encode())
    }

    pub fn seq(&self) -> u64 {
        match self {
            Entry::Record(record) => record.seq,
            Entry::Map(map) => map.seq,
        }
    }

    pub fn at(&self) -> i64 {
        match self {
            Entry::Record(record) => record.at,
            Entry::Map(map) => map.at,
        }
    }

    pub fn as_record(&self) -> Option<&Record> {
        match self {
            Entry::Record(record) => Some(record),
            Entry::Map(_) => None,
        }
    }
}

impl Record {
    /// Leaf 0 and only leaf 0 is the genesis record.
    pub fn is_genesis(&self) -> bool {
        self.seq == 0
    }

    pub fn to_json(&self) -> Value {
        let links: Vec<Value> = self
            .links
            .iter()
            .map(|link| json!({ "subject": link.subject.to_string(), "n": link.n, "prev": link.prev }))
            .collect();
        json!({
            "type": if self.is_genesis() { "genesis" } else { "record" },
            "seq": self.seq,
            "at": self.at,
            "links": links,
            "envelope": self.envelope.to_json(),
        })
    }

    pub fn encode(&self) -> Vec<u8> {
        canonical(&self.to_json())
    }

    pub fn leaf(&self) -> Hash {
        leaf_hash(&self.encode())
    }

    pub fn link(&self, subject: &Subject) -> Option<&Link> {
        self.links.iter().find(|link| &link.subject == subject)
    }

    fn from_json(object: &Map<String, Value>, genesis: bool) -> Result<Record, EntryError> {
        exact_members(object, &["at", "envelope", "links", "seq", "type"])?;
        let seq = natural(&object["seq"]).ok_or(EntryError::Shape("seq is not a natural number"))?;
        let shape = |problem: String| EntryError::Statement { seq, problem };
        if genesis != (seq == 0) {
            return Err(EntryError::Shape("leaf 0 and only leaf 0 is genesis"));
        }
        let at = object["at"].as_i64().filter(|at| *at >= 0).ok_or(EntryError::Shape("at"))?;
        let envelope = Envelope::from_record_json(&object["envelope"]).map_err(|e| shape(e.to_string()))?;
        let statement = Statement::parse(&envelope.payload).map_err(|e| shape(e.to_string()))?;
        if genesis != statement.is_genesis() {
            return Err(EntryError::Shape("the genesis statement stands at leaf 0 and nowhere else"));
        }
        let links = object["links"]
            .as_array()
            .ok_or(EntryError::Shape("links is not a list"))?
            .iter()
            .map(Link::from_json)
            .collect::<Result<Vec<Link>, EntryError>>()?;
        if !links.iter().map(|link| &link.subject).eq(statement.subjects()) {
            return Err(EntryError::Shape("the links are not those of the statement's subjects"));
        }
        envelope.check_signers(&statement).map_err(|e| shape(e.to_string()))?;
        Ok(Record { seq, at, links, envelope, statement })
    }
}

impl Link {
    fn from_json(value: &Value) -> Result<Link, EntryError> {
        let object = value.as_object().ok_or(EntryError::Shape("a link is not an object"))?;
        exact_members(object, &["n", "prev", "subject"])?;
        let subject = object["subject"].as_str().and_then(|text| Subject::parse(text).ok());
        let link = Link {
            subject: subject.ok_or(EntryError::Shape("a link's subject"))?,
            n: natural(&object["n"]).ok_or(EntryError::Shape("a link's n"))?,
            prev: hash(&object["prev"]).ok_or(EntryError::Shape("a link's prev"))?,
        };
        if (link.n == 0) != (link.prev == Hash::ZERO) {
            return Err(EntryError::Shape("a link's prev is zero for n = 0 and only then"));
        }
        Ok(link)
    }
}

impl MapRecord {
    pub fn to_json(&self) -> Value {
        json!({ "type": "map", "seq": self.seq, "at": self.at, "root": self.root, "size": self.size })
    }

    fn from_json(object: &Map<String, Value>) -> Result<MapRecord, EntryError> {
        exact_members(object, &["at", "root", "seq", "size", "type"])?;
        let map = MapRecord {
            seq: natural(&object["seq"]).ok_or(EntryError::Shape("seq is not a natural number"))?,
            at: object["at"].as_i64().filter(|at| *at >= 0).ok_or(EntryError::Shape("at"))?,
            root: hash(&object["root"]).ok_or(EntryError::Shape("root is not a hash"))?,
            size: natural(&object["size"]).ok_or(EntryError::Shape("size is not a natural number"))?,
        };
        if map.size != map.seq || map.seq == 0 {
            return Err(EntryError::Shape("a map record covers exactly the records before it"));
        }
        Ok(map)
    }
}

fn exact_members(object: &Map<String, Value>, names: &[&str]) -> Result<(), EntryError> {
    let exact = object.len() == names.len() && names.iter().all(|name| object.contains_key(*name));
    exact.then_some(()).ok_or(EntryError::Shape("members missing or unknown"))
}

fn natural(value: &Value) -> Option<u64> {
    value.as_u64()
}

fn hash(value: &Value) -> Option<Hash> {
    value.as_str()?.parse().ok()
}
