//! Reading and making small files that must not be half there or in the wrong hands.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::{KEY_FILE_BYTES_MAX, KeyError};

/// Who may read a file that is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    Everyone,
    Owner,
}

/// Makes the file whole or not at all; refuses where anything stands already.
pub fn write_new(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let dir = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.new", std::process::id()));
    let temporary = dir.join(temporary);
    let written = write_then_link(&temporary, path, bytes, readers);
    // Its content stands under the other name now, or nowhere.
    let _ = std::fs::remove_file(&temporary);
    written?;
    File::open(dir)?.sync_all()
}

/// A name is given to the file only once it is whole; unlike a rename, giving a name refuses one that is taken.
fn write_then_link(temporary: &Path, path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(match readers {
            Readers::Everyone => 0o644,
            Readers::Owner => 0o600,
        });
    }
    let mut file = options.open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::hard_link(temporary, path)
}

pub(super) fn read_text(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let mut text = Zeroizing::new(String::new());
    let read = File::open(path)?.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text);
    match read {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(KeyError::NotAKey),
        Err(error) => Err(error.into()),
        Ok(bytes) if bytes as u64 > KEY_FILE_BYTES_MAX => Err(KeyError::NotAKey),
        Ok(_) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_stays_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_new(&path, b"first", Readers::Owner).unwrap();
        let error = write_new(&path, b"second", Readers::Owner).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_new(&path, b"secret", Readers::Owner).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_file_is_read_up_to_its_limit_and_not_past_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let limit = usize::try_from(KEY_FILE_BYTES_MAX).unwrap();
        std::fs::write(&path, "a".repeat(limit)).unwrap();
        assert_eq!(read_text(&path).unwrap().len(), limit);
        std::fs::write(&path, "a".repeat(limit + 1)).unwrap();
        assert!(matches!(read_text(&path), Err(KeyError::NotAKey)));
    }
}
