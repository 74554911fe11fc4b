//! What went in and out of one lot, in all and through the hands of each holder.

use std::collections::{BTreeMap, BTreeSet};

use super::deeds::{Accept, Amount, Deed, Id, Making, Receiving, Sale};
use super::{Lots, Said};
use crate::produce::Source;
use crate::statement::quantity::Base;

/// A sum for each base unit, with the statements that it was added from.
#[derive(Debug, Clone, Default)]
pub(super) struct Sum {
    values: [i128; 4],
    /// Something without a good quantity was to be added.
    pub(super) is_unclear: bool,
    pub(super) sources: BTreeSet<Source>,
}

/// What one organisation did with a lot.
#[derive(Debug, Clone, Default)]
pub(super) struct Hands {
    pub(super) made: Sum,
    pub(super) received: Sum,
    pub(super) damaged: Sum,
    pub(super) drawn: Sum,
    /// To organisations, without what came back.
    pub(super) shipped: Sum,
    pub(super) consumers: Sum,
    /// Reported by itself, wholesale apart.
    pub(super) sold: Sum,
    pub(super) wholesale: Sum,
}

/// All that moved a lot.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    pub(super) hands: BTreeMap<Id, Hands>,
    /// By holders and platforms, nothing counted twice, wholesale apart.
    pub(super) sold: Sum,
    /// Reported by platforms.
    pub(super) wholesale: Sum,
    pub(super) receipts: Vec<Receipt>,
    /// Sales of one reporter and channel for periods that overlap.
    pub(super) overlaps: Vec<(Id, BTreeSet<Source>)>,
}

/// What arrived of a lot by one shipment.
#[derive(Debug, Clone)]
pub(super) struct Receipt {
    pub(super) by: Id,
    pub(super) received: Sum,
    pub(super) sent: Sum,
    pub(super) damaged: Sum,
    /// The rest went back.
    pub(super) is_partial: bool,
}

/// What a piece of a lot weighs: so many grams in so many pieces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight {
    grams: i128,
    pieces: i128,
}

struct Reported<'a> {
    said: Said<'a>,
    sale: &'a Sale,
}

impl Sum {
    pub(super) fn of(base: Base) -> usize {
        Base::ALL.iter().position(|known| *known == base).unwrap_or_default()
    }

    pub(super) fn add(&mut self, amount: Option<Amount>, source: Source) {
        self.sources.insert(source);
        match amount {
            Some(amount) => self.values[Sum::of(amount.base)] += i128::from(amount.value),
            None => self.is_unclear = true,
        }
    }

    pub(super) fn value(&self, base: Base) -> i128 {
        self.values[Sum::of(base)]
    }

    pub(super) fn set(&mut self, base: Base, value: i128) {
        self.values[Sum::of(base)] = value;
    }

    pub(super) fn merge(&mut self, other: &Sum) {
        Base::ALL.iter().for_each(|base| self.set(*base, self.value(*base) + other.value(*base)));
        self.note(other);
    }

    /// The other's statements, without its amounts.
    pub(super) fn note(&mut self, other: &Sum) {
        self.is_unclear |= other.is_unclear;
        self.sources.extend(&other.sources);
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.values == [0; 4] && !self.is_unclear
    }

    /// The larger of the two in each base; the statements of both.
    pub(super) fn larger(&self, other: &Sum) -> Sum {
        let mut larger = self.clone();
        Base::ALL.iter().for_each(|base| larger.set(*base, self.value(*base).max(other.value(*base))));
        larger.note(other);
        larger
    }

    /// What `self` has beyond `other`.
    pub(super) fn beyond(&self, other: &Sum) -> Sum {
        let mut beyond = self.clone();
        Base::ALL.iter().for_each(|base| beyond.set(*base, (self.value(*base) - other.value(*base)).max(0)));
        beyond
    }

    /// The bases that something was counted in.
    pub(super) fn bases(&self) -> impl Iterator<Item = Base> {
        Base::ALL.iter().copied().filter(|base| self.value(*base) != 0)
    }
}

impl Hands {
    pub(super) fn had(&self) -> Sum {
        let mut had = self.made.clone();
        had.merge(&self.received);
        had
    }

    /// What it sold it sent to consumers itself, or passed on to whoever sent it.
    pub(super) fn used(&self) -> Sum {
        let mut sold = self.sold.clone();
        sold.merge(&self.wholesale);
        let mut used = self.consumers.larger(&sold.beyond(&self.shipped));
        used.merge(&self.shipped);
        used.merge(&self.gone());
        used
    }

    /// What went into other lots or was damaged. Damaged goods may still be sorted: what is drawn is drawn from them first.
    fn gone(&self) -> Sum {
        self.drawn.larger(&self.damaged)
    }
}

impl Flow {
    pub(super) fn made(&self) -> Sum {
        self.total(|hands| hands.made.clone())
    }

    /// What the lot lost to other lots, to people and to damage. Who sold it need not be who sent it, so that the
    /// larger of both counts; in wholesale it went to whom it was shipped, or to somebody that the ledger does not know.
    pub(super) fn used(&self) -> Sum {
        let mut used = self.total(|hands| hands.consumers.clone()).larger(&self.sold);
        let wholesale = self.total(|hands| hands.wholesale.clone()).larger(&self.wholesale);
        used.merge(&wholesale.beyond(&self.total(|hands| hands.shipped.clone())));
        used.merge(&self.total(Hands::gone));
        used
    }

    pub(super) fn total(&self, of: impl Fn(&Hands) -> Sum) -> Sum {
        let mut total = Sum::default();
        self.hands.values().for_each(|hands| total.merge(&of(hands)));
        total
    }
}

impl Lots {
    pub(super) fn flow(&self, lot: Id, size: u64) -> Flow {
        let weight = self.weight(lot, size);
        let mut flow = Flow::default();
        let mut reported = Vec::new();
        let count = |amount: Option<Amount>| amount.map(|amount| weigh(weight, amount));
        for said in self.moves(lot, size) {
            let hands = flow.hands.entry(said.act.org).or_default();
            match said.deed {
                Deed::Harvest(harvest) if said.act.subject == lot => {
                    hands.made.add(count(harvest.made), said.source);
                }
                Deed::Making(making) => {
                    for output in making.outputs.iter().filter(|output| output.lot == lot) {
                        hands.made.add(count(output.made), said.source);
                    }
                    for (_, taken) in making.inputs.iter().filter(|(input, _)| *input == lot) {
                        hands.drawn.add(count(*taken), said.source);
                    }
                }
                Deed::Shipping(shipping) => {
                    let out = if shipping.to_consumers || shipping.to.is_none() {
                        &mut hands.consumers
                    } else {
                        &mut hands.shipped
                    };
                    for (_, sent) in shipping.lots.iter().filter(|(sent, _)| *sent == lot) {
                        out.add(count(*sent), said.source);
                    }
                }
                Deed::Receiving(receiving) => {
                    self.arrive(&mut flow, lot, &said, receiving, weight, size);
                }
                Deed::Sale(sale) => reported.push(Reported { said, sale }),
                _ => {}
            }
        }
        // Only who did something is named.
        self.sales(&mut flow, &reported, weight);
        flow.hands.retain(|_, hands| !hands.had().sources.is_empty() || !hands.used().sources.is_empty());
        flow
    }

    /// What was not taken over is the sender's again.
    fn arrive(
        &self,
        flow: &mut Flow,
        lot: Id,
        said: &Said<'_>,
        receiving: &Receiving,
        weight: Option<Weight>,
        size: u64,
    ) {
        let count = |amount: Option<Amount>| amount.map(|amount| weigh(weight, amount));
        let mut received = Sum::default();
        let mut damaged = Sum::default();
        for arrived in receiving.lots.iter().filter(|arrived| arrived.lot == lot) {
            received.add(count(arrived.quantity), said.source);
            if arrived.damaged.is_some() {
                damaged.add(count(arrived.damaged), said.source);
            }
        }
        let place = receiving.shipment.and_then(|leaf| self.places.get(&leaf).copied());
        let shipment = place.and_then(|place| self.said(place, size));
        let Some((shipment, Deed::Shipping(sent_by))) = shipment.map(|shipment| (shipment, shipment.deed))
        else {
            // A shipment that was withdrawn brought nothing.
            return;
        };
        let mut sent = Sum::default();
        for (_, amount) in sent_by.lots.iter().filter(|(sent, _)| *sent == lot) {
            sent.add(count(*amount), shipment.source);
        }
        let back = match receiving.accept {
            Accept::Accepted => Sum::default(),
            Accept::Partial => sent.beyond(&received),
            Accept::Rejected => sent.clone(),
        };
        let sender = flow.hands.entry(shipment.act.org).or_default();
        for base in Base::ALL {
            sender.shipped.set(*base, (sender.shipped.value(*base) - back.value(*base)).max(0));
        }
        if receiving.accept == Accept::Rejected {
            return;
        }
        let hands = flow.hands.entry(said.act.org).or_default();
        hands.received.merge(&received);
        hands.damaged.merge(&damaged);
        let is_partial = receiving.accept == Accept::Partial;
        flow.receipts.push(Receipt { by: said.act.org, received, sent, damaged, is_partial });
    }

    /// Holders' sales of one channel are of different goods; a platform's total of the same days is of theirs.
    fn sales(&self, flow: &mut Flow, reported: &[Reported<'_>], weight: Option<Weight>) {
        let mut channels: BTreeMap<Id, Vec<&Reported<'_>>> = BTreeMap::new();
        for report in reported {
            let amount = report.sale.quantity.map(|amount| weigh(weight, amount));
            let is_wholesale = self.word(report.sale.channel) == "wholesale";
            if !report.said.act.is_platform {
                let hands = flow.hands.entry(report.said.act.org).or_default();
                let sold = if is_wholesale { &mut hands.wholesale } else { &mut hands.sold };
                sold.add(amount, report.said.source);
            }
            if is_wholesale && report.said.act.is_platform {
                flow.wholesale.add(amount, report.said.source);
            }
            channels.entry(report.sale.channel).or_default().push(report);
        }
        for (channel, mut reports) in channels {
            reports.sort_by_key(|report| (report.sale.from, report.sale.to, report.said.source));
            overlaps(flow, &reports);
            if self.word(channel) == "wholesale" {
                continue;
            }
            for days in reports.chunk_by_overlap() {
                let (mut platforms, mut holders) = (Sum::default(), Sum::default());
                for report in days {
                    let amount = report.sale.quantity.map(|amount| weigh(weight, amount));
                    let sum = if report.said.act.is_platform { &mut platforms } else { &mut holders };
                    sum.add(amount, report.said.source);
                }
                flow.sold.merge(&platforms.larger(&holders));
            }
        }
    }

    /// What a piece of the lot weighs, as far as its packing says.
    pub(super) fn weight(&self, lot: Id, size: u64) -> Option<Weight> {
        self.moves(lot, size).find_map(|said| match said.deed {
            Deed::Making(making) if making.outputs.iter().any(|output| output.lot == lot) => {
                weight_of(making)
            }
            _ => None,
        })
    }
}

/// Pieces packed by weight are packs; packed by the piece, they share what all packs weigh.
pub(super) fn weight_of(making: &Making) -> Option<Weight> {
    let packs = making.packs.as_ref().filter(|packs| packs.net_weight > 0)?;
    let made: Vec<Amount> = making.outputs.iter().filter_map(|output| output.made).collect();
    let pieces: i128 =
        made.iter().filter(|amount| amount.base == Base::Piece).map(|amount| i128::from(amount.value)).sum();
    let net_weight = i128::from(packs.net_weight);
    if made.iter().all(|amount| amount.base == Base::Piece) && pieces > 0 && packs.count > 0 {
        return Some(Weight { grams: net_weight * i128::from(packs.count), pieces });
    }
    Some(Weight { grams: net_weight, pieces: 1 })
}

pub(super) fn weigh(weight: Option<Weight>, amount: Amount) -> Amount {
    match (weight, amount.base) {
        (Some(weight), Base::Piece) => {
            // 2^53 pieces of 2^106 grams at most: a signed statement may claim them, so this saturates.
            let grams = i128::from(amount.value).saturating_mul(weight.grams) / weight.pieces;
            Amount { value: i64::try_from(grams).unwrap_or(i64::MAX), base: Base::Gram }
        }
        _ => amount,
    }
}

fn overlaps(flow: &mut Flow, reports: &[&Reported<'_>]) {
    let mut newest: BTreeMap<Id, (i64, Source)> = BTreeMap::new();
    for report in reports {
        let org = report.said.act.org;
        match newest.get(&org).copied() {
            Some((until, source)) if report.sale.from <= until => {
                flow.overlaps.push((org, BTreeSet::from([source, report.said.source])));
                if report.sale.to > until {
                    newest.insert(org, (report.sale.to, report.said.source));
                }
            }
            _ => {
                newest.insert(org, (report.sale.to, report.said.source));
            }
        }
    }
}

trait ByOverlap<'a> {
    fn chunk_by_overlap(&self) -> Vec<&[&'a Reported<'a>]>;
}

impl<'a> ByOverlap<'a> for Vec<&'a Reported<'a>> {
    /// Cuts reports, sorted by their first day, where no period reaches over the cut.
    fn chunk_by_overlap(&self) -> Vec<&[&'a Reported<'a>]> {
        let mut chunks = Vec::new();
        let (mut start, mut until) = (0, i64::MIN);
        for (at, report) in self.iter().enumerate() {
            if at > start && report.sale.from > until {
                chunks.push(&self[start..at]);
                start = at;
            }
            until = until.max(report.sale.to);
        }
        if start < self.len() {
            chunks.push(&self[start..]);
        }
        chunks
    }
}
