//! A receipt: a tlog-proof of one record, with the record's bytes as its extra data.

use super::signed_checkpoint::{self, SignedCheckpoint};
use super::trust::Trust;
use crate::ledger::Entry;
use crate::merkle::Hash;
use crate::merkle::proof::verify_inclusion;
use crate::merkle::tree::leaf_hash;
use crate::note::tlog_proof::TlogProof;

/// A receipt whose record is in the log, under a checkpoint that the log has signed.
#[derive(Debug, Clone)]
pub struct Receipt {
    pub seq: u64,
    pub leaf: Hash,
    /// The leaf bytes.
    pub bytes: Vec<u8>,
    /// None where the log holds bytes that are no entry: evidence in itself.
    pub entry: Option<Entry>,
    pub signed: SignedCheckpoint,
}

/// Reads a receipt and checks it against the log key.
pub fn open(text: &[u8], trust: &Trust) -> Result<Receipt, String> {
    let proof = TlogProof::parse(text).map_err(|error| format!("the receipt: {error}"))?;
    let signed = signed_checkpoint::open_note(&proof.checkpoint, trust)?;
    let leaf = leaf_hash(&proof.extra);
    let checkpoint = &signed.checkpoint;
    verify_inclusion(&leaf, proof.index, checkpoint.size, &proof.path, &checkpoint.root)
        .map_err(|error| format!("the receipt: {error}"))?;
    let entry = Entry::parse(&proof.extra).ok();
    Ok(Receipt { seq: proof.index, leaf, bytes: proof.extra, entry, signed })
}
