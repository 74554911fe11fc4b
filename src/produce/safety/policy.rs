//! What is asked of a batch by its category, and how much of it is there.

use std::collections::BTreeSet;

use serde::Serialize;

use super::ground::{Ground, Root};
use super::release::is_sampled_here;
use super::residues::is_in_good_faith;
use super::sampled::sampled_tests;
use super::{Lifting, Raised, folded};
use crate::produce::acts::Act;
use crate::produce::reason::{Fact, Source};
use crate::produce::story::as_key;
use crate::produce::tables::PolicyRow;
use crate::statement::kinds::Kind;
use crate::statement::subject::{Subject, SubjectKind};
use crate::text::{Need, Why, Words};

/// How much of what is asked is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// The newest table asks for every stage, in the order of a batch's life; otherwise for origin and test alone.
    pub full: bool,
    pub present: usize,
    pub needed: usize,
    pub stages: Vec<StageRecords>,
    /// The table that asks for it; none if no table names the crop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Source>,
}

/// One thing asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageRecords {
    #[serde(serialize_with = "as_key")]
    pub need: Need,
    pub present: bool,
    pub records: Vec<Source>,
}

pub(in crate::produce) fn policy(ground: &Ground<'_, '_>) -> (Completeness, Vec<Raised>) {
    let crops = ground.crops();
    let newest = ground.dossier.tables.policies.last();
    let is_ours = |row: &&PolicyRow| row.crops.iter().any(|crop| crops.contains(folded(crop).as_str()));
    let rows: Vec<&PolicyRow> = newest.into_iter().flat_map(|set| &set.rows).filter(is_ours).collect();
    let full = rows.iter().any(|row| row.level == "full");
    let needs: &[Need] = if full { <Need as Words>::ALL } else { &[Need::Origin, Need::Test] };
    let mut stages: Vec<StageRecords> = needs.iter().map(|need| stage(ground, *need)).collect();
    let sampled = rows.iter().any(|row| row.batch_test).then(|| sampled_tests(ground));
    let others = sampled.and_then(|sampled| only_sampled(&mut stages, sampled));
    let mut missing: Vec<Why> =
        stages.iter().filter(|stage| !stage.present).map(|stage| missing(stage.need)).collect();
    if rows.iter().any(|row| row.category == "speciality") && !has_standard(ground) {
        missing.push(Why::MissingStandard);
    }
    let fact = |why: Why| {
        let harvests = ground.roots.iter().flat_map(|root| &root.harvests).map(|act| Source::of(act));
        match &others {
            Some(others) if why == Why::MissingTest => {
                Fact::new(Why::MissingSample, ground.dossier.subject, others.iter().copied())
            }
            _ => Fact::new(why, ground.dossier.subject, harvests),
        }
    };
    let raised = missing.into_iter().map(|why| Raised::new(fact(why), Lifting::Never)).collect();
    let completeness = Completeness {
        full,
        present: stages.iter().filter(|stage| stage.present).count(),
        needed: stages.len(),
        stages,
        policy: newest.filter(|_| !rows.is_empty()).map(|set| Source { seq: set.seq, leaf: set.leaf }),
    };
    (completeness, raised)
}

fn missing(need: Need) -> Why {
    match need {
        Need::Origin => Why::MissingOrigin,
        Need::Planting => Why::MissingPlanting,
        Need::Inputs => Why::MissingInputs,
        Need::Harvest => Why::MissingHarvest,
        Need::Test => Why::MissingTest,
        Need::Packing => Why::MissingPacking,
        Need::Circulation => Why::MissingCirculation,
    }
}

fn stage(ground: &Ground<'_, '_>, need: Need) -> StageRecords {
    let told = |kinds: &[Kind]| -> Vec<Source> {
        let acts = ground.dossier.told().filter(|act| kinds.contains(&act.kind) && !act.is_withdrawn());
        acts.map(Source::of).collect()
    };
    let of_roots = |records: fn(&Ground<'_, '_>, &Root<'_, '_>) -> Vec<Source>| {
        let found: Vec<Vec<Source>> = ground.roots.iter().map(|root| records(ground, root)).collect();
        // A lot made of several has it only if each of them has.
        let present = !found.is_empty() && found.iter().all(|records| !records.is_empty());
        (present, found.concat())
    };
    let (present, records) = match need {
        Need::Origin => of_roots(origin),
        Need::Test => of_roots(tests),
        Need::Planting => any(told(&[Kind::CropOpen, Kind::Planting])),
        Need::Inputs => any(told(&[Kind::Input, Kind::Irrigation, Kind::Observation])),
        Need::Harvest => any(told(&[Kind::Harvest])),
        Need::Packing => any(told(&[Kind::Grading, Kind::Packing, Kind::Processing])),
        Need::Circulation => any(told(&[Kind::Receiving, Kind::Shipping, Kind::Storage])),
    };
    let records = records.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    StageRecords { need, present, records }
}

/// Where every lot is to be sampled, a test of another sample is none of this lot. Returns the tests that would have
/// done otherwise, if there are only such.
fn only_sampled(stages: &mut [StageRecords], sampled: Vec<Source>) -> Option<Vec<Source>> {
    let test = stages.iter_mut().find(|stage| stage.need == Need::Test)?;
    let (is_missing, is_sampled) = (test.records.is_empty(), !sampled.is_empty());
    test.present = is_sampled;
    let others = std::mem::replace(&mut test.records, sampled);
    (!is_sampled && !is_missing).then_some(others)
}

fn any(records: Vec<Source>) -> (bool, Vec<Source>) {
    (!records.is_empty(), records)
}

/// Records that say where a lot grew: a registered plot, or a harvest or planting with a village or plot.
fn origin(ground: &Ground<'_, '_>, root: &Root<'_, '_>) -> Vec<Source> {
    let plots = root.plots();
    let registers = ground.about_line(Kind::PlotRegister).filter(|act| plots.contains(act.subject()));
    let is_placed = |act: &&Act<'_>| {
        let place = act.record.statement.place.as_ref();
        place.is_some_and(|place| place.village.is_some() || place.plot.is_some())
    };
    let placed = root.harvests.iter().chain(&root.plantings).copied().filter(is_placed);
    registers.chain(placed).filter(|act| !act.is_withdrawn()).map(Source::of).collect()
}

/// Results about the lot or about what was made of it: a test of the season alone is not one of this batch, nor one of
/// a sample that was drawn elsewhere.
fn tests(ground: &Ground<'_, '_>, root: &Root<'_, '_>) -> Vec<Source> {
    let below = ground.below(root.lot);
    let tests = ground.about_line(Kind::Inspection).filter(|test| is_in_good_faith(test));
    let tests = tests.filter(|test| is_sampled_here(ground, test.now()));
    tests.filter(|test| test.subjects().any(|subject| below.contains(subject))).map(Source::of).collect()
}

/// Every season that the batch came from names the standard by which it was grown.
fn has_standard(ground: &Ground<'_, '_>) -> bool {
    let seasons = ground.roots.iter().flat_map(|root| &root.fields).map(|field| &field.season);
    let crops: BTreeSet<&Subject> = seasons.filter(|season| season.kind() == SubjectKind::Crop).collect();
    let is_named = |season: &&Subject| {
        let mut opened = ground.about_line(Kind::CropOpen).filter(|act| act.subject() == *season);
        opened.any(|act| !act.is_withdrawn() && act.now().text("standard").is_some())
    };
    !crops.is_empty() && crops.iter().all(is_named)
}
