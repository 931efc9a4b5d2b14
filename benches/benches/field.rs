//! Multiplication in the prime fields: the multiplier's rate, eight at a time and arkworks'.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use medproof_benches::numbers;
use medproof_lanes::Path;
use medproof_lanes::modulus::{Ark, Base, Modulus, Scalar};
use medproof_lanes::rate::multiply;
use std::time::Duration;

const ELEMENTS: usize = 32;
const TIMES: usize = 1000;

fn one<M: Modulus>(c: &mut Criterion, name: &str) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements((ELEMENTS * TIMES) as u64));
    let elements: Vec<Ark<M>> = numbers(ELEMENTS + 1);
    let (by, elements) = elements.split_at(1);
    for (name, path) in [(Path::best().name(), Path::best()), ("arkworks", Path::Portable)] {
        group.bench_function(BenchmarkId::new("multiply", name), |b| {
            let mut elements = elements.to_vec();
            b.iter(|| multiply::<M>(path, &mut elements, &by[0], TIMES));
        });
    }
    group.finish();
}

fn fields(c: &mut Criterion) {
    one::<Base>(c, "base field");
    one::<Scalar>(c, "scalar field");
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(1));
    targets = fields
}
criterion_main!(benches);
