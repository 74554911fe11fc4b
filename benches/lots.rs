//! What an account of 100,000 lots costs: building it, asking it in the worst graphs, adding to it, and its memory.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use suyuan::ledger::Record;
use suyuan::merkle::Hash;
use suyuan::produce::Tables;
use suyuan::produce::lots::{Lots, Reach, Watch};
use suyuan::statement::ed25519::KeyPair;
use suyuan::statement::envelope::Envelope;
use suyuan::statement::payload::{Statement, to_payload_bytes};
use suyuan::statement::subject::Subject;

const LOTS: u64 = 100_000;
const ALL: Reach = Reach { back: u32::MAX, forward: u32::MAX, nodes_max: 200 };

/// Makes records without a ledger: an account reads what they say, not whether they may.
struct Log {
    records: Vec<Record>,
    key: KeyPair,
}

impl Log {
    fn new() -> Log {
        Log { records: Vec::new(), key: KeyPair::from_seed(&Hash::of(b"bench").0) }
    }

    fn say(&mut self, kind: &str, subject: &str, touches: &[&str], data: Value) {
        let (seq, key) = (self.records.len() as u64 + 1, &self.key);
        let mut touches: Vec<&str> = touches.to_vec();
        touches.sort_unstable();
        touches.dedup();
        let payload = json!({
            "v": 1, "ledger": Hash::ZERO, "id": format!("01936f5e-7c3a-7b2f-8d1e-{seq:012x}"), "kind": kind,
            "subject": subject, "touches": touches, "occurred_at": "2026-06-13T10:00:00+08:00",
            "recorded_at": "2026-06-13T10:00:00+08:00", "visibility": "public", "data": data,
            "signers": [{"org": "org:farm", "key": key.key_id(), "as": "farm"}],
        });
        let bytes = to_payload_bytes(&payload).expect("the payload has its form");
        let statement = Statement::parse(&bytes).expect("the payload is a statement");
        let envelope = Envelope::sign(&statement, &[key]).expect("the key is the signer's");
        let at = 1_781_000_000_000;
        self.records.push(Record { seq, at, links: Vec::new(), envelope, statement });
    }

    /// A plot and its season for every hundred lots.
    fn field(&mut self, n: u64) {
        let (plot, crop) = (format!("plot:farm.p{}", n / 100), format!("crop:farm.c{}", n / 100));
        self.say(
            "plot.register/1",
            &plot,
            &[],
            json!({
                "name": "坡", "area": quantity(100, "m2"), "crop": "杨梅", "variety": "东魁",
                "declared_yield": quantity(9_000_000_000, "g"),
            }),
        );
        self.say(
            "crop.open/1",
            &crop,
            &[&plot],
            json!({
                "plot": plot, "crop": "杨梅", "variety": "东魁", "season": "2026",
            }),
        );
    }

    fn harvest(&mut self, n: u64) {
        if n.is_multiple_of(100) {
            self.field(n);
        }
        let crop = format!("crop:farm.c{}", n / 100);
        let data = json!({"from": [crop], "quantity": quantity(1_000, "g")});
        self.say("harvest/1", &lot(n), &[&crop], data);
    }

    /// Takes `grams` of each input and makes the outputs of it in equal parts.
    fn grade(&mut self, inputs: &[u64], outputs: &[u64], grams: u64) {
        let portion = |n: &u64, grams: u64| json!({"lot": lot(*n), "quantity": quantity(grams, "g")});
        let each = grams * inputs.len() as u64 / outputs.len() as u64;
        let names: Vec<String> = inputs.iter().chain(&outputs[1..]).map(|n| lot(*n)).collect();
        let data = json!({
            "inputs": inputs.iter().map(|n| portion(n, grams)).collect::<Vec<_>>(),
            "outputs": outputs.iter().map(|n| portion(n, each)).collect::<Vec<_>>(),
            "loss": quantity(0, "g"), "loss_reason": "none", "site": "一号线",
        });
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.say("grading/1", &lot(outputs[0]), &names, data);
    }
}

fn lot(n: u64) -> String {
    format!("batch:farm.l{n}")
}

fn quantity(value: u64, unit: &str) -> Value {
    let value_of = if unit == "m2" { value * 10_000 } else { value };
    json!({"entered": value.to_string(), "unit": unit, "value": value_of})
}

/// Seasons as they are: four of ten lots are harvested, the others are graded and packed of them.
fn usual() -> Log {
    let mut log = Log::new();
    for n in (0..LOTS).step_by(10) {
        (n..n + 4).for_each(|n| log.harvest(n));
        log.grade(&[n, n + 1, n + 2, n + 3], &[n + 4, n + 5, n + 6], 1_000);
        (0..3).for_each(|k| log.grade(&[n + 4 + k], &[n + 7 + k], 1_000));
    }
    log
}

/// Each lot made of the one before.
fn deep() -> Log {
    let mut log = Log::new();
    log.harvest(0);
    (1..LOTS).for_each(|n| log.grade(&[n - 1], &[n], 1_000));
    log
}

/// All lots of one, sixty-three at a time, and all into one again.
fn wide() -> Log {
    let mut log = Log::new();
    log.harvest(0);
    let parts: Vec<u64> = (1..LOTS / 2).collect();
    parts.chunks(60).for_each(|parts| log.grade(&[0], parts, 1));
    parts.chunks(60).enumerate().for_each(|(n, parts)| log.grade(parts, &[LOTS / 2 + n as u64], 1));
    let joined: Vec<u64> = (0..parts.chunks(60).len() as u64).map(|n| LOTS / 2 + n).collect();
    joined.chunks(60).enumerate().for_each(|(n, lots)| log.grade(lots, &[LOTS + n as u64], 1));
    let last: Vec<u64> = (0..joined.chunks(60).len() as u64).map(|n| LOTS + n).collect();
    log.grade(&last, &[2 * LOTS], 1);
    log
}

fn lots(c: &mut Criterion) {
    let shapes = [("usual", usual(), 9), ("deep", deep(), LOTS - 1), ("wide", wide(), 2 * LOTS)];
    let mut group = c.benchmark_group(format!("{LOTS} lots"));
    group.sample_size(10);
    for (shape, log, asked) in &shapes {
        let size = log.records.len() as u64 + 1;
        let account = Lots::of(&log.records);
        println!("{shape}: {} records, {} MB", log.records.len(), account.bytes() / 1_000_000);
        group.bench_function(format!("{shape}: build"), |b| b.iter(|| Lots::of(&log.records)));
        for (name, lot_asked) in [("back", *asked), ("forward", 0)] {
            let subject = Subject::parse(&lot(lot_asked)).expect("a lot");
            group.bench_function(format!("{shape}: {name}"), |b| {
                b.iter(|| account.graph(black_box(&subject), ALL, size));
            });
        }
        let subject = Subject::parse(&lot(*asked)).expect("a lot");
        let tables = Tables::default();
        group.bench_function(format!("{shape}: balance"), |b| {
            b.iter(|| account.imbalances([black_box(&subject)], &tables, size));
        });
    }
    let (_, log, _) = &shapes[0];
    group.bench_function("usual: watch every record", |b| {
        b.iter(|| {
            let mut watch = Watch::default();
            log.records.iter().for_each(|record| {
                watch.take(record);
            });
            watch.alarms().len()
        });
    });
    group.finish();
}

criterion_group!(benches, lots);
criterion_main!(benches);
