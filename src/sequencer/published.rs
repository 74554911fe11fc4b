//! What readers see: the last commit whose checkpoint has left for the disk and for the signed head.

use std::sync::Arc;

use crate::ledger::{FactsError, Reader};
use crate::merkle::Hash;
use crate::merkle::proof::{ProofError, ProveError, inclusion_path, verify_inclusion};
use crate::merkle::tree::leaf_hash;
use crate::note::signed_note::SignedNote;
use crate::note::tlog_proof::TlogProof;
use crate::store::Snapshot;

/// One state of the ledger and the checkpoint that stands for it. Hold it for one answer, not for long.
pub struct Published {
    snapshot: Snapshot,
    pub size: u64,
    /// Root of the log tree.
    pub root: Hash,
    /// None only if the ledger was opened on a disk that holds no good one.
    pub checkpoint: Option<SignedNote>,
}

/// Proof that a record is in the log; its text is a C2SP tlog-proof with the record's bytes as extra data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub seq: u64,
    pub leaf: Hash,
    /// Size of the checkpoint in the proof.
    pub size: u64,
    pub proof: TlogProof,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The disk holds something else than what was signed.
    #[error("the proof of record {seq} does not hold: {problem}")]
    Broken { seq: u64, problem: ProofError },
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error("there is no checkpoint to prove anything against")]
    NoCheckpoint,
    #[error("record {seq} is not in the log of {size} entries")]
    NoSuchRecord { seq: u64, size: u64 },
}

/// One commit, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Entries before it.
    pub from: u64,
    /// Entries with it, its map record included.
    pub size: u64,
    pub at: i64,
    pub records: Vec<CommittedRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedRecord {
    pub seq: u64,
    pub leaf: Hash,
    /// Name and version, `harvest/1`.
    pub kind: String,
    /// The main subject first, then those touched.
    pub subjects: Vec<String>,
}

impl Published {
    pub(super) fn new(
        snapshot: Snapshot,
        size: u64,
        root: Hash,
        checkpoint: Option<SignedNote>,
    ) -> Arc<Published> {
        Arc::new(Published { snapshot, size, root, checkpoint })
    }

    pub fn reader(&self) -> Reader<Snapshot> {
        Reader(self.snapshot.clone())
    }

    /// The proof of one record under this checkpoint, checked before it is handed out.
    pub fn receipt(&self, seq: u64) -> Result<Receipt, ReceiptError> {
        let checkpoint = self.checkpoint.clone().ok_or(ReceiptError::NoCheckpoint)?;
        self.receipt_under(seq, self.size, &self.root, checkpoint)
    }

    /// The same under another checkpoint of this log, no longer than this one, or with more lines.
    pub fn receipt_under(
        &self,
        seq: u64,
        size: u64,
        root: &Hash,
        checkpoint: SignedNote,
    ) -> Result<Receipt, ReceiptError> {
        let reader = self.reader();
        if seq >= size || size > self.size {
            return Err(ReceiptError::NoSuchRecord { seq, size });
        }
        let bytes = reader.entry_bytes(seq)?.ok_or_else(|| FactsError(format!("entry {seq} is missing")))?;
        let leaf = leaf_hash(&bytes);
        let path = inclusion_path(&reader, seq, size).map_err(|error| match error {
            ProveError::Read(error) => ReceiptError::Facts(error),
            _ => ReceiptError::NoSuchRecord { seq, size },
        })?;
        verify_inclusion(&leaf, seq, size, &path, root)
            .map_err(|problem| ReceiptError::Broken { seq, problem })?;
        let proof = TlogProof { extra: bytes, index: seq, path, checkpoint };
        Ok(Receipt { seq, leaf, size, proof })
    }
}
