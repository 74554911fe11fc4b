//! One checkpoint's way into a block that is final.

use std::collections::BTreeSet;

use alloy_rlp::Encodable as _;
use k256::ecdsa::SigningKey;
use serde_json::json;
use suyuan::anchor::evm::{encode_list, keccak256};
use suyuan::anchor::{Source, Told, judge};
use suyuan::publish::anchors::evm::{Finality, GasKey};
use suyuan::publish::anchors::{State, Submit as _};

use super::anvil::{ACCOUNT_0_KEY, Anvil};
use super::{Run, settings};

fn account() -> [u8; 20] {
    GasKey::from_hex(ACCOUNT_0_KEY).unwrap().account()
}

#[test]
fn calldata_becomes_final_and_is_good_for_whoever_knows_the_block() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.steps_to(State::Queued);
    assert!(run.job.said.contains("is signed, with nonce 0"), "{}", run.job.said);
    assert_eq!(node.ask("txpool_status", json!([]))["pending"], "0x0");
    run.steps_to(State::Submitted);
    run.says("waits for a block");
    node.mine(1);
    let hash = node.hash_of_newest();
    run.steps_to(State::Included);
    run.says("may still be undone");
    assert_eq!(run.job.state, State::Included);
    node.mine(3);
    run.steps_to(State::Final);
    assert!(run.now - run.job.made_at < 120, "nothing waits longer than a few blocks");
    let told = Told { evm_blocks: vec![(1, hash)], ..Told::default() };
    let finding = judge("evm-calldata", 1, run.evidence(), &run.job.body, &told);
    assert!(finding.is_ok(), "{finding:?}");
    let claim = finding.claim.unwrap();
    assert_eq!(claim.not_after, Some(1_790_000_012));
    let Source::Evm { chain_id: 1, block_number: 1, block_hash, sender, contract: None, .. } = claim.source
    else {
        panic!("{claim:?}")
    };
    assert_eq!((block_hash, sender), (hash, Some(account())));
    // Nothing more happens.
    let step = run.submitter.step(&run.job, run.now + 1);
    assert_eq!((step.state, step.work), (State::Final, run.job.work.clone()));
}

#[test]
fn the_finalized_tag_is_waited_for() {
    let node = Anvil::with(1, &["--slots-in-an-epoch", "4"]);
    let mut settings = settings(&[&node.url], 1);
    settings.finality = Finality::Tag;
    let mut run = Run::new(settings, 8);
    run.submit();
    node.mine(1);
    run.steps_to(State::Included);
    let finalized = || node.block("finalized")["number"].as_str().unwrap().to_owned();
    while finalized() == "0x0" {
        run.steps_to(State::Included);
        node.mine(1);
    }
    run.steps_to(State::Final);
    assert!(node.height() > 3);
}

#[test]
fn a_block_that_is_undone_after_inclusion_sends_the_same_bytes_again() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    node.mine(2);
    run.submit();
    node.mine(1);
    run.steps_to(State::Included);
    let (before, work) = (node.hash_of_newest(), run.job.work.clone());
    node.ask("anvil_reorg", json!([1, []]));
    node.forget();
    assert_ne!(node.hash_of_newest(), before);
    assert_eq!(node.count(), 0, "the transaction is undone");
    run.steps_to(State::Submitted);
    assert!(run.job.said.contains("undone") && run.job.evidence.is_none(), "{}", run.job.said);
    assert_ne!(run.job.work, work);
    run.steps_to(State::Submitted);
    assert!(run.job.said.contains("is sent"), "{}", run.job.said);
    node.mine(1);
    run.steps_to(State::Included);
    node.mine(3);
    run.steps_to(State::Final);
    assert_eq!(node.count(), 1);
    let told = Told { evm_blocks: vec![(1, before)], ..Told::default() };
    assert!(
        !judge("evm-calldata", 1, run.evidence(), &run.job.body, &told).is_ok(),
        "not in the block that is gone"
    );
}

#[test]
fn a_crash_between_storing_and_sending_sends_what_is_stored() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.steps_to(State::Queued);
    let stored = run.job.clone();
    // Another process, which knows what is on the disk alone.
    let mut again = Run::new(settings(&[&node.url], 1), 8);
    again.job = stored;
    again.steps_to(State::Submitted);
    node.mine(1);
    again.steps_to(State::Included);
    assert_eq!(node.count(), 1);
}

#[test]
fn a_crash_between_sending_and_storing_finds_its_own_transaction() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.steps_to(State::Queued);
    let stored = run.job.clone();
    run.steps_to(State::Submitted);
    // It still waits: the node has it, and says so.
    run.job = stored.clone();
    run.steps_to(State::Submitted);
    assert!(run.job.said.contains("is with the node already"), "{}", run.job.said);
    assert_eq!(node.ask("txpool_status", json!([]))["pending"], "0x1");
    // It is in a block by now.
    node.mine(1);
    run.job = stored;
    run.steps_to(State::Included);
    node.mine(2);
    assert_eq!(node.count(), 1, "one transaction, however often it was sent");
}

#[test]
fn a_hundred_and_fifty_transactions_in_a_block_are_no_obstacle() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.submit();
    node.crowd(149);
    node.mine(1);
    assert_eq!(node.block("latest")["transactions"].as_array().unwrap().len(), 150);
    run.steps_to(State::Included);
    assert!(!run.job.said.contains("RPC-attested"), "{}", run.job.said);
}

#[test]
fn two_nodes_must_agree_before_an_anchor_is_final() {
    let node = Anvil::start(1);
    let other = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url, &other.url], 1), 8);
    run.submit();
    node.mine(4);
    other.mine(1);
    run.steps_to(State::Included);
    // The other node has the transaction too, in a block of its own with the same hash: it was sent to both.
    assert_eq!(other.count(), 1);
    run.says("may still be undone");
    other.mine(3);
    run.steps_to(State::Final);
    // And one that has gone another way.
    let mut run = Run::new(settings(&[&node.url, &other.url], 1), 9);
    run.submit();
    node.mine(4);
    run.steps_to(State::Included);
    other.ask("evm_setNextBlockTimestamp", json!([1_790_009_999]));
    other.ask("evm_mine", json!([]));
    other.ask("anvil_mine", json!(["0x8"]));
    run.says("has another block 5");
    assert_eq!(run.job.state, State::Included);
    drop(other);
    run.says("waiting for every node");
    assert_eq!(run.job.state, State::Included);
}

/// A contract's making and EIP-7702's type, which the crowd of the vectors has none of.
#[test]
fn a_block_of_every_type_that_a_local_node_takes_is_put_together_again() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.submit();
    let (from, authority) = (node.account(1), SigningKey::from_slice(&[0x17; 32]).unwrap());
    let authorization = encode_list(|out| {
        1u64.encode(out);
        [7u8; 20][..].encode(out);
        0u64.encode(out);
    });
    let hash = keccak256(&[&[5][..], &authorization].concat());
    let (signature, id) = authority.sign_prehash_recoverable(&hash);
    let (r, s) = signature.split_bytes();
    let hex0x = |bytes: &[u8]| format!("0x{}", hex::encode(bytes).trim_start_matches('0'));
    let delegating = json!([{
        "from": from, "to": from, "gas": "0x30d40", "maxFeePerGas": "0x2540be400", "maxPriorityFeePerGas": "0x1",
        "authorizationList": [{
            "chainId": "0x1", "address": format!("0x{}", "07".repeat(20)), "nonce": "0x0",
            "yParity": if id.is_y_odd() { "0x1" } else { "0x0" }, "r": hex0x(&r), "s": hex0x(&s),
        }],
    }]);
    node.ask("eth_sendTransaction", delegating);
    node.ask(
        "eth_sendTransaction",
        json!([{ "from": node.account(2), "data": "0x600160005360016000f3", "gas": "0x30d40" }]),
    );
    node.crowd(20);
    node.mine(1);
    let block = node.block("latest");
    let types: BTreeSet<String> = block["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|json| json["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types.into_iter().collect::<Vec<_>>(), ["0x0", "0x1", "0x2", "0x4"]);
    run.steps_to(State::Included);
    assert!(!run.job.said.contains("RPC-attested"), "{}", run.job.said);
}
