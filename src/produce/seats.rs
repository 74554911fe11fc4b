//! The three seats (平台监管、产地负责、主播把关): who vouched for the batch itself, when, and what they looked at;
//! and who promises what about it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::acts::Act;
use super::dossier::Dossier;
use super::reason::Source;
use super::story::{as_key, as_text};
use super::times::day_of;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::time::When;
use crate::text::{PromiseState, SeatName, SeatState, Words};

/// All three, filled or empty, in the order platform, origin, host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seats {
    pub seats: Vec<Seat>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seat {
    #[serde(serialize_with = "as_key")]
    pub seat: SeatName,
    #[serde(serialize_with = "as_key")]
    pub state: SeatState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<SignOff>,
    /// Reasons for a hold that the ledger took after the sign-off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub later_causes: Vec<Source>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignOff {
    pub source: Source,
    /// Bare id, and the role in which it signed: that decides the seat, not what else it is.
    pub org: String,
    #[serde(rename = "as", serialize_with = "as_text")]
    pub role: Role,
    #[serde(serialize_with = "as_text")]
    pub occurred_at: When,
    /// When the ledger had it, in milliseconds.
    pub at: i64,
    pub approved: bool,
    /// Codes of the schema's `checked`.
    pub checked: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
}

/// The seat that a role sits in.
pub(super) fn seat_of(role: Role) -> Option<SeatName> {
    match role {
        Role::Platform => Some(SeatName::Platform),
        Role::Coop | Role::Farm | Role::Packhouse | Role::Processor | Role::Warehouse => {
            Some(SeatName::Origin)
        }
        Role::Host => Some(SeatName::Host),
        Role::Carrier | Role::Lab | Role::Registrar | Role::Regulator => None,
    }
}

impl Seats {
    /// The newest sign-off of each organisation about the batch itself counts, unless it was taken back. A refusal
    /// stands in its seat, whoever else approves there.
    pub fn of(dossier: &Dossier<'_>) -> Seats {
        let mut newest: BTreeMap<(SeatName, &str), SignOff> = BTreeMap::new();
        let about_it = |act: &&Act<'_>| act.subject() == dossier.subject && !act.is_withdrawn();
        for act in dossier.acts.of_kind(Kind::SignOff).filter(about_it) {
            for signer in &act.record.statement.signers {
                if let Some(seat) = seat_of(signer.role) {
                    newest.insert((seat, &signer.org), SignOff::of(act, &signer.org, signer.role));
                }
            }
        }
        let mut by_seat: BTreeMap<SeatName, Vec<SignOff>> = BTreeMap::new();
        for ((seat, _), sign_off) in newest {
            by_seat.entry(seat).or_default().push(sign_off);
        }
        let seats =
            SeatName::ALL.iter().map(|seat| Seat::of(*seat, by_seat.remove(seat).unwrap_or_default()));
        let mut seats = Seats { seats: seats.collect() };
        seats.mark(&causes(dossier));
        seats
    }

    /// Notes reasons for a hold; a sign-off that stood before one was given without knowing it.
    pub fn mark(&mut self, causes: &[Source]) {
        for seat in &mut self.seats {
            let Some(signed) = &seat.signed else { continue };
            let later = causes.iter().filter(|cause| cause.seq > signed.source.seq);
            seat.later_causes.extend(later);
            seat.later_causes.sort_unstable();
            seat.later_causes.dedup();
            if signed.approved && !seat.later_causes.is_empty() {
                seat.state = SeatState::ApprovedBefore;
            }
        }
    }

    pub fn seat(&self, name: SeatName) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.seat == name)
    }
}

impl Seat {
    fn of(seat: SeatName, sign_offs: Vec<SignOff>) -> Seat {
        let signed = sign_offs.into_iter().max_by_key(|sign_off| (!sign_off.approved, sign_off.source.seq));
        let state = match &signed {
            None => SeatState::Empty,
            Some(signed) if signed.approved => SeatState::Approved,
            Some(_) => SeatState::Refused,
        };
        Seat { seat, state, signed, later_causes: Vec::new() }
    }
}

impl SignOff {
    fn of(act: &Act<'_>, org: &str, role: Role) -> SignOff {
        let now = act.now();
        SignOff {
            source: Source::of(act),
            org: org.to_owned(),
            role,
            occurred_at: now.occurred_at.clone(),
            at: act.record.at,
            approved: now.text("verdict") == Some("approved"),
            checked: texts(now.list("checked")),
            standard: now.text("standard").map(str::to_owned),
        }
    }
}

/// Holds that somebody set, and failed tests in any version: a correction takes no cause away.
fn causes(dossier: &Dossier<'_>) -> Vec<Source> {
    let mut causes = Vec::new();
    for act in dossier.told() {
        match act.kind {
            Kind::Hold => causes.push(Source::of(act)),
            Kind::Inspection => {
                let failed = act.versions.iter().filter(|version| {
                    let is_fail = |item: &Value| item.get("verdict").and_then(Value::as_str) == Some("fail");
                    version.text("conclusion") == Some("fail") || version.list("items").iter().any(is_fail)
                });
                causes.extend(failed.map(Source::of_version));
            }
            _ => {}
        }
    }
    causes
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

// -- guarantees --------------------------------------------------------------------------------------------------

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guarantee {
    pub source: Source,
    /// Who promises, bare ids.
    pub guarantors: Vec<String>,
    /// Codes of the schema's `terms`.
    pub terms: Vec<String>,
    /// `YYYY-MM-DD`, both days belonging to it.
    pub valid_from: String,
    pub valid_until: String,
    #[serde(serialize_with = "as_key")]
    pub state: PromiseState,
}

/// What was promised about the batch itself, in the order of the log, as of the dossier's day.
pub fn guarantees(dossier: &Dossier<'_>) -> Vec<Guarantee> {
    let about_it = |act: &&Act<'_>| act.subject() == dossier.subject;
    let guarantees = dossier.acts.of_kind(Kind::Guarantee).filter(about_it);
    guarantees.filter_map(|act| guarantee(act, day_of(dossier.as_of))).collect()
}

/// None where it has no days: then it promises nothing.
fn guarantee(act: &Act<'_>, today: i64) -> Option<Guarantee> {
    let now = act.now();
    let (from, until) = (now.date("valid_from")?, now.date("valid_until")?);
    let state = match () {
        () if act.is_withdrawn() => PromiseState::Withdrawn,
        () if today < from.days() => PromiseState::ToCome,
        () if today > until.days() => PromiseState::Over,
        () => PromiseState::Valid,
    };
    Some(Guarantee {
        source: Source::of(act),
        guarantors: act.signers().map(str::to_owned).collect(),
        terms: texts(now.list("terms")),
        valid_from: from.to_string(),
        valid_until: until.to_string(),
        state,
    })
}
