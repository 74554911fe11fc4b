//! One use of a pesticide, as one version of its record tells it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::folded;
use crate::produce::acts::{Act, ActVersion};
use crate::produce::tables::{ActiveContent, IntervalRow};
use crate::produce::times::day_of;
use crate::statement::decimal::Decimal;
use crate::statement::time::{Date, When};

/// What is in a product, how much of it, and in which form: what intervals are made for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mixture {
    formulation: String,
    actives: BTreeSet<Ingredient>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Ingredient {
    name: String,
    /// Millionths of a unit, where it is stated.
    content: Option<(i64, String)>,
}

impl Mixture {
    pub(super) fn of(version: &ActVersion<'_>) -> Mixture {
        let product = version.data.get("product");
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
        let actives = product.and_then(|product| product.get("active_ingredients")).and_then(Value::as_array);
        let ingredient = |active: &Value| {
            let content = text(active, "content").zip(text(active, "unit"));
            Some(Ingredient {
                name: folded(&text(active, "name")?),
                content: content.and_then(|(content, unit)| amount(&content, &unit)),
            })
        };
        Mixture {
            formulation: product.and_then(|p| text(p, "formulation")).map(|f| folded(&f)).unwrap_or_default(),
            actives: actives.into_iter().flatten().filter_map(ingredient).collect(),
        }
    }

    /// Names of the active ingredients, folded.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.actives.iter().map(|active| active.name.clone()).collect()
    }

    /// Whether the row is made for this product. A content that the record leaves out is no way around the row.
    pub(super) fn is_of(&self, row: &IntervalRow) -> bool {
        let is_same = |(ours, theirs): (&Ingredient, &ActiveContent)| {
            ours.name == folded(&theirs.name)
                && (ours.content.is_none() || ours.content == amount(&theirs.content, &theirs.unit))
        };
        let mut rows: Vec<&ActiveContent> = row.actives.iter().collect();
        rows.sort_by_key(|active| folded(&active.name));
        folded(&row.formulation) == self.formulation
            && rows.len() == self.actives.len()
            && self.actives.iter().zip(rows).all(is_same)
    }
}

/// A per cent is 10 g/kg by definition, so both spellings of one content are the same.
fn amount(content: &str, unit: &str) -> Option<(i64, String)> {
    let millionths = content.parse::<Decimal>().ok()?.millionths();
    Some(match unit {
        "percent" => (millionths.checked_mul(10)?, "g_per_kg".to_owned()),
        _ => (millionths, unit.to_owned()),
    })
}

pub(super) fn is_pesticide(version: &ActVersion<'_>) -> bool {
    // A registration as a pesticide says what it is, whatever the record calls it.
    let reg_no = version.data.get("product").and_then(|product| product.get("reg_no"));
    version.text("kind") == Some("pesticide")
        || reg_no.and_then(Value::as_str).is_some_and(|no| folded(no).starts_with("pd"))
}

pub(super) fn product_name(version: &ActVersion<'_>) -> String {
    let name = version.data.get("product").and_then(|product| product.get("name"));
    name.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// When it was picked, by one version of the record: not after the day on which the ledger had the record, whatever it
/// says.
pub(super) fn picked_at(harvest: &Act<'_>, version: &ActVersion<'_>) -> When {
    let ahead = version.day().days().saturating_sub(day_of(harvest.record.at)).max(0);
    match version.day().plus_days(-ahead) {
        Some(day) if ahead > 0 => When::Date(day),
        _ => version.occurred_at.clone(),
    }
}

/// The last day of use that lies on or before the harvest. On the day of the harvest itself a use counts, unless
/// both times are known to the second and it came after.
pub(super) fn last_day_before(version: &ActVersion<'_>, harvest: &When) -> Option<Date> {
    let day = harvest.date();
    let last = last_day_until(version, day)?;
    let is_after = match (&version.occurred_at, harvest) {
        (When::Instant(used), When::Instant(picked)) => {
            used.date() == day && used.unix_seconds() > picked.unix_seconds()
        }
        _ => false,
    };
    if last == day && is_after { last_day_until(version, day.plus_days(-1)?) } else { Some(last) }
}

/// A use that goes on beyond the day counts as made on it.
pub(super) fn last_day_until(version: &ActVersion<'_>, day: Date) -> Option<Date> {
    let end = last_day(version);
    let start = version.date("start_date").unwrap_or(end).min(end);
    // What was recorded as used was used by then, whatever day it gives.
    let had = day_of(version.at);
    (start <= day || had <= day.days()).then(|| end.min(day))
}

/// The last day of use. A record may be of a later day than the use that it tells of.
pub(super) fn last_day(version: &ActVersion<'_>) -> Date {
    let end = version.date("end_date").max(version.date("start_date"));
    end.unwrap_or(version.day())
}

/// The versions that count for a harvest: what stood when it was recorded, or on the day on which it is said to have
/// been picked if that is longer ago, and everything later. Recording a harvest late is no time to put things right.
pub(super) fn standing<'v, 'a>(act: &'v Act<'a>, harvest: &Act<'_>) -> &'v [ActVersion<'a>] {
    let picked = harvest
        .versions
        .iter()
        .map(|version| picked_at(harvest, version).date().days())
        .min()
        .unwrap_or(i64::MAX);
    let recorded = act.versions.len() - act.versions_since(harvest.seq()).len();
    let is_later = |version: &ActVersion<'_>| day_of(version.at) > picked;
    let replaced = act.versions.iter().skip(1).position(is_later).unwrap_or(act.versions.len() - 1);
    &act.versions[recorded.min(replaced)..]
}
