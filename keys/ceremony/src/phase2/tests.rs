use super::*;
use crate::phase1::{Powers, make_insecure};
use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use medproof_gadgets::shape::Matrices;
use medproof_keys::Quiet;
use medproof_keys::circom::{Contribution, Source, Zkey, read_zkey, write_zkey};

/// x squared so many times, and the sum of the public inputs squared.
fn circuit(links: usize) -> Matrices {
    let inputs = 6;
    let one = Fr::ONE;
    let mut rows: [Vec<Vec<(Fr, usize)>>; 3] = Default::default();
    for link in 0..links {
        let x = inputs + link;
        rows[0].push(vec![(one, x)]);
        rows[1].push(vec![(one, x)]);
        rows[2].push(vec![(-one, x + 1), (Fr::from(7), 0)]);
    }
    let sum: Vec<(Fr, usize)> = (1..inputs).map(|i| (Fr::from(i as u64), i)).collect();
    rows[0].push(sum.clone());
    rows[1].push(sum);
    rows[2].push(vec![(one, inputs + links)]);
    Matrices::of_rows(rows, inputs, links + 1).unwrap()
}

fn with_powers<T>(power: u32, seed: u8, work: impl FnOnce(&crate::phase1::Verified) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("powers.ptau");
    make_insecure(power, &[seed; 32], &path, &Quiet).unwrap();
    work(&crate::phase1::Verified::new(Powers::open(&path).unwrap(), &Quiet).unwrap())
}

fn initial_of(power: u32, seed: u8, links: usize) -> Initial {
    with_powers(power, seed, |powers| {
        Initial::new(&circuit(links), powers, &Quiet).unwrap()
    })
}

fn initial() -> Initial {
    initial_of(5, 1, 8)
}

fn contribute(key: Verified, name: &str) -> Verified {
    let entropy = Entropy::new(name.as_bytes()).unwrap();
    key.contribute(&entropy, Some(name.into()), &Quiet).unwrap()
}

fn two(initial: &Initial) -> Zkey {
    contribute(contribute(initial.clone().into(), "one"), "two").into_key()
}

fn check(key: Zkey, initial: &Initial) -> Result<Verified, Phase2Error> {
    Verified::new(key, initial, &Quiet)
}

#[test]
fn contributions_and_a_beacon_are_verified() {
    let initial = initial();
    let key = check(two(&initial), &initial).unwrap();
    assert!(!key.ended());
    let ended = key.beacon(vec![1, 2, 3], 10, None, &Quiet).unwrap();
    assert!(ended.ended());
    let key = ended.into_key();
    assert_ne!(key.delta_g2, G2Affine::generator());
    let ended = check(read_zkey(&write_zkey(&key).unwrap()).unwrap(), &initial).unwrap();
    assert!(*ended.key() == key);
    let turn = ended.contribute(&Entropy::new(&[]).unwrap(), None, &Quiet);
    assert!(matches!(turn, Err(Phase2Error::AfterBeacon { turn: 4 })));
}

#[test]
fn hashing_a_beacon_too_seldom_or_for_ever_is_refused() {
    for iterations in [9, 41, 255] {
        let key: Verified = initial().into();
        let refused = key.beacon(vec![1], iterations, None, &Quiet).unwrap_err();
        assert!(matches!(refused, Phase2Error::Iterations { found } if found == iterations));
    }
}

#[test]
fn two_contributions_of_the_same_words_differ() {
    let initial = initial();
    let [one, other] = [(); 2].map(|()| contribute(initial.clone().into(), "same").into_key().delta_g1);
    assert_ne!(one, other);
}

type Change = fn(&mut Zkey);

fn turn(key: &mut Zkey, at: usize) -> &mut Contribution {
    &mut key.contributions.turns[at]
}

#[test]
fn what_no_contribution_changes_is_compared() {
    let initial = initial();
    let key = two(&initial);
    let g1 = |point: &mut G1Affine| *point = (*point + G1Affine::generator()).into_affine();
    let changes: [(&str, Change); 13] = [
        ("alpha", |k| k.alpha_g1 = k.beta_g1),
        ("beta in G1", |k| k.beta_g1 = k.alpha_g1),
        ("beta in G2", |k| k.beta_g2 = k.delta_g2),
        ("gamma", |k| k.gamma_g2 = k.delta_g2),
        ("IC", |k| k.ic.swap(0, 1)),
        ("matrix A", |k| k.a[0][0].0 += Fr::ONE),
        ("matrix B", |k| k.b.swap(0, 1)),
        ("the A query", |k| k.a_query.swap(6, 7)),
        ("the B query in G1", |k| k.b_g1_query.swap(6, 7)),
        ("the B query in G2", |k| k.b_g2_query.swap(6, 7)),
        ("the number of public inputs", |k| k.public += 1),
        ("the circuit's hash", |k| k.contributions.circuit[63] ^= 1),
        ("the length of the L query", |k| k.l_query.push(G1Affine::generator())),
    ];
    for (expected, change) in changes {
        let mut other = key.clone();
        change(&mut other);
        let refused = check(other, &initial).unwrap_err();
        assert!(
            matches!(refused, Phase2Error::Other { part } if part == expected),
            "{expected}: {refused}"
        );
    }
    // One element of a query that contributions do change.
    for (part, at) in [
        ("the L query", 0),
        ("the L query", 8),
        ("the H query", 0),
        ("the H query", 15),
    ] {
        let mut other = key.clone();
        g1(if part == "the L query" {
            &mut other.l_query[at]
        } else {
            &mut other.h_query[at]
        });
        let refused = check(other, &initial).unwrap_err();
        assert!(
            matches!(refused, Phase2Error::Altered { part: found } if found == part),
            "{refused}"
        );
    }
    let changes: [(&str, Change); 4] = [
        ("delta in G1", |k| k.delta_g1 = G1Affine::generator()),
        ("delta in G2", |k| {
            k.delta_g2 = (k.delta_g2 + G2Affine::generator()).into_affine()
        }),
        ("the L query", |k| k.l_query.swap(1, 2)),
        ("the H query", |k| k.h_query.fill(G1Affine::zero())),
    ];
    for (expected, change) in changes {
        let mut other = key.clone();
        change(&mut other);
        let refused = check(other, &initial).unwrap_err();
        assert!(
            matches!(refused, Phase2Error::Altered { part } if part == expected),
            "{refused}"
        );
    }
}

#[test]
fn turns_that_do_not_follow_are_refused() {
    let initial = initial();
    let key = two(&initial);
    let changes: [(usize, Change); 8] = [
        (2, |k| turn(k, 1).g2_spx = k.beta_g2),
        (1, |k| turn(k, 0).transcript[0] ^= 1),
        (1, |k| turn(k, 0).g1_s = k.alpha_g1),
        (1, |k| turn(k, 0).g1_sx = k.alpha_g1),
        // What the next turn's hash was made of.
        (2, |k| turn(k, 0).g2_spx = k.beta_g2),
        // Reorder, replay, omission.
        (1, |k| k.contributions.turns.swap(0, 1)),
        (3, |k| k.contributions.turns.extend_from_within(1..)),
        (1, |k| drop(k.contributions.turns.remove(0))),
    ];
    for (expected, change) in changes {
        let mut other = key.clone();
        change(&mut other);
        let refused = check(other, &initial).unwrap_err();
        assert!(
            matches!(refused, Phase2Error::Contribution { turn, .. } if turn == expected),
            "{refused}"
        );
    }
    let mut other = key.clone();
    turn(&mut other, 0).delta_after = key.alpha_g1;
    assert!(matches!(
        check(other, &initial),
        Err(Phase2Error::Contribution { turn: 2, .. })
    ));
    let mut other = key.clone();
    turn(&mut other, 1).delta_after = key.alpha_g1;
    assert!(matches!(check(other, &initial), Err(Phase2Error::Altered { .. })));
    let mut other = key;
    other.contributions.turns.pop();
    assert!(matches!(check(other, &initial), Err(Phase2Error::Altered { .. })));
}

// δ, L and H as they should be, by a turn that nobody made.
#[test]
fn a_turn_needs_a_proof() {
    let initial = initial();
    let mut key = two(&initial);
    let x = Fr::from(5);
    key.delta_g1 = (key.delta_g1 * x).into_affine();
    key.delta_g2 = (key.delta_g2 * x).into_affine();
    let back = x.inverse().unwrap();
    for point in key.l_query.iter_mut().chain(&mut key.h_query) {
        *point = (*point * back).into_affine();
    }
    assert!(matches!(
        check(key.clone(), &initial),
        Err(Phase2Error::Altered { part: "delta in G1" })
    ));
    turn(&mut key, 1).delta_after = key.delta_g1;
    assert!(matches!(
        check(key, &initial),
        Err(Phase2Error::Contribution { turn: 2, what: "delta" })
    ));
}

#[test]
fn a_factor_of_one_is_no_contribution() {
    let initial = initial();
    let mut key: Zkey = Verified::from(initial.clone()).into_key();
    let g1_s = (G1Affine::generator() * Fr::from(9)).into_affine();
    let transcript = verify::Transcript::of(&key.contributions).with(&g1_s, &g1_s);
    key.contributions.turns.push(Contribution {
        delta_after: G1Affine::generator(),
        g1_s,
        g1_sx: g1_s,
        g2_spx: crate::draws::g2_of(&transcript),
        transcript,
        source: Source::Secret,
        name: None,
    });
    assert!(matches!(
        check(key, &initial),
        Err(Phase2Error::Contribution { turn: 1, .. })
    ));
}

#[test]
fn a_beacon_is_what_it_says_and_the_last() {
    let initial = initial();
    let key = check(two(&initial), &initial)
        .unwrap()
        .beacon(vec![7; 32], 10, None, &Quiet)
        .unwrap()
        .into_key();
    for source in [
        Source::Beacon {
            iterations: 11,
            value: vec![7; 32],
        },
        Source::Beacon {
            iterations: 10,
            value: vec![8; 32],
        },
    ] {
        let mut other = key.clone();
        turn(&mut other, 2).source = source;
        assert!(matches!(
            check(other, &initial),
            Err(Phase2Error::Beacon { turn: 3, .. })
        ));
    }
    for iterations in [9, 41] {
        let mut other = key.clone();
        turn(&mut other, 2).source = Source::Beacon {
            iterations,
            value: vec![7; 32],
        };
        assert!(matches!(check(other, &initial), Err(Phase2Error::Iterations { .. })));
    }
    // A secret that is said to be a beacon, before the end.
    let mut other = key;
    turn(&mut other, 1).source = Source::Beacon {
        iterations: 10,
        value: vec![7; 32],
    };
    assert!(matches!(
        check(other, &initial),
        Err(Phase2Error::AfterBeacon { turn: 3 })
    ));
}

#[test]
fn keys_of_other_ceremonies_and_circuits_are_refused() {
    let ours = initial();
    let key = two(&ours);
    for other in [initial_of(5, 2, 8), initial_of(5, 1, 7)] {
        assert!(matches!(check(key.clone(), &other), Err(Phase2Error::Other { .. })));
    }
}

#[test]
fn a_circuit_larger_than_the_powers_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("powers.ptau");
    make_insecure(3, &[1; 32], &path, &Quiet).unwrap();
    let powers = crate::phase1::Verified::new(Powers::open(&path).unwrap(), &Quiet).unwrap();
    let refused = Initial::new(&circuit(8), &powers, &Quiet).unwrap_err();
    assert!(matches!(
        refused,
        Phase2Error::Powers(PowersError::TooFew { needed: 4, found: 3 })
    ));
}

#[test]
fn a_key_that_is_said_to_be_initial_is_one() {
    let good = initial();
    assert!(Initial::stated(&circuit(8), good.key().clone()).is_ok());
    let changes: [(&str, Change); 6] = [
        ("gamma", |k| k.gamma_g2 = k.beta_g2),
        ("delta", |k| k.delta_g1 = k.alpha_g1),
        ("delta", |k| k.delta_g2 = k.beta_g2),
        ("matrix A", |k| k.a.swap(0, 1)),
        ("matrix B", |k| k.b.swap(0, 1)),
        ("the domain", |k| k.public -= 1),
    ];
    for (expected, change) in changes {
        let mut other = good.key().clone();
        change(&mut other);
        let refused = Initial::stated(&circuit(8), other).unwrap_err();
        assert!(
            matches!(refused, Phase2Error::NotInitial { part } if part == expected),
            "{refused}"
        );
    }
    let mut other = good.key().clone();
    other.contributions = two(&good).contributions;
    assert!(matches!(
        Initial::stated(&circuit(8), other),
        Err(Phase2Error::NotInitial { .. })
    ));
    assert!(matches!(
        Initial::stated(&circuit(7), good.key().clone()),
        Err(Phase2Error::Misfit(_))
    ));
}

// A domain that the powers just reach, and smaller ones of theirs.
#[test]
fn a_computed_beginning_holds_against_its_powers() {
    for (power, links) in [(4, 9), (5, 8), (5, 25), (6, 9)] {
        with_powers(power, 1, |powers| {
            let initial = Initial::new(&circuit(links), powers, &Quiet).unwrap();
            let checked = Initial::checked(&circuit(links), initial.key().clone(), powers, &Quiet).unwrap();
            assert!(checked.key() == initial.key());
        });
    }
}

#[test]
fn a_beginning_with_one_wrong_point_is_refused_by_its_part() {
    let g1 = |p: &mut G1Affine| *p = (*p + G1Affine::generator()).into_affine();
    let g2 = |p: &mut G2Affine| *p = (*p + G2Affine::generator()).into_affine();
    // On the curve, outside the group.
    let outside = |p: &mut G2Affine| {
        let out = (1_u64..).find_map(|x| {
            let x = ark_bn254::Fq2::from(x);
            let points = G2Affine::get_ys_from_x_unchecked(x).map(|(y, _)| G2Affine::new_unchecked(x, y));
            points.filter(|p| !p.is_in_correct_subgroup_assuming_on_curve())
        });
        *p = (*p + out.unwrap()).into_affine();
    };
    type Change<'a> = &'a dyn Fn(&mut Zkey);
    let changes: [(&str, Change<'_>); 14] = [
        ("alpha", &|key| g1(&mut key.alpha_g1)),
        ("beta in G1", &|key| g1(&mut key.beta_g1)),
        ("beta in G2", &|key| g2(&mut key.beta_g2)),
        ("the A query", &|key| g1(&mut key.a_query[3])),
        ("the A query", &|key| key.a_query.swap(6, 7)),
        ("the B query in G1", &|key| g1(&mut key.b_g1_query[7])),
        ("the B query in G2", &|key| g2(&mut key.b_g2_query[7])),
        ("the B query in G2", &|key| outside(&mut key.b_g2_query[7])),
        ("IC", &|key| g1(&mut key.ic[0])),
        ("IC", &|key| key.ic.swap(1, 2)),
        ("the L query", &|key| g1(&mut key.l_query[0])),
        ("the L query", &|key| key.l_query.swap(0, 1)),
        ("the H query", &|key| g1(&mut key.h_query[15])),
        ("the circuit's hash", &|key| key.contributions.circuit[0] ^= 1),
    ];
    with_powers(5, 1, |powers| {
        let initial = Initial::new(&circuit(8), powers, &Quiet).unwrap();
        for (expected, change) in changes {
            let mut key = initial.key().clone();
            change(&mut key);
            let refused = Initial::checked(&circuit(8), key, powers, &Quiet).unwrap_err();
            assert!(
                matches!(refused, Phase2Error::Other { part } if part == expected),
                "{expected}: {refused}"
            );
        }
        // Of other powers nothing fits; of too few there is none.
        let others = with_powers(5, 2, |others| {
            Initial::checked(&circuit(8), initial.key().clone(), others, &Quiet).is_err()
        });
        assert!(others);
        let few = with_powers(3, 1, |few| {
            Initial::checked(&circuit(8), initial.key().clone(), few, &Quiet)
        });
        assert!(matches!(few, Err(Phase2Error::Powers(_))));
    });
}
