//! A query's points on the device.

use crate::driver::{SentBases, Words};
use crate::{Device, Failure, Values};
use ark_bn254::Fq;
use ark_ff::{BigInt, Field, PrimeField};
use medproof_lanes::Path;
use medproof_lanes::points::{Curve, Packed};
use std::marker::PhantomData;

/// Points that are summed again and again.
pub struct Bases<C, const D: usize> {
    count: usize,
    // Those that are not infinity, so that nothing hangs on how infinity is written there; none where
    // all are.
    finite: usize,
    sent: Option<SentBases<D>>,
    curve: PhantomData<C>,
}

impl<C: Curve<D>, const D: usize> Bases<C, D> {
    /// The most points: an index has a sign beside it.
    pub const MOST: usize = 1 << 31;

    /// Sends the points to the device.
    ///
    /// # Errors
    /// [`Failure::TooMany`], [`Failure::Device`].
    pub fn new(_: &Device, points: &[C]) -> Result<Self, Failure> {
        if points.len() > Self::MOST {
            return Err(Failure::TooMany {
                most: Self::MOST,
                found: points.len(),
            });
        }
        let (places, packed): (Vec<u32>, Vec<Packed<D>>) = (0u32..)
            .zip(points)
            .filter(|(_, point)| !point.is_zero())
            .map(|(place, point)| (place, point.pack(Path::Portable)))
            .unzip();
        let sent = (!packed.is_empty()).then(|| SentBases::new(&packed, &places, points.len()));
        Ok(Bases {
            count: points.len(),
            finite: packed.len(),
            sent: sent.transpose()?,
            curve: PhantomData,
        })
    }

    /// Bytes of the points on the device.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.finite * size_of::<Packed<D>>()
    }

    /// The number of points, with those at infinity.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Σ scalar·point. What of the scalars the library leaves behind is said in `cuda/device.cu`.
    ///
    /// # Errors
    /// [`Failure::Count`], [`Failure::Device`], [`Failure::NoPoint`].
    pub fn sum(&self, scalars: &Values) -> Result<C, Failure> {
        if scalars.count() != self.count {
            return Err(Failure::Count {
                expected: self.count,
                found: scalars.count(),
            });
        }
        match &self.sent {
            None => Ok(C::zero()),
            Some(sent) => affine(sent.sum(scalars.sent())?),
        }
    }
}

// From Jacobian coordinates. The device's answer is not trusted to be below p.
fn affine<C: Curve<D>, const D: usize>(point: [[Words; D]; 3]) -> Result<C, Failure> {
    if point.iter().flatten().any(|words| BigInt(*words) >= Fq::MODULUS) {
        return Err(Failure::NoPoint);
    }
    let [x, y, z] = point.map(C::from_words);
    Ok(match C::inverse(&z) {
        None => C::zero(),
        Some(inverse) => {
            let square = inverse.square();
            C::affine(x * square, y * square * inverse)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use ark_bn254::{Fq2, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
    use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
    use ark_ff::{AdditiveGroup, UniformRand};
    use bytemuck::cast_slice;
    use medproof_lanes::modulus::{Base, Scalar, limbs};

    // Of each, x before y, and of x its components in order: Montgomery's words, the lowest first.
    #[test]
    fn points_lie_in_memory_as_the_device_takes_them() {
        let rng = &mut ark_std::test_rng();
        let (one, two) = (G1Affine::rand(rng), G2Affine::rand(rng));
        let words = |coordinates: &[Fq]| -> Vec<u64> { coordinates.iter().flat_map(limbs::<Base>).collect() };
        assert_eq!(
            cast_slice::<_, u64>(&[one.pack(Path::Portable)]),
            words(&[one.x, one.y])
        );
        assert_eq!(
            cast_slice::<_, u64>(&[two.pack(Path::Portable)]),
            words(&[two.x.c0, two.x.c1, two.y.c0, two.y.c1])
        );
        let radix = Fr::from(2).pow([256]);
        assert_eq!(BigInt(limbs::<Scalar>(&Fr::ONE)), radix.into_bigint());
    }

    #[test]
    fn jacobian_coordinates_are_taken_back() {
        let rng = &mut ark_std::test_rng();
        for _ in 0..10 {
            let (one, two) = (G1Projective::rand(rng), G2Projective::rand(rng));
            let words = [one.x, one.y, one.z].map(|x| [limbs::<Base>(&x)]);
            assert_eq!(affine::<G1Affine, 1>(words), Ok(one.into_affine()));
            let words = [two.x, two.y, two.z].map(|x: Fq2| [x.c0, x.c1].map(|x| limbs::<Base>(&x)));
            assert_eq!(affine::<G2Affine, 2>(words), Ok(two.into_affine()));
        }
        let infinity = [[[1; 4]], [[1; 4]], [[0; 4]]];
        assert_eq!(affine::<G1Affine, 1>(infinity), Ok(G1Affine::zero()));
        let p = [[Fq::MODULUS.0], [[1; 4]], [[1; 4]]];
        assert_eq!(affine::<G1Affine, 1>(p), Err(Failure::NoPoint));
    }

    fn agrees<C, const D: usize>(device: &Device, n: usize)
    where
        C: Curve<D, ScalarField = Fr> + UniformRand,
        C::Group: VariableBaseMSM<MulBase = C>,
    {
        let rng = &mut ark_std::test_rng();
        let mut points: Vec<C> = (0..n).map(|_| C::rand(rng)).collect();
        let mut scalars: Vec<Fr> = (0..n).map(|_| Fr::rand(rng)).collect();
        // Infinity; the same point and its negative; 0, 1, −1 and the smallest numbers.
        for place in (0..n).step_by(7) {
            points[place] = C::zero();
        }
        for place in (1..n).step_by(5) {
            points[place] = points[place - 1];
            scalars[place] = -scalars[place - 1];
        }
        for (place, scalar) in scalars.iter_mut().enumerate().skip(n / 2) {
            let small = Fr::from(place as u64 % 5);
            *scalar = if place % 2 == 0 { small } else { -small };
        }
        let bases = Bases::<C, D>::new(device, &points).unwrap();
        let expected = C::Group::msm(&points, &scalars).unwrap().into_affine();
        // Twice: nothing is left of a sum that another meets.
        let sent = |scalars: &[Fr]| Values::send(device, scalars).unwrap();
        let values = sent(&scalars);
        for _ in 0..2 {
            assert_eq!(bases.sum(&values), Ok(expected), "{n}");
        }
        assert_eq!(bases.sum(&sent(&vec![Fr::ZERO; n])), Ok(C::zero()), "{n} zeros");
        let more = sent(&[&scalars[..], &[Fr::ONE]].concat());
        assert!(matches!(bases.sum(&more), Err(Failure::Count { .. })));
    }

    #[test]
    fn sums_are_those_of_arkworks() {
        let Some(device) = testing::device("sums") else {
            return;
        };
        for n in [1, 2, 31, 32, 33, 193, 1000, 20_000, 300_000] {
            agrees::<G1Affine, 1>(&device, n);
        }
        for n in [1, 2, 33, 1000, 20_000] {
            agrees::<G2Affine, 2>(&device, n);
        }
        let nothing = Bases::<G1Affine, 1>::new(&device, &[G1Affine::zero(); 3]).unwrap();
        let ones = Values::send(&device, &[Fr::ONE; 3]).unwrap();
        assert_eq!(nothing.sum(&ones), Ok(G1Affine::zero()));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn without_the_feature_there_is_no_device() {
        assert_eq!(Device::first().err(), Some(Failure::NotBuilt));
    }
}
