//! A verification from bytes to a yes, on one core, beside ark-groth16's with a prepared key; and many together. Decoding is in all of
//! them, with the points' subgroups; requests and the ledger are in none.
#![allow(missing_docs, clippy::expect_used)]

#[path = "../../verifier/tests/common/mod.rs"]
mod common;

use ark_bn254::Bn254;
use ark_groth16::{Groth16, Proof, prepare_verifying_key};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use common::{inputs, present, proving_key, request, verifier};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use medproof_benches::pool;
use medproof_messages::Presentation;
use medproof_messages::presentation::Proof as Points;
use medproof_statement::Fr;
use medproof_statement::public::PublicInputs;
use medproof_verifier::BATCH;
use std::hint::black_box;

fn verifications(c: &mut Criterion) {
    let all: Vec<Presentation> = (0..BATCH as u64).map(numbered).collect();
    let bytes: Vec<Vec<u8>> = all
        .iter()
        .map(|presentation| presentation.to_bytes().to_vec())
        .collect();
    let theirs: Vec<(Vec<u8>, Vec<u8>)> = all.iter().map(of_arkworks).collect();
    let (verifier, prepared) = (verifier(), prepare_verifying_key(&proving_key().vk));
    let one = pool(1);
    let mut group = c.benchmark_group("verify");
    group.bench_function("ark-groth16", |b| {
        let (proof, inputs) = &theirs[0];
        one.install(|| {
            b.iter(|| {
                let proof = Proof::deserialize_compressed(&proof[..]).expect("a proof");
                let inputs = Vec::<Fr>::deserialize_compressed(&inputs[..]).expect("inputs");
                assert!(Groth16::<Bn254>::verify_proof(&prepared, &proof, &inputs).expect("five inputs"));
            });
        });
    });
    group.bench_function("medproof", |b| {
        one.install(|| {
            b.iter(|| {
                let presentation = Presentation::from_bytes(black_box(&bytes[0])).expect("a presentation");
                let checked = verifier.key().check(&presentation.proof, &presentation.public);
                assert!(checked.is_ok());
            });
        });
    });
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function(format!("medproof, {BATCH} together"), |b| {
        one.install(|| {
            b.iter(|| {
                let read = bytes
                    .iter()
                    .map(|bytes| Presentation::from_bytes(bytes).expect("a presentation"));
                let read: Vec<Presentation> = read.collect();
                let proofs: Vec<(&Points, &PublicInputs)> = read.iter().map(|p| (&p.proof, &p.public)).collect();
                assert!(verifier.key().all_are_sound(&proofs));
            });
        });
    });
    group.finish();
}

fn numbered(number: u64) -> Presentation {
    let public = PublicInputs {
        nullifier: Fr::from(number),
        ..inputs(&request())
    };
    present(&public, number)
}

fn of_arkworks(presentation: &Presentation) -> (Vec<u8>, Vec<u8>) {
    let proof = Proof::<Bn254> {
        a: *presentation.proof.a(),
        b: *presentation.proof.b(),
        c: *presentation.proof.c(),
    };
    let (mut points, mut inputs) = (Vec::new(), Vec::new());
    proof.serialize_compressed(&mut points).expect("memory");
    let public = presentation.public.to_array().to_vec();
    public.serialize_compressed(&mut inputs).expect("memory");
    (points, inputs)
}

criterion_group!(benches, verifications);
criterion_main!(benches);
