//! Who lifts what, and who does not.

use super::*;
use crate::merkle::Hash;
use crate::produce::tests::farm;
use crate::produce::tests::farm::Spray;
use crate::text::{Status, Use};

const FAILED: &str = "2026-06-14T12:00:00+08:00";
const RETESTED: &str = "2026-06-15T12:00:00+08:00";
const RELEASED: &str = "2026-06-16T12:00:00+08:00";

fn fail() -> Value {
    json!([{"analyte": "阿维菌素", "result": "measured", "value": "0.09", "unit": "mg_per_kg", "verdict": "fail"}])
}

/// Grown, picked, failed.
fn failed() -> (Farm<InMemory>, Hash) {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    let failed = farm.result(HARVEST, LAB, FAILED, "fail", fail());
    (farm, failed)
}

fn is_held(farm: &mut Farm<InMemory>) -> bool {
    judged(farm, HARVEST).status == Status::OnHold
}

#[test]
fn a_platform_lifts_a_failed_test_by_a_new_one_of_the_same_goods() {
    let (mut farm, failed) = failed();
    let test = farm.result(HARVEST, LAB, RETESTED, "pass", items(&["阿维菌素", "氯氰菊酯"]));
    assert!(is_held(&mut farm));
    let release = farm.release(HARVEST, PLATFORM, &[failed], Some(test), RELEASED);
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!((judgement.status, whys(&judgement)), (Status::Normal, vec![]));
    let lifted = &judgement.lifted[0];
    assert_eq!(
        (lifted.reason.sort, lifted.release.leaf, lifted.by.as_slice()),
        (Why::FailedTest, release, &["xianda".to_owned()][..])
    );
    assert_eq!(lifted.test.unwrap().leaf, test);
    // A new failure after the release is a new question.
    farm.result(HARVEST, LAB, "2026-06-17T12:00:00+08:00", "fail", fail());
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!((whys(&judgement), judgement.lifted.len()), (vec![Why::FailedTest], 1));
}

#[test]
fn nothing_less_lifts_it() {
    let good = || items(&["阿维菌素"]);
    // By the farm that owns the goods.
    let (mut farm, failed) = failed();
    let test = farm.result(HARVEST, LAB, RETESTED, "pass", good());
    farm.release(HARVEST, COOP, &[failed], Some(test), RELEASED);
    assert!(is_held(&mut farm));
    // Without a test, or naming another reason.
    farm.release(HARVEST, PLATFORM, &[failed], None, RELEASED);
    farm.release(HARVEST, PLATFORM, &[test], Some(test), RELEASED);
    assert!(is_held(&mut farm));
    // By a test that no laboratory signed, or that does not name what failed, or that was reported before.
    let data = farm.result_data(None, RETESTED, "pass", good());
    let unsigned = farm.result_as(HARVEST, COOP, RETESTED, data);
    let other = farm.result(HARVEST, LAB, RETESTED, "pass", items(&["氯氰菊酯"]));
    let old = farm.result_data(None, FAILED, "pass", good());
    let old = farm.result_as(HARVEST, LAB, RETESTED, old);
    let info = json!([{"analyte": "阿维菌素", "result": "not_detected", "verdict": "info"}]);
    let info = farm.result(HARVEST, LAB, RETESTED, "pass", info);
    let reference = farm.result(HARVEST, LAB, RETESTED, "reference_only", good());
    for test in [unsigned, other, old, info, reference] {
        farm.release(HARVEST, PLATFORM, &[failed], Some(test), RELEASED);
        assert!(is_held(&mut farm));
    }
    // By a test that was good and then taken back.
    let taken_back = farm.result(HARVEST, LAB, RETESTED, "pass", good());
    farm.release(HARVEST, PLATFORM, &[failed], Some(taken_back), RELEASED);
    assert!(!is_held(&mut farm));
    farm.withdraw(taken_back, HARVEST, &[], LAB, "2026-06-17T12:00:00+08:00");
    assert!(is_held(&mut farm));
}

#[test]
fn a_test_of_another_lot_or_of_an_old_sample_lifts_nothing() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    pick(&mut farm, "batch:qingshan.h2", SEASON, "2026-06-13T06:00:00+08:00", "2026-06-13T13:00:00+08:00");
    let sampling = farm.say(Says {
        kind: "sampling/1",
        subject: HARVEST,
        signer: LAB,
        occurred_at: "2026-06-13T16:00:00+08:00",
        data: json!({
            "sample_no": "OLD", "sampler": "陈检", "sampler_org": "zhejian", "drawn_from": HARVEST,
            "sample_qty": quantity("2", "kg"), "method": "random", "lab": "zhejian", "purpose": "commissioned",
        }),
        ..Says::default()
    });
    let failed = farm.result(HARVEST, LAB, FAILED, "fail", fail());
    pack(
        &mut farm,
        &[HARVEST, "batch:qingshan.h2"],
        "batch:qingshan.mix",
        "杨梅",
        "2026-06-14T15:00:00+08:00",
    );
    let held = |farm: &mut Farm<InMemory>| judged(farm, "batch:qingshan.mix").status == Status::OnHold;
    let other = farm.result("batch:qingshan.h2", LAB, RETESTED, "pass", items(&["阿维菌素"]));
    farm.release("batch:qingshan.mix", PLATFORM, &[failed], Some(other), RELEASED);
    assert!(held(&mut farm), "the other half passed");
    let data = farm.result_data(Some(sampling), RETESTED, "pass", items(&["阿维菌素"]));
    let old = farm.result_as(HARVEST, LAB, RETESTED, data);
    farm.release("batch:qingshan.mix", PLATFORM, &[failed], Some(old), RELEASED);
    assert!(held(&mut farm), "the sample was drawn before the test failed");
    let good = farm.result("batch:qingshan.mix", LAB, RETESTED, "pass", items(&["阿维菌素"]));
    farm.release("batch:qingshan.mix", PLATFORM, &[failed], Some(good), RELEASED);
    assert!(!held(&mut farm));
    assert_eq!(judged(&mut farm, HARVEST).status, Status::OnHold, "what was not retested stays held");
}

#[test]
fn an_early_harvest_is_cleared_by_a_test_for_what_was_used() {
    let mut farm = farm();
    farm.grow();
    let spray = farm.spray(&Spray {
        at: "2026-06-05",
        actives: &[("阿维菌素", "1.8"), ("氯氰菊酯", "5")],
        ..Spray::default()
    });
    farm.harvest("860");
    let half = farm.result(HARVEST, LAB, RETESTED, "pass", items(&["阿维菌素"]));
    farm.release(HARVEST, PLATFORM, &[spray], Some(half), RELEASED);
    assert!(is_held(&mut farm));
    let whole = farm.result(HARVEST, LAB, RETESTED, "pass", items(&["阿维菌素", "氯氰菊酯"]));
    let season = farm.result(SEASON, LAB, RETESTED, "pass", items(&["阿维菌素", "氯氰菊酯"]));
    farm.release(HARVEST, PLATFORM, &[spray], Some(season), RELEASED);
    assert!(is_held(&mut farm), "what still hangs on the trees says nothing of what was picked");
    farm.release(HARVEST, PLATFORM, &[spray], Some(whole), RELEASED);
    assert_eq!(whys(&judged(&mut farm, HARVEST)), []);
}

#[test]
fn holds_end_by_whoever_placed_them_or_by_somebody_above() {
    let mut farm = farm();
    farm.register("jianguan", "市场监管局", "Market Regulator", "regulator");
    farm.season();
    let regulator = ("jianguan", "regulator");
    let judge = |farm: &mut Farm<InMemory>| whys(&judged(farm, BATCH));
    let own = farm.hold(BATCH, PACKHOUSE, FAILED);
    assert_eq!(judge(&mut farm), [Why::Held]);
    farm.release(BATCH, PACKHOUSE, &[own], None, RETESTED);
    assert_eq!(judge(&mut farm), []);
    let theirs = farm.hold(BATCH, PLATFORM, RETESTED);
    farm.release(BATCH, PACKHOUSE, &[theirs], None, RETESTED);
    assert_eq!(judge(&mut farm), [Why::Held]);
    farm.release(BATCH, PLATFORM, &[theirs], None, RELEASED);
    assert_eq!(judge(&mut farm), []);
    let season = farm.hold(SEASON, regulator, RELEASED);
    farm.release(BATCH, PLATFORM, &[season], None, RELEASED);
    let judgement = judged(&mut farm, BATCH);
    assert_eq!((whys(&judgement), judgement.lifted.len()), (vec![Why::Held], 2));
    farm.release(BATCH, regulator, &[season], None, RELEASED);
    assert_eq!(judge(&mut farm), []);
}

#[test]
fn a_takedown_holds_while_it_lasts() {
    let mut farm = farm();
    farm.season();
    farm.say(Says {
        kind: "enforcement/1",
        subject: "org:qingshan",
        touches: &[HARVEST],
        signer: PLATFORM,
        occurred_at: FAILED,
        data: json!({"action": "takedown", "basis": "complaints_upheld", "lots": [HARVEST], "until": "2026-06-20"}),
        ..Says::default()
    });
    let on = |farm: &mut Farm<InMemory>, day: &str| {
        whys(&judged_at(farm, BATCH, &format!("{day}T10:00:00+08:00")))
    };
    assert_eq!(on(&mut farm, "2026-06-20"), [Why::TakenDown]);
    assert_eq!(on(&mut farm, "2026-06-21"), []);
}

#[test]
fn a_lot_whose_record_was_taken_back_is_none_and_holds_what_came_of_it() {
    let mut farm = farm();
    let season = farm.season();
    farm.withdraw(season.harvest, HARVEST, &[SEASON], COOP, RETESTED);
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!(judgement.status, Status::Withdrawn);
    assert!(!judgement.blocks(Use::Sale).is_empty());
    let judgement = judged(&mut farm, BATCH);
    assert_eq!((judgement.status, judgement.reasons[0].sort), (Status::OnHold, Why::SourceWithdrawn));
}

#[test]
fn what_is_sold_on_hold_is_said_even_when_the_hold_is_over() {
    let (mut farm, failed) = failed();
    farm.sell(HARVEST, "2026-06-14T20:00:00+08:00");
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!(notes(&judgement), [Why::SoldOnHold]);
    let test = farm.result(HARVEST, LAB, RETESTED, "pass", items(&["阿维菌素"]));
    farm.release(HARVEST, PLATFORM, &[failed], Some(test), RELEASED);
    farm.sell(HARVEST, "2026-06-17T20:00:00+08:00");
    let judgement = judged(&mut farm, HARVEST);
    assert_eq!((judgement.status, notes(&judgement)), (Status::Normal, vec![Why::SoldOnHold]));
    let (mut farm, _) = self::failed();
    farm.register("ziying", "自营平台", "Own Platform", "platform");
    assert_eq!(notes(&judged(&mut farm, HARVEST)), []);
}

#[test]
fn reasons_that_others_found_weigh_and_are_lifted_alike() {
    let mut farm = farm();
    let season = farm.season();
    let judge = |farm: &mut Farm<InMemory>| {
        with_dossier(farm, BATCH, AS_OF, |dossier| {
            let packing = dossier.told().find(|act| act.leaf == season.harvest).unwrap();
            let more = crate::produce::Fact::new(
                Why::Balance,
                dossier.subject,
                [crate::produce::Source::of(packing)],
            );
            Judgement::of(dossier, vec![more]).status
        })
    };
    assert_eq!(judge(&mut farm), Status::OnHold);
    farm.release(BATCH, PACKHOUSE, &[season.harvest], None, RELEASED);
    assert_eq!(judge(&mut farm), Status::OnHold);
    farm.release(BATCH, PLATFORM, &[season.harvest], None, RELEASED);
    assert_eq!(judge(&mut farm), Status::Normal);
}
