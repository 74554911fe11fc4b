//! Kinds about produce: decided by the table of rights, with births and custody.

use super::data::{data_hash, data_text, lots_of, owned_by};
use super::judge::Judge;
use super::{CheckError, refuse};
use crate::ledger::facts::{BatchFact, CropFact, Detail, OpenShipment, PlotFact};
use crate::ledger::refusal::{Code, Refusal};
use crate::ledger::rights::{Relation, right_of};
use crate::statement::kinds::Kind;
use crate::statement::subject::{Subject, SubjectKind};
use std::collections::BTreeSet;

impl Judge<'_> {
    pub(super) fn by_table(&mut self) -> Result<(), CheckError> {
        let subjects = self.subjects();
        self.author(&[], |judge, signer| {
            for subject in &subjects {
                let right = right_of(judge.kind, signer.role, subject.kind()).ok_or_else(|| {
                    Refusal::new(
                        Code::Right,
                        format!("{} may not sign {} about {subject}", signer.role, judge.statement.kind),
                    )
                })?;
                judge.stands_to(&signer.org, subject, right.relation)?;
            }
            Ok(())
        })?;
        if self.outcome.author.is_empty() {
            return Ok(());
        }
        self.effects()
    }

    pub(super) fn stands_to(
        &mut self,
        org: &str,
        subject: &Subject,
        relation: Relation,
    ) -> Result<(), CheckError> {
        match relation {
            Relation::Any => self.detail(subject).map(drop),
            Relation::Own => {
                self.detail(subject)?;
                owned_by(subject, org)
            }
            Relation::New => {
                self.must_be_new(subject)?;
                owned_by(subject, org)
            }
            Relation::NewOrPlanted => {
                owned_by(subject, org)?;
                if self.is_new(subject) {
                    return Ok(());
                }
                match self.batch(subject)? {
                    Some(batch) if !batch.growing => {
                        refuse(Code::Right, format!("{subject} already exists and is no longer growing"))
                    }
                    _ => Ok(()),
                }
            }
            Relation::Held => self.held(org, subject, false),
            Relation::HeldOrCarried => self.held(org, subject, true),
            Relation::Receiver => self.receiver(org, subject),
            Relation::Transformed => self.transformed(org, subject),
            Relation::Registrar | Relation::Special => {
                refuse(Code::Right, format!("{} is not decided by the table", self.statement.kind))
            }
        }
    }

    pub(super) fn held(&mut self, org: &str, subject: &Subject, or_carried: bool) -> Result<(), CheckError> {
        let Some(batch) = self.batch(subject)? else { return Ok(()) };
        let carried = || batch.open_shipments.iter().any(|open| open.carrier.as_deref() == Some(org));
        if batch.holders.contains(org) || (or_carried && carried()) {
            return Ok(());
        }
        refuse(Code::Right, format!("org:{org} does not hold {subject}"))
    }

    pub(super) fn receiver(&mut self, org: &str, subject: &Subject) -> Result<(), CheckError> {
        let Some(batch) = self.batch(subject)? else { return Ok(()) };
        let Some(shipment) = data_hash(self.statement, "shipment") else {
            return refuse(Code::Form, "receiving names no shipment");
        };
        match batch.open_shipments.iter().find(|open| open.leaf == shipment) {
            Some(open) if open.to.as_deref() == Some(org) => Ok(()),
            Some(_) => refuse(Code::Right, format!("the shipment of {subject} does not name org:{org}")),
            None => refuse(Code::Unknown, format!("{subject} has no such open shipment")),
        }
    }

    pub(super) fn transformed(&mut self, org: &str, subject: &Subject) -> Result<(), CheckError> {
        let text = subject.to_string();
        if lots_of(self.statement, "outputs").contains(&text) {
            self.must_be_new(subject)?;
            return owned_by(subject, org);
        }
        if subject == &self.statement.subject {
            return refuse(Code::Form, "the main subject must be one of the outputs");
        }
        self.held(org, subject, false)
    }

    /// What a record of these kinds changes, once its author is known.
    pub(super) fn effects(&mut self) -> Result<(), CheckError> {
        let author = self.outcome.author.clone();
        for subject in self.subjects() {
            match subject.kind() {
                SubjectKind::Plot if self.is_new(&subject) => {
                    let fact = PlotFact { org: author.clone() };
                    self.outcome.details.insert(subject, Detail::Plot(fact));
                }
                SubjectKind::Crop if self.is_new(&subject) => {
                    let plot = self.crop_plot(&subject)?.unwrap_or_default();
                    let fact = CropFact { org: author.clone(), plot };
                    self.outcome.details.insert(subject, Detail::Crop(fact));
                }
                SubjectKind::Batch => self.batch_effects(subject, &author)?,
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn batch_effects(&mut self, subject: Subject, author: &str) -> Result<(), CheckError> {
        let mut batch = if self.is_new(&subject) {
            BatchFact {
                org: author.to_owned(),
                growing: self.kind == Kind::Planting,
                holders: BTreeSet::from([author.to_owned()]),
                open_shipments: Vec::new(),
            }
        } else {
            match self.batch(&subject)? {
                Some(batch) => batch,
                None => return Ok(()),
            }
        };
        match self.kind {
            Kind::Harvest => batch.growing = false,
            Kind::Shipping => batch.open_shipments.push(OpenShipment {
                leaf: self.record.leaf(),
                to: data_text(self.statement, "to").map(str::to_owned),
                carrier: data_text(self.statement, "carrier").map(str::to_owned),
            }),
            Kind::Receiving => {
                let shipment = data_hash(self.statement, "shipment");
                batch.open_shipments.retain(|open| Some(open.leaf) != shipment);
                if data_text(self.statement, "accept") != Some("rejected") {
                    batch.holders.insert(author.to_owned());
                }
            }
            _ => {}
        }
        self.outcome.details.insert(subject, Detail::Batch(batch));
        Ok(())
    }
}
