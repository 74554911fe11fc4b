//! From applied records to a signed, synced, published log: the order in which nothing may be swapped.
//!
//! Seal, recompute the root from the bytes about to be written, sign, commit, write the signed head. Used for the first
//! commit of a ledger and for every later one.

use super::signer::LogSigner;
use crate::ledger::{ApplyError, Change, Facts, State, keys};
use crate::merkle::tree::{Frontier, leaf_hash};
use crate::note::signed_note::SignedNote;
use crate::store::signed_head::SignedHead;
use crate::store::{Batch, Store, checkpoints};

/// The commit did not come about. Either way the state is worth nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// Not one byte was written.
    #[error("{0}")]
    Before(String),
    /// The write was begun: whether it is on the disk will be seen when the ledger is opened again.
    #[error("{0}")]
    During(String),
}

impl Failure {
    pub(super) fn before(problem: impl ToString) -> Failure {
        Failure::Before(problem.to_string())
    }
}

/// Where a commit goes and who signs it.
pub(super) struct Target<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) signed_head: &'a SignedHead,
    pub(super) signer: &'a LogSigner,
}

/// Seals `state` and makes it durable together with `beside`. `proven` is the log as the disk holds it, and follows.
pub(super) fn commit<F: Facts>(
    target: &Target<'_>,
    state: &mut State<F>,
    proven: &mut Frontier,
    at: i64,
    beside: Batch,
) -> Result<SignedNote, Failure> {
    state.seal(at).map_err(|error: ApplyError| Failure::before(error))?;
    let (size, root) = (state.size(), state.root());
    let due: Vec<String> =
        state.log().iter().flat_map(|log| log.signing_vkeys(at)).map(str::to_owned).collect();
    let (changes, grown) = take_grown(state, proven)?;

    let checkpoint = target.signer.sign(size, root, |key| due.contains(&key.to_string()));
    let checkpoint = checkpoint.map_err(Failure::before)?;
    checkpoint.verify(&target.signer.verifier_keys()).map_err(Failure::before)?;
    let note = checkpoint.to_string();
    write(target.store, target.signed_head, (changes, grown), proven, Some(&note), beside)?;
    Ok(checkpoint)
}

/// What has changed in the state, and the log after it. The root is that of the bytes about to be written.
pub(super) fn take_grown<F: Facts>(
    state: &mut State<F>,
    proven: &Frontier,
) -> Result<(Vec<Change>, Frontier), Failure> {
    let (size, root) = (state.size(), state.root());
    let changes = state.take_changes();
    let grown = recompute(proven, &changes)?;
    if grown.size() != size || grown.root() != root {
        return Err(Failure::before("the bytes to be written do not give the root that was computed"));
    }
    Ok((changes, grown))
}

/// One synced batch, then the signed head. Without a note, nothing was signed at this size.
pub(super) fn write(
    store: &dyn Store,
    signed_head: &SignedHead,
    (changes, grown): (Vec<Change>, Frontier),
    proven: &mut Frontier,
    note: Option<&str>,
    beside: Batch,
) -> Result<(), Failure> {
    let mut batch = beside;
    for change in changes {
        batch.put(change.key, change.value);
    }
    if let Some(note) = note {
        checkpoints::put(&mut batch, grown.size(), note);
    }
    let during = |problem: String| Failure::During(problem);
    store.commit(batch, proven.size(), grown.size()).map_err(|error| during(error.to_string()))?;
    if let Some(note) = note {
        signed_head
            .write(note.as_bytes())
            .map_err(|error| during(format!("write {}: {error}", signed_head.path().display())))?;
    }
    *proven = grown;
    Ok(())
}

/// The log after these changes, from the records' bytes alone. A tree signed over anything else, once, cannot be
/// mended: other logs have died of one flipped bit.
fn recompute(proven: &Frontier, changes: &[Change]) -> Result<Frontier, Failure> {
    let mut grown = proven.clone();
    for change in changes.iter().filter(|change| change.key.starts_with(keys::RECORDS)) {
        if change.key != keys::record(grown.size()) {
            return Err(Failure::before("the records to be written do not follow on the last one"));
        }
        grown.push(leaf_hash(&change.value), |_| {});
    }
    Ok(grown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(seq: u64, value: &[u8]) -> Change {
        Change { key: keys::record(seq), value: value.to_vec() }
    }

    #[test]
    fn the_root_is_that_of_the_bytes_and_of_nothing_else() {
        let start = recompute(&Frontier::new(), &[change(0, b"a"), change(1, b"b")]).unwrap();
        let other = Change { key: keys::LOG.to_vec(), value: b"{}".to_vec() };
        let grown = recompute(&start, &[other, change(2, b"c")]).unwrap();
        let leaves = [b"a", b"b", b"c"].map(|bytes| leaf_hash(bytes));
        assert_eq!(grown.root(), crate::merkle::tree::root_of(&leaves));
        assert!(recompute(&start, &[change(3, b"d")]).is_err(), "a gap");
        assert!(recompute(&start, &[change(1, b"x")]).is_err(), "a record written over");
    }
}
