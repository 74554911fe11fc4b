//! Seasons that nobody thought of: honest ones are never flagged, and a gram too much in any of them is found.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    CAPACITY, GROWER, Orchard, PACKER, PLATFORM, faults, faults_of, grams, orchard, records, subject, watch,
};
use crate::produce::Tables;
use crate::produce::lots::{Lots, Reach};
use crate::produce::tests::entries;

/// One step of an honest season, in numbers that the season makes sense of.
#[derive(Debug, Clone)]
struct Step(u8, u16, u16, u16);

/// Who has how much of what.
#[derive(Default)]
struct Season {
    made: u32,
    sales: u32,
    picked: i64,
    stock: BTreeMap<(String, usize), i64>,
    /// Damaged on the way to them: nobody's to sell, theirs to sort.
    damaged: BTreeMap<(String, usize), i64>,
}

const HOLDERS: [(&str, &str); 2] = [GROWER, PACKER];

impl Season {
    fn lot(&mut self, by: usize) -> String {
        self.made += 1;
        format!("batch:{}.l{}", HOLDERS[by].0, self.made)
    }

    fn some(&self, pick: u16) -> Option<(String, usize, i64)> {
        let held: Vec<_> = self.stock.iter().filter(|(_, value)| **value > 0).collect();
        let ((lot, by), value) = held.get(usize::from(pick) % held.len().max(1))?;
        Some((lot.clone(), *by, **value))
    }

    fn put(&mut self, lot: &str, by: usize, value: i64) {
        *self.stock.entry((lot.to_owned(), by)).or_default() += value;
    }

    /// What is drawn is drawn from the damaged goods first.
    fn draw(&mut self, lot: &str, by: usize, value: i64) {
        let damaged = self.damaged.entry((lot.to_owned(), by)).or_default();
        let from_damaged = value.min(*damaged);
        *damaged -= from_damaged;
        self.put(lot, by, from_damaged - value);
    }

    fn play(&mut self, farm: &mut Orchard, Step(what, pick, part, share): Step) {
        let share_of = |value: i64, share: u16| (value * i64::from(share) / 65_535).clamp(1, value.max(1));
        if what == 0 || self.stock.values().all(|value| *value == 0) {
            let value = i64::from(part) * 5 + 1;
            if self.picked + value <= CAPACITY {
                self.picked += value;
                let lot = self.lot(0);
                farm.pick(&lot, value);
                self.put(&lot, 0, value);
            }
            return;
        }
        let Some((lot, by, held)) = self.some(pick) else { return };
        let value = share_of(held, part);
        match what {
            1 | 2 => self.transform(farm, (&lot, by, value), what == 1, share),
            3 => {
                let other = 1 - by;
                let shipment = farm.send(HOLDERS[by], &lot, value, Some(HOLDERS[other].0));
                self.put(&lot, by, -value);
                let arrived = share_of(value, share);
                let (more, arrived, back) = match share % 4 {
                    0 => (json!({"accept": "rejected", "reason": "late"}), 0, value),
                    1 => (json!({"accept": "partial", "reason": "short"}), arrived, value - arrived),
                    2 => (json!({"damaged": grams(arrived / 7)}), arrived, 0),
                    _ => (Value::Null, arrived, 0),
                };
                farm.receive(
                    HOLDERS[other],
                    &lot,
                    shipment,
                    if arrived == 0 { value } else { arrived },
                    &more,
                );
                let damaged = if share % 4 == 2 { arrived / 7 } else { 0 };
                *self.damaged.entry((lot.clone(), other)).or_default() += damaged;
                if arrived > 0 {
                    self.put(&lot, other, arrived - damaged);
                }
                self.put(&lot, by, back);
            }
            4 => {
                farm.send(HOLDERS[by], &lot, value, None);
                self.put(&lot, by, -value);
            }
            _ => {
                // Sold, reported by the platform too, and sent after that: the same goods.
                // Each sale on a day of its own.
                self.sales += 1;
                let day = format!("2026-{:02}-{:02}", self.sales / 28 + 1, self.sales % 28 + 1);
                farm.report_sale(HOLDERS[by], &lot, grams(value), "own_shop", (&day, &day));
                farm.report_sale(PLATFORM, &lot, grams(share_of(value, share)), "own_shop", (&day, &day));
                farm.send(HOLDERS[by], &lot, value, None);
                self.put(&lot, by, -value);
            }
        }
    }

    fn transform(
        &mut self,
        farm: &mut Orchard,
        (lot, by, value): (&str, usize, i64),
        grade: bool,
        share: u16,
    ) {
        let second = self.stock.iter().find(|((other, at), value)| other != lot && *at == by && **value > 0);
        let second = second.map(|((other, _), value)| (other.clone(), *value));
        let mut inputs = vec![(lot, value)];
        if grade {
            inputs.extend(second.iter().map(|(other, value)| (other.as_str(), *value)));
        }
        let all: i64 = inputs.iter().map(|(_, value)| value).sum();
        let loss = if grade { all * i64::from(share) / 131_070 } else { 0 };
        let (first, made) = (self.lot(by), self.lot(by));
        let half = (all - loss) / 2;
        if grade && half > 0 {
            inputs.iter().for_each(|(lot, value)| self.draw(lot, by, *value));
            let outputs = [(first.as_str(), half), (made.as_str(), all - loss - half)];
            farm.grade(HOLDERS[by], &inputs, &outputs, loss);
            outputs.iter().for_each(|(lot, value)| self.put(lot, by, *value));
        } else {
            farm.pack_lot(HOLDERS[by], (lot, value), &first, grams(value), (value, 1));
            self.draw(lot, by, value);
            self.put(&first, by, value);
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(
        (0..6u8, any::<u16>(), any::<u16>(), any::<u16>()).prop_map(|(a, b, c, d)| Step(a, b, c, d)),
        1..25,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_honest_season_is_never_flagged_and_a_gram_too_much_is(steps in steps(), fraud in 0..5u8, pick in any::<u16>()) {
        let (mut farm, mut season) = (orchard(), Season::default());
        steps.into_iter().for_each(|step| season.play(&mut farm, step));
        prop_assert_eq!(faults(&farm), []);
        prop_assert!(watch(&farm).alarms().is_empty());
        let ((lot, by), held) = season.stock.iter().nth(usize::from(pick) % season.stock.len()).unwrap();
        let (lot, by, held) = (lot.clone(), *by, *held);
        match fraud {
            0 => {
                let lot = season.lot(0);
                farm.pick(&lot, CAPACITY - season.picked + 1)
            }
            1 => farm.send(HOLDERS[by], &lot, held + 1, None),
            2 => farm.send(HOLDERS[by], &lot, held + 1, Some("xianda")),
            3 => {
                let made = season.lot(by);
                let all = held + season.damaged.get(&(lot.clone(), by)).copied().unwrap_or(0) + 1;
                farm.grade(HOLDERS[by], &[(&lot, all)], &[(&made, all)], 0)
            }
            _ => {
                let made = season.lot(by);
                farm.grade(HOLDERS[by], &[(&lot, held.max(1))], &[(&made, held.max(1) * 102 / 100 + 1)], 0)
            }
        };
        prop_assert!(faults(&farm).iter().any(|fact| fact.sort.holds()), "fraud {} on {}", fraud, lot);
        prop_assert!(!watch(&farm).alarms().is_empty());
    }

    #[test]
    fn an_account_as_of_any_size_is_that_of_so_many_entries(steps in steps(), at in any::<u16>()) {
        let (mut farm, mut season) = (orchard(), Season::default());
        steps.into_iter().for_each(|step| season.play(&mut farm, step));
        let lot = season.stock.keys().next().unwrap().0.clone();
        farm.send(GROWER, "batch:qingshan.l1", CAPACITY, None);
        let entries = entries(&farm);
        let size = usize::from(at) % (entries.len() + 1);
        let whole = Lots::of(records(&entries));
        let part = Lots::of(records(&entries[..size]));
        let tables = Tables::default();
        prop_assert_eq!(faults_of(&whole, &tables, size as u64), faults_of(&part, &tables, size as u64));
        let reach = Reach { back: 9, forward: 9, nodes_max: 50 };
        let lot = subject(&lot);
        prop_assert_eq!(whole.graph(&lot, reach, size as u64), part.graph(&lot, reach, size as u64));
        prop_assert_eq!(whole.balance(&lot, size as u64), part.balance(&lot, size as u64));
    }
}
