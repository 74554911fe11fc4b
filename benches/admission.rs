//! What a statement costs on its way in: the check alone, one at a time to the disk, and many sharing a commit.
//!
//! The limits beside the ratios are Ed25519 for the first, and one synced write of the disk for the second.

#[path = "../tests/support/farm.rs"]
mod farm;
#[path = "../tests/support/service.rs"]
mod service;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use farm::{Farm, Ledger as _, Says, quantity};
use serde_json::{Value, json};
use suyuan::merkle::Hash;
use suyuan::private::openings::Opening;
use suyuan::sequencer::{GROUP_MAX, Ledger, Submission, admission::admit};
use suyuan::statement::envelope::Envelope;

/// The orchard, with no net between.
struct Local(Ledger);

impl farm::Ledger for Local {
    fn id(&self) -> Hash {
        self.0.handle().snapshot().log().unwrap().unwrap().ledger
    }

    fn take(&mut self, envelope: Envelope, openings: Vec<Value>) -> Hash {
        self.0.handle().submit_blocking(submission(envelope, &openings)).unwrap().receipt.leaf
    }
}

fn submission(envelope: Envelope, openings: &[Value]) -> Submission {
    let openings = openings.iter().map(|opening| Opening::from_json(opening).unwrap()).collect();
    Submission { envelope, openings }
}

/// A harvest that nobody has told yet: a lot of its own, one sealed remark.
fn harvest(farm: &mut Farm<Local>, n: &mut u64) -> Submission {
    *n += 1;
    let lot = format!("batch:qingshan.n{n}");
    let (envelope, openings) = farm.signed(Says {
        kind: "harvest/1",
        subject: &lot,
        touches: &["crop:qingshan.p1-2026"],
        signer: ("qingshan", "coop"),
        occurred_at: "2026-06-13T05:30:00+08:00",
        data: json!({
            "from": ["crop:qingshan.p1-2026"], "quantity": quantity("10", "jin"), "crop": "杨梅", "note": "雨后采的",
        }),
        ..Says::default()
    });
    submission(envelope, &openings)
}

fn statements(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    service::create(dir.path());
    let mut farm = Farm::new(Local(service::open(dir.path(), Some(service::signer()))));
    farm.grow();
    let handle = farm.ledger.0.handle();
    let _ = farm.ledger.id();
    let mut n = 0;
    let mut group = c.benchmark_group("admission");

    let known = harvest(&mut farm, &mut n);
    let reader = handle.snapshot();
    group.bench_function("check", |b| {
        b.iter_batched(|| known.clone(), |one| black_box(admit(&reader, one).is_ok()), BatchSize::SmallInput);
    });
    group.bench_function("one_at_a_time", |b| {
        b.iter_batched(
            || harvest(&mut farm, &mut n),
            |one| handle.submit_blocking(one).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.throughput(Throughput::Elements(GROUP_MAX as u64)).sample_size(10);
    group.bench_function("a_group", |b| {
        b.iter_batched(
            || (0..GROUP_MAX).map(|_| harvest(&mut farm, &mut n)).collect::<Vec<_>>(),
            |many| {
                let sent: Vec<_> = many.into_iter().map(|one| handle.enqueue(one).unwrap()).collect();
                sent.into_iter().for_each(|one| drop(one.accepted_blocking().unwrap()));
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, statements);
criterion_main!(benches);
