//! Anchors in EVM chains: calldata of a transaction, or an event of an `AnchorLog` contract. docs/format.md, "Anchors:
//! EVM".
//!
//! All of a proof hangs on one block hash: header, Merkle-Patricia proof (Ethereum Yellow Paper, appendix D), transaction
//! (EIP-1559) or receipt (EIP-2718). Whether the chain has that block is not in the evidence: the reader is told.

mod block;
mod event;
mod evidence;
mod networks;
mod proof;
mod publication;
mod receipt;
mod rlp;
mod transaction;

pub use block::{BlockId, Header};
pub use event::{Anchored, EVENT, event_topic, origin_hash};
pub use evidence::{Attested, EVIDENCE_BYTES_MAX, Evidence, HEADER_BYTES_MAX, Problem, Proof, What};
pub use networks::{NETWORKS, Network};
pub use proof::index_key;
pub use publication::{Misfit, Published, misfits};
pub use receipt::{Log, Receipt};
pub use rlp::{Items, encode_list};
pub use transaction::{CALLDATA_PREFIX, Signed, Transaction, address_of, calldata, created_address};

use sha3::{Digest as _, Keccak256};

use super::finding::{Claim, Finding, Level, Source, Verdict, Why};
use super::{Told, digest};
use crate::note::checkpoint::Checkpoint;

/// An account or a contract.
pub type Address = [u8; 20];

/// The two kinds of evidence from EVM chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Calldata,
    Log,
}

pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// Judges evidence for the checkpoint with this body.
pub fn judge(kind: Kind, bytes: &[u8], checkpoint_body: &str, told: &Told) -> Finding {
    match examine(kind, bytes, checkpoint_body) {
        Ok(found) => weigh(found, told),
        Err(problem) => Finding::failed(problem.to_string()),
    }
}

/// What evidence says, once all that can be checked without the chain is checked.
struct Found {
    chain_id: u64,
    is_proof: bool,
    block: BlockId,
    transaction: Option<[u8; 32]>,
    sender: Address,
    contract: Option<Address>,
}

fn examine(kind: Kind, bytes: &[u8], checkpoint_body: &str) -> Result<Found, Problem> {
    match Evidence::decode(kind, bytes)? {
        Evidence::Proof(proof) => {
            let header = Header::decode(&proof.header)?;
            let root = match kind {
                Kind::Calldata => &header.transactions_root,
                Kind::Log => &header.receipts_root,
            };
            proof::check(root, proof.index, &proof.item, &proof.nodes)?;
            let said = match kind {
                Kind::Calldata => said_by_transaction(&proof.item, proof.chain_id, checkpoint_body)?,
                Kind::Log => {
                    let receipt = Receipt::decode(&proof.item)?;
                    said_by_log(receipt.successful_log(proof.log_index)?, None, checkpoint_body)?
                }
            };
            Ok(said.found(proof.chain_id, true, header.id))
        }
        Evidence::Attested(attested) => {
            let said = match &attested.what {
                What::Transaction(raw) => said_by_transaction(raw, attested.chain_id, checkpoint_body)?,
                What::Log { transaction, log } => said_by_log(log, Some(*transaction), checkpoint_body)?,
            };
            Ok(said.found(attested.chain_id, false, attested.block))
        }
    }
}

/// Who put the checkpoint there.
struct Said {
    transaction: Option<[u8; 32]>,
    sender: Address,
    contract: Option<Address>,
}

impl Said {
    fn found(self, chain_id: u64, is_proof: bool, block: BlockId) -> Found {
        let Said { transaction, sender, contract } = self;
        Found { chain_id, is_proof, block, transaction, sender, contract }
    }
}

fn said_by_transaction(raw: &[u8], chain_id: u64, checkpoint_body: &str) -> Result<Said, Problem> {
    let signed = Signed::decode(raw)?;
    if signed.transaction.chain_id != chain_id {
        return Err(Problem("the transaction is for another chain"));
    }
    if signed.transaction.data != calldata(&digest(checkpoint_body)) {
        return Err(Problem("the transaction does not hold the digest of this checkpoint"));
    }
    let sender = signed.sender().ok_or(Problem("the transaction's signature is nobody's"))?;
    Ok(Said { transaction: Some(signed.hash()), sender, contract: None })
}

fn said_by_log(log: &Log, transaction: Option<[u8; 32]>, checkpoint_body: &str) -> Result<Said, Problem> {
    let checkpoint: Checkpoint =
        checkpoint_body.parse().map_err(|_| Problem("the checkpoint's body is not one"))?;
    let event = Anchored::of(log)?;
    if event.digest != digest(checkpoint_body).0 {
        return Err(Problem("the event does not hold the digest of this checkpoint"));
    }
    if event.size != checkpoint.size {
        return Err(Problem("the event is about another size than the checkpoint"));
    }
    if event.origin != origin_hash(checkpoint.origin.as_str()) {
        return Err(Problem("the event is about another log"));
    }
    Ok(Said { transaction, sender: event.sender, contract: Some(log.address) })
}

fn weigh(found: Found, told: &Told) -> Finding {
    let network = Network::of(found.chain_id);
    let is_told = told.evm_blocks.contains(&(found.chain_id, found.block.hash));
    let (level, verdict) = match network {
        None => (Level::RpcAttested, Verdict::NotChecked(Why::TestChain)),
        Some(network) if !network.has_full_proofs || !found.is_proof => {
            (Level::RpcAttested, Verdict::NotChecked(Why::RpcAttested))
        }
        Some(_) if is_told => (Level::Consensus, Verdict::Ok),
        Some(_) => (Level::Consensus, Verdict::NotChecked(Why::BlockNotConfirmed)),
    };
    let is_publication = told.publication.as_ref().is_some_and(|list| {
        list.chain_id == found.chain_id
            && Some(list.contract) == found.contract
            && list.sender == found.sender
    });
    let source = Source::Evm {
        chain_id: found.chain_id,
        block_number: found.block.number,
        block_hash: found.block.hash,
        transaction: found.transaction,
        sender: Some(found.sender),
        contract: found.contract,
    };
    let claim = Claim { level, not_after: Some(found.block.time), source, is_publication };
    Finding { verdict, claim: Some(claim) }
}

#[cfg(test)]
mod tests;
