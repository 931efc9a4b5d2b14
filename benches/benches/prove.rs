//! What a proof costs, stage by stage and tier by tier.
#![allow(missing_docs, clippy::expect_used)]

use ark_bn254::Bn254;
use ark_groth16::{Groth16, prepare_verifying_key};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use medproof_benches::witness;
use medproof_disclosure::Disclosure;
use medproof_engine::{Arkworks, Assignment, Engine, satisfaction};
use medproof_keys::{CircuitKey, KeyStore, Mode, Quiet};
use medproof_statement::check;
use medproof_statement::tier::Tier;
use std::hint::black_box;
use std::sync::Arc;

fn key(tier: Tier) -> Arc<CircuitKey> {
    let store = KeyStore::of_user().expect("a cache directory");
    Arc::new(store.development(tier, &Quiet).expect("a development key"))
}

fn stages(c: &mut Criterion) {
    for tier in Tier::ALL {
        let (key, (public, witness)) = (key(tier), witness(tier));
        let engine = Arkworks::new(Mode::Development, [Arc::clone(&key)]).expect("development mode");
        let synthesise = || Assignment::synthesise(Disclosure::new(public, &witness), key.shape());
        let assignment = synthesise().expect("a witness");
        let proof = engine.prove(&public, &witness, &Quiet).expect("a proof").proof;
        let points = ark_groth16::Proof {
            a: *proof.a(),
            b: *proof.b(),
            c: *proof.c(),
        };
        let verifying = prepare_verifying_key(key.verifying());

        let mut group = c.benchmark_group(format!("{tier}"));
        group.sample_size(10);
        group.bench_function("check", |b| b.iter(|| check::check(black_box(&public), &witness)));
        group.bench_function("witness", |b| b.iter(|| synthesise().expect("a witness")));
        group.bench_function("satisfaction", |b| {
            b.iter(|| satisfaction::check(key.matrices(), &assignment))
        });
        group.bench_function(BenchmarkId::new("prove", "arkworks"), |b| {
            b.iter(|| engine.prove(&public, &witness, &Quiet).expect("a proof"));
        });
        group.bench_function("verify", |b| {
            b.iter(|| Groth16::<Bn254>::verify_proof(&verifying, &points, &public.to_array()));
        });
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
