//! A split view: two checkpoints that one log has signed and that cannot both be of one history.
//!
//! Two roots of one size show it by themselves. Of two sizes, a consistency proof shows which root the larger tree has at
//! the smaller size, and it is not the one that was signed. docs/format.md, "Split view".

use std::fmt;

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

/// What a split view has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoHistories {
    pub origin: String,
    /// Entries up to which both go.
    pub size: u64,
    /// The root that was signed there.
    pub signed: Hash,
    /// The root that the other history has there, and its entries.
    pub other: Hash,
    pub larger: u64,
}

impl fmt::Display for TwoHistories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TwoHistories { origin, size, signed, other, larger } = self;
        write!(
            f,
            "the log {origin} has signed two histories: its first {size} entries have the root {signed} in one and \
             {other} in the other, which is of {larger} entries"
        )
    }
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

    /// What it shows; an error if it shows nothing. Asks for no witness: what the log's own key has signed
    /// it answers for.
    pub fn check(&self, trust: &Trust) -> Result<TwoHistories, String> {
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
        Ok(TwoHistories {
            origin: smaller.origin.to_string(),
            size: smaller.size,
            signed: smaller.root,
            other: self.root,
            larger: larger.size,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::merkle::proof::consistency_path;
    use crate::merkle::tree::{Frontier, NodesInMemory, leaf_hash, root_at};
    use crate::note::signed_note::{SignedNote, sign};
    use crate::note::vkey::{KeyName, KeyType, VerifierKey};
    use crate::statement::ed25519::KeyPair;
    use crate::vectors;
    use crate::verify::omission::Evidence;

    const ORIGIN: &str = "log.example/split";

    fn origin() -> KeyName {
        ORIGIN.parse().unwrap()
    }

    fn key(seed: u8) -> KeyPair {
        KeyPair::from_seed(&[seed; 32])
    }

    fn trust(seed: u8) -> String {
        let vkey = VerifierKey::new(origin(), KeyType::Ed25519, key(seed).public()).to_string();
        Trust::to_text(ORIGIN, &[vkey], Hash::of(b"genesis"), None)
    }

    /// The nodes of `size` leaves, of which those from `fork` on are this branch's own.
    fn tree(size: u64, fork: u64, branch: u8) -> NodesInMemory {
        let (mut frontier, mut nodes) = (Frontier::new(), NodesInMemory::new());
        for n in 0..size {
            let of = if n < fork { 0 } else { branch };
            let leaf = leaf_hash(&[&[of][..], &n.to_be_bytes()].concat());
            frontier.push(leaf, |node| {
                nodes.insert((node.level, node.index), node.hash);
            });
        }
        nodes
    }

    fn note(size: u64, nodes: &NodesInMemory, seed: u8) -> (Checkpoint, String) {
        let checkpoint = Checkpoint { origin: origin(), size, root: root_at(nodes, size).unwrap() };
        let text = checkpoint.to_string();
        let line = sign(&text, &origin(), &key(seed));
        (checkpoint, SignedNote::new(text, vec![line]).unwrap().to_string())
    }

    fn split(small: u64, large: u64, fork: u64, seed: u8) -> SplitView {
        let (a, b) = (tree(large, fork, 1), tree(large, fork, 2));
        let ((first, smaller), (second, larger)) = (note(small, &a, seed), note(large, &b, seed));
        if small == large {
            return SplitView::of_one_size((&first, &smaller), (&second, &larger));
        }
        let path = consistency_path(&b, small, large).unwrap();
        SplitView { smaller, larger, root: root_at(&b, small).unwrap(), path }
    }

    fn cases() -> Vec<(&'static str, SplitView)> {
        let good = || split(5, 9, 3, 1);
        vec![
            ("one size", split(7, 7, 3, 1)),
            ("two sizes", good()),
            ("from a power of two", split(4, 9, 3, 1)),
            ("one leaf", split(1, 2, 0, 1)),
            ("one history", split(5, 9, 6, 1)),
            ("another key", split(5, 9, 3, 2)),
            ("swapped", {
                let SplitView { smaller, larger, root, path } = good();
                SplitView { smaller: larger, larger: smaller, root, path }
            }),
            ("one size, swapped", {
                let SplitView { smaller, larger, root, path } = split(7, 7, 3, 1);
                SplitView { smaller: larger, larger: smaller, root, path }
            }),
            ("one size and a path", SplitView { path: vec![Hash::ZERO], ..split(7, 7, 3, 1) }),
            ("a root that the proof does not give", SplitView { root: Hash::of(b"x"), ..good() }),
            ("a path that is cut", SplitView { path: good().path[1..].to_vec(), ..good() }),
            ("the same twice", SplitView { larger: good().smaller, ..good() }),
        ]
    }

    #[test]
    fn evidence_holds_as_the_vectors_say() {
        let trust_text = trust(1);
        let parsed = Trust::parse(&trust_text).unwrap();
        let told = |(name, split): (&str, SplitView)| {
            let file = Evidence::Split(split).encode();
            let checked = Evidence::parse(&file).unwrap().check(&parsed);
            json!({
                "name": name,
                "file": String::from_utf8(file).unwrap(),
                "holds": checked.is_ok(),
                "says": checked.unwrap_or_else(|why| why),
            })
        };
        let cases: Vec<Value> = cases().into_iter().map(told).collect();
        let holds: Vec<&str> = cases
            .iter()
            .filter(|case| case["holds"] == true)
            .filter_map(|case| case["name"].as_str())
            .collect();
        assert_eq!(holds, ["one size", "two sizes", "from a power of two", "one leaf"]);
        vectors::check("split_view.json", &json!({ "trust": trust_text, "cases": cases }));
    }

    #[test]
    fn no_changed_file_holds() {
        let trust = Trust::parse(&trust(1)).unwrap();
        for split in [split(7, 7, 3, 1), split(5, 9, 3, 1)] {
            let file = Evidence::Split(split).encode();
            for at in 0..file.len() {
                for bit in 0..8 {
                    let mut changed = file.clone();
                    changed[at] ^= 1 << bit;
                    let checked = Evidence::parse(&changed).and_then(|evidence| evidence.check(&trust));
                    assert!(checked.is_err(), "byte {at}, bit {bit}");
                }
            }
        }
    }
}
