//! Where a copy of somebody else's ledger lies: the layout of any ledger's directory, marked, and without a key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::merkle::Hash;
use crate::store::data_dir::{DataDir, DataDirError};
use crate::store::signed_head::SignedHead;
use crate::store::{self, Store, StoreError, durable};
use crate::verify::Trust;

/// A copy's directory, open. No other process has it.
pub struct Home {
    pub dir: DataDir,
    pub store: Arc<dyn Store>,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{} holds a ledger of its own, not a copy of another", .0.display())]
    NoCopy(PathBuf),
    #[error("{} holds a copy of the ledger {found}, not of {wanted}", path.display())]
    OtherLedger { path: PathBuf, found: String, wanted: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Home {
    /// Opens the copy of this trust file's ledger, or begins one where there is nothing yet.
    pub fn open(root: &Path, trust: &Trust) -> Result<Home, HomeError> {
        let dir = DataDir::new(root);
        let marker = dir.mirror();
        let own = mark(&trust.origin, &trust.genesis);
        let found = durable::read_if_there(&marker).map_err(|source| io(&marker, source))?;
        match (&found, dir.version().exists()) {
            (None, true) => return Err(HomeError::NoCopy(root.to_owned())),
            (Some(found), _) if *found != own.as_bytes() => {
                let told = |text: &str| text.trim().replace('\n', ", genesis ");
                let (found, wanted) = (told(&String::from_utf8_lossy(found)), told(&own));
                return Err(HomeError::OtherLedger { path: root.to_owned(), found, wanted });
            }
            (Some(_), true) => {}
            (_, false) => begin(&dir, &marker, &own, found.is_some())?,
        }
        dir.check()?;
        Ok(Home { store: store::open(&dir.db())?, dir })
    }

    pub fn signed_head(&self) -> SignedHead {
        SignedHead::new(self.dir.signed_head())
    }

    /// What was found wrong lies here.
    pub fn evidence(&self) -> PathBuf {
        self.dir.root().join("evidence")
    }
}

/// The mark comes first and `VERSION` last, so that what was interrupted between the two is begun anew.
fn begin(dir: &DataDir, marker: &Path, own: &str, is_marked: bool) -> Result<(), HomeError> {
    if is_marked {
        for left in [dir.db(), dir.blobs()] {
            match std::fs::remove_dir_all(&left) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&left, error)),
                _ => {}
            }
        }
    }
    // Nobody else's beginning is taken for ours.
    dir.make_free()?;
    durable::write_whole(marker, own.as_bytes()).map_err(|source| io(marker, source))?;
    dir.prepare()?;
    store::create(&dir.db())?;
    Ok(dir.finish()?)
}

fn mark(origin: &str, genesis: &Hash) -> String {
    format!("{origin}\n{genesis}\n")
}

fn io(path: &Path, source: std::io::Error) -> HomeError {
    HomeError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(origin: &str, genesis: &[u8]) -> Trust {
        use crate::note::vkey::{KeyType, VerifierKey};
        let public = crate::statement::ed25519::KeyPair::from_seed(&[7; 32]).public();
        let key = VerifierKey::new(origin.parse().unwrap(), KeyType::Ed25519, public).to_string();
        Trust::parse(&Trust::to_text(origin, &[key], Hash::of(genesis), None)).unwrap()
    }

    #[test]
    fn a_copy_is_of_one_ledger_and_is_begun_anew_where_its_making_was_interrupted() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (trust("log.example/a", b"1"), trust("log.example/a", b"2"));
        drop(Home::open(dir.path(), &a).unwrap());
        drop(Home::open(dir.path(), &a).unwrap());
        assert!(matches!(Home::open(dir.path(), &b), Err(HomeError::OtherLedger { .. })));
        std::fs::remove_file(dir.path().join("VERSION")).unwrap();
        drop(Home::open(dir.path(), &a).unwrap());
        std::fs::remove_file(dir.path().join("mirror")).unwrap();
        assert!(matches!(Home::open(dir.path(), &a), Err(HomeError::NoCopy(_))), "somebody's own ledger");
        std::fs::remove_file(dir.path().join("VERSION")).unwrap();
        assert!(Home::open(dir.path(), &a).is_err(), "the beginning of somebody's own ledger");
        assert!(!dir.path().join("mirror").exists(), "it is not marked for its files to be taken away");
    }

    #[test]
    fn what_was_interrupted_after_the_mark_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let a = trust("log.example/a", b"1");
        std::fs::write(dir.path().join("mirror"), mark(&a.origin, &a.genesis)).unwrap();
        drop(Home::open(dir.path(), &a).unwrap());
    }
}
