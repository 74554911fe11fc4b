//! What it takes to append: admission, one synced commit with its checkpoint and signed head, and the receipt.
//!
//! Statements are signed before the clock starts; the disk is the one under the temporary directory (TMPDIR).

#[path = "../tests/support/farm.rs"]
mod farm;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use farm::{Farm, Says};
use serde_json::Value;
use suyuan::merkle::Hash;
use suyuan::private::openings::Opening;
use suyuan::sequencer::{
    GROUP_MAX, Ledger, LedgerHandle, LogSigner, Pending, Settings, Submission, SystemClock, create,
};
use suyuan::statement::envelope::Envelope;
use suyuan::store::data_dir::DataDir;
use suyuan::store::signed_head::SignedHead;

const ORIGIN: &str = "suyuan.bench/log";

fn signer() -> LogSigner {
    LogSigner::new(ORIGIN.parse().unwrap(), farm::key("log"))
}

struct Client {
    handle: LedgerHandle,
    ledger: Hash,
}

impl farm::Ledger for Client {
    fn id(&self) -> Hash {
        self.ledger
    }

    fn take(&mut self, envelope: Envelope, openings: Vec<Value>) -> Hash {
        let accepted = self.handle.submit_blocking(submission((envelope, openings)));
        accepted.unwrap().receipt.leaf
    }
}

fn submission((envelope, openings): (Envelope, Vec<Value>)) -> Submission {
    let openings = openings.iter().map(|opening| Opening::from_json(opening).unwrap()).collect();
    Submission { envelope, openings }
}

fn spraying(farm: &mut Farm<Client>) -> Submission {
    submission(farm.signed(Says {
        kind: "input/1",
        subject: "crop:qingshan.p1-2026",
        signer: ("qingshan", "coop"),
        occurred_at: "2026-05-02",
        recorded_at: Some("2026-05-02T18:30:00+08:00"),
        data: serde_json::json!({
            "kind": "fertiliser", "product": {"name": "有机肥", "manufacturer": "示范肥料厂"}, "target": "追肥",
            "method": "broadcast", "dose": {"amount": farm::quantity("20", "kg"), "per": "mu"},
            "area": farm::quantity("12.5", "mu"), "start_date": "2026-05-02", "end_date": "2026-05-02",
            "operator": "王小山",
        }),
        ..Says::default()
    }))
}

fn append(c: &mut Criterion) {
    let files = tempfile::tempdir().unwrap();
    let dir = DataDir::new(files.path());
    let signed_head = SignedHead::new(dir.signed_head());
    let vkey = signer().verifier_keys()[0].to_string();
    let genesis = farm::genesis(ORIGIN, &vkey, "2026-01-01T00:00:00Z");
    let id = create(&dir, &signed_head, &signer(), genesis, &SystemClock::new()).unwrap();
    let clock = Arc::new(SystemClock::new());
    let settings = Settings { dir, signed_head, signer: Some(signer()), clock, clock_confirmed: false };
    let ledger = Ledger::open(settings).unwrap();
    let handle = ledger.handle();
    let mut farm = Farm::new(Client { handle: handle.clone(), ledger: id });
    farm.grow();

    let mut group = c.benchmark_group("append");
    for count in [1, GROUP_MAX] {
        group.throughput(Throughput::Elements(count as u64));
        group.sample_size(if count == 1 { 100 } else { 20 });
        group.bench_function(format!("{count} at a time"), |b| {
            b.iter_batched(
                || (0..count).map(|_| spraying(&mut farm)).collect::<Vec<_>>(),
                |statements| {
                    let pending: Vec<Pending> =
                        statements.into_iter().map(|statement| handle.enqueue(statement).unwrap()).collect();
                    for pending in pending {
                        black_box(pending.accepted_blocking().unwrap());
                    }
                },
                BatchSize::PerIteration,
            )
        });
    }
    group.finish();
}

criterion_group!(benches, append);
criterion_main!(benches);
