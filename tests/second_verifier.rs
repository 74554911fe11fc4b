//! Holds our verifier against another, written in Python from docs/format.md alone: both must come to the same answer,
//! layer by layer, on good bundles and on those that are not. Needs SUYUAN_TEST_PYTHON, which scripts/test sets.
#![cfg(feature = "service")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use suyuan::verify::audit::Audit;
use suyuan::verify::omission::Evidence;
use suyuan::verify::{Options, Trust, verify_bundle};

/// Just after the witness of the bundles made in Python has cosigned.
const NOW: i64 = 1_795_311_100;
const MAX_AGE: i64 = 86_400;

/// The layers without which nothing is verified.
const ALWAYS: [&str; 6] = ["encoding", "signatures", "rights", "chains", "completeness", "log"];

type Layers = BTreeMap<String, String>;

/// How many changed bundles of each sort; half as many changed ledgers, beside those with a chosen change.
fn rounds() -> usize {
    std::env::var("SUYUAN_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(200)
}

#[test]
fn the_examples_of_the_format_are_what_a_script_makes() {
    let Some(python) = Python::found() else { return };
    python.run(&["make.py", "check", concat!(env!("CARGO_MANIFEST_DIR"), "/docs/format.md")]);
}

#[test]
fn a_strangers_bundles_are_judged_alike() {
    let Some(python) = Python::found() else { return };
    let folder = tempfile::tempdir().unwrap();
    python.run(&["make.py", "bundles", text(folder.path())]);
    let good = |layers: &Layers| ALWAYS.iter().all(|layer| layers[*layer] == "ok");
    for trust in ["trust.json", "trust-witness.json"] {
        let layers = python.compare_under(&folder.path().join(trust), files(folder.path(), ".bundle"));
        for name in ["packed", "picked", "absent"] {
            assert!(good(&layers[name]), "{name}: {:?}", layers[name]);
        }
        let is_asked = trust == "trust-witness.json";
        for (name, is_fresh) in
            [("packed", true), ("one-ahead", true), ("only-ahead", false), ("picked", false)]
        {
            let word = if is_fresh && is_asked { "ok" } else { "not checked" };
            assert_eq!(layers[name]["freshness"], word, "{name}");
        }
    }
}

#[test]
fn a_strangers_ledger_stands_an_audit() {
    let Some(python) = Python::found() else { return };
    let folder = tempfile::tempdir().unwrap();
    python.run(&["make.py", "bundles", text(folder.path())]);
    let trust = Trust::parse(&fs::read_to_string(folder.path().join("trust.json")).unwrap()).unwrap();
    let mut audit = Audit::new(Some(&trust)).unwrap();
    for entry in fs::read_to_string(folder.path().join("ledger.ndjson")).unwrap().lines() {
        audit.entry(entry.as_bytes()).unwrap();
    }
    assert!(audit.is_sealed());
}

#[test]
fn frozen_bundles_are_judged_alike() {
    let Some(python) = Python::found() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/rules-1");
    let trust = folder.join("trust.json");
    let layers = python.compare_under(&trust, files(&folder, ".bundle.json"));
    let answers: Value = serde_json::from_slice(&fs::read(folder.join("answers.json")).unwrap()).unwrap();
    for answer in answers.as_array().unwrap() {
        let name = stem(Path::new(answer["file"].as_str().unwrap()), ".bundle.json");
        assert_eq!(serde_json::to_value(&layers[&name]).unwrap(), answer["layers"], "{name}");
    }
    let mutants = tempfile::tempdir().unwrap();
    python.run(&[
        "mutate.py",
        text(&folder.join("good.bundle.json")),
        text(mutants.path()),
        &rounds().to_string(),
    ]);
    python.compare_under(&trust, files(mutants.path(), ".bundle"));
}

#[test]
fn changed_bundles_are_judged_alike() {
    let Some(python) = Python::found() else { return };
    let folder = tempfile::tempdir().unwrap();
    python.run(&["make.py", "bundles", text(folder.path())]);
    let trust = folder.path().join("trust-witness.json");
    for bundle in ["packed", "absent"] {
        let mutants = folder.path().join(bundle);
        fs::create_dir(&mutants).unwrap();
        let original = folder.path().join(format!("{bundle}.bundle"));
        python.run(&["mutate.py", text(&original), text(&mutants), &rounds().to_string()]);
        let layers = python.compare_under(&trust, files(&mutants, ".bundle"));
        assert_eq!(layers.len(), rounds());
    }
}

#[test]
fn evidence_of_omissions_is_judged_alike() {
    let Some(python) = Python::found() else { return };
    let folder = tempfile::tempdir().unwrap();
    python.run(&["make.py", "bundles", text(folder.path())]);
    let trust = folder.path().join("trust.json");
    let shown = python.compare_evidence(&trust, &files(folder.path(), ".evidence"));
    for (name, is_shown) in [("entry", true), ("map", true), ("twice", true), ("nothing", false)] {
        assert_eq!(shown[name], is_shown, "{name}");
    }
    let mutants = folder.path().join("mutants");
    fs::create_dir(&mutants).unwrap();
    python.run(&["mutate.py", "evidence", text(folder.path()), text(&mutants), &rounds().to_string()]);
    let shown = python.compare_evidence(&trust, &files(&mutants, ".evidence"));
    assert_eq!(shown.len(), rounds());
    assert!(shown.values().any(|is_shown| !is_shown));
}

#[test]
fn ledgers_that_break_a_rule_are_judged_alike() {
    let Some(python) = Python::found() else { return };
    let folder = tempfile::tempdir().unwrap();
    python.run(&["mutate.py", "ledgers", text(folder.path()), &(rounds() / 2).to_string()]);
    let trusts = files(folder.path(), ".trust.json");
    let bundles = files(folder.path(), ".bundle").into_iter().map(|bundle| {
        // Names may hold the word that divides name and part, so the longest that fits is its ledger.
        let of_it = |trust: &&PathBuf| stem(&bundle, ".bundle").starts_with(&stem(trust, ".trust.json"));
        let trust = trusts.iter().filter(of_it).max_by_key(|trust| text(trust).len()).unwrap();
        (trust.clone(), bundle)
    });
    let layers = python.compare(&bundles.collect::<Vec<_>>());
    let differing = layers.values().filter(|answers| answers["rights"] == "failed").count();
    assert!(differing > 100, "only {differing} of these bundles show that a rule is broken");
}

#[test]
fn both_programs_end_with_the_same_exit_code() {
    let Some(python) = Python::found() else { return };
    let folder = tempfile::tempdir().unwrap();
    python.run(&["make.py", "bundles", text(folder.path())]);
    let file = |name: &str| text(&folder.path().join(name)).to_owned();
    fs::write(file("letter.txt"), "no bundle").unwrap();
    fs::write(file("bad-trust.json"), "{}").unwrap();
    for (code, trust, bundle, require) in [
        (0, "trust.json", "packed.bundle", None),
        (0, "trust-witness.json", "packed.bundle", Some("witnesses")),
        (1, "trust-witness.json", "picked.bundle", Some("witnesses")),
        (1, "trust.json", "without-lab.bundle", None),
        (1, "trust.json", "trust.json", None),
        (2, "trust.json", "letter.txt", None),
        (2, "trust.json", "nothing.bundle", None),
        (2, "bad-trust.json", "packed.bundle", None),
        (2, "trust.json", "packed.bundle", Some("magic")),
    ] {
        let mut ours = Command::new(env!("CARGO_BIN_EXE_suyuan"));
        ours.args(["verify", &file(bundle), "--trust", &file(trust)]);
        let mut theirs = python.command(&["verify.py", &file(trust), &file(bundle)]);
        for program in [&mut ours, &mut theirs] {
            if let Some(layer) = require {
                program.args(["--require", layer]);
            }
            let output = program.output().unwrap();
            assert_eq!(
                output.status.code(),
                Some(code),
                "{program:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}

// -- the other verifier --------------------------------------------------------------------------------------------

struct Python(PathBuf);

impl Python {
    fn found() -> Option<Python> {
        let found = std::env::var_os("SUYUAN_TEST_PYTHON").map(|path| Python(path.into()));
        if found.is_none() {
            eprintln!(
                "SKIPPED: the second verifier was not asked: run scripts/test, or set SUYUAN_TEST_PYTHON"
            );
        }
        found
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_verifier");
        let mut command = Command::new(&self.0);
        command.arg("-B").arg(folder.join(arguments[0])).args(&arguments[1..]);
        command
    }

    fn run(&self, arguments: &[&str]) {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn compare_under(&self, trust: &Path, bundles: Vec<PathBuf>) -> BTreeMap<String, Layers> {
        self.compare(&bundles.into_iter().map(|bundle| (trust.to_owned(), bundle)).collect::<Vec<_>>())
    }

    /// Whether each file shows what it says, by its name; fails with all on which they differ.
    fn compare_evidence(&self, trust: &Path, evidence: &[PathBuf]) -> BTreeMap<String, bool> {
        let cases: Vec<_> = evidence.iter().map(|path| (trust.to_owned(), path.clone())).collect();
        let trust = Trust::parse(&fs::read_to_string(trust).unwrap()).unwrap();
        let mut all = BTreeMap::new();
        let mut differences = Vec::new();
        for (path, theirs) in evidence.iter().zip(self.many(&cases)) {
            let ours = Evidence::parse(&fs::read(path).unwrap()).and_then(|evidence| evidence.check(&trust));
            // What no longer begins as evidence, they take for a broken bundle.
            let is_shown = theirs["evidence"]["status"] == "ok";
            if ours.is_ok() != is_shown {
                differences.push(format!("{}: {ours:?}, they: {theirs}", path.display()));
            }
            all.insert(stem(path, ".evidence"), ours.is_ok());
        }
        assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
        all
    }

    /// Their answer to each trust file and bundle or evidence.
    fn many(&self, cases: &[(PathBuf, PathBuf)]) -> Vec<Value> {
        let (now, max_age) = (NOW.to_string(), MAX_AGE.to_string());
        let mut command = self.command(&["verify.py", "--many", "--now", &now, "--max-age", &max_age]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let paths: String =
            cases.iter().map(|(trust, bundle)| format!("{}\t{}\n", text(trust), text(bundle))).collect();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(paths.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        let lines = std::str::from_utf8(&output.stdout).unwrap().lines();
        let answers: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers.len(), cases.len(), "the second verifier gave up");
        answers
    }

    /// What both say of each trust file and bundle, by the bundle's name; fails with all on which they differ.
    fn compare(&self, cases: &[(PathBuf, PathBuf)]) -> BTreeMap<String, Layers> {
        let options = Options { now: NOW, max_age: MAX_AGE };
        let mut all = BTreeMap::new();
        let mut differences = Vec::new();
        for ((trust, path), theirs) in cases.iter().zip(self.many(cases)) {
            let trust = Trust::parse(&fs::read_to_string(trust).unwrap()).unwrap();
            let ours =
                verify_bundle(&fs::read(path).unwrap(), &trust, &options).to_json(&[])["layers"].clone();
            let words = |answers: &Value| -> Layers {
                let answers = answers.as_object().unwrap().iter();
                answers
                    .map(|(layer, said)| (layer.clone(), said["status"].as_str().unwrap().to_owned()))
                    .collect()
            };
            for (layer, word) in words(&ours) {
                if theirs[&layer]["status"] != word {
                    differences.push(format!(
                        "{}: {layer}: {}, they: {}",
                        path.display(),
                        ours[&layer],
                        theirs[&layer]
                    ));
                }
            }
            all.insert(stem(path, ".json").trim_end_matches(".bundle").to_owned(), words(&ours));
        }
        assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
        all
    }
}

fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = paths.filter(|path| text(path).ends_with(suffix)).collect();
    found.sort();
    found
}

fn stem(path: &Path, suffix: &str) -> String {
    path.file_name().unwrap().to_str().unwrap().trim_end_matches(suffix).to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
