//! `suyuan submit`.

use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::program::Place;
use crate::service::Service;

fn place() -> (Place, Service) {
    let (place, ledger) = (Place::new(), Ledger::with_farm());
    place.write("trust.json", ledger.trust());
    place.write("farm.pem", Ledger::farm_pem());
    (place, Service::of(ledger))
}

/// Signs forms and leaves them in `signed.ndjson`.
fn sign(place: &Place, forms: &[Value]) {
    let input: String = forms.iter().map(|form| format!("{form}\n")).collect();
    let args = ["sign", "--key", "farm.pem=farm/farm", "--trust", "trust.json"];
    place.write("signed.ndjson", place.run_with(&args, &[], &input).expect(0).stdout);
}

fn plot(name: &str) -> Value {
    json!({
        "kind": "plot.register/1",
        "subject": format!("plot:farm.{name}"),
        "occurred_at": "2026-11-22",
        "data": {
            "name": name,
            "area": {"entered": "10", "unit": "mu"},
            "crop": "苹果",
            "variety": "红富士",
            "declared_yield": {"entered": "20", "unit": "t"},
        },
    })
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn statements_get_receipts_and_files_follow() {
    let (place, service) = place();
    place.write("photo.jpg", "picture");
    let mut form = plot("b1");
    form["attach"] = json!(["photo.jpg"]);
    sign(&place, &[form, plot("b2")]);
    let args = ["submit", "--to", service.url(), "signed.ndjson", "--receipts", "receipts"];
    let ran = place.run(&args).expect(0);
    let answers = lines(&ran.stdout);
    assert_eq!(answers.iter().filter(|answer| answer["ok"] == true).count(), 2, "{}", ran.stdout);
    assert_eq!(ran.stderr.trim_end(), "2 accepted");
    let blobs: Vec<Vec<u8>> = service.with(|shared| shared.blobs.values().cloned().collect());
    assert_eq!(blobs, [b"picture".to_vec()]);
    let receipt = format!("receipts/{}.tlog-proof", answers[1]["seq"]);
    place.run(&["verify", &receipt, "--trust", "trust.json"]).expect(0);
}

#[test]
fn sending_again_doubles_nothing_and_the_state_file_spares_the_way() {
    let (place, service) = place();
    sign(&place, &[plot("b1"), plot("b2")]);
    let args = ["submit", "--to", service.url(), "signed.ndjson", "--state", "state"];
    let first = lines(&place.run(&args).expect(0).stdout);
    let requests = service.with(|shared| shared.requests.len());
    let ran = place.run(&args).expect(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.trim_end()), ("", "0 accepted, 2 had been accepted before"));
    assert_eq!(service.with(|shared| shared.requests.len()), requests);
    // Without it, the service says where they stand.
    let again = lines(&place.run(&["submit", "--to", service.url(), "signed.ndjson"]).expect(0).stdout);
    assert_eq!(again[1]["seq"], first[1]["seq"]);
    place.write("state", "shopping list\n");
    place.run(&args).could_not("not a state file");
}

#[test]
fn a_refusal_stops_nobody_else() {
    let (place, service) = place();
    sign(&place, &[plot("b1"), plot("b1"), plot("b2")]);
    let ran = place.run(&["submit", "--to", service.url(), "signed.ndjson"]).expect(1);
    let ok: Vec<bool> = lines(&ran.stdout).iter().map(|answer| answer["ok"] == true).collect();
    assert_eq!(ok, [true, false, true], "{}", ran.stdout);
    assert!(ran.stderr.ends_with("2 accepted, 1 REFUSED\n"), "{}", ran.stderr);
}

#[test]
fn a_busy_service_is_waited_for_and_one_that_is_away_is_said() {
    let (place, service) = place();
    sign(&place, &[plot("b1")]);
    service.with(|shared| shared.busy = 3);
    place.run(&["submit", "--to", service.url(), "signed.ndjson"]).expect(0);
    place.run(&["submit", "--to", "trace.example.org", "signed.ndjson"]).could_not("is not an address");
    place.run(&["submit", "--to", service.url(), "nothing.ndjson"]).could_not("cannot read nothing.ndjson");
    place.write("other.json", "{\"a\":1}");
    place.run(&["submit", "--to", service.url(), "other.json"]).could_not("other.json, statement 1");
}

#[test]
fn what_was_said_is_corrected_and_taken_back_with_all_that_must_not_change() {
    let (place, service) = place();
    let submit = |forms: &[Value], code: i32| {
        sign(&place, forms);
        let ran = place.run(&["submit", "--to", service.url(), "signed.ndjson"]).expect(code);
        lines(&ran.stdout).remove(0)
    };
    let new =
        |kind: &str, of: &Value| place.run(&["new", kind, "--of", &of.to_string(), "--from", service.url()]);
    let plot = submit(&[plot("b1")], 0);
    let season = json!({
        "kind": "crop.open/1", "subject": "crop:farm.c1", "occurred_at": "2026-11-22",
        "data": {"plot": "plot:farm.b1", "crop": "苹果", "variety": "红富士", "season": "2026"},
    });
    let season = submit(&[season], 0);

    let mut correction = new("correction", &season["seq"]).expect(0).json();
    assert_eq!(correction["corrects_kind"], "crop.open/1");
    assert_eq!(correction["touches"], json!(["plot:farm.b1"]));
    correction["data"]["reason"] = json!("typo");
    correction["data"]["data"]["variety"] = json!("嘎啦");
    let corrected = submit(&[correction], 0);

    let mut withdrawal = new("withdrawal", &corrected["seq"]).expect(0).json();
    assert_eq!(withdrawal["data"]["withdraws"], corrected["leaf"]);
    assert_eq!(
        (&withdrawal["subject"], &withdrawal["touches"]),
        (&json!("crop:farm.c1"), &json!(["plot:farm.b1"]))
    );
    withdrawal["data"]["reason"] = json!("made_in_error");
    let withdrawn = submit(&[withdrawal.clone()], 0);
    let again = submit(&[withdrawal], 1);
    assert!(again.to_string().contains("already withdrawn"), "{again}");

    // A correction of a correction: of which kind the first of them is, somebody has to say.
    let again = new("correction", &corrected["seq"]).expect(0).json();
    assert_eq!((&again["corrects_kind"], &again["data"]["data"]["variety"]), (&json!(""), &json!("嘎啦")));
    new("correction", &withdrawn["seq"]).could_not("withdrawal/1 cannot be corrected");
    new("withdrawal", &withdrawn["seq"]).could_not("withdrawal/1 cannot be withdrawn");
    new("harvest", &plot["seq"]).could_not("for a correction or a withdrawal");
    new("withdrawal", &json!(1)).could_not("org.register/1 cannot be withdrawn");
    new("withdrawal", &json!(2)).could_not("is no statement");
    new("withdrawal", &json!(99)).could_not("404");
    place.run(&["new", "withdrawal", "--of", "3"]).could_not("--from URL or --dir DIR");
}
