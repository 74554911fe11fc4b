//! Statements that nobody had the right to make, that were made for somebody else, or that were made already.

use serde_json::{Value, json};
use suyuan::statement::envelope::Envelope;
use suyuan::statement::payload::Statement;

use super::{TRUST, let_in, opened, signed, verify};
use crate::run;
use crate::stage::{FAILED, FARM, GOOD, LAB, PACKHOUSE, PHONE, Stage, day, form, now};
use crate::telling::Telling;

/// The farm sprayed so many days ago.
pub(crate) fn spray(days: i64) -> Value {
    let mut form = form(
        "input/1",
        "crop:qingshan.p1-2026",
        json!({
            "kind": "pesticide", "target": "果蝇", "method": "spray", "dilution": 3000, "operator": "王小山",
            "product": {
                "name": "阿维菌素", "manufacturer": "示范厂", "reg_no": "PD20101234", "formulation": "乳油",
                "active_ingredients": [{ "name": "阿维菌素", "content": "1.8", "unit": "percent" }],
            },
            "area": { "entered": "12.5", "unit": "mu" }, "start_date": day(days), "end_date": day(days), "phi_days": 14,
        }),
    );
    form["occurred_at"] = json!(day(days));
    form
}

fn harvest(lot: &str, jin: &str) -> Value {
    let data = json!({ "from": ["crop:qingshan.p1-2026"], "quantity": { "entered": jin, "unit": "jin" } });
    form("harvest/1", &format!("batch:{lot}"), data)
}

/// Refused at the door; and let in by the operator, found by whoever looks at the batch.
struct Intruder<'a> {
    own: &'a str,
    line: &'a str,
    /// What the service answers: type and detail.
    refused: (&'a str, &'a str),
    /// The layer that fails in the bundle of this batch, and why.
    lot: &'a str,
    failed: &'a str,
    /// What a replay says.
    replay: &'a str,
}

fn turn_away(stage: &Stage, t: &mut Telling, intruder: &Intruder<'_>) -> anyhow::Result<()> {
    let Intruder { own, line, refused: (kind, detail), .. } = intruder;
    stage.own(own)?;
    let refused = stage.try_submit(&stage.live()?, &format!("{own}/statement.ndjson"), line)?;
    t.caught(
        refused,
        1,
        &[&format!("type: /problems/{kind}"), &format!("detail: {detail}"), "ok: false, seq: null"],
    );
    t.did("as the operator, puts it into the log all the same, and counts, hashes and signs it");
    let (envelope, statement) = opened(line)?;
    found(stage, t, intruder, &envelope, &statement)
}

fn found(
    stage: &Stage,
    t: &mut Telling,
    intruder: &Intruder<'_>,
    envelope: &Envelope,
    statement: &Statement,
) -> anyhow::Result<()> {
    let Intruder { own, lot, failed, replay, .. } = intruder;
    let (led, file) = (format!("{own}/led"), format!("{own}/lot.bundle"));
    let_in(stage, &led, envelope, statement)?;
    stage.ok(&["bundle", lot, "--dir", &led, "--out", &file])?;
    t.caught(verify(stage, &file, &TRUST)?, 1, &[failed]);
    let audit = stage.suyuan(&[&["audit", "--dir", &led], &TRUST[..]].concat())?;
    t.caught(audit, 1, &[&format!("replay failed entry …: {replay}")]);
    Ok(())
}

pub(crate) fn forge_statement(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    t.did("writes a harvest in the farm's name, names the farm's key, and signs with his own");
    let mut line: Value = serde_json::from_str(&stage.sign(FARM, &harvest("qingshan.x1", "900"))?)?;
    let (mut envelope, _) = opened(&line.to_string())?;
    envelope.signatures[0].sig = stage.key("mallory")?.sign(&envelope.signed_bytes());
    line["envelope"] = envelope.to_json();
    turn_away(
        stage,
        t,
        &Intruder {
            own: "forge-statement",
            line: &line.to_string(),
            refused: ("signature", "the signature of key … does not fit"),
            lot: "qingshan.x1",
            failed: "signatures failed record …: the signature of … does not fit",
            replay: "the signature of key … does not fit",
        },
    )?;
    recover(stage, t)
}

/// The registrar's one power over an organisation's keys.
fn recover(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    t.did("as the registrar, \"recovers\" the farm's keys: adds one of his own, and signs the harvest with it at once");
    stage.copy("led", "forge-statement/recovered")?;
    let service = stage.serve("forge-statement/recovered", &[])?;
    let (registrar, own) = (stage.key("registrar-1")?, stage.key("mallory")?);
    let payload = json!({
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
    });
    let (envelope, _) = signed(&payload, &[&registrar, &own])?;
    stage.submit(&service.url, &json!({ "envelope": envelope.to_json(), "openings": [] }).to_string())?;
    let line = stage.sign("keys/mallory.pem=qingshan/coop", &harvest("qingshan.x2", "900"))?;
    let refused = stage.try_submit(&service.url, "forge-statement/recovered.ndjson", &line)?;
    t.caught(refused, 1, &["detail: key … was added by recovery and waits"]);
    let subject = format!("{}/explore/subject/org:qingshan?lang=en", service.url);
    t.caught(
        run::get(&subject)?,
        200,
        &["…Recovered by the registrar after keys were lost; effective from …"],
    );
    Ok(())
}

pub(crate) fn revoked_key(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    t.did("signs a harvest with the stolen phone, after the farm has revoked its key");
    let line = stage.sign(PHONE, &harvest("qingshan.x3", "900"))?;
    turn_away(
        stage,
        t,
        &Intruder {
            own: "revoked-key",
            line: &line,
            refused: ("right", "key … is revoked"),
            lot: "qingshan.x3",
            failed: "rights failed record …: key … is revoked",
            replay: "key … is revoked",
        },
    )
}

pub(crate) fn wrong_role(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    t.did("as the laboratory, with its own good key, signs a harvest from the farm's season");
    let line = stage.sign(LAB, &harvest("zhejian.x4", "900"))?;
    turn_away(
        stage,
        t,
        &Intruder {
            own: "wrong-role",
            line: &line,
            refused: ("right", "lab may not sign harvest/1 about batch:zhejian.x4"),
            lot: "zhejian.x4",
            failed: "rights failed record …: lab may not sign harvest/1 about batch:zhejian.x4",
            replay: "lab may not sign harvest/1 about batch:zhejian.x4",
        },
    )
}

pub(crate) fn other_ledger(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    t.did("takes a harvest that the farm has signed for another ledger, and sends it to this one");
    let other = super::hiding::nobodys().to_string();
    let args = ["sign", "--key", FARM, "--ledger", &other];
    let asked = run::suyuan(stage.dir(), &args, &harvest("qingshan.x5", "900").to_string())?;
    turn_away(
        stage,
        t,
        &Intruder {
            own: "other-ledgers-statement",
            line: &asked.text(),
            refused: ("wrong-ledger", "the statement is for another ledger"),
            lot: "qingshan.x5",
            failed: "chains failed record … was signed for another ledger",
            replay: "the statement is for another ledger",
        },
    )
}

pub(crate) fn replay(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "replay";
    stage.own(own)?;
    t.did("sends a sale that the packhouse has signed a second time, to have it counted twice");
    stage.copy("led", "replay/led")?;
    let service = stage.serve("replay/led", &[])?;
    let data = json!({
        "channel": "retail", "period": { "from": day(0), "to": day(0) }, "quantity": { "entered": "100", "unit": "jin" },
    });
    let line = stage.sign(PACKHOUSE, &form("sale/1", &format!("batch:{GOOD}"), data))?;
    let placed = stage.submit(&service.url, &line)?;
    let again = stage.try_submit(&service.url, "replay/statement.ndjson", &line)?;
    t.caught(again, 0, &[&format!("ok: true, seq: {}", placed["seq"])]);
    service.stop()?;
    t.did("as the operator, puts it into the log twice, and counts, hashes and signs it");
    let (envelope, statement) = opened(&line)?;
    let mut forge = crate::forge::Forge::of(stage, "replay/led")?;
    let at = forge.log()?.at + 1_000;
    let record = forge.draft(&envelope, &statement, at)?;
    forge.push(&record)?;
    forge.seal(at)?;
    forge.save(stage, "led", "replay/twice")?;
    stage.ok(&["bundle", GOOD, "--dir", "replay/twice", "--out", "replay/twice.bundle"])?;
    let audit = stage.suyuan(&[&["audit", "--dir", "replay/twice"], &TRUST[..]].concat())?;
    t.caught(audit, 1, &["replay failed entry …: this very statement is already in the ledger"]);
    t.caught(
        verify(stage, "replay/twice.bundle", &TRUST)?,
        1,
        &["chains failed record … has the id of record …: a statement counts once"],
    );
    Ok(())
}

pub(crate) fn same_id(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    t.did("as the farm, signs something else under the id of the first harvest");
    let first = stage.led().record(stage.seq("harvest-1"))?;
    let mut form = spray(0);
    form["id"] = json!(first.statement.id);
    let line = stage.sign(FARM, &form)?;
    let used = "org:qingshan already used id … for payload …; this payload is …";
    turn_away(
        stage,
        t,
        &Intruder {
            own: "same-id-other-payload",
            line: &line,
            refused: ("conflict", used),
            lot: GOOD,
            failed: &format!(
                "chains failed record … has the id of record {}: a statement counts once",
                first.seq
            ),
            replay: used,
        },
    )
}

pub(crate) fn swap_attachment(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "swap-attachment";
    stage.own(own)?;
    t.did("lays a report that passes over the file of the failed report");
    let record = stage.led().record(stage.seq("failed"))?;
    let commitment = record.statement.attachments[0].commitment.to_string();
    stage.copy("led", "swap-attachment/file")?;
    let blob = find_file(&stage.path("swap-attachment/file/blobs"), &commitment)?;
    std::fs::write(blob, b"%PDF-1.7 the laboratory found not a trace")?;
    let fsck = stage.suyuan(&["fsck", "--dir", "swap-attachment/file"])?;
    t.caught(
        fsck,
        1,
        &[&format!("PROBLEM attachment {commitment}: it is not the file that was committed to")],
    );

    t.did("changes what opens the commitment as well, so that it names the new file");
    let mut led = stage.led();
    let mut opening: Value = Value::Null;
    for (key, value) in led.facts.iter_mut().filter(|(key, _)| key.starts_with(b"q/o/")) {
        if key[4..36] == record.leaf().0 && key[36..] == *b"/attachments/0" {
            opening = serde_json::from_slice(value)?;
            opening["sha256"] = json!(suyuan::merkle::Hash::of(b"%PDF-1.7 the laboratory found not a trace"));
            *value = opening.to_string().into_bytes();
        }
    }
    anyhow::ensure!(opening != Value::Null, "the report's opening is not kept");
    led.save(stage, "led", "swap-attachment/led")?;
    stage.ok(&["bundle", FAILED, "--dir", "swap-attachment/led", "--out", "swap-attachment/h2.bundle"])?;
    let said = format!(
        "signatures failed record {}: the opening is not that of the commitment at \"/attachments/0\"",
        record.seq
    );
    t.caught(verify(stage, "swap-attachment/h2.bundle", &TRUST)?, 1, &[&said]);
    let fsck = stage.suyuan(&["fsck", "--dir", "swap-attachment/led"])?;
    t.caught(fsck, 1, &["PROBLEM the opening of /attachments/0 in record …: the opening is not that of the commitment at \"/attachments/0\""]);
    Ok(())
}

fn find_file(dir: &std::path::Path, name: &str) -> anyhow::Result<std::path::PathBuf> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            if let Ok(found) = find_file(&path, name) {
                return Ok(found);
            }
        } else if path.to_string_lossy().replace('/', "").ends_with(name) {
            return Ok(path);
        }
    }
    anyhow::bail!("{name} is not in {}", dir.display())
}

pub(crate) fn oversale(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    stage.own("oversale")?;
    stage.copy("led", "oversale/led")?;
    let service = stage.serve("oversale/led", &[])?;
    t.did("as the packhouse, packs the 860 jin of the farm a second time, as a new lot (mixed with bought fruit)");
    let quantity = |entered: &str, unit: &str| json!({ "entered": entered, "unit": unit });
    let packed = json!({
        "inputs": [{ "lot": "batch:qingshan.h1", "quantity": quantity("860", "jin") }],
        "outputs": [{ "lot": "batch:shanqian.p2", "quantity": quantity("800", "jin") }],
        "loss": quantity("60", "jin"), "loss_reason": "off_size", "site": "山前产地仓一号线",
        "product": "仙居东魁杨梅", "pack_type": "foam_box_ice", "net_weight": quantity("2.5", "kg"),
        "pack_count": 160, "pack_date": day(0),
    });
    stage.submit(&service.url, &stage.sign(PACKHOUSE, &form("packing/1", "batch:shanqian.p2", packed))?)?;
    let status = ["status", "shanqian.p2", "--from", &service.url, "--for", "sale"];
    t.caught(stage.suyuan(&status)?, 1, &["batch:shanqian.p2 on_hold", "quantities Used, sold and lost were 860 kg, more than the 430 kg of this lot: 430 kg too much […]", "sale NOT cleared: balance, balance"]);
    let alarms = run::get(&format!("{}/api/v1/alarms", service.url))?;
    t.caught(alarms, 200, &["alarms.0.about: batch:qingshan.h1", "alarms.0.en: 山前产地仓 used, sent, sold and lost 860 kg, more than the 430 kg that it had: 430 kg too much"]);
    stage.ok(&["bundle", "shanqian.p2", "--from", &service.url, "--out", "oversale/p2.bundle"])?;
    t.caught(verify(stage, "oversale/p2.bundle", &TRUST)?, 0, &["sale NOT cleared: balance, balance"]);
    Ok(())
}
