//! The bundle file: everything it takes to check a trace with no network. docs/format.md, "Bundle".
//!
//! Parsing accepts one encoding only, so a changed byte is either refused here or changes something that a layer
//! checks. Nothing here decides whether what the bundle says is true: that is `check`.

use serde_json::{Map, Value, json};

use crate::ledger::Entry;
use crate::merkle::Hash;
use crate::merkle::map::{MapLeaf, MapProof, MapValue};
use crate::merkle::tile::ENTRY_BYTES_MAX;
use crate::statement::json::{Limits, canonical, parse_canonical};
use crate::statement::subject::Subject;

pub const RECORDS_MAX: usize = 4_096;
pub const BYTES_MAX: usize = 8 * 1024 * 1024;
/// How many lots deep the ancestors are followed.
pub const DEPTH_MAX: u64 = 64;

const LIMITS: Limits = Limits { bytes_max: BYTES_MAX, depth_max: 24 };

#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// The batch (or other subject) that was asked for.
    pub subject: Subject,
    pub origin: String,
    /// The rules version in force at `size`.
    pub rules: u64,
    /// Number of entries of the checkpoint that everything is proven under.
    pub size: u64,
    /// When the server made the file, by its own clock. Proven by nothing.
    pub generated_at: String,
    /// Signed notes with all their lines. The first is the one of `size`.
    pub checkpoints: Vec<String>,
    pub consistency: Vec<Consistency>,
    /// By rising sequence number; the last one is the map record at `size − 1`.
    pub records: Vec<Entry>,
    /// One proof for all records: docs/format.md, "Subset proof".
    pub inclusion: Vec<Hash>,
    /// By rising subject.
    pub map: Vec<MapClaim>,
    pub openings: Vec<LeafOpenings>,
    /// tlog-proofs of records with their bytes, made by whoever holds receipts.
    pub receipts: Vec<String>,
    pub anchors: Vec<AnchorSlot>,
    /// Ancestors beyond [`DEPTH_MAX`], which nothing here speaks about.
    pub beyond: Vec<Subject>,
}

/// The log of `from` entries is a beginning of the log of `to` entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    pub from: u64,
    pub to: u64,
    pub path: Vec<Hash>,
}

/// What the subject map says of a subject: how long its chain is and where it ends, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapClaim {
    pub subject: Subject,
    pub value: Option<MapValue>,
    pub proof: MapProof,
}

/// Openings of one record's sealed values; each is judged against the record's statement.
#[derive(Debug, Clone, PartialEq)]
pub struct LeafOpenings {
    pub leaf: Hash,
    pub openings: Vec<Value>,
}

/// Evidence from outside, in its native bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorSlot {
    pub kind: String,
    pub version: u64,
    pub size: u64,
    /// Standard base64.
    pub evidence: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("the file is not a bundle: {0}")]
    Shape(String),
    #[error("the file's own digest does not fit its content")]
    Digest,
}

impl Bundle {
    /// Reads the file. Its digest only guards against accidents: whoever forges a bundle recomputes it.
    pub fn parse(bytes: &[u8]) -> Result<Bundle, BundleError> {
        let value = parse_canonical(bytes, &LIMITS).map_err(|error| BundleError::Shape(error.to_string()))?;
        let file = object(&value, &["bundle", "sha256"])?;
        if file["sha256"] != Value::String(Hash::of(&canonical(&file["bundle"])).to_string()) {
            return Err(BundleError::Digest);
        }
        Bundle::from_json(&file["bundle"])
    }

    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let body = self.to_json();
        let digest = Hash::of(&canonical(&body));
        canonical(&json!({ "bundle": body, "sha256": digest }))
    }

    fn to_json(&self) -> Value {
        json!({
            "v": 1,
            "subject": self.subject.to_string(),
            "origin": self.origin,
            "rules": self.rules,
            "size": self.size,
            "generated_at": self.generated_at,
            "checkpoints": self.checkpoints,
            "consistency": self.consistency.iter().map(Consistency::to_json).collect::<Vec<_>>(),
            "records": self.records.iter().map(Entry::to_json).collect::<Vec<_>>(),
            "inclusion": self.inclusion,
            "map": self.map.iter().map(MapClaim::to_json).collect::<Vec<_>>(),
            "openings": self.openings.iter().map(LeafOpenings::to_json).collect::<Vec<_>>(),
            "receipts": self.receipts,
            "anchors": self.anchors.iter().map(AnchorSlot::to_json).collect::<Vec<_>>(),
            "beyond": self.beyond.iter().map(Subject::to_string).collect::<Vec<_>>(),
        })
    }

    fn from_json(value: &Value) -> Result<Bundle, BundleError> {
        let members = [
            "anchors",
            "beyond",
            "checkpoints",
            "consistency",
            "generated_at",
            "inclusion",
            "map",
            "openings",
            "origin",
            "receipts",
            "records",
            "rules",
            "size",
            "subject",
            "v",
        ];
        let body = object(value, &members)?;
        if body["v"] != json!(1) {
            return shape("its version is not 1");
        }
        let bundle = Bundle {
            subject: subject(&body["subject"])?,
            origin: text(&body["origin"])?,
            rules: natural(&body["rules"])?,
            size: natural(&body["size"])?,
            generated_at: text(&body["generated_at"])?,
            checkpoints: list(&body["checkpoints"], text)?,
            consistency: list(&body["consistency"], Consistency::from_json)?,
            records: list(&body["records"], entry)?,
            inclusion: list(&body["inclusion"], hash)?,
            map: list(&body["map"], MapClaim::from_json)?,
            openings: list(&body["openings"], LeafOpenings::from_json)?,
            receipts: list(&body["receipts"], text)?,
            anchors: list(&body["anchors"], AnchorSlot::from_json)?,
            beyond: list(&body["beyond"], subject)?,
        };
        bundle.in_order()?;
        Ok(bundle)
    }

    fn in_order(&self) -> Result<(), BundleError> {
        if self.records.len() > RECORDS_MAX {
            return shape("more than 4096 records");
        }
        if self.checkpoints.is_empty() {
            return shape("no checkpoint");
        }
        if !self.records.windows(2).all(|pair| pair[0].seq() < pair[1].seq()) {
            return shape("records are not in order");
        }
        if !self.map.windows(2).all(|pair| pair[0].subject < pair[1].subject) {
            return shape("map claims are not in order");
        }
        if !self.openings.windows(2).all(|pair| pair[0].leaf < pair[1].leaf) {
            return shape("openings are not in order");
        }
        if !self.beyond.windows(2).all(|pair| pair[0] < pair[1]) {
            return shape("beyond is not in order");
        }
        Ok(())
    }
}

impl Consistency {
    fn to_json(&self) -> Value {
        json!({ "from": self.from, "to": self.to, "path": self.path })
    }

    fn from_json(value: &Value) -> Result<Consistency, BundleError> {
        let body = object(value, &["from", "path", "to"])?;
        Ok(Consistency {
            from: natural(&body["from"])?,
            to: natural(&body["to"])?,
            path: list(&body["path"], hash)?,
        })
    }
}

impl MapClaim {
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "subject": self.subject.to_string(), "siblings": self.proof.siblings });
        if let Some(value) = &self.value {
            body["count"] = json!(value.count);
            body["last"] = json!(value.last);
        }
        if let Some(other) = &self.proof.other {
            body["other"] = json!({ "key": other.key, "count": other.value.count, "last": other.value.last });
        }
        body
    }

    pub fn from_json(value: &Value) -> Result<MapClaim, BundleError> {
        let given =
            value.as_object().ok_or_else(|| BundleError::Shape("a map claim is not an object".into()))?;
        let present = given.contains_key("count");
        let other = given.contains_key("other");
        let members: &[&str] = match (present, other) {
            (true, false) => &["count", "last", "siblings", "subject"],
            (false, true) => &["other", "siblings", "subject"],
            (false, false) => &["siblings", "subject"],
            (true, true) => return shape("a map claim is of presence or of absence"),
        };
        let body = object(value, members)?;
        let value_of = |body: &Map<String, Value>| -> Result<MapValue, BundleError> {
            Ok(MapValue { count: natural(&body["count"])?, last: hash(&body["last"])? })
        };
        let other = match other {
            true => {
                let body = object(&body["other"], &["count", "key", "last"])?;
                Some(MapLeaf { key: hash(&body["key"])?, value: value_of(body)? })
            }
            false => None,
        };
        Ok(MapClaim {
            subject: subject(&body["subject"])?,
            value: if present { Some(value_of(body)?) } else { None },
            proof: MapProof { siblings: list(&body["siblings"], hash)?, other },
        })
    }
}

impl LeafOpenings {
    fn to_json(&self) -> Value {
        json!({ "leaf": self.leaf, "openings": self.openings })
    }

    fn from_json(value: &Value) -> Result<LeafOpenings, BundleError> {
        let body = object(value, &["leaf", "openings"])?;
        Ok(LeafOpenings { leaf: hash(&body["leaf"])?, openings: list(&body["openings"], |v| Ok(v.clone()))? })
    }
}

impl AnchorSlot {
    fn to_json(&self) -> Value {
        json!({ "kind": self.kind, "version": self.version, "size": self.size, "evidence": self.evidence })
    }

    fn from_json(value: &Value) -> Result<AnchorSlot, BundleError> {
        let body = object(value, &["evidence", "kind", "size", "version"])?;
        Ok(AnchorSlot {
            kind: text(&body["kind"])?,
            version: natural(&body["version"])?,
            size: natural(&body["size"])?,
            evidence: text(&body["evidence"])?,
        })
    }
}

// -- closed JSON -------------------------------------------------------------------------------------------------

fn shape<T>(problem: &str) -> Result<T, BundleError> {
    Err(BundleError::Shape(problem.to_owned()))
}

pub(super) fn object<'a>(value: &'a Value, members: &[&str]) -> Result<&'a Map<String, Value>, BundleError> {
    match value.as_object() {
        Some(object) if object.len() == members.len() && members.iter().all(|m| object.contains_key(*m)) => {
            Ok(object)
        }
        _ => Err(BundleError::Shape(format!("an object must have exactly {}", members.join(", ")))),
    }
}

pub(super) fn text(value: &Value) -> Result<String, BundleError> {
    value.as_str().map(str::to_owned).ok_or_else(|| BundleError::Shape("a text is missing".into()))
}

fn natural(value: &Value) -> Result<u64, BundleError> {
    value.as_u64().ok_or_else(|| BundleError::Shape("a natural number is missing".into()))
}

pub(super) fn hash(value: &Value) -> Result<Hash, BundleError> {
    let hash = value.as_str().and_then(|text| text.parse().ok());
    hash.ok_or_else(|| BundleError::Shape("a hash is missing".into()))
}

/// No larger than the log lets an entry be.
fn entry(value: &Value) -> Result<Entry, BundleError> {
    let entry = Entry::from_json(value).map_err(|error| BundleError::Shape(error.to_string()))?;
    if entry.encode().len() > ENTRY_BYTES_MAX {
        return shape("an entry has more than 65535 bytes");
    }
    Ok(entry)
}

fn subject(value: &Value) -> Result<Subject, BundleError> {
    let subject = value.as_str().and_then(|text| Subject::parse(text).ok());
    subject.ok_or_else(|| BundleError::Shape("a subject is missing".into()))
}

pub(super) fn list<T>(
    value: &Value,
    item: impl Fn(&Value) -> Result<T, BundleError>,
) -> Result<Vec<T>, BundleError> {
    let items = value.as_array().ok_or_else(|| BundleError::Shape("a list is missing".into()))?;
    items.iter().map(item).collect()
}
