//! What the replay gave, held against what is stored: key by key, both ways, and as the pieces that are served.

use super::report::{Key, Problem, Report, Value};
use super::{Fsck, FsckError, LEDGER_SPACES, Progress, Stage};
use crate::ledger::{Facts, Reader};
use crate::merkle::tile::{
    EntryBundle, TILE_WIDTH, TilePath, encode_bundle, entry_bundles, hash_tiles, tile_bytes,
};
use crate::store::{KeyRange, Pair, Pairs, Read, StoreError};

/// Keys or tiles between two words on how far it is.
const TOLD_EVERY: u64 = 10_000;

/// A key on both sides.
pub(super) enum Compared {
    Different { key: Vec<u8>, should: Vec<u8>, is: Vec<u8> },
    Extra { key: Vec<u8>, is: Vec<u8> },
    Missing { key: Vec<u8>, should: Vec<u8> },
    Same,
}

/// Every fact of the replay is stored, and nothing else is stored where the ledger's facts are.
pub(super) fn compare(
    what: &Fsck<'_>,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FsckError> {
    each(what, &mut |compared| {
        report.keys += 1;
        if report.keys.is_multiple_of(TOLD_EVERY) {
            progress(Progress { stage: Stage::Comparing, done: report.keys, total: None });
        }
        match compared {
            Compared::Same => {}
            Compared::Different { key, should, is } => {
                report.problem(Problem::Different { key: Key(key), should: Value(should), is: Value(is) });
            }
            Compared::Extra { key, is } => report.problem(Problem::Extra { key: Key(key), is: Value(is) }),
            Compared::Missing { key, should } => {
                report.problem(Problem::Missing { key: Key(key), should: Value(should) });
            }
        }
        Ok(())
    })?;
    progress(Progress { stage: Stage::Comparing, done: report.keys, total: Some(report.keys) });
    Ok(())
}

/// Walks both sides in key order.
pub(super) fn each(
    what: &Fsck<'_>,
    hear: &mut dyn FnMut(Compared) -> Result<(), FsckError>,
) -> Result<(), FsckError> {
    for space in LEDGER_SPACES {
        // The checkpoints are signed, not derived; the replay has looked at them.
        if *space == b'k' {
            continue;
        }
        let range = KeyRange::prefix([*space, b'/']);
        let mut replayed = Side::new(what.scratch.scan(&range))?;
        let mut stored = Side::new(what.snapshot.scan(&range))?;
        while let Some(first) = [&replayed.next, &stored.next].into_iter().flatten().map(|pair| &pair.0).min()
        {
            let first = first.clone();
            let compared = match (replayed.take(&first)?, stored.take(&first)?) {
                (Some(should), Some(is)) if should == is => Compared::Same,
                (Some(should), Some(is)) => Compared::Different { key: first, should, is },
                (Some(should), None) => Compared::Missing { key: first, should },
                (None, Some(is)) => Compared::Extra { key: first, is },
                // The key is the first of one of the two.
                (None, None) => break,
            };
            hear(compared)?;
        }
    }
    Ok(())
}

/// One of two ordered sequences that are compared.
struct Side<'a> {
    pairs: Pairs<'a>,
    next: Option<Pair>,
}

impl<'a> Side<'a> {
    fn new(mut pairs: Pairs<'a>) -> Result<Side<'a>, StoreError> {
        let next = pairs.next().transpose()?;
        Ok(Side { pairs, next })
    }

    /// The value of this key, if it is the next one here; then the one after it is.
    fn take(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.next.take_if(|(next, _)| next == key) {
            None => Ok(None),
            Some((_, value)) => {
                self.next = self.pairs.next().transpose()?;
                Ok(Some(value))
            }
        }
    }
}

/// Every hash tile and entry bundle, cut from the store as the service cuts it, is that of the replay.
pub(super) fn compare_tiles(
    what: &Fsck<'_>,
    report: &mut Report,
    size: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FsckError> {
    let (replayed, stored) = (what.replayed(), Reader(what.snapshot.clone()));
    let hashes = hash_tiles(0, size).map(TilePath::Hashes);
    for path in hashes.chain(entry_bundles(0, size).map(TilePath::Entries)) {
        let should = cut(&replayed, &path, size)?;
        let problem = match cut(&stored, &path, size) {
            Ok(is) if is == should => None,
            Ok(_) => Some("it is not that of the entries".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            report.problem(Problem::Tile { path: path.to_string(), problem });
        }
        report.tiles += 1;
        if report.tiles.is_multiple_of(TOLD_EVERY) {
            progress(Progress { stage: Stage::Tiles, done: report.tiles, total: None });
        }
    }
    Ok(())
}

fn cut<F: Facts>(reader: &Reader<F>, path: &TilePath, size: u64) -> Result<Option<Vec<u8>>, FsckError> {
    match path {
        TilePath::Hashes(tile) => Ok(tile_bytes(reader, tile, size)?),
        TilePath::Entries(EntryBundle { index, width }) => {
            let first = index * u64::from(TILE_WIDTH);
            let mut entries = Vec::with_capacity(usize::from(*width));
            for seq in first..first + u64::from(*width) {
                entries.extend(reader.entry_bytes(seq)?);
            }
            let whole = entries.len() == usize::from(*width);
            // Entries of the ledger are never too long for a bundle; damaged ones may be.
            Ok(encode_bundle(entries).ok().filter(|_| whole))
        }
    }
}
