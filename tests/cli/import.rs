//! `suyuan import`.

use crate::ledger::Ledger;
use crate::program::Place;
use crate::service::Service;

const MAP: &str = r#"{
  "kind": "plot.register/1", "subject": "plot:farm.{地块}", "occurred_at": "{日期}",
  "data": {
    "name": "{地块}", "crop": "苹果", "variety": "{品种}",
    "area": {"entered": "{亩}", "unit": "mu"}, "declared_yield": {"entered": "{吨}", "unit": "t"},
    "holder": "{户主}"
  }
}"#;

const CSV: &str = "\u{feff}地块,日期,品种,亩,吨,户主\n\
    a1,2024-03-01,红富士,10,20,张三\n\
    a2,2024-03-02,嘎啦,3.5,7,李四\n";

fn place() -> (Place, Service) {
    let (place, ledger) = (Place::new(), Ledger::with_farm());
    place.write("trust.json", ledger.trust());
    place.write("farm.pem", Ledger::farm_pem());
    place.write("map.json", MAP);
    place.write("plots.csv", CSV);
    (place, Service::of(ledger))
}

fn args<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["import", "--csv", "plots.csv", "--map", "map.json", "--key", "farm.pem=farm/farm"];
    [&fixed[..], &["--trust", "trust.json", "--to", url], more].concat()
}

#[test]
fn a_spreadsheet_is_sent_once_however_often_it_is_imported() {
    let (place, service) = place();
    let dry = place.run(&args(service.url(), &["--dry-run"])).expect(0);
    assert_eq!(dry.stdout, "2 rows are right; nothing was sent\n");
    assert_eq!(place.files(), ["farm.pem", "map.json", "plots.csv", "trust.json"]);
    assert_eq!(service.with(|shared| shared.requests.len()), 0);
    let sent = place.run(&args(service.url(), &[])).expect(0);
    assert_eq!((sent.stdout.lines().count(), sent.stderr.trim_end()), (2, "2 accepted"));
    let again = place.run(&args(service.url(), &[])).expect(0);
    assert_eq!(again.stderr.trim_end(), "0 accepted, 2 had been accepted before");
    // A row more: the rows that are there already are refused by their ids, not doubled.
    place.write("plots.csv", format!("{CSV}a3,2024-03-03,嘎啦,1,2,李四\n"));
    let more = place.run(&args(service.url(), &[])).expect(1);
    assert_eq!(more.stderr.trim_end(), "1 accepted, 2 REFUSED", "{}", more.stdout);
}

#[test]
fn one_wrong_row_stops_all_before_anything_is_sent() {
    let (place, service) = place();
    place.write("plots.csv", format!("{CSV}a3,yesterday,嘎啦,many,2,李四\n"));
    let ran = place.run(&args(service.url(), &[])).expect(2);
    assert!(
        ran.stderr.contains("1 of 3 rows are not right") && ran.stderr.contains("line 4:"),
        "{}",
        ran.stderr
    );
    assert_eq!(service.with(|shared| shared.requests.len()), 0);
    place.write("map.json", MAP.replace("{品种}", "{sort}"));
    let ran = place.run(&args(service.url(), &[])).expect(2);
    assert!(ran.stderr.contains("there is no column \"sort\""), "{}", ran.stderr);
    place.write("plots.csv", "地块\n");
    place.run(&args(service.url(), &[])).could_not("has no rows");
}

#[test]
fn a_spreadsheet_takes_statements_back_as_well() {
    let (place, service) = place();
    let sent = place.run(&args(service.url(), &[])).expect(0);
    let mut csv = "leaf,plot,reason\n".to_owned();
    for (line, plot) in sent.stdout.lines().zip(["a1", "a2"]) {
        let taken: serde_json::Value = serde_json::from_str(line).unwrap();
        csv += &format!("{},{plot},duplicate\n", taken["leaf"].as_str().unwrap());
    }
    place.write("plots.csv", csv);
    place.write(
        "map.json",
        r#"{"kind": "withdrawal/1", "subject": "plot:farm.{plot}", "occurred_at": "2026-11-23",
            "data": {"withdraws": "{leaf}", "reason": "{reason}"}}"#,
    );
    let taken_back = place.run(&args(service.url(), &[])).expect(0);
    assert_eq!(taken_back.stderr.trim_end(), "2 accepted");
}
