//! Points of BN254's two groups as bytes: compressed, canonical, never the identity.
//!
//! A point is its x coordinate, little-endian, with two flags in the last byte: bit 7 says that y
//! is the greater of the two roots, bit 6 that the point is the identity. G2's x is c0, then c1.
//! These are arkworks' compressed bytes; decoding is spelled out so that every refusal has a name.

use crate::encoding::Bytes;
use crate::root;
use crate::subgroup::has_prime_order;
use ark_bn254::{Fq, Fq2, G1Affine, G2Affine, g1, g2};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{BigInt, BigInteger, Field, PrimeField};
use core::ops::Neg;
use thiserror::Error;

/// Bytes of a point of G1.
pub const G1_BYTES: usize = 32;
/// Bytes of a point of G2.
pub const G2_BYTES: usize = 64;

const GREATER_Y: u8 = 0x80;
const INFINITY: u8 = 0x40;

/// Why bytes are not a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PointError {
    /// Both flags.
    #[error("expected at most one flag in the last byte, found both")]
    Flags,
    /// The identity.
    #[error("expected a point other than the identity, found the point at infinity")]
    Infinity,
    /// A coordinate that could be written smaller.
    #[error("expected a coordinate below the base field's modulus, found one not below it")]
    NotReduced,
    /// No point has this x.
    #[error("expected the x coordinate of a curve point, found one that no point has")]
    OffCurve,
    /// On the curve, but of another order.
    #[error("expected a point of the subgroup of prime order, found one outside it")]
    OutsideSubgroup,
}

impl PointError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            PointError::Flags => "point.flags",
            PointError::Infinity => "point.infinity",
            PointError::NotReduced => "point.not_reduced",
            PointError::OffCurve => "point.off_curve",
            PointError::OutsideSubgroup => "point.outside_subgroup",
        }
    }
}

/// Reads a point of G1.
///
/// # Errors
/// [`PointError`] names the first rule that the bytes break.
pub fn g1_from_bytes(bytes: &[u8; G1_BYTES]) -> Result<G1Affine, PointError> {
    let (x, greater) = split_flags(*bytes)?;
    let x = coordinate(&x)?;
    let y = root::of(&(x.square() * x + g1::Config::COEFF_B)).ok_or(PointError::OffCurve)?;
    // The curve's order is prime: it is its own subgroup.
    Ok(G1Affine::new_unchecked(x, signed(y, greater)))
}

/// Reads a point of G2.
///
/// # Errors
/// [`PointError`] names the first rule that the bytes break.
pub fn g2_from_bytes(bytes: &[u8; G2_BYTES]) -> Result<G2Affine, PointError> {
    let point = twist_from_bytes(bytes)?;
    if has_prime_order(&point) {
        Ok(point)
    } else {
        Err(PointError::OutsideSubgroup)
    }
}

/// Reads a point of the twist, which G2 is a small part of.
///
/// # Errors
/// [`PointError`] names the first rule that the bytes break; never [`PointError::OutsideSubgroup`].
pub fn twist_from_bytes(bytes: &[u8; G2_BYTES]) -> Result<G2Affine, PointError> {
    let (mut c0, mut c1) = ([0; 32], [0; 32]);
    for (to, from) in c0.iter_mut().chain(c1.iter_mut()).zip(bytes) {
        *to = *from;
    }
    let (c1, greater) = split_flags(c1)?;
    let x = Fq2::new(coordinate(&c0)?, coordinate(&c1)?);
    let y = root::of_extension(&(x.square() * x + g2::Config::COEFF_B)).ok_or(PointError::OffCurve)?;
    Ok(G2Affine::new_unchecked(x, signed(y, greater)))
}

// Of two roots the greater, or the other.
fn signed<F: Neg<Output = F> + Ord + Copy>(root: F, greater: bool) -> F {
    if (root > -root) == greater { root } else { -root }
}

/// Checks a point of G1 that was not read from bytes.
///
/// # Errors
/// When it is the identity or off the curve, whose order is prime.
pub fn check_g1(point: &G1Affine) -> Result<(), PointError> {
    check(point, G1Affine::is_on_curve, |_| true)
}

/// Checks a point of the twist that was not read from bytes.
///
/// # Errors
/// When it is the identity or off the twist.
pub fn check_twist(point: &G2Affine) -> Result<(), PointError> {
    check(point, G2Affine::is_on_curve, |_| true)
}

/// Checks a point of G2 that was not read from bytes.
///
/// # Errors
/// When it is the identity, off the curve, or outside the subgroup.
pub fn check_g2(point: &G2Affine) -> Result<(), PointError> {
    check(point, G2Affine::is_on_curve, has_prime_order)
}

fn check<P: AffineRepr>(point: &P, on_curve: fn(&P) -> bool, in_subgroup: fn(&P) -> bool) -> Result<(), PointError> {
    if point.is_zero() {
        Err(PointError::Infinity)
    } else if !on_curve(point) {
        Err(PointError::OffCurve)
    } else if !in_subgroup(point) {
        Err(PointError::OutsideSubgroup)
    } else {
        Ok(())
    }
}

/// The bytes of a point of G1 that is not the identity.
pub fn g1_to_bytes(point: &G1Affine) -> [u8; G1_BYTES] {
    with_flag(little_endian(&point.x), point.y > -point.y)
}

/// The bytes of a point of G2 that is not the identity.
pub fn g2_to_bytes(point: &G2Affine) -> [u8; G2_BYTES] {
    let c1 = with_flag(little_endian(&point.x.c1), point.y > -point.y);
    let mut bytes = [0; G2_BYTES];
    for (to, from) in bytes.iter_mut().zip(little_endian(&point.x.c0).into_iter().chain(c1)) {
        *to = from;
    }
    bytes
}

fn split_flags(mut bytes: [u8; 32]) -> Result<([u8; 32], bool), PointError> {
    let [.., last] = &mut bytes;
    let flags = *last & (GREATER_Y | INFINITY);
    *last ^= flags;
    match flags {
        0 => Ok((bytes, false)),
        GREATER_Y => Ok((bytes, true)),
        INFINITY => Err(PointError::Infinity),
        _ => Err(PointError::Flags),
    }
}

fn with_flag(mut bytes: [u8; 32], greater: bool) -> [u8; 32] {
    let [.., last] = &mut bytes;
    if greater {
        *last |= GREATER_Y;
    }
    bytes
}

fn coordinate(bytes: &[u8; 32]) -> Result<Fq, PointError> {
    let mut rest = Bytes(bytes);
    let mut limbs = [0; 4];
    for limb in &mut limbs {
        // Four of eight bytes: none is ever missing.
        *limb = rest.take().map_or(0, |word| u64::from_le_bytes(*word));
    }
    Fq::from_bigint(BigInt::new(limbs)).ok_or(PointError::NotReduced)
}

fn little_endian(x: &Fq) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(x.into_bigint().to_bytes_le()) {
        *to = from;
    }
    bytes
}
