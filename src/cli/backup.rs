//! `suyuan backup` and `suyuan restore`: a consistent copy of a ledger, without its private keys.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::control::Client;
use crate::store::backup::{self, BackupError};
use crate::store::data_dir::DataDir;

use super::local::{Local, is_in_use, signed_head_of};
use super::{Answer, fsck};

const BACKUP_EXAMPLES: &str = "\
Examples:
  suyuan backup --dir /srv/suyuan --out /backup/2026-11-22

The copy is a directory: records, attachments, openings, the newest signed head, all of one moment, also while the ledger
is served. On the same file system it shares files with the ledger and costs next to nothing. Keep keys, suyuan.toml and
trust.json elsewhere. An erased opening is gone from new backups only: delete the old ones.";

const RESTORE_EXAMPLES: &str = "\
Examples:
  suyuan restore /backup/2026-11-22 --dir /srv/suyuan
  suyuan resume --dir /srv/suyuan --mirror https://mirror.example.org --confirm

Every byte is checked against the records (exit code 1 if it is not sound, and then nothing counts as restored). The
ledger stays read-only until `suyuan resume` has compared it with the outside. Bring keys and suyuan.toml back too.";

#[derive(clap::Args)]
#[command(after_help = BACKUP_EXAMPLES)]
pub(super) struct BackupArgs {
    /// The ledger's directory, served or not
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The directory to make; while the ledger is served, its service makes it
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(clap::Args)]
#[command(after_help = RESTORE_EXAMPLES)]
pub(super) struct RestoreArgs {
    /// A directory that `suyuan backup` made
    backup: PathBuf,
    /// Where the ledger will lie
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn backup(args: &BackupArgs) -> anyhow::Result<Answer> {
    let naming = || format!("cannot back up to {}", args.out.display());
    match Local::open(&args.dir) {
        Ok(local) => local.ledger.handle().backup(&args.out).with_context(naming)?,
        // Then whoever serves it makes the copy, which is all of one moment.
        Err(error) if is_in_use(&error) => {
            let to = std::path::absolute(&args.out)?;
            Client::connect(&args.dir).and_then(|client| client.backup(&to)).with_context(naming)?;
        }
        Err(error) => return Err(error),
    }
    Ok(Answer::Done)
}

pub(super) fn restore(args: &RestoreArgs) -> anyhow::Result<Answer> {
    let dir = DataDir::new(&args.dir);
    let head = signed_head_of(&dir)?;
    let bar = fsck::Bar::new(args.json);
    let restored = backup::restore(&args.backup, &dir, &head, &mut |progress| bar.at(progress));
    bar.clear();
    match restored {
        Ok(report) => fsck::print(&report, args.json),
        Err(BackupError::NotSound(report)) => fsck::print(&report, args.json),
        Err(error) => {
            let error = anyhow::Error::from(error);
            Err(error.context(format!("cannot restore {}", args.backup.display())))
        }
    }
    .and_then(|answer| {
        if answer == Answer::Done && !args.json {
            let mut out = std::io::stdout().lock();
            writeln!(out, "restored; read-only until `suyuan resume --dir {}`", args.dir.display())?;
        }
        Ok(answer)
    })
}
