//! What one version of a statement says of quantities, without its JSON.

use serde::Serialize;
use serde_json::Value;

use super::Lots;
use crate::merkle::Hash;
use crate::produce::ActVersion;
use crate::statement::kinds::Kind;
use crate::statement::quantity::{Base, Quantity};
use crate::statement::subject::Subject;

/// A quantity in its base unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Amount {
    pub value: i64,
    pub base: Base,
}

/// Place of a subject or a text among those that an account has seen.
pub(super) type Id = u32;

/// A lot and how much of it; none where the statement has no good quantity.
pub(super) type Portion = (Id, Option<Amount>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    Harvest(Harvest),
    Making(Box<Making>),
    Planting { crop: Option<Id>, variety: Option<Id>, from: Box<[Id]> },
    Plot(Box<Plot>),
    Receiving(Box<Receiving>),
    Sale(Box<Sale>),
    Season(Box<Season>),
    Shipping(Box<Shipping>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plot {
    pub(super) name: Option<Id>,
    pub(super) area: Option<Amount>,
    pub(super) declared: Option<Amount>,
    pub(super) crop: Option<Id>,
    pub(super) variety: Option<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Season {
    pub(super) plot: Option<Id>,
    pub(super) area: Option<Amount>,
    pub(super) expected: Option<Amount>,
    pub(super) crop: Option<Id>,
    pub(super) variety: Option<Id>,
    pub(super) name: Option<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Harvest {
    pub(super) from: Box<[Id]>,
    pub(super) made: Option<Amount>,
    pub(super) year: u16,
    pub(super) crop: Option<Id>,
    pub(super) variety: Option<Id>,
}

/// Grading, packing or processing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Making {
    pub(super) inputs: Box<[Portion]>,
    pub(super) outputs: Box<[Output]>,
    pub(super) loss: Option<Amount>,
    pub(super) reason: Option<Id>,
    /// Something is added that is no lot: the mass may grow.
    pub(super) has_additives: bool,
    pub(super) product: Option<Id>,
    pub(super) packs: Option<Packs>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) lot: Id,
    pub(super) made: Option<Amount>,
    pub(super) grade: Option<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packs {
    pub(super) count: i64,
    /// Of one pack, in grams.
    pub(super) net_weight: i64,
    pub(super) brand: Option<Id>,
    /// `YYYY-MM-DD`.
    pub(super) day: Option<crate::statement::time::Date>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shipping {
    pub(super) lots: Box<[Portion]>,
    /// Organisation; none: to consumers.
    pub(super) to: Option<Id>,
    pub(super) to_consumers: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receiving {
    pub(super) shipment: Option<Hash>,
    pub(super) lots: Box<[Arrived]>,
    pub(super) accept: Accept,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) lot: Id,
    pub(super) quantity: Option<Amount>,
    pub(super) damaged: Option<Amount>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accept {
    Accepted,
    Partial,
    Rejected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sale {
    pub(super) channel: Id,
    /// Both days belong to it, counted from 1970.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) quantity: Option<Amount>,
}

impl Amount {
    pub(super) fn of(quantity: &Quantity) -> Amount {
        // A quantity's value is at most 2^53 - 1.
        Amount { value: i64::try_from(quantity.value).unwrap_or(i64::MAX), base: quantity.base() }
    }
}

impl Deed {
    /// Reads `version`, or nothing where its kind says nothing of quantities.
    pub(super) fn read(lots: &mut Lots, kind: Kind, about: &Subject, said: &ActVersion<'_>) -> Option<Deed> {
        let quantity = |name: &str| said.quantity(name).map(|quantity| Amount::of(&quantity));
        let mut text = |name: &str| said.text(name).map(|text| lots.text(text));
        Some(match kind {
            Kind::PlotRegister => Deed::Plot(Box::new(Plot {
                name: text("name"),
                area: quantity("area"),
                declared: quantity("declared_yield"),
                crop: text("crop"),
                variety: text("variety"),
            })),
            Kind::CropOpen => Deed::Season(Box::new(Season {
                area: quantity("area"),
                expected: quantity("expected_yield"),
                crop: text("crop"),
                variety: text("variety"),
                name: text("season"),
                plot: said.text("plot").and_then(|plot| lots.named(plot)),
            })),
            Kind::Planting => {
                Deed::Planting { crop: text("crop"), variety: text("variety"), from: Box::default() }
            }
            Kind::Harvest => Deed::Harvest(Harvest {
                made: quantity("quantity"),
                year: said.day().year(),
                crop: text("crop"),
                variety: text("variety"),
                from: fields(lots, said.list("from")),
            }),
            Kind::Grading | Kind::Packing | Kind::Processing => Deed::Making(Box::new(making(lots, said))),
            Kind::Shipping => Deed::Shipping(Box::new(Shipping {
                to: text("to"),
                to_consumers: said.data.get("to_consumers") == Some(&Value::Bool(true)),
                lots: portions(lots, said.list("lots")),
            })),
            Kind::Receiving => Deed::Receiving(Box::new(receiving(lots, said))),
            Kind::Sale => Deed::Sale(Box::new(sale(lots, about, said)?)),
            _ => return None,
        })
    }

    /// The subjects whose accounts it moves, the main one apart.
    pub(super) fn moves(&self) -> Vec<Id> {
        match self {
            Deed::Harvest(harvest) => harvest.from.to_vec(),
            Deed::Making(making) => {
                let outputs = making.outputs.iter().map(|output| output.lot);
                making.inputs.iter().map(|(lot, _)| *lot).chain(outputs).collect()
            }
            Deed::Planting { from, .. } => from.to_vec(),
            Deed::Plot(_) | Deed::Sale(_) => Vec::new(),
            Deed::Receiving(receiving) => receiving.lots.iter().map(|arrived| arrived.lot).collect(),
            Deed::Season(season) => season.plot.into_iter().collect(),
            Deed::Shipping(shipping) => shipping.lots.iter().map(|(lot, _)| *lot).collect(),
        }
    }
}

fn making(lots: &mut Lots, said: &ActVersion<'_>) -> Making {
    let outputs = said.list("outputs").iter().filter_map(|item| {
        let lot = lots.named(item.get("lot")?.as_str()?)?;
        let grade = item.get("grade").and_then(Value::as_str).map(|grade| lots.text(grade));
        Some(Output { lot, made: amount(item, "quantity"), grade })
    });
    let outputs = outputs.collect();
    let net_weight = said.quantity("net_weight").map(|net| Amount::of(&net).value);
    let packs = match (said.integer("pack_count"), net_weight) {
        (Some(count), Some(net_weight)) if count >= 0 => Some(Packs {
            count,
            net_weight,
            brand: said.text("brand").map(|brand| lots.text(brand)),
            day: said.date("pack_date"),
        }),
        _ => None,
    };
    Making {
        inputs: portions(lots, said.list("inputs")),
        outputs,
        loss: said.quantity("loss").map(|loss| Amount::of(&loss)),
        reason: said.text("loss_reason").map(|reason| lots.text(reason)),
        has_additives: !said.list("additives").is_empty(),
        product: said.text("product").map(|product| lots.text(product)),
        packs,
    }
}

fn receiving(lots: &mut Lots, said: &ActVersion<'_>) -> Receiving {
    let arrived = said.list("lots").iter().filter_map(|item| {
        let lot = lots.named(item.get("lot")?.as_str()?)?;
        Some(Arrived { lot, quantity: amount(item, "quantity"), damaged: amount(item, "damaged") })
    });
    Receiving {
        lots: arrived.collect(),
        shipment: said.text("shipment").and_then(|leaf| leaf.parse().ok()),
        accept: match said.text("accept") {
            Some("rejected") => Accept::Rejected,
            Some("partial") => Accept::Partial,
            _ => Accept::Accepted,
        },
    }
}

fn sale(lots: &mut Lots, about: &Subject, said: &ActVersion<'_>) -> Option<Sale> {
    lots.named(about.as_str())?;
    let day = |name: &str| {
        let text = said.data.get("period").and_then(|period| period.get(name)).and_then(Value::as_str);
        text.and_then(|text| text.parse::<crate::statement::time::Date>().ok()).map(|day| day.days())
    };
    // Without a good period it is counted as of its own day.
    let own = said.day().days();
    let (from, to) = (day("from").unwrap_or(own), day("to").unwrap_or(own));
    Some(Sale {
        channel: lots.text(said.text("channel").unwrap_or("other")),
        from: from.min(to),
        to: from.max(to),
        quantity: said.quantity("quantity").map(|quantity| Amount::of(&quantity)),
    })
}

fn portions(lots: &mut Lots, items: &[Value]) -> Box<[Portion]> {
    let portions = items.iter().filter_map(|item| {
        let lot = lots.named(item.get("lot")?.as_str()?)?;
        Some((lot, amount(item, "quantity")))
    });
    portions.collect()
}

fn fields(lots: &mut Lots, items: &[Value]) -> Box<[Id]> {
    let mut fields: Vec<Id> = items.iter().filter_map(|item| lots.named(item.as_str()?)).collect();
    fields.sort_unstable();
    fields.dedup();
    fields.into()
}

fn amount(item: &Value, name: &str) -> Option<Amount> {
    Quantity::parse(item.get(name)?, "").ok().map(|quantity| Amount::of(&quantity))
}

impl Deed {
    /// What it takes on the heap.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Deed::Harvest(harvest) => size_of_val(&*harvest.from),
            Deed::Making(making) => {
                size_of::<Making>() + size_of_val(&*making.inputs) + size_of_val(&*making.outputs)
            }
            Deed::Planting { from, .. } => size_of_val(&**from),
            Deed::Plot(_) => size_of::<Plot>(),
            Deed::Receiving(receiving) => size_of::<Receiving>() + size_of_val(&*receiving.lots),
            Deed::Sale(_) => size_of::<Sale>(),
            Deed::Season(_) => size_of::<Season>(),
            Deed::Shipping(shipping) => size_of::<Shipping>() + size_of_val(&*shipping.lots),
        }
    }
}
