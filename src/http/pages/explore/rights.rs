//! What an entry changed in who may sign what, in sentences.

use serde_json::Value;

use super::desk::{Desk, kind_of};
use crate::http::problem::Problem;
use crate::ledger::{Detail, Record, introduced_keys};
use crate::statement::ed25519::PublicKey;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::subject::Subject;
use crate::text::{Amount, Explore, labels, t};

/// Nothing where the kind of statement changes no rights.
pub(super) fn changes(desk: &Desk<'_>, record: &Record) -> Result<Vec<String>, Problem> {
    let Some(kind) = kind_of(&record.statement) else { return Ok(Vec::new()) };
    match kind {
        Kind::Genesis => Ok(begins(desk, record)),
        Kind::LedgerAnchor => {
            let [chain, contract, sender] = ["chain_id", "contract", "sender"].map(|name| text(record, name));
            let blanks = [("chain", &*chain), ("contract", &*contract), ("sender", &*sender)];
            Ok(vec![desk.fill(Explore::RightsPublication, &blanks)])
        }
        Kind::LedgerKey => Ok(vec![log_key(desk, record)]),
        Kind::LedgerRules => {
            let rules = text(record, "rules");
            Ok(vec![desk.fill(Explore::RightsRules, &[("rules", &rules)])])
        }
        Kind::OrgKeyAdd => key_added(desk, record),
        Kind::OrgKeyRevoke => key_revoked(desk, record),
        Kind::OrgRegister => registered(desk, record),
        Kind::OrgUpdate => Ok(updated(desk, record)),
        Kind::RulesSet => {
            let table = text(record, "table");
            let table = labels::code(desk.lang, kind, "/table", &table).map_or(table.clone(), str::to_owned);
            Ok(vec![desk.fill(Explore::RightsTable, &[("table", &table)])])
        }
        _ => Ok(Vec::new()),
    }
}

fn begins(desk: &Desk<'_>, record: &Record) -> Vec<String> {
    let registrar = record.statement.data.get("registrar").and_then(|registrar| registrar.get("name"));
    let name = registrar.and_then(Value::as_str).unwrap_or_default();
    let rules = text(record, "rules");
    let begin = desk.fill(Explore::RightsBegin, &[("name", name), ("rules", &rules)]);
    vec![begin, desk.fill(Explore::RightsKeys, &[("keys", &founding_keys(desk, record))])]
}

fn registered(desk: &Desk<'_>, record: &Record) -> Result<Vec<String>, Problem> {
    let org = record.statement.subject.id();
    Ok(vec![
        desk.fill(Explore::RightsOrg, &[("org", org), ("roles", &roles(desk, record))]),
        desk.fill(Explore::RightsKeys, &[("keys", &founding_keys(desk, record))]),
    ])
}

fn updated(desk: &Desk<'_>, record: &Record) -> Vec<String> {
    let (data, org) = (&record.statement.data, record.statement.subject.id());
    let mut says = Vec::new();
    if data.contains_key("roles") {
        says.push(desk.fill(Explore::RightsRoles, &[("org", org), ("roles", &roles(desk, record))]));
    }
    if data.contains_key("status") {
        let status = text(record, "status");
        let word = labels::code(desk.lang, Kind::OrgUpdate, "/status", &status).unwrap_or(&status);
        says.push(desk.fill(Explore::RightsStatus, &[("org", org), ("status", word)]));
    }
    if data.contains_key("name") {
        says.push(desk.fill(Explore::RightsName, &[("org", org), ("name", &text(record, "name"))]));
    }
    if says.is_empty() {
        says.push(desk.w(Explore::RightsNone).to_owned());
    }
    says
}

fn key_added(desk: &Desk<'_>, record: &Record) -> Result<Vec<String>, Problem> {
    let id = record.statement.subject.id();
    let Some(Detail::Key(key)) = desk.view.subject(&record.statement.subject)?.map(|fact| fact.detail) else {
        return Ok(Vec::new());
    };
    let scope = desk.scope(&key.scope);
    let mut says = vec![desk.fill(Explore::RightsKey, &[("key", id), ("org", &key.org), ("scope", &scope)])];
    if let Some(plots) = &key.plots {
        let plots = plots.iter().map(String::as_str).collect::<Vec<_>>().join(t(desk.lang, Amount::And));
        says.push(desk.fill(Explore::RightsPlots, &[("plots", &plots)]));
    }
    if let Some(until) = &key.valid_until {
        says.push(desk.fill(Explore::RightsUntil, &[("date", until)]));
    }
    if key.recovery {
        let at = desk.plain().moment(key.effective_at.max(record.at));
        says.push(desk.fill(Explore::RightsRecovery, &[("at", &at)]));
    }
    Ok(says)
}

fn key_revoked(desk: &Desk<'_>, record: &Record) -> Result<Vec<String>, Problem> {
    let (id, reason) = (record.statement.subject.id(), text(record, "reason"));
    let word = labels::code(desk.lang, Kind::OrgKeyRevoke, "/reason", &reason).unwrap_or(&reason);
    let mut says = vec![desk.fill(Explore::RightsRevoked, &[("key", id), ("reason", word)])];
    if record.statement.data.contains_key("since") {
        says.push(desk.fill(Explore::RightsSince, &[("since", &text(record, "since"))]));
    }
    Ok(says)
}

fn log_key(desk: &Desk<'_>, record: &Record) -> String {
    let (old, new, until) = (text(record, "old_vkey"), text(record, "new_vkey"), text(record, "both_until"));
    desk.fill(Explore::RightsLogKey, &[("old", &old), ("new", &new), ("until", &until)])
}

fn roles(desk: &Desk<'_>, record: &Record) -> String {
    let roles = record.statement.data.get("roles").and_then(Value::as_array);
    let roles = roles.into_iter().flatten().filter_map(|role| role.as_str()?.parse::<Role>().ok());
    desk.roles(&roles.collect::<Vec<Role>>())
}

fn founding_keys(desk: &Desk<'_>, record: &Record) -> String {
    let keys = introduced_keys(&record.statement).into_iter();
    let ids = keys.filter_map(|bytes| Some(PublicKey::parse(&bytes.0).ok()?.key_id().to_string()));
    ids.collect::<Vec<_>>().join(t(desk.lang, Amount::And))
}

fn text(record: &Record, name: &str) -> String {
    match record.statement.data.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

/// The places of the newest changes in an organisation's rights, the newest first, `most` at the most: its own
/// records and those of its keys.
pub(super) fn history(desk: &Desk<'_>, org: &Subject, most: usize) -> Result<Vec<u64>, Problem> {
    let mut chains = vec![org.clone()];
    chains.extend(desk.view.reader.org_keys(org.id())?.iter().map(Subject::of_key));
    let mut seqs: Vec<u64> = Vec::new();
    for subject in chains.iter().take(KEYS_MAX) {
        let count = desk.view.subject(subject)?.map_or(0, |fact| fact.count);
        for n in count.saturating_sub(most as u64)..count {
            seqs.extend(desk.view.reader.chain_seq(subject, n)?);
        }
    }
    seqs.sort_unstable_by(|a, b| b.cmp(a));
    seqs.dedup();
    seqs.truncate(most);
    Ok(seqs)
}

/// Keys whose chains are read for one page.
const KEYS_MAX: usize = 200;
