//! What the subject map costs a commit and a page: updating it, proving from it, checking a proof.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use suyuan::merkle::Hash;
use suyuan::merkle::map::{
    EMPTY_MAP, MapNodesInMemory, MapUpdate, MapValue, map_key, prove, update, verify_map,
};

const SUBJECTS: u64 = 100_000;

fn subject(n: u64) -> String {
    format!("batch:greenhill.lot-{n}")
}

fn changes(numbers: impl Iterator<Item = u64>, count: u64) -> BTreeMap<Hash, MapValue> {
    numbers
        .map(|n| (map_key(&subject(n)), MapValue { count, last: Hash::of(&count.to_be_bytes()) }))
        .collect()
}

fn updated(nodes: &MapNodesInMemory, root: &Hash, changes: &BTreeMap<Hash, MapValue>) -> MapUpdate {
    update(nodes, root, changes).expect("the nodes are all in memory")
}

fn map(c: &mut Criterion) {
    let mut nodes = MapNodesInMemory::new();
    let full = updated(&nodes, &EMPTY_MAP, &changes(0..SUBJECTS, 1));
    nodes.extend(full.new_nodes);
    let root = full.root;

    let mut group = c.benchmark_group(format!("map of {SUBJECTS} subjects"));
    for batch in [1, 16, 256, 4096] {
        group.throughput(Throughput::Elements(batch));
        let mut round = 0;
        group.bench_function(format!("update {batch}"), |b| {
            let next = || {
                round += 1;
                changes((0..batch).map(|n| (n * 7919 + round * 104_729) % SUBJECTS), 2)
            };
            b.iter_batched(next, |changes| updated(&nodes, &root, &changes), BatchSize::SmallInput);
        });
    }
    group.throughput(Throughput::Elements(1));
    let asked = subject(SUBJECTS / 2);
    group.bench_function("prove", |b| b.iter(|| prove(&nodes, &root, black_box(&asked))));
    let (value, proof) = prove(&nodes, &root, &asked).expect("the nodes are all in memory");
    group.bench_function("verify", |b| b.iter(|| verify_map(&root, black_box(&asked), value, &proof)));
    group.finish();
}

criterion_group!(benches, map);
criterion_main!(benches);
