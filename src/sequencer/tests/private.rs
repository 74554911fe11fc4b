//! Openings and files: kept with their record, erased for good, and no proof is the poorer.

use super::farm::{Ledger as _, Says};
use super::home::{Home, refused, spraying, submission};
use crate::ledger::Code;
use crate::merkle::Hash;
use crate::private::openings::{self, Kept, Opening};
use crate::sequencer::{EraseError, Submission, UploadError};
use crate::statement::sealed;

const OPERATOR: &str = "/data/operator";

#[test]
fn openings_come_with_their_record_and_go_without_touching_a_proof() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let statement = spraying(&mut farm);
    let receipt = handle.submit_blocking(statement.clone()).unwrap().receipt;
    assert_eq!(handle.openings(&receipt.leaf).unwrap(), statement.openings);
    let kept = || openings::at(&handle.snapshot().0, &receipt.leaf, OPERATOR).unwrap();
    assert!(matches!(kept(), Kept::Open(Opening::Value(opening)) if opening.value == "王小山"));

    let proofs: Vec<_> = (0..handle.published().size).map(|seq| handle.receipt(seq).unwrap()).collect();
    handle.erase(&receipt.leaf, OPERATOR).unwrap();
    assert_eq!(kept(), Kept::Erased);
    assert_eq!(handle.openings(&receipt.leaf).unwrap(), []);
    for proof in proofs {
        assert_eq!(handle.receipt(proof.seq).unwrap(), proof);
        home.convinces(&proof);
    }
    home.audits(&handle);
    let everything =
        home.dump().0.into_iter().flat_map(|(key, value)| [key, value].concat()).collect::<Vec<u8>>();
    let name = "王小山".as_bytes();
    let left = everything.windows(name.len()).filter(|window| *window == name).count();
    assert_eq!(left, 2, "the plot's holder and the first spraying's operator are others' openings");

    // Nobody brings it back by sending the statement again.
    let again = handle.submit_blocking(statement).unwrap();
    assert_eq!((again.is_new, again.receipt.leaf), (false, receipt.leaf));
    assert_eq!(kept(), Kept::Erased);
    let nobody = handle.erase(&Hash::of(b"no record"), OPERATOR);
    assert!(matches!(nobody, Err(EraseError::NoSuchRecord { .. })));
}

#[test]
fn openings_that_were_held_back_may_be_given_later() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let statement = spraying(&mut farm);
    let first = handle.submit_blocking(Submission::new(statement.envelope.clone())).unwrap();
    assert_eq!(handle.openings(&first.receipt.leaf).unwrap(), []);
    let size = handle.published().size;
    let later = handle.submit_blocking(statement.clone()).unwrap();
    assert_eq!((later.is_new, later.receipt.seq), (false, first.receipt.seq));
    assert_eq!(handle.openings(&first.receipt.leaf).unwrap(), statement.openings);
    assert_eq!(handle.published().size, size, "no record is made of it");
}

#[test]
fn an_opening_of_something_else_is_refused() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let statement = spraying(&mut farm);
    let before = home.dump();
    let with = |openings: Vec<Opening>| Submission { openings, ..statement.clone() };
    let Opening::Value(good) = &statement.openings[0] else { panic!("{:?}", statement.openings) };
    let elsewhere = sealed::Opening { pointer: "/data/target".into(), ..good.clone() };
    let other_salt = sealed::Opening { salt: [77; 32], ..good.clone() };
    let other_value = sealed::Opening { value: "李四".into(), ..good.clone() };
    for opening in [elsewhere, other_salt, other_value] {
        let wrong = with(vec![Opening::Value(opening)]);
        assert_eq!(refused(ledger.handle().submit_blocking(wrong)).code, Code::Form);
    }
    assert_eq!(home.dump(), before);
}

#[test]
fn a_file_is_taken_if_a_statement_names_it_and_leaves_when_it_is_erased() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let photo = b"\xff\xd8 a bayberry tree";
    let (attachments, opening) = farm.picture(photo, "image/jpeg", false);
    let commitment: Hash = attachments[0]["commitment"].as_str().unwrap().parse().unwrap();
    let (envelope, mut openings) = farm.signed(Says {
        kind: "crop.open/1",
        subject: "crop:qingshan.p1-2027",
        touches: &["plot:qingshan.p1"],
        signer: ("qingshan", "coop"),
        occurred_at: "2026-03-03",
        recorded_at: Some("2026-03-03T18:00:00+08:00"),
        more: serde_json::json!({ "attachments": attachments }),
        data: serde_json::json!({
            "plot": "plot:qingshan.p1", "crop": "杨梅", "variety": "东魁", "season": "2027 夏",
        }),
        ..Says::default()
    });
    openings.push(opening);
    assert!(matches!(handle.upload(&commitment), Err(UploadError::NotNamed)));
    let leaf = handle.submit_blocking(submission((envelope, openings))).unwrap().receipt.leaf;

    let mut wrong = handle.upload(&commitment).unwrap();
    wrong.write(&[0; 18]).unwrap();
    assert!(wrong.finish().is_err());
    assert!(handle.blobs().file(&commitment).unwrap().is_none());
    let mut upload = handle.upload(&commitment).unwrap();
    upload.write(&photo[..5]).unwrap();
    upload.write(&photo[5..]).unwrap();
    upload.finish().unwrap();
    assert_eq!(handle.blobs().content(&commitment).unwrap(), Some((Hash::of(photo), photo.len() as u64)));

    handle.erase(&leaf, "/attachments/0").unwrap();
    assert!(handle.blobs().file(&commitment).unwrap().is_none());
    assert!(matches!(handle.upload(&commitment), Err(UploadError::Erased)));
    home.audits(&handle);
    assert_eq!(farm.ledger.id(), home.ledger);
}
