//! The vectors of tests/vectors/anchors/evm, which `tests/anchors` makes with a real node.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::anchor::{Publication, judge};
use crate::vectors;

fn cases(file: &str) -> Vec<Value> {
    vectors::json(&format!("anchors/evm/{file}.json"))["cases"].as_array().unwrap().clone()
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    hex::decode(value.as_str().unwrap()).unwrap().try_into().unwrap()
}

fn told(case: &Value) -> Told {
    let told = &case["told"];
    let blocks = told["evm_blocks"].as_array().unwrap();
    let publication = told["publication"].as_object().map(|list| Publication {
        chain_id: list["chain_id"].as_u64().unwrap(),
        contract: fixed(&list["contract"]),
        sender: fixed(&list["sender"]),
    });
    Told {
        evm_blocks: blocks.iter().map(|b| (b["chain_id"].as_u64().unwrap(), fixed(&b["hash"]))).collect(),
        publication,
        ..Told::default()
    }
}

fn evidence(case: &Value) -> Vec<u8> {
    STANDARD.decode(case["evidence"].as_str().unwrap()).unwrap()
}

fn find(case: &Value, evidence: &[u8]) -> Finding {
    let (kind, body) = (case["kind"].as_str().unwrap(), case["checkpoint"].as_str().unwrap());
    judge(kind, case["version"].as_u64().unwrap(), evidence, body, &told(case))
}

fn expected(finding: &Finding) -> Value {
    let verdict = match &finding.verdict {
        Verdict::Ok => "ok",
        Verdict::Failed(_) => "failed",
        Verdict::NotChecked(Why::BlockNotConfirmed) => "not-checked: block-not-confirmed",
        Verdict::NotChecked(Why::TestChain) => "not-checked: test-chain",
        Verdict::NotChecked(Why::RpcAttested) => "not-checked: rpc-attested",
        Verdict::NotChecked(_) => "not-checked",
    };
    let claim = finding.claim.as_ref().map(|claim| {
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
    });
    json!({ "verdict": verdict, "claim": claim })
}

#[test]
fn every_vector_is_judged_as_it_says() {
    for file in ["calldata", "log", "attested"] {
        for case in cases(file) {
            let finding = find(&case, &evidence(&case));
            assert_eq!(expected(&finding), case["expected"], "{file}: {} {finding:?}", case["name"]);
        }
    }
}

#[test]
fn evidence_is_written_as_it_was_read() {
    for file in ["calldata", "log", "attested"] {
        for case in cases(file) {
            let kind = if case["kind"] == "evm-log" { Kind::Log } else { Kind::Calldata };
            let bytes = evidence(&case);
            if let Ok(read) = Evidence::decode(kind, &bytes) {
                assert_eq!(read.encode(kind), bytes, "{file}: {}", case["name"]);
            }
        }
    }
}

/// Every byte of the bytes that are good, to every other value a bit away.
#[test]
fn no_single_flipped_bit_leaves_evidence_good() {
    for file in ["calldata", "log"] {
        let good = cases(file).remove(0);
        let mut bytes = evidence(&good);
        assert!(find(&good, &bytes).is_ok());
        for at in 0..bytes.len() {
            for bit in [0, 3, 7] {
                bytes[at] ^= 1 << bit;
                assert!(!find(&good, &bytes).is_ok(), "{file}: byte {at}, bit {bit}");
                bytes[at] ^= 1 << bit;
            }
        }
    }
}

proptest! {
    #[test]
    fn no_changed_cut_or_lengthened_evidence_is_good(
        is_log: bool, at: prop::sample::Index, put in prop::collection::vec(any::<u8>(), 0..4), take in 0..4usize,
    ) {
        let good = cases(if is_log { "log" } else { "calldata" }).remove(0);
        let mut bytes = evidence(&good);
        let from = at.index(bytes.len());
        let to = (from + take).min(bytes.len());
        let before = bytes.clone();
        bytes.splice(from..to, put);
        prop_assume!(bytes != before);
        prop_assert!(!find(&good, &bytes).is_ok());
    }

    #[test]
    fn whatever_comes_is_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for kind in ["evm-calldata", "evm-log"] {
            let finding = judge(kind, 1, &bytes, "ledger.example/produce\n1\nx\n", &Told::default());
            prop_assert!(matches!(finding.verdict, Verdict::Failed(_)));
        }
    }
}
