//! The real program: made, served, killed in the middle of everything, told of new logs.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use suyuan::merkle::proof::consistency_path;
use suyuan::note::add_checkpoint::AddCheckpoint;
use suyuan::note::signed_note::SignedNote;

use crate::farm::Farm;
use crate::log::Log;
use crate::service;
use crate::setup::{Direct, append, serving, until, url, witness};

/// Rounds of killing; more by SUYUAN_ROUNDS.
const ROUNDS: u64 = 12;

const ORIGIN: &str = "log.example/a";
const FORK_AT: u64 = 40;
const SIZE: u64 = 400;

struct Running {
    child: Child,
    url: String,
}

fn suyuan(args: &[&str], dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_suyuan"));
    command.args(["witness", "--dir"]).arg(dir).args(args).env_remove("SUYUAN_PASSPHRASE");
    command
}

fn run(args: &[&str], dir: &Path) -> Output {
    suyuan(args, dir).output().unwrap()
}

/// A witness made with `--init`, and its directory.
fn made(root: &Path) -> (PathBuf, String) {
    let dir = root.join("witness");
    let output = run(&["--init", "--name", "witness.example/w"], &dir);
    assert!(output.status.success(), "{output:?}");
    (dir, String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

impl Running {
    fn start(dir: &Path, more: &[&str]) -> Running {
        let mut command = suyuan(&["--listen", "127.0.0.1:0"], dir);
        let log = std::fs::File::create(dir.join("stderr")).unwrap();
        let mut child = command.args(more).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("it says where it listens").to_owned();
        Running { child, url }
    }

    fn signal(&self, signal: &str) {
        Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(20))).build().new_agent()
}

/// Status and body; none if nobody answered.
fn post(agent: &ureq::Agent, url: &str, body: &str) -> Option<(u16, String)> {
    let mut response = agent.post(format!("{url}/add-checkpoint")).send(body).ok()?;
    Some((response.status().as_u16(), response.body_mut().read_to_string().ok()?))
}

fn cosigned(url: &str) -> u64 {
    let body =
        agent().get(format!("{url}/witness.json")).call().unwrap().body_mut().read_to_string().unwrap();
    serde_json::from_str::<serde_json::Value>(&body).unwrap()["logs"][0]["size"].as_u64().unwrap_or(0)
}

/// Presses one history on the witness until nobody answers any more, and notes what was signed.
fn press(url: &str, log: &Log, is_fork: bool, seed: u64, signed: &Mutex<Vec<(bool, u64)>>) {
    let (agent, mut old, mut dice) = (agent(), 0, seed);
    loop {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = (old + (dice >> 33) % 4).clamp(1, SIZE);
        match post(&agent, url, &log.request(old, size)) {
            None => return,
            Some((200, line)) => {
                suyuan::note::signed_note::parse_signatures(&line).unwrap();
                signed.lock().unwrap().push((is_fork, size));
                old = size;
            }
            Some((409, size)) => old = size.trim().parse().unwrap(),
            // Its own history will not do; the other one has won.
            Some((422, _)) => std::thread::sleep(Duration::from_millis(2)),
            Some((status, body)) => panic!("{status} {body}"),
        }
    }
}

#[test]
fn killed_at_any_moment_it_never_signs_a_second_history_nor_forgets_what_it_signed() {
    let root = tempfile::tempdir().unwrap();
    let (dir, _) = made(root.path());
    let (log, fork) = (Log::new(ORIGIN, SIZE, SIZE, 0), Log::new(ORIGIN, SIZE, FORK_AT, 1));
    let key = log.vkey();
    let signed: Mutex<Vec<(bool, u64)>> = Mutex::default();
    let rounds = std::env::var("SUYUAN_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut killed_early = 0;
    for round in 0..rounds {
        let running = Running::start(&dir, &["--log", &key, "--writes-per-second", "0"]);
        let known = cosigned(&running.url);
        let promised = signed.lock().unwrap().iter().map(|(_, size)| *size).max().unwrap_or(0);
        assert!(known >= promised, "it signed {promised} and remembers {known}");
        killed_early += u64::from(known > promised);
        std::thread::scope(|scope| {
            for n in 0..4 {
                let (url, signed, is_fork) = (&running.url, &signed, (round + n) % 2 == 1);
                let log = if is_fork { &fork } else { &log };
                scope.spawn(move || press(url, log, is_fork, round * 4 + n, signed));
            }
            std::thread::sleep(Duration::from_millis(5 + round * 37 % 90));
            running.signal("-KILL");
        });
    }
    let signed = signed.into_inner().unwrap();
    let beyond =
        |branch: bool| signed.iter().filter(|(fork, size)| *fork == branch && *size > FORK_AT).count();
    assert!(beyond(true) == 0 || beyond(false) == 0, "two histories: {signed:?}");
    assert!(beyond(true) + beyond(false) > 0, "the rounds were too short to test anything");
    println!("{} signed, {killed_early} written and never answered", signed.len());
}

#[test]
fn it_is_made_once_reads_its_logs_anew_and_is_alone_on_its_memory() {
    let root = tempfile::tempdir().unwrap();
    let (dir, vkey) = made(root.path());
    assert_eq!(std::fs::read_to_string(dir.join("vkey")).unwrap().trim(), vkey);
    let again = run(&["--init", "--name", "witness.example/w"], &dir);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists already"));
    let nothing = run(&["--listen", "127.0.0.1:0"], &dir);
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("no log is known"));
    let nowhere = run(&["--listen", "127.0.0.1:0"], root.path());
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("--init"));

    let (a, b) = (Log::new("log.example/a", 3, 3, 0), Log::new("log.example/b", 3, 3, 0));
    std::fs::write(dir.join("logs"), format!("# logs\n{}\n", a.vkey())).unwrap();
    let running = Running::start(&dir, &[]);
    let agent = agent();
    let status = |log: &Log| post(&agent, &running.url, &log.request(0, 3)).unwrap().0;
    assert_eq!((status(&a), status(&b)), (200, 404));
    let second = run(&["--listen", "127.0.0.1:0"], &dir);
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use"), "{second:?}");

    // A list that cannot be read changes nothing.
    std::fs::write(dir.join("logs"), "nonsense\n").unwrap();
    running.signal("-HUP");
    let told = || std::fs::read_to_string(dir.join("stderr")).unwrap();
    until("it says what it cannot read", || told().contains("the logs stay as they were").then_some(()));
    assert_eq!(status(&a), 409);
    std::fs::write(dir.join("logs"), format!("{}\n{}\n", a.vkey(), b.vkey())).unwrap();
    running.signal("-HUP");
    until("the new log is known", || (status(&b) != 404).then_some(()));
    let mut running = running;
    running.signal("-TERM");
    assert!(running.child.wait().unwrap().success());
}

#[test]
fn a_restored_ledger_resumes_only_if_it_holds_what_its_witness_has_cosigned() {
    let root = tempfile::tempdir().unwrap();
    let place = |name: &str| root.path().join(name).display().to_string();
    let suyuan = |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_suyuan")).args(args).output().unwrap();
    let one = witness("one.example");
    let cosign = |old: u64, path: Vec<suyuan::merkle::Hash>, note: SignedNote| {
        let body = AddCheckpoint { old, path, checkpoint: note }.to_string();
        one.add_checkpoint(body.as_bytes(), crate::fake::now()).unwrap();
    };
    let ledger_at = |dir: &str| service::open(Path::new(dir), Some(service::signer()));

    service::create(Path::new(&place("led")));
    let ledger = ledger_at(&place("led"));
    let size = {
        let mut farm = Farm::new(Direct(ledger.handle()));
        append(&mut farm, 1);
        cosign(0, Vec::new(), ledger.handle().latest_checkpoint().unwrap());
        ledger.handle().published().size
    };
    ledger.shut_down();
    assert!(suyuan(&["backup", "--dir", &place("led"), "--out", &place("copy")]).status.success());
    // The ledger goes on; the copy does not know of it.
    let ledger = ledger_at(&place("led"));
    append(&mut Farm::known(Direct(ledger.handle()), 1_000), 2);
    let later = ledger.handle().latest_checkpoint().unwrap();
    let published = ledger.handle().published();
    let path = consistency_path(&published.reader(), size, published.size).unwrap();
    drop(published);
    ledger.shut_down();

    assert!(suyuan(&["restore", &place("copy"), "--dir", &place("again")]).status.success());
    let one_up = || {
        let known = witness("one.example");
        let seen = one.last(&service::ORIGIN.parse().unwrap()).unwrap().unwrap();
        // A service of its own on the same memory: what it has cosigned is what counts here.
        let body = AddCheckpoint { old: 0, path: Vec::new(), checkpoint: seen.note };
        known.add_checkpoint(body.to_string().as_bytes(), crate::fake::now()).unwrap();
        serving(known)
    };
    let up = one_up();
    let resume = ["resume", "--dir", &place("again"), "--witness", &url(&up)];
    assert_eq!(suyuan(&resume).status.code(), Some(2), "everything agrees; it waits to be told");
    up.stop().unwrap();

    cosign(size, path, later);
    let up = one_up();
    let ran = suyuan(&["resume", "--dir", &place("again"), "--witness", &url(&up), "--confirm"]);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("are missing here"));
    assert!(root.path().join("again/restored").exists());
    up.stop().unwrap();
}
