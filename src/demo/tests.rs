//! The stories as pure data, against the ledger's rules alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

use super::memory::{MemoryLedger, a_sunday};
use super::season;
use super::stories::{Story, tell_all};
use super::teller::Teller;
use crate::statement::payload::Statement;
use crate::text::{Condition, Flag};
use crate::verify::{Options, verify_bundle};

/// What the tests look at, told once.
static TOLD: LazyLock<(MemoryLedger, Vec<Story>)> = LazyLock::new(|| told(a_sunday()));

fn told(now: jiff::Timestamp) -> (MemoryLedger, Vec<Story>) {
    let (mut ledger, registrar) = MemoryLedger::new(now);
    let home = ledger.genesis;
    let mut teller = Teller::new(&mut ledger, home, registrar, now);
    let stories =
        tell_all(&mut teller, |_| {}).unwrap_or_else(|error| panic!("{}: {error:#}", season::in_china(now)));
    (ledger, stories)
}

#[test]
fn the_rules_accept_every_statement() {
    let (ledger, stories) = &*TOLD;
    for story in stories {
        assert!(story.statements >= 15, "{} has {}", story.name, story.statements);
        assert!(!story.featured.is_empty());
    }
    assert!(ledger.statements.len() >= 60, "{}", ledger.statements.len());
    assert!(ledger.times_are_in_order(a_sunday()));
    assert!(ledger.files.iter().all(|(_, bytes)| bytes.len() <= 40 * 1024));
    let sealed: usize = ledger.openings.iter().map(Vec::len).sum();
    assert!(sealed > ledger.files.len());
}

#[test]
fn stories_hold_what_they_promise() {
    let (ledger, _) = &*TOLD;
    let of = |kind: &str| ledger.statements.iter().filter(|s| s.kind.to_string() == kind).collect::<Vec<_>>();
    assert_eq!(of("correction/1").len(), 1);
    assert_eq!(of("org.key.revoke/1").len(), 1);
    let failed: Vec<&str> = of("inspection/1")
        .into_iter()
        .filter(|statement| statement.data["conclusion"] == "fail")
        .map(|statement| statement.subject.as_str())
        .collect();
    assert_eq!(failed, ["batch:shouguang-demo.hg2"]);
    let merged = of("processing/1").into_iter().find(|s| s.data["inputs"].as_array().unwrap().len() == 2);
    assert!(merged.is_some());
}

#[test]
fn every_featured_batch_can_be_proven_offline() {
    let (ledger, stories) = &*TOLD;
    let options = Options { now: a_sunday().as_second(), max_age: 86_400 };
    for batch in stories.iter().flat_map(|story| &story.featured) {
        let (bundle, trust) = ledger.bundle(&batch.batch);
        let report = verify_bundle(&bundle, &trust, &options);
        assert!(report.verified(&[]), "{}: {:?}", batch.batch, report.layers().collect::<Vec<_>>());
        assert!(bundle.len() < 1024 * 1024, "{} has {} bytes", batch.batch, bundle.len());
    }
}

#[test]
fn pages_tell_the_turns_of_the_stories() {
    let (ledger, stories) = &*TOLD;
    let told = stories.iter().flat_map(|story| &story.featured);
    let conditions: Vec<(&str, Condition)> =
        told.map(|batch| (batch.batch.as_str(), ledger.page(&batch.batch, a_sunday()).condition)).collect();
    let expected = [
        ("xianju-demo.dk0612-a2", Condition::Corrected),
        ("xianju-demo.dk0612-b3", Condition::Corrected),
        ("luochuan-demo.fj1016-80x", Condition::Normal),
        ("luochuan-demo.fj1016-85x", Condition::Normal),
        ("shouguang-hub-demo.hg1-5kg", Condition::Normal),
        ("shouguang-demo.hg2", Condition::Hold),
        ("wenshan-demo.sq-40-bag", Condition::SignerRevoked),
        ("wenshan-demo.sq-20-jar", Condition::SignerRevoked),
    ];
    assert_eq!(conditions, expected);
}

/// The stories are honest, but for what they tell openly: a photo reused or days that do not fit would be a slip.
#[test]
fn stories_raise_no_flag_that_they_do_not_mean() {
    let (ledger, stories) = &*TOLD;
    let mut raised: BTreeMap<&str, BTreeSet<Flag>> = BTreeMap::new();
    for batch in stories.iter().flat_map(|story| &story.featured) {
        let flags = ledger.flags(&batch.batch, a_sunday());
        let doubts = flags.iter().map(|flag| flag.sort).filter(|sort| !sort.is_disclosure());
        raised.entry(&batch.batch).or_default().extend(doubts);
    }
    // All is told today of days gone by, so all of it is late.
    for (batch, doubts) in raised {
        assert_eq!(doubts.into_iter().collect::<Vec<_>>(), [Flag::LateEntry], "{batch}");
    }
}

/// A story told in another year is set in that one's seasons, never in the future.
#[test]
fn stories_can_be_told_on_any_day() {
    for now in ["2026-06-20T16:00:00Z", "2028-04-27T00:00:00Z"] {
        let now = now.parse().unwrap();
        assert!(told(now).0.times_are_in_order(now), "{now}");
    }
}

#[test]
fn amounts_in_and_out_agree() {
    let (ledger, _) = &*TOLD;
    let mut made: BTreeMap<&str, u64> = BTreeMap::new();
    let mut taken: BTreeMap<&str, u64> = BTreeMap::new();
    for statement in &ledger.statements {
        let data = match statement.is_correction() {
            true => statement.data["data"].as_object().unwrap(),
            false => &statement.data,
        };
        if data.contains_key("from") {
            made.insert(statement.subject.as_str(), grams(&data["quantity"]));
        }
        let (inputs, outputs) = (lots(statement, "inputs"), lots(statement, "outputs"));
        if outputs.is_empty() {
            continue;
        }
        let sum = |lots: &[(&str, u64)]| lots.iter().map(|(_, amount)| amount).sum::<u64>();
        assert_eq!(sum(&inputs), sum(&outputs) + grams(&data["loss"]), "{}", statement.subject);
        for (lot, amount) in inputs {
            *taken.entry(lot).or_default() += amount;
        }
        made.extend(outputs);
    }
    for (lot, amount) in taken {
        assert!(amount <= made[lot], "{lot}");
    }
}

/// No pre-harvest interval stands anywhere but the one that we have a source for, and no limit of any standard.
#[test]
fn no_figure_of_law_is_invented() {
    let (ledger, _) = &*TOLD;
    let mut intervals = BTreeSet::new();
    for statement in &ledger.statements {
        if let Some(days) = statement.data.get("phi_days") {
            let ingredient = statement.data["product"]["active_ingredients"][0]["name"].clone();
            intervals.insert((
                ingredient.to_string(),
                days.to_string(),
                statement.data["max_uses"].to_string(),
            ));
        }
        let items = statement.data.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        assert!(items.iter().all(|item| item.get("limit").is_none() && item.get("limit_standard").is_none()));
    }
    let known = ("\"阿维菌素\"".to_owned(), "2".to_owned(), "3".to_owned());
    assert_eq!(intervals, BTreeSet::from([known]));
}

/// Whoever is named as an organisation says that it is a demonstration.
#[test]
fn names_are_plainly_invented() {
    let (ledger, _) = &*TOLD;
    for statement in ledger.statements.iter().filter(|s| s.kind.to_string() == "org.register/1") {
        assert!(statement.data["name"].as_str().unwrap().contains("示范"), "{}", statement.subject);
        assert!(statement.data["name_en"].as_str().unwrap().contains("Demo"), "{}", statement.subject);
    }
    let pictures = ledger.openings.iter().flatten().filter_map(|o| o["name"].as_str());
    assert!(pictures.filter(|name| name.ends_with(".jpg")).all(|name| name.starts_with("程序绘制示意图")));
}

fn lots<'a>(statement: &'a Statement, side: &str) -> Vec<(&'a str, u64)> {
    let items = statement.data.get(side).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| (item["lot"].as_str().unwrap(), grams(&item["quantity"]))).collect()
}

fn grams(quantity: &Value) -> u64 {
    quantity["value"].as_u64().unwrap()
}
