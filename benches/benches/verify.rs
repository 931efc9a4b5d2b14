//! A verification from bytes to a yes, on one core, beside ark-groth16's with a prepared key; and many together. Decoding is in all of
//! them, with the points' subgroups; requests and the ledger are in none. Each round takes all of them in turn, so that what else
//! the machine does is in all.
#![allow(missing_docs, clippy::expect_used)]

#[path = "../../verifier/tests/common/mod.rs"]
mod common;

use ark_bn254::Bn254;
use ark_groth16::{Groth16, PreparedVerifyingKey, Proof, prepare_verifying_key};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use common::{inputs, present, proving_key, request, verifier};
use medproof_benches::pool;
use medproof_messages::Presentation;
use medproof_messages::presentation::Proof as Points;
use medproof_statement::Fr;
use medproof_statement::public::PublicInputs;
use medproof_verifier::BATCH;
use medproof_verifier::groth16::PreparedKey;
use std::hint::black_box;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

const ROUNDS: usize = 60;
// Of one verification, in a round.
const TIMES: u32 = 16;

fn main() -> std::io::Result<()> {
    let all: Vec<Presentation> = (0..BATCH as u64).map(numbered).collect();
    let bytes: Vec<Vec<u8>> = all.iter().map(|one| one.to_bytes().to_vec()).collect();
    let theirs = of_arkworks(&all[0]);
    let (verifier, prepared) = (verifier(), prepare_verifying_key(&proving_key().vk));
    let key = verifier.key();
    let rounds = pool(1).install(|| -> Vec<[f64; 3]> {
        let round = |_| {
            [
                timed(TIMES, || arkworks(&prepared, &theirs)),
                timed(TIMES, || one(key, &bytes[0])),
                timed(1, || together(key, &bytes)) / BATCH as f64,
            ]
        };
        (0..ROUNDS).map(round).collect()
    });
    write!(stdout(), "{}", table(&rounds))
}

// Microseconds of one.
fn timed(times: u32, work: impl Fn()) -> f64 {
    let start = Instant::now();
    (0..times).for_each(|_| work());
    let took: Duration = start.elapsed() / times;
    took.as_secs_f64() * 1e6
}

fn arkworks(key: &PreparedVerifyingKey<Bn254>, (proof, inputs): &(Vec<u8>, Vec<u8>)) {
    let proof = Proof::deserialize_compressed(&black_box(proof)[..]).expect("a proof");
    let inputs = Vec::<Fr>::deserialize_compressed(&inputs[..]).expect("inputs");
    assert!(Groth16::<Bn254>::verify_proof(key, &proof, &inputs).expect("five inputs"));
}

fn one(key: &PreparedKey, bytes: &[u8]) {
    let read = Presentation::from_bytes(black_box(bytes)).expect("a presentation");
    assert!(key.check(&read.proof, &read.public).is_ok());
}

fn together(key: &PreparedKey, bytes: &[Vec<u8>]) {
    let read = bytes
        .iter()
        .map(|bytes| Presentation::from_bytes(bytes).expect("a presentation"));
    let read: Vec<Presentation> = read.collect();
    let proofs: Vec<(&Points, &PublicInputs)> = read.iter().map(|one| (&one.proof, &one.public)).collect();
    assert!(key.all_are_sound(&proofs));
}

fn table(rounds: &[[f64; 3]]) -> String {
    let median = |of: &dyn Fn(&[f64; 3]) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let times = [0, 1, 2].map(|which| median(&|round| round[which]));
    let faster = [0, 1, 2].map(|which| median(&|round| round[0] / round[which]));
    let share = median(&|round| round[2] / round[1]);
    let line = |name: &str, which: usize| format!("| {name} | {:.0} | {:.2} |\n", times[which], faster[which]);
    [
        "| one core, from bytes | µs each | times as fast as ark-groth16 |\n|---|---:|---:|\n".to_owned(),
        line("ark-groth16, prepared key", 0),
        line("medproof (at least 1.7)", 1),
        line(&format!("medproof, {BATCH} together"), 2),
        format!(
            "\nOf {BATCH} together each takes {share:.2} of one alone (at most 0.33). Medians of {ROUNDS} rounds.\n"
        ),
    ]
    .concat()
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
