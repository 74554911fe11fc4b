//! Floor 5: the command line. One file a subcommand; results on stdout, talk on stderr.
//!
//! Each command returns an [`Answer`] or an error: three exit codes, because "checked and not verified" and "could not
//! check" are different things to know. Nothing here decides anything about the ledger.

mod against;
mod files;
mod key;
mod passphrase;
mod times;
mod told;
mod verify;

#[cfg(feature = "service")]
mod anchor;
#[cfg(feature = "service")]
mod ask;
#[cfg(feature = "service")]
mod audit;
#[cfg(feature = "service")]
mod backup;
#[cfg(feature = "service")]
mod bundle;
#[cfg(feature = "service")]
mod demo;
#[cfg(feature = "service")]
mod draft;
#[cfg(feature = "service")]
mod erase;
#[cfg(feature = "service")]
mod fsck;
#[cfg(feature = "service")]
mod import;
#[cfg(feature = "service")]
mod init;
#[cfg(feature = "service")]
mod local;
#[cfg(feature = "service")]
mod log_key;
#[cfg(feature = "service")]
mod mirror;
#[cfg(feature = "service")]
mod monitor;
#[cfg(feature = "service")]
mod new;
#[cfg(feature = "service")]
mod org;
#[cfg(feature = "service")]
mod resume;
#[cfg(feature = "service")]
mod rules;
#[cfg(feature = "service")]
mod serve;
#[cfg(feature = "service")]
mod sign;
#[cfg(feature = "service")]
mod source;
mod standing;
#[cfg(feature = "service")]
mod status;
#[cfg(feature = "service")]
mod submit;
#[cfg(feature = "service")]
mod trace;
#[cfg(feature = "service")]
mod witness;

use clap::{Parser, Subcommand};

/// What a command that could do its work found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Done, or verified.
    Done,
    /// Checked, and not verified.
    NotVerified,
    /// Stopped because the store failed: it is to be opened by a new process.
    StartAgain,
}

impl Answer {
    fn verified(verified: bool) -> Answer {
        if verified { Answer::Done } else { Answer::NotVerified }
    }
}

/// Suyuan: a ledger of produce batches that anyone can check
#[derive(Parser)]
#[command(name = "suyuan", version, max_term_width = 110, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or verified
  1  checked, and NOT verified (or refused by the ledger)
  2  could not: bad usage, no such file, network, damaged store
  3  a service stopped because its store failed: start it again, which checks what the disk holds";

#[derive(Subcommand)]
enum Command {
    /// Evidence from outside that a checkpoint existed before a moment
    #[cfg(feature = "service")]
    #[command(subcommand)]
    Anchor(anchor::Command),
    /// Replay a whole log: every signature, right, chain, map record, root and tile
    #[cfg(feature = "service")]
    Audit(audit::Args),
    /// Copy a ledger, without its private keys
    #[cfg(feature = "service")]
    Backup(backup::BackupArgs),
    /// Get the file that proves a batch's trace
    #[cfg(feature = "service")]
    Bundle(bundle::Args),
    /// Fill a ledger with four stories of real places, serve it and print the links
    #[cfg(feature = "service")]
    Demo(demo::Args),
    /// Erase for good what opens a sealed value or an attachment
    #[cfg(feature = "service")]
    Erase(erase::Args),
    /// Derive everything in a ledger's directory again and compare
    #[cfg(feature = "service")]
    Fsck(fsck::Args),
    /// Send a spreadsheet of past events as statements
    #[cfg(feature = "service")]
    Import(import::Args),
    /// Make a new ledger: keys, genesis, settings, trust file
    #[cfg(feature = "service")]
    Init(init::Args),
    /// Make a key, or show a key's public part
    #[command(subcommand)]
    Key(key::Command),
    /// Change the log's own key
    #[cfg(feature = "service")]
    #[command(subcommand)]
    LogKey(Box<log_key::Command>),
    /// Keep a verified copy of somebody's ledger, and serve it
    #[cfg(feature = "service")]
    Mirror(mirror::Args),
    /// Watch logs, compare notes with others who do, and raise alarms
    #[cfg(feature = "service")]
    Monitor(monitor::Args),
    /// Write an empty statement of a kind, to fill in
    #[cfg(feature = "service")]
    New(new::Args),
    /// Register organisations and their keys, as statements
    #[cfg(feature = "service")]
    #[command(subcommand)]
    Org(Box<org::Command>),
    /// Make a ledger of a backup; it stays read-only until `resume`
    #[cfg(feature = "service")]
    Restore(backup::RestoreArgs),
    /// Let a restored ledger write again, after comparing it with the outside
    #[cfg(feature = "service")]
    Resume(resume::Args),
    /// List, show and set the tables of produce rules that a ledger goes by
    #[cfg(feature = "service")]
    #[command(subcommand)]
    Rules(Box<rules::Command>),
    /// Run the service
    #[cfg(feature = "service")]
    Serve(serve::Args),
    /// Sign statements: values sealed, files hashed, envelopes out
    #[cfg(feature = "service")]
    Sign(sign::Args),
    /// Say where a batch stands, and what it may be used for
    #[cfg(feature = "service")]
    Status(status::Args),
    /// Send signed statements to a service; safe to stop and to run again
    #[cfg(feature = "service")]
    Submit(submit::Args),
    /// Tell the story of a batch
    #[cfg(feature = "service")]
    Trace(trace::Args),
    /// Check a bundle, a receipt or evidence of an omission, offline
    Verify(verify::Args),
    /// Run a witness: cosigns what logs show it, never two histories, and checks bundles for anyone
    #[cfg(feature = "service")]
    Witness(witness::Args),
}

pub fn run(cli: Cli) -> anyhow::Result<Answer> {
    match cli.command {
        #[cfg(feature = "service")]
        Command::Anchor(command) => anchor::run(&command),
        #[cfg(feature = "service")]
        Command::Audit(args) => audit::run(args),
        #[cfg(feature = "service")]
        Command::Backup(args) => backup::backup(&args),
        #[cfg(feature = "service")]
        Command::Bundle(args) => bundle::run(args),
        #[cfg(feature = "service")]
        Command::Demo(args) => demo::run(args),
        #[cfg(feature = "service")]
        Command::Erase(args) => erase::run(args),
        #[cfg(feature = "service")]
        Command::Fsck(args) => fsck::run(args),
        #[cfg(feature = "service")]
        Command::Import(args) => import::run(args),
        #[cfg(feature = "service")]
        Command::Init(args) => init::run(args),
        Command::Key(command) => key::run(command),
        #[cfg(feature = "service")]
        Command::LogKey(command) => log_key::run(&command),
        #[cfg(feature = "service")]
        Command::Mirror(args) => mirror::run(args),
        #[cfg(feature = "service")]
        Command::Monitor(args) => monitor::run(args),
        #[cfg(feature = "service")]
        Command::New(args) => new::run(args),
        #[cfg(feature = "service")]
        Command::Org(command) => org::run(&command),
        #[cfg(feature = "service")]
        Command::Restore(args) => backup::restore(&args),
        #[cfg(feature = "service")]
        Command::Resume(args) => resume::run(args),
        #[cfg(feature = "service")]
        Command::Rules(command) => rules::run(*command),
        #[cfg(feature = "service")]
        Command::Serve(args) => serve::run(args),
        #[cfg(feature = "service")]
        Command::Sign(args) => sign::run(args),
        #[cfg(feature = "service")]
        Command::Status(args) => status::run(args),
        #[cfg(feature = "service")]
        Command::Submit(args) => submit::run(args),
        #[cfg(feature = "service")]
        Command::Trace(args) => trace::run(args),
        Command::Verify(args) => verify::run(args),
        #[cfg(feature = "service")]
        Command::Witness(args) => witness::run(args),
    }
}

/// Whether the error is that nobody reads our output any more.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    };
    error.chain().any(is)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed_and_every_command_has_an_example() {
        let command = Cli::command();
        command.clone().debug_assert();
        fn leaves(command: &clap::Command, out: &mut Vec<clap::Command>) {
            if command.has_subcommands() {
                command.get_subcommands().for_each(|sub| leaves(sub, out));
            } else {
                out.push(command.clone());
            }
        }
        let mut all = Vec::new();
        leaves(&command, &mut all);
        for command in all {
            let help = command.get_after_help().map(|help| help.to_string()).unwrap_or_default();
            assert!(help.contains("Example"), "{} has no example", command.get_name());
        }
    }
}
