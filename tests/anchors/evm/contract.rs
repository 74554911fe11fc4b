//! The AnchorLog contract: compiled, deployed, filled, read, and refused.

use std::process::Command;
use std::time::Duration;

use serde_json::json;
use suyuan::anchor::evm::{Misfit, Published, misfits};
use suyuan::anchor::{Publication, Told, digest, judge};
use suyuan::merkle::Hash;
use suyuan::publish::anchors::State;
use suyuan::publish::anchors::evm::{DeployError, EvmSettings, Rpc, deploy, deployed_code, list};

use super::anvil::{Anvil, bytes};
use super::{ORIGIN, Run, body, settings};

fn with_contract(node: &Anvil) -> (EvmSettings, Publication) {
    let mut settings = settings(&[&node.url], node.chain_id);
    let deployed = deploy(&settings, || {
        node.mine(1);
        true
    })
    .unwrap();
    settings.contract = Some(deployed.contract);
    let publication =
        Publication { chain_id: node.chain_id, contract: deployed.contract, sender: settings.key.account() };
    (settings, publication)
}

fn published(node: &Anvil, publication: &Publication) -> Vec<Published> {
    let rpc = Rpc::new(&node.url, Duration::from_secs(10)).unwrap();
    list(&rpc, publication, ORIGIN).unwrap()
}

fn anchor(node: &Anvil, settings: &EvmSettings, size: u64) -> Run {
    let mut run = Run::new(settings.clone(), size);
    run.submit();
    node.mine(1);
    run.steps_to(State::Included);
    run
}

#[test]
fn the_committed_bytes_are_what_the_source_compiles_to() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/contract");
    let run = Command::new(script).arg("--check").output().expect("scripts/contract runs");
    assert!(
        run.status.success(),
        "scripts/contract --check, which fetches solc from npm: {}",
        String::from_utf8_lossy(&run.stderr)
    );
}

#[test]
fn checkpoints_are_published_listed_and_held_against_the_log() {
    let node = Anvil::start(1);
    let (settings, publication) = with_contract(&node);
    let code = node.ask("eth_getCode", json!([format!("0x{}", hex::encode(publication.contract)), "latest"]));
    assert_eq!(bytes(&code), deployed_code());
    assert_eq!(published(&node, &publication), []);

    for size in [8, 9, 12] {
        let mut run = anchor(&node, &settings, size);
        let told = Told {
            evm_blocks: vec![(1, node.hash_of_newest())],
            publication: Some(publication.clone()),
            ..Told::default()
        };
        let finding = judge("evm-log", 1, run.evidence(), &run.job.body, &told);
        assert!(finding.is_ok() && finding.claim.as_ref().unwrap().is_publication, "{finding:?}");
        node.mine(3);
        run.steps_to(State::Final);
    }
    let entries = published(&node, &publication);
    let sizes: Vec<u64> = entries.iter().map(|entry| entry.size).collect();
    assert_eq!(sizes, [8, 9, 12]);
    assert!(entries.iter().all(|entry| entry.digest == digest(&body(entry.size))));
    assert_eq!(entries[0].block_number, 2);

    let root = |size: u64| Some(Hash::of(&size.to_be_bytes()));
    assert_eq!(misfits(&entries, &ORIGIN.parse().unwrap(), root), []);
    let other = |size: u64| if size == 9 { Some(Hash([9; 32])) } else { root(size) };
    assert_eq!(misfits(&entries, &ORIGIN.parse().unwrap(), other), [Misfit::OtherRoot(entries[1])]);
    let younger = |size: u64| root(size).filter(|_| size < 12);
    assert_eq!(misfits(&entries, &ORIGIN.parse().unwrap(), younger), [Misfit::NotThereYet(entries[2])]);
}

#[test]
fn lists_longer_than_a_page_are_read_whole() {
    let node = Anvil::start(1);
    let (_, publication) = with_contract(&node);
    let from = node.account(0);
    let origin = suyuan::anchor::evm::origin_hash(ORIGIN);
    let selector = &suyuan::anchor::evm::keccak256(b"anchor(bytes32,uint64,bytes32)")[..4];
    for size in 1..=501u64 {
        let mut data = selector.to_vec();
        data.extend(origin);
        data.extend([0; 24]);
        data.extend(size.to_be_bytes());
        data.extend(digest(&body(size)).0);
        let contract = format!("0x{}", hex::encode(publication.contract));
        let data = format!("0x{}", hex::encode(data));
        node.ask(
            "eth_sendTransaction",
            json!([{ "from": from, "to": contract, "data": data, "gas": "0x186a0" }]),
        );
    }
    // One made the contract.
    while node.count() < 502 {
        node.mine(1);
    }
    let entries = published(&node, &publication);
    assert_eq!(entries.len(), 501);
    let root = |size: u64| Some(Hash::of(&size.to_be_bytes()));
    assert_eq!(misfits(&entries, &ORIGIN.parse().unwrap(), root), []);
    let rpc = Rpc::new(&node.url, Duration::from_secs(10)).unwrap();
    let elsewhere = Publication { chain_id: 10, ..publication.clone() };
    assert!(list(&rpc, &elsewhere, ORIGIN).is_err(), "a node of another chain");
    let nowhere = Publication { contract: [7; 20], ..publication };
    assert!(list(&rpc, &nowhere, ORIGIN).is_err(), "no contract there");
}

#[test]
fn a_smaller_or_equal_size_is_refused_by_the_chain_and_given_up_by_us() {
    let node = Anvil::start(1);
    let (settings, publication) = with_contract(&node);
    anchor(&node, &settings, 9);
    let mut smaller = Run::new(settings.clone(), 8);
    smaller.step();
    assert_eq!(smaller.job.state, State::Failed("the contract's list already goes to size 9".to_owned()));
    let mut rival = Run::new(settings.clone(), 9);
    rival.job.body = body(9).replacen("\n9\n", "\n9\nA", 1);
    rival.job.body = format!("{}\n9\n{}\n", ORIGIN, "A".repeat(43) + "=");
    rival.step();
    let why = "the contract's list already goes to size 9, with another digest".to_owned();
    assert_eq!(rival.job.state, State::Failed(why));
    assert_eq!(published(&node, &publication).len(), 1);
}

/// Two processes with one key, or notes that were lost: the smaller one comes second, and the chain undoes it.
#[test]
fn a_call_that_the_contract_refuses_in_a_block_has_failed() {
    let node = Anvil::start(1);
    let (settings, publication) = with_contract(&node);
    let mut run = Run::new(settings.clone(), 8);
    run.steps_to(State::Queued);
    // Both are signed for nonce 1. The larger one lands, and then the test turns the account's nonce back, so that the
    // smaller one lands too: what a node's pool would seldom let happen.
    let mut larger = Run::new(settings, 9);
    larger.steps_to(State::Queued);
    larger.steps_to(State::Submitted);
    node.mine(1);
    larger.steps_to(State::Included);
    node.ask("anvil_setNonce", json!([node.account(0), "0x1"]));
    run.steps_to(State::Submitted);
    node.mine(1);
    run.step();
    let State::Failed(why) = &run.job.state else { panic!("{:?} {}", run.job.state, run.job.said) };
    assert!(why.contains("has refused it"), "{why}");
    assert_eq!(published(&node, &publication).len(), 1);
}

#[test]
fn an_entry_whose_notes_were_lost_is_found_again() {
    let node = Anvil::start(1);
    let (settings, publication) = with_contract(&node);
    let first = anchor(&node, &settings, 8);
    let before = node.count();
    let mut again = Run::new(settings, 8);
    again.steps_to(State::Included);
    assert_eq!(again.evidence(), first.evidence());
    node.mine(3);
    again.steps_to(State::Final);
    assert_eq!((node.count(), published(&node, &publication).len()), (before, 1));
}

#[test]
fn where_no_contract_is_nothing_is_sent() {
    let node = Anvil::start(1);
    let mut settings = settings(&[&node.url], 1);
    settings.contract = Some([7; 20]);
    let mut run = Run::new(settings.clone(), 8);
    run.says("there is no contract at 0x0707");
    assert!(run.job.work.is_empty());
    settings.chain_id = 10;
    assert!(matches!(deploy(&settings, || true), Err(DeployError::NotSent(_))));
    settings.chain_id = 1;
    assert!(matches!(deploy(&settings, || false), Err(DeployError::NotSeen(_))));
}

/// What an anchor takes, for docs/operations.md.
#[test]
fn gas_is_what_the_documents_say() {
    let node = Anvil::start(1);
    let gas = |node: &Anvil| {
        let hash = node.block("latest")["transactions"][0]["hash"].clone();
        node.number_of(&node.ask("eth_getTransactionReceipt", json!([hash]))["gasUsed"])
    };
    anchor(&node, &settings(&[&node.url], 1), 8);
    let calldata = gas(&node);
    let (settings, _) = with_contract(&node);
    let deployed = gas(&node);
    anchor(&node, &settings, 8);
    let first = gas(&node);
    anchor(&node, &settings, 9);
    let next = gas(&node);
    eprintln!("calldata {calldata}, deploy {deployed}, first {first}, next {next}");
    assert!(calldata <= 22_440, "{calldata}");
    assert!(deployed < 500_000 && first < 110_000 && next < 95_000, "{deployed} {first} {next}");
}

#[test]
fn on_a_chain_that_is_attested_only_a_refused_call_has_failed_too() {
    let node = Anvil::start(1030);
    let (settings, publication) = with_contract(&node);
    let mut run = Run::new(settings.clone(), 8);
    run.steps_to(State::Queued);
    anchor(&node, &settings, 9);
    node.ask("anvil_setNonce", json!([node.account(0), "0x1"]));
    run.steps_to(State::Submitted);
    node.mine(1);
    run.step();
    assert!(
        matches!(&run.job.state, State::Failed(why) if why.contains("has refused it")),
        "{}",
        run.job.said
    );
    assert_eq!(published(&node, &publication).len(), 1);
}
