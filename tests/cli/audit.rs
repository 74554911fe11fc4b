//! `suyuan audit` over HTTP, of honest logs and of others.

use crate::ledger::Ledger;
use crate::program::Place;
use crate::service::Service;

fn place() -> (Place, Service) {
    let (place, ledger) = (Place::new(), Ledger::with_farm());
    place.write("trust.json", ledger.trust());
    (place, Service::of(ledger))
}

#[test]
fn an_honest_log_passes() {
    let (place, service) = place();
    let args = ["audit", "--from", service.url(), "--trust", "trust.json"];
    let ran = place.run(&args).expect(0);
    assert!(ran.stdout.contains("3 entries: 2 records with 4 signatures, 1 map records"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("nothing is wrong\n"), "{}", ran.stdout);
    let answer = place.run(&[&args[..], &["--json"]].concat()).expect(0).json();
    assert_eq!((answer["ok"].as_bool(), answer["entries"].as_u64()), (Some(true), Some(3)));
    assert_eq!(answer["checks"]["tiles"]["status"], "ok");
    let untrusted = place.run(&["audit", "--from", service.url(), "--json"]).expect(0).json();
    assert_eq!(untrusted["checks"]["checkpoint"]["status"], "not checked");
}

#[test]
fn a_log_that_is_not_what_it_signed_does_not() {
    let piece = |path: &str| Ledger::with_farm().piece(path).unwrap();
    let flipped = |path: &str, at: usize| {
        let mut bytes = piece(path);
        bytes[at] ^= 1;
        bytes
    };
    let liar = Ledger::without_farm();
    for (path, bytes, what) in [
        ("tile/entries/000.p/3", liar.piece("tile/entries/000.p/3").unwrap(), "the checkpoint says"),
        ("tile/entries/000.p/3", flipped("tile/entries/000.p/3", 2000), "entry"),
        ("tile/0/000.p/3", flipped("tile/0/000.p/3", 40), "hash tile"),
        ("checkpoint", liar.piece("checkpoint").unwrap(), "the checkpoint says"),
        (
            "checkpoint",
            piece("checkpoint").iter().map(|b| if *b == b'3' { b'4' } else { *b }).collect(),
            "checkpoint",
        ),
    ] {
        let (place, service) = place();
        service.with(|shared| shared.instead.insert(format!("/log/{path}"), bytes));
        let ran = place.run(&["audit", "--from", service.url(), "--trust", "trust.json"]).expect(1);
        assert!(ran.stdout.contains(what) && ran.stdout.ends_with("SOMETHING IS WRONG\n"), "{}", ran.stdout);
    }
}

#[test]
fn another_ledger_is_not_the_one_that_is_trusted() {
    let (place, service) = place();
    let genesis = "\"genesis\": \"";
    let trust = place.read("trust.json");
    let at = trust.find(genesis).unwrap() + genesis.len();
    place.write("trust.json", [&trust[..at], &"0".repeat(64), &trust[at + 64..]].concat());
    let ran = place.run(&["audit", "--from", service.url(), "--trust", "trust.json"]).expect(1);
    assert!(ran.stdout.contains("the trust file names"), "{}", ran.stdout);
}

#[test]
fn what_cannot_be_read_is_no_verdict() {
    let (place, service) = place();
    place.run(&["audit"]).expect(2);
    place.run(&["audit", "--from", "nowhere", "--json"]).could_not("is not an address");
    service.with(|shared| shared.instead.insert("/log/checkpoint".into(), b"hello".to_vec()));
    place.run(&["audit", "--from", service.url(), "--trust", "trust.json"]).could_not("checkpoint");
    let (place, service) = self::place();
    service.with(|shared| shared.instead.insert("/log/tile/entries/000.p/3".into(), b"cut".to_vec()));
    place.run(&["audit", "--from", service.url(), "--json"]).could_not("tile/entries/000.p/3");
}
