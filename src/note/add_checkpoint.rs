//! The request of C2SP tlog-witness, `add-checkpoint`: from what size to what checkpoint, and the proof between them.
//! The log writes it and the witness reads it; what the witness answers is its own matter.

use std::fmt;

use super::signed_note::{NOTE_BYTES_MAX, NoteError, SignedNote};
use super::{hash_from_base64, hash_to_base64};
use crate::merkle::{Hash, decimal};

/// The most proof lines that a request may carry.
pub const PROOF_LINES_MAX: usize = 63;

/// The longest request that is read.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = NOTE_BYTES_MAX + 4096;

/// Its `Display` is the body to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// What the log believes the witness to have cosigned last; 0: nothing.
    pub old: u64,
    pub path: Vec<Hash>,
    pub checkpoint: SignedNote,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddCheckpointError {
    #[error(transparent)]
    Checkpoint(#[from] NoteError),
    #[error("line {line} is not a hash in canonical base64")]
    Hash { line: usize },
    #[error("an empty line stands between the proof and the checkpoint")]
    NoCheckpoint,
    #[error("the first line is not an old size in its one spelling")]
    OldSize,
    #[error("a request is at most {ADD_CHECKPOINT_BYTES_MAX} bytes and {PROOF_LINES_MAX} hashes long")]
    TooLong,
}

impl AddCheckpoint {
    pub fn parse(body: &[u8]) -> Result<AddCheckpoint, AddCheckpointError> {
        if body.len() > ADD_CHECKPOINT_BYTES_MAX {
            return Err(AddCheckpointError::TooLong);
        }
        let end = body.windows(2).position(|two| two == b"\n\n").ok_or(AddCheckpointError::NoCheckpoint)?;
        let (head, note) = (&body[..end], &body[end + 2..]);
        let head = std::str::from_utf8(head).map_err(|_| AddCheckpointError::OldSize)?;
        let mut lines = head.split('\n').zip(1..);
        let old = lines.next().and_then(|(line, _)| decimal::parse(line.strip_prefix("old ")?));
        let old = old.ok_or(AddCheckpointError::OldSize)?;
        let mut path = Vec::new();
        for (text, line) in lines {
            path.push(hash_from_base64(text).ok_or(AddCheckpointError::Hash { line })?);
        }
        if path.len() > PROOF_LINES_MAX {
            return Err(AddCheckpointError::TooLong);
        }
        Ok(AddCheckpoint { old, path, checkpoint: SignedNote::parse(note)? })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
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
    use crate::merkle::proof::verify_consistency;
    use crate::note::checkpoint::Checkpoint;
    use crate::vectors;

    #[test]
    fn our_vector_is_consistent_and_is_written_back() {
        let file = vectors::json("c2sp/c2sp_vectors.json");
        let body = file["add_checkpoint_body_old6"].as_str().unwrap();
        let request = AddCheckpoint::parse(body.as_bytes()).unwrap();
        assert_eq!(request.to_string(), body);
        let checkpoint: Checkpoint = request.checkpoint.text().parse().unwrap();
        let old_root = file["roots_hex"][6].as_str().unwrap().parse().unwrap();
        let verdict =
            verify_consistency(request.old, checkpoint.size, &old_root, &checkpoint.root, &request.path);
        assert_eq!((request.old, verdict), (6, Ok(())));
    }

    #[test]
    fn every_other_form_is_refused() {
        use AddCheckpointError::*;
        let note = "text\n\n— a AQIDBAU=\n";
        assert!(AddCheckpoint::parse(format!("old 0\n\n{note}").as_bytes()).is_ok());
        for (body, error) in [
            (String::new(), NoCheckpoint),
            (format!("old 0\n{note}"), Hash { line: 2 }),
            (format!("\n\n{note}"), OldSize),
            (format!("old\n\n{note}"), OldSize),
            (format!("old 00\n\n{note}"), OldSize),
            (format!("Old 0\n\n{note}"), OldSize),
            (format!("old 0\r\n\n{note}"), OldSize),
            (format!("old 1\nAAAA\n\n{note}"), Hash { line: 2 }),
            ("old 1\n\ntext\n".into(), Checkpoint(NoteError::NoSignatures)),
        ] {
            assert_eq!(AddCheckpoint::parse(body.as_bytes()), Err(error), "{body:?}");
        }
    }

    #[test]
    fn limits_hold_at_and_past_them() {
        let checkpoint = SignedNote::parse("text\n\n— a AQIDBAU=\n".as_bytes()).unwrap();
        let mut request = AddCheckpoint { old: 1, path: vec![Hash::ZERO; PROOF_LINES_MAX], checkpoint };
        assert_eq!(AddCheckpoint::parse(request.to_string().as_bytes()).as_ref(), Ok(&request));
        request.path.push(Hash::ZERO);
        assert_eq!(AddCheckpoint::parse(request.to_string().as_bytes()), Err(AddCheckpointError::TooLong));

        // The longest note under the longest proof has room; beyond, nothing is read.
        let text = "x".repeat(NOTE_BYTES_MAX - request.checkpoint.to_string().len() + 4) + "\n";
        request.path.pop();
        request.checkpoint = SignedNote::new(text, request.checkpoint.signatures().to_vec()).unwrap();
        assert_eq!(request.checkpoint.to_string().len(), NOTE_BYTES_MAX);
        assert_eq!(AddCheckpoint::parse(request.to_string().as_bytes()).as_ref(), Ok(&request));
        let over = vec![b'x'; ADD_CHECKPOINT_BYTES_MAX + 1];
        assert_eq!(AddCheckpoint::parse(&over), Err(AddCheckpointError::TooLong));
    }

    proptest! {
        #[test]
        fn what_parses_is_written_back_byte_for_byte(body in "old [0-9]{1,2}\n(A{43}=\n){0,2}\n[a\n]{1,3}\n\n— a [AB]{7}=\n|\\PC*") {
            if let Ok(request) = AddCheckpoint::parse(body.as_bytes()) {
                prop_assert_eq!(request.to_string(), body);
            }
        }
    }
}
