//! A disk is lost: what the backup lacks comes from a mirror, or nothing is ever signed again.

use std::fs;

use serde_json::Value;

use crate::farm::Farm;
use crate::ledger::{append, is_read_only, keys_and_settings, made, serve, size};
use crate::program::{Place, Running, copy, until};
use crate::service::Client;

/// A mirror of `url` in the directory `m`, which has come to `size`.
fn mirror(place: &Place, url: &str, wanted: u64) -> (Running, String) {
    let args = ["mirror", url, "--dir", "m", "--listen", "127.0.0.1:0", "--interval", "1s"];
    let quiet = ["--set", "reads_per_second=0", "--set", "workers=1", "--public-url", "https://mirror.test"];
    let trust = if place.path("m").exists() { vec![] } else { vec!["--trust", "trust.json"] };
    let running = place.start("mirror", &[&args[..], &quiet, &trust].concat());
    let client = running.client();
    until("the mirror has followed", || (size(&client) >= wanted).then_some(()));
    (running, client.url(""))
}

/// A ledger that was backed up, went on, and lost its disk but for the head that lay elsewhere. The backup is restored in
/// its place. Returns the entries that were signed.
fn lost_and_restored(place: &Place, followed: impl FnOnce(&Client)) -> u64 {
    let settings = "signed_head = \"../elsewhere/signed-head\"\n";
    made(place, "");
    fs::create_dir(place.path("elsewhere")).unwrap();
    fs::rename(place.path("led/signed-head"), place.path("elsewhere/signed-head")).unwrap();
    keys_and_settings(place, "led", settings);
    let running = serve(place, "led");
    let client = running.client();
    Farm::new(client.clone()).season();
    place.write("trust.json", &client.trust_text());
    place.run(&["backup", "--dir", "led", "--out", "copy"]).expect(0);
    (1..4).for_each(|n| append(&client, n));
    let signed = size(&client);
    followed(&client);
    assert_eq!(running.stop(), 0);

    fs::remove_dir_all(place.path("led")).unwrap();
    keys_and_settings(place, "led", settings);
    place.run(&["restore", "copy", "--dir", "led"]).expect(0);
    assert!(!place.path("led/signed-head").exists(), "it lies where the settings say");
    signed
}

#[test]
fn what_is_missing_comes_from_a_mirror_and_then_it_writes_again() {
    let place = Place::new();
    let mut mirrored = None;
    let signed = lost_and_restored(&place, |client| {
        mirrored = Some(mirror(&place, &client.url(""), size(client)));
    });
    let (mirror, url) = mirrored.unwrap();
    let running = serve(&place, "led");
    is_read_only(&running.client(), "older state");
    assert_eq!(running.stop(), 0);

    // The mirror stands in the settings by now.
    let settings = format!("signed_head = \"../elsewhere/signed-head\"\nmirrors = [\"{url}\"]\n");
    keys_and_settings(&place, "led", &settings);
    let asked = place.run(&["resume", "--dir", "led"]).expect(2);
    assert!(asked.stdout.starts_with("filled  entries "), "{}", asked.stdout);
    assert!(asked.stderr.contains("say --confirm"), "{}", asked.stderr);
    let running = serve(&place, "led");
    let client = running.client();
    is_read_only(&client, "suyuan resume");
    assert_eq!(size(&client), signed);
    assert_eq!(running.stop(), 0);

    let told = place.run(&["resume", "--dir", "led", "--confirm", "--json"]).expect(0).json();
    assert_eq!(
        (&told["resumed"], &told["size"], &told["filled"]),
        (&true.into(), &signed.into(), &Value::Null)
    );
    place.run(&["fsck", "--dir", "led"]).expect(0);
    let running = serve(&place, "led");
    let client = running.client();
    append(&client, 9);
    // One history: the mirror goes on with it.
    drop(mirror);
    let followed = place.run(&["mirror", &client.url(""), "--dir", "m", "--once", "--json"]).expect(0).json();
    assert_eq!(followed["size"], size(&client));
    assert_eq!(size(&client), signed + 2);
}

#[test]
fn if_nobody_holds_what_is_missing_it_never_signs_again() {
    let place = Place::new();
    let signed = lost_and_restored(&place, |_| {});
    for _ in 0..2 {
        let ran =
            place.run(&["resume", "--dir", "led", "--signed-head", "elsewhere/signed-head", "--confirm"]);
        let told = ran.expect(1).stdout;
        assert!(told.contains("never signs again") && told.contains("--continues"), "{told}");
        assert!(place.path("led/restored").exists());
    }
    let running = serve(&place, "led");
    is_read_only(&running.client(), "older state");
    assert_eq!(running.stop(), 0);
    // Not even without the mark.
    fs::remove_file(place.path("led/restored")).unwrap();
    let running = serve(&place, "led");
    is_read_only(&running.client(), "older state");
    assert_eq!(running.stop(), 0);

    // Its heir names its last checkpoint.
    let init = ["init", "--dir", "heir", "--origin", "heir.test/log", "--public-url", "https://heir.test"];
    let more = ["--no-passphrase", "--continues", "elsewhere/signed-head", "--continues-trust", "trust.json"];
    place.run(&[&init[..], &more].concat()).expect(0);
    place.run(&["fsck", "--dir", "heir"]).expect(0);
    place.run(&["audit", "--dir", "heir", "--trust", "heir/trust.json"]).expect(0);
    let store = suyuan::store::open(&place.path("heir/db")).unwrap();
    let entry = suyuan::ledger::Reader(store.snapshot()).entry(0).unwrap();
    let continues = &entry.as_record().unwrap().statement.data["continues"];
    assert_eq!((&continues["origin"], &continues["size"]), (&crate::service::ORIGIN.into(), &signed.into()));
    let other =
        ["--no-passphrase", "--continues", "elsewhere/signed-head", "--continues-trust", "heir/trust.json"];
    let init = ["init", "--dir", "third", "--origin", "third.test/log", "--public-url", "https://third.test"];
    let refused = place.run(&[&init[..], &other].concat()).expect(2);
    assert!(refused.stderr.contains("elsewhere/signed-head"), "{}", refused.stderr);
    assert!(!place.path("third").exists());
}

/// The whole directory goes back, signed head and all: only a witness knows.
#[test]
fn an_older_directory_is_told_by_its_witness_before_it_writes() {
    let place = Place::new();
    made(&place, "");
    place.run(&["witness", "--init", "--dir", "wit", "--name", "witness.test/w1"]).expect(0);
    let vkey = fs::read_to_string(place.path("wit/vkey")).unwrap();
    let log = crate::service::signer().verifier_keys()[0].to_string();
    place.write("logs", &format!("{log}\n"));
    let witness =
        place.start("witness", &["witness", "--dir", "wit", "--logs", "logs", "--listen", "127.0.0.1:0"]);
    let at = witness.client();
    let policy = format!("log {log}\nwitness w1 {} {}\nquorum w1\n", vkey.trim(), at.url(""));
    fs::write(place.path("led/policy"), policy).unwrap();
    keys_and_settings(&place, "led", "policy = \"policy\"\n");

    let running = serve(&place, "led");
    append(&running.client(), 1);
    assert_eq!(running.stop(), 0);
    copy(&place.path("led"), &place.path("yesterday"));
    let running = serve(&place, "led");
    let client = running.client();
    append(&client, 2);
    let signed = size(&client);
    until("it is cosigned", || {
        let answer = client.get("/api/v1/checkpoints").json();
        (answer["witnessed_size"] == signed).then_some(())
    });
    place.write("trust.json", &client.trust_text());
    let (mirror, url) = mirror(&place, &client.url(""), signed);
    assert_eq!(running.stop(), 0);

    fs::remove_dir_all(place.path("led")).unwrap();
    copy(&place.path("yesterday"), &place.path("led"));
    let running = serve(&place, "led");
    is_read_only(&running.client(), &format!("has cosigned {signed} entries, here are {}", signed - 2));
    assert_eq!(running.stop(), 0);
    let told = place.run(&["resume", "--dir", "led"]).expect(1).stdout;
    assert!(told.contains("FAILED") && told.contains("never signs again"), "{told}");

    let told = place.run(&["resume", "--dir", "led", "--mirror", &url, "--confirm"]).expect(0).stdout;
    assert!(told.contains("filled") && told.contains("the ledger may write again"), "{told}");
    let running = serve(&place, "led");
    append(&running.client(), 3);
    assert_eq!(running.stop(), 0);
    place.run(&["fsck", "--dir", "led"]).expect(0);

    // A witness that is gone holds nobody up on opening, but does in a comparison until it is left out.
    let gone = at.url("");
    assert_eq!(witness.stop(), 0);
    let running = serve(&place, "led");
    append(&running.client(), 4);
    assert_eq!(running.stop(), 0);
    running_log_names_the_witness(&place);
    place.run(&["backup", "--dir", "led", "--out", "copy"]).expect(0);
    place.run(&["restore", "copy", "--dir", "again"]).expect(0);
    fs::copy(place.path("led/policy"), place.path("again/policy")).unwrap();
    keys_and_settings(&place, "again", "policy = \"policy\"\n");
    let told = place.run(&["resume", "--dir", "again", "--mirror", &url]).expect(1).stdout;
    assert!(told.contains("could not be asked"), "{told}");
    place.run(&["resume", "--dir", "again", "--mirror", &url, "--without", &gone, "--confirm"]).expect(0);
    drop(mirror);
}

fn running_log_names_the_witness(place: &Place) {
    let log = fs::read_to_string(place.path("led-service.log")).unwrap();
    assert!(log.contains("a witness could not be asked"), "{log}");
}
