//! Disks that come back older, or with other bytes.

use std::fs;
use std::path::{Path, PathBuf};

use suyuan::ledger::Code;
use suyuan::sequencer::{ReadOnly, Status, Submission, SubmitError};
use suyuan::store::fsck::fsck_directory;
use suyuan::store::signed_head::SignedHead;
use suyuan::verify::audit::Audit;

use crate::farm::Says;
use crate::place::{Place, copy_tree, files, follow, holds, id, known_farm, spraying, spraying_by, trust};

/// Adds this many records, one commit each.
fn add(place: &Place, first_id: u64, records: u64) {
    let ledger = place.open_writable();
    let mut farm = known_farm(&ledger.handle(), first_id);
    for _ in 0..records {
        assert!(ledger.handle().submit_blocking(spraying(&mut farm)).unwrap().is_new);
    }
}

/// Opens what can be read and must not be written, and tries.
#[track_caller]
fn is_an_older_state(place: &Place) {
    let ledger = place.open().unwrap();
    let handle = ledger.handle();
    match handle.status() {
        Status::ReadOnly(ReadOnly::Disk(why)) => assert!(why.contains("it is an older state"), "{why}"),
        other => panic!("{other:?}"),
    }
    let size = handle.published().size;
    let mut farm = known_farm(&handle, 5_000_000);
    let answer = handle.submit_blocking(spraying(&mut farm));
    assert!(matches!(answer, Err(SubmitError::ReadOnly(ReadOnly::Disk(_)))), "{answer:?}");
    assert_eq!((handle.published().size, handle.snapshot().log().unwrap().unwrap().size), (size, size));
    assert!(handle.receipt(size - 1).is_ok() || handle.latest_checkpoint().is_none());
}

fn put_back(from: &Path, to: &Path) {
    fs::remove_dir_all(to).unwrap();
    copy_tree(from, to);
}

#[test]
fn yesterdays_database_is_not_written_on() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::new(&root.path().join("ledger"));
    let (yesterday, today) = (root.path().join("yesterday"), root.path().join("today"));
    copy_tree(&place.dir.db(), &yesterday);
    add(&place, 1000, 5);
    copy_tree(&place.dir.db(), &today);

    put_back(&yesterday, &place.dir.db());
    is_an_older_state(&place);
    // Not on the second start either.
    is_an_older_state(&place);
    put_back(&today, &place.dir.db());
    add(&place, 2000, 1);
}

#[test]
fn yesterdays_whole_directory_is_caught_by_a_signed_head_that_lies_elsewhere() {
    let root = tempfile::tempdir().unwrap();
    let mut place = Place::new(&root.path().join("ledger"));
    let elsewhere = root.path().join("elsewhere-signed-head");
    fs::rename(place.signed_head.path(), &elsewhere).unwrap();
    place.signed_head = SignedHead::new(&elsewhere);
    let yesterday = root.path().join("yesterday");
    copy_tree(place.dir.root(), &yesterday);
    add(&place, 1000, 3);
    put_back(&yesterday, place.dir.root());
    is_an_older_state(&place);
}

fn log_file(db: &Path) -> PathBuf {
    let files = fs::read_dir(db).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max().unwrap()
}

/// Cuts the write-ahead log at every length: what opens has lost nothing that was signed, or does not write.
#[test]
fn a_write_ahead_log_cut_anywhere_never_loses_a_promise_unseen() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::new(&root.path().join("ledger"));
    add(&place, 1000, 4);
    let log = log_file(&place.dir.db());
    let whole = root.path().join("whole");
    copy_tree(place.dir.root(), &whole);
    let length = fs::metadata(&log).unwrap().len();
    let sizes = (1..=12).map(|n| length * n / 13).chain([length - 1, length - 100]);
    for cut in sizes {
        put_back(&whole, place.dir.root());
        fs::OpenOptions::new().write(true).open(&log).unwrap().set_len(cut).unwrap();
        match place.open() {
            // Refused as damaged, or as no ledger at all: nobody writes on it.
            Err(_) => {}
            Ok(ledger) => {
                drop(ledger);
                is_an_older_state(&place);
            }
        }
    }
    put_back(&whole, place.dir.root());
    add(&place, 2000, 1);
}

#[test]
fn a_write_ahead_log_damaged_in_the_middle_is_refused_and_left_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::new(&root.path().join("ledger"));
    add(&place, 1000, 10);
    let log = log_file(&place.dir.db());
    let good = fs::read(&log).unwrap();
    let mut refused = 0;
    for part in 1..8 {
        let mut bad = good.clone();
        bad[good.len() * part / 8] ^= 0x40;
        fs::write(&log, &bad).unwrap();
        match place.open() {
            Err(error) => {
                assert!(error.to_string().contains("Corruption"), "{error}");
                refused += 1;
            }
            Ok(ledger) => {
                drop(ledger);
                is_an_older_state(&place);
            }
        }
        assert_eq!(fs::read(&log).unwrap(), bad, "what is damaged is left for somebody to look at");
    }
    assert!(refused > 0);
    fs::write(&log, &good).unwrap();
    add(&place, 2000, 1);
}

/// How many files below a directory hold these bytes.
fn files_with(root: &Path, needle: &str) -> usize {
    let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    files(root).iter().filter(|(_, bytes)| holds(bytes)).count()
}

#[test]
fn what_is_erased_leaves_the_disk_and_no_proof_is_the_poorer() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::new(&root.path().join("ledger"));
    let ledger = place.open_writable();
    let handle = ledger.handle();
    let trust = trust(id(&handle));
    let mut farm = known_farm(&handle, 1000);
    // No compression shortens it, and it stands nowhere else.
    let name = format!("王{}", &suyuan::merkle::Hash::of(b"somebody's name").to_string()[..24]);
    let receipt = handle.submit_blocking(spraying_by(&mut farm, &name)).unwrap().receipt;
    let proof = receipt.proof.to_string();
    assert_eq!(files_with(place.dir.root(), &name), 1);
    // Somebody reads on meanwhile, and others go on writing.
    let reader = handle.published();
    std::thread::scope(|scope| {
        let erasing = scope.spawn(|| handle.erase(&receipt.leaf, "/data/operator"));
        assert!(handle.submit_blocking(spraying(&mut farm)).unwrap().is_new);
        drop(reader);
        erasing.join().unwrap().unwrap();
    });
    assert_eq!(files_with(place.dir.root(), &name), 0);
    holds(&handle, &trust, proof.as_bytes());
    follow(&mut Audit::new(Some(&trust)).unwrap(), &handle);
    drop((ledger, handle, farm));
    let report = fsck_directory(&place.dir, &place.signed_head, &mut |_| {}).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    holds(&place.open_writable().handle(), &trust, proof.as_bytes());
    assert_eq!(files_with(place.dir.root(), &name), 0);
}

#[test]
fn a_refused_statement_leaves_every_file_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::new(&root.path().join("ledger"));
    let ledger = place.open_writable();
    let mut farm = known_farm(&ledger.handle(), 1000);
    assert!(ledger.handle().submit_blocking(spraying(&mut farm)).unwrap().is_new);
    let before = files(place.dir.root());
    let mut forged = spraying(&mut farm);
    forged.envelope.signatures[0].sig[1] ^= 1;
    assert!(matches!(ledger.handle().submit_blocking(forged), Err(SubmitError::Refused(_))));
    // Decided by the writer: the first statement's id for another payload.
    farm.made = 1000;
    let (envelope, _) = farm.signed(Says {
        kind: "crop.open/1",
        subject: "crop:qingshan.p1-2027",
        touches: &["plot:qingshan.p1"],
        signer: ("qingshan", "coop"),
        occurred_at: "2026-03-03",
        recorded_at: Some("2026-03-03T18:00:00+08:00"),
        data: serde_json::json!({
            "plot": "plot:qingshan.p1", "crop": "杨梅", "variety": "东魁", "season": "2027 夏",
        }),
        ..Says::default()
    });
    let conflict = ledger.handle().submit_blocking(Submission::new(envelope));
    assert!(matches!(conflict, Err(SubmitError::Refused(why)) if why.refusal.code == Code::Conflict));
    assert_eq!(files(place.dir.root()), before);
}
