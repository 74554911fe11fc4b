//! Lives that are out of the ordinary and honest: none may be held or accused.

use serde_json::{Value, json};

use super::adversary::{
    COOP, HARVEST, LAB, LATER, PACKHOUSE, assessed, hand_over, has, make, packs, passing, pick, pick_today,
    sell,
};
use super::farm::{Farm, Says, Spray, quantity};
use super::{InMemory, farm};
use crate::produce::Assessment;
use crate::text::{Flag, Imbalance, Status};

/// Neither held nor doubted; which tests are there, other flags say.
fn is_clean(assessment: &Assessment) {
    assert_eq!(assessment.judgement.status, Status::Normal, "{:?}", assessment.judgement.reasons);
    assert_eq!(assessment.imbalances, []);
    let doubts = assessment.flags.iter().map(|flag| flag.sort);
    let doubts =
        doubts.filter(|flag| !matches!(flag, Flag::LabDrewSample | Flag::LateEntry | Flag::OriginsMixed));
    assert_eq!(doubts.collect::<Vec<_>>(), []);
}

fn test(farm: &mut Farm<InMemory>, lot: &str, at: &str) {
    farm.result(lot, LAB, at, "pass", passing());
}

#[test]
fn three_pickings_of_one_season_with_a_spray_between_that_was_waited_for() {
    let mut farm = farm();
    farm.grow();
    let picked = |farm: &mut Farm<InMemory>, lot: &str, day: &str| {
        let at = format!("{day}T08:00:00+08:00");
        pick(farm, lot, 500_000, &at, &at, json!({}));
        test(farm, lot, &format!("{day}T12:00:00+08:00"));
    };
    picked(&mut farm, "batch:qingshan.one", "2026-05-20");
    farm.spray(&Spray { at: "2026-05-21", recorded_at: "2026-05-21T18:00:00+08:00", ..Spray::default() });
    picked(&mut farm, "batch:qingshan.two", "2026-06-04");
    picked(&mut farm, "batch:qingshan.three", "2026-06-13");
    for lot in ["one", "two", "three"] {
        is_clean(&assessed(&mut farm, &format!("batch:qingshan.{lot}")));
    }
}

/// Sold at the gate by the piece, weighed nowhere.
#[test]
fn pieces_sold_at_the_gate() {
    let mut farm = farm();
    farm.grow();
    let at = "2026-06-13T08:00:00+08:00";
    pick(&mut farm, HARVEST, 0, at, at, json!({"quantity": quantity("400", "piece")}));
    test(&mut farm, HARVEST, "2026-06-13T12:00:00+08:00");
    farm.say(Says {
        kind: "sale/1",
        subject: HARVEST,
        signer: COOP,
        occurred_at: LATER,
        data: json!({
            "channel": "retail", "period": {"from": "2026-06-13", "to": "2026-06-15"},
            "quantity": quantity("400", "piece"),
        }),
        ..Says::default()
    });
    let found = assessed(&mut farm, HARVEST);
    assert_eq!(found.judgement.status, Status::Normal, "{:?}", found.judgement.reasons);
    assert!(
        found.imbalances.iter().all(|fact| fact.sort == Imbalance::NotComparable),
        "{:?}",
        found.imbalances
    );
}

#[test]
fn fruit_that_dries_to_a_tenth_and_is_packed_again() {
    let mut farm = farm();
    farm.grow();
    pick_today(&mut farm, HARVEST, 400_000);
    hand_over(&mut farm, HARVEST, 400_000, COOP, PACKHOUSE);
    let (dried, packed, smaller) = ("batch:shanqian.dry", "batch:shanqian.bag", "batch:shanqian.small");
    let more = json!({"product": "杨梅干", "process": "drying", "loss_reason": "moisture"});
    make(&mut farm, "processing/1", PACKHOUSE, &[(HARVEST, 400_000)], (dried, 40_000), more);
    make(&mut farm, "packing/1", PACKHOUSE, &[(dried, 40_000)], (packed, 40_000), packs("杨梅干", "5000", 8));
    make(
        &mut farm,
        "packing/1",
        PACKHOUSE,
        &[(packed, 40_000)],
        (smaller, 40_000),
        packs("杨梅干", "500", 80),
    );
    test(&mut farm, dried, "2026-06-14T12:00:00+08:00");
    for lot in [dried, packed, smaller] {
        let found = assessed(&mut farm, lot);
        assert!(
            found.judgement.reasons.iter().all(|reason| !reason.is_hold()),
            "{:?}",
            found.judgement.reasons
        );
        assert_eq!(found.imbalances, [], "{lot}");
    }
    sell(&mut farm, smaller, PACKHOUSE, 40_000);
    assert_eq!(assessed(&mut farm, smaller).imbalances, []);
}

/// Two farms bring fruit to one packhouse; a delivery that was refused comes back and is sold by the farm.
#[test]
fn two_farms_share_a_packhouse_and_one_delivery_goes_back() {
    let mut farm = farm();
    farm.register("nongjia", "农家合作社", "Other Co-op", "coop");
    farm.grow();
    pick_today(&mut farm, HARVEST, 200_000);
    let other = ("nongjia", "coop");
    farm.say(Says {
        kind: "plot.register/1",
        subject: "plot:nongjia.p1",
        signer: other,
        occurred_at: "2026-03-02T10:00:00+08:00",
        data: plot(),
        ..Says::default()
    });
    let at = "2026-06-13T08:00:00+08:00";
    farm.say(Says {
        kind: "harvest/1",
        subject: "batch:nongjia.h1",
        touches: &["plot:nongjia.p1"],
        signer: other,
        occurred_at: at,
        data: json!({"from": ["plot:nongjia.p1"], "quantity": quantity("100", "kg"), "crop": "杨梅"}),
        ..Says::default()
    });
    for (lot, grams, by) in [(HARVEST, 200_000, COOP), ("batch:nongjia.h1", 100_000, other)] {
        test(&mut farm, lot, "2026-06-13T09:00:00+08:00");
        hand_over(&mut farm, lot, grams, by, PACKHOUSE);
    }
    let into = "batch:shanqian.both";
    let inputs = [("batch:nongjia.h1", 100_000), (HARVEST, 200_000)];
    make(&mut farm, "packing/1", PACKHOUSE, &inputs, (into, 300_000), packs("杨梅", "5000", 60));
    is_clean(&assessed(&mut farm, into));
}

fn plot() -> Value {
    json!({
        "name": "河边地", "area": quantity("3", "mu"), "crop": "杨梅", "variety": "荸荠种",
        "declared_yield": quantity("3000", "jin"), "holder": "李月",
    })
}

/// The phone had no network: written in order by its own clock, and in the ledger days later, all at once.
#[test]
fn a_season_that_reached_the_ledger_days_late() {
    let mut farm = farm();
    farm.grow();
    farm.spray(&Spray { at: "2026-05-25", recorded_at: "2026-06-13T07:00:00+08:00", ..Spray::default() });
    pick(&mut farm, HARVEST, 300_000, "2026-06-10T06:00:00+08:00", "2026-06-13T07:30:00+08:00", json!({}));
    test(&mut farm, HARVEST, "2026-06-13T09:00:00+08:00");
    let found = assessed(&mut farm, HARVEST);
    is_clean(&found);
    assert!(has(&found.flags, Flag::LateEntry), "and that it was late is told");
}

/// A table that asks for less, set before anything was done under it, is what counts.
#[test]
fn what_is_done_under_a_new_table_is_judged_by_it() {
    let mut farm = farm();
    farm.grow();
    farm.set_rules("tunables", json!({"yield_tolerance": 20}), "2026-06-01T10:00:00+08:00");
    pick_today(&mut farm, HARVEST, 7_000_000);
    test(&mut farm, HARVEST, "2026-06-13T09:00:00+08:00");
    is_clean(&assessed(&mut farm, HARVEST));
}
