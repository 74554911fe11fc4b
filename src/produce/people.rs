//! Who says so: organisations, who checked who they are, and what became of the keys that they signed with.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::story::{as_key, as_text};
use crate::ledger::{Record, introduced_keys};
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::payload::{Signer, Statement};
use crate::statement::role::Role;
use crate::statement::time::Instant;
use crate::text::{KeyStanding, Lang};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Organisation {
    pub id: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// In which it is registered.
    pub roles: Vec<String>,
    /// In which it signed entries of this story.
    pub signed_as: BTreeSet<String>,
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityCheck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub village: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub national_code: Option<String>,
}

/// Who looked at who they are. No proof can replace this, so it stands wherever the name does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdentityCheck {
    pub checked_by: String,
    pub method: String,
    pub date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_type: Option<String>,
}

/// One signature under an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signed {
    pub org: String,
    #[serde(rename = "as", serialize_with = "as_text")]
    pub role: Role,
    pub key: Hash,
    #[serde(serialize_with = "as_key")]
    pub standing: KeyStanding,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<RevokedKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevokedKey {
    pub seq: u64,
    /// When the ledger had the revocation, in milliseconds.
    pub at: i64,
    pub reason: String,
    /// From when the key may have been in other hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// What the gathered records say of organisations and keys.
#[derive(Default)]
pub(super) struct People {
    pub(super) organisations: BTreeMap<String, Organisation>,
    keys: BTreeMap<Hash, Option<RevokedKey>>,
}

impl People {
    pub(super) fn of(records: &[&Record]) -> People {
        let mut people = People::default();
        for record in records {
            people.take(record);
        }
        people
    }

    pub(super) fn signed(&mut self, record: &Record) -> Vec<Signed> {
        record.statement.signers.iter().map(|signer| self.signature(signer, record.at)).collect()
    }

    fn signature(&mut self, signer: &Signer, at: i64) -> Signed {
        if let Some(organisation) = self.organisations.get_mut(&signer.org) {
            organisation.signed_as.insert(signer.role.to_string());
        }
        let revoked = self.keys.get(&signer.key).cloned();
        let standing = match &revoked {
            None => KeyStanding::Unknown,
            Some(None) => KeyStanding::Good,
            Some(Some(revoked)) => revoked.standing_of_entry(at),
        };
        Signed {
            org: signer.org.clone(),
            role: signer.role,
            key: signer.key,
            standing,
            revoked: revoked.flatten(),
        }
    }

    fn take(&mut self, record: &Record) {
        let statement = &record.statement;
        for key in introduced_keys(statement) {
            self.keys.insert(Hash::of(key.as_bytes()), None);
        }
        let Ok(kind) = Kind::try_from(&statement.kind) else { return };
        match kind {
            Kind::Genesis => {
                let name = statement.data.get("registrar").and_then(|registrar| registrar.get("name"));
                let organisation = self.organisation(statement.subject.id());
                organisation.name = name.and_then(Value::as_str).unwrap_or_default().to_owned();
                organisation.roles = vec![Role::Registrar.to_string()];
            }
            Kind::OrgRegister | Kind::OrgUpdate => self.organisation(statement.subject.id()).learn(statement),
            Kind::OrgKeyRevoke => {
                if let Some(key) = statement.subject.key_id() {
                    self.keys.insert(key, Some(RevokedKey::of(record)));
                }
            }
            _ => {}
        }
    }

    fn organisation(&mut self, id: &str) -> &mut Organisation {
        self.organisations.entry(id.to_owned()).or_insert_with(|| Organisation::unknown(id))
    }
}

impl Organisation {
    /// Nothing but its id.
    pub(super) fn unknown(id: &str) -> Organisation {
        Organisation {
            id: id.to_owned(),
            name: id.to_owned(),
            name_en: None,
            roles: Vec::new(),
            signed_as: BTreeSet::new(),
            status: "active".to_owned(),
            identity: None,
            village: None,
            national_code: None,
        }
    }

    /// Its name in that language, where it has one.
    pub fn name_in(&self, lang: Lang) -> &str {
        match (lang, &self.name_en) {
            (Lang::En, Some(name)) => name,
            _ => &self.name,
        }
    }

    fn learn(&mut self, statement: &Statement) {
        let data = &statement.data;
        let text = |name: &str| data.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(name) = text("name") {
            self.name = name;
        }
        if let Some(status) = text("status") {
            self.status = status;
        }
        if let Some(roles) = data.get("roles").and_then(Value::as_array) {
            self.roles = roles.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        self.name_en = text("name_en").or(self.name_en.take());
        self.village = text("address_village").or(self.village.take());
        self.national_code = text("national_code").or(self.national_code.take());
        if let Some(identity) = data.get("identity") {
            self.identity = IdentityCheck::of(identity);
        }
    }
}

impl IdentityCheck {
    fn of(identity: &Value) -> Option<IdentityCheck> {
        let text = |name: &str| identity.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(IdentityCheck {
            checked_by: text("checked_by")?,
            method: text("method")?,
            date: text("date")?,
            document_type: text("document_type"),
        })
    }
}

impl RevokedKey {
    fn of(record: &Record) -> RevokedKey {
        let text = |name: &str| record.statement.data.get(name).and_then(Value::as_str).map(str::to_owned);
        RevokedKey {
            seq: record.seq,
            at: record.at,
            reason: text("reason").unwrap_or_default(),
            since: text("since"),
        }
    }

    /// Entries stand before the revocation in the log, or they would have been refused: only a dated theft or loss
    /// casts doubt on them.
    fn standing_of_entry(&self, at: i64) -> KeyStanding {
        let since = self.since.as_ref().and_then(|since| since.parse::<Instant>().ok());
        match since {
            Some(since) if at >= since.unix_seconds().saturating_mul(1_000) => KeyStanding::Suspect,
            _ if matches!(self.reason.as_str(), "lost" | "stolen") => KeyStanding::Revoked,
            _ => KeyStanding::Retired,
        }
    }
}
