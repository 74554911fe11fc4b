//! Runs what Rust, TypeScript and strangers must agree on (`tests/vectors/payload`), and breaks what is good there.

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::ed25519::PublicKey;
use super::envelope::{Envelope, EnvelopeError};
use super::json::canonical;
use super::payload::{FormError, Statement, to_payload_bytes};
use super::quantity::Quantity;
use super::schema::validate_payload;
use super::sealed::{BlobOpening, Opening, seal, seal_blob};
use crate::merkle::Hash;
use crate::vectors;

fn cases(file: &str) -> Vec<Value> {
    vectors::json(&format!("payload/{file}"))["cases"].as_array().unwrap().clone()
}

fn payload_of(case: &Value) -> Vec<u8> {
    if let Some(text) = case["text"].as_str() {
        let fill = "a".repeat(case["fill"].as_u64().unwrap_or(0) as usize);
        return text.replace("<fill>", &fill).into_bytes();
    }
    STANDARD.decode(case["payload_b64"].as_str().unwrap()).unwrap()
}

fn good_payloads() -> Vec<Vec<u8>> {
    cases("payloads.json").iter().filter(|case| case["ok"] == true).map(payload_of).collect()
}

/// The good payloads that between them have every member.
fn payloads_to_break() -> Vec<Vec<u8>> {
    let names = ["every optional member", "genesis", "a correction"];
    let broken: Vec<_> = cases("payloads.json")
        .iter()
        .filter(|case| names.iter().any(|name| case["name"] == *name))
        .map(payload_of)
        .collect();
    assert_eq!(broken.len(), names.len());
    broken
}

static EVERY_MEMBER: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_slice(&payloads_to_break()[0]).unwrap());

#[test]
fn payloads_have_the_stated_outcome() {
    let cases = cases("payloads.json");
    assert!(cases.iter().filter(|case| case["ok"] == false).count() >= 60);
    for case in &cases {
        match Statement::parse(&payload_of(case)) {
            Ok(statement) => {
                assert_eq!(case["sha256"], statement.payload_hash.to_string(), "{}", case["name"])
            }
            Err(error) => assert_eq!(case["code"], error.code(), "{}: {error}", case["name"]),
        }
    }
}

/// Forms and strangers' tools go by the schema, the ledger by `Statement::parse`; the first must not refuse what the
/// second takes.
#[test]
fn the_schema_of_statements_takes_every_good_payload() {
    for payload in good_payloads() {
        let value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(validate_payload(&value), Ok(()), "{value}");
    }
}

#[test]
fn envelopes_have_the_stated_outcome() {
    let keys: HashMap<Hash, PublicKey> = vectors::json("payload/envelopes.json")["keys"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(keyid, key)| {
            let key = hex::decode(key.as_str().unwrap()).unwrap().try_into().unwrap();
            (keyid.parse().unwrap(), PublicKey::parse(&key).unwrap())
        })
        .collect();
    for case in cases("envelopes.json") {
        let code = |read: Result<Envelope, EnvelopeError>| read.map_or_else(|error| error.code(), |_| "ok");
        let read = Envelope::from_json(&case["envelope"]);
        assert_eq!(code(read.clone()), case["submitted"], "{}", case["name"]);
        assert_eq!(code(Envelope::from_record_json(&case["envelope"])), case["record"], "{}", case["name"]);
        let Ok(envelope) = read else { continue };
        let statement = Statement::parse(&envelope.payload).unwrap();
        let signers = envelope.check_signers(&statement).map_or_else(|error| error.code(), |()| "ok");
        assert_eq!(signers, case["signers"], "{}", case["name"]);
        let verified = envelope.signatures.iter().all(|s| envelope.verify(s, &keys[&s.keyid]).is_ok());
        assert_eq!(verified, case["verified"], "{}", case["name"]);
    }
}

#[test]
fn commitments_are_the_stated_ones() {
    for case in cases("sealed.json") {
        let ledger = case["ledger"].as_str().unwrap().parse().unwrap();
        let id = case["id"].as_str().unwrap();
        let committed = match case.get("blob_opening") {
            Some(opening) => BlobOpening::from_json(opening)
                .and_then(|o| seal_blob(&ledger, id, &o.pointer, &o.sha256, &o.salt)),
            None => Opening::from_json(&case["opening"])
                .and_then(|o| seal(&ledger, id, &o.pointer, &o.value, &o.salt)),
        };
        match committed {
            Ok(hash) => assert_eq!(case["commitment"], hash.to_string(), "{}", case["name"]),
            Err(error) => assert_eq!(case["code"], error.code(), "{}: {error}", case["name"]),
        }
    }
}

#[test]
fn a_signers_tool_makes_the_same_bytes_from_any_order() {
    for payload in good_payloads() {
        let mut value: Value = serde_json::from_slice(&payload).unwrap();
        value["touches"].as_array_mut().unwrap().reverse();
        value["signers"].as_array_mut().unwrap().reverse();
        assert_eq!(to_payload_bytes(&value), Ok(payload));
    }
}

/// If two payloads could say the same thing, a verifier that compares what was said would miss a change.
#[test]
fn no_flipped_bit_leaves_a_payload_that_says_the_same() {
    fn said(statement: Statement) -> Statement {
        Statement { payload: Vec::new(), payload_hash: Hash::ZERO, ..statement }
    }
    for payload in payloads_to_break() {
        let original = said(Statement::parse(&payload).unwrap());
        for bit in 0..payload.len() * 8 {
            let mut changed = payload.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(statement) = Statement::parse(&changed) {
                assert_ne!(said(statement), original, "bit {bit} of {}", String::from_utf8_lossy(&payload));
            }
        }
    }
}

#[test]
fn no_cut_payload_is_read() {
    for payload in payloads_to_break() {
        for end in 0..payload.len() {
            assert!(Statement::parse(&payload[..end]).is_err());
        }
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "(batch|crop|key|org|plot):[a-z.-]{0,12}".prop_map(Value::from),
        "20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9:Z+-]{0,15})?".prop_map(Value::from),
        "[0-9a-f]{64}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let name = prop_oneof!["sealed|org|key|as|n|prev|site|gps|plot|value|unit|per|entered", ".{0,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Any value in place of any member: read or refused, never a panic, and read only if it is its own canonical form.
    #[test]
    fn no_member_makes_a_parser_panic(which in 0..20usize, member in any_value()) {
        let mut statement = EVERY_MEMBER.clone();
        let name = statement.as_object().unwrap().keys().nth(which).cloned().unwrap_or_else(|| "origin".to_owned());
        statement[name] = member.clone();
        let bytes = canonical(&statement);
        let parsed = Statement::parse(&bytes);
        prop_assert!(parsed.is_err() || parsed.is_ok_and(|statement| statement.payload == bytes));
        let _ = to_payload_bytes(&member);
        let _ = Envelope::from_json(&member);
        let _ = Envelope::from_record_json(&json!({"payload": member, "payloadType": member, "signatures": [member]}));
        let _ = Opening::from_json(&member);
        let _ = BlobOpening::from_json(&member);
        let _ = Quantity::parse(&member, "");
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let refused = matches!(Statement::parse(&bytes), Err(FormError::Json(_) | FormError::Member(_)));
        prop_assert!(refused);
    }
}
