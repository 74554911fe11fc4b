//! What a scanned code costs the server: the provenance page and the bundle over a loopback socket, from a real service.

#[path = "../tests/support/farm.rs"]
mod farm;
#[path = "../tests/support/service.rs"]
mod service;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use service::Service;

fn pages(c: &mut Criterion) {
    let service = Service::new();
    service.farm().season();
    for (name, path) in [
        ("health", "/healthz"),
        ("page", "/b/shanqian.dk0613a"),
        ("qr_png", "/b/shanqian.dk0613a/qr.png"),
        ("proof", "/api/v1/records/3/proof"),
        ("bundle", "/api/v1/batches/shanqian.dk0613a/bundle"),
    ] {
        assert_eq!(service.client.get(path).status, 200, "{path}");
        c.bench_function(name, |b| b.iter(|| black_box(service.client.get(path))));
    }
    service.stop();
}

criterion_group!(benches, pages);
criterion_main!(benches);
