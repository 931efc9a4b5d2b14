//! Poseidon2 over the scalar field, eight permutations at a time.

use crate::modulus::{LIMBS, Scalar, limbs, split};
use ark_bn254::Fr;
use medproof_statement::poseidon2::{self, EXTERNAL_ROUNDS, Permuter, Poseidon2Width, Width};
use std::sync::OnceLock;
#[cfg(lanes)]
use {ark_ff::AdditiveGroup, zeroize::Zeroizing};

/// A width's numbers with R = 2^260.
#[cfg_attr(not(lanes), allow(dead_code))]
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
    #[cfg(lanes)]
    if let crate::Path::Lanes(_) = crate::Path::best() {
        let (eights, rest) = states.as_chunks_mut::<8>();
        if let Some(table) = Width::<T>::wide().downcast_ref::<Table<T>>() {
            for eight in eights {
                // SAFETY: the features that the kernel is compiled for are there.
                unsafe { ifma::permute(table, eight) };
            }
            // Eight at a time take as long as one and a half after another.
            if rest.len() > 1 {
                let mut eight = Zeroizing::new([[Fr::ZERO; T]; 8]);
                eight[..rest.len()].copy_from_slice(rest);
                // SAFETY: as above.
                unsafe { ifma::permute(table, &mut eight) };
                rest.copy_from_slice(&eight[..rest.len()]);
                return;
            }
        }
        rest.iter_mut().for_each(poseidon2::permute);
        return;
    }
    states.iter_mut().for_each(poseidon2::permute);
}

/// Eight at a time where the machine can, else one by one.
#[derive(Clone, Copy, Debug)]
pub struct Lanes;

impl Permuter for Lanes {
    fn permute_all(&self, states: &mut [[Fr; 8]]) {
        permute_all(states);
    }
}

#[cfg(lanes)]
mod ifma {
    use super::Table;
    use crate::field::{
        Eight, Loose, add, kernel, lifted, load, loose, mul, plus, product, reduce, splat, square, store, zero,
    };
    use crate::modulus::{LIMBS, Scalar};
    use ark_bn254::Fr;
    use medproof_statement::poseidon2::EXTERNAL_ROUNDS;

    type Lanes = Eight<Scalar>;
    type Sum = Loose<Scalar>;

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
                internal_round(&mut state, constant, &table.diagonal_minus_one);
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
        // The power of the first lane is three products, each of which waits for the one before:
        // those of the other lanes stand between.
        fn internal_round<const T: usize>(
            state: &mut [Lanes; T],
            constant: &[u64; LIMBS],
            diagonal_minus_one: &[[u64; LIMBS]; T],
        ) {
            let mut others = loose(state[1]);
            for lane in &state[2..] {
                others = plus(others, loose(*lane));
            }
            let mut products = [others; T];
            let x = add(state[0], splat(constant));
            let mut power = square(x);
            products[1] = product(state[1], splat(&diagonal_minus_one[1]));
            power = square(power);
            products[2] = product(state[2], splat(&diagonal_minus_one[2]));
            power = mul(power, x);
            for i in 3..T {
                products[i] = product(state[i], splat(&diagonal_minus_one[i]));
            }
            products[0] = product(power, splat(&diagonal_minus_one[0]));
            // Lanes are below 1.1p and 2p together: up to 16 of them fit.
            let sum = loose(reduce(lifted::<0, _>(plus(others, loose(power)))));
            for i in 0..T {
                state[i] = lifted::<0, _>(plus(products[i], sum));
            }
        }
    }

    kernel! {
        // Products that do not wait for each other stand side by side.
        fn external_round<const T: usize>(state: &mut [Lanes; T], constants: &[[u64; LIMBS]; T]) {
            let mut powers = *state;
            for i in 0..T {
                state[i] = add(state[i], splat(&constants[i]));
                powers[i] = square(state[i]);
            }
            for i in 0..T {
                powers[i] = square(powers[i]);
            }
            for i in 0..T {
                state[i] = mul(powers[i], state[i]);
            }
            external_layer(state);
        }
    }

    kernel! {
        // Below 2p, from products below 1.1p: the matrix' rows add up to 16, four of which stay below
        // 71p and so below 2^260.
        fn external_layer<const T: usize>(state: &mut [Lanes; T]) {
            let mut rows = state.map(|lane| loose(lane));
            for quad in rows.chunks_exact_mut(4) {
                if let [a, b, c, d] = quad {
                    m4(a, b, c, d);
                }
            }
            if T > 4 {
                let mut sums = [loose(zero()); 4];
                for i in 0..T {
                    sums[i % 4] = plus(sums[i % 4], rows[i]);
                }
                let sums = sums.map(|sum| loose(reduce(lifted::<0, _>(sum))));
                for i in 0..T {
                    rows[i] = plus(rows[i], sums[i % 4]);
                }
            }
            for i in 0..T {
                state[i] = reduce(lifted::<0, _>(rows[i]));
            }
        }
    }

    kernel! {
        fn m4(a: &mut Sum, b: &mut Sum, c: &mut Sum, d: &mut Sum) {
            let double = |x: Sum| plus(x, x);
            let ab = plus(*a, *b);
            let cd = plus(*c, *d);
            let bcd = plus(double(*b), cd);
            let abd = plus(double(*d), ab);
            let last = plus(double(double(cd)), abd);
            let second = plus(double(double(ab)), bcd);
            *a = plus(abd, second);
            *b = second;
            *c = plus(bcd, last);
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
        for n in [0, 1, 2, 7, 8, 9, 10, 33] {
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
