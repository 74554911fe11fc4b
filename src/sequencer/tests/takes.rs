//! What is taken, what is refused, and what either leaves behind.

use serde_json::json;

use super::farm::{self, Farm, Says};
use super::home::{Home, ORIGIN, refused, signer, spraying, submission};
use crate::ledger::{Class, Code};
use crate::sequencer::{CreateError, Status, Submission, SubmitError, create_in};
use crate::store::memory::MemoryStore;
use crate::store::signed_head::SignedHead;

#[test]
fn a_new_ledger_has_genesis_its_map_record_and_a_checkpoint() {
    let home = Home::new();
    let ledger = home.open();
    let handle = ledger.handle();
    assert_eq!(handle.status(), Status::Writable);
    let published = handle.published();
    assert_eq!(published.size, 2);
    assert_eq!(published.reader().log().unwrap().unwrap().ledger, home.ledger);
    let receipt = handle.receipt(0).unwrap();
    assert_eq!(receipt.leaf, home.ledger);
    home.convinces(&receipt);
    home.convinces(&handle.receipt(1).unwrap());
    assert!(handle.receipt(2).is_err());
    assert_eq!(
        home.signed_head().read().unwrap().unwrap(),
        handle.latest_checkpoint().unwrap().to_string().into_bytes()
    );
    home.audits(&handle);
}

#[test]
fn a_season_is_taken_proven_and_replayed() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.valley(&ledger);
    farm.season();
    let handle = ledger.handle();
    for seq in 0..handle.published().size {
        home.convinces(&handle.receipt(seq).unwrap());
    }
    home.audits(&handle);
    // And again by a program that starts from the disk.
    let size = handle.published().size;
    drop((ledger, handle));
    let ledger = home.open();
    assert_eq!((ledger.handle().status(), ledger.handle().published().size), (Status::Writable, size));
    farm.ledger.handle = ledger.handle();
    let next = ledger.handle().submit_blocking(spraying(&mut farm)).unwrap();
    home.convinces(&next.receipt);
    assert_eq!(next.receipt.seq, size);
    home.audits(&ledger.handle());
}

#[test]
fn the_same_statement_again_gets_the_same_place() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let (handle, statement) = (ledger.handle(), spraying(&mut farm));
    let first = handle.submit_blocking(statement.clone()).unwrap();
    assert!(first.is_new);
    let before = home.dump();
    for again in [statement.clone(), Submission::new(statement.envelope.clone())] {
        let second = handle.submit_blocking(again).unwrap();
        assert!(!second.is_new);
        assert_eq!((second.receipt.seq, second.receipt.leaf), (first.receipt.seq, first.receipt.leaf));
        home.convinces(&second.receipt);
    }
    assert_eq!(home.dump(), before);
    // Later, the same place, proven against a newer checkpoint.
    handle.submit_blocking(spraying(&mut farm)).unwrap();
    let third = handle.submit_blocking(statement).unwrap();
    assert_eq!((third.is_new, third.receipt.leaf), (false, first.receipt.leaf));
    assert!(third.receipt.size > first.receipt.size);
    home.convinces(&third.receipt);
}

#[test]
fn the_same_id_with_another_payload_is_a_conflict() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let mut other = Farm::known(home.client(&ledger), farm.made);
    ledger.handle().submit_blocking(spraying(&mut farm)).unwrap();
    let before = home.dump();
    let says = Says {
        kind: "plot.register/1",
        subject: "plot:qingshan.p2",
        signer: ("qingshan", "coop"),
        occurred_at: "2026-03-02T10:00:00+08:00",
        data: json!({
            "name": "二号坡", "area": farm::quantity("3", "mu"), "crop": "杨梅", "variety": "东魁",
            "declared_yield": farm::quantity("3000", "jin"),
        }),
        ..Says::default()
    };
    let refusal = refused(ledger.handle().submit_blocking(submission(other.signed(says))));
    assert_eq!(refusal.code, Code::Conflict);
    assert_eq!(home.dump(), before);
}

#[test]
fn a_refused_statement_leaves_no_byte_behind() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let before = home.dump();

    // Decided by admission.
    let mut forged = spraying(&mut farm);
    forged.envelope.signatures[0].sig[7] ^= 1;
    assert_eq!(refused(handle.submit_blocking(forged)).code, Code::Signature);
    let mut opened = spraying(&mut farm);
    opened.openings.push(opened.openings[0].clone());
    assert_eq!(refused(handle.submit_blocking(opened)).code, Code::Form);
    let elsewhere = Submission::new(super::home::genesis_elsewhere());
    assert_eq!(refused(handle.submit_blocking(elsewhere)).code, Code::WrongLedger);

    // Decided by the writer: the packhouse may not spray the co-op's field.
    let trespass = submission(farm.signed(Says {
        kind: "plot.register/1",
        subject: "plot:qingshan.p9",
        signer: ("shanqian", "packhouse"),
        occurred_at: "2026-03-02T10:00:00+08:00",
        data: json!({
            "name": "别人的坡", "area": farm::quantity("3", "mu"), "crop": "杨梅", "variety": "东魁",
            "declared_yield": farm::quantity("3000", "jin"),
        }),
        ..Says::default()
    }));
    let refusal = refused(handle.submit_blocking(trespass));
    assert_eq!((refusal.code, refusal.code.class()), (Code::Right, Class::Permanent));
    assert_eq!(home.dump(), before);
    assert_eq!(
        handle.published().size,
        before.0.iter().filter(|(key, _)| key.starts_with(b"r/")).count() as u64
    );
}

#[test]
fn what_does_not_fit_its_schema_is_told_place_by_place() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let (envelope, openings) = farm.signed(Says {
        kind: "crop.open/1",
        subject: "crop:qingshan.p1-2027",
        touches: &["plot:qingshan.p1"],
        signer: ("qingshan", "coop"),
        occurred_at: "2026-03-03",
        data: json!({"plot": "plot:qingshan.p1", "crop": "", "season": 7}),
        ..Says::default()
    });
    match ledger.handle().submit_blocking(submission((envelope, openings))) {
        Err(SubmitError::Refused(refused)) => {
            assert_eq!(refused.refusal.code, Code::Form);
            assert!(refused.faults.unwrap().iter().count() >= 2);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn genesis_must_name_this_log_and_its_key() {
    let make = |origin: &str, vkey: &str| {
        let dir = tempfile::tempdir().unwrap();
        let head = SignedHead::new(dir.path().join("signed-head"));
        let store = std::sync::Arc::new(MemoryStore::new());
        let genesis = farm::genesis(origin, vkey, "2026-01-01T00:00:00Z");
        let made = create_in(store.clone(), &head, &signer(), genesis, 1);
        assert_eq!(head.read().unwrap().is_some(), made.is_ok());
        made
    };
    let vkey = signer().verifier_keys()[0].to_string();
    assert!(make(ORIGIN, &vkey).is_ok());
    assert!(matches!(make("suyuan.test/other", &vkey), Err(CreateError::OtherOrigin { .. })));
    let other = crate::sequencer::LogSigner::new(ORIGIN.parse().unwrap(), farm::key("another"));
    let other = other.verifier_keys()[0].to_string();
    assert!(matches!(make(ORIGIN, &other), Err(CreateError::OtherKey { .. })));
}
