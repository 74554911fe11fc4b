//! Two histories under one name: forks, copies that go on, stolen keys, look-alikes.

use serde_json::json;
use suyuan::note::signed_note::{SignedNote, parse_signatures};
use suyuan::verify::bundle::Consistency;

use super::{
    SECOND_HISTORY, SPLIT_VIEW, TRUST, TWO_HISTORIES, WITNESSED, ask_witness, evidence, hold_receipt,
    mirrored, signed, verify,
};
use crate::forge::Forge;
use crate::run::{self, until};
use crate::stage::{FARM, GOOD, Stage, now};
use crate::telling::Telling;

/// Yesterday's ledger gone on differently, as long as the real one: an organisation that nobody else has heard of.
fn fork(stage: &Stage) -> anyhow::Result<Forge> {
    let mut fork = stage.yesterday();
    let (registrar, ghost) = (stage.key("registrar-1")?, stage.key("mallory")?);
    let payload = json!({
        "v": 1, "ledger": stage.trust()?.genesis, "id": "019a0000-0000-7000-8000-000000000002",
        "kind": "org.register/1", "subject": "org:ghost", "touches": [format!("key:{}", ghost.key_id())],
        "signers": [
            { "org": "org:ghost", "key": ghost.key_id(), "as": "farm" },
            { "org": "org:registrar", "key": registrar.key_id(), "as": "registrar" },
        ],
        "occurred_at": now(), "recorded_at": now(), "visibility": "public",
        "data": {
            "name": "幽灵农场", "roles": ["farm"], "keys": [{ "public_key": hex::encode(ghost.public().as_bytes()) }],
            "identity": { "checked_by": "registrar", "method": "in_person", "date": &now()[..10] },
        },
    });
    let (envelope, statement) = signed(&payload, &[&registrar, &ghost])?;
    let at = fork.log()?.at + 1_000;
    let record = fork.draft(&envelope, &statement, at)?;
    fork.take(record, at)?;
    while fork.size()? < stage.size {
        fork.seal(at)?;
    }
    Ok(fork)
}

pub(crate) fn fork_it(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "fork";
    stage.own(own)?;
    t.did(
        "signs a second history with the log's own key, as long as the first, and shows it to somebody else",
    );
    let (led, fork) = (stage.led(), fork(stage)?);
    fork.save(stage, "led", "fork/led")?;
    stage.ok(&["bundle", GOOD, "--dir", "fork/led", "--out", "fork/good.bundle"])?;
    t.blind(verify(stage, "fork/good.bundle", &TRUST)?, 0, &["verified"]);
    t.caught(ask_witness(stage, &stage.witnesses[0], &fork, own)?, 422, &[SECOND_HISTORY]);
    t.caught(
        verify(stage, "fork/good.bundle", &WITNESSED)?,
        1,
        &["witnesses not checked not enough witnesses have cosigned yet (0)"],
    );
    t.note("and whoever drops that bundle on a witness's page sees both signed checkpoints:");
    let page = format!("{}/verify", stage.witnesses[0].url);
    let dropped = run::post(&page, "application/json", stage.dir(), "fork/good.bundle")?;
    t.caught(dropped, 200, &["own_view.is: forked", "own_view.ours: …", "own_view.theirs: …"]);
    let service = stage.serve("fork/led", &[])?;
    let said =
        format!("WRONG (split-view): the first {} entries are … here, and … in a checkpoint", stage.size);
    t.caught(mirrored(stage, &service.url, own)?, 1, &[&said]);
    t.note("and what the mirror has kept, anybody can check:");
    t.caught(evidence(stage, own, ".json")?, 0, &[TWO_HISTORIES]);
    t.did("ties both in one bundle with a consistency proof of his own");
    let mut longer = led.clone();
    longer.seal(led.log()?.at + 1_000)?;
    let mut bundle = longer.bundle(&format!("batch:{GOOD}"))?;
    bundle.checkpoints.push(fork.note()?);
    let path = suyuan::merkle::proof::consistency_path(&longer.reader(), stage.size, stage.size + 1)?;
    bundle.consistency.push(Consistency { from: stage.size, to: stage.size + 1, path });
    std::fs::write(stage.path("fork/both.bundle"), bundle.encode())?;
    let said = format!(
        "log failed the checkpoints of {} and {} entries show two different histories",
        stage.size,
        stage.size + 1
    );
    t.caught(verify(stage, "fork/both.bundle", &TRUST)?, 1, &[&said]);
    Ok(())
}

pub(crate) fn roll_back(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "roll-back-data-dir";
    stage.own(own)?;
    t.did("puts yesterday's copy of the database back, and starts the service");
    stage.copy("yesterday", "roll-back-data-dir/db")?;
    std::fs::copy(stage.path("led/signed-head"), stage.path("roll-back-data-dir/db/signed-head"))?;
    let older = format!("{} entries were signed", stage.size);
    let fsck = stage.suyuan(&["fsck", "--dir", "roll-back-data-dir/db"])?;
    t.caught(fsck, 1, &[&format!("PROBLEM the signed head: {older}; … are here and good")]);
    let service = stage.serve("roll-back-data-dir/db", &[])?;
    let line = stage.sign(FARM, &super::records::spray(0))?;
    let refused = stage.try_submit(&service.url, "roll-back-data-dir/statement.ndjson", &line)?;
    let said = format!(
        "detail: the disk does not hold what was signed: {older}, the disk holds …: it is an older state"
    );
    t.caught(refused, 1, &["type: /problems/read-only", &said]);
    service.stop()?;

    t.did("puts the signed head back as well, so that nothing on his disk remembers, and goes on writing");
    stage.copy("yesterday", "roll-back-data-dir/all")?;
    let service = stage.serve("roll-back-data-dir/all", &["--policy", "policy"])?;
    stage.submit(&service.url, &line)?;
    let url = format!("{}/api/v1/checkpoints", service.url);
    let told = until("the witness contradicts", || {
        let told = run::get(&url)?;
        Ok(told.text().contains("rolled back").then_some(told))
    })?;
    let said = format!(
        "…it has cosigned {} entries of this log, and here are …: was the disk rolled back?",
        stage.size
    );
    t.caught(told, 200, &[&said]);
    t.caught(
        mirrored(stage, &service.url, own)?,
        0,
        &[&format!("the service shows an older checkpoint; {} entries are held", stage.size)],
    );
    t.caught(
        hold_receipt(stage, "failed", &service)?,
        2,
        &["…the service's answer says nothing of the receipt's record: it is older, or of another subject"],
    );
    stage.ok(&["bundle", GOOD, "--from", &service.url, "--out", "roll-back-data-dir/good.bundle"])?;
    service.stop()?;
    let forge = Forge::of(stage, "roll-back-data-dir/all")?;
    t.caught(ask_witness(stage, &stage.witnesses[1], &forge, own)?, 422, &[SECOND_HISTORY]);
    Ok(())
}

pub(crate) fn restore(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "restore-and-go-on";
    stage.own(own)?;
    t.did("restores yesterday's backup, and starts the service");
    let led = "restore-and-go-on/led";
    stage.ok(&["restore", "backup", "--dir", led])?;
    stage.copy("led/keys", "restore-and-go-on/led/keys")?;
    std::fs::copy(stage.path("led/suyuan.toml"), stage.path("restore-and-go-on/led/suyuan.toml"))?;
    let service = stage.serve(led, &[])?;
    let line = stage.sign(FARM, &super::records::spray(0))?;
    let refused = stage.try_submit(&service.url, "restore-and-go-on/statement.ndjson", &line)?;
    t.caught(
        refused,
        1,
        &[
            "type: /problems/read-only",
            "detail: the ledger was restored from a backup and waits for `suyuan resume`",
        ],
    );
    service.stop()?;
    let resume = ["resume", "--dir", led, "--witness", &stage.witnesses[0].url, "--confirm"];
    let said = format!("FAILED …: it holds {} entries, here are …: this backup misses some", stage.size);
    t.caught(stage.suyuan(&resume)?, 1, &[&said]);

    t.did("deletes the mark that it was restored, and goes on writing until the ledger is as long as before");
    std::fs::remove_file(stage.path("restore-and-go-on/led/restored"))?;
    let service = stage.serve(led, &[])?;
    stage.submit(&service.url, &line)?;
    for days in 1..4 {
        stage.submit(&service.url, &stage.sign(FARM, &super::records::spray(days))?)?;
    }
    let said = "OMISSION: record … of the log is record 2 of batch:qingshan.h2, and the map leaves it out";
    t.caught(hold_receipt(stage, "failed", &service)?, 1, &[said]);
    t.caught(mirrored(stage, &service.url, own)?, 1, &[SPLIT_VIEW]);
    service.stop()?;
    let forge = Forge::of(stage, led)?;
    t.caught(ask_witness(stage, &stage.witnesses[0], &forge, own)?, 422, &[SECOND_HISTORY]);
    Ok(())
}

pub(crate) fn witness_rolled_back(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "witness-rolled-back";
    stage.own(own)?;
    t.did("gets one of the two witnesses to start on an older copy of its memory, and shows it the fork");
    stage.fresh_witness("w1", "witness-rolled-back/w1")?;
    let witness = stage.witness("witness-rolled-back/w1", &[])?;
    let fork = fork(stage)?;
    let signed = stage.show(&witness, &fork, own)?;
    let line = parse_signatures(&format!("{}\n", signed.text()))?;
    t.blind(signed, 200, &["— witness.example/w1 …"]);
    let note = SignedNote::parse(fork.note()?.as_bytes())?.with(line)?;
    let mut bundle = fork.bundle(&format!("batch:{GOOD}"))?;
    bundle.checkpoints = vec![note.to_string()];
    std::fs::write(stage.path("witness-rolled-back/good.bundle"), bundle.encode())?;
    t.caught(ask_witness(stage, &stage.witnesses[1], &fork, own)?, 422, &[SECOND_HISTORY]);
    t.caught(
        verify(stage, "witness-rolled-back/good.bundle", &WITNESSED)?,
        1,
        &["witnesses not checked not enough witnesses have cosigned yet (1)"],
    );
    Ok(())
}

pub(crate) fn stolen_log_key(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "stolen-log-key";
    stage.own(own)?;
    t.did("steals the log's key, and signs a history of his own on his own machine");
    let fork = fork(stage)?;
    let bundle = fork.bundle(&format!("batch:{GOOD}"))?;
    std::fs::write(stage.path("stolen-log-key/thief.bundle"), bundle.encode())?;
    t.blind(verify(stage, "stolen-log-key/thief.bundle", &TRUST)?, 0, &["verified"]);
    t.caught(ask_witness(stage, &stage.witnesses[0], &fork, own)?, 422, &[SECOND_HISTORY]);
    t.caught(
        verify(stage, "stolen-log-key/thief.bundle", &WITNESSED)?,
        1,
        &["witnesses not checked not enough witnesses have cosigned yet (0)"],
    );
    t.note("and the operator, who has noticed, changes the log's key and publishes the new trust file");
    let led = "stolen-log-key/led";
    stage.copy("led", led)?;
    let (old, new) = ("stolen-log-key/led/keys/log.key", "stolen-log-key/led/keys/log-2.key");
    stage.ok(&["key", "new", "--out", new, "--no-passphrase"])?;
    let rotate = ["log-key", "rotate", "--old", old, "--new", new, "--both-until", "2026-01-01T00:00:00Z"];
    let signed = stage.ok(&[&rotate[..], &["--key", "led/keys/registrar-1.pem"], &TRUST].concat())?;
    let service = stage.serve(led, &[])?;
    stage.submit(&service.url, &signed.text())?;
    let trust = run::fetch(&format!("{}/trust.json", service.url))?.1;
    std::fs::write(stage.path("stolen-log-key/trust.json"), trust)?;
    let new_trust = ["--trust", "stolen-log-key/trust.json"];
    t.caught(
        verify(stage, "stolen-log-key/thief.bundle", &new_trust)?,
        1,
        &["log failed the checkpoint: no known key has signed the note"],
    );
    Ok(())
}

pub(crate) fn look_alike(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    let own = "look-alike-ledger";
    stage.own(own)?;
    t.did("founds a ledger of the same name, with keys of his own, and puts its bundle behind his QR codes");
    let led = "look-alike-ledger/led";
    let address =
        ["--origin", crate::stage::ORIGIN, "--public-url", "http://127.0.0.1:8080", "--no-passphrase"];
    stage.ok(&[&["init", "--dir", led][..], &address].concat())?;
    stage.ok(&["bundle", "shanqian.p1", "--dir", led, "--out", "look-alike-ledger/p1.bundle"])?;
    let own_trust = ["--trust", "look-alike-ledger/led/trust.json"];
    t.blind(verify(stage, "look-alike-ledger/p1.bundle", &own_trust)?, 0, &["verified"]);
    t.caught(
        verify(stage, "look-alike-ledger/p1.bundle", &TRUST)?,
        1,
        &["log failed the checkpoint: no known key has signed the note"],
    );
    let audit = stage.suyuan(&[&["audit", "--dir", led], &TRUST[..]].concat())?;
    t.caught(audit, 1, &["replay failed the genesis record is …, the trust file names …"]);
    let page = format!("{}/verify", stage.witnesses[0].url);
    let dropped = run::post(&page, "application/json", stage.dir(), "look-alike-ledger/p1.bundle")?;
    t.caught(dropped, 200, &["verified: false", "layers.log.status: failed"]);
    t.note("a trust file that comes with the bundle proves nothing: it must come from elsewhere");
    let without = stage.suyuan(&["verify", "look-alike-ledger/p1.bundle"])?;
    t.caught(
        without,
        2,
        &["…--trust is needed: the log's keys must come from elsewhere than the file that is checked"],
    );
    Ok(())
}
