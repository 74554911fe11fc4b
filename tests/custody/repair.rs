//! `suyuan fsck --repair` on a directory that was damaged behind the ledger's back.

use suyuan::ledger::keys;
use suyuan::store::{self, Batch, KeyRange};

use crate::farm::Farm;
use crate::ledger::{append, is_read_only, made, serve};
use crate::program::Place;

/// A served season, stopped.
fn season(place: &Place) {
    made(place, "");
    let running = serve(place, "led");
    Farm::new(running.client()).season();
    assert_eq!(running.stop(), 0);
}

/// Changes the database without moving its head.
fn tamper(place: &Place, change: impl FnOnce(&dyn store::Store, &mut Batch)) {
    let store = store::open(&place.path("led/db")).unwrap();
    let mut batch = Batch::default();
    change(&*store, &mut batch);
    let head = store.snapshot().head().unwrap();
    store.commit(batch, head, head).unwrap();
}

#[test]
fn what_follows_from_the_records_is_brought_back() {
    let place = Place::new();
    season(&place);
    let sound = place.run(&["fsck", "--dir", "led"]).expect(0).stdout;
    // A ledger that was made before there was a search, with a flipped node besides.
    tamper(&place, |store, batch| {
        for pair in store.scan(&KeyRange::prefix(*b"f/")) {
            batch.delete(pair.unwrap().0);
        }
        batch.put(keys::tree_node(1, 2), [7; 32]);
    });
    let told = place.run(&["fsck", "--dir", "led"]).expect(1).stdout;
    assert!(told.contains("means      a search for that hash or id finds nothing"), "{told}");
    let json = place.run(&["fsck", "--dir", "led", "--json"]).expect(1).json();
    let node = hex::encode(keys::tree_node(1, 2));
    let all = json["problems"].as_array().unwrap();
    let of_node = all.iter().find(|problem| problem["key"] == node.as_str()).unwrap();
    assert_eq!(of_node["is"], "07".repeat(32));
    assert_eq!(of_node["should"].as_str().unwrap().len(), 64);

    let repaired = place.run(&["fsck", "--dir", "led", "--repair"]).expect(0).stdout;
    assert!(repaired.contains("repaired: ") && repaired.ends_with("nothing is wrong\n"), "{repaired}");
    assert_eq!(place.run(&["fsck", "--dir", "led"]).expect(0).stdout, sound);
    let again = place.run(&["fsck", "--dir", "led", "--repair", "--json"]).expect(0).json();
    assert_eq!((&again["written"], &again["after"]), (&0.into(), &serde_json::Value::Null));
    let running = serve(&place, "led");
    append(&running.client(), 1);
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_damaged_record_is_not_made_up() {
    let place = Place::new();
    season(&place);
    tamper(&place, |store, batch| {
        let mut bytes = store.get(&keys::record(5)).unwrap().unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        batch.put(keys::record(5), bytes);
    });
    let told = place.run(&["fsck", "--dir", "led"]).expect(1).stdout;
    assert!(told.contains("PROBLEM  entry 5: ") && told.contains("was signed over the leaf hash"), "{told}");
    let refused = place.run(&["fsck", "--dir", "led", "--repair"]).expect(1).stdout;
    assert!(refused.contains("NOT REPAIRED") && refused.contains("Restore a backup"), "{refused}");
    assert!(!place.path("led/repairing").exists());
}

#[test]
fn a_ledger_whose_repair_was_cut_short_waits_for_the_next() {
    let place = Place::new();
    season(&place);
    place.write("led/repairing", "cut short");
    let running = serve(&place, "led");
    is_read_only(&running.client(), "a repair was begun and not finished");
    assert_eq!(running.stop(), 0);
    place.run(&["fsck", "--dir", "led"]).expect(1);
    place.run(&["fsck", "--dir", "led", "--repair"]).expect(0);
    let running = serve(&place, "led");
    append(&running.client(), 1);
}
