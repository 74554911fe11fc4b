//! A writer that halted goes on by itself, and only after a reload that found everything as it was published.

use std::time::Duration;

use super::faulty::{Fault, Op};
use super::home::{Home, spraying};
use crate::sequencer::{Guards, Ledger, Parts, ReadOnly, Status};
use crate::store::{Batch, Read, Store, checkpoints};

/// Nobody submits, and the writer goes on when its disk reads again.
#[test]
fn without_work_a_halted_writer_reads_its_disk_anew() {
    let home = Home::new();
    let guards = Guards { tick: Duration::from_millis(1), ..Guards::default() };
    let ledger = Ledger::start(Parts { guards, ..home.parts() }).unwrap();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    home.store.fail(Op::Read, Fault::Before, 0);
    assert!(handle.submit_blocking(spraying(&mut farm)).is_err());
    assert!(matches!(handle.status(), Status::ReadOnly(ReadOnly::Halted(_))));
    home.pass(1_000);
    let mut status = handle.watch_status();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let written = runtime.block_on(async { status.wait_for(|now| *now == Status::Writable).await.is_ok() });
    assert!(written);
    assert!(handle.submit_blocking(spraying(&mut farm)).unwrap().is_new);
    home.audits(&handle);
}

/// What a reload finds must be what readers were shown, in every byte that opening looks at.
#[test]
fn a_halted_writer_stays_halted_on_a_disk_that_changed() {
    type Damage = fn(&Home);
    let damages: [(&str, Damage); 4] = [
        ("another writer", |home| {
            let second = home.open();
            let mut farm = super::farm::Farm::known(home.client(&second), 900);
            assert!(second.handle().submit_blocking(spraying(&mut farm)).unwrap().is_new);
        }),
        ("a node", |home| change(home, crate::ledger::keys::tree_node(0, 3), Some(vec![7; 32]))),
        ("no checkpoint", |home| {
            let size = home.store.snapshot().head().unwrap();
            change(home, [b"k/".as_slice(), &size.to_be_bytes()].concat(), None);
        }),
        ("no head", |home| std::fs::remove_file(home.signed_head().path()).unwrap()),
    ];
    for (what, damage) in damages {
        let home = Home::new();
        let ledger = home.open();
        let mut farm = home.farm(&ledger);
        let handle = ledger.handle();
        home.store.fail(Op::Read, Fault::Before, 0);
        assert!(handle.submit_blocking(spraying(&mut farm)).is_err());
        damage(&home);
        let size = home.store.snapshot().head().unwrap();
        for _ in 0..3 {
            home.pass(60_000);
            assert!(handle.submit_blocking(spraying(&mut farm)).is_err(), "{what}");
            assert!(matches!(handle.status(), Status::ReadOnly(ReadOnly::Halted(_))), "{what}");
        }
        assert_eq!(home.store.snapshot().head().unwrap(), size, "{what}");
    }
}

/// A crash between the commit and its head: before anybody is shown the commit, the head knows it.
#[test]
fn opening_brings_the_signed_head_up_before_anybody_reads() {
    let home = Home::new();
    let ledger = home.open();
    home.farm(&ledger);
    let size = ledger.handle().published().size;
    drop(ledger);
    let snapshot = home.store.snapshot();
    let before = checkpoints::at(&snapshot, size - 2).unwrap().unwrap();
    home.signed_head().write(&before).unwrap();
    // Whoever only reads writes nothing.
    drop(Ledger::start(Parts { signer: None, ..home.parts() }).unwrap());
    assert_eq!(home.signed_head().read().unwrap(), Some(before));
    let ledger = home.open();
    assert_eq!(ledger.handle().status(), Status::Writable);
    assert_eq!(home.signed_head().read().unwrap(), checkpoints::at(&snapshot, size).unwrap());
    assert!(home.store.get(b"h/").unwrap().is_some());
}

fn change(home: &Home, key: Vec<u8>, value: Option<Vec<u8>>) {
    let mut batch = Batch::default();
    match value {
        Some(value) => batch.put(key, value),
        None => batch.delete(key),
    }
    let head = home.store.snapshot().head().unwrap();
    home.store.commit(batch, head, head).unwrap();
}
