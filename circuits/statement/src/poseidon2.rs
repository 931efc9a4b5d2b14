//! Poseidon2 over the BN254 scalar field: the permutation, the sponge and the tree's compression.
//!
//! The published parameters of eprint 2023/323 at widths 4, 8, 12 and 16: x⁵ S-boxes, eight
//! external rounds around 56 (width 4) or 57 internal ones. `params/poseidon2.py` derives every
//! table from the Grain LFSR; the circuit's twin and the contract's generator read the same
//! [`Table`]s.

#[cfg(any(test, target_family = "wasm"))]
mod grain;
mod t12;
mod t16;
mod t4;
mod t8;

#[cfg(target_family = "wasm")]
use alloc::boxed::Box;
use alloc::vec::Vec;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
#[cfg(target_family = "wasm")]
use once_cell::race::OnceBox;

/// External rounds, half of them before the internal rounds and half after.
pub const EXTERNAL_ROUNDS: usize = 8;

/// The numbers that make one instance of width `T`.
#[derive(Debug)]
pub struct Table<const T: usize> {
    /// Round constants of the external rounds, in order.
    pub external: [[Fr; T]; EXTERNAL_ROUNDS],
    /// Round constants of the internal rounds, added to lane 0 only.
    pub internal: &'static [Fr],
    /// The internal matrix is all ones plus the diagonal of these.
    pub diagonal_minus_one: [Fr; T],
}

/// A marker for a width; only 4, 8, 12 and 16 implement [`Poseidon2Width`].
#[derive(Debug, Clone, Copy)]
pub struct Width<const T: usize>;

/// Widths with published parameters.
pub trait Poseidon2Width<const T: usize> {
    /// The instance's tables.
    fn table() -> &'static Table<T>;
}

macro_rules! widths {
    ($($width:literal => $module:ident),*) => {$(
        impl Poseidon2Width<$width> for Width<$width> {
            #[cfg(not(target_family = "wasm"))]
            fn table() -> &'static Table<$width> {
                &$module::TABLE
            }

            #[cfg(target_family = "wasm")]
            fn table() -> &'static Table<$width> {
                static DRAWN: OnceBox<Table<$width>> = OnceBox::new();
                const INTERNAL: usize = $module::TABLE.internal.len();
                const DIAGONAL: [Fr; $width] = $module::TABLE.diagonal_minus_one;
                DRAWN.get_or_init(|| Box::new(grain::table(INTERNAL, DIAGONAL)))
            }
        }
    )*};
}
widths!(4 => t4, 8 => t8, 12 => t12, 16 => t16);

/// Applies the permutation of width `T` in place.
pub fn permute<const T: usize>(state: &mut [Fr; T])
where
    Width<T>: Poseidon2Width<T>,
{
    let table = Width::<T>::table();
    let (first, last) = table.external.split_at(EXTERNAL_ROUNDS / 2);
    external_layer(state);
    for constants in first {
        external_round(state, constants);
    }
    for constant in table.internal {
        state[0] = power5(state[0] + constant);
        let sum: Fr = state.iter().sum();
        for (lane, diagonal) in state.iter_mut().zip(&table.diagonal_minus_one) {
            *lane = *lane * diagonal + sum;
        }
    }
    for constants in last {
        external_round(state, constants);
    }
}

/// Hashes a list of field elements under a domain tag with the sponge of width `T`.
///
/// Lane 0 starts as `tag + 2⁶⁴·inputs.len()` and is never absorbed into, so lists of different
/// length or purpose never share a state; each block adds up to `T − 1` inputs to lanes 1 and up
/// and permutes. An empty list still permutes once. The digest is lane 1.
pub fn hash<const T: usize>(tag: u64, inputs: &[Fr]) -> Fr
where
    Width<T>: Poseidon2Width<T>,
{
    let mut state = [Fr::ZERO; T];
    state[0] = domain(tag, inputs.len());
    let mut blocks = inputs.chunks(T - 1);
    let mut block = blocks.next().unwrap_or_default();
    loop {
        for (lane, input) in state[1..].iter_mut().zip(block) {
            *lane += input;
        }
        permute(&mut state);
        match blocks.next() {
            Some(next) => block = next,
            None => return state[1],
        }
    }
}

/// The sponge's first lane: `tag + 2⁶⁴·length`.
#[must_use]
pub fn domain(tag: u64, length: usize) -> Fr {
    Fr::from(u128::from(tag) | (length as u128) << 64)
}

/// The parent of eight children: lane 0 of the width-8 permutation of them, plus the first child.
///
/// The feed-forward makes it one-way. Depths are fixed wherever it is used, so nodes carry no tag.
#[must_use]
pub fn compress8(children: &[Fr; 8]) -> Fr {
    let mut state = *children;
    permute(&mut state);
    state[0] + children[0]
}

/// Whoever permutes many states of width 8: the width of every hash over records.
pub trait Permuter: Sync {
    /// Permutes every state in place, as [`permute`] each.
    fn permute_all(&self, states: &mut [[Fr; 8]]);

    /// Every parent, as [`compress8`] each. The children are permuted in place.
    fn compress_all(&self, children: &mut [[Fr; 8]]) -> Vec<Fr> {
        let firsts: Vec<Fr> = children.iter().map(|c| c[0]).collect();
        self.permute_all(children);
        children.iter().zip(firsts).map(|(c, first)| c[0] + first).collect()
    }
}

/// One state after another, on any machine.
#[derive(Clone, Copy, Debug)]
pub struct OneByOne;

impl Permuter for OneByOne {
    fn permute_all(&self, states: &mut [[Fr; 8]]) {
        states.iter_mut().for_each(permute);
    }
}

fn external_round<const T: usize>(state: &mut [Fr; T], constants: &[Fr; T]) {
    for (lane, constant) in state.iter_mut().zip(constants) {
        *lane = power5(*lane + constant);
    }
    external_layer(state);
}

fn power5(x: Fr) -> Fr {
    x.square().square() * x
}

/// The external rounds' matrix, in place: circ(2·M4, M4, …, M4), and M4 itself at width 4.
fn external_layer<const T: usize>(state: &mut [Fr; T]) {
    for quad in state.chunks_exact_mut(4) {
        if let [a, b, c, d] = quad {
            [*a, *b, *c, *d] = m4([*a, *b, *c, *d]);
        }
    }
    if T == 4 {
        return;
    }
    let mut sums = [Fr::ZERO; 4];
    for (i, lane) in state.iter().enumerate() {
        sums[i % 4] += lane;
    }
    for (i, lane) in state.iter_mut().enumerate() {
        *lane += sums[i % 4];
    }
}

/// The rows (5 7 1 3), (4 6 1 1), (1 3 5 7), (1 1 4 6), in eight additions and four doublings.
fn m4([a, b, c, d]: [Fr; 4]) -> [Fr; 4] {
    let ab = a + b;
    let cd = c + d;
    let bcd = b.double() + cd;
    let abd = d.double() + ab;
    let last = cd.double().double() + abd;
    let second = ab.double().double() + bcd;
    [abd + second, second, bcd + last, last]
}

#[cfg(test)]
mod tests {
    use ark_ff::UniformRand;
    use ark_std::test_rng;

    use super::*;

    fn edge_and_random<const T: usize>() -> Vec<[Fr; T]> {
        let mut rng = test_rng();
        let mut states = Vec::from([
            [Fr::ZERO; T],
            [Fr::ONE; T],
            [-Fr::ONE; T],
            core::array::from_fn(|i| Fr::from(i as u64)),
        ]);
        for lane in 0..T {
            let mut state = [Fr::ZERO; T];
            state[lane] = -Fr::ONE;
            states.push(state);
        }
        states.extend((0..20).map(|_| core::array::from_fn(|_| Fr::rand(&mut rng))));
        states
    }

    macro_rules! oracle {
        ($($name:ident: $width:literal, $oracle:path;)*) => {$(
            #[test]
            fn $name() {
                for state in edge_and_random::<$width>() {
                    let mut ours = state;
                    permute(&mut ours);
                    assert_eq!(ours, $oracle(&state));
                }
            }
        )*};
    }
    oracle! {
        width_4_agrees_with_the_oracle: 4, taceo_poseidon2::bn254::t4::permutation;
        width_8_agrees_with_the_oracle: 8, taceo_poseidon2::bn254::t8::permutation;
        width_12_agrees_with_the_oracle: 12, taceo_poseidon2::bn254::t12::permutation;
        width_16_agrees_with_the_oracle: 16, taceo_poseidon2::bn254::t16::permutation;
    }

    #[test]
    fn rounds_are_the_published_ones() {
        assert_eq!(Width::<4>::table().internal.len(), 56);
        assert_eq!(Width::<8>::table().internal.len(), 57);
        assert_eq!(Width::<12>::table().internal.len(), 57);
        assert_eq!(Width::<16>::table().internal.len(), 57);
    }

    #[test]
    fn an_empty_list_permutes_once() {
        let mut state = [Fr::from(7u64), Fr::ZERO, Fr::ZERO, Fr::ZERO];
        permute(&mut state);
        assert_eq!(hash::<4>(7, &[]), state[1]);
    }

    #[test]
    fn blocks_are_added_to_the_lanes_after_the_first() {
        let inputs: [Fr; 4] = core::array::from_fn(|i| Fr::from(i as u64 + 1));
        let mut state = [Fr::from(9u128 + (4u128 << 64)), inputs[0], inputs[1], inputs[2]];
        permute(&mut state);
        state[1] += inputs[3];
        permute(&mut state);
        assert_eq!(hash::<4>(9, &inputs), state[1]);
    }

    #[test]
    fn a_full_last_block_is_not_followed_by_an_empty_one() {
        let inputs = [Fr::ONE; 3];
        let mut state = [domain(1, 3), Fr::ONE, Fr::ONE, Fr::ONE];
        permute(&mut state);
        assert_eq!(hash::<4>(1, &inputs), state[1]);
    }

    #[test]
    fn trailing_zeros_tags_and_widths_separate() {
        let one = [Fr::ONE];
        let padded = [Fr::ONE, Fr::ZERO];
        assert_ne!(hash::<4>(1, &one), hash::<4>(1, &padded));
        assert_ne!(hash::<4>(1, &one), hash::<4>(2, &one));
        assert_ne!(hash::<4>(1, &one), hash::<8>(1, &one));
        assert_ne!(domain(u64::MAX, 0), domain(0, 1));
    }

    #[test]
    fn many_parents_are_as_one_each() {
        let children: Vec<[Fr; 8]> = edge_and_random();
        let parents: Vec<Fr> = children.iter().map(compress8).collect();
        assert_eq!(OneByOne.compress_all(&mut children.clone()), parents);
    }

    #[test]
    fn compression_feeds_the_first_child_forward() {
        let children: [Fr; 8] = core::array::from_fn(|i| Fr::from(i as u64 + 3));
        let oracle = taceo_poseidon2::bn254::t8::permutation(&children);
        assert_eq!(compress8(&children), oracle[0] + children[0]);
    }
}
