//! The log tree of RFC 6962 §2.1 over SHA-256: hashing, where its nodes are found, and the growing right edge.
//!
//! Only complete subtrees have a name (`level`, `index`); everything on the ragged right edge is computed when it is
//! asked for, so a stored node never changes. Knows nothing of what a leaf means, nor of where nodes are kept.

use std::collections::BTreeMap;

use super::Hash;

/// Root of the tree with no leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// `SHA-256(00 ‖ data)`.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Hash::of_parts(&[&[0], data])
}

/// `SHA-256(01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts(&[&[1], &left.0, &right.0])
}

/// Root over these leaf hashes.
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push(*leaf, |_| {});
    }
    frontier.root()
}

/// Where the hashes of complete subtrees come from: a database, tiles, memory.
pub trait NodeReader {
    type Error;

    /// Hash of the leaves `[index · 2^level, (index + 1) · 2^level)`; level 0 is the leaf hashes.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// A complete subtree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    pub level: u8,
    pub index: u64,
    pub hash: Hash,
}

/// Nodes by (level, index), for replays that fit in memory.
pub type NodesInMemory = BTreeMap<(u8, u64), Hash>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no node {index} on level {level}")]
pub struct MissingNode {
    pub level: u8,
    pub index: u64,
}

impl NodeReader for NodesInMemory {
    type Error = MissingNode;

    fn node(&self, level: u8, index: u64) -> Result<Hash, MissingNode> {
        self.get(&(level, index)).copied().ok_or(MissingNode { level, index })
    }
}

/// The right edge of a growing tree: all it takes to add a leaf and to know the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees that make up the tree, largest first: one for each set bit of `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// The edge of a tree of `size` leaves that is already stored.
    pub fn from_nodes<R: NodeReader + ?Sized>(size: u64, reader: &R) -> Result<Frontier, R::Error> {
        Ok(Frontier { size, peaks: peaks(reader, 0, size)? })
    }

    /// Adds a leaf and hands over every node that it completes, itself (level 0) first.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(Node)) {
        let mut node = Node { level: 0, index: self.size, hash: leaf };
        completed(node);
        // Each trailing set bit of the size is a peak as large as the node just completed: its left brother.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            node = Node { level: node.level + 1, index: node.index >> 1, hash: node_hash(&left, &node.hash) };
            completed(node);
        }
        self.peaks.push(node.hash);
        self.size += 1;
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn root(&self) -> Hash {
        fold(&self.peaks)
    }
}

/// Root of the first `size` leaves.
pub fn root_at<R: NodeReader + ?Sized>(reader: &R, size: u64) -> Result<Hash, R::Error> {
    Ok(fold(&peaks(reader, 0, size)?))
}

/// Hash of the leaves `[start, end)`, a range that RFC 6962 splits off some tree.
///
/// # Panics
/// When no tree splits off that range: `start` must be a multiple of the power of two that holds `end - start`.
pub fn range_hash<R: NodeReader + ?Sized>(reader: &R, start: u64, end: u64) -> Result<Hash, R::Error> {
    assert!(start < end, "the range {start}..{end} is empty");
    let aligned =
        (end - start).checked_next_power_of_two().map_or(start == 0, |width| start.is_multiple_of(width));
    assert!(aligned, "no tree has the range {start}..{end} as a subtree");
    Ok(fold(&peaks(reader, start, end)?))
}

/// The largest power of two below `size`, where RFC 6962 splits a tree of `size` ≥ 2 leaves.
pub(super) fn split(size: u64) -> u64 {
    debug_assert!(size >= 2);
    1 << (size - 1).ilog2()
}

/// The complete subtrees of an aligned range, largest first.
fn peaks<R: NodeReader + ?Sized>(reader: &R, start: u64, end: u64) -> Result<Vec<Hash>, R::Error> {
    let mut found = Vec::new();
    let mut at = start;
    for level in (0..64).rev() {
        if (end - start) >> level & 1 == 1 {
            found.push(reader.node(level, at >> level)?);
            at += 1 << level;
        }
    }
    Ok(found)
}

fn fold(peaks: &[Hash]) -> Hash {
    let folded = peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
    folded.unwrap_or(EMPTY_ROOT)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// RFC 6962 §2.1 word for word.
    pub(in crate::merkle) fn naive_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(b""),
            [one] => *one,
            _ => {
                let mut k = 1;
                while k * 2 < leaves.len() {
                    k *= 2;
                }
                node_hash(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
            }
        }
    }

    pub(in crate::merkle) fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    pub(in crate::merkle) fn stored(leaves: &[Hash]) -> NodesInMemory {
        let mut nodes = NodesInMemory::new();
        let mut frontier = Frontier::new();
        for leaf in leaves {
            frontier.push(*leaf, |node| {
                assert_eq!(
                    nodes.insert((node.level, node.index), node.hash),
                    None,
                    "a node is completed once"
                );
            });
        }
        nodes
    }

    #[test]
    fn roots_are_those_of_the_rfc_for_every_size() {
        let leaves = leaves(300);
        let nodes = stored(&leaves);
        let mut frontier = Frontier::new();
        for size in 0..=leaves.len() {
            let want = naive_root(&leaves[..size]);
            assert_eq!(frontier.root(), want, "size {size}");
            assert_eq!(root_of(&leaves[..size]), want);
            assert_eq!(root_at(&nodes, size as u64), Ok(want));
            assert_eq!(Frontier::from_nodes(size as u64, &nodes).as_ref(), Ok(&frontier));
            if let Some(leaf) = leaves.get(size) {
                frontier.push(*leaf, |_| {});
            }
        }
    }

    #[test]
    fn completed_nodes_are_the_complete_subtrees_and_no_others() {
        let leaves = leaves(77);
        let nodes = stored(&leaves);
        for ((level, index), hash) in &nodes {
            let (start, end) = ((*index as usize) << level, (*index as usize + 1) << level);
            assert_eq!(*hash, naive_root(&leaves[start..end]));
        }
        assert_eq!(nodes.len(), 77 + 38 + 19 + 9 + 4 + 2 + 1);
    }

    #[test]
    fn a_missing_node_is_reported_not_guessed() {
        let mut nodes = stored(&leaves(6));
        nodes.remove(&(1, 2));
        assert_eq!(root_at(&nodes, 6), Err(MissingNode { level: 1, index: 2 }));
        assert_eq!(root_at(&nodes, 7), Err(MissingNode { level: 1, index: 2 }));
    }

    #[test]
    fn sizes_near_the_end_of_u64_do_not_overflow() {
        struct Any;
        impl NodeReader for Any {
            type Error = std::convert::Infallible;
            fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
                Ok(Hash::of_parts(&[&[level], &index.to_be_bytes()]))
            }
        }
        assert!(root_at(&Any, u64::MAX).is_ok());
        assert!(range_hash(&Any, 0, u64::MAX).is_ok());
        assert!(range_hash(&Any, u64::MAX - 1, u64::MAX).is_ok());
        assert_eq!(split(u64::MAX), 1 << 63);
        assert_eq!((split(2), split(3), split(4), split(5)), (1, 2, 2, 4));
    }

    #[test]
    fn range_hash_refuses_ranges_no_tree_has() {
        let nodes = stored(&leaves(8));
        assert_eq!(range_hash(&nodes, 4, 7), Ok(naive_root(&leaves(8)[4..7])));
        for (start, end) in [(1, 3), (2, 5), (3, 3), (6, 4)] {
            let nodes = nodes.clone();
            let caught = std::panic::catch_unwind(move || range_hash(&nodes, start, end).is_ok());
            assert!(caught.is_err(), "{start}..{end}");
        }
    }
}
