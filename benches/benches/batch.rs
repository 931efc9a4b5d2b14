//! Proofs a second: a batch on a core each, beside one after the other on one thread. From statement to
//! verified proof.
#![allow(missing_docs, clippy::expect_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use medproof_benches::{pool, witness};
use medproof_engine::cpu::{ReadyKey, Settings};
use medproof_engine::{Cpu, Crew, Engine, ProveError, Proven};
use medproof_keys::{KeyStore, Mode, Quiet};
use medproof_statement::tier::Tier;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

const PROOFS: usize = 8;

fn batches(c: &mut Criterion) {
    let store = KeyStore::of_user().expect("a cache directory");
    let mut group = c.benchmark_group("batch");
    group.throughput(Throughput::Elements(PROOFS as u64));
    for tier in [Tier::Xs, Tier::M] {
        let key = Arc::new(store.development(tier, &Quiet).expect("a development key"));
        let ready = Arc::new(ReadyKey::of(&key, Settings::default(), &Quiet).expect("a key that fits"));
        let engine = Arc::new(Cpu::new(Mode::Development, [ready]).expect("development mode"));
        let statements = vec![witness(tier); PROOFS];
        let one = pool(1);
        group.bench_function(BenchmarkId::new(format!("{tier}, one after the other"), 1), |b| {
            b.iter(|| {
                one.install(|| {
                    for (public, witness) in &statements {
                        engine.prove(public, witness, &Quiet).expect("a proof");
                    }
                });
            });
        });
        for threads in [1, 2] {
            let crew = Crew::new(Arc::clone(&engine), NonZeroUsize::new(threads).expect("threads"));
            group.bench_function(BenchmarkId::new(format!("{tier}, batch"), threads), |b| {
                b.iter(|| {
                    let proven: Result<Vec<Proven>, ProveError> = crew.batch(&statements, &Quiet).into_iter().collect();
                    proven.expect("proofs")
                });
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = batches
}
criterion_main!(benches);
