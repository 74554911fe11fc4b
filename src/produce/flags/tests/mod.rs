//! Flags raised, flags just not raised, and honest seasons that raise none.

mod entries;
mod laboratory;
mod mixing;
mod order;
mod people;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::ledger::Record;
use crate::merkle::Hash;
use crate::produce::flags::{self, Watchlist};
use crate::produce::reason::Fact;
use crate::produce::story::Ask;
use crate::produce::tests::farm::{BATCH, Farm, Says, quantity};
use crate::produce::tests::{InMemory, all_records, farm, told};
use crate::produce::wording::Wording;
use crate::produce::{Dossier, Said};
use crate::statement::subject::Subject;
use crate::statement::time::When;
use crate::text::Flag;

pub(in crate::produce) const SEASON: &str = "crop:qingshan.p1-2026";
pub(in crate::produce) const PICKED: &str = "batch:qingshan.h0613";
pub(in crate::produce) const LATER: &str = "2026-06-16T10:00:00+08:00";

/// Shows the batch's dossier as of a moment.
pub(in crate::produce) fn look<T>(
    farm: &mut Farm<InMemory>,
    subject: &str,
    as_of: &str,
    see: impl FnOnce(&Dossier<'_>) -> T,
) -> T {
    let (_, records) = told(farm, subject, as_of);
    let subject = Subject::parse(subject).unwrap();
    let size = all_records(farm).last().map_or(0, |last| last.seq + 1);
    let ask = Ask {
        subject: &subject,
        records: &records,
        openings: &Default::default(),
        size,
        at: 0,
        wide: None,
        as_of: millis(as_of),
    };
    see(&Dossier::of(&ask))
}

pub(in crate::produce) fn millis(text: &str) -> i64 {
    match text.parse().unwrap() {
        When::Instant(at) => at.unix_seconds() * 1_000,
        When::Date(_) => panic!("{text} is a day"),
    }
}

pub(in crate::produce) fn watching(records: &[Record]) -> Watchlist {
    let mut watchlist = Watchlist::default();
    records.iter().for_each(|record| watchlist.take(record));
    watchlist
}

/// All flags of a batch: its own, and those that the whole ledger shows.
fn flagged(farm: &mut Farm<InMemory>, subject: &str, as_of: &str) -> Vec<Fact<Flag>> {
    let watchlist = watching(&all_records(farm));
    look(farm, subject, as_of, |dossier| {
        let mut flags = flags::of(dossier);
        flags.extend(watchlist.flags(dossier));
        flags
    })
}

fn sorts(flags: &[Fact<Flag>]) -> BTreeSet<Flag> {
    flags.iter().map(|flag| flag.sort).collect()
}

#[track_caller]
fn the(flags: &[Fact<Flag>], sort: Flag) -> &Fact<Flag> {
    let found: Vec<_> = flags.iter().filter(|flag| flag.sort == sort).collect();
    assert_eq!(found.len(), 1, "{:?}", sorts(flags));
    found[0]
}

/// What contradicts; mere disclosures may be honest.
fn doubts(flags: &[Fact<Flag>]) -> Vec<Flag> {
    flags.iter().map(|flag| flag.sort).filter(|sort| !sort.is_disclosure()).collect()
}

/// Members of one picture's attachment, with that perceptual hash.
fn photo(phash: u64, ai_made: bool) -> Value {
    json!({"attachments": [{
        "commitment": Hash::of(&phash.to_be_bytes()), "size": 9, "type": "image/jpeg", "in_app": true,
        "ai_made": ai_made, "phash": format!("{phash:016x}"),
    }]})
}

fn observe(farm: &mut Farm<InMemory>, season: &str, day: &str, recorded_at: &str, more: Value) -> Hash {
    let org = Subject::parse(season).unwrap().org().unwrap().to_owned();
    farm.say(Says {
        kind: "observation/1",
        subject: season,
        signer: (&org, if org == "qingshan" { "coop" } else { "farm" }),
        occurred_at: day,
        recorded_at: Some(recorded_at),
        more,
        data: json!({"action": "patrol", "finding": "normal"}),
        ..Says::default()
    })
}

/// A second farm with one plot and one season, `crop:hongye.p1-2026`.
fn other_farm(farm: &mut Farm<InMemory>) {
    farm.register("hongye", "红叶家庭农场", "Hongye Farm", "farm");
    let own = ("hongye", "farm");
    farm.say(Says {
        kind: "plot.register/1",
        subject: "plot:hongye.p1",
        signer: own,
        occurred_at: "2026-03-04T10:00:00+08:00",
        data: json!({
            "name": "坡", "area": quantity("5", "mu"), "crop": "杨梅", "variety": "东魁",
            "declared_yield": quantity("5000", "jin"),
        }),
        ..Says::default()
    });
    farm.say(Says {
        kind: "crop.open/1",
        subject: "crop:hongye.p1-2026",
        touches: &["plot:hongye.p1"],
        signer: own,
        occurred_at: "2026-03-04T10:05:00+08:00",
        data: json!({"plot": "plot:hongye.p1", "crop": "杨梅", "variety": "东魁", "season": "2026 夏"}),
        ..Says::default()
    });
}

/// Picks a lot from a farm's season.
fn pick(farm: &mut Farm<InMemory>, lot: &str, season: &str, at: &str, more: Value) -> Hash {
    let org = Subject::parse(lot).unwrap().org().unwrap().to_owned();
    farm.say(Says {
        kind: "harvest/1",
        subject: lot,
        touches: &[season],
        signer: (&org, if org == "qingshan" { "coop" } else { "farm" }),
        occurred_at: at,
        more,
        data: json!({"from": [season], "quantity": quantity("100", "jin")}),
        ..Says::default()
    })
}

fn set_tunables(farm: &mut Farm<InMemory>, tunables: Value) -> Hash {
    farm.say(Says {
        kind: "rules.set/1",
        subject: "ledger:",
        signer: ("registrar", "registrar"),
        key: Some("registrar-1"),
        occurred_at: "2026-03-02T08:00:00+08:00",
        data: json!({"table": "tunables", "tunables": tunables}),
        ..Says::default()
    })
}

/// An honest season raises nothing but what it says of itself: the laboratory drew its own sample.
#[test]
fn an_honest_season_has_no_flags() {
    let mut farm = farm();
    farm.season();
    let flags = flagged(&mut farm, BATCH, LATER);
    assert_eq!(sorts(&flags).into_iter().collect::<Vec<_>>(), [Flag::LabDrewSample]);
}

/// Each day's work written down the same evening, and many phones that reach the ledger days later, all at once.
#[test]
fn honest_seasons_of_many_farms_that_were_offline_for_weeks_raise_no_doubt_but_lateness() {
    let mut farm = farm();
    farm.grow();
    other_farm(&mut farm);
    for season in [SEASON, "crop:hongye.p1-2026"] {
        for day in 1..=20 {
            let (date, evening) = (format!("2026-05-{day:02}"), format!("2026-05-{day:02}T19:00:00+08:00"));
            let hash = Hash::of(format!("{season} {day}").as_bytes());
            let hash = u64::from_be_bytes(std::array::from_fn(|i| hash.0[i]));
            observe(&mut farm, season, &date, &evening, photo(hash, false));
        }
    }
    pick(&mut farm, "batch:hongye.h1", "crop:hongye.p1-2026", "2026-06-12T06:00:00+08:00", json!({}));
    pick(&mut farm, PICKED, SEASON, "2026-06-13T06:00:00+08:00", json!({}));
    for lot in ["batch:hongye.h1", PICKED] {
        let doubts: BTreeSet<Flag> = doubts(&flagged(&mut farm, lot, LATER)).into_iter().collect();
        // The second farm's phone came after the first one's, so its days of May are late, and are called so.
        assert!(doubts.iter().all(|sort| *sort == Flag::LateEntry), "{lot}: {doubts:?}");
    }
}

#[test]
fn flags_are_facts_in_words_of_both_languages() {
    use crate::text::{Lang, Words};
    for sort in Flag::ALL {
        for word in ["假", "骗", "造假", "作弊", "欺"] {
            assert!(!sort.entry().zh.contains(word), "{}", sort.entry().key);
        }
    }
    let mut farm = farm();
    farm.season();
    farm.input("2026-05-20", "2026-06-16T18:00:00+08:00");
    let flags = flagged(&mut farm, BATCH, "2026-06-17T10:00:00+08:00");
    let told = |lang| Wording { lang, names: BTreeMap::new() }.fact(the(&flags, Flag::LateEntry));
    assert_eq!(told(Lang::Zh), "1 条记录为补录，最晚的在发生 26 天后才记入账本");
    assert_eq!(told(Lang::En), "entered late: 1, up to 26 d after it happened");
}

#[test]
fn data_that_met_no_schema_raises_what_it_can_and_no_panic() {
    let mut farm = farm();
    farm.season();
    let (_, mut records) = told(&mut farm, BATCH, LATER);
    let mangle = |value: &mut Value, n: usize| {
        *value =
            [json!(null), json!([{}]), json!({"lot": 3}), json!(-1), json!("9999-99-99"), json!([["x"]])]
                [n % 6]
                .clone();
    };
    for seed in 0..40 {
        for (n, entry) in records.values_mut().enumerate() {
            if let crate::ledger::Entry::Record(record) = entry {
                let data = record.statement.data.values_mut().enumerate();
                data.filter(|(i, _)| (i + n + seed) % 5 == 0)
                    .for_each(|(i, value)| mangle(value, i + n * 7 + seed));
            }
        }
        let subject = Subject::parse(BATCH).unwrap();
        let openings = Default::default();
        let ask = Ask {
            subject: &subject,
            records: &records,
            openings: &openings,
            size: 99,
            at: 0,
            wide: None,
            as_of: i64::MAX,
        };
        let dossier = Dossier::of(&ask);
        let whole: Vec<Record> = records.values().filter_map(|entry| entry.as_record().cloned()).collect();
        flags::of(&dossier);
        watching(&whole).flags(&dossier);
        crate::produce::Seats::of(&dossier);
        crate::produce::guarantees(&dossier);
    }
}
