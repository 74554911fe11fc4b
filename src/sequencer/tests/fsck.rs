//! Whatever is changed behind the ledger's back, the check from the records finds it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::farm::{Farm, Says};
use super::home::{Client, Home, submission};
use crate::ledger::keys;
use crate::merkle::Hash;
use crate::sequencer::Ledger;
use crate::store::fsck::{Fsck, Key, Problem, Report, Value, fsck};
use crate::store::memory::MemoryStore;
use crate::store::{Batch, KeyRange, Read, Store};

const PHOTO: &[u8] = b"\xff\xd8 a bayberry tree";

/// A season with a correction, a second key, a phone's own chain, and a photo: every kind of fact there is.
pub(super) fn season() -> (Home, Ledger, Hash) {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.valley(&ledger);
    let season = farm.season();
    farm.correct_harvest(season.harvest, "830");
    farm.add_key("qingshan", "coop", "phone", &["crop.open"]);
    let photo = photograph(&mut farm, &ledger);
    (home, ledger, photo)
}

/// Returns the photo's commitment.
fn photograph(farm: &mut Farm<Client>, ledger: &Ledger) -> Hash {
    let (attachments, opening) = farm.picture(PHOTO, "image/jpeg", false);
    let commitment = attachments[0]["commitment"].as_str().unwrap().parse().unwrap();
    let (envelope, mut openings) = farm.signed(Says {
        kind: "crop.open/1",
        subject: "crop:qingshan.p1-2027",
        touches: &["plot:qingshan.p1"],
        signer: ("qingshan", "coop"),
        key: Some("phone"),
        occurred_at: "2026-03-03",
        recorded_at: Some("2026-03-03T18:00:00+08:00"),
        more: serde_json::json!({
            "attachments": attachments, "device": {"n": 0, "prev": Hash::ZERO},
        }),
        data: serde_json::json!({
            "plot": "plot:qingshan.p1", "crop": "杨梅", "variety": "东魁", "season": "2027 夏",
        }),
        ..Says::default()
    });
    openings.push(opening);
    ledger.handle().submit_blocking(submission((envelope, openings))).unwrap();
    let mut upload = ledger.handle().upload(&commitment).unwrap();
    upload.write(PHOTO).unwrap();
    upload.finish().unwrap();
    commitment
}

fn check(home: &Home, ledger: &Ledger) -> Report {
    let handle = ledger.handle();
    let what = Fsck {
        snapshot: &home.store.snapshot(),
        blobs: handle.blobs(),
        signed_head: &home.signed_head(),
        scratch: Arc::new(MemoryStore::new()),
    };
    fsck(&what, &mut |_| {}).unwrap()
}

pub(super) fn change(home: &Home, key: &[u8], value: Option<Vec<u8>>) {
    let mut batch = Batch::default();
    match value {
        Some(value) => batch.put(key, value),
        None => batch.delete(key),
    }
    let head = home.store.snapshot().head().unwrap();
    home.store.commit(batch, head, head).unwrap();
}

pub(super) fn flipped(value: &[u8]) -> Vec<u8> {
    let mut bad = value.to_vec();
    match bad.len() / 2 {
        0 => bad.push(b'x'),
        middle => bad[middle] ^= 1,
    }
    bad
}

#[test]
fn a_ledger_that_was_left_alone_is_sound() {
    let (home, ledger, _) = season();
    let report = check(&home, &ledger);
    assert_eq!(report.problems, []);
    assert!(report.is_sound());
    let published = ledger.handle().published();
    assert_eq!((report.entries, report.root), (published.size, published.root));
    assert_eq!((report.blobs, report.checkpoints), (1, published.size / 2));
    assert!(report.openings > 5);
    let pairs = home.store.scan(&KeyRange::all()).map(|pair| pair.unwrap().0);
    let (beside, derived): (Vec<_>, Vec<_>) = pairs.partition(|key| matches!(key[0], b'q' | b'k'));
    assert_eq!(report.keys, derived.len() as u64);
    assert!(beside.len() as u64 > report.openings + report.checkpoints);
}

/// One key of each space, changed and taken away; a record's, and everything that hangs on it, is noticed.
#[test]
fn a_fact_that_was_changed_taken_away_or_added_is_found() {
    let (home, ledger, _) = season();
    let mut one_of_each = BTreeMap::new();
    for pair in home.store.scan(&KeyRange::all()) {
        let (key, value) = pair.unwrap();
        one_of_each.insert(key[..2].to_vec(), (key, value));
    }
    let spaces: String = one_of_each.keys().map(|space| char::from(space[0])).collect();
    assert_eq!(spaces, "bcefghiklmopqrstvx", "the season has facts of every kind");
    for (key, value) in one_of_each.into_values() {
        let name = Key(key.clone()).to_string();
        // Not found, and not asked of: the head alone fences the commits that this test itself makes.
        if key == crate::store::HEAD {
            continue;
        }
        change(&home, &key, Some(flipped(&value)));
        assert!(!check(&home, &ledger).is_sound(), "{name} changed");
        change(&home, &key, None);
        // That an opening is gone is nothing that the records could know: it may have been erased.
        assert_eq!(check(&home, &ledger).is_sound(), key[0] == b'q', "{name} taken away");
        change(&home, &key, Some(value));
        if key[0] != b'q' {
            let stray = [&key[..2], b"stray"].concat();
            let size = 99u64.to_be_bytes();
            let stray = if key[0] == b'k' { [b"k/".as_slice(), &size].concat() } else { stray };
            change(&home, &stray, Some(b"{}".to_vec()));
            assert!(!check(&home, &ledger).is_sound(), "something added beside {name}");
            change(&home, &stray, None);
        }
        assert_eq!(check(&home, &ledger).problems, []);
    }
}

#[test]
fn problems_are_named() {
    let (home, ledger, photo) = season();
    let seq = 4;
    let good = home.store.get(&keys::record(seq)).unwrap().unwrap();
    let text = String::from_utf8(good.clone()).unwrap();
    let at = format!("\"at\":{}", super::home::NOW);
    assert!(text.contains(&at));
    change(&home, &keys::record(seq), Some(text.replace(&at, &at.replace("17", "18")).into_bytes()));
    let problems = check(&home, &ledger).problems;
    assert!(matches!(&problems[0], Problem::Entry { seq: 5, .. }), "time went back: {problems:?}");
    change(&home, &keys::record(seq), Some(b"{}".to_vec()));
    let problems = check(&home, &ledger).problems;
    assert!(matches!(&problems[0], Problem::Entry { seq: 4, .. }), "{problems:?}");
    change(&home, &keys::record(seq), Some(good));

    change(&home, &keys::map_root(6), Some(vec![0; 32]));
    let stray = Problem::Extra { key: Key(keys::map_root(6)), is: Value(vec![0; 32]) };
    assert_eq!(check(&home, &ledger).problems, [stray]);
    change(&home, &keys::map_root(6), None);

    let path = home.blob(&photo);
    std::fs::write(&path, b"another picture").unwrap();
    let problems = check(&home, &ledger).problems;
    assert!(
        matches!(&problems[..], [Problem::Blob { commitment, .. }] if *commitment == photo),
        "{problems:?}"
    );
    std::fs::remove_file(&path).unwrap();
    assert!(check(&home, &ledger).is_sound(), "a file may be missing: it was never sent");

    let head = home.signed_head();
    let note = head.read().unwrap().unwrap();
    std::fs::remove_file(head.path()).unwrap();
    assert_eq!(check(&home, &ledger).problems, [Problem::SignedHead("it is missing".into())]);
    let further = super::home::signer().sign(9999, Hash::ZERO, |_| true).unwrap().to_string();
    head.write(further.as_bytes()).unwrap();
    assert_eq!(check(&home, &ledger).problems_total, 1);
    let fork = super::home::signer().sign(6, Hash::ZERO, |_| true).unwrap().to_string();
    head.write(fork.as_bytes()).unwrap();
    assert_eq!(check(&home, &ledger).problems_total, 1);
    head.write(&note).unwrap();
    assert!(check(&home, &ledger).is_sound());
}
