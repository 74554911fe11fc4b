//! What a monitor raises an alarm for, and what it leaves alone.

use serde_json::{Value, json};

use crate::farm::{self, Farm, Says};
use crate::forged::Forged;
use crate::mirror::size;
use crate::program::{Place, Ran};
use crate::proxy::{self, Answers, Proxy};
use crate::service::{Client, Service};

/// One look of the monitor in `mon`.
pub(crate) fn look(place: &Place, url: &str, more: &[&str]) -> Ran {
    let args = ["monitor", url, "--trust", "trust.json", "--dir", "mon", "--once", "--json"];
    place.run(&[&args[..], more].concat())
}

/// Kinds and severities of the alarms that a look has found, in their order.
pub(crate) fn told(ran: &Ran) -> Vec<String> {
    let word = |alarm: &Value, member: &str| alarm[member].as_str().unwrap().to_owned();
    let alarms = ran.json()["alarms"].as_array().unwrap().clone();
    alarms.iter().map(|alarm| format!("{} {}", word(alarm, "severity"), word(alarm, "alarm"))).collect()
}

/// A place with the trust file of an orchard's service.
pub(crate) fn orchard() -> (Service, Place) {
    let (service, place) = (Service::new(), Place::new());
    service.farm().season();
    place.write("trust.json", &service.client.trust_text());
    (service, place)
}

fn update(farm: &mut Farm<Client>, org: &str, data: Value) {
    farm.say(Says {
        kind: "org.update/1",
        subject: &format!("org:{org}"),
        signer: ("registrar", "registrar"),
        key: Some("registrar-1"),
        occurred_at: "2026-06-16T09:00:00+08:00",
        data,
        ..Says::default()
    });
}

#[test]
fn honest_growth_is_no_alarm_and_a_start_goes_on_from_the_last() {
    let (service, place) = orchard();
    let url = service.client.url("");
    let ran = look(&place, &url, &["--org", "qingshan"]).expect(0);
    assert_eq!(
        (told(&ran).len(), &ran.json()["logs"][0]["size"]),
        (0, &json!(size(&service.client))),
        "{}",
        ran.stdout
    );
    Farm::known(service.client.clone(), 1_000).inspect("LAB-2", "pass");
    let ran = look(&place, &url, &["--org", "qingshan"]).expect(0);
    assert_eq!(
        (told(&ran).len(), &ran.json()["logs"][0]["size"]),
        (0, &json!(size(&service.client))),
        "{}",
        ran.stdout
    );

    // Two logs at once, of which one trust file is missing; and a log twice.
    let args = ["monitor", &url, &url, "--dir", "mon", "--once", "--trust", "trust.json"];
    assert!(place.run(&args).expect(2).stderr.contains("each log needs its trust file"));
    let ran = place.run(&[&args[..], &["--trust", "trust.json"]].concat()).expect(2);
    assert!(ran.stderr.contains("give the second as --peer"), "{}", ran.stderr);
    let refused = look(&place, &url, &["--webhook", "ftp://x"]).expect(2);
    assert!(refused.stderr.contains("begins with http:// or https://"), "{}", refused.stderr);
}

#[test]
fn what_happens_to_an_organisation_that_is_watched_is_told() {
    let (service, place) = orchard();
    let url = service.client.url("");
    let org = ["--org", "org:qingshan"];
    look(&place, &url, &org).expect(0);
    let mut farm = Farm::known(service.client.clone(), 1_000);
    farm.add_key("qingshan", "coop", "phone", &["harvest"]);
    farm.add_key("shanqian", "packhouse", "other phone", &["packing"]);
    let ran = look(&place, &url, &org).expect(1);
    assert_eq!(told(&ran), ["alarm org-key-added"], "{}", ran.stdout);
    let alarm = &ran.json()["alarms"][0];
    assert_eq!((&alarm["subject"], &alarm["log"]), (&json!("org:qingshan"), &json!("suyuan.test/log")));
    let seq = alarm["seq"].as_u64().unwrap();
    let record = service.client.get(&format!("/api/v1/records/{seq}")).text();
    assert!(record.contains(&format!("key:{}", farm::key("phone").key_id())), "{record}");
    assert!(ran.stderr.contains("alarm=\"org-key-added\""), "a log line with fields: {}", ran.stderr);
    // It is told once.
    assert!(told(&look(&place, &url, &org).expect(0)).is_empty());

    farm.revoke("qingshan", "coop", "phone", None);
    farm.recover("qingshan", "coop", "rescue");
    update(&mut farm, "qingshan", json!({"roles": ["coop", "farm"]}));
    let ran = look(&place, &url, &org).expect(1);
    let expected = ["alarm org-key-revoked", "alarm org-recovery", "alarm org-changed"];
    assert_eq!(told(&ran), expected, "{}", ran.stdout);
    assert!(ran.json()["alarms"][0]["text"].as_str().unwrap().contains("(stolen)"));

    // Whoever begins to watch now hears of the recovery, since somebody else did it, and not of all the rest.
    let place = Place::new();
    place.write("trust.json", &service.client.trust_text());
    assert_eq!(told(&look(&place, &url, &org).expect(1)), ["alarm org-recovery"]);
}

#[test]
fn names_like_those_of_others_and_changes_of_the_rules_are_told() {
    let (service, place) = orchard();
    let url = service.client.url("");
    let org = ["--org", "qingshan"];
    look(&place, &url, &org).expect(0);
    let mut farm = Farm::known(service.client.clone(), 1_000);
    // Nobody watches a packhouse: worth a look, and no alarm.
    farm.register("shanqian2", "山前产地舱", "Shanqian Warehouse", "packhouse");
    let ran = look(&place, &url, &org).expect(0);
    assert_eq!(told(&ran), ["warning similar-name"], "{}", ran.stdout);
    farm.register("qingsan", "青山 杨梅合作社", "Somebody else", "coop");
    let ran = look(&place, &url, &org).expect(1);
    assert_eq!(told(&ran), ["alarm similar-name"], "{}", ran.stdout);
    assert!(ran.json()["alarms"][0]["text"].as_str().unwrap().contains("org:qingshan"));
    update(&mut farm, "xianda", json!({"name": "青山杨桃合作社"}));
    let ran = look(&place, &url, &org).expect(1);
    assert_eq!(told(&ran), ["warning similar-name", "alarm similar-name"], "like both: {}", ran.stdout);

    let row = json!([{"brand": "仙居杨梅", "season": {"from": "2026-05-01", "to": "2026-07-31"}, "standard": "T/XJ 1", "members": [
        {"org": "qingshan", "packs": 100}]}]);
    farm.set_rules("brands", row, "2026-03-02T09:00:00+08:00");
    let ran = look(&place, &url, &org).expect(0);
    assert_eq!(told(&ran), ["notice rules-changed"], "{}", ran.stdout);
}

/// A monitor that has looked once, of a log with something new; the log is read through the proxy.
fn grown() -> (Service, Place, Proxy) {
    let (service, place) = orchard();
    let proxy = Proxy::new(proxy::of(service.client.address));
    look(&place, &proxy.url(), &[]).expect(0);
    Farm::known(service.client.clone(), 1_000).register("later", "后来的合作社", "A later co-op", "coop");
    (service, place, proxy)
}

#[test]
fn what_the_log_must_not_have_signed_is_an_alarm_that_stays() {
    let (service, place, proxy) = grown();
    let (url, forged) = (proxy.url(), Forged::of(&service.client));
    let honest = proxy::of(service.client.address);
    let cases: [(&str, Answers); 3] = [
        ("refused-record", forged.clone().with_a_bad_signature().answers()),
        ("wrong-map", forged.clone().leaving_out_the_last().answers()),
        ("no-map-record", forged.clone().without_the_last().answers()),
    ];
    for (kind, answers) in cases {
        proxy.turn_to(answers);
        let ran = look(&place, &url, &[]).expect(1);
        assert_eq!(told(&ran), [format!("alarm {kind}")], "{}", ran.stdout);
        let evidence = &ran.json()["alarms"][0]["evidence"];
        assert!(std::path::Path::new(&place.path(evidence["file"].as_str().unwrap())).exists());
        if kind != "no-map-record" {
            // What was signed can be shown to anybody.
            place.write("proof", evidence["content"].as_str().unwrap());
            let shown = place.run(&["verify", "proof", "--trust", "trust.json"]).expect(0);
            assert!(shown.stdout.contains("of the log, as of"), "{}", shown.stdout);
        }
        // It is told once, and stands.
        assert!(told(&look(&place, &url, &[]).expect(1)).is_empty());
    }
    proxy.turn_to(honest);
    let ran = look(&place, &url, &[]).expect(1);
    assert!(told(&ran).is_empty() && ran.json()["logs"][0]["gravest"] == "alarm", "{}", ran.stdout);
}

#[test]
fn what_somebody_on_the_line_may_have_done_is_an_alarm_until_it_is_over() {
    let (service, place, proxy) = grown();
    let (url, honest) = (proxy.url(), proxy::of(service.client.address));
    let altered = |part: &'static str, at: usize| {
        proxy::changed(honest.clone(), move |path, mut body| {
            if path.contains(part) {
                let at = body.len() - at;
                body[at] ^= 1;
            }
            body
        })
    };
    let cases: [(&str, Answers); 3] = [
        ("bad-signature", Forged::of(&service.client).signed_by("thief").answers()),
        ("entries-differ", altered("/tile/entries/", 700)),
        ("unproven", altered("/tile/0/", 1)),
    ];
    for (kind, answers) in cases {
        proxy.turn_to(answers);
        let ran = look(&place, &url, &[]).expect(1);
        assert_eq!(told(&ran), [format!("alarm {kind}")], "{}", ran.stdout);
        assert!(told(&look(&place, &url, &[]).expect(1)).is_empty());
    }
    proxy.turn_to(honest);
    let ran = look(&place, &url, &[]).expect(0);
    assert_eq!((told(&ran).len(), &ran.json()["logs"][0]["size"]), (0, &json!(size(&service.client))));
}

#[test]
fn another_ledger_under_the_same_name_and_key_is_an_alarm() {
    let (service, place) = orchard();
    let mut trust: Value = serde_json::from_str(&service.client.trust_text()).unwrap();
    trust["genesis"] = json!("00".repeat(32));
    place.write("trust.json", &trust.to_string());
    let ran = look(&place, &service.client.url(""), &[]).expect(1);
    assert_eq!(told(&ran), ["alarm other-ledger"], "{}", ran.stdout);
}

#[test]
fn silence_and_old_news_are_warnings() {
    let (service, place, proxy) = grown();
    let (url, honest) = (proxy.url(), proxy::of(service.client.address));
    let before = Forged::of(&service.client);
    look(&place, &url, &[]).expect(0);

    // Older than what was shown before, and of the same history.
    let older = Forged { entries: before.entries[..before.entries.len() - 2].to_vec(), ..before };
    proxy.turn_to(older.answers());
    let ran = look(&place, &url, &[]).expect(0);
    assert_eq!(told(&ran), ["warning older-checkpoint"], "{}", ran.stdout);
    proxy.turn_to(honest.clone());
    assert!(told(&look(&place, &url, &[]).expect(0)).is_empty());

    // Away, for longer than it may.
    proxy.turn_to(proxy::away());
    let ran = look(&place, &url, &["--max-age", "0s"]).expect(2);
    assert_eq!(told(&ran), ["warning unreachable", "warning not-grown"], "{}", ran.stdout);
    assert!(ran.stderr.contains("could not be read"), "{}", ran.stderr);
    assert!(told(&look(&place, &url, &[]).expect(2)).is_empty(), "it has told so, and a day may pass");
    proxy.turn_to(honest);
    let ran = look(&place, &url, &[]).expect(0);
    assert_eq!(ran.json()["logs"][0]["gravest"], Value::Null, "{}", ran.stdout);
}

#[test]
fn a_log_that_no_witness_cosigns_is_a_warning() {
    let (service, place) = orchard();
    let log = crate::service::signer().verifier_keys()[0].to_string();
    let witness = place.run(&["witness", "--init", "--dir", "w", "--name", "w.example"]).expect(0);
    let policy = format!("log {log}\nwitness w {}\nquorum w\n", witness.stdout.trim());
    let mut trust: Value = serde_json::from_str(&service.client.trust_text()).unwrap();
    trust["policy"] = json!(policy);
    place.write("trust.json", &trust.to_string());
    let url = service.client.url("");
    // The first look begins to wait.
    assert!(told(&look(&place, &url, &["--max-age", "0s"]).expect(0)).is_empty());
    let ran = look(&place, &url, &["--max-age", "0s"]).expect(0);
    assert_eq!(told(&ran), ["warning not-cosigned"], "{}", ran.stdout);
}
