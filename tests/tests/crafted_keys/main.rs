//! Keys crafted to slip through: of each the proof of a falsehood that it lets in, which the library takes, and the
//! gates that refuse the key.
//!
//! Public inputs of which the statement is false are `false_inputs`; for them there is no witness.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod circuit;
#[path = "../contract/mod.rs"]
mod contract;
mod forgery;
mod gates;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field};
use ark_groth16::{Proof, ProvingKey, VerifyingKey};
use circuit::{Powers, Root, Secrets, false_inputs, matrices};
use contract::Contract;
use forgery::accepts;
use gates::{accepted, joined, refused, rule};
use medproof_engine::circom::{Circom, zkey};
use medproof_engine::cpu::{ReadyKey, Settings};
use medproof_engine::{Arkworks, Assignment, Cpu, ProveError, Unstoppable};
use medproof_keys::circom::{FormatError, read_verification_key, read_zkey, verification_key_json, write_zkey};
use medproof_keys::fit::Misfit;
use medproof_keys::proving_file::{self, MalformedKey};
use medproof_keys::{Mode, Quiet, UnusableKey};
use medproof_ledger::Refusal;
use medproof_messages::json::JsonError;
use medproof_messages::key::KeyPoint;
use medproof_messages::point::PointError;
use medproof_messages::{KeyError, PinnedKey};
use medproof_statement::tier::Tier;
use medproof_verifier::BundleError;
use std::sync::Arc;

/// Each ±k and ±1/k, with k.
fn factors(of: impl IntoIterator<Item = u64>) -> Vec<(Fr, usize)> {
    let signed = |k: u64| {
        let (times, over) = (Fr::from(k), Fr::from(k).inverse().unwrap());
        [times, -times, over, -over].map(|factor| (factor, k as usize))
    };
    of.into_iter().flat_map(signed).collect()
}

fn related(point: KeyPoint, other: KeyPoint, factor: usize) -> KeyError {
    KeyError::Related { point, other, factor }
}

/// The library takes the proof; every gate of ours refuses the key.
#[track_caller]
fn forged(key: &ProvingKey<Bn254>, proof: &Proof<Bn254>, expected: &KeyError) {
    assert!(accepts(&key.vk, proof, &false_inputs()), "{expected}");
    refused(key, expected);
}

/// IC's points times gamma. Sums of a ceremony's public powers, whatever gamma is.
fn times_gamma(key: &VerifyingKey<Bn254>, gamma: Fr) -> Vec<G1Affine> {
    key.gamma_abc_g1
        .iter()
        .map(|point| (*point * gamma).into_affine())
        .collect()
}

/// Every forgery, as if the key were the one that it is for.
fn forgeries(key: &ProvingKey<Bn254>, secrets: &Secrets) -> Vec<Proof<Bn254>> {
    let (inputs, rows) = (false_inputs(), matrices());
    let powers = Powers::new(rows.shape().domain());
    let times_gamma = times_gamma(&key.vk, secrets.gamma);
    let mut all = vec![forgery::without_inputs(&key.vk)];
    for (k, _) in factors([1, 2]) {
        all.extend([
            forgery::delta_of_gamma(&key.vk, k, &inputs),
            forgery::known_delta(&key.vk, k, &times_gamma, &inputs),
            forgery::beta_of_gamma(&key.vk, k, &inputs),
            forgery::beta_of_delta(&key.vk, k, &inputs),
            forgery::known_alpha(key, &rows, &powers, k, &inputs),
            forgery::known_beta(key, &rows, &powers, k, &inputs),
        ]);
    }
    all
}

#[test]
fn a_sound_key_passes_every_gate_and_no_forgery_does() {
    let contract = Contract::new();
    for secrets in [Secrets::random(), Secrets::of_a_ceremony()] {
        let key = secrets.key();
        accepted(&key);
        let id = contract.register(&key.vk).unwrap();
        let honest = Root::with(0, Fr::from(5));
        let proof = honest.prove(&key);
        assert!(accepts(&key.vk, &proof, &honest.inputs()));
        assert!(contract.accepts(id, &proof, &honest.inputs()));
        for proof in forgeries(&key, &secrets) {
            assert!(!accepts(&key.vk, &proof, &false_inputs()));
            assert!(!contract.accepts(id, &proof, &false_inputs()));
        }
    }
}

#[test]
fn delta_is_a_multiple_of_gamma() {
    let contract = Contract::new();
    let all: Vec<u64> = (1..=16).collect();
    for (secrets, of) in [(Secrets::of_a_ceremony(), &all[..]), (Secrets::random(), &[1, 2, 16])] {
        for (k, factor) in factors(of.iter().copied()) {
            let delta = secrets.gamma * k;
            let key = Secrets { delta, ..secrets }.key();
            let proof = forgery::delta_of_gamma(&key.vk, k, &false_inputs());
            forged(&key, &proof, &related(KeyPoint::Delta, KeyPoint::Gamma, factor));
            let refusal = match secrets.gamma == Fr::ONE {
                true => Refusal::PointIsGenerator {},
                false => Refusal::KeyPointsRelated {},
            };
            if factor == 1 {
                assert_eq!(contract.register(&key.vk), Err(refusal));
            }
        }
    }
}

/// What snarkjs has before anybody contributed: gamma, delta and the generator are one.
#[test]
fn delta_was_never_contributed_to() {
    let key = Secrets {
        delta: Fr::ONE,
        ..Secrets::of_a_ceremony()
    }
    .key();
    assert_eq!([key.vk.gamma_g2, key.vk.delta_g2], [G2Affine::generator(); 2]);
    let proof = forgery::delta_of_gamma(&key.vk, Fr::ONE, &false_inputs());
    forged(&key, &proof, &related(KeyPoint::Delta, KeyPoint::Gamma, 1));
    assert_eq!(Contract::new().register(&key.vk), Err(Refusal::PointIsGenerator {}));
}

#[test]
fn delta_is_a_multiple_of_the_generator() {
    let contract = Contract::new();
    let secrets = Secrets::random();
    for (delta, factor) in factors([1, 2, 3, 16]) {
        let key = Secrets { delta, ..secrets }.key();
        let times_gamma = times_gamma(&key.vk, secrets.gamma);
        let proof = forgery::known_delta(&key.vk, delta, &times_gamma, &false_inputs());
        forged(&key, &proof, &related(KeyPoint::Delta, KeyPoint::Generator, factor));
        if factor == 1 {
            assert_eq!(contract.register(&key.vk), Err(Refusal::PointIsGenerator {}));
        }
    }
}

#[test]
fn beta_is_a_multiple_of_gamma() {
    let contract = Contract::new();
    let secrets = Secrets::random();
    for (k, factor) in factors([1, 2, 3, 16]) {
        let beta = secrets.gamma * k;
        let key = Secrets { beta, ..secrets }.key();
        let proof = forgery::beta_of_gamma(&key.vk, k, &false_inputs());
        forged(&key, &proof, &related(KeyPoint::Gamma, KeyPoint::Beta, factor));
        if factor == 1 {
            assert_eq!(contract.register(&key.vk), Err(Refusal::KeyPointsRelated {}));
        }
    }
}

#[test]
fn beta_is_a_multiple_of_delta() {
    let contract = Contract::new();
    for secrets in [Secrets::random(), Secrets::of_a_ceremony()] {
        for (k, factor) in factors([1, 2, 3, 16]) {
            let beta = secrets.delta * k;
            let key = Secrets { beta, ..secrets }.key();
            let proof = forgery::beta_of_delta(&key.vk, k, &false_inputs());
            forged(&key, &proof, &related(KeyPoint::Delta, KeyPoint::Beta, factor));
            if factor == 1 {
                assert_eq!(contract.register(&key.vk), Err(Refusal::KeyPointsRelated {}));
            }
        }
    }
}

#[test]
fn alpha_is_a_multiple_of_the_generator() {
    let contract = Contract::new();
    let rows = matrices();
    let powers = Powers::new(rows.shape().domain());
    for secrets in [Secrets::random(), Secrets::of_a_ceremony()] {
        for (alpha, factor) in factors([1, 2, 3, 16]) {
            let key = Secrets { alpha, ..secrets }.key();
            let proof = forgery::known_alpha(&key, &rows, &powers, alpha, &false_inputs());
            forged(&key, &proof, &related(KeyPoint::Alpha, KeyPoint::Generator, factor));
            if factor == 1 {
                assert_eq!(contract.register(&key.vk), Err(Refusal::PointIsGenerator {}));
            }
        }
    }
}

#[test]
fn beta_is_a_multiple_of_the_generator() {
    let contract = Contract::new();
    let rows = matrices();
    let powers = Powers::new(rows.shape().domain());
    let secrets = Secrets::random();
    for (beta, factor) in factors([1, 2, 3, 16]) {
        let key = Secrets { beta, ..secrets }.key();
        let proof = forgery::known_beta(&key, &rows, &powers, beta, &false_inputs());
        forged(&key, &proof, &related(KeyPoint::Beta, KeyPoint::Generator, factor));
        if factor == 1 {
            assert_eq!(contract.register(&key.vk), Err(Refusal::PointIsGenerator {}));
        }
    }
}

/// Who knows gamma alone forges nothing: it is the generator in sound keys. Other multiples no tool makes, so a key
/// that has one is not what it is taken for; the contract, which looks at signs only, lets all but one pass.
#[test]
fn gamma_is_another_multiple_of_the_generator() {
    let contract = Contract::new();
    let secrets = Secrets::random();
    for (gamma, factor) in factors([1, 2, 3, 16])
        .into_iter()
        .filter(|(gamma, _)| *gamma != Fr::ONE)
    {
        let secrets = Secrets { gamma, ..secrets };
        let key = secrets.key();
        refused(&key, &related(KeyPoint::Gamma, KeyPoint::Generator, factor));
        let registered = contract.register(&key.vk);
        if gamma == -Fr::ONE {
            assert_eq!(registered, Err(Refusal::PointIsGenerator {}));
        } else {
            assert!(registered.is_ok(), "{registered:?}");
        }
    }
}

/// Which is why the command that proposes a key, and whoever pins one, hold it to the rule.
#[test]
fn the_contract_compares_up_to_sign_only() {
    let contract = Contract::new();
    for secrets in [Secrets::random(), Secrets::of_a_ceremony()] {
        let k = Fr::from(2);
        let delta = secrets.gamma * k;
        let key = Secrets { delta, ..secrets }.key();
        let id = contract.register(&key.vk).unwrap();
        let proof = forgery::delta_of_gamma(&key.vk, k, &false_inputs());
        assert!(contract.accepts(id, &proof, &false_inputs()));
        assert_eq!(rule(&key.vk), Err(related(KeyPoint::Delta, KeyPoint::Gamma, 2)));
    }
}

/// An input whose point is infinity is not bound: one proof is of every value. With all of them there, anything is
/// proved by anybody.
#[test]
fn inputs_are_at_infinity() {
    let contract = Contract::new();
    let infinity = |place| KeyError::Point {
        point: KeyPoint::Ic(place),
        error: PointError::Infinity,
    };
    let secrets = Secrets::of_a_ceremony();
    for input in 0..5 {
        let honest = Root::with(input, Fr::ZERO);
        let mut key = secrets.key();
        let proof = honest.prove(&key);
        key.vk.gamma_abc_g1[input + 1] = G1Affine::zero();
        let mut other = honest.inputs();
        other[input] = Fr::from(1_234_567);
        assert!(!accepts(&secrets.key().vk, &proof, &other));
        assert!(accepts(&key.vk, &proof, &other));
        refused(&key, &infinity(input + 1));
        assert_eq!(contract.register(&key.vk), Err(Refusal::PointAtInfinity {}));
    }
    let mut key = secrets.key();
    key.vk.gamma_abc_g1 = vec![G1Affine::zero(); 6];
    forged(&key, &forgery::without_inputs(&key.vk), &infinity(0));
    assert_eq!(contract.register(&key.vk), Err(Refusal::PointAtInfinity {}));
}

/// Requires every gate to refuse a key for its number of input commitments.
#[track_caller]
fn refused_for_its_length(key: &ProvingKey<Bn254>) {
    let found = key.vk.gamma_abc_g1.len();
    assert_eq!(rule(&key.vk), Err(KeyError::IcLength { found }));
    let bytes = PinnedKey::from_bytes(&gates::pinned_bytes(&key.vk));
    assert!(matches!(bytes, Err(KeyError::Length { .. })), "{bytes:?}");
    let json = PinnedKey::from_json(gates::pinned_json(&key.vk).as_bytes());
    assert!(matches!(json, Err(KeyError::Json(JsonError::Form { .. }))), "{json:?}");
    let bundle = gates::bundle(&key.vk);
    assert!(
        matches!(bundle, Err(BundleError::Json(JsonError::Form { .. }))),
        "{bundle:?}"
    );
    let part = "the input commitments";
    let misfit = Misfit {
        part,
        expected: 6,
        found,
    };
    assert_eq!(joined(key.clone()).err(), Some(UnusableKey::Misfit(misfit)));
    let file = proving_file::read(&gates::key_file(key), &matrices().shape());
    assert!(matches!(file, Err(MalformedKey::Length { .. })));
    let registered = Contract::new().register(&key.vk);
    let found = found as u64;
    assert_eq!(registered, Err(Refusal::InputCountDiffers { expected: 6, found }));
}

/// The library leaves out inputs for which there is no point: a proof that the last is 0 is one of all its values.
#[test]
fn there_are_too_few_input_commitments() {
    let mut key = Secrets::of_a_ceremony().key();
    let honest = Root::with(4, Fr::ZERO);
    let proof = honest.prove(&key);
    let mut other = honest.inputs();
    other[4] = Fr::from(77);
    assert!(!accepts(&key.vk, &proof, &other));
    key.vk.gamma_abc_g1.pop();
    assert!(accepts(&key.vk, &proof, &other));
    refused_for_its_length(&key);
}

/// Nor does it miss the input of a point: the key may be another statement's, which has six.
#[test]
fn there_are_too_many_input_commitments() {
    let mut key = Secrets::of_a_ceremony().key();
    key.vk.gamma_abc_g1.push(G1Affine::generator());
    let honest = Root::with(0, Fr::ZERO);
    let proof = honest.prove(&key);
    assert!(accepts(&key.vk, &proof, &honest.inputs()));
    refused_for_its_length(&key);
}

/// The library panics: under such a key it is the verifier that is attacked.
#[test]
fn there_are_no_input_commitments() {
    let mut key = Secrets::of_a_ceremony().key();
    let proof = Root::with(0, Fr::ZERO).prove(&key);
    key.vk.gamma_abc_g1.clear();
    assert!(std::panic::catch_unwind(|| accepts(&key.vk, &proof, &false_inputs())).is_err());
    refused_for_its_length(&key);
}

/// No machine has room for these: to make it would end the process, and with it this test. Pinned keys and bundles
/// have no length in them; for the contract see `contracts/test/KeyRegistry.t.sol`.
#[test]
fn lengths_of_2_to_the_40_are_claimed() {
    let (key, shape) = (Secrets::of_a_ceremony().key(), matrices().shape());
    let long = 1_u64 << 40;
    let file = gates::key_file(&key);
    assert!(proving_file::read(&file, &shape).is_ok());
    let (variables, h) = (shape.variables(), shape.domain() - 1);
    // Each list's length stands before it.
    let mut at = 64 + 3 * 128;
    for (part, bytes) in [
        ("the input commitments", 64 * 6 + 2 * 64),
        ("the A query", 64 * variables),
        ("the B query in G1", 64 * variables),
        ("the B query in G2", 128 * variables),
        ("the H query", 64 * h),
        ("the L query", 64 * shape.witness),
    ] {
        let mut bad = file.clone();
        let expected = u64::from_le_bytes(bad[at..at + 8].try_into().unwrap());
        bad[at..at + 8].copy_from_slice(&long.to_le_bytes());
        let found = long;
        let refused = MalformedKey::Count { part, expected, found };
        assert_eq!(proving_file::read(&bad, &shape), Err(refused));
        at += 8 + bytes;
    }
    assert_eq!(at, file.len());

    let file = gates::zkey_file(&key);
    assert!(read_zkey(&file).is_ok());
    // After kind, version and count: of each section its number, its length and its content.
    let mut at = 12;
    while at < file.len() {
        let length = u64::from_le_bytes(file[at + 4..at + 12].try_into().unwrap());
        let mut bad = file.clone();
        bad[at + 4..at + 12].copy_from_slice(&long.to_le_bytes());
        let refused = read_zkey(&bad).unwrap_err();
        assert!(
            matches!(refused, FormatError::Short { expected, .. } if expected as u64 == long),
            "{refused}"
        );
        // The header's counts: variables, public inputs, the domain.
        if file[at] == 2 {
            for count in [72, 76, 80] {
                let mut bad = file.clone();
                bad[at + 12 + count..at + 16 + count].copy_from_slice(&(1_u32 << 28).to_le_bytes());
                assert!(read_zkey(&bad).is_err(), "{count}");
            }
        }
        at += 12 + length as usize;
    }

    let mut json = verification_key_json(&key.vk);
    assert!(read_verification_key(json.to_string().as_bytes()).is_ok());
    json["nPublic"] = long.into();
    assert!(read_verification_key(json.to_string().as_bytes()).is_err());
}

/// A tool that writes the L query for every variable, as it does the others, gives away (γ/δ)·ICᵢ of the public inputs
/// too: what an input adds to IC, C takes away again. Zcash's first parameters had elements like these.
///
/// The verifying key is that of a sound setup, and who has the elements from elsewhere needs no file: that nobody
/// has, only a ceremony can show, whose file begins without them and is compared by everybody.
#[test]
fn there_is_an_element_for_a_public_input() {
    let secrets = Secrets::of_a_ceremony();
    let key = secrets.key();
    let ratio = secrets.gamma * secrets.delta.inverse().unwrap();
    let toxic = times_gamma(&key.vk, ratio);
    // With all of them, anything. With the nullifier's alone, another nullifier for an honest proof.
    let nothing_known = Proof {
        a: key.vk.alpha_g1,
        b: key.vk.beta_g2,
        c: (-forgery::of_inputs(&toxic, &false_inputs())).into_affine(),
    };
    assert!(accepts(&key.vk, &nothing_known, &false_inputs()));
    let nullifier = 3;
    let honest = Root::with(nullifier, Fr::from(1_000));
    let proof = honest.prove(&key);
    let mut other = honest.inputs();
    other[nullifier] = Fr::from(2_000);
    assert!(!accepts(&key.vk, &proof, &other));
    let [from, to] = [honest.inputs()[nullifier], other[nullifier]];
    let moved = forgery::of_another_input(&proof, &toxic[nullifier + 1], from, to);
    assert!(accepts(&key.vk, &moved, &other));

    let shape = matrices().shape();
    for extra in [&toxic[..], &toxic[nullifier + 1..nullifier + 2]] {
        let mut crafted = key.clone();
        crafted.l_query.splice(0..0, extra.iter().copied());
        assert!(rule(&crafted.vk).is_ok());
        let misfit = Misfit {
            part: "the L query",
            expected: shape.witness,
            found: shape.witness + extra.len(),
        };
        assert_eq!(joined(crafted.clone()).err(), Some(UnusableKey::Misfit(misfit)));
        let file = gates::key_file(&crafted);
        let refused = proving_file::read(&file, &shape);
        assert!(matches!(refused, Err(MalformedKey::Length { .. })));
        // The same number of bytes: the H query is shorter by as many.
        crafted.h_query.truncate(crafted.h_query.len() - extra.len());
        let refused = proving_file::read(&gates::key_file(&crafted), &shape);
        assert!(matches!(
            refused,
            Err(MalformedKey::Count {
                part: "the H query",
                ..
            })
        ));
        let mut file = zkey(&matrices(), &key, Settings::default().path, &Quiet).unwrap();
        file.l_query.splice(0..0, extra.iter().copied());
        let refused = read_zkey(&write_zkey(&file).unwrap());
        assert!(matches!(refused, Err(FormatError::Trailing { .. })));
    }
}

type Change = fn(&mut ProvingKey<Bn254>);

/// No falsehood can be proved with these, nor any truth. A file with the right digest and lengths is joined to its
/// circuit: that it proves nothing, the engine finds out by itself and gives no proof away. In a ceremony they are
/// refused before: `keys/ceremony/src/phase2/tests.rs::what_no_contribution_changes_is_compared`.
#[test]
fn elements_are_swapped() {
    let changes: [(&str, Change); 6] = [
        ("the queries of A and of B", |k| {
            std::mem::swap(&mut k.a_query, &mut k.b_g1_query);
        }),
        ("of A", |k| k.a_query.swap(6, 7)),
        ("of B in G2", |k| k.b_g2_query.swap(6, 7)),
        ("of L", |k| k.l_query.swap(0, 1)),
        ("of H", |k| k.h_query.swap(0, 1)),
        ("of IC", |k| k.vk.gamma_abc_g1.swap(4, 5)),
    ];
    let honest = Root::with(0, Fr::from(5));
    let assignment = Assignment::synthesise(honest, &matrices().shape()).unwrap();
    for (name, change) in changes {
        let mut key = Secrets::of_a_ceremony().key();
        change(&mut key);
        assert!(!accepts(&key.vk, &honest.prove(&key), &honest.inputs()), "{name}");
        let joined = Arc::new(joined(key.clone()).unwrap());
        let ready = ReadyKey::of(&joined, Settings::default(), &Quiet).unwrap();
        let reference = Arkworks::new(Mode::Development, [joined]).unwrap();
        let fast = Cpu::new(Mode::Development, [Arc::new(ready)]).unwrap();
        for proved in [
            reference.prove_assignment(Tier::Xs, &assignment, &Quiet),
            fast.prove_assignment(Tier::Xs, &assignment, &Quiet),
        ] {
            assert!(matches!(proved, Err(ProveError::SelfCheck)), "{name}: {proved:?}");
        }
        let zkey = zkey(&matrices(), &key, Settings::default().path, &Quiet).unwrap();
        let circom = Circom::new(&zkey, Settings::default(), &Quiet).unwrap();
        let proved = circom.prove(assignment.values(), &Unstoppable);
        assert!(
            matches!(proved, Err(ProveError::UnsatisfiedWitness)),
            "{name}: {proved:?}"
        );
    }
    // And unchanged, a proof.
    let key = Arc::new(joined(Secrets::of_a_ceremony().key()).unwrap());
    let reference = Arkworks::new(Mode::Development, [key]).unwrap();
    assert!(reference.prove_assignment(Tier::Xs, &assignment, &Quiet).is_ok());
}

/// In the place of one that it needs, the element for a public input leaves lengths as they are: again there is no
/// honest proof, and the engine says so.
#[test]
fn an_element_for_a_public_input_stands_in_anothers_place() {
    let secrets = Secrets::of_a_ceremony();
    let mut key = secrets.key();
    let ratio = secrets.gamma * secrets.delta.inverse().unwrap();
    key.l_query[0] = times_gamma(&key.vk, ratio)[4];
    let honest = Root::with(0, Fr::from(5));
    let assignment = Assignment::synthesise(honest, &matrices().shape()).unwrap();
    let engine = Arkworks::new(Mode::Development, [Arc::new(joined(key).unwrap())]).unwrap();
    let proved = engine.prove_assignment(Tier::Xs, &assignment, &Quiet);
    assert!(matches!(proved, Err(ProveError::SelfCheck)), "{proved:?}");
}
