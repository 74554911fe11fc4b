//! The bytes of EVM evidence: one RLP list, in one of two forms for each kind.

use alloy_rlp::Encodable as _;

use super::Kind;
use super::block::BlockId;
use super::receipt::Log;
use super::rlp::{Items, encode_list, put_bytes};

/// Seven branches, a leaf with the longest item, the item itself and the longest header fit.
pub const EVIDENCE_BYTES_MAX: usize = 49_152;
/// Ethereum's are some 600 bytes.
pub const HEADER_BYTES_MAX: usize = 4_096;
/// A transaction that anchors is some 150 bytes, its receipt some 600.
pub(super) const ITEM_BYTES_MAX: usize = 16_384;
/// A list of 2^20 items is no deeper.
const NODES_MAX: usize = 8;
const NODE_BYTES_MAX: usize = ITEM_BYTES_MAX + 64;
const TOPICS_MAX: usize = 4;

/// What the second item says where there is no header.
const ATTESTED: &[u8] = b"rpc-attested";

/// Why evidence is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Problem(pub(super) &'static str);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    Proof(Proof),
    Attested(Attested),
}

/// Everything up to a block's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub chain_id: u64,
    /// RLP; Keccak-256 of it is the block's hash.
    pub header: Vec<u8>,
    /// Of the transaction in its block.
    pub index: u64,
    /// The transaction (calldata) or its receipt (log), as EIP-2718 encodes them.
    pub item: Vec<u8>,
    /// From the root down.
    pub nodes: Vec<Vec<u8>>,
    /// Among the receipt's own logs; 0 for calldata.
    pub log_index: u64,
}

/// What an RPC node told, for chains whose blocks are not known to be in Ethereum's format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    pub chain_id: u64,
    pub block: BlockId,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Transaction(Vec<u8>),
    Log { transaction: [u8; 32], log: Log },
}

impl Evidence {
    pub fn chain_id(&self) -> u64 {
        match self {
            Evidence::Proof(proof) => proof.chain_id,
            Evidence::Attested(attested) => attested.chain_id,
        }
    }

    /// As kind `evm-log` where it has a log, `evm-calldata` otherwise.
    pub fn encode(&self, kind: Kind) -> Vec<u8> {
        match self {
            Evidence::Proof(proof) => proof.encode(kind),
            Evidence::Attested(attested) => attested.encode(),
        }
    }

    pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Evidence, Problem> {
        if bytes.len() > EVIDENCE_BYTES_MAX {
            return Err(Problem("the evidence is too long"));
        }
        read(kind, bytes).ok_or(Problem("the evidence is not of its form"))
    }
}

impl Proof {
    fn encode(&self, kind: Kind) -> Vec<u8> {
        encode_list(|out| {
            self.chain_id.encode(out);
            put_bytes(out, &self.header);
            self.index.encode(out);
            put_bytes(out, &self.item);
            out.extend(encode_list(|out| self.nodes.iter().for_each(|node| put_bytes(out, node))));
            if kind == Kind::Log {
                self.log_index.encode(out);
            }
        })
    }

    fn read(kind: Kind, chain_id: u64, header: &[u8], items: &mut Items<'_>) -> Option<Proof> {
        let index = u64::from(u32::try_from(items.number()?).ok()?);
        let item = items.short(ITEM_BYTES_MAX)?.to_vec();
        let (mut list, mut nodes) = (items.list()?, Vec::new());
        while !list.is_empty() && nodes.len() < NODES_MAX {
            nodes.push(list.short(NODE_BYTES_MAX)?.to_vec());
        }
        list.end()?;
        let log_index = match kind {
            Kind::Calldata => 0,
            Kind::Log => items.number()?,
        };
        Some(Proof { chain_id, header: header.to_vec(), index, item, nodes, log_index })
    }
}

impl Attested {
    fn encode(&self) -> Vec<u8> {
        encode_list(|out| {
            self.chain_id.encode(out);
            put_bytes(out, ATTESTED);
            self.block.number.encode(out);
            put_bytes(out, &self.block.hash);
            self.block.time.encode(out);
            match &self.what {
                What::Transaction(raw) => put_bytes(out, raw),
                What::Log { transaction, log } => {
                    put_bytes(out, transaction);
                    log.put(out);
                }
            }
        })
    }

    fn read(kind: Kind, chain_id: u64, items: &mut Items<'_>) -> Option<Attested> {
        let block = BlockId { number: items.number()?, hash: items.exact()?, time: items.number()? };
        let what = match kind {
            Kind::Calldata => What::Transaction(items.short(ITEM_BYTES_MAX)?.to_vec()),
            Kind::Log => {
                let transaction = items.exact()?;
                let log = Log::read(&mut items.list()?)?;
                if log.topics.len() > TOPICS_MAX {
                    return None;
                }
                What::Log { transaction, log }
            }
        };
        Some(Attested { chain_id, block, what })
    }
}

fn read(kind: Kind, bytes: &[u8]) -> Option<Evidence> {
    let mut items = Items::of(bytes)?;
    let (chain_id, second) = (items.number()?, items.short(HEADER_BYTES_MAX)?);
    let evidence = if second == ATTESTED {
        Evidence::Attested(Attested::read(kind, chain_id, &mut items)?)
    } else {
        Evidence::Proof(Proof::read(kind, chain_id, second, &mut items)?)
    };
    items.end()?;
    Some(evidence)
}
