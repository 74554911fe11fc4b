//! Four stories of real places, one a file. Each tells its season through a [`Teller`] and says what is worth showing.
//!
//! Whoever and whatever is named is invented and says so (示范); so are all results and weights. No limit of any
//! standard stands in them, and one pre-harvest interval: avermectin 1.8 % EC on cucumber, 2 days, at most 3 uses,
//! from the table in the produce notes. Where we have no source, the optional field is left out.

mod apple;
mod cucumber;
mod sanqi;
mod yangmei;

use jiff::civil::{Date, DateTime};
use serde_json::Value;

use super::cast::Trade;
use super::draft::Pen;
use super::moves::{Arrival, Move, Test, measured, not_detected, store_readings};
use super::pictures;
use super::readings::Logger;
use super::teller::Teller;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;

/// A batch worth opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Featured {
    /// Without `batch:`.
    pub batch: String,
    pub zh: &'static str,
    pub en: &'static str,
}

/// What a story leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    pub name: &'static str,
    pub featured: Vec<Featured>,
    pub statements: u64,
}

type Tell = fn(&mut Teller<'_>, &Trade) -> anyhow::Result<Vec<Featured>>;

const STORIES: [(&str, Tell); 4] = [
    ("浙江仙居杨梅", yangmei::tell),
    ("陕西洛川苹果", apple::tell),
    ("山东寿光黄瓜", cucumber::tell),
    ("云南文山三七", sanqi::tell),
];

/// Tells them all; `heard` learns of each when it ends.
pub(super) fn tell_all(teller: &mut Teller<'_>, mut heard: impl FnMut(&Story)) -> anyhow::Result<Vec<Story>> {
    let trade = Trade::register(teller)?;
    let mut stories = Vec::new();
    for (name, tell) in STORIES {
        let before = teller.told().statements;
        let featured = tell(teller, &trade)?;
        let story = Story { name, featured, statements: teller.told().statements - before };
        heard(&story);
        stories.push(story);
    }
    Ok(stories)
}

fn featured(batch: &str, zh: &'static str, en: &'static str) -> Featured {
    Featured { batch: batch.strip_prefix("batch:").unwrap_or(batch).to_owned(), zh, en }
}

impl Test<'_> {
    /// The sampling is recorded before anybody knows the result.
    fn sample(&self, teller: &mut Teller<'_>, at: DateTime) -> anyhow::Result<Hash> {
        teller.say(self.sampling(at))
    }

    fn report(
        &self,
        teller: &mut Teller<'_>,
        sampling: Hash,
        received: Date,
        reported: DateTime,
    ) -> anyhow::Result<Hash> {
        teller.say(self.result(sampling, received, reported).drawing("实验室", pictures::laboratory()))
    }
}

impl Move<'_> {
    fn ship(&self, teller: &mut Teller<'_>) -> anyhow::Result<Hash> {
        teller.say(self.shipment())
    }

    fn arrive(&self, teller: &mut Teller<'_>, shipment: Hash, arrival: Arrival<'_>) -> anyhow::Result<Hash> {
        let mut draft = self.receipt(shipment, arrival);
        if self.carrier.is_some() {
            draft = draft.drawing("冷藏车到货", pictures::truck());
        }
        teller.say(draft)
    }
}

/// What a store's or a truck's logger wrote, with a drawing of it.
fn readings(
    teller: &mut Teller<'_>,
    lot: &str,
    pen: &Pen,
    logger: &Logger,
    site: &str,
    more: Value,
) -> anyhow::Result<Hash> {
    let curve = pictures::cold_store(&logger.celsius(), logger.max as f32 / 10.0);
    teller.say(store_readings(lot, pen, logger, site, more).drawing("温度曲线", curve))
}

/// The kinds that a grower's phone is given.
const FIELD_KINDS: &[Kind] = &[
    Kind::Correction,
    Kind::CropOpen,
    Kind::Harvest,
    Kind::Input,
    Kind::Planting,
    Kind::PlotRegister,
    Kind::Sampling,
];

/// The kinds that a packhouse's desk is given.
const HOUSE_KINDS: &[Kind] = &[
    Kind::Correction,
    Kind::Grading,
    Kind::Inspection,
    Kind::Packing,
    Kind::Processing,
    Kind::Receiving,
    Kind::Sampling,
    Kind::Shipping,
    Kind::Storage,
];

const LAB_ROLES: &[Role] = &[Role::Lab];
