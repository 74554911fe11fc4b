//! A lot's way from the field to the buyer: test, packhouse, grading, packing, store, sign-offs, the platform, sales.

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::amounts::{Counting, decimal};
use super::cast::Oddity;
use super::crops::PRODUCTS;
use super::fraud::Fraud;
use super::plan::{Step, StepId};
use super::year::{Goods, Year};
use crate::demo::draft::{Draft, Pen, containers, quantity};
use crate::demo::moves::{Arrival, Move, Test, measured, not_detected, store_readings};
use crate::demo::readings::Logger;
use crate::demo::season::day;
use crate::merkle::Hash;
use crate::statement::kinds::Kind;

const WAREHOUSE: &str = "示范平台仓";
/// What a laboratory takes, in grams or pieces.
const SAMPLE_GRAMS: u64 = 2000;
const SAMPLE_PIECES: u64 = 12;

/// What came of grading.
pub(super) struct Graded {
    pub(super) first: Goods,
    pub(super) second: Goods,
}

impl Year<'_> {
    /// The first pick is where a lot's fraud happens; a report that is used twice is the first one, for the second.
    fn cheats(&self, fraud: Fraud, goods: &Goods) -> bool {
        self.is(fraud) && goods.pick == u64::from(fraud == Fraud::ReportReused)
    }

    fn is_guilty(&mut self, step: StepId) {
        self.guilty.push(step);
    }

    /// Who grades and packs: the farm itself or a packhouse.
    fn packer(&self) -> Pen {
        match self.farm.packs_itself {
            true => self.farm.field.clone(),
            false => self.world.houses[self.farm.house].clone(),
        }
    }

    fn site(&self) -> String {
        match self.farm.packs_itself {
            true => format!("示范农场{}号包装间", self.farm.number),
            false => format!("示范产地仓{}号", self.farm.house + 1),
        }
    }

    /// By the phone's chain where the farm itself does it.
    fn at_packer(&mut self, draft: Draft) -> StepId {
        match self.farm.packs_itself {
            true => self.phone(draft),
            false => self.plan.say(Step::of(draft)),
        }
    }

    fn lab(&self, shift: usize) -> &Pen {
        &self.world.labs[(self.farm.lab + shift) % self.world.labs.len()]
    }

    fn small(&self) -> (u64, Value) {
        match self.farm.counting {
            Counting::Pieces => (SAMPLE_PIECES, quantity(&SAMPLE_PIECES.to_string(), "piece")),
            _ => (SAMPLE_GRAMS, quantity(&decimal(SAMPLE_GRAMS, 1000), "kg")),
        }
    }

    /// The items of a report: all that was sprayed, or one that never is.
    fn items(&self, failing: bool) -> Value {
        let mut actives = self.actives.clone();
        if actives.is_empty() {
            actives.push(PRODUCTS[0].active);
        }
        let items = actives.iter().enumerate().map(|(n, active)| match failing && n == 0 {
            true => measured(active, "1.8", "mg_per_kg", "fail"),
            false => not_detected(active),
        });
        items.collect()
    }

    /// The laboratory samples a lot and reports.
    pub(super) fn test(&mut self, goods: &mut Goods) {
        if self.is(Fraud::SeasonTestOnly) {
            self.test_season(goods);
            return;
        }
        if self.cheats(Fraud::ReportReused, goods) {
            self.reuse_report(goods);
            return;
        }
        let lot = goods.lot.clone();
        let fails =
            self.cheats(Fraud::FailedWithdrawn, goods) || self.cheats(Fraud::FailedThenFriendlyPass, goods);
        let sampled_at = goods.at + 2.hours();
        let number = self.sample_number(goods.pick, 'a');
        let (taken, sampled) = self.sample(&lot, &number, sampled_at, 0);
        goods.amount -= taken;
        if self.cheats(Fraud::SampleUnanswered, goods) {
            self.is_guilty(sampled);
            return;
        }
        let reported = (goods.at.date() + 2.days()).at(11, 0, 0, 0);
        let signer = usize::from(self.cheats(Fraud::LabSwapped, goods));
        let result = self.report(&lot, &number, Some(sampled), reported, (signer, fails));
        goods.tested = reported;
        if signer != 0 || fails {
            self.is_guilty(result);
        }
        if self.cheats(Fraud::FailedWithdrawn, goods) {
            let lab = self.lab(0).clone();
            let data = json!({ "withdraws": Hash::ZERO, "reason": "made_in_error" });
            let draft = Draft::new(Kind::Withdrawal, &lot, &lab, reported + 20.hours(), data);
            let step = self.plan.say(Step::of(draft).naming("withdraws", result));
            self.is_guilty(step);
            goods.tested = reported + 24.hours();
        }
        if self.cheats(Fraud::FailedThenFriendlyPass, goods) {
            let number = self.sample_number(goods.pick, 'b');
            let (taken, sampled) = self.sample(&lot, &number, reported + 20.hours(), 1);
            goods.amount -= taken;
            let passed = reported + 48.hours();
            let step = self.report(&lot, &number, Some(sampled), passed, (1, false));
            self.is_guilty(step);
            goods.tested = passed;
        }
    }

    fn sample_number(&self, pick: u64, letter: char) -> String {
        format!("SF{}{:05}-{}{letter}", self.year, self.farm.number, pick + 1)
    }

    /// How much was taken, and the step.
    fn sample(&mut self, subject: &str, number: &str, at: DateTime, lab: usize) -> (u64, StepId) {
        let (taken, quantity) = self.small();
        let draft = self.test_of(subject, number, quantity, (lab, false), |test| test.sampling(at));
        (taken, self.plan.say(Step::of(draft)))
    }

    /// `by` is whose laboratory it is, counted from the farm's own, and whether the test failed.
    fn report(
        &mut self,
        subject: &str,
        number: &str,
        sampled: Option<StepId>,
        at: DateTime,
        by: (usize, bool),
    ) -> StepId {
        let received = at.date() - 1.days();
        let make = |test: &Test<'_>| test.result(Hash::ZERO, received, at);
        let draft = self.test_of(subject, number, Value::Null, by, make);
        let mut step = Step::of(draft);
        if let Some(sampled) = sampled {
            step = step.naming("sampling", sampled);
        }
        self.plan.say(step)
    }

    fn test_of(
        &self,
        subject: &str,
        number: &str,
        quantity: Value,
        (lab, fails): (usize, bool),
        make: impl FnOnce(&Test<'_>) -> Draft,
    ) -> Draft {
        let test = Test {
            lab: self.lab(lab),
            sampler: "示范抽样员",
            subject,
            sample_no: number.to_owned(),
            quantity,
            method: "lc_ms",
            items: self.items(fails),
            conclusion: if fails { "fail" } else { "pass" },
            lab_name: "示范检测所",
            village: &self.farm.village,
            drawn: false,
        };
        make(&test)
    }

    /// Of the season and not of any lot.
    fn test_season(&mut self, goods: &Goods) {
        if goods.pick > 0 {
            return;
        }
        let (crop, number) = (self.crop.clone(), self.sample_number(0, 's'));
        let at = self.season_test_day();
        let (_, sampled) = self.sample(&crop, &number, at, 0);
        let step = self.report(&crop, &number, Some(sampled), at + 48.hours(), (0, false));
        self.is_guilty(step);
    }

    /// The first lot's sample and report once more, for this lot.
    fn reuse_report(&mut self, goods: &mut Goods) {
        let number = self.sample_number(0, 'a');
        let lot = goods.lot.clone();
        let first = format!("batch:{}.{}h1", self.farm.id, self.short_year());
        let sampled = self
            .plan
            .steps
            .iter()
            .rposition(|step| step.draft.kind == Kind::Sampling && step.draft.subject == first);
        let sampled = sampled.map(|place| self.plan.first + place);
        let reported = (goods.at.date() + 2.days()).at(11, 0, 0, 0);
        let step = self.report(&lot, &number, sampled, reported, (0, false));
        self.is_guilty(step);
        goods.tested = reported;
    }

    /// To the packhouse, where there is one.
    pub(super) fn bring(&mut self, goods: Goods) -> Goods {
        if self.farm.packs_itself {
            return goods;
        }
        let house = self.world.houses[self.farm.house].clone();
        let depart = (goods.at.date() + 1.days()).at(8, 0, 0, 0);
        let amount = |base| self.farm.counting.amount(base);
        let shipped = amount(goods.amount);
        let more = self.cheats(Fraud::ReceivedMore, &goods);
        let arrived = if more { goods.amount * 5 / 4 } else { goods.amount };
        let received = amount(arrived);
        let site = self.site();
        let arrival = Arrival { at: depart + 3.hours(), received, damaged: None, celsius: None, site: &site };
        let waybill = format!("SF-{}-{}-{}", self.year, self.farm.number, goods.pick + 1);
        let field = self.farm.field.clone();
        let receipt = self.move_lot((&goods.lot, &waybill), (&field, &house), shipped, depart, arrival);
        if more {
            self.is_guilty(receipt);
        }
        Goods { amount: arrived, at: depart + 3.hours(), ..goods }
    }

    fn move_lot(
        &mut self,
        (lot, waybill): (&str, &str),
        (from, to): (&Pen, &Pen),
        shipped: Value,
        depart: DateTime,
        arrival: Arrival<'_>,
    ) -> StepId {
        let shipment = self.ship((lot, waybill), (from, to), shipped.clone(), depart);
        self.receive((lot, waybill), (from, to), shipment, (shipped, depart), arrival)
    }

    fn ship(
        &mut self,
        (lot, waybill): (&str, &str),
        (from, to): (&Pen, &Pen),
        shipped: Value,
        depart: DateTime,
    ) -> StepId {
        let world = self.world;
        let carrier = &world.carriers[self.farm.carrier % world.carriers.len()];
        let site = match from.org == self.farm.id {
            true => format!("示范农场{}号", self.farm.number),
            false => self.site(),
        };
        let journey = Move {
            lot,
            from: from.clone(),
            carrier: Some(carrier),
            to,
            waybill,
            temp_mode: if self.farm.crop.is_cooled { "cold" } else { "ambient" },
            shipped,
            depart,
            site: &site,
            drawn: false,
        };
        // The carrier signs it too, and its key may come first: no place on the phone's chain.
        self.plan.say(Step::of(journey.shipment()))
    }

    fn receive(
        &mut self,
        (lot, waybill): (&str, &str),
        (from, to): (&Pen, &Pen),
        shipment: StepId,
        (shipped, depart): (Value, DateTime),
        arrival: Arrival<'_>,
    ) -> StepId {
        let journey = Move {
            lot,
            from: from.clone(),
            carrier: None,
            to,
            waybill,
            temp_mode: "cold",
            shipped,
            depart,
            site: WAREHOUSE,
            drawn: false,
        };
        self.plan.say(Step::of(journey.receipt(Hash::ZERO, arrival)).naming("shipment", shipment))
    }

    fn name(&self, goods: &Goods, letter: char) -> String {
        let number = self.farm.number;
        format!("batch:{}.f{number}-{}-{}{letter}", self.packer().org, self.short_year(), goods.pick + 1)
    }

    pub(super) fn grade(&mut self, goods: Goods) -> Graded {
        let packer = self.packer();
        let counting = self.farm.counting;
        let loss_percent = match self.farm.oddity {
            Oddity::Losses => self.dice.between(6, 8),
            _ => self.dice.between(1, 4),
        };
        let loss = goods.amount * loss_percent / 100;
        let kept = goods.amount - loss;
        let second = kept * self.dice.between(15, 30) / 100;
        let mut first = kept - second;
        if self.cheats(Fraud::MoreOutThanIn, &goods) {
            first = first * 13 / 10;
        }
        let (lot_a, lot_b) = (self.name(&goods, 'a'), self.name(&goods, 'b'));
        let trick = self.cheats(Fraud::UnitTrick, &goods);
        let said = |grams: u64| match trick {
            true => quantity(&(grams / 100).to_string(), "piece"),
            false => counting.amount(grams),
        };
        let data = json!({
            "inputs": [{ "lot": goods.lot, "quantity": counting.amount(goods.amount) }],
            "outputs": [
                { "lot": lot_a, "quantity": said(first), "grade": "一级", "spec": { "label": "大果" } },
                { "lot": lot_b, "quantity": said(second), "grade": "二级", "spec": { "label": "小果" } },
            ],
            "loss": counting.amount(loss),
            "loss_reason": "damaged",
            "site": self.site(),
            "grader": "示范分级员",
        });
        let at = goods.at + 5.hours();
        let draft = Draft::new(Kind::Grading, &lot_a, &packer, at, data).at_site(&self.site()).for_partners();
        let step = self.at_packer(draft);
        if trick || self.cheats(Fraud::MoreOutThanIn, &goods) {
            self.is_guilty(step);
        }
        self.lots.extend([lot_a.clone(), lot_b.clone()]);
        let of = |lot, amount| Goods { lot, amount, at, ..goods };
        Graded { first: of(lot_a, first), second: of(lot_b, second) }
    }

    /// Into packs of the crop's size; what fills no pack is loss. Returns the lot of packs, its amount in packs.
    pub(super) fn pack(&mut self, graded: Vec<Goods>, letter: char) -> Option<Goods> {
        let first = graded.first()?;
        let crop = self.farm.crop;
        let trick = self.cheats(Fraud::UnitTrick, first);
        let (each, pick) = (self.pack_size(), first.pick);
        let total: u64 = graded.iter().map(|goods| goods.amount).sum();
        let packs = total / each;
        let at = graded.iter().map(|goods| goods.tested.max(goods.at)).max()?;
        let at = (at + 4.hours()).max(first.at + 18.hours());
        let lot = self.name(first, letter);
        let counting = self.farm.counting;
        let inputs: Vec<Value> = graded
            .iter()
            .map(|goods| {
                let said = match trick {
                    true => quantity(&(goods.amount / 100).to_string(), "piece"),
                    false => counting.amount(goods.amount),
                };
                json!({ "lot": goods.lot, "quantity": said })
            })
            .collect();
        let net = match counting {
            Counting::Pieces => each * crop.piece.unwrap_or(100),
            _ => each,
        };
        let loss = total % each;
        let mut data = json!({
            "inputs": inputs,
            "outputs": [{
                "lot": lot, "quantity": self.packs(packs), "grade": "一级", "spec": { "label": "大果" },
            }],
            "loss": counting.amount(loss),
            "loss_reason": if loss == 0 { "none" } else { "off_size" },
            "site": self.site(),
            "product": format!("示范{}", crop.name),
            "pack_type": crop.pack_type,
            "net_weight": quantity(&decimal(net, 1000), "kg"),
            "pack_count": packs,
            "pack_date": day(at.date()),
            "shelf_life_days": 20,
        });
        if let Some(brand) = self.farm.brand {
            data["brand"] = json!(brand_name(brand));
            self.branded += packs;
        }
        let packer = self.packer();
        let draft = Draft::new(Kind::Packing, &lot, &packer, at, data).at_site(&self.site());
        let step = self.at_packer(draft);
        if graded.iter().any(|goods| self.cheats(Fraud::MixedGrades, goods)) && graded.len() > 1
            || self.fraud.is_some_and(Fraud::is_about_a_brand)
        {
            self.is_guilty(step);
        }
        self.lots.push(lot.clone());
        Some(Goods { lot, amount: packs, at, tested: at, pick })
    }

    /// In grams or pieces.
    fn pack_size(&self) -> u64 {
        match self.farm.counting {
            Counting::Pieces => 20,
            _ => self.farm.crop.pack,
        }
    }

    fn packs(&self, count: u64) -> Value {
        match self.farm.counting {
            Counting::Pieces => quantity(&(count * self.pack_size()).to_string(), "piece"),
            _ => {
                let kilos = decimal(self.farm.crop.pack, 1000);
                containers(u32::try_from(count).unwrap_or(u32::MAX), "box", &kilos, "kg")
            }
        }
    }

    /// A day in the store.
    pub(super) fn keep(&mut self, goods: Goods) -> Goods {
        let (packer, site) = (self.packer(), self.site());
        let kind = if self.farm.crop.is_cooled { "cold" } else { "ambient" };
        let (arrived, left) = (goods.at + 1.hours(), goods.at + 26.hours());
        for (action, at) in [("in", arrived), ("out", left)] {
            let mut data = json!({
                "site": site, "action": action, "storage_type": kind, "quantity": self.packs(goods.amount),
            });
            if self.farm.crop.is_cooled {
                data["min_temp"] = json!("0");
                data["max_temp"] = json!("5");
            }
            let draft = Draft::new(Kind::Storage, &goods.lot, &packer, at, data).at_site(&site);
            self.at_packer(draft);
        }
        if self.farm.crop.is_cooled {
            let logger = Logger {
                sensor: "SF-T-01",
                from: arrived,
                minutes_apart: 60,
                count: 24,
                set: 24,
                swing: 6,
                warm_spell: None,
                silence: None,
                max: 50,
                gases: None,
            };
            let more = json!({ "storage_type": kind, "min_temp": "0" });
            self.at_packer(store_readings(&goods.lot, &packer, &logger, &site, more));
        }
        Goods { at: left, ..goods }
    }

    /// The three seats, and what the host promises.
    pub(super) fn vouch(&mut self, goods: &Goods) {
        let world = self.world;
        let host = &world.hosts[self.farm.host];
        let seats: [(&Pen, &[&str]); 3] = [
            (&self.packer(), &["growing_records", "input_records", "grading", "packing"]),
            (&world.platform, &["identity", "test_report", "quantity"]),
            (host, &["origin_visit", "tasting", "test_report"]),
        ];
        for (minutes, (pen, checked)) in (1..).zip(seats) {
            let data = json!({ "verdict": "approved", "checked": checked });
            let at = goods.at + (minutes * 20).minutes();
            let draft = Draft::new(Kind::SignOff, &goods.lot, pen, at, data);
            match minutes {
                1 => self.at_packer(draft),
                _ => self.plan.say(Step::of(draft)),
            };
        }
        let from = goods.at.date();
        let data = json!({
            "terms": ["damage_paid", "weight_paid"],
            "valid_from": day(from), "valid_until": day(from + 60.days()),
        });
        self.plan.say(Step::of(Draft::new(Kind::Guarantee, &goods.lot, host, goods.at + 90.minutes(), data)));
    }

    /// To the platform's warehouse. None if it never arrives.
    pub(super) fn deliver(&mut self, goods: Goods) -> Option<Goods> {
        let (packer, warehouse) = (self.packer(), self.world.warehouse.clone());
        let ends = (&packer, &warehouse);
        let packs = self.packs(goods.amount);
        let mut depart = goods.at + 3.hours();
        let waybill = format!("SF-P-{}-{}-{}", self.year, self.farm.number, goods.pick + 1);
        let celsius = self.farm.crop.is_cooled.then_some("3.1");
        let arrival =
            |at: DateTime| Arrival { at, received: packs.clone(), damaged: None, celsius, site: WAREHOUSE };
        if self.cheats(Fraud::ShipmentLost, &goods) {
            let step = self.ship((&goods.lot, &waybill), ends, packs.clone(), depart);
            self.is_guilty(step);
            return None;
        }
        if self.farm.oddity == Oddity::Rejected && goods.pick == 0 && self.fraud.is_none() {
            let arrived = arrival(depart + 15.hours());
            let step = self.move_lot((&goods.lot, &waybill), ends, packs.clone(), depart, arrived);
            let rejection = &mut self.plan.steps[step - self.plan.first].draft.data;
            rejection["accept"] = json!("rejected");
            rejection["reason"] = json!("documents");
            depart += 40.hours();
        }
        let arrived = arrival(depart + 16.hours());
        self.move_lot((&goods.lot, &format!("{waybill}-z")), ends, packs.clone(), depart, arrived);
        Some(Goods { at: depart + 16.hours(), ..goods })
    }

    /// What the platform sold in the two weeks after.
    pub(super) fn sell(&mut self, goods: &Goods) {
        let sold = match self.cheats(Fraud::OverSelling, goods) {
            true => goods.amount * 27 / 20,
            false => goods.amount * self.dice.between(60, 98) / 100,
        };
        let until = goods.at.date() + 12.days();
        let data = json!({
            "channel": "taobao",
            "period": { "from": day(goods.at.date()), "to": day(until) },
            "quantity": self.packs(sold),
            "orders": sold.max(1),
        });
        let platform = self.world.platform.clone();
        let draft = Draft::new(Kind::Sale, &goods.lot, &platform, until.at(22, 0, 0, 0), data);
        let step = self.plan.say(Step::of(draft));
        if self.cheats(Fraud::OverSelling, goods) {
            self.is_guilty(step);
        }
    }

    /// A sample by order of the platform, whose result is still to come when the seasons end.
    pub(super) fn supervise(&mut self, lot: &str, at: DateTime) {
        let number = self.sample_number(0, 'w');
        let (_, step) = self.sample(lot, &number, at, 0);
        self.plan.steps[step - self.plan.first].draft.data["purpose"] = json!("supervision");
    }
}

/// The name of a brand, counted from 0.
pub(super) fn brand_name(brand: usize) -> String {
    format!("示范优果{}号", brand + 1)
}
