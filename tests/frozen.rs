//! Ledgers and bundles of released rules versions, kept for ever: what was right once stays right, byte for byte.
//!
//! `SUYUAN_BLESS=1` writes the files anew; a changed file means that released bytes changed, which needs a new version.

mod common;

use std::path::{Path, PathBuf};

use common::village::{By, Village, data, key_id, public_hex, sealed};
use serde_json::{Value, json};
use suyuan::merkle::Hash;
use suyuan::statement::json::canonical;
use suyuan::verify::audit::Audit;
use suyuan::verify::{Options, Trust, verify_bundle};

const OPTIONS: Options = Options { now: 1_790_000_000, max_age: 86_400 };
const FARM: By<'static> = ("farm", "farm", "farm-key");
const LAB: By<'static> = ("lab", "lab", "lab-key");
const SHOP: By<'static> = ("shop", "platform", "shop-key");
const REGISTRAR: By<'static> = ("registrar", "registrar", "registrar-1");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/rules-1")
}

/// Compares with the committed file, or writes it when blessing.
#[track_caller]
fn frozen(name: &str, bytes: &[u8]) {
    let path = folder().join(name);
    if std::env::var_os("SUYUAN_BLESS").is_some() {
        std::fs::create_dir_all(folder()).expect("a folder");
        std::fs::write(&path, bytes).expect("a file");
    }
    let kept = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(kept == bytes, "{name} is no longer what was released");
}

/// Every kind that there is, once at least.
fn every_kind() -> Village {
    let mut village = Village::new();
    village.register("farm", &["farm", "packhouse", "processor"]);
    village.register("lab", &["lab"]);
    village.register("shop", &["platform"]);
    village.say("org.update/1", "org:lab", &[], &[LAB], json!({"contact": sealed("phone")})).expect("update");
    let phone: By<'_> = ("farm", "farm", "phone");
    let key = format!("key:{}", key_id("phone"));
    let add = json!({"public_key": public_hex("phone"), "scope": {"kinds": ["input", "planting"]}});
    village.say("org.key.add/1", &key, &[], &[FARM, phone], add).expect("key");
    village.say("plot.register/1", "plot:farm.east", &[], &[FARM], data::plot()).expect("plot");
    let crop = data::crop("plot:farm.east");
    village.say("crop.open/1", "crop:farm.y2026", &["plot:farm.east"], &[FARM], crop).expect("season");
    village.say("planting/1", "crop:farm.y2026", &[], &[phone], data::planting()).expect("planting");
    village.say("input/1", "crop:farm.y2026", &[], &[phone], data::input()).expect("input");
    village.seal();
    let from = ["crop:farm.y2026"];
    let harvest =
        village.say("harvest/1", "batch:farm.a", &from, &[FARM], data::harvest(&from, 100)).expect("harvest");
    let sampling = data::sampling("batch:farm.a", "lab");
    village.say("sampling/1", "batch:farm.a", &[], &[LAB], sampling).expect("sampling");
    village
        .say("inspection/1", "batch:farm.a", &[], &[LAB], data::inspection("lab", "pass"))
        .expect("inspection");
    let corrected = json!({"reason": "typo", "data": data::harvest(&from, 90)});
    let mut correction = village.statement("correction/1", "batch:farm.a", &from, &[FARM], corrected);
    correction["corrects"] = json!(harvest.leaf);
    village.apply(&correction, &["farm-key"]).expect("correction");
    let grading = data::grading(&[("batch:farm.a", 90)], &[("batch:farm.g1", 60), ("batch:farm.g2", 29)]);
    village
        .say("grading/1", "batch:farm.g1", &["batch:farm.a", "batch:farm.g2"], &[FARM], grading)
        .expect("grading");
    let processing = data::processing(&[("batch:farm.g2", 29)], "batch:farm.dry", 5);
    village
        .say("processing/1", "batch:farm.dry", &["batch:farm.g2"], &[FARM], processing)
        .expect("processing");
    let packing = data::packing(&[("batch:farm.g1", 60)], "batch:farm.p", 59);
    village.say("packing/1", "batch:farm.p", &["batch:farm.g1"], &[FARM], packing).expect("packing");
    village.say("storage/1", "batch:farm.p", &[], &[FARM], data::storage()).expect("storage");
    village.seal();
    let shipping = data::shipping(&[("batch:farm.p", 59)], "shop", None);
    let shipped = village.say("shipping/1", "batch:farm.p", &[], &[FARM], shipping).expect("shipping");
    let receiving = data::receiving(shipped.leaf, &[("batch:farm.p", 59)], "accepted");
    village.say("receiving/1", "batch:farm.p", &[], &[SHOP], receiving).expect("receiving");
    village.say("org.key.revoke/1", &key, &[], &[FARM], json!({"reason": "lost"})).expect("revocation");
    let recovery = json!({"public_key": public_hex("rescue"), "scope": {"admin": true},
        "recovery": {"org": "org:lab", "reason": "lost", "delay_hours": 72}});
    let rescue = ("lab", "lab", "rescue");
    village
        .say(
            "org.key.add/1",
            &format!("key:{}", key_id("rescue")),
            &["org:lab"],
            &[REGISTRAR, rescue],
            recovery,
        )
        .expect("recovery");
    village.rotate_log_key();
    village.seal();
    village
}

/// The good bundle with one thing wrong, its digest made right: name, and what is done to the body.
type Forgery = (&'static str, fn(&mut Value));

const FORGERIES: [Forgery; 7] = [
    ("size", |body| body["size"] = json!(body["size"].as_u64().unwrap_or(0) + 1)),
    ("no-map-claim", |body| drop(body["map"].as_array_mut().map(|map| map.remove(0)))),
    ("count", |body| body["map"][0]["count"] = json!(99)),
    ("record-left-out", |body| drop(body["records"].as_array_mut().map(|records| records.remove(4)))),
    ("at", |body| body["records"][3]["at"] = json!(0)),
    ("signature", |body| {
        let first = body["records"][5]["envelope"]["signatures"][0]["sig"].take();
        body["records"][5]["envelope"]["signatures"][0]["sig"] =
            body["records"][6]["envelope"]["signatures"][0]["sig"].take();
        body["records"][6]["envelope"]["signatures"][0]["sig"] = first;
    }),
    ("unknown-member", |body| body["note"] = json!("hello")),
];

#[test]
fn a_ledger_of_rules_1_replays_for_ever() {
    let village = every_kind();
    let reader = village.state.reader();
    let mut lines = Vec::new();
    for seq in 0..village.state.size() {
        lines.extend(reader.entry_bytes(seq).expect("read").expect("there"));
        lines.push(b'\n');
    }
    frozen("ledger.ndjson", &lines);
    frozen("trust.json", village.trust_text().as_bytes());
    let trust = village.trust();
    let mut audit = Audit::new(Some(&trust)).expect("empty");
    let kept = std::fs::read(folder().join("ledger.ndjson")).expect("the frozen ledger");
    for line in kept.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        audit.entry(line).unwrap_or_else(|problem| panic!("{problem}"));
    }
    let report = audit.report(None);
    frozen("audit.json", serde_json::to_string_pretty(&report.to_json()).expect("JSON").as_bytes());
}

#[test]
fn bundles_of_rules_1_get_the_same_answer_for_ever() {
    let village = every_kind();
    let good = village.bundle("batch:farm.p");
    frozen("good.bundle.json", &good);
    frozen("absent.bundle.json", &village.bundle("batch:farm.none"));
    let mut answers = vec![
        answer("good", &good, &village.trust()),
        answer("absent", &village.bundle("batch:farm.none"), &village.trust()),
    ];
    for (name, forge) in FORGERIES {
        let mut file: Value = serde_json::from_slice(&good).expect("JSON");
        forge(&mut file["bundle"]);
        file["sha256"] = json!(Hash::of(&canonical(&file["bundle"])));
        let bytes = canonical(&file);
        frozen(&format!("bad-{name}.bundle.json"), &bytes);
        answers.push(answer(&format!("bad-{name}"), &bytes, &village.trust()));
    }
    frozen("answers.json", &(serde_json::to_string_pretty(&answers).expect("JSON") + "\n").into_bytes());
}

fn answer(name: &str, file: &[u8], trust: &Trust) -> Value {
    let report = verify_bundle(file, trust, &OPTIONS);
    assert_eq!(report.verified(&[]), !name.starts_with("bad"), "{name}");
    let layers: serde_json::Map<String, Value> =
        report.layers().map(|(layer, status)| (layer.to_string(), json!(status.word()))).collect();
    json!({"file": format!("{name}.bundle.json"), "verified": report.verified(&[]), "layers": layers})
}
