//! Swapped laboratories, own samples, results that stay away.

use super::*;

/// A sampling and its result; what differs from an honest test of the picked lot.
pub(super) struct Test<'a> {
    pub(super) lot: &'a str,
    pub(super) sampled: &'a str,
    pub(super) received: &'a str,
    pub(super) reported: &'a str,
    pub(super) recorded_at: &'a str,
    pub(super) number: &'a str,
    pub(super) report_no: &'a str,
    pub(super) method: &'a str,
    pub(super) sampler: (&'a str, &'a str),
    pub(super) sampler_org: &'a str,
    pub(super) sent_to: &'a str,
    pub(super) lab: &'a str,
    pub(super) signer: (&'a str, &'a str),
    pub(super) with_sampling: bool,
}

impl Default for Test<'_> {
    fn default() -> Self {
        Test {
            lot: PICKED,
            sampled: "2026-06-13",
            received: "2026-06-13",
            reported: "2026-06-13",
            recorded_at: "2026-06-13T20:00:00+08:00",
            number: "S-1",
            report_no: "R-1",
            method: "random",
            sampler: ("zhejian", "lab"),
            sampler_org: "zhejian",
            sent_to: "zhejian",
            lab: "zhejian",
            signer: ("zhejian", "lab"),
            with_sampling: true,
        }
    }
}

pub(super) fn draw(farm: &mut Farm<InMemory>, test: &Test<'_>) -> Hash {
    farm.say(Says {
        kind: "sampling/1",
        subject: test.lot,
        signer: test.sampler,
        occurred_at: test.sampled,
        recorded_at: Some(test.recorded_at),
        data: json!({
            "sample_no": test.number, "sampler": "陈检", "sampler_org": test.sampler_org,
            "drawn_from": test.lot, "sample_qty": quantity("2", "kg"), "method": test.method,
            "lab": test.sent_to, "purpose": "commissioned",
        }),
        ..Says::default()
    })
}

pub(super) fn report(farm: &mut Farm<InMemory>, test: &Test<'_>, sampling: Option<Hash>) -> Hash {
    let (file, _) = farm.picture(test.report_no.as_bytes(), "application/pdf", false);
    let report_file = file[0]["commitment"].clone();
    let mut data = json!({
        "sample_no": test.number, "lab": test.lab, "cma_no": "CMA-1", "method": "gc_ms",
        "received_date": test.received, "reported_date": test.reported, "report_no": test.report_no,
        "conclusion": "pass", "report_file": report_file,
        "items": [{"analyte": "氯氰菊酯", "result": "not_detected", "verdict": "pass"}],
    });
    if let Some(sampling) = sampling {
        data["sampling"] = json!(sampling);
    }
    farm.say(Says {
        kind: "inspection/1",
        subject: test.lot,
        signer: test.signer,
        occurred_at: test.reported,
        recorded_at: Some(test.recorded_at),
        more: json!({"attachments": file}),
        data,
        ..Says::default()
    })
}

pub(super) fn test(farm: &mut Farm<InMemory>, test: &Test<'_>) -> Hash {
    let sampling = test.with_sampling.then(|| draw(farm, test));
    report(farm, test, sampling)
}

fn tested(about: &Test<'_>) -> Vec<Fact<Flag>> {
    let mut farm = farm();
    farm.register("minjian", "民检中心", "Minjian Laboratory", "lab");
    farm.grow();
    farm.harvest("860");
    test(&mut farm, about);
    flagged(&mut farm, PICKED, LATER)
}

fn only(flags: &[Fact<Flag>]) -> Vec<Flag> {
    sorts(flags).into_iter().collect()
}

#[test]
fn a_laboratory_that_drew_its_own_sample_is_told_from_one_that_was_sent_it() {
    assert_eq!(only(&tested(&Test::default())), [Flag::LabDrewSample]);
    assert_eq!(only(&tested(&Test { method: "submitted", ..Test::default() })), [Flag::OwnSample]);
    let own = Test { sampler: ("qingshan", "coop"), sampler_org: "qingshan", ..Test::default() };
    assert_eq!(only(&tested(&own)), [Flag::OwnSample]);
    // Only the producer says that the laboratory drew it.
    let claimed = Test { sampler: ("qingshan", "coop"), ..Test::default() };
    assert_eq!(only(&tested(&claimed)), [Flag::OwnSample]);
    // The platform drew it: nothing to disclose.
    let platform = Test { sampler: ("xianda", "platform"), sampler_org: "xianda", ..Test::default() };
    assert!(only(&tested(&platform)).is_empty());
}

#[test]
fn swapped_laboratories_are_told_from_reports_that_somebody_entered() {
    let swapped = Test { lab: "minjian", signer: ("minjian", "lab"), ..Test::default() };
    let flags = tested(&swapped);
    let differs = the(&flags, Flag::LabDiffers);
    assert_eq!(differs.says["org"], Said::Org("minjian".into()));
    assert_eq!(differs.says["lab"], Said::Org("zhejian".into()));
    let borrowed = tested(&Test { signer: ("minjian", "lab"), ..Test::default() });
    assert_eq!(doubts(&borrowed), [Flag::LabDiffers], "it signs a report of another laboratory");
    let entered = tested(&Test { signer: ("qingshan", "coop"), ..Test::default() });
    assert!(doubts(&entered).is_empty() && sorts(&entered).contains(&Flag::NotSignedByLab));
}

#[test]
fn whoever_tests_its_own_goods_is_not_said_to_have_left_its_report_unsigned() {
    let own = Test { sent_to: "qingshan", lab: "qingshan", signer: ("qingshan", "coop"), ..Test::default() };
    for test in [Test { with_sampling: false, ..own }, own] {
        let flags = tested(&test);
        assert_eq!(the(&flags, Flag::OwnTest).says["org"], Said::Org("qingshan".into()));
        assert!(doubts(&flags).is_empty() && !sorts(&flags).contains(&Flag::NotSignedByLab), "{flags:?}");
    }
}

#[test]
fn leaving_out_the_sampling_hides_no_other_laboratory() {
    let mut farm = farm();
    farm.register("minjian", "民检中心", "Minjian Laboratory", "lab");
    farm.grow();
    farm.harvest("860");
    draw(&mut farm, &Test::default());
    report(&mut farm, &Test { lab: "minjian", signer: ("minjian", "lab"), ..Test::default() }, None);
    assert_eq!(doubts(&flagged(&mut farm, PICKED, LATER)), [Flag::LabDiffers]);
}

#[test]
fn a_sample_of_another_lot_is_no_sample_of_this_one() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    pick(&mut farm, "batch:qingshan.other", SEASON, "2026-06-13T06:00:00+08:00", json!({}));
    let other = draw(&mut farm, &Test { lot: "batch:qingshan.other", number: "S-9", ..Test::default() });
    report(&mut farm, &Test { number: "S-9", ..Test::default() }, Some(other));
    let flags = flagged(&mut farm, PICKED, LATER);
    assert_eq!(the(&flags, Flag::SampleElsewhere).says["number"], Said::Text("S-9".into()));
    // A sample of the season answers for what was picked from it.
    let mut farm = self::farm();
    farm.grow();
    let season =
        draw(&mut farm, &Test { lot: SEASON, recorded_at: "2026-06-13T05:00:00+08:00", ..Test::default() });
    farm.harvest("860");
    report(&mut farm, &Test::default(), Some(season));
    assert!(doubts(&flagged(&mut farm, PICKED, LATER)).is_empty());
}

#[test]
fn a_sample_waits_for_its_result_no_longer_than_the_days_that_the_ledger_says() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    let sampling = draw(&mut farm, &Test::default());
    assert!(doubts(&flagged(&mut farm, PICKED, "2026-06-27T23:00:00+08:00")).is_empty());
    let flags = flagged(&mut farm, PICKED, "2026-06-28T01:00:00+08:00");
    assert_eq!(the(&flags, Flag::SampleWaiting).says["days"], Said::Number(15));
    let result = report(&mut farm, &Test::default(), Some(sampling));
    assert!(doubts(&flagged(&mut farm, PICKED, "2026-06-28T01:00:00+08:00")).is_empty());
    // A result that is taken back answers nothing.
    farm.say(Says {
        kind: "withdrawal/1",
        subject: PICKED,
        signer: ("zhejian", "lab"),
        occurred_at: "2026-06-14T20:00:00+08:00",
        data: json!({"withdraws": result, "reason": "made_in_error"}),
        ..Says::default()
    });
    assert!(doubts(&flagged(&mut farm, PICKED, "2026-06-28T01:00:00+08:00")).contains(&Flag::SampleWaiting));
}

#[test]
fn a_shipment_waits_for_its_receipt_unless_it_went_to_consumers() {
    let sent = |to: Value, as_of: &str| {
        let mut farm = farm();
        farm.grow();
        farm.harvest("860");
        let mut data = json!({
            "lots": [{"lot": PICKED, "quantity": quantity("860", "jin")}],
            "depart_at": "2026-06-13T09:00:00+08:00", "temp_mode": "insulated", "vehicle": "浙J12345",
        });
        data.as_object_mut().unwrap().extend(to.as_object().unwrap().clone());
        farm.say(Says {
            kind: "shipping/1",
            subject: PICKED,
            signer: ("qingshan", "coop"),
            occurred_at: "2026-06-13T09:00:00+08:00",
            data,
            ..Says::default()
        });
        flagged(&mut farm, PICKED, as_of)
    };
    let late = "2026-06-21T09:00:00+08:00";
    assert_eq!(the(&sent(json!({"to": "shanqian"}), late), Flag::ShipmentOpen).says["days"], Said::Number(8));
    assert!(sent(json!({"to": "shanqian"}), "2026-06-20T23:00:00+08:00").is_empty());
    assert!(sent(json!({"to_consumers": true}), late).is_empty());
}
