//! FROST (RFC 9591) over Baby Jubjub, so that what several sign together is the signature that the
//! circuit checks.
//!
//! | RFC 9591 | here |
//! |---|---|
//! | group | the subgroup of Base8, of prime order l, in the EIP-2494 form; encoded as `statement::eddsa` encodes points |
//! | field | integers modulo l, 32 bytes, little-endian, below l |
//! | H1, H3, HDKG, HID | SHA-512(`ID` ‖ "rho", "nonce", "dkg", "id" ‖ m), as a little-endian integer modulo l |
//! | H4, H5 | SHA-512(`ID` ‖ "msg", "com" ‖ m) |
//! | challenge, in the place of H2 | Poseidon2 over (domain, R, A, message), reduced modulo l: `statement::eddsa::challenge` |
//! | message | a field element of BN254 in 32 bytes, big-endian, below p |
//!
//! Keys are uniform scalars: nothing is clamped, as nothing is derived from a seed. Nonces are random
//! and hedged by the signer's share, as the RFC has it, and never those of `SigningKey`; who verifies
//! sees no difference. Everything that is read lies in the subgroup, so the cofactor in the equation
//! changes nothing for what is made here.

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field as _, PrimeField, UniformRand, Zero};
use frost_core::{Challenge, Ciphersuite, Error, Field, FieldError, Group, GroupError, VerifyingKey};
use medproof_statement::eddsa::{self, EdwardsAffine, EdwardsProjective, PublicKey, Scalar, Signature};
use medproof_statement::{Fr, field};
use rand_core::{CryptoRng, RngCore};
use sha2::{Digest, Sha512};

/// Integers modulo the subgroup's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalarField;

impl Field for ScalarField {
    type Scalar = Scalar;
    type Serialization = [u8; 32];

    fn zero() -> Scalar {
        Scalar::zero()
    }

    fn one() -> Scalar {
        Scalar::ONE
    }

    fn invert(scalar: &Scalar) -> Result<Scalar, FieldError> {
        scalar.inverse().ok_or(FieldError::InvalidZeroScalar)
    }

    fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Scalar {
        Scalar::rand(rng)
    }

    fn serialize(scalar: &Scalar) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (byte, value) in bytes.iter_mut().zip(scalar.into_bigint().to_bytes_le()) {
            *byte = value;
        }
        bytes
    }

    fn little_endian_serialize(scalar: &Scalar) -> [u8; 32] {
        Self::serialize(scalar)
    }

    fn deserialize(bytes: &[u8; 32]) -> Result<Scalar, FieldError> {
        let scalar = Scalar::from_le_bytes_mod_order(bytes);
        // One encoding a scalar: what was reduced is not its own.
        match Self::serialize(&scalar) == *bytes {
            true => Ok(scalar),
            false => Err(FieldError::MalformedScalar),
        }
    }
}

/// The subgroup of Base8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subgroup;

impl Group for Subgroup {
    type Field = ScalarField;
    type Element = EdwardsProjective;
    type Serialization = [u8; 32];

    fn cofactor() -> Scalar {
        Scalar::from(8u64)
    }

    fn identity() -> EdwardsProjective {
        EdwardsProjective::zero()
    }

    fn generator() -> EdwardsProjective {
        EdwardsAffine::generator().into_group()
    }

    fn serialize(element: &EdwardsProjective) -> Result<[u8; 32], GroupError> {
        // What a key may be is what an element may be: on the curve, in the subgroup, not its identity.
        PublicKey::from_point(element.into_affine())
            .map(|point| point.to_bytes())
            .map_err(refused)
    }

    fn deserialize(bytes: &[u8; 32]) -> Result<EdwardsProjective, GroupError> {
        let point = PublicKey::from_bytes(bytes).map_err(refused)?;
        Ok(point.point().into_group())
    }
}

fn refused(error: eddsa::EddsaError) -> GroupError {
    match error {
        eddsa::EddsaError::Identity => GroupError::InvalidIdentityElement,
        eddsa::EddsaError::OutsideSubgroup => GroupError::InvalidNonPrimeOrderElement,
        _ => GroupError::MalformedElement,
    }
}

/// The suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BabyJubjub;

impl Ciphersuite for BabyJubjub {
    const ID: &'static str = "FROST-medproof-BabyJubjub-Poseidon2-SHA512-v1";

    type Group = Subgroup;
    type HashOutput = [u8; 64];
    type SignatureSerialization = [u8; 64];

    fn H1(m: &[u8]) -> Scalar {
        to_scalar(b"rho", m)
    }

    /// Not the challenge, which is [`BabyJubjub::challenge`]: the library asks for H2 nowhere else.
    fn H2(m: &[u8]) -> Scalar {
        to_scalar(b"chal", m)
    }

    fn H3(m: &[u8]) -> Scalar {
        to_scalar(b"nonce", m)
    }

    fn H4(m: &[u8]) -> [u8; 64] {
        hash(b"msg", m)
    }

    fn H5(m: &[u8]) -> [u8; 64] {
        hash(b"com", m)
    }

    fn HDKG(m: &[u8]) -> Option<Scalar> {
        Some(to_scalar(b"dkg", m))
    }

    fn HID(m: &[u8]) -> Option<Scalar> {
        Some(to_scalar(b"id", m))
    }

    fn challenge(
        r: &EdwardsProjective,
        key: &VerifyingKey<Self>,
        message: &[u8],
    ) -> Result<Challenge<Self>, Error<Self>> {
        // A commitment that is no element was made by nobody who is honest.
        Subgroup::serialize(r)?;
        let message = field::from_bytes(message).map_err(|_| Error::MalformedSignature)?;
        let c = eddsa::challenge(&r.into_affine(), &key.to_element().into_affine(), message);
        Ok(Challenge::from_scalar(reduced(&c.into_bigint().to_bytes_le())))
    }
}

/// A message as the suite takes it.
#[must_use]
pub fn message_bytes(message: &Fr) -> [u8; 32] {
    field::to_bytes(message)
}

/// The signature as the circuit takes it. `None` for what no aggregation gives.
#[must_use]
pub fn statement_signature(signature: &frost_core::Signature<BabyJubjub>) -> Option<Signature> {
    Signature::new(signature.R().into_affine(), *signature.z()).ok()
}

/// The key as the circuit takes it. `None` for the identity, which no group has.
#[must_use]
pub fn statement_key(key: &VerifyingKey<BabyJubjub>) -> Option<PublicKey> {
    PublicKey::from_point(key.to_element().into_affine()).ok()
}

fn hash(domain: &[u8], m: &[u8]) -> [u8; 64] {
    let mut sha = Sha512::new_with_prefix(BabyJubjub::ID.as_bytes());
    sha.update(domain);
    sha.update(m);
    sha.finalize().into()
}

// 512 bits reduced once: no measurable bias.
fn to_scalar(domain: &[u8], m: &[u8]) -> Scalar {
    reduced(&hash(domain, m))
}

fn reduced(bytes: &[u8]) -> Scalar {
    Scalar::from_le_bytes_mod_order(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::AdditiveGroup;
    use frost_core::keys::{IdentifierList, KeyPackage, generate_with_dealer};
    use frost_core::{SigningPackage, aggregate, round1, round2};
    use medproof_statement::testing::point_of_order_eight;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use std::collections::BTreeMap;

    fn encoded(point: &EdwardsAffine) -> [u8; 32] {
        use ark_serialize::CanonicalSerialize;
        let mut bytes = [0; 32];
        point.serialize_compressed(&mut bytes[..]).unwrap();
        bytes
    }

    #[test]
    fn elements_outside_the_subgroup_are_refused() {
        let torsion = point_of_order_eight();
        for power in [1u64, 2, 4] {
            let small = (torsion * Scalar::from(power)).into_affine();
            let mixed = (EdwardsAffine::generator() + small).into_affine();
            for point in [small, mixed] {
                let bytes = encoded(&point);
                assert_eq!(
                    Subgroup::deserialize(&bytes),
                    Err(GroupError::InvalidNonPrimeOrderElement)
                );
                assert!(Subgroup::serialize(&point.into_group()).is_err());
            }
        }
        let identity = encoded(&EdwardsAffine::zero());
        assert_eq!(
            Subgroup::deserialize(&identity),
            Err(GroupError::InvalidIdentityElement)
        );
        let generator = Subgroup::serialize(&Subgroup::generator()).unwrap();
        assert_eq!(Subgroup::deserialize(&generator), Ok(Subgroup::generator()));
    }

    #[test]
    fn elements_have_one_encoding() {
        let bytes = Subgroup::serialize(&Subgroup::generator()).unwrap();
        // A bit of neither y nor the sign; y + p; no y of the curve.
        let mut stray = bytes;
        stray[31] |= 0x40;
        let mut shifted = Fr::MODULUS;
        shifted.add_with_carry(&Fr::from_le_bytes_mod_order(&bytes[..31]).into_bigint());
        let mut long = [0; 32];
        long.copy_from_slice(&shifted.to_bytes_le());
        for wrong in [stray, long, [0xff; 32]] {
            assert_eq!(Subgroup::deserialize(&wrong), Err(GroupError::MalformedElement));
        }
    }

    #[test]
    fn scalars_have_one_encoding() {
        let last = ScalarField::serialize(&(-Scalar::ONE));
        assert_eq!(ScalarField::deserialize(&last), Ok(-Scalar::ONE));
        let mut order = [0; 32];
        order.copy_from_slice(&Scalar::MODULUS.to_bytes_le());
        assert_eq!(ScalarField::deserialize(&order), Err(FieldError::MalformedScalar));
        assert_eq!(ScalarField::deserialize(&[0xff; 32]), Err(FieldError::MalformedScalar));
        assert_eq!(ScalarField::invert(&Scalar::ZERO), Err(FieldError::InvalidZeroScalar));
    }

    #[test]
    fn uses_of_the_hash_are_apart() {
        let m = b"the same";
        let mut scalars = vec![
            BabyJubjub::H1(m),
            BabyJubjub::H2(m),
            BabyJubjub::H3(m),
            BabyJubjub::HDKG(m).unwrap(),
            BabyJubjub::HID(m).unwrap(),
            reduced(&BabyJubjub::H4(m)),
            reduced(&BabyJubjub::H5(m)),
        ];
        scalars.sort();
        scalars.dedup();
        assert_eq!(scalars.len(), 7);
    }

    /// Of one seed: a change of hashes, shares, binding factors or challenge shows here.
    #[test]
    fn what_some_sign_together_is_the_statements_signature() {
        let rng = &mut ChaCha20Rng::from_seed([1; 32]);
        let (shares, group) = generate_with_dealer::<BabyJubjub, _>(3, 2, IdentifierList::Default, rng).unwrap();
        let message = Fr::from(42u64);
        let packages: BTreeMap<_, _> = shares
            .into_iter()
            .take(2)
            .map(|(id, share)| (id, KeyPackage::try_from(share).unwrap()))
            .collect();
        let rounds: BTreeMap<_, _> = packages
            .iter()
            .map(|(id, package)| (*id, round1::commit(package.signing_share(), rng)))
            .collect();
        let commitments = rounds.iter().map(|(id, (_, c))| (*id, *c)).collect();
        let package = SigningPackage::new(commitments, &message_bytes(&message));
        let shares = packages
            .iter()
            .map(|(id, key)| (*id, round2::sign(&package, &rounds[id].0, key).unwrap()))
            .collect();
        let signature = aggregate(&package, &shares, &group).unwrap();
        let (key, signature) = (
            statement_key(group.verifying_key()).unwrap(),
            statement_signature(&signature).unwrap(),
        );
        assert_eq!(key.verify(message, &signature), Ok(()));
        assert!(key.verify(message + Fr::ONE, &signature).is_err());
        assert_eq!(
            hex::encode(key.to_bytes()),
            "4921113bd145a067904c500b2af5b3a413e0de34b85962e2a43c684dcd192f01"
        );
        assert_eq!(
            hex::encode(signature.to_bytes()),
            "5464cb17906c428f6c94aca5977e6cdc57c8c7f3eb4b506645f2e783c33752913dac8574a3e36fc345c58874949a17f93816580199bf44b32fbb66d7489b2002"
        );
    }

    #[test]
    fn what_is_no_field_element_is_no_message() {
        let key = VerifyingKey::<BabyJubjub>::new(Subgroup::generator());
        for message in [&[0; 31][..], &[0; 33], &[0xff; 32]] {
            assert!(BabyJubjub::challenge(&Subgroup::generator(), &key, message).is_err());
        }
        assert!(BabyJubjub::challenge(&Subgroup::identity(), &key, &[0; 32]).is_err());
    }
}
