//! Whether two checkpoints of one log are of one history.

use crate::merkle::Hash;
use crate::merkle::proof::{ProveError, consistency_path, verify_consistency};
use crate::merkle::tree::{NodeReader, root_at};
use crate::note::checkpoint::Checkpoint;
use crate::verify::SplitView;

/// A checkpoint and the note that it stands in.
#[derive(Debug, Clone, Copy)]
pub struct Noted<'a> {
    pub checkpoint: &'a Checkpoint,
    pub note: &'a str,
}

/// What a tree says of a smaller and a larger checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// The larger goes on from the smaller.
    One,
    /// It does not, and both notes show it.
    Two(Box<SplitView>),
    /// The nodes are not those of the larger checkpoint: nothing is shown.
    NotItsTree,
}

/// Holds two checkpoints against each other. `nodes` should be of the larger one's tree, whoever gives them: what they
/// show is checked. Both notes' signatures are the caller's to check.
pub fn compare<R: NodeReader + ?Sized>(
    smaller: Noted<'_>,
    larger: Noted<'_>,
    nodes: &R,
) -> Result<Compared, R::Error> {
    let (small, large) = (smaller.checkpoint, larger.checkpoint);
    if small.size == large.size {
        let split = || SplitView::of_one_size((small, smaller.note), (large, larger.note));
        return Ok(if small.root == large.root { Compared::One } else { Compared::Two(split().into()) });
    }
    let path = match consistency_path(nodes, small.size, large.size) {
        Ok(path) => path,
        Err(ProveError::Read(error)) => return Err(error),
        Err(_) => return Ok(Compared::NotItsTree),
    };
    let shows = |root: &Hash| verify_consistency(small.size, large.size, root, &large.root, &path).is_ok();
    if shows(&small.root) {
        return Ok(Compared::One);
    }
    let root = root_at(nodes, small.size)?;
    if !shows(&root) {
        return Ok(Compared::NotItsTree);
    }
    let (smaller, larger) = (smaller.note.to_owned(), larger.note.to_owned());
    Ok(Compared::Two(Box::new(SplitView { smaller, larger, root, path })))
}
