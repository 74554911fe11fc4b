//! What the records themselves tell: organisations that are watched, names, the ledger's own key and rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::alarm::{Alarm, Kind};
use super::names::Names;
use super::notebook::Notebook;
use crate::follow::Watch;
use crate::ledger::{Detail, Entry, Facts, FactsError, Reader, Record, keys, publication};
use crate::statement::kinds::Kind as Said;
use crate::statement::payload::Statement;
use crate::statement::subject::Subject;
use crate::store::{Batch, KeyRange, Read, Snapshot, StoreError};

/// Hears every record, and has what it tells written down with it.
pub(super) struct Entries<'a> {
    origin: &'a str,
    /// Bare ids of the organisations that are watched.
    orgs: &'a BTreeSet<String>,
    notebook: Arc<Notebook>,
    now_ms: i64,
    /// Only what comes after the first look is news.
    is_first: bool,
    names: &'a mut Names,
    found: Vec<Alarm>,
    /// What was handed over to be written, and its first number.
    handed: Option<(u64, Vec<Alarm>)>,
}

/// The names of all organisations that are registered.
pub(super) fn names_in(snapshot: &Snapshot) -> Result<Names, FactsError> {
    let mut names = Names::default();
    let reader = Reader(snapshot.clone());
    let prefix = keys::subject("org:");
    let pairs = snapshot.scan(&KeyRange::prefix(prefix.clone())).collect::<Result<Vec<_>, StoreError>>()?;
    for (key, _) in pairs {
        let org = String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
        let Ok(subject) = Subject::of_org(&org) else { continue };
        for seq in reader.chain(&subject, u64::MAX)? {
            if let Entry::Record(record) = reader.entry(seq)? {
                names.add(&org, said_names(&record.statement));
            }
        }
    }
    Ok(names)
}

impl<'a> Entries<'a> {
    pub(super) fn new(
        origin: &'a str,
        orgs: &'a BTreeSet<String>,
        notebook: Arc<Notebook>,
        now_ms: i64,
        is_first: bool,
        names: &'a mut Names,
    ) -> Entries<'a> {
        Entries { origin, orgs, notebook, now_ms, is_first, names, found: Vec::new(), handed: None }
    }

    /// What was written is told.
    pub(super) fn tell(&mut self) -> Vec<Alarm> {
        let Some((first, alarms)) = self.handed.take() else { return Vec::new() };
        self.notebook.written(first, &alarms);
        alarms
    }

    fn find(&mut self, kind: Kind, record: &Record, subject: &str, text: String) {
        // What is old is no news, but for what somebody else did to an organisation that is watched.
        if !self.is_first || matches!(kind, Kind::OrgRecovery | Kind::SimilarToWatched) {
            let alarm = Alarm::new(kind, self.origin, self.now_ms, text);
            self.found.push(alarm.at(record.seq).about(subject));
        }
    }

    fn record(&mut self, record: &Record, known: &Reader<&dyn Facts>) -> Result<(), FactsError> {
        let statement = &record.statement;
        let Ok(said) = Said::try_from(&statement.kind) else { return Ok(()) };
        match said {
            Said::OrgRegister | Said::OrgUpdate => self.org(record, said),
            Said::OrgKeyAdd | Said::OrgKeyRevoke => self.key(record, said, known)?,
            Said::LedgerKey => {
                let new = text(statement, "new_vkey");
                let until = text(statement, "both_until");
                let told = format!("the log changes its key to {new}; both sign until {until}");
                self.find(Kind::LogKeyChanged, record, "ledger:", told);
            }
            Said::LedgerAnchor => {
                let place = publication(&statement.data).map(|place| place.to_string()).unwrap_or_default();
                let told = format!("checkpoints are published at {place} from here on");
                self.find(Kind::PublicationChanged, record, "ledger:", told);
            }
            Said::LedgerRules => {
                let told = format!("from entry {} on the ledger goes by other rules", record.seq);
                self.find(Kind::RulesChanged, record, "ledger:", told);
            }
            Said::RulesSet => {
                let told = format!("the registrar has set the table {}", text(statement, "table"));
                self.find(Kind::RulesChanged, record, "ledger:", told);
            }
            _ => {}
        }
        Ok(())
    }

    fn org(&mut self, record: &Record, said: Said) {
        let statement = &record.statement;
        let (org, subject) = (statement.subject.id().to_owned(), statement.subject.as_str().to_owned());
        let names: Vec<&str> = said_names(statement).collect();
        let like: Vec<String> = self.names.like(&org, &names).into_iter().map(str::to_owned).collect();
        let name = names.first().copied().unwrap_or_default();
        for other in like {
            let is_watched = self.orgs.contains(&other) || self.orgs.contains(&org);
            let kind = if is_watched { Kind::SimilarToWatched } else { Kind::SimilarName };
            let told = format!("org:{org} is called {name:?}, which is like a name of org:{other}");
            self.find(kind, record, &subject, told);
        }
        if self.orgs.contains(&org) {
            match said {
                Said::OrgRegister => {
                    let told = format!("org:{org} was registered as {name:?}");
                    self.find(Kind::OrgRegistered, record, &subject, told);
                }
                _ => {
                    let members: Vec<&str> = statement.data.keys().map(String::as_str).collect();
                    let told = format!("org:{org}: {} changed", members.join(", "));
                    self.find(Kind::OrgChanged, record, &subject, told);
                }
            }
        }
        self.names.add(&org, names);
    }

    fn key(&mut self, record: &Record, said: Said, known: &Reader<&dyn Facts>) -> Result<(), FactsError> {
        let subject = &record.statement.subject;
        let Some(Detail::Key(key)) = known.subject(subject)?.map(|fact| fact.detail) else { return Ok(()) };
        if !self.orgs.contains(&key.org) {
            return Ok(());
        }
        let id = subject.id();
        let (kind, told) = match said {
            Said::OrgKeyRevoke => {
                let reason = text(&record.statement, "reason");
                (Kind::OrgKeyRevoked, format!("the key {id} of org:{} was revoked ({reason})", key.org))
            }
            _ if key.recovery => {
                let told =
                    format!("the registrar gives org:{} the key {id}, as a recovery of its keys", key.org);
                (Kind::OrgRecovery, told)
            }
            _ => (Kind::OrgKeyAdded, format!("org:{} has a new key, {id}", key.org)),
        };
        self.find(kind, record, &format!("org:{}", key.org), told);
        Ok(())
    }
}

impl Watch for Entries<'_> {
    fn entry(&mut self, entry: &Entry, known: &Reader<&dyn Facts>) -> Result<(), FactsError> {
        match entry.as_record() {
            Some(record) => self.record(record, known),
            None => Ok(()),
        }
    }

    fn beside(&mut self) -> Batch {
        let mut batch = Batch::default();
        // What was handed over before is on the disk by now.
        self.tell();
        let found = std::mem::take(&mut self.found);
        let first = self.notebook.put(&found, &mut batch);
        self.handed = Some((first, found));
        batch
    }

    fn forget(&mut self) {
        self.found.clear();
        self.handed = None;
    }
}

fn said_names(statement: &Statement) -> impl Iterator<Item = &str> {
    ["name", "name_en"].into_iter().filter_map(|member| statement.data.get(member).and_then(Value::as_str))
}

fn text<'a>(statement: &'a Statement, member: &str) -> &'a str {
    statement.data.get(member).and_then(Value::as_str).unwrap_or_default()
}
