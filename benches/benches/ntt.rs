//! From values on a domain to values on its coset, on one thread: what the quotient takes of each
//! polynomial.
#![allow(missing_docs, clippy::expect_used)]

use ark_bn254::Fr;
use ark_ff::{FftField, Field};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use medproof_benches::{numbers, pool};
use medproof_lanes::Path;
use medproof_lanes::transform::{Coset, Values};
use std::time::Duration;

fn transforms(c: &mut Criterion) {
    let pool = pool(1);
    let mut group = c.benchmark_group("transform");
    for log in [14, 16, 18] {
        let n = 1usize << log;
        let values: Vec<Fr> = numbers(n);
        let domain = Radix2EvaluationDomain::<Fr>::new(n).expect("a domain");
        let shifted = domain.get_coset(Fr::GENERATOR).expect("a coset");
        let coset = Coset::new(Path::best(), n, Fr::GENERATOR, Fr::ONE).expect("a coset");
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(BenchmarkId::new("medproof", n), |b| {
            let mut on_coset = Values::default();
            b.iter(|| pool.install(|| coset.extend(&values, &mut on_coset)));
        });
        group.bench_function(BenchmarkId::new("arkworks", n), |b| {
            b.iter(|| pool.install(|| shifted.fft(&domain.ifft(&values))));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = transforms
}
criterion_main!(benches);
