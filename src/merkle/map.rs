//! The subject map: a verifiable map from subject to (count, hash of its last record). It makes leaving out visible.
//!
//! A sparse Merkle tree over 256-bit keys in which a subtree with one key is that key's leaf and an empty one is 32 zero
//! bytes, so a path is as long as it must be and no longer. Nodes are content-addressed and never edited: an old root
//! stays provable for as long as its nodes are kept. Keys are never removed. Knows nothing of records or storage.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use super::Hash;

/// Bits of a key, so the longest path there can be.
pub const MAP_DEPTH_MAX: usize = 256;

/// Root of the map without keys, and the hash of every empty subtree.
pub const EMPTY_MAP: Hash = Hash::ZERO;

/// What the map says of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapValue {
    /// Records in the subject's chain.
    pub count: u64,
    /// Leaf hash of the last of them.
    pub last: Hash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapLeaf {
    pub key: Hash,
    pub value: MapValue,
}

/// Where a subject stands in the map.
pub fn map_key(subject: &str) -> Hash {
    Hash::of_parts(&[b"suyuan/subject/v1\0", subject.as_bytes()])
}

impl MapLeaf {
    pub fn hash(&self) -> Hash {
        let count = self.value.count.to_be_bytes();
        Hash::of_parts(&[b"suyuan/map-leaf/v1\0", &self.key.0, &count, &self.value.last.0])
    }
}

/// Proof of what the map says, or that it says nothing, of one key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MapProof {
    /// Brothers on the way from the leaf's end up to the root, empty ones included.
    pub siblings: Vec<Hash>,
    /// For absence: the one other leaf that stands where the key would be, if the place is not empty.
    pub other: Option<MapLeaf>,
}

/// A map proof does not show what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MapProofError {
    #[error("the other leaf does not stand in the way of the subject")]
    OtherElsewhere,
    #[error("the other leaf is the subject itself")]
    OtherIsSubject,
    #[error("a proof of presence names another leaf")]
    OtherWithPresence,
    #[error("the proof leads to another root")]
    RootDiffers,
    #[error("the proof has more than 256 siblings")]
    TooLong,
}

/// Checks that under `root` the subject has exactly `value`, or, with `None`, does not occur.
pub fn verify_map(
    root: &Hash,
    subject: &str,
    value: Option<MapValue>,
    proof: &MapProof,
) -> Result<(), MapProofError> {
    verify_key(root, map_key(subject), value, proof)
}

fn verify_key(
    root: &Hash,
    key: Hash,
    value: Option<MapValue>,
    proof: &MapProof,
) -> Result<(), MapProofError> {
    let depth = proof.siblings.len();
    if depth > MAP_DEPTH_MAX {
        return Err(MapProofError::TooLong);
    }
    let mut hash = match (value, proof.other) {
        (Some(value), None) => MapLeaf { key, value }.hash(),
        (Some(_), Some(_)) => return Err(MapProofError::OtherWithPresence),
        (None, None) => EMPTY_MAP,
        (None, Some(other)) if other.key == key => return Err(MapProofError::OtherIsSubject),
        (None, Some(other)) if shared_bits(&other.key, &key) < depth => {
            return Err(MapProofError::OtherElsewhere);
        }
        (None, Some(other)) => other.hash(),
    };
    for (height, sibling) in proof.siblings.iter().enumerate() {
        hash = match bit(&key, depth - 1 - height) {
            false => inner_hash(&hash, sibling),
            true => inner_hash(sibling, &hash),
        };
    }
    if hash == *root { Ok(()) } else { Err(MapProofError::RootDiffers) }
}

/// A stored node, found by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapNode {
    Inner { left: Hash, right: Hash },
    Leaf { key: Hash, value: MapValue },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are not a map node")]
pub struct MapNodeError;

const TAG_LEAF: u8 = 1;
const TAG_INNER: u8 = 2;

impl MapNode {
    pub fn hash(&self) -> Hash {
        match *self {
            MapNode::Inner { left, right } => inner_hash(&left, &right),
            MapNode::Leaf { key, value } => MapLeaf { key, value }.hash(),
        }
    }

    /// Stored form v1: `01 ‖ key(32) ‖ count u64 BE ‖ last(32)` or `02 ‖ left(32) ‖ right(32)`. A change is a new tag.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            MapNode::Inner { left, right } => [&[TAG_INNER][..], &left.0, &right.0].concat(),
            MapNode::Leaf { key, value } => {
                [&[TAG_LEAF][..], &key.0, &value.count.to_be_bytes(), &value.last.0].concat()
            }
        }
    }

    pub fn decode(bytes: &[u8]) -> Result<MapNode, MapNodeError> {
        let (tag, mut rest) = bytes.split_first().ok_or(MapNodeError)?;
        let node = match *tag {
            TAG_LEAF => MapNode::Leaf {
                key: Hash(take(&mut rest)?),
                value: MapValue { count: u64::from_be_bytes(take(&mut rest)?), last: Hash(take(&mut rest)?) },
            },
            TAG_INNER => MapNode::Inner { left: Hash(take(&mut rest)?), right: Hash(take(&mut rest)?) },
            _ => return Err(MapNodeError),
        };
        if rest.is_empty() { Ok(node) } else { Err(MapNodeError) }
    }
}

/// Where map nodes come from.
pub trait MapNodes {
    type Error;

    fn node(&self, hash: &Hash) -> Result<Option<MapNode>, Self::Error>;
}

/// Nodes by hash, for replays that fit in memory.
pub type MapNodesInMemory = BTreeMap<Hash, MapNode>;

impl MapNodes for MapNodesInMemory {
    type Error = Infallible;

    fn node(&self, hash: &Hash) -> Result<Option<MapNode>, Infallible> {
        Ok(self.get(hash).copied())
    }
}

/// The stored map cannot be read. All but `Read` mean that the store is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError<E> {
    #[error("the map node {0} holds other bytes than its hash says")]
    Corrupt(Hash),
    #[error("the map leaf {0} stands where its key does not lead")]
    Misplaced(Hash),
    #[error("the map node {0} is missing")]
    Missing(Hash),
    #[error(transparent)]
    Read(#[from] E),
    #[error("the map is deeper than its keys are long")]
    TooDeep,
}

/// What the map under `root` says of `subject`, with the proof of it.
pub fn prove<N: MapNodes + ?Sized>(
    nodes: &N,
    root: &Hash,
    subject: &str,
) -> Result<(Option<MapValue>, MapProof), MapError<N::Error>> {
    prove_key(nodes, root, map_key(subject))
}

fn prove_key<N: MapNodes + ?Sized>(
    nodes: &N,
    root: &Hash,
    key: Hash,
) -> Result<(Option<MapValue>, MapProof), MapError<N::Error>> {
    let mut siblings = Vec::new();
    let mut at = *root;
    let (value, other) = loop {
        if at == EMPTY_MAP {
            break (None, None);
        }
        match read(nodes, &at)? {
            MapNode::Leaf { key: found, value } if found == key => break (Some(value), None),
            MapNode::Leaf { key, value } => break (None, Some(MapLeaf { key, value })),
            MapNode::Inner { left, right } => {
                if siblings.len() == MAP_DEPTH_MAX {
                    return Err(MapError::TooDeep);
                }
                let (next, sibling) = if bit(&key, siblings.len()) { (right, left) } else { (left, right) };
                siblings.push(sibling);
                at = next;
            }
        }
    };
    siblings.reverse();
    Ok((value, MapProof { siblings, other }))
}

/// A step from one map to the next, to be written in one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapUpdate {
    pub root: Hash,
    /// Nodes of the new map that the old one did not have, all reachable from `root`.
    pub new_nodes: Vec<(Hash, MapNode)>,
    /// Nodes of the old map that the new one does not have. Counts only grow, so a stale node never comes back:
    /// it may be dropped once no root that needs it is to be proven any more.
    pub stale: Vec<Hash>,
}

/// Sets `changes` (by key) in the map under `root`, all in one pass.
pub fn update<N: MapNodes + ?Sized>(
    nodes: &N,
    root: &Hash,
    changes: &BTreeMap<Hash, MapValue>,
) -> Result<MapUpdate, MapError<N::Error>> {
    let changes: Vec<MapLeaf> =
        changes.iter().map(|(key, value)| MapLeaf { key: *key, value: *value }).collect();
    let mut updating = Updating { nodes, read: BTreeSet::new(), made: BTreeMap::new() };
    let root = updating.subtree(*root, 0, &changes)?;
    let Updating { read, made, .. } = updating;
    // A leaf pushed deeper by a newcomer, or set to what it was, is both read and made: neither new nor stale.
    let stale = read.iter().filter(|hash| !made.contains_key(*hash)).copied().collect();
    let new_nodes = made.into_iter().filter(|(hash, _)| !read.contains(hash)).collect();
    Ok(MapUpdate { root, new_nodes, stale })
}

struct Updating<'a, N: ?Sized> {
    nodes: &'a N,
    /// Nodes of the old map on the way to a change.
    read: BTreeSet<Hash>,
    /// Nodes that stand in their place in the new map.
    made: BTreeMap<Hash, MapNode>,
}

impl<N: MapNodes + ?Sized> Updating<'_, N> {
    /// Root of the subtree `old` at `depth` after `changes`, which all belong in it, sorted by key.
    fn subtree(&mut self, old: Hash, depth: usize, changes: &[MapLeaf]) -> Result<Hash, MapError<N::Error>> {
        if changes.is_empty() {
            return Ok(old);
        }
        if old == EMPTY_MAP {
            return Ok(self.build(depth, changes));
        }
        let node = read(self.nodes, &old)?;
        self.read.insert(old);
        match node {
            // `changes` is not empty here. A leaf that strayed would send `build` past the end of the keys.
            MapNode::Leaf { key, .. } if shared_bits(&key, &changes[0].key) < depth => {
                Err(MapError::Misplaced(old))
            }
            MapNode::Leaf { key, value } => match changes.binary_search_by_key(&key, |leaf| leaf.key) {
                Ok(_) => Ok(self.build(depth, changes)),
                Err(place) => {
                    let mut leaves = changes.to_vec();
                    leaves.insert(place, MapLeaf { key, value });
                    Ok(self.build(depth, &leaves))
                }
            },
            MapNode::Inner { left, right } => {
                if depth == MAP_DEPTH_MAX {
                    return Err(MapError::TooDeep);
                }
                let (lefts, rights) = divide(changes, depth);
                let left = self.subtree(left, depth + 1, lefts)?;
                let right = self.subtree(right, depth + 1, rights)?;
                Ok(self.make(MapNode::Inner { left, right }))
            }
        }
    }

    /// Root of a subtree at `depth` that holds just these leaves: sorted, keys distinct, alike in their first bits.
    fn build(&mut self, depth: usize, leaves: &[MapLeaf]) -> Hash {
        match leaves {
            [] => EMPTY_MAP,
            [MapLeaf { key, value }] => self.make(MapNode::Leaf { key: *key, value: *value }),
            _ => {
                let (lefts, rights) = divide(leaves, depth);
                let left = self.build(depth + 1, lefts);
                let right = self.build(depth + 1, rights);
                self.make(MapNode::Inner { left, right })
            }
        }
    }

    fn make(&mut self, node: MapNode) -> Hash {
        let hash = node.hash();
        self.made.insert(hash, node);
        hash
    }
}

/// Reads a node and checks that it is the one asked for: a changed disk must not change a root unseen.
fn read<N: MapNodes + ?Sized>(nodes: &N, hash: &Hash) -> Result<MapNode, MapError<N::Error>> {
    let node = nodes.node(hash)?.ok_or(MapError::Missing(*hash))?;
    if node.hash() == *hash { Ok(node) } else { Err(MapError::Corrupt(*hash)) }
}

/// Splits sorted leaves by bit `depth` of their keys.
fn divide(leaves: &[MapLeaf], depth: usize) -> (&[MapLeaf], &[MapLeaf]) {
    leaves.split_at(leaves.partition_point(|leaf| !bit(&leaf.key, depth)))
}

fn inner_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts(&[b"suyuan/map-node/v1\0", &left.0, &right.0])
}

/// Bit `depth` of a key, 0 being the most significant of byte 0.
fn bit(key: &Hash, depth: usize) -> bool {
    key.0[depth / 8] >> (7 - depth % 8) & 1 == 1
}

/// How many leading bits two keys have in common.
fn shared_bits(a: &Hash, b: &Hash) -> usize {
    let differing = a.0.iter().zip(&b.0).map(|(a, b)| a ^ b).enumerate().find(|(_, bits)| *bits != 0);
    differing.map_or(MAP_DEPTH_MAX, |(byte, bits)| byte * 8 + bits.leading_zeros() as usize)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], MapNodeError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(MapNodeError)?;
    *rest = tail;
    Ok(*head)
}

#[cfg(test)]
mod tests;
