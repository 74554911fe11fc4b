//! What is asked of a batch, and how much of it is there.

use super::*;
use crate::produce::tests::{demonstration, farm};
use crate::text::{Need, Status, Use};

fn policy(farm: &mut Farm<InMemory>, category: &str, level: &str) {
    let rows = json!([{"crops": ["杨梅"], "category": category, "level": level}]);
    farm.set_rules("policies", rows, "2026-03-02T09:00:00+08:00");
}

#[test]
fn taobao_no_page_label_or_overlay_without_origin_and_test() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!((judgement.status, whys(&judgement)), (Status::Incomplete, vec![Why::MissingTest]));
    for wanted in [Use::Page, Use::Certificate, Use::Labels, Use::Overlay, Use::Sale] {
        assert_eq!(judgement.blocks(wanted).len(), 1, "{wanted:?}");
    }
    farm.inspect("LAB-1", "pass");
    assert!(judged(&mut farm, HARVEST).blocks(Use::Page).is_empty());
}

#[test]
fn an_origin_that_was_taken_back_is_none() {
    let mut farm = farm();
    let plot = farm.say(Says {
        kind: "plot.register/1",
        subject: "plot:qingshan.o",
        signer: COOP,
        occurred_at: "2026-03-02T10:00:00+08:00",
        data: json!({
            "name": "坡", "area": quantity("10", "mu"), "crop": "杨梅", "variety": "东魁",
            "declared_yield": quantity("9000", "jin"),
        }),
        ..Says::default()
    });
    pick(
        &mut farm,
        "batch:qingshan.o",
        "plot:qingshan.o",
        "2026-06-13T05:00:00+08:00",
        "2026-06-13T06:00:00+08:00",
    );
    farm.result("batch:qingshan.o", LAB, "2026-06-13T12:00:00+08:00", "pass", items(&["毒死蜱"]));
    assert_eq!(whys(&judged(&mut farm, "batch:qingshan.o")), []);
    farm.withdraw(plot, "plot:qingshan.o", &[], COOP, "2026-06-14T12:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, "batch:qingshan.o")), [Why::MissingOrigin]);
}

#[test]
fn a_full_trace_has_the_four_stages_of_the_bayberry_and_more() {
    let mut farm = demonstration();
    policy(&mut farm, "fresh", "full");
    farm.season();
    let judgement = judged(&mut farm, BATCH);
    assert_eq!((judgement.status, whys(&judgement)), (Status::Normal, vec![]));
    let completeness = &judgement.completeness;
    assert_eq!((completeness.full, completeness.present, completeness.needed), (true, 7, 7));
    assert!(completeness.policy.is_some());
    let needs: Vec<Need> = completeness.stages.iter().map(|stage| stage.need).collect();
    use Need::{Circulation, Harvest, Inputs, Origin, Packing, Planting, Test};
    assert_eq!(needs, [Origin, Planting, Inputs, Harvest, Test, Packing, Circulation]);
}

#[test]
fn a_missing_stage_lowers_the_score_and_blocks_nothing() {
    let mut farm = demonstration();
    policy(&mut farm, "fresh", "full");
    farm.grow();
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!(whys(&judgement), [Why::MissingPacking, Why::MissingCirculation]);
    assert_eq!((judgement.status, judgement.completeness.present), (Status::Incomplete, 5));
    assert!(judgement.blocks(Use::Sale).is_empty());
}

#[test]
fn a_speciality_names_the_standard_it_was_grown_by() {
    let mut farm = demonstration();
    policy(&mut farm, "speciality", "basic");
    farm.season();
    assert_eq!(whys(&judged(&mut farm, BATCH)), [Why::MissingStandard]);
}

// -- every lot sampled and tested (每批抽检) ---------------------------------------------------------------------------

const FIRST: &str = "batch:qingshan.s20";
const SECOND: &str = "batch:qingshan.s40";
const PACKED: &str = "batch:qingshan.s20-jar";

/// Picked, sampled, tested, and sorted into two lots, where every lot is to be sampled.
fn sorted() -> Farm<InMemory> {
    let mut farm = demonstration();
    let rows = json!([{"crops": ["杨梅"], "category": "dried", "level": "basic", "batch_test": true}]);
    farm.set_rules("policies", rows, "2026-03-02T09:00:00+08:00");
    farm.grow();
    farm.harvest("860");
    farm.inspect("LAB-1", "pass");
    let output = |lot: &str| json!({"lot": lot, "quantity": quantity("430", "jin"), "grade": "一级", "spec": {"label": "大果"}});
    farm.say(Says {
        kind: "grading/1",
        subject: FIRST,
        touches: &[HARVEST, SECOND],
        signer: COOP,
        occurred_at: "2026-06-13T16:00:00+08:00",
        data: json!({
            "inputs": [{"lot": HARVEST, "quantity": quantity("860", "jin")}],
            "outputs": [output(FIRST), output(SECOND)], "loss": quantity("0", "jin"), "loss_reason": "none",
            "site": "合作社", "grader": "王小山",
        }),
        ..Says::default()
    });
    farm
}

fn is_sampled(farm: &mut Farm<InMemory>, lot: &str) -> bool {
    let judgement = judged(farm, lot);
    let blocked = judgement.blocks(Use::Page).len();
    match whys(&judgement).as_slice() {
        [] => blocked == 0 && judgement.completeness.present == 2,
        [Why::MissingSample] => {
            assert_eq!((blocked, judgement.completeness.present), (1, 1));
            assert!(!judgement.reasons[0].records.is_empty());
            false
        }
        other => panic!("{other:?}"),
    }
}

fn result(farm: &mut Farm<InMemory>, lot: &str) -> crate::merkle::Hash {
    farm.result(lot, LAB, "2026-06-14T09:00:00+08:00", "pass", items(&["阿维菌素"]))
}

#[test]
fn a_lot_sorted_from_a_tested_one_is_not_tested() {
    let mut farm = sorted();
    assert!(is_sampled(&mut farm, HARVEST));
    assert!(!is_sampled(&mut farm, FIRST) && !is_sampled(&mut farm, SECOND));
    result(&mut farm, FIRST);
    assert!(is_sampled(&mut farm, FIRST) && !is_sampled(&mut farm, SECOND));
}

#[test]
fn packs_are_as_well_tested_as_the_one_lot_that_is_in_them() {
    let mut farm = sorted();
    result(&mut farm, FIRST);
    pack(&mut farm, &[FIRST], PACKED, "杨梅", "2026-06-15T09:00:00+08:00");
    assert!(is_sampled(&mut farm, PACKED));
    let mut farm = sorted();
    result(&mut farm, FIRST);
    result(&mut farm, SECOND);
    pack(&mut farm, &[FIRST, SECOND], PACKED, "杨梅", "2026-06-15T09:00:00+08:00");
    assert!(!is_sampled(&mut farm, PACKED));
    result(&mut farm, PACKED);
    assert!(is_sampled(&mut farm, PACKED));
}

#[test]
fn a_result_without_a_sample_of_its_own_is_none() {
    let at = "2026-06-14T09:00:00+08:00";
    let mut farm = sorted();
    let data = farm.result_data(None, at, "pass", items(&["阿维菌素"]));
    farm.result_as(FIRST, LAB, at, data);
    assert!(!is_sampled(&mut farm, FIRST), "no sampling");

    let sampling = |farm: &mut Farm<InMemory>, lot: &str, lab: &str, at: &str| {
        farm.say(Says {
            kind: "sampling/1",
            subject: lot,
            signer: COOP,
            occurred_at: at,
            data: json!({
                "sample_no": "S-1", "sampler": "陈检", "sampler_org": "qingshan", "drawn_from": lot,
                "sample_qty": quantity("2", "kg"), "method": "random", "lab": lab, "purpose": "commissioned",
            }),
            ..Says::default()
        })
    };
    let reported = |farm: &mut Farm<InMemory>, named: Option<crate::merkle::Hash>| {
        let mut data = farm.result_data(named, at, "pass", items(&["阿维菌素"]));
        data["sample_no"] = json!("S-1");
        farm.result_as(FIRST, LAB, at, data);
    };
    let mut farm = sorted();
    let drawn = sampling(&mut farm, SECOND, "zhejian", at);
    reported(&mut farm, Some(drawn));
    reported(&mut farm, None);
    assert!(!is_sampled(&mut farm, FIRST), "a sample of another lot");

    let mut farm = sorted();
    let drawn = sampling(&mut farm, FIRST, "other", at);
    reported(&mut farm, Some(drawn));
    assert!(!is_sampled(&mut farm, FIRST), "a sample that went to another laboratory");

    let mut farm = sorted();
    reported(&mut farm, None);
    sampling(&mut farm, FIRST, "zhejian", at);
    assert!(!is_sampled(&mut farm, FIRST), "a sample recorded after its result");
    reported(&mut farm, None);
    assert!(is_sampled(&mut farm, FIRST), "named by its number");

    let mut farm = sorted();
    let drawn = sampling(&mut farm, FIRST, "zhejian", at);
    reported(&mut farm, Some(drawn));
    assert!(is_sampled(&mut farm, FIRST));
    farm.withdraw(drawn, FIRST, &[], COOP, "2026-06-15T09:00:00+08:00");
    assert!(!is_sampled(&mut farm, FIRST), "a sampling that was taken back");
}
