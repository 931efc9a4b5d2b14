//! Sums of points by scalars on one thread: over tables, and arkworks'.
#![allow(missing_docs, clippy::expect_used)]

use ark_bn254::{Fr, G1Projective, G2Projective};
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::UniformRand;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use medproof_benches::{numbers, points, pool};
use medproof_engine::Unstoppable;
use medproof_engine::cpu::Settings;
use medproof_engine::msm::{Bench, Digits, Sorting, Summers, Table, multiply};
use medproof_lanes::points::Curve;
use std::time::Duration;

fn one<G, const D: usize>(c: &mut Criterion, name: &str)
where
    G: CurveGroup<ScalarField = Fr> + VariableBaseMSM + UniformRand,
    G::Affine: Curve<D>,
{
    let pool = pool(1);
    let mut group = c.benchmark_group(name);
    for log in [12, 14, 16] {
        let n = 1usize << log;
        let (bases, settings) = (points::<G>(n), Settings::default());
        let table = || Table::<G::Affine, D>::new(&bases, settings.windows(n), settings.path).expect("memory");
        let made = pool.install(table);
        let uniform: Vec<Fr> = numbers(n);
        // As most of a circuit's values are.
        let bits: Vec<Fr> = (0..n as u64).map(|i| Fr::from(i % 3 % 2)).collect();
        group.throughput(Throughput::Elements(n as u64));
        for (kind, scalars) in [("uniform", &uniform), ("bits", &bits)] {
            let (sorting, bench) = (Sorting::default(), Bench::default());
            let sum = || {
                let digits = Digits::new(scalars, settings.windows(n), &sorting);
                let summers = Summers::new(settings.path, &[&digits], &bench);
                multiply(&made, &digits, &summers, &Unstoppable).expect("scalars that fit")
            };
            group.bench_function(BenchmarkId::new(format!("medproof, {kind}"), n), |b| {
                b.iter(|| pool.install(sum));
            });
            group.bench_function(BenchmarkId::new(format!("arkworks, {kind}"), n), |b| {
                b.iter(|| pool.install(|| G::msm(&bases, scalars)));
            });
        }
        group.bench_function(BenchmarkId::new("table", n), |b| b.iter(|| pool.install(table)));
    }
    group.finish();
}

fn sums(c: &mut Criterion) {
    one::<G1Projective, 1>(c, "G1");
    one::<G2Projective, 2>(c, "G2");
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = sums
}
criterion_main!(benches);
