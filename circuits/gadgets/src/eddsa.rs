//! Verification of a signature, the twin of [`medproof_statement::eddsa::PublicKey::verify`].
//!
//! Statement: the prover knows R on the curve and s with 8·(s·B − R − c·A) = 0, where c is the
//! canonical integer of the Poseidon2 challenge of (R, A, message), A is on the curve and 8·A is
//! not the identity. Preconditions: none; A's coordinates may come from anywhere.
//! Cost: [`COST`].
//!
//! - Multiplying by the cofactor first puts Q = 8·A in the subgroup of prime order, where scalar
//!   multiplication is cheap and safe. 8·R + c·Q = s·(8·B) is then the whole equation.
//! - A of small order has Q = identity, which the multiplication refuses. A with a small-order part
//!   beside one of prime order is not refused: the issuer checks the subgroup at enrolment.
//! - c must be the integer below p. As c + p the same hash would serve another scalar, since p is
//!   no multiple of the group's order.
//! - s need not be below the order: nothing reads it, and another form signs nothing else.

use std::sync::OnceLock;

use ark_ec::AffineRepr;
use ark_relations::gr1cs::SynthesisError;
use medproof_statement::eddsa::{CHALLENGE_DOMAIN, EdwardsAffine, Signature};

use crate::bits::{Bit, CANONICAL_COST, decompose_canonical};
use crate::edwards::{self, CurvePoint, Point};
use crate::fixed_base::{self, FixedBase, SignedScalar};
use crate::poseidon2;
use crate::variable_base;
use crate::wire::{Cs, Wire};

/// Constraints of [`enforce_verifies`].
pub const COST: usize = 2 * (edwards::ON_CURVE_COST + edwards::COFACTOR_COST)
    + poseidon2::COMPRESS8_COST
    + CANONICAL_COST
    + variable_base::COST
    + fixed_base::SCALAR_COST
    + fixed_base::COST
    + edwards::ADD_COST
    + edwards::EQUAL_COST;

/// Requires a signature on the message under the key A. Costs [`COST`].
///
/// `signature` is not called for a key.
///
/// # Errors
/// Those of `signature` and the constraint system.
pub fn enforce_verifies(
    cs: &Cs,
    a: &Point,
    message: &Wire,
    signature: impl FnOnce() -> Result<Signature, SynthesisError>,
) -> Result<(), SynthesisError> {
    verify_with(cs, a, message, signature, decompose_canonical)
}

fn verify_with(
    cs: &Cs,
    a: &Point,
    message: &Wire,
    signature: impl FnOnce() -> Result<Signature, SynthesisError>,
    decompose: impl FnOnce(&Cs, &Wire) -> Result<Vec<Bit>, SynthesisError>,
) -> Result<(), SynthesisError> {
    let signature = if cs.is_in_setup_mode() {
        None
    } else {
        Some(signature()?)
    };
    let known = || signature.as_ref().ok_or(SynthesisError::AssignmentMissing);
    let r = Point::witness(cs, || Ok(*known()?.r()))?;
    let s = SignedScalar::witness(cs, || Ok(*known()?.s()))?;
    let challenge = decompose(cs, &challenge(cs, &r, a, message)?)?;
    let q = CurvePoint::enforce(cs, a.clone())?.times_cofactor(cs)?;
    let r = CurvePoint::enforce(cs, r)?.times_cofactor(cs)?;
    let left = variable_base::times(cs, &q, &challenge)?.add(cs, &r)?;
    let right = eight_base().times(cs, &s)?;
    left.enforce_equal(cs, &right)
}

/// The twin of [`medproof_statement::eddsa::challenge`].
fn challenge(cs: &Cs, r: &Point, a: &Point, message: &Wire) -> Result<Wire, SynthesisError> {
    let state = [
        Wire::constant(CHALLENGE_DOMAIN),
        r.x.clone(),
        r.y.clone(),
        a.x.clone(),
        a.y.clone(),
        message.clone(),
        Wire::zero(),
        Wire::zero(),
    ];
    let [_, challenge, ..] = poseidon2::permute(cs, &state)?;
    Ok(challenge)
}

/// Multiples of 8·B.
fn eight_base() -> &'static FixedBase {
    static TABLE: OnceLock<FixedBase> = OnceLock::new();
    TABLE.get_or_init(|| FixedBase::new(&EdwardsAffine::generator().mul_by_cofactor()))
}

#[cfg(test)]
mod tests {
    use ark_bn254::Fr;
    use ark_ec::CurveGroup;
    use ark_ff::{BigInteger, Field, PrimeField, UniformRand};
    use ark_relations::gr1cs::SynthesisMode;
    use ark_std::test_rng;
    use medproof_statement::eddsa::{self as native, EddsaError, PublicKey, Scalar, SigningKey};

    use super::*;
    use crate::bits;
    use crate::edwards::tests::torsion;
    use crate::testing::{free_variables, size, system};

    fn build(a: &EdwardsAffine, message: Fr, signature: &Signature) -> Cs {
        let cs = system();
        let a = Point::witness(&cs, || Ok(*a)).unwrap();
        let message = Wire::witness(&cs, || Ok(message)).unwrap();
        enforce_verifies(&cs, &a, &message, || Ok(*signature)).unwrap();
        cs
    }

    fn accepts(a: &EdwardsAffine, message: Fr, signature: &Signature) -> bool {
        build(a, message, signature).is_satisfied().unwrap()
    }

    fn sample() -> (SigningKey, Fr, Signature) {
        let mut rng = test_rng();
        let key = SigningKey::from_bytes(<[u8; 32]>::rand(&mut rng));
        let message = Fr::rand(&mut rng);
        let signature = key.sign(message);
        (key, message, signature)
    }

    /// Signs for A = sk·B + `extra` with nonce point r·B + `torsion`, by the native challenge.
    fn sign_by_hand(
        sk: Scalar,
        extra: EdwardsAffine,
        torsion: EdwardsAffine,
        message: Fr,
    ) -> (EdwardsAffine, Signature) {
        let base = EdwardsAffine::generator();
        let nonce = Scalar::from(1_234_567u64);
        let a = (base * sk + extra).into_affine();
        let r = (base * nonce + torsion).into_affine();
        let c = native::challenge(&r, &a, message).into_bigint();
        let c = Scalar::from_le_bytes_mod_order(&c.to_bytes_le());
        (a, Signature::new(r, nonce + c * sk).unwrap())
    }

    #[test]
    fn signatures_verify_at_the_stated_cost() {
        let mut rng = test_rng();
        for seed in 0..4 {
            let key = SigningKey::from_bytes([seed; 32]);
            let message = Fr::rand(&mut rng);
            let cs = build(key.public().point(), message, &key.sign(message));
            assert!(cs.is_satisfied().unwrap());
            assert_eq!(cs.num_constraints(), COST);
            assert_eq!(COST, 3507);
            assert_eq!(size(&cs).unwrap().non_zeros, 25_840);
        }
    }

    #[test]
    fn another_key_message_or_signature_is_refused() {
        let (key, message, good) = sample();
        let a = *key.public().point();
        let stranger = SigningKey::from_bytes([9; 32]);
        let s = Signature::new(*good.r(), *good.s() + Scalar::ONE).unwrap();
        let r = (*good.r() + EdwardsAffine::generator()).into_affine();
        let r = Signature::new(r, *good.s()).unwrap();
        let negated = Signature::new(-*good.r(), -*good.s()).unwrap();
        assert!(accepts(&a, message, &good));
        assert!(!accepts(stranger.public().point(), message, &good));
        assert!(!accepts(&-a, message, &good));
        assert!(!accepts(&a, message + Fr::ONE, &good));
        for bad in [s, r, negated, stranger.sign(message)] {
            assert!(!accepts(&a, message, &bad));
            assert!(key.public().verify(message, &bad).is_err());
        }
    }

    /// The cofactored equation, natively and here.
    #[test]
    fn torsion_in_the_nonce_point_is_accepted_by_both() {
        let message = Fr::from(3u64);
        let none = EdwardsAffine::zero();
        let (a, signature) = sign_by_hand(Scalar::from(99u64), none, torsion(), message);
        let key = PublicKey::from_point(a).unwrap();
        assert_eq!(key.verify(message, &signature), Ok(()));
        assert!(accepts(&a, message, &signature));
    }

    /// Enrolment refuses such a key; the equation alone cannot see the small-order part.
    #[test]
    fn a_key_with_torsion_is_left_to_enrolment() {
        let message = Fr::from(3u64);
        let none = EdwardsAffine::zero();
        let (a, signature) = sign_by_hand(Scalar::from(99u64), torsion(), none, message);
        assert_eq!(PublicKey::from_point(a), Err(EddsaError::OutsideSubgroup));
        assert!(accepts(&a, message, &signature));
    }

    /// Under a key of small order, s·B = R "signs" every message.
    #[test]
    fn small_order_keys_are_refused() {
        let nonce = Scalar::from(77u64);
        let r = (EdwardsAffine::generator() * nonce).into_affine();
        let signature = Signature::new(r, nonce).unwrap();
        let mut a = torsion();
        for _ in 0..4 {
            assert!(!accepts(&a, Fr::ONE, &signature));
            a = (a + a).into_affine();
        }
        assert_eq!(a, EdwardsAffine::zero());
    }

    #[test]
    fn keys_off_the_curve_are_refused() {
        let (key, message, signature) = sample();
        let a = *key.public().point();
        let scaled = EdwardsAffine::new_unchecked(a.x * edwards::A.sqrt().unwrap(), a.y);
        let moved = EdwardsAffine::new_unchecked(a.x + Fr::ONE, a.y);
        for bad in [scaled, moved] {
            assert!(!accepts(&bad, message, &signature));
        }
    }

    #[test]
    fn no_variable_is_free() {
        let (key, message, signature) = sample();
        let cs = build(key.public().point(), message, &signature);
        assert_eq!(free_variables(&cs).unwrap(), []);
    }

    #[test]
    fn a_key_needs_no_signature() {
        let (key, message, signature) = sample();
        let full = build(key.public().point(), message, &signature);
        let cs = system();
        cs.set_mode(SynthesisMode::Setup);
        let missing = || Err(SynthesisError::AssignmentMissing);
        let a = Point::witness(&cs, || Err(SynthesisError::AssignmentMissing)).unwrap();
        let message = Wire::witness(&cs, missing).unwrap();
        enforce_verifies(&cs, &a, &message, || Err(SynthesisError::AssignmentMissing)).unwrap();
        assert_eq!(cs.to_matrices().unwrap(), full.to_matrices().unwrap());
    }

    /// A second signature by the challenge c + p, which hashes alike: the prover spells c + p in
    /// the bits and everything follows from them. Only the bound below p stands against it.
    #[test]
    fn the_challenge_plus_the_modulus_is_refused() {
        let (key, base) = (Scalar::from(4_321u64), EdwardsAffine::generator());
        let a = (base * key).into_affine();
        let nonce = Scalar::from(1_234u64);
        let r = (base * nonce).into_affine();
        let (message, wide) = (0u64..)
            .map(|i| {
                let mut wide = native::challenge(&r, &a, Fr::from(i)).into_bigint();
                wide.add_with_carry(&Fr::MODULUS);
                (Fr::from(i), wide)
            })
            .find(|(_, wide)| wide.num_bits() <= 254)
            .unwrap();
        let s = nonce + Scalar::from_le_bytes_mod_order(&wide.to_bytes_le()) * key;
        let forged = Signature::new(r, s).unwrap();
        let forge = |bounded: bool| {
            let cs = system();
            let a = Point::witness(&cs, || Ok(a)).unwrap();
            let message = Wire::witness(&cs, || Ok(message)).unwrap();
            let spell = |cs: &Cs, c: &Wire| {
                if bounded {
                    return bits::canonical_bits(cs, c, || Ok(wide));
                }
                (0..254)
                    .map(|i| Bit::witness(cs, || Ok(wide.get_bit(i))))
                    .collect::<Result<Vec<_>, _>>()
                    .inspect(|bits| bits::pack(bits).enforce_equal(cs, c).unwrap())
            };
            verify_with(&cs, &a, &message, || Ok(forged), spell).unwrap();
            cs
        };
        assert!(forge(false).is_satisfied().unwrap());
        assert!(!forge(true).is_satisfied().unwrap());
        let real = build(&a, message, &forged);
        assert_eq!(forge(true).to_matrices().unwrap(), real.to_matrices().unwrap());
        assert!(!real.is_satisfied().unwrap());
    }
}
