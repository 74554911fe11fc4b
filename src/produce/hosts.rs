//! Facts about a host: the batches that it signed for, and what was decided against it. Never a score.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::reason::Source;
use super::times::day_of;
use crate::ledger::Record;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::subject::{Subject, SubjectKind};
use crate::statement::time::Date;

/// A whole ledger's account of its hosts. Takes records in the order of the log, answers as of any size up to there.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// By bare id.
    orgs: BTreeMap<String, HostFacts>,
    /// Hosts by the leaf of what they signed.
    signed: BTreeMap<Hash, Vec<String>>,
    /// By lot: holds that somebody set on it.
    holds: BTreeMap<Subject, Vec<Source>>,
}

/// What the ledger holds on one organisation as a host.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HostFacts {
    /// In the order of the log, those taken back among them.
    pub sign_offs: Vec<SignedOff>,
    /// Different lots that it approved and did not take back.
    pub batches: usize,
    /// Holds that were set, later, on lots that it had approved.
    pub holds: Vec<Source>,
    /// Whatever was decided against it, in whichever role.
    pub enforcements: Vec<Enforced>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignedOff {
    pub source: Source,
    pub lot: String,
    pub approved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Source>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Enforced {
    pub source: Source,
    /// Who decided it, bare ids.
    pub by: Vec<String>,
    /// Codes of the schema.
    pub action: String,
    pub basis: String,
    pub lots: Vec<String>,
    /// `YYYY-MM-DD`, the last day of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Its last day is over.
    pub over: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Source>,
}

impl Hosts {
    pub(super) fn take(&mut self, record: &Record, source: Source) {
        let statement = &record.statement;
        let text = |name: &str| statement.data.get(name).and_then(Value::as_str);
        match Kind::try_from(&statement.kind) {
            Ok(Kind::SignOff) => {
                for host in statement.signers.iter().filter(|signer| signer.role == Role::Host) {
                    self.signed.entry(source.leaf).or_default().push(host.org.clone());
                    self.orgs.entry(host.org.clone()).or_default().sign_offs.push(SignedOff {
                        source,
                        lot: statement.subject.to_string(),
                        approved: text("verdict") == Some("approved"),
                        withdrawn: None,
                    });
                }
            }
            Ok(Kind::Enforcement) if statement.subject.kind() == SubjectKind::Org => {
                let lots = statement.data.get("lots").and_then(Value::as_array).into_iter().flatten();
                self.orgs.entry(statement.subject.id().to_owned()).or_default().enforcements.push(Enforced {
                    source,
                    by: statement.signers.iter().map(|signer| signer.org.clone()).collect(),
                    action: text("action").unwrap_or_default().to_owned(),
                    basis: text("basis").unwrap_or_default().to_owned(),
                    lots: lots.filter_map(Value::as_str).map(str::to_owned).collect(),
                    until: text("until").map(str::to_owned),
                    over: false,
                    withdrawn: None,
                });
            }
            Ok(Kind::Hold) if statement.subject.kind() == SubjectKind::Batch => {
                self.holds.entry(statement.subject.clone()).or_default().push(source);
            }
            Ok(Kind::Withdrawal) => {
                if let Some(leaf) = text("withdraws").and_then(|leaf| leaf.parse::<Hash>().ok()) {
                    self.withdraw(&statement.subject, leaf, source);
                }
            }
            _ => {}
        }
    }

    /// A decision is withdrawn where its organisation stands, a sign-off at its lot.
    fn withdraw(&mut self, subject: &Subject, leaf: Hash, by: Source) {
        let of_org = (subject.kind() == SubjectKind::Org).then(|| self.orgs.get_mut(subject.id())).flatten();
        for enforced in of_org.into_iter().flat_map(|facts| &mut facts.enforcements) {
            if enforced.source.leaf == leaf {
                enforced.withdrawn.get_or_insert(by);
            }
        }
        for host in self.signed.get(&leaf).into_iter().flatten() {
            let sign_offs = self.orgs.get_mut(host).into_iter().flat_map(|facts| &mut facts.sign_offs);
            for signed in sign_offs.filter(|signed| signed.source.leaf == leaf) {
                signed.withdrawn.get_or_insert(by);
            }
        }
    }

    /// What the first `size` entries say of the organisation (bare id), as of a moment in milliseconds.
    pub fn of(&self, org: &str, size: u64, as_of: i64) -> HostFacts {
        let known = self.orgs.get(org).cloned().unwrap_or_default();
        let stood = |source: &Source| source.seq < size;
        let mut facts = HostFacts::default();
        for mut signed in known.sign_offs.into_iter().filter(|signed| stood(&signed.source)) {
            signed.withdrawn = signed.withdrawn.filter(stood);
            facts.sign_offs.push(signed);
        }
        for mut enforced in known.enforcements.into_iter().filter(|enforced| stood(&enforced.source)) {
            enforced.withdrawn = enforced.withdrawn.filter(stood);
            let until = enforced.until.as_ref().and_then(|until| until.parse::<Date>().ok());
            enforced.over = until.is_some_and(|until| day_of(as_of) > until.days());
            facts.enforcements.push(enforced);
        }
        let mut batches = BTreeSet::new();
        for signed in facts.sign_offs.iter().filter(|signed| signed.approved && signed.withdrawn.is_none()) {
            batches.insert(&signed.lot);
            let holds = Subject::parse(&signed.lot).ok().and_then(|lot| self.holds.get(&lot));
            let later =
                holds.into_iter().flatten().filter(|hold| hold.seq > signed.source.seq && stood(hold));
            facts.holds.extend(later);
        }
        facts.batches = batches.len();
        facts.holds.sort_unstable();
        facts.holds.dedup();
        facts
    }
}
