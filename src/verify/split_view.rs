//! A split view: two checkpoints that one log has signed and that cannot both be of one history.
//!
//! Two roots of one size show it by themselves. Of two sizes, a consistency proof shows which root the larger tree has at
//! the smaller size, and it is not the one that was signed. docs/format.md, "Split view".

use super::signed_checkpoint;
use super::trust::Trust;
use crate::merkle::Hash;
use crate::merkle::proof::verify_consistency;
use crate::note::checkpoint::Checkpoint;

/// Both notes, and what shows that they do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitView {
    /// The note of the smaller size; of one size, the one with the lower root.
    pub smaller: String,
    pub larger: String,
    /// Root of the larger tree at the smaller size.
    pub root: Hash,
    /// Consistency proof (RFC 9162 §2.1.4) from `root` to the larger checkpoint; empty for one size.
    pub path: Vec<Hash>,
}

impl SplitView {
    /// Of two checkpoints of one size, each with its note.
    pub fn of_one_size(first: (&Checkpoint, &str), second: (&Checkpoint, &str)) -> SplitView {
        let ((_, smaller), (larger, note)) =
            if first.0.root.0 < second.0.root.0 { (first, second) } else { (second, first) };
        SplitView {
            smaller: smaller.to_owned(),
            larger: note.to_owned(),
            root: larger.root,
            path: Vec::new(),
        }
    }

    /// What it shows, in a sentence; an error if it shows nothing. Asks for no witness: what the log's own key has signed
    /// it answers for.
    pub fn check(&self, trust: &Trust) -> Result<String, String> {
        let smaller = signed_checkpoint::open(&self.smaller, trust)?.checkpoint;
        let larger = signed_checkpoint::open(&self.larger, trust)?.checkpoint;
        if smaller.size > larger.size || (smaller.size == larger.size && smaller.root.0 > larger.root.0) {
            return Err("the checkpoints are not in order".into());
        }
        if smaller.root == self.root {
            return Err("the checkpoints are of one history: nothing is shown".into());
        }
        verify_consistency(smaller.size, larger.size, &self.root, &larger.root, &self.path)
            .map_err(|error| format!("the consistency proof: {error}"))?;
        Ok(format!(
            "the log {} has signed two histories: its first {} entries have the root {} in one and {} in the other, \
             which is of {} entries",
            smaller.origin, smaller.size, smaller.root, self.root, larger.size
        ))
    }
}
