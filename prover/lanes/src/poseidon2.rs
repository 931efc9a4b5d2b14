//! Poseidon2 over the scalar field, eight permutations at a time.

use crate::Path;
use crate::modulus::{LIMBS, Scalar, limbs, split};
use ark_bn254::Fr;
use medproof_statement::poseidon2::{self, EXTERNAL_ROUNDS, Poseidon2Width, Width};
use std::sync::OnceLock;

/// A width's numbers with R = 2^260.
struct Table<const T: usize> {
    external: [[[u64; LIMBS]; T]; EXTERNAL_ROUNDS],
    internal: Vec<[u64; LIMBS]>,
    diagonal_minus_one: [[u64; LIMBS]; T],
}

impl<const T: usize> Table<T>
where
    Width<T>: Poseidon2Width<T>,
{
    fn new() -> Table<T> {
        let table = Width::<T>::table();
        // 2^256·x as arkworks has it, times 2^4.
        let wide = |x: &Fr| split(limbs::<Scalar>(&(*x * Fr::from(16u64))));
        Table {
            external: table.external.each_ref().map(|round| round.each_ref().map(wide)),
            internal: table.internal.iter().map(wide).collect(),
            diagonal_minus_one: table.diagonal_minus_one.each_ref().map(wide),
        }
    }
}

/// Widths with their tables made once.
pub trait Tabulated<const T: usize>: Poseidon2Width<T> {
    #[doc(hidden)]
    fn wide() -> &'static dyn core::any::Any;
}

macro_rules! tabulated {
    ($($width:literal),*) => {$(
        impl Tabulated<$width> for Width<$width> {
            fn wide() -> &'static dyn core::any::Any {
                static TABLE: OnceLock<Table<$width>> = OnceLock::new();
                TABLE.get_or_init(Table::new)
            }
        }
    )*};
}
tabulated!(4, 8, 12, 16);

/// Permutes every state in place: as [`medproof_statement::poseidon2::permute`] each.
pub fn permute_all<const T: usize>(states: &mut [[Fr; T]])
where
    Width<T>: Tabulated<T>,
{
    #[cfg(target_arch = "x86_64")]
    if let Path::Lanes(_) = Path::best() {
        let (eights, rest) = states.as_chunks_mut::<8>();
        if let Some(table) = Width::<T>::wide().downcast_ref::<Table<T>>() {
            for eight in eights {
                // SAFETY: the features that the kernel is compiled for are there.
                unsafe { ifma::permute(table, eight) };
            }
        }
        rest.iter_mut().for_each(poseidon2::permute);
        return;
    }
    states.iter_mut().for_each(poseidon2::permute);
}

#[cfg(target_arch = "x86_64")]
mod ifma {
    use super::Table;
    use crate::field::{Eight, add, kernel, load, mul, reduce, splat, square, store, zero};
    use crate::modulus::{LIMBS, Scalar};
    use ark_bn254::Fr;
    use medproof_statement::poseidon2::EXTERNAL_ROUNDS;

    type Lanes = Eight<Scalar>;

    kernel! {
        pub(super) fn permute<const T: usize>(table: &Table<T>, states: &mut [[Fr; T]; 8]) {
            let mut state = [zero(); T];
            for i in 0..T {
                let [a, b, c, d, e, f, g, h] = &*states;
                state[i] = load([&a[i], &b[i], &c[i], &d[i], &e[i], &f[i], &g[i], &h[i]]);
            }
            let (first, last) = table.external.split_at(EXTERNAL_ROUNDS / 2);
            external_layer(&mut state);
            for constants in first {
                external_round(&mut state, constants);
            }
            for constant in &table.internal {
                state[0] = power5(add(state[0], splat(constant)));
                let mut sum = state[0];
                for lane in &state[1..] {
                    sum = add(sum, *lane);
                }
                let sum = reduce(sum);
                for i in 0..T {
                    state[i] = add(mul(state[i], splat(&table.diagonal_minus_one[i])), sum);
                }
            }
            for lane in &mut state {
                *lane = reduce(*lane);
            }
            for constants in last {
                external_round(&mut state, constants);
            }
            for i in 0..T {
                let lanes = store(state[i]);
                for (state, lane) in states.iter_mut().zip(lanes) {
                    state[i] = lane;
                }
            }
        }
    }

    kernel! {
        fn external_round<const T: usize>(state: &mut [Lanes; T], constants: &[[u64; LIMBS]; T]) {
            for i in 0..T {
                state[i] = power5(add(state[i], splat(&constants[i])));
            }
            external_layer(state);
        }
    }

    kernel! {
        // Below 2p, from one below 4p.
        fn power5(x: Lanes) -> Lanes {
            mul(square(square(x)), x)
        }
    }

    kernel! {
        // Below 2p from below 2p: the matrix' rows add up to 16 at a time, thrice.
        fn external_layer<const T: usize>(state: &mut [Lanes; T]) {
            for quad in state.chunks_exact_mut(4) {
                if let [a, b, c, d] = quad {
                    m4(a, b, c, d);
                }
            }
            if T > 4 {
                let mut sums = [zero(); 4];
                for i in 0..T {
                    sums[i % 4] = add(sums[i % 4], state[i]);
                }
                for sum in &mut sums {
                    *sum = reduce(*sum);
                }
                for i in 0..T {
                    state[i] = add(state[i], sums[i % 4]);
                }
            }
            for lane in state {
                *lane = reduce(*lane);
            }
        }
    }

    kernel! {
        fn m4(a: &mut Lanes, b: &mut Lanes, c: &mut Lanes, d: &mut Lanes) {
            let double = |x: Lanes| add(x, x);
            let ab = add(*a, *b);
            let cd = add(*c, *d);
            let bcd = add(double(*b), cd);
            let abd = add(double(*d), ab);
            let last = add(double(double(cd)), abd);
            let second = add(double(double(ab)), bcd);
            *a = add(abd, second);
            *b = second;
            *c = add(bcd, last);
            *d = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, Field, UniformRand};

    fn agrees<const T: usize>()
    where
        Width<T>: Tabulated<T>,
    {
        let mut rng = ark_std::test_rng();
        let mut states = vec![[Fr::ZERO; T], [Fr::ONE; T], [-Fr::ONE; T]];
        states.extend((0..30).map(|_| core::array::from_fn(|_| Fr::rand(&mut rng))));
        for n in [0, 1, 7, 8, 9, 33] {
            let mut ours = states[..n].to_vec();
            permute_all(&mut ours);
            let mut theirs = states[..n].to_vec();
            theirs.iter_mut().for_each(poseidon2::permute);
            assert_eq!(ours, theirs, "{T} {n}");
        }
    }

    #[test]
    fn eight_at_a_time_are_as_one_at_a_time() {
        agrees::<4>();
        agrees::<8>();
        agrees::<12>();
        agrees::<16>();
    }
}
