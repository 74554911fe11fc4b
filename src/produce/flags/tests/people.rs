//! The three seats, hosts who grew it, and what the ledger holds on a host.

use super::*;
use crate::produce::{Seats, guarantees};
use crate::text::{PromiseState, SeatName, SeatState};

fn sign_off(farm: &mut Farm<InMemory>, signer: (&str, &str), verdict: &str) -> Hash {
    farm.say(Says {
        kind: "sign-off/1",
        subject: BATCH,
        signer,
        occurred_at: "2026-06-13T18:00:00+08:00",
        data: json!({"verdict": verdict, "checked": ["test_report", "tasting"], "standard": "鲜达果品标准"}),
        ..Says::default()
    })
}

fn take_back(farm: &mut Farm<InMemory>, subject: &str, signer: (&str, &str), leaf: Hash) {
    farm.say(Says {
        kind: "withdrawal/1",
        subject,
        touches: if subject == BATCH { &[] } else { &[BATCH] },
        signer,
        occurred_at: "2026-06-13T18:30:00+08:00",
        data: json!({"withdraws": leaf, "reason": "made_in_error"}),
        ..Says::default()
    });
}

fn states(farm: &mut Farm<InMemory>) -> [SeatState; 3] {
    look(farm, BATCH, LATER, |dossier| {
        let seats = Seats::of(dossier);
        [SeatName::Platform, SeatName::Origin, SeatName::Host].map(|name| seats.seat(name).unwrap().state)
    })
}

/// A season whose lot the packhouse still holds, with a host.
fn with_host() -> Farm<InMemory> {
    let mut farm = farm();
    farm.register("zhubo", "主播小乡", "Host Xiaoxiang", "host");
    farm.season_packed("2026-06-13");
    farm
}

use SeatState::{Approved, ApprovedBefore, Empty, Refused};

#[test]
fn three_parties_sign_off_and_seats_that_nobody_took_say_so() {
    let mut farm = with_host();
    assert_eq!(states(&mut farm), [Empty; 3]);
    sign_off(&mut farm, ("xianda", "platform"), "approved");
    sign_off(&mut farm, ("shanqian", "packhouse"), "approved");
    assert_eq!(states(&mut farm), [Approved, Approved, Empty]);
    sign_off(&mut farm, ("zhubo", "host"), "approved");
    assert_eq!(states(&mut farm), [Approved; 3]);
    let host = look(&mut farm, BATCH, LATER, |dossier| Seats::of(dossier).seat(SeatName::Host).cloned());
    let signed = host.unwrap().signed.unwrap();
    assert_eq!((signed.org.as_str(), signed.checked.join(",").as_str()), ("zhubo", "test_report,tasting"));
    assert!(doubts(&flagged(&mut farm, BATCH, LATER)).is_empty());
}

#[test]
fn a_refusal_stands_until_whoever_refused_approves() {
    let mut farm = with_host();
    farm.register("erhao", "二号平台", "Second Platform", "platform");
    sign_off(&mut farm, ("xianda", "platform"), "refused");
    sign_off(&mut farm, ("erhao", "platform"), "approved");
    assert_eq!(states(&mut farm)[0], Refused);
    let approved = sign_off(&mut farm, ("xianda", "platform"), "approved");
    assert_eq!(states(&mut farm)[0], Approved);
    // Taken back, it is the refusal again that counts.
    take_back(&mut farm, BATCH, ("xianda", "platform"), approved);
    assert_eq!(states(&mut farm)[0], Refused);
}

#[test]
fn a_sign_off_before_a_reason_for_a_hold_says_that_it_came_before() {
    let mut farm = with_host();
    sign_off(&mut farm, ("xianda", "platform"), "approved");
    farm.inspect("LAB-2", "fail");
    sign_off(&mut farm, ("zhubo", "host"), "approved");
    assert_eq!(states(&mut farm), [ApprovedBefore, Empty, Approved]);
}

#[test]
fn one_organisation_in_two_seats_is_told_and_each_sign_off_counts_where_it_was_signed() {
    let mut farm = farm();
    farm.register_as("shuangmian", "双面公司", &["host", "platform"]);
    farm.season_packed("2026-06-13");
    sign_off(&mut farm, ("shuangmian", "platform"), "approved");
    assert_eq!(states(&mut farm), [Approved, Empty, Empty]);
    assert!(doubts(&flagged(&mut farm, BATCH, LATER)).is_empty());
    sign_off(&mut farm, ("shuangmian", "host"), "approved");
    assert_eq!(states(&mut farm), [Approved, Empty, Approved]);
    let flags = flagged(&mut farm, BATCH, LATER);
    assert_eq!(the(&flags, Flag::TwoSeats).says["org"], Said::Org("shuangmian".into()));
}

#[test]
fn a_host_who_is_a_grower_is_told_and_another_is_not() {
    let mut farm = farm();
    farm.register_as("nongren", "农人主播", &["farm", "host"]);
    farm.register("zhubo", "主播小乡", "Host Xiaoxiang", "host");
    farm.season_packed("2026-06-13");
    sign_off(&mut farm, ("zhubo", "host"), "approved");
    assert!(!sorts(&flagged(&mut farm, BATCH, LATER)).contains(&Flag::HostGrew));
    sign_off(&mut farm, ("nongren", "host"), "approved");
    let flags = flagged(&mut farm, BATCH, LATER);
    assert_eq!(the(&flags, Flag::HostGrew).says["org"], Said::Org("nongren".into()));
    assert!(doubts(&flags).is_empty(), "to be both is allowed, and disclosed");
}

#[test]
fn a_guarantee_is_worth_what_its_days_say() {
    let mut farm = with_host();
    let promise = farm.say(Says {
        kind: "guarantee/1",
        subject: BATCH,
        signer: ("xianda", "platform"),
        occurred_at: "2026-06-13T18:00:00+08:00",
        data: json!({
            "terms": ["rot_paid", "platform_first"], "valid_from": "2026-06-14", "valid_until": "2026-06-30",
        }),
        ..Says::default()
    });
    let mut state = |as_of: &str| look(&mut farm, BATCH, as_of, |dossier| guarantees(dossier)[0].state);
    assert_eq!(state("2026-06-13T23:59:00+08:00"), PromiseState::ToCome);
    assert_eq!(state("2026-06-14T00:00:00+08:00"), PromiseState::Valid);
    assert_eq!(state("2026-06-30T23:59:00+08:00"), PromiseState::Valid);
    assert_eq!(state("2026-07-01T00:00:00+08:00"), PromiseState::Over);
    take_back(&mut farm, BATCH, ("xianda", "platform"), promise);
    let state = look(&mut farm, BATCH, LATER, |dossier| guarantees(dossier)[0].state);
    assert_eq!(state, PromiseState::Withdrawn);
}

#[test]
fn what_the_ledger_holds_on_a_host_is_facts_as_of_any_size() {
    let mut farm = with_host();
    sign_off(&mut farm, ("zhubo", "host"), "approved");
    let before = all_records(&farm).len() as u64;
    farm.say(Says {
        kind: "hold/1",
        subject: BATCH,
        signer: ("xianda", "platform"),
        occurred_at: "2026-06-14T10:00:00+08:00",
        data: json!({"reason": "complaints"}),
        ..Says::default()
    });
    let mut enforce = |action: &str, until: Option<&str>| {
        let mut data = json!({"action": action, "basis": "false_claim", "lots": [BATCH]});
        if let Some(until) = until {
            data["until"] = json!(until);
        }
        farm.say(Says {
            kind: "enforcement/1",
            subject: "org:zhubo",
            touches: &[BATCH],
            signer: ("xianda", "platform"),
            occurred_at: "2026-06-14T11:00:00+08:00",
            data,
            ..Says::default()
        })
    };
    enforce("suspension", Some("2026-06-20"));
    let warning = enforce("warning", None);
    take_back(&mut farm, "org:zhubo", ("xianda", "platform"), warning);
    let records = all_records(&farm);
    let (hosts, size) = (watching(&records).hosts, records.last().unwrap().seq + 1);
    let facts = hosts.of("zhubo", size, millis("2026-06-20T23:00:00+08:00"));
    assert_eq!((facts.batches, facts.holds.len(), facts.enforcements.len()), (1, 1, 2));
    assert_eq!(facts.enforcements[0].by, ["xianda"]);
    assert!(!facts.enforcements[0].over && facts.enforcements[1].withdrawn.is_some());
    assert!(hosts.of("zhubo", size, millis("2026-06-21T00:00:00+08:00")).enforcements[0].over);
    let earlier = hosts.of("zhubo", before, millis(LATER));
    assert_eq!((earlier.batches, earlier.holds.len(), earlier.enforcements.len()), (1, 0, 0));
    assert_eq!(hosts.of("nobody", size, 0), Default::default());
}
