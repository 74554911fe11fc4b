//! Failed goods in other hands, and tests and releases that clear nothing.

use super::*;

/// Split, handed on, processed, and mixed with good fruit by a third organisation.
#[test]
fn failed_goods_stay_held_through_other_hands_and_other_names() {
    let mut farm = farm();
    farm.register("fengshou", "丰收加工厂", "Harvest Works", "packhouse");
    let works = ("fengshou", "packhouse");
    farm.grow();
    pick_today(&mut farm, HARVEST, 430_000);
    farm.result(HARVEST, LAB, "2026-06-13T09:00:00+08:00", "fail", failing());
    pick_today(&mut farm, "batch:qingshan.good", 100_000);
    farm.result("batch:qingshan.good", LAB, "2026-06-13T09:00:00+08:00", "pass", passing());
    hand_over(&mut farm, HARVEST, 200_000, COOP, works);
    hand_over(&mut farm, "batch:qingshan.good", 100_000, COOP, works);
    let dried = "batch:fengshou.dried";
    let inputs = [("batch:qingshan.good", 100_000), (HARVEST, 200_000)];
    make(
        &mut farm,
        "processing/1",
        works,
        &inputs,
        (dried, 60_000),
        json!({"product": "杨梅干", "process": "drying"}),
    );
    hand_over(&mut farm, dried, 60_000, works, PACKHOUSE);
    let sold = "batch:shanqian.gift";
    make(
        &mut farm,
        "packing/1",
        PACKHOUSE,
        &[(dried, 60_000)],
        (sold, 60_000),
        packs("高山果干", "500", 120),
    );
    farm.result(sold, LAB, "2026-06-13T12:00:00+08:00", "pass", passing());
    let found = assessed(&mut farm, sold);
    assert_eq!((found.judgement.status, whys(&found)), (Status::OnHold, vec![Why::FailedTest]));
    assert!(!found.judgement.blocks(Use::Sale).is_empty());
}

#[test]
fn of_two_laboratories_the_one_that_found_something_counts() {
    let mut farm = farm();
    farm.register("jiance", "另一检测中心", "Other Laboratory", "lab");
    farm.grow();
    pick_today(&mut farm, HARVEST, 430_000);
    farm.result(HARVEST, LAB, "2026-06-13T09:00:00+08:00", "fail", failing());
    farm.result(HARVEST, ("jiance", "lab"), "2026-06-13T12:00:00+08:00", "pass", passing());
    assert_eq!(assessed(&mut farm, HARVEST).judgement.status, Status::OnHold);
}

#[test]
fn a_platform_that_packed_the_goods_lets_none_of_them_go() {
    let mut farm = farm();
    farm.register_as("ziying", "自营平台", &["packhouse", "platform"]);
    farm.grow();
    pick_today(&mut farm, HARVEST, 430_000);
    let bad = farm.result(HARVEST, LAB, "2026-06-13T09:00:00+08:00", "fail", failing());
    hand_over(&mut farm, HARVEST, 430_000, COOP, ("ziying", "packhouse"));
    let own = "batch:ziying.box";
    let packed = packs("杨梅", "5000", 86);
    make(&mut farm, "packing/1", ("ziying", "packhouse"), &[(HARVEST, 430_000)], (own, 430_000), packed);
    let good = farm.result(own, LAB, "2026-06-14T12:00:00+08:00", "pass", passing());
    farm.release(own, ("ziying", "platform"), &[bad], Some(good), LATER);
    assert_eq!(assessed(&mut farm, own).judgement.status, Status::OnHold);
}

/// A pass that is credited to a lot from whose goods nothing was drawn is no test of it.
#[test]
fn a_test_of_a_sample_of_another_lot_is_none_of_this_one() {
    let mut farm = farm();
    farm.grow();
    pick_today(&mut farm, HARVEST, 430_000);
    pick_today(&mut farm, "batch:qingshan.good", 100_000);
    let sampling = farm.say(Says {
        kind: "sampling/1",
        subject: "batch:qingshan.good",
        signer: LAB,
        occurred_at: "2026-06-13T09:00:00+08:00",
        data: json!({
            "sample_no": "S77", "sampler": "陈检", "sampler_org": "zhejian", "drawn_from": "batch:qingshan.good",
            "sample_qty": quantity("2", "kg"), "method": "random", "lab": "zhejian", "purpose": "commissioned",
        }),
        ..Says::default()
    });
    let at = "2026-06-13T12:00:00+08:00";
    let data = farm.result_data(Some(sampling), at, "pass", passing());
    farm.result_as(HARVEST, LAB, at, data);
    let found = assessed(&mut farm, HARVEST);
    assert_eq!(whys(&found), [Why::MissingTest]);
    assert!(has(&found.flags, Flag::SampleElsewhere) && !found.judgement.blocks(Use::Page).is_empty());
}

/// The laboratory kept some of an old sample, and its pass names no sampling at all.
#[test]
fn a_pass_of_what_the_laboratory_had_before_clears_nothing() {
    let judge = |received: &str| {
        let mut farm = farm();
        farm.grow();
        pick_today(&mut farm, HARVEST, 430_000);
        let bad = farm.result(HARVEST, LAB, "2026-06-13T09:00:00+08:00", "fail", failing());
        let at = "2026-06-14T12:00:00+08:00";
        let mut data = farm.result_data(None, at, "pass", passing());
        data["received_date"] = json!(received);
        let good = farm.result_as(HARVEST, LAB, at, data);
        farm.release(HARVEST, PLATFORM, &[bad], Some(good), LATER);
        assessed(&mut farm, HARVEST).judgement.status
    };
    assert_eq!(judge("2026-06-14"), Status::Normal);
    assert_eq!(judge("2026-06-12"), Status::OnHold);
}

/// Entered after the result that it is to explain.
#[test]
fn a_sample_that_was_drawn_after_its_result_is_told() {
    let mut farm = farm();
    farm.grow();
    pick_today(&mut farm, HARVEST, 430_000);
    let at = "2026-06-13T12:00:00+08:00";
    let mut data = farm.result_data(None, at, "pass", passing());
    data["sample_no"] = json!("S88");
    farm.result_as(HARVEST, LAB, at, data);
    farm.say(Says {
        kind: "sampling/1",
        subject: HARVEST,
        signer: LAB,
        occurred_at: "2026-06-14T09:00:00+08:00",
        data: json!({
            "sample_no": "S88", "sampler": "陈检", "sampler_org": "zhejian", "drawn_from": HARVEST,
            "sample_qty": quantity("2", "kg"), "method": "random", "lab": "zhejian", "purpose": "commissioned",
        }),
        ..Says::default()
    });
    assert!(has(&assessed(&mut farm, HARVEST).flags, Flag::ReceivedBeforeSampled));
}
