//! Makes vectors out of one piece of evidence that is good.

use std::path::PathBuf;

use alloy_rlp::Encodable;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use suyuan::anchor::evm::{Evidence, Items, Kind, Proof, encode_list, index_key, keccak256};
use suyuan::anchor::{AnchorKind, Finding, Publication, Source, Told, Verdict, Why, judge};

use super::{ORIGIN, Run};

/// Vectors of one kind of evidence, around one that is good.
pub(crate) struct Maker {
    pub(crate) kind: AnchorKind,
    pub(crate) body: String,
    pub(crate) good: Proof,
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: [u8; 32],
    pub(crate) publication: Option<Publication>,
    pub(crate) cases: Vec<Value>,
}

impl Maker {
    pub(crate) fn new(run: &Run, publication: Option<Publication>) -> Maker {
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

    pub(crate) fn told(&self) -> Told {
        Told { evm_blocks: vec![(1, self.hash)], publication: self.publication.clone(), ..Told::default() }
    }

    #[track_caller]
    pub(crate) fn add(&mut self, name: &str, evidence: &[u8], expected: &str) {
        let (told, body) = (self.told(), self.body.clone());
        self.add_told(name, evidence, &body, &told, expected);
    }

    #[track_caller]
    pub(crate) fn add_told(&mut self, name: &str, evidence: &[u8], body: &str, told: &Told, expected: &str) {
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
    pub(crate) fn add_proof(&mut self, name: &str, change: impl FnOnce(&mut Proof), expected: &str) {
        let mut proof = self.good.clone();
        change(&mut proof);
        let evidence = Evidence::Proof(proof).encode(form(self.kind));
        assert_ne!(evidence, self.bytes, "{name}");
        self.add(name, &evidence, expected);
    }

    /// What both kinds share.
    pub(crate) fn add_common(&mut self) {
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
    pub(crate) fn add_made_up(&mut self, name: &str, item: Vec<u8>, log_index: u64, expected: &str) {
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

    pub(crate) fn check(self, name: &str) {
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

pub(crate) fn form(kind: AnchorKind) -> Kind {
    if kind == AnchorKind::EvmCalldata { Kind::Calldata } else { Kind::Log }
}

pub(crate) fn word(finding: &Finding) -> String {
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
