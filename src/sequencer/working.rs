//! What it takes to write, and how a group of statements finds its places.

use serde_json::Value;

use super::admission::Admitted;
use super::commit::{Failure, Target, commit};
use super::published::{Commit, CommittedRecord};
use super::signer::LogSigner;
use crate::ledger::{ApplyError, Code, FactsError, Refusal, State};
use crate::merkle::tree::{Frontier, NodeReader};
use crate::note::signed_note::SignedNote;
use crate::private::openings::{self, Kept};
use crate::statement::kinds::Kind;
use crate::statement::payload::Statement;
use crate::store::signed_head::SignedHead;
use crate::store::{Batch, Live, Store};

/// What it takes to write.
pub(super) struct Working {
    pub(super) state: State<Live>,
    /// The log as the disk holds it.
    pub(super) proven: Frontier,
    pub(super) signer: LogSigner,
}

/// A place in the log and whether the statement was new there, or why it was not taken.
pub(super) type Outcome = Result<(u64, bool), Refusal>;

/// What a group of statements came to.
pub(super) enum Written {
    /// Refused, or known already.
    Nothing(Vec<Outcome>),
    /// Known already, but for openings that were missing.
    Openings(Vec<Outcome>),
    Records {
        outcomes: Vec<Outcome>,
        checkpoint: SignedNote,
        event: Commit,
    },
}

/// What goes into the commit with the records.
#[derive(Default)]
struct Group {
    beside: Batch,
    records: Vec<CommittedRecord>,
}

impl Working {
    pub(super) fn write(
        &mut self,
        store: &dyn Store,
        signed_head: &SignedHead,
        admitted: Vec<Admitted>,
        at: i64,
    ) -> Result<Written, Failure> {
        let from = self.state.size();
        let mut group = Group::default();
        let outcomes = admitted.into_iter().map(|admitted| self.place(store, admitted, at, &mut group));
        let outcomes: Vec<Outcome> = outcomes.collect::<Result<_, FactsError>>().map_err(Failure::before)?;
        if group.records.is_empty() && group.beside.is_empty() {
            return Ok(Written::Nothing(outcomes));
        }
        if group.records.is_empty() {
            store.write_aside(group.beside).map_err(|error| Failure::During(error.to_string()))?;
            return Ok(Written::Openings(outcomes));
        }
        let target = Target { store, signed_head, signer: &self.signer };
        let checkpoint = commit(&target, &mut self.state, &mut self.proven, at, group.beside)?;
        let event = Commit { from, size: self.state.size(), at, records: group.records };
        Ok(Written::Records { outcomes, checkpoint, event })
    }

    fn place(
        &mut self,
        store: &dyn Store,
        admitted: Admitted,
        at: i64,
        group: &mut Group,
    ) -> Result<Outcome, FactsError> {
        let Admitted { envelope, statement, openings } = admitted;
        if let Some(seq) = self.state.reader().payload_seq(&statement.payload_hash)? {
            let leaf = self.state.reader().node(0, seq)?;
            for opening in openings {
                // Not what was erased: sending the statement again brings nothing back.
                if openings::at(store, &leaf, opening.pointer())? == Kept::Never {
                    openings::put(&mut group.beside, &leaf, &statement, &opening);
                }
            }
            return Ok(Ok((seq, false)));
        }
        if let Err(refusal) = self.can_still_sign_after(&statement) {
            return Ok(Err(refusal));
        }
        let record = self.state.draft(envelope, statement, at)?;
        let applied = match self.state.apply_admitted(&record) {
            Ok(applied) => applied,
            Err(ApplyError::Refused(refusal)) => return Ok(Err(refusal)),
            Err(ApplyError::Facts(error)) => return Err(error),
        };
        for opening in &openings {
            openings::put(&mut group.beside, &applied.leaf, &record.statement, opening);
        }
        group.records.push(CommittedRecord {
            seq: applied.seq,
            leaf: applied.leaf,
            kind: record.statement.kind.to_string(),
            subjects: record.statement.subjects().map(ToString::to_string).collect(),
        });
        Ok(Ok((applied.seq, true)))
    }

    /// A log key that this program does not hold must not take over: nothing could be signed any more.
    fn can_still_sign_after(&self, statement: &Statement) -> Result<(), Refusal> {
        if statement.kind.to_string().parse() != Ok(Kind::LedgerKey) {
            return Ok(());
        }
        let new = statement.data.get("new_vkey").and_then(Value::as_str);
        let held = self.signer.verifier_keys();
        match new {
            Some(new) if held.iter().any(|key| key.to_string() == new) => Ok(()),
            _ => Err(Refusal::new(
                Code::Right,
                "this server does not hold the new log key: give it the key first",
            )),
        }
    }
}
