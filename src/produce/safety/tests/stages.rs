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
