//! kill -9 in the middle of everything, again and again on the same ledger.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use suyuan::verify::audit::Audit;

use crate::child::{Said, command, command_with_small_disk};
use crate::place::{Place, follow, holds, id, known_farm, spraying, trust};

/// Rounds of killing; more by SUYUAN_ROUNDS.
const ROUNDS: u64 = 50;

/// Statement ids of one round.
const IDS: u64 = 1_000_000;

fn rounds() -> u64 {
    std::env::var("SUYUAN_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("SUYUAN_ROUNDS is a number"))
}

/// Everything the child says, to the end of its output.
fn listen(child: &mut Child) -> mpsc::Receiver<Said> {
    let (said, heard) = mpsc::channel();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some(what) = Said::parse(&line) {
                let _ = said.send(what);
            }
            line.clear();
        }
    });
    heard
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::new(&root.path().join("ledger"));
    let ledger = id(&place.open_writable().handle());
    let trust = trust(ledger);
    let mut audit = Audit::new(Some(&trust)).unwrap();
    let mut receipts = Vec::new();
    for round in 1..=rounds() {
        let mut child = command(place.dir.root(), round * IDS).spawn().unwrap();
        let heard = listen(&mut child);
        // From "not even open" to "long at work": a different moment each round.
        let mut said = Vec::new();
        let seen = if round % 7 == 0 { 0 } else { 1 + round * 37 % 40 };
        said.extend(heard.iter().take(seen as usize));
        thread::sleep(Duration::from_micros(round * 7919 % 20_000));
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(heard.iter());
        said.retain(|said| *said != Said::Opened);

        let ledger = place.open_writable();
        let handle = ledger.handle();
        for said in said {
            let Said::Acknowledged(receipt) = said else { panic!("{said:?}") };
            holds(&handle, &trust, &receipt);
            receipts.push(receipt);
        }
        follow(&mut audit, &handle);
        // And it goes on.
        let mut farm = known_farm(&handle, round * IDS + IDS - 1);
        assert!(handle.submit_blocking(spraying(&mut farm)).unwrap().is_new);
        follow(&mut audit, &handle);
    }
    // No later round took away what an earlier one had promised.
    let ledger = place.open_writable();
    for receipt in &receipts {
        holds(&ledger.handle(), &trust, receipt);
    }
    assert!(receipts.len() as u64 > 5 * rounds(), "the rounds were too short to test anything");
    println!("{} rounds, {} receipts, {} entries", rounds(), receipts.len(), audit.size());
}

/// A write that fails for real, somewhere inside the engine.
#[test]
fn a_disk_that_takes_no_more_stops_the_ledger_and_breaks_no_promise() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::new(&root.path().join("ledger"));
    let ledger = id(&place.open_writable().handle());
    let trust = trust(ledger);
    for (round, kib) in [(1, 300), (2, 1000)] {
        let mut child = command_with_small_disk(place.dir.root(), round * IDS, kib).spawn().unwrap();
        let mut said: Vec<Said> = listen(&mut child).iter().collect();
        assert!(child.wait().unwrap().success());
        assert_eq!(said.remove(0), Said::Opened);
        let Some(Said::Stopped { readable }) = said.pop() else { panic!("{said:?}") };
        assert!(!said.is_empty(), "nothing was acknowledged before the disk was full");

        // With room again: all that was acknowledged, and perhaps the one group that was not.
        let ledger = place.open_writable();
        let handle = ledger.handle();
        assert!(handle.published().size >= readable);
        for said in said {
            let Said::Acknowledged(receipt) = said else { panic!("{said:?}") };
            holds(&handle, &trust, &receipt);
        }
        follow(&mut Audit::new(Some(&trust)).unwrap(), &handle);
        let mut farm = known_farm(&handle, round * IDS + IDS - 1);
        assert!(handle.submit_blocking(spraying(&mut farm)).unwrap().is_new);
    }
}

#[test]
fn a_second_process_is_told_that_the_ledger_is_in_use() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::new(&root.path().join("ledger"));
    let ledger = place.open_writable();
    let mut child = command(place.dir.root(), IDS).spawn().unwrap();
    assert_eq!(listen(&mut child).iter().collect::<Vec<_>>(), [Said::Locked]);
    assert!(child.wait().unwrap().success());
    let mut farm = known_farm(&ledger.handle(), 2 * IDS);
    assert!(ledger.handle().submit_blocking(spraying(&mut farm)).unwrap().is_new);
}
