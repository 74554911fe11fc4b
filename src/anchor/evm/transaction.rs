//! Transactions that anchor: EIP-1559, no value, no access list.

use std::fmt;

use alloy_rlp::Encodable as _;
use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};

use super::evidence::{ITEM_BYTES_MAX, Problem};
use super::rlp::{Items, encode_list, put_bytes, put_word};
use super::{Address, keccak256};
use crate::merkle::Hash;

/// What the calldata of an anchor begins with; the digest follows.
pub const CALLDATA_PREFIX: &[u8; 4] = b"SYA1";

/// EIP-2718's type of EIP-1559.
const DYNAMIC_FEE: u8 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub chain_id: u64,
    pub nonce: u64,
    /// Wei per unit of gas, as the next.
    pub max_priority_fee: u128,
    pub max_fee: u128,
    pub gas: u64,
    /// None: it makes a contract.
    pub to: Option<Address>,
    pub data: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    pub transaction: Transaction,
    y_is_odd: bool,
    r: [u8; 32],
    s: [u8; 32],
}

/// The calldata of an anchor.
pub fn calldata(digest: &Hash) -> Vec<u8> {
    [&CALLDATA_PREFIX[..], &digest.0].concat()
}

/// The account of a key.
pub fn address_of(key: &VerifyingKey) -> Address {
    let point = key.to_sec1_point(false);
    last_20(&keccak256(&point.as_bytes()[1..]))
}

/// Where the contract stands that this account makes with this nonce.
pub fn created_address(sender: &Address, nonce: u64) -> Address {
    let list = encode_list(|out| {
        put_bytes(out, sender);
        nonce.encode(out);
    });
    last_20(&keccak256(&list))
}

impl Transaction {
    pub fn sign(self, key: &SigningKey) -> Signed {
        let (signature, id) = key.sign_prehash_recoverable(&self.signing_hash());
        let (r, s) = signature.split_bytes();
        Signed { transaction: self, y_is_odd: id.is_y_odd(), r: r.into(), s: s.into() }
    }

    fn signing_hash(&self) -> [u8; 32] {
        let mut bytes = vec![DYNAMIC_FEE];
        bytes.extend(encode_list(|out| self.put(out)));
        keccak256(&bytes)
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.chain_id.encode(out);
        self.nonce.encode(out);
        self.max_priority_fee.encode(out);
        self.max_fee.encode(out);
        self.gas.encode(out);
        put_bytes(out, self.to.as_ref().map_or(&[], |to| &to[..]));
        0u64.encode(out);
        put_bytes(out, &self.data);
        out.extend(encode_list(|_| {}));
    }

    fn read(items: &mut Items<'_>) -> Option<Transaction> {
        let (chain_id, nonce) = (items.number()?, items.number()?);
        let (max_priority_fee, max_fee) = (items.large_number()?, items.large_number()?);
        let gas = items.number()?;
        let to = match items.bytes()? {
            [] => None,
            to => Some(to.try_into().ok()?),
        };
        let (value, data) = (items.number()?, items.bytes()?.to_vec());
        items.list()?.end()?;
        (value == 0).then_some(Transaction { chain_id, nonce, max_priority_fee, max_fee, gas, to, data })
    }
}

impl Signed {
    /// EIP-2718: the type, then the list.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![DYNAMIC_FEE];
        bytes.extend(encode_list(|out| {
            self.transaction.put(out);
            u64::from(self.y_is_odd).encode(out);
            put_word(out, &self.r);
            put_word(out, &self.s);
        }));
        bytes
    }

    pub fn decode(raw: &[u8]) -> Result<Signed, Problem> {
        if raw.len() > ITEM_BYTES_MAX {
            return Err(Problem("the transaction is too long"));
        }
        Signed::read(raw).ok_or(Problem("the transaction is none of EIP-1559 without value and access list"))
    }

    fn read(raw: &[u8]) -> Option<Signed> {
        let mut items = Items::of(raw.strip_prefix(&[DYNAMIC_FEE])?)?;
        let transaction = Transaction::read(&mut items)?;
        let y_is_odd = match items.number()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let signed = Signed { transaction, y_is_odd, r: items.word()?, s: items.word()? };
        items.end()?;
        Some(signed)
    }

    pub fn hash(&self) -> [u8; 32] {
        keccak256(&self.encode())
    }

    /// Who signed; none: the signature is not one that the chain takes (EIP-2: the smaller of the two values of s).
    pub fn sender(&self) -> Option<Address> {
        let signature = Signature::from_scalars(self.r, self.s).ok()?;
        if signature.normalize_s() != signature {
            return None;
        }
        let id = RecoveryId::new(self.y_is_odd, false);
        let key =
            VerifyingKey::recover_from_prehash(&self.transaction.signing_hash(), &signature, id).ok()?;
        Some(address_of(&key))
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("transaction", &self.transaction).finish_non_exhaustive()
    }
}

fn last_20(hash: &[u8; 32]) -> Address {
    let mut address = [0; 20];
    address.copy_from_slice(&hash[12..]);
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first account of every local node (github.com/foundry-rs/foundry, hardhat): tests only.
    fn key() -> SigningKey {
        let secret = hex::decode("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80").unwrap();
        SigningKey::from_slice(&secret).unwrap()
    }

    fn transaction() -> Transaction {
        Transaction {
            chain_id: 1,
            nonce: 3,
            max_priority_fee: 1_000_000_000,
            max_fee: 3_000_000_000,
            gas: 30_000,
            to: Some([0x11; 20]),
            data: calldata(&Hash([5; 32])),
        }
    }

    #[test]
    fn the_well_known_key_has_its_well_known_account_and_contracts() {
        let account = address_of(key().verifying_key());
        assert_eq!(hex::encode(account), "f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
        // The address that every tutorial's first contract on a local node has.
        assert_eq!(hex::encode(created_address(&account, 0)), "5fbdb2315678afecb367f032d93f642f64180aa3");
    }

    #[test]
    fn what_is_signed_is_read_back_with_its_sender() {
        let signed = transaction().sign(&key());
        let raw = signed.encode();
        assert_eq!(Signed::decode(&raw).unwrap(), signed);
        assert_eq!(signed.sender(), Some(address_of(key().verifying_key())));
        assert_eq!(signed.hash(), keccak256(&raw));
        let creation = Transaction { to: None, ..transaction() }.sign(&key());
        assert_eq!(Signed::decode(&creation.encode()).unwrap(), creation);
    }

    #[test]
    fn the_other_value_of_s_is_nobodys() {
        let signed = transaction().sign(&key());
        let low = Signature::from_scalars(signed.r, signed.s).unwrap();
        let high = Signature::from_scalars(signed.r, (-*low.s()).to_bytes()).unwrap();
        let forged = Signed { y_is_odd: !signed.y_is_odd, s: high.split_bytes().1.into(), ..signed.clone() };
        assert_ne!(forged, signed);
        assert_eq!(forged.sender(), None);
    }
}
