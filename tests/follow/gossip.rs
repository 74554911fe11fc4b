//! Two monitors compare notes: a fork made with the log's own key is seen by both, and anybody can check what they kept.

use std::sync::Arc;

use serde_json::Value;
use suyuan::note::signed_note::SignedNote;
use suyuan::verify::Trust;
use suyuan::verify::omission::Evidence;

use crate::farm::Farm;
use crate::forged::Forged;
use crate::mirror;
use crate::monitor::{look, told};
use crate::program::{Place, Running, copy};
use crate::proxy::{self, Proxy};
use crate::service::{Client, Service};

/// Two services on copies of one ledger, both with the log's key, that have gone apart: each with so many records more.
fn forked(first: u64, second: u64) -> (Service, Service) {
    let service = Service::new();
    service.farm().season();
    let dir = service.stop();
    let other = tempfile::tempdir().unwrap();
    copy(dir.path(), other.path());
    let (one, two) = (Service::on(dir, |_| {}), Service::on(other, |_| {}));
    let grow = |service: &Service, more: u64, made: u64| {
        let mut farm = Farm::known(service.client.clone(), made);
        for n in 0..more {
            farm.register(
                &format!("org{made}x{n}"),
                &format!("第{made}{n}家新合作社"),
                &format!("Newcomer {made}-{n}"),
                "coop",
            );
        }
    };
    grow(&one, first, 1_000);
    grow(&two, second, 2_000);
    (one, two)
}

fn monitor(place: &Place, name: &str, url: &str, peer: &str) -> Running {
    let args = [
        "monitor",
        url,
        "--trust",
        "trust.json",
        "--dir",
        name,
        "--interval",
        "1s",
        "--listen",
        "127.0.0.1:0",
    ];
    place.start(name, &[&args[..], &["--peer", peer, "--json"]].concat())
}

/// The alarm of a split view, as a monitor prints it.
fn split(running: &Running) -> Value {
    loop {
        let line = format!("{{{}", running.says("{"));
        let alarm: Value = serde_json::from_str(&line).unwrap();
        if alarm["alarm"] == "split-view" {
            return alarm;
        }
        assert!(alarm["severity"] != "alarm", "{alarm}");
    }
}

/// Two monitors, each of which is shown another history by the log, and whose only link is each other.
fn both_see_it(first: u64, second: u64) {
    let (one, two) = forked(first, second);
    let place = Place::new();
    place.write("trust.json", &one.client.trust_text());
    // Each must know the other's address before it has one.
    let (to_a, to_b) = (Proxy::new(proxy::away()), Proxy::new(proxy::away()));
    let a = monitor(&place, "a", &one.client.url(""), &to_b.url());
    let b = monitor(&place, "b", &two.client.url(""), &to_a.url());
    to_a.pass_to(a.client().address);
    to_b.pass_to(b.client().address);
    for (monitor, name) in [(&a, "a"), (&b, "b")] {
        let alarm = split(monitor);
        let file = alarm["evidence"]["file"].as_str().unwrap();
        let ran = place.run(&["verify", file, "--trust", "trust.json"]).expect(0);
        assert!(
            ran.stdout.starts_with("verified: the log's own signatures show that")
                && ran.stdout.contains("two histories"),
            "{}",
            ran.stdout
        );
        let content = alarm["evidence"]["content"].as_str().unwrap();
        assert_eq!(std::fs::read_to_string(place.path(file)).unwrap(), content, "{name}");
        holds_and_no_change_of_it_does(content.as_bytes(), &one.client);
    }
    assert_eq!((a.stop(), b.stop()), (1, 1));
}

/// Any file that differs shows nothing; with its digest made anew it shows nothing either, or the same.
fn holds_and_no_change_of_it_does(file: &[u8], client: &Client) {
    let trust = client.trust();
    let check =
        |bytes: &[u8], trust: &Trust| Evidence::parse(bytes).and_then(|evidence| evidence.check(trust));
    let shown = check(file, &trust).unwrap();
    for at in 0..file.len() {
        for flip in [1, 0x20] {
            let mut changed = file.to_vec();
            changed[at] ^= flip;
            assert!(check(&changed, &trust).is_err(), "byte {at} of {}", String::from_utf8_lossy(file));
        }
    }
    let Evidence::Split(good) = Evidence::parse(file).unwrap() else { panic!("of a split view") };
    let wrong = |change: &dyn Fn(&mut suyuan::verify::SplitView)| {
        let mut evidence = good.clone();
        change(&mut evidence);
        check(&Evidence::Split(evidence).encode(), &trust).unwrap_err()
    };
    wrong(&|split| std::mem::swap(&mut split.smaller, &mut split.larger));
    wrong(&|split| split.larger = split.smaller.clone());
    wrong(&|split| split.root.0[0] ^= 1);
    wrong(&|split| split.path.push(suyuan::merkle::Hash::ZERO));
    if !good.path.is_empty() {
        wrong(&|split| split.path[0].0[5] ^= 1);
        wrong(&|split| split.path.truncate(split.path.len() - 1));
    }
    // A checkpoint that somebody else has signed.
    let forged = crate::forged::signed(7, suyuan::merkle::Hash::of(b"x"), &crate::farm::key("thief"));
    wrong(&|split| split.smaller = forged.clone());
    let other = Trust::to_text(&trust.origin, &[other_key()], trust.genesis, None);
    assert!(check(file, &Trust::parse(&other).unwrap()).is_err(), "to whoever trusts another key");
    assert!(shown.to_string().contains("suyuan.test/log"), "{shown}");
}

fn other_key() -> String {
    let signer =
        suyuan::sequencer::LogSigner::new(crate::service::ORIGIN.parse().unwrap(), crate::farm::key("x"));
    signer.verifier_keys()[0].to_string()
}

#[test]
fn two_monitors_of_two_histories_of_one_size_both_see_it() {
    both_see_it(1, 1);
}

#[test]
fn two_monitors_of_two_histories_of_different_sizes_both_see_it() {
    both_see_it(1, 3);
}

#[test]
fn the_log_turns_to_another_history_before_one_monitors_eyes() {
    let (one, two) = forked(1, 2);
    let place = Place::new();
    place.write("trust.json", &one.client.trust_text());
    let proxy = Proxy::new(proxy::of(one.client.address));
    look(&place, &proxy.url(), &[]).expect(0);
    for (service, of) in [(&two, "a longer one"), (&one, "back again")] {
        proxy.turn_to(proxy::of(service.client.address));
        let ran = look(&place, &proxy.url(), &[]).expect(1);
        assert_eq!(told(&ran).len(), usize::from(of == "a longer one"), "{of}: {}", ran.stdout);
    }
    // A shorter one is no old news.
    let (long, short) = forked(3, 1);
    let place = Place::new();
    place.write("trust.json", &long.client.trust_text());
    proxy.turn_to(proxy::of(long.client.address));
    look(&place, &proxy.url(), &[]).expect(0);
    proxy.turn_to(proxy::of(short.client.address));
    let ran = look(&place, &proxy.url(), &[]).expect(1);
    assert_eq!(told(&ran), ["alarm split-view"], "{}", ran.stdout);
    place.write("shown", ran.json()["alarms"][0]["evidence"]["content"].as_str().unwrap());
    place.run(&["verify", "shown", "--trust", "trust.json", "--json"]).expect(0);
    std::fs::write(place.path("cut"), &std::fs::read(place.path("shown")).unwrap()[..200]).unwrap();
    place.run(&["verify", "cut", "--trust", "trust.json"]).expect(1);
}

#[test]
fn mirrors_and_witnesses_are_peers_and_what_nobody_can_show_is_unresolved() {
    let (service, place) = crate::monitor::orchard();
    let url = service.client.url("");
    let running = mirror::mirror(&place, &url, &["--trust", "trust.json"]);
    let copy = running.client();
    Farm::known(service.client.clone(), 1_000).register("later", "后来的合作社", "A later co-op", "coop");
    mirror::has_come_to(&copy, mirror::size(&service.client));
    let ran = look(&place, &url, &["--peer", &copy.url("")]).expect(0);
    assert!(told(&ran).is_empty(), "{}", ran.stdout);

    // Somebody holds a longer log than we were ever shown: only its tree can say whether it is another.
    let held = Forged::of(&service.client);
    let shorter = Forged { entries: held.entries[..held.entries.len() - 2].to_vec(), ..held.clone() };
    let old = Proxy::new(shorter.answers());
    let place = Place::new();
    place.write("trust.json", &service.client.trust_text());
    let note = held.note();
    let signed = note.clone();
    let peer = Proxy::new(Arc::new(move |path| match path.ends_with("/checkpoint") {
        true => (200, signed.clone().into_bytes()),
        false => (404, Vec::new()),
    }));
    let ran = look(&place, &old.url(), &["--peer", &peer.url()]).expect(0);
    assert_eq!(told(&ran), ["warning peer-unresolved"], "{}", ran.stdout);
    assert!(told(&look(&place, &old.url(), &["--peer", &peer.url()]).expect(0)).is_empty(), "told once");
    peer.turn_to(held.clone().answers());
    let ran = look(&place, &old.url(), &["--peer", &peer.url()]).expect(0);
    assert_eq!(ran.json()["logs"][0]["gravest"], Value::Null, "shown to be the same: {}", ran.stdout);

    // What no key of the log has signed is nobody's guilt; and one who says nothing is no peer.
    peer.turn_to(held.signed_by("thief").answers());
    let ran = look(&place, &old.url(), &["--peer", &peer.url()]).expect(0);
    assert_eq!(told(&ran), ["warning peer-unresolved"], "{}", ran.stdout);
    peer.turn_to(proxy::away());
    let ran = look(&place, &old.url(), &["--peer", &peer.url()]).expect(0);
    assert_eq!(told(&ran), ["warning peer-unreachable"], "{}", ran.stdout);

    // A witness shows what it has cosigned at the place where a monitor does.
    let witness = place.run(&["witness", "--init", "--dir", "w", "--name", "w.example"]).expect(0);
    assert!(!witness.stdout.is_empty());
    let running = place
        .start("witness", &["witness", "--dir", "w", "--trust", "trust.json", "--listen", "127.0.0.1:0"]);
    let seen = running.client();
    let request = suyuan::note::add_checkpoint::AddCheckpoint {
        old: 0,
        path: Vec::new(),
        checkpoint: SignedNote::parse(note.as_bytes()).unwrap(),
    };
    let answer = seen.post("/add-checkpoint", "text/plain; charset=utf-8", request.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    peer.turn_to(proxy::of(seen.address));
    let now = Proxy::new(proxy::of(service.client.address));
    let ran = look(&place, &now.url(), &["--peer", &peer.url()]).expect(0);
    assert_eq!(ran.json()["logs"][0]["gravest"], Value::Null, "{}", ran.stdout);
}
