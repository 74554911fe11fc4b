//! The payload: the members that every statement has, whatever its kind.
//!
//! [`Statement::parse`] is the one way in. It checks all that can be checked without knowing the kind (that is
//! `schema`'s part) and without knowing the ledger (that is `ledger`'s).

use serde_json::{Map, Value};

use crate::merkle::Hash;

use super::attachment::{Attachment, read_attachments};
use super::context::{
    Device, OnBehalfOf, Place, Source, Visibility, read_device, read_on_behalf_of, read_place,
};
use super::json::{JsonError, canonical, parse_payload_json, walk};
use super::members::{MemberError, Members};
use super::names::{KindName, is_origin, is_statement_id};
use super::role::Role;
use super::subject::{ParseSubjectError, Subject};
use super::time::{Instant, When};

pub const TOUCHES_MAX: usize = 63;
pub const SIGNERS_MAX: usize = 4;

/// A payload whose form is right. Fields are named as in the JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// Their SHA-256: what makes a statement the same statement.
    pub payload_hash: Hash,
    pub home: Home,
    pub id: String,
    pub kind: KindName,
    pub subject: Subject,
    pub touches: Vec<Subject>,
    pub signers: Vec<Signer>,
    pub occurred_at: When,
    pub recorded_at: Instant,
    pub place: Option<Place>,
    pub on_behalf_of: Option<OnBehalfOf>,
    pub source: Option<Source>,
    pub visibility: Option<Visibility>,
    pub device: Option<Device>,
    pub corrects: Option<Hash>,
    pub attachments: Vec<Attachment>,
    pub data: Map<String, Value>,
    pub ext: Option<Map<String, Value>>,
}

/// Which ledger a statement is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// Of the genesis statement alone: the log's origin, as the ledger has no hash yet.
    Origin(String),
    /// The leaf hash of the genesis record, so that the statement cannot be replayed elsewhere.
    Ledger(Hash),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The bare id, without `org:`.
    pub org: String,
    pub key: Hash,
    /// `as` in the JSON.
    pub role: Role,
}

/// Why a payload's form is not right. Messages name the member by its JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    #[error("\"/corrects\" stands in a statement of kind {kind}; only a correction corrects a record")]
    CorrectsOutsideCorrection { kind: KindName },
    #[error("\"/ledger\" stands in a genesis statement, which has \"/origin\" instead")]
    LedgerInGenesis,
    #[error("the payload: {0}")]
    Json(#[from] JsonError),
    #[error(transparent)]
    Member(#[from] MemberError),
    #[error("\"/origin\" stands in a statement of kind {kind}; only genesis has it")]
    OriginOutsideGenesis { kind: KindName },
    #[error("\"/signers\" names the key {key} twice")]
    SignerRepeated { key: Hash },
    #[error("\"/signers\" must be sorted by org, key and as")]
    SignersNotSorted,
    #[error("\"/touches\" names {subject}, which is the statement's subject already")]
    SubjectInTouches { subject: Subject },
    #[error("\"{at}\" names {subject}, which is neither the statement's subject nor in its touches")]
    SubjectNotTouched { at: String, subject: Subject },
    #[error("\"/touches\" must be sorted and name each subject once")]
    TouchesNotSorted,
    #[error("\"/v\" must be 1")]
    UnknownVersion,
}

impl FormError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            FormError::CorrectsOutsideCorrection { .. } => "corrects-outside-correction",
            FormError::Json(error) => error.code(),
            FormError::LedgerInGenesis => "ledger-in-genesis",
            FormError::Member(error) => error.code(),
            FormError::OriginOutsideGenesis { .. } => "origin-outside-genesis",
            FormError::SignerRepeated { .. } => "signer-repeated",
            FormError::SignersNotSorted => "signers-not-sorted",
            FormError::SubjectInTouches { .. } => "subject-in-touches",
            FormError::SubjectNotTouched { .. } => "subject-not-touched",
            FormError::TouchesNotSorted => "touches-not-sorted",
            FormError::UnknownVersion => "unknown-version",
        }
    }
}

const MEMBERS: [&str; 19] = [
    "attachments",
    "corrects",
    "data",
    "device",
    "ext",
    "id",
    "kind",
    "ledger",
    "occurred_at",
    "on_behalf_of",
    "origin",
    "place",
    "recorded_at",
    "signers",
    "source",
    "subject",
    "touches",
    "v",
    "visibility",
];

impl Statement {
    pub fn parse(payload: &[u8]) -> Result<Statement, FormError> {
        let value = parse_payload_json(payload)?;
        let members = Members::of(&value, "")?;
        members.closed(&MEMBERS)?;
        if members.count("v")? != 1 {
            return Err(FormError::UnknownVersion);
        }
        let kind: KindName = members.parsed("kind")?;
        let subject: Subject = members.parsed("subject")?;
        let touches = read_touches(&members, &subject)?;
        check_subjects_in_data(members.value("data")?, &subject, &touches)?;
        Ok(Statement {
            payload: payload.to_vec(),
            payload_hash: Hash::of(payload),
            home: read_home(&members, &kind)?,
            id: members.checked("id", is_statement_id, "an id is a UUID of version 7 in lower case")?,
            signers: read_signers(&members)?,
            occurred_at: members.parsed("occurred_at")?,
            recorded_at: members.parsed("recorded_at")?,
            place: members.if_present("place", read_place)?,
            on_behalf_of: members.if_present("on_behalf_of", read_on_behalf_of)?,
            source: members.if_present("source", Members::parsed)?,
            visibility: members.if_present("visibility", Members::parsed)?,
            device: members.if_present("device", read_device)?,
            corrects: read_corrects(&members, &kind)?,
            attachments: members.if_present("attachments", read_attachments)?.unwrap_or_default(),
            data: members.map("data")?.clone(),
            ext: members.if_present("ext", read_ext)?,
            kind,
            subject,
            touches,
        })
    }

    /// The chains that this statement belongs to, in the order of its record's links.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        std::iter::once(&self.subject).chain(&self.touches)
    }

    /// The leaf hash of the genesis record of the ledger that this is for; none for genesis itself.
    pub fn ledger(&self) -> Option<&Hash> {
        match &self.home {
            Home::Ledger(hash) => Some(hash),
            Home::Origin(_) => None,
        }
    }

    pub fn is_genesis(&self) -> bool {
        self.kind.name == GENESIS
    }

    pub fn is_correction(&self) -> bool {
        self.kind.name == CORRECTION
    }
}

/// For signers: brings what has an order into that order, and gives the bytes to sign if their form is right.
pub fn to_payload_bytes(statement: &Value) -> Result<Vec<u8>, FormError> {
    let mut statement = statement.clone();
    if let Some(touches) = statement.get_mut("touches").and_then(Value::as_array_mut) {
        touches.sort_by_key(|touched| text_of(touched).to_owned());
    }
    if let Some(signers) = statement.get_mut("signers").and_then(Value::as_array_mut) {
        signers.sort_by_key(|signer| ["org", "key", "as"].map(|name| text_of(&signer[name]).to_owned()));
    }
    let bytes = canonical(&statement);
    Statement::parse(&bytes)?;
    Ok(bytes)
}

const GENESIS: &str = "genesis";
const CORRECTION: &str = "correction";

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn read_home(members: &Members<'_>, kind: &KindName) -> Result<Home, FormError> {
    if kind.name == GENESIS {
        if members.has("ledger") {
            return Err(FormError::LedgerInGenesis);
        }
        let rule = "an origin has 1 to 255 bytes, and neither spaces nor plus signs";
        return Ok(Home::Origin(members.checked("origin", is_origin, rule)?));
    }
    if members.has("origin") {
        return Err(FormError::OriginOutsideGenesis { kind: kind.clone() });
    }
    Ok(Home::Ledger(members.parsed("ledger")?))
}

fn read_touches(members: &Members<'_>, subject: &Subject) -> Result<Vec<Subject>, FormError> {
    let touches = members
        .items("touches", TOUCHES_MAX)?
        .map(|(at, value)| read_subject(at, value))
        .collect::<Result<Vec<_>, _>>()?;
    if !is_strictly_sorted(&touches) {
        return Err(FormError::TouchesNotSorted);
    }
    if touches.contains(subject) {
        return Err(FormError::SubjectInTouches { subject: subject.clone() });
    }
    Ok(touches)
}

fn read_subject(at: String, value: &Value) -> Result<Subject, MemberError> {
    match value.as_str() {
        Some(text) => {
            text.parse().map_err(|e: ParseSubjectError| MemberError::BadValue { at, reason: e.to_string() })
        }
        None => Err(MemberError::WrongType { at, expected: "a string" }),
    }
}

/// The signer, not the ledger, says which chains a statement belongs to; so no lot may be named and left out of them.
fn check_subjects_in_data(data: &Value, subject: &Subject, touches: &[Subject]) -> Result<(), FormError> {
    walk(data, &mut |at, node| {
        let named = node.as_str().and_then(|text| Subject::parse(text).ok());
        match named {
            Some(named) if named != *subject && touches.binary_search(&named).is_err() => {
                Err(FormError::SubjectNotTouched { at: format!("/data{at}"), subject: named })
            }
            _ => Ok(()),
        }
    })
}

fn read_signers(members: &Members<'_>) -> Result<Vec<Signer>, FormError> {
    let signers = members
        .items("signers", SIGNERS_MAX)?
        .map(|(at, value)| read_signer(value, at))
        .collect::<Result<Vec<_>, _>>()?;
    if signers.is_empty() {
        return Err(members.empty("signers").into());
    }
    for (index, signer) in signers.iter().enumerate() {
        if signers[..index].iter().any(|earlier| earlier.key == signer.key) {
            return Err(FormError::SignerRepeated { key: signer.key });
        }
    }
    if !signers.is_sorted_by_key(|signer| (signer.org.as_str(), signer.key)) {
        return Err(FormError::SignersNotSorted);
    }
    Ok(signers)
}

fn read_signer(value: &Value, at: String) -> Result<Signer, MemberError> {
    let signer = Members::of(value, at)?;
    signer.closed(&["as", "key", "org"])?;
    Ok(Signer { org: signer.organisation("org")?, key: signer.parsed("key")?, role: signer.parsed("as")? })
}

fn read_corrects(members: &Members<'_>, kind: &KindName) -> Result<Option<Hash>, FormError> {
    if kind.name == CORRECTION {
        return Ok(Some(members.parsed("corrects")?));
    }
    if members.has("corrects") {
        return Err(FormError::CorrectsOutsideCorrection { kind: kind.clone() });
    }
    Ok(None)
}

fn read_ext(members: &Members<'_>, name: &str) -> Result<Map<String, Value>, MemberError> {
    let ext = members.map(name)?;
    if ext.is_empty() { Err(members.empty(name)) } else { Ok(ext.clone()) }
}

fn is_strictly_sorted<T: Ord>(items: &[T]) -> bool {
    items.windows(2).all(|pair| pair[0] < pair[1])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn harvest() -> Value {
        json!({
            "v": 1,
            "ledger": "ab".repeat(32),
            "id": "01936f5e-7c3a-7b2f-8d1e-0123456789ab",
            "kind": "harvest/1",
            "subject": "batch:farm.lot1",
            "touches": ["crop:farm.a", "plot:farm.1"],
            "signers": [{"org": "org:farm", "key": "cd".repeat(32), "as": "farm"}],
            "occurred_at": "2026-11-22",
            "recorded_at": "2026-11-22T09:30:00+08:00",
            "data": {"crop": "crop:farm.a"},
        })
    }

    #[track_caller]
    fn code_after(change: impl Fn(&mut Value)) -> &'static str {
        let mut statement = harvest();
        change(&mut statement);
        Statement::parse(&canonical(&statement)).unwrap_err().code()
    }

    #[test]
    fn fields_are_those_of_the_payload() {
        let payload = canonical(&harvest());
        let statement = Statement::parse(&payload).unwrap();
        assert_eq!(statement.payload, payload);
        assert_eq!(statement.payload_hash, Hash::of(&payload));
        assert_eq!(statement.kind.to_string(), "harvest/1");
        assert_eq!(statement.signers[0].org, "farm");
        assert_eq!(statement.ledger(), "ab".repeat(32).parse().ok().as_ref());
        let subjects: Vec<String> = statement.subjects().map(Subject::to_string).collect();
        assert_eq!(subjects, ["batch:farm.lot1", "crop:farm.a", "plot:farm.1"]);
        assert!(!statement.is_genesis() && !statement.is_correction());
    }

    #[test]
    fn touches_hold_up_to_their_limit_and_not_past_it() {
        let lots = |count: usize| (0..count).map(|n| format!("batch:farm.p{n:02}")).collect::<Vec<_>>();
        let with = |count: usize| {
            let mut statement = harvest();
            statement["touches"] = json!(lots(count));
            statement["data"] = json!({});
            Statement::parse(&canonical(&statement)).map(|s| s.touches.len()).map_err(|e| e.code())
        };
        assert_eq!(with(0), Ok(0));
        assert_eq!(with(TOUCHES_MAX), Ok(63));
        assert_eq!(with(TOUCHES_MAX + 1), Err("too-many"));
    }

    #[test]
    fn signers_hold_up_to_their_limit_and_not_past_it() {
        let with = |count: usize| {
            let mut statement = harvest();
            let signer = |n| json!({"org": "org:farm", "key": format!("{n:064x}"), "as": "farm"});
            statement["signers"] = (0..count).map(signer).collect();
            Statement::parse(&canonical(&statement)).map(|s| s.signers.len()).map_err(|e| e.code())
        };
        assert_eq!(with(0), Err("empty"));
        assert_eq!(with(SIGNERS_MAX), Ok(4));
        assert_eq!(with(SIGNERS_MAX + 1), Err("too-many"));
    }

    #[test]
    fn one_key_signs_once_whatever_it_signs_as() {
        let signer =
            |org: &str, key: &str, role: &str| json!({"org": org, "key": key.repeat(32), "as": role});
        let code = |signers: Value| code_after(|s| s["signers"] = signers.clone());
        assert_eq!(
            code(json!([signer("org:a", "cd", "farm"), signer("org:b", "cd", "farm")])),
            "signer-repeated"
        );
        assert_eq!(
            code(json!([signer("org:a", "cd", "coop"), signer("org:a", "cd", "farm")])),
            "signer-repeated"
        );
        assert_eq!(
            code(json!([signer("org:b", "ab", "farm"), signer("org:a", "cd", "farm")])),
            "signers-not-sorted"
        );
        assert_eq!(
            code(json!([signer("org:a", "cd", "farm"), signer("org:a", "ab", "farm")])),
            "signers-not-sorted"
        );
    }

    #[test]
    fn a_lot_named_in_data_is_touched() {
        assert_eq!(
            code_after(|s| s["data"]["from"] = json!([{"lot": "batch:farm.lot2"}])),
            "subject-not-touched"
        );
        assert_eq!(code_after(|s| s["data"] = json!({"a/b": "ledger:"})), "subject-not-touched");
        let error = {
            let mut statement = harvest();
            statement["data"]["from"] = json!([{"lot": "batch:farm.lot2"}]);
            Statement::parse(&canonical(&statement)).unwrap_err()
        };
        assert_eq!(
            error.to_string(),
            "\"/data/from/0/lot\" names batch:farm.lot2, which is neither the statement's subject nor in its touches"
        );
        // A place is where it happened; it does not make the plot's chain a part of this.
        let mut statement = harvest();
        statement["place"] = json!({"plot": "plot:farm.9"});
        assert!(Statement::parse(&canonical(&statement)).is_ok());
    }

    #[test]
    fn genesis_has_an_origin_and_nothing_else_has() {
        let mut genesis = harvest();
        genesis["kind"] = "genesis/1".into();
        genesis["origin"] = "suyuan.example/log".into();
        assert_eq!(Statement::parse(&canonical(&genesis)).unwrap_err().code(), "ledger-in-genesis");
        genesis.as_object_mut().unwrap().remove("ledger");
        let statement = Statement::parse(&canonical(&genesis)).unwrap();
        assert_eq!((statement.ledger(), statement.is_genesis()), (None, true));
        genesis.as_object_mut().unwrap().remove("origin");
        assert_eq!(Statement::parse(&canonical(&genesis)).unwrap_err().code(), "missing-member");
        assert_eq!(code_after(|s| s["origin"] = "suyuan.example/log".into()), "origin-outside-genesis");
    }

    #[test]
    fn corrects_stands_in_corrections_only() {
        assert_eq!(code_after(|s| s["corrects"] = "ab".repeat(32).into()), "corrects-outside-correction");
        assert_eq!(code_after(|s| s["kind"] = "correction/1".into()), "missing-member");
        let mut correction = harvest();
        correction["kind"] = "correction/1".into();
        correction["corrects"] = "ab".repeat(32).into();
        assert!(Statement::parse(&canonical(&correction)).unwrap().is_correction());
    }

    #[test]
    fn signers_tools_get_sorted_canonical_bytes_or_the_reason_why_not() {
        let mut statement = harvest();
        statement["touches"] = json!(["plot:farm.1", "crop:farm.a"]);
        assert_eq!(to_payload_bytes(&statement), Ok(canonical(&harvest())));
        statement["signers"] = json!([
            {"org": "org:lab", "key": "01".repeat(32), "as": "lab"},
            {"org": "org:farm", "key": "cd".repeat(32), "as": "farm"},
        ]);
        let bytes = to_payload_bytes(&statement).unwrap();
        assert_eq!(Statement::parse(&bytes).unwrap().signers[0].org, "farm");
        statement["touches"] = json!([7]);
        assert_eq!(to_payload_bytes(&statement).unwrap_err().code(), "wrong-type");
        assert_eq!(to_payload_bytes(&json!("text")).unwrap_err().code(), "wrong-type");
    }
}
