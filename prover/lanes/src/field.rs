//! Eight elements at a time in AVX-512 IFMA registers.
//!
//! An element is five limbs of 52 bits in Montgomery form with R = 2^260. 260 bits hold 64 p and
//! more, so that sums and differences need not be reduced at once: every function says how large
//! what it takes may be, and how large what it gives is.
//!
//! S. Gueron and V. Krasnov, "Accelerating big integer arithmetic using Intel IFMA extensions",
//! ARITH 2016; N. Drucker and S. Gueron, "Fast modular squaring with AVX512IFMA", ITNG 2019.

use crate::modulus::{Ark, LIMB_BITS, LIMBS, MASK, Modulus, from_limbs, limb_words, limbs, multiple, split};
use core::arch::x86_64::*;
use core::marker::PhantomData;
use zeroize::Zeroize;

/// Eight elements, one in each lane of five registers.
#[derive(Clone, Copy)]
pub struct Eight<M>([__m512i; LIMBS], PhantomData<M>);

// What every function here is compiled for. See [`crate::available`].
macro_rules! kernel {
    ($(#[$doc:meta])* $vis:vis fn $($rest:tt)*) => {
        $(#[$doc])*
        #[inline]
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
        $vis fn $($rest)*
    };
}
pub(crate) use kernel;

kernel! {
    /// The same number in each lane.
    pub fn splat<M: Modulus>(x: &[u64; LIMBS]) -> Eight<M> {
        let mut out = [_mm512_setzero_si512(); LIMBS];
        for i in 0..LIMBS {
            out[i] = _mm512_set1_epi64(x[i] as i64);
        }
        Eight(out, PhantomData)
    }
}

kernel! {
    /// 0 in each lane.
    pub fn zero<M: Modulus>() -> Eight<M> {
        Eight([_mm512_setzero_si512(); LIMBS], PhantomData)
    }
}

kernel! {
    /// The same element in each lane, below 2p.
    pub fn splat_ark<M: Modulus>(x: &Ark<M>) -> Eight<M> {
        mul(splat(&split(limbs::<M>(x))), splat(&M::FROM_ARK))
    }
}

kernel! {
    /// Eight elements from arkworks' form, below 2p.
    pub fn load<M: Modulus>(x: [&Ark<M>; 8]) -> Eight<M> {
        from_ark(from_words(x.map(|x| limb_words::<M>(x))))
    }
}

kernel! {
    /// Eight elements of up to 8p in arkworks' form.
    pub fn store<M: Modulus>(x: Eight<M>) -> [Ark<M>; 8] {
        into_words(into_ark(x)).map(|words| from_limbs::<M>(words))
    }
}

kernel! {
    /// From R = 2^256 to R = 2^260, below 2p.
    pub fn from_ark<M: Modulus>(x: Eight<M>) -> Eight<M> {
        mul(x, splat(&M::FROM_ARK))
    }
}

kernel! {
    /// From R = 2^260 and up to 8p to R = 2^256, below p.
    pub fn into_ark<M: Modulus>(x: Eight<M>) -> Eight<M> {
        canonical(mul(x, splat(&M::INTO_ARK)))
    }
}

kernel! {
    /// Eight numbers of four words each.
    pub fn from_words<M: Modulus>(x: [&[u64; 4]; 8]) -> Eight<M> {
        // Number i beside number i + 4, then words beside words.
        let beside = |i: usize| _mm512_inserti64x4::<1>(_mm512_castsi256_si512(vector(x[i])), vector(x[i + 4]));
        let [a, b, c, d] = [beside(0), beside(1), beside(2), beside(3)];
        let [ab, bb] = [_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b)];
        let [cd, dd] = [_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d)];
        let (low, high) = (_mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0), _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2));
        let w0 = _mm512_permutex2var_epi64(ab, low, cd);
        let w1 = _mm512_permutex2var_epi64(bb, low, dd);
        let w2 = _mm512_permutex2var_epi64(ab, high, cd);
        let w3 = _mm512_permutex2var_epi64(bb, high, dd);
        let mask = _mm512_set1_epi64(MASK as i64);
        let limb = |low, high| _mm512_and_si512(_mm512_or_si512(low, high), mask);
        let bits = [
            _mm512_and_si512(w0, mask),
            limb(_mm512_srli_epi64::<52>(w0), _mm512_slli_epi64::<12>(w1)),
            limb(_mm512_srli_epi64::<40>(w1), _mm512_slli_epi64::<24>(w2)),
            limb(_mm512_srli_epi64::<28>(w2), _mm512_slli_epi64::<36>(w3)),
            _mm512_srli_epi64::<16>(w3),
        ];
        Eight(bits, PhantomData)
    }
}

kernel! {
    /// Eight numbers below 2^256 of four words each.
    pub fn into_words<M: Modulus>(x: Eight<M>) -> [[u64; 4]; 8] {
        let [l0, l1, l2, l3, l4] = x.0;
        let w0 = _mm512_or_si512(l0, _mm512_slli_epi64::<52>(l1));
        let w1 = _mm512_or_si512(_mm512_srli_epi64::<12>(l1), _mm512_slli_epi64::<40>(l2));
        let w2 = _mm512_or_si512(_mm512_srli_epi64::<24>(l2), _mm512_slli_epi64::<28>(l3));
        let w3 = _mm512_or_si512(_mm512_srli_epi64::<36>(l3), _mm512_slli_epi64::<16>(l4));
        // The way back of `from_words`.
        let (low, high) = (_mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0), _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2));
        let ab = _mm512_permutex2var_epi64(w0, low, w2);
        let cd = _mm512_permutex2var_epi64(w0, high, w2);
        let bb = _mm512_permutex2var_epi64(w1, low, w3);
        let dd = _mm512_permutex2var_epi64(w1, high, w3);
        let quads = [
            _mm512_unpacklo_epi64(ab, bb),
            _mm512_unpackhi_epi64(ab, bb),
            _mm512_unpacklo_epi64(cd, dd),
            _mm512_unpackhi_epi64(cd, dd),
        ];
        core::array::from_fn(|i| words(quads[i % 4])[i / 4])
    }
}

kernel! {
    fn vector(x: &[u64; 4]) -> __m256i {
        bytemuck::must_cast(*x)
    }
}

kernel! {
    fn words(x: __m512i) -> [[u64; 4]; 2] {
        bytemuck::must_cast(x)
    }
}

kernel! {
    // Limbs of 52 bits but for the last, from limbs that are small numbers, perhaps negative, apart.
    fn carried<M>(mut x: [__m512i; LIMBS]) -> Eight<M> {
        let mask = _mm512_set1_epi64(MASK as i64);
        for i in 0..LIMBS - 1 {
            x[i + 1] = _mm512_add_epi64(x[i + 1], _mm512_srai_epi64::<LIMB_BITS>(x[i]));
            x[i] = _mm512_and_si512(x[i], mask);
        }
        Eight(x, PhantomData)
    }
}

kernel! {
    /// a + b: below the sum of their bounds, which may be up to 64p.
    pub fn add<M: Modulus>(a: Eight<M>, b: Eight<M>) -> Eight<M> {
        let mut sum = a.0;
        for i in 0..LIMBS {
            sum[i] = _mm512_add_epi64(sum[i], b.0[i]);
        }
        carried(sum)
    }
}

kernel! {
    /// a − b + K·p for a b of up to K·p: below a's bound and K·p, together up to 64p.
    pub fn sub<const K: u64, M: Modulus>(a: Eight<M>, b: Eight<M>) -> Eight<M> {
        let lift = const { multiple::<M>(K) };
        let mut difference = a.0;
        for i in 0..LIMBS {
            let lifted = _mm512_add_epi64(difference[i], _mm512_set1_epi64(lift[i] as i64));
            difference[i] = _mm512_sub_epi64(lifted, b.0[i]);
        }
        carried(difference)
    }
}

kernel! {
    /// x below 2p, from one of up to 64p.
    pub fn reduce<M: Modulus>(x: Eight<M>) -> Eight<M> {
        // The quotient by p, or one less: 2^208 times the top limb is x but for its other limbs,
        // and the reciprocal is one of 2^266.
        let reciprocal = _mm512_set1_epi64(M::RECIPROCAL as i64);
        let estimate = _mm512_madd52hi_epu64(_mm512_setzero_si512(), x.0[4], reciprocal);
        let quotient = _mm512_srli_epi64::<6>(estimate);
        let mut out = x.0;
        for i in 0..LIMBS {
            let p = _mm512_set1_epi64(M::P[i] as i64);
            let low = _mm512_madd52lo_epu64(_mm512_setzero_si512(), quotient, p);
            out[i] = _mm512_sub_epi64(out[i], low);
            if i + 1 < LIMBS {
                let high = _mm512_madd52hi_epu64(_mm512_setzero_si512(), quotient, p);
                out[i + 1] = _mm512_sub_epi64(out[i + 1], high);
            }
        }
        carried(out)
    }
}

kernel! {
    /// x below p, from one below 2p.
    pub fn canonical<M: Modulus>(x: Eight<M>) -> Eight<M> {
        let mut less = x.0;
        for i in 0..LIMBS {
            less[i] = _mm512_sub_epi64(less[i], _mm512_set1_epi64(M::P[i] as i64));
        }
        let mut less: Eight<M> = carried(less);
        let negative = _mm512_movepi64_mask(less.0[LIMBS - 1]);
        for i in 0..LIMBS {
            less.0[i] = _mm512_mask_blend_epi64(negative, less.0[i], x.0[i]);
        }
        less
    }
}

kernel! {
    /// a·b/2^260: below 2p for a and b whose bounds multiply to 64p² at most, as 8p and 8p; below 1.1p
    /// where to 8p².
    pub fn mul<M: Modulus>(a: Eight<M>, b: Eight<M>) -> Eight<M> {
        carried(product(a, b).0)
    }
}

kernel! {
    /// As [`mul`], not carried yet.
    pub fn product<M: Modulus>(a: Eight<M>, b: Eight<M>) -> Loose<M> {
        let zero = _mm512_setzero_si512();
        let inverse = _mm512_set1_epi64(M::NEGATED_INVERSE as i64);
        let mask = _mm512_set1_epi64(MASK as i64);
        let mut t = [zero; LIMBS];
        for i in 0..LIMBS {
            let b = b.0[i];
            for j in 0..LIMBS {
                t[j] = _mm512_madd52lo_epu64(t[j], a.0[j], b);
            }
            // The multiple of p that clears the lowest limb: what is left of that is its upper
            // bits, and one more unless its lower bits were 0 before.
            let m = _mm512_madd52lo_epu64(zero, t[0], inverse);
            let carry = _mm512_srli_epi64::<LIMB_BITS>(_mm512_add_epi64(t[0], mask));
            for j in 1..LIMBS {
                t[j] = _mm512_madd52lo_epu64(t[j], m, _mm512_set1_epi64(M::P[j] as i64));
            }
            t = [_mm512_add_epi64(t[1], carry), t[2], t[3], t[4], zero];
            for j in 0..LIMBS {
                t[j] = _mm512_madd52hi_epu64(t[j], a.0[j], b);
                t[j] = _mm512_madd52hi_epu64(t[j], m, _mm512_set1_epi64(M::P[j] as i64));
            }
        }
        Loose(t, PhantomData)
    }
}

/// Eight elements in memory: limb by limb, lane by lane.
#[derive(Clone, Copy, Debug, Default, Zeroize)]
#[repr(C, align(64))]
pub struct Words(pub [[u64; 8]; LIMBS]);

kernel! {
    /// From memory.
    pub fn read<M: Modulus>(x: &Words) -> Eight<M> {
        let mut out = [_mm512_setzero_si512(); LIMBS];
        for i in 0..LIMBS {
            out[i] = bytemuck::must_cast(x.0[i]);
        }
        Eight(out, PhantomData)
    }
}

kernel! {
    /// To memory.
    pub fn write<M: Modulus>(x: Eight<M>) -> Words {
        let mut out = Words::default();
        for i in 0..LIMBS {
            out.0[i] = bytemuck::must_cast(x.0[i]);
        }
        out
    }
}

kernel! {
    /// Eight elements as arkworks has them, as if R were 2^260: a sixteenth of each.
    pub fn raw<M: Modulus>(x: [&Ark<M>; 8]) -> Eight<M> {
        from_words(x.map(|x| limb_words::<M>(x)))
    }
}

kernel! {
    /// Lanes that differ in bit `D` of their number: in the lower the sum, in the upper the lower
    /// less the upper. Below 2p from below 4p.
    pub fn butterfly<const D: i64, M: Modulus>(x: Eight<M>) -> Eight<M> {
        let others = _mm512_set_epi64(7 ^ D, 6 ^ D, 5 ^ D, 4 ^ D, 3 ^ D, 2 ^ D, 1 ^ D, D);
        let upper: __mmask8 = match D { 4 => 0b1111_0000, 2 => 0b1100_1100, _ => 0b1010_1010 };
        let mut out = x.0;
        for i in 0..LIMBS {
            let other = _mm512_permutexvar_epi64(others, x.0[i]);
            let mine = _mm512_mask_sub_epi64(x.0[i], upper, _mm512_setzero_si512(), x.0[i]);
            out[i] = _mm512_add_epi64(other, mine);
        }
        // A difference may lack 4p, a sum not.
        let lift = const { multiple::<M>(4) };
        for i in 0..LIMBS {
            out[i] = _mm512_mask_add_epi64(out[i], upper, out[i], _mm512_set1_epi64(lift[i] as i64));
        }
        settled::<0, M>(Loose(out, PhantomData))
    }
}

kernel! {
    /// Lanes whose lowest limb is that of p, 2p or 3p.
    pub fn perhaps_zero<M: Modulus>(x: Eight<M>) -> __mmask8 {
        let is = |k: [u64; LIMBS]| _mm512_cmpeq_epi64_mask(x.0[0], _mm512_set1_epi64(k[0] as i64));
        is(const { multiple::<M>(1) }) | is(const { multiple::<M>(2) }) | is(const { multiple::<M>(3) })
    }
}

kernel! {
    /// a, or b in the lanes of the mask.
    pub fn select<M: Modulus>(mask: __mmask8, a: Eight<M>, b: Eight<M>) -> Eight<M> {
        let mut out = a.0;
        for i in 0..LIMBS {
            out[i] = _mm512_mask_blend_epi64(mask, a.0[i], b.0[i]);
        }
        Eight(out, PhantomData)
    }
}

/// Limbs of sums and differences, not carried yet: each in a signed word, of a few bits more than
/// 52. What it stands for may be negative.
#[derive(Clone, Copy)]
pub struct Loose<M>([__m512i; LIMBS], PhantomData<M>);

kernel! {
    /// As it is.
    pub fn loose<M: Modulus>(x: Eight<M>) -> Loose<M> {
        Loose(x.0, PhantomData)
    }
}

kernel! {
    /// As it is, or negated in the lanes of the mask.
    pub fn signed<M: Modulus>(x: Eight<M>, negative: __mmask8) -> Loose<M> {
        let mut out = x.0;
        for limb in &mut out {
            *limb = _mm512_mask_sub_epi64(*limb, negative, _mm512_setzero_si512(), *limb);
        }
        Loose(out, PhantomData)
    }
}

kernel! {
    /// a + b.
    pub fn plus<M: Modulus>(a: Loose<M>, b: Loose<M>) -> Loose<M> {
        let mut out = a.0;
        for i in 0..LIMBS {
            out[i] = _mm512_add_epi64(out[i], b.0[i]);
        }
        Loose(out, PhantomData)
    }
}

kernel! {
    /// a − b.
    pub fn less<M: Modulus>(a: Loose<M>, b: Loose<M>) -> Loose<M> {
        let mut out = a.0;
        for i in 0..LIMBS {
            out[i] = _mm512_sub_epi64(out[i], b.0[i]);
        }
        Loose(out, PhantomData)
    }
}

kernel! {
    /// x + K·p, where that is not negative.
    pub fn lifted<const K: u64, M: Modulus>(x: Loose<M>) -> Eight<M> {
        let lift = const { multiple::<M>(K) };
        let mut out = x.0;
        for i in 0..LIMBS {
            out[i] = _mm512_add_epi64(out[i], _mm512_set1_epi64(lift[i] as i64));
        }
        carried(out)
    }
}

kernel! {
    /// x modulo p, below 2p, where x + K·p is neither negative nor 8p or more.
    pub fn settled<const K: u64, M: Modulus>(x: Loose<M>) -> Eight<M> {
        let lift = const { multiple::<M>(K) };
        let mut out = x.0;
        for i in 0..LIMBS {
            out[i] = _mm512_add_epi64(out[i], _mm512_set1_epi64(lift[i] as i64));
        }
        // By the top limb, less what the others may lack: the quotient by p, or one less.
        let top = _mm512_sub_epi64(out[4], _mm512_set1_epi64(8));
        let top = _mm512_max_epi64(top, _mm512_setzero_si512());
        let reciprocal = _mm512_set1_epi64(M::RECIPROCAL as i64);
        let quotient = _mm512_srli_epi64::<6>(_mm512_madd52hi_epu64(_mm512_setzero_si512(), top, reciprocal));
        for i in 0..LIMBS {
            let multiples = table(const { &multiples::<M>() }, i);
            out[i] = _mm512_sub_epi64(out[i], _mm512_permutexvar_epi64(quotient, multiples));
        }
        carried(out)
    }
}

kernel! {
    fn table(multiples: &'static [[u64; 8]; LIMBS], i: usize) -> __m512i {
        let [a, b, c, d, e, f, g, h] = multiples[i];
        _mm512_set_epi64(h as i64, g as i64, f as i64, e as i64, d as i64, c as i64, b as i64, a as i64)
    }
}

// 0 to 7 times p, limb by limb.
const fn multiples<M: Modulus>() -> [[u64; 8]; LIMBS] {
    let mut out = [[0; 8]; LIMBS];
    let mut k = 0;
    while k < 8 {
        let limbs = multiple::<M>(k);
        let mut i = 0;
        while i < LIMBS {
            out[i][k as usize] = limbs[i];
            i += 1;
        }
        k += 1;
    }
    out
}

kernel! {
    /// (a·b + c·d)/2^260: below 2p where the products of bounds add up to 64p² at most.
    pub fn mul_sum<M: Modulus>(a: Eight<M>, b: Eight<M>, c: Eight<M>, d: Eight<M>) -> Eight<M> {
        let zero = _mm512_setzero_si512();
        let inverse = _mm512_set1_epi64(M::NEGATED_INVERSE as i64);
        let mask = _mm512_set1_epi64(MASK as i64);
        let mut t = [zero; LIMBS];
        for i in 0..LIMBS {
            let (b, d) = (b.0[i], d.0[i]);
            for j in 0..LIMBS {
                t[j] = _mm512_madd52lo_epu64(t[j], a.0[j], b);
                t[j] = _mm512_madd52lo_epu64(t[j], c.0[j], d);
            }
            // As in [`mul`].
            let m = _mm512_madd52lo_epu64(zero, t[0], inverse);
            let carry = _mm512_srli_epi64::<LIMB_BITS>(_mm512_add_epi64(t[0], mask));
            for j in 1..LIMBS {
                t[j] = _mm512_madd52lo_epu64(t[j], m, _mm512_set1_epi64(M::P[j] as i64));
            }
            t = [_mm512_add_epi64(t[1], carry), t[2], t[3], t[4], zero];
            for j in 0..LIMBS {
                t[j] = _mm512_madd52hi_epu64(t[j], a.0[j], b);
                t[j] = _mm512_madd52hi_epu64(t[j], c.0[j], d);
                t[j] = _mm512_madd52hi_epu64(t[j], m, _mm512_set1_epi64(M::P[j] as i64));
            }
        }
        carried(t)
    }
}

kernel! {
    /// x·x/2^260: below 2p for an x of up to 8p.
    pub fn square<M: Modulus>(x: Eight<M>) -> Eight<M> {
        let mut t = [_mm512_setzero_si512(); 2 * LIMBS];
        for i in 0..LIMBS {
            for j in i + 1..LIMBS {
                t[i + j] = _mm512_madd52lo_epu64(t[i + j], x.0[i], x.0[j]);
                t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], x.0[i], x.0[j]);
            }
        }
        for i in 0..LIMBS {
            t[2 * i] = _mm512_add_epi64(t[2 * i], t[2 * i]);
            t[2 * i + 1] = _mm512_add_epi64(t[2 * i + 1], t[2 * i + 1]);
            t[2 * i] = _mm512_madd52lo_epu64(t[2 * i], x.0[i], x.0[i]);
            t[2 * i + 1] = _mm512_madd52hi_epu64(t[2 * i + 1], x.0[i], x.0[i]);
        }
        // As in [`mul`], limb by limb.
        let zero = _mm512_setzero_si512();
        let inverse = _mm512_set1_epi64(M::NEGATED_INVERSE as i64);
        let mask = _mm512_set1_epi64(MASK as i64);
        for i in 0..LIMBS {
            let m = _mm512_madd52lo_epu64(zero, t[i], inverse);
            let carry = _mm512_srli_epi64::<LIMB_BITS>(_mm512_add_epi64(t[i], mask));
            t[i + 1] = _mm512_add_epi64(t[i + 1], carry);
            for j in 0..LIMBS {
                let p = _mm512_set1_epi64(M::P[j] as i64);
                if j > 0 {
                    t[i + j] = _mm512_madd52lo_epu64(t[i + j], m, p);
                }
                t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], m, p);
            }
        }
        carried([t[5], t[6], t[7], t[8], t[9]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modulus::{Base, Scalar};
    use ark_ff::{AdditiveGroup, Field, UniformRand};

    kernel! {
        fn all<M: Modulus>(a: [&Ark<M>; 8], b: [&Ark<M>; 8]) -> [[Ark<M>; 8]; 7] {
            let (x, y) = (load::<M>(a), load::<M>(b));
            let twice = add(x, x);
            // Bounds as large as they may be: 8p times 8p.
            let large = add(add(twice, twice), splat(&const { multiple::<Scalar>(0) }));
            [
                store(mul(x, y)),
                store(add(x, y)),
                store(sub::<2, M>(x, y)),
                store(reduce(add(large, large))),
                store(mul(large, sub::<4, M>(add(large, zero()), large))),
                store(square(x)),
                store(square(large)),
            ]
        }
    }

    fn agrees<M: Modulus>() {
        if crate::Path::best() == crate::Path::Portable {
            eprintln!("no AVX-512 IFMA here: not tested");
            return;
        }
        let mut rng = ark_std::test_rng();
        let mut values = vec![
            Ark::<M>::ZERO,
            Ark::<M>::ONE,
            -Ark::<M>::ONE,
            Ark::<M>::from(2u64).inverse().unwrap(),
        ];
        values.extend((0..60).map(|_| Ark::<M>::rand(&mut rng)));
        for shift in 0..values.len() {
            let a: [&Ark<M>; 8] = core::array::from_fn(|i| &values[(i * 7 + shift) % values.len()]);
            let b: [&Ark<M>; 8] = core::array::from_fn(|i| &values[(i * 5 + 3 * shift) % values.len()]);
            // SAFETY: the features are there.
            let [product, sum, difference, eightfold, zero, square, of_large] = unsafe { all::<M>(a, b) };
            for i in 0..8 {
                assert_eq!(product[i], *a[i] * b[i]);
                assert_eq!(sum[i], *a[i] + b[i]);
                assert_eq!(difference[i], *a[i] - b[i]);
                assert_eq!(eightfold[i], *a[i] * Ark::<M>::from(8u64));
                assert_eq!(zero[i], Ark::<M>::ZERO);
                assert_eq!(square[i], a[i].square());
                assert_eq!(of_large[i], a[i].square() * Ark::<M>::from(16u64));
            }
        }
    }

    #[test]
    fn eight_at_a_time_are_as_one_at_a_time() {
        agrees::<Base>();
        agrees::<Scalar>();
    }
}
