//! What people held: holds, takedowns, and lots whose own record was taken back.

use std::collections::BTreeSet;

use super::ground::Ground;
use super::{Lifting, Raised};
use crate::ledger::lots_of;
use crate::produce::acts::Act;
use crate::produce::reason::{Fact, Said, Source};
use crate::produce::times::day_of;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::subject::Subject;
use crate::text::Why;

pub(in crate::produce) fn holds(ground: &Ground<'_, '_>) -> Vec<Raised> {
    let held = ground.about_line(Kind::Hold).map(|act| placed(ground, act, Why::Held));
    let as_of = day_of(ground.dossier.as_of);
    let in_force = |act: &&Act<'_>| {
        let now = act.now();
        now.text("action") == Some("takedown") && now.date("until").is_none_or(|until| until.days() >= as_of)
    };
    let takedowns = ground.about_line(Kind::Enforcement).filter(in_force);
    let taken_down = takedowns.map(|act| placed(ground, act, Why::TakenDown));
    let withdrawn = ground.dossier.lots().filter_map(|lot| withdrawn(ground, lot));
    held.chain(taken_down).chain(withdrawn).collect()
}

/// Whoever placed it, and so who may end it. A hold on one's own goods is one's own to end; what an authority holds,
/// the goods' owner cannot let go, and what a regulator holds, no platform.
fn placed(ground: &Ground<'_, '_>, act: &Act<'_>, why: Why) -> Raised {
    let lifting = if act.is_signed_as(Role::Regulator) {
        Lifting::Regulator
    } else if act.is_signed_as(Role::Platform) {
        Lifting::Authority { from: None }
    } else {
        Lifting::Holder(act.signers().map(str::to_owned).collect::<BTreeSet<_>>())
    };
    let about = act.subjects().find(|subject| ground.dossier.has(subject)).unwrap_or(act.subject());
    let org = act.signers().next().unwrap_or_default().to_owned();
    Raised::new(Fact::new(why, about, [Source::of(act)]).says("org", Said::Org(org)), lifting)
}

/// The record that made the lot was taken back, so there is no such lot; what was made of it stands on nothing.
fn withdrawn(ground: &Ground<'_, '_>, lot: &Subject) -> Option<Raised> {
    let makes = |act: &&Act<'_>| match act.kind {
        Kind::Harvest => act.subject() == lot,
        Kind::Grading | Kind::Packing | Kind::Processing => {
            lots_of(&act.record.statement, "outputs").contains(lot.as_str())
        }
        _ => false,
    };
    let acts = &ground.dossier.acts;
    let planted = || acts.of_kind(Kind::Planting).find(|act| act.subject() == lot);
    let made = acts.iter().find(makes).or_else(planted)?;
    let withdrawal = made.withdrawn?;
    let records = [Source::of(made), Source { seq: withdrawal.seq, leaf: withdrawal.leaf() }];
    Some(if lot == ground.dossier.subject {
        Raised::new(Fact::new(Why::LotWithdrawn, lot, records), Lifting::Never)
    } else {
        let fact = Fact::new(Why::SourceWithdrawn, lot, records);
        Raised::new(fact.says("lot", Said::Subject(lot.to_string())), Lifting::Authority { from: None })
    })
}
