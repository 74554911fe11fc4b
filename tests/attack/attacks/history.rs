//! The operator rewrites what he has signed.

use serde_json::{Value, json};
use suyuan::ledger::keys;
use suyuan::merkle::Hash;
use suyuan::statement::ed25519::KeyPair;

use super::{
    SECOND_HISTORY, SPLIT_VIEW, TRUST, TWO_HISTORIES, WITNESSED, ask_witness, evidence, find, hold_receipt,
    mirrored, reworded, signed, verify,
};
use crate::forge::{Forge, Links};
use crate::stage::{FAILED, FARM, GOOD, Stage};
use crate::telling::Telling;

/// 860 jin become 960.
fn more_fruit(payload: &mut Value) {
    payload["data"]["quantity"] = json!({ "value": 480_000, "entered": "960", "unit": "jin" });
}

/// The ledger with more fruit than the farm has signed, everything else about it made right.
pub(crate) fn with_more_fruit(stage: &Stage, to: &str) -> anyhow::Result<()> {
    let led = stage.led();
    let mut groups = led.groups()?;
    reworded(find(&mut groups, stage.seq("harvest-1"))?, more_fruit)?;
    led.again(&groups, Links::Again)?.save(stage, "led", to)
}

pub(crate) fn edit(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let (led, seq) = (stage.led(), stage.seq("harvest-1"));
    t.did(format!("writes 960 jin for 860 over record {seq} in the database, and nothing else"));
    let mut naive = led.clone();
    let mut record = led.record(seq)?;
    reworded(&mut record, more_fruit)?;
    naive.facts.insert(keys::record(seq), record.encode());
    naive.save(stage, "led", "edit/naive")?;
    let unsigned = format!("entry {seq}: the signature of key … does not fit");
    t.caught(stage.suyuan(&["fsck", "--dir", "edit/naive"])?, 1, &[&format!("PROBLEM {unsigned}")]);

    t.did("writes 960 jin, and hashes, links, counts and signs the whole ledger anew with the log's own key");
    with_more_fruit(stage, "edit/strong")?;
    stage.ok(&["bundle", GOOD, "--dir", "edit/strong", "--out", "edit/strong.bundle"])?;
    let said = format!("signatures failed record {seq}: the signature of … does not fit");
    t.caught(verify(stage, "edit/strong.bundle", &TRUST)?, 1, &[&said, "NOT verified: signatures failed"]);
    let audit = stage.suyuan(&[&["audit", "--dir", "edit/strong"], &TRUST[..]].concat())?;
    t.caught(audit, 1, &[&format!("replay failed {unsigned}")]);

    t.did("as the registrar, gives every organisation a key of his own from the beginning on, and signs all that they said");
    let rekeyed = rekeyed(stage, &led, seq)?;
    rekeyed.save(stage, "led", "edit/rekeyed")?;
    let service = stage.serve("edit/rekeyed", &[])?;
    stage.ok(&["bundle", GOOD, "--from", &service.url, "--out", "edit/rekeyed.bundle"])?;
    t.blind(verify(stage, "edit/rekeyed.bundle", &TRUST)?, 0, &["verified"]);
    unseen_by_witnesses(stage, t, &rekeyed, "edit", "edit/rekeyed.bundle")?;
    t.caught(
        hold_receipt(stage, "harvest-1", &service)?,
        1,
        &["OMISSION: batch:qingshan.h1 has two different records 0"],
    );
    Ok(())
}

/// Who has seen the ledger before does not take another, and who asks for witnesses does not believe it.
fn unseen_by_witnesses(
    stage: &Stage,
    t: &mut Telling,
    forge: &Forge,
    own: &str,
    bundle: &str,
) -> anyhow::Result<()> {
    t.caught(ask_witness(stage, &stage.witnesses[0], forge, own)?, 422, &[SECOND_HISTORY]);
    t.caught(
        verify(stage, bundle, &WITNESSED)?,
        1,
        &["witnesses not checked not enough witnesses have cosigned yet (0)"],
    );
    Ok(())
}

/// The ledger as if all its organisations were the operator's.
fn rekeyed(stage: &Stage, led: &Forge, seq: u64) -> anyhow::Result<Forge> {
    let mut changes = Vec::new();
    let mut keys = vec![stage.key("registrar-1")?, stage.key("registrar-2")?];
    for name in ["farm", "packhouse", "lab", "platform", "phone"] {
        let (old, new) = (stage.key(name)?, KeyPair::from_seed(&Hash::of(name.as_bytes()).0));
        let public = |key: &KeyPair| hex::encode(key.public().as_bytes());
        changes.push((old.key_id().to_string(), new.key_id().to_string()));
        changes.push((public(&old), public(&new)));
        keys.push(new);
    }
    let keys: Vec<&KeyPair> = keys.iter().collect();
    led.again_reworded(&led.groups()?, Links::Again, |record, moved| {
        // Readers know the first record by its hash.
        if record.is_genesis() {
            return Ok(());
        }
        let mut text = String::from_utf8(record.statement.payload.clone())?;
        let genesis = record.statement.ledger().copied();
        let leaves = moved.iter().filter(|(old, _)| Some(**old) != genesis);
        let leaves = leaves.map(|(old, new)| (old.to_string(), new.to_string()));
        for (old, new) in changes.iter().cloned().chain(leaves) {
            text = text.replace(&old, &new);
        }
        let mut payload = serde_json::from_str(&text)?;
        if record.seq == seq {
            more_fruit(&mut payload);
        }
        (record.envelope, record.statement) = signed(&payload, &keys)?;
        Ok(())
    })
}

pub(crate) fn delete(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let (led, seq) = (stage.led(), stage.seq("failed"));
    t.did(format!("deletes record {seq}, a failed test, from the database"));
    let mut naive = led.clone();
    naive.facts.remove(&keys::record(seq));
    naive.save(stage, "led", "delete/naive")?;
    let missing = format!("PROBLEM entry {seq}: it is missing");
    t.caught(stage.suyuan(&["fsck", "--dir", "delete/naive"])?, 1, &[&missing]);

    t.did("puts the whole ledger together without it and signs that: every rule and every signature in it is right");
    let mut groups = led.groups()?;
    groups.iter_mut().for_each(|group| group.records.retain(|record| record.seq != seq));
    let strong = led.again(&groups, Links::Again)?;
    strong.save(stage, "led", "delete/strong")?;
    let service = stage.serve("delete/strong", &[])?;
    stage.ok(&["bundle", FAILED, "--from", &service.url, "--out", "delete/strong.bundle"])?;
    t.blind(verify(stage, "delete/strong.bundle", &TRUST)?, 0, &["verified"]);
    let audit = stage.suyuan(&[&["audit", "--from", &service.url], &TRUST[..]].concat())?;
    t.blind(audit, 0, &["nothing is wrong"]);
    unseen_by_witnesses(stage, t, &strong, "delete", "delete/strong.bundle")?;
    shorter(stage, t, &strong)?;
    let receipt = stage.receipt("failed");
    let ask = ["verify", "--receipt", &receipt, "--from", &service.url, "--out", "delete/evidence.json"];
    let shown = format!("record {seq} of the log is record 2 of batch:{FAILED}, and the map leaves it out");
    t.caught(stage.suyuan(&[&ask, &TRUST[..]].concat())?, 1, &[&format!("OMISSION: {shown}")]);
    t.note("and anybody can check that evidence, with nobody's help:");
    t.caught(
        verify(stage, "delete/evidence.json", &TRUST)?,
        0,
        &[&format!("verified: the log's own signatures show that {shown}")],
    );
    Ok(())
}

/// A mirror goes back no more than a witness does, and keeps what shows both histories.
fn shorter(stage: &Stage, t: &mut Telling, strong: &Forge) -> anyhow::Result<()> {
    let mut longer = strong.clone();
    while longer.size()? <= stage.size {
        longer.seal(longer.log()?.at)?;
    }
    longer.save(stage, "led", "delete/longer")?;
    let service = stage.serve("delete/longer", &[])?;
    t.did("goes on until his ledger is longer than the one that a mirror has followed");
    t.caught(mirrored(stage, &service.url, "delete")?, 1, &[SPLIT_VIEW]);
    t.caught(evidence(stage, "delete", ".json")?, 0, &[TWO_HISTORIES]);
    Ok(())
}

pub(crate) fn reorder(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let led = stage.led();
    let (first, second) = (stage.seq("harvest-1"), stage.seq("harvest-2"));
    t.did(format!("exchanges the bytes of the records {first} and {second} in the database"));
    let mut naive = led.clone();
    let [one, two] = [first, second].map(|seq| led.facts[&keys::record(seq)].clone());
    naive.facts.insert(keys::record(first), two);
    naive.facts.insert(keys::record(second), one);
    naive.save(stage, "led", "reorder/naive")?;
    let displaced = format!("PROBLEM entry {first}: entry {second} stands where {first} is due");
    t.caught(stage.suyuan(&["fsck", "--dir", "reorder/naive"])?, 1, &[&displaced]);

    t.did("lets the second harvest have come first, and hashes, links, counts and signs everything anew");
    let mut groups = led.groups()?;
    let (one, two) = (find(&mut groups, first)?.clone(), find(&mut groups, second)?.clone());
    for (seq, other) in [(first, two), (second, one)] {
        let record = find(&mut groups, seq)?;
        // Place and time stay, what stands there is another statement.
        (record.envelope, record.statement, record.links) = (other.envelope, other.statement, other.links);
    }
    let strong = led.again(&groups, Links::Again)?;
    strong.save(stage, "led", "reorder/strong")?;
    let service = stage.serve("reorder/strong", &[])?;
    stage.ok(&["bundle", FAILED, "--from", &service.url, "--out", "reorder/strong.bundle"])?;
    unseen_by_witnesses(stage, t, &strong, "reorder", "reorder/strong.bundle")?;
    t.caught(
        hold_receipt(stage, "harvest-1", &service)?,
        1,
        &["OMISSION: crop:qingshan.p1-2026 has two different records 1"],
    );
    Ok(())
}

pub(crate) fn back_date(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let (led, seq) = (stage.led(), stage.seq("failed"));
    t.did(format!("sets the ledger's own time (at) of record {seq} back by a month in the database"));
    let mut naive = led.clone();
    let mut record = led.record(seq)?;
    record.at -= 30 * 86_400_000;
    naive.facts.insert(keys::record(seq), record.encode());
    naive.save(stage, "led", "back-date/naive")?;
    let older = format!("PROBLEM entry {seq}: entry {seq} is older than the one before");
    t.caught(stage.suyuan(&["fsck", "--dir", "back-date/naive"])?, 1, &[&older]);

    t.did("does the same, and hashes, links, counts and signs everything anew");
    let mut groups = led.groups()?;
    find(&mut groups, seq)?.at = record.at;
    led.again(&groups, Links::Again)?.save(stage, "led", "back-date/one")?;
    stage.ok(&["bundle", FAILED, "--dir", "back-date/one", "--out", "back-date/one.bundle"])?;
    let earlier = format!("chains failed record {seq} has an earlier time than the one before");
    t.caught(verify(stage, "back-date/one.bundle", &TRUST)?, 1, &[&earlier]);

    t.did("lets all records have come in the minute in which the ledger began, and signs that");
    let mut groups = led.groups()?;
    let began = groups[0].at;
    for group in &mut groups {
        let early = |at: i64| began.min(at) + (at - began).max(0) / 1_000;
        group.at = early(group.at);
        group.records.iter_mut().for_each(|record| record.at = early(record.at));
    }
    let all = led.again(&groups, Links::Again)?;
    all.save(stage, "led", "back-date/all")?;
    let service = stage.serve("back-date/all", &[])?;
    stage.ok(&["bundle", FAILED, "--from", &service.url, "--out", "back-date/all.bundle"])?;
    t.blind(verify(stage, "back-date/all.bundle", &TRUST)?, 0, &["verified"]);
    unseen_by_witnesses(stage, t, &all, "back-date", "back-date/all.bundle")?;
    t.caught(
        hold_receipt(stage, "failed", &service)?,
        1,
        &[&format!("OMISSION: batch:{FAILED} has two different records …")],
    );
    drop(service);

    t.did("as the farm, signs today that it sprayed 40 days ago: taken as what it is, and told");
    stage.copy("led", "back-date/claim")?;
    let service = stage.serve("back-date/claim", &[])?;
    stage.submit(&service.url, &stage.sign(FARM, &super::records::spray(40))?)?;
    let status = ["status", GOOD, "--from", &service.url];
    t.caught(stage.suyuan(&status)?, 0, &["record entered late: 1, up to … after it happened […]"]);
    Ok(())
}
