//! When it was written, and what was changed.

use serde_json::json;

use super::*;
use crate::statement::kinds::Kind;

fn with_patrol(occurred_at: &str, recorded_at: &str) -> Vec<Fact<Flag>> {
    let mut farm = farm();
    farm.grow();
    observe(&mut farm, SEASON, occurred_at, recorded_at, json!({}));
    farm.harvest("860");
    flagged(&mut farm, PICKED, LATER)
}

#[test]
fn an_entry_is_late_after_the_hours_that_the_ledger_says() {
    // The ledger had it two minutes after it was recorded.
    let flags = with_patrol("2026-05-01T08:00:00+08:00", "2026-05-02T07:59:00+08:00");
    assert_eq!(the(&flags, Flag::LateEntry).says["lag"], Said::Hours(24));
    assert!(sorts(&with_patrol("2026-05-01T08:00:00+08:00", "2026-05-02T07:58:00+08:00")).is_empty());
    // A day lasts to its end.
    assert!(sorts(&with_patrol("2026-05-01", "2026-05-02T23:00:00+08:00")).is_empty());
}

#[test]
fn the_ledger_says_how_late_is_late() {
    let mut farm = farm();
    set_tunables(&mut farm, json!({"late_hours": 72}));
    farm.grow();
    observe(&mut farm, SEASON, "2026-05-01T08:00:00+08:00", "2026-05-03T08:00:00+08:00", json!({}));
    farm.harvest("860");
    assert!(sorts(&flagged(&mut farm, PICKED, LATER)).is_empty());
}

#[test]
fn a_clock_that_runs_ahead_is_told_past_the_limit() {
    let ahead = with_patrol("2026-05-01T08:10:00+08:00", "2026-05-01T08:00:00+08:00");
    assert_eq!(the(&ahead, Flag::ClockAhead).says["minutes"], Said::Number(8));
    assert!(sorts(&with_patrol("2026-05-01T08:07:00+08:00", "2026-05-01T08:00:00+08:00")).is_empty());
}

#[test]
fn whoever_records_for_another_is_told() {
    let mut farm = farm();
    farm.grow();
    let sealed = json!({"on_behalf_of": {"sealed": "ab".repeat(32)}});
    observe(&mut farm, SEASON, "2026-05-01", "2026-05-01T19:00:00+08:00", sealed);
    observe(
        &mut farm,
        SEASON,
        "2026-05-02",
        "2026-05-02T19:00:00+08:00",
        json!({"on_behalf_of": "org:qingshan"}),
    );
    farm.harvest("860");
    let flags = flagged(&mut farm, PICKED, LATER);
    assert_eq!(the(&flags, Flag::OnBehalf).records.len(), 1);
    assert!(doubts(&flags).is_empty());
}

#[test]
fn a_picture_that_is_declared_ai_made_is_told() {
    let mut farm = farm();
    farm.grow();
    let more = photo(0x0f1e_2d3c_4b5a_6978, true);
    observe(&mut farm, SEASON, "2026-05-01", "2026-05-01T19:00:00+08:00", more);
    farm.harvest("860");
    assert_eq!(the(&flagged(&mut farm, PICKED, LATER), Flag::PhotoAiMade).about, SEASON);
}

#[test]
fn a_correction_before_packing_is_no_flag_and_one_after_it_is() {
    let mut early = farm();
    early.grow();
    let harvest = early.harvest("860");
    early.correct_harvest(harvest, "830");
    assert!(sorts(&flagged(&mut early, PICKED, LATER)).is_empty());

    let mut late = farm();
    let season = late.season();
    late.correct_harvest(season.harvest, "830");
    let flags = flagged(&mut late, BATCH, LATER);
    assert_eq!(doubts(&flags), [Flag::QuantityCorrected]);
    assert_eq!(the(&flags, Flag::QuantityCorrected).records.len(), 2);
}

#[test]
fn a_test_result_or_a_day_changed_after_packing_is_told_as_that() {
    let mut farm = farm();
    let season = farm.season();
    let told = all_records(&farm).into_iter().find(|record| record.leaf() == season.inspection).unwrap();
    let mut data = Value::Object(told.statement.data.clone());
    data["items"][0]["value"] = json!("0.001");
    farm.say(Says {
        kind: "correction/1",
        subject: PICKED,
        signer: ("zhejian", "lab"),
        occurred_at: "2026-06-14T19:00:00+08:00",
        corrects: Some(season.inspection),
        original: Some(Kind::Inspection),
        data: json!({"reason": "typo", "occurred_at": "2026-06-14T15:00:00+08:00", "data": data}),
        ..Says::default()
    });
    let flags = flagged(&mut farm, BATCH, LATER);
    assert_eq!(doubts(&flags), [Flag::DateCorrected, Flag::TestCorrected]);
}

#[test]
fn what_was_taken_back_is_told_once_and_not_judged_again() {
    let mut farm = farm();
    farm.grow();
    let leaf = observe(&mut farm, SEASON, "2026-05-01", "2026-05-09T19:00:00+08:00", json!({}));
    farm.say(Says {
        kind: "withdrawal/1",
        subject: SEASON,
        signer: ("qingshan", "coop"),
        occurred_at: "2026-05-09T20:00:00+08:00",
        data: json!({"withdraws": leaf, "reason": "made_in_error"}),
        ..Says::default()
    });
    farm.harvest("860");
    let flags = flagged(&mut farm, PICKED, LATER);
    assert_eq!(sorts(&flags).into_iter().collect::<Vec<_>>(), [Flag::Withdrawn]);
    assert_eq!(the(&flags, Flag::Withdrawn).records.len(), 2);
}

#[test]
fn a_key_that_signs_after_its_stated_end_is_told_and_on_its_last_day_is_not() {
    let with_end = |day: &str| {
        let mut farm = farm();
        farm.add_key_until("qingshan", "coop", "phone", &["harvest"], day);
        farm.grow();
        farm.say(Says {
            kind: "harvest/1",
            subject: PICKED,
            touches: &[SEASON],
            signer: ("qingshan", "coop"),
            key: Some("phone"),
            occurred_at: "2026-06-13T05:30:00+08:00",
            data: json!({"from": [SEASON], "quantity": quantity("10", "jin")}),
            ..Says::default()
        });
        sorts(&flagged(&mut farm, PICKED, LATER)).into_iter().collect::<Vec<_>>()
    };
    assert_eq!(with_end("2026-06-12"), [Flag::KeyEnded]);
    assert!(with_end("2026-06-13").is_empty());
}
