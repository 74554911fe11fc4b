//! The figures of a lot, a season or a plot, each with the records that it comes from.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Lots;
use super::balance::clamp;
use super::deeds::{Accept, Deed, Id};
use super::flow::{Flow, Hands, Sum};
use crate::produce::Source;
use crate::produce::story::as_key;
use crate::statement::kinds::Kind;
use crate::statement::quantity::Base;
use crate::statement::subject::{Subject, SubjectKind};
use crate::text::Figure;

/// What is known of quantities, as of `size` entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Balance {
    pub subject: String,
    pub size: u64,
    pub lines: Vec<Line>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    #[serde(serialize_with = "as_key")]
    pub label: Figure,
    /// In whose hands, as a bare id; none: of the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Calendar year, for what is of a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    pub amount: i64,
    pub base: Base,
    /// In the order of the log.
    pub sources: Vec<Source>,
}

/// What was lost in one sort of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageLoss {
    /// `grading`, `packing`, `processing` or `shipping`.
    pub stage: &'static str,
    pub put_in: i64,
    pub loss: i64,
    pub base: Base,
    /// What of it was reasoned how, for stages that state a reason: reason code and amount.
    pub reasons: BTreeMap<String, i64>,
    pub sources: Vec<Source>,
}

impl Lots {
    /// All figures of a subject; no lines where nothing is known of it.
    pub fn balance(&self, subject: &Subject, size: u64) -> Balance {
        let mut balance = Balance { subject: subject.to_string(), size, lines: Vec::new() };
        let Some(id) = self.ids.get(subject).copied() else { return balance };
        match subject.kind() {
            SubjectKind::Batch => self.lot_lines(&mut balance, id, size),
            SubjectKind::Crop | SubjectKind::Plot => self.field_lines(&mut balance, id, size),
            _ => {}
        }
        balance
    }

    fn lot_lines(&self, balance: &mut Balance, lot: Id, size: u64) {
        self.origin_lines(balance, lot, size);
        let flow = self.flow(lot, size);
        let made = flow.made();
        let shown: [(Figure, Sum); 5] = [
            (Figure::Made, made.clone()),
            (Figure::Drawn, flow.total(|hands| hands.drawn.clone())),
            (Figure::ToConsumers, flow.total(|hands| hands.consumers.clone())),
            (Figure::Sold, sold(&flow)),
            (Figure::Damaged, flow.total(|hands| hands.damaged.clone())),
        ];
        shown.iter().for_each(|(label, sum)| balance.put(*label, sum, None, None));
        balance.left(&made, &flow.used(), None);
        for (org, hands) in &flow.hands {
            self.holder_lines(balance, self.word(*org), hands);
        }
    }

    /// What the statements that made it say of this step.
    fn origin_lines(&self, balance: &mut Balance, lot: Id, size: u64) {
        for said in self.moves(lot, size) {
            let Deed::Making(making) = said.deed else { continue };
            if !making.outputs.iter().any(|output| output.lot == lot) {
                continue;
            }
            let weight = super::flow::weight_of(making);
            let (mut out, mut loss) = (Sum::default(), Sum::default());
            for output in &making.outputs {
                let made = output.made.map(|made| super::flow::weigh(weight, made));
                out.add(made, said.source);
            }
            loss.add(making.loss, said.source);
            balance.put(Figure::PutIn, &self.put_in(making, said.source, size), None, None);
            balance.put(Figure::Out, &out, None, None);
            balance.put(Figure::Loss, &loss, None, None);
        }
    }

    fn holder_lines(&self, balance: &mut Balance, org: &str, hands: &Hands) {
        let mut sold = hands.sold.clone();
        sold.merge(&hands.wholesale);
        let shown: [(Figure, &Sum); 7] = [
            (Figure::Made, &hands.made),
            (Figure::Received, &hands.received),
            (Figure::Drawn, &hands.drawn),
            (Figure::Shipped, &hands.shipped),
            (Figure::ToConsumers, &hands.consumers),
            (Figure::Sold, &sold),
            (Figure::Damaged, &hands.damaged),
        ];
        shown.into_iter().for_each(|(label, sum)| balance.put(label, sum, Some(org), None));
        balance.left(&hands.had(), &hands.used(), Some(org));
    }

    fn field_lines(&self, balance: &mut Balance, field: Id, size: u64) {
        if let Some(capacity) = self.capacity(field, 0, size) {
            balance.put(Figure::Capacity, &capacity.yearly, None, None);
            balance.put(Figure::Expected, &capacity.expected, None, None);
        }
        for year in self.years(field, size) {
            balance.put(Figure::Harvested, &self.harvested(field, year, size), None, Some(year));
        }
    }

    /// What was lost on the way to and of these lots, by sort of work and unit.
    pub fn losses<'a>(&self, lots: impl IntoIterator<Item = &'a Subject>, size: u64) -> Vec<StageLoss> {
        let ids: Vec<Id> = lots.into_iter().filter_map(|lot| self.ids.get(lot)).copied().collect();
        let mut stages: BTreeMap<(&'static str, Base), StageLoss> = BTreeMap::new();
        let mut done = std::collections::BTreeSet::new();
        for said in ids.iter().flat_map(|id| self.moves(*id, size)) {
            match said.deed {
                Deed::Making(making)
                    if making.outputs.iter().any(|output| ids.contains(&output.lot))
                        && done.insert(said.place) =>
                {
                    let put_in = self.put_in(making, said.source, size);
                    let reason = making.reason.map(|reason| self.word(reason));
                    if let Some(loss) = making.loss {
                        let put_in = put_in.value(loss.base);
                        let loss = (loss.base, i128::from(loss.value));
                        stage(&mut stages, said.act.kind.name(), put_in, loss, reason, [said.source]);
                    }
                }
                Deed::Receiving(receiving) if done.insert(said.place) => {
                    if receiving.accept == Accept::Rejected {
                        continue;
                    }
                    for lot in receiving.lots.iter().filter(|arrived| ids.contains(&arrived.lot)) {
                        self.transport(&mut stages, lot.lot, &said.source, size);
                    }
                }
                _ => {}
            }
        }
        stages.into_values().collect()
    }

    fn transport(
        &self,
        stages: &mut BTreeMap<(&'static str, Base), StageLoss>,
        lot: Id,
        receipt: &Source,
        size: u64,
    ) {
        let flow = self.flow(lot, size);
        let receipts = flow.receipts.iter().filter(|found| found.received.sources.contains(receipt));
        for found in receipts {
            for base in found.sent.bases() {
                let missing = match found.is_partial {
                    // What was not taken over went back.
                    true => 0,
                    false => (found.sent.value(base) - found.received.value(base)).max(0),
                };
                let loss = (base, missing + found.damaged.value(base));
                let sources = found.sent.sources.iter().chain(&found.received.sources).copied();
                stage(stages, Kind::Shipping.name(), found.sent.value(base), loss, None, sources);
            }
        }
    }
}

fn stage(
    stages: &mut BTreeMap<(&'static str, Base), StageLoss>,
    name: &'static str,
    put_in: i128,
    (base, loss): (Base, i128),
    reason: Option<&str>,
    sources: impl IntoIterator<Item = Source>,
) {
    let stage = stages.entry((name, base)).or_insert_with(|| StageLoss {
        stage: name,
        put_in: 0,
        loss: 0,
        base,
        reasons: BTreeMap::new(),
        sources: Vec::new(),
    });
    stage.put_in = stage.put_in.saturating_add(clamp(put_in));
    stage.loss = stage.loss.saturating_add(clamp(loss));
    if let Some(reason) = reason.filter(|_| loss > 0) {
        let of = stage.reasons.entry(reason.to_owned()).or_default();
        *of = of.saturating_add(clamp(loss));
    }
    stage.sources.extend(sources);
    stage.sources.sort_unstable();
    stage.sources.dedup();
}

fn sold(flow: &Flow) -> Sum {
    let mut sold = flow.sold.clone();
    sold.merge(&flow.total(|hands| hands.wholesale.clone()));
    sold
}

impl Balance {
    fn put(&mut self, label: Figure, sum: &Sum, holder: Option<&str>, year: Option<u16>) {
        for base in sum.bases() {
            self.lines.push(Line {
                label,
                holder: holder.map(str::to_owned),
                year,
                amount: clamp(sum.value(base)),
                base,
                sources: sum.sources.iter().copied().collect(),
            });
        }
    }

    /// What is left, also where that is nothing or less.
    fn left(&mut self, had: &Sum, used: &Sum, holder: Option<&str>) {
        let mut bases: Vec<Base> = had.bases().chain(used.bases()).collect();
        bases.sort_unstable();
        bases.dedup();
        for base in bases {
            self.lines.push(Line {
                label: Figure::Left,
                holder: holder.map(str::to_owned),
                year: None,
                amount: clamp(had.value(base) - used.value(base)),
                base,
                sources: had.sources.union(&used.sources).copied().collect(),
            });
        }
    }
}
