//! What was begun and not answered: samples without a result, goods sent and not received.

use super::{Flags, Look, named_leaf};
use crate::produce::acts::Act;
use crate::produce::reason::{Fact, Said, Source};
use crate::produce::times::day_of;
use crate::statement::kinds::Kind;
use crate::text::Flag;

pub(super) fn find(look: &Look<'_, '_>, flags: &mut Flags) {
    flags.extend(look.standing_of(Kind::Sampling).filter_map(|act| waiting(look, act)));
    flags.extend(look.standing_of(Kind::Shipping).filter_map(|act| unmatched(look, act)));
}

/// Days from the entry to the moment that is asked about: the ledger's own days, nobody's claim.
fn days_since(look: &Look<'_, '_>, act: &Act<'_>) -> i64 {
    day_of(look.dossier.as_of).saturating_sub(day_of(act.record.at))
}

fn waiting(look: &Look<'_, '_>, act: &Act<'_>) -> Option<Fact<Flag>> {
    let results = || look.dossier.acts.of_kind(Kind::Inspection).filter(|result| !result.is_withdrawn());
    let days = days_since(look, act);
    let answers =
        |result: &Act<'_>| look.sampling_of(result).is_some_and(|answered| answered.leaf == act.leaf);
    (days > look.tunables(act).sample_days && !results().any(answers)).then(|| {
        let number = act.now().text("sample_no").unwrap_or_default();
        Fact::new(Flag::SampleWaiting, act.subject(), [Source::of(act)])
            .says("number", Said::Text(number.to_owned()))
            .says("days", Said::Number(days))
    })
}

/// Consumers sign no receipts.
fn unmatched(look: &Look<'_, '_>, act: &Act<'_>) -> Option<Fact<Flag>> {
    let to = act.now().text("to")?;
    let days = days_since(look, act);
    let receipts = || look.dossier.acts.of_kind(Kind::Receiving).filter(|receipt| !receipt.is_withdrawn());
    let answers = |receipt: &Act<'_>| {
        let shipment = named_leaf(receipt.now(), "shipment");
        shipment.and_then(|leaf| look.dossier.acts.by_leaf(&leaf)).is_some_and(|sent| sent.leaf == act.leaf)
    };
    (days > look.tunables(act).shipment_days && !receipts().any(answers)).then(|| {
        Fact::new(Flag::ShipmentOpen, act.subject(), [Source::of(act)])
            .says("to", Said::Org(to.to_owned()))
            .says("days", Said::Number(days))
    })
}
