//! What a check found, in words that say where, what should be there, what is, and what it means for a reader.

use std::fmt;

use crate::ledger::keys;
use crate::merkle::Hash;
use crate::merkle::tile::{HashTile, TILE_WIDTH, TilePath, tile_of_node};

/// Problems that are told one by one; the rest are counted.
pub const PROBLEMS_MAX: usize = 1000;

/// Values up to this length are shown as they are.
const SHOWN_BYTES_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries that were replayed without fault.
    pub entries: u64,
    /// Root of the log tree over them.
    pub root: Hash,
    pub keys: u64,
    /// Hash tiles and entry bundles, cut as they are served.
    pub tiles: u64,
    pub checkpoints: u64,
    pub openings: u64,
    pub blobs: u64,
    /// The first [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    pub problems_total: u64,
}

/// One thing that is not as the records say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("attachment {commitment}: {problem}")]
    Blob { commitment: Hash, problem: String },
    #[error("the checkpoint of {size} entries: {problem}")]
    Checkpoint { size: u64, problem: String },
    #[error("{} is not what the records give", key.place())]
    Different { key: Key, should: Value, is: Value },
    /// The replay ends here.
    #[error("entry {seq}: {problem}")]
    Entry { seq: u64, problem: String },
    #[error("{} is stored, but does not follow from the records", key.place())]
    Extra { key: Key, is: Value },
    #[error("{} follows from the records, but is not stored", key.place())]
    Missing { key: Key, should: Value },
    #[error("the opening of {pointer} in record {leaf}: {problem}")]
    Opening { leaf: Hash, pointer: String, problem: String },
    #[error("the signed head: {0}")]
    SignedHead(String),
    #[error("/log/{path}: {problem}")]
    Tile { path: String, problem: String },
}

/// A store's key, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(pub Vec<u8>);

/// A stored value, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value(pub Vec<u8>);

impl Report {
    pub(super) fn new() -> Report {
        Report {
            entries: 0,
            root: Hash::ZERO,
            keys: 0,
            tiles: 0,
            checkpoints: 0,
            openings: 0,
            blobs: 0,
            problems: Vec::new(),
            problems_total: 0,
        }
    }

    pub fn is_sound(&self) -> bool {
        self.problems_total == 0
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems_total += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

impl Problem {
    /// The key that is damaged, for what the store derives.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Problem::Different { key, .. } | Problem::Extra { key, .. } | Problem::Missing { key, .. } => {
                Some(key)
            }
            _ => None,
        }
    }

    /// What should be stored there; none where nothing should, or where that is not known.
    pub fn should(&self) -> Option<&Value> {
        match self {
            Problem::Different { should, .. } | Problem::Missing { should, .. } => Some(should),
            _ => None,
        }
    }

    /// What is stored there.
    pub fn is(&self) -> Option<&Value> {
        match self {
            Problem::Different { is, .. } | Problem::Extra { is, .. } => Some(is),
            _ => None,
        }
    }

    /// What it does to whoever reads.
    pub fn means(&self) -> String {
        match self {
            Problem::Blob { .. } => "the picture or report is not shown; every proof still holds".into(),
            Problem::Checkpoint { size, .. } => {
                format!(
                    "nobody can be shown what was signed at {size} entries; the ledger does not write if it is the newest"
                )
            }
            Problem::Different { key, .. } | Problem::Missing { key, .. } => key.means(),
            Problem::Entry { seq, .. } => format!(
                "entry {seq} is no longer what was signed: receipts and bundles that hold it fail. \
                 No repair makes it again: restore a backup, or refill from a mirror (suyuan resume)"
            ),
            Problem::Extra { key, .. } if key.space() == b'r' => "it is no part of the log".into(),
            Problem::Extra { .. } => "pages and searches may show what no record says".into(),
            Problem::Opening { .. } => "that value is not shown; every proof still holds".into(),
            Problem::SignedHead(_) => {
                "the ledger does not write: its disk may be older than what it signed".into()
            }
            Problem::Tile { .. } => {
                "whoever follows the log over its tiles reads other bytes than were signed".into()
            }
        }
    }
}

impl Key {
    fn space(&self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    fn fields(&self) -> &[u8] {
        self.0.get(2..).unwrap_or_default()
    }

    /// What the key is of, and the key.
    pub fn place(&self) -> String {
        let what = match (self.space(), self.fields()) {
            (b'r', seq) => number(seq).map_or("a record".into(), |seq| format!("record {seq}")),
            (b't', [level, index @ ..]) => number(index).map_or("a node of the log tree".into(), |index| {
                format!(
                    "node {index} on level {level} of the log tree (in /log/{})",
                    tile_path(*level, index)
                )
            }),
            (b'v', size) => number(size)
                .map_or("a version of the map".into(), |size| format!("the map's root over {size} records")),
            (b'm', _) => "a node of the subject map".into(),
            (b'x', _) => "the mark of a map node that later maps do not hold".into(),
            (b's', _) => "the standing of a subject".into(),
            (b'c', _) => "a link of a subject's chain".into(),
            (b'l', _) => "the standing of a record".into(),
            (b'p', _) => "the place of a payload".into(),
            (b'i', _) => "the use of a statement's id".into(),
            (b'o', _) => "the keys of an organisation".into(),
            (b'e', _) => "the standing of a phone's own chain".into(),
            (b'b', _) => "a short code".into(),
            (b'f', _) => "a clue of the search".into(),
            (b'g', _) => "the standing of the log".into(),
            (b'h', _) => "the head of the log".into(),
            _ => "a key".into(),
        };
        format!("{what}, {self},")
    }

    fn means(&self) -> String {
        match self.space() {
            b'r' => "the log lacks a record that was signed".into(),
            b't' => "proofs and tiles that pass through it do not hold".into(),
            b'm' | b'v' => "proofs that a subject's chain is whole, or absent, do not hold under the maps that have it".into(),
            b'x' => "nothing that is served: which map nodes may be dropped one day is not known rightly".into(),
            b's' | b'c' => "pages and bundles of that subject lack or misplace records, and its next record links wrongly".into(),
            b'l' => "a correction or a withdrawal of that record is not seen, or seen where there is none".into(),
            b'p' => "the same statement sent again may get a second place".into(),
            b'i' => "an id may be used twice, or a new one is refused".into(),
            b'o' => "keys of that organisation are not listed, or listed wrongly".into(),
            b'e' => "the phone's next statement may be refused, or one too many be taken".into(),
            b'b' => "that short code leads nowhere, or elsewhere".into(),
            b'f' => "a search for that hash or id finds nothing, or the wrong thing".into(),
            b'g' | b'h' => "the ledger does not write, and its pages may end too early".into(),
            _ => "not known".into(),
        }
    }
}

fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().map(u64::from_be_bytes).ok()
}

/// The full tile that a node is in, or is the root of a part of.
fn tile_path(level: u8, index: u64) -> TilePath {
    let place = tile_of_node(level, index);
    TilePath::Hashes(HashTile { level: place.level, index: place.index, width: TILE_WIDTH })
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (space, rest) = self.0.split_at(self.0.len().min(2));
        f.write_str(&String::from_utf8_lossy(space))?;
        f.write_str(&shown(rest))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.as_slice(), number(&self.0)) {
            ([], _) => f.write_str("an empty value"),
            (_, Some(number)) => write!(f, "{number}"),
            (bytes, _) if bytes.len() <= SHOWN_BYTES_MAX => f.write_str(&shown(bytes)),
            (bytes, _) => write!(f, "{} bytes with the SHA-256 {}", bytes.len(), Hash::of(bytes)),
        }
    }
}

/// As text where it is text, in hex elsewhere.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(|c: char| c.is_control()) => text.to_owned(),
        _ => hex::encode(bytes),
    }
}

/// Keys that a repair may write: what follows from records. Not the records, nor what is signed or private.
pub(in crate::store) fn is_derived(key: &[u8]) -> bool {
    let of_the_ledger = matches!(key, [space, b'/', ..] if super::LEDGER_SPACES.contains(space));
    of_the_ledger
        && !key.starts_with(keys::RECORDS)
        && !key.starts_with(b"k/")
        && !key.starts_with(super::HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_by_what_it_is_of() {
        let place = |key: Vec<u8>| Key(key).place();
        assert_eq!(place(keys::record(300)), "record 300, r/000000000000012c,");
        let node = place(keys::tree_node(9, 3));
        assert!(node.starts_with("node 3 on level 9 of the log tree (in /log/tile/1/000)"), "{node}");
        assert!(place(keys::map_root(6)).starts_with("the map's root over 6 records"));
        for space in super::super::LEDGER_SPACES {
            let key = Key(vec![*space, b'/', 1]);
            assert!(
                *space == b'k' || (!key.place().starts_with("a key") && key.means() != "not known"),
                "{key}"
            );
        }
    }

    #[test]
    fn a_value_is_told_as_what_it_looks_like() {
        let told = |bytes: &[u8]| Value(bytes.to_vec()).to_string();
        assert_eq!(told(b""), "an empty value");
        assert_eq!(told(&7_u64.to_be_bytes()), "7");
        assert_eq!(told(b"{\"n\":1}"), "{\"n\":1}");
        assert_eq!(told(&[0; 32]), "00".repeat(32));
        assert!(told(&[b'x'; 300]).starts_with("300 bytes with the SHA-256 "));
    }

    #[test]
    fn records_and_what_is_signed_or_private_are_not_derived() {
        for derived in [keys::tree_node(0, 1), keys::LOG.to_vec(), keys::map_root(2), b"f/x".to_vec()] {
            assert!(is_derived(&derived));
        }
        for other in
            [keys::record(1), b"k/12345678".to_vec(), b"q/x".to_vec(), b"h/".to_vec(), b"w/x".to_vec()]
        {
            assert!(!is_derived(&other));
        }
    }
}
