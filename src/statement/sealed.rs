//! Sealed values and attachments: what the log holds only as a salted hash, so that it can be shown to some or erased.
//!
//! Commitment: SHA-256(label ‖ 00 ‖ ledger(32) ‖ len16(id) ‖ id ‖ len16(pointer) ‖ pointer ‖ salt(32) ‖ content), where
//! the content is the value's RFC 8785 form, or the 32 bytes of a file's SHA-256. It binds ledger, statement and member,
//! so that a commitment copied elsewhere opens nothing there. An opening travels beside the envelope and never enters
//! the log; whoever erases it leaves a hash of something that nobody can guess, because each salt is fresh.

use serde_json::{Value, json};

use crate::merkle::Hash;

use super::json::{JsonError, Limits, TextError, check_text, check_texts, resolve, to_canonical};
use super::members::{MemberError, Members};
use super::payload::Statement;

pub const SALT_BYTES: usize = 32;
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// What one sealed value may be: a remark, a name, coordinates.
pub const VALUE_LIMITS: Limits = Limits { bytes_max: 16 * 1024, depth_max: 8 };

const VALUE_LABEL: &str = "suyuan/sealed/v1";
const BLOB_LABEL: &str = "suyuan/blob/v1";

/// What opens a sealed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Where in the payload the commitment stands (RFC 6901).
    pub pointer: String,
    pub salt: [u8; SALT_BYTES],
    pub value: Value,
}

/// What opens an attachment: the hash of its file. The name is not committed to; it is only what the signer called it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobOpening {
    /// `/attachments/0`.
    pub pointer: String,
    pub salt: [u8; SALT_BYTES],
    pub name: String,
    pub sha256: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    #[error(transparent)]
    Member(#[from] MemberError),
    #[error("a genesis statement has no ledger to bind a sealed value to")]
    NoLedger,
    #[error("the payload has nothing sealed at \"{pointer}\"")]
    NotSealed { pointer: String },
    #[error("a pointer or id of more than 65,535 bytes cannot be sealed")]
    TooLong,
    #[error("the value to be sealed: {0}")]
    Value(#[from] JsonError),
    #[error("the opening is not that of the commitment at \"{pointer}\"")]
    WrongOpening { pointer: String },
}

impl SealError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            SealError::Member(error) => error.code(),
            SealError::NoLedger => "no-ledger",
            SealError::NotSealed { .. } => "not-sealed",
            SealError::TooLong => "too-long",
            SealError::Value(error) => error.code(),
            SealError::WrongOpening { .. } => "wrong-opening",
        }
    }
}

/// The commitment to `value`, which is to stand at `pointer` of the statement `id`. The salt must be fresh and random.
pub fn seal(
    ledger: &Hash,
    id: &str,
    pointer: &str,
    value: &Value,
    salt: &[u8; SALT_BYTES],
) -> Result<Hash, SealError> {
    commitment(VALUE_LABEL, ledger, id, pointer, salt, &canonical_value(value)?)
}

/// The commitment to a file by its SHA-256.
pub fn seal_blob(
    ledger: &Hash,
    id: &str,
    pointer: &str,
    sha256: &Hash,
    salt: &[u8; SALT_BYTES],
) -> Result<Hash, SealError> {
    commitment(BLOB_LABEL, ledger, id, pointer, salt, sha256.as_bytes())
}

/// Whether `opening` opens the sealed value that stands at its pointer in the statement.
pub fn check(statement: &Statement, opening: &Opening) -> Result<(), SealError> {
    let not_sealed = || SealError::NotSealed { pointer: opening.pointer.clone() };
    // The payload of a parsed statement is JSON.
    let payload: Value = serde_json::from_slice(&statement.payload).map_err(|_| not_sealed())?;
    let sealed = resolve(&payload, &opening.pointer).and_then(sealed_hash).ok_or_else(not_sealed)?;
    let ledger = statement.ledger().ok_or(SealError::NoLedger)?;
    let opened = seal(ledger, &statement.id, &opening.pointer, &opening.value, &opening.salt)?;
    require_same(sealed, opened, &opening.pointer)
}

/// Whether `opening` opens the attachment at its pointer. The file itself must still have that SHA-256 and size.
pub fn check_blob(statement: &Statement, opening: &BlobOpening) -> Result<(), SealError> {
    let mut pointers = (0..).map(|index| format!("/attachments/{index}")).zip(&statement.attachments);
    let (pointer, attachment) = pointers
        .find(|(pointer, _)| *pointer == opening.pointer)
        .ok_or_else(|| SealError::NotSealed { pointer: opening.pointer.clone() })?;
    let ledger = statement.ledger().ok_or(SealError::NoLedger)?;
    let opened = seal_blob(ledger, &statement.id, &pointer, &opening.sha256, &opening.salt)?;
    require_same(attachment.commitment, opened, &pointer)
}

/// Whether `opening`, as JSON and of either sort, opens what it names in the statement.
pub fn check_json(statement: &Statement, opening: &Value) -> Result<(), SealError> {
    if Members::of(opening, "")?.has("sha256") {
        check_blob(statement, &BlobOpening::from_json(opening)?)
    } else {
        check(statement, &Opening::from_json(opening)?)
    }
}

impl Opening {
    pub fn from_json(value: &Value) -> Result<Opening, SealError> {
        let opening = Members::of(value, "")?;
        opening.closed(&["pointer", "salt", "value"])?;
        let sealed = opening.value("value")?;
        canonical_value(sealed)?;
        Ok(Opening {
            pointer: opening.text("pointer")?.to_owned(),
            salt: opening.parsed::<Hash>("salt")?.0,
            value: sealed.clone(),
        })
    }

    pub fn to_json(&self) -> Value {
        json!({"pointer": self.pointer, "salt": hex::encode(self.salt), "value": self.value})
    }
}

impl BlobOpening {
    pub fn from_json(value: &Value) -> Result<BlobOpening, SealError> {
        let opening = Members::of(value, "")?;
        opening.closed(&["name", "pointer", "salt", "sha256"])?;
        Ok(BlobOpening {
            pointer: opening.text("pointer")?.to_owned(),
            salt: opening.parsed::<Hash>("salt")?.0,
            name: opening.checked("name", is_file_name, "a file name has 1 to 255 bytes and no path")?,
            sha256: opening.parsed("sha256")?,
        })
    }

    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "pointer": self.pointer,
            "salt": hex::encode(self.salt),
            "sha256": self.sha256.to_string(),
        })
    }
}

fn commitment(
    label: &str,
    ledger: &Hash,
    id: &str,
    pointer: &str,
    salt: &[u8; SALT_BYTES],
    content: &[u8],
) -> Result<Hash, SealError> {
    let len16 = |text: &str| u16::try_from(text.len()).map(u16::to_be_bytes).map_err(|_| SealError::TooLong);
    let (id_len, pointer_len) = (len16(id)?, len16(pointer)?);
    Ok(Hash::of_parts(&[
        label.as_bytes(),
        &[0],
        ledger.as_bytes(),
        &id_len,
        id.as_bytes(),
        &pointer_len,
        pointer.as_bytes(),
        salt,
        content,
    ]))
}

/// A sealed value is JSON of the same strictness as a payload, but its texts may have lines and tabs.
fn canonical_value(value: &Value) -> Result<Vec<u8>, JsonError> {
    let bytes = to_canonical(value, &VALUE_LIMITS)?;
    check_texts(value, check_free_text)?;
    Ok(bytes)
}

fn check_free_text(text: &str) -> Result<(), TextError> {
    // Neither character composes with another, so the text is in form C exactly if its pieces are.
    text.split(['\n', '\t']).try_for_each(check_text)
}

fn is_file_name(name: &str) -> bool {
    (1..=FILE_NAME_BYTES_MAX).contains(&name.len()) && !name.contains(['/', '\\']) && check_text(name).is_ok()
}

fn sealed_hash(value: &Value) -> Option<Hash> {
    let members = value.as_object()?;
    let hash = members.get("sealed")?.as_str()?.parse().ok()?;
    (members.len() == 1).then_some(hash)
}

fn require_same(sealed: Hash, opened: Hash, pointer: &str) -> Result<(), SealError> {
    if sealed == opened { Ok(()) } else { Err(SealError::WrongOpening { pointer: pointer.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::payload::to_payload_bytes;

    const ID: &str = "01936f5e-7c3a-7b2f-8d1e-0123456789ab";
    const LEDGER: Hash = Hash([0xAB; 32]);
    const SALT: [u8; SALT_BYTES] = [5; SALT_BYTES];

    fn statement(data: Value, attachments: Value) -> Statement {
        let payload = to_payload_bytes(&json!({
            "v": 1,
            "ledger": LEDGER.to_string(),
            "id": ID,
            "kind": "harvest/1",
            "subject": "batch:farm.lot1",
            "touches": [],
            "signers": [{"org": "org:farm", "key": "cd".repeat(32), "as": "farm"}],
            "occurred_at": "2026-11-22",
            "recorded_at": "2026-11-22T09:30:00+08:00",
            "attachments": attachments,
            "data": data,
        }));
        Statement::parse(&payload.unwrap()).unwrap()
    }

    fn photo(commitment: Hash) -> Value {
        json!({
            "ai_made": false, "commitment": commitment.to_string(), "in_app": true, "size": 9, "type": "image/png",
        })
    }

    #[test]
    fn an_opening_opens_its_own_place_in_its_own_statement_and_nothing_else() {
        let value = json!("第一行\n第二行\t。");
        let sealed = seal(&LEDGER, ID, "/data/note", &value, &SALT).unwrap();
        let hash = sealed.to_string();
        let data =
            json!({"note": {"sealed": hash}, "other": {"sealed": hash}, "more": {"sealed": hash, "x": 1}});
        let statement = statement(data, json!([photo(sealed)]));
        let opening = Opening { pointer: "/data/note".to_owned(), salt: SALT, value };
        assert_eq!(check(&statement, &opening), Ok(()));
        assert_eq!(Opening::from_json(&opening.to_json()), Ok(opening.clone()));
        assert_eq!(check_json(&statement, &opening.to_json()), Ok(()));

        let code = |change: &dyn Fn(&mut Opening)| {
            let mut changed = opening.clone();
            change(&mut changed);
            check(&statement, &changed).unwrap_err().code()
        };
        assert_eq!(code(&|o| o.value = json!("x")), "wrong-opening");
        assert_eq!(code(&|o| o.salt[31] ^= 1), "wrong-opening");
        assert_eq!(code(&|o| o.pointer = "/data/other".to_owned()), "wrong-opening");
        for nothing in ["/data/more", "/data/none", "/data/note/sealed", "", "/subject", "data/note"] {
            assert_eq!(code(&|o| o.pointer = nothing.to_owned()), "not-sealed", "{nothing}");
        }
        let mut elsewhere = statement.clone();
        elsewhere.id = ID.replace('5', "6");
        assert_eq!(check(&elsewhere, &opening).unwrap_err().code(), "wrong-opening");
    }

    #[test]
    fn a_blob_opening_opens_its_attachment() {
        let sha256 = Hash::of(b"picture");
        let commitments = [0, 1]
            .map(|index| seal_blob(&LEDGER, ID, &format!("/attachments/{index}"), &sha256, &SALT).unwrap());
        let statement = statement(json!({}), json!(commitments.map(photo)));
        let opening = |pointer: &str| BlobOpening {
            pointer: pointer.to_owned(),
            salt: SALT,
            name: "田边.png".to_owned(),
            sha256,
        };
        for pointer in ["/attachments/0", "/attachments/1"] {
            assert_eq!(check_blob(&statement, &opening(pointer)), Ok(()));
            assert_eq!(check_json(&statement, &opening(pointer).to_json()), Ok(()));
        }
        for pointer in ["/attachments/2", "/attachments/00", "/attachments/", "/attachments", "attachments/0"]
        {
            assert_eq!(
                check_blob(&statement, &opening(pointer)).unwrap_err().code(),
                "not-sealed",
                "{pointer}"
            );
        }
        let mut other = opening("/attachments/0");
        other.sha256 = Hash::of(b"another picture");
        assert_eq!(check_json(&statement, &other.to_json()).unwrap_err().code(), "wrong-opening");
        assert_eq!(BlobOpening::from_json(&other.to_json()), Ok(other));
    }

    #[test]
    fn a_value_and_a_file_never_share_a_commitment() {
        let value = seal(&LEDGER, ID, "/a", &json!("x"), &SALT).unwrap();
        let content = Hash::of(b"\"x\"");
        assert_ne!(value, seal_blob(&LEDGER, ID, "/a", &content, &SALT).unwrap());
    }

    #[test]
    fn openings_are_strict() {
        let good = json!({"pointer": "/data/x", "salt": "00".repeat(32), "value": "a"});
        assert!(Opening::from_json(&good).is_ok());
        let code = |name: &str, member: Value| {
            let mut changed = good.clone();
            changed[name] = member;
            Opening::from_json(&changed).unwrap_err().code()
        };
        assert_eq!(code("extra", json!(1)), "unknown-member");
        assert_eq!(code("salt", json!("00".repeat(31))), "bad-value");
        assert_eq!(code("value", json!(1.5)), "number");
        assert_eq!(code("value", json!("a\r\n")), "text");
        assert_eq!(code("value", json!("e\u{301}")), "text");
        assert_eq!(code("value", json!({"a\n": 1})), "text");
        let blob = |name: &str| json!({"name": name, "pointer": "/attachments/0", "salt": "00".repeat(32), "sha256": "00".repeat(32)});
        for name in ["a.png", &"a".repeat(255)] {
            assert!(BlobOpening::from_json(&blob(name)).is_ok());
        }
        for name in ["", "a/b", "a\\b", "a\n", &"a".repeat(256)] {
            assert_eq!(BlobOpening::from_json(&blob(name)).unwrap_err().code(), "bad-value");
        }
    }

    #[test]
    fn limits_hold_at_and_past_the_edge() {
        let seal_text = |bytes: usize| seal(&LEDGER, ID, "/a", &json!("a".repeat(bytes - 2)), &SALT);
        assert!(seal_text(16 * 1024).is_ok());
        assert_eq!(seal_text(16 * 1024 + 1).unwrap_err().code(), "too-large");
        let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(seal(&LEDGER, ID, "/a", &nested(8), &SALT).is_ok());
        assert_eq!(seal(&LEDGER, ID, "/a", &nested(9), &SALT).unwrap_err().code(), "too-deep");
        let seal_at = |bytes: usize| seal(&LEDGER, ID, &"/".repeat(bytes), &json!(1), &SALT);
        assert!(seal_at(65_535).is_ok());
        assert_eq!(seal_at(65_536), Err(SealError::TooLong));
    }
}
