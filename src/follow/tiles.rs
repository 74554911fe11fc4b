//! A log's pieces by their C2SP names: entry bundles and hash tiles.

use super::fetch::{FetchError, Get};
use crate::merkle::Hash;
use crate::merkle::tile::{
    ENTRY_BYTES_MAX, EntryBundle, HashTile, TILE_WIDTH, TilePath, decode_bundle, decode_hashes,
};
use crate::note::signed_note::NOTE_BYTES_MAX;

/// Reads the pieces of one log. What comes back has the right form; whether it is the log's is the caller's to check.
pub struct Tiles<'a>(&'a dyn Get);

impl<'a> Tiles<'a> {
    pub fn new(get: &'a dyn Get) -> Tiles<'a> {
        Tiles(get)
    }

    /// The newest checkpoint that the log publishes: a signed note.
    pub fn checkpoint(&self) -> Result<Vec<u8>, FetchError> {
        self.0.get("checkpoint", NOTE_BYTES_MAX as u64)
    }

    /// The newest checkpoint that was signed, whoever has cosigned it: where a service of ours gives it.
    pub fn latest(&self) -> Result<Vec<u8>, FetchError> {
        self.0.get("latest", NOTE_BYTES_MAX as u64)
    }

    /// The entries of a bundle, each as its leaf bytes.
    pub fn entries(&self, bundle: EntryBundle) -> Result<Vec<Vec<u8>>, FetchError> {
        const BYTES_MAX: u64 = TILE_WIDTH as u64 * (ENTRY_BYTES_MAX as u64 + 2);
        let full = EntryBundle { width: TILE_WIDTH, ..bundle };
        let (path, bytes, width) =
            self.piece(TilePath::Entries(bundle), TilePath::Entries(full), bundle.width, BYTES_MAX)?;
        let entries = decode_bundle(&bytes, width).map_err(|error| damaged(&path, &error))?;
        Ok(entries.into_iter().take(usize::from(bundle.width)).map(<[u8]>::to_vec).collect())
    }

    pub fn hashes(&self, tile: HashTile) -> Result<Vec<Hash>, FetchError> {
        const BYTES_MAX: u64 = TILE_WIDTH as u64 * 32;
        let full = HashTile { width: TILE_WIDTH, ..tile };
        let (path, bytes, width) =
            self.piece(TilePath::Hashes(tile), TilePath::Hashes(full), tile.width, BYTES_MAX)?;
        let mut hashes = decode_hashes(&bytes, width).map_err(|error| damaged(&path, &error))?;
        hashes.truncate(usize::from(tile.width));
        Ok(hashes)
    }

    /// A partial tile, or where it is gone, as it may be, the full one that has taken its place. Its path, its bytes and
    /// its width.
    fn piece(
        &self,
        partial: TilePath,
        full: TilePath,
        width: u16,
        bytes_max: u64,
    ) -> Result<(String, Vec<u8>, u16), FetchError> {
        let path = partial.to_string();
        match self.0.get(&path, bytes_max) {
            Err(FetchError::Answer { status: 404 | 410, .. }) if width < TILE_WIDTH => {
                let path = full.to_string();
                let bytes = self.0.get(&path, bytes_max)?;
                Ok((path, bytes, TILE_WIDTH))
            }
            got => got.map(|bytes| (path, bytes, width)),
        }
    }
}

fn damaged(path: &str, problem: &dyn std::fmt::Display) -> FetchError {
    FetchError::Unreachable { url: path.to_owned(), problem: problem.to_string() }
}
