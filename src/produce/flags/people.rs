//! Who stands on two sides: a host who grew it, an organisation in two seats.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Flags, Look};
use crate::produce::acts::Act;
use crate::produce::reason::{Fact, Said, Source};
use crate::produce::seats::seat_of;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::text::{Flag, SeatName};

pub(super) fn find(look: &Look<'_, '_>, flags: &mut Flags) {
    host_grew(look, flags);
    two_seats(look, flags);
}

/// Signs here as a host, and grew it or is registered as a grower.
fn host_grew(look: &Look<'_, '_>, flags: &mut Flags) {
    let mut hosts: BTreeMap<&str, Vec<Source>> = BTreeMap::new();
    for act in look.standing() {
        for signer in act.record.statement.signers.iter().filter(|signer| signer.role == Role::Host) {
            hosts.entry(&signer.org).or_default().push(Source::of(act));
        }
    }
    for (host, mut sources) in hosts {
        let grown = look.standing().filter(|act| is_growing(act.kind));
        let grown: Vec<Source> =
            grown.filter(|act| act.signers().any(|signer| signer == host)).map(Source::of).collect();
        let registered = registered_as_grower(look, host);
        if grown.is_empty() && registered.is_none() {
            continue;
        }
        sources.extend(grown.first().copied().or(registered));
        let fact = Fact::new(Flag::HostGrew, look.dossier.subject, sources);
        flags.push(fact.says("org", Said::Org(host.to_owned())));
    }
}

fn is_growing(kind: Kind) -> bool {
    matches!(kind, Kind::CropOpen | Kind::Harvest | Kind::Input | Kind::Planting | Kind::PlotRegister)
}

fn registered_as_grower(look: &Look<'_, '_>, org: &str) -> Option<Source> {
    let mut registrations = look.dossier.acts.iter().filter(|act| {
        matches!(act.kind, Kind::OrgRegister | Kind::OrgUpdate)
            && act.subject().org().or(Some(act.subject().id())) == Some(org)
    });
    let is_grower = |act: &&Act<'_>| {
        let mut roles = act.now().list("roles").iter().filter_map(Value::as_str);
        roles.any(|role| role == Role::Farm.as_str() || role == Role::Coop.as_str())
    };
    registrations.rfind(is_grower).map(Source::of)
}

fn two_seats(look: &Look<'_, '_>, flags: &mut Flags) {
    let mut seats: BTreeMap<&str, (BTreeSet<SeatName>, Vec<Source>)> = BTreeMap::new();
    for act in look.standing_of(Kind::SignOff).filter(|act| act.subject() == look.dossier.subject) {
        for signer in &act.record.statement.signers {
            if let Some(seat) = seat_of(signer.role) {
                let (taken, sources) = seats.entry(&signer.org).or_default();
                taken.insert(seat);
                sources.push(Source::of(act));
            }
        }
    }
    for (org, (_, sources)) in seats.into_iter().filter(|(_, (taken, _))| taken.len() > 1) {
        let fact = Fact::new(Flag::TwoSeats, look.dossier.subject, sources);
        flags.push(fact.says("org", Said::Org(org.to_owned())));
    }
}
