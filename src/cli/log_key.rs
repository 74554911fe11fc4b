//! `suyuan log-key`: the log changes its own key, by a statement that both keys and the registrar sign.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::note::vkey::{KeyName, KeyType, VerifierKey};
use crate::statement::ed25519::KeyPair;
use crate::statement::role::Role;
use crate::statement::time::Instant;
use crate::verify::Trust;

use super::draft::SystemSalts;
use super::passphrase::PassphraseArgs;
use super::sign::{KeyArg, Party, Signer, print, sign_value};
use super::verify::TRUST_BYTES_MAX;
use super::{Answer, files, times};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Write the statement by which a new log key takes over
    #[command(after_help = ROTATE_EXAMPLES)]
    Rotate(RotateArgs),
}

const ROTATE_EXAMPLES: &str = "\
Example:
  suyuan key new --out /srv/suyuan/keys/log-2.key            and restart the service, so that it holds both
  suyuan log-key rotate --old /srv/suyuan/keys/log.key --new /srv/suyuan/keys/log-2.key \\
    --both-until 2027-01-01T00:00:00Z --key registrar-1.pem --trust trust.json > rotation.ndjson
  suyuan submit --to https://trace.example.org rotation.ndjson

From that record on both keys sign every checkpoint, until the instant given, by the ledger's own time; after it the
new one alone. Hand the new trust file out before that. docs/operations.md says what to do if the old key was stolen.";

#[derive(clap::Args)]
pub(super) struct RotateArgs {
    /// The log's current key
    #[arg(long, value_name = "FILE")]
    old: PathBuf,
    /// The key that takes over
    #[arg(long, value_name = "FILE")]
    new: PathBuf,
    /// Until when both sign, so that those who know only the old one can still check
    #[arg(long, value_name = "INSTANT")]
    both_until: String,
    /// A key of the registrar
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The ledger's trust file: its origin, its genesis, and the old key
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn run(command: &Command) -> anyhow::Result<Answer> {
    match command {
        Command::Rotate(args) => rotate(args),
    }
}

fn rotate(args: &RotateArgs) -> anyhow::Result<Answer> {
    let text = files::read_text(&args.trust, TRUST_BYTES_MAX)?;
    let trust = Trust::parse(&text).with_context(|| format!("cannot use {}", args.trust.display()))?;
    let until: Instant =
        args.both_until.parse().with_context(|| format!("{} is no instant", args.both_until))?;
    let name: KeyName = trust.origin.parse().context("the trust file's origin")?;
    let pair = |path: &Path| Ok::<_, anyhow::Error>(args.passphrase.open_private(path)?.pair());
    let (old, new) = (pair(&args.old)?, pair(&args.new)?);
    let vkey = |key: &KeyPair| VerifierKey::new(name.clone(), KeyType::Ed25519, key.public());
    let (old_vkey, new_vkey) = (vkey(&old), vkey(&new));
    ensure!(
        trust.policy.logs().iter().any(|log| log.key == old_vkey),
        "{} is not a log key of {}",
        args.old.display(),
        args.trust.display()
    );
    ensure!(old_vkey != new_vkey, "the two keys are the same");
    let message = format!("suyuan/log-key/v1\n{old_vkey}\n{new_vkey}\n{until}\n", until = until.as_str());
    let signed = |key: &KeyPair| STANDARD.encode(key.sign(message.as_bytes()));
    let form = json!({
        "kind": "ledger.key/1",
        "subject": "ledger:",
        "touches": [],
        "occurred_at": times::now_text(),
        "visibility": "public",
        "data": {
            "old_vkey": old_vkey.to_string(),
            "new_vkey": new_vkey.to_string(),
            "both_until": until.as_str(),
            "signature_old": signed(&old),
            "signature_new": signed(&new),
        },
    });
    let party = Party { org: "registrar".into(), role: Role::Registrar };
    let registrar = Signer::open(&KeyArg { path: args.key.clone(), party: Some(party) }, &args.passphrase)?;
    let line = sign_value(form, Path::new(""), Some(trust.genesis), &[registrar], &mut SystemSalts)?;
    print(&[line])
}
