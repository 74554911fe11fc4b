//! Proofs about the log tree: one leaf is in it, many leaves are in it, one tree is the beginning of another.
//!
//! Making a proof reads nodes; checking one takes nothing but its arguments. Checking is strict: a proof has exactly
//! the hashes that its sizes call for, so one fact has one proof. Sizes and indices may be hostile: no work or memory
//! grows with them beyond their 64 bits.

use super::Hash;
use super::tree::{EMPTY_ROOT, NodeReader, node_hash, range_hash, split};

/// A proof does not show what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("leaf {index} is not in a tree of {size}")]
    NoSuchLeaf { index: u64, size: u64 },
    #[error("the proof leads to another old root")]
    OldRootDiffers,
    #[error("the proof leads to another root")]
    RootDiffers,
    #[error("a tree of {old} cannot grow to {new}")]
    SizeShrinks { old: u64, new: u64 },
    #[error("the leaves are not in order, each once")]
    UnsortedLeaves,
    #[error("the proof has too few or too many hashes")]
    WrongLength,
}

/// A proof that was asked for does not exist, or its nodes cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    #[error("leaf {index} is not in a tree of {size}")]
    NoSuchLeaf { index: u64, size: u64 },
    #[error(transparent)]
    Read(#[from] E),
    #[error("a tree of {old} cannot grow to {new}")]
    SizeShrinks { old: u64, new: u64 },
    #[error("the leaves are not in order, each once")]
    UnsortedLeaves,
}

/// Proof that leaf `index` is in the tree of `size`: the brothers on its way to the root, the leaf's own first.
pub fn inclusion_path<R: NodeReader + ?Sized>(
    reader: &R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    if index >= size {
        return Err(ProveError::NoSuchLeaf { index, size });
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range_hash(reader, middle, end)?);
            end = middle;
        } else {
            path.push(range_hash(reader, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// RFC 9162 §2.1.3.2.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::NoSuchLeaf { index, size });
    }
    let (mut index, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for brother in path {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if index & 1 == 1 || index == last {
            hash = node_hash(brother, &hash);
            // A last node without a right brother goes up unhashed, to where it is a right child.
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, brother);
        }
        index >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::RootDiffers) }
}

/// Proof that the tree of `new` leaves begins with the tree of `old`. From nothing, or from itself, it is empty.
pub fn consistency_path<R: NodeReader + ?Sized>(
    reader: &R,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    if old > new {
        return Err(ProveError::SizeShrinks { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0, new);
    let mut path = Vec::new();
    while old < end {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range_hash(reader, middle, end)?);
            end = middle;
        } else {
            path.push(range_hash(reader, start, middle)?);
            start = middle;
        }
    }
    // Where the old tree itself is a node of the new one, the verifier has its root already.
    if start > 0 {
        path.push(range_hash(reader, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// RFC 9162 §2.1.4.2, with the rules of C2SP tlog-witness for an old size of 0 and for equal sizes.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::SizeShrinks { old, new });
    }
    if old == 0 && *old_root != EMPTY_ROOT {
        return Err(ProofError::OldRootDiffers);
    }
    if old == new && old_root != new_root {
        return Err(ProofError::RootDiffers);
    }
    if old == 0 || old == new {
        return if path.is_empty() { Ok(()) } else { Err(ProofError::WrongLength) };
    }

    // An old tree that is a node of the new one is its own starting point and not in the proof.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, path)
    } else {
        path.split_first().ok_or(ProofError::WrongLength)?
    };
    let shift = (old - 1).trailing_ones();
    let (mut index, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut old_hash, mut new_hash) = (*first, *first);
    for brother in rest {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if index & 1 == 1 || index == last {
            old_hash = node_hash(brother, &old_hash);
            new_hash = node_hash(brother, &new_hash);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, brother);
        }
        index >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    if old_hash != *old_root {
        return Err(ProofError::OldRootDiffers);
    }
    if new_hash == *new_root { Ok(()) } else { Err(ProofError::RootDiffers) }
}

/// Proof that many leaves are in one tree, each shared node once. `indices` are sorted, each once.
pub fn subset_proof<R: NodeReader + ?Sized>(
    reader: &R,
    indices: &[u64],
    size: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    if !indices.is_sorted_by(|a, b| a < b) {
        return Err(ProveError::UnsortedLeaves);
    }
    if let Some(&index) = indices.last().filter(|&&last| last >= size) {
        return Err(ProveError::NoSuchLeaf { index, size });
    }
    let mut proof = Vec::new();
    if size > 0 {
        prove_range(reader, indices, 0, size, &mut proof)?;
    }
    Ok(proof)
}

/// The root that `leaves`, as (index, leaf hash), sorted, each once, and `proof` lead to; the caller compares it.
pub fn subset_root(leaves: &[(u64, Hash)], size: u64, proof: &[Hash]) -> Result<Hash, ProofError> {
    if !leaves.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(ProofError::UnsortedLeaves);
    }
    if let Some(&(index, _)) = leaves.last().filter(|last| last.0 >= size) {
        return Err(ProofError::NoSuchLeaf { index, size });
    }
    let mut rest = proof.iter();
    let root = if size == 0 { EMPTY_ROOT } else { hash_range(leaves, 0, size, &mut rest)? };
    if rest.next().is_some() {
        return Err(ProofError::WrongLength);
    }
    Ok(root)
}

/// Cuts the inclusion path of one of `leaves` out of their subset proof.
pub fn path_from_subset(
    leaves: &[(u64, Hash)],
    size: u64,
    proof: &[Hash],
    index: u64,
) -> Result<Vec<Hash>, ProofError> {
    subset_root(leaves, size, proof)?;
    if leaves.binary_search_by_key(&index, |leaf| leaf.0).is_err() {
        return Err(ProofError::NoSuchLeaf { index, size });
    }
    let (mut leaves, mut start, mut end, mut rest) = (leaves, 0, size, proof.iter());
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        let (left, right) = leaves.split_at(leaves.partition_point(|leaf| leaf.0 < middle));
        if index < middle {
            // What the right side needs of the proof comes after what the left side does.
            let mut after_left = rest.clone();
            hash_range(left, start, middle, &mut after_left)?;
            path.push(hash_range(right, middle, end, &mut after_left)?);
            (leaves, end) = (left, middle);
        } else {
            path.push(hash_range(left, start, middle, &mut rest)?);
            (leaves, start) = (right, middle);
        }
    }
    path.reverse();
    Ok(path)
}

/// Recurses at most 64 deep: `split` leaves no side larger than the next lower power of two.
fn prove_range<R: NodeReader + ?Sized>(
    reader: &R,
    indices: &[u64],
    start: u64,
    end: u64,
    proof: &mut Vec<Hash>,
) -> Result<(), R::Error> {
    if indices.is_empty() {
        proof.push(range_hash(reader, start, end)?);
        return Ok(());
    }
    if end - start == 1 {
        return Ok(());
    }
    let middle = start + split(end - start);
    let (left, right) = indices.split_at(indices.partition_point(|index| *index < middle));
    prove_range(reader, left, start, middle, proof)?;
    prove_range(reader, right, middle, end, proof)
}

/// The mirror image of `prove_range`. Its work is bounded by 64 steps for each leaf and hash given.
fn hash_range(
    leaves: &[(u64, Hash)],
    start: u64,
    end: u64,
    proof: &mut std::slice::Iter<'_, Hash>,
) -> Result<Hash, ProofError> {
    if leaves.is_empty() {
        return proof.next().copied().ok_or(ProofError::WrongLength);
    }
    if let ([(_, hash)], 1) = (leaves, end - start) {
        return Ok(*hash);
    }
    let middle = start + split(end - start);
    let (left, right) = leaves.split_at(leaves.partition_point(|(index, _)| *index < middle));
    let left = hash_range(left, start, middle, proof)?;
    let right = hash_range(right, middle, end, proof)?;
    Ok(node_hash(&left, &right))
}

#[cfg(test)]
mod tests;
