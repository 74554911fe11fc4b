//! The log changes its own key, and what can be seen if an old one is stolen.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::farm::{Says, key};
use super::home::{Client, Home, NOW, ORIGIN, refused, signer, spraying, submission};
use crate::ledger::Code;
use crate::merkle::Hash;
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::SignedNote;
use crate::note::vkey::VerifierKey;
use crate::produce::tests::farm::Farm;
use crate::sequencer::{Ledger, LogSigner, Parts, ReadOnly, Receipt, Status, Submission};
use crate::store::{Batch, Store as _, checkpoints};
use crate::verify::{Trust, receipt};

/// An hour after [`NOW`].
const BOTH_UNTIL: &str = "2026-06-15T06:06:40Z";
const HOUR_MS: i64 = 3_600_000;

fn both() -> LogSigner {
    signer().and(key("log-2"))
}

fn new_only() -> LogSigner {
    LogSigner::new(ORIGIN.parse().unwrap(), key("log-2"))
}

fn vkey(signer: &LogSigner) -> VerifierKey {
    signer.verifier_keys().pop().unwrap()
}

fn with_signer(home: &Home, signer: LogSigner) -> Ledger {
    Ledger::start(Parts { signer: Some(signer), ..home.parts() }).unwrap()
}

fn rotation(farm: &mut Farm<Client>, both_until: &str) -> Submission {
    let (old, new) = (vkey(&signer()).to_string(), vkey(&new_only()).to_string());
    let message = format!("suyuan/log-key/v1\n{old}\n{new}\n{both_until}\n");
    let signed = |name: &str| STANDARD.encode(key(name).sign(message.as_bytes()));
    submission(farm.signed(Says {
        kind: "ledger.key/1",
        subject: "ledger:",
        signer: ("registrar", "registrar"),
        key: Some("registrar-1"),
        occurred_at: "2026-06-14T09:00:00+08:00",
        data: json!({
            "old_vkey": old, "new_vkey": new, "both_until": both_until,
            "signature_old": signed("log"), "signature_new": signed("log-2"),
        }),
        ..Says::default()
    }))
}

fn trust(home: &Home, keys: &[VerifierKey]) -> Trust {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    Trust::parse(&Trust::to_text(ORIGIN, &keys, home.ledger, None)).unwrap()
}

fn opens(given: &Receipt, trust: &Trust) -> bool {
    receipt::open(given.proof.to_string().as_bytes(), trust).is_ok()
}

fn lines(note: &SignedNote) -> Vec<String> {
    note.signatures().iter().map(|line| line.id.to_string()).collect()
}

fn is_sound(home: &Home) -> bool {
    home.fsck().is_sound()
}

#[test]
fn both_keys_sign_until_the_time_that_the_record_says_and_then_the_new_one() {
    let home = Home::new();
    let ledger = with_signer(&home, both());
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let (old, new) = (vkey(&signer()), vkey(&new_only()));
    let ids = |keys: &[&VerifierKey]| keys.iter().map(|key| key.id().to_string()).collect::<Vec<_>>();
    let before = handle.latest_checkpoint().unwrap();
    assert_eq!(lines(&before), ids(&[&old]), "the new key signs nothing before the ledger names it");

    handle.submit_blocking(rotation(&mut farm, BOTH_UNTIL)).unwrap();
    assert_eq!(lines(&handle.latest_checkpoint().unwrap()), ids(&[&old, &new]));
    let during = handle.submit_blocking(spraying(&mut farm)).unwrap().receipt;
    // Whoever has the old trust file, the new one, or the one of the overlap can check.
    for keys in [vec![old.clone()], vec![new.clone()], vec![new.clone(), old.clone()]] {
        assert!(opens(&during, &trust(&home, &keys)));
    }
    let log = handle.snapshot().log().unwrap().unwrap();
    assert_eq!(log.signing_vkeys(NOW).collect::<Vec<_>>(), [new.to_string(), old.to_string()]);
    assert_eq!(log.signing_vkeys(NOW + HOUR_MS).collect::<Vec<_>>(), [new.to_string()]);
    assert_eq!(log.log_vkeys().count(), 2);

    home.clock.now.store(NOW + HOUR_MS, Ordering::SeqCst);
    home.clock.uptime.store(HOUR_MS, Ordering::SeqCst);
    let after = handle.submit_blocking(spraying(&mut farm)).unwrap().receipt;
    assert_eq!(lines(&after.proof.checkpoint), ids(&[&new]));
    assert!(!opens(&after, &trust(&home, std::slice::from_ref(&old))), "the old trust file has run out");
    assert!(opens(&after, &trust(&home, &[new.clone(), old])));
    assert!(opens(&during, &trust(&home, &[new])));
    home.audits(&handle);
    drop((handle, ledger));
    assert!(is_sound(&home), "every checkpoint is signed by a key that the log had");

    // The old key is gone, and nothing misses it.
    let ledger = with_signer(&home, new_only());
    assert_eq!(ledger.handle().status(), Status::Writable);
    assert!(ledger.handle().submit_blocking(spraying(&mut farm)).unwrap().is_new);
}

#[test]
fn a_new_key_takes_over_only_where_it_is_held_and_an_old_one_does_not_come_back() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let lacking = refused(ledger.handle().submit_blocking(rotation(&mut farm, BOTH_UNTIL)));
    assert_eq!(lacking.code, Code::Right);
    drop(ledger);
    let ledger = with_signer(&home, both());
    farm.ledger.handle = ledger.handle();
    ledger.handle().submit_blocking(rotation(&mut farm, BOTH_UNTIL)).unwrap();
    let again = refused(ledger.handle().submit_blocking(rotation(&mut farm, "2027-01-01T00:00:00Z")));
    assert_eq!(again.code, Code::Right, "the old key is not the current one any more");
    drop(ledger);
    let ledger = home.open();
    let status = ledger.handle().status();
    assert!(matches!(status, Status::ReadOnly(ReadOnly::OtherKey { .. })), "{status:?}");
}

#[test]
fn a_rotation_at_once_takes_the_old_key_out_with_its_own_commit() {
    let home = Home::new();
    let ledger = with_signer(&home, both());
    let mut farm = home.farm(&ledger);
    let taken = ledger.handle().submit_blocking(rotation(&mut farm, "2026-06-01T00:00:00Z")).unwrap();
    assert_eq!(lines(&taken.receipt.proof.checkpoint), [vkey(&new_only()).id().to_string()]);
    drop(ledger);
    assert!(is_sound(&home));
}

/// A checkpoint that an old key signed after its time is none, although the log once had that key.
#[test]
fn the_check_asks_for_a_key_that_was_in_force() {
    let home = Home::new();
    let ledger = with_signer(&home, both());
    let mut farm = home.farm(&ledger);
    ledger.handle().submit_blocking(rotation(&mut farm, "2026-06-01T00:00:00Z")).unwrap();
    let taken = ledger.handle().submit_blocking(spraying(&mut farm)).unwrap().receipt;
    ledger.handle().submit_blocking(spraying(&mut farm)).unwrap();
    drop(ledger);
    assert!(is_sound(&home));
    let root = taken.proof.checkpoint.text().parse::<Checkpoint>().unwrap().root;
    for (signer, is_good) in [(signer(), false), (new_only(), true)] {
        let note = signer.sign(taken.size, root, |_| true).unwrap().to_string();
        let mut batch = Batch::default();
        checkpoints::put(&mut batch, taken.size, &note);
        let head = home.store.snapshot().head().unwrap();
        home.store.commit(batch, head, head).unwrap();
        assert_eq!(is_sound(&home), is_good);
    }
}

/// What a thief of the log's key can do, and what is seen. He signs a history of his own.
#[test]
fn a_stolen_key_signs_a_second_history_that_old_trust_takes_and_new_trust_does_not() {
    let home = Home::new();
    let ledger = with_signer(&home, both());
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let (old, new) = (vkey(&signer()), vkey(&new_only()));
    let honest = handle.submit_blocking(spraying(&mut farm)).unwrap().receipt;
    let forged = signer().sign(honest.size, Hash::of(b"another history"), |_| true).unwrap();

    // By itself the forgery is as good as the log's own checkpoint: nothing in the signature tells them apart.
    let opened = |note: &SignedNote, keys: &[VerifierKey]| {
        crate::verify::signed_checkpoint::open(&note.to_string(), &trust(&home, keys))
    };
    let theirs = opened(&forged, std::slice::from_ref(&old)).unwrap().checkpoint;
    let ours = opened(&honest.proof.checkpoint, std::slice::from_ref(&old)).unwrap().checkpoint;
    // Side by side they are evidence: one key, one size, two roots.
    assert_eq!((theirs.size, &theirs.origin), (ours.size, &ours.origin));
    assert_ne!(theirs.root, ours.root);

    // The operator takes the key out of use at once. From here on the new trust file refuses all that the thief signs.
    handle.submit_blocking(rotation(&mut farm, "2026-06-01T00:00:00Z")).unwrap();
    let now = handle.latest_checkpoint().unwrap();
    let later = signer().sign(honest.size + 10, Hash::of(b"another history"), |_| true).unwrap();
    for note in [&forged, &later] {
        assert!(opened(note, std::slice::from_ref(&new)).is_err());
        assert!(opened(note, std::slice::from_ref(&old)).is_ok(), "nobody told the holder of the old file");
    }
    assert!(opened(&now, std::slice::from_ref(&new)).is_ok());
    assert!(opened(&now, &[old]).is_err());
    // And the disk does not let the forgery in: a head that the old key signed is not the log's.
    drop((handle, ledger));
    home.signed_head().write(later.to_string().as_bytes()).unwrap();
    let ledger = with_signer(&home, new_only());
    assert!(matches!(ledger.handle().status(), Status::ReadOnly(ReadOnly::Disk(_))));
}
