//! One inverse, in a third of the time that arkworks takes: slopes of points wait for it, in witnesses
//! and in sums.
//!
//! T. Pornin, "Optimized binary GCD for modular inversion", ePrint 2020/972, algorithm 2 with k = 32:
//! 31 steps at a time on the lowest 31 and highest 33 bits of both numbers, which are then brought up
//! to date together. The division by 2^31 that the paper leaves to the end is done as it comes, by
//! adding the multiple of p that makes it exact.

use ark_ff::{AdditiveGroup, BigInt, Fp, MontBackend, MontConfig};
use core::marker::PhantomData;

/// Steps between two updates.
const STEPS: u32 = 31;
/// ⌈(2·254 − 1)/31⌉: enough for any number below 2^254.
const UPDATES: u32 = 17;
const LOW: u64 = (1 << STEPS) - 1;
/// Two factors in one word: with this added, both halves are above 0.
const BIAS: u64 = 0x7FFF_FFFF_7FFF_FFFF;

type Wide = [u64; 5];

type Element<C> = Fp<MontBackend<C, 4>, 4>;

/// 1/x in a prime field below 2^254; `None` for 0. How long it takes does not depend on x, but for the
/// last reduction.
#[must_use]
pub fn inverse<C: MontConfig<4>>(x: &Element<C>) -> Option<Element<C>> {
    if *x == Element::<C>::ZERO {
        return None;
    }
    let p = C::MODULUS.0;
    let (mut a, mut b) = (x.0.0, p);
    // u·x = a and v·x = b, modulo p.
    let (mut u, mut v): (Wide, Wide) = ([1, 0, 0, 0, 0], [0; 5]);
    for _ in 0..UPDATES {
        let [mut fa, mut fb] = factors(&a, &b);
        let (next_a, a_flips) = combined(&a, fa, &b);
        let (next_b, b_flips) = combined(&a, fb, &b);
        (a, b) = (next_a, next_b);
        if a_flips {
            fa = fa.map(|f| -f);
        }
        if b_flips {
            fb = fb.map(|f| -f);
        }
        (u, v) = (halved::<C>(&u, fa, &v), halved::<C>(&u, fb, &v));
    }
    // b is 1: p is a prime, and x is below it. v is 1/x of x's words, which are R times what they say.
    let words = |words| Fp(words, PhantomData);
    let r: Element<C> = words(C::R2);
    Some(words(BigInt(reduced(v, &p))) * r * r)
}

// What 31 steps take a and b to: of a and of b, in sums that 2^31 divides.
fn factors(a: &[u64; 4], b: &[u64; 4]) -> [[i64; 2]; 2] {
    let (mut a, mut b) = approximations(a, b);
    // Factors of a in the lower half, of b in the upper.
    let (mut fa, mut fb) = (1u64, 1u64 << 32);
    for _ in 0..STEPS {
        let odd = 0u64.wrapping_sub(a & 1);
        let swap = odd & 0u64.wrapping_sub(u64::from(a < b));
        let (ab, ff) = ((a ^ b) & swap, (fa ^ fb) & swap);
        (a, b, fa, fb) = (a ^ ab, b ^ ab, fa ^ ff, fb ^ ff);
        a = a.wrapping_sub(b & odd) >> 1;
        fa = fa.wrapping_sub(fb & odd);
        fb = fb.wrapping_add(fb);
    }
    [fa, fb].map(|f| {
        let f = f.wrapping_add(BIAS);
        [f & 0xFFFF_FFFF, f >> 32].map(|half| half as i64 - 0x7FFF_FFFF)
    })
}

// The lowest 31 bits, and 33 from where the longer of both begins.
fn approximations(a: &[u64; 4], b: &[u64; 4]) -> (u64, u64) {
    let mut top = 3;
    while top > 0 && a[top] | b[top] == 0 {
        top -= 1;
    }
    if top == 0 {
        return (a[0], b[0]);
    }
    let zeros = (a[top] | b[top]).leading_zeros();
    let of = |x: &[u64; 4]| {
        let high = u128::from(x[top]) << 64 | u128::from(x[top - 1]);
        let high = ((high << zeros) >> 64) as u64;
        (high & !LOW) | (x[0] & LOW)
    };
    (of(a), of(b))
}

// The absolute value of (a·f + b·g)/2^31, and whether it was negative.
fn combined(a: &[u64; 4], [f, g]: [i64; 2], b: &[u64; 4]) -> ([u64; 4], bool) {
    let mut sum = Wide::default();
    let mut carry = 0i128;
    for i in 0..4 {
        carry += i128::from(a[i]) * i128::from(f) + i128::from(b[i]) * i128::from(g);
        sum[i] = carry as u64;
        carry >>= 64;
    }
    sum[4] = carry as u64;
    let shifted = shifted(&sum);
    let negative = (shifted[4] as i64) < 0;
    let sign = 0u64.wrapping_sub(u64::from(negative));
    let mut out = [0; 4];
    let mut carry = u64::from(negative);
    for i in 0..4 {
        let (sum, over) = (shifted[i] ^ sign).overflowing_add(carry);
        (out[i], carry) = (sum, u64::from(over));
    }
    (out, negative)
}

// (u·f + v·g + k·p)/2^31 with the k that makes it exact.
fn halved<C: MontConfig<4>>(u: &Wide, [f, g]: [i64; 2], v: &Wide) -> Wide {
    let p = C::MODULUS.0;
    let lowest = (u[0].wrapping_mul(f as u64)).wrapping_add(v[0].wrapping_mul(g as u64));
    // INV is −1/p modulo 2^64.
    let k = i128::from(lowest.wrapping_mul(C::INV) & LOW);
    let mut sum = Wide::default();
    let mut carry = 0i128;
    for i in 0..4 {
        carry += i128::from(u[i]) * i128::from(f) + i128::from(v[i]) * i128::from(g) + i128::from(p[i]) * k;
        sum[i] = carry as u64;
        carry >>= 64;
    }
    carry += i128::from(u[4] as i64) * i128::from(f) + i128::from(v[4] as i64) * i128::from(g);
    sum[4] = carry as u64;
    shifted(&sum)
}

// By 31 bits, keeping the sign.
fn shifted(x: &Wide) -> Wide {
    let mut out = Wide::default();
    for i in 0..4 {
        out[i] = x[i] >> STEPS | x[i + 1] << (64 - STEPS);
    }
    out[4] = ((x[4] as i64) >> STEPS) as u64;
    out
}

// Each update adds less than p to what |u| and |v| may be: a few times p at most.
fn reduced(mut x: Wide, p: &[u64; 4]) -> [u64; 4] {
    while (x[4] as i64) < 0 {
        let mut carry = false;
        for (i, word) in x.iter_mut().enumerate() {
            let (sum, over) = word.overflowing_add(p.get(i).copied().unwrap_or_default());
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, over | again);
        }
    }
    loop {
        let mut less = Wide::default();
        let mut borrow = false;
        for i in 0..5 {
            let (rest, under) = x[i].overflowing_sub(p.get(i).copied().unwrap_or_default());
            let (rest, again) = rest.overflowing_sub(u64::from(borrow));
            (less[i], borrow) = (rest, under | again);
        }
        if borrow {
            return [x[0], x[1], x[2], x[3]];
        }
        x = less;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::FrConfig;
    use ark_ff::{BigInteger, Field, UniformRand};
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn inverses_are_those_of_arkworks() {
        type Fr = Element<FrConfig>;
        let of = |words: [u64; 4]| -> Fr { Fp(BigInt(words), PhantomData) };
        let mut values: Vec<Fr> = vec![Fr::ZERO, Fr::ONE, -Fr::ONE];
        // Words around powers of two and p, whatever they stand for.
        for bit in 0..254 {
            let mut words = [0u64; 4];
            words[bit / 64] = 1 << (bit % 64);
            let mut below = BigInt(words);
            below.sub_with_borrow(&BigInt::from(1u64));
            let mut opposite = FrConfig::MODULUS;
            opposite.sub_with_borrow(&BigInt(words));
            values.extend([words, below.0, opposite.0].map(of));
        }
        let mut rng = ark_std::test_rng();
        values.extend((0..20_000).map(|_| Fr::rand(&mut rng)));
        values.extend((0..1000u64).map(|i| of([i * 0x1_0001, 0, 0, i])));
        for value in values {
            assert_eq!(inverse(&value), value.inverse(), "{:?}", value.0);
        }
    }
}
