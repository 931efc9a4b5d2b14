//! The multiplier by itself: what benches measure everything else by.

use crate::Path;
use crate::modulus::{Ark, Modulus};

/// Multiplies each element by `by` so many times. Nothing waits for memory, and as many products are
/// under way as fill the multiplier.
pub fn multiply<M: Modulus>(path: Path, elements: &mut [Ark<M>], by: &Ark<M>, times: usize) {
    #[cfg(lanes)]
    if let Path::Lanes(_) = path {
        let (groups, rest) = elements.as_chunks_mut::<{ 8 * ifma::TOGETHER }>();
        for group in groups {
            // SAFETY: such a path is made where the features are.
            unsafe { ifma::multiply::<M>(group, by, times) };
        }
        one_by_one::<M>(rest, by, times);
        return;
    }
    let _ = path;
    one_by_one::<M>(elements, by, times);
}

fn one_by_one<M: Modulus>(elements: &mut [Ark<M>], by: &Ark<M>, times: usize) {
    for _ in 0..times {
        elements.iter_mut().for_each(|element| *element *= by);
    }
}

#[cfg(lanes)]
mod ifma {
    use crate::field::{kernel, load, mul, splat_ark, store, zero};
    use crate::modulus::{Ark, Modulus};

    /// Products under way.
    pub(super) const TOGETHER: usize = 4;

    kernel! {
        pub(super) fn multiply<M: Modulus>(elements: &mut [Ark<M>; 8 * TOGETHER], by: &Ark<M>, times: usize) {
            let (eights, _) = elements.as_chunks_mut::<8>();
            let mut x = [zero::<M>(); TOGETHER];
            for (x, eight) in x.iter_mut().zip(&*eights) {
                *x = load(eight.each_ref());
            }
            let by = splat_ark(by);
            for _ in 0..times {
                for x in &mut x {
                    *x = mul(*x, by);
                }
            }
            for (x, eight) in x.into_iter().zip(eights) {
                *eight = store(x);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modulus::{Base, Scalar};
    use ark_ff::{Field, UniformRand};

    fn agrees<M: Modulus>() {
        let mut rng = ark_std::test_rng();
        let by = Ark::<M>::rand(&mut rng);
        for (count, times) in [(0, 3), (7, 3), (32, 1), (71, 50)] {
            let elements: Vec<Ark<M>> = (0..count).map(|_| Ark::<M>::rand(&mut rng)).collect();
            let power = by.pow([times as u64]);
            let expected: Vec<Ark<M>> = elements.iter().map(|x| *x * power).collect();
            for path in [Path::best(), Path::Portable] {
                let mut found = elements.clone();
                multiply::<M>(path, &mut found, &by, times);
                assert_eq!(found, expected, "{path:?}");
            }
        }
    }

    #[test]
    fn products_are_arkworks_products() {
        agrees::<Base>();
        agrees::<Scalar>();
    }
}
