//! The account of a whole ledger that notices, record by record, when figures stop adding up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::Lots;
use super::deeds::{Deed, Id};
use crate::ledger::Record;
use crate::merkle::Hash;
use crate::produce::{Fact, Tables};
use crate::statement::kinds::Kind;
use crate::statement::subject::SubjectKind;
use crate::text::Imbalance;

/// Something did not add up from this record on, or by more than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// The record with which it began.
    pub seq: u64,
    pub leaf: Hash,
    /// When the ledger took it, in milliseconds.
    pub at: i64,
    #[serde(flatten)]
    pub fact: Fact<Imbalance>,
}

/// [`Lots`] and every alarm so far. What was raised stays on the list, whatever is corrected later.
#[derive(Debug, Default)]
pub struct Watch {
    lots: Lots,
    tables: Tables,
    /// By how much, for what does not add up now.
    raised: HashMap<String, i128>,
    /// Keys of `raised` by what they are about.
    about: HashMap<Id, BTreeSet<String>>,
    alarms: Vec<Alarm>,
}

impl Watch {
    pub fn lots(&self) -> &Lots {
        &self.lots
    }

    /// The rule tables of everything taken.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Entries seen.
    pub fn size(&self) -> u64 {
        self.lots.size()
    }

    /// Entries before `size` hold nothing more to take: the last of them may be the ledger's own.
    pub fn seen(&mut self, size: u64) {
        self.lots.size = self.lots.size.max(size);
    }

    /// In the order in which they were raised.
    pub fn alarms(&self) -> &[Alarm] {
        &self.alarms
    }

    /// Those raised by the entry `seq`.
    pub fn raised_by(&self, seq: u64) -> &[Alarm] {
        let from = self.alarms.partition_point(|alarm| alarm.seq < seq);
        let to = self.alarms.partition_point(|alarm| alarm.seq <= seq);
        &self.alarms[from..to]
    }

    /// Takes the next record and returns what it raised.
    pub fn take(&mut self, record: &Record) -> &[Alarm] {
        let before = self.alarms.len();
        self.lots.take(record);
        self.tables.take(record);
        let moved = self.moved_by(record);
        if !moved.is_empty() {
            self.look(record, &moved);
        }
        &self.alarms[before..]
    }

    fn look(&mut self, record: &Record, moved: &BTreeSet<Id>) {
        let found = self.lots.find(moved, &self.tables, self.lots.size());
        let mut now: BTreeMap<Id, BTreeSet<String>> = moved.iter().map(|id| (*id, BTreeSet::new())).collect();
        for found in found.into_iter().filter(|found| found.fact.sort.is_alarm()) {
            let about = self.lots.id(&found.fact.about);
            let grown = self.raised.get(&found.key).is_none_or(|before| *before < found.over);
            now.entry(about).or_default().insert(found.key.clone());
            self.raised.insert(found.key, found.over);
            if grown {
                let (seq, at, leaf) = (record.seq, record.at, Hash::ZERO);
                self.alarms.push(Alarm { seq, leaf, at, fact: found.fact });
            }
        }
        let mut leaf = None;
        for alarm in self.alarms.iter_mut().rev().take_while(|alarm| alarm.seq == record.seq) {
            alarm.leaf = *leaf.get_or_insert_with(|| record.leaf());
        }
        let held: BTreeSet<&String> = now.values().flatten().collect();
        for id in moved {
            let gone = self.about.get(id).into_iter().flatten().filter(|key| !held.contains(key));
            gone.for_each(|key| {
                self.raised.remove(key);
            });
        }
        for (id, keys) in now {
            match moved.contains(&id) {
                true if keys.is_empty() => {
                    self.about.remove(&id);
                }
                true => {
                    self.about.insert(id, keys);
                }
                false => self.about.entry(id).or_default().extend(keys),
            }
        }
    }

    /// The subjects whose figures the record may have changed.
    fn moved_by(&self, record: &Record) -> BTreeSet<Id> {
        let statement = &record.statement;
        let kind = Kind::try_from(&statement.kind).ok();
        let mut moved = BTreeSet::new();
        match kind {
            Some(Kind::Correction) => {
                let place = statement.corrects.and_then(|leaf| self.lots.places.get(&leaf).copied());
                place.into_iter().for_each(|place| self.lots.moves_of(place, &mut moved));
            }
            Some(Kind::Withdrawal) => {
                let named = statement.data.get("withdraws").and_then(serde_json::Value::as_str);
                let leaf: Option<Hash> = named.and_then(|leaf| leaf.parse().ok());
                let place = leaf.and_then(|leaf| self.lots.places.get(&leaf).copied());
                place.into_iter().for_each(|place| self.lots.moves_of(place, &mut moved));
            }
            Some(Kind::RulesSet) => {
                for place in self.lots.branded.values().flatten() {
                    self.lots.moves_of(*place, &mut moved);
                }
            }
            Some(_) => match self.lots.acts.last() {
                Some(act) if act.first.seq == record.seq => {
                    self.lots.moves_of(self.lots.acts.len() as u32 - 1, &mut moved);
                }
                _ => {}
            },
            None => {}
        }
        moved
    }
}

impl Lots {
    fn id(&self, about: &str) -> Id {
        // A fact is about a subject that was asked for by its id.
        let subject = crate::statement::subject::Subject::parse(about).ok();
        subject.and_then(|subject| self.ids.get(&subject).copied()).unwrap_or(Id::MAX)
    }

    fn moves_of(&self, place: u32, moved: &mut BTreeSet<Id>) {
        let Some(act) = self.acts.get(place as usize) else { return };
        let deed = &act.first.deed;
        moved.insert(act.subject);
        moved.extend(deed.moves());
        let fields: Vec<Id> = match deed {
            Deed::Harvest(harvest) => harvest.from.to_vec(),
            Deed::Plot(_) => self.moved[act.subject as usize]
                .iter()
                .map(|place| &self.acts[*place as usize])
                .filter(|act| act.kind == Kind::CropOpen)
                .map(|act| act.subject)
                .collect(),
            _ => Vec::new(),
        };
        for field in fields {
            moved.insert(field);
            if self.name(field).kind() == SubjectKind::Crop {
                moved.extend(self.season(field, self.size).and_then(|(_, season)| season.plot));
            }
        }
    }
}
