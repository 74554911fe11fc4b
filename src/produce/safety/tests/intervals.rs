//! Picked before the interval was over, and ways to make it look otherwise.

use super::*;
use crate::produce::safety::earliest_harvest;
use crate::produce::tests::farm::Spray;
use crate::produce::tests::{demonstration, farm};
use crate::text::{Status, Use};

/// Sprayed eight days before the harvest; the label asks for fourteen.
const EARLY: Spray<'static> = Spray {
    subject: SEASON,
    touches: &[],
    at: "2026-06-05",
    recorded_at: "2026-06-06T18:00:00+08:00",
    formulation: "乳油",
    actives: &[("阿维菌素", "1.8")],
    phi_days: Some(14),
    max_uses: None,
};

/// Grown, sprayed so, picked on 2026-06-13 and tested.
fn sprayed(spray: &Spray<'_>) -> Farm<InMemory> {
    let mut farm = farm();
    farm.grow();
    farm.spray(spray);
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    farm
}

#[test]
fn picking_too_early_holds_the_lot_and_what_is_made_of_it() {
    let mut farm = farm();
    farm.grow();
    farm.spray(&EARLY);
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    pack(&mut farm, &[HARVEST], "batch:qingshan.a", "杨梅", "2026-06-13T16:00:00+08:00");
    pack(&mut farm, &["batch:qingshan.a"], "batch:qingshan.b", "杨梅", "2026-06-13T17:00:00+08:00");
    for lot in [HARVEST, "batch:qingshan.a", "batch:qingshan.b"] {
        let judgement = judged(&mut farm, lot);
        assert_eq!((judgement.status, whys(&judgement)), (Status::OnHold, vec![Why::PickedEarly]), "{lot}");
        assert!(judgement.blocks(Use::Page).is_empty(), "a held batch is shown as held");
        for wanted in [Use::Certificate, Use::Labels, Use::Overlay, Use::Sale] {
            assert_eq!(judgement.blocks(wanted).len(), 1);
        }
        let early = judgement.intervals.iter().find(|interval| interval.days_short > 0).unwrap();
        assert_eq!((early.days_short, early.earliest.as_deref()), (6, Some("2026-06-19")));
        assert_eq!(judgement.reasons[0].about, HARVEST);
        told_as(&judgement, Why::PickedEarly);
    }
}

#[test]
fn the_day_of_the_interval_itself_is_late_enough() {
    assert_eq!(whys(&judged(&mut sprayed(&Spray { at: "2026-05-30", ..EARLY }), HARVEST)), []);
    let day_short = Spray { at: "2026-05-31", ..EARLY };
    assert_eq!(whys(&judged(&mut sprayed(&day_short), HARVEST)), [Why::PickedEarly]);
}

#[test]
fn moving_the_spray_after_the_harvest_is_known_helps_nobody() {
    let mut farm = farm();
    farm.grow();
    let leaf = farm.spray(&EARLY);
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    let late = "2026-06-14T18:00:00+08:00";
    let moved = farm.correct_spray(leaf, &Spray { at: "2026-05-05", recorded_at: late, ..EARLY });
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::PickedEarly]);
    let again =
        farm.correct_spray(moved, &Spray { at: "2026-06-14", phi_days: Some(1), recorded_at: late, ..EARLY });
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::PickedEarly]);
    farm.withdraw(again, SEASON, &[], COOP, "2026-06-14T19:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::PickedEarly]);
}

#[test]
fn recording_the_harvest_late_is_no_time_to_put_things_right() {
    let mut farm = farm();
    farm.grow();
    let leaf = farm.spray(&EARLY);
    let moved = Spray { at: "2026-05-05", recorded_at: "2026-06-14T18:00:00+08:00", ..EARLY };
    farm.correct_spray(leaf, &moved);
    pick(&mut farm, HARVEST, SEASON, "2026-06-13T05:30:00+08:00", "2026-06-15T08:00:00+08:00");
    farm.result(HARVEST, LAB, "2026-06-15T09:00:00+08:00", "pass", items(&["阿维菌素"]));
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::PickedEarly]);
}

#[test]
fn a_harvest_moved_to_a_later_day_was_still_picked_when_it_was() {
    let mut farm = farm();
    farm.grow();
    farm.spray(&EARLY);
    let leaf = farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    farm.say(Says {
        kind: "correction/1",
        subject: HARVEST,
        touches: &[SEASON],
        signer: COOP,
        occurred_at: "2026-06-20T08:00:00+08:00",
        corrects: Some(leaf),
        original: Some(crate::statement::kinds::Kind::Harvest),
        data: json!({
            "reason": "typo", "occurred_at": "2026-06-19T05:30:00+08:00",
            "data": {"from": [SEASON], "quantity": quantity("860", "jin"), "crop": "杨梅"},
        }),
        ..Says::default()
    });
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::PickedEarly]);
}

#[test]
fn a_spray_first_dated_after_the_harvest_and_then_before_it_is_found() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    let late = "2026-06-15T18:00:00+08:00";
    let leaf = farm.spray(&Spray { at: "2026-06-15", recorded_at: late, ..EARLY });
    assert_eq!(whys(&judged(&mut farm, HARVEST)), []);
    farm.correct_spray(leaf, &Spray { recorded_at: late, ..EARLY });
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::PickedEarly]);
}

#[test]
fn a_spray_under_another_season_of_the_plot_leaves_its_mark() {
    let mut farm = farm();
    farm.grow();
    open_season(&mut farm, "crop:qingshan.p1-other", "2026-03-03");
    farm.spray(&Spray { subject: "crop:qingshan.p1-other", ..EARLY });
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!((whys(&judgement), notes(&judgement)), (vec![], vec![Why::OtherSeason]));
    told_as(&judgement, Why::OtherSeason);
}

#[test]
fn a_harvest_that_names_the_plot_alone_does_not_get_rid_of_the_seasons_sprays() {
    let mut farm = farm();
    farm.grow();
    farm.spray(&EARLY);
    pick(&mut farm, HARVEST, PLOT, "2026-06-13T05:30:00+08:00", "2026-06-13T08:00:00+08:00");
    farm.inspect("LAB-1", "pass");
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!((judgement.status, whys(&judgement)), (Status::Incomplete, vec![Why::SeasonNotNamed]));
    assert_eq!((judgement.blocks(Use::Sale).len(), judgement.blocks(Use::Page).len()), (1, 0));
    told_as(&judgement, Why::SeasonNotNamed);
}

#[test]
fn a_spray_by_another_name_is_a_spray() {
    let mut farm = farm();
    farm.grow();
    let mut data = EARLY.data();
    data["kind"] = json!("fertiliser");
    let says = Says {
        kind: "input/1",
        subject: SEASON,
        signer: COOP,
        occurred_at: "2026-06-05",
        data,
        ..Says::default()
    };
    farm.say(Says { recorded_at: Some(EARLY.recorded_at), ..says });
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::PickedEarly]);
}

#[test]
fn on_the_day_of_the_harvest_a_use_counts_unless_it_is_known_to_be_later() {
    let on_the_day = |at| Spray { at, recorded_at: "2026-06-13T07:00:00+08:00", ..EARLY };
    for (at, early) in
        [("2026-06-13", true), ("2026-06-13T04:00:00+08:00", true), ("2026-06-13T06:00:00+08:00", false)]
    {
        let found = whys(&judged(&mut sprayed(&on_the_day(at)), HARVEST));
        assert_eq!(found.contains(&Why::PickedEarly), early, "{at}");
    }
}

#[test]
fn where_nothing_says_how_long_it_is_said_loudly_and_nobody_vouches() {
    let judgement = judged(&mut sprayed(&Spray { phi_days: None, ..EARLY }), HARVEST);
    assert_eq!((judgement.status, whys(&judgement)), (Status::Incomplete, vec![Why::IntervalUnknown]));
    assert!(told_as(&judgement, Why::IntervalUnknown).contains("未知安全间隔期：请照标签填写"));
    assert!(judgement.blocks(Use::Page).is_empty());
    assert_eq!(judgement.blocks(Use::Certificate).len(), 1);
}

#[test]
fn the_longer_of_table_and_label_counts_and_a_laxer_table_later_counts_for_nothing() {
    let actives: &[_] = &[("阿维菌素", "18", "g_per_kg")];
    let judge = |rows: &[(u64, &str)], spray: &Spray<'_>| {
        let mut farm = demonstration();
        farm.grow();
        farm.spray(spray);
        let mut tables = rows.iter();
        let mut set = |farm: &mut Farm<InMemory>| {
            if let Some((days, at)) = tables.next() {
                farm.set_rules("intervals", json!([row(actives, "乳油", *days)]), at);
            }
        };
        set(&mut farm);
        farm.harvest("860");
        farm.inspect("LAB-1", "pass");
        set(&mut farm);
        let judgement = judged(&mut farm, HARVEST);
        let interval = judgement.intervals.iter().find(|interval| interval.used == "2026-06-05").unwrap();
        (interval.phi_days, interval.own_statement, interval.fictional, whys(&judgement))
    };
    let (before, after) = ("2026-06-07T09:00:00+08:00", "2026-06-14T09:00:00+08:00");
    let short = Spray { phi_days: Some(3), ..EARLY };
    let none = Spray { phi_days: None, ..EARLY };
    let early = || vec![Why::PickedEarly];
    assert_eq!(judge(&[(20, before)], &short), (Some(20), false, true, early()));
    assert_eq!(judge(&[(7, before)], &none), (Some(7), false, true, vec![]));
    assert_eq!(judge(&[(3, before)], &EARLY), (Some(14), true, false, early()));
    assert_eq!(judge(&[(20, before), (1, after)], &short), (Some(20), false, true, early()));
    assert_eq!(judge(&[(1, before), (20, after)], &short), (Some(20), false, true, early()));
    // Another formulation, or a mixture, is another product.
    let granules = Spray { formulation: "颗粒剂", ..none };
    assert_eq!(judge(&[(7, before)], &granules), (None, false, false, vec![Why::IntervalUnknown]));
    let mixed = Spray { actives: &[("阿维菌素", "1.8"), ("氯氰菊酯", "5")], ..none };
    assert_eq!(judge(&[(7, before)], &mixed), (None, false, false, vec![Why::IntervalUnknown]));
    let stronger = Spray { actives: &[("阿维菌素", "5")], ..none };
    assert_eq!(judge(&[(7, before)], &stronger), (None, false, false, vec![Why::IntervalUnknown]));
}

#[test]
fn a_mixture_has_a_row_of_its_own_in_whatever_order() {
    let mut farm = demonstration();
    farm.grow();
    let mixed = row(&[("氯氰菊酯", "5", "percent"), ("阿维菌素", "1.8", "percent")], "乳油", 20);
    farm.set_rules(
        "intervals",
        json!([row(&[("阿维菌素", "1.8", "percent")], "乳油", 1), mixed]),
        "2026-06-01T09:00:00+08:00",
    );
    farm.spray(&Spray {
        actives: &[("阿维菌素", "1.8"), ("氯氰菊酯", "5")], phi_days: None, ..EARLY
    });
    farm.harvest("860");
    let judgement = judged(&mut farm, HARVEST);
    let interval = judgement.intervals.iter().find(|interval| interval.used == "2026-06-05").unwrap();
    assert_eq!((interval.phi_days, interval.actives.len()), (Some(20), 2));
}

#[test]
fn more_uses_than_the_label_allows_hold_and_withdrawing_one_does_not_help() {
    let mut farm = farm();
    farm.grow();
    let spray = Spray { at: "2026-05-01", max_uses: Some(2), ..Spray::default() };
    farm.spray(&spray);
    let third = farm.spray(&Spray { at: "2026-05-10", max_uses: None, ..spray });
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!(whys(&judgement), [Why::TooManyUses], "with that of April there are three");
    assert!(told_as(&judgement, Why::TooManyUses).contains("Number(3)"));
    farm.withdraw(third, SEASON, &[], COOP, "2026-06-14T19:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::TooManyUses]);
}

#[test]
fn a_table_counts_uses_too_and_the_smaller_number_does() {
    let mut farm = demonstration();
    farm.grow();
    let mut once = row(&[("阿维菌素", "1.8", "percent")], "乳油", 7);
    once["max_uses"] = json!(1);
    farm.set_rules("intervals", json!([once]), "2026-06-01T09:00:00+08:00");
    farm.spray(&Spray { max_uses: Some(9), ..Spray::default() });
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::TooManyUses]);
}

#[test]
fn what_is_recorded_after_the_sale_reopens_the_question() {
    let mut farm = farm();
    farm.season();
    farm.sell(BATCH, "2026-06-15T09:00:00+08:00");
    let harmless = Spray { at: "2026-04-01", recorded_at: "2026-06-16T09:00:00+08:00", ..EARLY };
    farm.spray(&harmless);
    let judgement = judged(&mut farm, BATCH);
    assert_eq!(whys(&judgement), [Why::LateInput]);
    assert!(judgement.intervals.iter().any(|interval| interval.late && interval.days_short == 0));
    told_as(&judgement, Why::LateInput);
    farm.spray(&Spray { recorded_at: "2026-06-16T10:00:00+08:00", ..EARLY });
    let found = whys(&judged(&mut farm, BATCH));
    assert!(found.contains(&Why::PickedEarly) && found.contains(&Why::LateInput));
    // Before the sale it would have been late for the diary only.
    let mut farm = self::farm();
    farm.season();
    farm.spray(&harmless);
    farm.sell(BATCH, "2026-06-17T09:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, BATCH)), []);
}

#[test]
fn the_first_day_to_pick_is_known_when_the_spray_is() {
    let mut farm = farm();
    farm.grow();
    let ask = |farm: &mut Farm<InMemory>| {
        let season = Subject::parse(SEASON).unwrap();
        with_dossier(farm, SEASON, AS_OF, |dossier| earliest_harvest(dossier, &season)).unwrap()
    };
    assert_eq!(ask(&mut farm).day.as_deref(), Some("2026-05-04"));
    let leaf = farm.spray(&EARLY);
    let earliest = ask(&mut farm);
    assert_eq!((earliest.day.as_deref(), earliest.own_statement), (Some("2026-06-19"), true));
    assert_eq!(earliest.records[0].leaf, leaf);
    let unknown = farm.spray(&Spray { phi_days: None, formulation: "颗粒剂", ..EARLY });
    let earliest = ask(&mut farm);
    assert_eq!(earliest.unknown.iter().map(|source| source.leaf).collect::<Vec<_>>(), [unknown]);
    assert_eq!(earliest.day.as_deref(), Some("2026-06-19"));
}

#[test]
fn a_lot_that_grew_as_such_has_its_sprays_on_itself() {
    let lot = "batch:qingshan.bed1";
    let judge = |day: &str, phi: u64| {
        let mut farm = farm();
        farm.grow();
        farm.say(Says {
            kind: "planting/1",
            subject: lot,
            signer: COOP,
            occurred_at: "2026-05-01T08:00:00+08:00",
            data: json!({
                "action": "sowing", "crop": "青菜", "variety": "上海青", "quantity": quantity("2", "jin"),
                "seed_source": "种子店",
            }),
            ..Says::default()
        });
        farm.spray(&Spray { subject: lot, at: day, phi_days: Some(phi), ..EARLY });
        farm.say(Says {
            kind: "harvest/1",
            subject: lot,
            touches: &[PLOT],
            signer: COOP,
            occurred_at: "2026-06-13T05:30:00+08:00",
            data: json!({"from": [PLOT], "quantity": quantity("100", "jin")}),
            ..Says::default()
        });
        farm.result(lot, LAB, "2026-06-13T12:00:00+08:00", "pass", items(&["阿维菌素"]));
        whys(&judged(&mut farm, lot))
    };
    assert_eq!(judge("2026-06-13", 1), [Why::PickedEarly]);
    assert_eq!(judge("2026-06-12", 1), []);
}

#[test]
fn a_spray_that_goes_on_past_the_harvest_was_on_it() {
    let mut farm = farm();
    farm.grow();
    let mut data = Spray { at: "2026-06-10", phi_days: Some(1), ..EARLY }.data();
    data["end_date"] = json!("2026-06-16");
    farm.say(Says {
        kind: "input/1",
        subject: SEASON,
        signer: COOP,
        occurred_at: "2026-06-10",
        recorded_at: Some("2026-06-16T18:00:00+08:00"),
        data,
        ..Says::default()
    });
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::PickedEarly]);
}

#[test]
fn shipping_to_those_who_eat_it_is_a_sale_too() {
    let mut farm = farm();
    farm.season();
    farm.say(Says {
        kind: "shipping/1",
        subject: BATCH,
        signer: PACKHOUSE,
        occurred_at: "2026-06-14T09:00:00+08:00",
        data: json!({
            "lots": [{"lot": BATCH, "quantity": quantity("10", "jin")}], "to_consumers": true,
            "depart_at": "2026-06-14T09:00:00+08:00", "temp_mode": "cold",
        }),
        ..Says::default()
    });
    farm.spray(&Spray { at: "2026-04-01", recorded_at: "2026-06-16T09:00:00+08:00", ..EARLY });
    assert_eq!(whys(&judged(&mut farm, BATCH)), [Why::LateInput]);
}
