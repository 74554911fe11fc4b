//! Merkle-Patricia proofs of one item of a block's list of transactions or receipts (Yellow Paper, appendix D).
//!
//! Walked by hand: `alloy-trie` 0.9 panics on made-up nodes whose paths add up to more than 64 nibbles. Nodes of these
//! two tries are never so short that they stand within their parents, so every step is a hash.

use alloy_rlp::Encodable as _;

use super::evidence::Problem;
use super::keccak256;
use super::rlp::Items;

/// Checks that the list under `root` has `item` at `index`. `nodes` go from the root down to the leaf, none over.
pub(super) fn check(root: &[u8; 32], index: u64, item: &[u8], nodes: &[Vec<u8>]) -> Result<(), Problem> {
    let path = nibbles(&index_key(index));
    let (mut wanted, mut path) = (*root, &path[..]);
    let (last, inner) = nodes.split_last().ok_or(Problem("the proof has no nodes"))?;
    for node in inner {
        is_at(node, &wanted)?;
        (wanted, path) = step(node, path).ok_or(Problem("the proof leads elsewhere"))?;
    }
    is_at(last, &wanted)?;
    match leaf(last) {
        Some((rest, value)) if rest == path && value == item => Ok(()),
        _ => Err(Problem("the proof does not end in what stands with it")),
    }
}

/// Under which key the list has its item.
pub fn index_key(index: u64) -> Vec<u8> {
    let mut key = Vec::new();
    index.encode(&mut key);
    key
}

fn is_at(node: &[u8], wanted: &[u8; 32]) -> Result<(), Problem> {
    if keccak256(node) == *wanted {
        Ok(())
    } else {
        Err(Problem("a node of the proof is not the one named above it"))
    }
}

fn nibbles(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
}

/// From a branch or an extension to the hash of the next node and what is left of the path.
fn step<'p>(node: &[u8], path: &'p [u8]) -> Option<([u8; 32], &'p [u8])> {
    let mut items = Items::of(node)?;
    if let Some((false, shared)) = short_node(node) {
        items.bytes()?;
        return Some((items.exact()?, path.strip_prefix(&shared[..])?));
    }
    let (first, rest) = path.split_first()?;
    let mut children = [&[][..]; 16];
    for child in &mut children {
        *child = items.bytes()?;
    }
    // A branch ends with a value of its own, which these tries never have.
    let (value, next) = (items.bytes()?, children.get(usize::from(*first))?);
    items.end()?;
    value.is_empty().then_some((<[u8; 32]>::try_from(*next).ok()?, rest))
}

/// What is left of the path at a leaf, and the leaf's value.
fn leaf(node: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some((true, path)) = short_node(node) else { return None };
    let mut items = Items::of(node)?;
    items.bytes()?;
    Some((path, items.bytes()?))
}

/// Whether a node of two items is a leaf, and its path (appendix C, hex-prefix encoding).
fn short_node(node: &[u8]) -> Option<(bool, Vec<u8>)> {
    let mut items = Items::of(node)?;
    let path = nibbles(items.short(33)?);
    items.bytes()?;
    items.end()?;
    let (is_leaf, is_odd) = match path.first()? {
        flag @ 0..=3 => (flag & 2 != 0, flag & 1 != 0),
        _ => return None,
    };
    match (is_odd, path.get(1)?) {
        (true, _) => Some((is_leaf, path[1..].to_vec())),
        (false, 0) => Some((is_leaf, path[2..].to_vec())),
        (false, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::evm::encode_list;
    use crate::anchor::evm::rlp::put_bytes;

    fn node(items: &[&[u8]]) -> Vec<u8> {
        encode_list(|out| items.iter().for_each(|item| put_bytes(out, item)))
    }

    /// Index 0 has key 0x80: nibbles 8 and 0.
    #[test]
    fn a_leaf_alone_an_extension_and_a_branch_are_walked() {
        let item = [7; 40];
        let alone = node(&[&[0x20, 0x80], &item]);
        assert_eq!(check(&keccak256(&alone), 0, &item, std::slice::from_ref(&alone)), Ok(()));
        assert!(check(&keccak256(&alone), 1, &item, std::slice::from_ref(&alone)).is_err());
        let leaf = node(&[&[0x30], &item]);
        let below = keccak256(&leaf);
        let mut children = [&[][..]; 17];
        children[8] = &below;
        let branch = node(&children);
        assert_eq!(check(&keccak256(&branch), 0, &item, &[branch.clone(), leaf.clone()]), Ok(()));
        let extension = node(&[&[0x18], &below]);
        assert_eq!(check(&keccak256(&extension), 0, &item, &[extension.clone(), leaf.clone()]), Ok(()));
        for bad in [vec![], vec![branch.clone()], vec![leaf.clone()], vec![branch, leaf.clone(), leaf]] {
            assert!(check(&keccak256(&extension), 0, &item, &bad).is_err());
        }
    }

    #[test]
    fn paths_that_never_end_and_nodes_that_are_none_are_refused() {
        let item = [7; 40];
        let last = node(&[&[0x20, 0x80], &item]);
        let mut nodes = vec![last];
        for _ in 0..6 {
            let below = keccak256(&nodes[0]);
            nodes.insert(0, node(&[&[0; 33], &below]));
        }
        assert!(check(&keccak256(&nodes[0]), 0, &item, &nodes).is_err());
        let spelled = node(&[&[0x2f, 0x80], &item]);
        assert!(check(&keccak256(&spelled), 0, &item, &[spelled]).is_err());
        for odd in [vec![], vec![0x80], vec![0xc0], vec![0xff; 40], node(&[&[0x20]]), node(&[b"", b"", b""])]
        {
            assert!(check(&keccak256(&odd), 0, &item, &[odd]).is_err());
        }
    }
}
