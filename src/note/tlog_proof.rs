//! C2SP tlog-proof: one file that shows, with no network, that a leaf is in a log.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::Checkpoint;
use super::policy::{OpenError, OpenedCheckpoint, Policy};
use super::signed_note::{NoteError, SignedNote};
use super::{hash_from_base64, hash_to_base64};
use crate::merkle::proof::{ProofError, verify_inclusion};
use crate::merkle::{Hash, decimal};

/// The longest file that is read: the longest note, and extra data that holds the longest entry.
pub const TLOG_PROOF_BYTES_MAX: usize = 256 * 1024;

/// No tree is higher.
const PATH_HASHES_MAX: usize = 64;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// What the application adds; nobody vouches for it. Empty: there is none.
    pub extra: Vec<u8>,
    pub index: u64,
    pub path: Vec<Hash>,
    /// The checkpoint with all its lines.
    pub checkpoint: SignedNote,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    #[error(transparent)]
    Checkpoint(#[from] NoteError),
    #[error("the extra data is empty or not in canonical base64")]
    Extra,
    #[error("line {line} is not a hash in canonical base64")]
    Hash { line: usize },
    #[error("the first line is not {HEADER}")]
    Header,
    #[error("the index is missing or not a decimal number in its one spelling")]
    Index,
    #[error("an empty line stands between the proof and the checkpoint")]
    NoCheckpoint,
    #[error("a proof is at most {TLOG_PROOF_BYTES_MAX} bytes and {PATH_HASHES_MAX} hashes long")]
    TooLong,
}

/// The proof does not show that the leaf is in a log of the policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyTlogProofError {
    #[error(transparent)]
    Checkpoint(#[from] OpenError),
    #[error(transparent)]
    Inclusion(#[from] ProofError),
}

impl TlogProof {
    pub fn parse(bytes: &[u8]) -> Result<TlogProof, TlogProofError> {
        if bytes.len() > TLOG_PROOF_BYTES_MAX {
            return Err(TlogProofError::TooLong);
        }
        let end = bytes.windows(2).position(|two| two == b"\n\n").ok_or(TlogProofError::NoCheckpoint)?;
        let (head, note) = (&bytes[..end], &bytes[end + 2..]);
        let head = std::str::from_utf8(head).map_err(|_| TlogProofError::Header)?;
        let mut lines = head.split('\n').zip(1..).peekable();

        lines.next().filter(|(line, _)| *line == HEADER).ok_or(TlogProofError::Header)?;
        let mut extra = Vec::new();
        if let Some((text, _)) = lines.next_if(|(line, _)| line.starts_with("extra")) {
            let text =
                text.strip_prefix("extra ").filter(|text| !text.is_empty()).ok_or(TlogProofError::Extra)?;
            extra = STANDARD.decode(text).map_err(|_| TlogProofError::Extra)?;
        }
        let index = lines.next().and_then(|(line, _)| decimal::parse(line.strip_prefix("index ")?));
        let index = index.ok_or(TlogProofError::Index)?;
        let mut path = Vec::new();
        for (text, line) in lines {
            path.push(hash_from_base64(text).ok_or(TlogProofError::Hash { line })?);
        }
        if path.len() > PATH_HASHES_MAX {
            return Err(TlogProofError::TooLong);
        }
        Ok(TlogProof { extra, index, path, checkpoint: SignedNote::parse(note)? })
    }

    /// Whether `leaf`, the RFC 6962 hash of what the caller holds, is in a log of the policy. Says in the answer, and
    /// does not demand, whether enough witnesses have seen that log.
    pub fn verify<'p>(
        &self,
        leaf: &Hash,
        policy: &'p Policy,
    ) -> Result<OpenedCheckpoint<'p>, VerifyTlogProofError> {
        let opened = policy.open(&self.checkpoint)?;
        let Checkpoint { size, root, .. } = &opened.checkpoint;
        verify_inclusion(leaf, self.index, *size, &self.path, root)?;
        Ok(opened)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if !self.extra.is_empty() {
            writeln!(f, "extra {}", STANDARD.encode(&self.extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", hash_to_base64(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::merkle::tree::leaf_hash;
    use crate::vectors;

    fn vector() -> (String, Hash, Policy) {
        let file = vectors::json("c2sp/c2sp_vectors.json");
        let proof = file["tlog_proof_leaf5"].as_str().unwrap().to_owned();
        let leaf = hex::decode(file["rfc6962_ct_leaves_hex"][5].as_str().unwrap()).unwrap();
        let (log, witness) =
            (file["log"]["vkey"].as_str().unwrap(), file["witness"]["vkey"].as_str().unwrap());
        let policy = format!("log {log}\nwitness w1 {witness}\nquorum w1\n");
        (proof, leaf_hash(&leaf), Policy::parse(policy.as_bytes()).unwrap())
    }

    #[test]
    fn our_vector_verifies_and_is_written_back() {
        let (text, leaf, policy) = vector();
        let proof = TlogProof::parse(text.as_bytes()).unwrap();
        assert_eq!((proof.index, proof.path.len(), proof.extra.len()), (5, 3, 0));
        assert_eq!(proof.to_string(), text);
        let opened = proof.verify(&leaf, &policy).unwrap();
        assert!(opened.has_quorum);
        assert_eq!(opened.checkpoint.size, 8);

        let moved = TlogProof { index: 4, ..proof.clone() };
        assert!(matches!(moved.verify(&leaf, &policy), Err(VerifyTlogProofError::Inclusion(_))));
        assert!(matches!(proof.verify(&Hash::ZERO, &policy), Err(VerifyTlogProofError::Inclusion(_))));
        let nobody = Policy::without_witnesses([]);
        assert!(matches!(proof.verify(&leaf, &nobody), Err(VerifyTlogProofError::Checkpoint(_))));

        let with_extra = TlogProof { extra: vec![0, 1, 255], ..proof };
        let text = with_extra.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra AAH/\nindex 5\n"));
        assert_eq!(TlogProof::parse(text.as_bytes()), Ok(with_extra));
    }

    #[test]
    fn every_other_form_is_refused() {
        use TlogProofError::*;
        let (good, ..) = vector();
        let swap = |from: &str, to: &str| {
            assert!(good.contains(from));
            good.replacen(from, to, 1)
        };
        for (text, error) in [
            (String::new(), NoCheckpoint),
            (swap("@v1", "@v2"), Header),
            (format!(" {good}"), Header),
            (format!("\n{good}"), Header),
            (swap("@v1\n", "@v1\r\n"), Header),
            (swap("@v1\n", "@v1\nextra\n"), Extra),
            (swap("@v1\n", "@v1\nextra \n"), Extra),
            (swap("@v1\n", "@v1\nextra AAH\n"), Extra),
            (swap("@v1\n", "@v1\nextra AAH/\nextra AAH/\n"), Index),
            (swap("index 5\n", ""), Index),
            (swap("index 5", "index 05"), Index),
            (swap("index 5", "index  5"), Index),
            (swap("index 5", "index -1"), Index),
            (swap("index 5\n", "index 5\nindex 5\n"), Hash { line: 3 }),
            (swap("vBoG", "vBo"), Hash { line: 3 }),
            (swap("037k", " 037k"), Hash { line: 5 }),
            (swap("index 5\n", "index 5\nextra AAH/\n"), Hash { line: 3 }),
            (
                good.split("\n\n").take(2).collect::<Vec<_>>().join("\n\n"),
                Checkpoint(NoteError::NoSignatures),
            ),
            (good.trim_end().to_owned(), Checkpoint(NoteError::NoSignatures)),
        ] {
            assert_eq!(TlogProof::parse(text.as_bytes()), Err(error), "{text}");
        }
    }

    #[test]
    fn limits_hold_at_and_past_them() {
        let (text, ..) = vector();
        let mut proof = TlogProof::parse(text.as_bytes()).unwrap();
        proof.path = vec![Hash::ZERO; PATH_HASHES_MAX];
        assert_eq!(TlogProof::parse(proof.to_string().as_bytes()).as_ref(), Ok(&proof));
        proof.path.push(Hash::ZERO);
        assert_eq!(TlogProof::parse(proof.to_string().as_bytes()), Err(TlogProofError::TooLong));
        proof.path.clear();

        let empty = proof.to_string().len() + "extra \n".len();
        proof.extra = vec![0; (TLOG_PROOF_BYTES_MAX - empty) / 4 * 3];
        assert!(TlogProof::parse(proof.to_string().as_bytes()).is_ok());
        proof.extra.extend([0; 3]);
        assert_eq!(TlogProof::parse(proof.to_string().as_bytes()), Err(TlogProofError::TooLong));
    }

    proptest! {
        #[test]
        fn noise_never_panics(noise: Vec<u8>, at: prop::sample::Index, byte: u8) {
            let _ = TlogProof::parse(&noise);
            let (text, leaf, policy) = vector();
            let mut bad = text.clone().into_bytes();
            let at = at.index(bad.len());
            bad[at] = byte;
            if let Ok(proof) = TlogProof::parse(&bad) {
                prop_assert_eq!(proof.to_string().into_bytes(), bad.clone());
                // The line of a witness that was renamed is a stranger's, and so ignored.
                let verified = proof.verify(&leaf, &policy).is_ok_and(|opened| opened.has_quorum);
                prop_assert!(!verified || bad == text.into_bytes());
            }
        }
    }
}
