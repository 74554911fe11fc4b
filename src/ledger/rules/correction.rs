//! Corrections and withdrawals: of the current version, by the same author, about the same lots.

use super::data::data_hash;
use super::judge::Judge;
use super::{CheckError, Lookup, references, refuse};
use crate::ledger::facts::LeafFact;
use crate::ledger::refusal::Code;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use serde_json::Value;

impl Judge<'_> {
    /// The first version of what this correction corrects or this withdrawal withdraws.
    pub(super) fn current_original(&mut self) -> Result<Option<LeafFact>, CheckError> {
        let named = match self.kind {
            Kind::Withdrawal => data_hash(self.statement, "withdraws"),
            _ => self.statement.corrects,
        };
        let Some(leaf) = named else {
            return refuse(Code::Form, format!("{} names no record", self.statement.kind));
        };
        let version = match self.view.leaf(&leaf)? {
            Lookup::Known(fact) => fact,
            Lookup::Absent => return refuse(Code::Unknown, format!("record {leaf} is not in the ledger")),
            Lookup::Unknown => return self.unjudged(),
        };
        if version.original == leaf {
            return self.current_or_stale(leaf, version);
        }
        match self.view.leaf(&version.original)? {
            Lookup::Known(original) => self.current_or_stale(leaf, original),
            _ => self.unjudged(),
        }
    }

    fn unjudged(&mut self) -> Result<Option<LeafFact>, CheckError> {
        self.outcome.missing.insert(self.statement.subject.clone());
        Ok(None)
    }

    fn current_or_stale(&self, leaf: Hash, original: LeafFact) -> Result<Option<LeafFact>, CheckError> {
        if let Some(withdrawal) = original.withdrawn {
            return refuse(
                Code::StaleCorrection,
                format!("record {leaf} was already withdrawn by {withdrawal}"),
            );
        }
        if original.current != leaf {
            return refuse(
                Code::StaleCorrection,
                format!("record {leaf} was already corrected; the current version is {}", original.current),
            );
        }
        Ok(Some(original))
    }

    pub(super) fn correction(&mut self) -> Result<(), CheckError> {
        let Some(original) = self.current_original()? else {
            return self.author(&[], |_, _| Ok(()));
        };
        self.keeps_subjects(&original)?;
        let kind: Kind = match original.kind.parse() {
            Ok(kind) if Kind::is_correctable(kind) => kind,
            _ => return refuse(Code::Right, format!("{} cannot be corrected", original.kind)),
        };
        let Some(Value::Object(data)) = self.statement.data.get("data") else {
            return refuse(Code::Form, "a correction carries the whole corrected data");
        };
        if references(kind, data) != original.fixed {
            return refuse(
                Code::Form,
                "a correction keeps every lot, plot and party: withdraw the statement and make a new one",
            );
        }
        self.by_author_of(&original)?;
        self.outcome.corrects = Some(original.original);
        self.outcome.leaf = Some(LeafFact { seq: self.record.seq, ..original });
        Ok(())
    }

    /// What is withdrawn stays in the log and keeps the place that it has in births and custody: whoever built on it
    /// did so in good faith. Its statement no longer counts; what was unsafe in it still does.
    pub(super) fn withdrawal(&mut self) -> Result<(), CheckError> {
        let Some(original) = self.current_original()? else {
            return self.author(&[], |_, _| Ok(()));
        };
        self.keeps_subjects(&original)?;
        if !original.kind.parse().is_ok_and(Kind::is_withdrawable) {
            return refuse(Code::Right, format!("{} cannot be withdrawn", original.kind));
        }
        self.by_author_of(&original)?;
        self.outcome.withdraws = Some(original.original);
        Ok(())
    }

    fn keeps_subjects(&self, original: &LeafFact) -> Result<(), CheckError> {
        let touches: Vec<String> = self.statement.touches.iter().map(Subject::to_string).collect();
        if self.statement.subject.to_string() == original.subject && touches == original.touches {
            return Ok(());
        }
        refuse(Code::Form, format!("{} keeps the subject and what is touched", self.statement.kind))
    }

    fn by_author_of(&mut self, original: &LeafFact) -> Result<(), CheckError> {
        self.author(&[], |judge, signer| {
            if signer.org == original.author {
                return Ok(());
            }
            let (author, kind) = (&original.author, &judge.statement.kind);
            refuse(Code::Right, format!("only org:{author} may sign {kind} of this record"))
        })
    }
}
