//! What lifts a reason: a named release by somebody who may, on the ground of a test where safety asks for one.

use std::collections::BTreeSet;

use super::ground::Ground;
use super::residues::{is_failed, names_passed};
use super::{Raised, folded};
use crate::merkle::Hash;
use crate::produce::acts::{Act, ActVersion};
use crate::produce::reason::Source;
use crate::produce::times::day_of;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::subject::Subject;
use crate::statement::time::Date;

/// Who or what lifts a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::produce) enum Lifting {
    /// Nothing: it lasts until what is missing is there.
    Never,
    /// A platform or regulator that does not own any of it, on or after that day (from 1970) if there is one.
    Authority { from: Option<i64> },
    /// A regulator.
    Regulator,
    /// One of those organisations, which placed it on their own goods, or a platform or regulator.
    Holder(BTreeSet<String>),
    /// A platform or regulator, with a good test of `about`, or of something made of it, reported after that day and
    /// naming those substances (folded).
    Retest { about: Subject, after: Option<Date>, analytes: BTreeSet<String> },
}

/// What a release must show.
pub(in crate::produce) struct Release<'d, 'a> {
    pub(in crate::produce) act: &'d Act<'a>,
    lifts: BTreeSet<Hash>,
}

impl Lifting {
    pub(super) fn retest(about: &Subject, after: Option<Date>, analytes: BTreeSet<String>) -> Lifting {
        Lifting::Retest { about: about.clone(), after, analytes }
    }
}

/// The releases that concern the line, in the order of the log.
pub(in crate::produce) fn releases<'d, 'a>(ground: &Ground<'d, 'a>) -> Vec<Release<'d, 'a>> {
    let acts = ground.about_line(Kind::Release).filter(|act| !act.is_withdrawn());
    acts.map(|act| {
        let named = act.now().list("lifts").iter().filter_map(|leaf| leaf.as_str()?.parse().ok());
        Release { act, lifts: named.collect() }
    })
    .collect()
}

impl<'d, 'a> Release<'d, 'a> {
    /// Whether it lifts the reason as that stood before the entry `before`.
    pub(in crate::produce) fn lifts(&self, ground: &Ground<'d, 'a>, raised: &Raised, before: u64) -> bool {
        let records = raised.reason.records.iter().filter(|source| source.seq < before);
        let records: Vec<&Source> = records.collect();
        let last = records.iter().map(|source| source.seq).max();
        let is_named = records.iter().any(|source| self.lifts.contains(&source.leaf));
        // What was not there yet cannot have been weighed.
        is_named
            && last.is_some_and(|last| last < self.act.seq() && self.act.seq() < before)
            && self.may_lift(ground, raised, last.unwrap_or(u64::MAX))
    }

    fn may_lift(&self, ground: &Ground<'d, 'a>, raised: &Raised, last: u64) -> bool {
        match &raised.lifting {
            Lifting::Never => false,
            Lifting::Authority { from } => {
                self.is_by_authority(ground) && from.is_none_or(|from| day_of(self.act.record.at) >= from)
            }
            Lifting::Regulator => self.is_signed_as(ground, &[Role::Regulator]),
            Lifting::Holder(orgs) => {
                self.is_by_authority(ground) || self.act.signers().any(|org| orgs.contains(org))
            }
            Lifting::Retest { about, after, analytes } => {
                self.is_by_authority(ground)
                    && self.test(ground).is_some_and(|test| {
                        test.seq() < self.act.seq()
                            && is_retest(ground, test, about, last, *after)
                            && covers(test, analytes)
                    })
            }
        }
    }

    /// The test that it rests on.
    pub(in crate::produce) fn test(&self, ground: &Ground<'d, 'a>) -> Option<&'d Act<'a>> {
        let leaf: Hash = self.act.now().text("test")?.parse().ok()?;
        ground.dossier.acts.by_leaf(&leaf).filter(|act| act.kind == Kind::Inspection)
    }

    fn is_by_authority(&self, ground: &Ground<'d, 'a>) -> bool {
        self.is_signed_as(ground, &[Role::Platform, Role::Regulator])
    }

    /// Nobody judges their own goods, in whatever role they are registered.
    fn is_signed_as(&self, ground: &Ground<'d, 'a>, roles: &[Role]) -> bool {
        let mut signers = self.act.record.statement.signers.iter();
        signers.any(|signer| roles.contains(&signer.role) && !ground.is_of(&signer.org))
    }
}

/// A test that its own laboratory signed, good in every version, of the goods at issue, and wholly later than what it
/// is to clear: entered after entry `last`, drawn after it, received not before the day `after` and reported after it.
fn is_retest(
    ground: &Ground<'_, '_>,
    test: &Act<'_>,
    about: &Subject,
    last: u64,
    after: Option<Date>,
) -> bool {
    let below = ground.below(about);
    let is_of_goods = |act: &Act<'_>| act.subjects().any(|subject| below.contains(subject));
    let is_good = |version: &ActVersion<'_>| {
        let reported = version.date("reported_date");
        version.text("conclusion") == Some("pass")
            && !is_failed(ground, test, version)
            && reported.is_some_and(|reported| after.is_none_or(|after| reported > after))
            && version
                .date("received_date")
                .is_none_or(|received| after.is_none_or(|after| received >= after))
            && version.text("lab").is_some_and(|lab| test.is_signed_by(lab, Role::Lab) && !ground.is_of(lab))
    };
    let is_fresh =
        |sampling: &Act<'_>| sampling.seq() > last && !sampling.is_withdrawn() && is_of_goods(sampling);
    test.seq() > last
        && !test.is_withdrawn()
        && is_of_goods(test)
        && test.versions.iter().all(is_good)
        && test.versions.iter().all(|version| match sampling(ground, version) {
            Sampled::Known(samples) => samples.into_iter().all(is_fresh),
            Sampled::NotHere => false,
        })
}

enum Sampled<'d, 'a> {
    Known(Vec<&'d Act<'a>>),
    /// The test names a sampling that is not of this line.
    NotHere,
}

/// The samplings that a result answers: the one that it names, or those with its number for its laboratory.
fn sampling<'d, 'a>(ground: &Ground<'d, 'a>, version: &ActVersion<'_>) -> Sampled<'d, 'a> {
    let acts = &ground.dossier.acts;
    if let Some(named) = version.text("sampling") {
        let act = named.parse().ok().and_then(|leaf| acts.by_leaf(&leaf));
        return act
            .filter(|act| act.kind == Kind::Sampling)
            .map_or(Sampled::NotHere, |act| Sampled::Known(vec![act]));
    }
    let is_same = |sampling: &ActVersion<'_>| {
        sampling.text("sample_no").map(folded) == version.text("sample_no").map(folded)
            && sampling.text("lab") == version.text("lab")
    };
    Sampled::Known(acts.of_kind(Kind::Sampling).filter(|act| act.versions.iter().any(is_same)).collect())
}

/// Whether the sample is of the line, or none is known.
pub(super) fn is_sampled_here(ground: &Ground<'_, '_>, result: &ActVersion<'_>) -> bool {
    let is_here = |sampling: &&Act<'_>| {
        let drawn_from = sampling.now().text("drawn_from").and_then(|text| Subject::parse(text).ok());
        sampling.subjects().chain(&drawn_from).any(|subject| ground.dossier.has(subject))
    };
    match sampling(ground, result) {
        Sampled::Known(samples) => samples.is_empty() || samples.iter().any(is_here),
        Sampled::NotHere => false,
    }
}

/// Whether every version of the test passed each of the substances, and passed anything at all.
fn covers(test: &Act<'_>, analytes: &BTreeSet<String>) -> bool {
    test.versions.iter().all(|version| {
        let passed = names_passed(version);
        !passed.is_empty() && analytes.is_subset(&passed)
    })
}
