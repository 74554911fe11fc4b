//! The account of lots: what came from where, how much of it, and whether the figures add up.
//!
//! [`Lots`] takes records in the order of the log, those of a whole ledger or of one trace, and keeps of them what
//! quantities need, as small as it can. It answers as of any number of entries that it has seen: every version of a
//! statement carries the entry from which it counts. What it finds is told with the records behind it.

mod balance;
mod deeds;
mod fields;
mod flow;
mod graph;
mod quota;
mod statement;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use deeds::{Deed, Id};

pub use deeds::Amount;
pub use graph::{Edge, Graph, Node, NodeKind, Reach};
pub use quota::Membership;
pub use statement::{Balance, Line, StageLoss};
pub use watch::{Alarm, Watch};

use super::{ActVersion, Source};
use crate::ledger::{Record, right_of};
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::subject::{Subject, SubjectKind};

/// All quantities that some records speak of. Cheap to add to; an account of a whole ledger is held by its service.
#[derive(Debug, Default)]
pub struct Lots {
    subjects: Vec<Subject>,
    ids: HashMap<Subject, Id>,
    texts: Vec<Box<str>>,
    text_ids: HashMap<Box<str>, Id>,
    acts: Vec<Act>,
    /// Place of an act by the leaf of any of its versions.
    places: HashMap<Hash, u32>,
    /// Places of the acts that move a subject's account, in the order of the log.
    moved: Vec<Vec<u32>>,
    /// Places of the packings under a brand, by the brand as it is compared.
    branded: HashMap<String, Vec<u32>>,
    size: u64,
}

/// One statement and what was said of it later.
#[derive(Debug)]
struct Act {
    kind: Kind,
    subject: Id,
    /// Text id of the organisation that the statement is from.
    org: Id,
    /// It spoke as a platform about goods that others hold.
    is_platform: bool,
    first: Version,
    later: Vec<Version>,
    /// The record that took it back.
    withdrawn: Option<Source>,
}

#[derive(Debug)]
struct Version {
    seq: u64,
    leaf: Hash,
    deed: Deed,
}

/// An act as of some number of entries.
#[derive(Clone, Copy)]
struct Said<'a> {
    place: u32,
    act: &'a Act,
    deed: &'a Deed,
    source: Source,
}

impl Lots {
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Lots {
        let mut lots = Lots::default();
        for record in records {
            lots.take(record);
        }
        lots
    }

    /// Entries seen: one more than the place of the newest record taken.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next record. Corrections and withdrawals of what it has not seen are passed over.
    pub fn take(&mut self, record: &Record) {
        self.size = self.size.max(record.seq + 1);
        let statement = &record.statement;
        let Ok(kind) = Kind::try_from(&statement.kind) else { return };
        match kind {
            Kind::Correction => self.correct(record),
            Kind::Withdrawal => {
                let named = statement.data.get("withdraws").and_then(serde_json::Value::as_str);
                let place = named.and_then(|leaf| leaf.parse().ok()).and_then(|leaf| self.places.get(&leaf));
                if let Some(act) = place.and_then(|place| self.acts.get_mut(*place as usize)) {
                    act.withdrawn.get_or_insert(Source { seq: record.seq, leaf: record.leaf() });
                }
            }
            _ => self.take_act(kind, record),
        }
    }

    fn take_act(&mut self, kind: Kind, record: &Record) {
        let statement = &record.statement;
        let leaf = record.leaf();
        let said = ActVersion {
            seq: record.seq,
            leaf,
            at: record.at,
            record,
            occurred_at: statement.occurred_at.clone(),
            data: &statement.data,
        };
        let Some(mut deed) = Deed::read(self, kind, &statement.subject, &said) else { return };
        let subject = self.subject(&statement.subject);
        if let Deed::Planting { from, .. } = &mut deed {
            let fields = statement.touches.iter().filter(|touched| is_field(touched));
            *from = fields.map(|field| self.subject(field)).collect();
        }
        let (org, is_platform) = self.author(kind, record);
        let mut moves = deed.moves();
        moves.push(subject);
        moves.sort_unstable();
        moves.dedup();
        let place = self.acts.len() as u32;
        for moved in moves {
            self.moved[moved as usize].push(place);
        }
        self.note_brand(&deed, place);
        self.places.insert(leaf, place);
        let first = Version { seq: record.seq, leaf, deed };
        self.acts.push(Act { kind, subject, org, is_platform, first, later: Vec::new(), withdrawn: None });
    }

    /// A correction names the same lots, plots and parties as what it corrects: that is a rule of the ledger.
    fn correct(&mut self, record: &Record) {
        let statement = &record.statement;
        let place = statement.corrects.and_then(|leaf| self.places.get(&leaf).copied());
        let data = statement.data.get("data").and_then(serde_json::Value::as_object);
        let (Some(place), Some(data)) = (place, data) else { return };
        let kind = self.acts[place as usize].kind;
        let corrected = statement.data.get("occurred_at").and_then(serde_json::Value::as_str);
        let leaf = record.leaf();
        let said = ActVersion {
            seq: record.seq,
            leaf,
            at: record.at,
            record,
            occurred_at: corrected
                .and_then(|text| text.parse().ok())
                .unwrap_or_else(|| statement.occurred_at.clone()),
            data,
        };
        let Some(mut deed) = Deed::read(self, kind, &statement.subject, &said) else { return };
        let act = &mut self.acts[place as usize];
        let newest = act.later.last().unwrap_or(&act.first);
        match (&mut deed, &newest.deed) {
            (Deed::Planting { from, .. }, Deed::Planting { from: before, .. }) => *from = before.clone(),
            // Unless it says another day, the day stays.
            (Deed::Harvest(now), Deed::Harvest(before)) if corrected.is_none() => now.year = before.year,
            _ => {}
        }
        self.places.insert(leaf, place);
        self.note_brand(&deed, place);
        self.acts[place as usize].later.push(Version { seq: record.seq, leaf, deed });
    }

    /// Whose statement it is: the first signer whose role may make it and who, where it must, holds the lot.
    fn author(&mut self, kind: Kind, record: &Record) -> (Id, bool) {
        let statement = &record.statement;
        let about = statement.subject.kind();
        let may = |role: Role| right_of(kind, role, about).is_some();
        let holds =
            |org: &str| statement.subject.org() == Some(org) || self.has_received(org, &statement.subject);
        let is_platform = |role: Role| kind == Kind::Sale && role == Role::Platform;
        let signers = statement.signers.iter();
        let found = signers
            .clone()
            .find(|signer| may(signer.role) && (is_platform(signer.role) || holds(&signer.org)))
            .or_else(|| signers.clone().find(|signer| may(signer.role)))
            .or_else(|| statement.signers.first());
        let (org, platform) =
            found.map_or(("", false), |signer| (signer.org.as_str(), is_platform(signer.role)));
        let org = org.to_owned();
        (self.text(&org), platform)
    }

    fn has_received(&self, org: &str, lot: &Subject) -> bool {
        let (Some(org), Some(lot)) = (self.text_ids.get(org), self.ids.get(lot)) else { return false };
        let mut moved = self.moved[*lot as usize].iter().map(|place| &self.acts[*place as usize]);
        moved.any(|act| act.kind == Kind::Receiving && act.org == *org)
    }

    fn subject(&mut self, subject: &Subject) -> Id {
        if let Some(id) = self.ids.get(subject) {
            return *id;
        }
        let id = self.subjects.len() as Id;
        self.subjects.push(subject.clone());
        self.ids.insert(subject.clone(), id);
        self.moved.push(Vec::new());
        id
    }

    /// None where the text names no subject.
    fn named(&mut self, text: &str) -> Option<Id> {
        Subject::parse(text).ok().map(|subject| self.subject(&subject))
    }

    fn text(&mut self, text: &str) -> Id {
        if let Some(id) = self.text_ids.get(text) {
            return *id;
        }
        let id = self.texts.len() as Id;
        self.texts.push(text.into());
        self.text_ids.insert(text.into(), id);
        id
    }

    fn name(&self, id: Id) -> &Subject {
        &self.subjects[id as usize]
    }

    fn word(&self, id: Id) -> &str {
        &self.texts[id as usize]
    }

    /// What the act at `place` says as of `size` entries; none if it came later or was withdrawn by then.
    fn said(&self, place: u32, size: u64) -> Option<Said<'_>> {
        let act = self.acts.get(place as usize)?;
        if act.first.seq >= size || act.withdrawn.is_some_and(|withdrawn| withdrawn.seq < size) {
            return None;
        }
        let version = act.later.iter().rev().find(|version| version.seq < size).unwrap_or(&act.first);
        let source = Source { seq: version.seq, leaf: version.leaf };
        Some(Said { place, act, deed: &version.deed, source })
    }

    /// What moved the account of a subject, as of `size` entries, in the order of the log.
    fn moves(&self, subject: Id, size: u64) -> impl Iterator<Item = Said<'_>> {
        let places = self.moved.get(subject as usize).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(move |place| self.said(*place, size))
    }

    /// Withdrawals of what moved the account of a subject, and corrections that changed a figure, in the order of the
    /// log.
    fn changes(&self, subject: Id, size: u64) -> BTreeSet<Source> {
        let places = self.moved.get(subject as usize).map(Vec::as_slice).unwrap_or_default();
        let acts = places.iter().filter_map(|place| self.acts.get(*place as usize));
        acts.flat_map(|act| {
            let before = std::iter::once(&act.first).chain(&act.later);
            let changed = before.zip(&act.later).filter(|(before, after)| before.deed != after.deed);
            let changed = changed.map(|(_, after)| Source { seq: after.seq, leaf: after.leaf });
            changed.chain(act.withdrawn)
        })
        .filter(|change| change.seq < size)
        .collect()
    }

    /// Bytes that the account takes, nearly: what its tables hold, without what the allocator adds.
    pub fn bytes(&self) -> usize {
        let subject = |subject: &Subject| subject.as_str().len() + size_of::<Subject>();
        let subjects: usize = self.subjects.iter().map(subject).sum();
        let texts: usize = self.texts.iter().map(|text| text.len() + size_of::<Box<str>>()).sum();
        let moved: usize =
            self.moved.iter().map(|places| size_of::<Vec<u32>>() + 4 * places.capacity()).sum();
        let acts: usize = self.acts.iter().map(Act::bytes).sum();
        let places = self.places.capacity() * (size_of::<(Hash, u32)>() + 1);
        2 * (subjects + texts) + moved + acts + places
    }
}

impl Act {
    fn bytes(&self) -> usize {
        let versions = std::iter::once(&self.first).chain(&self.later);
        size_of::<Act>()
            + size_of::<Version>() * self.later.capacity()
            + versions.map(|version| version.deed.bytes()).sum::<usize>()
    }
}

fn is_field(subject: &Subject) -> bool {
    matches!(subject.kind(), SubjectKind::Crop | SubjectKind::Plot)
}
