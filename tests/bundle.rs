//! Bundles against their verifier: the good one passes, and whatever is done to it does not.

mod common;

use common::village::{self, By, Village, checkpoint_note, data};
use serde_json::{Value, json};
use suyuan::ledger::Entry;
use suyuan::merkle::Hash;
use suyuan::merkle::proof::inclusion_path;
use suyuan::note::signed_note::SignedNote;
use suyuan::note::tlog_proof::TlogProof;
use suyuan::statement::json::canonical;
use suyuan::verify::bundle::Bundle;
use suyuan::verify::omission::{self, Evidence};
use suyuan::verify::{Layer, Options, Report, Status, Trust, verify_bundle};

const FARM: By<'static> = ("farm", "farm", "farm-key");
const LAB: By<'static> = ("lab", "lab", "lab-key");
const OPTIONS: Options = Options { now: 1_790_000_000, max_age: 86_400 };

/// A harvest that failed its test, was packed and corrected; sealed.
fn village() -> Village {
    let mut village = Village::new();
    village.register("farm", &["farm", "packhouse"]);
    village.register("lab", &["lab"]);
    village.say("plot.register/1", "plot:farm.east", &[], &[FARM], data::plot()).expect("plot");
    let crop = data::crop("plot:farm.east");
    village.say("crop.open/1", "crop:farm.y2026", &["plot:farm.east"], &[FARM], crop).expect("season");
    village.seal();
    let from = ["crop:farm.y2026"];
    village.say("harvest/1", "batch:farm.a", &from, &[FARM], data::harvest(&from, 100)).expect("harvest");
    village
        .say("harvest/1", "batch:farm.b", &from, &[FARM], data::harvest(&from, 50))
        .expect("another harvest");
    village.seal();
    village
        .say("inspection/1", "batch:farm.a", &[], &[LAB], data::inspection("lab", "fail"))
        .expect("inspection");
    let packing = data::packing(&[("batch:farm.a", 100)], "batch:farm.p", 99);
    village.say("packing/1", "batch:farm.p", &["batch:farm.a"], &[FARM], packing).expect("packing");
    village.seal();
    village
}

fn layers(report: &Report) -> Vec<(Layer, &'static str)> {
    report.layers().map(|(layer, status)| (layer, status.word())).collect()
}

fn rank(word: &str) -> u8 {
    match word {
        "ok" => 2,
        "not checked" => 1,
        _ => 0,
    }
}

/// The file with `change` done to its body and the digest made right again.
fn forged(file: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(file).expect("JSON");
    change(&mut value["bundle"]);
    value["sha256"] = json!(Hash::of(&canonical(&value["bundle"])));
    canonical(&value)
}

#[track_caller]
fn not_ok(file: &[u8], trust: &Trust, layer: Layer) {
    let report = verify_bundle(file, trust, &OPTIONS);
    assert!(!report.verified(&[]), "verified");
    assert!(!report.status(layer).is_ok(), "{layer} is ok: {}", report.status(layer).reason());
    assert_eq!(report.facts, Value::Null, "facts are shown though not everything is right");
}

#[test]
fn an_honest_bundle_is_verified_and_says_what_was_not_checked() {
    let village = village();
    let report = verify_bundle(&village.bundle("batch:farm.p"), &village.trust(), &OPTIONS);
    for layer in Layer::ALWAYS {
        assert!(report.status(layer).is_ok(), "{layer}: {}", report.status(layer).reason());
    }
    for layer in [Layer::Freshness, Layer::Witnesses, Layer::Anchors] {
        assert_eq!(report.status(layer).word(), "not checked");
    }
    assert!(report.verified(&[]));
    assert!(!report.verified(&[Layer::Witnesses]));
    assert!(report.status(Layer::Completeness).reason().starts_with("claimed"));
    assert_eq!(report.facts["exists"], true);
    let failed = report.facts["records"].to_string();
    assert!(failed.contains(r#""conclusion":"fail""#), "the ancestor's failed test is part of the story");
}

#[test]
fn what_does_not_exist_is_proven_absent() {
    let village = village();
    let file = village.bundle("batch:farm.none");
    let report = verify_bundle(&file, &village.trust(), &OPTIONS);
    assert!(report.verified(&[]), "{:?}", layers(&report));
    assert_eq!(report.facts["exists"], false);
    not_ok(
        &forged(&file, |body| body["subject"] = json!("batch:farm.b")),
        &village.trust(),
        Layer::Completeness,
    );
}

#[test]
fn a_bundle_is_of_one_ledger_and_one_log_key() {
    let village = village();
    let file = village.bundle("batch:farm.p");
    let text = village.trust_text();
    let other_genesis = Trust::parse(&text.replace(&village.ledger.to_string(), &Hash::of(b"x").to_string()));
    not_ok(&file, &other_genesis.expect("a trust file"), Layer::Log);
    let other_key = village::key("another log").public();
    let vkey = suyuan::note::vkey::VerifierKey::new(
        village::ORIGIN.parse().expect("a name"),
        suyuan::note::vkey::KeyType::Ed25519,
        other_key,
    );
    let other_key = Trust::parse(&text.replace(&village::log_vkey().to_string(), &vkey.to_string()));
    not_ok(&file, &other_key.expect("a trust file"), Layer::Log);
}

#[test]
fn leaving_a_record_out_is_noticed() {
    let village = village();
    let trust = village.trust();
    let file = village.bundle("batch:farm.p");
    let bundle = Bundle::parse(&file).expect("a bundle");
    // The failed inspection, as an operator would like it: gone, with the tree proof repaired.
    let reader = village.state.reader();
    for (i, entry) in bundle.records.iter().enumerate() {
        if i == 0 || i + 1 == bundle.records.len() {
            continue;
        }
        let mut cut = bundle.clone();
        cut.records.remove(i);
        let places: Vec<u64> = cut.records.iter().map(Entry::seq).collect();
        cut.inclusion = suyuan::merkle::proof::subset_proof(&reader, &places, bundle.size).expect("a proof");
        let report = verify_bundle(&cut.encode(), &trust, &OPTIONS);
        assert!(report.status(Layer::Log).is_ok(), "the tree proof was repaired");
        assert!(!report.status(Layer::Completeness).is_ok(), "record {} was left out unnoticed", entry.seq());
        assert!(!report.verified(&[]));
    }
    for i in 0..bundle.map.len() {
        let mut cut = bundle.clone();
        cut.map.remove(i);
        let report = verify_bundle(&cut.encode(), &trust, &OPTIONS);
        assert_eq!(report.status(Layer::Completeness).word(), "not checked", "{}", bundle.map[i].subject);
        assert!(!report.verified(&[]));
    }
}

#[test]
fn a_checkpoint_whose_last_leaf_is_no_map_record_over_what_precedes_it_is_failed() {
    let mut village = village();
    let trust = village.trust();
    let sealed = Bundle::parse(&village.bundle("batch:farm.p")).expect("a bundle");
    // One record more, and no map record over it: the operator signs all the same.
    let more = village
        .say(
            "harvest/1",
            "batch:farm.c",
            &["crop:farm.y2026"],
            &[FARM],
            data::harvest(&["crop:farm.y2026"], 7),
        )
        .expect("a harvest");
    let size = village.state.size();
    let note = checkpoint_note(size, village.state.root());
    let under = |records: Vec<Entry>| {
        let places: Vec<u64> = records.iter().map(Entry::seq).collect();
        let reader = village.state.reader();
        let inclusion = suyuan::merkle::proof::subset_proof(&reader, &places, size).expect("a proof");
        Bundle { size, checkpoints: vec![note.clone()], records, inclusion, ..sealed.clone() }.encode()
    };
    let failed = |file: &[u8], layers: &[Layer]| {
        let report = verify_bundle(file, &trust, &OPTIONS);
        for layer in layers {
            let status = report.status(*layer);
            assert!(matches!(status, Status::Failed(_)), "{layer}: {}", status.reason());
        }
        assert!(!report.verified(&[]));
    };
    // It ends with the record that no map counts.
    let mut ends_with_a_record = sealed.records.clone();
    ends_with_a_record.push(village.state.reader().entry(more.seq).expect("entry"));
    failed(&under(ends_with_a_record), &[Layer::Log, Layer::Completeness]);
    // It ends with a map record, which is not the checkpoint's last leaf.
    failed(&under(sealed.records.clone()), &[Layer::Log]);
    // A map record that says to cover less than precedes it is no entry at all.
    let shorter = forged(&sealed.encode(), |body| {
        let records = body["records"].as_array_mut().expect("a list");
        let last = records.last_mut().expect("a map record");
        last["size"] = json!(last["size"].as_u64().expect("a number") - 1);
    });
    failed(&shorter, &[Layer::Encoding]);
}

#[test]
fn two_checkpoints_that_show_different_histories_are_noticed() {
    let village = village();
    let file = village.bundle("batch:farm.p");
    let old = checkpoint_note(3, Hash::of(b"another history"));
    let path = suyuan::merkle::proof::consistency_path(&village.state.reader(), 3, village.state.size())
        .expect("path");
    let split = forged(&file, |body| {
        body["checkpoints"].as_array_mut().expect("a list").push(json!(old));
        body["consistency"] = json!([{"from": 3, "to": village.state.size(), "path": path}]);
    });
    not_ok(&split, &village.trust(), Layer::Log);
}

/// `SUYUAN_ROUNDS` mutations of each sort; every one of the file, and every one with the digest made right.
#[test]
fn no_change_to_the_file_is_verified_and_none_improves_a_layer() {
    let rounds: usize = std::env::var("SUYUAN_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let village = village();
    let trust = village.trust();
    let file = village.bundle("batch:farm.p");
    let honest = verify_bundle(&file, &trust, &OPTIONS);
    let mut random = Hash::of(b"mutations");
    let mut next = |below: usize| {
        random = Hash::of(random.as_bytes());
        u64::from_be_bytes(random.0[..8].try_into().expect("8 bytes")) as usize % below
    };
    for round in 0..rounds {
        let mut changed = file.clone();
        let at = next(changed.len());
        match round % 3 {
            0 => changed[at] ^= 1 << next(8),
            1 => drop(changed.remove(at)),
            _ => changed.insert(at, b'0' + next(10) as u8),
        }
        let report = verify_bundle(&changed, &trust, &OPTIONS);
        assert!(!report.verified(&[]), "byte {at} changed and still verified");
    }
    for _ in 0..rounds {
        let choice = next(usize::MAX);
        let changed = forged(&file, |body| mutate(body, choice));
        let report = verify_bundle(&changed, &trust, &OPTIONS);
        for (layer, status) in honest.layers() {
            assert!(rank(report.status(layer).word()) <= rank(status.word()), "{layer} improved");
        }
        if report.facts != Value::Null {
            assert_eq!(report.facts, honest.facts, "another fact is shown as right");
        }
    }
}

/// Changes one leaf of the JSON tree, chosen by number.
fn mutate(value: &mut Value, choice: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let n = choice % members.len();
            let choice = choice / members.len();
            if let Some(member) = members.values_mut().nth(n) {
                mutate(member, choice);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let (n, choice) = (choice % items.len(), choice / items.len());
            match choice % 5 {
                0 => drop(items.remove(n)),
                1 => items.push(items[n].clone()),
                _ => mutate(&mut items[n], choice),
            }
        }
        Value::String(text) if !text.is_empty() => {
            let mut bytes = text.clone().into_bytes();
            let n = choice % bytes.len();
            bytes[n] = if bytes[n] == b'7' { b'8' } else { b'7' };
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        Value::Number(number) => *value = json!(number.as_u64().unwrap_or(0) ^ 1),
        other => *other = json!([]),
    }
}

fn receipt(village: &Village, seq: u64, size: u64, note: &str) -> String {
    let reader = village.state.reader();
    let path = inclusion_path(&reader, seq, size).expect("a path");
    let extra = reader.entry_bytes(seq).expect("read").expect("there");
    TlogProof { extra, index: seq, path, checkpoint: SignedNote::parse(note.as_bytes()).expect("a note") }
        .to_string()
}

#[test]
fn a_receipt_alone_shows_that_a_later_map_left_its_record_out() {
    // The operator's log holds the failed inspection, and his next map record pretends that it does not.
    let mut village = village();
    let honest = village.bundle("batch:farm.a");
    let trust = village.trust();
    let failed = (0..village.state.size())
        .find(|seq| {
            let entry = village.state.reader().entry(*seq).expect("entry");
            entry.as_record().is_some_and(|record| record.statement.kind.name == "inspection")
        })
        .expect("the inspection");
    let receipt = receipt(&village, failed, village.state.size(), &village.checkpoint().note);
    let honest = Bundle::parse(&honest).expect("a bundle");
    assert!(omission::compare(&receipt, &honest, &trust).expect("comparable").is_none());

    let lying = village.pretend_without(failed);
    let evidence = omission::compare(&receipt, &lying, &trust).expect("comparable").expect("evidence");
    let file = evidence.encode();
    let shown = Evidence::parse(&file).expect("reads back").check(&trust).expect("shows something");
    assert!(shown.to_string().contains("leaves it out"), "{shown}");
    for at in (0..file.len()).step_by(7) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(Evidence::parse(&changed).is_err(), "byte {at}");
    }
    let mut carried = lying.clone();
    carried.receipts = vec![receipt];
    let report = verify_bundle(&carried.encode(), &trust, &OPTIONS);
    assert!(matches!(report.status(Layer::Completeness), Status::Failed(_)));
}

#[test]
fn rules_that_the_verifier_does_not_know_are_not_checked_and_never_failed() {
    let mut village = village();
    let registrar: By<'_> = ("registrar", "registrar", "registrar-1");
    let statement = village.statement("ledger.rules/1", "ledger:", &[], &[registrar], json!({"rules": 2}));
    let record = village.draft(&statement, &["registrar-1"]);
    let file = village.pretend_with(record, "batch:farm.p").encode();
    let report = verify_bundle(&file, &village.trust(), &OPTIONS);
    assert_eq!(
        report.status(Layer::Rights).word(),
        "not checked",
        "{}",
        report.status(Layer::Rights).reason()
    );
    assert!(report.status(Layer::Rights).reason().contains("rules 2"));
    assert!(report.status(Layer::Log).is_ok() && report.status(Layer::Completeness).is_ok());
    assert!(!report.verified(&[]));
}

/// The rules of a bundle would not refuse it: only the whole ledger knows every id, and a second sale is a sale.
#[test]
fn a_statement_that_the_operator_counts_twice_fails() {
    let mut village = village();
    let sale = village.statement("sale/1", "batch:farm.p", &[], &[FARM], data::sale(10));
    village.apply(&sale, &["farm-key"]).expect("a sale");
    village.seal();
    let mut other = village.statement("sale/1", "batch:farm.p", &[], &[FARM], data::sale(20));
    other["id"] = sale["id"].clone();
    for (statement, case) in [(&sale, "the same statement"), (&other, "another under its id")] {
        let again = village.draft(statement, &["farm-key"]);
        let file = village.pretend_with(again, "batch:farm.p").encode();
        let report = verify_bundle(&file, &village.trust(), &OPTIONS);
        let status = report.status(Layer::Chains);
        assert!(matches!(status, Status::Failed(_)), "{case}: {}", status.reason());
        assert!(status.reason().ends_with("a statement counts once"), "{}", status.reason());
        assert!(report.status(Layer::Rights).is_ok() && report.status(Layer::Log).is_ok());
    }
    // Somebody else's id is somebody else's.
    let mut theirs = village.statement("hold/1", "batch:farm.p", &[], &[LAB], data::hold());
    theirs["id"] = sale["id"].clone();
    let theirs = village.draft(&theirs, &["lab-key"]);
    let file = village.pretend_with(theirs, "batch:farm.p").encode();
    assert!(verify_bundle(&file, &village.trust(), &OPTIONS).status(Layer::Chains).is_ok());
}

#[test]
fn a_record_that_the_rules_refuse_fails_though_the_operator_logged_it() {
    let mut village = village();
    // The laboratory grades what it does not hold: the operator let it in.
    let grading = data::grading(&[("batch:farm.p", 99)], &[("batch:lab.g", 98)]);
    let statement = village.statement("grading/1", "batch:lab.g", &["batch:farm.p"], &[LAB], grading);
    let record = village.draft(&statement, &["lab-key"]);
    let file = village.pretend_with(record, "batch:farm.p").encode();
    let report = verify_bundle(&file, &village.trust(), &OPTIONS);
    assert_eq!(report.status(Layer::Rights).word(), "failed", "{}", report.status(Layer::Rights).reason());
    assert!(report.status(Layer::Log).is_ok());
}

#[test]
fn absence_needs_the_other_chains_too() {
    let village = village();
    let bundle = Bundle::parse(&village.bundle("batch:farm.none")).expect("a bundle");
    for i in 0..bundle.map.len() {
        let mut cut = bundle.clone();
        cut.map.remove(i);
        let report = verify_bundle(&cut.encode(), &village.trust(), &OPTIONS);
        assert_eq!(report.status(Layer::Completeness).word(), "not checked", "{}", bundle.map[i].subject);
    }
}

#[test]
fn a_broken_receipt_is_no_evidence() {
    let village = village();
    let trust = village.trust();
    let bundle = Bundle::parse(&village.bundle("batch:farm.a")).expect("a bundle");
    let good = receipt(&village, 2, village.state.size(), &village.checkpoint().note);
    for at in (0..good.len()).step_by(11) {
        let mut changed = good.clone().into_bytes();
        changed[at] ^= 2;
        let changed = String::from_utf8_lossy(&changed).into_owned();
        assert!(!matches!(omission::compare(&changed, &bundle, &trust), Ok(Some(_))), "byte {at}");
    }
}
