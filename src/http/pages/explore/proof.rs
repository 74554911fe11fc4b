//! The way from an entry to a signed root, hash by hash, and what each hash stands for.

use super::desk::Desk;
use crate::http::problem::Problem;
use crate::note::checkpoint::Checkpoint;
use crate::text::Explore;

pub(super) struct ProofView {
    pub(super) checkpoint_href: String,
    pub(super) checkpoint: String,
    pub(super) root: String,
    pub(super) steps: Vec<StepView>,
}

pub(super) struct StepView {
    pub(super) what: String,
    pub(super) side: String,
    pub(super) hash: String,
}

pub(super) fn proof(desk: &Desk<'_>, seq: u64) -> Result<ProofView, Problem> {
    let receipt = desk.view.receipt(seq)?;
    let checkpoint: Checkpoint = receipt.proof.checkpoint.text().parse().map_err(Problem::internal)?;
    let steps = ranges(seq, checkpoint.size).into_iter().zip(&receipt.proof.path).enumerate();
    let steps = steps.map(|(i, (range, hash))| {
        let (first, last) = (range.first.to_string(), range.last.to_string());
        let side = if range.is_left { Explore::OnTheLeft } else { Explore::OnTheRight };
        StepView {
            what: desk.fill(Explore::Step, &[("n", &(i + 1).to_string())]),
            side: desk.fill(side, &[("first", &first), ("last", &last)]),
            hash: hash.to_string(),
        }
    });
    Ok(ProofView {
        checkpoint_href: format!("/explore/checkpoint/{}", checkpoint.size),
        checkpoint: desk.fill(Explore::Checkpoint, &[("size", &checkpoint.size.to_string())]),
        root: checkpoint.root.to_string(),
        steps: steps.collect(),
    })
}

/// The entries that one hash of a path stands for.
#[derive(Debug, PartialEq, Eq)]
struct Beside {
    first: u64,
    last: u64,
    is_left: bool,
}

/// What each hash of an inclusion path covers, the leaf's own brother first.
fn ranges(index: u64, size: u64) -> Vec<Beside> {
    let (mut start, mut end) = (0, size);
    let mut ranges = Vec::new();
    while end - start > 1 {
        // The largest power of two below the width.
        let middle = start + (1 << (u64::BITS - 1 - (end - start - 1).leading_zeros()));
        if index < middle {
            ranges.push(Beside { first: middle, last: end - 1, is_left: false });
            end = middle;
        } else {
            ranges.push(Beside { first: start, last: middle - 1, is_left: true });
            start = middle;
        }
    }
    ranges.reverse();
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_covers_everything_but_the_leaf_once() {
        for size in 1..40 {
            for index in 0..size {
                let mut covered = vec![index];
                covered.extend(ranges(index, size).iter().flat_map(|range| range.first..=range.last));
                covered.sort_unstable();
                assert_eq!(covered, (0..size).collect::<Vec<u64>>(), "{index} of {size}");
            }
        }
        let beside = |first, last, is_left| Beside { first, last, is_left };
        assert_eq!(ranges(4, 7), [beside(5, 5, false), beside(6, 6, false), beside(0, 3, true)]);
    }
}
