//! What a child process does: opens the ledger, submits without pause, and says what was acknowledged.
//!
//! One line for each acknowledgement, written before the next is waited for: what the parent has read was said by a
//! ledger that had promised it.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use suyuan::sequencer::{Pending, ReadOnly, Status, SubmitError};

use crate::place::{Place, known_farm, spraying};

/// Where the ledger is; unset in the parent.
const DIR: &str = "SUYUAN_TEST_DIR";
/// Ids from here on, so that no child repeats another's.
const FIRST_ID: &str = "SUYUAN_TEST_FIRST_ID";

/// Statements on their way at a time.
const WINDOW: usize = 8;

/// A child on the ledger in `dir`, with its output to read.
pub(crate) fn command(dir: &Path, first_id: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    set_up(&mut command, dir, first_id);
    command
}

/// The same, with no file allowed to grow past so many KiB: every write beyond fails, as on a full disk.
pub(crate) fn command_with_small_disk(dir: &Path, first_id: u64, kib: u32) -> Command {
    let mut command = Command::new("bash");
    // The signal that comes with the failed write would kill the child; ignored, it gets the error.
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"")]);
    command.arg(std::env::current_exe().unwrap());
    set_up(&mut command, dir, first_id);
    command
}

fn set_up(command: &mut Command, dir: &Path, first_id: u64) {
    command.args(["child::writes_until_it_is_killed", "--exact", "--nocapture", "--test-threads=1"]);
    command.env(DIR, dir).env(FIRST_ID, first_id.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
}

/// What the child says, told apart from what the test harness prints around it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A receipt's text.
    Acknowledged(Vec<u8>),
    Locked,
    Opened,
    /// The ledger stopped, and this much of it is still read.
    Stopped {
        readable: u64,
    },
}

impl Said {
    /// None for a line of the harness, or one that the kill cut short.
    pub(crate) fn parse(line: &str) -> Option<Said> {
        let said = line.strip_suffix('\n')?.strip_prefix("child ")?;
        match said.split_once(' ') {
            None if said == "locked" => Some(Said::Locked),
            None if said == "opened" => Some(Said::Opened),
            Some(("ack", receipt)) => Some(Said::Acknowledged(hex::decode(receipt).unwrap())),
            Some(("stopped", readable)) => Some(Said::Stopped { readable: readable.parse().unwrap() }),
            _ => None,
        }
    }
}

fn say(what: &str) {
    let mut out = io::stdout().lock();
    // The harness may have left a line unfinished before it.
    writeln!(out, "\nchild {what}").unwrap();
    out.flush().unwrap();
}

/// The child's part; in the parent's own run it has nothing to do.
#[test]
fn writes_until_it_is_killed() {
    let (Ok(dir), Ok(first_id)) = (std::env::var(DIR), std::env::var(FIRST_ID)) else { return };
    let ledger = match Place::at(Path::new(&dir)).open() {
        Ok(ledger) => ledger,
        Err(error) if error.to_string().contains("in use by another process") => return say("locked"),
        Err(error) => panic!("{error}"),
    };
    let handle = ledger.handle();
    assert_eq!(handle.status(), Status::Writable);
    say("opened");
    let mut farm = known_farm(&handle, first_id.parse().unwrap());
    let mut window: VecDeque<Pending> = VecDeque::new();
    loop {
        while window.len() < WINDOW {
            match handle.enqueue(spraying(&mut farm)) {
                Ok(pending) => window.push_back(pending),
                Err(error) => return stopped(&handle, &error),
            }
        }
        // Half of them, so that the next group is neither empty nor always full.
        for pending in window.drain(..WINDOW / 2) {
            match pending.accepted_blocking() {
                Ok(accepted) => say(&format!("ack {}", hex::encode(accepted.receipt.proof.to_string()))),
                Err(error) => return stopped(&handle, &error),
            }
        }
    }
}

/// The disk takes no more. Nothing new is acknowledged, and everything that was can be read and proven.
fn stopped(handle: &suyuan::sequencer::LedgerHandle, error: &SubmitError) {
    assert!(matches!(error, SubmitError::Uncertain(_) | SubmitError::ReadOnly(_)), "{error}");
    assert!(matches!(handle.status(), Status::ReadOnly(ReadOnly::Failed(_))), "{:?}", handle.status());
    let mut farm = known_farm(handle, u64::from(u32::MAX));
    for _ in 0..3 {
        let answer = handle.submit_blocking(spraying(&mut farm));
        assert!(matches!(answer, Err(SubmitError::ReadOnly(ReadOnly::Failed(_)))), "{answer:?}");
    }
    let size = handle.published().size;
    (0..size).for_each(|seq| assert_eq!(handle.receipt(seq).unwrap().seq, seq));
    say(&format!("stopped {size}"));
}
