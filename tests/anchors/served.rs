//! The service, the program and a chain: what is anchored stands in bundles, on pages and in answers, and is checked.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use suyuan::anchor::AnchorKind;
use suyuan::note::checkpoint::Checkpoint;
use suyuan::publish::anchors::evm::{EvmSubmitter, GasKey, deploy};
use suyuan::publish::anchors::{Job, State, Submit as _};
use suyuan::verify::{Layer, Options, Status, Trust, verify_bundle};

use crate::evm::anvil::{ACCOUNT_0_KEY, Anvil};
use crate::evm::settings;
use crate::farm::Says;
use crate::service::{ORIGIN, Service};

const NOW: Options = Options { now: 1_800_000_000, max_age: 86_400 };

/// A ledger that names its list on a chain with this id, its directory told where to anchor.
struct Place {
    node: Anvil,
    dir: tempfile::TempDir,
    batch: &'static str,
    contract: [u8; 20],
}

impl Place {
    fn new(chain_id: u64) -> Place {
        let node = Anvil::start(chain_id);
        node.ask("evm_setAutomine", json!([true]));
        let contract = deploy(&settings(&[&node.url], chain_id), || true).unwrap().contract;
        let service = Service::new();
        let mut farm = service.farm();
        farm.season();
        let sender = GasKey::from_hex(ACCOUNT_0_KEY).unwrap().account();
        farm.say(Says {
            kind: "ledger.anchor/1",
            subject: "ledger:",
            signer: ("registrar", "registrar"),
            key: Some("registrar-1"),
            occurred_at: "2026-06-16T10:00:00+08:00",
            data: json!({ "chain_id": chain_id, "contract": hex0x(&contract), "sender": hex0x(&sender) }),
            ..Says::default()
        });
        drop(farm);
        let dir = service.stop();
        std::fs::write(dir.path().join("gas.key"), ACCOUNT_0_KEY).unwrap();
        only_mine(&dir.path().join("gas.key"));
        let toml = format!(
            "origin = \"{ORIGIN}\"\npublic_url = \"https://trace.test\"\nanchor_evm_rpc = \"{}\"\n\
             anchor_evm_chain = {chain_id}\nanchor_evm_key = \"gas.key\"\nanchor_evm_contract = \"{}\"\n\
             anchor_evm_finality = 0\n",
            node.url,
            hex0x(&contract)
        );
        std::fs::write(dir.path().join("suyuan.toml"), toml).unwrap();
        Place { node, dir, batch: crate::farm::BATCH.strip_prefix("batch:").unwrap(), contract }
    }

    fn anchor(&self) -> Value {
        let dir = self.dir.path().to_str().unwrap();
        let ran = run(&["anchor", "run", "--dir", dir, "--json"]);
        assert!(ran.status.success(), "{ran:?}");
        serde_json::from_slice(&ran.stdout).unwrap()
    }

    fn serve(self) -> (Service, Anvil, &'static str) {
        (Service::on(self.dir, |_| {}), self.node, self.batch)
    }
}

fn only_mine(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn hex0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_suyuan")).args(args).output().unwrap()
}

#[test]
fn what_is_anchored_is_shown_carried_and_checked_with_a_block_from_elsewhere() {
    let place = Place::new(1);
    let jobs = place.anchor();
    let job = &jobs["anchors"][0];
    assert_eq!((job["kind"].as_str(), job["state"].as_str()), (Some("evm-log"), Some("final")), "{jobs}");
    let size = job["size"].as_u64().unwrap();
    // Nothing has grown: nothing is anchored again.
    assert_eq!(place.anchor()["anchors"].as_array().unwrap().len(), 1);

    let (service, node, batch) = place.serve();
    let client = &service.client;
    let listed = client.get(&format!("/api/v1/checkpoints/{size}/anchors")).json();
    let anchor = &listed["anchors"][0];
    assert_eq!(anchor["evidence"]["status"], "not checked");
    assert_eq!(anchor["evidence"]["claim"]["is_publication"], true);
    let hash = anchor["evidence"]["claim"]["source"]["block_hash"].as_str().unwrap().to_owned();
    let file = client.get(anchor["file"].as_str().unwrap());
    assert_eq!(file.header("content-type"), Some("application/octet-stream"));
    assert_eq!(client.get(&format!("/api/v1/checkpoints/{size}/anchors/ots")).status, 404);
    assert_eq!(client.get(&format!("/api/v1/checkpoints/{size}/anchors/moon")).status, 404);
    assert!(
        client.get("/metrics").text().contains(&format!("suyuan_anchored_size{{kind=\"evm-log\"}} {size}"))
    );

    // The page says "if", and what to compare.
    let page = client.get(&format!("/b/{batch}?lang=en")).text();
    for said in ["If the block below is real: it existed no later than", "Ethereum mainnet, block", &hash] {
        assert!(page.contains(said), "{said}");
    }
    assert!(page.contains("It stands in the public list that the ledger names as its own"));
    assert!(client.get(&format!("/b/{batch}")).text().contains("如果下面的区块属实"));
    let explored = client.get(&format!("/explore/checkpoint/{size}?lang=en")).text();
    assert!(explored.contains(&hash) && explored.contains("does not prove that what was entered is true"));

    let bundle = client.get(&format!("/api/v1/batches/{batch}/bundle")).body;
    let trust_text = client.get("/trust.json").text();
    let mut trust = Trust::parse(&trust_text).unwrap();
    let report = verify_bundle(&bundle, &trust, &NOW);
    assert!(report.verified(&[]) && !report.verified(&[Layer::Anchors]));
    let Status::NotChecked(why) = report.status(Layer::Anchors) else { panic!("{report:?}") };
    assert!(why.contains("not confirmed by you") && why.contains(&hash), "{why}");
    let block: [u8; 32] = hex::decode(&hash[2..]).unwrap().try_into().unwrap();
    trust.anchors.evm_blocks.push((1, block));
    let report = verify_bundle(&bundle, &trust, &NOW);
    assert!(report.verified(&[Layer::Anchors]), "{report:?}");
    assert_eq!(report.facts["anchors"][0]["claim"]["is_publication"], true);
    assert_eq!(report.facts["anchors"][0]["covers_all"], true);

    // The same by the program: told, or asked of two nodes that must not be one.
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(at("trust.json"), &trust_text).unwrap();
    std::fs::write(at("b.suyuan"), &bundle).unwrap();
    std::fs::write(at("a.evm"), &file.body).unwrap();
    std::fs::write(at("note"), client.get("/log/latest").body).unwrap();
    let verify = |more: &[&str]| {
        let (bundle, trust) = (at("b.suyuan"), at("trust.json"));
        let args = ["verify", &bundle, "--trust", &trust, "--require", "anchors"];
        run(&[&args, more].concat()).status.code()
    };
    let told = format!("1:{hash}");
    let other = node.url.replace("127.0.0.1", "localhost");
    assert_eq!(verify(&["--block", &told]), Some(0));
    assert_eq!(verify(&["--rpc", &node.url, "--rpc", &other]), Some(0));
    assert_eq!(verify(&[]), Some(1));
    assert_eq!(verify(&["--rpc", &node.url]), Some(2), "one node is not enough");
    assert_eq!(verify(&["--rpc", &node.url, "--rpc", &node.url]), Some(2), "nor is it when named twice");
    assert_eq!(verify(&["--block", &format!("1:0x{}", "00".repeat(32))]), Some(1));
    let by_hand = |more: &[&str]| {
        let (file, note, trust) = (at("a.evm"), at("note"), at("trust.json"));
        let args = ["anchor", "verify", &file, "--checkpoint", &note, "--trust", &trust];
        run(&[&args, more].concat()).status.code()
    };
    assert_eq!(by_hand(&["--block", &told]), Some(0));
    assert_eq!(by_hand(&[]), Some(1));
    let listed = run(&["anchor", "list", "--from", &client.url(""), "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["anchors"][0]["state"], "final");
}

#[test]
fn an_older_anchor_covers_what_came_before_it_and_says_so() {
    let place = Place::new(1);
    let anchored = place.anchor()["anchors"][0]["size"].as_u64().unwrap();
    let (service, _node, batch) = place.serve();
    let farm = &mut crate::farm::Farm::known(service.client.clone(), 900);
    // The ledger's own chain is part of every bundle.
    farm.set_rules("tunables", json!({ "late_hours": 48 }), "2026-06-17T09:00:00+08:00");
    let client = &service.client;
    let bundle = client.get(&format!("/api/v1/batches/{batch}/bundle")).body;
    let mut trust = Trust::parse(&client.get("/trust.json").text()).unwrap();
    let report = verify_bundle(&bundle, &trust, &NOW);
    let why = report.status(Layer::Anchors).reason();
    assert!(why.contains(&format!("at {anchored} entries")) && why.contains("later entries are not covered"));
    let parsed: Value = serde_json::from_slice(&bundle).unwrap();
    assert_eq!(parsed["bundle"]["checkpoints"].as_array().unwrap().len(), 2);
    let hash = &report.facts["anchors"][0]["claim"]["source"]["block_hash"].as_str().unwrap()[2..];
    trust.anchors.evm_blocks.push((1, hex::decode(hash).unwrap().try_into().unwrap()));
    // Good as it is, it does not cover the newest record of this bundle, so the layer is not ok.
    let report = verify_bundle(&bundle, &trust, &NOW);
    assert_eq!(report.facts["anchors"][0]["status"], "ok");
    assert!(matches!(report.status(Layer::Anchors), Status::NotChecked(_)));
    // The bundle of that time is covered whole.
    let then = client.get(&format!("/api/v1/batches/{batch}/bundle/{anchored}")).body;
    assert!(verify_bundle(&then, &trust, &NOW).verified(&[Layer::Anchors]));
    let page = client.get(&format!("/b/{batch}?lang=en")).text();
    assert!(page.contains("This evidence holds later records too, which it does not cover."));
}

#[test]
fn a_chain_that_is_no_public_network_is_evidence_nowhere() {
    let place = Place::new(31_337);
    let size = place.anchor()["anchors"][0]["size"].as_u64().unwrap();
    let (service, _node, batch) = place.serve();
    let client = &service.client;
    assert!(client.get(&format!("/b/{batch}")).text().contains("测试链，不构成证据"));
    let page = client.get(&format!("/b/{batch}?lang=en")).text();
    assert!(page.contains("A test chain: no evidence") && !page.contains("no later than"));
    assert!(client.get(&format!("/explore/checkpoint/{size}")).text().contains("测试链，不构成证据"));
    let bundle = client.get(&format!("/api/v1/batches/{batch}/bundle")).body;
    let mut trust = Trust::parse(&client.get("/trust.json").text()).unwrap();
    let report = verify_bundle(&bundle, &trust, &NOW);
    let hash = &report.facts["anchors"][0]["claim"]["source"]["block_hash"].as_str().unwrap()[2..];
    trust.anchors.evm_blocks.push((31_337, hex::decode(hash).unwrap().try_into().unwrap()));
    let report = verify_bundle(&bundle, &trust, &NOW);
    let Status::NotChecked(why) = report.status(Layer::Anchors) else { panic!("{report:?}") };
    assert!(why.contains("a test chain is no evidence") && !why.contains("no later than"), "{why}");
}

#[test]
fn an_anchor_of_another_checkpoint_or_of_none_in_the_bundle_fails() {
    let place = Place::new(1);
    place.anchor();
    let (service, _node, batch) = place.serve();
    let bundle = service.client.get(&format!("/api/v1/batches/{batch}/bundle")).body;
    let trust = Trust::parse(&service.client.get("/trust.json").text()).unwrap();
    let changed = |change: fn(&mut suyuan::verify::bundle::Bundle)| {
        let mut bundle = suyuan::verify::bundle::Bundle::parse(&bundle).unwrap();
        change(&mut bundle);
        verify_bundle(&bundle.encode(), &trust, &NOW)
    };
    let failed = |report: suyuan::verify::Report, why: &str| {
        assert!(!report.verified(&[]));
        let status = report.status(Layer::Anchors);
        assert!(matches!(status, Status::Failed(said) if said.contains(why)), "{status:?}");
    };
    failed(changed(|bundle| bundle.anchors[0].size += 2), "no checkpoint of");
    failed(changed(|bundle| bundle.anchors[0].evidence = "AAAA".into()), "evm-log");
    failed(changed(|bundle| bundle.anchors[0].evidence = "not base64".into()), "not base64");
    let unknown = changed(|bundle| bundle.anchors[0].kind = "moon".into());
    assert!(unknown.verified(&[]) && matches!(unknown.status(Layer::Anchors), Status::NotChecked(_)));
}

#[test]
fn a_monitor_holds_the_published_list_against_the_log() {
    let place = Place::new(1);
    let contract = place.contract;
    let size = place.anchor()["anchors"][0]["size"].as_u64().unwrap();
    let (service, node, _) = place.serve();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(at("trust.json"), service.client.get("/trust.json").body).unwrap();
    let look = || {
        let (url, trust, home) = (service.client.url(""), at("trust.json"), at("monitor"));
        let ran = run(&[
            "monitor",
            &url,
            "--trust",
            &trust,
            "--dir",
            &home,
            "--once",
            "--json",
            "--anchor-rpc",
            &node.url,
            "--max-age",
            "99999h",
        ]);
        (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
    };
    let (code, said) = look();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("publication-other") && !said.contains("publication-ahead"), "{said}");

    // The operator publishes a second history with his own key, two entries further on.
    let other = suyuan::merkle::Hash::of(b"another history");
    let body = Checkpoint { origin: ORIGIN.parse().unwrap(), size: size + 2, root: other }.to_string();
    let mut told = settings(&[&node.url], 1);
    told.contract = Some(contract);
    told.finality = suyuan::publish::anchors::evm::Finality::Depth(0);
    let mut submitter = EvmSubmitter::new(told).unwrap();
    let mut job = Job::new(AnchorKind::EvmLog, size + 2, 0, body, 1_790_000_000);
    for _ in 0..10 {
        let step = submitter.step(&job, job.next_at);
        (job.state, job.work, job.evidence) = (step.state, step.work, step.evidence);
        (job.next_at, job.said) = (step.next_at, step.said);
        if job.state == State::Final {
            break;
        }
    }
    assert_eq!(job.state, State::Final, "{}", job.said);
    let (code, said) = look();
    assert_eq!(code, Some(0), "a warning: {said}");
    assert!(said.contains("publication-ahead"), "{said}");
    // Once the log has come so far, it is seen that it is another.
    let farm = &mut crate::farm::Farm::known(service.client.clone(), 900);
    farm.register("xishan", "西山合作社", "Xishan", "coop");
    let (code, said) = look();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("publication-other") && said.contains("two histories"), "{said}");
}

/// What a person gets wrong is answered with what to do, exit code 2, and nothing is changed.
#[test]
fn wrong_input_is_answered_with_one_sentence_that_helps() {
    let dir = tempfile::tempdir().unwrap();
    let none = dir.path().join("none").display().to_string();
    let refused = |args: &[&str], why: &str| {
        let ran = run(args);
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(why) && said.lines().count() == 1, "{args:?}: {said}");
        assert_eq!(said.matches(why).count(), 1, "said once: {said}");
    };
    refused(&["anchor", "run", "--dir", &none], "holds no ledger");
    refused(&["anchor", "deploy", "--dir", &none], "holds no ledger");
    let trust = dir.path().join("trust.json");
    let signer = suyuan::sequencer::LogSigner::new(ORIGIN.parse().unwrap(), crate::farm::key("log"));
    let keys = [signer.verifier_keys()[0].to_string()];
    std::fs::write(&trust, Trust::to_text(ORIGIN, &keys, suyuan::merkle::Hash::ZERO, None)).unwrap();
    let trust = trust.display().to_string();
    let name = |contract: &'static str, why: &str| {
        let sender = format!("0x{}", "ab".repeat(20));
        let place = ["--chain", "1", "--contract", contract, "--sender", &sender];
        refused(&[&["anchor", "name"], &place[..], &["--key", "k.pem", "--trust", &trust]].concat(), why);
    };
    name("0x12", "--contract 0x12 is no address: 0x and 40 hex digits");
    let home = dir.path().join("monitor").display().to_string();
    let look = ["monitor", "http://127.0.0.1:9", "--trust", &trust, "--dir", &home, "--once"];
    refused(&[&look[..], &["--anchor-rpc", "nonsense"]].concat(), "begins with http:// or https://");
    // A mirror's directory is no ledger to be served: that is said, not what its settings lack.
    std::fs::create_dir(&none).unwrap();
    std::fs::write(dir.path().join("none/mirror"), "log\n").unwrap();
    refused(&["serve", "--dir", &none], "is a mirror, which signs nothing: run it with `suyuan mirror`");
}
