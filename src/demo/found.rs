//! The demonstration's own ledger: its keys, its genesis, its directory.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::season;
use super::wrap::{Chance, SystemChance, statement_id};
use crate::keys::{KeyFile, PrivateKey};
use crate::merkle::Hash;
use crate::note::vkey::KeyName;
use crate::sequencer::{Clock, Ledger, LogSigner, Settings, SystemClock, create};
use crate::statement::ed25519::KeyPair;
use crate::statement::envelope::Envelope;
use crate::statement::payload::{Statement, to_payload_bytes};
use crate::statement::subject::Subject;
use crate::store::data_dir::DataDir;
use crate::store::signed_head::SignedHead;

/// The demonstration's log is called so; it is nobody's in particular.
pub(super) const ORIGIN: &str = "demo.suyuan.example/log";

/// Who runs it, as pages say.
pub(super) const OPERATOR: &str = "溯源示范";

/// What a demonstration begins with.
pub(super) struct Founding<'a> {
    pub(super) log: PrivateKey,
    pub(super) registrar: [PrivateKey; 2],
    pub(super) clock: &'a dyn Clock,
    pub(super) chance: &'a mut dyn Chance,
}

/// Makes keys, settings and ledger in `dir`; returns the leaf hash of genesis and one of the registrar's keys.
pub(super) fn found(dir: &DataDir, public_url: &str, now: Timestamp) -> anyhow::Result<(Hash, KeyPair)> {
    let registrar = [PrivateKey::generate()?, PrivateKey::generate()?];
    let clock = SystemClock::new();
    let founding =
        Founding { log: PrivateKey::generate()?, registrar, clock: &clock, chance: &mut SystemChance };
    found_with(dir, public_url, now, founding)
}

/// As [`found`], with keys, clock and chance of the caller's.
pub(super) fn found_with(
    dir: &DataDir,
    public_url: &str,
    now: Timestamp,
    founding: Founding<'_>,
) -> anyhow::Result<(Hash, KeyPair)> {
    std::fs::create_dir_all(dir.keys()).with_context(|| dir.keys().display().to_string())?;
    let Founding { log, registrar, clock, chance } = founding;
    log.write_new(&dir.log_key(), None)?;
    for (key, name) in registrar.iter().zip(["registrar-1.key", "registrar-2.key"]) {
        key.write_new(&dir.keys().join(name), None)?;
    }
    // So that `suyuan serve --dir` finds what it needs to know.
    let settings =
        format!("origin = \"{ORIGIN}\"\npublic_url = \"{public_url}\"\noperator = \"{OPERATOR}\"\n");
    std::fs::write(dir.config(), settings).with_context(|| dir.config().display().to_string())?;
    let signer = LogSigner::new(origin()?, log.pair());
    let pairs = registrar.each_ref().map(PrivateKey::pair);
    let genesis = genesis(&signer, &pairs, now, chance)?;
    let leaf = create(dir, &signed_head(dir), &signer, genesis, clock)?;
    let [first, _] = pairs;
    Ok((leaf, first))
}

/// Opens what [`found`] has made.
pub(super) fn open(dir: &DataDir) -> anyhow::Result<Ledger> {
    open_by(dir, Arc::new(SystemClock::new()))
}

/// The same, its time told by `clock`.
pub(super) fn open_by(dir: &DataDir, clock: Arc<dyn Clock>) -> anyhow::Result<Ledger> {
    let path = dir.log_key();
    let key = read_key(&path).with_context(|| path.display().to_string())?;
    let settings = Settings {
        dir: dir.clone(),
        signed_head: signed_head(dir),
        signer: Some(LogSigner::new(origin()?, key)),
        clock,
        // A demonstration may be looked at again months later, with no operator to ask.
        clock_confirmed: true,
    };
    Ok(Ledger::open(settings)?)
}

fn read_key(path: &Path) -> anyhow::Result<KeyPair> {
    match KeyFile::read(path)? {
        KeyFile::Private(key) => Ok(key.pair()),
        _ => anyhow::bail!("it is not the private key that the demonstration made"),
    }
}

fn origin() -> anyhow::Result<KeyName> {
    Ok(ORIGIN.parse()?)
}

fn signed_head(dir: &DataDir) -> SignedHead {
    SignedHead::new(dir.signed_head())
}

fn genesis(
    signer: &LogSigner,
    keys: &[KeyPair; 2],
    now: Timestamp,
    chance: &mut dyn Chance,
) -> anyhow::Result<Envelope> {
    let now = season::in_china(now);
    let log_vkey = signer.verifier_keys().first().context("the log has no key")?.to_string();
    let touches = keys.iter().map(|key| Subject::of_key(&key.key_id()).to_string());
    let touches: Vec<String> = touches.chain([Subject::ledger().to_string()]).collect();
    let signers =
        keys.each_ref().map(|key| json!({ "org": "org:registrar", "key": key.key_id(), "as": "registrar" }));
    let founding: Vec<Value> =
        keys.iter().map(|key| json!({ "public_key": hex::encode(key.public().as_bytes()) })).collect();
    let payload = json!({
        "v": 1,
        "origin": ORIGIN,
        "id": statement_id(now, chance)?,
        "kind": "genesis/1",
        "subject": "org:registrar",
        "touches": touches,
        "signers": signers,
        "occurred_at": season::instant(now),
        "recorded_at": season::instant(now),
        "data": {
            "format": 1,
            "rules": 1,
            "registrar": { "name": "溯源示范登记处" },
            "keys": founding,
            "log_vkey": log_vkey,
            "demonstration": true,
        },
    });
    let statement = Statement::parse(&to_payload_bytes(&payload)?)?;
    Ok(Envelope::sign(&statement, &[&keys[0], &keys[1]])?)
}
