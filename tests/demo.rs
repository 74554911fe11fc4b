//! `suyuan demo`, as a stranger runs it: the real binary fills a ledger over HTTP, and what it leaves behind is checked.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use suyuan::ledger::Entry;
use suyuan::verify::bundle::Bundle;
use suyuan::verify::{Layer, Options, Status, Trust, verify_bundle};

const BIN: &str = env!("CARGO_BIN_EXE_suyuan");

/// How many changed files the verifier is shown.
const MUTATIONS: usize = 1_000;

/// The demonstration's ledger, filled by the real binary. One test looks at it all: filling takes seconds, and each
/// test may run in a process of its own.
struct Demo {
    _parent: tempfile::TempDir,
    dir: PathBuf,
}

impl Demo {
    fn fill() -> Demo {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("ledger");
        let anvil = std::env::var("SUYUAN_ANVIL").expect("a local chain: source scripts/env; need_anvil");
        let output = suyuan(&["demo", "--no-serve", "--dir", dir.to_str().unwrap(), "--anvil", &anvil]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("/b/xianju-demo.dk0612-a2/qr.svg"));
        Demo { _parent: parent, dir }
    }

    fn shown(&self, name: &str) -> PathBuf {
        self.dir.join("demo").join(name)
    }

    /// What the demonstration says that it told.
    fn note(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.shown("stories.json")).unwrap()).unwrap()
    }

    fn stories(&self) -> Vec<Value> {
        self.note()["stories"].as_array().unwrap().clone()
    }

    fn bundle_paths(&self) -> Vec<PathBuf> {
        let stories = self.stories();
        let featured = stories.iter().flat_map(|story| story["featured"].as_array().unwrap());
        featured.map(|batch| self.shown(&format!("{}.bundle", batch["batch"].as_str().unwrap()))).collect()
    }

    fn trust(&self) -> Trust {
        Trust::parse(&std::fs::read_to_string(self.shown("trust.json")).unwrap()).unwrap()
    }

    /// Kinds of the statements in a batch's bundle, with their data.
    fn statements(&self, batch: &str) -> Vec<(String, Value)> {
        let bytes = std::fs::read(self.shown(&format!("{batch}.bundle"))).unwrap();
        let bundle = Bundle::parse(&bytes).unwrap();
        let records = bundle.records.iter().filter_map(Entry::as_record);
        records
            .map(|record| (record.statement.kind.to_string(), record.statement.data.clone().into()))
            .collect()
    }
}

/// `suyuan demo` serving; stopped when it goes out of scope.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(demo: &Demo) -> Serving {
        let mut child = command(&["demo", "--listen", "127.0.0.1:0", "--dir", demo.dir.to_str().unwrap()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let page = lines.find(|line| line.trim_start().starts_with("page")).unwrap();
        let url = page.split_whitespace().nth(1).unwrap();
        let url = url[..url.find("/b/").unwrap()].to_owned();
        Serving { child, url }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
        let agent: ureq::Agent = config.into();
        let mut response = agent.get(format!("{}{path}", self.url)).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_demonstration_is_told_and_can_be_checked() {
    let demo = Demo::fill();
    four_stories_are_told_in_full(&demo);
    every_bundle_verifies_with_nothing_but_the_trust_file(&demo);
    it_is_anchored_on_a_chain_that_proves_nothing(&demo);
    a_changed_byte_anywhere_is_never_verified(&demo);
    what_went_wrong_is_in_the_proof(&demo);
    the_whole_ledger_replays(&demo);
    a_ledger_that_is_there_is_not_filled_again(&demo);
    what_is_served_can_be_audited_from_outside(&demo);
}

#[test]
fn somebody_elses_directory_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("VERSION"), "1\n").unwrap();
    let output = suyuan(&["demo", "--no-serve", "--dir", dir.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

fn suyuan(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

fn command(args: &[&str]) -> Command {
    // The machine's own settings are none of ours.
    let clean = std::env::vars().filter(|(name, _)| !name.starts_with("SUYUAN_"));
    let mut command = Command::new(BIN);
    command.args(args).env_clear().envs(clean);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn four_stories_are_told_in_full(demo: &Demo) {
    let stories = demo.stories();
    let names: Vec<&str> = stories.iter().map(|story| story["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["浙江仙居杨梅", "陕西洛川苹果", "山东寿光黄瓜", "云南文山三七"]);
    let counts = stories.iter().map(|story| story["statements"].as_u64().unwrap());
    assert!(counts.clone().all(|count| count >= 15), "{stories:?}");
    assert!(counts.sum::<u64>() >= 60);
}

fn it_is_anchored_on_a_chain_that_proves_nothing(demo: &Demo) {
    let options = Options { now: 1_800_000_000, max_age: 86_400 };
    for path in demo.bundle_paths() {
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(Bundle::parse(&bytes).unwrap().anchors.len(), 1, "{}", path.display());
        let report = verify_bundle(&bytes, &demo.trust(), &options);
        let anchors = report.status(Layer::Anchors);
        assert!(matches!(anchors, Status::NotChecked(why) if why.contains("a test chain is no evidence")));
        assert_eq!(report.facts["anchors"][0]["claim"]["is_publication"], true);
    }
}

#[test]
fn without_a_chain_it_is_filled_all_the_same_and_says_why_nothing_is_anchored() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("ledger");
    let (dir, anvil) = (dir.to_str().unwrap(), parent.path().join("nowhere"));
    let output = suyuan(&["demo", "--no-serve", "--dir", dir, "--anvil", anvil.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("not anchored: no local chain"), "{}", text(&output.stderr));
    let bundle = std::fs::read(format!("{dir}/demo/xianju-demo.dk0612-a2.bundle")).unwrap();
    assert!(Bundle::parse(&bundle).unwrap().anchors.is_empty());
}

fn every_bundle_verifies_with_nothing_but_the_trust_file(demo: &Demo) {
    let trust = demo.shown("trust.json");
    let bundles = demo.bundle_paths();
    assert!(bundles.len() >= 4);
    for bundle in bundles {
        let output = suyuan(&["verify", bundle.to_str().unwrap(), "--trust", trust.to_str().unwrap()]);
        let talk = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{}: {talk}", bundle.display());
    }
}

fn a_changed_byte_anywhere_is_never_verified(demo: &Demo) {
    let (path, trust) = (&demo.bundle_paths()[0], demo.trust());
    let good = std::fs::read(path).unwrap();
    let options = Options { now: 1_800_000_000, max_age: 86_400 };
    assert!(verify_bundle(&good, &trust, &options).verified(&[]));
    for i in 0..MUTATIONS {
        // Spread over the file, never the same step from the start of a member.
        let at = (i * good.len() / MUTATIONS + i % 7).min(good.len() - 1);
        let mut bad = good.clone();
        bad[at] ^= 1 << (i % 8);
        assert!(!verify_bundle(&bad, &trust, &options).verified(&[]), "byte {at}, bit {}", i % 8);
    }
}

fn what_went_wrong_is_in_the_proof(demo: &Demo) {
    let kinds =
        |batch: &str| demo.statements(batch).into_iter().map(|(kind, _)| kind).collect::<BTreeSet<_>>();
    assert!(kinds("xianju-demo.dk0612-a2").contains("correction/1"));
    assert!(kinds("wenshan-demo.sq-40-bag").contains("org.key.revoke/1"));
    let failed = demo.statements("shouguang-demo.hg2");
    assert!(failed.iter().any(|(kind, data)| kind == "inspection/1" && data["conclusion"] == "fail"));
}

/// A second start serves the same ledger: its page is there, and an auditor who reads it from outside finds all well.
fn what_is_served_can_be_audited_from_outside(demo: &Demo) {
    let serving = Serving::start(demo);
    let (status, page) = serving.get("/b/xianju-demo.dk0612-a2");
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("仙居东魁杨梅"));
    assert_eq!(serving.get("/b/xianju-demo.dk0612-a2/qr.svg").0, 200);
    let trust = demo.shown("trust.json");
    let output = suyuan(&["audit", "--from", &serving.url, "--trust", trust.to_str().unwrap(), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    // Every statement that was told, and genesis.
    assert_eq!(report["records"], demo.note()["statements"].as_u64().unwrap() + 1);
}

fn the_whole_ledger_replays(demo: &Demo) {
    let (dir, trust) = (demo.dir.to_str().unwrap(), demo.shown("trust.json"));
    let output = suyuan(&["audit", "--dir", dir, "--trust", trust.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
}

fn a_ledger_that_is_there_is_not_filled_again(demo: &Demo) {
    let dir = demo.dir.to_str().unwrap();
    let before = std::fs::read(demo.shown("stories.json")).unwrap();
    let output = suyuan(&["demo", "--no-serve", "--dir", dir]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(std::fs::read(demo.shown("stories.json")).unwrap(), before);
}
