//! Tables as they are drawn when they are first needed: for WebAssembly, where numbers that nothing compresses take longer to load.
//!
//! Round constants are drawn from the Grain shift register of the instance, as `params/poseidon2.py` says.

use super::{EXTERNAL_ROUNDS, Table};
use alloc::vec::Vec;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, PrimeField};

/// The table with so many internal rounds and this diagonal.
pub(super) fn table<const T: usize>(internal: usize, diagonal_minus_one: [Fr; T]) -> Table<T> {
    let mut grain = Grain::new(T as u64, internal as u64);
    let mut external = [[Fr::ZERO; T]; EXTERNAL_ROUNDS];
    let (first, last) = external.split_at_mut(EXTERNAL_ROUNDS / 2);
    first.iter_mut().flatten().for_each(|lane| *lane = grain.constant());
    let internal: Vec<Fr> = (0..internal).map(|_| grain.constant()).collect();
    last.iter_mut().flatten().for_each(|lane| *lane = grain.constant());
    Table {
        external,
        internal: internal.leak(),
        diagonal_minus_one,
    }
}

/// Eighty bits, the oldest lowest, and those of the last sixteen that were not taken.
struct Grain {
    low: u64,
    high: u64,
    bits: u64,
    pairs: u32,
}

impl Grain {
    /// Of the prime field, 254 bits, x⁵, and an instance's width and rounds.
    fn new(width: u64, internal: u64) -> Grain {
        let seed = [
            (1, 2),
            (0, 4),
            (254, 12),
            (width, 12),
            (EXTERNAL_ROUNDS as u64, 10),
            (internal, 10),
            ((1 << 30) - 1, 30),
        ];
        let seed = seed
            .into_iter()
            .fold(0u128, |seed, (value, length)| seed << length | u128::from(value));
        // The first bit is the oldest.
        let seed = seed.reverse_bits() >> (128 - 80);
        let mut grain = Grain {
            low: seed as u64,
            high: (seed >> 64) as u64,
            bits: 0,
            pairs: 0,
        };
        // The first 160 are not taken.
        (0..160 / 16).for_each(|_| grain.step());
        Grain { pairs: 0, ..grain }
    }

    // Sixteen bits at once: none depends on another.
    fn step(&mut self) {
        let Grain { low, high, .. } = *self;
        let near = low ^ low >> 13 ^ low >> 23 ^ low >> 38;
        let far = low >> 51 ^ high << 13 ^ low >> 62 ^ high << 2;
        self.bits = (near ^ far) & 0xffff;
        self.pairs = 8;
        self.low = low >> 16 | high << 48;
        self.high = self.bits;
    }

    // The second of the next two of which the first is 1.
    fn bit(&mut self) -> u64 {
        loop {
            if self.pairs == 0 {
                self.step();
            }
            let pair = self.bits & 3;
            self.bits >>= 2;
            self.pairs -= 1;
            if pair & 1 == 1 {
                return pair >> 1;
            }
        }
    }

    // The next number below the modulus, its highest bit first.
    fn constant(&mut self) -> Fr {
        loop {
            let mut limbs = [0; 4];
            for (limb, length) in limbs.iter_mut().rev().zip([254 - 3 * 64, 64, 64, 64]) {
                (0..length).for_each(|_| *limb = *limb << 1 | self.bit());
            }
            if let Some(number) = Fr::from_bigint(BigInt::new(limbs)) {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Poseidon2Width, Width};
    use super::*;

    fn is_drawn<const T: usize>()
    where
        Width<T>: Poseidon2Width<T>,
    {
        let stored = Width::<T>::table();
        let drawn = table(stored.internal.len(), stored.diagonal_minus_one);
        assert_eq!(drawn.external, stored.external);
        assert_eq!(drawn.internal, stored.internal);
    }

    #[test]
    fn what_is_drawn_is_what_is_stored() {
        is_drawn::<4>();
        is_drawn::<8>();
        is_drawn::<12>();
        is_drawn::<16>();
    }
}
