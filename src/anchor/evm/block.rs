//! Headers of blocks in Ethereum's format.

use super::evidence::{HEADER_BYTES_MAX, Problem};
use super::keccak256;
use super::rlp::Items;

/// Which block, and when its chain says it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockId {
    pub number: u64,
    pub hash: [u8; 32],
    /// Unix seconds.
    pub time: u64,
}

/// What anchors need of a header. Its hash covers the rest, fields of newer forks included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub id: BlockId,
    pub transactions_root: [u8; 32],
    pub receipts_root: [u8; 32],
}

/// Items of the oldest format; each fork since London has appended some.
const ITEMS_MIN: usize = 15;
const ITEMS_MAX: usize = 40;

impl Header {
    /// The Yellow Paper's section 4.4.3, and what later forks appended.
    pub fn decode(bytes: &[u8]) -> Result<Header, Problem> {
        if bytes.len() > HEADER_BYTES_MAX {
            return Err(Problem("the block's header is too long"));
        }
        Header::read(bytes).ok_or(Problem("the block's header is not one"))
    }

    fn read(bytes: &[u8]) -> Option<Header> {
        let mut items = Items::of(bytes)?;
        let (_parent, _ommers) = (items.exact::<32>()?, items.exact::<32>()?);
        let (_beneficiary, _state_root) = (items.exact::<20>()?, items.exact::<32>()?);
        let (transactions_root, receipts_root) = (items.exact()?, items.exact()?);
        let (_bloom, _difficulty) = (items.exact::<256>()?, items.word()?);
        let (number, _gas_limit, _gas_used, time) =
            (items.number()?, items.number()?, items.number()?, items.number()?);
        let (_extra, _mix, _nonce) = (items.bytes()?, items.exact::<32>()?, items.exact::<8>()?);
        let mut count = ITEMS_MIN;
        while !items.is_empty() {
            items.bytes()?;
            count += 1;
        }
        let id = BlockId { number, hash: keccak256(bytes), time };
        (count <= ITEMS_MAX).then_some(Header { id, transactions_root, receipts_root })
    }
}
