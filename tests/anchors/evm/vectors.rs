//! tests/vectors/anchors/evm, made by a real node: the same run gives the same bytes again. `SUYUAN_BLESS=1` writes them.

use std::path::PathBuf;

use alloy_rlp::Encodable;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use suyuan::anchor::evm::{Evidence, Items, Kind, Proof, Receipt, Signed, encode_list, index_key, keccak256};
use suyuan::anchor::{AnchorKind, Finding, Publication, Source, Told, Verdict, judge};
use suyuan::publish::anchors::State;
use suyuan::publish::anchors::evm::{GasKey, deploy};

use super::anvil::{ACCOUNT_0_KEY, Anvil};
use super::{ORIGIN, Run, body, settings};

/// Vectors of one kind of evidence, around one that is good.
struct Maker {
    kind: AnchorKind,
    body: String,
    good: Proof,
    bytes: Vec<u8>,
    hash: [u8; 32],
    publication: Option<Publication>,
    cases: Vec<Value>,
}

impl Maker {
    fn new(run: &Run, publication: Option<Publication>) -> Maker {
        let bytes = run.evidence().to_vec();
        let Ok(Evidence::Proof(good)) = Evidence::decode(form(run.kind()), &bytes) else { panic!("a proof") };
        let hash = keccak256(&good.header);
        Maker {
            kind: run.kind(),
            body: run.job.body.clone(),
            good,
            bytes,
            hash,
            publication,
            cases: Vec::new(),
        }
    }

    fn told(&self) -> Told {
        Told { evm_blocks: vec![(1, self.hash)], publication: self.publication.clone(), ..Told::default() }
    }

    #[track_caller]
    fn add(&mut self, name: &str, evidence: &[u8], expected: &str) {
        let (told, body) = (self.told(), self.body.clone());
        self.add_told(name, evidence, &body, &told, expected);
    }

    #[track_caller]
    fn add_told(&mut self, name: &str, evidence: &[u8], body: &str, told: &Told, expected: &str) {
        let finding = judge(self.kind.as_str(), 1, evidence, body, told);
        assert_eq!(word(&finding), expected, "{name}: {finding:?}");
        self.cases.push(json!({
            "name": name,
            "kind": self.kind.as_str(),
            "version": 1,
            "checkpoint": body,
            "evidence": STANDARD.encode(evidence),
            "told": {
                "evm_blocks": told.evm_blocks.iter().map(|(id, hash)| json!({ "chain_id": id, "hash": hex::encode(hash) })).collect::<Vec<_>>(),
                "publication": told.publication.as_ref().map(|list| json!({
                    "chain_id": list.chain_id, "contract": hex::encode(list.contract), "sender": hex::encode(list.sender),
                })),
            },
            "expected": { "verdict": expected, "claim": claim(&finding) },
        }));
    }

    #[track_caller]
    fn add_proof(&mut self, name: &str, change: impl FnOnce(&mut Proof), expected: &str) {
        let mut proof = self.good.clone();
        change(&mut proof);
        let evidence = Evidence::Proof(proof).encode(form(self.kind));
        assert_ne!(evidence, self.bytes, "{name}");
        self.add(name, &evidence, expected);
    }

    /// What both kinds share.
    fn add_common(&mut self) {
        let (bytes, body) = (self.bytes.clone(), self.body.clone());
        self.add("good", &bytes, "ok");
        let nothing = Told::default();
        self.add_told(
            "good, and no block is confirmed",
            &bytes,
            &body,
            &nothing,
            "not-checked: block-not-confirmed",
        );
        let other_chain = Told { evm_blocks: vec![(10, self.hash)], ..Told::default() };
        self.add_told(
            "the block is confirmed of another chain",
            &bytes,
            &body,
            &other_chain,
            "not-checked: block-not-confirmed",
        );
        let other_block = Told { evm_blocks: vec![(1, [1; 32])], ..Told::default() };
        self.add_told(
            "another block is confirmed",
            &bytes,
            &body,
            &other_block,
            "not-checked: block-not-confirmed",
        );
        self.add_told("another checkpoint", &bytes, &super::body(151), &self.told(), "failed");
        let other_root = body.replacen(&body.lines().nth(2).unwrap()[..4], "AAAA", 1);
        self.add_told("another root of the same size", &bytes, &other_root, &self.told(), "failed");
        self.add_told(
            "another log",
            &bytes,
            &body.replace(ORIGIN, "other.example/produce"),
            &self.told(),
            "failed",
        );
        self.add("nothing", &[], "failed");
        self.add("a byte is missing", &bytes[..bytes.len() - 1], "failed");
        self.add("a byte too many", &[&bytes[..], &[0x80]].concat(), "failed");
        self.add("too long", &encode_list(|out| vec![1u8; 50_000][..].encode(out)), "failed");
        self.add("the list's length is spelled longer", &longer_length(&bytes), "failed");
        self.add("the chain's id has a zero before it", &longer_chain_id(&bytes), "failed");
        self.add_proof(
            "a node too few",
            |proof| {
                proof.nodes.remove(0);
            },
            "failed",
        );
        self.add_proof("a node too many", |proof| proof.nodes.push(proof.nodes[0].clone()), "failed");
        self.add_proof("nodes in another order", |proof| proof.nodes.swap(0, 1), "failed");
        self.add_proof("no nodes", |proof| proof.nodes.clear(), "failed");
        self.add_proof("another index", |proof| proof.index ^= 1, "failed");
        self.add_proof("an index beyond the block", |proof| proof.index = 1 << 31, "failed");
        let leaf = self.good.nodes.len() - 1;
        for (at, name) in [(0, "a byte of the root node"), (leaf, "a byte of the leaf")] {
            self.add_proof(name, |proof| *proof.nodes[at].last_mut().unwrap() ^= 1, "failed");
        }
        self.add_header_fields();
    }

    /// One byte of each field of the header: either the root that the proof stands under, or another block.
    fn add_header_fields(&mut self) {
        let header = self.good.header.clone();
        let mut items = Items::of(&header).unwrap();
        let mut fields = Vec::new();
        while !items.is_empty() {
            fields.push(items.bytes().unwrap().to_vec());
        }
        let proven = if self.kind == AnchorKind::EvmCalldata { 4 } else { 5 };
        for at in 0..fields.len() {
            let mut changed = fields.clone();
            match changed[at].last_mut() {
                Some(byte) => *byte ^= 0x10,
                None => changed[at].push(1),
            }
            let expected = if at == proven { "failed" } else { "not-checked: block-not-confirmed" };
            let list = encode_list(|out| changed.iter().for_each(|field| field[..].encode(out)));
            self.add_proof(
                &format!("a byte of field {at} of the header"),
                |proof| proof.header = list,
                expected,
            );
        }
        self.add_proof(
            "the header has an item too few",
            |proof| {
                proof.header = encode_list(|out| fields[..14].iter().for_each(|field| field[..].encode(out)))
            },
            "failed",
        );
    }

    /// A block of our own making with this one item, confirmed: what is then wrong is the item.
    #[track_caller]
    fn add_made_up(&mut self, name: &str, item: Vec<u8>, log_index: u64, expected: &str) {
        let path = [&[0x20][..], &index_key(0)].concat();
        let leaf = encode_list(|out| {
            path[..].encode(out);
            item[..].encode(out);
        });
        let root = keccak256(&leaf);
        let mut items = Items::of(&self.good.header).unwrap();
        let proven = if self.kind == AnchorKind::EvmCalldata { 4 } else { 5 };
        let header = encode_list(|out| {
            let mut at = 0;
            while !items.is_empty() {
                let field = items.bytes().unwrap();
                if at == proven {
                    root[..].encode(out)
                } else {
                    field.encode(out)
                }
                at += 1;
            }
        });
        let told = Told {
            evm_blocks: vec![(1, keccak256(&header))],
            publication: self.publication.clone(),
            ..Told::default()
        };
        let proof = Proof { chain_id: 1, header, index: 0, item, nodes: vec![leaf], log_index };
        let body = self.body.clone();
        self.add_told(name, &Evidence::Proof(proof).encode(form(self.kind)), &body, &told, expected);
    }

    fn check(self, name: &str) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/anchors/evm").join(name);
        let mut text = serde_json::to_string_pretty(&json!({ "cases": self.cases })).unwrap();
        text.push('\n');
        if std::env::var_os("SUYUAN_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        assert!(std::fs::read_to_string(&path).unwrap() == text, "{name} is not what a node gives today");
    }
}

fn form(kind: AnchorKind) -> Kind {
    if kind == AnchorKind::EvmCalldata { Kind::Calldata } else { Kind::Log }
}

fn word(finding: &Finding) -> String {
    use suyuan::anchor::Why;
    match &finding.verdict {
        Verdict::Ok => "ok".to_owned(),
        Verdict::Failed(_) => "failed".to_owned(),
        Verdict::NotChecked(Why::BlockNotConfirmed) => "not-checked: block-not-confirmed".to_owned(),
        Verdict::NotChecked(Why::TestChain) => "not-checked: test-chain".to_owned(),
        Verdict::NotChecked(Why::RpcAttested) => "not-checked: rpc-attested".to_owned(),
        Verdict::NotChecked(why) => panic!("{why}"),
    }
}

fn claim(finding: &Finding) -> Value {
    let Some(claim) = &finding.claim else { return Value::Null };
    let Source::Evm { chain_id, block_number, block_hash, transaction, sender, contract } = &claim.source
    else {
        panic!("{claim:?}")
    };
    json!({
        "level": claim.level.as_str(),
        "not_after": claim.not_after,
        "is_publication": claim.is_publication,
        "chain_id": chain_id,
        "block_number": block_number,
        "block_hash": hex::encode(block_hash),
        "transaction": transaction.map(hex::encode),
        "sender": sender.map(hex::encode),
        "contract": contract.map(hex::encode),
    })
}

/// `f9 xx xx …` as `fa 00 xx xx …`.
fn longer_length(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes[0], 0xf9);
    [&[0xfa, 0][..], &bytes[1..]].concat()
}

/// The first item, `01`, as `82 00 01`.
fn longer_chain_id(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes[3], 1);
    let payload = [&[0x82, 0, 1][..], &bytes[4..]].concat();
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[0xf9][..], &length, &payload].concat()
}

/// Anchored among 149 others, whose hashes and types differ.
fn anchored(node: &Anvil, settings: suyuan::publish::anchors::evm::EvmSettings) -> Run {
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
    use suyuan::anchor::evm::{Attested, What};
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
