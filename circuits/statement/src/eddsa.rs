//! EdDSA over Baby Jubjub in EIP-2494 form, with a Poseidon2 challenge.
//!
//! A signature (R, s) on a field element m under A = sk·B holds when 8·(s·B − R − c·A) = 0, where
//! c is the challenge of (R, A, m) reduced by the subgroup's order. The cofactor makes single and
//! batched verification agree (eprint 2020/1244), so R may carry a small-order part; A may not.
//! Keys, nonces and signatures are those of `taceo-eddsa-babyjubjub` 0.6.

use core::fmt;

use ark_bn254::Fr;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInteger, MontFp, PrimeField, Zero};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize, Compress, Validate};
pub use taceo_ark_babyjubjub::{EdwardsAffine, EdwardsProjective, Fr as Scalar};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::poseidon2;

/// Bytes of an encoded point: y in little-endian order, with the sign of x in the top bit.
pub const POINT_BYTES: usize = 32;

/// Bytes of an encoded signature: R, then s in little-endian order.
pub const SIGNATURE_BYTES: usize = 64;

/// Lane 0 of the challenge's state: the ASCII bytes of "EdDSA Signature", big-endian.
///
/// Far above every `tag + 2⁶⁴·length` of the sponge, so no sponge state is a challenge's.
pub const CHALLENGE_DOMAIN: Fr = MontFp!("0x4564445341205369676e6174757265");

/// Why bytes or points are not a key or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EddsaError {
    /// The encoding is of the wrong length.
    #[error("expected {expected} bytes, found {found}")]
    Length {
        /// The only accepted length.
        expected: usize,
        /// The length given.
        found: usize,
    },
    /// The bytes are not the one encoding of a curve point.
    #[error(
        "the 32 bytes are not the canonical encoding of a curve point: send y < p little-endian with the sign of x in the top bit"
    )]
    PointEncoding,
    /// The coordinates do not satisfy 168700·x² + y² = 1 + 168696·x²·y².
    #[error("the point is not on Baby Jubjub in its EIP-2494 form (a = 168700, d = 168696)")]
    OffCurve,
    /// A public key outside the subgroup of prime order.
    #[error("the public key is outside the prime-order subgroup: enrol a key that is a multiple of Base8")]
    OutsideSubgroup,
    /// A public key that is the identity.
    #[error("the public key is the identity, under which every message is signed")]
    Identity,
    /// s is not below the subgroup's order.
    #[error("the signature's scalar is not below the subgroup's order: a reduced scalar is the only accepted form")]
    ScalarRange,
    /// The equation does not hold.
    #[error("the signature does not belong to this key and message")]
    Mismatch,
}

/// A signer's public key: a point of the prime-order subgroup that is not the identity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(EdwardsAffine);

impl PublicKey {
    /// Accepts a point.
    ///
    /// # Errors
    /// When it is off the curve, the identity, or outside the prime-order subgroup.
    pub fn from_point(point: EdwardsAffine) -> Result<Self, EddsaError> {
        if !point.is_on_curve() {
            return Err(EddsaError::OffCurve);
        }
        if point.is_zero() {
            return Err(EddsaError::Identity);
        }
        if !point.is_in_correct_subgroup_assuming_on_curve() {
            return Err(EddsaError::OutsideSubgroup);
        }
        Ok(Self(point))
    }

    /// Reads the canonical 32-byte encoding.
    ///
    /// # Errors
    /// When the length is not 32, the encoding is not canonical, or the point is not a key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EddsaError> {
        Self::from_point(decode_point(&exactly(bytes)?)?)
    }

    /// The canonical 32-byte encoding.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; POINT_BYTES] {
        encode_point(&self.0)
    }

    /// The point A.
    pub const fn point(&self) -> &EdwardsAffine {
        &self.0
    }

    /// Checks a signature on a message.
    ///
    /// # Errors
    /// [`EddsaError::Mismatch`] when 8·(s·B − R − c·A) is not the identity.
    pub fn verify(&self, message: Fr, signature: &Signature) -> Result<(), EddsaError> {
        let c = reduce(challenge(&signature.r, &self.0, message));
        let mut residue = EdwardsAffine::generator() * signature.s - signature.r - self.0 * c;
        for _ in 0..3 {
            residue.double_in_place();
        }
        if residue.is_zero() {
            Ok(())
        } else {
            Err(EddsaError::Mismatch)
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        for byte in self.to_bytes() {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

/// A signature (R, s): R on the curve, s below the subgroup's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    r: EdwardsAffine,
    s: Scalar,
}

impl Signature {
    /// Accepts a pair. R need not be in the prime-order subgroup.
    ///
    /// # Errors
    /// [`EddsaError::OffCurve`] when R is not on the curve.
    pub fn new(r: EdwardsAffine, s: Scalar) -> Result<Self, EddsaError> {
        if r.is_on_curve() {
            Ok(Self { r, s })
        } else {
            Err(EddsaError::OffCurve)
        }
    }

    /// Reads the canonical 64-byte encoding.
    ///
    /// # Errors
    /// When the length is not 64, R's encoding is not canonical, or s is not reduced.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EddsaError> {
        let bytes: [u8; SIGNATURE_BYTES] = exactly(bytes)?;
        let (r, s) = bytes.split_at(POINT_BYTES);
        Ok(Self {
            r: decode_point(&exactly(r)?)?,
            s: Scalar::deserialize_compressed(s).map_err(|_| EddsaError::ScalarRange)?,
        })
    }

    /// The canonical 64-byte encoding.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SIGNATURE_BYTES] {
        let mut bytes = [0; SIGNATURE_BYTES];
        let (r, s) = bytes.split_at_mut(POINT_BYTES);
        r.copy_from_slice(&encode_point(&self.r));
        for (byte, value) in s.iter_mut().zip(self.s.into_bigint().to_bytes_le()) {
            *byte = value;
        }
        bytes
    }

    /// The nonce point R.
    pub const fn r(&self) -> &EdwardsAffine {
        &self.r
    }

    /// The scalar s.
    #[must_use]
    pub const fn s(&self) -> &Scalar {
        &self.s
    }
}

/// The Fiat-Shamir challenge as a base-field element: lane 1 of the width-8 permutation of
/// (domain, R.x, R.y, A.x, A.y, message, 0, 0).
#[must_use]
pub fn challenge(r: &EdwardsAffine, a: &EdwardsAffine, message: Fr) -> Fr {
    let mut state = [CHALLENGE_DOMAIN, r.x, r.y, a.x, a.y, message, Fr::ZERO, Fr::ZERO];
    poseidon2::permute(&mut state);
    state[1]
}

/// The challenge as a scalar: its canonical integer modulo the subgroup's order.
fn reduce(challenge: Fr) -> Scalar {
    Scalar::from_le_bytes_mod_order(&challenge.into_bigint().to_bytes_le())
}

/// A 32-byte signing seed. Wiped when dropped, never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// Takes a seed, which must come from a cryptographic generator.
    #[must_use]
    pub const fn from_bytes(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// The key to verify with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        // A non-zero scalar times Base8: in the subgroup and not the identity by construction.
        PublicKey(base_times(&self.expand().0))
    }

    /// Signs a field element. The nonce depends on the seed and the message only.
    #[must_use]
    pub fn sign(&self, message: Fr) -> Signature {
        let (sk, prefix) = self.expand();
        let nonce = nonce(&prefix, message);
        let r = base_times(&nonce);
        let c = reduce(challenge(&r, &base_times(&sk), message));
        Signature { r, s: *nonce + c * *sk }
    }

    /// The scalar and the nonce prefix, both from BLAKE3 of the seed.
    fn expand(&self) -> (Zeroizing<Scalar>, Zeroizing<Scalar>) {
        let mut wide = blake3_512(&[&self.0]);
        let prefix = Zeroizing::new(Scalar::from_le_bytes_mod_order(&wide[32..]));
        // Clamped as Ed25519's: a multiple of 8 with its highest bit set.
        wide[0] &= 0xf8;
        wide[31] = wide[31] & 0x7f | 0x40;
        let sk = Zeroizing::new(Scalar::from_le_bytes_mod_order(&wide[..32]));
        (sk, prefix)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

fn base_times(scalar: &Scalar) -> EdwardsAffine {
    (EdwardsAffine::generator() * scalar).into_affine()
}

/// 512 bits reduced once: no measurable bias.
fn nonce(prefix: &Scalar, message: Fr) -> Zeroizing<Scalar> {
    let prefix = Zeroizing::new(prefix.into_bigint().to_bytes_le());
    let wide = blake3_512(&[&prefix, &message.into_bigint().to_bytes_le()]);
    Zeroizing::new(Scalar::from_le_bytes_mod_order(&*wide))
}

fn blake3_512(parts: &[&[u8]]) -> Zeroizing<[u8; 64]> {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut out = Zeroizing::new([0; 64]);
    let mut reader = hasher.finalize_xof();
    reader.fill(&mut *out);
    reader.zeroize();
    hasher.zeroize();
    out
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], EddsaError> {
    bytes.try_into().map_err(|_| EddsaError::Length {
        expected: N,
        found: bytes.len(),
    })
}

fn encode_point(point: &EdwardsAffine) -> [u8; POINT_BYTES] {
    let mut bytes = [0; POINT_BYTES];
    // Writing 32 bytes into 32 bytes has no way to fail; if it ever did, zeros decode to no key.
    let written = point.serialize_compressed(&mut bytes[..]);
    debug_assert!(written.is_ok());
    bytes
}

/// Accepts the one encoding of a curve point. The library's decoder takes "minus zero" for x = 0,
/// so the point is encoded again and compared.
fn decode_point(bytes: &[u8; POINT_BYTES]) -> Result<EdwardsAffine, EddsaError> {
    let point = EdwardsAffine::deserialize_with_mode(&bytes[..], Compress::Yes, Validate::No)
        .map_err(|_| EddsaError::PointEncoding)?;
    if point.is_on_curve() && encode_point(&point) == *bytes {
        Ok(point)
    } else {
        Err(EddsaError::PointEncoding)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use ark_ff::{Field, UniformRand};
    use ark_std::test_rng;
    use taceo_eddsa_babyjubjub::{EdDSAPrivateKey, EdDSAPublicKey, EdDSASignature};

    use super::*;
    use crate::testing::point_of_order_eight;

    fn samples() -> Vec<([u8; 32], Fr)> {
        let mut rng = test_rng();
        let mut samples = Vec::from([
            ([0; 32], Fr::ZERO),
            ([0xff; 32], -Fr::ONE),
            (*b"a4a7d3b1e2f60b9c8d5e1f2a3b4c5d6e", Fr::ONE),
        ]);
        samples.extend((0..10).map(|_| (<[u8; 32]>::rand(&mut rng), Fr::rand(&mut rng))));
        samples
    }

    #[test]
    fn keys_and_signatures_are_the_oracles() {
        for (seed, message) in samples() {
            let ours = SigningKey::from_bytes(seed);
            let theirs = EdDSAPrivateKey::from_bytes(seed);
            let signature = ours.sign(message);
            let oracle = theirs.sign(message);
            assert_eq!(*ours.public().point(), theirs.public().pk);
            assert_eq!((*signature.r(), *signature.s()), (oracle.r, oracle.s));
            assert_eq!(ours.public().to_bytes(), theirs.public().to_compressed_bytes().unwrap());
            assert_eq!(signature.to_bytes(), oracle.to_compressed_bytes().unwrap());
        }
    }

    #[test]
    fn each_verifies_the_others_signatures() {
        for (seed, message) in samples() {
            let ours = SigningKey::from_bytes(seed);
            let theirs = EdDSAPrivateKey::from_bytes(seed);
            let read = EdDSASignature::from_compressed_bytes(ours.sign(message).to_bytes()).unwrap();
            let key = EdDSAPublicKey::from_compressed_bytes(ours.public().to_bytes()).unwrap();
            assert!(key.verify(message, &read));
            let signature = Signature::from_bytes(&theirs.sign(message).to_compressed_bytes().unwrap()).unwrap();
            let key = PublicKey::from_bytes(&theirs.public().to_compressed_bytes().unwrap()).unwrap();
            assert_eq!(key.verify(message, &signature), Ok(()));
            let other = message + Fr::ONE;
            assert_eq!(key.verify(other, &signature), Err(EddsaError::Mismatch));
        }
    }

    #[test]
    fn a_change_anywhere_is_refused() {
        let key = SigningKey::from_bytes([7; 32]);
        let message = Fr::from(42u64);
        let good = key.sign(message);
        let s = Signature::new(*good.r(), *good.s() + Scalar::ONE).unwrap();
        let moved = (*good.r() + EdwardsAffine::generator()).into_affine();
        let r = Signature::new(moved, *good.s()).unwrap();
        let stranger = SigningKey::from_bytes([8; 32]).public();
        assert_eq!(key.public().verify(message, &good), Ok(()));
        assert_eq!(key.public().verify(message, &s), Err(EddsaError::Mismatch));
        assert_eq!(key.public().verify(message, &r), Err(EddsaError::Mismatch));
        assert_eq!(stranger.verify(message, &good), Err(EddsaError::Mismatch));
    }

    /// R + T with T of order 8 and the same nonce: the cofactored equation accepts it.
    #[test]
    fn torsion_in_the_nonce_point_is_accepted() {
        let sk = Scalar::from(987_654_321u64);
        let key = PublicKey::from_point(base_times(&sk)).unwrap();
        let nonce = Scalar::from(123_456_789u64);
        let r = (base_times(&nonce) + point_of_order_eight()).into_affine();
        let message = Fr::from(5u64);
        let s = nonce + reduce(challenge(&r, key.point(), message)) * sk;
        let signature = Signature::new(r, s).unwrap();
        assert!(!r.is_in_correct_subgroup_assuming_on_curve());
        assert_eq!(key.verify(message, &signature), Ok(()));
        assert_eq!(Signature::from_bytes(&signature.to_bytes()), Ok(signature));
        let oracle = EdDSAPublicKey { pk: *key.point() };
        assert!(oracle.verify(message, &EdDSASignature { r, s }));
    }

    #[test]
    fn points_that_are_no_keys_are_refused() {
        let torsion = point_of_order_eight();
        let mixed = (EdwardsAffine::generator() + torsion).into_affine();
        let off = EdwardsAffine::new_unchecked(Fr::ONE, Fr::ONE);
        let identity = EdwardsAffine::zero();
        for (point, error) in [
            (torsion, EddsaError::OutsideSubgroup),
            (mixed, EddsaError::OutsideSubgroup),
            (identity, EddsaError::Identity),
        ] {
            assert_eq!(PublicKey::from_point(point), Err(error));
            assert_eq!(PublicKey::from_bytes(&encode_point(&point)), Err(error));
        }
        assert_eq!(PublicKey::from_point(off), Err(EddsaError::OffCurve));
        assert_eq!(Signature::new(off, Scalar::ONE), Err(EddsaError::OffCurve));
    }

    /// The a = 1 form of the curve has the same group and other coordinates.
    #[test]
    fn the_a_one_form_is_off_this_curve() {
        let generator = EdwardsAffine::generator();
        let root = Fr::from(168_700u64).sqrt().unwrap();
        let scaled = EdwardsAffine::new_unchecked(generator.x * root, generator.y);
        assert_eq!(PublicKey::from_point(scaled), Err(EddsaError::OffCurve));
    }

    #[test]
    fn encodings_are_strict() {
        let key = SigningKey::from_bytes([3; 32]);
        let bytes = key.public().to_bytes();
        assert_eq!(PublicKey::from_bytes(&bytes), Ok(key.public()));
        let length = |found| EddsaError::Length { expected: 32, found };
        assert_eq!(PublicKey::from_bytes(&bytes[..31]), Err(length(31)));
        assert_eq!(PublicKey::from_bytes(&[0; 33]), Err(length(33)));
        // Bit 254 belongs to neither y nor the sign.
        let mut stray = bytes;
        stray[31] |= 0x40;
        assert_eq!(PublicKey::from_bytes(&stray), Err(EddsaError::PointEncoding));
        // y + p is the same residue.
        let mut shifted: [u8; 32] = [0; 32];
        let mut wide = Fr::MODULUS;
        wide.add_with_carry(&2u64.into());
        shifted.copy_from_slice(&wide.to_bytes_le());
        assert_eq!(PublicKey::from_bytes(&shifted), Err(EddsaError::PointEncoding));
        // Minus zero: x = 0 with the sign set.
        let mut minus_zero = encode_point(&EdwardsAffine::zero());
        minus_zero[31] |= 0x80;
        assert_eq!(PublicKey::from_bytes(&minus_zero), Err(EddsaError::PointEncoding));
    }

    #[test]
    fn signature_encodings_are_strict() {
        let good = SigningKey::from_bytes([3; 32]).sign(Fr::ONE);
        let bytes = good.to_bytes();
        assert_eq!(Signature::from_bytes(&bytes), Ok(good));
        let length = |found| EddsaError::Length { expected: 64, found };
        assert_eq!(Signature::from_bytes(&bytes[..63]), Err(length(63)));
        assert_eq!(Signature::from_bytes(&[0; 65]), Err(length(65)));
        let mut unreduced = bytes;
        let mut wide = good.s().into_bigint();
        wide.add_with_carry(&Scalar::MODULUS);
        unreduced[32..].copy_from_slice(&wide.to_bytes_le());
        assert_eq!(Signature::from_bytes(&unreduced), Err(EddsaError::ScalarRange));
        let mut minus_zero = bytes;
        minus_zero[..32].copy_from_slice(&encode_point(&EdwardsAffine::zero()));
        minus_zero[31] |= 0x80;
        assert_eq!(Signature::from_bytes(&minus_zero), Err(EddsaError::PointEncoding));
    }

    #[test]
    fn a_signing_key_is_never_shown() {
        let shown = format!("{:?}", SigningKey::from_bytes([0xab; 32]));
        assert_eq!(shown, "SigningKey(..)");
    }
}
