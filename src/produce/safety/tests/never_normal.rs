//! Whatever is added to a ledger, a held lot is let go by nobody but those who may.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::ledger::Record;
use crate::merkle::Hash;
use crate::produce::tests::demonstration;
use crate::produce::tests::farm::Spray;
use crate::text::Status;

/// What somebody might add. Numbers choose days, targets and figures.
#[derive(Debug, Clone)]
enum Move {
    Spray { day: u32, phi: u64 },
    Correct { which: usize, day: u32, phi: u64 },
    Withdraw { which: usize },
    Result { good: bool, of_season: bool },
    ResultByFarm,
    WithdrawResult { which: usize },
    Readings { hour: u32, length: u32, over: u64 },
    Table { phi: u64 },
    Limits { limit: u64 },
    Tunables { minutes: u64 },
    Policy { organic: bool },
    Hold,
    ReleaseByFarm { which: usize },
    Sell,
    Pick,
    CorrectHarvest { day: u32 },
    WithdrawHarvest,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        (1..14_u32, 0..30_u64).prop_map(|(day, phi)| Move::Spray { day, phi }),
        (0..8_usize, 1..14_u32, 0..30_u64).prop_map(|(which, day, phi)| Move::Correct { which, day, phi }),
        (0..8_usize).prop_map(|which| Move::Withdraw { which }),
        any::<(bool, bool)>().prop_map(|(good, of_season)| Move::Result { good, of_season }),
        Just(Move::ResultByFarm),
        (0..8_usize).prop_map(|which| Move::WithdrawResult { which }),
        (0..20_u32, 1..4_u32, 0..40_u64).prop_map(|(hour, length, over)| Move::Readings {
            hour,
            length,
            over
        }),
        (0..30_u64).prop_map(|phi| Move::Table { phi }),
        (1..9_u64).prop_map(|limit| Move::Limits { limit }),
        (0..90_u64).prop_map(|minutes| Move::Tunables { minutes }),
        any::<bool>().prop_map(|organic| Move::Policy { organic }),
        Just(Move::Hold),
        (0..12_usize).prop_map(|which| Move::ReleaseByFarm { which }),
        Just(Move::Sell),
        Just(Move::Pick),
        (1..28_u32).prop_map(|day| Move::CorrectHarvest { day }),
        Just(Move::WithdrawHarvest),
    ];
    proptest::collection::vec(one, 2..16)
}

const LATER: &str = "2026-06-15T12:00:00+08:00";

/// The farm, and what can be aimed at.
struct Game {
    farm: Farm<InMemory>,
    /// First leaf and current leaf of each spray, and whether it was withdrawn.
    sprays: Vec<(Hash, bool)>,
    results: Vec<(Hash, &'static str, bool)>,
    all: Vec<Hash>,
    is_held: bool,
    /// The current leaf of the harvest, while it stands.
    harvest: Option<Hash>,
}

/// One of those that there are, and its place.
fn aimed<T: Copy>(targets: &[T], which: usize) -> Option<(usize, T)> {
    let place = which.checked_rem(targets.len())?;
    Some((place, targets[place]))
}

impl Game {
    fn play(&mut self, step: &Move) {
        match step {
            Move::Spray { .. } | Move::Correct { .. } | Move::Withdraw { .. } => self.in_the_field(step),
            Move::Result { .. } | Move::ResultByFarm | Move::WithdrawResult { .. } => {
                self.in_the_laboratory(step)
            }
            Move::Table { .. } | Move::Limits { .. } | Move::Tunables { .. } | Move::Policy { .. } => {
                self.in_the_tables(step);
            }
            _ => self.with_the_goods(step),
        }
    }

    fn in_the_field(&mut self, step: &Move) {
        let Game { farm, sprays, all, .. } = self;
        match step {
            Move::Spray { day: on, phi } => {
                let leaf = farm.spray(&Spray {
                    at: &day(*on),
                    recorded_at: LATER,
                    phi_days: Some(*phi),
                    ..Spray::default()
                });
                sprays.push((leaf, false));
                all.push(leaf);
            }
            Move::Correct { which, day: on, phi } => {
                if let Some((place, (leaf, false))) = aimed(sprays, *which) {
                    let spray =
                        Spray { at: &day(*on), recorded_at: LATER, phi_days: Some(*phi), ..Spray::default() };
                    sprays[place].0 = farm.correct_spray(leaf, &spray);
                }
            }
            Move::Withdraw { which } => {
                if let Some((place, (leaf, false))) = aimed(sprays, *which) {
                    farm.withdraw(leaf, SEASON, &[], COOP, LATER);
                    sprays[place].1 = true;
                }
            }
            _ => {}
        }
    }

    fn in_the_laboratory(&mut self, step: &Move) {
        let Game { farm, results, all, .. } = self;
        match step {
            Move::Result { good, of_season } => {
                let about = if *of_season { SEASON } else { HARVEST };
                let item = json!([{
                    "analyte": "阿维菌素", "result": "measured", "value": "0.005", "unit": "mg_per_kg",
                    "verdict": if *good { "pass" } else { "fail" },
                }]);
                let leaf = farm.result(about, LAB, LATER, if *good { "pass" } else { "fail" }, item);
                results.push((leaf, about, false));
                all.push(leaf);
            }
            Move::ResultByFarm => {
                let data = farm.result_data(None, LATER, "pass", items(&["阿维菌素"]));
                all.push(farm.result_as(HARVEST, COOP, LATER, data));
            }
            Move::WithdrawResult { which } => {
                if let Some((place, (leaf, about, false))) = aimed(results, *which) {
                    farm.withdraw(leaf, about, &[], LAB, LATER);
                    results[place].2 = true;
                }
            }
            _ => {}
        }
    }

    fn in_the_tables(&mut self, step: &Move) {
        let Game { farm, all, .. } = self;
        match step {
            Move::Table { phi } => {
                let row = row(&[("阿维菌素", "1.8", "percent")], "乳油", *phi);
                all.push(farm.set_rules("intervals", json!([row]), LATER));
            }
            Move::Limits { limit } => {
                let rows = json!([limit_row(&format!("0.00{limit}"), "mg_per_kg")]);
                all.push(farm.set_rules("limits", rows, LATER));
            }
            Move::Tunables { minutes } => {
                farm.set_rules("tunables", json!({"excursion_minutes": minutes}), LATER);
            }
            Move::Policy { organic } => {
                let category = if *organic { "organic" } else { "fresh" };
                let rows = json!([{"crops": ["杨梅"], "category": category, "level": "basic"}]);
                farm.set_rules("policies", rows, LATER);
            }
            _ => {}
        }
    }

    fn with_the_goods(&mut self, step: &Move) {
        let Game { farm, results, all, .. } = self;
        match step {
            Move::Readings { hour, length, over } => {
                let at = |hour: u32| format!("2026-06-13T{hour:02}:00:00+08:00");
                all.push(farm.readings(BATCH, &at(*hour), &at(hour + length), "7", *over, 0));
            }
            Move::Hold if !self.is_held => {
                farm.hold(BATCH, PLATFORM, LATER);
                self.is_held = true;
            }
            Move::ReleaseByFarm { which } => {
                let lifts = all[*which % all.len()];
                let test = results.last().map(|(leaf, _, _)| *leaf);
                farm.release(BATCH, PACKHOUSE, &[lifts], test, LATER);
            }
            Move::CorrectHarvest { day: on } => {
                if let Some(leaf) = self.harvest {
                    self.harvest = Some(farm.say(Says {
                        kind: "correction/1",
                        subject: HARVEST,
                        touches: &[SEASON],
                        signer: COOP,
                        occurred_at: LATER,
                        corrects: Some(leaf),
                        original: Some(crate::statement::kinds::Kind::Harvest),
                        data: json!({
                            "reason": "typo", "occurred_at": day(*on),
                            "data": {"from": [SEASON], "quantity": quantity("860", "jin"), "crop": "别的"},
                        }),
                        ..Says::default()
                    }));
                }
            }
            Move::WithdrawHarvest => {
                if let Some(leaf) = self.harvest.take() {
                    farm.withdraw(leaf, HARVEST, &[SEASON], COOP, LATER);
                }
            }
            Move::Sell => {
                farm.sell(BATCH, LATER);
            }
            Move::Pick => {
                let lot = format!("batch:qingshan.x{}", farm.made);
                pick(farm, &lot, SEASON, "2026-06-15T05:00:00+08:00", LATER);
            }
            _ => {}
        }
    }
}

fn day(day: u32) -> String {
    format!("2026-06-{day:02}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_held_lot_stays_held_whatever_is_added(moves in moves()) {
        let mut farm = demonstration();
        let season = farm.season();
        let mut game = Game {
            farm, sprays: Vec::new(), results: Vec::new(), all: vec![season.harvest], is_held: false, harvest: Some(season.harvest),
        };
        let mut held: Vec<Why> = Vec::new();
        for step in &moves {
            game.play(step);
            let judgement = judged(&mut game.farm, BATCH);
            let now = whys(&judgement);
            for why in &held {
                prop_assert!(now.contains(why), "{why:?} went away with {step:?} of {moves:?}");
            }
            prop_assert!(held.is_empty() || judgement.status >= Status::OnHold);
            held = now.into_iter().filter(|why| why.weight() >= crate::produce::Weight::Hold).collect();
        }
    }
}

/// What a bundle's records might hold in place of what their schemas ask for.
fn junk() -> impl Strategy<Value = Value> {
    let texts =
        ["", "x", "0", "-1", "9999-12-31", "1970-01-01", "999999999999", "pass", "fail", BATCH, SEASON];
    let list = |item: Value| json!([item]);
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (0..texts.len()).prop_map(move |place| json!(texts[place])),
        (0..texts.len()).prop_map(move |place| list(json!({"lot": texts[place], "analyte": texts[place]}))),
        Just(json!({"value": -1, "unit": [], "min": "1", "from": "x"})),
        Just(json!([])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn records_that_met_no_schema_are_judged_all_the_same(
        changes in proptest::collection::vec((any::<Index>(), any::<Index>(), junk()), 1..40),
    ) {
        let mut farm = demonstration();
        farm.season();
        farm.set_rules("intervals", json!([row(&[("阿维菌素", "1.8", "percent")], "乳油", 20)]), LATER);
        farm.readings(BATCH, "2026-06-13T13:00:00+08:00", "2026-06-13T14:00:00+08:00", "7", 40, 90);
        let hold = farm.hold(BATCH, PLATFORM, LATER);
        farm.release(BATCH, PLATFORM, &[hold], None, LATER);
        let (_, mut records) = told(&mut farm, BATCH, AS_OF);
        for (record, member, value) in changes {
            let statements = records.values_mut().filter_map(|entry| match entry {
                Entry::Record(record) => Some(&mut **record),
                _ => None,
            });
            let mut statements: Vec<&mut Record> = statements.collect();
            let place = record.index(statements.len());
            let data = &mut statements[place].statement.data;
            if !data.is_empty() {
                let name = data.keys().nth(member.index(data.len())).unwrap().clone();
                data.insert(name, value);
            }
        }
        for subject in [BATCH, HARVEST, SEASON, PLOT] {
            let json = of_records(&records, subject, i64::MAX, |dossier| {
                let season = Subject::parse(SEASON).unwrap();
                crate::produce::earliest_harvest(dossier, &season);
                serde_json::to_value(Judgement::of(dossier, Vec::new()))
            });
            prop_assert!(json.is_ok());
        }
    }
}
