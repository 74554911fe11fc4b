//! The `AnchorLog` contract: calls to it, its list, and putting it on a chain.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::rpc::{Rpc, RpcError, array, bytes, hex0x, large_number, number, quantity};
use super::{EvmSettings, SettingsError};
use crate::anchor::Publication;
use crate::anchor::evm::{
    Address, Published, Transaction, created_address, event_topic, keccak256, origin_hash,
};
use crate::merkle::Hash;

/// What `scripts/contract` made of `AnchorLog.sol`.
static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    let json: Value = serde_json::from_str(include_str!("../contract/AnchorLog.json")).unwrap_or_default();
    let code = |name: &str| bytes(&json[name]).unwrap_or_default();
    Compiled { creation: code("bytecode"), deployed: code("deployed") }
});

struct Compiled {
    creation: Vec<u8>,
    deployed: Vec<u8>,
}

/// Entries asked for at once.
const PAGE: u64 = 500;
/// Of one list; at one an hour, a century.
const ENTRIES_MAX: u64 = 1_000_000;
/// Making the contract takes some 500,000.
const DEPLOY_GAS_MAX: u64 = 3_000_000;

/// The code of an `AnchorLog` as it stands on a chain.
pub fn deployed_code() -> &'static [u8] {
    &COMPILED.deployed
}

/// Calldata of a call that anchors.
pub(super) fn anchor_call(origin: &str, size: u64, digest: &Hash) -> Vec<u8> {
    call("anchor(bytes32,uint64,bytes32)", &[origin_hash(origin), word(size), digest.0])
}

/// The list of this account and log, oldest first, as the newest block has it.
pub fn list(rpc: &Rpc, publication: &Publication, origin: &str) -> Result<Vec<Published>, RpcError> {
    let chain_id = rpc.number("eth_chainId", json!([]))?;
    if chain_id != publication.chain_id {
        return Err(rpc.nonsense("it is a node of another chain than the publication"));
    }
    let list = List { rpc, contract: publication.contract, sender: publication.sender, origin };
    let mut entries = Vec::new();
    let count = list.count()?.min(ENTRIES_MAX);
    while (entries.len() as u64) < count {
        let page = list.page(entries.len() as u64, PAGE)?;
        if page.is_empty() {
            return Err(rpc.nonsense("a list that is shorter than its count"));
        }
        entries.extend(page);
    }
    Ok(entries)
}

/// One list of one contract.
pub(super) struct List<'a> {
    pub(super) rpc: &'a Rpc,
    pub(super) contract: Address,
    pub(super) sender: Address,
    pub(super) origin: &'a str,
}

impl List<'_> {
    fn count(&self) -> Result<u64, RpcError> {
        let answer = self.ask(&call("count(address,bytes32)", &self.key()))?;
        let word: Option<[u8; 32]> = answer.try_into().ok();
        word.as_ref()
            .and_then(small)
            .ok_or_else(|| self.rpc.nonsense("there is no AnchorLog at this address"))
    }

    pub(super) fn last(&self) -> Result<Option<Published>, RpcError> {
        match self.count()?.checked_sub(1) {
            None => Ok(None),
            Some(last) => Ok(self.page(last, 1)?.first().copied()),
        }
    }

    fn page(&self, from: u64, max: u64) -> Result<Vec<Published>, RpcError> {
        let [sender, origin] = self.key();
        let data = call("page(address,bytes32,uint256,uint256)", &[sender, origin, word(from), word(max)]);
        entries(&self.ask(&data)?).ok_or_else(|| self.rpc.nonsense("a page of the list is not in its form"))
    }

    /// The transaction that put this entry there.
    pub(super) fn transaction_of(&self, entry: &Published) -> Result<Option<[u8; 32]>, RpcError> {
        let [sender, origin] = self.key();
        let block = quantity(entry.block_number);
        let filter = json!([{
            "fromBlock": block, "toBlock": block, "address": hex0x(&self.contract),
            "topics": [hex0x(&event_topic()), hex0x(&sender), hex0x(&origin)],
        }]);
        let data = hex0x(&[word(entry.size), entry.digest.0].concat());
        let logs = self.rpc.ask("eth_getLogs", filter)?;
        let found = logs.as_array().and_then(|logs| logs.iter().find(|log| log["data"] == data));
        Ok(found.and_then(|log| array(&log["transactionHash"])))
    }

    fn key(&self) -> [[u8; 32]; 2] {
        let mut sender = [0; 32];
        sender[12..].copy_from_slice(&self.sender);
        [sender, origin_hash(self.origin)]
    }

    fn ask(&self, data: &[u8]) -> Result<Vec<u8>, RpcError> {
        let call = json!([{ "to": hex0x(&self.contract), "data": hex0x(data) }, "latest"]);
        bytes(&self.rpc.ask("eth_call", call)?).ok_or_else(|| self.rpc.nonsense("no bytes"))
    }
}

/// Where the contract stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    pub contract: Address,
    pub transaction: [u8; 32],
    pub gas_used: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error("{0}; nothing was sent")]
    NotSent(String),
    #[error("the transaction {0} is sent and in no block yet; look for it before deploying again")]
    NotSeen(String),
    #[error("the transaction {0} is in a block, and the contract does not stand where it should")]
    NoContract(String),
}

/// Puts a new `AnchorLog` on the chain and waits until it stands there. `wait` is called between questions, and says
/// whether to go on.
pub fn deploy(settings: &EvmSettings, mut wait: impl FnMut() -> bool) -> Result<Deployed, DeployError> {
    let nodes = settings.nodes()?;
    let rpc = &nodes[0];
    let signed = signed_creation(settings, rpc)?;
    let name = hex0x(&signed.hash());
    rpc.ask("eth_sendRawTransaction", json!([hex0x(&signed.encode())]))?;
    let receipt = loop {
        let answer = rpc.ask("eth_getTransactionReceipt", json!([name]));
        match answer {
            Ok(receipt) if !receipt.is_null() => break receipt,
            _ if !wait() => return Err(DeployError::NotSeen(name)),
            _ => {}
        }
    };
    let contract = created_address(&settings.key.account(), signed.transaction.nonce);
    let code = bytes(&rpc.ask("eth_getCode", json!([hex0x(&contract), "latest"]))?);
    if code.as_deref() != Some(deployed_code()) {
        return Err(DeployError::NoContract(name));
    }
    let gas_used = number(&receipt["gasUsed"]).unwrap_or_default();
    Ok(Deployed { contract, transaction: signed.hash(), gas_used })
}

fn signed_creation(settings: &EvmSettings, rpc: &Rpc) -> Result<crate::anchor::evm::Signed, DeployError> {
    let chain_id = rpc.number("eth_chainId", json!([]))?;
    if chain_id != settings.chain_id {
        let problem =
            format!("{} is of chain {chain_id}, the settings say {}", rpc.name(), settings.chain_id);
        return Err(DeployError::NotSent(problem));
    }
    let account = hex0x(&settings.key.account());
    let data = COMPILED.creation.clone();
    let nonce = rpc.number("eth_getTransactionCount", json!([account, "pending"]))?;
    let gas = rpc.number("eth_estimateGas", json!([{ "from": account, "data": hex0x(&data) }]))?;
    if gas > DEPLOY_GAS_MAX {
        return Err(DeployError::NotSent(format!("{} asks for {gas} gas, which is too much", rpc.name())));
    }
    let price = Price::now(rpc, settings.max_fee_gwei).map_err(DeployError::NotSent)?;
    let transaction = Transaction {
        chain_id,
        nonce,
        max_priority_fee: price.tip,
        max_fee: price.max,
        gas: with_room(gas),
        to: None,
        data,
    };
    Ok(settings.key.sign(transaction))
}

/// What gas may cost, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) tip: u128,
    pub(super) max: u128,
}

pub(super) const GWEI: u128 = 1_000_000_000;

impl Price {
    /// By the newest block: twice its base fee lasts for six full blocks.
    pub(super) fn now(rpc: &Rpc, max_fee_gwei: u64) -> Result<Price, String> {
        let said = |error: RpcError| error.to_string();
        let block = rpc.ask("eth_getBlockByNumber", json!(["latest", false])).map_err(said)?;
        let base = large_number(&block["baseFeePerGas"])
            .ok_or_else(|| format!("{} tells no base fee; the chain must know EIP-1559", rpc.name()))?;
        let tip = match rpc.ask("eth_maxPriorityFeePerGas", json!([])) {
            Ok(answer) => large_number(&answer).ok_or_else(|| format!("{} tells no tip", rpc.name()))?,
            Err(RpcError::Refused { .. }) => GWEI,
            Err(error) => return Err(said(error)),
        };
        let cap = u128::from(max_fee_gwei) * GWEI;
        let needed = base.saturating_add(tip);
        if needed > cap {
            return Err(format!(
                "gas costs {} gwei by {}, more than the limit of {max_fee_gwei}",
                needed.div_ceil(GWEI),
                rpc.name()
            ));
        }
        Ok(Price { tip, max: needed.saturating_add(base).min(cap) })
    }

    /// What nodes take in place of a transaction at this price: an eighth more, of both.
    pub(super) fn after(self, before: Price) -> Price {
        let more = |old: u128| old.saturating_add(old.div_ceil(8)).saturating_add(1);
        let tip = self.tip.max(more(before.tip));
        Price { tip, max: self.max.max(more(before.max)).max(tip) }
    }
}

/// A fifth over what was estimated: the block is another one by then.
pub(super) fn with_room(gas: u64) -> u64 {
    gas.saturating_add(gas / 5)
}

fn call(signature: &str, words: &[[u8; 32]]) -> Vec<u8> {
    let mut data = keccak256(signature.as_bytes())[..4].to_vec();
    words.iter().for_each(|word| data.extend(word));
    data
}

fn word(number: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

fn small(word: &[u8; 32]) -> Option<u64> {
    let (high, low) = word.split_last_chunk::<8>()?;
    high.iter().all(|byte| *byte == 0).then(|| u64::from_be_bytes(*low))
}

/// ABI: one array of (size, block number, digest).
fn entries(answer: &[u8]) -> Option<Vec<Published>> {
    let (words, []) = answer.as_chunks::<32>() else { return None };
    let [offset, length, rest @ ..] = words else { return None };
    let length = small(length)?;
    if small(offset)? != 32 || length > PAGE || rest.len() as u64 != length * 3 {
        return None;
    }
    let (triples, _) = rest.as_chunks::<3>();
    let entry = |[size, block, digest]: &[[u8; 32]; 3]| {
        Some(Published { size: small(size)?, digest: Hash(*digest), block_number: small(block)? })
    };
    triples.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_code_is_there() {
        assert!(deployed_code().len() > 500 && COMPILED.creation.ends_with(deployed_code()));
    }

    #[test]
    fn a_page_is_read_in_its_one_form() {
        let page = |words: &[[u8; 32]]| entries(&words.concat());
        let good = [word(32), word(1), word(7), word(9), [5; 32]];
        let entry = Published { size: 7, digest: Hash([5; 32]), block_number: 9 };
        assert_eq!(page(&good), Some(vec![entry]));
        assert_eq!(page(&[word(32), word(0)]), Some(vec![]));
        assert_eq!(page(&good[..4]), None);
        assert_eq!(page(&[word(64), word(0)]), None);
        assert_eq!(page(&[word(32), word(u64::MAX)]), None);
        assert_eq!(page(&[word(32), word(1), [1; 32], word(9), [5; 32]]), None);
        assert_eq!(entries(&[0; 33]), None);
    }

    #[test]
    fn a_replacement_is_an_eighth_dearer_or_more() {
        let old = Price { tip: 8, max: 80 };
        assert_eq!(Price { tip: 1, max: 10 }.after(old), Price { tip: 10, max: 91 });
        assert_eq!(Price { tip: 100, max: 1000 }.after(old), Price { tip: 100, max: 1000 });
    }
}
