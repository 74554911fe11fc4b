//! The log's own key, and the checkpoints that it signs.

use crate::merkle::Hash;
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::{self, NoteError, SignedNote};
use crate::note::vkey::{KeyName, KeyType, VerifierKey};
use crate::statement::ed25519::KeyPair;

/// Signs checkpoints of one log. While the log changes keys it holds the old one and the new one; the ledger says which
/// of them sign.
pub struct LogSigner {
    origin: KeyName,
    keys: Vec<KeyPair>,
}

impl LogSigner {
    pub fn new(origin: KeyName, key: KeyPair) -> LogSigner {
        LogSigner { origin, keys: vec![key] }
    }

    /// Adds the key that takes over, or the one that goes.
    pub fn and(mut self, key: KeyPair) -> LogSigner {
        self.keys.push(key);
        self
    }

    pub fn origin(&self) -> &KeyName {
        &self.origin
    }

    pub fn verifier_keys(&self) -> Vec<VerifierKey> {
        let verifier = |key: &KeyPair| VerifierKey::new(self.origin.clone(), KeyType::Ed25519, key.public());
        self.keys.iter().map(verifier).collect()
    }

    /// Signs with those of its keys that are due; an error if there is none.
    pub(super) fn sign(
        &self,
        size: u64,
        root: Hash,
        is_due: impl Fn(&VerifierKey) -> bool,
    ) -> Result<SignedNote, NoteError> {
        let text = Checkpoint { origin: self.origin.clone(), size, root }.to_string();
        let due = self.keys.iter().zip(self.verifier_keys()).filter(|(_, verifier)| is_due(verifier));
        let lines = due.map(|(key, _)| signed_note::sign(&text, &self.origin, key)).collect();
        SignedNote::new(text, lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::checkpoints::{CheckpointProblem, open};

    fn key(seed: u8) -> KeyPair {
        KeyPair::from_seed(&[seed; 32])
    }

    fn signer(name: &str, seed: u8) -> LogSigner {
        LogSigner::new(name.parse().unwrap(), key(seed))
    }

    #[test]
    fn what_is_signed_opens_with_either_key() {
        let both = signer("log.example", 1).and(key(2));
        let note = both.sign(8, Hash::of(b"root"), |_| true).unwrap().to_string();
        for seed in [1, 2] {
            let keys = signer("log.example", seed).verifier_keys();
            let (read, checkpoint) = open(note.as_bytes(), &keys).unwrap();
            assert_eq!(read.to_string(), note);
            assert_eq!((checkpoint.size, checkpoint.root), (8, Hash::of(b"root")));
        }
    }

    #[test]
    fn only_the_keys_that_are_due_sign() {
        let both = signer("log.example", 1).and(key(2));
        let due = both.verifier_keys().pop().unwrap();
        let note = both.sign(8, Hash::of(b"root"), |key| *key == due).unwrap();
        assert_eq!(note.signatures().len(), 1);
        assert!(open(note.to_string().as_bytes(), &[due]).is_ok());
        assert!(both.sign(8, Hash::of(b"root"), |_| false).is_err(), "nobody signs nothing");
    }

    #[test]
    fn another_key_log_or_text_does_not_open() {
        let note = signer("log.example", 1).sign(8, Hash::of(b"root"), |_| true).unwrap().to_string();
        let keys = signer("log.example", 1).verifier_keys();
        let problem = |note: &str, keys: &[VerifierKey]| open(note.as_bytes(), keys).unwrap_err();
        let foreign = signer("log.example", 3).verifier_keys();
        assert!(matches!(problem(&note, &foreign), CheckpointProblem::Signature(_)));
        let renamed = signer("other.example", 1).verifier_keys();
        assert!(matches!(problem(&note, &renamed), CheckpointProblem::OtherOrigin(_)));
        let larger = note.replace("\n8\n", "\n9\n");
        assert!(matches!(problem(&larger, &keys), CheckpointProblem::Signature(_)));
        assert!(matches!(problem("nothing", &keys), CheckpointProblem::Form(_)));
    }
}
