use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;
use crate::merkle::tree::tests::{leaves, naive_root, stored};
use crate::merkle::tree::{NodesInMemory, leaf_hash, root_at};
use crate::vectors;

struct Log {
    leaves: Vec<Hash>,
    nodes: NodesInMemory,
}

impl Log {
    fn new(size: u64) -> Log {
        let leaves = leaves(size);
        Log { nodes: stored(&leaves), leaves }
    }

    fn root(&self, size: u64) -> Hash {
        root_at(&self.nodes, size).unwrap()
    }

    fn asked(&self, indices: &[u64]) -> Vec<(u64, Hash)> {
        indices.iter().map(|index| (*index, self.leaves[*index as usize])).collect()
    }
}

/// Every way to damage a proof a little.
fn damaged(path: &[Hash]) -> Vec<Vec<Hash>> {
    let mut made = Vec::new();
    for at in 0..path.len() {
        for bit in [0, 4, 255] {
            let mut bad = path.to_vec();
            bad[at].0[bit / 8] ^= 1 << (bit % 8);
            made.push(bad);
        }
        let mut bad = path.to_vec();
        bad.remove(at);
        made.push(bad);
    }
    for at in 0..=path.len() {
        let mut bad = path.to_vec();
        bad.insert(at, EMPTY_ROOT);
        made.push(bad);
    }
    made
}

#[test]
fn every_leaf_of_every_small_tree_is_proven() {
    let log = Log::new(130);
    for size in 1..=130 {
        let root = log.root(size);
        for index in 0..size {
            let leaf = &log.leaves[index as usize];
            let path = inclusion_path(&log.nodes, index, size).unwrap();
            assert_eq!(verify_inclusion(leaf, index, size, &path, &root), Ok(()), "{index} of {size}");
            assert!(verify_inclusion(leaf, index ^ 1, size, &path, &root).is_err() || size == 1);
        }
    }
}

#[test]
fn every_small_tree_begins_with_every_smaller_one() {
    let log = Log::new(130);
    for new in 0..=130 {
        for old in 0..=new {
            let path = consistency_path(&log.nodes, old, new).unwrap();
            let verdict = verify_consistency(old, new, &log.root(old), &log.root(new), &path);
            assert_eq!(verdict, Ok(()), "{old} to {new}");
        }
    }
}

#[test]
fn ct_merkle_makes_the_same_proofs_and_roots() {
    let log = Log::new(300);
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for size in 1..=300u64 {
        theirs.push((size - 1).to_be_bytes().to_vec());
        assert_eq!(theirs.root().as_bytes()[..], log.root(size).0);
        for index in [0, 1, size / 3, size / 2, size - 1] {
            if index < size {
                let ours = inclusion_path(&log.nodes, index, size).unwrap();
                assert_eq!(
                    theirs.prove_inclusion(index as usize).as_bytes(),
                    bytes_of(&ours),
                    "{index} of {size}"
                );
            }
        }
        for old in [1, 2, size / 3, size / 2, size - 1, size] {
            if (1..=size).contains(&old) {
                let ours = consistency_path(&log.nodes, old, size).unwrap();
                let theirs = theirs.prove_consistency((size - old) as usize);
                assert_eq!(theirs.as_bytes(), bytes_of(&ours), "{old} to {size}");
            }
        }
    }
}

fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_inclusion_proofs_are_refused(size in 1u64..400, at: prop::sample::Index) {
        let log = Log::new(size);
        let index = at.index(size as usize) as u64;
        let (leaf, root) = (log.leaves[index as usize], log.root(size));
        let path = inclusion_path(&log.nodes, index, size).unwrap();
        assert_eq!(verify_inclusion(&leaf, index, size, &path, &root), Ok(()));
        for bad in damaged(&path) {
            assert!(verify_inclusion(&leaf, index, size, &bad, &root).is_err());
        }
        for other in (0..size).filter(|other| *other != index) {
            assert!(verify_inclusion(&leaf, other, size, &path, &root).is_err());
        }
        assert!(verify_inclusion(&EMPTY_ROOT, index, size, &path, &root).is_err());
        assert!(verify_inclusion(&leaf, index, size, &path, &EMPTY_ROOT).is_err());
        let outside = verify_inclusion(&leaf, size, size, &path, &root);
        assert_eq!(outside, Err(ProofError::NoSuchLeaf { index: size, size }));
    }

    #[test]
    fn damaged_consistency_proofs_are_refused(new in 1u64..400, at: prop::sample::Index) {
        let log = Log::new(new);
        let old = at.index(new as usize + 1) as u64;
        let (old_root, new_root) = (log.root(old), log.root(new));
        let path = consistency_path(&log.nodes, old, new).unwrap();
        assert_eq!(verify_consistency(old, new, &old_root, &new_root, &path), Ok(()));
        for bad in damaged(&path) {
            assert!(verify_consistency(old, new, &old_root, &new_root, &bad).is_err());
        }
        if old != new {
            assert!(verify_consistency(old, new, &new_root, &new_root, &path).is_err());
            assert!(verify_consistency(new, old, &new_root, &old_root, &path).is_err());
        }
        if old > 0 {
            assert!(verify_consistency(old, new, &old_root, &old_root, &path).is_err() || old == new);
            assert!(verify_consistency(0, new, &old_root, &new_root, &path).is_err());
        }
    }

    #[test]
    fn subsets_lead_to_the_root_and_damaged_ones_do_not(size in 1u64..300, wanted in prop::collection::btree_set(0u64..300, 0..12)) {
        let log = Log::new(size);
        let indices: Vec<u64> = wanted.into_iter().filter(|index| *index < size).collect();
        let (asked, root) = (log.asked(&indices), naive_root(&log.leaves));
        let proof = subset_proof(&log.nodes, &indices, size).unwrap();
        assert_eq!(subset_root(&asked, size, &proof), Ok(root));
        for bad in damaged(&proof) {
            assert_ne!(subset_root(&asked, size, &bad), Ok(root));
        }
        for at in 0..asked.len() {
            let mut bad = asked.clone();
            bad[at].1 = EMPTY_ROOT;
            assert_ne!(subset_root(&bad, size, &proof), Ok(root));
            let mut bad = asked.clone();
            bad[at].0 ^= 1;
            assert_ne!(subset_root(&bad, size, &proof), Ok(root));
            let mut bad = asked.clone();
            bad.remove(at);
            assert_ne!(subset_root(&bad, size, &proof), Ok(root));
        }
        if let [one] = asked[..] {
            let mut path = inclusion_path(&log.nodes, one.0, size).unwrap();
            let mut same = proof;
            path.sort();
            same.sort();
            assert_eq!(path, same, "one leaf needs what its inclusion proof needs");
        }
    }

    #[test]
    fn hostile_arguments_are_answered(
        index: u64, size: u64, old: u64, path in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..70),
        indices: Vec<u64>,
    ) {
        let root = Hash::ZERO;
        assert!(verify_inclusion(&root, index, size, &path, &root).is_err());
        assert!(verify_consistency(old, size, &root, &root, &path).is_err() || old == size && path.is_empty());
        let leaves: Vec<(u64, Hash)> = indices.iter().map(|index| (*index, root)).collect();
        assert_ne!(subset_root(&leaves, size, &path), Ok(root));
    }
}

#[test]
fn proofs_that_do_not_exist_are_not_made() {
    let log = Log::new(8);
    assert_eq!(inclusion_path(&log.nodes, 8, 8), Err(ProveError::NoSuchLeaf { index: 8, size: 8 }));
    assert_eq!(inclusion_path(&log.nodes, 0, 0), Err(ProveError::NoSuchLeaf { index: 0, size: 0 }));
    assert_eq!(consistency_path(&log.nodes, 8, 7), Err(ProveError::SizeShrinks { old: 8, new: 7 }));
    assert_eq!(subset_proof(&log.nodes, &[1, 1], 8), Err(ProveError::UnsortedLeaves));
    assert_eq!(subset_proof(&log.nodes, &[2, 1], 8), Err(ProveError::UnsortedLeaves));
    assert_eq!(subset_proof(&log.nodes, &[1, 8], 8), Err(ProveError::NoSuchLeaf { index: 8, size: 8 }));
    assert!(matches!(inclusion_path(&log.nodes, 8, 10), Err(ProveError::Read(_))));
}

#[test]
fn the_witness_rules_for_nothing_and_for_the_same_hold() {
    let log = Log::new(8);
    let (root, hash) = (log.root(8), [Hash::ZERO]);
    assert_eq!(verify_consistency(0, 8, &EMPTY_ROOT, &root, &[]), Ok(()));
    assert_eq!(verify_consistency(0, 8, &EMPTY_ROOT, &root, &hash), Err(ProofError::WrongLength));
    assert_eq!(verify_consistency(0, 8, &root, &root, &[]), Err(ProofError::OldRootDiffers));
    assert_eq!(verify_consistency(0, 0, &EMPTY_ROOT, &EMPTY_ROOT, &[]), Ok(()));
    assert_eq!(verify_consistency(0, 0, &EMPTY_ROOT, &root, &[]), Err(ProofError::RootDiffers));
    assert_eq!(verify_consistency(8, 8, &root, &root, &[]), Ok(()));
    assert_eq!(verify_consistency(8, 8, &root, &root, &hash), Err(ProofError::WrongLength));
    assert_eq!(verify_consistency(8, 8, &root, &log.root(7), &[]), Err(ProofError::RootDiffers));
    assert_eq!(verify_consistency(4, 8, &log.root(4), &root, &[]), Err(ProofError::WrongLength));
    assert_eq!(verify_consistency(3, 8, &log.root(3), &root, &[]), Err(ProofError::WrongLength));
}

#[test]
fn the_whole_range_of_sizes_is_walked_without_overflow() {
    let leaf = leaf_hash(b"");
    for size in [u64::MAX, 1 << 63, (1 << 63) + 1] {
        let path = vec![Hash::ZERO; 64];
        assert!(verify_inclusion(&leaf, size - 1, size, &path, &leaf).is_err());
        assert!(verify_consistency(size - 1, size, &leaf, &leaf, &path).is_err());
        let root = subset_root(&[(0, leaf), (size - 1, leaf)], size, &vec![Hash::ZERO; 200]);
        assert_eq!(root, Err(ProofError::WrongLength));
        assert_eq!(subset_root(&[(0, leaf)], size, &[]), Err(ProofError::WrongLength));
    }
}

// ---- vectors of others

/// Hashes of a damaged vector may not even be 32 bytes: refused while reading.
fn hash_in(value: &Value) -> Option<Hash> {
    let bytes = STANDARD.decode(value.as_str()?).ok()?;
    bytes.try_into().ok().map(Hash)
}

fn path_in(value: &Value) -> Option<Vec<Hash>> {
    value.as_array().map_or(Some(Vec::new()), |hashes| hashes.iter().map(hash_in).collect())
}

#[test]
fn transparency_dev_inclusion_vectors() {
    for folder in ["rfc6962/inclusion/0", "rfc6962/inclusion/1", "rfc6962/inclusion/2"] {
        for (name, case) in vectors::json_files(folder) {
            let accepted = (|| {
                let (leaf, root) = (hash_in(&case["leafHash"])?, hash_in(&case["root"])?);
                let (index, size) = (case["leafIdx"].as_u64()?, case["treeSize"].as_u64()?);
                verify_inclusion(&leaf, index, size, &path_in(&case["proof"])?, &root).ok()
            })();
            assert_eq!(accepted.is_none(), case["wantErr"].as_bool().unwrap(), "{folder}/{name}");
        }
    }
}

#[test]
fn transparency_dev_consistency_vectors() {
    for folder in ["rfc6962/consistency/0", "rfc6962/consistency/1", "rfc6962/consistency/2"] {
        for (name, case) in vectors::json_files(folder) {
            let accepted = (|| {
                let (old, new) = (case["size1"].as_u64()?, case["size2"].as_u64()?);
                let (old_root, new_root) = (hash_in(&case["root1"])?, hash_in(&case["root2"])?);
                verify_consistency(old, new, &old_root, &new_root, &path_in(&case["proof"])?).ok()
            })();
            assert_eq!(accepted.is_none(), case["wantErr"].as_bool().unwrap(), "{folder}/{name}");
        }
    }
}

#[test]
fn c2sp_vectors() {
    let file = vectors::json("c2sp/c2sp_vectors.json");
    let texts = |name: &str| -> Vec<String> { serde_json::from_value(file[name].clone()).unwrap() };
    let hashes = |name: &str| -> Vec<Hash> { texts(name).iter().map(|text| text.parse().unwrap()).collect() };
    let leaves: Vec<Hash> =
        texts("rfc6962_ct_leaves_hex").iter().map(|text| leaf_hash(&hex::decode(text).unwrap())).collect();
    let nodes = stored(&leaves);
    for (size, root) in hashes("roots_hex").iter().enumerate() {
        assert_eq!(root_at(&nodes, size as u64).as_ref(), Ok(root));
    }
    assert_eq!(inclusion_path(&nodes, 5, 8), Ok(hashes("incl_5_of_8")));
    assert_eq!(inclusion_path(&nodes, 2, 7), Ok(hashes("incl_2_of_7")));
    assert_eq!(consistency_path(&nodes, 1, 8), Ok(path_in(&file["cons_1_8"]).unwrap()));
    assert_eq!(consistency_path(&nodes, 6, 8), Ok(hashes("cons_6_8")));
}

// ---- tests/vectors/subset.json

struct Case {
    desc: &'static str,
    ok: bool,
    size: u64,
    root: Hash,
    leaves: Vec<(u64, Hash)>,
    proof: Vec<Hash>,
}

impl Case {
    fn to_json(&self) -> Value {
        let verdict = subset_root(&self.leaves, self.size, &self.proof) == Ok(self.root);
        assert_eq!(verdict, self.ok, "{}", self.desc);
        let leaves: Vec<Value> =
            self.leaves.iter().map(|(index, hash)| json!({ "index": index, "hash": hash })).collect();
        json!({
            "desc": self.desc, "ok": self.ok, "size": self.size, "root": self.root, "leaves": leaves, "proof": self.proof,
        })
    }
}

#[test]
fn vectors_for_strangers() {
    let log = Log::new(40);
    let good = |desc, size, indices: &[u64]| Case {
        desc,
        ok: true,
        size,
        root: log.root(size),
        leaves: log.asked(indices),
        proof: subset_proof(&log.nodes, indices, size).unwrap(),
    };
    let mut cases = vec![
        good("no tree, no leaves", 0, &[]),
        good("no leaf asked: the root is the proof", 13, &[]),
        good("the only leaf", 1, &[0]),
        good("one of two", 2, &[1]),
        good("the first of thirteen", 13, &[0]),
        good("the last of thirteen, alone on the right edge", 13, &[12]),
        good("neighbours", 13, &[4, 5]),
        good("strangers", 13, &[0, 6, 12]),
        good("a whole subtree", 13, &[8, 9, 10, 11]),
        good("all", 7, &[0, 1, 2, 3, 4, 5, 6]),
        good("a few of forty", 40, &[3, 17, 18, 31, 32, 39]),
    ];
    let few = || Case { ok: false, ..good("", 40, &[3, 17, 18, 31, 32, 39]) };
    let bad = |desc, change: &dyn Fn(&mut Case)| {
        let mut case = Case { desc, ..few() };
        change(&mut case);
        case
    };
    cases.extend([
        bad("a hash missing", &|case| case.proof.truncate(case.proof.len() - 1)),
        bad("a hash too many", &|case| case.proof.push(Hash::ZERO)),
        bad("two hashes swapped", &|case| case.proof.swap(0, 1)),
        bad("a bit of a hash", &|case| case.proof[2].0[0] ^= 1),
        bad("another leaf hash", &|case| case.leaves[1].1 = Hash::ZERO),
        bad("two leaf hashes swapped", &|case| {
            (case.leaves[1].1, case.leaves[2].1) = (case.leaves[2].1, case.leaves[1].1);
        }),
        bad("another index", &|case| case.leaves[0].0 = 2),
        bad("a leaf left out", &|case| case.leaves.retain(|leaf| leaf.0 != 3)),
        bad("a leaf twice", &|case| case.leaves.insert(0, case.leaves[0])),
        bad("leaves out of order", &|case| case.leaves.swap(0, 1)),
        bad("a leaf past the end", &|case| case.leaves[5].0 = 40),
        bad("another size", &|case| case.size = 41),
        bad("an enormous size", &|case| case.size = (1 << 53) - 1),
        bad("another root", &|case| case.root = Hash::ZERO),
        bad("no proof at all", &|case| case.proof.clear()),
    ]);
    vectors::check(
        "subset.json",
        &json!({
            "about": "Merkle proofs of many leaves: docs/format.md. Leaf i of the tree is the RFC 6962 leaf hash of i as 8 big-endian bytes. ok: leaves and proof lead to root.",
            "cases": cases.iter().map(Case::to_json).collect::<Vec<_>>(),
        }),
    );
}
