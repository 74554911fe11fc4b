//! From a node's JSON back to the bytes that the chain hashes: nodes seldom give the bytes themselves. That it was done
//! right is seen from the hashes, never assumed.

use alloy_trie::proof::ProofRetainer;
use alloy_trie::{HashBuilder, Nibbles};
use serde_json::Value;

use super::rpc::{array, bytes, number};
use crate::anchor::evm::{Log, Receipt, encode_list, index_key};

/// How a field stands in RLP.
#[derive(Clone, Copy)]
enum Form {
    /// As it is.
    Data,
    /// Without leading zeros.
    Quantity,
    /// As it is; null is nobody: the transaction makes a contract.
    Recipient,
    /// EIP-2930.
    AccessList,
    /// EIP-4844.
    Hashes,
    /// EIP-7702.
    Authorizations,
}

use Form::{AccessList, Authorizations, Data, Hashes, Quantity, Recipient};

/// In order; those from the 16th on came with forks and may be absent (alloy-consensus 2.5.0, block/header.rs).
const HEADER: [(&str, Form); 23] = [
    ("parentHash", Data),
    ("sha3Uncles", Data),
    ("miner", Data),
    ("stateRoot", Data),
    ("transactionsRoot", Data),
    ("receiptsRoot", Data),
    ("logsBloom", Data),
    ("difficulty", Quantity),
    ("number", Quantity),
    ("gasLimit", Quantity),
    ("gasUsed", Quantity),
    ("timestamp", Quantity),
    ("extraData", Data),
    ("mixHash", Data),
    ("nonce", Data),
    ("baseFeePerGas", Quantity),
    ("withdrawalsRoot", Data),
    ("blobGasUsed", Quantity),
    ("excessBlobGas", Quantity),
    ("parentBeaconBlockRoot", Data),
    ("requestsHash", Data),
    ("blockAccessListHash", Data),
    ("slotNumber", Quantity),
];
const HEADER_OLDEST: usize = 15;

/// What else stands in a block's JSON and is not hashed with the header.
const BESIDE_HEADER: [&str; 6] = ["hash", "size", "totalDifficulty", "transactions", "uncles", "withdrawals"];

/// The header's RLP. None: a field is missing or no hexadecimal.
pub(super) fn header(block: &Value) -> Option<Vec<u8>> {
    let present =
        HEADER.iter().enumerate().filter(|(at, (name, _))| *at < HEADER_OLDEST || !block[*name].is_null());
    let mut is_whole = true;
    let list = encode_list(|out| {
        present.for_each(|(_, (name, form))| is_whole &= put(out, *form, &block[*name]).is_some());
    });
    is_whole.then_some(list)
}

/// A field that this program knows nothing of: of a newer fork, or of another sort of chain.
pub(super) fn unknown_field(block: &Value) -> Option<&str> {
    let is_known =
        |name: &str| BESIDE_HEADER.contains(&name) || HEADER.iter().any(|(known, _)| *known == name);
    block.as_object()?.keys().map(String::as_str).find(|name| !is_known(name))
}

/// EIP-2718 bytes of a transaction. None: its type is unknown here, or a field is missing.
pub(super) fn transaction(json: &Value) -> Option<Vec<u8>> {
    let kind = if json["type"].is_null() { 0 } else { number(&json["type"])? };
    let fields: &[(&str, Form)] = match kind {
        0 => &[("nonce", Quantity), ("gasPrice", Quantity)],
        1 => &[("chainId", Quantity), ("nonce", Quantity), ("gasPrice", Quantity)],
        2..=4 => &[
            ("chainId", Quantity),
            ("nonce", Quantity),
            ("maxPriorityFeePerGas", Quantity),
            ("maxFeePerGas", Quantity),
        ],
        _ => return None,
    };
    let call = [("gas", Quantity), ("to", Recipient), ("value", Quantity), ("input", Data)];
    let extra: &[(&str, Form)] = match kind {
        0 => &[],
        3 => &[("accessList", AccessList), ("maxFeePerBlobGas", Quantity), ("blobVersionedHashes", Hashes)],
        4 => &[("accessList", AccessList), ("authorizationList", Authorizations)],
        _ => &[("accessList", AccessList)],
    };
    let parity = if kind == 0 || json["yParity"].is_null() { "v" } else { "yParity" };
    let signature = [(parity, Quantity), ("r", Quantity), ("s", Quantity)];
    let all = fields.iter().chain(&call).chain(extra).chain(&signature);
    let mut is_whole = true;
    let list = encode_list(|out| {
        all.for_each(|(name, form)| is_whole &= put(out, *form, &json[*name]).is_some());
    });
    let typed = if kind == 0 { Vec::new() } else { vec![u8::try_from(kind).ok()?] };
    is_whole.then(|| [typed, list].concat())
}

pub(super) fn receipt(json: &Value) -> Option<Receipt> {
    let kind = if json["type"].is_null() { 0 } else { number(&json["type"])? };
    let logs = json["logs"].as_array()?.iter().map(log).collect::<Option<Vec<Log>>>()?;
    Some(Receipt {
        transaction_type: u8::try_from(kind).ok().filter(|kind| *kind < 0x80)?,
        has_succeeded: number(&json["status"])? == 1,
        gas_used: number(&json["cumulativeGasUsed"])?,
        bloom: Box::new(array(&json["logsBloom"])?),
        logs,
    })
}

pub(super) fn log(json: &Value) -> Option<Log> {
    let topics = json["topics"].as_array()?.iter().map(array).collect::<Option<Vec<_>>>()?;
    Some(Log { address: array(&json["address"])?, topics, data: bytes(&json["data"])? })
}

/// The root of a block's list of transactions or receipts, and the proof of one of them, from the root down.
pub(super) fn proof(items: &[Vec<u8>], index: u64) -> ([u8; 32], Vec<Vec<u8>>) {
    let key = |index: u64| Nibbles::unpack(index_key(index));
    let mut leaves: Vec<(Nibbles, &[u8])> =
        (0..).zip(items).map(|(index, item)| (key(index), &item[..])).collect();
    leaves.sort_by(|a, b| a.0.cmp(&b.0));
    let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(vec![key(index)]));
    leaves.iter().for_each(|(key, item)| builder.add_leaf(*key, item));
    let root = builder.root();
    let nodes = builder.take_proof_nodes().into_nodes_sorted();
    (root.0, nodes.into_iter().map(|(_, node)| node.to_vec()).collect())
}

fn put(out: &mut Vec<u8>, form: Form, value: &Value) -> Option<()> {
    match form {
        Recipient if value.is_null() => put_string(out, &[]),
        Data | Recipient => put_string(out, &bytes(value)?),
        Quantity => {
            let digits = value.as_str()?.strip_prefix("0x")?.trim_start_matches('0');
            let even = if digits.len() % 2 == 0 { digits.to_owned() } else { format!("0{digits}") };
            put_string(out, &hex::decode(even).ok()?);
        }
        Hashes => put_list(out, value, |out, hash| put(out, Data, hash))?,
        AccessList => put_list(out, value, |out, entry| {
            put_fields(out, entry, &[("address", Data), ("storageKeys", Hashes)])
        })?,
        Authorizations => put_list(out, value, |out, entry| {
            let parity = if entry["yParity"].is_null() { "v" } else { "yParity" };
            let named = [("chainId", Quantity), ("address", Data), ("nonce", Quantity)];
            let signature = [(parity, Quantity), ("r", Quantity), ("s", Quantity)];
            put_fields(out, entry, &[&named[..], &signature].concat())
        })?,
    }
    Some(())
}

fn put_fields(out: &mut Vec<u8>, entry: &Value, fields: &[(&str, Form)]) -> Option<()> {
    let mut is_whole = true;
    let list = encode_list(|out| {
        fields.iter().for_each(|(name, form)| is_whole &= put(out, *form, &entry[*name]).is_some());
    });
    out.extend(list);
    is_whole.then_some(())
}

fn put_list(
    out: &mut Vec<u8>,
    value: &Value,
    mut put_one: impl FnMut(&mut Vec<u8>, &Value) -> Option<()>,
) -> Option<()> {
    let items = value.as_array()?;
    let mut is_whole = true;
    let list = encode_list(|out| items.iter().for_each(|item| is_whole &= put_one(out, item).is_some()));
    out.extend(list);
    is_whole.then_some(())
}

fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    alloy_rlp::Encodable::encode(bytes, out);
}
