//! One farm's year: what its phone writes from the opening of the season to the picks.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, date};
use serde_json::{Value, json};

use super::amounts::Counting;
use super::cast::{Farm, Oddity, World};
use super::crops::{FUNGUS, INSECT, PRODUCTS, Product, SHORT};
use super::dice::Dice;
use super::fraud::Fraud;
use super::pictures;
use super::plan::{Plan, Step, StepId};
use crate::demo::draft::{Draft, File, quantity};
use crate::demo::season::day;
use crate::statement::kinds::Kind;

/// A farm in a season, and what was said of it so far.
pub(super) struct Year<'a> {
    pub(super) world: &'a World,
    pub(super) farm: &'a Farm,
    pub(super) year: i16,
    pub(super) fraud: Option<Fraud>,
    pub(super) dice: Dice,
    pub(super) plan: &'a mut Plan,
    pub(super) crop: String,
    pub(super) picks: u64,
    /// Ingredients sprayed so far.
    pub(super) actives: Vec<&'static str>,
    pub(super) lots: Vec<String>,
    /// The steps that make up the fraud.
    pub(super) guilty: Vec<StepId>,
    /// The farm whose photo it took.
    pub(super) robbed: Option<String>,
    /// Packs of its brand.
    pub(super) branded: u64,
    /// The phone has no network between these, and sends what it holds at the second.
    offline: Option<(DateTime, DateTime)>,
    /// Statements that wait on the phone.
    held: i64,
}

/// A lot on its way.
pub(super) struct Goods {
    pub(super) lot: String,
    /// In grams or pieces.
    pub(super) amount: u64,
    /// When the last thing was done to it.
    pub(super) at: DateTime,
    /// When its test came back.
    pub(super) tested: DateTime,
    /// Which of the picks it is.
    pub(super) pick: u64,
}

impl<'a> Year<'a> {
    pub(super) fn new(world: &'a World, farm: &'a Farm, season: u64, plan: &'a mut Plan) -> Year<'a> {
        let year = world.year(season);
        let fraud = farm.fraud_in(season);
        let picks = match fraud {
            Some(Fraud::ReportReused) => farm.crop.picks.max(2),
            _ => farm.crop.picks,
        };
        let mut year = Year {
            world,
            farm,
            year,
            fraud,
            dice: Dice::of(world.seed, &format!("{} {year}", farm.id)),
            plan,
            crop: format!("crop:{}.{year}", farm.id),
            picks,
            actives: Vec::new(),
            lots: Vec::new(),
            guilty: Vec::new(),
            robbed: None,
            branded: 0,
            offline: None,
            held: 0,
        };
        if farm.oddity == Oddity::LateSync {
            let from = year.before_picking(33).at(6, 0, 0, 0);
            year.offline = Some((from, from + 48.hours()));
        }
        year
    }

    pub(super) fn is(&self, fraud: Fraud) -> bool {
        self.fraud == Some(fraud)
    }

    pub(super) fn first_pick(&self) -> Date {
        let (month, day) = self.farm.crop.first_pick;
        date(self.year, month, day) + (self.farm.number as i64 % 6).days()
    }

    pub(super) fn before_picking(&self, days: i64) -> Date {
        self.first_pick() - days.days()
    }

    /// Two digits, for the names of lots.
    pub(super) fn short_year(&self) -> i16 {
        self.year % 100
    }

    /// From the phone, when it has a network.
    pub(super) fn phone(&mut self, draft: Draft) -> StepId {
        let step = Step::of(draft).chained();
        let step = match self.offline {
            Some((from, until)) if (from..until).contains(&step.arrives) => {
                self.held += 1;
                step.arriving(until + self.held.seconds())
            }
            _ => step,
        };
        self.plan.say(step)
    }

    /// A page of the field diary: written the same evening, or all of them in one.
    fn diary(&mut self, kind: Kind, on: Date, data: Value) -> StepId {
        let mut draft =
            Draft::on_day(kind, &self.crop, &self.farm.field, on, data).in_village(&self.farm.village);
        let at_once = self.is(Fraud::BurstDiary) && on < self.before_picking(1);
        if at_once {
            draft.recorded =
                self.before_picking(1).at(20, 0, 0, 0) + (self.guilty.len() as i64 * 90).seconds();
        } else {
            draft.recorded += self.dice.between(0, 90).cast_signed().minutes();
        }
        let step = self.phone(draft);
        if at_once {
            self.guilty.push(step);
        }
        step
    }

    pub(super) fn open(&mut self) {
        let (month, opened) = self.farm.crop.opened;
        let on = date(self.year, month, opened);
        let standard = if self.farm.brand.is_some() { "示范优果标准" } else { "示范种植规程" };
        let data = json!({
            "plot": self.farm.plot(),
            "crop": self.farm.crop.name,
            "variety": self.farm.crop.variety,
            "season": format!("{} 年", self.year),
            "area": self.area(),
            "expected_harvest": { "from": day(self.first_pick()), "to": day(self.first_pick() + 30.days()) },
            "standard": standard,
        });
        let draft = Draft::on_day(Kind::CropOpen, &self.crop, &self.farm.field, on, data);
        self.phone(draft.in_village(&self.farm.village));
    }

    fn area(&self) -> Value {
        quantity(&self.farm.area_mu.to_string(), "mu")
    }

    /// Everything before the first pick.
    pub(super) fn grow(&mut self) {
        self.plant(69, "pruning");
        self.feed(64);
        self.look_around(60, "growth", "normal");
        self.irrigate(56);
        self.plant(52, "flowering");
        self.irrigate(44);
        self.look_around(36, "pest_check", "pest");
        self.feed(33);
        self.look_around(32, "patrol", "normal");
        self.irrigate(18);
        self.look_around(5, "growth", "normal");
        if self.farm.crop.is_organic() {
            self.trap(35);
            return;
        }
        self.spray(INSECT, self.before_picking(40));
        self.spray(FUNGUS, self.before_picking(30));
        self.spray(INSECT, self.before_picking(22));
        if self.is(Fraud::TooManyUses) {
            for days in [48, 15] {
                let step = self.spray(INSECT, self.before_picking(days));
                self.guilty.push(step);
            }
        }
        if self.is(Fraud::EarlyHarvest) || self.is(Fraud::SprayDateMoved) {
            let step = self.spray(INSECT, self.before_picking(3));
            self.guilty.push(step);
        }
    }

    /// What is written after the first pick, whatever the goods do meanwhile.
    pub(super) fn write_late(&mut self) {
        if self.is(Fraud::SprayDateMoved) {
            let sprayed = self.guilty.first().copied();
            let (to, told) = (self.before_picking(13), self.first_pick() + 1.days());
            let spray = self.spray_data(&PRODUCTS[INSECT], to);
            let data = json!({ "reason": "typo", "occurred_at": day(to), "data": spray });
            if let Some(sprayed) = sprayed {
                let step = self.correct(sprayed, Kind::Input, told.at(21, 0, 0, 0), data);
                self.guilty.push(step);
            }
        }
        if self.is(Fraud::BackDatedInput) {
            let claimed = self.before_picking(20);
            let data = self.spray_data(&PRODUCTS[FUNGUS], claimed);
            let draft = Draft::on_day(Kind::Input, &self.crop, &self.farm.field, claimed, data)
                .recorded((self.first_pick() + 2.days()).at(20, 10, 0, 0));
            let step = self.phone(draft.in_village(&self.farm.village).for_partners());
            self.guilty.push(step);
        }
    }

    fn plant(&mut self, days: i64, action: &str) {
        let data = json!({
            "action": action, "crop": self.farm.crop.name, "variety": self.farm.crop.variety,
            "quantity": quantity(&(self.farm.area_mu * 60).to_string(), "plant"), "area": self.area(),
        });
        self.diary(Kind::Planting, self.before_picking(days), data);
    }

    fn irrigate(&mut self, days: i64) {
        let amount = quantity(&(self.farm.area_mu * self.dice.between(3, 9) * 1000).to_string(), "l");
        let data = json!({ "method": "drip", "water": "reservoir", "amount": amount, "area": self.area() });
        self.diary(Kind::Irrigation, self.before_picking(days), data);
    }

    fn look_around(&mut self, days: i64, action: &str, finding: &str) {
        let mut data = json!({ "action": action, "finding": finding, "growth_stage": "fruit_growth" });
        if finding == "pest" {
            data["severity"] = json!("light");
            data["target"] = json!("示范害虫");
        }
        self.diary(Kind::Observation, self.before_picking(days), data);
    }

    fn feed(&mut self, days: i64) {
        let on = self.before_picking(days);
        let mistyped = self.farm.oddity == Oddity::Typo && days < 40;
        let step = self.diary(Kind::Input, on, self.feed_data(on, if mistyped { "80" } else { "8" }));
        if mistyped {
            let data = json!({ "reason": "typo", "data": self.feed_data(on, "8") });
            self.correct(step, Kind::Input, (on + 1.days()).at(12, 0, 0, 0), data);
        }
    }

    fn feed_data(&self, on: Date, kilos: &str) -> Value {
        json!({
            "kind": "fertiliser",
            "product": { "name": "示范水溶肥", "manufacturer": "示范肥料厂" },
            "target": "追肥",
            "method": "fertigation",
            "dose": { "amount": quantity(kilos, "kg"), "per": "mu" },
            "area": self.area(),
            "start_date": day(on),
            "end_date": day(on),
            "operator": "示范施肥员",
        })
    }

    fn trap(&mut self, days: i64) {
        let on = self.before_picking(days);
        let data = json!({
            "kind": "other",
            "product": { "name": "示范粘虫板", "manufacturer": "示范植保厂" },
            "target": "示范害虫",
            "method": "trap",
            "dose": { "amount": quantity("20", "piece"), "per": "mu" },
            "area": self.area(),
            "start_date": day(on),
            "end_date": day(on),
            "operator": "示范植保员",
        });
        self.diary(Kind::Input, on, data);
    }

    /// Between two picks, with an interval that is over by the next one.
    pub(super) fn spray_after(&mut self, picked: Date) {
        if !self.farm.crop.is_organic() {
            self.spray(SHORT, picked + 1.days());
        }
    }

    fn spray(&mut self, product: usize, on: Date) -> StepId {
        let data = self.spray_data(&PRODUCTS[product], on);
        let active = PRODUCTS[product].active;
        if !self.actives.contains(&active) {
            self.actives.push(active);
        }
        self.diary(Kind::Input, on, data)
    }

    fn spray_data(&self, product: &Product, on: Date) -> Value {
        json!({
            "kind": "pesticide",
            "product": {
                "name": product.name, "manufacturer": "示范农药厂", "reg_no": product.reg_no,
                "formulation": product.formulation,
                "active_ingredients": [{ "name": product.active, "content": product.percent, "unit": "percent" }],
            },
            "target": product.target,
            "method": "spray",
            "dilution": 1500,
            "area": self.area(),
            "start_date": day(on),
            "end_date": day(on),
            "operator": "示范植保员",
            "phi_days": product.phi_days,
            "max_uses": product.max_uses,
        })
    }

    fn correct(&mut self, step: StepId, kind: Kind, at: DateTime, data: Value) -> StepId {
        let draft = Draft::new(Kind::Correction, &self.crop, &self.farm.field, at, data);
        self.plan.say(Step::of(draft).correcting(step, kind).chained())
    }

    /// What is picked in a season, as a share of what the plot bears, in hundredths.
    fn share(&mut self) -> u64 {
        match self.is(Fraud::OverCapacity) {
            true => 135,
            false => self.dice.between(70, 92),
        }
    }

    /// All picks of the season, each a lot.
    pub(super) fn pick_all(&mut self) -> Vec<Goods> {
        let crop = self.farm.crop;
        let step = match self.farm.counting {
            Counting::Pieces => 100,
            _ => crop.container.1 * 1000,
        };
        let share = self.share();
        let each = self.farm.declared * share / 100 / self.picks / step * step;
        (0..self.picks).map(|pick| self.pick(pick, each)).collect()
    }

    fn pick(&mut self, pick: u64, amount: u64) -> Goods {
        let on = self.first_pick() + (pick.cast_signed() * self.farm.crop.days_apart).days();
        let at = on.at(15, 0, 0, 0) + self.dice.between(0, 120).cast_signed().minutes();
        let lot = format!("batch:{}.{}h{}", self.farm.id, self.short_year(), pick + 1);
        let data = json!({
            "from": [self.crop],
            "quantity": self.farm.counting.amount(amount),
            "crop": self.farm.crop.name,
            "variety": self.farm.crop.variety,
            "pickers": self.dice.between(3, 40),
        });
        let mut draft =
            Draft::new(Kind::Harvest, &lot, &self.farm.field, at, data).in_village(&self.farm.village);
        draft.files.push(self.photo(pick));
        let step = self.phone(draft);
        let guilty = match pick {
            _ if self.is(Fraud::OverCapacity) => true,
            0 => self.is(Fraud::PhotoReused) || self.is(Fraud::PhotoRetouched),
            _ => false,
        };
        if guilty {
            self.guilty.push(step);
        }
        if pick + 1 < self.picks {
            self.spray_after(on);
        }
        self.lots.push(lot.clone());
        Goods { lot, amount, at, tested: at, pick }
    }

    /// Its own photo of the pick, or its neighbour's of the plot.
    fn photo(&mut self, pick: u64) -> File {
        let thief = self.is(Fraud::PhotoReused) || self.is(Fraud::PhotoRetouched);
        let bits = match self.neighbour().filter(|_| thief && pick == 0) {
            Some(neighbour) => {
                self.robbed = Some(neighbour.id.clone());
                let taken = pictures::of_plot(self.world.seed, &neighbour.id);
                if self.is(Fraud::PhotoRetouched) { pictures::retouched(taken) } else { taken }
            }
            None => pictures::bits(self.world.seed, &self.farm.id, self.year, pick),
        };
        pictures::photo("采收", bits)
    }

    /// Another farm, the next that steals no photo itself.
    fn neighbour(&self) -> Option<&'a Farm> {
        let farms = &self.world.farms;
        let thief = |farm: &Farm| matches!(farm.fraud, Some((Fraud::PhotoReused | Fraud::PhotoRetouched, _)));
        (0..farms.len()).map(|i| &farms[(self.farm.number + i) % farms.len()]).find(|farm| !thief(farm))
    }

    /// A season's test, before there is a lot.
    pub(super) fn season_test_day(&self) -> DateTime {
        self.before_picking(6).at(9, 0, 0, 0)
    }
}
