//! What can be taken back and what cannot, tables of rules, and what a platform says about others: rules on small stories.

mod common;

use common::village::{By, Village, data, key_id, public_hex};
use serde_json::{Value, json};
use suyuan::ledger::{Applied, ApplyError, Code, Detail, Entry, MemoryFacts, State};
use suyuan::merkle::Hash;
use suyuan::statement::kinds::Kind;
use suyuan::statement::subject::Subject;
use suyuan::verify::bundle::Bundle;
use suyuan::verify::{Options, verify_bundle};

const FARM: By<'static> = ("farm", "farm", "farm-key");
const LAB: By<'static> = ("lab", "lab", "lab-key");
const HOUSE: By<'static> = ("house", "packhouse", "house-key");
const SHOP: By<'static> = ("shop", "platform", "shop-key");
const REGISTRAR: By<'static> = ("registrar", "registrar", "registrar-1");
const SEASON: [&str; 1] = ["crop:farm.y2026"];
const LOT: &str = "batch:farm.a";
const OPTIONS: Options = Options { now: 1_790_000_000, max_age: 86_400 };

/// A farm with a lot, a laboratory, a packhouse and a platform; and the record of the harvest.
fn harvested() -> (Village, Hash) {
    let mut village = Village::new();
    for (org, role) in [("farm", "farm"), ("lab", "lab"), ("house", "packhouse"), ("shop", "platform")] {
        village.register(org, &[role]);
    }
    village.say("plot.register/1", "plot:farm.east", &[], &[FARM], data::plot()).expect("plot");
    let season = data::crop("plot:farm.east");
    village.say("crop.open/1", SEASON[0], &["plot:farm.east"], &[FARM], season).expect("season");
    let harvest =
        village.say("harvest/1", LOT, &SEASON, &[FARM], data::harvest(&SEASON, 100)).expect("harvest");
    (village, harvest.leaf)
}

fn withdraw(
    village: &mut Village,
    leaf: Hash,
    subject: &str,
    touches: &[&str],
    by: By<'_>,
) -> Result<Applied, (Code, String)> {
    village.say("withdrawal/1", subject, touches, &[by], data::withdrawal(leaf))
}

fn correct(village: &mut Village, leaf: Hash, kg: u32) -> Result<Applied, (Code, String)> {
    let data = json!({"reason": "typo", "data": data::harvest(&SEASON, kg)});
    let mut statement = village.statement("correction/1", LOT, &SEASON, &[FARM], data);
    statement["corrects"] = json!(leaf);
    village.apply(&statement, &[FARM.2])
}

#[track_caller]
fn refused(answer: Result<Applied, (Code, String)>, code: Code) {
    match answer {
        Err((found, message)) => assert_eq!(found, code, "{message}"),
        Ok(applied) => panic!("taken as entry {}", applied.seq),
    }
}

fn detail(village: &Village, subject: &str) -> Detail {
    let subject: Subject = subject.parse().expect("a subject");
    village.state.reader().subject(&subject).expect("read").expect("it exists").detail
}

/// The word of one layer about a bundle.
fn layer(village: &Village, bundle: &[u8], layer: &str) -> String {
    let report = verify_bundle(bundle, &village.trust(), &OPTIONS).to_json(&[]);
    report["layers"][layer]["status"].as_str().expect("a word").to_owned()
}

#[test]
fn only_its_author_takes_a_statement_back_and_only_once() {
    let (mut village, harvest) = harvested();
    let test = village.say("inspection/1", LOT, &[], &[LAB], data::inspection("lab", "fail")).expect("test");
    refused(withdraw(&mut village, test.leaf, LOT, &[], FARM), Code::Right);
    refused(withdraw(&mut village, harvest, LOT, &SEASON, SHOP), Code::Right);
    refused(withdraw(&mut village, harvest, LOT, &[], FARM), Code::Form);
    refused(withdraw(&mut village, harvest, "batch:farm.b", &SEASON, FARM), Code::Form);
    refused(withdraw(&mut village, harvest, SEASON[0], &[LOT], FARM), Code::Form);
    refused(withdraw(&mut village, Hash::of(b"nothing"), LOT, &SEASON, FARM), Code::Unknown);
    let before = village.dump();
    refused(withdraw(&mut village, test.leaf, LOT, &SEASON, LAB), Code::Form);
    assert_eq!(village.dump(), before, "a refusal changed something");

    let withdrawn = withdraw(&mut village, harvest, LOT, &SEASON, FARM).expect("by its author");
    let fact = village.state.reader().leaf(&harvest).expect("read").expect("it is there");
    assert_eq!((fact.withdrawn, fact.current), (Some(withdrawn.leaf), harvest));
    refused(withdraw(&mut village, harvest, LOT, &SEASON, FARM), Code::StaleCorrection);
    refused(withdraw(&mut village, withdrawn.leaf, LOT, &SEASON, FARM), Code::Right);
    refused(correct(&mut village, harvest, 90), Code::StaleCorrection);
    refused(correct(&mut village, withdrawn.leaf, 90), Code::Right);
    withdraw(&mut village, test.leaf, LOT, &[], LAB).expect("the laboratory takes its own back");
}

#[test]
fn of_what_was_corrected_the_newest_version_is_taken_back() {
    let (mut village, harvest) = harvested();
    let first = correct(&mut village, harvest, 90).expect("a correction").leaf;
    let second = correct(&mut village, first, 80).expect("another").leaf;
    for stale in [harvest, first] {
        refused(withdraw(&mut village, stale, LOT, &SEASON, FARM), Code::StaleCorrection);
    }
    let withdrawn = withdraw(&mut village, second, LOT, &SEASON, FARM).expect("the newest").leaf;
    let original = village.state.reader().leaf(&harvest).expect("read").expect("it is there");
    assert_eq!(original.withdrawn, Some(withdrawn), "the original says that it is taken back");
    for leaf in [harvest, first, second] {
        refused(correct(&mut village, leaf, 70), Code::StaleCorrection);
        refused(withdraw(&mut village, leaf, LOT, &SEASON, FARM), Code::StaleCorrection);
    }
    village.seal();
    assert_eq!(layer(&village, &village.bundle(LOT), "rights"), "ok");
}

#[test]
fn what_somebody_decided_ends_by_a_decision() {
    let (mut village, _) = harvested();
    let registered = village.register("late", &["farm"]).leaf;
    let hold = village.say("hold/1", LOT, &[], &[SHOP], data::hold()).expect("hold").leaf;
    let release = village.say("release/1", LOT, &[], &[SHOP], data::release(&[hold])).expect("release").leaf;
    for leaf in [hold, release] {
        refused(withdraw(&mut village, leaf, LOT, &[], SHOP), Code::Right);
    }
    let key = format!("key:{}", key_id("late-key"));
    refused(withdraw(&mut village, registered, "org:late", &[&key], REGISTRAR), Code::Right);
    for (kind, data) in [
        ("sign-off/1", data::sign_off()),
        ("guarantee/1", data::guarantee()),
        ("hold/1", data::hold()),
        ("release/1", data::release(&[hold])),
    ] {
        let said = village.say(kind, LOT, &[], &[SHOP], data.clone()).expect(kind).leaf;
        let correction = json!({"reason": "typo", "data": data});
        let mut statement = village.statement("correction/1", LOT, &[], &[SHOP], correction);
        statement["corrects"] = json!(said);
        refused(village.apply(&statement, &[SHOP.2]), Code::Right);
        let answer = withdraw(&mut village, said, LOT, &[], SHOP);
        let kind: Kind = kind.parse().expect("a kind");
        assert_eq!(answer.is_ok(), kind.is_withdrawable(), "{kind}");
    }
}

#[test]
fn births_and_custody_stay_as_they_were() {
    let (mut village, harvest) = harvested();
    let shipping = data::shipping(&[(LOT, 50)], "house", None);
    let shipped = village.say("shipping/1", LOT, &[], &[FARM], shipping).expect("shipping").leaf;
    let receiving = data::receiving(shipped, &[(LOT, 50)], "accepted");
    let received = village.say("receiving/1", LOT, &[], &[HOUSE], receiving.clone()).expect("receiving").leaf;
    let before = detail(&village, LOT);
    withdraw(&mut village, harvest, LOT, &SEASON, FARM).expect("the harvest");
    withdraw(&mut village, shipped, LOT, &[], FARM).expect("the shipping");
    withdraw(&mut village, received, LOT, &[], HOUSE).expect("the receiving");
    assert_eq!(detail(&village, LOT), before);
    refused(village.say("receiving/1", LOT, &[], &[HOUSE], receiving), Code::Unknown);
    refused(village.say("harvest/1", LOT, &SEASON, &[FARM], data::harvest(&SEASON, 9)), Code::Right);
    let packing = data::packing(&[(LOT, 50)], "batch:house.p", 49);
    village.say("packing/1", "batch:house.p", &[LOT], &[HOUSE], packing).expect("the house holds it");
}

#[test]
fn a_key_withdraws_what_it_may_sign() {
    let (mut village, harvest) = harvested();
    for (name, kinds) in [("phone", json!(["harvest"])), ("eraser", json!(["withdrawal"]))] {
        let add = json!({"public_key": public_hex(name), "scope": {"kinds": kinds}});
        let by = [FARM, ("farm", "farm", name)];
        village.say("org.key.add/1", &format!("key:{}", key_id(name)), &[], &by, add).expect("a key");
    }
    let input = village.say("input/1", SEASON[0], &[], &[FARM], data::input()).expect("input").leaf;
    refused(withdraw(&mut village, input, SEASON[0], &[], ("farm", "farm", "phone")), Code::Right);
    refused(withdraw(&mut village, harvest, LOT, &SEASON, ("farm", "farm", "eraser")), Code::Right);
    withdraw(&mut village, harvest, LOT, &SEASON, ("farm", "farm", "phone")).expect("a harvest");
}

#[test]
fn a_bundle_that_lacks_what_was_withdrawn_decides_nothing() {
    let (mut village, _) = harvested();
    let test = village.say("inspection/1", LOT, &[], &[LAB], data::inspection("lab", "fail")).expect("test");
    village.seal();
    // What the ledger refuses, a lying operator may publish all the same.
    let forged = village.statement("withdrawal/1", LOT, &[], &[FARM], data::withdrawal(test.leaf));
    let forged = village.draft(&forged, &[FARM.2]);
    let forged = village.pretend_with(forged, LOT);
    assert_eq!(
        layer(&village, &forged.encode(), "rights"),
        "failed",
        "the farm withdraws the laboratory's test"
    );

    withdraw(&mut village, test.leaf, LOT, &[], LAB).expect("the laboratory's own");
    village.seal();
    let whole = village.bundle(LOT);
    assert_eq!(layer(&village, &whole, "rights"), "ok");
    let mut lacking = Bundle::parse(&whole).expect("a bundle");
    lacking.records.retain(|entry| entry.seq() != test.seq);
    assert_eq!(layer(&village, &lacking.encode(), "rights"), "not checked");
}

#[test]
fn tables_of_rules_are_the_registrars_with_an_admin_key() {
    let (mut village, _) = harvested();
    let clerk = ("registrar", "registrar", "clerk");
    let add = json!({"public_key": public_hex("clerk"), "scope": {"kinds": ["harvest"]}});
    let key = format!("key:{}", key_id("clerk"));
    village.say("org.key.add/1", &key, &[], &[REGISTRAR, clerk], add).expect("a key");
    for by in [clerk, SHOP, FARM] {
        refused(village.say("rules.set/1", "ledger:", &[], &[by], data::rules_set()), Code::Right);
    }
    let elsewhere = village.say("rules.set/1", "org:registrar", &[], &[REGISTRAR], data::rules_set());
    refused(elsewhere, Code::Form);
    let set =
        village.say("rules.set/1", "ledger:", &[], &[REGISTRAR], data::rules_set()).expect("rules").leaf;
    let ledger = withdraw(&mut village, set, "ledger:", &[], REGISTRAR);
    refused(ledger, Code::Form);
    village.seal();
    assert_eq!(layer(&village, &village.bundle(LOT), "rights"), "ok", "every bundle carries the tables");
}

#[test]
fn made_up_rows_are_for_a_ledger_that_was_born_for_show() {
    let (mut village, _) = harvested();
    let made_up =
        |village: &mut Village, data: Value| village.say("rules.set/1", "ledger:", &[], &[REGISTRAR], data);
    refused(made_up(&mut village, data::fictional_rules()), Code::Right);
    let mut half = data::fictional_rules();
    let mut sourced = half["intervals"][0].clone();
    sourced["source"] =
        json!({"title": "x", "read_on": "2026-11-26", "quote": "示范成分 10 示范剂型 示范作物 3"});
    half["intervals"] = json!([half["intervals"][0], sourced.clone()]);
    refused(made_up(&mut village, half), Code::Right);
    refused(made_up(&mut village, json!({"table": "intervals", "intervals": [sourced]})), Code::Right);

    // No later statement makes a demonstration of it.
    let mut flagged = data::rules_set();
    flagged["demonstration"] = json!(true);
    refused(made_up(&mut village, flagged), Code::Form);
    let update = json!({"demonstration": true});
    refused(village.say("org.update/1", "org:registrar", &[], &[REGISTRAR], update), Code::Right);
    let lying = village.statement("rules.set/1", "ledger:", &[], &[REGISTRAR], data::fictional_rules());
    let lying = village.draft(&lying, &[REGISTRAR.2]);
    village.seal();
    let lying = village.pretend_with(lying, LOT);
    assert_eq!(layer(&village, &lying.encode(), "rights"), "failed");

    let mut show = Village::demonstration();
    made_up(&mut show, data::fictional_rules()).expect("a demonstration");
    show.seal();
    assert_eq!(layer(&show, &show.bundle("batch:nobody.x"), "rights"), "ok");
    // It is known from the facts alone, as after a restart.
    let again = show.statement("rules.set/1", "ledger:", &[], &[REGISTRAR], data::fictional_rules());
    let record = show.draft(&again, &[REGISTRAR.2]);
    let mut state = State::load(MemoryFacts(show.dump())).expect("facts load");
    match state.apply(&Entry::Record(Box::new(record))) {
        Ok(_) => {}
        Err(ApplyError::Refused(refusal)) => panic!("{refusal}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn enforcement_stands_on_the_chain_of_every_lot_that_it_names() {
    let (mut village, _) = harvested();
    let count = |village: &Village, subject: &str| {
        let subject: Subject = subject.parse().expect("a subject");
        village.state.reader().subject(&subject).expect("read").expect("it exists").count
    };
    let before = (count(&village, LOT), count(&village, "org:farm"));
    let enforcement = data::enforcement(&[LOT]);
    refused(village.say("enforcement/1", "org:farm", &[LOT], &[FARM], enforcement.clone()), Code::Right);
    let more = village.say("enforcement/1", "org:farm", &[LOT, SEASON[0]], &[SHOP], enforcement.clone());
    refused(more, Code::Form);
    let none = data::enforcement(&["batch:farm.none"]);
    refused(village.say("enforcement/1", "org:farm", &["batch:farm.none"], &[SHOP], none), Code::Unknown);
    let lot = village.say("enforcement/1", LOT, &[], &[SHOP], data::enforcement(&[LOT]));
    refused(lot, Code::Form);
    let said = village.say("enforcement/1", "org:farm", &[LOT], &[SHOP], enforcement).expect("a platform");
    assert_eq!((count(&village, LOT), count(&village, "org:farm")), (before.0 + 1, before.1 + 1));
    refused(withdraw(&mut village, said.leaf, "org:farm", &[LOT], FARM), Code::Right);
    village.seal();
    let bundle = Bundle::parse(&village.bundle(LOT)).expect("a bundle");
    assert!(bundle.records.iter().any(|entry| entry.seq() == said.seq), "the lot's own bundle tells it");
    assert_eq!(layer(&village, &bundle.encode(), "rights"), "ok");
    withdraw(&mut village, said.leaf, "org:farm", &[LOT], SHOP).expect("the platform takes it back");
    village.seal();
    assert_eq!(layer(&village, &village.bundle(LOT), "rights"), "ok");
}
