//! The whole way with the real service: init, serve, register, sign, submit, bundle, verify, audit.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::program::Place;

pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
}

impl Served {
    pub(crate) fn of(place: &Place, dir: &str) -> Served {
        let mut child = Command::new(env!("CARGO_BIN_EXE_suyuan"))
            .args(["serve", "--dir", dir, "--listen", "127.0.0.1:0", "--set", "workers=1"])
            .current_dir(place.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("it says where it listens").to_owned();
        Served { child, url }
    }

    /// SIGTERM, and waits: the ledger's files are free afterwards.
    pub(crate) fn stop(mut self) -> i32 {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn from_an_empty_directory_to_a_verified_harvest() {
    let place = Place::new();
    let origin = ["--origin", "test.example/log", "--public-url", "http://127.0.0.1:8080", "--no-passphrase"];
    place.run(&[&["init", "--dir", "led"][..], &origin].concat()).expect(0);
    let served = Served::of(&place, "led");
    let (url, trust) = (served.url.as_str(), ["--trust", "led/trust.json"]);
    let submit = |line: String| {
        let ran = place.run_with(&["submit", "--to", url, "--receipts", "receipts"], &[], &line).expect(0);
        serde_json::from_str::<serde_json::Value>(ran.stdout.lines().next().unwrap()).unwrap()
    };

    place.run(&["key", "new", "--out", "farm.pem", "--no-passphrase"]).expect(0);
    let register =
        ["org", "register", "farm", "--name", "青禾农场", "--roles", "farm", "--method", "in_person"];
    let keys = ["--key", "led/keys/registrar-1.pem", "--new-key", "farm.pem"];
    submit(place.run(&[&register[..], &keys, &trust].concat()).expect(0).stdout);

    // A whole season on the lot itself.
    place.write("photo.jpg", "picture");
    let planting = json!({
        "kind": "planting/1", "subject": "batch:farm.lot1", "occurred_at": "2026-03-01", "visibility": "public",
        "attach": ["photo.jpg"],
        "data": {"crop": "黄瓜", "variety": "津优", "area": {"entered": "1", "unit": "mu"}, "action": "transplanting", "seed_source": "县种子站",
            "quantity": {"entered": "2000", "unit": "plant"}},
    });
    let sign = ["sign", "--key", "farm.pem=farm/farm"];
    let signed = place.run_with(&[&sign[..], &trust].concat(), &[], &planting.to_string());
    assert_eq!(signed.code, 0, "{}", signed.stderr);
    let first = submit(signed.stdout.clone());
    assert_eq!(submit(signed.stdout)["seq"], first["seq"], "the same again has the same place");

    let receipt = format!("receipts/{}.tlog-proof", first["seq"]);
    place.run(&[&["verify", &receipt][..], &trust].concat()).expect(0);
    place.run(&["bundle", "farm.lot1", "--from", url, "--out", "lot1.bundle"]).expect(0);
    place.run(&[&["verify", "lot1.bundle"][..], &trust].concat()).expect(0);
    let against = ["verify", "--receipt", &receipt, "--against", "lot1.bundle"];
    let ran = place.run(&[&against[..], &trust].concat());
    assert!(ran.code == 0 || ran.stderr.contains("says nothing"), "{}{}", ran.stdout, ran.stderr);
    let story = place.run(&["trace", "farm.lot1", "--from", url]).expect(0).stdout;
    assert!(story.contains("planting/1") && story.contains("青禾农场 as farm"), "{story}");
    place.run(&["trace", "farm.none", "--from", url]).could_not("404");
    let graph = place.run(&["trace", "farm.lot1", "--graph", "--from", url]).expect(0).stdout;
    assert!(graph.contains("batch:farm.lot1") && graph.contains("planted"), "{graph}");
    let graph = place.run(&["trace", "farm.lot1", "--graph", "--json", "--from", url]).expect(0).stdout;
    let forward = place.run(&["trace", "farm.lot1", "--forward", "--from", url]).expect(0).stdout;
    assert!(!forward.contains("->"), "nothing was made of it: {forward}");
    place.run(&[&["audit", "--from", url][..], &trust].concat()).expect(0);
    place.run(&["fsck", "--dir", "led"]).could_not("in use");
    assert_eq!(served.stop(), 0);

    // The same from the directory, now that nobody serves it.
    place.run(&["fsck", "--dir", "led"]).expect(0);
    place.run(&[&["audit", "--dir", "led"][..], &trust].concat()).expect(0);
    place.run(&["trace", "farm.lot1", "--dir", "led", "--json"]).expect(0);
    let local = place.run(&["trace", "farm.lot1", "--dir", "led", "--graph", "--json"]).expect(0).stdout;
    let nodes = |graph: &str| serde_json::from_str::<serde_json::Value>(graph).unwrap()["nodes"].clone();
    assert_eq!(nodes(&local), nodes(&graph), "the directory tells the same");
    place.run(&["bundle", "farm.lot1", "--dir", "led", "--out", "again.bundle"]).expect(0);
    place.run(&[&["verify", "again.bundle"][..], &trust].concat()).expect(0);
    let leaf = first["leaf"].as_str().unwrap();
    place.run(&["erase", leaf, "/attachments/0", "--dir", "led"]).could_not("--confirm");
    place.run(&["erase", leaf, "/attachments/0", "--dir", "led", "--confirm"]).expect(0);
    place.run(&["erase", leaf, "/attachments/0", "--dir", "led", "--confirm"]).could_not("nothing is kept");
    let list = place.run(&["erase", leaf, "--list", "--dir", "led", "--json"]).expect(0).json();
    assert_eq!(list["erased"], json!(["/attachments/0"]));
    place.run(&["fsck", "--dir", "led"]).expect(0);
}

#[test]
fn a_service_that_cannot_start_says_why() {
    let place = Place::new();
    place.run(&["serve"]).could_not("dir is not set");
    place.run(&["serve", "--dir", "nothing"]).expect(2);
    let init = ["init", "--dir", "led", "--origin", "test.example/log", "--public-url", "http://x.example"];
    place.run_with(&init, &[("SUYUAN_PASSPHRASE", "p")], "").expect(0);
    place.run_with(&["serve", "--dir", "led"], &[("SUYUAN_PASSPHRASE", "q")], "").could_not("passphrase");
    let ran =
        place.run_with(&["serve", "--dir", "led", "--set", "colour=red"], &[("SUYUAN_PASSPHRASE", "p")], "");
    ran.could_not("no setting \"colour\"");
}

#[test]
fn a_demonstration_takes_made_up_rules_and_says_so_for_ever() {
    let place = Place::new();
    let origin = ["--origin", "demo.example/log", "--public-url", "http://127.0.0.1:8080", "--no-passphrase"];
    place.run(&[&["init", "--dir", "led", "--demonstration"][..], &origin].concat()).expect(0);
    let served = Served::of(&place, "led");
    let genesis = place.run(&["new", "correction", "--of", "0", "--from", &served.url]);
    genesis.could_not("genesis/1 cannot be corrected");
    let table = json!({"table": "intervals", "intervals": [{
        "actives": [{"name": "示范成分", "content": "10", "unit": "g_per_l"}], "formulation": "示范剂型",
        "crop": "示范作物", "phi_days": 3, "fictional": true,
    }]});
    place.write("table.json", table.to_string());
    let set =
        ["rules", "set", "table.json", "--key", "led/keys/registrar-1.pem", "--trust", "led/trust.json"];
    place.run(&[&set[..], &["--to", &served.url]].concat()).expect(0);
    let of_the_service =
        place.run(&["rules", "show", "intervals", "--from", &served.url, "--json"]).expect(0).json();
    assert_eq!(served.stop(), 0);
    let of_the_directory =
        place.run(&["rules", "show", "intervals", "--dir", "led", "--json"]).expect(0).json();
    assert_eq!((&of_the_service, &of_the_directory), (&table, &table));
    let listed = place.run(&["rules", "list", "--dir", "led"]).expect(0).stdout;
    assert!(listed.contains("version 1, entry 2 of the ledger"), "{listed}");
    let withdraw = |of: &str| place.run(&["new", "withdrawal", "--of", of, "--dir", "led"]);
    withdraw("2").could_not("rules.set/1 cannot be withdrawn");
    withdraw("99").could_not("entry 99 is missing");
    place.run(&["audit", "--dir", "led", "--trust", "led/trust.json"]).expect(0);
    place.run(&["fsck", "--dir", "led"]).expect(0);
}
