//! Figures put right, doubled, and as large as they go; lots that came of each other.

use super::*;

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
    let lots = crate::produce::lots::Lots::of(&crate::produce::tests::all_records(&farm));
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

/// What is said of a lot grows with its records, not with their square: two hundred lots in one, sold very often while
/// it is held.
#[test]
fn many_lots_in_one_and_many_sales_of_it_are_told_in_few_words() {
    let mut farm = farm();
    farm.grow();
    let lots: Vec<String> = (0..200).map(|n| format!("batch:qingshan.m{n:03}")).collect();
    for lot in &lots {
        pick_today(&mut farm, lot, 10_000);
    }
    for (n, lots) in lots.chunks(50).enumerate() {
        let inputs: Vec<(&str, u64)> = lots.iter().map(|lot| (lot.as_str(), 10_000)).collect();
        let into = format!("batch:qingshan.g{n}");
        make(&mut farm, "packing/1", COOP, &inputs, (&into, 500_000), packs("杨梅", "5000", 100));
    }
    let all: Vec<String> = (0..4).map(|n| format!("batch:qingshan.g{n}")).collect();
    let inputs: Vec<(&str, u64)> = all.iter().map(|lot| (lot.as_str(), 500_000)).collect();
    let into = "batch:qingshan.all";
    make(&mut farm, "packing/1", COOP, &inputs, (into, 2_000_000), packs("杨梅", "5000", 400));
    farm.result(&lots[77], LAB, "2026-06-13T09:00:00+08:00", "fail", failing());
    let mut told_in = |sales: usize| {
        for _ in 0..sales {
            sell(&mut farm, into, COOP, 10_000);
        }
        let found = assessed(&mut farm, into);
        assert!(whys(&found).contains(&Why::FailedTest));
        let sold = found.judgement.notes.iter().filter(|note| note.sort == Why::SoldOnHold);
        assert_eq!(sold.count(), 1);
        serde_json::to_string(&found).unwrap().len()
    };
    let (none, some) = (told_in(1), told_in(150));
    let more = told_in(150);
    assert!(more - some < 2 * (some - none), "{none} {some} {more}");
}
