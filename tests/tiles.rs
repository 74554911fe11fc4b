//! The log as a stranger's client sees it: one that knows C2SP's documents and nothing of us.
#![cfg(feature = "service")]

#[path = "support/farm.rs"]
mod farm;
#[path = "support/service.rs"]
mod service;

use std::process::Command;

use serde_json::{Value, json};

use farm::{Farm, Says, quantity};
use service::{Client, Service};

/// More than one full tile: `n` harvests, and a map record after each group.
fn harvests(farm: &mut Farm<Client>, client: &Client, from: u32, n: u32) {
    let mut lines = String::new();
    for i in from..from + n {
        let lot = format!("batch:qingshan.t{i}");
        let (envelope, openings) = farm.signed(Says {
            kind: "harvest/1",
            subject: &lot,
            touches: &["crop:qingshan.p1-2026"],
            signer: ("qingshan", "coop"),
            occurred_at: "2026-06-13T05:30:00+08:00",
            recorded_at: Some("2026-06-13T08:10:00+08:00"),
            data: json!({
                "from": ["crop:qingshan.p1-2026"], "quantity": quantity("1", "jin"), "crop": "杨梅", "variety": "东魁",
            }),
            ..Says::default()
        });
        lines += &(json!({"envelope": envelope.to_json(), "openings": openings}).to_string() + "\n");
    }
    let answer = client.post("/api/v1/statements/bulk", "application/x-ndjson", lines.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn walk(client: &Client, vkey: &str, old: Option<&std::path::Path>) -> Result<Value, String> {
    let python = std::env::var("SUYUAN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tlog_client/walk.py");
    let output =
        Command::new(python).arg(script).arg(client.url("/log")).arg(vkey).args(old).output().unwrap();
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

#[test]
fn a_strangers_client_walks_the_log_and_ties_two_sizes_from_tiles_alone() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.grow();
    let client = &service.client;
    let vkey = client.get("/log/vkey").text().trim().to_owned();
    let dir = tempfile::tempdir().unwrap();
    let old = dir.path().join("old");

    std::fs::write(&old, client.get("/log/checkpoint").body).unwrap();
    let small = walk(client, &vkey, Some(&old)).unwrap();
    assert_eq!((&small["old"], small["proof"].as_array().unwrap().len()), (&small["size"], 0));

    harvests(&mut farm, client, 0, 300);
    let large = walk(client, &vkey, Some(&old)).unwrap();
    assert!(large["size"].as_u64().unwrap() > 256, "a full tile: {large}");
    assert!(!large["proof"].as_array().unwrap().is_empty());
    let ours = client.get("/api/v1/checkpoints").json();
    assert_eq!((&large["size"], &large["root"]), (&ours["size"], &ours["root"]));
    let (from, to) = (large["old"].as_u64().unwrap(), large["size"].as_u64().unwrap());
    let proof = client.get(&format!("/api/v1/checkpoints/{from}/consistency/{to}")).json();
    assert_eq!(proof["path"], large["proof"], "the service's own proof is the same");

    // Further on, from a size that has full tiles itself.
    std::fs::write(&old, client.get("/log/checkpoint").body).unwrap();
    harvests(&mut farm, client, 300, 20);
    walk(client, &vkey, Some(&old)).unwrap();
}

#[test]
fn the_strangers_client_notices_what_is_wrong() {
    let service = Service::new();
    let client = &service.client;
    service.farm().grow();
    let vkey = client.get("/log/vkey").text().trim().to_owned();
    let other = suyuan::sequencer::LogSigner::new(service::ORIGIN.parse().unwrap(), farm::key("other"));
    let told = walk(client, &other.verifier_keys()[0].to_string(), None).unwrap_err();
    assert!(told.contains("the log has not signed the note"), "{told}");

    // A checkpoint that the log's own key signed, of a history that it does not have.
    let dir = tempfile::tempdir().unwrap();
    let old = dir.path().join("forged");
    let text = format!(
        "{}\n4\n{}\n",
        service::ORIGIN,
        suyuan::note::hash_to_base64(&suyuan::merkle::Hash::of(b"x"))
    );
    let line = suyuan::note::signed_note::sign(&text, &service::ORIGIN.parse().unwrap(), &farm::key("log"));
    let note = suyuan::note::signed_note::SignedNote::new(text, vec![line]).unwrap();
    std::fs::write(&old, note.to_string()).unwrap();
    let told = walk(client, &vkey, Some(&old)).unwrap_err();
    assert!(told.contains("another history than before"), "{told}");
}

#[test]
fn full_tiles_are_kept_for_ever_partial_ones_for_a_moment_and_both_come_compressed() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.grow();
    let client = &service.client;
    harvests(&mut farm, client, 0, 300);
    for (path, is_full) in [
        ("/log/tile/0/000", true),
        ("/log/tile/entries/000", true),
        ("/log/tile/0/001.p/1", false),
        ("/log/tile/entries/001.p/1", false),
        ("/log/tile/0/000.p/7", false),
        ("/log/tile/1/000.p/1", false),
    ] {
        let answer = client.get(path);
        assert_eq!(answer.status, 200, "{path}");
        let cache = answer.header("cache-control").unwrap().to_owned();
        assert_eq!(cache.contains("immutable"), is_full, "{path}: {cache}");
        assert!(cache.starts_with("public, max-age="), "{path}: {cache}");
        let etag = answer.header("etag").unwrap().to_owned();
        let again = client.get_with(path, ("if-none-match", &format!("\"other\", {etag}")));
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("cache-control"), Some(cache.as_str()));
        assert_eq!(again.header("etag"), Some(etag.as_str()));
        assert_eq!(client.get_with(path, ("if-none-match", "\"other\"")).status, 200);
    }
    let request =
        "GET /log/tile/entries/000 HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n";
    let back = client.raw(request.as_bytes());
    assert!(back.to_lowercase().contains("content-encoding: gzip"), "{}", &back[..200]);
    for path in [
        "/log/checkpoint",
        "/log/latest",
        "/api/v1/records/0",
        "/api/v1/orgs/qingshan",
        "/api/v1/batches",
        "/api/v1/batches/qingshan.t0",
        "/api/v1/checkpoints",
        "/api/v1/checkpoints/2",
    ] {
        let etag = client.get(path).header("etag").unwrap().to_owned();
        assert_eq!(client.get_with(path, ("if-none-match", &etag)).status, 304, "{path}");
    }
    let etag = client.get("/api/v1/batches").header("etag").unwrap().to_owned();
    harvests(&mut farm, client, 900, 1);
    assert_eq!(client.get_with("/api/v1/batches", ("if-none-match", &etag)).status, 200);
}
