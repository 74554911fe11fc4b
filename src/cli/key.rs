//! `suyuan key`: an Ed25519 key in a file of its own, and its public form.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use crate::keys::KeyFile;
use crate::statement::ed25519::PublicKey;

use super::Answer;
use super::passphrase::PassphraseArgs;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make an Ed25519 key, encrypted with a passphrase
    #[cfg(feature = "service")]
    #[command(after_help = NEW_EXAMPLES)]
    New(NewArgs),
    /// Show a key's public part and its id
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
}

#[cfg(feature = "service")]
const NEW_EXAMPLES: &str = "\
Examples:
  suyuan key new --out farm.pem                     asks for a passphrase, twice
  suyuan key new --out farm.pem --no-passphrase     in clear: for a machine that starts by itself

Writes farm.pem (the private key, PKCS#8) and farm.pub (the public one). Neither is ever written over.";

const SHOW_EXAMPLES: &str = "\
Examples:
  suyuan key show farm.pub
  suyuan key show farm.pem --json";

#[cfg(feature = "service")]
#[derive(clap::Args)]
pub(super) struct NewArgs {
    /// Where the private key goes; the public one goes beside it with the ending .pub
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Leave the key unencrypted on the disk
    #[arg(long, conflicts_with = "passphrase_file")]
    no_passphrase: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct ShowArgs {
    /// A private key (PKCS#8 PEM), a public key (PEM), or a file with 64 hexadecimal digits
    file: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Command) -> anyhow::Result<Answer> {
    match command {
        #[cfg(feature = "service")]
        Command::New(args) => new(args),
        Command::Show(args) => show(args),
    }
}

#[cfg(feature = "service")]
fn new(args: NewArgs) -> anyhow::Result<Answer> {
    let public_path = args.out.with_extension("pub");
    anyhow::ensure!(public_path != args.out, "a private key's file does not end in .pub");
    for path in [&args.out, &public_path] {
        anyhow::ensure!(!path.exists(), "{} exists already and is not written over", path.display());
    }
    let passphrase = match args.no_passphrase {
        true => None,
        false => Some(args.passphrase.for_new_key(&args.out)?),
    };
    let key = crate::keys::PrivateKey::generate()?;
    let naming = |path: &PathBuf| format!("cannot write {}", path.display());
    key.write_new(&args.out, passphrase.as_ref().map(|p| p.as_str())).with_context(|| naming(&args.out))?;
    let public = key.public();
    crate::keys::write_new_public(&public_path, &public).with_context(|| naming(&public_path))?;
    print(&public, args.json)
}

fn show(args: ShowArgs) -> anyhow::Result<Answer> {
    let naming = || format!("cannot show {}", args.file.display());
    let public = match KeyFile::read(&args.file).with_context(naming)? {
        KeyFile::Public(public) => public,
        KeyFile::Private(key) => key.public(),
        KeyFile::Encrypted(_) => args.passphrase.open_private(&args.file)?.public(),
    };
    print(&public, args.json)
}

fn print(public: &PublicKey, json: bool) -> anyhow::Result<Answer> {
    let (key, id) = (hex::encode(public.as_bytes()), public.key_id());
    let mut out = std::io::stdout().lock();
    match json {
        true => writeln!(out, "{}", json!({ "key_id": id, "public_key": key }))?,
        false => writeln!(out, "public key  {key}\nkey id      {id}")?,
    }
    Ok(Answer::Done)
}
