//! `suyuan new`, `suyuan sign` and `suyuan org`: from a form to an envelope that a ledger takes.

use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::program::Place;

const FARM: &str = "farm.pem=farm/farm";

fn place() -> (Place, Ledger) {
    let (place, ledger) = (Place::new(), Ledger::with_farm());
    place.write("trust.json", ledger.trust());
    place.write("farm.pem", Ledger::farm_pem());
    place.write("registrar.pem", Ledger::registrar_pem());
    (place, ledger)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A plot's registration, filled in.
fn plot(name: &str) -> Value {
    json!({
        "kind": "plot.register/1",
        "subject": format!("plot:farm.{name}"),
        "occurred_at": "2026-11-22",
        "place": {"village": "北坡村", "gps": {"lat": "39.8", "lon": "114.5"}},
        "data": {
            "name": name,
            "area": {"entered": "10", "unit": "mu"},
            "crop": "苹果",
            "variety": "红富士",
            "declared_yield": {"entered": "20", "unit": "t"},
        },
    })
}

#[test]
fn every_kind_has_a_form_and_an_unfilled_one_is_not_signed() {
    let (place, _) = place();
    let kinds = place.run(&["new", "--list"]).expect(0).stdout;
    assert_eq!(kinds.lines().count(), 32, "{kinds}");
    for kind in kinds.lines() {
        let form = place.run(&["new", kind, "--batch", "farm.lot1"]).expect(0).json();
        assert_eq!(form["kind"], format!("{kind}/1"));
        assert_eq!(form["subject"], "batch:farm.lot1");
        place.write("form.json", form.to_string());
        let ran = place.run(&["sign", "--key", FARM, "--trust", "trust.json", "form.json"]).expect(2);
        assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{kind}: {}", ran.stderr);
    }
    place.run(&["new", "holiday"]).could_not("there is no kind holiday");
    place.run(&["new", "harvest", "--batch", "Farm.Lot"]).could_not("not the id of a lot");
}

#[test]
fn what_is_signed_is_taken_and_its_sealed_values_open() {
    let (place, mut ledger) = place();
    place.write("plot.json", plot("b1").to_string());
    let ran = place.run(&["sign", "--key", FARM, "--trust", "trust.json", "plot.json"]).expect(0);
    let [line] = &lines(&ran.stdout)[..] else { panic!("{}", ran.stdout) };
    let opened: Vec<&str> =
        line["openings"].as_array().unwrap().iter().filter_map(|o| o["pointer"].as_str()).collect();
    assert_eq!(opened, ["/place/gps"], "{line}");
    assert!(!ran.stdout.contains("missing"));
    ledger.submit(line).unwrap();
}

#[test]
fn many_statements_are_signed_in_one_go_or_none() {
    let (place, mut ledger) = place();
    let season: String = ["a", "b", "c"].iter().map(|name| format!("{}\n", plot(name))).collect();
    let args = ["sign", "--key", FARM, "--trust", "trust.json"];
    let ran = place.run_with(&args, &[], &season).expect(0);
    let signed = lines(&ran.stdout);
    assert_eq!(signed.len(), 3);
    for line in &signed {
        ledger.submit(line).unwrap();
    }
    let broken = season.replacen("plot:farm.c", "plot:Farm.c", 1);
    place.run_with(&args, &[], &broken).could_not("stdin, statement 3");
    place.run_with(&args, &[], &format!("{season}{{")).could_not("stdin, statement 4: not JSON");
    place.run_with(&args, &[], "").could_not("no statement");
    place.run_with(&args, &[], "[]").could_not("a statement is a JSON object");
    place.run_with(&["sign", "--key", FARM], &[], &season).could_not("which ledger?");
    place
        .run_with(&["sign", "--key", "farm.pem", "--trust", "trust.json"], &[], &season)
        .could_not("for whom");
    place.run_with(&["sign", "--key", "nothing.pem=farm/farm"], &[], &season).could_not("nothing.pem");
}

#[test]
fn files_are_hashed_and_listed() {
    let (place, mut ledger) = place();
    place.write("北坡.jpg", "picture");
    let mut form = plot("b1");
    form["attach"] = json!(["北坡.jpg", {"file": "北坡.jpg", "type": "image/png", "in_app": true}]);
    place.write("plot.json", form.to_string());
    let args = ["sign", "--key", FARM, "--trust", "trust.json", "plot.json"];
    let line = place.run(&args).expect(0).json();
    ledger.submit(&line).unwrap();
    let files = line["files"].as_array().unwrap();
    assert_eq!((files.len(), files[0]["type"].as_str()), (2, Some("image/jpeg")));
    assert_ne!(files[0]["commitment"], files[1]["commitment"], "each has its own salt");

    form["attach"] = json!(["gone.jpg"]);
    place.write("plot.json", form.to_string());
    place.run(&args).could_not("gone.jpg");
    place.write("empty.jpg", "");
    form["attach"] = json!(["empty.jpg"]);
    place.write("plot.json", form.to_string());
    place.run(&args).could_not("empty.jpg is empty");
    place.write("odd.exe", "x");
    form["attach"] = json!(["odd.exe"]);
    place.write("plot.json", form.to_string());
    place.run(&args).could_not("odd.exe: say its \"type\"");
}

#[test]
fn an_organisation_is_registered_with_both_keys_here_or_by_invitation() {
    let (place, mut ledger) = place();
    for key in ["lab.pem", "coop.pem"] {
        place.run(&["key", "new", "--out", key, "--no-passphrase"]).expect(0);
    }
    let register = ["org", "register", "lab", "--name", "检测所", "--roles", "lab", "--method", "document"];
    let keys = ["--key", "registrar.pem", "--new-key", "lab.pem", "--trust", "trust.json", "--phone", "123"];
    let line = place.run(&[&register[..], &keys].concat()).expect(0).json();
    assert_eq!(line["openings"][0]["value"], json!({"phone": "123"}));
    ledger.submit(&line).unwrap();

    let invite =
        ["org", "invite", "coop", "--name", "合作社", "--roles", "farm,coop", "--method", "in_person"];
    let invite = [&invite[..], &["--key", "registrar.pem", "--trust", "trust.json"]].concat();
    place.write("invite.json", place.run(&invite).expect(0).stdout);
    let half = place.run(&["sign", "--key", "coop.pem", "invite.json"]).expect(0);
    assert!(half.stderr.contains("still lack signatures"), "{}", half.stderr);
    assert_eq!(half.json()["missing"].as_array().unwrap().len(), 1);
    place.write("half.json", &half.stdout);
    place.run(&["submit", "--to", "http://127.0.0.1:9", "half.json"]).could_not("must sign it first");
    place.run(&["sign", "--key", "lab.pem", "half.json"]).could_not("none of the given keys");
    let whole = place.run(&["sign", "--key", "registrar.pem", "half.json"]).expect(0).json();
    assert_eq!(whole["missing"], Value::Null);
    ledger.submit(&whole).unwrap();
}

#[test]
fn keys_are_added_and_revoked() {
    let (place, mut ledger) = place();
    place.run(&["key", "new", "--out", "phone.pem", "--no-passphrase"]).expect(0);
    let add = ["org", "add-key", "--key", FARM, "--new-key"];
    let rest = ["--kinds", "plot.register,harvest", "--holder", "张三", "--trust", "trust.json"];
    let here = place.run(&[&add[..], &["phone.pem"], &rest].concat()).expect(0);
    assert!(!here.stdout.contains("missing"));
    // The phone lies elsewhere: its public key is enough to begin.
    let half = place.run(&[&add[..], &["phone.pub"], &rest].concat()).expect(0);
    place.write("half.json", &half.stdout);
    let whole = place.run(&["sign", "--key", "phone.pem", "half.json"]).expect(0).json();
    assert_eq!(whole["openings"][0]["value"], "张三");
    ledger.submit(&whole).unwrap();

    place.write("plot.json", plot("b1").to_string());
    let sign = ["sign", "--key", "phone.pem=farm/farm", "--trust", "trust.json", "plot.json"];
    ledger.submit(&place.run(&sign).expect(0).json()).unwrap();
    let id = place.run(&["key", "show", "phone.pub", "--json"]).json()["key_id"].as_str().unwrap().to_owned();
    let revoke = ["org", "revoke-key", &id, "--reason", "lost", "--key", FARM, "--trust", "trust.json"];
    ledger.submit(&place.run(&revoke).expect(0).json()).unwrap();
    place.write("plot.json", plot("b2").to_string());
    let (class, why) = ledger.submit(&place.run(&sign).expect(0).json()).unwrap_err();
    assert_eq!(class, "permanent", "{why}");
}

/// The examples that every schema takes are what people will write: `sign` takes them too.
#[test]
fn the_examples_of_every_kind_about_produce_are_signed() {
    let (place, _) = place();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/statements");
    for (kind, subject) in [
        ("enforcement", "org:farm"),
        ("guarantee", "batch:farm.lot1"),
        ("hold", "batch:farm.lot1"),
        ("irrigation", "crop:farm.c1"),
        ("observation", "crop:farm.c1"),
        ("release", "batch:farm.lot1"),
        ("rules.set", "ledger:"),
        ("sale", "batch:farm.lot1"),
        ("sign-off", "batch:farm.lot1"),
        ("withdrawal", "batch:farm.lot1"),
    ] {
        let text = std::fs::read_to_string(format!("{folder}/{kind}-1.json")).unwrap();
        let cases: Value = serde_json::from_str(&text).unwrap();
        for data in cases["good"].as_array().unwrap() {
            let form =
                json!({"kind": cases["kind"], "subject": subject, "occurred_at": "2026-11-22", "data": data});
            let sign = ["sign", "--key", FARM, "--trust", "trust.json"];
            let signed = lines(&place.run_with(&sign, &[], &form.to_string()).expect(0).stdout);
            assert!(signed[0].get("missing").is_none(), "{kind}");
        }
    }
}

/// What is seldom needed but hard to guess stands in the form; left empty it is left out.
#[test]
fn forms_offer_what_a_hold_and_its_release_may_name() {
    let (place, _) = place();
    let sign = ["sign", "--key", FARM, "--trust", "trust.json"];
    for (kind, offered, code) in [("hold", "causes", "precaution"), ("release", "test", "records_checked")] {
        let mut form = place.run(&["new", kind, "--batch", "farm.lot1"]).expect(0).json();
        assert!(form["data"].get(offered).is_some(), "{form}");
        let said = if kind == "hold" { "reason" } else { "basis" };
        form["data"][said] = json!(code);
        if kind == "release" {
            form["data"]["lifts"] = json!(["ab".repeat(32)]);
        }
        let signed = lines(&place.run_with(&sign, &[], &form.to_string()).expect(0).stdout);
        assert!(signed[0].get("missing").is_none(), "{kind}");
    }
}
