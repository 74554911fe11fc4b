//! Generated seasons against the ledger's rules alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::Value;

use super::cast::World;
use super::deliver::{Delivery, Shelf};
use super::*;
use crate::demo::draft::File;
use crate::demo::memory::MemoryLedger;
use crate::demo::season;
use crate::demo::teller::Ledger as _;
use crate::demo::wrap::Wrapped;
use crate::produce::{Act, Acts};

/// The bare rules in place of a store.
struct InMemory(MemoryLedger);

impl Shelf for InMemory {
    fn take(&mut self, at: i64, group: &[Wrapped]) -> anyhow::Result<Vec<Hash>> {
        self.0.set_time(at);
        let take = |made: &Wrapped| {
            let taken = self.0.submit(&made.envelope, &made.openings);
            taken.with_context(|| String::from_utf8_lossy(&made.envelope.payload).into_owned())
        };
        group.iter().map(take).collect()
    }

    fn upload(&mut self, commitment: &Hash, file: &File) -> anyhow::Result<()> {
        let mut files = self.0.statements.iter().rev().flat_map(|statement| &statement.attachments);
        let size = file.bytes.len() as u64;
        anyhow::ensure!(
            files.any(|named| named.commitment == *commitment && named.size == size),
            "no statement names {}",
            file.name
        );
        self.0.files.push((*commitment, file.bytes.clone()));
        Ok(())
    }
}

/// A ledger with its seasons, and what was planted.
struct Told {
    ledger: MemoryLedger,
    record: Record,
}

fn told(wanted: &Wanted) -> Told {
    let founded = season::millis(date(LAST_YEAR - wanted.seasons as i16, 9, 1).at(8, 0, 0, 0));
    let (ledger, registrar) = MemoryLedger::new(Timestamp::from_millisecond(founded).unwrap());
    let home = ledger.genesis;
    let mut seasons = Seasons::of(World::cast(wanted, registrar));
    let mut shelf = InMemory(ledger);
    let mut delivery = Delivery::new(&mut shelf, home, wanted.seed);
    let mut book = Book::new(wanted);
    delivery.deliver(seasons.prologue(), |_| {}).unwrap_or_else(|error| panic!("{error:#}"));
    for season in 0..wanted.seasons {
        let (plan, sown) = seasons.season(season);
        delivery.deliver(plan, |_| {}).unwrap_or_else(|error| panic!("{error:#}"));
        book.write(&seasons.world, season, &sown, |step| delivery.leaf(step));
    }
    Told { ledger: shelf.0, record: book.record }
}

fn wanted(farms: u64, seasons: u64, seed: u64, frauds: bool) -> Wanted {
    Wanted { farms, seasons, seed, frauds, straight: true }
}

/// A farm for every fraud, and two honest ones.
static ALL_FRAUDS: LazyLock<Told> = LazyLock::new(|| told(&wanted(25, 1, 5, true)));
/// Every oddity, and twice.
static HONEST: LazyLock<Told> = LazyLock::new(|| told(&wanted(9, 2, 11, false)));

/// Acts of a ledger, as whoever judges it reads them.
fn with_acts<T>(told: &Told, look: impl FnOnce(&Acts<'_>) -> T) -> T {
    let reader = told.ledger.state.reader();
    let entries: Vec<_> = (0..told.ledger.state.size()).map(|seq| reader.entry(seq).unwrap()).collect();
    look(&Acts::of(entries.iter().filter_map(|entry| entry.as_record())))
}

#[test]
fn the_same_seed_says_the_same() {
    let (once, again) = (told(&wanted(4, 1, 3, true)), told(&wanted(4, 1, 3, true)));
    let payloads = |told: &Told| told.ledger.statements.iter().map(|s| s.payload.clone()).collect::<Vec<_>>();
    assert_eq!(payloads(&once), payloads(&again));
    assert_eq!(once.ledger.leaves, again.ledger.leaves);
    assert_eq!(once.ledger.openings, again.ledger.openings);
    assert_eq!(once.ledger.files, again.ledger.files);
    assert_eq!(once.record, again.record);
    let other = told(&wanted(4, 1, 4, true));
    assert_ne!(payloads(&once), payloads(&other));
    let ids = |told: &Told| told.ledger.statements.iter().map(|s| s.id.clone()).collect::<BTreeSet<_>>();
    assert!(ids(&once).is_disjoint(&ids(&other)));
}

#[test]
fn the_rules_accept_twelve_farms_of_any_seed() {
    for seed in 1..4 {
        let told = told(&wanted(12, 1, seed, true));
        assert!(told.ledger.statements.len() > 12 * 40, "{}", told.ledger.statements.len());
        assert_eq!(told.record.planted.len(), 9);
        assert!(told.ledger.times_are_in_order("2026-01-01T00:00:00Z".parse().unwrap()));
    }
}

#[test]
fn every_fraud_has_its_farm_and_its_records() {
    let Told { ledger, record } = &*ALL_FRAUDS;
    let kinds: BTreeSet<Fraud> = record.planted.iter().map(|planted| planted.kind).collect();
    assert_eq!(kinds, BTreeSet::from(Fraud::ALL));
    let farms: BTreeSet<&String> = record.planted.iter().map(|planted| &planted.farm).collect();
    assert_eq!(farms.len(), record.planted.len());
    for planted in &record.planted {
        let kind = planted.kind;
        // An expired certificate stands with the plot.
        assert_eq!(planted.records.is_empty(), kind == Fraud::OrganicExpired, "{kind:?}");
        for leaf in &planted.records {
            assert!(ledger.leaves.contains(&leaf.parse().unwrap()), "{kind:?}");
        }
        assert!(!planted.lots.is_empty() && !planted.finds.is_empty(), "{kind:?}");
        let robs = matches!(kind, Fraud::PhotoReused | Fraud::PhotoRetouched);
        assert_eq!(planted.victims.is_empty(), !robs, "{kind:?}");
    }
    assert!(record.honest.iter().all(|lot| record.planted.iter().all(|planted| !planted.lots.contains(lot))));
    let text = serde_json::to_string(record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), *record);
}

#[test]
fn how_many_do_wrong() {
    let frauds = |farms: u64| wanted(farms, 1, 1, true).frauds_of(farms as usize);
    assert_eq!([1, 4, 12].map(|farms| frauds(farms).len()), [0, 3, 9]);
    assert_eq!([23, 60, 300].map(|farms| frauds(farms).len()), [23, 23, 100]);
    let twelve: BTreeSet<Fraud> = frauds(12).into_iter().collect();
    assert_eq!(twelve.len(), 9, "each another one");
    assert!(wanted(300, 1, 1, false).frauds_of(300).is_empty());
    assert!(wanted(0, 1, 1, true).check().is_err());
    assert!(wanted(1, 0, 1, true).check().is_err());
    assert!(wanted(1, 1, 1, true).check().is_ok());
}

/// What an honest ledger takes and makes: nothing comes from nowhere, in any unit.
#[test]
fn honest_farms_conserve() {
    with_acts(&HONEST, |acts| {
        let mut had: BTreeMap<String, u64> = BTreeMap::new();
        let mut used: BTreeMap<String, u64> = BTreeMap::new();
        for act in acts.iter() {
            let data = act.now().data;
            match act.kind {
                Kind::Harvest => {
                    had.insert(act.subject().to_string(), value(&data["quantity"]));
                }
                Kind::Sampling => {
                    *used.entry(act.subject().to_string()).or_default() += value(&data["sample_qty"]);
                }
                Kind::Sale => {
                    *used.entry(act.subject().to_string()).or_default() += value(&data["quantity"]);
                }
                Kind::Grading | Kind::Packing => {
                    let (inputs, outputs) = (lots(act, "inputs"), lots(act, "outputs"));
                    let sum = |lots: &[(String, u64)]| lots.iter().map(|(_, amount)| amount).sum::<u64>();
                    assert_eq!(sum(&inputs), sum(&outputs) + value(&data["loss"]), "{}", act.subject());
                    for (lot, amount) in inputs {
                        *used.entry(lot).or_default() += amount;
                    }
                    had.extend(outputs);
                }
                Kind::Shipping | Kind::Receiving => {
                    let moved = lots(act, "lots");
                    assert!(moved.iter().all(|(lot, amount)| *amount <= had[lot]), "{}", act.subject());
                }
                _ => {}
            }
        }
        assert!(used.iter().all(|(lot, amount)| *amount <= had[lot]));
        assert!(used.values().any(|amount| *amount > 0));
    });
}

#[test]
fn honest_farms_harvest_within_their_plots_and_intervals() {
    with_acts(&HONEST, |acts| {
        let mut picked: BTreeMap<String, u64> = BTreeMap::new();
        let mut judged = 0;
        for act in acts.of_kind(Kind::Harvest) {
            let crop = act.now().data["from"][0].as_str().unwrap().to_owned();
            *picked.entry(crop.clone()).or_default() += value(&act.now().data["quantity"]);
            for spray in acts.of_kind(Kind::Input).filter(|input| input.subject().as_str() == crop) {
                let (phi, last) = (spray.now().integer("phi_days"), spray.now().date("end_date"));
                let (Some(phi), Some(last)) = (phi, last) else { continue };
                let days = act.now().day().days() - last.days();
                assert!(days < 0 || days >= phi, "{crop}: {days}");
                judged += 1;
            }
        }
        assert!(judged > 20, "{judged}");
        for (crop, amount) in picked {
            let farm = crop.trim_start_matches("crop:").split('.').next();
            let plot = acts.of_kind(Kind::PlotRegister).find(|plot| plot.subject().org() == farm).unwrap();
            assert!(amount <= value(&plot.now().data["declared_yield"]), "{crop}");
        }
    });
}

/// All that is allowed to happen to honest farms happens to some.
#[test]
fn oddities_happen() {
    with_acts(&HONEST, |acts| {
        assert!(acts.iter().any(|act| act.versions.len() > 1), "a dose is corrected");
        assert!(acts.of_kind(Kind::Receiving).any(|act| act.now().text("accept") == Some("rejected")));
        assert!(acts.of_kind(Kind::Packing).any(|act| act.now().list("inputs").len() == 2), "a merge");
        assert!(acts.of_kind(Kind::Harvest).any(|act| act.now().data["quantity"]["unit"] == "piece"));
        let late = |act: &Act<'_>| act.record.at - act.record.statement.recorded_at.unix_seconds() * 1000;
        let hours: Vec<i64> = acts.iter().skip(1).map(|act| late(act) / 3_600_000).collect();
        assert!(hours.iter().any(|hours| (24..=52).contains(hours)), "two days without a network");
        assert!(hours.iter().all(|hours| (0..=52).contains(hours)));
        assert!(hours.iter().filter(|hours| **hours > 6).count() < 20, "and only there");
        let inspections = acts.of_kind(Kind::Inspection);
        let tested: BTreeSet<&str> = inspections.filter_map(|act| act.now().text("sample_no")).collect();
        let waiting = acts.of_kind(Kind::Sampling).filter_map(|act| act.now().text("sample_no"));
        assert_eq!(waiting.filter(|number| !tested.contains(number)).count(), 1, "one is still waiting");
    });
    assert!(HONEST.ledger.files.iter().all(|(_, bytes)| bytes.len() < 4096));
    assert!(HONEST.record.planted.is_empty());
}

/// The functions that judge lots, on what the rules alone have taken.
fn judged(told: &Told) -> Found {
    let judge = judge::Judge::of(told.ledger.state.reader(), told.record.as_of).unwrap();
    check(&told.record, |lot| judge.words(lot)).unwrap()
}

#[test]
fn every_fraud_is_found_and_honest_lots_are_left_alone() {
    let found = judged(&ALL_FRAUDS);
    assert!(found.is_perfect(), "{found}");
    assert_eq!(found.kinds.len(), Fraud::ALL.len());
    let found = judged(&HONEST);
    assert!(found.is_perfect(), "{found}");
    assert!(found.honest > 50, "{found}");
}

/// What was picked in one season is judged at the end of the last.
#[test]
fn frauds_of_one_season_are_none_of_another() {
    let found = judged(&told(&wanted(25, 2, 7, true)));
    assert!(found.is_perfect(), "{found}");
}

#[test]
fn names_are_plainly_invented() {
    for statement in &ALL_FRAUDS.ledger.statements {
        let data = Value::Object(statement.data.clone());
        let named = [&data["name"], &data["product"]["name"]].into_iter().filter_map(Value::as_str);
        assert!(named.into_iter().all(|name| name.contains("示范")), "{}", statement.subject);
    }
}

fn lots(act: &Act<'_>, side: &str) -> Vec<(String, u64)> {
    let lot = |item: &Value| (item["lot"].as_str().unwrap().to_owned(), value(&item["quantity"]));
    act.now().list(side).iter().map(lot).collect()
}

fn value(quantity: &Value) -> u64 {
    quantity["value"].as_u64().unwrap()
}
