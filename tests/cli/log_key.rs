//! The log changes its key under a running service.

use crate::program::Place;
use crate::serving::Served;

fn get(url: &str, path: &str) -> String {
    ureq::get(format!("{url}{path}")).call().unwrap().body_mut().read_to_string().unwrap()
}

#[test]
fn old_trust_files_verify_while_both_keys_sign() {
    let place = Place::new();
    let origin = ["--origin", "test.example/log", "--public-url", "http://127.0.0.1:8080", "--no-passphrase"];
    place.run(&[&["init", "--dir", "led"][..], &origin].concat()).expect(0);
    let trust = ["--trust", "led/trust.json"];
    place.run(&["key", "new", "--out", "led/keys/log-2.key", "--no-passphrase"]).expect(0);
    std::fs::rename(place.path("led/keys/log-2.key"), place.path("new.key")).unwrap();
    let rotate = |new: &str, until: &str| {
        let keys = ["--old", "led/keys/log.key", "--new", new, "--key", "led/keys/registrar-1.pem"];
        place.run(&[&["log-key", "rotate", "--both-until", until][..], &keys, &trust].concat())
    };
    rotate("led/keys/log.key", "2999-01-01T00:00:00Z").could_not("the two keys are the same");
    rotate("new.key", "tomorrow").could_not("tomorrow is no instant");
    let statement = rotate("new.key", "2999-01-01T00:00:00Z").expect(0).stdout;

    // Before the service holds the key, the key does not take over.
    let served = Served::of(&place, "led");
    let refused = place.run_with(&["submit", "--to", &served.url], &[], &statement).expect(1);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains("does not hold the new log key"), "{said}");
    assert_eq!(get(&served.url, "/log/vkey").lines().count(), 1);
    assert_eq!(served.stop(), 0);

    std::fs::rename(place.path("new.key"), place.path("led/keys/log-2.key")).unwrap();
    let served = Served::of(&place, "led");
    place.run_with(&["submit", "--to", &served.url], &[], &statement).expect(0);
    let keys = get(&served.url, "/log/vkey");
    let note = get(&served.url, "/log/checkpoint");
    for key in keys.lines() {
        assert!(note.contains(&format!("\n— {} ", key.split('+').next().unwrap())), "{note}");
    }
    assert_eq!((keys.lines().count(), note.lines().filter(|line| line.starts_with('—')).count()), (2, 2));

    // The file of before and the file of now: both verify; and so does one that knows the new key alone.
    place.write("now.json", get(&served.url, "/trust.json"));
    let mut alone: serde_json::Value = serde_json::from_str(&place.read("now.json")).unwrap();
    assert_eq!(alone["log"].as_array().unwrap().len(), 2);
    alone["log"].as_array_mut().unwrap().truncate(1);
    place.write("new.json", alone.to_string());
    std::fs::write(place.path("bundle"), get(&served.url, "/api/v1/subjects/ledger:/bundle")).unwrap();
    for trust in ["led/trust.json", "now.json", "new.json"] {
        place.run(&["verify", "bundle", "--trust", trust]).expect(0);
        place.run(&["audit", "--from", &served.url, "--trust", trust]).expect(0);
    }
    // It cannot be done twice with the old key.
    let again = rotate("led/keys/log-2.key", "2998-01-01T00:00:00Z").expect(0).stdout;
    place.run_with(&["submit", "--to", &served.url], &[], &again).expect(1);
    assert_eq!(served.stop(), 0);
    place.run(&["fsck", "--dir", "led"]).expect(0);

    // The new key alone carries on, under the name of the one key.
    std::fs::rename(place.path("led/keys/log-2.key"), place.path("led/keys/log.key")).unwrap();
    let served = Served::of(&place, "led");
    assert!(get(&served.url, "/readyz").contains("true"));
    assert_eq!(served.stop(), 0);
}
