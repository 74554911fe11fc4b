//! The newest checkpoint that this operator signed, kept outside the database.
//!
//! A database that was rolled back or restored looks whole to itself; only something outside it can say that it once
//! stood further on. So the note lies in a file of its own (best: on another disk), written after the commit and
//! before any receipt leaves, and is compared when the ledger is opened. Knows bytes only: who opens the ledger
//! checks signature and root.
//!
//! The file has two slots of [`SLOT_BYTES`]; each write takes the older one, so a torn write leaves the note before it,
//! and costs one sync of bytes in place instead of a new file, a name and a directory (a third of the time of a commit
//! instead of three quarters). Slot: a line each for a counter, the SHA-256 of counter and note, and the note's length;
//! then the note, and newlines to the end.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::durable;
use crate::merkle::Hash;

/// A sector or a page of every disk; a note signed by a log's own keys is a tenth of it.
pub const SLOT_BYTES: usize = 4096;

const SLOTS: u64 = 2;

#[derive(Debug, Clone)]
pub struct SignedHead {
    path: PathBuf,
}

impl SignedHead {
    pub fn new(path: impl Into<PathBuf>) -> SignedHead {
        SignedHead { path: path.into() }
    }

    /// The note as it was written; none if nothing was ever signed here.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let Some(bytes) = durable::read_if_there(&self.path)? else { return Ok(None) };
        match newest(&bytes) {
            Some(slot) => Ok(Some(slot.note.to_vec())),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "neither slot of the file is whole")),
        }
    }

    /// On the disk when it returns.
    pub fn write(&self, note: &[u8]) -> io::Result<()> {
        let Some(bytes) = durable::read_if_there(&self.path)? else {
            let empty = [b'\n'; SLOT_BYTES];
            return durable::write_whole(&self.path, &[fill(0, note)?, empty].concat());
        };
        // A file without a whole slot is not mended here: what was in it is not known.
        let last = newest(&bytes).ok_or(io::ErrorKind::InvalidData)?.counter;
        let next = last.checked_add(1).ok_or(io::ErrorKind::InvalidData)?;
        let file: File = OpenOptions::new().write(true).open(&self.path)?;
        file.write_all_at(&fill(next, note)?, next % SLOTS * SLOT_BYTES as u64)?;
        file.sync_data()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

struct Slot<'a> {
    counter: u64,
    note: &'a [u8],
}

fn newest(bytes: &[u8]) -> Option<Slot<'_>> {
    bytes.chunks(SLOT_BYTES).filter_map(whole).max_by_key(|slot| slot.counter)
}

/// The slot, unless its bytes were torn.
fn whole(slot: &[u8]) -> Option<Slot<'_>> {
    let (counter, rest) = line(slot)?;
    let (digest, rest) = line(rest)?;
    let (length, rest) = line(rest)?;
    let note = rest.get(..length.parse().ok()?)?;
    let slot = Slot { counter: counter.parse().ok()?, note };
    (digest.parse() == Ok(digest_of(slot.counter, note))).then_some(slot)
}

fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

fn fill(counter: u64, note: &[u8]) -> io::Result<[u8; SLOT_BYTES]> {
    let head = format!("{counter}\n{}\n{}\n", digest_of(counter, note), note.len());
    let mut slot = [b'\n'; SLOT_BYTES];
    let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "the note does not fit into a slot");
    let (place, rest) = slot.split_at_mut(head.len());
    place.copy_from_slice(head.as_bytes());
    rest.get_mut(..note.len()).ok_or_else(too_long)?.copy_from_slice(note);
    Ok(slot)
}

fn digest_of(counter: u64, note: &[u8]) -> Hash {
    Hash::of_parts(&[&counter.to_be_bytes(), note])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn head() -> (tempfile::TempDir, SignedHead) {
        let dir = tempfile::tempdir().unwrap();
        let head = SignedHead::new(dir.path().join("signed-head"));
        (dir, head)
    }

    #[test]
    fn the_last_note_is_read_back() {
        let (dir, head) = head();
        assert_eq!(head.read().unwrap(), None);
        for n in 0..20 {
            let note = "a note of growing length\n".repeat(n);
            head.write(note.as_bytes()).unwrap();
            assert_eq!(head.read().unwrap(), Some(note.into_bytes()));
        }
        assert_eq!(fs::metadata(head.path()).unwrap().len(), 2 * SLOT_BYTES as u64);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_write_torn_anywhere_leaves_the_note_before_it() {
        let (_dir, head) = head();
        head.write(b"first\n").unwrap();
        head.write(b"second\n").unwrap();
        let before = fs::read(head.path()).unwrap();
        head.write(b"the third note\n").unwrap();
        let after = fs::read(head.path()).unwrap();
        for torn_at in 0..SLOT_BYTES {
            // The third write went into the first slot.
            fs::write(head.path(), [&after[..torn_at], &before[torn_at..]].concat()).unwrap();
            let read = head.read().unwrap().unwrap();
            let all_there = after[torn_at..] == before[torn_at..];
            let expected: &[u8] = if all_there { b"the third note\n" } else { b"second\n" };
            assert_eq!(read, expected, "torn at {torn_at}");
        }
    }

    #[test]
    fn a_file_without_a_whole_slot_is_neither_read_nor_mended() {
        let (_dir, head) = head();
        for bytes in [&b""[..], b"nonsense", &[0; 2 * SLOT_BYTES]] {
            fs::write(head.path(), bytes).unwrap();
            assert!(head.read().is_err());
            assert!(head.write(b"note\n").is_err());
            assert_eq!(fs::read(head.path()).unwrap(), bytes);
        }
    }

    #[test]
    fn a_note_fits_or_is_refused() {
        let (_dir, head) = head();
        let longest = SLOT_BYTES - "0\n".len() - 65 - "4024\n".len();
        assert!(head.write(&vec![b'x'; longest + 1]).is_err());
        head.write(&vec![b'x'; longest]).unwrap();
        assert_eq!(head.read().unwrap().unwrap().len(), longest);
    }
}
