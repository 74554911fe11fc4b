//! What people look up by a hash or an id that stands somewhere on a page, in a proof or in a file: which entry it
//! belongs to.
//!
//! Keys: `f/` ‖ letter ‖ the hash or id ‖ u64 big-endian. The number is the entry's, except where [`Clue`] says
//! otherwise. What is found several times is found in the order of the log.

use serde_json::{Map, Value};

use super::entry::Record;
use crate::merkle::Hash;
use crate::statement::context::OnBehalfOf;
use crate::statement::payload::Statement;

/// Before every key of the index.
pub const INDEX: &[u8] = b"f/";

/// What a hash or an id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clue {
    /// Of an attachment or a sealed value.
    Commitment,
    /// Leaf hash of an entry of any type.
    Leaf,
    /// Key of a subject in the map; the number is that of the subject's first record, the value the subject.
    MapKey,
    /// Root of the subject map; the number is that of the map record.
    MapRoot,
    /// An inner node of the log tree; the number is that of the first entry below it, the value its level.
    Node,
    /// Perceptual hash of a picture, 8 bytes.
    Picture,
    /// Root of the log tree where a map record ends it; the number is the size.
    Root,
    /// UUID of a statement, as text.
    StatementId,
}

impl Clue {
    /// Of those whose form is a hash.
    pub const OF_A_HASH: [Clue; 6] =
        [Clue::Leaf, Clue::Root, Clue::Commitment, Clue::MapRoot, Clue::MapKey, Clue::Node];

    fn letter(self) -> u8 {
        match self {
            Clue::Commitment => b'c',
            Clue::Leaf => b'l',
            Clue::MapKey => b'k',
            Clue::MapRoot => b'm',
            Clue::Node => b'n',
            Clue::Picture => b'p',
            Clue::Root => b'r',
            Clue::StatementId => b'i',
        }
    }

    /// Before the keys of everything found by `what`.
    pub fn prefix(self, what: &[u8]) -> Vec<u8> {
        [INDEX, &[self.letter()], what].concat()
    }

    /// The key under which `what` leads to `number`.
    pub fn key(self, what: &[u8], number: u64) -> Vec<u8> {
        [self.prefix(what).as_slice(), &number.to_be_bytes()].concat()
    }
}

/// The number at the end of a key of the index; none if it is not one.
pub fn number_of(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// What leads to a record by its own members.
pub(super) fn of_record(record: &Record) -> Vec<Vec<u8>> {
    let statement = &record.statement;
    let mut keys = vec![Clue::StatementId.key(statement.id.as_bytes(), record.seq)];
    keys.extend(commitments(statement).iter().map(|hash| Clue::Commitment.key(hash.as_bytes(), record.seq)));
    for attachment in &statement.attachments {
        let picture = attachment.phash.as_deref().and_then(|digits| hex::decode(digits).ok());
        keys.extend(picture.map(|bytes| Clue::Picture.key(&bytes, record.seq)));
    }
    keys
}

/// All that the statement names without saying it: sealed values and attachments.
fn commitments(statement: &Statement) -> Vec<Hash> {
    let mut found: Vec<Hash> = statement.attachments.iter().map(|attachment| attachment.commitment).collect();
    found.extend(statement.place.as_ref().and_then(|place| place.gps));
    if let Some(OnBehalfOf::Sealed(hash)) = &statement.on_behalf_of {
        found.push(*hash);
    }
    sealed_in(&statement.data, &mut found);
    if let Some(ext) = &statement.ext {
        sealed_in(ext, &mut found);
    }
    found
}

fn sealed_in(members: &Map<String, Value>, found: &mut Vec<Hash>) {
    if let (1, Some(Value::String(hash))) = (members.len(), members.get("sealed")) {
        found.extend(hash.parse::<Hash>());
        return;
    }
    for value in members.values() {
        sealed_in_value(value, found);
    }
}

/// A payload's depth is limited where it is read.
fn sealed_in_value(value: &Value, found: &mut Vec<Hash>) {
    match value {
        Value::Object(members) => sealed_in(members, found),
        Value::Array(elements) => elements.iter().for_each(|element| sealed_in_value(element, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::statement::payload::to_payload_bytes;

    fn statement(more: Value) -> Statement {
        let mut payload = json!({
            "v": 1, "ledger": Hash::of(b"ledger"), "id": "01936f5e-7c3a-7b2f-8d1e-0123456789ab",
            "kind": "harvest/1", "subject": "batch:farm.lot1", "touches": [],
            "signers": [{"org": "org:farm", "key": Hash::of(b"key"), "as": "farm"}],
            "occurred_at": "2026-11-22", "recorded_at": "2026-11-22T09:30:00+08:00", "data": {},
        });
        if let (Value::Object(payload), Value::Object(more)) = (&mut payload, more) {
            payload.extend(more);
        }
        Statement::parse(&to_payload_bytes(&payload).unwrap()).unwrap()
    }

    #[test]
    fn every_commitment_of_a_payload_is_found_wherever_it_stands() {
        let hash = |n: u8| Hash::of(&[n]);
        let sealed = |n: u8| json!({"sealed": hash(n)});
        let statement = statement(json!({
            "place": {"gps": sealed(0)}, "on_behalf_of": sealed(1),
            "attachments": [{"commitment": hash(2), "size": 9, "type": "image/jpeg", "in_app": true, "ai_made": false}],
            "data": {"note": sealed(3), "list": [{"deep": sealed(4)}, "sealed"], "no": {"sealed": "x", "other": 1}},
            "ext": {"theirs": {"inner": sealed(5)}},
        }));
        let mut found = commitments(&statement);
        found.sort();
        let mut all: Vec<Hash> = (0..6).map(hash).collect();
        all.sort();
        assert_eq!(found, all);
    }

    #[test]
    fn a_key_leads_to_its_number_and_no_clue_begins_like_another() {
        let key = Clue::Leaf.key(&[7; 32], 258);
        assert_eq!(number_of(&key), Some(258));
        assert!(key.starts_with(&Clue::Leaf.prefix(&[7; 32])) && key.starts_with(INDEX));
        for other in Clue::OF_A_HASH.into_iter().filter(|clue| *clue != Clue::Leaf) {
            assert!(!key.starts_with(&other.prefix(&[7; 32])), "{other:?}");
        }
    }
}
