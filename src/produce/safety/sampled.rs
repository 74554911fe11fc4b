//! Whether a lot was sampled and tested itself (每批抽检): what was found in the goods that it was sorted or mixed from
//! is not enough then.

use std::collections::{BTreeMap, BTreeSet};

use super::folded;
use super::ground::Ground;
use super::residues::is_in_good_faith;
use crate::produce::acts::Act;
use crate::produce::reason::Source;
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::verify::needed::ancestors;

/// Results of a sample that was drawn from this very lot, or from the one lot that it was packed from.
pub(super) fn sampled_tests(ground: &Ground<'_, '_>) -> Vec<Source> {
    let same = same_goods(ground);
    let tests = ground.about_line(Kind::Inspection).filter(|test| is_in_good_faith(test));
    let of_it = tests.filter(|test| test.subjects().any(|subject| same.contains(subject)));
    of_it.filter(|test| was_drawn_from(ground, test, &same)).map(Source::of).collect()
}

/// Whether a record that stood before the result says that the sample was drawn there, for that laboratory.
fn was_drawn_from(ground: &Ground<'_, '_>, test: &Act<'_>, lots: &BTreeSet<Subject>) -> bool {
    let (acts, result) = (&ground.dossier.acts, test.now());
    let is_good = |sampling: &Act<'_>| {
        sampling.kind == Kind::Sampling
            && !sampling.is_withdrawn()
            && sampling.seq() < test.seq()
            && sampling.now().text("lab") == result.text("lab")
            && lots.contains(sampling.subject())
    };
    match (result.text("sampling"), result.text("sample_no")) {
        (Some(leaf), _) => leaf.parse().is_ok_and(|leaf| acts.by_leaf(&leaf).is_some_and(is_good)),
        (None, Some(number)) => acts.of_kind(Kind::Sampling).any(|sampling| {
            sampling.now().text("sample_no").map(folded) == Some(folded(number)) && is_good(sampling)
        }),
        (None, None) => false,
    }
}

/// The lot, and what it was before it was put into packs, as long as nothing else went in with it.
fn same_goods(ground: &Ground<'_, '_>) -> BTreeSet<Subject> {
    let dossier = ground.dossier;
    let mut made: BTreeMap<&Subject, (bool, BTreeSet<Subject>)> = BTreeMap::new();
    for act in dossier.acts.iter() {
        for lot in act.subjects().filter(|subject| dossier.has(subject)) {
            let from = ancestors(lot, act.record);
            if !from.is_empty() {
                let (is_packed, together) = made.entry(lot).or_insert((true, BTreeSet::new()));
                *is_packed &= act.kind == Kind::Packing;
                together.extend(from);
            }
        }
    }
    let mut same = BTreeSet::from([dossier.subject.clone()]);
    let mut lot = dossier.subject;
    while let Some((true, from)) = made.get(lot) {
        let Some(before) = from.first().filter(|_| from.len() == 1) else { break };
        if !same.insert(before.clone()) {
            break;
        }
        lot = before;
    }
    same
}
