//! tests/vectors/anchors/evm, made by a real node: the same run gives the same bytes again. `SUYUAN_BLESS=1` writes them.

use alloy_rlp::Encodable;
use serde_json::Value;
use suyuan::anchor::evm::{Attested, Evidence, Items, Kind, Proof, Receipt, Signed, What, encode_list};
use suyuan::anchor::{Publication, Told, judge};
use suyuan::publish::anchors::State;
use suyuan::publish::anchors::evm::{EvmSettings, GasKey, deploy};

use super::anvil::{ACCOUNT_0_KEY, Anvil};
use super::maker::{Maker, form, word};
use super::{Run, body, settings};

/// Anchored among 149 others, whose hashes and types differ.
fn anchored(node: &Anvil, settings: EvmSettings) -> Run {
    let mut run = Run::new(settings, 150);
    run.submit();
    node.crowd(149);
    node.mine(1);
    let block = node.block("latest");
    assert_eq!(block["transactions"].as_array().unwrap().len(), 150);
    run.steps_to(State::Included);
    run
}

#[test]
fn calldata_vectors_are_what_a_node_gives() {
    let node = Anvil::start(1);
    let run = anchored(&node, settings(&[&node.url], 1));
    let mut maker = Maker::new(&run, None);
    assert!(maker.good.index > 0 && maker.good.nodes.len() == 3, "{}", maker.good.index);
    maker.add_common();
    let elsewhere = Publication {
        chain_id: 1,
        contract: [7; 20],
        sender: GasKey::from_hex(ACCOUNT_0_KEY).unwrap().account(),
    };
    let told = Told { publication: Some(elsewhere), ..maker.told() };
    let (bytes, text) = (maker.bytes.clone(), maker.body.clone());
    maker.add_told("a publication is named, and calldata is never it", &bytes, &text, &told, "ok");
    maker.add_proof("another chain's id", |proof| proof.chain_id = 10, "failed");
    maker.add_proof("a test chain's id", |proof| proof.chain_id = 31337, "failed");
    maker.add_proof("a byte of the transaction", |proof| *proof.item.last_mut().unwrap() ^= 1, "failed");

    let key = GasKey::from_hex(ACCOUNT_0_KEY).unwrap();
    let mine = Signed::decode(&maker.good.item).unwrap();
    maker.add_made_up("alone in its block", mine.encode(), 0, "ok");
    let other = |change: &dyn Fn(&mut suyuan::anchor::evm::Transaction)| {
        let mut transaction = mine.transaction.clone();
        change(&mut transaction);
        key.sign(transaction).encode()
    };
    maker.add_made_up(
        "signed for another chain",
        other(&|transaction| transaction.chain_id = 10),
        0,
        "failed",
    );
    maker.add_made_up(
        "another prefix before the digest",
        other(&|transaction| transaction.data[3] = b'2'),
        0,
        "failed",
    );
    maker.add_made_up("a byte after the digest", other(&|transaction| transaction.data.push(0)), 0, "failed");
    maker.add_made_up("another digest", other(&|transaction| transaction.data[35] ^= 1), 0, "failed");
    maker.add_made_up("the larger value of s", high_s(&mine.encode()), 0, "failed");
    maker.add_made_up("an old transaction without a type", mine.encode()[1..].to_vec(), 0, "failed");
    maker.check("calldata.json");
}

/// The same signature in its other spelling, which no chain takes (EIP-2).
fn high_s(raw: &[u8]) -> Vec<u8> {
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let mut items = Items::of(&raw[1..]).unwrap();
    let head: Vec<Vec<u8>> = (0..8).map(|_| items.bytes().unwrap().to_vec()).collect();
    items.list().unwrap();
    let (parity, r, s) = (items.number().unwrap(), items.word().unwrap(), items.word().unwrap());
    let mut high = hex::decode(ORDER).unwrap();
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i32::from(high[at]) - i32::from(s[at]) - borrow;
        borrow = i32::from(difference < 0);
        high[at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    let list = encode_list(|out| {
        head.iter().for_each(|field| field[..].encode(out));
        out.push(0xc0);
        (parity ^ 1).encode(out);
        r[..].encode(out);
        high[..].encode(out);
    });
    [&[2][..], &list].concat()
}

#[test]
fn log_vectors_are_what_a_node_gives() {
    let node = Anvil::start(1);
    let mut settings = settings(&[&node.url], 1);
    let deployed = deploy(&settings, || {
        node.mine(1);
        true
    });
    let contract = deployed.unwrap().contract;
    settings.contract = Some(contract);
    let run = anchored(&node, settings);
    let sender = GasKey::from_hex(ACCOUNT_0_KEY).unwrap().account();
    let mut maker = Maker::new(&run, Some(Publication { chain_id: 1, contract, sender }));
    assert!(maker.good.index > 0 && maker.good.nodes.len() == 3, "{}", maker.good.index);
    maker.add_common();
    let (bytes, text) = (maker.bytes.clone(), maker.body.clone());
    for (name, publication) in [
        ("the publication is of another contract", Publication { chain_id: 1, contract: [7; 20], sender }),
        ("the publication is another sender's", Publication { chain_id: 1, contract, sender: [7; 20] }),
        ("the publication is on another chain", Publication { chain_id: 10, contract, sender }),
    ] {
        let told = Told { publication: Some(publication), ..maker.told() };
        maker.add_told(name, &bytes, &text, &told, "ok");
    }
    maker.add_proof("another chain's id", |proof| proof.chain_id = 10, "not-checked: rpc-attested");
    maker.add_proof("a test chain's id", |proof| proof.chain_id = 31337, "not-checked: test-chain");
    maker.add_proof("a log that the receipt does not have", |proof| proof.log_index = 1, "failed");
    maker.add_proof("a byte of the receipt", |proof| *proof.item.last_mut().unwrap() ^= 1, "failed");

    let good = Receipt::decode(&maker.good.item).unwrap();
    let other = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = good.clone();
        change(&mut receipt);
        receipt.encode()
    };
    let event = good.logs[0].clone();
    maker.add_made_up("alone in its block", good.encode(), 0, "ok");
    let second = other(&|receipt| {
        receipt.logs.insert(0, event.clone());
        receipt.logs[0].topics[0][0] ^= 1;
    });
    maker.add_made_up("the second of two logs", second.clone(), 1, "ok");
    maker.add_made_up("the wrong one of two logs", second, 0, "failed");
    maker.add_made_up("the transaction failed", other(&|receipt| receipt.has_succeeded = false), 0, "failed");
    maker.add_made_up("another event", other(&|receipt| receipt.logs[0].topics[0][0] ^= 1), 0, "failed");
    maker.add_made_up(
        "another log's origin",
        other(&|receipt| receipt.logs[0].topics[2][0] ^= 1),
        0,
        "failed",
    );
    maker.add_made_up(
        "a sender of more than 20 bytes",
        other(&|receipt| receipt.logs[0].topics[1][0] = 1),
        0,
        "failed",
    );
    maker.add_made_up("another size", other(&|receipt| receipt.logs[0].data[31] ^= 1), 0, "failed");
    maker.add_made_up(
        "a size of more than 64 bits",
        other(&|receipt| receipt.logs[0].data[0] = 1),
        0,
        "failed",
    );
    maker.add_made_up("another digest", other(&|receipt| receipt.logs[0].data[63] ^= 1), 0, "failed");
    maker.add_made_up("a word too many", other(&|receipt| receipt.logs[0].data.extend([0; 32])), 0, "failed");
    maker.add_made_up(
        "a topic too few",
        other(&|receipt| {
            receipt.logs[0].topics.pop();
        }),
        0,
        "failed",
    );
    maker.add_made_up(
        "another contract, which proves age alone",
        other(&|receipt| receipt.logs[0].address = [7; 20]),
        0,
        "ok",
    );
    maker.check("log.json");
}

/// What a node of a chain whose blocks are not known to be in Ethereum's format told.
#[test]
fn attested_vectors_are_what_a_node_gives() {
    // Conflux eSpace by its id; the node behind it is Ethereum's.
    let node = Anvil::start(1030);
    let mut settings = settings(&[&node.url], 1030);
    let calldata = anchored(&node, settings.clone());
    assert!(
        calldata.job.said.contains("RPC-attested: proofs from blocks of Conflux eSpace"),
        "{}",
        calldata.job.said
    );
    let mut cases = attested(&calldata, None);
    let deployed = deploy(&settings, || {
        node.mine(1);
        true
    });
    let contract = deployed.unwrap().contract;
    settings.contract = Some(contract);
    let sender = settings.key.account();
    let log = anchored(&node, settings);
    cases.extend(attested(&log, Some(Publication { chain_id: 1030, contract, sender })));
    let maker = Maker {
        kind: log.kind(),
        body: String::new(),
        good: empty(),
        bytes: Vec::new(),
        hash: [0; 32],
        publication: None,
        cases,
    };
    maker.check("attested.json");
}

fn empty() -> Proof {
    Proof { chain_id: 0, header: Vec::new(), index: 0, item: Vec::new(), nodes: Vec::new(), log_index: 0 }
}

fn attested(run: &Run, publication: Option<Publication>) -> Vec<Value> {
    let (kind, bytes) = (form(run.kind()), run.evidence().to_vec());
    let Ok(Evidence::Attested(good)) = Evidence::decode(kind, &bytes) else { panic!("attested") };
    let mut maker = Maker {
        kind: run.kind(),
        body: run.job.body.clone(),
        good: empty(),
        bytes: bytes.clone(),
        hash: good.block.hash,
        publication,
        cases: Vec::new(),
    };
    let text = maker.body.clone();
    let told = Told { evm_blocks: vec![(1030, good.block.hash)], ..maker.told() };
    let attested = "not-checked: rpc-attested";
    maker.add("an RPC node's word", &bytes, attested);
    maker.add_told(
        "the block is confirmed, and still nothing proves that it is in there",
        &bytes,
        &text,
        &told,
        attested,
    );
    maker.add_told("another checkpoint", &bytes, &body(151), &told, "failed");
    maker.add("a byte is missing", &bytes[..bytes.len() - 1], "failed");
    maker.add("a byte too many", &[&bytes[..], &[0x80]].concat(), "failed");
    let with = |change: &dyn Fn(&mut Attested)| {
        let mut changed = good.clone();
        change(&mut changed);
        Evidence::Attested(changed).encode(kind)
    };
    let (elsewhere, test_chain) = match kind {
        Kind::Calldata => ("failed", "failed"),
        Kind::Log => (attested, "not-checked: test-chain"),
    };
    maker.add("another chain's id", &with(&|changed| changed.chain_id = 1), elsewhere);
    maker.add("a test chain's id", &with(&|changed| changed.chain_id = 31337), test_chain);
    maker.add("another block, which nobody can check", &with(&|changed| changed.block.number += 1), attested);
    let altered = with(&|changed| match &mut changed.what {
        What::Transaction(raw) => *raw.last_mut().unwrap() ^= 1,
        What::Log { log, .. } => log.data[63] ^= 1,
    });
    // A changed signature is another sender's, or nobody's.
    maker.add("a byte of what was said", &altered, if kind == Kind::Log { "failed" } else { attested });
    maker.cases
}

#[test]
fn a_test_chain_is_never_good_whatever_is_told() {
    let node = Anvil::start(31337);
    let run = anchored(&node, settings(&[&node.url], 31337));
    let told = Told { evm_blocks: vec![(31337, node.hash_of_newest())], ..Told::default() };
    let finding = judge(run.kind().as_str(), 1, run.evidence(), &run.job.body, &told);
    assert_eq!(word(&finding), "not-checked: test-chain");
}
