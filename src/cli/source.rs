//! Where a command reads a ledger: a service, or a directory on this machine.

use std::path::PathBuf;

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct SourceArgs {
    /// A service
    #[arg(long, value_name = "URL")]
    pub(super) from: Option<String>,
    /// A ledger's directory, which no service may be using meanwhile
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
}

/// An opened source.
pub(super) enum Source<'a> {
    Service(&'a str),
    Dir(&'a PathBuf),
}

impl SourceArgs {
    pub(super) fn source(&self) -> anyhow::Result<Source<'_>> {
        match (&self.from, &self.dir) {
            (Some(url), _) => Ok(Source::Service(url)),
            (None, Some(dir)) => Ok(Source::Dir(dir)),
            // The group asks for one of them.
            (None, None) => anyhow::bail!("say --from URL or --dir DIR"),
        }
    }
}

/// A batch as people type it: with or without its prefix.
pub(super) fn batch_id(typed: &str) -> &str {
    typed.trim().strip_prefix("batch:").unwrap_or(typed.trim())
}

/// A part of a path that holds nothing that an address would take for something else.
pub(super) fn path_segment(text: &str) -> anyhow::Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    anyhow::ensure!(
        !text.is_empty() && text.chars().all(plain) && !text.starts_with('.'),
        "{text:?} is neither a batch's id (ORG.LOT) nor a short code"
    );
    Ok(text)
}
