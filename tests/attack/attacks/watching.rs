//! What only those notice who have been watching: monitors, and two of them that compare notes.

use serde_json::json;
use suyuan::statement::ed25519::KeyPair;

use super::splitting::fork;
use super::{TRUST, TWO_HISTORIES, signed, verify, watched};
use crate::run::{self, Served};
use crate::stage::{ORIGIN, Stage, now};
use crate::telling::Telling;

pub(crate) fn two_monitors(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "fork-to-two-monitors";
    stage.own(own)?;
    t.did(
        "signs a second history with the log's own key, and shows each of two monitors one of them, for ever",
    );
    fork(stage)?.save(stage, "led", "fork-to-two-monitors/led")?;
    let (one, other) = (stage.live()?, stage.serve("fork-to-two-monitors/led", &[])?);
    let (a, b) = ("fork-to-two-monitors/a", "fork-to-two-monitors/b");
    let ok = format!("ok {ORIGIN}: {} entries", stage.size);
    for (dir, url) in [(a, &one), (b, &other.url)] {
        let look = ["monitor", url, "--trust", "trust.json", "--dir", dir, "--once"];
        t.blind(stage.suyuan(&look)?, 0, &[&ok]);
    }
    t.note("and the first lets others see what it holds (--listen), and the second looks there (--peer):");
    let shows = ["monitor", &one, "--trust", "trust.json", "--dir", a, "--listen", "127.0.0.1:0"];
    let first = Served::start(stage.dir(), &shows)?;
    let compares =
        ["monitor", &other.url, "--trust", "trust.json", "--dir", b, "--peer", &first.url, "--once"];
    let said = format!("alarm split-view {ORIGIN}: {} (shown by {}) […]", super::TWO_ROOTS, first.url);
    t.caught(stage.suyuan(&compares)?, 1, &[&said]);
    t.note("and what it keeps, anybody can check:");
    let file = stage.find("fork-to-two-monitors/b", "split-view-", ".json")?;
    t.caught(verify(stage, &file, &TRUST)?, 0, &[TWO_HISTORIES]);
    Ok(())
}

pub(crate) fn similar_name(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "similar-name";
    stage.own(own)?;
    stage.copy("led", "similar-name/led")?;
    let service = stage.serve("similar-name/led", &[])?;
    t.did("as the registrar, invents an organisation whose name looks like the farm's: 青山杨梅合作杜 for 青山杨梅合作社");
    let key = "similar-name/key.pem";
    stage.ok(&["key", "new", "--out", key, "--no-passphrase"])?;
    let who = ["org", "register", "qing-shan", "--name", "青山杨梅合作杜", "--roles", "coop"];
    let keys = ["--method", "in_person", "--key", "led/keys/registrar-1.pem", "--new-key", key];
    let line = stage.ok(&[&who[..], &keys, &TRUST].concat())?;
    let placed = stage.submit(&service.url, &line.text())?;
    let signer = format!("{key}=qing-shan/coop");
    for form in crate::story::a_season_of("qing-shan") {
        stage.submit(&service.url, &stage.sign(&signer, &form)?)?;
    }
    let file = "similar-name/h1.bundle";
    stage.ok(&["bundle", "qing-shan.h1", "--from", &service.url, "--out", file])?;
    t.blind(verify(stage, file, &TRUST)?, 0, &["verified"]);
    let said = format!(
        "alarm similar-name {ORIGIN}: org:qing-shan is called \"青山杨梅合作杜\", which is like a name of org:qingshan"
    );
    t.caught(watched(stage, &service.url, own)?, 1, &[&said]);
    t.note("and the explorer says who checked the identity, and how; whether that is so, people must judge");
    let entry = format!("{}/explore/entry/{}?lang=en", service.url, placed["seq"]);
    t.fine(run::get(&entry)?, 200, &["in person"]);
    Ok(())
}

pub(crate) fn recover_keys(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "recover-keys";
    stage.own(own)?;
    stage.copy("led", "recover-keys/led")?;
    let service = stage.serve("recover-keys/led", &[])?;
    t.did("as the registrar, \"recovers\" the farm's keys: adds one of his own, and signs a harvest with it at once");
    let (registrar, mallory) = (stage.key("registrar-1")?, stage.key("mallory")?);
    let payload = recovery(stage, &registrar, &mallory)?;
    let (envelope, _) = signed(&payload, &[&registrar, &mallory])?;
    stage.submit(&service.url, &json!({ "envelope": envelope.to_json(), "openings": [] }).to_string())?;
    let line =
        stage.sign("keys/mallory.pem=qingshan/coop", &super::records::harvest("qingshan.x2", "900"))?;
    let refused = stage.try_submit(&service.url, "recover-keys/statement.ndjson", &line)?;
    let waits = format!("detail: key {} was added by recovery and waits", mallory.key_id());
    t.caught(refused, 1, &["type: /problems/right", &waits]);
    let told = format!(
        "alarm org-recovery {ORIGIN}: the registrar gives org:qingshan the key {}, as a recovery of its keys",
        mallory.key_id()
    );
    t.caught(watched(stage, &service.url, own)?, 1, &[&told]);
    let subject = format!("{}/explore/subject/org:qingshan?lang=en", service.url);
    let said = "Recovered by the registrar after keys were lost; effective from …";
    t.caught(run::get(&subject)?, 200, &[said]);
    Ok(())
}

fn recovery(stage: &Stage, registrar: &KeyPair, own: &KeyPair) -> anyhow::Result<serde_json::Value> {
    Ok(json!({
        "v": 1, "ledger": stage.trust()?.genesis, "id": "019a0000-0000-7000-8000-000000000001",
        "kind": "org.key.add/1", "subject": format!("key:{}", own.key_id()), "touches": ["org:qingshan"],
        "signers": [
            { "org": "org:registrar", "key": registrar.key_id(), "as": "registrar" },
            { "org": "org:qingshan", "key": own.key_id(), "as": "coop" },
        ],
        "occurred_at": now(), "recorded_at": now(), "visibility": "public",
        "data": {
            "public_key": hex::encode(own.public().as_bytes()), "scope": { "admin": true },
            "recovery": { "org": "org:qingshan", "reason": "lost", "delay_hours": 24 },
        },
    }))
}
