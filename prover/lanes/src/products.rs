//! Products of numbers out of two tables, many at a time.

use crate::Path;
use crate::modulus::{Ark, Modulus, from_limbs, into_wide, limbs};

/// Factors that stay, in the form in which a path multiplies by them.
pub struct Factors<M: Modulus> {
    path: Path,
    // Where eight are multiplied at a time, with R = 2^260: what they multiply, with R = 2^256, keeps
    // its form.
    factors: Vec<Ark<M>>,
}

/// A product modulo p, in arkworks' form but for its size: below 2p.
pub type Product = [u64; 4];

/// Of each product the place of a factor, and of what is multiplied.
pub type Places = [u32; 2];

impl<M: Modulus> Factors<M> {
    /// For this path.
    pub fn new(factors: Vec<Ark<M>>, path: Path) -> Self {
        let wide = |x: Ark<M>| from_limbs::<M>(into_wide::<M>(&x));
        let factors = match path {
            Path::Lanes(_) => factors.into_iter().map(wide).collect(),
            Path::Portable => factors,
        };
        Factors { path, factors }
    }

    /// The products of these, in their order, into as many places.
    ///
    /// # Panics
    /// On a place that is not there.
    pub fn multiply(&self, by: &[Ark<M>], places: &[Places], out: &mut [Product]) {
        let path = self.path;
        match path {
            #[cfg(lanes)]
            Path::Lanes(_) => {
                // SAFETY: the path says that the features are there.
                unsafe { ifma::multiply::<M>(&self.factors, by, places, out) };
            }
            Path::Portable => {
                for ([factor, at], out) in places.iter().zip(out) {
                    *out = limbs::<M>(&(self.factors[*factor as usize] * by[*at as usize]));
                }
            }
        }
    }
}

#[cfg(lanes)]
mod ifma {
    use super::{Places, Product};
    use crate::field::{into_words, kernel, mul, raw};
    use crate::modulus::{Ark, Modulus};

    kernel! {
        pub(super) fn multiply<M: Modulus>(factors: &[Ark<M>], by: &[Ark<M>], places: &[Places], out: &mut [Product]) {
            let (eights, rest) = places.as_chunks::<8>();
            let (outs, last) = out.as_chunks_mut::<8>();
            for (places, out) in eights.iter().zip(outs) {
                *out = eight::<M>(factors, by, places);
            }
            if let Some(first) = rest.first() {
                let filled = core::array::from_fn(|i| rest.get(i).copied().unwrap_or(*first));
                let products = eight::<M>(factors, by, &filled);
                last.iter_mut().zip(products).for_each(|(out, product)| *out = product);
            }
        }
    }

    kernel! {
        fn eight<M: Modulus>(factors: &[Ark<M>], by: &[Ark<M>], places: &[Places; 8]) -> [Product; 8] {
            let factors = raw::<M>(places.each_ref().map(|[factor, _]| &factors[*factor as usize]));
            let by = raw::<M>(places.each_ref().map(|[_, at]| &by[*at as usize]));
            into_words(mul(factors, by))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modulus::Scalar;
    use ark_bn254::Fr;
    use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField, UniformRand};

    #[test]
    fn products_are_those_of_arkworks() {
        let mut rng = ark_std::test_rng();
        let mut numbers = vec![Fr::ZERO, Fr::ONE, -Fr::ONE];
        numbers.extend((0..30).map(|_| Fr::rand(&mut rng)));
        for path in [Path::best(), Path::Portable] {
            let factors = Factors::<Scalar>::new(numbers.clone(), path);
            for count in [0, 1, 7, 8, 9, 100] {
                let places: Vec<Places> = (0..count).map(|i| [i * 7 % 33, i * 5 % 33]).collect();
                let mut out = vec![[0; 4]; count as usize];
                factors.multiply(&numbers, &places, &mut out);
                for ([a, b], out) in places.iter().zip(out) {
                    let mut below_p = BigInt(out);
                    if below_p >= Fr::MODULUS {
                        below_p.sub_with_borrow(&Fr::MODULUS);
                    }
                    let expected = numbers[*a as usize] * numbers[*b as usize];
                    assert_eq!(from_limbs::<Scalar>(below_p.0), expected, "{path:?}");
                }
            }
        }
    }
}
