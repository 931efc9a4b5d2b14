//! From values of polynomials on a domain to values of their product on a coset of it: what
//! Groth16's quotient takes.
//!
//! An inverse transform by decimation in frequency leaves coefficients in bit-reversed order, where
//! each is multiplied by its power of the shift; one by decimation in time takes them from there.
//! Nothing is ever put in order. W. Gentleman, G. Sande, "Fast Fourier transforms for fun and
//! profit", AFIPS 1966.

use crate::Path;
use ark_bn254::Fr;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use zeroize::Zeroize;

/// A coset of a domain of 2^k elements.
pub struct Coset {
    domain: Radix2EvaluationDomain<Fr>,
    coset: Radix2EvaluationDomain<Fr>,
    scale: Fr,
    #[cfg(lanes)]
    lanes: Option<ifma::Tables>,
}

/// Values of a polynomial on a coset: none at first. It keeps its memory, and is wiped when dropped.
#[derive(Default)]
pub struct Values {
    #[cfg(lanes)]
    lanes: Vec<ifma::Words>,
    portable: Vec<Fr>,
}

impl Zeroize for Values {
    // As much of both as there is, which is all that there was.
    fn zeroize(&mut self) {
        #[cfg(lanes)]
        self.lanes.iter_mut().zeroize();
        self.portable.iter_mut().zeroize();
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        self.zeroize();
    }
}

// With room for so many: what is in the way is wiped before it is left behind.
fn empty<T: Zeroize>(items: &mut Vec<T>, count: usize) {
    if items.capacity() < count {
        items.iter_mut().zeroize();
    }
    items.clear();
    items.reserve_exact(count);
}

impl Coset {
    /// The coset by `shift` of a domain of `size` elements, where products come times `scale`.
    /// `None` where the size is no power of two, the field has no root of unity for it, or the
    /// shift is 0.
    pub fn new(path: Path, size: usize, shift: Fr, scale: Fr) -> Option<Coset> {
        let domain = size
            .is_power_of_two()
            .then(|| Radix2EvaluationDomain::new(size))
            .flatten()?;
        #[cfg(not(lanes))]
        let _ = path;
        Some(Coset {
            domain,
            coset: domain.get_coset(shift)?,
            scale,
            #[cfg(lanes)]
            lanes: match path {
                Path::Lanes(_) if size >= ifma::LEAST => Some(ifma::Tables::new(&domain, shift, scale)),
                _ => None,
            },
        })
    }

    /// The number of values.
    pub fn size(&self) -> usize {
        self.domain.size()
    }

    /// What the domain is multiplied by.
    pub fn shift(&self) -> Fr {
        self.coset.coset_offset()
    }

    /// What products come times.
    pub fn scale(&self) -> Fr {
        self.scale
    }

    /// From values on the domain, of which those that are left out at the end are 0, to values on
    /// the coset. What was there before is overwritten.
    pub fn extend(&self, values: &[Fr], on_coset: &mut Values) {
        #[cfg(lanes)]
        if let Some(tables) = &self.lanes {
            // SAFETY: tables are made where the features are.
            return unsafe { ifma::extend(tables, values, &mut on_coset.lanes) };
        }
        let all = &mut on_coset.portable;
        empty(all, self.size());
        all.extend_from_slice(values);
        self.domain.ifft_in_place(all);
        self.coset.fft_in_place(all);
    }

    /// scale·a·b − c at each element of the coset. All must be this coset's.
    pub fn multiply(&self, a: &Values, b: &Values, c: Option<&Values>, products: &mut [Fr]) {
        #[cfg(lanes)]
        if let Some(tables) = &self.lanes {
            let c = c.map(|c| c.lanes.as_slice());
            // SAFETY: tables are made where the features are.
            return unsafe { ifma::multiply(tables, &a.lanes, &b.lanes, c, products) };
        }
        for ((product, a), b) in products.iter_mut().zip(&a.portable).zip(&b.portable) {
            *product = *a * b * self.scale;
        }
        if let Some(c) = c {
            products
                .iter_mut()
                .zip(&c.portable)
                .for_each(|(product, c)| *product -= c);
        }
    }
}

#[cfg(lanes)]
mod ifma {
    use crate::field::{self, Eight, kernel};
    use crate::modulus::{LIMBS, Scalar, into_wide, split};
    use ark_bn254::Fr;
    use ark_ff::{AdditiveGroup, Field};
    use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
    pub(super) use field::Words;

    type Lanes = Eight<Scalar>;
    type Number = [u64; LIMBS];

    /// The least domain that fills lanes and a pass of four.
    pub(super) const LEAST: usize = 64;

    // Element lane·m + v of n = 8·m is in lane `lane` of vector v.
    pub(super) struct Tables {
        vectors: usize,
        there: Direction,
        back: Direction,
        // What coefficient is multiplied by, in the order in which the first transform leaves them.
        shifts: Vec<Words>,
        scale: Number,
    }

    // One way of the transform.
    struct Direction {
        // w_m^k for k < m/2·…: of the transforms in each lane.
        roots: Vec<Number>,
        // A primitive fourth root of unity.
        quarter: Number,
        // Between lanes: by stage, then what takes them together with the transforms in lanes.
        eighths: Words,
        quarters: Words,
        between: Vec<Words>,
    }

    fn wide(x: &Fr) -> Number {
        split(into_wide::<Scalar>(x))
    }

    fn across(f: impl Fn(usize) -> Fr) -> Words {
        let lanes: [Number; 8] = core::array::from_fn(|lane| wide(&f(lane)));
        Words(core::array::from_fn(|limb| {
            core::array::from_fn(|lane| lanes[lane][limb])
        }))
    }

    fn reversed(x: usize, bits: u32) -> usize {
        if bits == 0 {
            0
        } else {
            x.reverse_bits() >> (usize::BITS - bits)
        }
    }

    fn powers(x: Fr, n: usize) -> Vec<Fr> {
        core::iter::successors(Some(Fr::ONE), |last| Some(*last * x))
            .take(n)
            .collect()
    }

    impl Direction {
        // For the transform by this root of unity, of order n.
        fn new(root: Fr, n: usize) -> Direction {
            let m = n / 8;
            let all = powers(root, n);
            Direction {
                roots: (0..m).map(|k| wide(&all[8 * k])).collect(),
                quarter: wide(&all[n / 4]),
                eighths: across(|lane| if lane & 4 == 0 { Fr::ONE } else { all[(lane & 3) * m] }),
                quarters: across(|lane| {
                    if lane & 2 == 0 {
                        Fr::ONE
                    } else {
                        all[(lane & 1) * 2 * m]
                    }
                }),
                between: (0..m).map(|v| across(|lane| all[v * reversed(lane, 3) % n])).collect(),
            }
        }
    }

    impl Tables {
        pub(super) fn new(domain: &Radix2EvaluationDomain<Fr>, shift: Fr, scale: Fr) -> Tables {
            let n = domain.size();
            let m = n / 8;
            let shifts = powers(shift, n);
            // Coefficient k lies where its reversed bits say: in lane after lane, and there in the
            // order of the transform in a lane.
            let coefficient = |lane: usize, v: usize| 8 * reversed(v, m.ilog2()) + reversed(lane, 3);
            // Values come in with R = 2^256: what that lacks is made up for here.
            let made_up = domain.size_inv * Fr::from(16u64);
            Tables {
                vectors: m,
                there: Direction::new(domain.group_gen_inv, n),
                back: Direction::new(domain.group_gen, n),
                shifts: (0..m)
                    .map(|v| across(|lane| shifts[coefficient(lane, v)] * made_up))
                    .collect(),
                scale: wide(&scale),
            }
        }
    }

    kernel! {
        pub(super) fn extend(tables: &Tables, values: &[Fr], work: &mut Vec<Words>) {
            let m = tables.vectors;
            super::empty(work, m);
            for v in 0..m {
                let at = |lane: usize| values.get(lane * m + v).unwrap_or(&Fr::ZERO);
                let x = field::raw::<Scalar>([at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)]);
                work.push(field::write(apart(&tables.there, v, x)));
            }
            split_up(&tables.there, work);
            for (x, shift) in work.iter_mut().zip(&tables.shifts) {
                *x = field::write(field::mul(field::read::<Scalar>(x), field::read(shift)));
            }
            put_together(&tables.back, work);
            for (v, x) in work.iter_mut().enumerate() {
                *x = field::write(together(&tables.back, v, field::read(x)));
            }
        }
    }

    kernel! {
        pub(super) fn multiply(
            tables: &Tables,
            a: &[Words],
            b: &[Words],
            c: Option<&[Words]>,
            products: &mut [Fr],
        ) {
            let m = tables.vectors;
            let scale = field::splat::<Scalar>(&tables.scale);
            for v in 0..m {
                let scaled = field::mul(field::read(&a[v]), scale);
                let mut product = field::mul(scaled, field::read(&b[v]));
                if let Some(c) = c {
                    product = field::sub::<4, Scalar>(product, field::read(&c[v]));
                }
                let lanes = field::store(product);
                for (lane, product) in lanes.into_iter().enumerate() {
                    if let Some(place) = products.get_mut(lane * m + v) {
                        *place = product;
                    }
                }
            }
        }
    }

    kernel! {
        // The first three stages of a transform by decimation in frequency: between lanes. Below 2p.
        fn apart(by: &Direction, v: usize, x: Lanes) -> Lanes {
            let x = field::mul(field::butterfly::<4, Scalar>(x), field::read(&by.eighths));
            let x = field::mul(field::butterfly::<2, Scalar>(x), field::read(&by.quarters));
            field::mul(field::butterfly::<1, Scalar>(x), field::read(&by.between[v]))
        }
    }

    kernel! {
        // The last three stages of a transform by decimation in time: between lanes. Below 4p.
        fn together(by: &Direction, v: usize, x: Lanes) -> Lanes {
            let x = field::butterfly::<1, Scalar>(field::mul(x, field::read(&by.between[v])));
            let x = field::butterfly::<2, Scalar>(field::mul(x, field::read(&by.quarters)));
            field::butterfly::<4, Scalar>(field::mul(x, field::read(&by.eighths)))
        }
    }

    // Vectors that stay in the first- and second-level caches.
    const CACHED: usize = 1024;

    kernel! {
        // By decimation in frequency, in each lane: two stages at a time. From below 2p to below 2p.
        fn split_up(by: &Direction, x: &mut [Words]) {
            if x.len() > CACHED {
                split_once(by, x);
                let quarter = x.len() / 4;
                for part in x.chunks_exact_mut(quarter) {
                    split_up(by, part);
                }
                return;
            }
            let mut block = x.len();
            while block >= 4 {
                for part in x.chunks_exact_mut(block) {
                    split_once(by, part);
                }
                block /= 4;
            }
            if block == 2 {
                for pair in x.as_chunks_mut::<2>().0 {
                    *pair = last_stage(pair);
                }
            }
        }
    }

    kernel! {
        // As [`split_up`], by decimation in time.
        fn put_together(by: &Direction, x: &mut [Words]) {
            if x.len() > CACHED {
                let quarter = x.len() / 4;
                for part in x.chunks_exact_mut(quarter) {
                    put_together(by, part);
                }
                join_once(by, x);
                return;
            }
            let mut block = 4;
            if x.len().ilog2() % 2 == 1 {
                block = 8;
                for pair in x.as_chunks_mut::<2>().0 {
                    *pair = last_stage(pair);
                }
            }
            while block <= x.len() {
                for part in x.chunks_exact_mut(block) {
                    join_once(by, part);
                }
                block *= 4;
            }
        }
    }

    kernel! {
        fn last_stage(pair: &[Words; 2]) -> [Words; 2] {
            let [a, b] = [field::loose::<Scalar>(field::read(&pair[0])), field::loose(field::read(&pair[1]))];
            [
                field::write(field::settled::<0, Scalar>(field::plus(a, b))),
                field::write(field::settled::<2, Scalar>(field::less(a, b))),
            ]
        }
    }

    kernel! {
        fn split_once(by: &Direction, x: &mut [Words]) {
            let quarter = x.len() / 4;
            let step = by.roots.len() / x.len();
            let (x0, rest) = x.split_at_mut(quarter);
            let (x1, rest) = rest.split_at_mut(quarter);
            let (x2, x3) = rest.split_at_mut(quarter);
            let fourth = field::splat::<Scalar>(&by.quarter);
            for j in 0..quarter {
                let a = field::loose::<Scalar>(field::read(&x0[j]));
                let b = field::loose::<Scalar>(field::read(&x1[j]));
                let c = field::loose::<Scalar>(field::read(&x2[j]));
                let d = field::loose::<Scalar>(field::read(&x3[j]));
                let (ac, bd) = (field::plus(a, c), field::plus(b, d));
                let turned = field::loose(field::mul(field::lifted::<2, Scalar>(field::less(b, d)), fourth));
                let (even, odd) = (field::less(a, c), turned);
                x0[j] = field::write(field::settled::<0, Scalar>(field::plus(ac, bd)));
                let (y1, y2, y3) = (
                    field::less(ac, bd),
                    field::plus(even, odd),
                    field::less(even, odd),
                );
                if quarter == 1 {
                    x1[j] = field::write(field::settled::<4, Scalar>(y1));
                    x2[j] = field::write(field::settled::<2, Scalar>(y2));
                    x3[j] = field::write(field::settled::<4, Scalar>(y3));
                } else {
                    let root = |k: usize| field::splat::<Scalar>(&by.roots[k * step]);
                    x1[j] = field::write(field::mul(field::lifted::<4, Scalar>(y1), root(2 * j)));
                    x2[j] = field::write(field::mul(field::lifted::<2, Scalar>(y2), root(j)));
                    x3[j] = field::write(field::mul(field::lifted::<4, Scalar>(y3), root(3 * j)));
                }
            }
        }
    }

    kernel! {
        fn join_once(by: &Direction, x: &mut [Words]) {
            let quarter = x.len() / 4;
            let step = by.roots.len() / x.len();
            let (x0, rest) = x.split_at_mut(quarter);
            let (x1, rest) = rest.split_at_mut(quarter);
            let (x2, x3) = rest.split_at_mut(quarter);
            let fourth = field::splat::<Scalar>(&by.quarter);
            for j in 0..quarter {
                let root = |k: usize| field::splat::<Scalar>(&by.roots[k * step]);
                let [a, mut b, mut c, mut d] =
                    [field::read::<Scalar>(&x0[j]), field::read(&x1[j]), field::read(&x2[j]), field::read(&x3[j])];
                if quarter > 1 {
                    b = field::mul(b, root(2 * j));
                    c = field::mul(c, root(j));
                    d = field::mul(d, root(3 * j));
                }
                let [a, b, c, d] = [field::loose(a), field::loose(b), field::loose(c), field::loose(d)];
                let (even, odd) = (field::plus(a, b), field::plus(c, d));
                let turned = field::loose(field::mul(field::lifted::<2, Scalar>(field::less(c, d)), fourth));
                let other = field::less(a, b);
                x0[j] = field::write(field::settled::<0, Scalar>(field::plus(even, odd)));
                x1[j] = field::write(field::settled::<2, Scalar>(field::plus(other, turned)));
                x2[j] = field::write(field::settled::<4, Scalar>(field::less(even, odd)));
                x3[j] = field::write(field::settled::<4, Scalar>(field::less(other, turned)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, UniformRand};
    use ark_ff::{FftField, Field};

    fn agrees(size: usize, given: usize) {
        let mut rng = ark_std::test_rng();
        let (shift, scale) = (Fr::rand(&mut rng), Fr::rand(&mut rng));
        let mut any = |n: usize| -> Vec<Fr> { (0..n).map(|_| Fr::rand(&mut rng)).collect() };
        let (a, b, c) = (any(given), any(given), any(given));
        let mut found = [Path::best(), Path::Portable].map(|path| {
            let coset = Coset::new(path, size, shift, scale).unwrap();
            let mut products = vec![Fr::ZERO; size];
            let [mut on_a, mut on_b, mut on_c] = [(); 3].map(|()| Values::default());
            // What memory held before has no part in it.
            coset.extend(&c, &mut on_a);
            coset.extend(&a, &mut on_a);
            coset.extend(&b, &mut on_b);
            coset.extend(&c, &mut on_c);
            coset.multiply(&on_a, &on_b, Some(&on_c), &mut products);
            products
        });
        let value = |x: &[Fr], at: Fr| {
            let domain = Radix2EvaluationDomain::<Fr>::new(size).unwrap();
            let weights = domain.evaluate_all_lagrange_coefficients(at);
            weights.iter().zip(x).map(|(w, x)| *w * x).sum::<Fr>()
        };
        let at = shift * Fr::get_root_of_unity(size as u64).unwrap().pow([3 % size as u64]);
        assert_eq!(
            found[1][3 % size],
            scale * value(&a, at) * value(&b, at) - value(&c, at)
        );
        assert_eq!(found[0], found[1], "{size}");
        assert!(found[0].iter_mut().any(|x| *x != Fr::ZERO));
    }

    #[test]
    fn products_are_those_of_the_polynomials_at_every_size() {
        for k in 0..14 {
            agrees(1 << k, 1 << k);
            agrees(1 << k, (1usize << k).div_ceil(2));
        }
        agrees(1 << 16, 60_000);
    }

    #[test]
    fn what_is_no_coset_is_none() {
        for (size, shift) in [(0, 5), (3, 5), (1 << 29, 5), (8, 0)] {
            assert!(
                Coset::new(Path::best(), size, Fr::from(shift), Fr::ONE).is_none(),
                "{size} {shift}"
            );
        }
    }
}
