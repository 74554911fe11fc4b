//! Which of the gathered records belong to the story of one batch.
//!
//! The chains of ancestors also hold what happened to their other parts: a season's other harvests, a lot's other
//! packings, a remainder's own journey. Those are not this batch's story, and are counted, not told.

use std::collections::BTreeMap;

use crate::ledger::{Record, lots_of};
use crate::statement::kinds::Kind;
use crate::statement::subject::{Subject, SubjectKind};
use crate::statement::time::Date;
use crate::verify::needed::ancestors;

/// The batch, what it came from, and when it was last taken from each of those.
pub(super) struct Line {
    asked: Subject,
    drawn: BTreeMap<Subject, Option<Drawn>>,
}

#[derive(Clone, Copy)]
struct Drawn {
    seq: u64,
    day: Date,
}

impl Line {
    pub(super) fn of(asked: &Subject, records: &[&Record]) -> Line {
        let mut line = Line { asked: asked.clone(), drawn: BTreeMap::from([(asked.clone(), None)]) };
        let mut open = vec![asked.clone()];
        while let Some(subject) = open.pop() {
            for record in records.iter().filter(|record| touches(record, &subject)) {
                let drawn = Drawn { seq: record.seq, day: record.statement.occurred_at.date() };
                for parent in ancestors(&subject, record) {
                    let known = line.drawn.get(&parent).copied();
                    if known.is_none() {
                        open.push(parent.clone());
                    }
                    if known.flatten().is_none_or(|known| known.seq < drawn.seq) && parent != *asked {
                        line.drawn.insert(parent, Some(drawn));
                    }
                }
            }
        }
        line
    }

    /// The batch itself or something that it came from.
    pub(super) fn has(&self, subject: &Subject) -> bool {
        self.drawn.contains_key(subject)
    }

    /// The batch and all that it came from.
    pub(super) fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.drawn.keys()
    }

    /// The lots of the line, the one asked for among them.
    pub(super) fn lots(&self) -> impl Iterator<Item = &Subject> {
        self.subjects().filter(|subject| subject.kind() == SubjectKind::Batch)
    }

    /// Whether the record is a part of the story. Corrections are told with what they correct.
    pub(super) fn tells(&self, kind: Kind, record: &Record) -> bool {
        let statement = &record.statement;
        match kind {
            Kind::Harvest => self.has(&statement.subject),
            Kind::Grading | Kind::Packing | Kind::Processing => {
                let made = lots_of(statement, "outputs");
                self.lots().any(|lot| made.contains(lot.as_str()))
                    || lots_of(statement, "inputs").contains(self.asked.as_str())
            }
            Kind::CropOpen
            | Kind::Input
            | Kind::Irrigation
            | Kind::Observation
            | Kind::Planting
            | Kind::PlotRegister => {
                self.has(&statement.subject) && !self.is_after_drawing(&statement.subject, record, false)
            }
            // A bad result speaks about everything that came from the same place, whenever it was found.
            Kind::Inspection | Kind::Sampling | Kind::Hold | Kind::Release => {
                statement.subjects().any(|subject| self.has(subject))
            }
            // Promised, judged and sold is one lot, not what it came from.
            Kind::Enforcement | Kind::Guarantee | Kind::Sale | Kind::SignOff => {
                statement.subjects().any(|subject| *subject == self.asked)
            }
            Kind::Receiving | Kind::Shipping | Kind::Storage => statement
                .subjects()
                .any(|subject| self.has(subject) && !self.is_after_drawing(subject, record, true)),
            Kind::Correction
            | Kind::Genesis
            | Kind::LedgerAnchor
            | Kind::LedgerKey
            | Kind::LedgerRules
            | Kind::OrgKeyAdd
            | Kind::OrgKeyRevoke
            | Kind::OrgRegister
            | Kind::OrgUpdate
            | Kind::RulesSet
            | Kind::Withdrawal => false,
        }
    }

    /// Whether that day lies before the one on which the batch was taken from the subject.
    pub(super) fn is_before_drawing(&self, subject: &Subject, day: Date) -> bool {
        self.drawn.get(subject).is_some_and(|drawn| drawn.is_none_or(|drawn| day < drawn.day))
    }

    /// It came after the batch was taken, both by the ledger's order and by its own day: what is entered late about an
    /// earlier day still belongs. Moves of the same day are told apart by the ledger's order.
    fn is_after_drawing(&self, subject: &Subject, record: &Record, is_move: bool) -> bool {
        let Some(Some(drawn)) = self.drawn.get(subject) else { return false };
        let day = record.statement.occurred_at.date();
        record.seq > drawn.seq && (day > drawn.day || is_move && day == drawn.day)
    }
}

fn touches(record: &Record, subject: &Subject) -> bool {
    record.statement.subjects().any(|touched| touched == subject)
}
