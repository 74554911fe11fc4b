//! What stops the writer, and that reading goes on.

use std::fs;
use std::sync::atomic::Ordering;

use super::faulty::Fault;
use super::home::{Home, NOW, spraying};
use crate::sequencer::{ClockProblem, LogSigner, Parts, ReadOnly, Status, SubmitError};

/// The ledger has stopped, answers nothing new, and shows what it had.
#[track_caller]
fn is_stopped(home: &Home, handle: &crate::sequencer::LedgerHandle, size: u64) {
    assert!(matches!(handle.status(), Status::ReadOnly(ReadOnly::Failed(_))), "{:?}", handle.status());
    assert_eq!(handle.published().size, size);
    home.convinces(&handle.receipt(size - 1).unwrap());
    home.audits(handle);
}

#[test]
fn a_failed_commit_is_not_acknowledged_and_stops_the_writer() {
    for fault in [Fault::Before, Fault::After] {
        let home = Home::new();
        let ledger = home.open();
        let mut farm = home.farm(&ledger);
        let handle = ledger.handle();
        let size = handle.published().size;
        let head = home.signed_head().read().unwrap();
        let (lost, after) = (spraying(&mut farm), spraying(&mut farm));
        home.store.fail_next(fault);
        let answer = handle.submit_blocking(lost.clone());
        assert!(matches!(answer, Err(SubmitError::Uncertain(_))), "{fault:?}: {answer:?}");
        is_stopped(&home, &handle, size);
        // The store would work again. The writer does not ask.
        let answer = handle.submit_blocking(after.clone());
        assert!(matches!(answer, Err(SubmitError::ReadOnly(ReadOnly::Failed(_)))), "{fault:?}: {answer:?}");
        is_stopped(&home, &handle, size);
        assert_eq!(home.signed_head().read().unwrap(), head);

        // Opened again, the same statement gets its one place, whether or not the write had happened.
        drop((ledger, handle));
        let ledger = home.open();
        let handle = ledger.handle();
        assert_eq!(handle.status(), Status::Writable, "{fault:?}");
        let again = handle.submit_blocking(lost).unwrap();
        assert_eq!((again.receipt.seq, again.is_new), (size, fault == Fault::Before));
        assert!(handle.submit_blocking(after).unwrap().is_new);
        home.audits(&handle);
    }
}

#[test]
fn everything_in_a_failed_group_is_uncertain_and_nothing_after_it_is_taken() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let size = handle.published().size;
    home.store.close_gate();
    let first = handle.enqueue(spraying(&mut farm)).unwrap();
    home.store.until_one_waits();
    let waiting: Vec<_> = (0..5).map(|_| handle.enqueue(spraying(&mut farm)).unwrap()).collect();
    home.store.fail_next(Fault::Before);
    home.store.open_gate();
    assert!(matches!(first.accepted_blocking(), Err(SubmitError::Uncertain(_))));
    for pending in waiting {
        assert!(matches!(pending.accepted_blocking(), Err(SubmitError::ReadOnly(ReadOnly::Failed(_)))));
    }
    is_stopped(&home, &handle, size);
}

#[test]
fn a_signed_head_that_cannot_be_written_holds_every_answer_back() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let size = handle.published().size;
    // A directory stands where the file was.
    let (path, kept) =
        (home.signed_head().path().to_owned(), home.signed_head().path().with_extension("kept"));
    fs::rename(&path, &kept).unwrap();
    fs::create_dir(&path).unwrap();
    let lost = spraying(&mut farm);
    assert!(matches!(handle.submit_blocking(lost.clone()), Err(SubmitError::Uncertain(_))));
    is_stopped(&home, &handle, size);

    drop((ledger, handle));
    fs::remove_dir(&path).unwrap();
    fs::rename(kept, path).unwrap();
    let ledger = home.open();
    let again = ledger.handle().submit_blocking(lost).unwrap();
    assert_eq!((again.receipt.seq, again.is_new), (size, false), "it was in the store all the time");
    home.audits(&ledger.handle());
}

#[test]
fn of_two_writers_the_second_stops() {
    let home = Home::new();
    let first = home.open();
    let mut farm = home.farm(&first);
    let second = home.open();
    let size = second.handle().published().size;
    farm.input("2026-05-01", "2026-05-01T18:00:00+08:00");
    let fork = spraying(&mut farm);
    assert!(matches!(second.handle().submit_blocking(fork.clone()), Err(SubmitError::Uncertain(_))));
    is_stopped(&home, &second.handle(), size);
    assert!(first.handle().submit_blocking(fork).unwrap().is_new);
    home.audits(&first.handle());
}

#[test]
fn a_wrong_clock_stops_the_writer_until_it_is_right_or_confirmed() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let statement = spraying(&mut farm);

    home.clock.now.store(NOW - 5_001, Ordering::SeqCst);
    let before = home.dump();
    let behind = ReadOnly::Clock(ClockProblem::Behind { by_ms: 5_001 });
    assert_eq!(handle.submit_blocking(statement.clone()), Err(SubmitError::ReadOnly(behind.clone())));
    assert_eq!(handle.status(), Status::ReadOnly(behind));
    assert_eq!(home.dump(), before);
    home.clock.now.store(NOW - 5_000, Ordering::SeqCst);
    assert!(handle.submit_blocking(statement).unwrap().is_new);
    assert_eq!(handle.status(), Status::Writable);
    assert_eq!(handle.snapshot().log().unwrap().unwrap().at, NOW, "at never falls");

    let next_year = NOW + 365 * 86_400_000;
    home.clock.now.store(next_year, Ordering::SeqCst);
    let statement = spraying(&mut farm);
    let ahead = handle.submit_blocking(statement.clone());
    assert!(
        matches!(ahead, Err(SubmitError::ReadOnly(ReadOnly::Clock(ClockProblem::Ahead { .. })))),
        "{ahead:?}"
    );
    runtime.block_on(handle.confirm_clock());
    assert_eq!(handle.status(), Status::Writable);
    assert!(handle.submit_blocking(statement).unwrap().is_new);
    assert_eq!(handle.snapshot().log().unwrap().unwrap().at, next_year);

    // A witness vouches for the year after.
    home.clock.now.store(next_year + 365 * 86_400_000, Ordering::SeqCst);
    let statement = spraying(&mut farm);
    assert!(handle.submit_blocking(statement.clone()).is_err());
    handle.saw_witness_time((next_year / 1000 + 365 * 86_400) as u64);
    assert!(handle.submit_blocking(statement).unwrap().is_new);
    home.audits(&handle);
}

#[test]
fn without_the_logs_key_or_out_of_a_backup_it_is_read_only() {
    let home = Home::new();
    home.valley(&home.open()).season();
    let other = LogSigner::new(super::home::ORIGIN.parse().unwrap(), super::farm::key("another"));
    let named = super::home::signer().verifier_keys()[0].to_string();
    for (parts, why) in [
        (Parts { signer: None, ..home.parts() }, ReadOnly::NoKey),
        (Parts { signer: Some(other), ..home.parts() }, ReadOnly::OtherKey { named }),
        (Parts { restored: true, ..home.parts() }, ReadOnly::Restored),
    ] {
        let ledger = crate::sequencer::Ledger::start(parts).unwrap();
        let handle = ledger.handle();
        assert_eq!(handle.status(), Status::ReadOnly(why.clone()));
        let before = home.dump();
        let mut farm = super::farm::Farm::known(home.client(&ledger), 900);
        assert_eq!(handle.submit_blocking(spraying(&mut farm)), Err(SubmitError::ReadOnly(why)));
        assert_eq!(home.dump(), before);
        home.convinces(&handle.receipt(3).unwrap());
        home.audits(&handle);
    }
}
