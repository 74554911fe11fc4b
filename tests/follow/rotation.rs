//! The log changes its key: mirrors and monitors with the old trust file go on, and raise no false alarm.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::farm::{self, Farm, Says};
use crate::mirror::{has_come_to, mirror, size};
use crate::monitor::{look, told};
use crate::program::Place;
use crate::service::{self, Client};

fn vkey(name: &str) -> String {
    let signer = suyuan::sequencer::LogSigner::new(service::ORIGIN.parse().unwrap(), farm::key(name));
    signer.verifier_keys()[0].to_string()
}

fn serving(dir: &Path) -> suyuan::http::Serving {
    let ledger = service::open(dir, Some(service::signer().and(farm::key("log-2"))));
    suyuan::http::start(service::config(dir), ledger).unwrap()
}

fn rotate(farm: &mut Farm<Client>, both_until: &str) {
    let (old, new) = (vkey("log"), vkey("log-2"));
    let message = format!("suyuan/log-key/v1\n{old}\n{new}\n{both_until}\n");
    let signed = |name: &str| STANDARD.encode(farm::key(name).sign(message.as_bytes()));
    farm.say(Says {
        kind: "ledger.key/1",
        subject: "ledger:",
        signer: ("registrar", "registrar"),
        key: Some("registrar-1"),
        occurred_at: "2026-06-16T09:00:00+08:00",
        data: json!({
            "old_vkey": old, "new_vkey": new, "both_until": both_until,
            "signature_old": signed("log"), "signature_new": signed("log-2"),
        }),
        ..Says::default()
    });
}

/// Both at once from the very commit on, or the new one alone.
fn they_go_on(both_until: &str) {
    let dir = tempfile::tempdir().unwrap();
    service::create(dir.path());
    let serving = serving(dir.path());
    let client = Client::new(serving.address);
    let (mut farm, place) = (Farm::new(client.clone()), Place::new());
    farm.season();
    place.write("trust.json", &client.trust_text());
    let url = client.url("");
    look(&place, &url, &[]).expect(0);
    let running = mirror(&place, &url, &["--trust", "trust.json"]);
    let copy = running.client();

    rotate(&mut farm, both_until);
    let ran = look(&place, &url, &[]).expect(0);
    assert_eq!(told(&ran), ["notice log-key-changed"], "{}", ran.stdout);
    assert!(ran.json()["alarms"][0]["text"].as_str().unwrap().contains(&vkey("log-2")));
    farm.register("later", "后来的合作社", "A later co-op", "coop");
    has_come_to(&copy, size(&client));
    assert_eq!(copy.get("/readyz").status, 200);
    assert!(told(&look(&place, &url, &[]).expect(0)).is_empty());
    assert_eq!(copy.get("/log/checkpoint").text(), client.get("/log/checkpoint").text());
    assert_eq!(copy.get("/log/vkey").text(), client.get("/log/vkey").text());

    // Both start anew and go on with the trust file of before.
    assert_eq!(running.stop(), 0);
    let running = mirror(&place, &url, &[]);
    let copy = running.client();
    farm.register("third", "第三家合作社", "A third co-op", "coop");
    has_come_to(&copy, size(&client));
    assert_eq!(running.stop(), 0);
    place.run(&["fsck", "--dir", "m"]).expect(0);
    // Whoever comes only now with the old file believes what the ledger itself shows of its keys.
    let late = Place::new();
    late.write("trust.json", &place_text(&place));
    late.run(&["mirror", &url, "--dir", "m", "--trust", "trust.json", "--once"]).expect(0);
    serving.stop().unwrap();
}

fn place_text(place: &Place) -> String {
    std::fs::read_to_string(place.path("trust.json")).unwrap()
}

#[test]
fn while_both_keys_sign() {
    they_go_on("2999-01-01T00:00:00Z");
}

#[test]
fn when_the_old_key_is_out_at_once() {
    they_go_on("2026-06-01T00:00:00Z");
}

#[test]
fn what_the_old_key_signs_alone_afterwards_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    service::create(dir.path());
    let serving = serving(dir.path());
    let client = Client::new(serving.address);
    let (mut farm, place) = (Farm::new(client.clone()), Place::new());
    farm.season();
    place.write("trust.json", &client.trust_text());
    rotate(&mut farm, "2026-06-01T00:00:00Z");
    let proxy = crate::proxy::Proxy::new(crate::proxy::of(client.address));
    look(&place, &proxy.url(), &[]).expect(0);
    // The thief of the old key shows the log a little further on.
    farm.register("later", "后来的合作社", "A later co-op", "coop");
    proxy.turn_to(crate::forged::Forged::of(&client).answers());
    let ran = look(&place, &proxy.url(), &[]).expect(1);
    assert_eq!(told(&ran), ["alarm bad-signature"], "{}", ran.stdout);
    serving.stop().unwrap();
}
