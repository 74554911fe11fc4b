//! When it was written, and whether it was changed, taken back, or written for somebody else.

use serde_json::Value;

use super::{Flags, Look, day};
use crate::ledger::Record;
use crate::produce::acts::{Act, ActVersion};
use crate::produce::reason::{Fact, Said, Source};
use crate::produce::times::{day_of, lag_seconds};
use crate::statement::kinds::Kind;
use crate::statement::phash;
use crate::text::Flag;

pub(super) fn find(look: &Look<'_, '_>, flags: &mut Flags) {
    for act in &look.told {
        if act.is_withdrawn() {
            flags.extend(withdrawn(act));
            continue;
        }
        flags.extend(ahead(look, act));
        flags.extend(on_behalf(act));
        flags.extend(ai_made(act));
        flags.extend(corrected(look, act));
    }
    flags.extend(late(look));
    for act in &look.told {
        let written = act.versions.iter().map(|version| version.record).chain(act.withdrawn);
        flags.extend(written.filter_map(|record| key_ended(look, record)));
    }
}

/// All late entries as one fact: a farm that came late to the ledger would fill a page with them. What is registered or
/// summed up was not done on a day, so it cannot be late.
fn late(look: &Look<'_, '_>) -> Option<Fact<Flag>> {
    let not_late = |act: &&Act<'_>| !matches!(act.kind, Kind::PlotRegister | Kind::CropOpen | Kind::Sale);
    let lags =
        look.standing().filter(not_late).map(|act| (act, lag_seconds(&act.now().occurred_at, act.record.at)));
    let is_late = |(act, lag): &(&Act<'_>, i64)| *lag > look.tunables(act).late_hours.saturating_mul(3_600);
    let late: Vec<(&Act<'_>, i64)> = lags.filter(is_late).collect();
    let longest = late.iter().map(|(_, lag)| *lag).max()?;
    let sources = late.iter().flat_map(|(act, _)| [Source::of(act), Source::of_version(act.now())]);
    Some(
        Fact::new(Flag::LateEntry, look.dossier.subject, sources)
            .says("count", Said::Number(i64::try_from(late.len()).unwrap_or(i64::MAX)))
            .says("lag", Said::Hours(longest.div_euclid(3_600))),
    )
}

/// Either time that a version claims, against the ledger's at that version.
fn ahead(look: &Look<'_, '_>, act: &Act<'_>) -> Option<Fact<Flag>> {
    let allowed = look.tunables(act).ahead_minutes.saturating_mul(60);
    let seconds = |version: &ActVersion<'_>| {
        let recorded = version.record.statement.recorded_at.unix_seconds();
        let recorded = recorded.saturating_sub(version.at.div_euclid(1_000));
        recorded.max(lag_seconds(&version.occurred_at, version.at).saturating_neg())
    };
    let (version, ahead) =
        act.versions.iter().map(|version| (version, seconds(version))).max_by_key(|(_, ahead)| *ahead)?;
    (ahead > allowed).then(|| {
        Fact::new(Flag::ClockAhead, act.subject(), [Source::of(act), Source::of_version(version)])
            .says("minutes", Said::Number(ahead.div_euclid(60)))
    })
}

fn withdrawn(act: &Act<'_>) -> Option<Fact<Flag>> {
    let withdrawal = act.withdrawn?;
    let by = Source { seq: withdrawal.seq, leaf: withdrawal.leaf() };
    Some(Fact::new(Flag::Withdrawn, act.subject(), [Source::of(act), by]))
}

/// For an organisation that did not sign, or for a person, whose name is sealed.
fn on_behalf(act: &Act<'_>) -> Option<Fact<Flag>> {
    use crate::statement::context::OnBehalfOf;
    let is_other = match act.record.statement.on_behalf_of.as_ref()? {
        OnBehalfOf::Org(org) => !act.signers().any(|signer| signer == org),
        OnBehalfOf::Sealed(_) => true,
    };
    is_other.then(|| Fact::new(Flag::OnBehalf, act.subject(), [Source::of(act)]))
}

fn ai_made(act: &Act<'_>) -> Option<Fact<Flag>> {
    let declared = |version: &&ActVersion<'_>| {
        version.record.statement.attachments.iter().any(|attachment| attachment.ai_made)
    };
    let version = act.versions.iter().find(declared)?;
    Some(Fact::new(Flag::PhotoAiMade, act.subject(), [Source::of_version(version)]))
}

/// The ledger holds the day until which a key is to be valid, and refuses nothing by it.
fn key_ended(look: &Look<'_, '_>, record: &Record) -> Option<Fact<Flag>> {
    let ended = |signer: &crate::statement::payload::Signer| {
        let added = look.dossier.acts.of_kind(Kind::OrgKeyAdd);
        let added = added.filter(|added| added.subject().key_id() == Some(signer.key)).last()?;
        let until = added.now().date("valid_until")?;
        (day_of(record.at) > until.days()).then(|| (until, Source::of(added)))
    };
    let (until, added) = record.statement.signers.iter().find_map(ended)?;
    let source = Source { seq: record.seq, leaf: record.leaf() };
    Some(Fact::new(Flag::KeyEnded, &record.statement.subject, [source, added]).says("day", day(until)))
}

const DATES: &[&str] = &[
    "arrived_at",
    "depart_at",
    "end_date",
    "pack_date",
    "purchase_date",
    "received_date",
    "reported_date",
    "start_date",
];
const DOSE: &[&str] = &["area", "dilution", "dose", "method", "phi_days", "product", "water"];
const QUANTITY: &[&str] = &["inputs", "loss", "lots", "outputs", "pack_count", "quantity", "sample_qty"];
const TEST: &[&str] = &["conclusion", "items", "lab", "report_no", "sample_no", "sampling"];

/// Changes after what the statement led to had left: a slip corrected the same hour is none.
fn corrected(look: &Look<'_, '_>, act: &Act<'_>) -> Flags {
    let left = |milestone: &&Act<'_>| milestone.seq() > act.seq() && is_leaving(look, milestone);
    let Some(left) = look.standing().filter(left).map(|milestone| milestone.seq()).min() else {
        return Vec::new();
    };
    let mut flags = Vec::new();
    for pair in act.versions.windows(2).filter(|pair| pair[1].seq > left) {
        let (before, after) = (&pair[0], &pair[1]);
        let changed = |names: &[&str]| names.iter().any(|name| differs(before, after, name));
        let found = [
            (Flag::DateCorrected, before.occurred_at != after.occurred_at || changed(DATES)),
            (Flag::DoseCorrected, act.kind == Kind::Input && changed(DOSE)),
            (Flag::QuantityCorrected, changed(QUANTITY)),
            (Flag::TestCorrected, matches!(act.kind, Kind::Inspection | Kind::Sampling) && changed(TEST)),
        ];
        let sources = [Source::of(act), Source::of_version(after)];
        let found = found.into_iter().filter(|(_, is_so)| *is_so);
        flags.extend(found.map(|(flag, _)| Fact::new(flag, act.subject(), sources)));
    }
    flags
}

fn differs(before: &ActVersion<'_>, after: &ActVersion<'_>, name: &str) -> bool {
    let said = |version: &ActVersion<'_>| -> Option<Value> { version.data.get(name).cloned() };
    said(before) != said(after)
}

/// The goods were packed, sold or handed on as this batch.
fn is_leaving(look: &Look<'_, '_>, act: &Act<'_>) -> bool {
    match act.kind {
        Kind::Packing | Kind::Sale => true,
        Kind::Shipping => act.subjects().any(|subject| subject == look.dossier.subject),
        _ => false,
    }
}

/// The hash that an attachment claims, where it can tell pictures apart.
pub(super) fn telling_photos(record: &Record) -> impl Iterator<Item = u64> + '_ {
    let hashes = record.statement.attachments.iter().filter_map(|photo| photo.phash.as_deref());
    hashes.filter_map(phash::parse).filter(|hash| phash::is_telling(*hash))
}
