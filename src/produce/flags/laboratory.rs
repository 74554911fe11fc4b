//! Whose sample was tested, by whom, and who says so.

use super::{Flags, Look};
use crate::produce::acts::Act;
use crate::produce::reason::{Fact, Said, Source};
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::text::Flag;

pub(super) fn find(look: &Look<'_, '_>, flags: &mut Flags) {
    for act in look.standing_of(Kind::Inspection) {
        let Some(lab) = act.now().text("lab") else { continue };
        flags.extend(signature(act, lab));
        let named = act.now().text("sampling").is_some();
        match look.sampling_of(act) {
            Some(sampling) => {
                flags.extend(other_laboratory(act, sampling, lab));
                flags.extend(elsewhere(look, act, sampling));
                flags.extend(who_drew(look, act, sampling, lab));
            }
            None if named => flags.push(sample_elsewhere(act, [Source::of(act)])),
            None => {}
        }
    }
}

/// Another laboratory signed, or none did: whoever tested its own goods answers for that, but in another role.
fn signature(act: &Act<'_>, lab: &str) -> Option<Fact<Flag>> {
    if act.is_signed_by(lab, Role::Lab) {
        return None;
    }
    let signers = &act.record.statement.signers;
    let other = signers.iter().find(|signer| signer.role == Role::Lab);
    let sort = match other {
        Some(_) => Flag::LabDiffers,
        None if act.signers().any(|org| org == lab) => Flag::OwnTest,
        None => Flag::NotSignedByLab,
    };
    let org = if sort == Flag::OwnTest { lab } else { &other.or(signers.first())?.org };
    Some(laboratories(sort, act, [Source::of(act)], org, lab))
}

fn other_laboratory(act: &Act<'_>, sampling: &Act<'_>, lab: &str) -> Option<Fact<Flag>> {
    let sent_to = sampling.now().text("lab").filter(|sent_to| *sent_to != lab)?;
    Some(laboratories(Flag::LabDiffers, act, [Source::of(act), Source::of(sampling)], lab, sent_to))
}

fn laboratories<const N: usize>(
    sort: Flag,
    act: &Act<'_>,
    sources: [Source; N],
    org: &str,
    lab: &str,
) -> Fact<Flag> {
    Fact::new(sort, act.subject(), sources)
        .says("org", Said::Org(org.to_owned()))
        .says("lab", Said::Org(lab.to_owned()))
}

fn elsewhere(look: &Look<'_, '_>, act: &Act<'_>, sampling: &Act<'_>) -> Option<Fact<Flag>> {
    let drawn_from = sampling.now().text("drawn_from").unwrap_or(sampling.subject().as_str());
    (!look.is_of_line(drawn_from)).then(|| sample_elsewhere(act, [Source::of(act), Source::of(sampling)]))
}

fn sample_elsewhere<const N: usize>(act: &Act<'_>, sources: [Source; N]) -> Fact<Flag> {
    let number = act.now().text("sample_no").unwrap_or_default();
    Fact::new(Flag::SampleElsewhere, act.subject(), sources).says("number", Said::Text(number.to_owned()))
}

/// Drawn by the laboratory only if it signed for that; what a producer alone says of a sample is the producer's own.
fn who_drew(look: &Look<'_, '_>, act: &Act<'_>, sampling: &Act<'_>, lab: &str) -> Option<Fact<Flag>> {
    let said = sampling.now();
    let sampler = said.text("sampler_org").unwrap_or_default();
    let is_own = said.text("method") == Some("submitted")
        || is_producer(look, sampler)
        || is_producer(look, lab)
        || sampling.signers().all(|signer| is_producer(look, signer));
    let sort = match is_own {
        true => Flag::OwnSample,
        false if sampler == lab && sampling.is_signed_by(lab, Role::Lab) => Flag::LabDrewSample,
        false => return None,
    };
    Some(Fact::new(sort, act.subject(), [Source::of(act), Source::of(sampling)]))
}

/// It grew, picked, graded, packed or processed what is tested.
fn is_producer(look: &Look<'_, '_>, org: &str) -> bool {
    let produces = |act: &&Act<'_>| {
        matches!(
            act.kind,
            Kind::Grading
                | Kind::Harvest
                | Kind::Packing
                | Kind::Planting
                | Kind::Processing
                | Kind::CropOpen
        )
    };
    look.told.iter().copied().filter(produces).any(|act| act.signers().any(|signer| signer == org))
}
