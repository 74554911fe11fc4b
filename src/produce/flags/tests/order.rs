//! Days that stand the wrong way round, and days that only seem to.

use super::*;

fn plant(farm: &mut Farm<InMemory>, about: &str, day: &str, recorded: &str, bought: Option<&str>) {
    let mut data = json!({
        "action": "sowing", "crop": "黄瓜", "variety": "津优", "quantity": quantity("2", "kg"),
        "seed_source": "县种子站",
    });
    if let Some(bought) = bought {
        data["purchase_date"] = json!(bought);
    }
    farm.say(Says {
        kind: "planting/1",
        subject: about,
        signer: ("qingshan", "coop"),
        occurred_at: day,
        recorded_at: Some(recorded),
        data,
        ..Says::default()
    });
}

fn after_sowing(day: &str, bought: Option<&str>) -> Vec<Fact<Flag>> {
    let mut farm = farm();
    farm.grow();
    plant(&mut farm, SEASON, day, &format!("{day}T19:00:00+08:00"), bought);
    farm.harvest("860");
    flagged(&mut farm, PICKED, LATER)
}

#[test]
fn harvest_follows_sowing_and_sowing_follows_buying() {
    let picked_first = after_sowing("2026-06-14", None);
    assert!(doubts(&picked_first).contains(&Flag::HarvestBeforePlanting));
    assert!(doubts(&after_sowing("2026-06-13", None)).is_empty());
    assert_eq!(doubts(&after_sowing("2026-05-01", Some("2026-05-02"))), [Flag::SeedBoughtLate]);
    assert!(doubts(&after_sowing("2026-05-01", Some("2026-05-01"))).is_empty());
}

#[test]
fn ground_may_be_cleared_before_sowing_but_not_in_retrospect() {
    // The season of the farm begins with an input of 20 April; sown on 25 April, it was written first.
    assert!(doubts(&after_sowing("2026-04-25", None)).is_empty());
    let mut farm = farm();
    farm.grow();
    plant(&mut farm, SEASON, "2026-04-25", "2026-04-25T19:00:00+08:00", None);
    farm.input("2026-04-24", "2026-04-25T20:00:00+08:00");
    farm.harvest("860");
    assert_eq!(doubts(&flagged(&mut farm, PICKED, LATER)), [Flag::InputBeforePlanting]);
}

#[test]
fn an_input_written_before_the_harvest_and_dated_after_it_is_told() {
    let spray_then_pick = |day: &str| {
        let mut farm = farm();
        farm.grow();
        farm.input(day, "2026-06-13T06:00:00+08:00");
        farm.harvest("860");
        doubts(&flagged(&mut farm, PICKED, LATER))
    };
    assert!(spray_then_pick("2026-06-14").contains(&Flag::InputAfterHarvest));
    assert!(spray_then_pick("2026-06-13").is_empty());
    // The next picking of the season is sprayed for while the first is on its way: no contradiction.
    let mut farm = farm();
    farm.season();
    farm.input("2026-06-15", "2026-06-15T18:00:00+08:00");
    assert!(doubts(&flagged(&mut farm, BATCH, LATER)).is_empty());
}

/// Grades what was picked on the 13th.
fn grade_on(day: &str) -> Vec<Flag> {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    farm.say(Says {
        kind: "grading/1",
        subject: "batch:qingshan.g1",
        touches: &[PICKED],
        signer: ("qingshan", "coop"),
        occurred_at: day,
        recorded_at: Some("2026-06-13T20:00:00+08:00"),
        data: json!({
            "inputs": [{"lot": PICKED, "quantity": quantity("860", "jin")}],
            "outputs": [{"lot": "batch:qingshan.g1", "quantity": quantity("860", "jin"), "grade": "一级",
                "spec": {"label": "大"}}],
            "loss": quantity("0", "jin"), "loss_reason": "none", "site": "棚", "grader": "王小山",
        }),
        ..Says::default()
    });
    doubts(&flagged(&mut farm, "batch:qingshan.g1", LATER))
}

#[test]
fn nothing_is_graded_before_it_is_picked() {
    assert_eq!(grade_on("2026-06-12"), [Flag::MadeBeforeHarvest]);
    assert!(grade_on("2026-06-13").is_empty());
}

/// The season, packed on the 13th with that day on the pack.
fn printed(pack_date: &str) -> Vec<Flag> {
    let mut farm = farm();
    farm.season_packed(pack_date);
    doubts(&flagged(&mut farm, BATCH, LATER))
}

#[test]
fn the_day_on_the_pack_is_that_of_the_packing() {
    assert!(printed("2026-06-13").is_empty());
    // 「早产奶」: the day on the pack before the fruit was picked, or later than the packing.
    assert_eq!(printed("2026-06-12"), [Flag::MadeBeforeHarvest]);
    assert_eq!(printed("2026-06-14"), [Flag::PackDateDiffers]);
}

#[test]
fn goods_move_after_they_exist_and_arrive_after_they_left() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    let lots = json!([{"lot": PICKED, "quantity": quantity("860", "jin")}]);
    let mut send = |day: &str| {
        farm.say(Says {
            kind: "shipping/1",
            subject: PICKED,
            signer: ("qingshan", "coop"),
            occurred_at: day,
            recorded_at: Some("2026-06-13T21:00:00+08:00"),
            data: json!({
                "lots": lots, "to": "shanqian", "depart_at": "2026-06-13T08:30:00+08:00",
                "temp_mode": "insulated", "vehicle": "浙J12345",
            }),
            ..Says::default()
        })
    };
    let shipment = send("2026-06-12");
    farm.say(Says {
        kind: "receiving/1",
        subject: PICKED,
        signer: ("shanqian", "packhouse"),
        occurred_at: "2026-06-11",
        recorded_at: Some("2026-06-13T22:00:00+08:00"),
        data: json!({
            "shipment": shipment, "lots": lots, "arrived_at": "2026-06-13T09:20:00+08:00", "accept": "accepted",
        }),
        ..Says::default()
    });
    let flags = sorts(&flagged(&mut farm, PICKED, LATER));
    assert!(
        flags.contains(&Flag::MovedBeforeMade) && flags.contains(&Flag::ReceivedBeforeShipped),
        "{flags:?}"
    );
}

#[test]
fn a_sale_that_was_over_before_the_packing_is_told_unless_it_was_picked_to_order() {
    let sold_until = |day: &str, after_order: bool| {
        let mut farm = farm();
        farm.season_with(after_order);
        farm.say(Says {
            kind: "sale/1",
            subject: BATCH,
            signer: ("xianda", "platform"),
            occurred_at: "2026-06-14T10:00:00+08:00",
            data: json!({
                "channel": "douyin", "period": {"from": "2026-06-10", "to": day},
                "quantity": quantity("10", "jin"),
            }),
            ..Says::default()
        });
        doubts(&flagged(&mut farm, BATCH, LATER))
    };
    assert_eq!(sold_until("2026-06-12", false), [Flag::SoldBeforeMade]);
    assert!(sold_until("2026-06-12", true).is_empty());
    assert!(sold_until("2026-06-13", false).is_empty());
}

#[test]
fn sample_arrival_and_report_follow_each_other() {
    let tested = |sampled: &str, received: &str, reported: &str| {
        let mut farm = farm();
        farm.grow();
        farm.harvest("860");
        super::laboratory::test(
            &mut farm,
            &super::laboratory::Test { sampled, received, reported, ..Default::default() },
        );
        doubts(&flagged(&mut farm, PICKED, LATER))
    };
    assert!(tested("2026-06-13", "2026-06-13", "2026-06-13").is_empty());
    assert!(tested("2026-06-12", "2026-06-13", "2026-06-14").contains(&Flag::SampledBeforeMade));
    assert!(tested("2026-06-14", "2026-06-13", "2026-06-14").contains(&Flag::ReceivedBeforeSampled));
    assert!(tested("2026-06-13", "2026-06-14", "2026-06-13").contains(&Flag::ReportedBeforeReceived));
}

#[test]
fn a_lot_that_is_logged_from_its_planting_may_be_sampled_as_it_grows() {
    let lot = "batch:qingshan.small";
    let mut farm = farm();
    farm.grow();
    plant(&mut farm, lot, "2026-05-01", "2026-05-01T19:00:00+08:00", None);
    super::laboratory::test(
        &mut farm,
        &super::laboratory::Test {
            lot,
            sampled: "2026-06-10",
            received: "2026-06-10",
            reported: "2026-06-10",
            recorded_at: "2026-06-10T20:00:00+08:00",
            ..Default::default()
        },
    );
    pick(&mut farm, lot, SEASON, "2026-06-13T06:00:00+08:00", json!({}));
    assert!(doubts(&flagged(&mut farm, lot, LATER)).is_empty());
}

#[test]
fn a_certificate_counts_on_the_day_of_the_harvest() {
    let valid_until = |day: &str| {
        let mut farm = farm();
        farm.say(Says {
            kind: "plot.register/1",
            subject: "plot:qingshan.p2",
            signer: ("qingshan", "coop"),
            occurred_at: "2026-03-02T10:00:00+08:00",
            data: json!({
                "name": "坡", "area": quantity("1", "mu"), "crop": "杨梅", "variety": "东魁",
                "declared_yield": quantity("900", "jin"),
                "base_cert": [{"scheme": "organic", "number": "O-1", "valid_until": day}],
            }),
            ..Says::default()
        });
        farm.say(Says {
            kind: "crop.open/1",
            subject: "crop:qingshan.p2-2026",
            touches: &["plot:qingshan.p2"],
            signer: ("qingshan", "coop"),
            occurred_at: "2026-03-03T10:00:00+08:00",
            data: json!({"plot": "plot:qingshan.p2", "crop": "杨梅", "variety": "东魁", "season": "2026"}),
            ..Says::default()
        });
        pick(&mut farm, PICKED, "crop:qingshan.p2-2026", "2026-06-13T06:00:00+08:00", json!({}));
        doubts(&flagged(&mut farm, PICKED, LATER))
    };
    assert_eq!(valid_until("2026-06-12"), [Flag::CertificateNotValid]);
    assert!(valid_until("2026-06-13").is_empty());
}
