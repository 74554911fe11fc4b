//! `suyuan rules`: tables listed, shown, checked and set.

use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::program::{Place, Ran};
use crate::service::Service;

fn place() -> (Place, Service) {
    let (place, ledger) = (Place::new(), Ledger::with_farm());
    place.write("trust.json", ledger.trust());
    place.write("registrar.pem", Ledger::registrar_pem());
    place.write("farm.pem", Ledger::farm_pem());
    (place, Service::of(ledger))
}

fn set(place: &Place, service: &Service, table: &Value, key: &str) -> Ran {
    place.write("table.json", table.to_string());
    let args = ["rules", "set", "table.json", "--key", key, "--trust", "trust.json", "--to", service.url()];
    place.run(&args)
}

fn intervals(place: &Place) -> Value {
    place.run(&["rules", "show", "intervals", "--json"]).expect(0).json()
}

#[test]
fn the_programs_own_tables_are_listed_and_shown() {
    let place = Place::new();
    let listed = place.run(&["rules", "list", "--json"]).expect(0).json();
    assert_eq!(listed, json!({"embedded": [{"table": "intervals", "rows": 15}]}));
    assert!(place.run(&["rules", "list"]).expect(0).stdout.contains("comes with the program"));
    let shown = place.run(&["rules", "show", "intervals"]).expect(0).stdout;
    for said in [
        "Ingredient: 阿维菌素",
        "Pre-harvest interval: 7 d",
        "Most uses in a season: 1",
        "Quotation: 阿维菌素 1.8%乳油 叶菜 小菜蛾 1 7",
        "Address: http://mrc-fc.com/tech/201708/20/493.html",
        "Other names of the crop: 柑橘",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(!shown.contains("Fictional"));
    place.run(&["rules", "show", "brands"]).could_not("brings no table brands along");
    place.run(&["rules", "show", "holidays"]).could_not("there is no table holidays");
}

#[test]
fn a_table_that_is_set_counts_and_the_next_version_replaces_it() {
    let (place, service) = place();
    let from = ["--from", service.url()];
    let listed = place.run(&[&["rules", "list"][..], &from].concat()).expect(0).stdout;
    assert!(listed.contains("the ledger goes by no table yet"), "{listed}");
    place
        .run(&[&["rules", "show", "intervals"][..], &from].concat())
        .could_not("the ledger has no table intervals");

    let first = intervals(&place);
    let seq = set(&place, &service, &first, "registrar.pem").expect(0).json()["seq"].clone();
    let mut second = first.clone();
    second["intervals"].as_array_mut().unwrap().truncate(3);
    set(&place, &service, &second, "registrar.pem").expect(0);
    set(&place, &service, &json!({"table": "tunables", "tunables": {"late_hours": 72}}), "registrar.pem")
        .expect(0);

    let listed = place.run(&[&["rules", "list", "--json"][..], &from].concat()).expect(0).json();
    let ledger = listed["ledger"].as_array().unwrap();
    let said: Vec<_> = ledger.iter().map(|v| json!([v["table"], v["version"], v["rows"]])).collect();
    assert_eq!(said, [json!(["intervals", 1, 15]), json!(["intervals", 2, 3]), json!(["tunables", 1, 1])]);
    assert_eq!(ledger[0]["seq"], seq);
    let shown = place.run(&[&["rules", "show", "intervals", "--json"][..], &from].concat()).expect(0).json();
    assert_eq!(shown, second, "the newest, as `set` takes it");
    let shown = place.run(&[&["rules", "show", "tunables"][..], &from].concat()).expect(0).stdout;
    assert!(shown.contains("Late entry after: 72 h"), "{shown}");
}

#[test]
fn with_a_trust_file_only_what_is_proven_is_told() {
    let (place, service) = place();
    set(&place, &service, &intervals(&place), "registrar.pem").expect(0);
    let list = ["rules", "list", "--from", service.url(), "--trust", "trust.json"];
    place.run(&list).expect(0);
    // An operator who hides the table again, in a bundle that is else as it was.
    let path = "/api/v1/batches/registrar.rules/bundle";
    service.with(|shared| {
        let honest = shared.ledger.bundle("batch:registrar.rules");
        let mut file: Value = serde_json::from_slice(&honest).unwrap();
        let records = file["bundle"]["records"].as_array_mut().unwrap();
        let before = records.len();
        let linked = |record: &Value, subject: &str| record["links"].to_string().contains(subject);
        records.retain(|record| !linked(record, "ledger:") || record["seq"] == 0);
        assert_eq!(records.len(), before - 1);
        let bytes = serde_json::to_vec(&file["bundle"]).unwrap();
        file["sha256"] = json!(suyuan::merkle::Hash::of(&bytes));
        shared.instead.insert(path.to_owned(), serde_json::to_vec(&file).unwrap());
    });
    place.run(&["rules", "list", "--from", service.url()]).expect(0);
    place.run(&list).could_not("not proven");
    place.run(&["rules", "list", "--trust", "trust.json"]).expect(2);
}

#[test]
fn a_table_is_checked_whole_before_anything_is_sent() {
    let (place, service) = place();
    let good = intervals(&place);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut table = good.clone();
        change(&mut table);
        table
    };
    let bad: [(Value, &str); 6] = [
        (changed(&|t| drop(t["intervals"][3].as_object_mut().unwrap().remove("source"))), "/intervals/3"),
        (changed(&|t| t["intervals"][14]["phi_days"] = json!(7)), "/intervals/14"),
        (changed(&|t| t["intervals"][0]["crop"] = json!("番茄")), "番茄"),
        (changed(&|t| t["limits"] = json!([])), "/limits"),
        (changed(&|t| t["table"] = json!("wishes")), "/table"),
        (json!([]), "table.json"),
    ];
    for (table, what) in bad {
        set(&place, &service, &table, "registrar.pem").could_not(what);
    }
    place.write("table.json", "{");
    let args = ["rules", "set", "table.json", "--key", "registrar.pem", "--to", service.url()];
    place.run(&args).could_not("table.json: not JSON");
    place.write("table.json", good.to_string());
    place.run(&args).could_not("which ledger");
    let dry = ["rules", "set", "table.json", "--key", "registrar.pem", "--trust", "trust.json", "--dry-run"];
    let ran = place.run(&dry).expect(0);
    assert!(ran.stdout.contains("15 rows of intervals are right; nothing was sent"), "{}", ran.stdout);
    assert_eq!(service.with(|shared| shared.requests.clone()), Vec::<String>::new());
}

#[test]
fn the_ledger_refuses_fictional_rows_and_other_peoples_tables() {
    let (place, service) = place();
    let good = intervals(&place);
    let ran = set(&place, &service, &good, "farm.pem").expect(1);
    assert!(ran.stdout.contains("\"ok\":false"), "{}", ran.stdout);
    let mut made_up = good.clone();
    made_up["intervals"][0]["fictional"] = json!(true);
    let ran = set(&place, &service, &made_up, "registrar.pem").expect(1);
    assert!(ran.stdout.contains("genesis says demonstration"), "{}", ran.stdout);
    let listed = place.run(&["rules", "list", "--from", service.url(), "--json"]).expect(0).json();
    assert_eq!(listed["ledger"], json!([]));
}
