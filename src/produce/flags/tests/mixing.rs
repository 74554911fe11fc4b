//! 好差混卖: good and poor goods sold as good ones; and honest sorting.

use super::*;

/// Sorts 860 jin into first and second grade, then packs the two together.
fn packed(inputs: &[(&str, &str)], outputs: &[(&str, Option<&str>)]) -> Vec<Fact<Flag>> {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    let sorted = |lot: &str, jin: &str, grade: &str| {
        json!({"lot": format!("batch:qingshan.{lot}"), "quantity": quantity(jin, "jin"), "grade": grade,
            "spec": {"label": lot}})
    };
    farm.say(Says {
        kind: "grading/1",
        subject: "batch:qingshan.a",
        touches: &["batch:qingshan.b", PICKED],
        signer: ("qingshan", "coop"),
        occurred_at: "2026-06-13T09:00:00+08:00",
        data: json!({
            "inputs": [{"lot": PICKED, "quantity": quantity("860", "jin")}],
            "outputs": [sorted("a", "500", "特级"), sorted("b", "360", "二级")],
            "loss": quantity("0", "jin"), "loss_reason": "none", "site": "棚", "grader": "王小山",
        }),
        ..Says::default()
    });
    let lots: Vec<Value> = inputs
        .iter()
        .map(|(lot, jin)| json!({"lot": format!("batch:qingshan.{lot}"), "quantity": quantity(jin, "jin")}))
        .collect();
    let touched = inputs.iter().map(|(lot, _)| format!("batch:qingshan.{lot}"));
    let mut touched: Vec<String> =
        touched.chain((1..outputs.len()).map(|n| format!("batch:qingshan.out{n}"))).collect();
    touched.sort();
    let touches: Vec<&str> = touched.iter().map(String::as_str).collect();
    let made: Vec<Value> = outputs
        .iter()
        .enumerate()
        .map(|(n, (jin, grade))| {
            let mut output =
                json!({"lot": format!("batch:qingshan.out{n}"), "quantity": quantity(jin, "jin")});
            if let Some(grade) = grade {
                output["grade"] = json!(grade);
            }
            output
        })
        .collect();
    farm.say(Says {
        kind: "packing/1",
        subject: "batch:qingshan.out0",
        touches: &touches,
        signer: ("qingshan", "coop"),
        occurred_at: "2026-06-13T11:00:00+08:00",
        data: json!({
            "inputs": lots, "outputs": made, "loss": quantity("0", "jin"), "loss_reason": "none", "site": "棚",
            "product": "杨梅", "pack_type": "carton", "net_weight": quantity("5", "jin"), "pack_count": 100,
            "pack_date": "2026-06-13",
        }),
        ..Says::default()
    });
    flagged(&mut farm, "batch:qingshan.out0", LATER)
}

const BOTH: &[(&str, &str)] = &[("a", "500"), ("b", "360")];

#[test]
fn good_and_poor_packed_as_good_is_told() {
    let flags = packed(BOTH, &[("860", Some("特级"))]);
    let mixed = the(&flags, Flag::GradesMixed);
    assert_eq!(mixed.says["grades"], Said::Text("特级 / 二级".into()));
    assert_eq!(mixed.says["grade"], Said::Text("特级".into()));
    // In between, under a new name, and with a small lot of the poor grade beside it.
    assert_eq!(doubts(&packed(BOTH, &[("860", Some("一级"))])), [Flag::GradesMixed]);
    assert_eq!(doubts(&packed(BOTH, &[("860", Some("精选"))])), [Flag::GradesMixed]);
    assert_eq!(doubts(&packed(BOTH, &[("800", Some("特级")), ("60", Some("二级"))])), [Flag::GradesMixed]);
    assert_eq!(doubts(&packed(&[("b", "360")], &[("360", Some("特级"))])), [Flag::GradesMixed]);
}

#[test]
fn different_grades_without_a_grade_are_told_as_hidden() {
    assert_eq!(doubts(&packed(BOTH, &[("860", None)])), [Flag::GradesHidden]);
}

#[test]
fn honest_packing_of_grades_is_no_flag() {
    assert!(doubts(&packed(BOTH, &[("860", Some("二级"))])).is_empty(), "sold as the poorer of the two");
    assert!(doubts(&packed(BOTH, &[("500", Some("特级")), ("360", Some("二级"))])).is_empty());
    assert!(doubts(&packed(&[("a", "500")], &[("500", Some("特级"))])).is_empty());
    assert!(doubts(&packed(&[("a", "500")], &[("500", None)])).is_empty());
    assert!(doubts(&packed(&[("a", "500")], &[("505", Some("特级"))])).is_empty(), "within the tolerance");
}

#[test]
fn lots_of_several_farms_in_one_are_told_where_they_came_together() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    other_farm(&mut farm);
    pick(&mut farm, "batch:hongye.h1", "crop:hongye.p1-2026", "2026-06-13T06:00:00+08:00", json!({}));
    let lots = |lot: &str, jin: &str| json!([{"lot": lot, "quantity": quantity(jin, "jin")}]);
    for (org, role, lot, jin) in
        [("qingshan", "coop", PICKED, "860"), ("hongye", "farm", "batch:hongye.h1", "100")]
    {
        let shipment = farm.say(Says {
            kind: "shipping/1",
            subject: lot,
            signer: (org, role),
            occurred_at: "2026-06-13T09:00:00+08:00",
            data: json!({
                "lots": lots(lot, jin), "to": "shanqian", "depart_at": "2026-06-13T09:00:00+08:00",
                "temp_mode": "insulated", "vehicle": "浙J12345",
            }),
            ..Says::default()
        });
        farm.say(Says {
            kind: "receiving/1",
            subject: lot,
            signer: ("shanqian", "packhouse"),
            occurred_at: "2026-06-13T10:00:00+08:00",
            data: json!({
                "shipment": shipment, "lots": lots(lot, jin), "arrived_at": "2026-06-13T10:00:00+08:00",
                "accept": "accepted",
            }),
            ..Says::default()
        });
    }
    let mut put_together = |made: &str, inputs: Value, touches: &[&str]| {
        farm.say(Says {
            kind: "processing/1",
            subject: made,
            touches,
            signer: ("shanqian", "packhouse"),
            occurred_at: "2026-06-13T12:00:00+08:00",
            data: json!({
                "inputs": inputs, "outputs": lots(made, "900"), "loss": quantity("60", "jin"),
                "loss_reason": "moisture", "process": "washing", "site": "山前",
            }),
            ..Says::default()
        });
    };
    let both = json!([lots(PICKED, "860")[0], lots("batch:hongye.h1", "100")[0]]);
    put_together("batch:shanqian.m1", both, &["batch:hongye.h1", PICKED]);
    put_together("batch:shanqian.m2", lots("batch:shanqian.m1", "900"), &["batch:shanqian.m1"]);
    let flags = flagged(&mut farm, "batch:shanqian.m2", LATER);
    assert_eq!(the(&flags, Flag::OriginsMixed).says["count"], Said::Number(2));
    assert!(doubts(&flags).is_empty());
}
