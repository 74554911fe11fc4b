//! The witness's own pages: what it has seen, and bundles checked for anyone.

use serde_json::{Value, json};
use suyuan::merkle::Hash;
use suyuan::note::signed_note::SignedNote;
use suyuan::note::tlog_proof::TlogProof;
use suyuan::store::memory::MemoryStore;
use suyuan::verify::omission::Evidence;

use crate::farm::BATCH;
use crate::log::Log;
use crate::service::{Answer, Client, Service};
use crate::setup::*;

const FORM: &str = "multipart/form-data; boundary=----WebKitFormBoundary7MA4";

fn form(file: &[u8]) -> Vec<u8> {
    let border = "------WebKitFormBoundary7MA4";
    let head = format!(
        "{border}\r\nContent-Disposition: form-data; name=\"bundle\"; filename=\"a.suyuan\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    [head.as_bytes(), file, format!("\r\n{border}--\r\n").as_bytes()].concat()
}

fn bundle_of(service: &Service) -> Vec<u8> {
    let id = BATCH.strip_prefix("batch:").unwrap();
    service.client.get(&format!("/api/v1/batches/{id}/bundle")).body
}

/// Sends the file as a browser does.
fn page(client: &Client, file: &[u8], lang: &str) -> Answer {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let request = agent.post(client.url(&format!("/verify?lang={lang}"))).header("content-type", FORM);
    let mut response = request.header("accept", "text/html,*/*").send(&form(file)[..]).unwrap();
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let status = response.status().as_u16();
    Answer { status, headers, body: response.body_mut().read_to_vec().unwrap() }
}

#[test]
fn anyone_can_have_a_bundle_checked_by_somebody_else() {
    let service = Service::new();
    service.farm().season();
    let mut logs = logs();
    logs.add_trust(&service.client.trust_text()).unwrap();
    let one = serving(witness_on(
        "one.example",
        std::sync::Arc::new(suyuan::store::memory::MemoryStore::new()),
        logs,
    ));
    let client = Client::new(one.address);

    let asked = client.get("/verify?lang=en");
    assert!(asked.text().contains("multipart/form-data") && asked.text().contains("Have a bundle checked"));
    let good = bundle_of(&service);
    let told = page(&client, &good, "zh");
    assert_eq!(told.status, 200);
    let text = told.text();
    for word in [
        "凭证核验通过",
        "编码",
        "签名",
        "权限",
        "记录链",
        "完整性",
        "日志",
        "新近",
        "见证",
        "锚定",
        "还没有签过这本日志",
        "包装",
    ] {
        assert!(text.contains(word), "no {word} in {text}");
    }
    assert!(text.contains(&service.client.trust().genesis.to_string()));
    assert!(
        !text.contains("<script")
            && told.header("content-security-policy").unwrap().contains("default-src 'none'")
    );
    let text = page(&client, &good, "en").text();
    assert!(
        text.contains("The evidence is verified")
            && text.contains("Every record is signed by those it names")
    );

    assert!(text.contains("What the records say of the batch: ") && !text.contains("strip hold"), "{text}");

    // A test failed: the evidence of that is as good, and nothing about it is green.
    crate::farm::Farm::known(service.client.clone(), 1_000).inspect("LAB-2", "fail");
    let held = page(&client, &bundle_of(&service), "zh").text();
    assert!(held.contains("记录表明的批次状况：暂扣") && held.contains("strip hold"), "{held}");
    assert!(!held.contains("strip normal"));

    // One figure changed, and the digest made anew.
    let mut changed: Value = serde_json::from_slice(&good).unwrap();
    changed["bundle"]["records"][1]["at"] = serde_json::json!(1);
    let digest = Hash::of(changed["bundle"].to_string().as_bytes()).to_string();
    changed["sha256"] = digest.into();
    let changed = changed.to_string();
    let text = page(&client, changed.as_bytes(), "zh").text();
    assert!(text.contains("未通过") && !text.contains("核验通过"), "{text}");
    assert!(page(&client, b"<html>", "en").text().contains("This is not an intact evidence file"));

    // For programs.
    let report = client.post("/verify", "application/json", &good);
    assert_eq!((report.status, &report.json()["verified"]), (200, &Value::Bool(true)));
    assert_eq!(report.json()["own_view"]["is"], "none");
    let report = client.post("/verify", "application/octet-stream", changed.as_bytes());
    assert_eq!(report.json()["verified"], false);
    one.stop().unwrap();
}

#[test]
fn evidence_of_an_omission_is_judged_as_verify_judges_it() {
    // A log that has signed what is no entry.
    let log = Log::new("careless.example/log", 1, 1, 0);
    let trust =
        json!({ "v": 1, "origin": "careless.example/log", "log": [log.vkey()], "genesis": "0".repeat(64) });
    let mut known = logs();
    known.add_trust(&trust.to_string()).unwrap();
    let one = serving(witness_on("one.example", std::sync::Arc::new(MemoryStore::new()), known));
    let client = Client::new(one.address);
    let receipt = |extra: &[u8]| {
        TlogProof { extra: extra.to_vec(), index: 0, path: Vec::new(), checkpoint: log.note(1) }.to_string()
    };
    let evidence = Evidence::Entry { receipt: receipt(&[0; 9]) }.encode();
    let zh = page(&client, &evidence, "zh").text();
    assert!(zh.contains("证据成立：运营方的签名自相矛盾") && zh.contains("第 0 条不是合格的条目"), "{zh}");
    assert!(zh.contains("careless.example/log") && zh.contains("strip hold"), "{zh}");
    let told = client.post("/verify", "application/json", &evidence).json();
    assert_eq!((&told["verified"], &told["origin"]), (&json!(true), &json!("careless.example/log")));

    // Bytes that the log has not signed show nothing, of nobody.
    let nothing = Evidence::Entry { receipt: receipt(b"another") }.encode();
    let en = page(&client, &nothing, "en").text();
    assert!(en.contains("The evidence does not hold") && !en.contains("strip hold"), "{en}");
    assert_eq!(client.post("/verify", "application/json", &nothing).json()["verified"], false);
    let broken = String::from_utf8(evidence).unwrap().replacen("entry", "entri", 1);
    let told = page(&client, broken.as_bytes(), "en").text();
    assert!(told.contains("This is not an intact evidence file"), "{told}");
    let other = Evidence::Entry { receipt: receipt(&[0; 9]).replace("careless.example", "other.example") };
    assert!(page(&client, &other.encode(), "en").text().contains("Cannot judge"));
    one.stop().unwrap();
}

#[test]
fn a_bundle_is_held_against_what_the_witness_has_seen() {
    let one = witness("one.example");
    let key = one.vkey().to_string();
    let service = Service::new();
    service.farm().season();
    let mut known = logs();
    known.add_trust(&service.client.trust_text()).unwrap();
    one.know(known);
    let note = service.client.get("/log/latest").text();
    one.add_checkpoint(format!("old 0\n\n{note}").as_bytes(), 1_800_000_000).unwrap();
    let one = serving(one);
    let client = Client::new(one.address);
    let own = |bundle: &[u8]| client.post("/verify", "application/json", bundle).json()["own_view"].clone();

    let bundle = bundle_of(&service);
    assert_eq!(own(&bundle)["is"], "same");
    let mut farm = crate::farm::Farm::known(service.client.clone(), 1_000);
    append(&mut farm, 1);
    assert_eq!(own(&bundle_of(&service))["is"], "newer");
    let size = serde_json::from_slice::<Value>(&bundle).unwrap()["bundle"]["size"].as_u64().unwrap();
    let id = BATCH.strip_prefix("batch:").unwrap();
    let older = service.client.get(&format!("/api/v1/batches/{id}/bundle/{}", size - 2)).body;
    assert_eq!(own(&older)["is"], "older");

    // Its monitors' address: the checkpoint with its line.
    let hash = Hash::of(crate::service::ORIGIN.as_bytes());
    let seen = client.get(&format!("/{hash}/checkpoint"));
    let seen = SignedNote::parse(&seen.body).unwrap();
    assert_eq!(seen.verify([&key.parse().unwrap()]).unwrap()[0].time, Some(1_800_000_000));
    assert_eq!(client.get(&format!("/{}/checkpoint", Hash::ZERO)).status, 404);
    let told = client.get("/witness.json").json();
    assert_eq!((&told["vkey"], &told["logs"][0]["size"]), (&key.clone().into(), &size.into()));
    assert_eq!(client.get("/vkey").text(), format!("{key}\n"));
    for (lang, words) in [("zh", "不是任何账本的运营方"), ("en", "never signs two histories")] {
        let about = client.get(&format!("/?lang={lang}")).text();
        assert!(
            about.contains(words) && about.contains(&key.replace('+', "&#43;")) || about.contains(&key),
            "{about}"
        );
    }
    one.stop().unwrap();
}

#[test]
fn two_histories_of_one_size_are_shown_with_both_signatures() {
    // The same key, the same first record, and other ones after it.
    let (ours, theirs) = (Service::new(), tempfile::tempdir().unwrap());
    let dir = ours.stop();
    for entry in ["VERSION", "signed-head", "db", "blobs"] {
        let (from, to) = (dir.path().join(entry), theirs.path().join(entry));
        match from.is_dir() {
            true => {
                std::fs::create_dir(&to).unwrap();
                for file in std::fs::read_dir(&from).unwrap().flatten() {
                    std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
                }
            }
            false => drop(std::fs::copy(&from, &to).unwrap()),
        }
    }
    let (ours, theirs) = (Service::on(dir, |_| {}), Service::on(theirs, |_| {}));
    ours.farm().season();
    theirs.farm().season();
    let notes = [&ours, &theirs].map(|service| service.client.get("/log/latest").text());
    assert_ne!(notes[0].lines().nth(2), notes[1].lines().nth(2), "two roots");
    assert_eq!(notes[0].lines().nth(1), notes[1].lines().nth(1), "of one size");

    let one = witness("one.example");
    let mut known = logs();
    known.add_trust(&ours.client.trust_text()).unwrap();
    one.know(known);
    one.add_checkpoint(format!("old 0\n\n{}", notes[0]).as_bytes(), 1_800_000_000).unwrap();
    let one = serving(one);
    let client = Client::new(one.address);
    let told = client.post("/verify", "application/json", &bundle_of(&theirs)).json();
    assert_eq!(told["verified"], true, "by itself it is whole");
    assert_eq!(told["own_view"]["is"], "forked");
    assert!(told["own_view"]["ours"].as_str().unwrap().starts_with(&notes[0]));
    assert_eq!(told["own_view"]["theirs"], notes[1]);
    let text = page(&client, &bundle_of(&theirs), "zh").text();
    assert!(
        text.contains("这本日志签了两种历史") && text.contains("未通过核验") && !text.contains("核验通过")
    );
    one.stop().unwrap();
}

#[test]
fn what_cannot_be_judged_is_said_to_be_so_and_limits_hold() {
    let service = Service::new();
    service.farm().season();
    let one = serving(witness("one.example"));
    let client = Client::new(one.address);
    let bundle = bundle_of(&service);
    let told = client.post("/verify", "application/json", &bundle);
    assert_eq!((told.status, &told.json()["verified"]), (422, &Value::Null));
    let text = page(&client, &bundle, "en").text();
    assert!(text.contains("Cannot judge") && text.contains("says nothing about the product"));

    assert_eq!(client.post("/verify", "text/plain", b"x").problem(), "unsupported-media-type");
    let long = vec![b' '; suyuan::verify::bundle::BYTES_MAX + 1];
    assert_eq!(client.post("/verify", "application/json", &long).problem(), "too-large");
    let no_file = b"------WebKitFormBoundary7MA4\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n------WebKitFormBoundary7MA4--\r\n";
    assert_eq!(client.post("/verify", FORM, no_file).problem(), "bad-request");
    assert_eq!(client.get("/nothing").problem(), "not-found");
    one.stop().unwrap();
}

#[test]
fn add_checkpoint_answers_by_the_specification() {
    let log = Log::new("log.example/a", 12, 12, 0);
    let one = witness("one.example");
    let mut known = suyuan::witness::Logs::default();
    known.add_key(&log.vkey()).unwrap();
    one.know(known);
    let key = one.vkey().clone();
    let one = serving(one);
    let client = Client::new(one.address);
    let post = |body: &str| client.post("/add-checkpoint", "text/plain", body.as_bytes());

    assert_eq!(post("").status, 400);
    assert_eq!(post(&"x".repeat(200_000)).status, 400);
    assert_eq!(post(&Log::new("log.example/b", 2, 2, 0).request(0, 2)).status, 404);
    assert_eq!(post(&log.request(0, 3).replace("\n3\n", "\n4\n")).status, 403);
    let answer = post(&log.request(0, 3));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    let lines = suyuan::note::signed_note::parse_signatures(&answer.text()).unwrap();
    assert!(log.note(3).with(lines).unwrap().verify([&key]).is_ok());
    let stale = post(&log.request(0, 5));
    assert_eq!((stale.status, stale.header("content-type")), (409, Some("text/x.tlog.size")));
    assert_eq!(stale.text(), "3\n");
    assert_eq!(post(&log.request(3, 5).replacen("old 3", "old 9", 1)).status, 400);
    assert_eq!(post(&Log::new("log.example/a", 12, 1, 1).request(3, 5)).status, 422);
    assert_eq!(post(&log.request(3, 12)).status, 200);
    assert_eq!(client.get("/add-checkpoint").problem(), "method-not-allowed");
    one.stop().unwrap();
}
