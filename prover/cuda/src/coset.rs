//! The quotient's values, computed on the device.

use crate::driver::SentCoset;
use crate::values::words;
use crate::{Device, Failure, Values};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use medproof_lanes::modulus::{Scalar, limbs};

/// A coset of a domain of 2^k elements, by the generator of such a domain that arkworks has too.
pub struct Coset {
    sent: SentCoset,
}

impl Coset {
    /// The least domain: a smaller one is transformed sooner than it is sent.
    pub const LEAST: usize = 1 << 10;

    /// The coset by `shift` of a domain of `size` elements, where products come times `scale`.
    ///
    /// # Errors
    /// [`Failure::Count`] unless the size is a power of two from [`Coset::LEAST`] to 2^28,
    /// [`Failure::Device`].
    pub fn new(_: &Device, size: usize, shift: Fr, scale: Fr) -> Result<Self, Failure> {
        let shifts = words(&reversed_powers(shift, size));
        let sent = SentCoset::new(&shifts, &limbs::<Scalar>(&scale))?;
        Ok(Coset { sent })
    }

    /// scale·a·b − c at each element of the coset, from values on the domain: as many of each as it has
    /// elements.
    ///
    /// # Errors
    /// [`Failure::Count`], [`Failure::Device`].
    pub fn quotient(&self, a: &[Fr], b: &[Fr], c: Option<&[Fr]>) -> Result<Values, Failure> {
        let c = c.map(words);
        let c = c.as_ref().map(|c| c.as_slice());
        Ok(Values::of(self.sent.quotient(&words(a), &words(b), c)?))
    }
}

// The power of each place's reversed bits: the first transform leaves coefficients in that order.
fn reversed_powers(shift: Fr, size: usize) -> Vec<Fr> {
    let mut powers = vec![Fr::ZERO; size];
    let bits = size.checked_ilog2().unwrap_or_default();
    let mut power = Fr::ONE;
    for place in 0..size {
        let reversed = place.reverse_bits().checked_shr(usize::BITS - bits).unwrap_or_default();
        if let Some(at) = powers.get_mut(reversed) {
            *at = power;
        }
        power *= shift;
    }
    powers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bases, testing};
    use ark_bn254::{G1Affine, G1Projective};
    use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
    use ark_ff::{FftField, UniformRand};
    use medproof_lanes::Path;
    use medproof_lanes::transform::{self, Values as OnCoset};

    // sppark's of 2^28 elements, as its `ntt/parameters/alt_bn128.h` has it: in Montgomery form.
    #[test]
    fn the_devices_domains_are_those_of_arkworks() {
        let root = Fr::get_root_of_unity(1 << 28).unwrap();
        let theirs = [
            0x636e_7355_80d1_3d9c,
            0xa22b_f374_2445_ffd6,
            0x5645_2ac0_1eb2_03d8,
            0x1860_ef94_2963_f9e7,
        ];
        assert_eq!(limbs::<Scalar>(&root), theirs);
    }

    #[test]
    fn powers_are_in_the_order_of_reversed_bits() {
        let powers = |size| reversed_powers(Fr::from(3), size);
        let expected = [0u64, 4, 2, 6, 1, 5, 3, 7].map(|power| Fr::from(3).pow([power]));
        assert_eq!(powers(8), expected);
        assert_eq!(powers(1), [Fr::ONE]);
        assert!(powers(0).is_empty());
    }

    // What the cores compute, the device computes: seen in a sum over it, since values stay there.
    #[test]
    #[cfg_attr(not(feature = "cuda"), allow(unreachable_code, unused_variables))]
    fn quotients_are_those_of_the_cores() {
        let Some(device) = testing::device("quotients") else {
            return;
        };
        let rng = &mut ark_std::test_rng();
        for levels in [10, 11, 14, 17, 18, 19, 20] {
            let size = 1usize << levels;
            let double = Fr::get_root_of_unity(2 * size as u64).unwrap();
            for (shift, scale) in [(Fr::GENERATOR, Fr::rand(rng)), (double, Fr::ONE)] {
                let mut any = || -> Vec<Fr> { (0..size).map(|_| Fr::rand(rng)).collect() };
                let (a, b, c, points) = (any(), any(), any(), any());
                let points: Vec<G1Affine> = {
                    let generator = G1Projective::from(G1Affine::generator());
                    let few: Vec<G1Projective> = points[..64].iter().map(|x| generator * x).collect();
                    let few = G1Projective::normalize_batch(&few);
                    (0..size).map(|i| few[i * 37 % 64]).collect()
                };
                let on_cores = transform::Coset::new(Path::Portable, size, shift, scale).unwrap();
                let coset = Coset::new(&device, size, shift, scale).unwrap();
                let bases = Bases::<G1Affine, 1>::new(&device, &points).unwrap();
                for c in [None, Some(&c[..])] {
                    let extended = |values: &[Fr]| {
                        let mut on_coset = OnCoset::default();
                        on_cores.extend(values, &mut on_coset);
                        on_coset
                    };
                    let mut expected = vec![Fr::ZERO; size];
                    on_cores.multiply(&extended(&a), &extended(&b), c.map(extended).as_ref(), &mut expected);
                    let sum = G1Projective::msm(&points, &expected).unwrap().into_affine();
                    let found = coset.quotient(&a, &b, c).unwrap();
                    assert_eq!(bases.sum(&found), Ok(sum), "2^{levels}");
                }
                assert!(matches!(coset.quotient(&a[1..], &b, None), Err(Failure::Count { .. })));
            }
        }
        for size in [0, 1, 1000, 512] {
            let refused = Coset::new(&device, size, Fr::ONE, Fr::ONE);
            assert!(matches!(refused, Err(Failure::Count { .. })), "{size}");
        }
    }
}
