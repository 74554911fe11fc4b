//! From a receipt to evidence: the block is put together again from what the node tells, and has to hash to itself.

use serde_json::{Value, json};

use super::rebuild;
use super::rpc::{Rpc, RpcError, array, hex0x, number};
use crate::anchor::evm::{
    Address, Anchored, Attested, BlockId, Evidence, Header, Kind, Log, Network, Proof, What, keccak256,
};
use crate::anchor::{AnchorKind, Told, Verdict, Why, judge};

/// What is to be proved.
pub(super) struct Claimed<'a> {
    pub(super) chain_id: u64,
    pub(super) contract: Option<Address>,
    pub(super) body: &'a str,
    pub(super) transaction: [u8; 32],
    /// Its bytes, where we have them.
    pub(super) raw: Option<&'a [u8]>,
}

/// Why there is no evidence.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The node contradicts itself or the rules of the chain: it is not believed.
    Lie(String),
    /// No lie that we know of, but no answer either.
    Silence(String),
    /// The contract has refused it.
    Reverted,
}

/// Evidence, its block, and why it is no more than the node's word, if it is not.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) bytes: Vec<u8>,
    pub(super) block: BlockId,
    pub(super) weakness: Option<String>,
}

/// Where the node says that the transaction stands.
struct Place<'a> {
    receipt: &'a Value,
    block: &'a Value,
    id: BlockId,
    index: u64,
}

/// JSON-RPC: there is no such method.
const NO_SUCH_METHOD: i64 = -32601;

impl From<RpcError> for Doubt {
    fn from(error: RpcError) -> Doubt {
        Doubt::Silence(error.to_string())
    }
}

impl Claimed<'_> {
    fn kind(&self) -> Kind {
        if self.contract.is_some() { Kind::Log } else { Kind::Calldata }
    }

    /// What the node's receipt comes to.
    pub(super) fn prove(&self, rpc: &Rpc, receipt: &Value) -> Result<Proven, Doubt> {
        let lie = |what: &str| Doubt::Lie(format!("{} is not believed: {what}", rpc.name()));
        if array(&receipt["transactionHash"]) != Some(self.transaction) {
            return Err(lie("it gives the receipt of another transaction"));
        }
        let hash: [u8; 32] =
            array(&receipt["blockHash"]).ok_or_else(|| lie("a receipt without its block"))?;
        let index = number(&receipt["transactionIndex"]).ok_or_else(|| lie("a receipt without its place"))?;
        let block = rpc.ask("eth_getBlockByHash", json!([hex0x(&hash), true]))?;
        if block.is_null() {
            return Err(Doubt::Silence(format!("{} does not give the block of a receipt", rpc.name())));
        }
        let numbers = number(&block["number"]).zip(number(&block["timestamp"]));
        let (number_, time) = numbers.ok_or_else(|| lie("a block without number and time"))?;
        if array(&block["hash"]) != Some(hash) || number(&receipt["blockNumber"]) != Some(number_) {
            return Err(lie("it gives another block than the receipt names"));
        }
        let id = BlockId { number: number_, hash, time };
        let place = Place { receipt, block: &block, id, index };
        let (evidence, weakness) = match self.weakness(&block) {
            Some(why) => (self.attested(&place).map_err(|what| lie(&what))?, Some(why)),
            None => self.proof(rpc, &place)?,
        };
        let bytes = evidence.encode(self.kind());
        self.check(&bytes, id).map_err(|problem| lie(&problem))?;
        Ok(Proven { bytes, block: id, weakness })
    }

    /// Why no proof can be made of this block, as far as that is seen before trying.
    fn weakness(&self, block: &Value) -> Option<String> {
        match Network::of(self.chain_id) {
            Some(network) if !network.has_full_proofs => {
                return Some(format!("proofs from blocks of {} are not tested", network.name));
            }
            _ => {}
        }
        let transactions = block["transactions"].as_array()?;
        if let Some(field) = rebuild::unknown_field(block) {
            return Some(format!("the block has a field that this program does not know: {field:.40}"));
        }
        let unknown = transactions.iter().find(|json| number(&json["type"]).is_some_and(|kind| kind > 4));
        unknown.map(|_| "the block has transactions of a type that this program does not know".to_owned())
    }

    fn proof(&self, rpc: &Rpc, place: &Place<'_>) -> Result<(Evidence, Option<String>), Doubt> {
        let lie = |what: &str| Doubt::Lie(format!("{} is not believed: {what}", rpc.name()));
        let header = rebuild::header(place.block).filter(|header| keccak256(header) == place.id.hash);
        let header = header.ok_or_else(|| lie("its block's header does not hash to the block's hash"))?;
        let parts = Header::decode(&header).map_err(|problem| lie(&problem.to_string()))?;
        let transactions = self.transactions(place).map_err(|what| lie(what))?;
        let (root, nodes) = rebuild::proof(&transactions, place.index);
        if root != parts.transactions_root {
            return Err(lie("its block's transactions are not those of the header"));
        }
        let Place { index, .. } = *place;
        let proof = |item, nodes, log_index| {
            Evidence::Proof(Proof {
                chain_id: self.chain_id,
                header: header.clone(),
                index,
                item,
                nodes,
                log_index,
            })
        };
        let at = usize::try_from(index).ok();
        let mine =
            at.and_then(|at| transactions.get(at)).cloned().ok_or_else(|| lie("there is no such place"))?;
        if keccak256(&mine) != self.transaction {
            return Err(lie("another transaction stands where the receipt says"));
        }
        if self.contract.is_none() {
            return Ok((proof(mine, nodes, 0), None));
        }
        let answer = match rpc.ask("eth_getBlockReceipts", json!([hex0x(&place.id.hash)])) {
            Err(RpcError::Refused { code: NO_SUCH_METHOD, node, .. }) => {
                let weakness = format!("{node} does not give a block's receipts");
                return Ok((self.attested(place).map_err(|what| lie(&what))?, Some(weakness)));
            }
            answer => answer?,
        };
        let receipts =
            answer.as_array().and_then(|list| list.iter().map(rebuild::receipt).collect::<Option<Vec<_>>>());
        let receipts = receipts.ok_or_else(|| lie("its receipts are none"))?;
        let encoded: Vec<Vec<u8>> = receipts.iter().map(|receipt| receipt.encode()).collect();
        let (root, nodes) = rebuild::proof(&encoded, index);
        let receipt = at.and_then(|at| receipts.get(at)).filter(|_| root == parts.receipts_root);
        let receipt = receipt.ok_or_else(|| lie("its block's receipts are not those of the header"))?;
        if !receipt.has_succeeded {
            return Err(Doubt::Reverted);
        }
        let log_index = receipt.logs.iter().position(|log| self.is_ours(log));
        let log_index = log_index.ok_or_else(|| lie("a receipt without our event"))?;
        Ok((proof(receipt.encode(), nodes, log_index as u64), None))
    }

    /// All transactions of the block, each with the hash that the node gives it.
    fn transactions(&self, place: &Place<'_>) -> Result<Vec<Vec<u8>>, &'static str> {
        let list = place.block["transactions"].as_array().ok_or("a block without transactions")?;
        let raws = list.iter().map(|json| {
            let raw = rebuild::transaction(json).filter(|raw| array(&json["hash"]) == Some(keccak256(raw)));
            raw.ok_or("one of its transactions does not hash to its hash")
        });
        raws.collect()
    }

    fn attested(&self, place: &Place<'_>) -> Result<Evidence, String> {
        let what = match self.contract {
            None => What::Transaction(self.raw.ok_or("a transaction that is not ours")?.to_vec()),
            Some(_) => {
                let logs = place.receipt["logs"].as_array();
                let mut logs = logs.into_iter().flatten().filter_map(rebuild::log);
                let log = logs.find(|log| self.is_ours(log)).ok_or("a receipt without our event")?;
                What::Log { transaction: self.transaction, log }
            }
        };
        Ok(Evidence::Attested(Attested { chain_id: self.chain_id, block: place.id, what }))
    }

    fn is_ours(&self, log: &Log) -> bool {
        let digest = crate::anchor::digest(self.body).0;
        Some(log.address) == self.contract && Anchored::of(log).is_ok_and(|event| event.digest == digest)
    }

    /// Judged as by anybody who knows the block.
    fn check(&self, evidence: &[u8], block: BlockId) -> Result<(), String> {
        let kind = match self.kind() {
            Kind::Calldata => AnchorKind::EvmCalldata,
            Kind::Log => AnchorKind::EvmLog,
        };
        let told = Told { evm_blocks: vec![(self.chain_id, block.hash)], ..Told::default() };
        match judge(kind.as_str(), 1, evidence, self.body, &told).verdict {
            Verdict::Ok | Verdict::NotChecked(Why::TestChain | Why::RpcAttested) => Ok(()),
            Verdict::Failed(problem) => Err(problem),
            Verdict::NotChecked(why) => Err(why.to_string()),
        }
    }
}
