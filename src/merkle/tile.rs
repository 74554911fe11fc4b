//! C2SP tlog-tiles: how the log is cut into immutable pieces that any cache can serve.
//!
//! A tile holds up to 256 hashes of one level, eight tree levels above the one below; an entry bundle holds the 256
//! entries under a level-0 tile. Names one spelling for each piece and refuses all others, so that a cache holds no
//! piece twice and a path is never two things. Knows nothing of HTTP or of what an entry means.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::tree::NodeReader;
use super::{Hash, decimal};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// The longest entry that a bundle can hold.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Tree levels in a tile.
const TILE_HEIGHT: u8 = 8;

/// Levels that a path may name, from 0; a tree of 2^64 leaves ends at level 7.
const PATH_LEVELS: u8 = 64;

/// Hashes `[index · 256, index · 256 + width)` of tile level `level`, each over 256^level leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashTile {
    pub level: u8,
    pub index: u64,
    /// 1 to 256; 256 is a full tile.
    pub width: u16,
}

/// Entries `[index · 256, index · 256 + width)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryBundle {
    pub index: u64,
    /// 1 to 256; 256 is a full bundle.
    pub width: u16,
}

/// What a path below a log's prefix names: `tile/…` in its one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TilePath {
    Entries(EntryBundle),
    Hashes(HashTile),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the path of a tile")]
pub struct ParseTilePathError;

/// The bytes are not those of the tile or bundle that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    #[error("an entry of {bytes} bytes is longer than {ENTRY_BYTES_MAX}")]
    EntryTooLong { bytes: usize },
    #[error("the tile does not hold exactly {width} items")]
    WrongLength { width: u16 },
}

impl HashTile {
    /// Whether a tree of `size` has all these hashes.
    pub fn is_in(&self, size: u64) -> bool {
        holds(hashes_at(self.level, size), self.index, self.width)
    }
}

impl EntryBundle {
    /// Whether a log of `size` has all these entries.
    pub fn is_in(&self, size: u64) -> bool {
        holds(size, self.index, self.width)
    }
}

/// The hash tiles, full and partial, that a tree of `new` leaves has and a tree of `old` has not, or not so wide.
/// Lowest level first; from 0 these are all.
pub fn hash_tiles(old: u64, new: u64) -> impl Iterator<Item = HashTile> {
    (0..TILE_HEIGHT).flat_map(move |level| {
        let pieces = pieces(hashes_at(level, old), hashes_at(level, new));
        pieces.map(move |(index, width)| HashTile { level, index, width })
    })
}

/// The entry bundles, full and partial, that a log of `new` entries has and a log of `old` has not, or not so wide.
pub fn entry_bundles(old: u64, new: u64) -> impl Iterator<Item = EntryBundle> {
    pieces(old, new).map(|(index, width)| EntryBundle { index, width })
}

/// Width of the partial tile of a tree of `size` on tile level `level`; 0: there is none.
pub fn partial_width(level: u8, size: u64) -> u16 {
    (hashes_at(level, size) % u64::from(TILE_WIDTH)) as u16
}

/// The bytes of a tile; `None` where a tree of `size` has no such tile.
pub fn tile_bytes<R: NodeReader + ?Sized>(
    reader: &R,
    tile: &HashTile,
    size: u64,
) -> Result<Option<Vec<u8>>, R::Error> {
    if !tile.is_in(size) {
        return Ok(None);
    }
    let first = tile.index * u64::from(TILE_WIDTH);
    let mut bytes = Vec::with_capacity(usize::from(tile.width) * 32);
    for index in first..first + u64::from(tile.width) {
        bytes.extend(reader.node(tile.level * TILE_HEIGHT, index)?.0);
    }
    Ok(Some(bytes))
}

/// The hashes in the bytes of a tile of this width.
pub fn decode_hashes(bytes: &[u8], width: u16) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() != usize::from(width) {
        return Err(TileError::WrongLength { width });
    }
    Ok(hashes.iter().map(|hash| Hash(*hash)).collect())
}

/// Entries one after the other, each behind its length as u16 big-endian.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: impl IntoIterator<Item = E>) -> Result<Vec<u8>, TileError> {
    let mut bundle = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length =
            u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { bytes: entry.len() })?;
        bundle.extend(length.to_be_bytes());
        bundle.extend(entry);
    }
    Ok(bundle)
}

/// The entries in the bytes of a bundle of this width: exactly so many, and nothing after them.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let cut = TileError::WrongLength { width };
    let mut entries = Vec::new();
    let mut rest = bytes;
    for _ in 0..width {
        let (length, tail) = rest.split_first_chunk().ok_or(cut)?;
        let (entry, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(cut)?;
        entries.push(entry);
        rest = tail;
    }
    if rest.is_empty() { Ok(entries) } else { Err(cut) }
}

/// Where a node of the tree is found in tiles: its hash is the root of these hashes of that tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInTile {
    /// The tile's own level, not the node's.
    pub level: u8,
    pub index: u64,
    /// The tile must be at least `hashes.end` wide.
    pub hashes: Range<usize>,
}

/// The tile that holds node `index` of tree level `level`.
pub fn tile_of_node(level: u8, index: u64) -> NodeInTile {
    let above = level % TILE_HEIGHT;
    let in_tile = TILE_HEIGHT - above;
    let first = ((index % (1 << in_tile)) as usize) << above;
    NodeInTile { level: level / TILE_HEIGHT, index: index >> in_tile, hashes: first..first + (1 << above) }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TilePath::Entries(bundle) => bundle.fmt(f),
            TilePath::Hashes(tile) => tile.fmt(f),
        }
    }
}

impl fmt::Display for HashTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        write_place(f, self.index, self.width)
    }
}

impl fmt::Display for EntryBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        write_place(f, self.index, self.width)
    }
}

impl FromStr for TilePath {
    type Err = ParseTilePathError;

    fn from_str(path: &str) -> Result<TilePath, ParseTilePathError> {
        parse(path).ok_or(ParseTilePathError)
    }
}

fn parse(path: &str) -> Option<TilePath> {
    let (kind, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match place.split_once(".p/") {
        Some((index, width)) => (index, decimal_below(width, TILE_WIDTH).filter(|width| *width > 0)?),
        None => (place, TILE_WIDTH),
    };
    let index = parse_index(index)?;
    if kind == "entries" {
        return Some(TilePath::Entries(EntryBundle { index, width }));
    }
    let level = decimal_below(kind, PATH_LEVELS)?;
    Some(TilePath::Hashes(HashTile { level, index, width }))
}

fn decimal_below<N: TryFrom<u64> + PartialOrd>(text: &str, end: N) -> Option<N> {
    let number = N::try_from(decimal::parse(text)?).ok()?;
    if number < end { Some(number) } else { None }
}

/// Groups of three digits, all but the last behind an `x`: `x001/x234/067`.
fn parse_index(text: &str) -> Option<u64> {
    let mut groups = text.split('/').peekable();
    let mut index: u64 = 0;
    while let Some(group) = groups.next() {
        let digits = if groups.peek().is_some() { group.strip_prefix('x')? } else { group };
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let is_leading = index == 0 && groups.peek().is_some();
        if is_leading && digits == "000" {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

fn write_place(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let mut groups = vec![index % 1000];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(rest % 1000);
        rest /= 1000;
    }
    for group in groups[1..].iter().rev() {
        write!(f, "x{group:03}/")?;
    }
    write!(f, "{:03}", groups[0])?;
    if width < TILE_WIDTH {
        write!(f, ".p/{width}")?;
    }
    Ok(())
}

/// Hashes on tile level `level` of a tree of `size`.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}

fn holds(items: u64, index: u64, width: u16) -> bool {
    let end = index.checked_mul(u64::from(TILE_WIDTH)).and_then(|first| first.checked_add(u64::from(width)));
    end.is_some_and(|end| end <= items)
}

/// (index, width) of the pieces in which items `[old, new)` lie.
fn pieces(old: u64, new: u64) -> impl Iterator<Item = (u64, u16)> {
    let width = u64::from(TILE_WIDTH);
    let end = if old < new { new.div_ceil(width) } else { 0 };
    (old / width..end).map(move |index| (index, (new - index * width).min(width) as u16))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::merkle::tree::tests::{leaves, naive_root, stored};
    use crate::merkle::tree::{leaf_hash, root_of};
    use crate::vectors;

    #[test]
    fn paths_have_one_spelling() {
        let hashes = |level, index, width| TilePath::Hashes(HashTile { level, index, width });
        let entries = |index, width| TilePath::Entries(EntryBundle { index, width });
        for (path, tile) in [
            ("tile/0/000", hashes(0, 0, 256)),
            ("tile/0/x001/x234/067", hashes(0, 1_234_067, 256)),
            ("tile/0/x001/000", hashes(0, 1000, 256)),
            ("tile/1/999.p/1", hashes(1, 999, 1)),
            ("tile/63/007.p/255", hashes(63, 7, 255)),
            ("tile/entries/000.p/8", entries(0, 8)),
            ("tile/entries/x018/x446/x744/x073/x709/x551/615", entries(u64::MAX, 256)),
        ] {
            assert_eq!(path.parse(), Ok(tile));
            assert_eq!(tile.to_string(), path);
        }
        for bad in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/x000/001",
            "tile/0/000/001",
            "tile/0/x001",
            "tile/0/x001/x000",
            "tile/0/X001/000",
            "tile/0/001/",
            "tile/0/+01",
            "tile/0/٠٠١",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/entry/000",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000.p/1/",
            "tile/0/000.p/1.p/1",
            "/tile/0/000",
            "tile/0/000?x",
            "tile/0/../0/000",
            "tile/entries/x018/x446/x744/x073/x709/x551/616",
            "tile/entries/x001/x018/x446/x744/x073/x709/x551/615",
        ] {
            assert_eq!(bad.parse::<TilePath>(), Err(ParseTilePathError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_path_that_parses_is_canonical(text in "(tile/)?(entries|[0-9]{1,2})/(x?[0-9]{3}/){0,3}[0-9]{1,4}(\\.p/[0-9]{1,3})?|\\PC*") {
            if let Ok(path) = text.parse::<TilePath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }

        #[test]
        fn every_tile_comes_back_from_its_path(level in 0u8..64, index: u64, width in 1u16..=256) {
            for tile in [TilePath::Hashes(HashTile { level, index, width }), TilePath::Entries(EntryBundle { index, width })] {
                prop_assert_eq!(tile.to_string().parse(), Ok(tile));
            }
        }

        #[test]
        fn bundles_come_back_and_damaged_ones_do_not(
            entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20), noise: Vec<u8>, width in 0u16..300,
        ) {
            let count = entries.len() as u16;
            let bundle = encode_bundle(&entries).unwrap();
            prop_assert_eq!(decode_bundle(&bundle, count).unwrap(), entries);
            prop_assert!(decode_bundle(&bundle, count - 1).is_err());
            prop_assert!(decode_bundle(&bundle, count + 1).is_err());
            prop_assert!(decode_bundle(&bundle[..bundle.len() - 1], count).is_err());
            if let Ok(entries) = decode_bundle(&noise, width) {
                prop_assert_eq!(encode_bundle(entries).unwrap(), noise.clone());
            }
            if let Ok(hashes) = decode_hashes(&noise, width) {
                prop_assert_eq!(hashes.len() * 32, noise.len());
            }
        }

        #[test]
        fn new_tiles_are_those_the_old_tree_lacks(old in 0u64..140_000, more in 0u64..3000) {
            let new = old + more;
            let before: Vec<HashTile> = hash_tiles(0, old).collect();
            let want: Vec<HashTile> = hash_tiles(0, new).filter(|tile| !before.contains(tile)).collect();
            prop_assert_eq!(hash_tiles(old, new).collect::<Vec<_>>(), want);
            let before: Vec<EntryBundle> = entry_bundles(0, old).collect();
            let want: Vec<EntryBundle> = entry_bundles(0, new).filter(|tile| !before.contains(tile)).collect();
            prop_assert_eq!(entry_bundles(old, new).collect::<Vec<_>>(), want);
        }
    }

    #[test]
    fn the_longest_entry_fits_and_one_byte_more_does_not() {
        let entry = vec![7; ENTRY_BYTES_MAX];
        let bundle = encode_bundle([&entry]).unwrap();
        assert_eq!(decode_bundle(&bundle, 1), Ok(vec![&entry[..]]));
        let entry = vec![7; ENTRY_BYTES_MAX + 1];
        assert_eq!(encode_bundle([&entry]), Err(TileError::EntryTooLong { bytes: 65_536 }));
    }

    #[test]
    fn seventy_thousand_leaves_are_tiled_as_the_text_says() {
        let tiles: Vec<HashTile> = hash_tiles(0, 70_000).collect();
        let count =
            |level, full: bool| tiles.iter().filter(|t| t.level == level && (t.width == 256) == full).count();
        assert_eq!((count(0, true), count(0, false)), (273, 1));
        assert_eq!((count(1, true), count(1, false)), (1, 1));
        assert_eq!((count(2, true), count(2, false)), (0, 1));
        assert_eq!(tiles.len(), 277);
        assert_eq!(tiles[273], HashTile { level: 0, index: 273, width: 112 });
        assert_eq!(hash_tiles(0, 0).count() + entry_bundles(0, 0).count(), 0);
        let full: Vec<String> = hash_tiles(0, 256).map(|tile| tile.to_string()).collect();
        assert_eq!(full, ["tile/0/000", "tile/1/000.p/1"]);
    }

    #[test]
    fn the_largest_sizes_do_not_overflow() {
        assert!(hash_tiles(u64::MAX - 1, u64::MAX).count() > 0);
        let last = entry_bundles(u64::MAX - 1, u64::MAX).last().unwrap();
        assert_eq!(last, EntryBundle { index: u64::MAX >> 8, width: 255 });
        assert!(last.is_in(u64::MAX));
        for level in 0..64 {
            assert!(!HashTile { level, index: u64::MAX, width: 256 }.is_in(u64::MAX));
        }
        assert!(!EntryBundle { index: u64::MAX >> 8, width: 256 }.is_in(u64::MAX));
        assert!(HashTile { level: 7, index: 0, width: 255 }.is_in(u64::MAX));
        assert!(!HashTile { level: 8, index: 0, width: 1 }.is_in(u64::MAX));
    }

    #[test]
    fn tile_bytes_are_the_hashes_and_only_of_tiles_there_are() {
        let leaves = leaves(600);
        let nodes = stored(&leaves);
        for tile in hash_tiles(0, 600) {
            let bytes = tile_bytes(&nodes, &tile, 600).unwrap().unwrap();
            let hashes = decode_hashes(&bytes, tile.width).unwrap();
            let first = tile.index as usize * 256;
            let want: Vec<Hash> = match tile.level {
                0 => leaves[first..first + hashes.len()].to_vec(),
                _ => leaves.chunks_exact(256).map(naive_root).collect(),
            };
            assert_eq!(hashes, want);
            assert_eq!(
                decode_hashes(&bytes[1..], tile.width),
                Err(TileError::WrongLength { width: tile.width })
            );
            assert!(decode_hashes(&bytes, tile.width - 1).is_err());
        }
        for (level, index, width) in [(0, 2, 89), (0, 3, 1), (1, 0, 3), (1, 1, 1), (2, 0, 1), (63, 0, 1)] {
            assert_eq!(tile_bytes(&nodes, &HashTile { level, index, width }, 600), Ok(None));
        }
    }

    #[test]
    fn every_node_is_found_in_its_tile() {
        let leaves = leaves(600);
        let nodes = stored(&leaves);
        for ((level, index), hash) in &nodes {
            let place = tile_of_node(*level, *index);
            let width = partial_width(place.level, 600);
            let full = HashTile { level: place.level, index: place.index, width: 256 };
            let tile = if full.is_in(600) { full } else { HashTile { width, ..full } };
            let bytes = tile_bytes(&nodes, &tile, 600).unwrap().unwrap();
            let hashes = decode_hashes(&bytes, tile.width).unwrap();
            assert_eq!(root_of(&hashes[place.hashes]), *hash, "level {level}, index {index}");
        }
        assert_eq!(tile_of_node(63, 1), NodeInTile { level: 7, index: 0, hashes: 128..256 });
    }

    #[test]
    fn c2sp_vectors() {
        let file = vectors::json("c2sp/c2sp_vectors.json");
        for (index, path) in file["tile_paths"].as_object().unwrap() {
            let tile = EntryBundle { index: index.parse().unwrap(), width: 256 };
            assert_eq!(tile.to_string(), format!("tile/entries/{}", path.as_str().unwrap()));
        }
        for (level, width) in file["partial_widths_70000"].as_object().unwrap() {
            assert_eq!(u64::from(partial_width(level.parse().unwrap(), 70_000)), width.as_u64().unwrap());
        }
        let leaves: Vec<String> = serde_json::from_value(file["rfc6962_ct_leaves_hex"].clone()).unwrap();
        let leaves: Vec<Vec<u8>> = leaves.iter().map(|leaf| hex::decode(leaf).unwrap()).collect();
        let bundle = encode_bundle(&leaves).unwrap();
        assert_eq!(hex::encode(&bundle), file["entry_bundle_8_hex"].as_str().unwrap());
        let hashes: Vec<Hash> = decode_bundle(&bundle, 8).unwrap().into_iter().map(leaf_hash).collect();
        assert_eq!(root_of(&hashes).to_string(), file["roots_hex"][8].as_str().unwrap());
    }
}
