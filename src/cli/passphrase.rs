//! Where passphrases come from: a file, the environment, or the person at the terminal.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use crate::keys::{KEY_FILE_BYTES_MAX, KeyFile, PrivateKey};

use super::files;

const ENVIRONMENT: &str = "SUYUAN_PASSPHRASE";

#[derive(clap::Args)]
pub(super) struct PassphraseArgs {
    /// Take the passphrase from the first line of this file (else from SUYUAN_PASSPHRASE, else ask)
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    /// The private key in the file at `path`, whatever it takes to open it.
    pub(super) fn open_private(&self, path: &std::path::Path) -> anyhow::Result<PrivateKey> {
        let naming = || format!("cannot use the key {}", path.display());
        match KeyFile::read(path).with_context(naming)? {
            KeyFile::Private(key) => Ok(key),
            KeyFile::Encrypted(key) => {
                let passphrase = match self.given()? {
                    Some(passphrase) => passphrase,
                    None => ask(&format!("passphrase of {}: ", path.display()))?,
                };
                key.unlock(&passphrase).with_context(naming)
            }
            KeyFile::Public(_) => bail!("{} is a public key; its private part is needed", path.display()),
        }
    }

    /// A passphrase for a new key, asked for twice.
    #[cfg(feature = "service")]
    pub(super) fn for_new_key(&self, path: &std::path::Path) -> anyhow::Result<Zeroizing<String>> {
        if let Some(passphrase) = self.given()? {
            return Ok(passphrase);
        }
        let first = ask(&format!("passphrase for {}: ", path.display()))?;
        if *first != *ask("the same again: ")? {
            bail!("the two passphrases differ; nothing was written");
        }
        Ok(first)
    }

    /// What needs no asking.
    pub(super) fn given(&self) -> anyhow::Result<Option<Zeroizing<String>>> {
        if let Some(path) = &self.passphrase_file {
            let limit = usize::try_from(KEY_FILE_BYTES_MAX).unwrap_or(usize::MAX);
            let text = Zeroizing::new(files::read_text(path, limit)?);
            return Ok(Some(Zeroizing::new(text.lines().next().unwrap_or("").to_owned())));
        }
        match std::env::var(ENVIRONMENT) {
            Ok(passphrase) => Ok(Some(Zeroizing::new(passphrase))),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => bail!("{ENVIRONMENT} is not UTF-8"),
        }
    }
}

#[cfg(feature = "service")]
fn ask(prompt: &str) -> anyhow::Result<Zeroizing<String>> {
    let answer = rpassword::prompt_password(prompt);
    let no_terminal =
        || format!("no terminal to ask for a passphrase on; set {ENVIRONMENT} or give --passphrase-file");
    answer.map(Zeroizing::new).with_context(no_terminal)
}

#[cfg(not(feature = "service"))]
fn ask(_: &str) -> anyhow::Result<Zeroizing<String>> {
    bail!("the key is encrypted; set {ENVIRONMENT} or give --passphrase-file")
}
