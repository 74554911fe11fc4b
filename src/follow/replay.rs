//! A whole log over HTTP, through every rule, held against its checkpoint and its hash tiles.

use super::fetch::FetchError;
use super::tiles::Tiles;
use crate::ledger::{MemoryFacts, State};
use crate::merkle::Hash;
use crate::merkle::tile::{entry_bundles, hash_tiles, tile_bytes};
use crate::verify::audit::{Audit, AuditReport};
use crate::verify::trust::Trust;

/// What replaying a log up to a checkpoint has shown.
pub struct Replayed {
    pub report: AuditReport,
    pub hash_tiles: u64,
    /// What the entries come to, where nothing was wrong.
    pub state: Option<State<MemoryFacts>>,
}

/// Replays the first `size` entries, whose tree must have this `root`; `heard` learns how many there are so far.
/// The error is that something could not be read; what is wrong with the log stands in the report.
pub fn replay(
    tiles: &Tiles<'_>,
    size: u64,
    root: &Hash,
    trust: Option<&Trust>,
    mut heard: impl FnMut(u64),
) -> Result<Replayed, FetchError> {
    let unreadable = |problem: String| FetchError::Unreachable { url: "the log".into(), problem };
    let mut audit = Audit::new(trust).map_err(unreadable)?;
    for bundle in entry_bundles(0, size) {
        for entry in tiles.entries(bundle)? {
            if let Err(problem) = audit.entry(&entry) {
                return Ok(Replayed { report: audit.report(Some(problem)), hash_tiles: 0, state: None });
            }
        }
        heard(audit.size());
    }
    let wrong = |audit: &Audit<'_>, problem: String, hash_tiles: u64| {
        Ok(Replayed { report: audit.report(Some(problem)), hash_tiles, state: None })
    };
    if audit.root() != *root {
        let problem = format!("the entries give the root {}, the checkpoint says {root}", audit.root());
        return wrong(&audit, problem, 0);
    }
    if !audit.is_sealed() {
        return wrong(&audit, "the checkpoint does not end with a map record".into(), 0);
    }
    let mut checked = 0;
    for tile in hash_tiles(0, size) {
        let own = tile_bytes(&audit.state().reader(), &tile, size);
        let own = own.map_err(|error| unreadable(error.to_string()))?;
        let theirs: Vec<u8> = tiles.hashes(tile)?.iter().flat_map(|hash| hash.0).collect();
        if own.as_deref() != Some(theirs.as_slice()) {
            let problem = format!("hash tile {tile:?} is not that of the entries");
            return wrong(&audit, problem, checked);
        }
        checked += 1;
    }
    let report = audit.report(None);
    Ok(Replayed { report, hash_tiles: checked, state: Some(audit.into_state()) })
}
