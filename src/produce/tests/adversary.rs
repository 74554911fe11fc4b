//! Ways around the rules that no list names, each tried through real statements.

use serde_json::{Value, json};

use super::farm::{Farm, Says, Spray, quantity};
use super::{InMemory, demonstration, farm, told};
use crate::merkle::Hash;
use crate::produce::{Assessment, Fact};
use crate::statement::kinds::Kind;
use crate::text::{Flag, Imbalance, Status, Use, Why};

pub(super) const HARVEST: &str = "batch:qingshan.h0613";
const SEASON: &str = "crop:qingshan.p1-2026";
const PLOT: &str = "plot:qingshan.p1";
pub(super) const COOP: (&str, &str) = ("qingshan", "coop");
pub(super) const PACKHOUSE: (&str, &str) = ("shanqian", "packhouse");
pub(super) const LAB: (&str, &str) = ("zhejian", "lab");
const PLATFORM: (&str, &str) = ("xianda", "platform");
const AS_OF: &str = "2026-06-20T10:00:00+08:00";
pub(super) const LATER: &str = "2026-06-15T10:00:00+08:00";
/// Three days before the harvest, with an interval of fourteen.
const EARLY: &str = "2026-06-10";

pub(super) fn assessed(farm: &mut Farm<InMemory>, subject: &str) -> Assessment {
    told(farm, subject, AS_OF).0.unwrap().assessment
}

fn whys(assessment: &Assessment) -> Vec<Why> {
    assessment.judgement.reasons.iter().map(|reason| reason.sort).collect()
}

pub(super) fn has<W: crate::text::Words + PartialEq>(facts: &[Fact<W>], sort: W) -> bool {
    facts.iter().any(|fact| fact.sort == sort)
}

fn early() -> Spray<'static> {
    Spray { at: EARLY, recorded_at: "2026-06-10T18:00:00+08:00", ..Spray::default() }
}

fn row(phi_days: u64) -> Value {
    json!([{
        "actives": [{"name": "阿维菌素", "content": "1.8", "unit": "percent"}], "formulation": "乳油",
        "crop": "杨梅", "phi_days": phi_days, "fictional": true,
    }])
}

/// A harvest of `grams` by the farm, with `more` in place of what is usual.
pub(super) fn pick(
    farm: &mut Farm<InMemory>,
    lot: &str,
    grams: u64,
    at: &str,
    recorded_at: &str,
    more: Value,
) -> Hash {
    let mut data = json!({"from": [SEASON], "quantity": quantity(&grams.to_string(), "g"), "crop": "杨梅"});
    data.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    farm.say(Says {
        kind: "harvest/1",
        subject: lot,
        touches: &[SEASON],
        signer: COOP,
        occurred_at: at,
        recorded_at: Some(recorded_at),
        data,
        ..Says::default()
    })
}

pub(super) fn pick_today(farm: &mut Farm<InMemory>, lot: &str, grams: u64) -> Hash {
    pick(farm, lot, grams, "2026-06-13T05:30:00+08:00", "2026-06-13T08:00:00+08:00", json!({}))
}

fn correct(
    farm: &mut Farm<InMemory>,
    (subject, touches): (&str, &[&str]),
    signer: (&str, &str),
    (original, corrects): (Kind, Hash),
    data: Value,
) -> Hash {
    farm.say(Says {
        kind: "correction/1",
        subject,
        touches,
        signer,
        occurred_at: LATER,
        corrects: Some(corrects),
        original: Some(original),
        data: json!({"reason": "typo", "data": data}),
        ..Says::default()
    })
}

fn sale(grams: u64) -> Value {
    json!({
        "channel": "douyin", "period": {"from": "2026-06-14", "to": "2026-06-14"},
        "quantity": quantity(&grams.to_string(), "g"),
    })
}

pub(super) fn sell(farm: &mut Farm<InMemory>, lot: &str, signer: (&str, &str), grams: u64) -> Hash {
    farm.say(Says {
        kind: "sale/1",
        subject: lot,
        signer,
        occurred_at: LATER,
        data: sale(grams),
        ..Says::default()
    })
}

/// Grades, packs or processes whatever the organisation holds.
pub(super) fn make(
    farm: &mut Farm<InMemory>,
    kind: &str,
    signer: (&str, &str),
    inputs: &[(&str, u64)],
    (into, grams): (&str, u64),
    more: Value,
) -> Hash {
    let portion = |lot: &str, grams: u64| json!({"lot": lot, "quantity": quantity(&grams.to_string(), "g")});
    let put_in: u64 = inputs.iter().map(|(_, grams)| grams).sum();
    let mut data = json!({
        "inputs": inputs.iter().map(|(lot, grams)| portion(lot, *grams)).collect::<Vec<_>>(),
        "outputs": [portion(into, grams)], "loss": quantity(&put_in.saturating_sub(grams).to_string(), "g"),
        "loss_reason": if put_in > grams { "off_size" } else { "none" }, "site": "一号线",
    });
    data.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let mut touches: Vec<&str> = inputs.iter().map(|(lot, _)| *lot).collect();
    touches.sort_unstable();
    farm.say(Says {
        kind,
        subject: into,
        touches: &touches,
        signer,
        occurred_at: "2026-06-13T11:00:00+08:00",
        data,
        ..Says::default()
    })
}

pub(super) fn packs(product: &str, net: &str, count: u64) -> Value {
    json!({
        "product": product, "pack_type": "carton", "net_weight": quantity(net, "g"), "pack_count": count,
        "pack_date": "2026-06-13",
    })
}

pub(super) fn hand_over(
    farm: &mut Farm<InMemory>,
    lot: &str,
    grams: u64,
    from: (&str, &str),
    to: (&str, &str),
) {
    let lots = json!([{"lot": lot, "quantity": quantity(&grams.to_string(), "g")}]);
    let at = "2026-06-13T10:00:00+08:00";
    let sent = farm.say(Says {
        kind: "shipping/1",
        subject: lot,
        signer: from,
        occurred_at: at,
        data: json!({"lots": lots, "to": to.0, "depart_at": at, "temp_mode": "cold", "vehicle": "浙J12345"}),
        ..Says::default()
    });
    farm.say(Says {
        kind: "receiving/1",
        subject: lot,
        signer: to,
        occurred_at: at,
        data: json!({"shipment": sent, "lots": lots, "arrived_at": at, "accept": "accepted"}),
        ..Says::default()
    });
}

fn failing() -> Value {
    json!([{"analyte": "阿维菌素", "result": "measured", "value": "0.09", "unit": "mg_per_kg", "verdict": "fail"}])
}

pub(super) fn passing() -> Value {
    json!([{"analyte": "阿维菌素", "result": "not_detected", "verdict": "pass"}])
}

// -- days --------------------------------------------------------------------------------------------------------

#[test]
fn a_harvest_dated_into_the_future_was_picked_when_the_ledger_had_it() {
    let mut farm = farm();
    farm.grow();
    farm.spray(&early());
    pick(&mut farm, HARVEST, 430_000, "2026-06-30", "2026-06-13T08:00:00+08:00", json!({}));
    let found = assessed(&mut farm, HARVEST);
    assert!(whys(&found).contains(&Why::PickedEarly), "{:?}", whys(&found));
    assert!(has(&found.flags, Flag::ClockAhead));
}

#[test]
fn a_spray_dated_after_the_harvest_that_is_already_on_record_was_before_it() {
    let mut farm = farm();
    farm.grow();
    farm.spray(&Spray { at: "2026-06-20", recorded_at: "2026-06-11T18:00:00+08:00", ..Spray::default() });
    farm.harvest("860");
    let found = assessed(&mut farm, HARVEST);
    assert!(whys(&found).contains(&Why::PickedEarly), "{:?}", whys(&found));
}

/// An honest late entry looks the same, so that it holds nothing; it is told.
#[test]
fn a_harvest_dated_back_before_its_spray_is_told() {
    let mut farm = farm();
    farm.grow();
    farm.spray(&early());
    pick(&mut farm, HARVEST, 430_000, "2026-06-09", "2026-06-13T08:00:00+08:00", json!({}));
    let found = assessed(&mut farm, HARVEST);
    assert!(has(&found.flags, Flag::LateEntry) && has(&found.flags, Flag::InputAfterHarvest));
}

#[test]
fn a_harvest_dated_into_last_year_is_told_as_late() {
    let mut farm = farm();
    farm.grow();
    pick(&mut farm, HARVEST, 430_000, "2025-12-31", "2026-06-13T08:00:00+08:00", json!({}));
    assert!(has(&assessed(&mut farm, HARVEST).flags, Flag::LateEntry));
}

#[test]
fn a_sale_that_was_over_before_the_harvest_is_told() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    let mut data = sale(10_000);
    data["period"] = json!({"from": "2026-06-01", "to": "2026-06-05"});
    farm.say(Says {
        kind: "sale/1",
        subject: HARVEST,
        signer: COOP,
        occurred_at: LATER,
        data,
        ..Says::default()
    });
    assert!(has(&assessed(&mut farm, HARVEST).flags, Flag::SoldBeforeMade));
}

// -- tables ------------------------------------------------------------------------------------------------------

#[test]
fn a_table_that_lets_more_pass_between_spray_and_harvest_lets_nothing_pass() {
    let mut farm = demonstration();
    farm.grow();
    farm.set_rules("intervals", row(20), "2026-06-01T10:00:00+08:00");
    farm.spray(&Spray { phi_days: Some(1), ..early() });
    farm.set_rules("intervals", row(0), "2026-06-12T20:00:00+08:00");
    farm.harvest("860");
    let found = assessed(&mut farm, HARVEST);
    assert!(whys(&found).contains(&Why::PickedEarly));
    let interval = found.judgement.intervals.iter().find(|interval| interval.days_short > 0).unwrap();
    assert_eq!((interval.phi_days, interval.row.as_ref().unwrap().phi_days), (Some(20), 20));
}

#[test]
fn wider_tolerances_set_afterwards_cover_up_nothing() {
    let mut farm = farm();
    farm.grow();
    // The plot may yield 6 600 kg with tolerance.
    pick_today(&mut farm, HARVEST, 6_700_000);
    let wide = json!({"yield_tolerance": 100, "mass_tolerance": 20, "late_hours": 8760});
    farm.set_rules("tunables", wide, LATER);
    assert!(has(&assessed(&mut farm, HARVEST).imbalances, Imbalance::PlotExceeded));
    pick(&mut farm, "batch:qingshan.more", 1_000, LATER, LATER, json!({}));
    assert!(
        has(&assessed(&mut farm, HARVEST).imbalances, Imbalance::PlotExceeded),
        "nor does one more harvest"
    );

    let mut farm = super::farm();
    farm.grow();
    pick(&mut farm, HARVEST, 100_000, "2026-06-10", "2026-06-13T08:00:00+08:00", json!({}));
    let into = "batch:qingshan.packed";
    make(&mut farm, "packing/1", COOP, &[(HARVEST, 100_000)], (into, 110_000), packs("杨梅", "5000", 22));
    farm.set_rules("tunables", json!({"mass_tolerance": 20, "late_hours": 8760}), LATER);
    let found = assessed(&mut farm, into);
    assert!(has(&found.imbalances, Imbalance::MadeMore) && has(&found.flags, Flag::LateEntry));
}

// -- names -------------------------------------------------------------------------------------------------------

#[test]
fn blanks_and_wide_letters_in_a_name_are_no_way_around_a_row() {
    for (active, formulation) in [("阿维 菌素", "乳油"), ("阿维　菌素", "乳 油"), ("阿维菌素", "乳　油")]
    {
        let mut farm = demonstration();
        farm.grow();
        farm.set_rules("intervals", row(20), "2026-06-01T10:00:00+08:00");
        farm.spray(&Spray { actives: &[(active, "1.8")], formulation, phi_days: Some(0), ..early() });
        farm.harvest("860");
        assert!(whys(&assessed(&mut farm, HARVEST)).contains(&Why::PickedEarly), "{active} {formulation}");
    }
}

#[test]
fn a_registration_number_in_other_letters_is_that_of_a_pesticide() {
    for number in ["pd20101234", "ＰＤ20101234", "P D20101234"] {
        let mut farm = farm();
        farm.grow();
        let mut data = early().data();
        data["kind"] = json!("fertiliser");
        data["product"]["reg_no"] = json!(number);
        farm.say(Says {
            kind: "input/1",
            subject: SEASON,
            signer: COOP,
            occurred_at: EARLY,
            recorded_at: Some("2026-06-10T18:00:00+08:00"),
            data,
            ..Says::default()
        });
        farm.harvest("860");
        assert!(whys(&assessed(&mut farm, HARVEST)).contains(&Why::PickedEarly), "{number}");
    }
}

#[test]
fn another_name_of_the_crop_on_the_harvest_alone_escapes_no_row() {
    let mut farm = demonstration();
    farm.grow();
    farm.set_rules("intervals", row(20), "2026-06-01T10:00:00+08:00");
    farm.spray(&Spray { phi_days: Some(0), ..early() });
    pick(
        &mut farm,
        HARVEST,
        430_000,
        "2026-06-13T05:30:00+08:00",
        "2026-06-13T08:00:00+08:00",
        json!({"crop": "山果"}),
    );
    assert!(whys(&assessed(&mut farm, HARVEST)).contains(&Why::PickedEarly));
}

#[test]
fn a_crop_or_variety_that_claims_a_certificate_needs_it() {
    for more in [json!({"crop": "有机杨梅"}), json!({"variety": "有機東魁"})] {
        let mut farm = farm();
        farm.grow();
        let day = "2026-06-13T08:00:00+08:00";
        pick(&mut farm, HARVEST, 430_000, day, day, more.clone());
        assert!(whys(&assessed(&mut farm, HARVEST)).contains(&Why::CertificateMissing), "{more}");
    }
}

// -- failed goods ------------------------------------------------------------------------------------------------

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

// -- quantities --------------------------------------------------------------------------------------------------

#[test]
fn a_second_season_on_the_same_ground_doubles_nothing() {
    let mut farm = farm();
    farm.grow();
    let again = "crop:qingshan.p1-again";
    farm.say(Says {
        kind: "crop.open/1",
        subject: again,
        touches: &[PLOT],
        signer: COOP,
        occurred_at: "2026-04-01",
        recorded_at: Some("2026-06-12T20:00:00+08:00"),
        data: json!({"plot": PLOT, "crop": "杨梅", "variety": "东魁", "season": "2026 夏二"}),
        ..Says::default()
    });
    pick_today(&mut farm, HARVEST, 6_000_000);
    farm.say(Says {
        kind: "harvest/1",
        subject: "batch:qingshan.second",
        touches: &[again],
        signer: COOP,
        occurred_at: "2026-06-13T06:00:00+08:00",
        data: json!({"from": [again], "quantity": quantity("1000", "kg"), "crop": "杨梅"}),
        ..Says::default()
    });
    let found = assessed(&mut farm, "batch:qingshan.second");
    assert!(
        has(&found.imbalances, Imbalance::PlotExceeded) || !has(&found.imbalances, Imbalance::SeasonExceeded)
    );
    let lots = crate::produce::lots::Lots::of(&super::all_records(&farm));
    let tables = crate::produce::Tables::default();
    let plot = crate::statement::subject::Subject::parse(PLOT).unwrap();
    let found = lots.imbalances([&plot], &tables, u64::MAX);
    assert!(has(&found, Imbalance::PlotExceeded), "the whole ledger shows it: {found:?}");
}

#[test]
fn a_sale_put_right_stays_told_however_often_it_is_corrected_again() {
    let mut farm = farm();
    farm.grow();
    pick_today(&mut farm, HARVEST, 100_000);
    let mut leaf = sell(&mut farm, HARVEST, COOP, 150_000);
    assert!(has(&assessed(&mut farm, HARVEST).imbalances, Imbalance::Oversold));
    for _ in 0..30 {
        leaf = correct(&mut farm, (HARVEST, &[]), COOP, (Kind::Sale, leaf), sale(90_000));
    }
    let found = assessed(&mut farm, HARVEST);
    assert!(!has(&found.imbalances, Imbalance::Oversold) && has(&found.imbalances, Imbalance::PutRight));
}

#[test]
fn a_shipment_taken_back_after_too_much_was_sent_is_told() {
    let mut farm = farm();
    farm.grow();
    pick_today(&mut farm, HARVEST, 100_000);
    let send = |farm: &mut Farm<InMemory>, grams: &str| {
        farm.say(Says {
            kind: "shipping/1",
            subject: HARVEST,
            signer: COOP,
            occurred_at: LATER,
            data: json!({
                "lots": [{"lot": HARVEST, "quantity": quantity(grams, "g")}], "to_consumers": true,
                "depart_at": LATER, "temp_mode": "cold",
            }),
            ..Says::default()
        })
    };
    send(&mut farm, "80000");
    let second = send(&mut farm, "60000");
    assert!(has(&assessed(&mut farm, HARVEST).imbalances, Imbalance::Oversold));
    farm.withdraw(second, HARVEST, &[], COOP, LATER);
    let found = assessed(&mut farm, HARVEST);
    assert!(has(&found.imbalances, Imbalance::PutRight) && has(&found.flags, Flag::Withdrawn));
}

#[test]
fn the_largest_numbers_there_are_overflow_nothing() {
    let mut farm = farm();
    farm.grow();
    let most = 999_999_999_999;
    pick_today(&mut farm, HARVEST, most);
    sell(&mut farm, HARVEST, COOP, most);
    sell(&mut farm, HARVEST, PLATFORM, most);
    let found = assessed(&mut farm, HARVEST);
    assert!(has(&found.imbalances, Imbalance::PlotExceeded) && found.judgement.status == Status::OnHold);
}

// -- sources -----------------------------------------------------------------------------------------------------

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

/// A made-up row, the row of a source that is still to be written, and one that was read on a day to come.
#[test]
fn a_ledger_refuses_what_nobody_can_have_read() {
    let refused = |source: Value, fictional: bool| {
        let mut row = row(14)[0].clone();
        row.as_object_mut().unwrap().remove("fictional");
        row["source"] = source;
        if fictional {
            row["fictional"] = json!(true);
        }
        let mut farm = farm();
        let says = Says {
            kind: "rules.set/1",
            subject: "ledger:",
            signer: ("registrar", "registrar"),
            key: Some("registrar-1"),
            occurred_at: LATER,
            data: json!({"table": "intervals", "intervals": [row]}),
            ..Says::default()
        };
        let (envelope, _) = farm.signed(says);
        farm.ledger.is_refused(envelope)
    };
    let source = |dated: &str, read_on: &str| json!({"title": "书", "dated": dated, "read_on": read_on, "quote": "阿维菌素 1.8%乳油 杨梅 14"});
    assert!(!refused(source("2017-08-20", "2026-06-15"), false));
    assert!(refused(source("2026-06-14", "2026-06-13"), false));
    assert!(refused(source("2017-08-20", "2026-12-01"), false));
    assert!(refused(source("2017-08-20", "2026-06-15"), true), "a row that calls itself made up");
}

// -- what met no schema ------------------------------------------------------------------------------------------

/// A bundle may hold lots that came of each other.
#[test]
fn lots_that_came_of_each_other_are_judged_and_judging_ends() {
    let mut farm = farm();
    farm.grow();
    pick_today(&mut farm, HARVEST, 430_000);
    let (one, two) = ("batch:qingshan.one", "batch:qingshan.two");
    make(&mut farm, "packing/1", COOP, &[(HARVEST, 430_000)], (one, 430_000), packs("杨梅", "5000", 86));
    make(&mut farm, "packing/1", COOP, &[(one, 430_000)], (two, 430_000), packs("杨梅", "5000", 86));
    let (_, mut records) = told(&mut farm, two, AS_OF);
    let looped = json!([
        {"lot": HARVEST, "quantity": quantity("1", "kg")}, {"lot": one, "quantity": []}, {"lot": two}, 7, null,
    ]);
    for entry in records.values_mut() {
        let crate::ledger::Entry::Record(record) = entry else { continue };
        for side in ["inputs", "outputs"] {
            if record.statement.data.contains_key(side) {
                record.statement.data.insert(side.to_owned(), looped.clone());
                record.statement.data.insert("unknown".to_owned(), json!({"deep": [[[]]]}));
            }
        }
    }
    let openings = std::collections::BTreeMap::new();
    for subject in [HARVEST, one, two] {
        let subject = crate::statement::subject::Subject::parse(subject).unwrap();
        let assessment = Assessment::of(&crate::produce::Ask {
            subject: &subject,
            records: &records,
            openings: &openings,
            size: u64::MAX,
            at: i64::MAX,
            as_of: i64::MAX,
            wide: None,
        });
        serde_json::to_value(&assessment).unwrap();
    }
}

/// Work grows with the records, not with their square: two hundred lots in one, and a lot with very many sales.
#[test]
fn many_lots_in_one_and_many_sales_of_one_are_judged_soon() {
    let mut farm = farm();
    farm.grow();
    let lots: Vec<String> = (0..200).map(|n| format!("batch:qingshan.m{n:03}")).collect();
    for lot in &lots {
        pick_today(&mut farm, lot, 10_000);
    }
    for (n, four) in lots.chunks(50).enumerate() {
        let inputs: Vec<(&str, u64)> = four.iter().map(|lot| (lot.as_str(), 10_000)).collect();
        let into = format!("batch:qingshan.g{n}");
        make(&mut farm, "packing/1", COOP, &inputs, (&into, 500_000), packs("杨梅", "5000", 100));
    }
    let all: Vec<String> = (0..4).map(|n| format!("batch:qingshan.g{n}")).collect();
    let inputs: Vec<(&str, u64)> = all.iter().map(|lot| (lot.as_str(), 500_000)).collect();
    let into = "batch:qingshan.all";
    make(&mut farm, "packing/1", COOP, &inputs, (into, 2_000_000), packs("杨梅", "5000", 400));
    let begun = std::time::Instant::now();
    assessed(&mut farm, into);
    eprintln!("two hundred: {:?}", begun.elapsed());
    let mut leaf = None;
    for n in 0..2_000u32 {
        let sold = sell(&mut farm, into, COOP, 1_000);
        match leaf {
            Some(last) if n % 2 == 0 => {
                leaf = Some(correct(&mut farm, (into, &[]), COOP, (Kind::Sale, last), sale(900)))
            }
            _ => leaf = leaf.or(Some(sold)),
        }
    }
    let begun = std::time::Instant::now();
    assessed(&mut farm, into);
    eprintln!("two thousand: {:?}", begun.elapsed());
}
