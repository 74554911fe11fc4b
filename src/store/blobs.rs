//! Attachments, as files: `<dir>/ab/abcd…`, named by the commitment that stands in the log.
//!
//! Immutable, so that any cache or object store can serve them, and deletable, so that nothing personal is for ever.
//! The commitment is salted: a file's name says nothing of its content. Who may store or erase one is decided above.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::durable;
use crate::merkle::Hash;
use crate::statement::attachment::ATTACHMENT_BYTES_MAX;

#[derive(Debug, Clone)]
pub struct Blobs {
    root: PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    #[error("this is not the file that was committed to: its SHA-256 differs")]
    OtherContent,
    #[error("the file has {found} bytes; {declared} were declared")]
    OtherSize { declared: u64, found: u64 },
    #[error("the file has more than the {bytes_max} bytes allowed")]
    TooLarge { bytes_max: u64 },
    #[error("attachment {commitment}: {source}")]
    Io { commitment: Hash, source: io::Error },
}

impl Blobs {
    /// The directory must exist. What an interrupted upload left in it is removed.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Blobs> {
        let blobs = Blobs { root: root.into() };
        for path in files_two_deep(&blobs.root)? {
            if path.extension().is_some_and(|extension| extension == "part") {
                durable::remove(&path)?;
            }
        }
        Ok(blobs)
    }

    /// Begins to store an attachment. `content` and `bytes` are what its opening and the statement say of it.
    pub fn begin(&self, commitment: Hash, content: Hash, bytes: u64) -> Result<BlobWriter, BlobError> {
        if bytes > ATTACHMENT_BYTES_MAX {
            return Err(BlobError::TooLarge { bytes_max: ATTACHMENT_BYTES_MAX });
        }
        let path = self.path(&commitment);
        let error = |source| BlobError::Io { commitment, source };
        durable::make_directory(self.directory(&commitment).as_path()).map_err(error)?;
        // Two uploads of one attachment must not write into one file.
        static UPLOADS: AtomicU64 = AtomicU64::new(0);
        let upload = UPLOADS.fetch_add(1, Ordering::Relaxed);
        let part = path.with_extension(format!("{}-{upload}.part", std::process::id()));
        let file = File::create_new(&part).map_err(error)?;
        let writer =
            BlobWriter { commitment, content, bytes, path, part, file, found: 0, hasher: Sha256::new() };
        Ok(writer)
    }

    /// The file, to read from; none if it was never uploaded or is erased.
    pub fn file(&self, commitment: &Hash) -> Result<Option<File>, BlobError> {
        match File::open(self.path(commitment)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(BlobError::Io { commitment: *commitment, source }),
        }
    }

    /// SHA-256 and length of what is stored.
    pub fn content(&self, commitment: &Hash) -> Result<Option<(Hash, u64)>, BlobError> {
        let Some(mut file) = self.file(commitment)? else { return Ok(None) };
        let digest = digest(&mut file).map_err(|source| BlobError::Io { commitment: *commitment, source })?;
        Ok(Some(digest))
    }

    /// Removes it for good. One that is not there is no error.
    pub fn erase(&self, commitment: &Hash) -> Result<(), BlobError> {
        let removed = durable::remove(&self.path(commitment));
        removed.map_err(|source| BlobError::Io { commitment: *commitment, source })
    }

    /// All that are stored, in no order.
    pub fn commitments(&self) -> io::Result<Vec<Hash>> {
        let named = |path: &PathBuf| path.file_name()?.to_str()?.parse().ok();
        Ok(files_two_deep(&self.root)?.iter().filter_map(named).collect())
    }

    /// Copies all into a directory of the same layout, which must exist and be empty.
    pub fn copy_to(&self, root: &Path) -> Result<u64, BlobError> {
        let copy = Blobs { root: root.to_owned() };
        let all = self.commitments().map_err(|source| BlobError::Io { commitment: Hash::ZERO, source })?;
        let mut copied = 0;
        for commitment in all {
            let error = |source| BlobError::Io { commitment, source };
            // One erased meanwhile stays erased.
            let Some(mut file) = self.file(&commitment)? else { continue };
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(error)?;
            durable::make_directory(&copy.directory(&commitment)).map_err(error)?;
            durable::write_whole(&copy.path(&commitment), &bytes).map_err(error)?;
            copied += 1;
        }
        Ok(copied)
    }

    fn directory(&self, commitment: &Hash) -> PathBuf {
        self.root.join(&commitment.to_string()[..2])
    }

    fn path(&self, commitment: &Hash) -> PathBuf {
        self.directory(commitment).join(commitment.to_string())
    }
}

/// An attachment on its way in. Dropped before [`finish`](Self::finish), it leaves nothing behind.
pub struct BlobWriter {
    commitment: Hash,
    content: Hash,
    bytes: u64,
    path: PathBuf,
    part: PathBuf,
    file: File,
    found: u64,
    hasher: Sha256,
}

impl BlobWriter {
    /// Takes the next piece; one that goes past the declared size is refused before it is written.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), BlobError> {
        self.found += piece.len() as u64;
        if self.found > self.bytes {
            return Err(BlobError::OtherSize { declared: self.bytes, found: self.found });
        }
        self.hasher.update(piece);
        self.file.write_all(piece).map_err(|source| self.io(source))
    }

    /// Keeps the attachment if it is the one that was committed to.
    pub fn finish(self) -> Result<(), BlobError> {
        if self.found != self.bytes {
            return Err(BlobError::OtherSize { declared: self.bytes, found: self.found });
        }
        if Hash(self.hasher.clone().finalize().into()) != self.content {
            return Err(BlobError::OtherContent);
        }
        durable::put_in_place(&self.file, &self.part, &self.path).map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> BlobError {
        BlobError::Io { commitment: self.commitment, source }
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        // After `finish` there is nothing under this name any more.
        let _ = fs::remove_file(&self.part);
    }
}

fn digest(file: &mut File) -> io::Result<(Hash, u64)> {
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((Hash(hasher.finalize().into()), bytes)),
            read => {
                hasher.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
}

fn files_two_deep(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for directory in fs::read_dir(root)? {
        let directory = directory?;
        if directory.file_type()?.is_dir() {
            for file in fs::read_dir(directory.path())? {
                files.push(file?.path());
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHOTO: &[u8] = b"\xff\xd8 a photo of a peach";

    fn name() -> Hash {
        Hash::of(b"salted commitment")
    }

    fn store(blobs: &Blobs, content: &[u8], declared: u64) -> Result<(), BlobError> {
        let mut writer = blobs.begin(name(), Hash::of(PHOTO), declared)?;
        for piece in content.chunks(7) {
            writer.write(piece)?;
        }
        writer.finish()
    }

    fn files(root: &Path) -> usize {
        files_two_deep(root).unwrap().len()
    }

    #[test]
    fn what_is_stored_is_found_listed_and_erased() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        assert!(blobs.file(&name()).unwrap().is_none());
        store(&blobs, PHOTO, PHOTO.len() as u64).unwrap();
        store(&blobs, PHOTO, PHOTO.len() as u64).unwrap();
        assert_eq!(blobs.content(&name()).unwrap(), Some((Hash::of(PHOTO), PHOTO.len() as u64)));
        let mut read = Vec::new();
        blobs.file(&name()).unwrap().unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, PHOTO);
        assert_eq!(blobs.commitments().unwrap(), [name()]);
        assert_eq!(files(dir.path()), 1);
        blobs.erase(&name()).unwrap();
        blobs.erase(&name()).unwrap();
        assert_eq!(blobs.content(&name()).unwrap(), None);
        assert_eq!(files(dir.path()), 0);
    }

    #[test]
    fn another_file_than_the_committed_one_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        let size = PHOTO.len() as u64;
        let mut other = PHOTO.to_vec();
        other[3] ^= 1;
        assert!(matches!(store(&blobs, &other, size), Err(BlobError::OtherContent)));
        assert!(matches!(store(&blobs, &PHOTO[1..], size), Err(BlobError::OtherSize { .. })));
        assert!(matches!(store(&blobs, PHOTO, size - 1), Err(BlobError::OtherSize { .. })));
        assert_eq!(files(dir.path()), 0);
    }

    #[test]
    fn the_size_limit_holds_at_and_past_the_edge() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        assert!(blobs.begin(name(), Hash::ZERO, ATTACHMENT_BYTES_MAX).is_ok());
        let past = blobs.begin(name(), Hash::ZERO, ATTACHMENT_BYTES_MAX + 1);
        assert!(matches!(past, Err(BlobError::TooLarge { .. })));
    }

    #[test]
    fn an_interrupted_upload_is_cleared_away_on_opening() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        store(&blobs, PHOTO, PHOTO.len() as u64).unwrap();
        let mut writer = blobs.begin(name(), Hash::of(PHOTO), 9).unwrap();
        writer.write(b"half").unwrap();
        std::mem::forget(writer);
        assert_eq!(files(dir.path()), 2);
        let blobs = Blobs::open(dir.path()).unwrap();
        assert_eq!(files(dir.path()), 1);
        assert_eq!(blobs.commitments().unwrap(), [name()]);
    }

    #[test]
    fn a_copy_has_the_same_files() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let blobs = Blobs::open(dir.path()).unwrap();
        store(&blobs, PHOTO, PHOTO.len() as u64).unwrap();
        assert_eq!(blobs.copy_to(other.path()).unwrap(), 1);
        let copy = Blobs::open(other.path()).unwrap();
        assert_eq!(copy.content(&name()).unwrap(), Some((Hash::of(PHOTO), PHOTO.len() as u64)));
    }
}
