//! What laboratories found, and what nobody looked for.

use super::*;
use crate::produce::tests::farm::Spray;
use crate::produce::tests::{demonstration, farm};
use crate::produce::wording::Wording;
use crate::text::{Status, Use};

const NOON: &str = "2026-06-14T12:00:00+08:00";

/// Grown and picked, not tested.
fn picked(mut farm: Farm<InMemory>) -> Farm<InMemory> {
    farm.grow();
    farm.harvest("860");
    farm
}

fn measured(analyte: &str, value: &str, unit: &str, limit: Option<&str>, verdict: &str) -> Value {
    let mut item =
        json!({"analyte": analyte, "result": "measured", "value": value, "unit": unit, "verdict": verdict});
    if let Some(limit) = limit {
        item["limit"] = json!(limit);
    }
    json!([item])
}

#[test]
fn what_was_used_is_looked_for_by_name() {
    let mut farm = picked(farm());
    farm.spray(&Spray {
        actives: &[("Cypermethrin", "5"), ("高效氯氟氰菊酯", "2.5")], ..Spray::default()
    });
    farm.result(HARVEST, LAB, NOON, "pass", items(&["ｃYPERMETHRIN", "阿维菌素"]));
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!((judgement.coverage.tested, judgement.coverage.used), (2, 3));
    assert_eq!(
        judgement.coverage.missing().map(|active| active.name.as_str()).collect::<Vec<_>>(),
        ["高效氯氟氰菊酯"]
    );
    assert_eq!((judgement.status, notes(&judgement)), (Status::Normal, vec![Why::UntestedActives]));
    told_as(&judgement, Why::UntestedActives);
}

#[test]
fn a_rate_of_inhibition_or_somebody_elses_word_covers_nothing() {
    let mut farm = picked(farm());
    let rapid = json!([{"analyte": "抑制率", "result": "negative", "verdict": "pass"}]);
    farm.result(HARVEST, LAB, NOON, "pass", rapid);
    // The farm passes on what it says that a laboratory found; the laboratory did not sign.
    let data = farm.result_data(None, NOON, "pass", items(&["阿维菌素"]));
    farm.result_as(HARVEST, COOP, NOON, data);
    assert_eq!(judged(&mut farm, HARVEST).coverage.tested, 0);
    farm.result(HARVEST, LAB, NOON, "reference_only", items(&["阿维菌素"]));
    assert_eq!(judged(&mut farm, HARVEST).coverage.tested, 0);
    farm.result(HARVEST, LAB, NOON, "pass", items(&["阿维菌素"]));
    assert_eq!(judged(&mut farm, HARVEST).coverage.tested, 1);
}

#[test]
fn treating_the_goods_after_picking_is_a_use() {
    let mut farm = picked(farm());
    farm.spray(&Spray {
        subject: HARVEST,
        at: "2026-06-14",
        recorded_at: NOON,
        actives: &[("咪鲜胺", "25")],
        ..Spray::default()
    });
    farm.inspect("LAB-1", "pass");
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!((judgement.coverage.tested, judgement.coverage.used, whys(&judgement)), (1, 2, vec![]));
}

#[test]
fn withdrawing_or_correcting_a_failed_test_changes_nothing() {
    let mut farm = picked(farm());
    let failed = farm.result(
        HARVEST,
        LAB,
        NOON,
        "fail",
        measured("阿维菌素", "0.09", "mg_per_kg", Some("0.02"), "fail"),
    );
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!((judgement.status, whys(&judgement)), (Status::OnHold, vec![Why::FailedTest]));
    for (lang, said) in
        [(Lang::Zh, "阿维菌素 0.09 > 0.02 毫克/公斤"), (Lang::En, "阿维菌素 0.09 > 0.02 mg/kg")]
    {
        let told = Wording { lang, names: BTreeMap::new() }.fact(&judgement.reasons[0]);
        assert!(told.contains(said), "{told}");
    }
    assert!(judgement.blocks(Use::Page).is_empty(), "a failed test is shown, not hidden");
    farm.withdraw(failed, HARVEST, &[], LAB, "2026-06-15T09:00:00+08:00");
    assert!(whys(&judged(&mut farm, HARVEST)).contains(&Why::FailedTest));
    farm.result(HARVEST, LAB, "2026-06-16T09:00:00+08:00", "pass", items(&["阿维菌素"]));
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::FailedTest], "a better test is no release");
}

#[test]
fn one_bad_item_is_a_bad_test_whatever_the_conclusion() {
    for (item, why) in [
        (measured("阿维菌素", "0.01", "mg_per_kg", None, "fail"), Why::FailedTest),
        (measured("阿维菌素", "0.03", "mg_per_kg", Some("0.02"), "pass"), Why::ResultContradicts),
        (measured("阿维菌素", "0.03", "mg_per_kg", Some("0.02"), "info"), Why::ResultContradicts),
        (json!([{"analyte": "毒死蜱", "result": "positive", "verdict": "pass"}]), Why::ResultContradicts),
    ] {
        let mut farm = picked(farm());
        farm.result(HARVEST, LAB, NOON, "pass", item);
        let judgement = judged(&mut farm, HARVEST);
        assert_eq!(whys(&judgement), [why]);
        told_as(&judgement, why);
    }
    let mut farm = picked(farm());
    farm.result(HARVEST, LAB, NOON, "pass", measured("阿维菌素", "0.02", "mg_per_kg", Some("0.02"), "pass"));
    assert_eq!(whys(&judged(&mut farm, HARVEST)), []);
    let mut farm = picked(self::farm());
    farm.result(HARVEST, LAB, NOON, "fail", items(&["毒死蜱"]));
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::FailedTest]);
}

#[test]
fn a_table_of_limits_is_compared_in_its_own_unit_and_a_laxer_one_later_counts_for_nothing() {
    let limit = |limit: &str, unit: &str| json!([limit_row(limit, unit)]);
    let judge = |first: Value, value: &str, unit: &str, then: Option<Value>| {
        let mut farm = picked(demonstration());
        farm.set_rules("limits", first, "2026-06-13T21:00:00+08:00");
        farm.result(HARVEST, LAB, NOON, "pass", measured("阿维菌素", value, unit, None, "pass"));
        if let Some(then) = then {
            farm.set_rules("limits", then, "2026-06-15T21:00:00+08:00");
        }
        whys(&judged(&mut farm, HARVEST))
    };
    assert_eq!(judge(limit("0.02", "mg_per_kg"), "21", "ug_per_kg", None), [Why::ResultContradicts]);
    assert_eq!(judge(limit("20", "ug_per_kg"), "0.02", "mg_per_kg", None), []);
    assert_eq!(judge(limit("20", "ug_per_kg"), "0.03", "mg_per_l", None), []);
    let lax = || Some(limit("1", "mg_per_kg"));
    assert_eq!(judge(limit("0.02", "mg_per_kg"), "0.03", "mg_per_kg", lax()), [Why::ResultContradicts]);
    let strict = Some(limit("0.02", "mg_per_kg"));
    assert_eq!(judge(limit("1", "mg_per_kg"), "0.03", "mg_per_kg", strict), [Why::ResultContradicts]);
}

#[test]
fn a_test_of_the_season_or_of_the_other_half_of_a_mixture_is_not_one_of_this_batch() {
    let mut farm = picked(farm());
    farm.result(SEASON, LAB, NOON, "pass", items(&["阿维菌素"]));
    assert_eq!(whys(&judged(&mut farm, HARVEST)), [Why::MissingTest]);
    pick(&mut farm, "batch:qingshan.h2", SEASON, "2026-06-14T05:00:00+08:00", "2026-06-14T13:00:00+08:00");
    farm.result("batch:qingshan.h2", LAB, NOON, "pass", items(&["阿维菌素"]));
    pack(
        &mut farm,
        &["batch:qingshan.h0613", "batch:qingshan.h2"],
        "batch:qingshan.mix",
        "杨梅",
        "2026-06-14T15:00:00+08:00",
    );
    let judgement = judged(&mut farm, "batch:qingshan.mix");
    assert_eq!(whys(&judgement), [Why::MissingTest]);
    farm.result("batch:qingshan.mix", LAB, "2026-06-14T16:00:00+08:00", "pass", items(&["阿维菌素"]));
    assert_eq!(whys(&judged(&mut farm, "batch:qingshan.mix")), []);
}

#[test]
fn a_failed_test_of_the_season_holds_every_lot_picked_from_it() {
    let mut farm = picked(farm());
    farm.inspect("LAB-1", "pass");
    farm.result(SEASON, LAB, NOON, "fail", measured("毒死蜱", "0.09", "mg_per_kg", None, "fail"));
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!(whys(&judgement), [Why::FailedTest]);
    assert_eq!(judgement.reasons[0].about, SEASON);
}
