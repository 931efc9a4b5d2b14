//! Many at once are told as each by itself.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use ark_bn254::G1Affine;
use ark_ec::{AffineRepr, CurveGroup};
use common::*;
use medproof_messages::{Presentation, Proof};
use medproof_statement::Fr;
use medproof_statement::public::PublicInputs;
use medproof_verifier::{BATCH, Presented, Refusal, Verified};

fn good(number: u64) -> Presentation {
    let public = PublicInputs {
        nullifier: Fr::from(number),
        ..inputs(&request())
    };
    present(&public, number)
}

// Of these presentations, by one call and one by one.
fn told(presentations: &[Presentation]) -> Vec<Result<Verified, Refusal>> {
    let (verifier, request, claim) = (verifier(), request(), claim());
    let answers: Vec<Presented<'_>> = presentations
        .iter()
        .map(|presentation| Presented {
            presentation,
            request: &request,
            claim: &claim,
        })
        .collect();
    let all = verifier.verify_all(&answers, &view(), now());
    let each = presentations
        .iter()
        .map(|p| verifier.verify_parsed(p, &request, &claim, &view(), now()));
    assert_eq!(all, each.collect::<Vec<_>>());
    all
}

fn bad() -> Result<Verified, Refusal> {
    Err(Refusal::Proof { key: pinned().id() })
}

// Its C moved by a point.
fn moved(presentation: &Presentation, by: G1Affine) -> Presentation {
    let proof = &presentation.proof;
    let c = (*proof.c() + by).into_affine();
    Presentation {
        proof: Proof::new(*proof.a(), *proof.b(), c).unwrap(),
        ..*presentation
    }
}

#[test]
fn more_than_are_checked_together_all_hold() {
    assert!(told(&[]).is_empty());
    let all: Vec<Presentation> = (0..=BATCH as u64).map(good).collect();
    assert!(told(&all).iter().all(Result::is_ok));
}

#[test]
fn the_bad_ones_are_named_and_the_good_ones_count() {
    let mut all: Vec<Presentation> = (0..5).map(good).collect();
    // Another's inputs, and what is refused before its proof is looked at.
    all[1].public.nullifier = Fr::from(9u64);
    all[3].public.request_digest = Fr::from(1u64);
    all[4] = moved(&all[4], G1Affine::generator());
    let told = told(&all);
    assert!(told[0].is_ok() && told[2].is_ok());
    assert_eq!((&told[1], &told[4]), (&bad(), &bad()));
    assert!(matches!(told[3], Err(Refusal::Request { .. })), "{:?}", told[3]);
}

/// What is wrong with one is wrong with the other the other way round: the product of the equations holds as it is, and with every
/// coefficient that is the same for both.
#[test]
fn errors_that_make_up_for_each_other_are_found() {
    let point = G1Affine::generator();
    let (first, second) = (good(1), good(2));
    assert_eq!(told(&[moved(&first, point), moved(&second, -point)]), [bad(), bad()]);
    // Inputs as well: only their sum comes into the product.
    let swap = |presentation: &Presentation, nullifier: u64| Presentation {
        public: PublicInputs {
            nullifier: Fr::from(nullifier),
            ..presentation.public
        },
        ..*presentation
    };
    assert_eq!(told(&[swap(&first, 2), swap(&second, 1)]), [bad(), bad()]);
    // In any order, and beside themselves.
    assert_eq!(told(&[moved(&first, point), moved(&first, -point)]), [bad(), bad()]);
    let among = told(&[good(3), moved(&second, -point), good(4), moved(&first, point)]);
    assert_eq!((&among[1], &among[3]), (&bad(), &bad()));
}
