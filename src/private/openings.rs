//! The openings of sealed values and attachments, by the record that they belong to.
//!
//! Written in the commit that takes the record, so that none is lost between two writes. An erased opening leaves a
//! mark without content: pages can say "erased", and nobody brings it back by sending the statement again.
//!
//! Keys: `q/o/` ‖ leaf(32) ‖ pointer for an opening (its JSON), `q/e/` ‖ leaf(32) ‖ pointer for the mark, and
//! `q/b/` ‖ commitment(32) for where an attachment belongs (leaf ‖ pointer), so that its file can be sent later.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::merkle::Hash;
use crate::statement::attachment::Attachment;
use crate::statement::kinds::Kind;
use crate::statement::payload::Statement;
use crate::statement::schema::{self, SchemaErrors};
use crate::statement::sealed::{self, BlobOpening, SealError};
use crate::store::{Batch, KeyRange, Read, StoreError};

/// More than any statement has sealed fields.
pub const OPENINGS_MAX: usize = 128;

const OPENINGS: &[u8] = b"q/o/";
const ERASED: &[u8] = b"q/e/";
const ATTACHMENTS: &[u8] = b"q/b/";

/// What opens one member of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// An attachment: what its file must be, and what the signer called it.
    File(BlobOpening),
    Value(sealed::Opening),
}

/// What is known of one sealed member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Deleted for good, by somebody's wish.
    Erased,
    /// Never given to this ledger.
    Never,
    Open(Opening),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    #[error("the opening of \"{pointer}\" is given twice")]
    Repeated { pointer: String },
    #[error(transparent)]
    Schema(SchemaErrors),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("a statement has at most {OPENINGS_MAX} openings")]
    TooMany,
}

impl Opening {
    pub fn from_json(value: &Value) -> Result<Opening, SealError> {
        match value.get("sha256") {
            Some(_) => BlobOpening::from_json(value).map(Opening::File),
            None => sealed::Opening::from_json(value).map(Opening::Value),
        }
    }

    pub fn to_json(&self) -> Value {
        match self {
            Opening::File(opening) => opening.to_json(),
            Opening::Value(opening) => opening.to_json(),
        }
    }

    /// Where in the payload the commitment stands.
    pub fn pointer(&self) -> &str {
        match self {
            Opening::File(opening) => &opening.pointer,
            Opening::Value(opening) => &opening.pointer,
        }
    }

    /// Whether it opens what the statement holds at its pointer.
    pub fn opens(&self, statement: &Statement) -> Result<(), SealError> {
        match self {
            Opening::File(opening) => sealed::check_blob(statement, opening),
            Opening::Value(opening) => sealed::check(statement, opening),
        }
    }
}

/// Checks what was sent with a statement: each opens something in it, and is what the schema wants there.
/// `original` is the kind of what a correction corrects.
pub fn check(
    statement: &Statement,
    kind: Kind,
    original: Option<Kind>,
    openings: &[Opening],
) -> Result<(), OpeningError> {
    if openings.len() > OPENINGS_MAX {
        return Err(OpeningError::TooMany);
    }
    let mut seen = BTreeSet::new();
    for opening in openings {
        if !seen.insert(opening.pointer()) {
            return Err(OpeningError::Repeated { pointer: opening.pointer().to_owned() });
        }
        opening.opens(statement)?;
        if let Opening::Value(value) = opening {
            schema::check_opened(kind, original, &value.pointer, &value.value)
                .map_err(OpeningError::Schema)?;
        }
    }
    Ok(())
}

/// `opening` opens something in `statement`, whose record is `leaf`.
pub fn put(batch: &mut Batch, leaf: &Hash, statement: &Statement, opening: &Opening) {
    batch.put(key(OPENINGS, leaf, opening.pointer()), opening.to_json().to_string());
    if let Some(attachment) = attachment(statement, opening.pointer()) {
        let place = [leaf.as_bytes(), opening.pointer().as_bytes()].concat();
        batch.put(key(ATTACHMENTS, &attachment.commitment, ""), place);
    }
}

/// The attachment that a pointer names.
pub fn attachment<'a>(statement: &'a Statement, pointer: &str) -> Option<&'a Attachment> {
    let index = pointer.strip_prefix("/attachments/")?;
    let index: usize = index.parse().ok().filter(|parsed: &usize| parsed.to_string() == index)?;
    statement.attachments.get(index)
}

/// The record and member that an attachment belongs to, if its opening was ever given.
pub fn place_of<R: Read + ?Sized>(read: &R, commitment: &Hash) -> Result<Option<(Hash, String)>, StoreError> {
    let Some(place) = read.get(&key(ATTACHMENTS, commitment, ""))? else { return Ok(None) };
    let split = place
        .split_first_chunk()
        .and_then(|(leaf, pointer)| Some((Hash(*leaf), String::from_utf8(pointer.to_vec()).ok()?)));
    split.map(Some).ok_or_else(|| damaged("where an attachment belongs is not written there"))
}

/// Deletes and marks as deleted. The bytes leave the disk when [`range`] is purged.
pub fn erase(batch: &mut Batch, leaf: &Hash, pointer: &str) {
    batch.delete(key(OPENINGS, leaf, pointer));
    batch.put(key(ERASED, leaf, pointer), Vec::new());
}

/// The one key under which an opening lies, for purging.
pub fn range(leaf: &Hash, pointer: &str) -> KeyRange {
    let start = key(OPENINGS, leaf, pointer);
    let end = [start.as_slice(), &[0]].concat();
    KeyRange::between(start, end)
}

/// What is known of one member of a record.
pub fn at<R: Read + ?Sized>(read: &R, leaf: &Hash, pointer: &str) -> Result<Kept, StoreError> {
    if let Some(bytes) = read.get(&key(OPENINGS, leaf, pointer))? {
        return parse(&bytes).map(Kept::Open);
    }
    match read.get(&key(ERASED, leaf, pointer))? {
        Some(_) => Ok(Kept::Erased),
        None => Ok(Kept::Never),
    }
}

/// All openings of a record, by pointer.
pub fn of<R: Read + ?Sized>(read: &R, leaf: &Hash) -> Result<Vec<Opening>, StoreError> {
    let pairs = read.scan(&KeyRange::prefix(key(OPENINGS, leaf, "")));
    pairs.map(|pair| parse(&pair?.1)).collect()
}

/// The members of a record whose openings were erased.
pub fn erased<R: Read + ?Sized>(read: &R, leaf: &Hash) -> Result<Vec<String>, StoreError> {
    let prefix = key(ERASED, leaf, "");
    let pairs = read.scan(&KeyRange::prefix(prefix.clone()));
    pairs.map(|pair| Ok(String::from_utf8_lossy(&pair?.0[prefix.len()..]).into_owned())).collect()
}

/// Every opening of every record, with the leaf that it is kept under.
pub fn all<R: Read + ?Sized>(
    read: &R,
) -> impl Iterator<Item = Result<(Hash, Result<Opening, String>), StoreError>> {
    read.scan(&KeyRange::prefix(OPENINGS)).map(|pair| {
        let (key, value) = pair?;
        let leaf = key[OPENINGS.len()..].first_chunk().map_or(Hash::ZERO, |leaf| Hash(*leaf));
        Ok((leaf, parse(&value).map_err(|error| error.to_string())))
    })
}

fn key(space: &[u8], leaf: &Hash, pointer: &str) -> Vec<u8> {
    [space, leaf.as_bytes(), pointer.as_bytes()].concat()
}

fn parse(bytes: &[u8]) -> Result<Opening, StoreError> {
    let value = serde_json::from_slice(bytes).map_err(damaged)?;
    Opening::from_json(&value).map_err(damaged)
}

fn damaged(problem: impl ToString) -> StoreError {
    StoreError::Engine { doing: "read an opening", problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::statement::payload::to_payload_bytes;
    use crate::store::Store;
    use crate::store::memory::MemoryStore;

    fn value(pointer: &str) -> Opening {
        let salt = [7; 32];
        Opening::Value(sealed::Opening { pointer: pointer.into(), salt, value: json!("王大妈") })
    }

    fn file(pointer: &str) -> Opening {
        let (salt, sha256) = ([8; 32], Hash::of(b"photo"));
        Opening::File(BlobOpening { pointer: pointer.into(), salt, name: "桃.jpg".into(), sha256 })
    }

    fn statement() -> Statement {
        let attachment = |n: u8| json!({"commitment": Hash::of(&[n]), "size": 9, "type": "image/jpeg", "in_app": true, "ai_made": false});
        let payload = to_payload_bytes(&json!({
            "v": 1,
            "ledger": Hash::of(b"ledger"),
            "id": "01936f5e-7c3a-7b2f-8d1e-0123456789ab",
            "kind": "harvest/1",
            "subject": "batch:farm.lot1",
            "touches": [],
            "signers": [{"org": "org:farm", "key": Hash::of(b"key"), "as": "farm"}],
            "occurred_at": "2026-11-22",
            "recorded_at": "2026-11-22T09:30:00+08:00",
            "attachments": [attachment(0), attachment(1)],
            "data": {},
        }));
        Statement::parse(&payload.unwrap()).unwrap()
    }

    fn write(store: &MemoryStore, change: impl FnOnce(&mut Batch)) {
        let mut batch = Batch::default();
        change(&mut batch);
        store.write_aside(batch).unwrap();
    }

    #[test]
    fn openings_are_found_by_record_and_member() {
        let store = MemoryStore::new();
        let (a, b) = (Hash::of(b"a"), Hash::of(b"b"));
        write(&store, |batch| {
            put(batch, &a, &statement(), &value("/data/operator"));
            put(batch, &a, &statement(), &file("/attachments/0"));
            put(batch, &b, &statement(), &value("/data/remark"));
        });
        assert_eq!(of(&store, &a).unwrap(), [file("/attachments/0"), value("/data/operator")]);
        assert_eq!(at(&store, &a, "/data/operator").unwrap(), Kept::Open(value("/data/operator")));
        assert_eq!(at(&store, &a, "/data/remark").unwrap(), Kept::Never);
        assert_eq!(all(&store).map(|found| found.unwrap().0).collect::<Vec<_>>(), {
            let mut leaves = [a, a, b];
            leaves.sort();
            leaves
        });
    }

    #[test]
    fn an_attachment_is_found_by_its_commitment() {
        let store = MemoryStore::new();
        let leaf = Hash::of(b"a");
        write(&store, |batch| put(batch, &leaf, &statement(), &file("/attachments/1")));
        let place = |n: u8| place_of(&store, &Hash::of(&[n])).unwrap();
        assert_eq!(place(1), Some((leaf, "/attachments/1".to_owned())));
        assert_eq!(place(0), None);
        for pointer in ["/attachments/2", "/attachments/01", "/attachments/+1", "/attachments/", "/data/0"] {
            assert_eq!(attachment(&statement(), pointer), None, "{pointer}");
        }
    }

    #[test]
    fn erasing_takes_the_opening_and_leaves_a_mark() {
        let store = MemoryStore::new();
        let leaf = Hash::of(b"a");
        write(&store, |batch| {
            put(batch, &leaf, &statement(), &value("/data/operator"));
            put(batch, &leaf, &statement(), &value("/data/operator_phone"));
        });
        write(&store, |batch| erase(batch, &leaf, "/data/operator"));
        assert_eq!(at(&store, &leaf, "/data/operator").unwrap(), Kept::Erased);
        assert_eq!(of(&store, &leaf).unwrap(), [value("/data/operator_phone")]);
        assert_eq!(erased(&store, &leaf).unwrap(), ["/data/operator"]);
        let range = range(&leaf, "/data/operator_phone");
        assert_eq!(store.scan(&range).count(), 1, "purging one member touches no other");
    }
}
