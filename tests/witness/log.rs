//! A log of the test's own, honest or forked at a place, signed by one key.

use suyuan::merkle::Hash;
use suyuan::merkle::proof::consistency_path;
use suyuan::merkle::tree::{EMPTY_ROOT, Frontier, NodesInMemory, leaf_hash};
use suyuan::note::add_checkpoint::AddCheckpoint;
use suyuan::note::checkpoint::Checkpoint;
use suyuan::note::signed_note::{self, SignedNote};
use suyuan::note::vkey::{KeyName, KeyType, VerifierKey};
use suyuan::statement::ed25519::KeyPair;

pub(crate) struct Log {
    origin: KeyName,
    nodes: NodesInMemory,
    pub(crate) roots: Vec<Hash>,
}

impl Log {
    /// Leaves from `fork_at` on are those of the branch.
    pub(crate) fn new(origin: &str, size: u64, fork_at: u64, branch: u8) -> Log {
        let (mut frontier, mut nodes) = (Frontier::new(), NodesInMemory::new());
        let mut roots = vec![EMPTY_ROOT];
        for n in 0..size {
            let branch = if n < fork_at { 0 } else { branch };
            frontier.push(leaf_hash(&[&n.to_be_bytes()[..], &[branch]].concat()), |node| {
                nodes.insert((node.level, node.index), node.hash);
            });
            roots.push(frontier.root());
        }
        Log { origin: origin.parse().unwrap(), nodes, roots }
    }

    fn key() -> KeyPair {
        KeyPair::from_seed(&[1; 32])
    }

    pub(crate) fn vkey(&self) -> String {
        VerifierKey::new(self.origin.clone(), KeyType::Ed25519, Log::key().public()).to_string()
    }

    pub(crate) fn note(&self, size: u64) -> SignedNote {
        let root = self.roots[usize::try_from(size).unwrap()];
        let text = Checkpoint { origin: self.origin.clone(), size, root }.to_string();
        let line = signed_note::sign(&text, &self.origin, &Log::key());
        SignedNote::new(text, vec![line]).unwrap()
    }

    pub(crate) fn request(&self, old: u64, size: u64) -> String {
        let path = match old {
            0 => Vec::new(),
            old => consistency_path(&self.nodes, old, size).unwrap(),
        };
        AddCheckpoint { old, path, checkpoint: self.note(size) }.to_string()
    }
}
