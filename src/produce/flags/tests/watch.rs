//! What only the whole ledger can tell.

use super::laboratory::{Test, draw, report, test};
use super::*;

const SHOT: u64 = 0x0f1e_2d3c_4b5a_6978;

fn spray_photo(farm: &mut Farm<InMemory>, hash: u64) {
    observe(farm, SEASON, "2026-05-01", "2026-05-01T19:00:00+08:00", photo(hash, false));
}

/// The second farm shows a photo some bits away from the first one's.
fn copied(changed: u64) -> (Farm<InMemory>, Vec<Fact<Flag>>) {
    let mut farm = farm();
    farm.grow();
    spray_photo(&mut farm, SHOT);
    other_farm(&mut farm);
    let more = photo(SHOT ^ changed, false);
    observe(&mut farm, "crop:hongye.p1-2026", "2026-05-03", "2026-05-03T19:00:00+08:00", more);
    pick(&mut farm, "batch:hongye.h1", "crop:hongye.p1-2026", "2026-06-12T06:00:00+08:00", json!({}));
    farm.harvest("860");
    let flags = flagged(&mut farm, "batch:hongye.h1", LATER);
    (farm, flags)
}

#[test]
fn a_photo_of_another_farm_is_told_of_the_later_one_alone() {
    let (mut farm, flags) = copied(0);
    let reused = the(&flags, Flag::PhotoReused);
    assert_eq!(
        (reused.about.as_str(), &reused.says["other"]),
        ("crop:hongye.p1-2026", &Said::Subject(SEASON.into()))
    );
    assert!(!sorts(&flagged(&mut farm, PICKED, LATER)).contains(&Flag::PhotoReused));
}

#[test]
fn photos_that_differ_in_few_bits_are_alike_and_in_more_are_not() {
    assert!(sorts(&copied(0b1_1111).1).contains(&Flag::PhotoAlike));
    let further = sorts(&copied(0b11_1111).1);
    assert!(!further.contains(&Flag::PhotoAlike) && !further.contains(&Flag::PhotoReused));
}

#[test]
fn pictures_of_nothing_are_like_no_other() {
    for blank in [0, u64::MAX, 0xffff_ffff_0000_0000, 0xff00_0000_0000_0000 >> 7, 0x0000_0000_ffff_0003] {
        let mut farm = farm();
        farm.grow();
        spray_photo(&mut farm, blank);
        other_farm(&mut farm);
        observe(
            &mut farm,
            "crop:hongye.p1-2026",
            "2026-05-03",
            "2026-05-03T19:00:00+08:00",
            photo(blank, false),
        );
        pick(&mut farm, "batch:hongye.h1", "crop:hongye.p1-2026", "2026-06-12T06:00:00+08:00", json!({}));
        let sorts = sorts(&flagged(&mut farm, "batch:hongye.h1", LATER));
        assert_eq!(sorts.contains(&Flag::PhotoReused), blank.count_ones() == 8, "{blank:016x}");
    }
}

#[test]
fn one_photo_for_what_belongs_together_is_no_reuse() {
    let mut farm = farm();
    farm.grow();
    spray_photo(&mut farm, SHOT);
    // Input and observation of one season; then the harvest of that very season.
    spray_photo(&mut farm, SHOT);
    pick(&mut farm, PICKED, SEASON, "2026-06-13T06:00:00+08:00", photo(SHOT, false));
    assert!(doubts(&flagged(&mut farm, PICKED, LATER)).is_empty());
    // Another picking of it is another lot.
    pick(&mut farm, "batch:qingshan.h2", SEASON, "2026-06-13T08:00:00+08:00", photo(SHOT ^ 1, false));
    let flags = flagged(&mut farm, "batch:qingshan.h2", LATER);
    assert_eq!(the(&flags, Flag::PhotoAlike).says["other"], Said::Subject(PICKED.into()));
}

#[test]
fn a_photo_that_went_to_the_wrong_lot_and_was_taken_back_may_be_used_again() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    let wrong = pick(&mut farm, "batch:qingshan.h2", SEASON, "2026-06-13T08:00:00+08:00", photo(SHOT, false));
    farm.say(Says {
        kind: "withdrawal/1",
        subject: "batch:qingshan.h2",
        touches: &[SEASON],
        signer: ("qingshan", "coop"),
        occurred_at: "2026-06-13T09:00:00+08:00",
        data: json!({"withdraws": wrong, "reason": "wrong_lot"}),
        ..Says::default()
    });
    pick(&mut farm, "batch:qingshan.h3", SEASON, "2026-06-13T09:30:00+08:00", photo(SHOT, false));
    assert!(!sorts(&flagged(&mut farm, "batch:qingshan.h3", LATER)).contains(&Flag::PhotoReused));
}

/// Patrols of so many days, all recorded on one evening, some minutes apart.
fn filled_in(days: u32, apart: u32, source: &str) -> Vec<Fact<Flag>> {
    let mut farm = farm();
    farm.grow();
    for n in 0..days {
        let (day, minute) = (10 + n, n * apart);
        let at = format!("2026-05-20T{:02}:{:02}:00+08:00", 19 + minute / 60, minute % 60);
        observe(&mut farm, SEASON, &format!("2026-05-{day}"), &at, json!({"source": source}));
    }
    farm.harvest("860");
    flagged(&mut farm, PICKED, LATER)
}

#[test]
fn a_diary_that_is_filled_in_on_one_evening_is_told_once() {
    let flags = filled_in(8, 2, "manual");
    let burst = the(&flags, Flag::Burst);
    assert_eq!((&burst.says["count"], &burst.says["days"]), (&Said::Number(8), &Said::Number(8)));
    assert_eq!((&burst.says["minutes"], burst.records.len()), (&Said::Number(14), 8));
    assert!(!sorts(&filled_in(7, 2, "manual")).contains(&Flag::Burst), "one entry fewer");
    assert!(!sorts(&filled_in(8, 9, "manual")).contains(&Flag::Burst), "over more than an hour");
    let imported = filled_in(8, 2, "import");
    assert!(sorts(&imported).contains(&Flag::BurstImported) && !sorts(&imported).contains(&Flag::Burst));
}

#[test]
fn an_evening_of_todays_work_and_one_forgotten_day_is_no_burst() {
    let mut farm = farm();
    farm.grow();
    for n in 0..9 {
        let at = format!("2026-05-20T19:{:02}:00+08:00", n * 3);
        observe(&mut farm, SEASON, if n == 0 { "2026-05-10" } else { "2026-05-20" }, &at, json!({}));
    }
    farm.harvest("860");
    assert_eq!(doubts(&flagged(&mut farm, PICKED, LATER)), [Flag::LateEntry]);
}

#[test]
fn one_report_for_two_lots_is_told_of_the_later_whatever_the_number_looks_like() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    pick(&mut farm, "batch:qingshan.h2", SEASON, "2026-06-13T08:00:00+08:00", json!({}));
    test(&mut farm, &Test { number: "S-1", report_no: "R 1/2026", ..Test::default() });
    let second = Test { lot: "batch:qingshan.h2", number: "S-2", report_no: "r-1-2026", ..Test::default() };
    test(&mut farm, &second);
    assert!(doubts(&flagged(&mut farm, PICKED, LATER)).is_empty());
    let flags = flagged(&mut farm, "batch:qingshan.h2", LATER);
    assert_eq!(the(&flags, Flag::ReportReused).says["other"], Said::Subject(PICKED.into()));
    // The same sample number without any sampling is no excuse.
    let third = Test {
        lot: "batch:qingshan.h3",
        report_no: "R 1/2026",
        signer: ("qingshan", "coop"),
        with_sampling: false,
        ..Test::default()
    };
    pick(&mut farm, "batch:qingshan.h3", SEASON, "2026-06-13T09:00:00+08:00", json!({}));
    test(&mut farm, &third);
    assert!(sorts(&flagged(&mut farm, "batch:qingshan.h3", LATER)).contains(&Flag::ReportReused));
}

#[test]
fn what_a_laboratory_signed_is_not_doubted_for_what_somebody_entered_first() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    pick(&mut farm, "batch:qingshan.h2", SEASON, "2026-06-13T08:00:00+08:00", json!({}));
    let entered =
        Test { lot: "batch:qingshan.h2", number: "X", signer: ("qingshan", "coop"), ..Test::default() };
    report(&mut farm, &entered, None);
    test(&mut farm, &Test::default());
    assert!(doubts(&flagged(&mut farm, PICKED, LATER)).is_empty());
    assert!(sorts(&flagged(&mut farm, "batch:qingshan.h2", LATER)).contains(&Flag::ReportReused));
}

#[test]
fn one_sample_of_the_season_may_answer_for_its_lots() {
    let mut farm = farm();
    farm.grow();
    let of_season = Test { lot: SEASON, recorded_at: "2026-06-13T05:00:00+08:00", ..Test::default() };
    let sampling = draw(&mut farm, &of_season);
    farm.harvest("860");
    pick(&mut farm, "batch:qingshan.h2", SEASON, "2026-06-13T08:00:00+08:00", json!({}));
    for lot in [PICKED, "batch:qingshan.h2"] {
        report(&mut farm, &Test { lot, ..Test::default() }, Some(sampling));
    }
    for lot in [PICKED, "batch:qingshan.h2"] {
        assert!(doubts(&flagged(&mut farm, lot, LATER)).is_empty(), "{lot}");
    }
}

#[test]
fn one_sample_number_for_two_lots_is_told() {
    let mut farm = farm();
    farm.grow();
    farm.harvest("860");
    pick(&mut farm, "batch:qingshan.h2", SEASON, "2026-06-13T08:00:00+08:00", json!({}));
    draw(&mut farm, &Test::default());
    draw(&mut farm, &Test { lot: "batch:qingshan.h2", ..Test::default() });
    assert!(doubts(&flagged(&mut farm, PICKED, LATER)).is_empty());
    let flags = flagged(&mut farm, "batch:qingshan.h2", LATER);
    assert_eq!(the(&flags, Flag::SampleNumberTwice).says["number"], Said::Text("S-1".into()));
}

#[test]
fn a_watchlist_answers_as_of_the_size_that_it_is_asked_for() {
    let (mut farm, _) = copied(0);
    let records = all_records(&farm);
    let watchlist = watching(&records);
    let longer = look(&mut farm, "batch:hongye.h1", LATER, |dossier| watchlist.flags(dossier));
    // More of the ledger changes nothing about what was there.
    for n in 0..3 {
        let lot = format!("batch:hongye.later{n}");
        pick(&mut farm, &lot, "crop:hongye.p1-2026", "2026-06-14T06:00:00+08:00", photo(SHOT, false));
    }
    let (_, gathered) = told(&mut farm, "batch:hongye.h1", LATER);
    let size = records.last().unwrap().seq + 1;
    let earlier = gathered.range(..size).map(|(seq, entry)| (*seq, entry.clone())).collect();
    let subject = Subject::parse("batch:hongye.h1").unwrap();
    let ask = Ask {
        subject: &subject,
        records: &earlier,
        openings: &Default::default(),
        size,
        at: 0,
        wide: None,
        as_of: millis(LATER),
    };
    assert_eq!(watching(&all_records(&farm)).flags(&Dossier::of(&ask)), longer);
}
