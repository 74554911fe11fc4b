//! A ledger's directory: made, looked at, copied, restored.

use serde_json::Value;

use crate::program::Place;
use crate::service::Service;

const INIT: [&str; 8] = [
    "init",
    "--dir",
    "led",
    "--origin",
    "test.example/log",
    "--public-url",
    "http://127.0.0.1:8080",
    "--json",
];

fn made() -> Place {
    let place = Place::new();
    place.run(&[&INIT[..], &["--no-passphrase"]].concat()).expect(0);
    place
}

#[test]
fn a_new_ledger_has_its_keys_settings_and_trust_file() {
    let place = Place::new();
    let made = place.run_with(&INIT, &[("SUYUAN_PASSPHRASE", "p")], "").expect(0).json();
    for key in ["log.key", "registrar-1.pem", "registrar-2.pem"] {
        let text = place.read(&format!("led/keys/{key}"));
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{key}");
    }
    let trust: Value = serde_json::from_str(&place.read("led/trust.json")).unwrap();
    assert_eq!((&trust["genesis"], &trust["log"][0]), (&made["genesis"], &made["log_vkey"]));
    assert_eq!(trust["origin"], "test.example/log");
    assert!(place.read("led/suyuan.toml").contains("public_url = \"http://127.0.0.1:8080\""));
    place.run_with(&INIT, &[("SUYUAN_PASSPHRASE", "p")], "").could_not("exists already");
}

#[test]
fn nothing_is_begun_with_settings_that_would_not_do() {
    let place = Place::new();
    let init = |origin: &str, url: &str| {
        place.run(&["init", "--dir", "led", "--origin", origin, "--public-url", url, "--no-passphrase"])
    };
    init("test.example/log", "ftp://x").could_not("public_url");
    init("two words", "https://x.example").expect(2);
    place.run(&INIT).could_not("passphrase");
    assert_eq!(place.files(), Vec::<String>::new());
}

#[test]
fn a_directory_is_audited_and_checked() {
    let place = made();
    let answer =
        place.run(&["audit", "--dir", "led", "--trust", "led/trust.json", "--json"]).expect(0).json();
    assert_eq!((answer["ok"].as_bool(), answer["entries"].as_u64()), (Some(true), Some(2)));
    for check in ["checkpoint", "signed head", "map", "tree"] {
        assert_eq!(answer["checks"][check]["status"], "ok", "{answer}");
    }
    let fsck = place.run(&["fsck", "--dir", "led"]).expect(0);
    assert!(fsck.stdout.ends_with("nothing is wrong\n"), "{}", fsck.stdout);
    // A head that says more than is here.
    let head = place.read("led/signed-head");
    place.write("led/signed-head", head.replacen("\n2\n", "\n4\n", 1));
    let ran = place.run(&["audit", "--dir", "led", "--trust", "led/trust.json"]).expect(1);
    assert!(ran.stdout.contains("signed head   failed"), "{}", ran.stdout);
    place.run(&["fsck", "--dir", "nothing"]).could_not("holds no ledger");
    place.run(&["audit", "--dir", "led", "--from", "http://x"]).expect(2);
}

#[test]
fn absence_is_proven_and_no_story_is_told_of_it() {
    let place = made();
    place.run(&["trace", "farm.lot1", "--dir", "led"]).could_not("there is no batch farm.lot1");
    place.run(&["trace", "../x", "--dir", "led"]).could_not("neither a batch's id");
    place.run(&["bundle", "farm.lot1", "--dir", "led", "--out", "none.bundle"]).expect(0);
    let ran = place.run(&["verify", "none.bundle", "--trust", "led/trust.json"]).expect(0);
    assert!(ran.stdout.contains("there is no such subject"), "{}", ran.stdout);
    place
        .run(&["bundle", "farm.lot1", "--dir", "led", "--size", "1", "--out", "one.bundle"])
        .could_not("no checkpoint was signed at 1 entries");
    assert!(!place.path("one.bundle").exists());
}

#[test]
fn a_backup_has_no_key_and_a_restored_ledger_waits() {
    let place = made();
    place.run(&["backup", "--dir", "led", "--out", "copy"]).expect(0);
    assert!(!place.path("copy/keys").exists());
    place.run(&["backup", "--dir", "led", "--out", "copy"]).could_not("copy is there already");
    let own = place.run(&["resume", "--dir", "led", "--signed-head", "led/signed-head"]).expect(0);
    assert!(own.stdout.contains("nothing holds this ledger back"), "{}", own.stdout);

    place.run(&["restore", "copy", "--dir", "again"]).expect(0);
    place.run(&["restore", "copy", "--dir", "again"]).could_not("is not empty");
    assert!(place.path("again/restored").exists());
    place.run(&["resume", "--dir", "again"]).could_not("nothing to compare with");
    let resume = ["resume", "--dir", "again", "--signed-head", "led/signed-head"];
    let asked = place.run(&resume).expect(2);
    assert!(asked.stderr.contains("say --confirm"), "{}", asked.stderr);
    assert!(place.path("again/restored").exists());
    place.run(&[&resume[..], &["--confirm"]].concat()).expect(0);
    assert!(!place.path("again/restored").exists());
}

#[test]
fn a_ledger_that_others_know_more_of_does_not_resume() {
    let place = made();
    place.run(&["backup", "--dir", "led", "--out", "copy"]).expect(0);
    place.run(&["restore", "copy", "--dir", "again"]).expect(0);
    let foreign = Service::of(crate::ledger::Ledger::with_farm());
    let args = ["resume", "--dir", "again", "--mirror", foreign.url(), "--confirm"];
    let ran = place.run(&args).expect(1);
    assert!(ran.stdout.starts_with("FAILED"), "{}", ran.stdout);
    assert!(place.path("again/restored").exists());
}
