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
    leaves.sort_by_key(|leaf| leaf.0);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::anchor::evm::keccak256;

    /// A transaction with a blob, as a node of BNB's test chain gives it: local nodes take none without a blob's proof.
    #[test]
    fn a_blob_transaction_hashes_to_its_hash() {
        let mut json = json!({
            "type": "0x3", "chainId": "0x61", "nonce": "0x26e3e0", "gas": "0xcf08",
            "maxFeePerGas": "0x7270e00", "maxPriorityFeePerGas": "0x7270e00",
            "to": "0xff00000000000000000000000000000000005611", "value": "0x0", "accessList": [],
            "blobVersionedHashes": ["0x0152d68a1558fe4ac4942bd3533e3a4efb59f9b62004088ca8cec68e3ae288e3"],
            "maxFeePerBlobGas": "0x1", "input": "0x",
            "r": "0x38985ff35396e4341dc285c94004c8571c8a9765aaa8b43770c0d72101ad4f42",
            "s": "0x53c1d91b52664d753f6078c990545671b765f9ecd3d261e6e0795cee03a388b8",
            "yParity": "0x0", "v": "0x0", "gasPrice": "0x7270e00",
        });
        let hash = |json: &Value| transaction(json).map(|raw| hex::encode(keccak256(&raw)));
        let known = "e869eb7c73ec9660d4941c6c3ceb69b0ed3c5b76aea46e13ea82929edf534777";
        assert_eq!(hash(&json).as_deref(), Some(known));
        json["maxFeePerBlobGas"] = json!("0x2");
        assert_ne!(hash(&json).as_deref(), Some(known));
        json["maxFeePerBlobGas"] = json!(null);
        assert_eq!(hash(&json), None);
        json["type"] = json!("0x7e");
        assert_eq!(hash(&json), None);
    }

    #[test]
    fn a_block_with_a_field_missing_or_misspelled_is_no_header() {
        let mut block = json!({});
        for (name, form) in HEADER {
            block[name] = json!(if matches!(form, Quantity) { "0x7" } else { "0x0707" });
        }
        let whole = header(&block).unwrap();
        block["slotNumber"] = json!(null);
        assert_eq!(header(&block).unwrap().len(), whole.len() - 1, "newer forks' fields may be absent");
        assert_eq!(unknown_field(&block), None);
        for bad in [json!(null), json!("7"), json!("0xg"), json!(7)] {
            block["number"] = bad;
            assert_eq!(header(&block), None);
        }
        block["l1BlockNumber"] = json!("0x1");
        assert_eq!(unknown_field(&block), Some("l1BlockNumber"));
    }
}
