//! Keys: one encoding each, and every rule of soundness refuses a key that breaks it alone.

#![allow(clippy::unwrap_used)]

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField};
use medproof_messages::json::JsonError;
use medproof_messages::key::*;
use medproof_messages::point::*;
use medproof_statement::Fr;
use medproof_statement::tier::Tier;

fn g1(k: u64) -> G1Affine {
    (G1Affine::generator() * Fr::from(k)).into_affine()
}

fn g2(k: u64) -> G2Affine {
    (G2Affine::generator() * Fr::from(k)).into_affine()
}

/// Logarithms far from each other's small multiples.
fn points() -> (G1Affine, [G2Affine; 3], Vec<G1Affine>) {
    (
        g1(1_000_003),
        [g2(2_000_003), g2(7_000_003), g2(500_000_003)],
        (1..=6).map(|i| g1(900 + i)).collect(),
    )
}

fn key() -> VerifyingKey {
    let (alpha, [beta, gamma, delta], ic) = points();
    VerifyingKey::new(alpha, beta, gamma, delta, &ic).unwrap()
}

fn info() -> KeyInfo {
    KeyInfo {
        tier: Tier::S,
        circuit_version: 1,
        matrix_digest: [7; 32],
        development: false,
    }
}

fn off_subgroup() -> G2Affine {
    (1u64..)
        .filter_map(|i| G2Affine::get_point_from_x_unchecked(Fq2::from(i), false))
        .find(|p| !p.is_in_correct_subgroup_assuming_on_curve())
        .unwrap()
}

#[test]
fn keys_have_one_binary_form() {
    let bytes = key().to_bytes();
    assert_eq!(VerifyingKey::from_bytes(&bytes).unwrap(), key());
    let length = |found| KeyError::Length {
        expected: VERIFYING_KEY_BYTES,
        found,
    };
    assert_eq!(VerifyingKey::from_bytes(&bytes[..415]), Err(length(415)));
    assert_eq!(VerifyingKey::from_bytes(&[&bytes[..], &[0]].concat()), Err(length(417)));
    assert_eq!(VerifyingKey::from_bytes(&[]), Err(length(0)));
}

#[test]
fn bytes_are_those_of_the_library() {
    use ark_serialize::CanonicalSerialize;
    for k in 1..200 {
        let (mut one, mut two) = (Vec::new(), Vec::new());
        g1(k).serialize_compressed(&mut one).unwrap();
        g2(k).serialize_compressed(&mut two).unwrap();
        assert_eq!(one, g1_to_bytes(&g1(k)));
        assert_eq!(two, g2_to_bytes(&g2(k)));
        assert_eq!(g1_from_bytes(&one.try_into().unwrap()), Ok(g1(k)));
        assert_eq!(g2_from_bytes(&two.try_into().unwrap()), Ok(g2(k)));
    }
}

#[test]
fn every_bad_point_is_named() {
    let good = g1_to_bytes(&g1(5));
    let with = |f: &dyn Fn(&mut [u8; 32])| {
        let mut bytes = good;
        f(&mut bytes);
        g1_from_bytes(&bytes)
    };
    assert_eq!(with(&|b| b[31] ^= 0x80), Ok(-g1(5)));
    assert_eq!(with(&|b| b[31] |= 0xc0), Err(PointError::Flags));
    assert_eq!(
        with(&|b| b[31] |= 0x40),
        if good[31] & 0x80 == 0 {
            Err(PointError::Infinity)
        } else {
            Err(PointError::Flags)
        }
    );
    let mut zero = [0; 32];
    zero[31] = 0x40;
    assert_eq!(g1_from_bytes(&zero), Err(PointError::Infinity));
    // x + q, where it fits below the flags.
    let small = (1u64..)
        .find_map(|x| G1Affine::get_point_from_x_unchecked(Fq::from(x), false))
        .unwrap();
    let mut wide = Fq::MODULUS;
    wide.add_with_carry(&small.x.into_bigint());
    let alias: [u8; 32] = wide.to_bytes_le().try_into().unwrap();
    assert_eq!(g1_from_bytes(&alias), Err(PointError::NotReduced));
    let bad_x = (1u64..)
        .find(|x| (Fq::from(*x).pow([3]) + Fq::from(3u64)).legendre().is_qnr())
        .unwrap();
    let mut off = [0; 32];
    off[..8].copy_from_slice(&bad_x.to_le_bytes());
    assert_eq!(g1_from_bytes(&off), Err(PointError::OffCurve));

    assert_eq!(
        g2_from_bytes(&g2_to_bytes(&off_subgroup())),
        Err(PointError::OutsideSubgroup)
    );
    let good = g2_to_bytes(&g2(5));
    let mut infinity = [0; 64];
    infinity[63] = 0x40;
    assert_eq!(g2_from_bytes(&infinity), Err(PointError::Infinity));
    let mut flags = good;
    flags[63] |= 0xc0;
    assert_eq!(g2_from_bytes(&flags), Err(PointError::Flags));
    // Flags belong to the last byte alone: in c0 they make a number that is not reduced.
    let mut stray = good;
    stray[31] |= 0x80;
    assert_eq!(g2_from_bytes(&stray), Err(PointError::NotReduced));
    let off = (0..=255u8).map(|b| [&[b][..], &[0; 63]].concat().try_into().unwrap());
    assert!(
        off.into_iter()
            .any(|b: [u8; 64]| g2_from_bytes(&b) == Err(PointError::OffCurve))
    );
}

#[test]
fn points_that_were_not_read_from_bytes_are_checked_too() {
    assert_eq!(check_g1(&G1Affine::identity()), Err(PointError::Infinity));
    assert_eq!(
        check_g1(&G1Affine::new_unchecked(Fq::ONE, Fq::ONE)),
        Err(PointError::OffCurve)
    );
    assert_eq!(check_g2(&G2Affine::identity()), Err(PointError::Infinity));
    assert_eq!(
        check_g2(&G2Affine::new_unchecked(Fq2::ONE, Fq2::ONE)),
        Err(PointError::OffCurve)
    );
    assert_eq!(check_g2(&off_subgroup()), Err(PointError::OutsideSubgroup));
}

#[test]
fn ic_has_exact_length() {
    let (alpha, [beta, gamma, delta], ic) = points();
    for found in [0, 1, 5, 7] {
        let ic: Vec<G1Affine> = ic.iter().cycle().take(found).copied().collect();
        assert_eq!(
            VerifyingKey::new(alpha, beta, gamma, delta, &ic),
            Err(KeyError::IcLength { found })
        );
    }
}

#[test]
fn no_point_is_the_identity_or_outside_its_group() {
    let (alpha, [beta, gamma, delta], ic) = points();
    let infinity = |point| {
        Err(KeyError::Point {
            point,
            error: PointError::Infinity,
        })
    };
    let (o1, o2) = (G1Affine::identity(), G2Affine::identity());
    assert_eq!(
        VerifyingKey::new(o1, beta, gamma, delta, &ic),
        infinity(KeyPoint::Alpha)
    );
    assert_eq!(
        VerifyingKey::new(alpha, o2, gamma, delta, &ic),
        infinity(KeyPoint::Beta)
    );
    assert_eq!(
        VerifyingKey::new(alpha, beta, o2, delta, &ic),
        infinity(KeyPoint::Gamma)
    );
    assert_eq!(
        VerifyingKey::new(alpha, beta, gamma, o2, &ic),
        infinity(KeyPoint::Delta)
    );
    for i in 0..IC {
        let mut ic = ic.clone();
        ic[i] = o1;
        assert_eq!(
            VerifyingKey::new(alpha, beta, gamma, delta, &ic),
            infinity(KeyPoint::Ic(i))
        );
    }
    let out = off_subgroup();
    let outside = |point| {
        Err(KeyError::Point {
            point,
            error: PointError::OutsideSubgroup,
        })
    };
    assert_eq!(
        VerifyingKey::new(alpha, out, gamma, delta, &ic),
        outside(KeyPoint::Beta)
    );
    assert_eq!(
        VerifyingKey::new(alpha, beta, out, delta, &ic),
        outside(KeyPoint::Gamma)
    );
    assert_eq!(
        VerifyingKey::new(alpha, beta, gamma, out, &ic),
        outside(KeyPoint::Delta)
    );
}

#[test]
fn known_relations_are_refused() {
    use KeyPoint::{Alpha, Beta, Delta, Gamma, Generator};
    let (alpha, [beta, gamma, delta], ic) = points();
    let inverse = |p: G2Affine, k: u64| (p * Fr::from(k).inverse().unwrap()).into_affine();
    for (k, factor) in [(1, 1), (2, 2), (16, 16)] {
        let related = |point, other| Err(KeyError::Related { point, other, factor });
        let times = |p: G2Affine| {
            [
                (p * Fr::from(k)).into_affine(),
                -(p * Fr::from(k)).into_affine(),
                inverse(p, k),
            ]
        };
        for a in [g1(k), -g1(k), (g1(1) * Fr::from(k).inverse().unwrap()).into_affine()] {
            assert_eq!(VerifyingKey::new(a, beta, gamma, delta, &ic), related(Alpha, Generator));
        }
        for b in times(g2(1)) {
            assert_eq!(VerifyingKey::new(alpha, b, gamma, delta, &ic), related(Beta, Generator));
            assert_eq!(VerifyingKey::new(alpha, beta, gamma, b, &ic), related(Delta, Generator));
            if b != g2(1) {
                assert_eq!(VerifyingKey::new(alpha, beta, b, delta, &ic), related(Gamma, Generator));
            }
        }
        for b in times(beta) {
            assert_eq!(VerifyingKey::new(alpha, beta, b, delta, &ic), related(Gamma, Beta));
            assert_eq!(VerifyingKey::new(alpha, beta, gamma, b, &ic), related(Delta, Beta));
        }
        for g in times(gamma) {
            assert_eq!(VerifyingKey::new(alpha, beta, gamma, g, &ic), related(Delta, Gamma));
        }
    }
    assert!(VerifyingKey::new(alpha, beta, gamma, (gamma * Fr::from(17)).into_affine(), &ic).is_ok());
}

#[test]
fn gamma_may_be_the_generator_and_the_others_are_held_to_it() {
    use KeyPoint::{Alpha, Beta, Delta, Gamma, Generator};
    let (alpha, [beta, _, delta], ic) = points();
    let gamma = g2(1);
    let related = |point, other, factor| Err(KeyError::Related { point, other, factor });
    let key = VerifyingKey::new(alpha, beta, gamma, delta, &ic).unwrap();
    assert_eq!(VerifyingKey::from_bytes(&key.to_bytes()).as_ref(), Ok(&key));
    assert_eq!(key.gamma_g2(), &gamma);
    let minus = VerifyingKey::new(alpha, beta, -gamma, delta, &ic);
    assert_eq!(minus, related(Gamma, Generator, 1));
    for k in 1..=16 {
        let inverse = (gamma * Fr::from(k).inverse().unwrap()).into_affine();
        let factor = k as usize;
        for p in [g2(k), -g2(k), inverse, -inverse] {
            let beta_is = VerifyingKey::new(alpha, p, gamma, delta, &ic);
            assert_eq!(beta_is, related(Gamma, Beta, factor));
            let delta_is = VerifyingKey::new(alpha, beta, gamma, p, &ic);
            assert_eq!(delta_is, related(Delta, Gamma, factor));
        }
        let alpha_is = VerifyingKey::new(g1(k), beta, gamma, delta, &ic);
        assert_eq!(alpha_is, related(Alpha, Generator, factor));
        let delta_is = VerifyingKey::new(alpha, beta, gamma, (beta * Fr::from(k)).into_affine(), &ic);
        assert_eq!(delta_is, related(Delta, Beta, factor));
    }
}

#[test]
fn the_id_covers_all_that_a_key_says() {
    let (alpha, [beta, gamma, delta], ic) = points();
    let ids = [
        PinnedKey::new(key(), info()),
        PinnedKey::new(
            key(),
            KeyInfo {
                tier: Tier::M,
                ..info()
            },
        ),
        PinnedKey::new(
            key(),
            KeyInfo {
                circuit_version: 2,
                ..info()
            },
        ),
        PinnedKey::new(
            key(),
            KeyInfo {
                matrix_digest: [8; 32],
                ..info()
            },
        ),
        PinnedKey::new(
            key(),
            KeyInfo {
                development: true,
                ..info()
            },
        ),
        PinnedKey::new(VerifyingKey::new(-alpha, beta, gamma, delta, &ic).unwrap(), info()),
    ]
    .map(|key| key.id());
    for (i, id) in ids.iter().enumerate() {
        assert!(ids[i + 1..].iter().all(|other| other != id));
    }
}

/// Written down, so that another implementation can agree: a change here breaks pinned keys.
#[test]
fn the_id_is_sha256_over_length_prefixed_parts() {
    use sha2::{Digest, Sha256};
    let mut input = Vec::new();
    for part in [
        &b"medproof/v1/key"[..],
        &key().to_bytes(),
        &[0, 0, 0, 0, 0, 0, 0, 2],
        &[0, 0, 0, 0, 0, 0, 0, 1],
        &[7; 32],
        &[0; 8],
    ] {
        input.extend((part.len() as u64).to_be_bytes());
        input.extend(part);
    }
    let expected: [u8; 32] = Sha256::digest(&input).into();
    assert_eq!(PinnedKey::new(key(), info()).id(), KeyId(expected));
}

#[test]
fn pinned_keys_have_one_binary_form() {
    let pinned = PinnedKey::new(
        key(),
        KeyInfo {
            development: true,
            ..info()
        },
    );
    let bytes = pinned.to_bytes();
    assert_eq!(bytes.len(), PINNED_KEY_BYTES);
    assert_eq!(PinnedKey::from_bytes(&bytes).unwrap(), pinned);
    let with = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        PinnedKey::from_bytes(&bytes)
    };
    assert_eq!(with(0, 2), Err(KeyError::Version { expected: 1, found: 2 }));
    assert_eq!(with(1, 0), Err(KeyError::Tier { found: 0 }));
    assert_eq!(with(1, 5), Err(KeyError::Tier { found: 5 }));
    assert_eq!(with(6, 2), Err(KeyError::Development { found: 2 }));
    let length = |found| {
        Err(KeyError::Length {
            expected: PINNED_KEY_BYTES,
            found,
        })
    };
    assert_eq!(PinnedKey::from_bytes(&bytes[..454]), length(454));
    assert_eq!(PinnedKey::from_bytes(&[&bytes[..], &[0]].concat()), length(456));
    assert_eq!(PinnedKey::from_bytes(&[]), length(0));
}

#[test]
fn pinned_keys_have_one_json_form() {
    let pinned = PinnedKey::new(key(), info());
    let json = String::from_utf8(pinned.to_json()).unwrap();
    assert_eq!(PinnedKey::from_json(json.as_bytes()).unwrap(), pinned);
    let with = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        PinnedKey::from_json(json.replacen(from, to, 1).as_bytes())
    };
    let id = pinned.id().to_string();
    let other = PinnedKey::new(
        key(),
        KeyInfo {
            circuit_version: 2,
            ..info()
        },
    )
    .id();
    assert_eq!(
        with("\"circuit_version\":1", "\"circuit_version\":2"),
        Err(KeyError::Id {
            expected: pinned.id(),
            found: other
        })
    );
    assert!(matches!(
        with("\"version\":1}", "\"version\":2}"),
        Err(KeyError::Json(JsonError::Version { found: 2, .. }))
    ));
    assert!(matches!(
        with("medproof/key", "medproof/kee"),
        Err(KeyError::Json(JsonError::Type { .. }))
    ));
    for (from, to) in [
        ("\"tier\":\"S\"", "\"tier\":\"s\""),
        ("{", "{\"x\":1,"),
        ("\"development\":false,", ""),
        ("\"development\":false", "\"development\":false,\"development\":false"),
        (id.as_str(), &id.to_uppercase()),
        (id.as_str(), &id[..64]),
    ] {
        assert!(
            matches!(with(from, to), Err(KeyError::Json(JsonError::Form { .. }))),
            "{to}"
        );
    }
    for (from, to) in [("{", "{ "), ("\"tier\"", "\"t\\u0069er\""), ("1}", "1}\n")] {
        assert!(
            matches!(with(from, to), Err(KeyError::Json(JsonError::NotCanonical { .. }))),
            "{to}"
        );
    }
    assert!(matches!(
        with("1}", "1}x"),
        Err(KeyError::Json(JsonError::Syntax { .. }))
    ));
    assert!(matches!(with("1}", "1"), Err(KeyError::Json(JsonError::Syntax { .. }))));
    let long = [json.as_bytes(), &[b' '; 4096]].concat();
    assert!(matches!(
        PinnedKey::from_json(&long),
        Err(KeyError::Json(JsonError::TooLarge { .. }))
    ));
    // RFC 8785: the order and the spelling are the canonical ones.
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value.to_string(), json);
}
