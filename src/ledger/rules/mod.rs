//! Rules version 1: may this record stand here, and what follows from it.
//!
//! One function, [`check`], for the sequencer, the auditor and the verifier of a bundle. It reads what came before
//! through [`View`]. An auditor's view knows everything; a bundle's view knows only the subjects whose chains it
//! carries whole, and [`Outcome::missing`] names what could not be looked at. The caller has checked form, links
//! and signatures; only rights and effects are decided here, and by position alone.

mod by_table;
mod correction;
mod data;
mod judge;
mod registry;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use data::{data_hash, public_keys};
use judge::Judge;
pub use registry::publication;

use crate::anchor::Publication;
use crate::ledger::entry::Record;
use crate::ledger::facts::{Detail, FactsError, LeafFact};
use crate::ledger::refusal::{Code, Refusal};
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::payload::Statement;
use crate::statement::subject::Subject;

pub use data::lots_of;

/// The rules versions that this program knows.
pub const RULES_KNOWN: &[u64] = &[1];

pub(super) const REGISTRAR: &str = "registrar";

/// The registrar must never be one lost key away from silence.
const REGISTRAR_ADMIN_KEYS_MIN: usize = 2;

/// What a view can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    Known(T),
    /// There is no such thing, and the view knows that.
    Absent,
    /// The view does not carry what would answer.
    Unknown,
}

/// The ledger before the record in question.
pub trait View {
    fn subject(&self, subject: &Subject) -> Result<Lookup<Detail>, FactsError>;
    fn leaf(&self, leaf: &Hash) -> Result<Lookup<LeafFact>, FactsError>;
    /// Key ids that ever belonged to an organisation.
    fn org_keys(&self, org: &str) -> Result<Lookup<Vec<Hash>>, FactsError>;
    fn log_vkey(&self) -> Result<Lookup<String>, FactsError>;
    fn rules(&self) -> u64;
    /// Genesis called this ledger a demonstration. Genesis is never unknown.
    fn is_demonstration(&self) -> bool;
}

/// What follows from a record that may stand.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// New details of the subjects touched, where they change.
    pub details: BTreeMap<Subject, Detail>,
    /// The organisation whose right carried the statement.
    pub author: String,
    /// The leaf fact of this record.
    pub leaf: Option<LeafFact>,
    /// The leaf of the first version that this correction supersedes the current version of.
    pub corrects: Option<Hash>,
    /// The leaf of the first version of what this withdrawal takes back.
    pub withdraws: Option<Hash>,
    /// (organisation, key id) newly tied together.
    pub new_keys: Vec<(String, Hash)>,
    pub rules: Option<u64>,
    pub log_vkey: Option<String>,
    /// The one list of checkpoints that counts from here on.
    pub publication: Option<Publication>,
    /// Genesis calls the ledger a demonstration.
    pub demonstration: bool,
    /// Subjects that the view does not carry and that the decision would have looked at.
    pub missing: BTreeSet<Subject>,
}

/// Not a refusal alone: the view itself may fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The ledger switched to rules that this program does not know: from here on it can judge nothing.
    #[error("the ledger goes by rules {0}, which this program does not know: update it first")]
    NewerRules(u64),
    #[error("{0}")]
    Refused(#[from] Refusal),
}

/// Decides on `record`. Form, links and signatures are the caller's.
pub fn check(view: &dyn View, record: &Record) -> Result<Outcome, CheckError> {
    let kind = kind_of(&record.statement)?;
    let mut judge = Judge { view, record, statement: &record.statement, kind, outcome: Outcome::default() };
    judge.about_its_own_sort()?;
    judge.expected_touches()?;
    judge.names_own_attachments()?;
    match kind {
        Kind::Genesis => judge.genesis()?,
        Kind::OrgRegister => judge.org_register()?,
        Kind::OrgUpdate => judge.org_update()?,
        Kind::OrgKeyAdd => judge.org_key_add()?,
        Kind::OrgKeyRevoke => judge.org_key_revoke()?,
        Kind::LedgerRules => judge.ledger_rules()?,
        Kind::LedgerAnchor => judge.ledger_anchor()?,
        Kind::LedgerKey => judge.ledger_key()?,
        Kind::RulesSet => judge.rules_set()?,
        Kind::Correction => judge.correction()?,
        Kind::Withdrawal => judge.withdrawal()?,
        _ => judge.by_table()?,
    }
    judge.finish_leaf();
    Ok(judge.outcome)
}

/// The pointers into `data` whose values a correction must keep: every subject named, and what custody hangs on.
pub fn references(kind: Kind, data: &serde_json::Map<String, Value>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, value) in data {
        collect_subjects(&format!("/{}", escape_pointer(name)), value, &mut found);
    }
    let fixed: &[&str] = match kind {
        Kind::Shipping => &["to", "to_consumers", "carrier"],
        Kind::Receiving => &["shipment", "accept"],
        _ => &[],
    };
    for name in fixed {
        if let Some(value) = data.get(*name) {
            found.insert(format!("/{name}"), value.to_string());
        }
    }
    found
}

/// Public keys that a statement brings into the ledger, so that its own signatures can be checked.
pub fn introduced_keys(statement: &Statement) -> Vec<Hash> {
    match kind_of(statement) {
        Ok(Kind::Genesis | Kind::OrgRegister) => public_keys(statement).unwrap_or_default(),
        Ok(Kind::OrgKeyAdd) => data_hash(statement, "public_key").into_iter().collect(),
        _ => Vec::new(),
    }
}

fn collect_subjects(pointer: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::String(text) if Subject::parse(text).is_ok() => {
            found.insert(pointer.to_owned(), text.clone());
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                collect_subjects(&format!("{pointer}/{i}"), item, found);
            }
        }
        Value::Object(members) => {
            for (name, item) in members {
                collect_subjects(&format!("{pointer}/{}", escape_pointer(name)), item, found);
            }
        }
        _ => {}
    }
}

fn escape_pointer(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn kind_of(statement: &Statement) -> Result<Kind, Refusal> {
    statement
        .kind
        .to_string()
        .parse::<Kind>()
        .map_err(|_| Refusal::new(Code::Form, format!("unknown kind {}", statement.kind)))
}

fn refuse<T>(code: Code, message: impl Into<String>) -> Result<T, CheckError> {
    Err(CheckError::Refused(Refusal::new(code, message)))
}
