//! The list of checkpoints in an `AnchorLog` contract, held against the log it is about.

use crate::anchor::digest;
use crate::merkle::Hash;
use crate::note::checkpoint::Checkpoint;
use crate::note::vkey::KeyName;

/// One entry of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    pub size: u64,
    /// [`digest`] of the checkpoint's body.
    pub digest: Hash,
    /// Of the block that it came with.
    pub block_number: u64,
}

/// An entry that does not fit the log. Any but [`Misfit::NotThereYet`] is somebody's second history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// The log at this size has another root.
    OtherRoot(Published),
    /// The log has not been seen at this size: it has not come so far, or an older state of it is shown.
    NotThereYet(Published),
    /// Not larger than the entry before it, with another digest or the same: no `AnchorLog` makes such a list.
    NotLarger { entry: Published, before: Published },
}

/// Which entries do not fit the log with this origin. `root_at` is its root at a size; none: it is not so large.
pub fn misfits(list: &[Published], origin: &KeyName, root_at: impl Fn(u64) -> Option<Hash>) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for (at, entry) in list.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).map(|before| list[before])
            && entry.size <= before.size
        {
            misfits.push(Misfit::NotLarger { entry: *entry, before });
        }
        match root_at(entry.size) {
            None => misfits.push(Misfit::NotThereYet(*entry)),
            Some(root) => {
                let body = Checkpoint { origin: origin.clone(), size: entry.size, root }.to_string();
                if digest(&body) != entry.digest {
                    misfits.push(Misfit::OtherRoot(*entry));
                }
            }
        }
    }
    misfits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> KeyName {
        "ledger.example/produce".parse().unwrap()
    }

    fn root(size: u64) -> Option<Hash> {
        (size <= 30).then(|| Hash::of(&size.to_be_bytes()))
    }

    fn entry(size: u64) -> Published {
        let root = Hash::of(&size.to_be_bytes());
        let body = Checkpoint { origin: origin(), size, root }.to_string();
        Published { size, digest: digest(&body), block_number: 100 + size }
    }

    #[test]
    fn a_list_of_the_logs_own_checkpoints_fits() {
        assert_eq!(misfits(&[entry(3), entry(8), entry(30)], &origin(), root), []);
        assert_eq!(misfits(&[], &origin(), root), []);
    }

    #[test]
    fn another_root_another_origin_and_a_size_beyond_the_log_do_not() {
        let other = Published { digest: Hash([1; 32]), ..entry(8) };
        assert_eq!(misfits(&[entry(3), other], &origin(), root), [Misfit::OtherRoot(other)]);
        assert_eq!(misfits(&[entry(31)], &origin(), root), [Misfit::NotThereYet(entry(31))]);
        let elsewhere = "other.example/produce".parse().unwrap();
        assert_eq!(misfits(&[entry(3)], &elsewhere, root), [Misfit::OtherRoot(entry(3))]);
    }

    #[test]
    fn two_digests_for_one_size_and_a_list_that_shrinks_are_told() {
        let rival = Published { digest: Hash([1; 32]), ..entry(8) };
        assert_eq!(
            misfits(&[entry(8), rival], &origin(), root),
            [Misfit::NotLarger { entry: rival, before: entry(8) }, Misfit::OtherRoot(rival)]
        );
        assert_eq!(
            misfits(&[entry(8), entry(3)], &origin(), root),
            [Misfit::NotLarger { entry: entry(3), before: entry(8) }]
        );
    }
}
