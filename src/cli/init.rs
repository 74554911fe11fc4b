//! `suyuan init`: a new ledger, with its keys, its genesis, its settings and its trust file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::keys::{PrivateKey, Readers, write_new, write_new_public};
use crate::merkle::Hash;
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::SignedNote;
use crate::note::vkey::{KeyName, KeyType, VerifierKey};
use crate::sequencer::{LogSigner, SystemClock, create};
use crate::statement::envelope::Envelope;
use crate::statement::payload::{Statement, to_payload_bytes};
use crate::statement::subject::Subject;
use crate::statement::{kinds::Kind, schema};
use crate::store::data_dir::DataDir;
use crate::store::signed_head::SignedHead;
use crate::verify::{Trust, signed_checkpoint};

use super::passphrase::PassphraseArgs;
use super::{Answer, times};

const EXAMPLES: &str = "\
Examples:
  suyuan init --dir /srv/suyuan --origin trace.example.org/log --public-url https://trace.example.org
  suyuan init --dir /srv/heir --origin heir.example.org/log --public-url https://heir.example.org \\
    --continues /mnt/other/signed-head --continues-trust trust.json
  suyuan init --dir ./demo --origin demo.example/log --public-url http://127.0.0.1:8080 --no-passphrase

Makes three keys in DIR/keys: log.key signs checkpoints; registrar-1.pem and registrar-2.pem register organisations.
Move registrar-2.pem offline. The registrar's keys are encrypted with a passphrase (unless --no-passphrase); the log's
key is only if SUYUAN_PASSPHRASE or --passphrase-file gives one, because the service must start by itself.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where the ledger will lie
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The log's name, for ever: a host name that you own, and perhaps a path
    #[arg(long, value_name = "NAME")]
    origin: KeyName,
    /// How the world will reach the service
    #[arg(long, value_name = "URL")]
    public_url: String,
    /// The registrar's name, as people read it (default: the origin)
    #[arg(long, value_name = "NAME")]
    registrar_name: Option<String>,
    /// A ledger for show, for ever: only such a one takes rule rows marked fictional
    #[arg(long)]
    demonstration: bool,
    /// The last checkpoint of a ledger that cannot go on: a note, or its signed head. Genesis will name it
    #[arg(long, value_name = "FILE", requires = "continues_trust")]
    continues: Option<PathBuf>,
    /// The trust file of that ledger
    #[arg(long, value_name = "FILE", requires = "continues")]
    continues_trust: Option<PathBuf>,
    /// Where the signed head will lie, best on another disk (default: in DIR)
    #[arg(long, value_name = "FILE")]
    signed_head: Option<PathBuf>,
    /// Leave all keys unencrypted
    #[arg(long, conflicts_with = "passphrase_file")]
    no_passphrase: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let dir = DataDir::new(&args.dir);
    check_settings(&args)?;
    refuse_what_is_there(&dir)?;
    let (for_registrar, for_log) = match args.no_passphrase {
        true => (None, None),
        false => {
            let path = registrar_path(&dir, 1);
            (Some(args.passphrase.for_new_key(&path)?), args.passphrase.given()?)
        }
    };

    let log_key = PrivateKey::generate()?;
    let registrars = [PrivateKey::generate()?, PrivateKey::generate()?];
    let vkey = VerifierKey::new(args.origin.clone(), KeyType::Ed25519, log_key.public());
    let name = args.registrar_name.as_deref().unwrap_or(args.origin.as_str());
    let former = former(&args)?;
    let genesis = genesis(&args, name, &vkey, &registrars, former.as_ref())?;

    let keys = dir.keys();
    std::fs::create_dir_all(&keys).with_context(|| format!("cannot make {}", keys.display()))?;
    own_only(&keys)?;
    let write = |path: &Path, key: &PrivateKey, passphrase: Option<&str>| {
        key.write_new(path, passphrase).with_context(|| format!("cannot write {}", path.display()))
    };
    write(&dir.log_key(), &log_key, for_log.as_ref().map(|p| p.as_str()))?;
    for (number, key) in [1, 2].into_iter().zip(&registrars) {
        let path = registrar_path(&dir, number);
        write(&path, key, for_registrar.as_ref().map(|p| p.as_str()))?;
        let public = path.with_extension("pub");
        write_new_public(&public, &key.public())
            .with_context(|| format!("cannot write {}", public.display()))?;
    }
    let signer = LogSigner::new(args.origin.clone(), log_key.pair());
    let elsewhere = args.signed_head.as_deref().map(std::path::absolute).transpose()?;
    let head = SignedHead::new(elsewhere.clone().unwrap_or_else(|| dir.signed_head()));
    let leaf =
        create(&dir, &head, &signer, genesis, &SystemClock::new()).context("cannot make the ledger")?;

    let trust = Trust::to_text(args.origin.as_str(), &[vkey.to_string()], leaf, None);
    for (path, text) in
        [(dir.config(), settings(&args, elsewhere.as_deref())), (args.dir.join("trust.json"), trust)]
    {
        write_new(&path, text.as_bytes(), Readers::Everyone)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    report(&args, &dir, &vkey, &leaf)
}

/// Settings are checked as the service will check them, before the first file is made.
fn check_settings(args: &Args) -> anyhow::Result<()> {
    let flags = [
        ("dir", args.dir.display().to_string()),
        ("origin", args.origin.to_string()),
        ("public_url", args.public_url.clone()),
    ];
    crate::config::Config::load(None, &flags)?;
    Ok(())
}

fn refuse_what_is_there(dir: &DataDir) -> anyhow::Result<()> {
    let mut files = vec![dir.log_key(), dir.config(), dir.root().join("trust.json"), dir.version(), dir.db()];
    files.extend([1, 2].map(|number| registrar_path(dir, number)));
    for path in files {
        ensure!(!path.exists(), "{} exists already and is not written over", path.display());
    }
    Ok(())
}

fn registrar_path(dir: &DataDir, number: u8) -> PathBuf {
    dir.keys().join(format!("registrar-{number}.pem"))
}

/// Record 0: about the registrar, its two keys and the ledger, signed by both keys.
fn genesis(
    args: &Args,
    name: &str,
    vkey: &VerifierKey,
    registrars: &[PrivateKey; 2],
    former: Option<&Checkpoint>,
) -> anyhow::Result<Envelope> {
    let pairs = registrars.each_ref().map(PrivateKey::pair);
    let subject = |index: usize| Subject::of_key(&pairs[index].key_id()).to_string();
    let signer =
        |index: usize| json!({ "org": "org:registrar", "key": pairs[index].key_id(), "as": "registrar" });
    let public = |index: usize| json!({ "public_key": hex::encode(pairs[index].public().as_bytes()) });
    let now = times::now_text();
    let mut payload = json!({
        "v": 1,
        "origin": args.origin.as_str(),
        "id": uuid::Uuid::now_v7().to_string(),
        "kind": Kind::Genesis.to_string(),
        "subject": "org:registrar",
        "touches": [subject(0), subject(1), Subject::ledger().as_str()],
        "signers": [signer(0), signer(1)],
        "occurred_at": now,
        "recorded_at": now,
        "visibility": "public",
        "data": {
            "format": 1,
            "rules": 1,
            "registrar": { "name": name },
            "keys": [public(0), public(1)],
            "log_vkey": vkey.to_string(),
        },
    });
    if args.demonstration {
        payload["data"]["demonstration"] = json!(true);
    }
    if let Some(Checkpoint { origin, size, root }) = former {
        payload["data"]["continues"] = json!({ "origin": origin.as_str(), "size": size, "root": root });
    }
    schema::validate(Kind::Genesis, &payload["data"]).map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let statement = Statement::parse(&to_payload_bytes(&payload)?)?;
    Ok(Envelope::sign(&statement, &pairs.each_ref())?)
}

/// The last checkpoint of the ledger that this one takes over from, which that ledger's keys have signed.
fn former(args: &Args) -> anyhow::Result<Option<Checkpoint>> {
    let (Some(path), Some(trust)) = (&args.continues, &args.continues_trust) else { return Ok(None) };
    let naming = || path.display().to_string();
    let text = std::fs::read_to_string(trust).with_context(|| trust.display().to_string())?;
    let trust = Trust::parse(&text).with_context(|| trust.display().to_string())?;
    let bytes = std::fs::read(path).with_context(naming)?;
    let note = match SignedNote::parse(&bytes) {
        Ok(_) => bytes,
        Err(_) => SignedHead::new(path).read().with_context(naming)?.with_context(naming)?,
    };
    let note = String::from_utf8(note).with_context(naming)?;
    let opened = signed_checkpoint::open(&note, &trust).map_err(anyhow::Error::msg).with_context(naming)?;
    ensure!(opened.checkpoint.origin != args.origin, "a new ledger needs an origin of its own");
    Ok(Some(opened.checkpoint))
}

fn settings(args: &Args, signed_head: Option<&Path>) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    format!(
        "# What `suyuan serve` is told; a flag or SUYUAN_… in the environment wins over this file.\n\
         origin = {}\npublic_url = {}\n{}",
        quoted(args.origin.as_str()),
        quoted(&args.public_url),
        signed_head
            .map(|path| format!("signed_head = {}\n", quoted(&path.display().to_string())))
            .unwrap_or_default()
    )
}

fn own_only(path: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot close {} to others", path.display()))?;
    }
    Ok(())
}

fn report(args: &Args, dir: &DataDir, vkey: &VerifierKey, genesis: &Hash) -> anyhow::Result<Answer> {
    let mut out = std::io::stdout().lock();
    if args.json {
        let answer =
            json!({ "origin": args.origin.as_str(), "genesis": genesis, "log_vkey": vkey.to_string() });
        writeln!(out, "{answer}")?;
        return Ok(Answer::Done);
    }
    writeln!(out, "ledger   {}", args.origin)?;
    writeln!(out, "genesis  {genesis}")?;
    writeln!(out, "log key  {vkey}")?;
    writeln!(out, "\nPublish {}: whoever verifies needs it.", args.dir.join("trust.json").display())?;
    writeln!(out, "Move {} offline now: it is the registrar's spare.", registrar_path(dir, 2).display())?;
    writeln!(out, "Then: suyuan serve --dir {}", args.dir.display())?;
    Ok(Answer::Done)
}
