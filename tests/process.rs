//! The real program on real signals: what it answered is there, however it ended.
#![cfg(all(feature = "service", unix))]

#[path = "support/farm.rs"]
mod farm;
#[path = "support/service.rs"]
mod service;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use farm::{Farm, Says, quantity};
use serde_json::{Value, json};
use service::Client;
use suyuan::merkle::Hash;
use suyuan::merkle::tree::leaf_hash;
use suyuan::statement::envelope::Envelope;
use suyuan::store::data_dir::DataDir;
use suyuan::verify::receipt;

/// A ledger's directory as `suyuan init` leaves it, with the test registrar's keys.
fn ledger() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    service::create(dir.path());
    let layout = DataDir::new(dir.path());
    std::fs::create_dir_all(layout.keys()).unwrap();
    let log_key = SigningKey::from_bytes(&Hash::of(b"test key log").0);
    std::fs::write(layout.log_key(), log_key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    let settings = format!(
        "origin = \"{}\"\npublic_url = \"https://trace.test\"\nreads_per_second = 0\nwrites_per_second = 0\n",
        service::ORIGIN
    );
    std::fs::write(layout.config(), settings).unwrap();
    dir
}

struct Process {
    child: Child,
    client: Client,
}

impl Process {
    fn serve(dir: &Path) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_suyuan"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--confirm-clock",
                "--set",
                "log_filter=warn",
                "--dir",
            ])
            .arg(dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("http://").next().unwrap().parse();
        let client = Client::new(address.unwrap_or_else(|_| panic!("it said {line:?}")));
        Process { child, client }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// The exit code, none after a signal.
    fn end(&mut self) -> Option<i32> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.code(),
                None if Instant::now() > until => panic!("it does not stop"),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn harvests(farm: &mut Farm<Client>, count: usize) -> Vec<(Envelope, Vec<Value>)> {
    let one = |i: usize, farm: &mut Farm<Client>| {
        farm.signed(Says {
            kind: "harvest/1",
            subject: &format!("batch:qingshan.c{i}"),
            touches: &["crop:qingshan.p1-2026"],
            signer: ("qingshan", "coop"),
            occurred_at: "2026-06-13T05:30:00+08:00",
            data: json!({
                "from": ["crop:qingshan.p1-2026"], "quantity": quantity("10", "jin"), "crop": "杨梅", "note": "雨",
            }),
            ..Says::default()
        })
    };
    (0..count).map(|i| one(i, farm)).collect()
}

#[test]
fn both_signals_stop_it_in_good_order() {
    let dir = ledger();
    let mut latest = None;
    for signal in ["-TERM", "-INT"] {
        let mut process = Process::serve(dir.path());
        let now = process.client.get("/log/latest").text();
        assert_eq!(latest.get_or_insert_with(|| now.clone()), &now);
        process.signal(signal);
        assert_eq!(process.end(), Some(0), "{signal}");
    }
}

#[test]
fn what_was_answered_survives_being_killed() {
    let dir = ledger();
    let mut process = Process::serve(dir.path());
    let mut farm = Farm::new(process.client.clone());
    farm.grow();
    let statements = harvests(&mut farm, 200);
    let (answered, receipts) = mpsc::channel();
    let mut taken: Vec<Value> = Vec::new();
    std::thread::scope(|scope| {
        for part in statements.chunks(50) {
            let (client, answered) = (process.client.clone(), answered.clone());
            scope.spawn(move || {
                for (envelope, openings) in part {
                    // Once it is killed nothing answers any more.
                    let Some(answer) = client.try_submit(envelope, openings) else { return };
                    let _ = answered.send(answer.json());
                }
            });
        }
        drop(answered);
        taken.extend(receipts.iter().take(40));
        process.signal("-KILL");
        taken.extend(receipts.iter());
    });
    assert_eq!(process.end(), None);
    assert!(taken.len() >= 40);

    let process = Process::serve(dir.path());
    let client = &process.client;
    let trust = client.trust();
    for told in &taken {
        let record = client.get(&format!("/api/v1/records/{}", told["seq"]));
        assert_eq!(leaf_hash(&record.body).to_string(), told["leaf"]);
        let old = receipt::open(told["proof"].as_str().unwrap().as_bytes(), &trust).unwrap();
        let proof = client.get(&format!("/api/v1/records/{}/proof", told["seq"]));
        let new = receipt::open(&proof.body, &trust).unwrap();
        assert!(new.signed.checkpoint.size >= old.signed.checkpoint.size);
    }
    // All of it again: each statement has one place, those answered the same as before.
    let again: Vec<Value> = statements
        .iter()
        .map(|(envelope, openings)| client.submit(envelope, openings))
        .inspect(|answer| assert!(matches!(answer.status, 200 | 201), "{}", answer.text()))
        .map(|answer| answer.json())
        .collect();
    for told in &taken {
        assert!(again.iter().any(|answer| answer["seq"] == told["seq"] && answer["leaf"] == told["leaf"]));
    }
    let mut seqs: Vec<u64> = again.iter().map(|answer| answer["seq"].as_u64().unwrap()).collect();
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), statements.len());
}
