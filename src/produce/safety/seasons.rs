//! Seasons of the same ground that the lot was not picked from, by its own account.
//!
//! What is sprayed on a plot is recorded under a season. The trace of a lot holds the seasons that its harvest names
//! and not their neighbours, so a harvest that names the plot alone, or a neighbour, leaves sprays out of sight.

use std::collections::BTreeSet;

use super::ground::{Ground, Root};
use super::{Lifting, Raised};
use crate::produce::acts::{Act, ActVersion};
use crate::produce::reason::{Fact, Said, Source};
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::text::Why;

/// A year: older seasons of a plot are over.
const SEASON_DAYS_MAX: i64 = 365;

pub(in crate::produce) fn seasons(ground: &Ground<'_, '_>) -> Vec<Raised> {
    ground.roots.iter().flat_map(|root| of_root(ground, root)).collect()
}

fn of_root(ground: &Ground<'_, '_>, root: &Root<'_, '_>) -> Vec<Raised> {
    let named: BTreeSet<&Subject> = root.fields.iter().map(|field| &field.season).collect();
    let plots = root.plots();
    // Ground that no season of the harvest lies on was named as such alone.
    let of_seasons = root.fields.iter().filter(|field| !field.plots.contains(&field.season));
    let of_seasons: BTreeSet<&Subject> = of_seasons.flat_map(|field| &field.plots).collect();
    let opened = ground.about_line(Kind::CropOpen).filter(|act| !named.contains(act.subject()));
    opened
        .filter(|opened| is_open(root, opened))
        .filter_map(|opened| {
            let plot = opened.subjects().find(|subject| plots.contains(subject))?;
            // A lot that grew as such has its season on itself.
            let has_own = of_seasons.contains(plot) || !root.plantings.is_empty();
            let why = if has_own { Why::OtherSeason } else { Why::SeasonNotNamed };
            let records = root.harvests.iter().copied().chain([opened]).map(Source::of);
            let fact = Fact::new(why, root.lot, records);
            let fact = fact.says("season", Said::Subject(opened.subject().to_string()));
            Some(Raised::new(fact, Lifting::Authority { from: None }))
        })
        .collect()
}

/// It began in the year before the lot was picked.
fn is_open(root: &Root<'_, '_>, opened: &Act<'_>) -> bool {
    let picked = || root.harvests.iter().flat_map(|harvest| &harvest.versions).map(ActVersion::day);
    opened
        .versions
        .iter()
        .map(ActVersion::day)
        .any(|day| picked().any(|picked| day <= picked && picked.days() - day.days() <= SEASON_DAYS_MAX))
}
