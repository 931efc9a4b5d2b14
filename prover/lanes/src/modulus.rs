//! The two primes in five limbs of 52 bits.

use ark_bn254::{FqConfig, FrConfig};
use ark_ff::{BigInt, Fp, MontConfig};

/// Bits of a limb: the width of AVX-512 IFMA's multiplier.
pub const LIMB_BITS: u32 = 52;
/// Limbs of an element. Numbers below 2^260 fit.
pub const LIMBS: usize = 5;
/// The low 52 bits.
pub const MASK: u64 = (1 << LIMB_BITS) - 1;

/// A prime of BN254 below 2^254, and what its arithmetic in radix 2^52 needs.
///
/// Elements are kept in Montgomery form with R = 2^260; arkworks keeps them with R = 2^256.
pub trait Modulus: Copy + 'static {
    /// arkworks' parameters.
    type Config: MontConfig<4>;
    /// p.
    const P: [u64; LIMBS] = split(<Self::Config as MontConfig<4>>::MODULUS.0);
    /// −1/p mod 2^52.
    const NEGATED_INVERSE: u64 = <Self::Config as MontConfig<4>>::INV & MASK;
    /// ⌊2^266/p⌋: by the top limb it estimates a quotient by p.
    const RECIPROCAL: u64 = reciprocal(<Self::Config as MontConfig<4>>::MODULUS.0);
    /// 2^264 mod p: takes a product by 2^256 to one by 2^260.
    const FROM_ARK: [u64; LIMBS] = split(shifted::<Self::Config>(264));
    /// 2^260 mod p: 1.
    const ONE: [u64; LIMBS] = split(shifted::<Self::Config>(260));
    /// 2^252 mod p: 1/16 as arkworks has it.
    const SIXTEENTH: [u64; 4] = shifted::<Self::Config>(252);
    /// 2^256 mod p: takes it back.
    const INTO_ARK: [u64; LIMBS] = split(shifted::<Self::Config>(256));
}

/// The base field's prime, over which the curve's points have their coordinates.
#[derive(Clone, Copy, Debug)]
pub struct Base;

impl Modulus for Base {
    type Config = FqConfig;
}

/// The scalar field's prime, over which circuits are written.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

impl Modulus for Scalar {
    type Config = FrConfig;
}

/// An element as arkworks has it.
pub type Ark<M> = Fp<ark_ff::MontBackend<<M as Modulus>::Config, 4>, 4>;

/// Four limbs of 64 bits as five of 52.
pub const fn split(x: [u64; 4]) -> [u64; LIMBS] {
    [
        x[0] & MASK,
        (x[0] >> 52 | x[1] << 12) & MASK,
        (x[1] >> 40 | x[2] << 24) & MASK,
        (x[2] >> 28 | x[3] << 36) & MASK,
        x[3] >> 16,
    ]
}

/// `k`·p, for small k.
pub const fn multiple<M: Modulus>(k: u64) -> [u64; LIMBS] {
    let mut out = [0; LIMBS];
    let mut carry = 0u128;
    let mut i = 0;
    while i < LIMBS {
        let sum = (M::P[i] as u128) * (k as u128) + carry;
        out[i] = (sum as u64) & MASK;
        carry = sum >> LIMB_BITS;
        i += 1;
    }
    out[LIMBS - 1] |= (carry as u64) << LIMB_BITS;
    out
}

// 2^n mod p by doubling.
const fn shifted<C: MontConfig<4>>(n: u32) -> [u64; 4] {
    let p = C::MODULUS.0;
    let mut x = [1u64, 0, 0, 0];
    let mut i = 0;
    while i < n {
        // p is below 2^254: a double fits.
        x = [
            x[0] << 1,
            x[1] << 1 | x[0] >> 63,
            x[2] << 1 | x[1] >> 63,
            x[3] << 1 | x[2] >> 63,
        ];
        if !less(x, p) {
            x = minus(x, p);
        }
        i += 1;
    }
    x
}

// ⌊2^266/p⌋ by long division: 2^253 < p < 2^254, so that it has 13 bits.
const fn reciprocal(p: [u64; 4]) -> u64 {
    let mut quotient = 0u64;
    let mut remainder = [0u64; 4];
    let mut bit = 267;
    while bit > 0 {
        bit -= 1;
        let x = remainder;
        remainder = [
            x[0] << 1 | (bit == 266) as u64,
            x[1] << 1 | x[0] >> 63,
            x[2] << 1 | x[1] >> 63,
            x[3] << 1 | x[2] >> 63,
        ];
        quotient <<= 1;
        if !less(remainder, p) {
            remainder = minus(remainder, p);
            quotient |= 1;
        }
    }
    quotient
}

const fn less(a: [u64; 4], b: [u64; 4]) -> bool {
    let mut i = 4;
    while i > 0 {
        i -= 1;
        if a[i] != b[i] {
            return a[i] < b[i];
        }
    }
    false
}

const fn minus(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let mut out = [0; 4];
    let mut borrow = false;
    let mut i = 0;
    while i < 4 {
        let (x, under) = a[i].overflowing_sub(b[i]);
        let (x, again) = x.overflowing_sub(borrow as u64);
        out[i] = x;
        borrow = under | again;
        i += 1;
    }
    out
}

/// An element's limbs as arkworks keeps them.
pub const fn limbs<M: Modulus>(x: &Ark<M>) -> [u64; 4] {
    x.0.0
}

/// As [`limbs`], where they are.
pub const fn limb_words<M: Modulus>(x: &Ark<M>) -> &[u64; 4] {
    &x.0.0
}

/// The element whose limbs, as arkworks keeps them, are these. They must be below p.
pub const fn from_limbs<M: Modulus>(limbs: [u64; 4]) -> Ark<M> {
    Fp(BigInt(limbs), core::marker::PhantomData)
}

/// An element's limbs in Montgomery form with R = 2^260, below p.
pub fn into_wide<M: Modulus>(x: &Ark<M>) -> [u64; 4] {
    limbs::<M>(&(*x * Ark::<M>::from(16u64)))
}

/// The element whose limbs with R = 2^260 are those that this one has with R = 2^256.
pub fn from_wide<M: Modulus>(x: Ark<M>) -> Ark<M> {
    x * from_limbs::<M>(M::SIXTEENTH)
}
