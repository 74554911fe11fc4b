//! `suyuan verify`.

use crate::ledger::Ledger;
use crate::program::Place;

const LAYERS: [&str; 9] = [
    "encoding",
    "signatures",
    "rights",
    "chains",
    "completeness",
    "log",
    "freshness",
    "witnesses",
    "anchors",
];

fn place() -> Place {
    let (place, ledger) = (Place::new(), Ledger::with_farm());
    place.write("trust.json", ledger.trust());
    place.write("farm.bundle", ledger.bundle("org:farm"));
    place.write("1.tlog-proof", ledger.receipt(1));
    place
}

#[test]
fn a_good_bundle_is_verified_layer_by_layer() {
    let place = place();
    let text = place.run(&["verify", "farm.bundle", "--trust", "trust.json"]).expect(0).stdout;
    for (line, layer) in text.lines().zip(LAYERS) {
        assert!(line.starts_with(layer), "{line}");
    }
    assert!(text.contains("witnesses     not checked  the trust file names no witnesses"), "{text}");
    assert!(text.contains("org:farm in test.example/log, as of 3 entries"), "{text}");
    assert!(text.contains("org.register/1"), "{text}");
    assert!(text.ends_with("\nverified\n"), "{text}");

    let answer = place.run(&["verify", "farm.bundle", "--trust", "trust.json", "--json"]).expect(0).json();
    assert_eq!(answer["verified"], true);
    assert_eq!(answer["layers"].as_object().unwrap().len(), LAYERS.len());
    assert_eq!(answer["facts"]["subject"], "org:farm");
    let bytes = std::fs::read_to_string(place.path("farm.bundle")).unwrap();
    place.run_with(&["verify", "-", "--trust", "trust.json"], &[], &bytes).expect(0);
}

#[test]
fn what_is_required_must_be_ok() {
    let place = place();
    let args = ["verify", "farm.bundle", "--trust", "trust.json", "--require", "witnesses,freshness"];
    let ran = place.run(&args).expect(1);
    assert!(ran.stdout.ends_with("\nNOT verified: freshness not checked\n"), "{}", ran.stdout);
    let unknown =
        place.run(&["verify", "farm.bundle", "--trust", "trust.json", "--require", "luck"]).expect(2);
    assert!(unknown.stderr.contains("no layer is called luck"), "{}", unknown.stderr);
    place.run(&["verify", "farm.bundle", "--trust", "trust.json", "--max-age", "soon"]).expect(2);
}

#[test]
fn any_changed_byte_is_noticed() {
    let place = place();
    let bytes = std::fs::read(place.path("farm.bundle")).unwrap();
    for at in (1..bytes.len()).step_by(bytes.len() / 25) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        place.write("changed", &changed);
        let ran = place.run(&["verify", "changed", "--trust", "trust.json"]).expect(1);
        assert!(ran.stdout.contains("NOT verified"), "byte {at}");
    }
    place.write("cut", &bytes[..bytes.len() / 2]);
    place.run(&["verify", "cut", "--trust", "trust.json"]).expect(1);
}

#[test]
fn trust_comes_from_outside_or_not_at_all() {
    let place = place();
    place.run(&["verify", "farm.bundle"]).could_not("--trust is needed");
    place.run(&["verify", "farm.bundle", "--trust", "none.json"]).could_not("cannot read none.json");
    place.write("bad.json", "{\"v\":1}");
    place.run(&["verify", "farm.bundle", "--trust", "bad.json"]).could_not("cannot use bad.json");
    let other =
        place.read("trust.json").replace("\"genesis\": \"", "\"genesis\": \"00").replacen("00", "", 0);
    place.write("longer.json", other);
    place.run(&["verify", "farm.bundle", "--trust", "longer.json"]).could_not("cannot use longer.json");
}

#[test]
fn what_is_no_such_file_is_said_in_one_sentence() {
    let place = place();
    place.run(&["verify", "nothing", "--trust", "trust.json"]).could_not("cannot read nothing");
    place.write("photo.jpg", [0xFF, 0xD8, 0xFF]);
    place.run(&["verify", "photo.jpg", "--trust", "trust.json"]).could_not("neither a bundle, nor a receipt");
    place.write("empty", "");
    place.run(&["verify", "empty", "--trust", "trust.json"]).could_not("neither a bundle");
    place.write("huge", vec![b'{'; 8 * 1024 * 1024 + 1]);
    place.run(&["verify", "huge", "--trust", "trust.json"]).could_not("huge has more than");
    place.run(&["verify"]).expect(2);
    place.run(&["verify", "farm.bundle", "--receipt", "1.tlog-proof", "--trust", "trust.json"]).expect(2);
}

#[test]
fn a_receipt_shows_its_records_place() {
    let place = place();
    let text = place.run(&["verify", "1.tlog-proof", "--trust", "trust.json"]).expect(0).stdout;
    assert!(text.contains("entry 1 of the log, as of 3 entries"), "{text}");
    let json = place.run(&["verify", "1.tlog-proof", "--trust", "trust.json", "--json"]).expect(0).json();
    assert_eq!(
        (json["facts"]["seq"].as_u64(), json["facts"]["subject"].as_str()),
        (Some(1), Some("org:farm"))
    );
    place.run(&["verify", "1.tlog-proof", "--trust", "trust.json", "--require", "witnesses"]).expect(1);
    place.write("changed", place.read("1.tlog-proof").replacen("index 1", "index 0", 1));
    place.run(&["verify", "changed", "--trust", "trust.json"]).expect(1);
}

#[test]
fn a_left_out_record_leaves_evidence() {
    let place = place();
    let against = |bundle: &str, extra: &[&str]| {
        let args = ["verify", "--receipt", "1.tlog-proof", "--against", bundle, "--trust", "trust.json"];
        place.run(&[&args, extra].concat())
    };
    let agreed = against("farm.bundle", &[]).expect(0);
    assert_eq!(agreed.stdout, "verified: the bundle agrees with the receipt\n");

    // The same log, signed again without the farm.
    let liar = Ledger::without_farm();
    place.write("absent.bundle", liar.bundle("org:farm"));
    place.write("other.bundle", liar.bundle("org:registrar"));
    let found = against("absent.bundle", &["--out", "evidence.json"]).expect(1);
    assert!(found.stdout.starts_with("OMISSION: record 1 of the log"), "{}", found.stdout);
    let shown = place.run(&["verify", "evidence.json", "--trust", "trust.json"]).expect(0);
    assert!(shown.stdout.starts_with("verified: the log's own signatures show"), "{}", shown.stdout);
    let json = place.run(&["verify", "evidence.json", "--trust", "trust.json", "--json"]).expect(0).json();
    assert_eq!(json["verified"], true);
    place.write("changed", place.read("evidence.json").replacen("org:farm", "org:farn", 1));
    place.run(&["verify", "changed", "--trust", "trust.json"]).expect(1);
    against("1.tlog-proof", &[]).could_not("nothing can be compared");
    against("trust.json", &[]).could_not("nothing can be compared");
    place.write("bad.tlog-proof", "c2sp.org/tlog-proof@v1\n");
    place
        .run(&["verify", "--receipt", "bad.tlog-proof", "--against", "farm.bundle", "--trust", "trust.json"])
        .could_not("nothing can be compared");
    against("other.bundle", &[]).could_not("says nothing of the receipt's record");
}
