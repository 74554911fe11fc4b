//! Killed at any moment, a mirror goes on from what it had written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::farm::Farm;
use crate::mirror::{has_come_to, mirror, size};
use crate::program::{Place, until};
use crate::proxy::{self, Proxy};
use crate::service::{Client, Service};

/// Rounds of killing; more by SUYUAN_ROUNDS.
const ROUNDS: u64 = 8;

fn rounds() -> u64 {
    std::env::var("SUYUAN_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

#[test]
fn killed_while_it_follows_it_goes_on_and_holds_what_it_held() {
    let service = Service::new();
    service.farm().season();
    let place = Place::new();
    place.write("trust.json", &service.client.trust_text());
    let proxy = Proxy::new(proxy::of(service.client.address));
    let mut farm = Farm::known(service.client.clone(), 1_000);
    let mut held = 0;
    for round in 0..rounds() {
        let running = mirror(&place, &proxy.url(), &["--trust", "trust.json"]);
        let copy: Client = running.client();
        let now = size(&copy);
        assert!(now >= held, "it held {held} entries and shows {now}");
        // At some request for the new entries, or just after it.
        let (asked, end) = (Arc::new(AtomicUsize::new(0)), usize::try_from(round % 4).unwrap());
        let (counted, address) = (asked.clone(), service.client.address);
        proxy.turn_to(Arc::new(move |path| {
            counted.fetch_add(1, Ordering::SeqCst);
            (proxy::of(address))(path)
        }));
        for n in 0..3 {
            farm.register(&format!("org{round}x{n}"), "新来的合作社", "A new co-op", "coop");
        }
        let before = asked.load(Ordering::SeqCst);
        until("it asks", || (asked.load(Ordering::SeqCst) > before + end).then_some(()));
        held = size(&copy);
        running.kill();
    }
    let running = mirror(&place, &proxy.url(), &[]);
    let copy = running.client();
    has_come_to(&copy, size(&service.client));
    assert_eq!(running.stop(), 0);
    place.run(&["fsck", "--dir", "m"]).expect(0);

    // As if it had been stopped between the very first commit and the signed head.
    std::fs::remove_file(place.path("m/signed-head")).unwrap();
    let running = mirror(&place, &proxy.url(), &[]);
    let copy = running.client();
    assert_eq!((size(&copy), copy.get("/readyz").status), (size(&service.client), 200));
    assert_eq!(running.stop(), 0);
    place.run(&["fsck", "--dir", "m"]).expect(0);
}

#[test]
fn killed_while_it_is_made_it_is_made_all_the_same() {
    let service = Service::new();
    service.farm().season();
    let rounds = usize::try_from(rounds()).unwrap();
    for stop_at in 0..rounds {
        let place = Place::new();
        place.write("trust.json", &service.client.trust_text());
        let (hung, address) = (Arc::new(AtomicUsize::new(0)), service.client.address);
        let counted = hung.clone();
        let proxy = Proxy::new(Arc::new(move |path| {
            counted.fetch_add(1, Ordering::SeqCst);
            (proxy::of(address))(path)
        }));
        let url = proxy.url();
        let running =
            place.start("first", &["mirror", &url, "--dir", "m", "--trust", "trust.json", "--once"]);
        match stop_at {
            // While the directory is being made.
            n if n % 2 == 0 => until("a beginning", || {
                let there = ["m", "m/mirror", "m/db", "m/VERSION"][n / 2 % 4];
                place.path(there).exists().then_some(())
            }),
            n => until("a request", || (hung.load(Ordering::SeqCst) > n / 2 % 2).then_some(())),
        }
        running.kill();
        let once =
            place.run(&["mirror", &url, "--dir", "m", "--trust", "trust.json", "--once", "--json"]).expect(0);
        assert_eq!(once.json()["size"], size(&service.client), "killed at {stop_at}");
        place.run(&["fsck", "--dir", "m"]).expect(0);
    }
}
