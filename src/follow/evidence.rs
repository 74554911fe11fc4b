//! What shows that something is wrong, as files that anybody can check.

use std::io;
use std::path::{Path, PathBuf};

use super::follower::Held;
use super::wrong::Wrong;
use crate::merkle::Hash;
use crate::store::durable;
use crate::verify::SplitView;
use crate::verify::omission::Evidence;

/// Writes down what shows it, synced, and says where: evidence of a split view, a receipt of the entry that cannot
/// stand, or the checkpoint that was served; beside it the checkpoint that is held. The same again is the same file.
pub fn keep(dir: &Path, wrong: &Wrong, held: Option<&Held>) -> io::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    let (bytes, ending) = match (&wrong.split, &wrong.receipt) {
        (Some(split), _) => (Evidence::Split(SplitView::clone(split)).encode(), "json"),
        (None, Some(receipt)) => (receipt.clone().into_bytes(), "tlog-proof"),
        (None, None) => (wrong.note.clone().into_bytes(), "checkpoint"),
    };
    let digest = Hash::of(&bytes).to_string();
    let name = format!("{}-{}", wrong.kind.name(), &digest[..16]);
    if let Some(held) = held {
        durable::write_whole(&dir.join(format!("{name}.held.checkpoint")), held.note.as_bytes())?;
    }
    let path = dir.join(format!("{name}.{ending}"));
    durable::write_whole(&path, &bytes)?;
    Ok(path)
}
