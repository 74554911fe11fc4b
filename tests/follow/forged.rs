//! Logs that the real log key has signed and that no honest program would have made.

use std::sync::Arc;

use suyuan::ledger::{Entry, MapRecord};
use suyuan::merkle::Hash;
use suyuan::merkle::tile::{TilePath, encode_bundle, tile_bytes};
use suyuan::merkle::tree::{Frontier, NodesInMemory, leaf_hash};
use suyuan::note::checkpoint::Checkpoint;
use suyuan::note::signed_note::{self, SignedNote};
use suyuan::statement::ed25519::KeyPair;

use crate::farm;
use crate::proxy::Answers;
use crate::service::{Client, ORIGIN};

/// Entries under a checkpoint that the log's own key has signed.
#[derive(Clone)]
pub(crate) struct Forged {
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) key: String,
}

/// A checkpoint signed by this key.
pub(crate) fn signed(size: u64, root: Hash, key: &KeyPair) -> String {
    let origin: suyuan::note::vkey::KeyName = ORIGIN.parse().unwrap();
    let text = Checkpoint { origin: origin.clone(), size, root }.to_string();
    let line = signed_note::sign(&text, &origin, key);
    SignedNote::new(text, vec![line]).unwrap().to_string()
}

impl Forged {
    /// What the service has.
    pub(crate) fn of(client: &Client) -> Forged {
        let size = client.get("/api/v1/checkpoints").json()["size"].as_u64().unwrap();
        let entries = (0..size).map(|seq| client.get(&format!("/api/v1/records/{seq}")).body);
        Forged { entries: entries.collect(), key: "log".to_owned() }
    }

    /// Signed by another key than the log's.
    pub(crate) fn signed_by(self, name: &str) -> Forged {
        Forged { key: name.to_owned(), ..self }
    }

    /// The newest map record says what the one before it said: what is between the two is in no chain.
    pub(crate) fn leaving_out_the_last(mut self) -> Forged {
        let maps = self.entries.iter().rev().filter_map(|entry| match Entry::parse(entry) {
            Ok(Entry::Map(map)) => Some(map),
            _ => None,
        });
        let [newest, older] = maps.take(2).collect::<Vec<_>>().try_into().unwrap();
        let lie = MapRecord { root: older.root, ..newest };
        *self.entries.last_mut().unwrap() = Entry::Map(lie).encode();
        self
    }

    /// The last record with a signature that is not its signer's.
    pub(crate) fn with_a_bad_signature(mut self) -> Forged {
        let at = self.entries.len() - 2;
        let Ok(Entry::Record(mut record)) = Entry::parse(&self.entries[at]) else { panic!("a record") };
        record.envelope.signatures[0].sig[0] ^= 1;
        self.entries[at] = record.encode();
        self
    }

    pub(crate) fn without_the_last(mut self) -> Forged {
        self.entries.pop();
        self
    }

    pub(crate) fn note(&self) -> String {
        let mut frontier = Frontier::new();
        self.entries.iter().for_each(|entry| frontier.push(leaf_hash(entry), |_| {}));
        signed(frontier.size(), frontier.root(), &farm::key(&self.key))
    }

    /// As a service would give it.
    pub(crate) fn answers(self) -> Answers {
        let (mut frontier, mut nodes) = (Frontier::new(), NodesInMemory::new());
        for entry in &self.entries {
            frontier.push(leaf_hash(entry), |node| {
                nodes.insert((node.level, node.index), node.hash);
            });
        }
        let (size, note) = (frontier.size(), self.note());
        Arc::new(move |path| {
            let Some(path) = path.strip_prefix("/log/") else { return (404, Vec::new()) };
            if path == "checkpoint" || path == "latest" {
                return (200, note.clone().into_bytes());
            }
            match path.parse() {
                Ok(TilePath::Hashes(tile)) => match tile_bytes(&nodes, &tile, size).unwrap() {
                    Some(bytes) => (200, bytes),
                    None => (404, Vec::new()),
                },
                Ok(TilePath::Entries(bundle)) if bundle.is_in(size) => {
                    let first = usize::try_from(bundle.index * 256).unwrap();
                    let entries = &self.entries[first..first + usize::from(bundle.width)];
                    (200, encode_bundle(entries).unwrap())
                }
                _ => (404, Vec::new()),
            }
        })
    }
}
