//! Copies made while the ledger works, and what may be done with them.

use std::fs;
use std::path::Path;

use suyuan::sequencer::{ReadOnly, Status, SubmitError};
use suyuan::store::backup::{BackupError, restore};
use suyuan::store::data_dir::DataDir;
use suyuan::store::fsck::fsck_directory;
use suyuan::store::signed_head::SignedHead;
use suyuan::verify::audit::Audit;

use crate::place::{Place, files, follow, id, known_farm, spraying, trust};

/// A ledger that keeps working, and three copies taken meanwhile.
fn copied_at_work(root: &Path) -> (Place, Vec<std::path::PathBuf>) {
    let place = Place::new(&root.join("ledger"));
    fs::create_dir(place.dir.keys()).unwrap();
    fs::write(place.dir.log_key(), "-----BEGIN PRIVATE KEY-----").unwrap();
    let ledger = place.open_writable();
    let handle = ledger.handle();
    let copies: Vec<_> = (0..3).map(|n| root.join(format!("backup-{n}"))).collect();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut farm = known_farm(&handle, 1000);
            for _ in 0..60 {
                handle.submit_blocking(spraying(&mut farm)).unwrap();
            }
        });
        for copy in &copies {
            handle.backup(copy).unwrap();
        }
        writer.join().unwrap();
    });
    (place, copies)
}

#[test]
fn a_copy_made_at_work_is_sound_read_only_and_holds_no_key() {
    let root = tempfile::tempdir().unwrap();
    let (place, copies) = copied_at_work(root.path());
    let trust = trust(id(&place.open_writable().handle()));
    for (n, copy) in copies.iter().enumerate() {
        for (path, bytes) in files(copy) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(
                !text.contains("PRIVATE KEY") && !path.starts_with(copy.join("keys")),
                "{}",
                path.display()
            );
        }
        let back = Place::at(&root.path().join(format!("restored-{n}")));
        let mut stages = 0;
        let report = restore(copy, &back.dir, &back.signed_head, &mut |_| stages += 1).unwrap();
        assert!(report.is_sound() && stages > 0);

        let ledger = back.open().unwrap();
        let handle = ledger.handle();
        assert_eq!(handle.status(), Status::ReadOnly(ReadOnly::Restored));
        assert_eq!(handle.published().size, report.entries);
        follow(&mut Audit::new(Some(&trust)).unwrap(), &handle);
        let mut farm = known_farm(&handle, 900_000);
        let statement = spraying(&mut farm);
        let answer = handle.submit_blocking(statement.clone());
        assert_eq!(answer, Err(SubmitError::ReadOnly(ReadOnly::Restored)));
        // Somebody has compared it with the outside.
        drop((ledger, farm, handle));
        back.dir.resume().unwrap();
        let ledger = back.open_writable();
        assert!(ledger.handle().submit_blocking(statement).unwrap().is_new);
    }
}

#[test]
fn a_restored_ledger_does_not_forget_what_was_signed_since() {
    let root = tempfile::tempdir().unwrap();
    let (place, copies) = copied_at_work(root.path());
    // The disk is lost; the signed head lies elsewhere and is not.
    let mut back = Place::at(&root.path().join("restored"));
    back.signed_head = SignedHead::new(place.signed_head.path());
    let newest = back.signed_head.read().unwrap();
    restore(&copies[0], &back.dir, &back.signed_head, &mut |_| {}).unwrap();
    assert_eq!(back.signed_head.read().unwrap(), newest, "the one that was there knows more");
    back.dir.resume().unwrap();
    let status = back.open().unwrap().handle().status();
    assert!(
        matches!(&status, Status::ReadOnly(ReadOnly::Disk(why)) if why.contains("older state")),
        "{status:?}"
    );
}

#[test]
fn a_damaged_or_unfinished_backup_does_not_become_a_ledger() {
    let root = tempfile::tempdir().unwrap();
    let (_, copies) = copied_at_work(root.path());
    let restored = |n: u32, from: &Path| {
        let back = Place::at(&root.path().join(format!("damaged-{n}")));
        let result = restore(from, &back.dir, &back.signed_head, &mut |_| {});
        assert!(back.open().is_err(), "it has no VERSION");
        result
    };
    fs::remove_file(DataDir::new(&copies[0]).version()).unwrap();
    assert!(matches!(restored(0, &copies[0]), Err(BackupError::DataDir(_))));
    SignedHead::new(DataDir::new(&copies[1]).signed_head()).write(b"nonsense").unwrap();
    assert!(matches!(restored(1, &copies[1]), Err(BackupError::NotSound(_))));
    let taken = Place::at(&root.path().join("ledger"));
    let over = restore(&copies[2], &taken.dir, &taken.signed_head, &mut |_| {});
    assert!(matches!(over, Err(BackupError::DataDir(_))), "a ledger is not written over");
    taken.open_writable();
}

#[test]
fn the_check_of_a_directory_finds_what_was_changed_in_it() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::new(&root.path().join("ledger"));
    let mut told = Vec::new();
    let report = fsck_directory(&place.dir, &place.signed_head, &mut |progress| told.push(progress)).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(report.entries, place.open_writable().handle().published().size);
    assert_eq!(told.first().map(|progress| progress.total), Some(Some(report.entries)));
    fs::remove_file(place.signed_head.path()).unwrap();
    let report = fsck_directory(&place.dir, &place.signed_head, &mut |_| {}).unwrap();
    assert_eq!(report.problems_total, 1);
}
