//! Honest farms stay clean.

use super::*;
use crate::produce::tests::farm::Spray;
use crate::text::{Status, Use, Words};

#[test]
fn a_season_is_normal_and_may_be_used_for_everything() {
    let mut farm = crate::produce::tests::farm();
    farm.season();
    let judgement = judged(&mut farm, BATCH);
    assert_eq!(judgement.status, Status::Normal, "{:?}", judgement.reasons);
    assert_eq!((judgement.reasons.len(), judgement.notes.len(), judgement.lifted.len()), (0, 0, 0));
    for wanted in Use::ALL {
        assert!(judgement.blocks(*wanted).is_empty());
    }
    let interval = &judgement.intervals[0];
    assert_eq!((interval.phi_days, interval.days_short), (Some(14), 0));
    assert_eq!(interval.earliest.as_deref(), Some("2026-05-04"));
    assert!(interval.own_statement && !interval.fictional && !interval.late);
    assert_eq!((judgement.coverage.tested, judgement.coverage.used), (1, 1));
    let json = serde_json::to_value(&judgement).unwrap();
    assert_eq!((json["status"].as_str(), json["size"].as_u64()), (Some("normal"), Some(judgement.size)));
}

#[test]
fn what_is_done_after_picking_has_no_interval() {
    let mut farm = crate::produce::tests::farm();
    farm.grow();
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    // A dip of the picked fruit on the same day, a spray of the trees the day after, and one on the same evening.
    for (subject, at) in
        [(HARVEST, "2026-06-13"), (SEASON, "2026-06-14"), (SEASON, "2026-06-13T18:00:00+08:00")]
    {
        farm.spray(&Spray { subject, at, recorded_at: "2026-06-15T08:00:00+08:00", ..Spray::default() });
    }
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!(whys(&judgement), []);
    assert_eq!(judgement.intervals.len(), 1);
}

#[test]
fn last_years_season_on_the_plot_is_not_this_years() {
    let mut farm = crate::produce::tests::farm();
    farm.grow();
    open_season(&mut farm, "crop:qingshan.p1-2025", "2025-03-03");
    farm.spray(&Spray {
        subject: "crop:qingshan.p1-2025",
        at: "2025-05-01",
        max_uses: Some(1),
        ..Spray::default()
    });
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!((whys(&judgement), notes(&judgement)), (vec![], vec![]));
}

#[test]
fn a_mistake_put_right_in_time_is_forgiven_and_a_use_said_anew_is_one_use() {
    let mut farm = crate::produce::tests::farm();
    farm.grow();
    let wrong = Spray { at: "2026-06-05", recorded_at: "2026-06-10T18:00:00+08:00", ..Spray::default() };
    let leaf = farm.spray(&wrong);
    farm.correct_spray(leaf, &Spray { at: "2026-05-05", recorded_at: "2026-06-11T18:00:00+08:00", ..wrong });
    let once = Spray { actives: &[("氯氰菊酯", "5")], max_uses: Some(1), ..Spray::default() };
    let leaf = farm.spray(&once);
    farm.withdraw(leaf, SEASON, &[], COOP, "2026-06-12T18:10:00+08:00");
    farm.spray(&once);
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    assert_eq!(whys(&judged(&mut farm, HARVEST)), []);
}

#[test]
fn a_use_entered_weeks_later_is_of_the_day_that_it_names() {
    let mut farm = crate::produce::tests::farm();
    farm.grow();
    let mut data = Spray::default().data();
    data["phi_days"] = json!(30);
    farm.say(Says {
        kind: "input/1",
        subject: SEASON,
        signer: COOP,
        occurred_at: "2026-06-12T18:00:00+08:00",
        data,
        ..Says::default()
    });
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    assert_eq!(whys(&judged(&mut farm, HARVEST)), []);
}

#[test]
fn a_second_test_and_a_sale_leave_no_mark() {
    let mut farm = crate::produce::tests::farm();
    farm.season();
    farm.result(BATCH, LAB, "2026-06-15T09:00:00+08:00", "pass", items(&["阿维菌素"]));
    farm.sell(BATCH, "2026-06-16T09:00:00+08:00");
    let judgement = judged(&mut farm, BATCH);
    assert_eq!((whys(&judgement), notes(&judgement)), (vec![], vec![]));
}
