//! Seasons of many farms, rolled from a seed, with frauds planted among them.
//!
//! Honest farms do what farms do: they spray and wait, lose some fruit, mistype a dose, find no network for two days.
//! Dishonest ones do one thing of [`Fraud`] in one season. `planted.json` says which, where, and what must show it, so
//! that whoever judges the ledger can be judged. The same seed makes the same statements, byte for byte.

mod amounts;
mod cast;
mod check;
mod crops;
mod deliver;
mod dice;
mod fill;
mod fraud;
mod judge;
mod pictures;
mod plan;
#[cfg(test)]
mod tests;
mod trade;
mod year;

use std::collections::BTreeMap;

use jiff::civil::{DateTime, date};
use serde_json::{Value, json};

use cast::{Farm, Oddity, World};
use dice::Dice;
use plan::{Plan, Step, StepId};
use trade::brand_name;
use year::{Goods, Year};

use crate::demo::draft::Draft;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;

pub use check::{Found, Kinds, check};
pub use fraud::{Fraud, Planted, Record};

pub(super) use fill::{fill, judge};

/// The year of the last season: past on every clock, so that the same seed says the same on every day.
const LAST_YEAR: i16 = 2025;
/// From this many farms on, one in three does wrong; below, every fraud has its farm first.
const FRAUD_SHARE: usize = 3;
/// Beyond it the calendar before the first season has no room for all the plots, and the disk hardly for the rest.
const FARMS_MAX: u64 = 50_000;
/// A table of brands holds a season's row for as many years, and no ledger has seen more.
const SEASONS_MAX: u64 = 50;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub farms: u64,
    pub seasons: u64,
    pub seed: u64,
    /// False: everybody is honest.
    pub frauds: bool,
    /// Into the store, past the service.
    pub straight: bool,
}

impl Wanted {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!((1..=FARMS_MAX).contains(&self.farms), "--farms is from 1 to {FARMS_MAX}");
        anyhow::ensure!((1..=SEASONS_MAX).contains(&self.seasons), "--seasons is from 1 to {SEASONS_MAX}");
        Ok(())
    }

    /// One for each dishonest farm.
    fn frauds_of(&self, farms: usize) -> Vec<Fraud> {
        let kinds = Fraud::ALL.len();
        let count = match farms {
            _ if !self.frauds => 0,
            few if few < kinds => few * 3 / 4,
            many => kinds.max(many / FRAUD_SHARE),
        };
        let mut turn = Fraud::ALL;
        Dice::of(self.seed, "which frauds").shuffle(&mut turn);
        turn.into_iter().cycle().take(count).collect()
    }
}

/// What one farm's season came to.
struct Sown {
    farm: usize,
    fraud: Option<Fraud>,
    lots: Vec<String>,
    guilty: Vec<StepId>,
    robbed: Option<String>,
}

/// The world's seasons, planned one after the other.
struct Seasons {
    world: World,
    /// Rows of brands of all seasons so far.
    brands: Vec<Value>,
    next: StepId,
}

impl Seasons {
    fn of(world: World) -> Seasons {
        Seasons { world, brands: Vec::new(), next: 0 }
    }

    fn prologue(&mut self) -> Plan {
        let mut plan = Plan::from(self.next);
        self.world.prologue(&mut plan);
        self.next = plan.end();
        plan
    }

    fn season(&mut self, season: u64) -> (Plan, Vec<Sown>) {
        let mut plan = Plan::from(self.next);
        let mut sown = Vec::new();
        let mut members: Vec<Vec<Value>> = Vec::new();
        let mut neighbours = None;
        let supervised = (season + 1 == self.world.seasons)
            .then(|| self.world.farms.iter().position(|farm| farm.fraud.is_none()))
            .flatten();
        for (index, farm) in self.world.farms.iter().enumerate() {
            let mut year = Year::new(&self.world, farm, season, &mut plan);
            let handed = if farm.oddity == Oddity::Merge { neighbours.take() } else { None };
            if let Some(lot) = year.tell(handed) {
                neighbours = Some(lot);
            }
            if supervised == Some(index)
                && let Some(lot) = year.lots.iter().rev().find(|lot| lot.ends_with('b')).cloned()
            {
                year.supervise(&lot, date(LAST_YEAR, 12, 12).at(10, 0, 0, 0));
            }
            let Year { lots, guilty, robbed, fraud, branded, .. } = year;
            if let Some(member) = member(farm, fraud, branded)
                && let Some(brand) = farm.brand
            {
                members.resize(members.len().max(brand + 1), Vec::new());
                members[brand].push(member);
            }
            sown.push(Sown { farm: index, fraud, lots, guilty, robbed });
        }
        self.set_brands(&mut plan, season, members);
        self.next = plan.end();
        (plan, sown)
    }

    /// A table replaces the one before, so each holds the seasons before too, as far as there is room.
    fn set_brands(&mut self, plan: &mut Plan, season: u64, members: Vec<Vec<Value>>) {
        const ROWS_MAX: usize = 32;
        let year = self.world.year(season);
        for (brand, members) in members.into_iter().enumerate().filter(|(_, members)| !members.is_empty()) {
            self.brands.push(json!({
                "brand": brand_name(brand),
                "season": { "from": format!("{year}-01-01"), "to": format!("{year}-12-31") },
                "standard": "示范优果标准",
                "members": members,
            }));
        }
        let rows = &self.brands[self.brands.len().saturating_sub(ROWS_MAX)..];
        if rows.is_empty() {
            return;
        }
        let data = json!({ "table": "brands", "brands": rows });
        let at = date(year, 1, 2).at(9, 0, 0, 0);
        plan.say(Step::of(Draft::new(Kind::RulesSet, "ledger:", &self.world.registrar, at, data)));
    }
}

/// What the table of brands grants a farm.
fn member(farm: &Farm, fraud: Option<Fraud>, packs: u64) -> Option<Value> {
    let quota = match fraud {
        _ if packs == 0 => return None,
        Some(Fraud::BrandNonMember) => return None,
        Some(Fraud::BrandOverQuota) => packs * 4 / 5,
        _ => packs * 5 / 4,
    };
    Some(json!({ "org": farm.id, "packs": quota }))
}

impl Year<'_> {
    /// The whole of it. `neighbours` is a lot to be packed with the last one of this farm; what comes back is such a lot.
    fn tell(&mut self, neighbours: Option<Goods>) -> Option<Goods> {
        self.open();
        self.grow();
        let picked = self.pick_all();
        self.write_late();
        let mut neighbours = neighbours;
        for mut goods in picked {
            let is_last = goods.pick + 1 == self.picks;
            self.test(&mut goods);
            let goods = self.bring(goods);
            let graded = self.grade(goods);
            let lots = match () {
                _ if self.is(Fraud::MixedGrades) && graded.first.pick == 0 => {
                    vec![graded.first, graded.second]
                }
                _ if self.farm.oddity == Oddity::Merge && is_last => match neighbours.take() {
                    None => return Some(graded.first),
                    Some(neighbours) => vec![graded.first, neighbours],
                },
                _ => vec![graded.first],
            };
            let Some(packed) = self.pack(lots, 'p') else { continue };
            let kept = self.keep(packed);
            self.vouch(&kept);
            if let Some(delivered) = self.deliver(kept) {
                self.sell(&delivered);
            }
        }
        None
    }
}

/// The end of the last season.
fn end() -> DateTime {
    date(LAST_YEAR, 12, 20).at(12, 0, 0, 0)
}

/// Gathers what was planted, season by season.
struct Book {
    record: Record,
    /// Lots of the seasons before, by farm.
    before: BTreeMap<usize, Vec<String>>,
}

impl Book {
    fn new(wanted: &Wanted) -> Book {
        let as_of = crate::demo::season::millis(end());
        let (planted, honest) = (Vec::new(), Vec::new());
        let Wanted { farms, seasons, seed, .. } = *wanted;
        Book { record: Record { seed, farms, seasons, as_of, planted, honest }, before: BTreeMap::new() }
    }

    fn write(&mut self, world: &World, season: u64, sown: &[Sown], leaf: impl Fn(StepId) -> Option<Hash>) {
        for farm in sown {
            let Some(kind) = farm.fraud else {
                self.record.honest.extend(farm.lots.iter().cloned());
                continue;
            };
            let robbed = farm.robbed.as_deref();
            let victims = sown.iter().filter(|other| robbed == Some(&*world.farms[other.farm].id));
            let victims = victims.flat_map(|other| other.lots.iter().cloned());
            // A certificate that was not renewed has expired for what was picked under it, too.
            let before = self.before.get(&farm.farm).filter(|_| kind == Fraud::OrganicExpired);
            self.record.planted.push(Planted {
                kind,
                farm: world.farms[farm.farm].id.clone(),
                season: world.year(season),
                lots: farm.lots.clone(),
                records: farm
                    .guilty
                    .iter()
                    .filter_map(|step| leaf(*step))
                    .map(|leaf| leaf.to_string())
                    .collect(),
                victims: victims.chain(before.into_iter().flatten().cloned()).collect(),
                finds: kind.finds().iter().map(|word| (*word).to_owned()).collect(),
            });
        }
        for farm in sown {
            self.before.entry(farm.farm).or_default().extend(farm.lots.iter().cloned());
        }
    }
}
