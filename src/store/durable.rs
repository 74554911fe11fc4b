//! Files that are either wholly there or not at all, also after a power cut.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces the file, or leaves the old one. When this returns `Ok`, the new one has reached the disk.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_beside(path);
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    put_in_place(&file, &temporary, path)
}

/// Syncs a finished temporary file and gives it its name.
pub fn put_in_place(file: &File, temporary: &Path, path: &Path) -> io::Result<()> {
    // The bytes before the name: a name that survives must not lead to a file that did not.
    file.sync_all()?;
    fs::rename(temporary, path)?;
    sync_directory_of(path)
}

/// Removes the file for good. One that is not there is no error.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.and_then(|()| sync_directory_of(path)),
    }
}

/// The file's bytes; none if there is no such file.
pub fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a directory whose name survives a power cut. One that is there already is no error.
pub fn make_directory(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.and_then(|()| sync_directory_of(path)),
    }
}

/// Where a file is written before it gets its name: in the same directory, so that renaming never copies.
fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    path.with_file_name(name)
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("head");
        assert_eq!(read_if_there(&path).unwrap(), None);
        write_whole(&path, b"a longer first version").unwrap();
        write_whole(&path, b"second").unwrap();
        assert_eq!(read_if_there(&path).unwrap().as_deref(), Some(&b"second"[..]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_dead_writer_left_behind_is_in_nobodys_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("head");
        write_whole(&path, b"old").unwrap();
        fs::write(temporary_beside(&path), b"half of the ne").unwrap();
        assert_eq!(read_if_there(&path).unwrap().as_deref(), Some(&b"old"[..]));
        write_whole(&path, b"new").unwrap();
        assert_eq!(read_if_there(&path).unwrap().as_deref(), Some(&b"new"[..]));
    }

    #[test]
    fn an_error_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("head");
        write_whole(&path, b"old").unwrap();
        // A directory stands where the temporary file would go.
        fs::create_dir(temporary_beside(&path)).unwrap();
        assert!(write_whole(&path, b"new").is_err());
        assert_eq!(read_if_there(&path).unwrap().as_deref(), Some(&b"old"[..]));
    }
}
