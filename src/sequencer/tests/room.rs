//! The line of free space: nothing is taken below it, and what was there is read, erased and copied all the same.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::home::{Home, spraying};
use crate::sequencer::{Guards, Ledger, Parts, ReadOnly, Room, Space, Status, SubmitError, UploadError};

const STOP: u64 = 1 << 30;

/// Tells what it was told.
struct Told(Arc<AtomicU64>);

impl Space for Told {
    fn free(&self) -> io::Result<u64> {
        Ok(self.0.load(Ordering::SeqCst))
    }
}

fn watched(home: &Home, free: &Arc<AtomicU64>, tick: Duration) -> Ledger {
    let room = Some(Room::new(Arc::new(Told(free.clone())), STOP));
    Ledger::start(Parts { guards: Guards { room, tick, ..Guards::default() }, ..home.parts() }).unwrap()
}

#[test]
fn below_the_line_nothing_is_taken_until_there_is_room() {
    let home = Home::new();
    let free = Arc::new(AtomicU64::new(STOP));
    let ledger = watched(&home, &free, Duration::from_secs(3600));
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let kept = handle.submit_blocking(spraying(&mut farm)).unwrap();
    let before = home.dump();
    free.store(STOP - 1, Ordering::SeqCst);
    let statement = spraying(&mut farm);
    let full = ReadOnly::NoRoom { free: STOP - 1, stop: STOP };
    assert_eq!(handle.submit_blocking(statement.clone()), Err(SubmitError::ReadOnly(full.clone())));
    assert_eq!(handle.status(), Status::ReadOnly(full));
    let upload = handle.upload(&crate::merkle::Hash::ZERO);
    assert!(matches!(upload, Err(UploadError::ReadOnly(ReadOnly::NoRoom { .. }))));
    assert_eq!(home.dump(), before);
    // Known ones have their place, and what is to go can go.
    home.convinces(&handle.receipt(kept.receipt.seq).unwrap());
    handle.erase(&kept.receipt.leaf, "/data/operator").unwrap();
    free.store(STOP, Ordering::SeqCst);
    assert!(handle.submit_blocking(statement).unwrap().is_new);
    assert_eq!(handle.status(), Status::Writable);
    assert_eq!(home.fsck().problems, []);
}

#[test]
fn without_work_the_status_follows_the_disk() {
    let home = Home::new();
    let free = Arc::new(AtomicU64::new(0));
    let ledger = watched(&home, &free, Duration::from_millis(1));
    let mut status = ledger.handle().watch_status();
    assert!(matches!(*status.borrow(), Status::ReadOnly(ReadOnly::NoRoom { .. })), "from the first moment");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut until = |room: u64, is: fn(&Status) -> bool| {
        free.store(room, Ordering::SeqCst);
        assert!(runtime.block_on(async { status.wait_for(is).await.is_ok() }));
    };
    until(2 * STOP, |now| *now == Status::Writable);
    until(7, |now| matches!(now, Status::ReadOnly(ReadOnly::NoRoom { free: 7, .. })));
    until(STOP, |now| *now == Status::Writable);
    assert_eq!(ledger.handle().disk_free(), Some(STOP));
}
