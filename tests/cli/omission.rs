//! A farmer, a receipt, and a service that leaves the record out.

use crate::ledger::Ledger;
use crate::program::Place;
use crate::service::Service;

const EVIDENCE: [&str; 2] = ["--out", "evidence.json"];

fn place() -> Place {
    let (place, ledger) = (Place::new(), Ledger::with_farm());
    place.write("trust.json", ledger.trust());
    place.write("1.tlog-proof", ledger.receipt(1));
    place.write("2.tlog-proof", ledger.receipt(2));
    place
}

#[test]
fn a_receipt_alone_is_enough_to_catch_a_service_that_leaves_its_record_out() {
    let place = place();
    let ask = |url: &str, extra: &[&str]| {
        let args = ["verify", "--receipt", "1.tlog-proof", "--from", url, "--trust", "trust.json"];
        place.run(&[&args, extra].concat())
    };
    let honest = Service::of(Ledger::with_farm());
    let agreed = ask(honest.url(), &EVIDENCE).expect(0);
    assert_eq!(agreed.stdout, "verified: what the service says of 2 chains agrees with the receipt\n");
    let json = ask(honest.url(), &["--json"]).expect(0).json();
    assert_eq!((&json["verified"], &json["chains"]), (&true.into(), &2.into()));
    assert!(!place.files().contains(&"evidence.json".to_owned()));

    // The same log, signed again without the farm: the service proves, with the log's own key, that there is none.
    let liar = Service::of(Ledger::without_farm());
    let caught = ask(liar.url(), &EVIDENCE).expect(1);
    assert!(
        caught.stdout.starts_with("OMISSION: record 1 of the log is record 0 of org:farm"),
        "{}",
        caught.stdout
    );
    let asked = liar.with(|shared| shared.requests.clone());
    assert_eq!(asked, ["GET /api/v1/subjects/org:farm/bundle"]);
    drop(liar);
    // Anybody can check it, with no service at all.
    let shown = place.run(&["verify", "evidence.json", "--trust", "trust.json"]).expect(0);
    assert!(shown.stdout.contains("the log's own signatures show"), "{}", shown.stdout);
    let evidence = place.read("evidence.json");
    for at in (0..evidence.len()).step_by(evidence.len() / 40) {
        let mut changed = evidence.clone().into_bytes();
        changed[at] ^= 1;
        place.write("changed", changed);
        let ran = place.run(&["verify", "changed", "--trust", "trust.json"]);
        assert_ne!(ran.code, 0, "byte {at}");
    }
}

#[test]
fn a_service_that_answers_something_else_catches_nobody() {
    let place = place();
    let ask = |receipt: &str, url: &str| {
        place.run(&["verify", "--receipt", receipt, "--from", url, "--trust", "trust.json"])
    };
    let service = Service::of(Ledger::with_farm());
    ask("2.tlog-proof", service.url()).could_not("the receipt is of no record");
    ask("trust.json", service.url()).could_not("nothing can be compared");
    // The bundle of somebody else shows nothing about this record.
    let path = "/api/v1/subjects/org:farm/bundle";
    let other = Ledger::with_farm().bundle("org:registrar");
    service.with(|shared| shared.instead.insert(path.to_owned(), other));
    ask("1.tlog-proof", service.url()).could_not("says nothing of the receipt's record");
    service.with(|shared| shared.instead.insert(path.to_owned(), b"{}".to_vec()));
    ask("1.tlog-proof", service.url()).could_not("what came is no bundle");
    let both =
        ["verify", "--receipt", "1.tlog-proof", "--from", "http://x.example", "--against", "1.tlog-proof"];
    place.run(&[&both[..], &["--trust", "trust.json"]].concat()).expect(2);
    place.run(&["verify", "--receipt", "1.tlog-proof", "--trust", "trust.json"]).expect(2);
}
