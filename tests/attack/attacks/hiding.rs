//! The operator keeps a record back: from a file, from the map, from a chain.

use suyuan::ledger::{Entry, Record};
use suyuan::merkle::Hash;

use super::{TRUST, WITNESSED, hold_receipt, mirrored, verify};
use crate::forge::Forge;
use crate::run::{Served, until};
use crate::stage::{FAILED, ORIGIN, PHONE, Stage, form};
use crate::telling::Telling;

pub(crate) fn truncate(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    stage.own("truncate-chain-tail")?;
    let (led, seq) = (stage.led(), stage.seq("failed"));
    t.did(format!("cuts record {seq}, the end of the chain of batch:{FAILED}, off the bundle, and makes the tree proof fit"));
    let bundle = led.bundle(&format!("batch:{FAILED}"))?;
    let cut: Vec<Entry> = bundle.records.iter().filter(|entry| entry.seq() != seq).cloned().collect();
    let bundle = led.prove(bundle, cut)?;
    std::fs::write(stage.path("truncate-chain-tail/cut.bundle"), bundle.encode())?;
    let said = format!("completeness not checked the chain of batch:{FAILED} is not here in full");
    t.caught(
        verify(stage, "truncate-chain-tail/cut.bundle", &TRUST)?,
        1,
        &["log ok …", &said, "NOT verified: rights not checked"],
    );

    t.did("writes a smaller count into the file as well");
    let mut bundle = bundle;
    let subject = format!("batch:{FAILED}");
    let claim = bundle.map.iter_mut().find(|claim| claim.subject.as_str() == subject);
    let value = claim.and_then(|claim| claim.value.as_mut());
    let value = anyhow::Context::context(value, "its count")?;
    value.count -= 1;
    std::fs::write(stage.path("truncate-chain-tail/count.bundle"), bundle.encode())?;
    let said = format!("completeness failed the map proof of batch:{FAILED} does not fit");
    t.caught(verify(stage, "truncate-chain-tail/count.bundle", &TRUST)?, 1, &[&said]);
    t.note("signing a map with the smaller count is hide-failed-inspection, below");
    Ok(())
}

/// The ledger goes on: its next map record counts these records no more, and nothing that was signed before is denied.
fn without(stage: &Stage, records: &[u64], to: &str) -> anyhow::Result<Forge> {
    let (mut led, before) = (stage.led(), stage.yesterday());
    for seq in records.iter().rev() {
        let record: Record = led.record(*seq)?;
        led.forget(&record, &before)?;
    }
    led.seal(led.log()?.at + 1_000)?;
    led.save(stage, "led", to)?;
    Ok(led)
}

/// Copies of the stage's witnesses, which have seen what those have seen, and whose lines are as good: what they cosign
/// here leaves no trace on the stage.
fn fellow_witnesses(stage: &Stage, own: &str, led: &Forge) -> anyhow::Result<Vec<Served>> {
    let mut witnesses = Vec::new();
    for name in ["w1", "w2"] {
        let dir = format!("{own}/{name}");
        stage.fresh_witness(name, &dir)?;
        let witness = stage.witness(&dir, &[])?;
        stage.show(&witness, led, own)?;
        witnesses.push(witness);
    }
    let dirs = [format!("{own}/w1"), format!("{own}/w2")];
    let policy = stage.policy(&dirs.each_ref().map(String::as_str), &witnesses)?;
    std::fs::write(stage.path(&format!("{own}/policy")), policy.replace(&format!("{own}/"), ""))?;
    Ok(witnesses)
}

/// A replaying witness that reads from this service, and what it says to the service's newest checkpoint.
fn replayed(stage: &Stage, t: &mut Telling, own: &str, service: &Served, led: &Forge) -> anyhow::Result<()> {
    let dir = format!("{own}/replayer");
    stage.ok(&["witness", "--init", "--dir", &dir, "--name", "witness.example/replayer"])?;
    let replay = format!("{ORIGIN}={}", service.url);
    let witness = stage.witness(&dir, &["--replay", &replay])?;
    let asked = until("the witness has read the log", || {
        let asked = stage.show(&witness, led, own)?;
        Ok((asked.code != 503).then_some(asked))
    })?;
    t.caught(asked, 422, &["replayed and found wrong: entry …: map record … says …, the records say …"]);
    Ok(())
}

pub(crate) fn revocation(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "hide-revocation";
    stage.own(own)?;
    let seq = stage.seq("revocation");
    t.did(format!("goes on with a map that counts record {seq} no more: the phone's key was never revoked"));
    let led = without(stage, &[seq], "hide-revocation/led")?;
    let honest = stage.led();
    let _witnesses = fellow_witnesses(stage, own, &honest)?;
    let service = stage.serve("hide-revocation/led", &["--policy", "hide-revocation/policy"])?;
    t.did("takes a harvest that the thief signs with the stolen phone");
    let quantity = serde_json::json!({ "entered": "500", "unit": "jin" });
    let data = serde_json::json!({ "from": ["crop:qingshan.p1-2026"], "quantity": quantity });
    let stolen = form("harvest/1", "batch:qingshan.h9", data);
    stage.submit(&service.url, &stage.sign(PHONE, &stolen)?)?;
    stage.witnessed(&service.url)?;
    let file = "hide-revocation/h9.bundle";
    stage.ok(&["bundle", "qingshan.h9", "--from", &service.url, "--out", file])?;
    t.blind(
        verify(stage, file, &WITNESSED)?,
        0,
        &["completeness ok claimed: the operator states that nothing is left out of …", "verified"],
    );
    audit(stage, t, own, &service)?;
    replayed(stage, t, own, &service, &led)?;
    let key = stage.key("phone")?.key_id();
    t.caught(
        hold_receipt(stage, "revocation", &service)?,
        1,
        &[&format!("OMISSION: record {seq} of the log is record 1 of key:{key}, and the map leaves it out")],
    );
    Ok(())
}

/// Whoever replays works the map out for himself.
fn audit(stage: &Stage, t: &mut Telling, own: &str, service: &Served) -> anyhow::Result<()> {
    let audit = stage.suyuan(&[&["audit", "--from", &service.url], &TRUST[..]].concat())?;
    let wrong = "replay failed entry …: map record … says …, the records say …";
    t.caught(audit, 1, &[wrong]);
    t.caught(
        mirrored(stage, &service.url, own)?,
        1,
        &["WRONG (wrong-map): entry …: map record … says …, the records say …"],
    );
    Ok(())
}

pub(crate) fn failed_inspection(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "hide-failed-inspection";
    stage.own(own)?;
    let seq = stage.seq("failed");
    t.did(format!("goes on with a map that counts record {seq}, the failed test, and its sampling no more"));
    let led = without(stage, &[stage.seq("sampling"), seq], "hide-failed-inspection/led")?;
    let service = stage.serve("hide-failed-inspection/led", &[])?;
    let file = "hide-failed-inspection/h2.bundle";
    stage.ok(&["bundle", FAILED, "--from", &service.url, "--out", file])?;
    t.blind(
        verify(stage, file, &TRUST)?,
        0,
        &["completeness ok claimed: the operator states that nothing is left out of …", "verified"],
    );
    audit(stage, t, own, &service)?;
    replayed(stage, t, own, &service, &led)?;
    let said =
        format!("OMISSION: record {seq} of the log is record 2 of batch:{FAILED}, and the map leaves it out");
    t.caught(hold_receipt(stage, "failed", &service)?, 1, &[&said]);
    Ok(())
}

pub(crate) fn no_map_record(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    stage.own("no-map-record")?;
    let mut led = stage.led();
    let bundle = led.bundle(&format!("batch:{FAILED}"))?;
    t.did("appends a record, and signs a checkpoint that ends with it: no map counts it");
    let at = led.log()?.at + 1_000;
    let line = stage.sign(super::FARM, &super::records::spray(0))?;
    let (envelope, statement) = super::opened(&line)?;
    let record = led.draft(&envelope, &statement, at)?;
    led.push(&record)?;
    let mut records = bundle.records.clone();
    records.push(Entry::Record(Box::new(record)));
    let bundle = led.prove(bundle, records)?;
    std::fs::write(stage.path("no-map-record/h2.bundle"), bundle.encode())?;
    let said = "the checkpoint does not end with a map record";
    let (log, completeness) = (format!("log failed {said}"), format!("completeness failed {said}"));
    t.caught(verify(stage, "no-map-record/h2.bundle", &TRUST)?, 1, &[&log, &completeness]);
    Ok(())
}

pub(crate) fn drop_link(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "drop-link";
    stage.own(own)?;
    let mut led = stage.led();
    t.did("takes a harvest, and leaves it out of the chain of the season that it names: its record has one link less");
    let quantity = serde_json::json!({ "entered": "70", "unit": "jin" });
    let data = serde_json::json!({ "from": ["crop:qingshan.p1-2026"], "quantity": quantity });
    let line = stage.sign(super::FARM, &form("harvest/1", "batch:qingshan.h8", data))?;
    let (envelope, statement) = super::opened(&line)?;
    let at = led.log()?.at + 1_000;
    let mut record = led.draft(&envelope, &statement, at)?;
    record.links.retain(|link| !link.subject.as_str().starts_with("crop:"));
    let seq = record.seq;
    // Counted where it says that it belongs, and signed.
    led.push(&record)?;
    led.seal(at)?;
    led.save(stage, "led", "drop-link/led")?;
    let service = stage.serve("drop-link/led", &[])?;
    let audit = stage.suyuan(&[&["audit", "--from", &service.url], &TRUST[..]].concat())?;
    let links = "entry: the links are not those of the statement's subjects";
    t.caught(audit, 1, &[&format!("replay failed entry {seq}: {links}")]);
    t.did("gives the farm a receipt of it, and everybody else a bundle of the batch");
    std::fs::write(stage.path("drop-link/h8.tlog-proof"), led.receipt(seq)?)?;
    t.caught(
        verify(stage, "drop-link/h8.tlog-proof", &TRUST)?,
        1,
        &[&format!("log failed the log has signed an entry {seq} that is none; …")],
    );
    let against = ["verify", "--receipt", "drop-link/h8.tlog-proof", "--against", "qingshan.h2.bundle"];
    let said =
        format!("OMISSION: entry {seq} of the log is not an entry, or its links are not its payload's");
    t.caught(stage.suyuan(&[&against, &TRUST[..]].concat())?, 1, &[&said]);
    Ok(())
}

/// A root that is nobody's.
pub(crate) fn nobodys() -> Hash {
    Hash::of(b"another history")
}
