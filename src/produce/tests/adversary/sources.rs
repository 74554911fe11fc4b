//! Rows of rule tables that nobody read anywhere.

use super::*;

fn sourced(change: impl FnOnce(&mut Value)) -> Result<(), String> {
    let mut row = json!({
        "actives": [{"name": "啶虫脒", "content": "20", "unit": "percent"}], "formulation": "乳油", "crop": "柑桔",
        "phi_days": 14, "max_uses": 1,
        "source": {"title": "常用农药使用安全间隔期", "read_on": "2026-05-01", "quote": "啶虫脒 20%乳油 柑桔 1 14"},
    });
    change(&mut row);
    let data = json!({"table": "intervals", "intervals": [row]});
    crate::statement::schema::validate(Kind::RulesSet, &data).map_err(|errors| errors.to_string())
}

#[test]
fn no_row_says_what_its_quotation_does_not() {
    sourced(|_| {}).unwrap();
    let quote = |text: &'static str| move |row: &mut Value| row["source"]["quote"] = json!(text);
    // The figure of the content, of the uses, of a longer number, or in look-alikes is not that of the days.
    assert!(sourced(|row| row["phi_days"] = json!(20)).is_err());
    assert!(sourced(|row| row["phi_days"] = json!(4)).is_err());
    assert!(sourced(|row| row["phi_days"] = json!(1)).is_err(), "one 1 is not both uses and days");
    assert!(sourced(quote("啶虫脒 20%乳油 柑桔 1 １４")).is_err());
    assert!(sourced(quote("啶虫脒 20%乳油 柑桔 1 1４")).is_err());
    assert!(sourced(quote("啶虫脒 20%乳油 柑橘 1 14")).is_err(), "another spelling is for same_crops");
    assert!(sourced(quote("定虫脒 20%乳油 柑桔 1 14")).is_err());
    assert!(sourced(quote("")).is_err());
    assert!(sourced(|row| row["source"] = json!({"title": "书"})).is_err());
    assert!(sourced(|row| drop(row.as_object_mut().unwrap().remove("source"))).is_err());
    for address in ["javascript:alert(1)", "http://x.cn/\"><script>", "ftp://x.cn/a", "http://x.cn/a?b=<"] {
        assert!(sourced(|row| row["source"]["address"] = json!(address)).is_err(), "{address}");
    }
    let long = "啶虫脒 20%乳油 柑桔 1 14 ".repeat(20);
    assert!(sourced(|row| row["source"]["quote"] = json!(long)).is_err());
}

/// The row of a source that is still to be written, and one that was read on a day to come, say nothing: the interval
/// is as unknown as before. A row that calls itself made up no ledger takes that is not for show.
#[test]
fn what_nobody_can_have_read_counts_for_nothing() {
    let set = |source: Value, fictional: bool| {
        let mut rows = row(14);
        rows[0].as_object_mut().unwrap().remove("fictional");
        rows[0]["source"] = source;
        if fictional {
            rows[0]["fictional"] = json!(true);
        }
        json!({"table": "intervals", "intervals": rows})
    };
    let source = |dated: &str, read_on: &str| json!({"title": "书", "dated": dated, "read_on": read_on, "quote": "阿维菌素 1.8%乳油 杨梅 14"});
    let says = |data: Value| Says {
        kind: "rules.set/1",
        subject: "ledger:",
        signer: ("registrar", "registrar"),
        key: Some("registrar-1"),
        occurred_at: "2026-05-01T10:00:00+08:00",
        data,
        ..Says::default()
    };
    for (dated, read_on, counts) in [
        ("2017-08-20", "2026-05-01", true),
        ("2026-04-30", "2026-04-29", false),
        ("2017-08-20", "2026-12-01", false),
    ] {
        let mut farm = farm();
        farm.grow();
        farm.say(says(set(source(dated, read_on), false)));
        farm.spray(&Spray {
            at: "2026-05-20",
            recorded_at: "2026-05-20T18:00:00+08:00",
            phi_days: None,
            ..early()
        });
        farm.harvest("860");
        let is_unknown = whys(&assessed(&mut farm, HARVEST)).contains(&Why::IntervalUnknown);
        assert_eq!(is_unknown, !counts, "{dated} {read_on}");
    }
    let mut farm = farm();
    let (envelope, _) = farm.signed(says(set(source("2017-08-20", "2026-05-01"), true)));
    assert!(farm.ledger.is_refused(envelope));
}
