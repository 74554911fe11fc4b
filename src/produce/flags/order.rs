//! Days that do not follow each other as the work does: planting, inputs, harvest, packing, shipping, sale; sample,
//! laboratory, report. Days are compared, not hours: two phones agree on the day.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Flags, Look, Made, days, lots_in};
use crate::produce::acts::Act;
use crate::produce::reason::{Fact, Said, Source};
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::statement::time::{Date, Instant};
use crate::text::Flag;

pub(super) fn find(look: &Look<'_, '_>, flags: &mut Flags) {
    let starts = starts(look);
    let harvests = harvests(look);
    for act in look.standing() {
        match act.kind {
            Kind::Planting => flags.extend(seed_bought(act)),
            Kind::Input => {
                flags.extend(input_span(act));
                flags.extend(starts.get(act.subject().as_str()).and_then(|start| input_before(act, start)));
                flags
                    .extend(harvests.get(act.subject().as_str()).and_then(|picked| input_after(act, picked)));
            }
            Kind::Harvest => {
                let mut sown = sources_of(act).filter_map(|from| starts.get(from));
                flags.extend(sown.find_map(|start| harvest_before(act, start)));
            }
            Kind::Grading | Kind::Packing | Kind::Processing => {
                flags.extend(made_before(look, act));
                flags.extend(pack_date(act));
            }
            Kind::Storage | Kind::Shipping => flags.extend(moved_before(look, act)),
            Kind::Receiving => flags.extend(received_before(look, act)),
            Kind::Sale => flags.extend(sold_before(look, act)),
            Kind::Sampling => flags.extend(sampled_before(look, act)),
            Kind::Inspection => inspection(look, act, flags),
            Kind::PlotRegister => certificates(look, act, flags),
            _ => {}
        }
    }
}

fn own(act: &Act<'_>) -> (Date, Source) {
    (act.now().day(), Source::of(act))
}

/// The ledger and both signers' clocks had it in this order: a phone that was offline is no contradiction.
fn was_written_before(one: &Act<'_>, other: &Act<'_>) -> bool {
    let recorded = |act: &Act<'_>| act.record.statement.recorded_at.unix_seconds();
    one.seq() < other.seq() && recorded(one) <= recorded(other)
}

// -- in the field ------------------------------------------------------------------------------------------------

/// When each season or lot was first sown or planted out. Pruning, thinning and bagging begin nothing.
fn starts<'d, 'a>(look: &Look<'d, 'a>) -> BTreeMap<&'a str, &'d Act<'a>> {
    let mut starts: BTreeMap<&str, &Act<'_>> = BTreeMap::new();
    let begins = |act: &&Act<'_>| matches!(act.now().text("action"), Some("sowing" | "transplanting"));
    for act in look.standing_of(Kind::Planting).filter(begins) {
        let first = starts.entry(act.subject().as_str()).or_insert(act);
        if act.now().day() < first.now().day() {
            *first = act;
        }
    }
    starts
}

/// What a harvest was picked from; a lot that was planted is picked from itself.
fn sources_of<'a>(harvest: &Act<'a>) -> impl Iterator<Item = &'a str> {
    let from = harvest.now().list("from").iter().filter_map(Value::as_str);
    from.chain([harvest.subject().as_str()])
}

/// Harvests of the line by what they were picked from.
fn harvests<'d, 'a>(look: &Look<'d, 'a>) -> BTreeMap<&'a str, Vec<&'d Act<'a>>> {
    let mut harvests: BTreeMap<&str, Vec<&Act<'_>>> = BTreeMap::new();
    for act in look.standing_of(Kind::Harvest) {
        for from in sources_of(act) {
            harvests.entry(from).or_default().push(act);
        }
    }
    harvests
}

fn seed_bought(act: &Act<'_>) -> Option<Fact<Flag>> {
    let bought = act.now().date("purchase_date")?;
    let planted = own(act);
    (bought > planted.0).then(|| days(Flag::SeedBoughtLate, act.subject(), (bought, planted.1), planted))
}

fn input_span(act: &Act<'_>) -> Option<Fact<Flag>> {
    let (start, end) = (act.now().date("start_date")?, act.now().date("end_date")?);
    let source = Source::of(act);
    (end < start).then(|| days(Flag::InputEndsBeforeStart, act.subject(), (end, source), (start, source)))
}

/// A trap hangs for weeks, so what counts is the day until which it was used, or that from which on.
fn input_day(act: &Act<'_>) -> (Date, Source) {
    (act.now().date("end_date").unwrap_or_else(|| act.now().day()), Source::of(act))
}

/// Weeds are killed and ground is dressed before sowing; but what is written after the sowing and dated before it
/// stands the wrong way round.
fn input_before(act: &Act<'_>, start: &Act<'_>) -> Option<Fact<Flag>> {
    let (used, sown) = (input_day(act), own(start));
    let is_odd = act.now().text("kind") == Some("pesticide")
        && act.now().text("method") != Some("seed_treatment")
        && was_written_before(start, act)
        && used.0 < sown.0;
    is_odd.then(|| days(Flag::InputBeforePlanting, act.subject(), used, sown))
}

/// Written before the harvest, dated after it. A harvest entered late, while the next picking is being sprayed for,
/// was picked before it was written: its own lateness is told by another flag.
fn input_after(act: &Act<'_>, picked: &[&Act<'_>]) -> Option<Fact<Flag>> {
    let begun = act.now().date("start_date").unwrap_or_else(|| act.now().day());
    let used = (begun, Source::of(act));
    let mut odd = picked.iter().filter(|harvest| was_written_before(act, harvest) && used.0 > own(harvest).0);
    odd.next().map(|harvest| days(Flag::InputAfterHarvest, act.subject(), used, own(harvest)))
}

fn harvest_before(act: &Act<'_>, start: &Act<'_>) -> Option<Fact<Flag>> {
    (own(act).0 < own(start).0)
        .then(|| days(Flag::HarvestBeforePlanting, act.subject(), own(act), own(start)))
}

/// A certificate of the plot that was not valid when something was picked there.
fn certificates(look: &Look<'_, '_>, plot: &Act<'_>, flags: &mut Flags) {
    let name = plot.subject().as_str();
    let seasons = look.standing_of(Kind::CropOpen).filter(|act| act.now().text("plot") == Some(name));
    let fields: Vec<&str> = seasons.map(|act| act.subject().as_str()).chain([name]).collect();
    let picked = |act: &&Act<'_>| sources_of(act).any(|from| fields.contains(&from));
    for certificate in plot.now().list("base_cert") {
        let date = |name: &str| certificate.get(name).and_then(Value::as_str)?.parse::<Date>().ok();
        let (from, until) = (date("valid_from"), date("valid_until"));
        let is_out =
            |day: Date| from.is_some_and(|from| day < from) || until.is_some_and(|until| day > until);
        let harvest = look.standing_of(Kind::Harvest).filter(picked).find(|act| is_out(act.now().day()));
        let number = certificate.get("number").and_then(Value::as_str).unwrap_or_default();
        flags.extend(harvest.map(|harvest| {
            let sources = [Source::of(harvest), Source::of_version(plot.now())];
            Fact::new(Flag::CertificateNotValid, harvest.subject(), sources)
                .says("day", super::day(harvest.now().day()))
                .says("number", Said::Text(number.to_owned()))
        }));
    }
}

// -- lots --------------------------------------------------------------------------------------------------------

/// Against the latest of what went in. The day on the pack counts where it is earlier.
fn made_before(look: &Look<'_, '_>, act: &Act<'_>) -> Option<Fact<Flag>> {
    let day = act.now().date("pack_date").map_or(act.now().day(), |printed| printed.min(act.now().day()));
    let inputs = lots_in(act.now(), "inputs").filter_map(|(lot, _)| look.made.get(lot));
    let latest = inputs.max_by_key(|made| made.day)?;
    (day < latest.day).then(|| {
        days(Flag::MadeBeforeHarvest, act.subject(), (day, Source::of(act)), (latest.day, latest.source))
    })
}

/// A line that runs past midnight prints one day or the other.
fn pack_date(act: &Act<'_>) -> Option<Fact<Flag>> {
    let (printed, packed) = (act.now().date("pack_date")?, own(act));
    let is_odd = printed > packed.0 || packed.0.days() - printed.days() > 1;
    is_odd.then(|| days(Flag::PackDateDiffers, act.subject(), (printed, packed.1), packed))
}

fn moved_before(look: &Look<'_, '_>, act: &Act<'_>) -> Option<Fact<Flag>> {
    let moved = earlier(act, "depart_at");
    let mut lots: Vec<&str> = lots_in(act.now(), "lots").map(|(lot, _)| lot).collect();
    lots.push(act.subject().as_str());
    let of_line = lots.into_iter().filter(|lot| look.is_of_line(lot));
    let made = of_line.filter_map(|lot| look.made.get(lot)).find(|made| moved.0 < made.day)?;
    Some(days(Flag::MovedBeforeMade, act.subject(), moved, (made.day, made.source)))
}

/// The day on which it happened, or the one in its data where that is earlier.
fn earlier(act: &Act<'_>, name: &str) -> (Date, Source) {
    let said = act.now().text(name).and_then(|text| text.parse::<Instant>().ok()).map(|at| at.date());
    let (day, source) = own(act);
    (said.map_or(day, |said| said.min(day)), source)
}

fn received_before(look: &Look<'_, '_>, act: &Act<'_>) -> Option<Fact<Flag>> {
    let shipment = look.dossier.acts.by_leaf(&super::named_leaf(act.now(), "shipment")?)?;
    let (received, shipped) = (earlier(act, "arrived_at"), earlier(shipment, "depart_at"));
    (received.0 < shipped.0).then(|| days(Flag::ReceivedBeforeShipped, act.subject(), received, shipped))
}

/// Goods that are picked after the order are sold before they exist.
fn sold_before(look: &Look<'_, '_>, act: &Act<'_>) -> Option<Fact<Flag>> {
    let until = act.now().data.get("period")?.get("to")?.as_str()?.parse::<Date>().ok()?;
    let made = look.made.get(act.subject().as_str()).filter(|made| until < made.day)?;
    let after_order =
        |harvest: &Act<'_>| harvest.now().data.get("after_order").and_then(Value::as_bool) == Some(true);
    (!look.standing_of(Kind::Harvest).any(after_order))
        .then(|| days(Flag::SoldBeforeMade, act.subject(), (until, Source::of(act)), (made.day, made.source)))
}

// -- samples -----------------------------------------------------------------------------------------------------

/// Before anything of it was picked. A lot that is logged from its planting on may be sampled while it grows: then
/// the sampling stands before the harvest in the log too.
fn before_harvest(made: Option<&Made>, about: &Subject, one: (Date, Source)) -> Option<Fact<Flag>> {
    let (day, source) = made?.harvested?;
    (one.0 < day && one.1.seq > source.seq).then(|| days(Flag::SampledBeforeMade, about, one, (day, source)))
}

fn sampled_before(look: &Look<'_, '_>, act: &Act<'_>) -> Option<Fact<Flag>> {
    let drawn_from = act.now().text("drawn_from").unwrap_or(act.subject().as_str());
    before_harvest(look.made.get(drawn_from), act.subject(), own(act))
}

fn inspection(look: &Look<'_, '_>, act: &Act<'_>, flags: &mut Flags) {
    let (result, source) = (act.now(), Source::of(act));
    let date = |name: &str| result.date(name).map(|date| (date, source));
    let (received, reported) = (date("received_date"), date("reported_date"));
    let sampling = look.sampling_of(act);
    if let (Some(received), Some(sampled)) = (received, sampling.map(own))
        && received.0 < sampled.0
    {
        flags.push(days(Flag::ReceivedBeforeSampled, act.subject(), received, sampled));
    }
    if let (Some(received), None) = (received, sampling) {
        flags.extend(before_harvest(look.made.get(act.subject().as_str()), act.subject(), received));
    }
    if let (Some(received), Some(reported)) = (received, reported)
        && reported.0 < received.0
    {
        flags.push(days(Flag::ReportedBeforeReceived, act.subject(), reported, received));
    }
}
