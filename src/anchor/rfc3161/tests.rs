//! The vectors under `tests/vectors/anchors/rfc3161`, and what must never be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{anchor, vectors};

struct Vector {
    name: String,
    body: String,
    evidence: Vec<u8>,
    told: Told,
    expected: Value,
}

fn all() -> Vec<Vector> {
    vectors::json_files("anchors/rfc3161").into_iter().map(|(name, value)| read_vector(name, value)).collect()
}

fn one(name: &str) -> Vector {
    let name = format!("{name}.json");
    read_vector(name.clone(), vectors::json(&format!("anchors/rfc3161/{name}")))
}

fn read_vector(name: String, expected: Value) -> Vector {
    let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let tsa_roots = expected["told"]["tsa_roots"].as_array().unwrap().iter().map(bytes).collect();
    Vector {
        name,
        body: expected["body"].as_str().unwrap().to_owned(),
        evidence: bytes(&expected["evidence"]),
        told: Told { tsa_roots, ..Told::default() },
        expected,
    }
}

impl Vector {
    fn judge(&self) -> Finding {
        anchor::judge("rfc3161", 1, &self.evidence, &self.body, &self.told)
    }
}

#[test]
fn vectors_come_to_what_they_say() {
    for vector in all() {
        let (finding, expected, name) = (vector.judge(), &vector.expected, &vector.name);
        let (verdict, why) = match &finding.verdict {
            Verdict::Ok => ("ok", Value::Null),
            Verdict::Failed(problem) => {
                let part = expected["problem"].as_str().unwrap_or_else(|| panic!("{name}: {problem}"));
                assert!(problem.contains(part), "{name}: {problem}");
                ("failed", Value::Null)
            }
            Verdict::NotChecked(Why::NoTrustedRoot) => ("not checked", "no-trusted-root".into()),
            Verdict::NotChecked(Why::Unsupported(_)) => ("not checked", "unsupported".into()),
            Verdict::NotChecked(why) => panic!("{name}: {why}"),
        };
        assert_eq!((verdict, &why), (expected["verdict"].as_str().unwrap(), &expected["why"]), "{name}");
        let claimed = expected.get("claim");
        assert_eq!(finding.claim.is_some(), claimed.is_some(), "{name}");
        if let (Some(claim), Some(expected)) = (finding.claim, claimed) {
            assert_eq!(claim_json(&claim), *expected, "{name}");
        }
    }
}

fn claim_json(claim: &Claim) -> Value {
    let Source::Authority { name, serial, policy } = &claim.source else {
        panic!("{claim:?} is of no authority");
    };
    assert!(!claim.is_publication);
    serde_json::json!({
        "level": claim.level.as_str(), "not_after": claim.not_after,
        "authority": name, "serial": serial, "policy": policy,
    })
}

#[test]
fn chinese_algorithms_are_named_and_not_failed() {
    for name in ["sm2-content", "sm2-signature", "sm3-imprint"] {
        let verdict = one(name).judge().verdict;
        assert_eq!(verdict, Verdict::NotChecked(Why::Unsupported("SM2/SM3".to_owned())), "{name}");
    }
}

/// Every bit of an answer without words of its own is signed, is a hash of something signed, or is looked at.
#[test]
fn no_flipped_bit_is_ok() {
    for name in ["ecdsa-p256", "rsa-2048-sha512"] {
        let mut vector = one(name);
        assert!(vector.judge().is_ok());
        for at in 0..vector.evidence.len() {
            for bit in [1 << (at % 8), 1 << ((at + 5) % 8)] {
                vector.evidence[at] ^= bit;
                assert!(!vector.judge().is_ok(), "{name}: byte {at} ^ {bit:02x}");
                vector.evidence[at] ^= bit;
            }
        }
    }
}

#[test]
fn a_stamp_is_of_one_checkpoint() {
    let vector = one("ecdsa-p256");
    let finding =
        anchor::judge("rfc3161", 1, &vector.evidence, "suyuan.example/test\n43\nAA==\n", &vector.told);
    assert!(matches!(finding.verdict, Verdict::Failed(_)), "{finding:?}");
}

#[test]
fn an_answer_has_a_greatest_length() {
    let mut vector = one("ecdsa-p256");
    vector.evidence.resize(RESPONSE_BYTES_MAX + 1, 0);
    assert!(matches!(vector.judge().verdict, Verdict::Failed(_)));
}

#[test]
fn a_request_is_what_openssl_writes() {
    let digest = Hash::of(b"a");
    let made = request(&digest, &[0x40, 2, 3, 4, 5, 6, 7, 0x88], None).unwrap();
    let written = [
        // openssl ts -query -digest ... -sha256 -cert: 70 bytes with a nonce of eight.
        hex::decode("30430201013031300d060960864801650304020105000420").unwrap(),
        digest.0.to_vec(),
        hex::decode("020840020304050607880101ff").unwrap(),
    ]
    .concat();
    assert_eq!(hex::encode(made), hex::encode(written));
    let with_policy = request(&digest, &[0x40; 8], Some("1.2.3.4.1")).unwrap();
    assert!(with_policy.windows(6).any(|window| window == [6, 4, 0x2a, 3, 4, 1]));
    assert_eq!(request(&digest, &[0x40; 8], Some("the usual")), None);
}

#[test]
fn what_an_answer_says_is_read_without_believing_it() {
    let stamp = read(&one("fraction").evidence).unwrap();
    assert_eq!(stamp.time, 1_780_315_201);
    assert_eq!(stamp.nonce, Some(vec![0x6a, 0x0b]));
    assert_eq!((stamp.serial.as_str(), stamp.policy.as_str()), ("07", "1.2.3.4.1"));
    let rejected = read(&one("rejected").evidence);
    assert_eq!(rejected, Err(ReadError::Rejected("status 2, 没有额度".to_owned())));
    assert!(matches!(read(b"<html>"), Err(ReadError::Malformed(_))));
}

proptest! {
    #[test]
    fn changed_answers_say_the_same_or_are_not_ok(
        at in any::<prop::sample::Index>(),
        to in prop::collection::vec(any::<u8>(), 1..4),
        removed in 0_usize..4,
    ) {
        let mut vector = one("ess-sha1");
        let whole = vector.judge().claim;
        let from = at.index(vector.evidence.len());
        let end = (from + removed).min(vector.evidence.len());
        vector.evidence.splice(from..end, to);
        let finding = vector.judge();
        prop_assert!(!finding.is_ok() || finding.claim == whole);
    }

    #[test]
    fn no_bytes_are_too_strange_to_be_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let finding = anchor::judge("rfc3161", 1, &bytes, "x\n1\ny\n", &Told::default());
        prop_assert!(matches!(finding.verdict, Verdict::Failed(_)));
    }
}
