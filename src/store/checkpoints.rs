//! The checkpoint of every commit, by size: `k/` ‖ size u64 big-endian, the signed note as it stands.
//!
//! Only the log's own signature is in it; what witnesses add to one later is kept by whoever feeds them.

use super::{Batch, KeyRange, Read, StoreError};

const CHECKPOINTS: &[u8] = b"k/";

pub fn put(batch: &mut Batch, size: u64, note: &str) {
    batch.put(key(size), note);
}

/// The note that was signed at this size, if a commit ended there.
pub fn at<R: Read + ?Sized>(read: &R, size: u64) -> Result<Option<Vec<u8>>, StoreError> {
    read.get(&key(size))
}

/// The sizes at which commits ended, in order.
pub fn sizes<R: Read + ?Sized>(read: &R) -> impl Iterator<Item = Result<u64, StoreError>> {
    read.scan(&KeyRange::prefix(CHECKPOINTS)).map(|pair| {
        let (key, _) = pair?;
        key[CHECKPOINTS.len()..].try_into().map(u64::from_be_bytes).map_err(|_| StoreError::Engine {
            doing: "read a checkpoint's size",
            problem: "it has not 8 bytes".into(),
        })
    })
}

fn key(size: u64) -> Vec<u8> {
    [CHECKPOINTS, &size.to_be_bytes()].concat()
}
