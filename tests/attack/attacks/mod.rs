//! How each attack is staged, and who is asked.

pub(crate) mod hiding;
pub(crate) mod history;
pub(crate) mod json;
pub(crate) mod pages;
pub(crate) mod records;
pub(crate) mod splitting;

use anyhow::Context as _;
use serde_json::Value;
use suyuan::ledger::Record;
use suyuan::statement::ed25519::KeyPair;
use suyuan::statement::envelope::Envelope;
use suyuan::statement::payload::{Statement, to_payload_bytes};

use crate::forge::{Forge, Group};
use crate::run::{self, Asked, Served};
use crate::stage::{FARM, Stage};

/// The record at `seq` in the groups of a ledger.
pub(crate) fn find(groups: &mut [Group], seq: u64) -> anyhow::Result<&mut Record> {
    let mut records = groups.iter_mut().flat_map(|group| &mut group.records);
    records.find(|record| record.seq == seq).with_context(|| format!("record {seq}"))
}

/// Another payload under the signatures that stood under the first: nobody else can sign.
pub(crate) fn reworded(record: &mut Record, change: impl FnOnce(&mut Value)) -> anyhow::Result<()> {
    let mut payload: Value = serde_json::from_slice(&record.statement.payload)?;
    change(&mut payload);
    record.statement = Statement::parse(&to_payload_bytes(&payload)?)?;
    record.envelope.payload = record.statement.payload.clone();
    Ok(())
}

/// A payload signed with keys that the attacker has.
pub(crate) fn signed(payload: &Value, keys: &[&KeyPair]) -> anyhow::Result<(Envelope, Statement)> {
    let statement = Statement::parse(&to_payload_bytes(payload)?)?;
    Ok((Envelope::sign(&statement, keys)?, statement))
}

/// Only whose log it is.
pub(crate) const TRUST: [&str; 2] = ["--trust", "trust.json"];
/// The published trust file, whose policy asks for two witnesses.
pub(crate) const WITNESSED: [&str; 4] = ["--trust", "trust-w.json", "--require", "witnesses"];

/// What a witness says to a second history.
pub(crate) const SECOND_HISTORY: &str =
    "the log of … entries is not shown to go on from that of …: the proof leads to another …";

/// What a mirror says to one.
pub(crate) const SPLIT_VIEW: &str =
    "WRONG (split-view): the checkpoint of … entries does not go on from that of …";

/// What its evidence shows to anybody.
pub(crate) const TWO_HISTORIES: &str = "verified: the log's own signatures show that the log gallery.example/log has signed two \
     histories: its first … entries have the root … in one and … in the other, which is of … entries";

/// `suyuan verify FILE` with these arguments more.
pub(crate) fn verify(stage: &Stage, file: &str, more: &[&str]) -> anyhow::Result<Asked> {
    stage.suyuan(&[&["verify", file], more].concat())
}

/// `suyuan verify --receipt R --from URL`: what the holder of a receipt does.
pub(crate) fn hold_receipt(stage: &Stage, name: &str, service: &Served) -> anyhow::Result<Asked> {
    let receipt = stage.receipt(name);
    stage.suyuan(&[&["verify", "--receipt", &receipt, "--from", &service.url], &TRUST[..]].concat())
}

/// Shows a witness of the stage the checkpoint of another history, as `suyuan serve` would once a second. A witness goes
/// on from what it has cosigned and no further back, so the history is first made as long.
pub(crate) fn ask_witness(
    stage: &Stage,
    witness: &Served,
    forge: &Forge,
    own: &str,
) -> anyhow::Result<Asked> {
    let mut forge = forge.clone();
    while forge.size()? < stage.size {
        forge.seal(forge.log()?.at)?;
    }
    let file = format!("{own}/add-checkpoint");
    std::fs::write(stage.path(&file), forge.add_checkpoint(stage.size)?)?;
    run::post(&format!("{}/add-checkpoint", witness.url), "text/plain", stage.dir(), &file)
}

/// What a mirror of the honest ledger says to a service: it has followed the ledger so far, and goes on.
pub(crate) fn mirrored(stage: &Stage, service: &str, own: &str) -> anyhow::Result<Asked> {
    let dir = format!("{own}/mirror");
    if !stage.path(&dir).exists() {
        stage.copy("mirror", &dir)?;
    }
    stage.suyuan(&["mirror", service, "--dir", &dir, "--once"])
}

/// What shows it, if the mirror has written something down that anybody can check.
pub(crate) fn evidence(stage: &Stage, own: &str, ending: &str) -> anyhow::Result<Asked> {
    let dir = format!("{own}/mirror/evidence");
    let files = std::fs::read_dir(stage.path(&dir)).context("the mirror has kept no evidence")?;
    for file in files {
        let name = file?.file_name().to_string_lossy().into_owned();
        if name.ends_with(ending) {
            return verify(stage, &format!("{dir}/{name}"), &TRUST);
        }
    }
    anyhow::bail!("there is no {ending} in {dir}")
}

/// The ledger with one record more, that no rule has seen, saved as a directory.
pub(crate) fn let_in(
    stage: &Stage,
    to: &str,
    envelope: &Envelope,
    statement: &Statement,
) -> anyhow::Result<Forge> {
    let mut forge = stage.led();
    let at = forge.log()?.at + 1_000;
    let record = forge.draft(envelope, statement, at)?;
    forge.push(&record)?;
    forge.seal(at)?;
    forge.save(stage, "led", to)?;
    Ok(forge)
}

/// The envelope of a line that `suyuan sign` printed.
pub(crate) fn opened(line: &str) -> anyhow::Result<(Envelope, Statement)> {
    let line: Value = serde_json::from_str(line)?;
    let envelope = Envelope::from_json(&line["envelope"])?;
    let statement = Statement::parse(&envelope.payload)?;
    Ok((envelope, statement))
}
