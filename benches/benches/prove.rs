//! What a proof costs, stage by stage and tier by tier, on one thread and on two; arkworks beside it.
#![allow(missing_docs, clippy::expect_used)]

use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, prepare_verifying_key};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use medproof_benches::{numbers, pool, witness};
use medproof_disclosure::Disclosure;
use medproof_engine::cpu::{Ready, Settings};
use medproof_engine::{Assignment, Blinding, Unstoppable, satisfaction};
use medproof_keys::{CircuitKey, KeyStore, Quiet};
use medproof_statement::check;
use medproof_statement::tier::Tier;
use std::hint::black_box;
use std::time::Duration;

fn key(tier: Tier) -> CircuitKey {
    let store = KeyStore::of_user().expect("a cache directory");
    store.development(tier, &Quiet).expect("a development key")
}

fn stages(c: &mut Criterion) {
    for tier in Tier::ALL {
        let (key, (public, witness)) = (key(tier), witness(tier));
        let synthesise = || Assignment::synthesise(Disclosure::new(public, &witness), key.shape());
        let assignment = synthesise().expect("a witness");
        let ready = || Ready::new(key.matrices(), key.proving(), Settings::default(), &Quiet).expect("a key that fits");
        let made = ready();
        let blinding = || Blinding::fresh().expect("randomness");
        let prove = || {
            made.prove(assignment.values(), &blinding(), &Unstoppable)
                .expect("a proof")
        };
        let proof = prove();
        let verifying = prepare_verifying_key(key.verifying());

        let mut group = c.benchmark_group(format!("{tier}"));
        group.bench_function("check", |b| b.iter(|| check::check(black_box(&public), &witness)));
        group.bench_function("witness", |b| b.iter(|| synthesise().expect("a witness")));
        group.bench_function("satisfaction", |b| {
            b.iter(|| satisfaction::check(key.matrices(), &assignment))
        });
        group.bench_function("key ready", |b| b.iter(ready));
        for threads in [1, 2] {
            let pool = pool(threads);
            group.bench_function(BenchmarkId::new("prove, medproof", threads), |b| {
                b.iter(|| pool.install(prove));
            });
            group.bench_function(BenchmarkId::new("prove, arkworks", threads), |b| {
                b.iter(|| pool.install(|| reference(&key, &assignment)));
            });
        }
        group.bench_function("verify", |b| {
            b.iter(|| Groth16::<Bn254>::verify_proof(&verifying, &proof, assignment.public()));
        });
        group.finish();
    }
}

fn reference(key: &CircuitKey, assignment: &Assignment) -> ark_groth16::Proof<Bn254> {
    let (random, matrices): (Vec<Fr>, _) = (numbers(2), key.matrices());
    Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
        key.proving(),
        random[0],
        random[1],
        matrices.abc(),
        matrices.inputs(),
        matrices.constraints(),
        assignment.values(),
    )
    .expect("a proof")
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = stages
}
criterion_main!(benches);
