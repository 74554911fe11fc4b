//! All that a ledger holds on one batch, ready to be judged: its line, the acts of that line, the rules in force.
//!
//! The same from a service's trace and from a bundle's records, so that whoever holds either comes to the same facts.

use super::acts::{Act, Acts};
use super::line::Line;
use super::story::Ask;
use super::tables::Tables;
use crate::ledger::{Entry, Record};
use crate::statement::subject::{Subject, SubjectKind};
use crate::statement::time::Date;

/// What is judged, as of `size` entries and of the moment `as_of`.
pub struct Dossier<'a> {
    pub subject: &'a Subject,
    /// Everything gathered, other lots' records too: chains are whole, so that sums are.
    pub acts: Acts<'a>,
    pub tables: Tables,
    /// Entries under the checkpoint.
    pub size: u64,
    /// The moment to which days are counted, in milliseconds.
    pub as_of: i64,
    line: Line,
}

impl<'a> Dossier<'a> {
    pub fn of(ask: &Ask<'a>) -> Dossier<'a> {
        let records: Vec<&Record> = ask.records.values().filter_map(Entry::as_record).collect();
        Dossier {
            subject: ask.subject,
            line: Line::of(ask.subject, &records),
            tables: Tables::of(records.iter().copied()),
            acts: Acts::of(records),
            size: ask.size,
            as_of: ask.as_of,
        }
    }

    /// The acts that belong to the story of the batch: what happened to it, and to what it came from until it was
    /// taken from there. Withdrawn ones among them.
    pub fn told(&self) -> impl Iterator<Item = &Act<'a>> {
        self.acts.iter().filter(|act| self.line.tells(act.kind, act.record))
    }

    /// The batch itself or something that it came from.
    pub fn has(&self, subject: &Subject) -> bool {
        self.line.has(subject)
    }

    /// Whether that day lies before the one on which the batch was taken from the subject, which is of the line.
    pub fn is_before_drawing(&self, subject: &Subject, day: Date) -> bool {
        self.line.is_before_drawing(subject, day)
    }

    /// The lots of the line, the batch among them.
    pub fn lots(&self) -> impl Iterator<Item = &Subject> {
        self.line.lots()
    }

    /// The seasons of the line.
    pub fn crops(&self) -> impl Iterator<Item = &Subject> {
        self.line.subjects().filter(|subject| subject.kind() == SubjectKind::Crop)
    }

    /// The plots of the line.
    pub fn plots(&self) -> impl Iterator<Item = &Subject> {
        self.line.subjects().filter(|subject| subject.kind() == SubjectKind::Plot)
    }
}
