//! Packs under a regional brand, against what its members may pack in a season.

use std::collections::BTreeSet;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use super::balance::{Finder, Found};
use super::deeds::{Deed, Id, Packs};
use super::{Lots, Said};
use crate::produce::{BrandRow, Fact, Said as Value, Source, Tables};
use crate::text::Imbalance;

/// How a member stands to its quota of one brand and season.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// Bare id.
    pub org: String,
    pub brand: String,
    /// Packs of the season so far.
    pub packed: i64,
    /// Packs that it may pack; none: it is no member.
    pub quota: Option<u64>,
    pub sources: Vec<Source>,
}

impl Lots {
    /// What an organisation packed under a brand in the season of `row`, as of `size` entries.
    pub fn member(&self, org: &str, row: &BrandRow, size: u64) -> Membership {
        let mut membership = Membership {
            org: org.to_owned(),
            brand: row.brand.clone(),
            packed: 0,
            quota: row.members.iter().find(|member| member.org == org).map(|member| member.packs),
            sources: Vec::new(),
        };
        let places = self.branded.get(&same_brand(&row.brand)).map(Vec::as_slice).unwrap_or_default();
        for said in places.iter().filter_map(|place| self.said(*place, size)) {
            if self.word(said.act.org) != org {
                continue;
            }
            if let Some(packs) = self.packed_under(&said, row) {
                membership.packed = membership.packed.saturating_add(packs.count);
                membership.sources.push(said.source);
            }
        }
        membership
    }

    pub(super) fn find_of_brands<'a>(
        &self,
        makings: impl Iterator<Item = &'a Said<'a>>,
        tables: &Tables,
        size: u64,
    ) -> Vec<Found> {
        let Some(set) = tables.brands.iter().rev().find(|set| set.seq < size) else { return Vec::new() };
        let rules = Source { seq: set.seq, leaf: set.leaf };
        let mut found = Vec::new();
        let mut asked: BTreeSet<(Id, usize)> = BTreeSet::new();
        for said in makings {
            let Deed::Making(making) = said.deed else { continue };
            let Some(brand) = making.packs.as_ref().and_then(|packs| packs.brand) else { continue };
            let brand = same_brand(self.word(brand));
            let rows = || set.rows.iter().enumerate().filter(|(_, row)| same_brand(&row.brand) == brand);
            if rows().next().is_none() {
                continue;
            }
            let org = said.act.org;
            let mine = |row: &BrandRow| row.members.iter().any(|member| member.org == self.word(org));
            let member = rows().find(|(_, row)| self.packed_under(said, row).is_some() && mine(row));
            let Some((at, row)) = member else {
                found.extend(self.not_a_member(said, rules));
                continue;
            };
            if asked.insert((org, at)) {
                found.extend(self.over_quota(said, row, rules, size));
            }
        }
        found
    }

    fn not_a_member(&self, said: &Said<'_>, rules: Source) -> Vec<Found> {
        let Deed::Making(making) = said.deed else { return Vec::new() };
        let brand = making.packs.as_ref().and_then(|packs| packs.brand).map(|brand| self.word(brand));
        let mut finder = Finder::about(self.name(said.act.subject));
        let fact = Fact::new(Imbalance::BrandNotMember, finder.about, [said.source, rules])
            .says("org", Value::Org(self.word(said.act.org).to_owned()))
            .says("brand", Value::Text(brand.unwrap_or_default().to_owned()));
        finder.push(fact, said.act.first.seq.to_string(), 0);
        finder.found
    }

    fn over_quota(&self, said: &Said<'_>, row: &BrandRow, rules: Source, size: u64) -> Vec<Found> {
        let membership = self.member(self.word(said.act.org), row, size);
        let quota = i64::try_from(membership.quota.unwrap_or(0)).unwrap_or(i64::MAX);
        let over = membership.packed.saturating_sub(quota);
        let mut finder = Finder::about(self.name(said.act.subject));
        if over > 0 {
            let records = membership.sources.iter().copied().chain([rules]);
            let fact = Fact::new(Imbalance::QuotaExceeded, finder.about, records)
                .says("org", Value::Org(membership.org))
                .says("brand", Value::Text(membership.brand))
                .says("used", Value::Number(membership.packed))
                .says("had", Value::Number(quota))
                .says("over", Value::Number(over));
            finder.push(fact, row.season.from.clone(), i128::from(over));
        }
        finder.found
    }

    fn packed_under<'a>(&self, said: &Said<'a>, row: &BrandRow) -> Option<&'a Packs> {
        let Deed::Making(making) = said.deed else { return None };
        let packs = making.packs.as_ref()?;
        let brand = same_brand(self.word(packs.brand?));
        (brand == same_brand(&row.brand) && row.season.holds(packs.day?)).then_some(packs)
    }

    pub(super) fn note_brand(&mut self, deed: &Deed, place: u32) {
        let Deed::Making(making) = deed else { return };
        let Some(brand) = making.packs.as_ref().and_then(|packs| packs.brand) else { return };
        let places = self.branded.entry(same_brand(&self.texts[brand as usize])).or_default();
        if let Err(at) = places.binary_search(&place) {
            places.insert(at, place);
        }
    }
}

/// A blank more, another case or width of letters makes no other brand.
fn same_brand(brand: &str) -> String {
    brand.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}
