//! What every kind is judged with: lookups that know what they do not know, what may be touched, who signs.

use super::data::{data_text, lots_of, org_subject};
use super::{CheckError, Lookup, Outcome, REGISTRAR, View, references, refuse};
use crate::ledger::entry::Record;
use crate::ledger::facts::{BatchFact, Detail, KeyFact, LeafFact, OrgFact, OrgStatus, Scope};
use crate::ledger::refusal::Code;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::payload::{Signer, Statement};
use crate::statement::role::Role;
use crate::statement::subject::{Subject, SubjectKind};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) struct Judge<'a> {
    pub(super) view: &'a dyn View,
    pub(super) record: &'a Record,
    pub(super) statement: &'a Statement,
    pub(super) kind: Kind,
    pub(super) outcome: Outcome,
}

/// How one signer stands.
pub(super) enum Standing {
    /// A registered key that may sign this kind now.
    Valid,
    /// The key is introduced by this very statement: it proves possession, nothing more.
    Introduced,
    /// The view does not carry the chains that would tell.
    Unknown,
}

impl Judge<'_> {
    pub(super) fn detail(&mut self, subject: &Subject) -> Result<Option<Detail>, CheckError> {
        match self.view.subject(subject)? {
            Lookup::Known(detail) => Ok(Some(detail)),
            Lookup::Absent => refuse(Code::Unknown, format!("{subject} is not in the ledger")),
            Lookup::Unknown => {
                self.outcome.missing.insert(subject.clone());
                Ok(None)
            }
        }
    }

    pub(super) fn org(&mut self, org: &str) -> Result<Option<OrgFact>, CheckError> {
        match self.detail(&org_subject(org)?)? {
            Some(Detail::Org(fact)) => Ok(Some(fact)),
            Some(_) => refuse(Code::Form, format!("org:{org} is not an organisation")),
            None => Ok(None),
        }
    }

    pub(super) fn key(&mut self, key: &Hash) -> Result<Option<KeyFact>, CheckError> {
        match self.detail(&Subject::of_key(key))? {
            Some(Detail::Key(fact)) => Ok(Some(fact)),
            Some(_) => refuse(Code::Form, format!("key:{key} is not a key")),
            None => Ok(None),
        }
    }

    pub(super) fn batch(&mut self, subject: &Subject) -> Result<Option<BatchFact>, CheckError> {
        // A lot touched twice in one statement shows what this statement has already done to it.
        if let Some(Detail::Batch(fact)) = self.outcome.details.get(subject) {
            return Ok(Some(fact.clone()));
        }
        match self.detail(subject)? {
            Some(Detail::Batch(fact)) => Ok(Some(fact)),
            Some(_) => refuse(Code::Form, format!("{subject} is not a batch")),
            None => Ok(None),
        }
    }

    pub(super) fn is_new(&self, subject: &Subject) -> bool {
        self.record.link(subject).is_some_and(|link| link.n == 0)
    }

    pub(super) fn must_be_new(&self, subject: &Subject) -> Result<(), CheckError> {
        if self.is_new(subject) {
            return Ok(());
        }
        refuse(Code::Right, format!("{subject} already exists"))
    }

    pub(super) fn subjects(&self) -> Vec<Subject> {
        self.statement.subjects().cloned().collect()
    }

    pub(super) fn about_its_own_sort(&self) -> Result<(), CheckError> {
        if self.kind.subject_kinds().contains(&self.statement.subject.kind()) {
            return Ok(());
        }
        refuse(Code::Form, format!("{} cannot be about {}", self.statement.kind, self.statement.subject))
    }

    /// A report, photo or series that `data` points at is one of the statement's own attachments. A correction may
    /// go on pointing at those of what it corrects.
    pub(super) fn names_own_attachments(&self) -> Result<(), CheckError> {
        let data = &self.statement.data;
        let chunk = data.get("readings").and_then(|readings| readings.get("chunk"));
        for named in [data.get("report_file"), data.get("seal_photo"), chunk].into_iter().flatten() {
            let commitments =
                self.statement.attachments.iter().map(|attachment| attachment.commitment.to_string());
            if !commitments.into_iter().any(|commitment| named == &Value::String(commitment)) {
                return refuse(Code::Form, format!("{named} is not one of the statement's attachments"));
            }
        }
        Ok(())
    }

    /// Nobody may put records on the chains of subjects that the statement does not speak about.
    pub(super) fn expected_touches(&self) -> Result<(), CheckError> {
        if matches!(self.kind, Kind::Genesis | Kind::OrgRegister | Kind::Correction | Kind::Withdrawal) {
            return Ok(());
        }
        let named: BTreeSet<String> = references(self.kind, &self.statement.data).into_values().collect();
        if let Some(subject) =
            self.statement.touches.iter().find(|subject| !named.contains(&subject.to_string()))
        {
            return refuse(Code::Form, format!("touches names {subject}, which data does not"));
        }
        let moves = matches!(self.kind, Kind::Shipping | Kind::Receiving);
        if moves && !lots_of(self.statement, "lots").contains(&self.statement.subject.to_string()) {
            return refuse(Code::Form, "the main subject must be one of the lots");
        }
        Ok(())
    }

    pub(super) fn standing(&mut self, signer: &Signer, introduced: &[Hash]) -> Result<Standing, CheckError> {
        if introduced.contains(&signer.key) {
            return Ok(Standing::Introduced);
        }
        let org = self.org(&signer.org)?;
        let key = self.key(&signer.key)?;
        let (Some(org), Some(key)) = (org, key) else { return Ok(Standing::Unknown) };
        if key.org != signer.org {
            return refuse(Code::Right, format!("key {} does not belong to org:{}", signer.key, signer.org));
        }
        if key.revoked.is_some() {
            return refuse(Code::Right, format!("key {} is revoked", signer.key));
        }
        if self.record.at < key.effective_at {
            return refuse(Code::Right, format!("key {} was added by recovery and waits", signer.key));
        }
        // A suspended organisation can still take a stolen key out of use.
        let may_act = org.status == OrgStatus::Active || self.kind == Kind::OrgKeyRevoke;
        if !may_act && signer.org != REGISTRAR {
            return refuse(Code::Right, format!("org:{} is not active", signer.org));
        }
        if !org.roles.contains(&signer.role) {
            return refuse(Code::Right, format!("org:{} does not have the role {}", signer.org, signer.role));
        }
        self.scope_covers(&signer.key, &key)?;
        Ok(Standing::Valid)
    }

    pub(super) fn scope_covers(&mut self, id: &Hash, key: &KeyFact) -> Result<(), CheckError> {
        // A key may take itself out of use whatever its scope.
        if self.kind == Kind::OrgKeyRevoke && self.statement.subject == Subject::of_key(id) {
            return Ok(());
        }
        if let Scope::Kinds(kinds) = &key.scope {
            let kind = match self.kind {
                Kind::Correction | Kind::Withdrawal => match self.current_original()? {
                    Some(fact) => fact.kind.split('/').next().unwrap_or_default().to_owned(),
                    None => return Ok(()),
                },
                _ => self.kind.name().to_owned(),
            };
            if !kinds.contains(&kind) {
                return refuse(Code::Right, format!("key {id} may not sign {kind}"));
            }
        }
        let Some(plots) = &key.plots else { return Ok(()) };
        let mut on_plots = BTreeSet::new();
        for subject in self.subjects() {
            match subject.kind() {
                SubjectKind::Plot => {
                    on_plots.insert(subject.id().to_owned());
                }
                SubjectKind::Crop => match self.crop_plot(&subject)? {
                    Some(plot) => {
                        on_plots.insert(plot);
                    }
                    None => return Ok(()),
                },
                _ => {}
            }
        }
        if on_plots.is_empty() || !on_plots.is_subset(plots) {
            return refuse(Code::Right, format!("key {id} is confined to other plots"));
        }
        Ok(())
    }

    pub(super) fn crop_plot(&mut self, crop: &Subject) -> Result<Option<String>, CheckError> {
        if self.kind == Kind::CropOpen && crop == &self.statement.subject {
            let plot = data_text(self.statement, "plot").and_then(|plot| plot.strip_prefix("plot:"));
            return match plot {
                Some(plot) => Ok(Some(plot.to_owned())),
                None => refuse(Code::Form, "crop.open names no plot"),
            };
        }
        match self.detail(crop)? {
            Some(Detail::Crop(fact)) => Ok(Some(fact.plot)),
            Some(_) => refuse(Code::Form, format!("{crop} is not a season")),
            None => Ok(None),
        }
    }

    /// Every signer stands, and the first for whom `carries` holds is the author. A signer that the view cannot
    /// judge is given the benefit: `missing` names what was not looked at.
    pub(super) fn author(
        &mut self,
        introduced: &[Hash],
        mut carries: impl FnMut(&mut Self, &Signer) -> Result<(), CheckError>,
    ) -> Result<(), CheckError> {
        let mut why_not = None;
        let mut author = None;
        let mut unjudged = None;
        for signer in &self.statement.signers {
            match self.standing(signer, introduced)? {
                Standing::Introduced => continue,
                Standing::Unknown => {
                    unjudged.get_or_insert_with(|| signer.org.clone());
                    continue;
                }
                Standing::Valid if author.is_some() => continue,
                Standing::Valid => {}
            }
            match carries(self, signer) {
                Ok(()) => author = Some(signer.org.clone()),
                Err(CheckError::Refused(refusal)) => {
                    why_not.get_or_insert(refusal);
                }
                Err(other) => return Err(other),
            }
        }
        match (author.or(unjudged), why_not) {
            (Some(org), _) => {
                self.outcome.author = org;
                Ok(())
            }
            (None, Some(refusal)) => Err(CheckError::Refused(refusal)),
            (None, None) => refuse(Code::Right, "no signer may make this statement"),
        }
    }

    pub(super) fn is_registrar_admin(&mut self, signer: &Signer) -> Result<(), CheckError> {
        if signer.org != REGISTRAR || signer.role != Role::Registrar {
            return refuse(Code::Right, format!("only the registrar may sign {}", self.statement.kind));
        }
        self.is_admin(signer)
    }

    pub(super) fn is_admin(&mut self, signer: &Signer) -> Result<(), CheckError> {
        match self.key(&signer.key)? {
            Some(KeyFact { scope: Scope::Kinds(_), .. }) => {
                refuse(Code::Right, format!("key {} is not an admin key", signer.key))
            }
            _ => Ok(()),
        }
    }

    /// A correction that could not be judged is no version of anything known.
    pub(super) fn finish_leaf(&mut self) {
        if self.outcome.leaf.is_some() || self.kind == Kind::Correction {
            return;
        }
        let leaf = self.record.leaf();
        self.outcome.leaf = Some(LeafFact {
            seq: self.record.seq,
            kind: self.statement.kind.to_string(),
            subject: self.statement.subject.to_string(),
            touches: self.statement.touches.iter().map(Subject::to_string).collect(),
            author: self.outcome.author.clone(),
            original: leaf,
            current: leaf,
            fixed: references(self.kind, &self.statement.data),
            withdrawn: None,
        });
    }
}
