//! What a trace costs: making and checking bundles, the everyday one and the two heavy ones of real life.
//!
//! The limit beside the ratios is Ed25519 itself: a bundle cannot be checked faster than its signatures.

#[path = "../tests/common/village.rs"]
#[allow(dead_code, unreachable_pub, reason = "a bench uses a part of what the tests share")]
mod village;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use suyuan::ledger::{Entry, MemoryFacts, State};
use suyuan::verify::{Options, verify_bundle};
use village::{By, Village, data};

const OPTIONS: Options = Options { now: 1_790_000_000, max_age: 86_400 };
const PACKER: By<'static> = ("packer", "packhouse", "packer-key");

/// One packed lot from 200 farmers' harvests, through four intermediate lots of 50.
fn two_hundred_farmers() -> Village {
    let mut village = Village::new();
    village.register("packer", &["packhouse"]);
    let mut merged = Vec::new();
    for group in 0..4 {
        let mut lots = Vec::new();
        for n in 0..50 {
            let org = format!("f{group}-{n}");
            village.register(&org, &["farm"]);
            let key = format!("{org}-key");
            let by = [(org.as_str(), "farm", key.as_str())];
            let (plot, crop, lot) =
                (format!("plot:{org}.p"), format!("crop:{org}.c"), format!("batch:{org}.lot"));
            village.say("plot.register/1", &plot, &[], &by, data::plot()).expect("plot");
            village.say("crop.open/1", &crop, &[&plot], &by, data::crop(&plot)).expect("season");
            village.say("harvest/1", &lot, &[&crop], &by, data::harvest(&[&crop], 100)).expect("harvest");
            let shipped =
                village.say("shipping/1", &lot, &[], &by, data::shipping(&[(&lot, 100)], "packer", None));
            let received = data::receiving(shipped.expect("shipping").leaf, &[(&lot, 100)], "accepted");
            village.say("receiving/1", &lot, &[], &[PACKER], received).expect("receiving");
            lots.push(lot);
        }
        let inputs: Vec<(&str, u32)> = lots.iter().map(|lot| (lot.as_str(), 100)).collect();
        let mut touches: Vec<&str> = lots.iter().map(String::as_str).collect();
        touches.sort_unstable();
        let output = format!("batch:packer.m{group}");
        village
            .say("packing/1", &output, &touches, &[PACKER], data::packing(&inputs, &output, 4999))
            .expect("merge");
        merged.push(output);
    }
    let inputs: Vec<(&str, u32)> = merged.iter().map(|lot| (lot.as_str(), 4999)).collect();
    let touches: Vec<&str> = merged.iter().map(String::as_str).collect();
    let packing = data::packing(&inputs, "batch:packer.all", 19_995);
    village.say("packing/1", "batch:packer.all", &touches, &[PACKER], packing).expect("packing");
    village.seal();
    village
}

/// A lot of a season with 1,000 records on its chain.
fn thousand_inputs() -> Village {
    let mut village = Village::new();
    village.register("farm", &["farm"]);
    let by: [By<'_>; 1] = [("farm", "farm", "farm-key")];
    village.say("plot.register/1", "plot:farm.p", &[], &by, data::plot()).expect("plot");
    village
        .say("crop.open/1", "crop:farm.c", &["plot:farm.p"], &by, data::crop("plot:farm.p"))
        .expect("season");
    for _ in 0..998 {
        village.say("input/1", "crop:farm.c", &[], &by, data::input()).expect("input");
    }
    let harvest = data::harvest(&["crop:farm.c"], 100);
    village.say("harvest/1", "batch:farm.lot", &["crop:farm.c"], &by, harvest).expect("harvest");
    village.seal();
    village
}

fn bundles(c: &mut Criterion) {
    for (name, village, subject) in [
        ("200_farmers", two_hundred_farmers(), "batch:packer.all"),
        ("1000_record_season", thousand_inputs(), "batch:farm.lot"),
    ] {
        let file = village.bundle(subject);
        let trust = village.trust();
        let report = verify_bundle(&file, &trust, &OPTIONS);
        assert!(report.verified(&[]), "{name}");
        println!(
            "{name}: {} bytes, {}",
            file.len(),
            report.status(suyuan::verify::Layer::Signatures).reason()
        );
        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        group.bench_function("make", |b| b.iter(|| black_box(village.bundle(subject))));
        group.bench_function("verify", |b| b.iter(|| black_box(verify_bundle(&file, &trust, &OPTIONS))));
        group.finish();
    }
}

/// One more record on a ledger of a thousand: signatures and rules, no disk.
fn apply(c: &mut Criterion) {
    let mut village = thousand_inputs();
    let statement =
        village.statement("input/1", "crop:farm.c", &[], &[("farm", "farm", "farm-key")], data::input());
    let record = village.draft(&statement, &["farm-key"]);
    let facts = MemoryFacts(village.dump());
    let entry = Entry::Record(Box::new(record.clone()));
    c.bench_function("apply_with_signature", |b| {
        b.iter_batched(
            || State::load(&facts).expect("memory"),
            |mut state| state.apply(&entry).expect("applies"),
            criterion::BatchSize::SmallInput,
        );
    });
    c.bench_function("apply_admitted", |b| {
        b.iter_batched(
            || State::load(&facts).expect("memory"),
            |mut state| state.apply_admitted(&record).expect("applies"),
            criterion::BatchSize::SmallInput,
        );
    });
    let key = village::key("farm-key").public();
    c.bench_function("limit_one_strict_signature", |b| {
        b.iter(|| record.envelope.verify(&record.envelope.signatures[0], &key).expect("good"));
    });
}

criterion_group!(benches, bundles, apply);
criterion_main!(benches);
