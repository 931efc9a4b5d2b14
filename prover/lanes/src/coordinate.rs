//! Coordinates of points, eight at a time: elements of Fq for G1, of Fq2 = Fq[u]/(u² + 1) for G2.
//!
//! A coordinate has `D` components, 1 or 2; which is known when a kernel is compiled. Unless a
//! kernel says otherwise, components are below 2p.

use crate::field::{self, Eight, Words, kernel};
use crate::modulus::{Base, Modulus};
use core::arch::x86_64::__mmask8;

/// Eight coordinates of `D` components each.
pub type Coordinate<const D: usize> = [Eight<Base>; D];

kernel! {
    /// 1 in each lane.
    pub fn one<const D: usize>() -> Coordinate<D> {
        let mut out = [field::zero(); D];
        out[0] = field::splat(&Base::ONE);
        out
    }
}

kernel! {
    /// a·b, for an a of up to 8p and a b of up to 4p.
    pub fn mul<const D: usize>(a: &Coordinate<D>, b: &Coordinate<D>) -> Coordinate<D> {
        let mut out = *a;
        if D == 1 {
            out[0] = field::mul(a[0], b[0]);
        } else {
            // Four products and two reductions cost as much as Karatsuba's three of each, without
            // its sums.
            let minus = field::lifted::<4, Base>(field::less(field::loose(field::zero()), field::loose(b[1])));
            out[0] = field::mul_sum(a[0], b[0], a[1], minus);
            out[1] = field::mul_sum(a[0], b[1], a[1], b[0]);
        }
        out
    }
}

kernel! {
    /// a², for one of up to 4p.
    pub fn square<const D: usize>(a: &Coordinate<D>) -> Coordinate<D> {
        let mut out = *a;
        if D == 1 {
            out[0] = field::square(a[0]);
        } else {
            // (a0 + a1)(a0 − a1) and 2·a0·a1, of up to 8p and 8p.
            out[0] = field::mul(field::add(a[0], a[1]), field::sub::<4, Base>(a[0], a[1]));
            out[1] = field::mul(field::add(a[0], a[0]), a[1]);
        }
        out
    }
}

kernel! {
    /// Lanes that may be 0 modulo p, among them all that are, of components above 0 and below 4p.
    pub fn perhaps_zero<const D: usize>(x: &Coordinate<D>) -> __mmask8 {
        let mut all = field::perhaps_zero(x[0]);
        for i in 1..D {
            all &= field::perhaps_zero(x[i]);
        }
        all
    }
}

kernel! {
    /// x, or 1 in the lanes of the mask.
    pub fn or_one<const D: usize>(x: &Coordinate<D>, mask: __mmask8) -> Coordinate<D> {
        let mut out = *x;
        for i in 0..D {
            out[i] = field::select(mask, x[i], one::<D>()[i]);
        }
        out
    }
}

/// As [`field::Loose`].
pub type Loose<const D: usize> = [field::Loose<Base>; D];

kernel! {
    /// As it is.
    pub fn loose<const D: usize>(x: &Coordinate<D>) -> Loose<D> {
        signed(x, 0)
    }
}

kernel! {
    /// As it is, or negated in the lanes of the mask.
    pub fn signed<const D: usize>(x: &Coordinate<D>, negative: __mmask8) -> Loose<D> {
        let mut out = [field::loose(x[0]); D];
        for i in 0..D {
            out[i] = field::signed(x[i], negative);
        }
        out
    }
}

kernel! {
    /// a + b.
    pub fn plus<const D: usize>(a: &Loose<D>, b: &Loose<D>) -> Loose<D> {
        let mut out = *a;
        for i in 0..D {
            out[i] = field::plus(a[i], b[i]);
        }
        out
    }
}

kernel! {
    /// a − b.
    pub fn less<const D: usize>(a: &Loose<D>, b: &Loose<D>) -> Loose<D> {
        let mut out = *a;
        for i in 0..D {
            out[i] = field::less(a[i], b[i]);
        }
        out
    }
}

kernel! {
    /// x + K·p, where no component of that is negative.
    pub fn lifted<const K: u64, const D: usize>(x: &Loose<D>) -> Coordinate<D> {
        let mut out = [field::zero(); D];
        for i in 0..D {
            out[i] = field::lifted::<K, Base>(x[i]);
        }
        out
    }
}

kernel! {
    /// x modulo p, below 2p, where no component of x + K·p is negative or above 7p.
    pub fn settled<const K: u64, const D: usize>(x: &Loose<D>) -> Coordinate<D> {
        let mut out = [field::zero(); D];
        for i in 0..D {
            out[i] = field::settled::<K, Base>(x[i]);
        }
        out
    }
}

kernel! {
    /// Eight coordinates as they are packed for lanes: below 2p.
    pub fn packed<const D: usize>(x: [&[[u64; 4]; D]; 8]) -> Coordinate<D> {
        let mut out = [field::zero(); D];
        for i in 0..D {
            out[i] = field::from_words(x.map(|x| &x[i]));
        }
        out
    }
}

kernel! {
    /// Eight coordinates below 2p as they are packed for lanes.
    pub fn unpacked<const D: usize>(x: &Coordinate<D>) -> [[[u64; 4]; D]; 8] {
        let mut out = [[[0; 4]; D]; 8];
        for i in 0..D {
            let component = field::into_words(x[i]);
            for lane in 0..8 {
                out[lane][i] = component[lane];
            }
        }
        out
    }
}

kernel! {
    /// From memory.
    pub fn read<const D: usize>(x: &[Words; D]) -> Coordinate<D> {
        let mut out = [field::zero(); D];
        for i in 0..D {
            out[i] = field::read(&x[i]);
        }
        out
    }
}

kernel! {
    /// To memory.
    pub fn write<const D: usize>(x: &Coordinate<D>) -> [Words; D] {
        let mut out = [Words::default(); D];
        for i in 0..D {
            out[i] = field::write(x[i]);
        }
        out
    }
}

kernel! {
    /// Eight coordinates from arkworks' form, below 2p.
    pub fn gather<const D: usize>(x: &[[[u64; 4]; D]; 8]) -> Coordinate<D> {
        let mut out = packed(x.each_ref());
        for component in &mut out {
            *component = field::from_ark(*component);
        }
        out
    }
}

kernel! {
    /// Eight coordinates of up to 8p in arkworks' form, below p.
    pub fn scatter<const D: usize>(x: &Coordinate<D>) -> [[[u64; 4]; D]; 8] {
        let mut out = *x;
        for component in &mut out {
            *component = field::into_ark(*component);
        }
        unpacked(&out)
    }
}
