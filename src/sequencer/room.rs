//! Room on the disk, and the line below which nothing new is taken.
//!
//! A log on a full disk has lost what it had promised before: its engine could not finish a write, and nobody noticed
//! for hours. So the writer stops while there is still room for what goes on without new statements (write-ahead logs,
//! compaction, erasing), and goes on by itself when somebody has made room.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::status::ReadOnly;

/// Where free space is read; tests bring their own.
pub trait Space: Send + Sync {
    /// Bytes that this program may still write, on the fullest of its disks.
    fn free(&self) -> io::Result<u64>;
}

/// The disks that some files lie on.
pub struct Disks(Vec<PathBuf>);

impl Disks {
    /// Of these directories, or of those that these files are in.
    pub fn of(paths: impl IntoIterator<Item = PathBuf>) -> Disks {
        Disks(paths.into_iter().collect())
    }
}

impl Space for Disks {
    fn free(&self) -> io::Result<u64> {
        let mut least = u64::MAX;
        for path in &self.0 {
            let disk = rustix::fs::statvfs(path)?;
            // What root alone may use does not count.
            least = least.min(disk.f_bavail.saturating_mul(disk.f_frsize));
        }
        Ok(least)
    }
}

/// Free space and the line.
#[derive(Clone)]
pub struct Room {
    space: Arc<dyn Space>,
    stop: u64,
}

impl Room {
    /// Nothing is taken while less than `stop` bytes are free; 0: never.
    pub fn new(space: Arc<dyn Space>, stop: u64) -> Room {
        Room { space, stop }
    }

    /// Free bytes, where that can be told.
    pub fn free(&self) -> Option<u64> {
        self.space.free().ok()
    }

    /// Whether there is enough. A disk that does not tell stops nothing: its writes will.
    pub(super) fn check(&self) -> Result<(), ReadOnly> {
        match self.free() {
            Some(free) if free < self.stop => Err(ReadOnly::NoRoom { free, stop: self.stop }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_tells_its_free_bytes_and_one_that_is_not_there_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let disks = Disks::of([dir.path().to_owned()]);
        assert!(disks.free().unwrap() > 0);
        let gone = Disks::of([dir.path().to_owned(), dir.path().join("gone")]);
        assert!(gone.free().is_err());
        assert_eq!(Room::new(Arc::new(gone), u64::MAX).check(), Ok(()));
        let full = Room::new(Arc::new(Disks::of([dir.path().to_owned()])), u64::MAX);
        assert!(matches!(full.check(), Err(ReadOnly::NoRoom { stop: u64::MAX, .. })));
        assert_eq!(Room::new(Arc::new(disks), 0).check(), Ok(()));
    }
}
