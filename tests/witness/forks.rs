//! One log key, two histories: the second finds no witness, and the operator's own service says so.

use std::path::Path;

use suyuan::note::checkpoint::Checkpoint;
use suyuan::note::signed_note::SignedNote;

use crate::farm::Farm;
use crate::service::{Client, Service};
use crate::setup::*;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

fn size(client: &Client, path: &str) -> Option<u64> {
    let answer = client.get(path);
    let note = SignedNote::parse(&answer.body).ok().filter(|_| answer.status == 200)?;
    Some(note.text().parse::<Checkpoint>().unwrap().size)
}

fn caught_up(service: &Service) -> u64 {
    until("the newest checkpoint meets the policy", || {
        let (seen, newest) = (size(&service.client, "/log/checkpoint"), size(&service.client, "/log/latest"));
        (seen.is_some() && seen == newest).then_some(seen).flatten()
    })
}

fn problem(client: &Client) -> Option<String> {
    let told = client.get("/api/v1/checkpoints").json();
    told["witnesses"][0]["problem"].as_str().map(str::to_owned)
}

/// Two services on copies of one ledger, the first of which has gone on and was cosigned.
fn parted(more: u64) -> (suyuan::http::witness::WitnessServing, Service, Service, u64) {
    let one = witness("one.example");
    let key = one.vkey().to_string();
    let one = serving(one);
    let text = policy(1, &[("one", key, &url(&one))]);
    let service = operator(&text);
    service.farm().grow();
    caught_up(&service);
    let dir = service.stop();
    let other = tempfile::tempdir().unwrap();
    copy(dir.path(), other.path());
    let first = on(dir, &text);
    let mut farm = Farm::known(first.client.clone(), 1_000);
    (0..more).for_each(|n| append(&mut farm, n));
    let seen = caught_up(&first);
    (one, first, on(other, &text), seen)
}

#[test]
fn a_second_history_is_cosigned_by_nobody() {
    let (one, _first, second, seen) = parted(1);
    let common = size(&second.client, "/log/checkpoint");
    let mut farm = Farm::known(second.client.clone(), 2_000);
    (10..14).for_each(|n| append(&mut farm, n));
    assert!(size(&second.client, "/log/latest").unwrap() > seen);
    let said = until("the witness contradicts", || problem(&second.client).filter(|p| p.contains("history")));
    assert!(said.contains("another history"), "{said}");
    assert_eq!(size(&second.client, "/log/checkpoint"), common, "the last that both have");
    one.stop().unwrap();
}

#[test]
fn a_ledger_that_lost_what_it_had_signed_is_told_so() {
    let (one, _first, second, seen) = parted(4);
    append(&mut Farm::known(second.client.clone(), 2_000), 10);
    assert!(size(&second.client, "/log/latest").unwrap() < seen);
    let said = until("the witness knows more", || problem(&second.client).filter(|p| p.contains("rolled")));
    assert!(said.contains(&format!("cosigned {seen} entries")), "{said}");
    one.stop().unwrap();
}
