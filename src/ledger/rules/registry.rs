//! Organisations, keys and the ledger's own kinds: registration, scope, recovery, revocation, rotation.

use super::data::{data_hash, data_text, key_id, org_subject, public_keys, roles_of, signed_by, text_set};
use super::judge::Judge;
use super::{CheckError, Lookup, REGISTRAR, REGISTRAR_ADMIN_KEYS_MIN, RULES_KNOWN, refuse};
use crate::anchor::{Publication, address};
use crate::ledger::facts::{Detail, KeyFact, OrgFact, OrgStatus, Revocation, Scope};
use crate::ledger::refusal::Code;
use crate::merkle::Hash;
use crate::note::vkey::{KeyType, VerifierKey};
use crate::statement::payload::Home;
use crate::statement::role::Role;
use crate::statement::subject::{Subject, SubjectKind};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// How long a key added by recovery may be told to wait.
const RECOVERY_DELAY_HOURS: std::ops::RangeInclusive<i64> = 24..=720;

/// A plain Ed25519 key named like the log's origin.
fn is_log_key(key: &VerifierKey, origin: &str) -> bool {
    key.key_type() == KeyType::Ed25519 && key.name().as_str() == origin
}

impl Judge<'_> {
    pub(super) fn genesis(&mut self) -> Result<(), CheckError> {
        if !self.record.is_genesis() {
            return refuse(Code::Form, "genesis is record 0 and only record 0");
        }
        let keys = public_keys(self.statement)?;
        if keys.len() != REGISTRAR_ADMIN_KEYS_MIN {
            return refuse(Code::Form, "genesis names two registrar keys");
        }
        let mut touched: Vec<Subject> = keys.iter().map(|key| Subject::of_key(&key_id(key))).collect();
        touched.push(Subject::ledger());
        touched.sort();
        if self.statement.subject != org_subject(REGISTRAR)? || self.statement.touches != touched {
            return refuse(Code::Form, "genesis is about org:registrar, its two keys and ledger:");
        }
        for signer in &self.statement.signers {
            if signer.org != REGISTRAR || signer.role != Role::Registrar {
                return refuse(Code::Right, "genesis is signed by the registrar's keys alone");
            }
        }
        self.possession(&keys)?;
        let name = self.statement.data.get("registrar").and_then(|r| r.get("name")).and_then(Value::as_str);
        self.found_org(REGISTRAR, name.unwrap_or_default(), BTreeSet::from([Role::Registrar]), &keys)?;
        self.outcome.details.insert(Subject::ledger(), Detail::Ledger);
        self.outcome.rules = self.statement.data.get("rules").and_then(Value::as_u64);
        self.outcome.log_vkey = data_text(self.statement, "log_vkey").map(str::to_owned);
        self.outcome.demonstration = self.statement.data.get("demonstration") == Some(&Value::Bool(true));
        self.outcome.author = REGISTRAR.to_owned();
        let log_vkey = self.outcome.log_vkey.as_deref().unwrap_or_default().parse::<VerifierKey>();
        let Home::Origin(origin) = &self.statement.home else {
            return refuse(Code::Form, "genesis names no origin");
        };
        if !log_vkey.is_ok_and(|key| is_log_key(&key, origin)) {
            return refuse(Code::Form, "genesis names no Ed25519 log key of its origin");
        }
        match self.outcome.rules {
            Some(rules) if RULES_KNOWN.contains(&rules) => Ok(()),
            Some(rules) => Err(CheckError::NewerRules(rules)),
            None => refuse(Code::Form, "genesis names no rules"),
        }
    }

    pub(super) fn org_register(&mut self) -> Result<(), CheckError> {
        let subject = &self.statement.subject;
        if subject.kind() != SubjectKind::Org {
            return refuse(Code::Form, "org.register is about an organisation");
        }
        self.must_be_new(subject)?;
        let org = subject.id().to_owned();
        let keys = public_keys(self.statement)?;
        let ids: Vec<Hash> = keys.iter().map(key_id).collect();
        let mut touched: Vec<Subject> = ids.iter().map(Subject::of_key).collect();
        touched.sort();
        if self.statement.touches != touched {
            return refuse(Code::Form, "org.register touches exactly the founding keys");
        }
        let roles = roles_of(self.statement)?;
        for signer in self.statement.signers.iter().filter(|signer| ids.contains(&signer.key)) {
            if signer.org != org || !roles.contains(&signer.role) {
                return refuse(Code::Right, "a founding key signs for its organisation in one of its roles");
            }
        }
        self.possession(&keys)?;
        self.author(&ids, Judge::is_registrar_admin)?;
        let name = data_text(self.statement, "name").unwrap_or_default().to_owned();
        self.found_org(&org, &name, roles, &keys)
    }

    pub(super) fn found_org(
        &mut self,
        org: &str,
        name: &str,
        roles: BTreeSet<Role>,
        keys: &[Hash],
    ) -> Result<(), CheckError> {
        let fact = OrgFact { name: name.to_owned(), roles, status: OrgStatus::Active };
        self.outcome.details.insert(org_subject(org)?, Detail::Org(fact));
        for key in keys {
            self.tie_key(org, key, Scope::Admin, None);
        }
        Ok(())
    }

    pub(super) fn tie_key(
        &mut self,
        org: &str,
        public_key: &Hash,
        scope: Scope,
        recovery_until: Option<i64>,
    ) {
        let id = key_id(public_key);
        let fact = KeyFact {
            org: org.to_owned(),
            public_key: *public_key,
            scope,
            plots: None,
            valid_until: data_text(self.statement, "valid_until").map(str::to_owned),
            added_seq: self.record.seq,
            effective_at: recovery_until.unwrap_or(0),
            recovery: recovery_until.is_some(),
            revoked: None,
        };
        self.outcome.details.insert(Subject::of_key(&id), Detail::Key(fact));
        self.outcome.new_keys.push((org.to_owned(), id));
    }

    /// Each key introduced is new and signs itself: nobody registers a key that they do not hold.
    pub(super) fn possession(&self, keys: &[Hash]) -> Result<(), CheckError> {
        for key in keys {
            let id = key_id(key);
            self.must_be_new(&Subject::of_key(&id))?;
            if !self.statement.signers.iter().any(|signer| signer.key == id) {
                return refuse(Code::Right, format!("the new key {id} must sign too"));
            }
        }
        Ok(())
    }

    pub(super) fn org_update(&mut self) -> Result<(), CheckError> {
        let subject = self.statement.subject.clone();
        if subject.kind() != SubjectKind::Org {
            return refuse(Code::Form, "org.update is about an organisation");
        }
        const OWN: &[&str] = &["contact", "intro", "name_en"];
        let own_fields = self.statement.data.keys().all(|name| OWN.contains(&name.as_str()));
        self.author(&[], |judge, signer| {
            if own_fields && signer.org == subject.id() {
                return judge.is_admin(signer);
            }
            judge.is_registrar_admin(signer)
        })?;
        let Some(mut org) = self.org(subject.id())? else { return Ok(()) };
        if subject.id() == REGISTRAR && !own_fields {
            return refuse(Code::Right, "the registrar's own name, roles and status do not change");
        }
        if self.statement.data.contains_key("roles") {
            org.roles = roles_of(self.statement)?;
        }
        if let Some(name) = data_text(self.statement, "name") {
            org.name = name.to_owned();
        }
        match data_text(self.statement, "status") {
            Some("active") => org.status = OrgStatus::Active,
            Some("closed") => org.status = OrgStatus::Closed,
            Some("suspended") => org.status = OrgStatus::Suspended,
            _ => {}
        }
        self.outcome.details.insert(subject, Detail::Org(org));
        Ok(())
    }

    pub(super) fn org_key_add(&mut self) -> Result<(), CheckError> {
        let Some(public_key) = data_hash(self.statement, "public_key") else {
            return refuse(Code::Form, "org.key.add names no public key");
        };
        let id = key_id(&public_key);
        if self.statement.subject != Subject::of_key(&id) {
            return refuse(Code::Form, "org.key.add is about the key that it adds");
        }
        self.possession(&[public_key])?;
        let new_signer = self.statement.signers.iter().find(|signer| signer.key == id);
        let org = new_signer.map(|signer| signer.org.clone()).unwrap_or_default();
        if let (Some(fact), Some(signer)) = (self.org(&org)?, new_signer)
            && !fact.roles.contains(&signer.role)
        {
            return refuse(Code::Right, format!("org:{org} does not have the role {}", signer.role));
        }
        let recovery_until = match self.statement.data.get("recovery") {
            None => {
                let same_org = org.clone();
                self.author(&[id], move |judge, signer| {
                    if signer.org != same_org {
                        return refuse(Code::Right, "a key is added by its own organisation");
                    }
                    judge.is_admin(signer)
                })?;
                None
            }
            Some(recovery) => Some(self.recovery(recovery, &org, &id)?),
        };
        let scope = match self.statement.data.get("scope") {
            Some(scope) if scope.get("admin") == Some(&Value::Bool(true)) => Scope::Admin,
            Some(scope) => Scope::Kinds(scope.get("kinds").map(text_set).unwrap_or_default()),
            None => return refuse(Code::Form, "org.key.add names no scope"),
        };
        self.tie_key(&org, &public_key, scope, recovery_until);
        let plots = self.statement.data.get("plots").map(text_set);
        if let Some(Detail::Key(fact)) = self.outcome.details.get_mut(&self.statement.subject) {
            fact.plots = plots;
        }
        Ok(())
    }

    /// The registrar gives an organisation that lost its keys a new one: in public, and late, unless a key that
    /// the organisation still has signs too. Returns the ledger time from which the key may sign.
    pub(super) fn recovery(
        &mut self,
        recovery: &Value,
        org: &str,
        new_key: &Hash,
    ) -> Result<i64, CheckError> {
        if recovery.get("org").and_then(Value::as_str) != Some(&format!("org:{org}")) {
            return refuse(Code::Form, "the recovery names another organisation than the new key");
        }
        self.author(&[*new_key], |judge, signer| {
            if signer.org == org && org != REGISTRAR {
                return refuse(Code::Right, "a recovery is the registrar's act");
            }
            judge.is_registrar_admin(signer)
        })?;
        let agreed = self.statement.signers.iter().any(|s| s.org == org && s.key != *new_key);
        let hours = recovery.get("delay_hours").and_then(Value::as_i64).unwrap_or(0);
        if !RECOVERY_DELAY_HOURS.contains(&hours) {
            return refuse(Code::Form, "a recovery waits between 24 and 720 hours");
        }
        Ok(if agreed { 0 } else { self.record.at.saturating_add(hours.saturating_mul(3_600_000)) })
    }

    pub(super) fn org_key_revoke(&mut self) -> Result<(), CheckError> {
        let subject = self.statement.subject.clone();
        if subject.kind() != SubjectKind::Key {
            return refuse(Code::Form, "org.key.revoke is about a key");
        }
        let Some(Detail::Key(mut key)) = self.detail(&subject)? else {
            return self.author(&[], |_, _| Ok(()));
        };
        if key.revoked.is_some() {
            return refuse(Code::Right, format!("{subject} is already revoked"));
        }
        let org = key.org.clone();
        self.author(&[], |judge, signer| {
            if signer.org != org {
                return refuse(Code::Right, "a key is revoked by its own organisation");
            }
            if Subject::of_key(&signer.key) == subject {
                return Ok(());
            }
            judge.is_admin(signer)
        })?;
        if key.scope == Scope::Admin {
            let least = if org == REGISTRAR { REGISTRAR_ADMIN_KEYS_MIN } else { 1 };
            if self.other_admin_keys(&org, &subject)?.is_some_and(|others| others < least) {
                return refuse(
                    Code::Right,
                    format!("org:{org} would be left with too few admin keys: add another one first"),
                );
            }
        }
        key.revoked = Some(Revocation {
            seq: self.record.seq,
            reason: data_text(self.statement, "reason").unwrap_or_default().to_owned(),
            since: data_text(self.statement, "since").map(str::to_owned),
        });
        self.outcome.details.insert(subject, Detail::Key(key));
        Ok(())
    }

    pub(super) fn other_admin_keys(
        &mut self,
        org: &str,
        except: &Subject,
    ) -> Result<Option<usize>, CheckError> {
        let Lookup::Known(ids) = self.view.org_keys(org)? else { return Ok(None) };
        let mut count = 0;
        for id in ids.iter().map(Subject::of_key).filter(|id| id != except) {
            if let Lookup::Known(Detail::Key(key)) = self.view.subject(&id)? {
                let usable = key.revoked.is_none() && self.record.at >= key.effective_at;
                count += usize::from(usable && key.scope == Scope::Admin);
            }
        }
        Ok(Some(count))
    }

    pub(super) fn ledger_rules(&mut self) -> Result<(), CheckError> {
        self.about_the_ledger()?;
        let rules = self.statement.data.get("rules").and_then(Value::as_u64).unwrap_or(0);
        if rules <= self.view.rules() {
            return refuse(Code::Right, "rules only move forward");
        }
        if !RULES_KNOWN.contains(&rules) {
            return Err(CheckError::NewerRules(rules));
        }
        self.outcome.rules = Some(rules);
        Ok(())
    }

    pub(super) fn ledger_key(&mut self) -> Result<(), CheckError> {
        self.about_the_ledger()?;
        let (Some(old), Some(new), Some(until)) = (
            data_text(self.statement, "old_vkey"),
            data_text(self.statement, "new_vkey"),
            data_text(self.statement, "both_until"),
        ) else {
            return refuse(Code::Form, "ledger.key names the old key, the new key and until when both sign");
        };
        let is_current = !matches!(self.view.log_vkey()?, Lookup::Known(current) if current != old);
        if !is_current || old == new {
            return refuse(Code::Right, "ledger.key must replace the current log key by another");
        }
        let keys = (old.parse::<VerifierKey>(), new.parse::<VerifierKey>());
        if !matches!(&keys, (Ok(a), Ok(b)) if is_log_key(a, b.name().as_str()) && is_log_key(b, a.name().as_str()))
        {
            return refuse(Code::Form, "ledger.key names two Ed25519 keys of the log's one name");
        }
        let message = format!("suyuan/log-key/v1\n{old}\n{new}\n{until}\n");
        for (vkey, signature) in [(old, "signature_old"), (new, "signature_new")] {
            if !signed_by(vkey, &message, data_text(self.statement, signature).unwrap_or_default()) {
                return refuse(Code::Signature, "ledger.key must carry good signatures of both log keys");
            }
        }
        self.outcome.log_vkey = Some(new.to_owned());
        Ok(())
    }

    /// The one list of published checkpoints that counts: whoever reads it sees every history that the log has claimed.
    pub(super) fn ledger_anchor(&mut self) -> Result<(), CheckError> {
        self.about_the_ledger()?;
        let Some(publication) = publication(&self.statement.data) else {
            return refuse(Code::Form, "ledger.anchor names a chain, a contract and an account");
        };
        self.outcome.publication = Some(publication);
        Ok(())
    }

    /// A table of produce rules. A row that is made up for a demonstration never enters a ledger that is not one.
    pub(super) fn rules_set(&mut self) -> Result<(), CheckError> {
        self.about_the_ledger()?;
        let rows = self.statement.data.values().filter_map(Value::as_array).flatten();
        let is_fictional = |row: &Value| row.get("fictional").is_some();
        if !self.view.is_demonstration() && rows.into_iter().any(is_fictional) {
            return refuse(Code::Right, "fictional rows are for ledgers whose genesis says demonstration");
        }
        Ok(())
    }

    pub(super) fn about_the_ledger(&mut self) -> Result<(), CheckError> {
        if self.statement.subject != Subject::ledger() || !self.statement.touches.is_empty() {
            return refuse(Code::Form, format!("{} is about ledger: alone", self.statement.kind));
        }
        self.author(&[], Judge::is_registrar_admin)
    }
}

/// What a `ledger.anchor` statement names; none where one of the three has not its form.
pub fn publication(data: &Map<String, Value>) -> Option<Publication> {
    let account = |name: &str| data.get(name)?.as_str().and_then(address);
    let chain_id = data.get("chain_id")?.as_u64().filter(|id| *id > 0)?;
    Some(Publication { chain_id, contract: account("contract")?, sender: account("sender")? })
}
