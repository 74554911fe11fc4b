//! Receipts of transactions and the logs in them (Yellow Paper 4.3.1, EIP-658, EIP-2718).

use alloy_rlp::Encodable as _;

use super::Address;
use super::evidence::{ITEM_BYTES_MAX, Problem};
use super::rlp::{Items, encode_list, put_bytes};

/// What a contract said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub address: Address,
    pub topics: Vec<[u8; 32]>,
    pub data: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// EIP-2718's type of its transaction; 0: the oldest, which has none in front.
    pub transaction_type: u8,
    pub has_succeeded: bool,
    /// By this and those before it in the block.
    pub gas_used: u64,
    pub bloom: Box<[u8; 256]>,
    pub logs: Vec<Log>,
}

impl Receipt {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.transaction_type > 0 {
            bytes.push(self.transaction_type);
        }
        bytes.extend(encode_list(|out| {
            u64::from(self.has_succeeded).encode(out);
            self.gas_used.encode(out);
            put_bytes(out, &self.bloom[..]);
            out.extend(encode_list(|out| self.logs.iter().for_each(|log| log.put(out))));
        }));
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Receipt, Problem> {
        if bytes.len() > ITEM_BYTES_MAX {
            return Err(Problem("the receipt is too long"));
        }
        Receipt::read(bytes).ok_or(Problem("the receipt is not one"))
    }

    fn read(bytes: &[u8]) -> Option<Receipt> {
        let (transaction_type, list) = match bytes {
            [kind @ 1..=0x7f, list @ ..] => (*kind, list),
            list => (0, list),
        };
        let mut items = Items::of(list)?;
        let has_succeeded = match items.number()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let (gas_used, bloom) = (items.number()?, Box::new(items.exact()?));
        let (mut list, mut logs) = (items.list()?, Vec::new());
        while !list.is_empty() {
            logs.push(Log::read(&mut list.list()?)?);
        }
        items.end()?;
        Some(Receipt { transaction_type, has_succeeded, gas_used, bloom, logs })
    }

    /// The log at this place among the receipt's own. What a transaction that failed said is undone.
    pub(super) fn successful_log(&self, index: u64) -> Result<&Log, Problem> {
        if !self.has_succeeded {
            return Err(Problem("the transaction failed"));
        }
        let index = usize::try_from(index).ok();
        index.and_then(|index| self.logs.get(index)).ok_or(Problem("the receipt has no log at this place"))
    }
}

impl Log {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend(encode_list(|out| {
            put_bytes(out, &self.address);
            self.put_topics(out);
            put_bytes(out, &self.data);
        }));
    }

    pub(super) fn put_topics(&self, out: &mut Vec<u8>) {
        out.extend(encode_list(|out| self.topics.iter().for_each(|topic| put_bytes(out, topic))));
    }

    /// Its three items, where they stand in a list of their own or of more.
    pub(super) fn read(items: &mut Items<'_>) -> Option<Log> {
        let address = items.exact()?;
        let (mut list, mut topics) = (items.list()?, Vec::new());
        while !list.is_empty() {
            topics.push(list.exact()?);
        }
        let data = items.bytes()?.to_vec();
        items.end()?;
        Some(Log { address, topics, data })
    }
}
