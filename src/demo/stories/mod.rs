//! Four stories of real places, one a file. Each tells its season through a [`Teller`] and says what is worth showing.
//!
//! Whoever and whatever is named is invented and says so (示范); so are all results and weights. No limit of any
//! standard stands in them, and one pre-harvest interval: avermectin 1.8 % EC on cucumber, 2 days, at most 3 uses,
//! from the table in the produce notes. Where we have no source, the optional field is left out.

mod apple;
mod cucumber;
mod sanqi;
mod yangmei;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};
use serde_json::{Value, json};

use super::cast::Trade;
use super::draft::{Draft, Pen};
use super::moves::{Arrival, Move, Test, measured, not_detected, store_readings};
use super::pictures;
use super::readings::Logger;
use super::season::{Season, day};
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
    policies(teller)?;
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

/// What the platform asks of the four kinds of produce.
fn policies(teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let at = Season::over_by(teller.now(), 3, 1).back(4).at(1, 20, 9, 0);
    let policy =
        |crop: &str, category: &str| json!({ "crops": [crop], "category": category, "level": "full" });
    let mut every_lot = policy("三七", "speciality");
    every_lot["batch_test"] = json!(true);
    let rows = [every_lot, policy("杨梅", "fresh"), policy("苹果", "fresh"), policy("黄瓜", "fresh")];
    teller.set_rules(json!({ "table": "policies", "policies": rows }), at)?;
    Ok(())
}

/// Those who answer for a lot say so: the three seats, and the platform's guarantee.
fn vouch(
    teller: &mut Teller<'_>,
    trade: &Trade,
    origin: &Pen,
    lot: &str,
    at: DateTime,
) -> anyhow::Result<()> {
    let seats: [(&Pen, &[&str], i64); 3] = [
        (origin, &["growing_records", "harvest_records", "grading", "packing"], 0),
        (&trade.platform, &["identity", "test_report", "input_records", "quantity"], 3),
        (&trade.host, &["origin_visit", "tasting", "claims"], 5),
    ];
    for (pen, checked, hours) in seats {
        let data = json!({ "verdict": "approved", "checked": checked });
        teller.say(Draft::new(Kind::SignOff, lot, pen, at + hours.hours(), data))?;
    }
    let guarantee = json!({
        "terms": ["damage_paid", "platform_first"],
        "valid_from": day(at.date()),
        "valid_until": day(at.date() + 1.years()),
    });
    teller.say(Draft::new(Kind::Guarantee, lot, &trade.platform, at + 6.hours(), guarantee))?;
    Ok(())
}

/// The platform adds up what it sold of a lot.
fn sold(
    teller: &mut Teller<'_>,
    trade: &Trade,
    lot: &str,
    quantity: Value,
    from: Date,
    to: DateTime,
) -> anyhow::Result<()> {
    let data = json!({
        "channel": "douyin",
        "period": { "from": day(from), "to": day(to.date()) },
        "quantity": quantity,
    });
    teller.say(Draft::new(Kind::Sale, lot, &trade.platform, to, data))?;
    Ok(())
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
        let mut draft = self.result(sampling, received, reported);
        if self.drawn {
            draft = draft.drawing("实验室", pictures::laboratory());
        }
        teller.say(draft)
    }
}

impl Move<'_> {
    fn ship(&self, teller: &mut Teller<'_>) -> anyhow::Result<Hash> {
        teller.say(self.shipment())
    }

    fn arrive(&self, teller: &mut Teller<'_>, shipment: Hash, arrival: Arrival<'_>) -> anyhow::Result<Hash> {
        let mut draft = self.receipt(shipment, arrival);
        if self.drawn {
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
    Kind::Irrigation,
    Kind::Observation,
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
    Kind::SignOff,
    Kind::Storage,
];

const LAB_ROLES: &[Role] = &[Role::Lab];
