//! Where a batch stands, always with reasons and the records behind them, and what that keeps it from.
//!
//! Page, certificate, labels, overlay and sale all ask [`Judgement::blocks`]. Nothing but a release by somebody who
//! may make one lifts a hold; what was lifted stays in view.

use std::collections::BTreeSet;

use serde::Serialize;

use super::dossier::Dossier;
use super::reason::{Fact, Said, Source};
use super::safety::{
    Claim, Completeness, Coverage, Ground, Interval, Lifting, Raised, Release, Temperature, claims, coverage,
    holds, intervals, policy, releases, results, seasons, temperature,
};
use super::story::as_key;
use crate::statement::kinds::Kind;
use crate::statement::subject::SubjectKind;
use crate::text::{Status, Use, Why};

/// Why a batch does not stand as it might.
pub type Reason = Fact<Why>;

/// What a batch's records come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    #[serde(serialize_with = "as_key")]
    pub status: Status,
    /// The gravest first.
    pub reasons: Vec<Reason>,
    /// What deserves an eye and weighs nothing.
    pub notes: Vec<Reason>,
    pub lifted: Vec<Lifted>,
    pub intervals: Vec<Interval>,
    pub coverage: Coverage,
    pub temperature: Temperature,
    pub claims: Vec<Claim>,
    pub completeness: Completeness,
    /// Entries that it was judged by, and the moment to which days were counted, in milliseconds.
    pub size: u64,
    pub as_of: i64,
}

/// A reason that a release lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lifted {
    pub reason: Reason,
    pub release: Source,
    /// Bare ids of who signed it.
    pub by: Vec<String>,
    /// The test that it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Source>,
}

/// How much a reason weighs, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    Note,
    Incomplete,
    Hold,
    Withdrawn,
}

impl Reason {
    /// It keeps the batch from being sold and shown.
    pub fn is_hold(&self) -> bool {
        self.sort.weight() >= Weight::Hold
    }
}

impl Why {
    pub fn weight(self) -> Weight {
        match self {
            Why::OtherSeason | Why::SoldOnHold | Why::UntestedActives | Why::WarmOnArrival => Weight::Note,
            Why::IntervalUnknown
            | Why::MissingCirculation
            | Why::MissingHarvest
            | Why::MissingInputs
            | Why::MissingOrigin
            | Why::MissingPacking
            | Why::MissingPlanting
            | Why::MissingSample
            | Why::MissingStandard
            | Why::MissingTest
            | Why::ReadingGap
            | Why::SeasonNotNamed => Weight::Incomplete,
            Why::Balance
            | Why::CertificateExpired
            | Why::CertificateMissing
            | Why::Excursion
            | Why::FailedTest
            | Why::Held
            | Why::LateInput
            | Why::PickedEarly
            | Why::ResultContradicts
            | Why::SourceWithdrawn
            | Why::TakenDown
            | Why::TemperatureContradicts
            | Why::TooManyUses => Weight::Hold,
            Why::LotWithdrawn => Weight::Withdrawn,
        }
    }

    /// Whether it keeps a batch from being used so.
    fn blocks(self, wanted: Use) -> bool {
        match wanted {
            Use::Page => matches!(self, Why::MissingOrigin | Why::MissingSample | Why::MissingTest),
            // An interval that nobody knows may not be over, nor one of a spray that nobody sees: that is no breach,
            // but nobody can vouch for the goods.
            Use::Certificate | Use::Labels | Use::Overlay | Use::Sale => {
                let unknown = matches!(self, Why::IntervalUnknown | Why::SeasonNotNamed);
                unknown || self.weight() >= Weight::Hold || self.blocks(Use::Page)
            }
        }
    }
}

impl Judgement {
    /// `more` are reasons that others found: quantities that do not add up.
    pub fn of(dossier: &Dossier<'_>, more: Vec<Reason>) -> Judgement {
        let ground = Ground::of(dossier);
        let (intervals, mut raised) = intervals(&ground);
        raised.extend(seasons(&ground));
        raised.extend(results(&ground));
        let (temperature, found) = temperature(&ground);
        raised.extend(found);
        let (claims, found) = claims(&ground);
        raised.extend(found);
        raised.extend(holds(&ground));
        let (completeness, found) = policy(&ground);
        // Only a lot can lack what is asked of lots.
        raised.extend(found.into_iter().filter(|_| dossier.subject.kind() == SubjectKind::Batch));
        raised.extend(more.into_iter().map(|reason| Raised::new(reason, Lifting::Authority { from: None })));
        let coverage = coverage(&ground);

        let releases = releases(&ground);
        let mut notes: Vec<Reason> = sold_on_hold(&ground, &raised, &releases).into_iter().collect();
        notes.extend(untested(dossier, &coverage));
        let (mut reasons, mut lifted) = (Vec::new(), Vec::new());
        for raised in raised {
            let release = releases.iter().find(|release| release.lifts(&ground, &raised, u64::MAX));
            match release {
                _ if raised.reason.sort.weight() == Weight::Note => notes.push(raised.reason),
                Some(release) => lifted.push(self::lifted(&ground, raised.reason, release)),
                None => reasons.push(raised.reason),
            }
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.sort.weight()));
        Judgement {
            status: status(&reasons),
            reasons,
            notes,
            lifted,
            intervals,
            coverage,
            temperature,
            claims,
            completeness,
            size: dossier.size,
            as_of: dossier.as_of,
        }
    }

    /// What keeps the batch from being used so; nothing if it may.
    pub fn blocks(&self, wanted: Use) -> Vec<&Reason> {
        self.reasons.iter().filter(|reason| reason.sort.blocks(wanted)).collect()
    }
}

fn status(reasons: &[Reason]) -> Status {
    let weight = reasons.iter().map(|reason| reason.sort.weight()).max().unwrap_or(Weight::Note);
    match weight {
        Weight::Note => Status::Normal,
        Weight::Incomplete => Status::Incomplete,
        Weight::Hold => Status::OnHold,
        Weight::Withdrawn => Status::Withdrawn,
    }
}

fn lifted<'d, 'a>(ground: &Ground<'d, 'a>, reason: Reason, release: &Release<'d, 'a>) -> Lifted {
    Lifted {
        reason,
        release: Source::of(release.act),
        by: release.act.signers().map(str::to_owned).collect(),
        test: release.test(ground).map(Source::of),
    }
}

/// Sales of the batch that were recorded while something held it, with the records that completed each hold.
fn sold_on_hold<'d, 'a>(
    ground: &Ground<'d, 'a>,
    raised: &[Raised],
    releases: &[Release<'d, 'a>],
) -> Option<Reason> {
    let subject = ground.dossier.subject;
    let mut records = BTreeSet::new();
    let sales = ground.dossier.acts.of_kind(Kind::Sale);
    for sale in sales.filter(|sale| sale.subjects().any(|touched| touched == subject)) {
        let seq = sale.seq();
        let held = raised.iter().filter(|raised| {
            raised.reason.sort.weight() >= Weight::Hold
                && raised.since < seq
                && !releases.iter().any(|release| release.lifts(ground, raised, seq))
        });
        let cause = |raised: &Raised| raised.reason.records.iter().rfind(|source| source.seq < seq).copied();
        let causes: Vec<Source> = held.filter_map(cause).collect();
        if !causes.is_empty() {
            records.extend(causes);
            records.insert(Source::of(sale));
        }
    }
    (!records.is_empty()).then(|| Fact::new(Why::SoldOnHold, subject, records))
}

fn untested(dossier: &Dossier<'_>, coverage: &Coverage) -> Option<Reason> {
    let missing: Vec<&str> = coverage.missing().map(|active| active.name.as_str()).collect();
    let number = |count: usize| Said::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let records = coverage.missing().flat_map(|active| active.used_in.iter().copied());
    (!missing.is_empty()).then(|| {
        Fact::new(Why::UntestedActives, dossier.subject, records)
            .says("tested", number(coverage.tested))
            .says("used", number(coverage.used))
            .says("missing", Said::Text(missing.join(", ")))
    })
}
