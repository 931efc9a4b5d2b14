//! What it costs to make a development key, and to load it again.
#![allow(missing_docs, clippy::expect_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use medproof_disclosure::{CIRCUIT_VERSION, Disclosure};
use medproof_gadgets::shape::Matrices;
use medproof_keys::{KeyStore, Quiet, development};
use medproof_statement::tier::Tier;

fn keys(c: &mut Criterion) {
    let cache = tempfile::tempdir().expect("a temporary directory");
    let store = KeyStore::at(cache.path());
    for tier in Tier::ALL {
        let matrices = || Matrices::synthesise(Disclosure::blank(tier)).expect("matrices");
        let circuit = matrices();
        store.development(tier, &Quiet).expect("a development key");

        let mut group = c.benchmark_group(format!("{tier}"));
        group.sample_size(10);
        group.bench_function("matrices", |b| b.iter(matrices));
        group.bench_function("make", |b| {
            b.iter(|| development::make(tier, CIRCUIT_VERSION, circuit.clone(), &Quiet).expect("a key"));
        });
        group.bench_function("load", |b| b.iter(|| store.development(tier, &Quiet).expect("a key")));
        group.finish();
    }
}

criterion_group!(benches, keys);
criterion_main!(benches);
