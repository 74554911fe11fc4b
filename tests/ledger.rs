//! The rules on small stories: what may stand, what is refused and that a refusal leaves nothing behind.

mod common;

use common::village::{self, By, Village, data, key_id, public_hex, sealed};
use serde_json::json;
use suyuan::ledger::{Code, Entry, MemoryFacts, State};

const FARM: By<'static> = ("farm", "farm", "farm-key");
const LAB: By<'static> = ("lab", "lab", "lab-key");
const TRUCK: By<'static> = ("truck", "carrier", "truck-key");
const SHOP: By<'static> = ("shop", "platform", "shop-key");

/// A farm, a laboratory, a carrier and a platform; one plot with one season.
fn village() -> Village {
    let mut village = Village::new();
    village.register("farm", &["farm", "packhouse"]);
    village.register("lab", &["lab"]);
    village.register("truck", &["carrier"]);
    village.register("shop", &["platform"]);
    village.say("plot.register/1", "plot:farm.east", &[], &[FARM], data::plot()).expect("plot");
    village
        .say("crop.open/1", "crop:farm.y2026", &["plot:farm.east"], &[FARM], data::crop("plot:farm.east"))
        .expect("season");
    village
}

fn harvested() -> Village {
    let mut village = village();
    village
        .say(
            "harvest/1",
            "batch:farm.a",
            &["crop:farm.y2026"],
            &[FARM],
            data::harvest(&["crop:farm.y2026"], 100),
        )
        .expect("harvest");
    village
}

#[track_caller]
fn refused(
    village: &mut Village,
    code: Code,
    kind: &str,
    subject: &str,
    touches: &[&str],
    by: &[By<'_>],
    data: serde_json::Value,
) {
    let before = village.dump();
    match village.say(kind, subject, touches, by, data) {
        Err((found, message)) => assert_eq!(found, code, "{message}"),
        Ok(applied) => panic!("{kind} was taken as {}", applied.seq),
    }
    assert_eq!(village.dump(), before, "a refusal changed something");
}

#[test]
fn a_lot_goes_from_plot_to_platform_and_replays_to_the_same_facts() {
    let mut village = harvested();
    village
        .say("sampling/1", "batch:farm.a", &[], &[LAB], data::sampling("batch:farm.a", "lab"))
        .expect("sampling");
    village
        .say("inspection/1", "batch:farm.a", &[], &[LAB], data::inspection("lab", "pass"))
        .expect("inspection");
    village.seal();
    let packing = data::packing(&[("batch:farm.a", 100)], "batch:farm.p", 99);
    village.say("packing/1", "batch:farm.p", &["batch:farm.a"], &[FARM], packing).expect("packing");
    let shipping = data::shipping(&[("batch:farm.p", 99)], "shop", Some("truck"));
    let shipped = village.say("shipping/1", "batch:farm.p", &[], &[FARM], shipping).expect("shipping");
    village.say("storage/1", "batch:farm.p", &[], &[TRUCK], data::storage()).expect("readings on the way");
    let receiving = data::receiving(shipped.leaf, &[("batch:farm.p", 99)], "accepted");
    village.say("receiving/1", "batch:farm.p", &[], &[SHOP], receiving).expect("receiving");
    village
        .say("storage/1", "batch:farm.p", &[], &[SHOP], data::storage())
        .expect_err("a platform stores nothing");
    refused(&mut village, Code::Right, "storage/1", "batch:farm.p", &[], &[TRUCK], data::storage());
    village.seal();

    let reader = village.state.reader();
    let mut replay = State::load(MemoryFacts::default()).expect("empty");
    for seq in 0..village.state.size() {
        let entry = Entry::parse(&reader.entry_bytes(seq).expect("read").expect("there")).expect("an entry");
        replay.apply(&entry).unwrap_or_else(|error| panic!("entry {seq}: {error}"));
    }
    drop(reader);
    assert_eq!(replay.root(), village.state.root());
    assert_eq!(replay.into_facts(), village.state.into_facts());
}

#[test]
fn drawing_from_a_lot_needs_custody() {
    let mut village = harvested();
    village.register("thief", &["packhouse"]);
    let packing = data::packing(&[("batch:farm.a", 100)], "batch:thief.p", 99);
    let thief = [("thief", "packhouse", "thief-key")];
    refused(&mut village, Code::Right, "packing/1", "batch:thief.p", &["batch:farm.a"], &thief, packing);
}

#[test]
fn receiving_needs_an_open_shipping_that_names_the_receiver() {
    let mut village = harvested();
    let shipping = data::shipping(&[("batch:farm.a", 100)], "shop", None);
    let shipped = village.say("shipping/1", "batch:farm.a", &[], &[FARM], shipping).expect("shipping");
    let receiving = data::receiving(shipped.leaf, &[("batch:farm.a", 100)], "accepted");
    refused(&mut village, Code::Right, "receiving/1", "batch:farm.a", &[], &[TRUCK], receiving.clone());
    village.say("receiving/1", "batch:farm.a", &[], &[SHOP], receiving.clone()).expect("receiving");
    refused(&mut village, Code::Unknown, "receiving/1", "batch:farm.a", &[], &[SHOP], receiving);
}

#[test]
fn an_output_lot_is_new_and_the_makers_own() {
    let mut village = harvested();
    let onto_itself = data::packing(&[("batch:farm.a", 100)], "batch:farm.a", 99);
    refused(&mut village, Code::Right, "packing/1", "batch:farm.a", &[], &[FARM], onto_itself);
    let foreign = data::packing(&[("batch:farm.a", 100)], "batch:shop.p", 99);
    refused(&mut village, Code::Right, "packing/1", "batch:shop.p", &["batch:farm.a"], &[FARM], foreign);
    let again = data::harvest(&["crop:farm.y2026"], 100);
    refused(&mut village, Code::Right, "harvest/1", "batch:farm.a", &["crop:farm.y2026"], &[FARM], again);
}

#[test]
fn a_small_farm_may_log_everything_on_the_lot() {
    let mut village = village();
    village.say("planting/1", "batch:farm.c", &[], &[FARM], data::planting()).expect("planting");
    village.say("input/1", "batch:farm.c", &[], &[FARM], data::input()).expect("input");
    let harvest = data::harvest(&["plot:farm.east"], 10);
    village.say("harvest/1", "batch:farm.c", &["plot:farm.east"], &[FARM], harvest.clone()).expect("harvest");
    refused(&mut village, Code::Right, "harvest/1", "batch:farm.c", &["plot:farm.east"], &[FARM], harvest);
}

#[test]
fn nobody_writes_on_chains_that_the_statement_does_not_speak_of() {
    let mut village = harvested();
    let inspection = data::inspection("lab", "pass");
    refused(&mut village, Code::Form, "inspection/1", "batch:farm.a", &["org:shop"], &[LAB], inspection);
}

#[test]
fn a_kind_speaks_only_about_its_own_sort_of_subject() {
    let mut village = village();
    let harvest = data::harvest(&["plot:farm.east"], 10);
    refused(&mut village, Code::Form, "harvest/1", "crop:farm.y2026", &["plot:farm.east"], &[FARM], harvest);
    refused(&mut village, Code::Form, "plot.register/1", "crop:farm.z", &[], &[FARM], data::plot());
    refused(&mut village, Code::Form, "planting/1", "plot:farm.east", &[], &[FARM], data::planting());
}

#[test]
fn a_report_is_one_of_the_statements_attachments() {
    let mut village = harvested();
    let mut statement =
        village.statement("inspection/1", "batch:farm.a", &[], &[LAB], data::inspection("lab", "pass"));
    statement["data"]["report_file"] = json!(suyuan::merkle::Hash::of(b"another"));
    assert_eq!(village.apply(&statement, &["lab-key"]).expect_err("no such attachment").0, Code::Form);
}

#[test]
fn a_correction_names_the_current_version_and_keeps_every_lot() {
    let mut village = harvested();
    let harvest =
        village.state.reader().chain(&"batch:farm.a".parse().expect("subject"), u64::MAX).expect("chain")[0];
    let original = village.state.reader().entry(harvest).expect("entry").leaf();
    let touches = ["crop:farm.y2026"];
    let correct = |village: &mut Village, leaf, data: serde_json::Value| {
        let data = json!({"reason": "typo", "data": data});
        let mut statement = village.statement("correction/1", "batch:farm.a", &touches, &[FARM], data);
        statement["corrects"] = json!(leaf);
        village.apply(&statement, &["farm-key"])
    };
    let first = correct(&mut village, original, data::harvest(&touches, 90)).expect("first correction");
    let stale = correct(&mut village, original, data::harvest(&touches, 80)).expect_err("stale");
    assert_eq!(stale.0, Code::StaleCorrection);
    let second = correct(&mut village, first.leaf, data::harvest(&touches, 80)).expect("second correction");
    let other_lots =
        json!({"from": ["crop:farm.y2026", "crop:farm.y2026"], "quantity": village::quantity(80)});
    let elsewhere = correct(&mut village, second.leaf, other_lots).expect_err("other lots");
    assert_eq!(elsewhere.0, Code::Form);
}

#[test]
fn the_same_id_with_another_payload_is_a_conflict_and_another_organisations_is_not() {
    let mut village = harvested();
    let mut first = village.statement("input/1", "crop:farm.y2026", &[], &[FARM], data::input());
    village.apply(&first, &["farm-key"]).expect("input");
    first["recorded_at"] = json!("2026-06-01T09:00:00+08:00");
    assert_eq!(village.apply(&first, &["farm-key"]).expect_err("conflict").0, Code::Conflict);
    let mut other =
        village.statement("inspection/1", "batch:farm.a", &[], &[LAB], data::inspection("lab", "pass"));
    other["id"] = first["id"].clone();
    village.apply(&other, &["lab-key"]).expect("another organisation's id never collides");
}

#[test]
fn a_phones_chain_waits_for_what_is_missing_and_refuses_forks() {
    let mut village = village();
    let at = |village: &mut Village, n: u64, prev: suyuan::merkle::Hash| {
        let mut statement = village.statement("input/1", "crop:farm.y2026", &[], &[FARM], data::input());
        statement["device"] = json!({"n": n, "prev": prev});
        let payload = village.sign(&statement, &["farm-key"]).1.payload_hash;
        (village.apply(&statement, &["farm-key"]).map_err(|(code, _)| code), payload)
    };
    let zero = suyuan::merkle::Hash::ZERO;
    assert_eq!(at(&mut village, 1, suyuan::merkle::Hash::of(b"later")).0, Err(Code::DeviceGap));
    let (first, payload) = at(&mut village, 0, zero);
    first.expect("first");
    assert_eq!(at(&mut village, 0, zero).0, Err(Code::DeviceFork));
    at(&mut village, 1, payload).0.expect("second");
}

#[test]
fn keys_are_added_by_their_own_organisation_with_proof_of_possession() {
    let mut village = village();
    let subject = format!("key:{}", key_id("phone"));
    let add = |scope: serde_json::Value| json!({"public_key": public_hex("phone"), "scope": scope});
    let kinds = json!({"kinds": ["harvest", "input"]});
    refused(&mut village, Code::Right, "org.key.add/1", &subject, &[], &[FARM], add(kinds.clone()));
    let stranger = [("farm", "farm", "phone"), ("lab", "lab", "lab-key")];
    refused(&mut village, Code::Right, "org.key.add/1", &subject, &[], &stranger, add(kinds.clone()));
    let phone: By<'_> = ("farm", "farm", "phone");
    village.say("org.key.add/1", &subject, &[], &[FARM, phone], add(kinds)).expect("a phone");
    village.say("input/1", "crop:farm.y2026", &[], &[phone], data::input()).expect("within its scope");
    refused(&mut village, Code::Right, "planting/1", "crop:farm.y2026", &[], &[phone], data::planting());
    let other = json!({"public_key": public_hex("other"), "scope": {"admin": true}});
    let two = [phone, ("farm", "farm", "other")];
    refused(
        &mut village,
        Code::Right,
        "org.key.add/1",
        &format!("key:{}", key_id("other")),
        &[],
        &two,
        other,
    );

    let revoke = json!({"reason": "lost"});
    village
        .say("org.key.revoke/1", &subject, &[], &[phone], revoke.clone())
        .expect("a phone takes itself out");
    refused(&mut village, Code::Right, "input/1", "crop:farm.y2026", &[], &[phone], data::input());
    refused(
        &mut village,
        Code::Right,
        "org.key.add/1",
        &subject,
        &[],
        &[FARM, phone],
        json!({"public_key": public_hex("phone"), "scope": {"admin": true}}),
    );
    let last = format!("key:{}", key_id("farm-key"));
    refused(&mut village, Code::Right, "org.key.revoke/1", &last, &[], &[FARM], revoke);
}

#[test]
fn a_recovery_is_the_registrars_public_and_late() {
    let mut village = village();
    let subject = format!("key:{}", key_id("rescue"));
    let data = json!({"public_key": public_hex("rescue"), "scope": {"admin": true},
        "recovery": {"org": "org:farm", "reason": "lost", "delay_hours": 48}});
    let registrar: By<'_> = ("registrar", "registrar", "registrar-1");
    let rescue: By<'_> = ("farm", "farm", "rescue");
    refused(
        &mut village,
        Code::Right,
        "org.key.add/1",
        &subject,
        &["org:farm"],
        &[FARM, rescue],
        data.clone(),
    );
    village.say("org.key.add/1", &subject, &["org:farm"], &[registrar, rescue], data).expect("recovery");
    refused(&mut village, Code::Right, "input/1", "crop:farm.y2026", &[], &[rescue], data::input());
    village.at += 48 * 3_600_000;
    village.say("input/1", "crop:farm.y2026", &[], &[rescue], data::input()).expect("after the delay");
}

#[test]
fn plots_confine_a_key() {
    let mut village = village();
    village.say("plot.register/1", "plot:farm.west", &[], &[FARM], data::plot()).expect("plot");
    let picker: By<'_> = ("farm", "farm", "picker");
    let data = json!({"public_key": public_hex("picker"), "scope": {"kinds": ["grading", "harvest"]}, "plots": ["farm.east"]});
    village
        .say("org.key.add/1", &format!("key:{}", key_id("picker")), &[], &[FARM, picker], data)
        .expect("key");
    let west = data::harvest(&["plot:farm.west"], 10);
    refused(&mut village, Code::Right, "harvest/1", "batch:farm.w", &["plot:farm.west"], &[picker], west);
    let both = data::harvest(&["crop:farm.y2026", "plot:farm.west"], 10);
    refused(
        &mut village,
        Code::Right,
        "harvest/1",
        "batch:farm.w",
        &["crop:farm.y2026", "plot:farm.west"],
        &[picker],
        both,
    );
    let east = data::harvest(&["crop:farm.y2026"], 10);
    village.say("harvest/1", "batch:farm.e", &["crop:farm.y2026"], &[picker], east).expect("on its plot");
    let grading = data::grading(&[("batch:farm.e", 10)], &[("batch:farm.g", 9)]);
    refused(&mut village, Code::Right, "grading/1", "batch:farm.g", &["batch:farm.e"], &[picker], grading);
}

#[test]
fn only_the_registrar_registers_and_roles_bind() {
    let mut village = village();
    let data = json!({"name": "假冒", "roles": ["lab"], "keys": [{"public_key": public_hex("x")}],
        "identity": {"checked_by": "farm", "method": "video", "date": "2026-01-05"}});
    let touched = format!("key:{}", key_id("x"));
    let by = [FARM, ("x", "lab", "x")];
    refused(&mut village, Code::Right, "org.register/1", "org:x", &[&touched], &by, data);
    refused(
        &mut village,
        Code::Right,
        "planting/1",
        "crop:farm.y2026",
        &[],
        &[("farm", "coop", "farm-key")],
        data::planting(),
    );
    refused(
        &mut village,
        Code::Right,
        "planting/1",
        "crop:farm.y2026",
        &[],
        &[("lab", "farm", "farm-key")],
        data::planting(),
    );
    let suspend = json!({"status": "suspended"});
    village
        .say("org.update/1", "org:farm", &[], &[("registrar", "registrar", "registrar-2")], suspend)
        .expect("suspend");
    refused(&mut village, Code::Right, "input/1", "crop:farm.y2026", &[], &[FARM], data::input());
    refused(&mut village, Code::Right, "org.update/1", "org:lab", &[], &[LAB], json!({"name": "另一个名字"}));
    village
        .say("org.update/1", "org:lab", &[], &[LAB], json!({"contact": sealed("phone")}))
        .expect("its own contact");
}

#[test]
fn a_stolen_key_goes_even_when_it_is_confined_or_its_organisation_suspended() {
    let mut village = village();
    let picker: By<'_> = ("farm", "farm", "picker");
    let subject = format!("key:{}", key_id("picker"));
    let data =
        json!({"public_key": public_hex("picker"), "scope": {"kinds": ["harvest"]}, "plots": ["farm.east"]});
    village.say("org.key.add/1", &subject, &[], &[FARM, picker], data).expect("key");
    let suspend = json!({"status": "suspended"});
    let registrar: By<'_> = ("registrar", "registrar", "registrar-2");
    village.say("org.update/1", "org:farm", &[], &[registrar], suspend).expect("suspension");
    village
        .say("org.key.revoke/1", &subject, &[], &[picker], json!({"reason": "stolen"}))
        .expect("revocation");
}

#[test]
fn a_statement_for_another_ledger_or_under_a_wrong_signature_is_refused() {
    let mut village = village();
    let mut statement = village.statement("input/1", "crop:farm.y2026", &[], &[FARM], data::input());
    statement["ledger"] = json!(suyuan::merkle::Hash::of(b"elsewhere"));
    assert_eq!(village.apply(&statement, &["farm-key"]).expect_err("replay").0, Code::WrongLedger);

    let statement = village.statement("input/1", "crop:farm.y2026", &[], &[FARM], data::input());
    let mut record = village.draft(&statement, &["farm-key"]);
    record.envelope.signatures[0].sig[3] ^= 1;
    let before = village.dump();
    assert!(village.state.apply(&Entry::Record(Box::new(record))).is_err());
    assert_eq!(village.dump(), before);
}

#[test]
fn what_the_schema_refuses_leaves_nothing_behind() {
    let mut village = village();
    let mut input = data::input();
    input["operator"] = json!("张三");
    refused(&mut village, Code::Form, "input/1", "crop:farm.y2026", &[], &[FARM], input);
    refused(&mut village, Code::Form, "dance/1", "crop:farm.y2026", &[], &[FARM], json!({}));
    refused(
        &mut village,
        Code::Form,
        "ledger.rules/1",
        "ledger:",
        &[],
        &[("registrar", "registrar", "registrar-1")],
        json!({"rules": 2}),
    );
}
