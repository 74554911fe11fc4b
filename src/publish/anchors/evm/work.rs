//! The submitter's notes on one job: RLP, version 1.
//!
//! `[1, nonce, [[raw, signed_at, is_sent]…], [] | [transaction, block_hash, block_number]]`

use alloy_rlp::Encodable as _;

use crate::anchor::evm::{Items, Signed, encode_list};

const VERSION: u64 = 1;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) nonce: u64,
    /// All under the one nonce, the dearest last; none: nothing is signed yet.
    pub(super) variants: Vec<Variant>,
    pub(super) landed: Option<Landed>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) raw: Vec<u8>,
    pub(super) hash: [u8; 32],
    /// Unix seconds.
    pub(super) signed_at: u64,
    pub(super) is_sent: bool,
}

/// Which transaction is in which block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Landed {
    pub(super) transaction: [u8; 32],
    pub(super) block_hash: [u8; 32],
    pub(super) block_number: u64,
}

impl Work {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode_list(|out| {
            VERSION.encode(out);
            self.nonce.encode(out);
            out.extend(encode_list(|out| self.variants.iter().for_each(|variant| variant.put(out))));
            out.extend(encode_list(|out| {
                if let Some(landed) = &self.landed {
                    landed.transaction[..].encode(out);
                    landed.block_hash[..].encode(out);
                    landed.block_number.encode(out);
                }
            }));
        })
    }

    /// None: damaged, or of a newer program.
    pub(super) fn decode(bytes: &[u8]) -> Option<Work> {
        if bytes.is_empty() {
            return Some(Work::default());
        }
        let mut items = Items::of(bytes)?;
        if items.number()? != VERSION {
            return None;
        }
        let (nonce, mut list, mut variants) = (items.number()?, items.list()?, Vec::new());
        while !list.is_empty() {
            variants.push(Variant::read(&mut list.list()?)?);
        }
        let mut landed = items.list()?;
        let landed = if landed.is_empty() { None } else { Some(Landed::read(&mut landed)?) };
        items.end()?;
        Some(Work { nonce, variants, landed })
    }

    pub(super) fn raw_of(&self, hash: &[u8; 32]) -> Option<&[u8]> {
        self.variants.iter().find(|variant| variant.hash == *hash).map(|variant| &variant.raw[..])
    }
}

impl Variant {
    pub(super) fn new(signed: &Signed, now: u64) -> Variant {
        Variant { raw: signed.encode(), hash: signed.hash(), signed_at: now, is_sent: false }
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend(encode_list(|out| {
            self.raw[..].encode(out);
            self.signed_at.encode(out);
            u64::from(self.is_sent).encode(out);
        }));
    }

    fn read(items: &mut Items<'_>) -> Option<Variant> {
        let raw = items.bytes()?.to_vec();
        let hash = Signed::decode(&raw).ok()?.hash();
        let (signed_at, is_sent) = (items.number()?, items.number()? == 1);
        items.end()?;
        Some(Variant { raw, hash, signed_at, is_sent })
    }
}

impl Landed {
    fn read(items: &mut Items<'_>) -> Option<Landed> {
        let landed =
            Landed { transaction: items.exact()?, block_hash: items.exact()?, block_number: items.number()? };
        items.end()?;
        Some(landed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::evm::Transaction;
    use crate::publish::anchors::evm::GasKey;

    #[test]
    fn notes_are_read_back_and_damage_is_none() {
        let transaction = Transaction {
            chain_id: 31337,
            nonce: 4,
            max_priority_fee: 1,
            max_fee: 2,
            gas: 3,
            to: None,
            data: vec![7; 40],
        };
        let key = GasKey::from_hex(&"17".repeat(32)).unwrap();
        let mut variant = Variant::new(&key.sign(transaction), 99);
        variant.is_sent = true;
        let landed = Landed { transaction: variant.hash, block_hash: [2; 32], block_number: 0 };
        for work in [
            Work::default(),
            Work { nonce: 4, variants: vec![variant.clone()], landed: None },
            Work { nonce: 4, variants: vec![variant.clone(), variant], landed: Some(landed) },
        ] {
            let bytes = work.encode();
            assert_eq!(Work::decode(&bytes), Some(work));
            for end in 1..bytes.len() {
                assert_eq!(Work::decode(&bytes[..end]), None);
            }
            assert_eq!(Work::decode(&[&bytes[..], &[0]].concat()), None);
        }
        assert_eq!(Work::decode(&[]), Some(Work::default()));
    }
}
