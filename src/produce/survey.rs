//! Every batch of a ledger judged from its records: what an audit recomputes and an operator can be held to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::assessment::Assessment;
use super::overview::Overview;
use super::story::Ask;
use crate::ledger::{Facts, FactsError, Reader};
use crate::statement::subject::{Subject, SubjectKind};
use crate::text::{Status, Words};
use crate::verify::collect::{CollectError, gather};

/// Batches by status, and how often each fact was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Survey {
    pub size: u64,
    /// Milliseconds.
    pub as_of: i64,
    pub batches: u64,
    /// By the status's own name.
    pub statuses: BTreeMap<&'static str, u64>,
    /// Batches by reason, imbalance and flag, each by its own name.
    pub reasons: BTreeMap<&'static str, u64>,
    pub imbalances: BTreeMap<&'static str, u64>,
    pub flags: BTreeMap<&'static str, u64>,
    /// Alarms that were ever raised.
    pub alarms: u64,
    /// Batches whose trace is longer than can be judged at once.
    pub too_large: Vec<String>,
    #[serde(skip)]
    lots: BTreeSet<Subject>,
}

/// One batch, judged.
pub struct Surveyed<'s> {
    pub batch: &'s Subject,
    pub assessment: Assessment,
}

impl Survey {
    /// Reads the first `size` entries into the accounts of the whole and learns which batches there are. `heard` is told
    /// how many entries are read.
    pub fn begin<F: Facts>(
        reader: &Reader<F>,
        size: u64,
        as_of: i64,
        mut heard: impl FnMut(u64),
    ) -> Result<(Survey, Overview), FactsError> {
        let mut survey = Survey { size, as_of, ..Survey::default() };
        let mut overview = Overview::default();
        for seq in 0..size {
            if let Some(record) = reader.entry(seq)?.as_record() {
                overview.take(record);
                let begun = record.links.iter().filter(|link| link.n == 0).map(|link| &link.subject);
                survey.lots.extend(begun.filter(|lot| lot.kind() == SubjectKind::Batch).cloned());
            }
            overview.seen(seq + 1);
            heard(seq + 1);
        }
        survey.alarms = overview.watch().alarms().len() as u64;
        Ok((survey, overview))
    }

    /// Number of batches to judge.
    pub fn len(&self) -> usize {
        self.lots.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lots.is_empty()
    }

    /// Judges every batch, one by one, without openings: what anybody can recompute. `heard` looks at each.
    pub fn judge<F: Facts>(
        &mut self,
        reader: &Reader<F>,
        overview: &Overview,
        mut heard: impl FnMut(Surveyed<'_>),
    ) -> Result<(), FactsError> {
        let none = BTreeMap::new();
        for batch in std::mem::take(&mut self.lots) {
            let gathered = match gather(reader, &batch, self.size) {
                Ok(gathered) => gathered,
                Err(CollectError::Facts(error)) => return Err(error),
                Err(_) => {
                    self.too_large.push(batch.id().to_owned());
                    continue;
                }
            };
            let assessment = Assessment::of(&Ask {
                subject: &batch,
                records: &gathered.records,
                openings: &none,
                size: self.size,
                at: 0,
                as_of: self.as_of,
                wide: Some(overview.wide()),
            });
            self.count(&assessment);
            heard(Surveyed { batch: &batch, assessment });
        }
        Ok(())
    }

    fn count(&mut self, assessment: &Assessment) {
        self.batches += 1;
        *self.statuses.entry(name(assessment.judgement.status)).or_default() += 1;
        count(&mut self.reasons, assessment.judgement.reasons.iter().map(|fact| name(fact.sort)));
        count(&mut self.imbalances, assessment.imbalances.iter().map(|fact| name(fact.sort)));
        count(&mut self.flags, assessment.flags.iter().map(|fact| name(fact.sort)));
    }

    pub fn with_status(&self, status: Status) -> u64 {
        self.statuses.get(name(status)).copied().unwrap_or(0)
    }
}

/// A word by its own name, without that of its table.
pub fn name<W: Words>(word: W) -> &'static str {
    let key = word.entry().key;
    key.rsplit_once('.').map_or(key, |(_, name)| name)
}

/// Each name once a batch.
fn count(counts: &mut BTreeMap<&'static str, u64>, found: impl Iterator<Item = &'static str>) {
    for name in found.collect::<BTreeSet<_>>() {
        *counts.entry(name).or_default() += 1;
    }
}
