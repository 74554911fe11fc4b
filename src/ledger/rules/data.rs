//! Reads of a statement's `data` that several rules share.

use super::{CheckError, refuse};
use crate::ledger::refusal::{Code, Refusal};
use crate::merkle::Hash;
use crate::note::vkey::VerifierKey;
use crate::statement::ed25519;
use crate::statement::payload::Statement;
use crate::statement::role::Role;
use crate::statement::subject::Subject;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::BTreeSet;

/// The subject of a bare organisation id.
pub(super) fn org_subject(org: &str) -> Result<Subject, Refusal> {
    Subject::of_org(org).map_err(|_| Refusal::new(Code::Form, format!("{org} is no organisation id")))
}

/// Whether `signature` (base64) is that of the log key `vkey` over `message`.
pub(super) fn signed_by(vkey: &str, message: &str, signature: &str) -> bool {
    let key = vkey.parse::<VerifierKey>();
    let signature = STANDARD.decode(signature).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    matches!((key, signature), (Ok(key), Some(signature))
        if ed25519::verify(key.public(), message.as_bytes(), &signature).is_ok())
}

/// A key id is the SHA-256 of the public key.
pub(super) fn key_id(public_key: &Hash) -> Hash {
    Hash::of(public_key.as_bytes())
}

pub(super) fn owned_by(subject: &Subject, org: &str) -> Result<(), CheckError> {
    if subject.org() == Some(org) {
        return Ok(());
    }
    refuse(Code::Right, format!("{subject} does not belong to org:{org}"))
}

pub(super) fn data_text<'a>(statement: &'a Statement, name: &str) -> Option<&'a str> {
    statement.data.get(name).and_then(Value::as_str)
}

pub(super) fn data_hash(statement: &Statement, name: &str) -> Option<Hash> {
    data_text(statement, name)?.parse().ok()
}

pub(super) fn text_set(value: &Value) -> BTreeSet<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The lots that `data` lists on one side (`inputs`, `outputs`, `lots`).
pub fn lots_of(statement: &Statement, side: &str) -> BTreeSet<String> {
    let items = statement.data.get(side).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.get("lot")).filter_map(Value::as_str).map(str::to_owned).collect()
}

pub(super) fn public_keys(statement: &Statement) -> Result<Vec<Hash>, CheckError> {
    let items = statement.data.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let keys: Option<Vec<Hash>> =
        items.iter().map(|item| item.get("public_key")?.as_str()?.parse().ok()).collect();
    match keys {
        Some(keys) if !keys.is_empty() => Ok(keys),
        _ => refuse(Code::Form, format!("{} names no keys", statement.kind)),
    }
}

pub(super) fn roles_of(statement: &Statement) -> Result<BTreeSet<Role>, CheckError> {
    let items = statement.data.get("roles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let roles: Option<BTreeSet<Role>> = items.iter().map(|item| item.as_str()?.parse().ok()).collect();
    match roles {
        Some(roles) if !roles.is_empty() && !roles.contains(&Role::Registrar) => Ok(roles),
        _ => refuse(Code::Form, "roles must name one or more, and never registrar"),
    }
}
