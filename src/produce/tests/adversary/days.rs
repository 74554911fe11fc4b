//! Days that were not, tables set to suit, and names in other letters.

use super::*;

#[test]
fn a_harvest_dated_into_the_future_was_picked_when_the_ledger_had_it() {
    let mut farm = farm();
    farm.grow();
    farm.spray(&early());
    pick(&mut farm, HARVEST, 430_000, "2026-06-30", "2026-06-13T08:00:00+08:00", json!({}));
    let found = assessed(&mut farm, HARVEST);
    assert!(whys(&found).contains(&Why::PickedEarly), "{:?}", whys(&found));
    assert!(has(&found.flags, Flag::ClockAhead));
}

#[test]
fn a_spray_dated_after_the_harvest_that_is_already_on_record_was_before_it() {
    let mut farm = farm();
    farm.grow();
    farm.spray(&Spray { at: "2026-06-20", recorded_at: "2026-06-11T18:00:00+08:00", ..Spray::default() });
    farm.harvest("860");
    let found = assessed(&mut farm, HARVEST);
    assert!(whys(&found).contains(&Why::PickedEarly), "{:?}", whys(&found));
}

/// An honest late entry looks the same, so that it holds nothing; it is told.
#[test]
fn a_harvest_dated_back_before_its_spray_is_told() {
    let mut farm = farm();
    farm.grow();
    farm.spray(&early());
    pick(&mut farm, HARVEST, 430_000, "2026-06-09", "2026-06-13T08:00:00+08:00", json!({}));
    let found = assessed(&mut farm, HARVEST);
    assert!(has(&found.flags, Flag::LateEntry) && has(&found.flags, Flag::InputAfterHarvest));
}

#[test]
fn a_harvest_dated_into_last_year_is_told_as_late() {
    let mut farm = farm();
    farm.grow();
    pick(&mut farm, HARVEST, 430_000, "2025-12-31", "2026-06-13T08:00:00+08:00", json!({}));
    assert!(has(&assessed(&mut farm, HARVEST).flags, Flag::LateEntry));
}

#[test]
fn a_sale_that_was_over_before_the_harvest_is_told() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    let mut data = sale(10_000);
    data["period"] = json!({"from": "2026-06-01", "to": "2026-06-05"});
    farm.say(Says {
        kind: "sale/1",
        subject: HARVEST,
        signer: COOP,
        occurred_at: LATER,
        data,
        ..Says::default()
    });
    assert!(has(&assessed(&mut farm, HARVEST).flags, Flag::SoldBeforeMade));
}

#[test]
fn a_table_that_lets_more_pass_between_spray_and_harvest_lets_nothing_pass() {
    let mut farm = demonstration();
    farm.grow();
    farm.set_rules("intervals", row(20), "2026-06-01T10:00:00+08:00");
    farm.spray(&Spray { phi_days: Some(1), ..early() });
    farm.set_rules("intervals", row(0), "2026-06-12T20:00:00+08:00");
    farm.harvest("860");
    let found = assessed(&mut farm, HARVEST);
    assert!(whys(&found).contains(&Why::PickedEarly));
    let interval = found.judgement.intervals.iter().find(|interval| interval.days_short > 0).unwrap();
    assert_eq!((interval.phi_days, interval.row.as_ref().unwrap().phi_days), (Some(20), 20));
}

#[test]
fn wider_tolerances_set_afterwards_cover_up_nothing() {
    let mut farm = farm();
    farm.grow();
    // The plot may yield 6 600 kg with tolerance.
    pick_today(&mut farm, HARVEST, 6_700_000);
    let wide = json!({"yield_tolerance": 100, "mass_tolerance": 20, "late_hours": 8760});
    farm.set_rules("tunables", wide, LATER);
    assert!(has(&assessed(&mut farm, HARVEST).imbalances, Imbalance::PlotExceeded));
    pick(&mut farm, "batch:qingshan.more", 1_000, LATER, LATER, json!({}));
    assert!(
        has(&assessed(&mut farm, HARVEST).imbalances, Imbalance::PlotExceeded),
        "nor does one more harvest"
    );

    let mut farm = super::farm();
    farm.grow();
    pick(&mut farm, HARVEST, 100_000, "2026-06-10", "2026-06-13T08:00:00+08:00", json!({}));
    let into = "batch:qingshan.packed";
    make(&mut farm, "packing/1", COOP, &[(HARVEST, 100_000)], (into, 110_000), packs("杨梅", "5000", 22));
    farm.set_rules("tunables", json!({"mass_tolerance": 20, "late_hours": 8760}), LATER);
    let found = assessed(&mut farm, into);
    assert!(has(&found.imbalances, Imbalance::MadeMore) && has(&found.flags, Flag::LateEntry));
}

#[test]
fn blanks_and_wide_letters_in_a_name_are_no_way_around_a_row() {
    for (active, formulation) in [("阿维 菌素", "乳油"), ("阿维　菌素", "乳 油"), ("阿维菌素", "乳　油")]
    {
        let mut farm = demonstration();
        farm.grow();
        farm.set_rules("intervals", row(20), "2026-06-01T10:00:00+08:00");
        farm.spray(&Spray { actives: &[(active, "1.8")], formulation, phi_days: Some(0), ..early() });
        farm.harvest("860");
        assert!(whys(&assessed(&mut farm, HARVEST)).contains(&Why::PickedEarly), "{active} {formulation}");
    }
}

#[test]
fn a_registration_number_in_other_letters_is_that_of_a_pesticide() {
    for number in ["pd20101234", "ＰＤ20101234", "P D20101234"] {
        let mut farm = farm();
        farm.grow();
        let mut data = early().data();
        data["kind"] = json!("fertiliser");
        data["product"]["reg_no"] = json!(number);
        farm.say(Says {
            kind: "input/1",
            subject: SEASON,
            signer: COOP,
            occurred_at: EARLY,
            recorded_at: Some("2026-06-10T18:00:00+08:00"),
            data,
            ..Says::default()
        });
        farm.harvest("860");
        assert!(whys(&assessed(&mut farm, HARVEST)).contains(&Why::PickedEarly), "{number}");
    }
}

#[test]
fn another_name_of_the_crop_on_the_harvest_alone_escapes_no_row() {
    let mut farm = demonstration();
    farm.grow();
    farm.set_rules("intervals", row(20), "2026-06-01T10:00:00+08:00");
    farm.spray(&Spray { phi_days: Some(0), ..early() });
    pick(
        &mut farm,
        HARVEST,
        430_000,
        "2026-06-13T05:30:00+08:00",
        "2026-06-13T08:00:00+08:00",
        json!({"crop": "山果"}),
    );
    assert!(whys(&assessed(&mut farm, HARVEST)).contains(&Why::PickedEarly));
}

#[test]
fn a_crop_or_variety_that_claims_a_certificate_needs_it() {
    for more in [json!({"crop": "有机杨梅"}), json!({"variety": "有機東魁"})] {
        let mut farm = farm();
        farm.grow();
        let day = "2026-06-13T08:00:00+08:00";
        pick(&mut farm, HARVEST, 430_000, day, day, more.clone());
        assert!(whys(&assessed(&mut farm, HARVEST)).contains(&Why::CertificateMissing), "{more}");
    }
}
