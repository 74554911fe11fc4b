//! The cold chain: too warm, not measured, not true.

use super::*;
use crate::produce::tests::{demonstration, farm};
use crate::text::Status;

fn at(hour: u32) -> String {
    format!("2026-06-13T{hour:02}:00:00+08:00")
}

fn packed() -> Farm<InMemory> {
    let mut farm = farm();
    farm.season();
    farm
}

#[test]
fn minutes_out_of_range_add_up_over_all_readings() {
    let mut farm = packed();
    farm.readings(BATCH, &at(13), &at(15), "7", 20, 0);
    let judgement = judged(&mut farm, BATCH);
    assert_eq!((judgement.status, judgement.temperature.over_minutes), (Status::Normal, Some(20)));
    farm.readings(BATCH, &at(15), &at(17), "7", 20, 0);
    let judgement = judged(&mut farm, BATCH);
    assert_eq!((whys(&judgement), judgement.temperature.over_minutes), (vec![Why::Excursion], Some(40)));
    told_as(&judgement, Why::Excursion);
    // Longer thresholds set later are for what comes later.
    farm.set_rules("tunables", json!({"excursion_minutes": 600}), "2026-06-15T09:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, BATCH)), [Why::Excursion]);
}

#[test]
fn the_same_readings_entered_twice_are_one_run() {
    let mut farm = packed();
    let first = farm.readings(BATCH, &at(13), &at(15), "7", 20, 0);
    farm.withdraw(first, BATCH, &[], PACKHOUSE, &at(16));
    farm.readings(BATCH, &at(13), &at(15), "7", 20, 0);
    assert_eq!(whys(&judged(&mut farm, BATCH)), []);
}

#[test]
fn what_was_not_measured_is_shown_as_missing() {
    let mut farm = packed();
    assert_eq!(judged(&mut farm, BATCH).temperature.gap_minutes, None);
    farm.readings(BATCH, &at(13), &at(18), "4", 0, 61);
    let judgement = judged(&mut farm, BATCH);
    assert_eq!((judgement.status, whys(&judgement)), (Status::Incomplete, vec![Why::ReadingGap]));
    told_as(&judgement, Why::ReadingGap);
}

#[test]
fn readings_beyond_the_range_and_no_minute_out_of_it_do_not_go_together() {
    let mut farm = packed();
    farm.readings(BATCH, &at(13), &at(18), "5", 0, 0);
    assert_eq!(whys(&judged(&mut farm, BATCH)), []);
    farm.readings(BATCH, &at(18), &at(19), "5.1", 0, 0);
    let judgement = judged(&mut farm, BATCH);
    assert_eq!(whys(&judgement), [Why::TemperatureContradicts]);
    told_as(&judgement, Why::TemperatureContradicts);
}

#[test]
fn a_policys_range_is_the_stricter_and_goods_that_come_warm_are_noted() {
    let mut farm = demonstration();
    let rows =
        json!([{"crops": ["杨梅"], "category": "fresh", "level": "basic", "min_temp": "0", "max_temp": "4"}]);
    farm.set_rules("policies", rows, "2026-03-02T09:00:00+08:00");
    farm.season();
    farm.readings(BATCH, &at(13), &at(18), "4.5", 0, 0);
    let judgement = judged(&mut farm, BATCH);
    assert_eq!(
        (whys(&judgement), notes(&judgement)),
        (vec![Why::TemperatureContradicts], vec![Why::WarmOnArrival])
    );
    told_as(&judgement, Why::WarmOnArrival);
}

#[test]
fn readings_entered_after_packing_about_the_time_before_count() {
    let mut farm = packed();
    let day = |day: u32| format!("2026-06-{day:02}T10:00:00+08:00");
    farm.readings(HARVEST, &day(12), &day(15), "7", 45, 0);
    assert_eq!(whys(&judged(&mut farm, BATCH)), [Why::Excursion]);
    // What happens to the rest of the harvest later is not this batch's.
    let mut farm = packed();
    farm.readings(HARVEST, &day(14), &day(15), "7", 45, 0);
    assert_eq!(whys(&judged(&mut farm, BATCH)), []);
}
