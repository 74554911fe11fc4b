//! The nodes of a log's tree, read from its hash tiles.

use std::cell::RefCell;
use std::collections::HashMap;

use super::fetch::FetchError;
use super::tiles::Tiles;
use crate::merkle::Hash;
use crate::merkle::tile::{HashTile, TILE_WIDTH, partial_width, tile_of_node};
use crate::merkle::tree::{NodeReader, root_of};

/// The tree of `size` leaves that a log's tiles give. Nothing vouches for its hashes but the proofs made of them.
pub struct TileNodes<'a> {
    tiles: &'a Tiles<'a>,
    size: u64,
    /// By level and index.
    read: RefCell<HashMap<(u8, u64), Vec<Hash>>>,
}

impl<'a> TileNodes<'a> {
    pub fn new(tiles: &'a Tiles<'a>, size: u64) -> TileNodes<'a> {
        TileNodes { tiles, size, read: RefCell::default() }
    }

    fn tile(&self, level: u8, index: u64) -> HashTile {
        // Tiles of level l hold hashes over 256^l leaves; a tree of 2^64 leaves ends at level 7.
        let hashes = self.size.checked_shr(u32::from(level) * 8).unwrap_or(0);
        let is_full = index < hashes / u64::from(TILE_WIDTH);
        let width = if is_full { TILE_WIDTH } else { partial_width(level.min(7), self.size) };
        HashTile { level, index, width }
    }
}

impl NodeReader for TileNodes<'_> {
    type Error = FetchError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, FetchError> {
        let place = tile_of_node(level, index);
        let tile = self.tile(place.level, place.index);
        let none = || FetchError::Unreachable {
            url: tile.to_string(),
            problem: format!("a tree of {} leaves has no node {index} on level {level}", self.size),
        };
        if usize::from(tile.width) < place.hashes.end {
            return Err(none());
        }
        if let Some(hashes) = self.read.borrow().get(&(tile.level, tile.index)) {
            return Ok(root_of(hashes.get(place.hashes).ok_or_else(none)?));
        }
        let hashes = self.tiles.hashes(tile)?;
        let hash = root_of(hashes.get(place.hashes).ok_or_else(none)?);
        self.read.borrow_mut().insert((tile.level, tile.index), hashes);
        Ok(hash)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::follow::Get;
    use crate::merkle::proof::{consistency_path, inclusion_path};
    use crate::merkle::tile::{TilePath, tile_bytes};
    use crate::merkle::tree::{Frontier, NodesInMemory, leaf_hash, root_at};

    struct Served {
        nodes: NodesInMemory,
        size: u64,
        asked: Cell<usize>,
    }

    impl Get for Served {
        fn get(&self, path: &str, _bytes_max: u64) -> Result<Vec<u8>, FetchError> {
            self.asked.set(self.asked.get() + 1);
            let Ok(TilePath::Hashes(tile)) = path.parse() else { panic!("{path}") };
            Ok(tile_bytes(&self.nodes, &tile, self.size).unwrap().expect("the tree has it"))
        }
    }

    #[test]
    fn proofs_from_tiles_are_those_of_the_tree_and_each_tile_is_read_once() {
        let (mut frontier, mut nodes) = (Frontier::new(), NodesInMemory::new());
        for leaf in 0..66_000u64 {
            frontier.push(leaf_hash(&leaf.to_be_bytes()), |node| {
                nodes.insert((node.level, node.index), node.hash);
            });
        }
        for size in [1, 255, 256, 257, 511, 65_536, 65_537, 66_000] {
            let served = Served { nodes: nodes.clone(), size, asked: Cell::new(0) };
            let tiles = Tiles::new(&served);
            let from_tiles = TileNodes::new(&tiles, size);
            assert_eq!(root_at(&from_tiles, size).unwrap(), root_at(&nodes, size).unwrap());
            for old in [1, 3, size / 2, size - 1].into_iter().filter(|old| (1..size).contains(old)) {
                let ours = consistency_path(&from_tiles, old, size).unwrap();
                assert_eq!(ours, consistency_path(&nodes, old, size).unwrap(), "{old} to {size}");
            }
            let last = inclusion_path(&from_tiles, size - 1, size).unwrap();
            assert_eq!(last, inclusion_path(&nodes, size - 1, size).unwrap());
            assert!(served.asked.get() <= 12, "{size}: {}", served.asked.get());
            assert!(from_tiles.node(0, size).is_err(), "past the end");
        }
    }
}
