//! Poseidon2's permutation in bulk, as trees are built: eight at a time, one at a time, and TACEO's.
#![allow(missing_docs)]

use ark_bn254::Fr;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use medproof_benches::numbers;
use medproof_lanes::poseidon2::{Tabulated, permute_all};
use medproof_statement::poseidon2::{Width, permute};
use std::time::Duration;
use taceo_poseidon2::bn254::{t4, t8, t12, t16};

const STATES: usize = 1024;

fn one<const T: usize>(c: &mut Criterion, taceo: fn(&mut [Fr; T]))
where
    Width<T>: Tabulated<T>,
{
    let mut group = c.benchmark_group("poseidon2");
    group.throughput(Throughput::Elements(STATES as u64));
    let numbers: Vec<Fr> = numbers(STATES * T);
    let (states, _) = numbers.as_chunks::<T>();
    let mut bench = |name: &str, permute: &dyn Fn(&mut [[Fr; T]])| {
        group.bench_function(BenchmarkId::new(name, T), |b| {
            let mut states = states.to_vec();
            b.iter(|| permute(&mut states));
        });
    };
    bench("bulk", &|states| permute_all(states));
    bench("one at a time", &|states| states.iter_mut().for_each(permute));
    bench("TACEO", &|states| states.iter_mut().for_each(taceo));
    group.finish();
}

fn widths(c: &mut Criterion) {
    one::<4>(c, t4::permutation_in_place);
    one::<8>(c, t8::permutation_in_place);
    one::<12>(c, t12::permutation_in_place);
    one::<16>(c, t16::permutation_in_place);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = widths
}
criterion_main!(benches);
