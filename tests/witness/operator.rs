//! The operator's service with witnesses around it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use suyuan::note::checkpoint::Checkpoint;
use suyuan::note::signed_note::SignedNote;
use suyuan::store;
use suyuan::verify::{Layer, Options, receipt, verify_bundle};

use crate::fake::{Fake, Reply, black_hole, nobody, now};
use crate::farm::BATCH;
use crate::service::{Client, Service};
use crate::setup::*;

fn options() -> Options {
    Options { now: i64::try_from(now()).unwrap(), max_age: 3_600 }
}

fn checkpoint_of(note: &[u8]) -> Checkpoint {
    SignedNote::parse(note).unwrap().text().parse().unwrap()
}

fn latest(client: &Client) -> Checkpoint {
    checkpoint_of(&client.get("/log/latest").body)
}

/// Waits until what meets the policy is what was signed last.
fn caught_up(client: &Client) -> SignedNote {
    until("the newest checkpoint meets the policy", || {
        let answer = client.get("/log/checkpoint");
        let is_newest = answer.status == 200 && checkpoint_of(&answer.body) == latest(client);
        is_newest.then(|| SignedNote::parse(&answer.body).unwrap())
    })
}

fn get_page(client: &Client, lang: &str) -> String {
    let id = BATCH.strip_prefix("batch:").unwrap();
    let page = client.get(&format!("/b/{id}?lang={lang}"));
    assert_eq!(page.status, 200);
    page.text()
}

#[test]
fn two_of_three_are_enough_while_one_is_slow_and_one_is_down() {
    let (quick, slow) = (witness("quick.example"), Arc::new(witness("slow.example")));
    let keys =
        [quick.vkey().to_string(), slow.vkey().to_string(), witness("down.example").vkey().to_string()];
    let quick = serving(quick);
    let slow = Fake::new(move |body, _| {
        std::thread::sleep(Duration::from_secs(2));
        match slow.add_checkpoint(body.as_bytes(), now()) {
            Ok(line) => Reply::new(200, line.to_string()),
            Err(suyuan::witness::Refusal::OtherSize { cosigned }) => Reply::new(409, format!("{cosigned}\n")),
            Err(refusal) => Reply::new(422, refusal.to_string()),
        }
    });
    let [a, b, c] = keys;
    let (quick_url, down) = (url(&quick), nobody());
    let service =
        operator(&policy(2, &[("quick", a, &quick_url), ("slow", b, &slow.url), ("down", c, &down)]));
    let client = &service.client;

    let began = Instant::now();
    let mut farm = service.farm();
    farm.season();
    // The slow one alone would make them half a minute.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());

    let note = caught_up(client);
    let trust = client.trust();
    assert_eq!(trust.policy.witnesses().len(), 3);
    let opened = trust.policy.verify(&note).unwrap();
    assert_eq!(opened.cosigners.len(), 2);
    assert_eq!(client.get("/log/latest").text(), note.to_string(), "the newest has its lines as well");

    // Bundle and receipt carry them.
    let id = BATCH.strip_prefix("batch:").unwrap();
    let bundle = client.get(&format!("/api/v1/batches/{id}/bundle")).body;
    let report = verify_bundle(&bundle, &trust, &options());
    assert!(report.verified(&[Layer::Witnesses, Layer::Freshness]), "{}", report.to_json(&[]));
    let proof = client.get("/api/v1/records/3/proof").body;
    assert!(receipt::open(&proof, &trust).unwrap().signed.has_quorum);

    let told = client.get("/api/v1/checkpoints").json();
    assert_eq!(told["witnessed_size"], told["size"]);
    let witnesses = told["witnesses"].as_array().unwrap();
    assert_eq!(witnesses.len(), 3);
    assert!(witnesses[2]["size"].is_null() && witnesses[2]["problem"].is_string(), "{told}");

    // The explorer shows each line, and what it could check of it.
    let page = client.get(&format!("/explore/checkpoint/{}?lang=en", told["size"])).text();
    assert_eq!(page.matches("a witness&#39;s cosignature of").count(), 2, "{page}");
    assert!(page.contains("the log&#39;s signature, checked") && !page.contains("no witness"), "{page}");
    assert!(witnesses[0]["at"].is_string() && witnesses[0]["problem"].is_null(), "{told}");

    let (zh, en) = (get_page(client, "zh"), get_page(client, "en"));
    assert!(zh.contains("3 家见证中有 2 家签过，达到要求") && zh.contains("见证方的时钟"));
    assert!(en.contains("2 of 3 have cosigned: as many as asked for"));
    let metrics = client.get("/metrics").text();
    assert!(metrics.contains(&format!("suyuan_witnessed_size {}", told["size"])), "{metrics}");
    quick.stop().unwrap();
}

#[test]
fn what_too_few_have_seen_is_no_checkpoint_yet_and_is_not_made_to_look_like_one() {
    let one = witness("one.example");
    let keys = [one.vkey().to_string(), witness("two.example").vkey().to_string()];
    let one = serving(one);
    let [a, b] = keys;
    let service = operator(&policy(2, &[("one", a, &url(&one)), ("two", b, &black_hole().0)]));
    let client = &service.client;
    service.farm().season();
    let note = until("the newest has one line more", || {
        let note = SignedNote::parse(&client.get("/log/latest").body).unwrap();
        (note.signatures().len() == 2).then_some(note)
    });
    assert!(!client.trust().policy.open(&note).unwrap().has_quorum);
    let answer = client.get("/log/checkpoint");
    assert_eq!((answer.status, answer.problem().as_str()), (404, "not-proven"));

    let id = BATCH.strip_prefix("batch:").unwrap();
    let bundle = client.get(&format!("/api/v1/batches/{id}/bundle")).body;
    let report = verify_bundle(&bundle, &client.trust(), &options());
    assert!(report.verified(&[]) && !report.status(Layer::Witnesses).is_ok(), "{}", report.to_json(&[]));
    assert!(get_page(client, "en").contains("1 of 2 have cosigned: not as many as asked for"));
    // An auditor need not wait for them.
    let audit = std::process::Command::new(env!("CARGO_BIN_EXE_suyuan"))
        .args(["audit", "--from", &client.url("")])
        .output()
        .unwrap();
    let said = String::from_utf8(audit.stdout).unwrap();
    assert!(audit.status.success(), "{said}{}", String::from_utf8_lossy(&audit.stderr));
    let line = said.lines().find(|line| line.starts_with("witnesses ")).unwrap_or_default();
    assert!(
        line.contains("not checked") && line.contains("not as many witnesses have cosigned yet"),
        "{said}"
    );
    one.stop().unwrap();
}

#[test]
fn a_trace_that_has_not_grown_is_proven_under_what_witnesses_have_seen() {
    let one = witness("one.example");
    let key = one.vkey().to_string();
    let one = serving(one);
    let service = operator(&policy(1, &[("one", key, &url(&one))]));
    let client = &service.client;
    let mut farm = service.farm();
    farm.season();
    let seen = caught_up(client);
    let size = checkpoint_of(seen.to_string().as_bytes()).size;
    one.stop().unwrap();

    append(&mut farm, 1);
    assert!(latest(client).size > size);
    let id = BATCH.strip_prefix("batch:").unwrap();
    let bundle: Value = client.get(&format!("/api/v1/batches/{id}/bundle")).json();
    assert_eq!(bundle["bundle"]["size"], size, "somebody else's record changes nothing here");
    let report = verify_bundle(bundle.to_string().as_bytes(), &client.trust(), &options());
    assert!(report.verified(&[Layer::Witnesses]), "{}", report.to_json(&[]));
    assert!(
        get_page(client, "en").contains(&format!("Witnesses have seen {size} entries; this page is 2 ahead"))
    );
    assert!(get_page(client, "zh").contains("本页多出 2 条"));
    assert_eq!(checkpoint_of(&client.get("/log/checkpoint").body).size, size);

    // A new test of the batch: now only the newest checkpoint will do, tied to the one that was seen.
    farm.inspect("LAB-2", "fail");
    let bundle = client.get(&format!("/api/v1/batches/{id}/bundle"));
    let body = &bundle.json()["bundle"];
    assert_eq!(body["size"], latest(client).size);
    assert_eq!(body["checkpoints"][1], seen.to_string());
    let report = verify_bundle(&bundle.body, &client.trust(), &options());
    assert!(report.verified(&[]) && !report.status(Layer::Witnesses).is_ok(), "{}", report.to_json(&[]));
}

#[test]
fn both_sides_start_anew_and_go_on() {
    let memory = tempfile::tempdir().unwrap();
    let db = memory.path().join("db");
    let first = serving(witness_on("one.example", store::create(&db).unwrap(), logs()));
    let (address, key) = (first.address, witness("one.example").vkey().to_string());
    let text = policy(1, &[("one", key, &url(&first))]);
    let service = operator(&text);
    service.farm().season();
    let note = caught_up(&service.client);

    // Nobody answers any more, and the operator starts anew: what was gathered is there.
    first.stop().unwrap();
    let trust = service.client.trust();
    let dir = service.stop();
    // Even the directory alone gives a bundle with its lines.
    let file = dir.path().join("a.suyuan");
    let id = BATCH.strip_prefix("batch:").unwrap();
    let mut bundle = std::process::Command::new(env!("CARGO_BIN_EXE_suyuan"));
    bundle.args(["bundle", id, "--dir"]).arg(dir.path()).arg("--out").arg(&file);
    assert!(bundle.status().unwrap().success());
    let report = verify_bundle(&std::fs::read(&file).unwrap(), &trust, &options());
    assert!(report.verified(&[Layer::Witnesses, Layer::Freshness]), "{}", report.to_json(&[]));
    let service = on(dir, &text);
    let client = &service.client;
    assert_eq!(client.get("/log/checkpoint").text(), note.to_string());
    assert_eq!(client.get("/log/latest").text(), note.to_string());

    // And the witness: it goes on from what it had written down.
    append(&mut crate::farm::Farm::known(client.clone(), 1_000), 1);
    let second = serving_at(witness_on("one.example", store::open(&db).unwrap(), logs()), address);
    let grown = caught_up(client);
    assert!(
        checkpoint_of(grown.to_string().as_bytes()).size > checkpoint_of(note.to_string().as_bytes()).size
    );
    second.stop().unwrap();
}

#[test]
fn a_policy_that_is_not_about_this_log_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    crate::service::create(dir.path());
    let key = witness("one.example").vkey().to_string();
    let other_log = crate::log::Log::new("other.example/log", 1, 1, 0).vkey();
    let good = policy(1, &[("one", key.clone(), "https://one.example")]);
    for (text, problem) in [
        (good.replace(&log_vkey(), &other_log), "other log keys"),
        (good.replace("https://", "ftp://"), "begins with neither"),
        (good.replace("quorum", "quorom"), "line 4"),
    ] {
        std::fs::write(dir.path().join("policy"), text).unwrap();
        let ledger = crate::service::open(dir.path(), Some(crate::service::signer()));
        let mut config = crate::service::config(dir.path());
        config.policy = Some("policy".into());
        let error = suyuan::http::start(config, ledger).err().expect("it is refused").to_string();
        assert!(error.contains(problem), "{error}");
    }
    // Without a policy nothing has changed.
    let service = Service::on(dir, |_| {});
    assert_eq!(service.client.get("/log/checkpoint").text(), service.client.get("/log/latest").text());
    assert!(!service.client.trust().policy.wants_witnesses());
}
