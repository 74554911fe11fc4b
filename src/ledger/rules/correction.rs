//! Corrections: of the current version, by the same author, about the same lots.

use super::judge::Judge;
use super::{CheckError, Lookup, references, refuse};
use crate::ledger::facts::LeafFact;
use crate::ledger::refusal::Code;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use serde_json::Value;

impl Judge<'_> {
    /// The first version of what this correction corrects.
    pub(super) fn corrected(&mut self) -> Result<Option<LeafFact>, CheckError> {
        let Some(leaf) = self.statement.corrects else {
            return refuse(Code::Form, "a correction names the record it corrects");
        };
        let version = match self.view.leaf(&leaf)? {
            Lookup::Known(fact) => fact,
            Lookup::Absent => return refuse(Code::Unknown, format!("record {leaf} is not in the ledger")),
            Lookup::Unknown => return self.unjudged_correction(),
        };
        if version.original == leaf {
            return self.current_or_stale(leaf, version);
        }
        match self.view.leaf(&version.original)? {
            Lookup::Known(original) => self.current_or_stale(leaf, original),
            _ => self.unjudged_correction(),
        }
    }

    pub(super) fn unjudged_correction(&mut self) -> Result<Option<LeafFact>, CheckError> {
        self.outcome.missing.insert(self.statement.subject.clone());
        Ok(None)
    }

    pub(super) fn current_or_stale(
        &self,
        leaf: Hash,
        original: LeafFact,
    ) -> Result<Option<LeafFact>, CheckError> {
        if original.current != leaf {
            return refuse(
                Code::StaleCorrection,
                format!("record {leaf} was already corrected; the current version is {}", original.current),
            );
        }
        Ok(Some(original))
    }

    pub(super) fn correction(&mut self) -> Result<(), CheckError> {
        let Some(original) = self.corrected()? else {
            return self.author(&[], |_, _| Ok(()));
        };
        let touches: Vec<String> = self.statement.touches.iter().map(Subject::to_string).collect();
        if self.statement.subject.to_string() != original.subject || touches != original.touches {
            return refuse(Code::Form, "a correction keeps the subject and what is touched");
        }
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
        let author = original.author.clone();
        self.author(&[], |_, signer| {
            if signer.org == author {
                return Ok(());
            }
            refuse(Code::Right, format!("only org:{author} may correct this record"))
        })?;
        self.outcome.corrects = Some(original.original);
        self.outcome.leaf = Some(LeafFact { seq: self.record.seq, ..original });
        Ok(())
    }
}
