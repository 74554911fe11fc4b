//! A copy, and an erasure, while the ledger is served: asked for on a socket that is its user's alone.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::farm::Farm;
use crate::ledger::{append, made, serve, size};
use crate::program::Place;

#[test]
fn a_copy_is_made_while_statements_come_in() {
    let place = Place::new();
    made(&place, "");
    let running = serve(&place, "led");
    let client = running.client();
    Farm::new(client.clone()).season();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let client = crate::service::Client::new(client.address);
            (0..30).for_each(|n| append(&client, n));
        });
        for n in 0..3 {
            place.run(&["backup", "--dir", "led", "--out", &format!("copy-{n}")]).expect(0);
        }
        writer.join().unwrap();
    });
    for n in 0..3 {
        let copy = format!("copy-{n}");
        let report = place.run(&["fsck", "--dir", &copy, "--json"]).expect(0).json();
        assert_eq!(report["ok"], true);
        assert!(!place.path(&copy).join("keys").exists() && place.path(&copy).join("restored").exists());
    }
    let again = place.run(&["backup", "--dir", "led", "--out", "copy-0"]).expect(2);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    assert_eq!(client.get("/readyz").status, 200);
    assert_eq!(running.stop(), 0);
    place.run(&["fsck", "--dir", "led"]).expect(0);
}

#[test]
fn the_socket_is_for_its_user_alone_and_a_dead_ones_is_in_nobodys_way() {
    let place = Place::new();
    made(&place, "");
    let mode = |name: &str| std::fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    let running = serve(&place, "led");
    running.client();
    assert_eq!((mode("led/control"), mode("led/control/socket")), (0o700, 0o600));
    running.kill();
    assert!(place.path("led/control/socket").exists());
    let running = serve(&place, "led");
    running.client();
    place.run(&["backup", "--dir", "led", "--out", "copy"]).expect(0);
    assert_eq!(running.stop(), 0);
    assert_eq!(place.files("led/control"), Vec::<std::path::PathBuf>::new());
    // Without a service the program makes the copy itself.
    place.run(&["backup", "--dir", "led", "--out", "another"]).expect(0);
}

#[test]
fn a_value_is_erased_while_the_ledger_is_served() {
    let place = Place::new();
    made(&place, "");
    let running = serve(&place, "led");
    let client = running.client();
    let mut farm = Farm::new(client.clone());
    farm.grow();
    let leaf = farm.input("2026-05-01", "2026-05-01T18:00:00+08:00").to_string();
    let list = || place.run(&["erase", &leaf, "--list", "--dir", "led", "--json"]).expect(0).json();
    assert_eq!(list(), json!({"kept": ["/data/operator"], "erased": []}));
    place.run(&["erase", &leaf, "/data/operator", "--dir", "led"]).expect(2);
    let before = size(&client);
    place.run(&["erase", &leaf, "/data/operator", "--dir", "led", "--confirm"]).expect(0);
    assert_eq!(list(), json!({"kept": [], "erased": ["/data/operator"]}));
    let unknown = "00".repeat(32);
    let none = place.run(&["erase", &unknown, "--list", "--dir", "led"]).expect(2);
    assert!(none.stderr.contains("there is no record"), "{}", none.stderr);
    assert_eq!(size(&client), before, "nothing of this is in the log");
    assert_eq!(running.stop(), 0);
    place.run(&["fsck", "--dir", "led"]).expect(0);
}
