//! Poseidon2 in the circuit: the permutation, the sponge and the tree's compression.
//!
//! Statement: the outputs are those of [`medproof_statement::poseidon2`] on the same inputs.
//! Preconditions: none. Cost: three constraints an S-box, and nothing for the linear layers:
//! 3·(8·T + R_P), which is 264, 363, 459 and 555 at widths 4, 8, 12 and 16.
//!
//! The internal rounds' inputs are long combinations: round r reads T + r variables. Their
//! coefficients never change, so they are computed once per width, as rows over the variables at
//! hand ([`Rows`]), and each row is stored once however often its S-box reads it.

use std::sync::OnceLock;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, Zero};
use ark_relations::gr1cs::{SynthesisError, Variable};
use medproof_statement::poseidon2::{EXTERNAL_ROUNDS, Poseidon2Width, Width, domain};

use crate::wire::{Cs, Wire};

/// Constraints of one permutation of width `T`.
#[must_use]
pub fn cost<const T: usize>() -> usize
where
    Width<T>: Poseidon2Width<T>,
{
    3 * (EXTERNAL_ROUNDS * T + Width::<T>::table().internal.len())
}

/// Constraints of the sponge of width `T` over `inputs` elements.
#[must_use]
pub fn hash_cost<const T: usize>(inputs: usize) -> usize
where
    Width<T>: Poseidon2Width<T>,
{
    inputs.div_ceil(T - 1).max(1) * cost::<T>()
}

/// Constraints of [`compress8`].
pub const COMPRESS8_COST: usize = 363;

/// Coefficients of the internal rounds' inputs over (1, u₀ … u_{T−1}, y₀, y₁, …): u the outputs of
/// the last S-box layer before the internal rounds, y those of the internal rounds' S-boxes.
#[derive(Debug)]
pub struct Rows<const T: usize> {
    internal: Vec<Vec<Fr>>,
    /// The inputs of the first S-box layer after the internal rounds.
    after: Vec<Vec<Fr>>,
}

/// Widths with a circuit; those of [`Poseidon2Width`].
pub trait CircuitWidth<const T: usize>: Poseidon2Width<T> {
    /// The width's rows, computed at first use.
    fn rows() -> &'static Rows<T>;
}

macro_rules! widths {
    ($($width:literal),*) => {$(
        impl CircuitWidth<$width> for Width<$width> {
            fn rows() -> &'static Rows<$width> {
                static ROWS: OnceLock<Rows<$width>> = OnceLock::new();
                ROWS.get_or_init(Rows::new)
            }
        }
    )*};
}
widths!(4, 8, 12, 16);

impl<const T: usize> Rows<T> {
    fn new() -> Self
    where
        Width<T>: Poseidon2Width<T>,
    {
        let table = Width::<T>::table();
        let width = 1 + T + table.internal.len();
        let mut lanes: Vec<Vec<Fr>> = (0..T)
            .map(|i| {
                let mut lane = vec![Fr::ZERO; width];
                for (j, coefficient) in lane[1..=T].iter_mut().enumerate() {
                    *coefficient = external::<T>(i, j);
                }
                lane
            })
            .collect();
        let mut internal = Vec::new();
        for (round, constant) in table.internal.iter().enumerate() {
            let mut row = lanes[0].clone();
            row[0] += constant;
            row.truncate(1 + T + round);
            internal.push(row);
            lanes[0] = vec![Fr::ZERO; width];
            lanes[0][1 + T + round] = Fr::ONE;
            mix_internal(&mut lanes, &table.diagonal_minus_one);
        }
        for (lane, constant) in lanes.iter_mut().zip(&table.external[EXTERNAL_ROUNDS / 2]) {
            lane[0] += constant;
        }
        Self { internal, after: lanes }
    }
}

fn mix_internal<const T: usize>(lanes: &mut [Vec<Fr>], diagonal_minus_one: &[Fr; T]) {
    let width = lanes[0].len();
    let sums: Vec<Fr> = (0..width)
        .map(|column| lanes.iter().map(|lane| lane[column]).sum())
        .collect();
    for (lane, diagonal) in lanes.iter_mut().zip(diagonal_minus_one) {
        for (coefficient, sum) in lane.iter_mut().zip(&sums) {
            *coefficient = *coefficient * diagonal + sum;
        }
    }
}

/// The external matrix: 4×4 blocks of M4, doubled on the diagonal when there is more than one.
fn external<const T: usize>(row: usize, column: usize) -> Fr {
    const M4: [[u64; 4]; 4] = [[5, 7, 1, 3], [4, 6, 1, 1], [1, 3, 5, 7], [1, 1, 4, 6]];
    let doubled = T > 4 && row / 4 == column / 4;
    Fr::from(M4[row % 4][column % 4] << u32::from(doubled))
}

/// Permutes a state. Costs [`cost::<T>()`](cost).
///
/// # Errors
/// Those of the constraint system.
pub fn permute<const T: usize>(cs: &Cs, state: &[Wire; T]) -> Result<[Wire; T], SynthesisError>
where
    Width<T>: CircuitWidth<T>,
{
    let table = Width::<T>::table();
    let half = EXTERNAL_ROUNDS / 2;
    let mut lanes = state.clone();
    for constants in &table.external[..half] {
        lanes = add_constants(mix_external(&lanes), constants);
        lanes = sboxes(cs, lanes)?;
    }
    lanes = internal_rounds(cs, &lanes)?;
    lanes = sboxes(cs, lanes)?;
    for constants in &table.external[half + 1..] {
        lanes = add_constants(mix_external(&lanes), constants);
        lanes = sboxes(cs, lanes)?;
    }
    Ok(mix_external(&lanes))
}

/// Hashes a list under a domain tag. Costs [`hash_cost::<T>(inputs.len())`](hash_cost).
///
/// The twin of [`medproof_statement::poseidon2::hash`].
///
/// # Errors
/// Those of the constraint system.
pub fn hash<const T: usize>(cs: &Cs, tag: u64, inputs: &[Wire]) -> Result<Wire, SynthesisError>
where
    Width<T>: CircuitWidth<T>,
{
    let mut state: [Wire; T] = core::array::from_fn(|_| Wire::zero());
    state[0] = Wire::constant(domain(tag, inputs.len()));
    let mut blocks = inputs.chunks(T - 1);
    let mut block = blocks.next().unwrap_or_default();
    loop {
        for (lane, input) in state[1..].iter_mut().zip(block) {
            *lane = &*lane + input;
        }
        state = permute(cs, &state)?;
        match blocks.next() {
            Some(next) => block = next,
            None => return Ok(state[1].clone()),
        }
    }
}

/// The parent of eight children. Costs [`COMPRESS8_COST`].
///
/// The twin of [`medproof_statement::poseidon2::compress8`].
///
/// # Errors
/// Those of the constraint system.
pub fn compress8(cs: &Cs, children: &[Wire; 8]) -> Result<Wire, SynthesisError> {
    let [first, ..] = permute(cs, children)?;
    Ok(first + &children[0])
}

fn mix_external<const T: usize>(lanes: &[Wire; T]) -> [Wire; T] {
    core::array::from_fn(|row| {
        Wire::combination(
            lanes
                .iter()
                .enumerate()
                .map(|(column, lane)| (external::<T>(row, column), lane)),
        )
    })
}

fn add_constants<const T: usize>(lanes: [Wire; T], constants: &[Fr; T]) -> [Wire; T] {
    let mut constants = constants.iter();
    lanes.map(|lane| match constants.next() {
        Some(constant) => lane + *constant,
        None => lane,
    })
}

fn sboxes<const T: usize>(cs: &Cs, mut lanes: [Wire; T]) -> Result<[Wire; T], SynthesisError> {
    for lane in &mut lanes {
        *lane = sbox(cs, lane)?;
    }
    Ok(lanes)
}

/// x⁵ as a fresh variable. Three constraints.
fn sbox(cs: &Cs, x: &Wire) -> Result<Wire, SynthesisError> {
    let x = x.named(cs)?;
    let x2 = x.times(cs, &x)?;
    let x4 = x2.times(cs, &x2)?;
    x.times(cs, &x4)
}

/// From the S-box outputs before the internal rounds to the S-box inputs after them.
fn internal_rounds<const T: usize>(cs: &Cs, outputs: &[Wire; T]) -> Result<[Wire; T], SynthesisError>
where
    Width<T>: CircuitWidth<T>,
{
    let table = Width::<T>::table();
    let rows = Width::<T>::rows();
    let mut basis = Vec::from([Variable::One]);
    basis.extend(outputs.iter().filter_map(Wire::single));
    let mut values = known(&mix_external(outputs));
    for (row, constant) in rows.internal.iter().zip(table.internal) {
        let input = over(cs, row, &basis, values.map(|values| values[0] + constant));
        let output = sbox(cs, &input)?;
        if let (Some(values), Ok(output)) = (&mut values, output.value()) {
            values[0] = output;
            let sum: Fr = values.iter().sum();
            for (value, diagonal) in values.iter_mut().zip(&table.diagonal_minus_one) {
                *value = *value * diagonal + sum;
            }
        }
        basis.extend(output.single());
    }
    let constants = &table.external[EXTERNAL_ROUNDS / 2];
    Ok(core::array::from_fn(|i| {
        over(cs, &rows.after[i], &basis, values.map(|v| v[i] + constants[i]))
    }))
}

fn known<const T: usize>(lanes: &[Wire; T]) -> Option<[Fr; T]> {
    let mut values = [Fr::ZERO; T];
    for (value, lane) in values.iter_mut().zip(lanes) {
        *value = lane.value().ok()?;
    }
    Some(values)
}

/// A row as a combination of variables, which were allocated in the row's order.
fn over(cs: &Cs, row: &[Fr], basis: &[Variable], value: Option<Fr>) -> Wire {
    if !cs.should_construct_matrices() {
        return Wire::from_sorted(Vec::new(), value);
    }
    let terms = row.iter().copied().zip(basis.iter().copied());
    let terms = terms.filter(|(coefficient, _)| !coefficient.is_zero());
    Wire::from_sorted(terms.collect(), value)
}

#[cfg(test)]
mod tests {
    use ark_ff::UniformRand;
    use ark_relations::gr1cs::{ConstraintSystem, SynthesisMode};
    use ark_std::test_rng;
    use medproof_statement::poseidon2 as native;

    use super::*;
    use crate::testing::{free_variables, size, system};

    fn wires<const T: usize>(cs: &Cs, values: &[Fr; T]) -> [Wire; T] {
        values.map(|value| Wire::witness(cs, || Ok(value)).unwrap())
    }

    fn states<const T: usize>() -> Vec<[Fr; T]> {
        let mut rng = test_rng();
        vec![
            [Fr::ZERO; T],
            [-Fr::ONE; T],
            core::array::from_fn(|_| Fr::rand(&mut rng)),
            core::array::from_fn(|_| Fr::rand(&mut rng)),
        ]
    }

    fn agrees<const T: usize>(constraints: usize, non_zeros: usize)
    where
        Width<T>: CircuitWidth<T>,
    {
        for state in states::<T>() {
            let cs = system();
            let inputs = wires(&cs, &state);
            let outputs = permute(&cs, &inputs).unwrap();
            let mut expected = state;
            native::permute(&mut expected);
            assert_eq!(outputs.map(|lane| lane.value().unwrap()), expected);
            assert!(cs.is_satisfied().unwrap());
            let measured = size(&cs).unwrap();
            assert_eq!(measured.constraints, constraints);
            assert_eq!(cost::<T>(), constraints);
            assert_eq!(measured.witnesses, T + constraints);
            assert_eq!(measured.non_zeros, non_zeros);
        }
    }

    #[test]
    fn width_4() {
        agrees::<4>(264, 7140);
    }

    #[test]
    fn width_8() {
        agrees::<8>(363, 10149);
    }

    #[test]
    fn width_12() {
        agrees::<12>(459, 13725);
    }

    #[test]
    fn width_16() {
        agrees::<16>(555, 18069);
    }

    /// Outputs as combinations of the variables must equal the tracked values: the assignment
    /// that the values alone produce satisfies matrices built elsewhere.
    #[test]
    fn every_mode_synthesises_the_same_system() {
        let state = states::<8>()[2];
        let full = system();
        permute(&full, &wires(&full, &state)).unwrap();
        let key = system();
        key.set_mode(SynthesisMode::Setup);
        let missing = [(); 8].map(|()| Wire::witness(&key, || Err(SynthesisError::AssignmentMissing)).unwrap());
        permute(&key, &missing).unwrap();
        let fast = Cs::new(ConstraintSystem::new());
        fast.set_mode(SynthesisMode::Prove {
            construct_matrices: false,
            generate_lc_assignments: false,
        });
        permute(&fast, &wires(&fast, &state)).unwrap();
        assert_eq!(full.to_matrices().unwrap(), key.to_matrices().unwrap());
        assert_eq!(full.witness_assignment().unwrap(), fast.witness_assignment().unwrap());
    }

    #[test]
    fn no_variable_of_a_permutation_is_free() {
        let cs = system();
        let inputs = wires(&cs, &states::<8>()[2]);
        permute(&cs, &inputs).unwrap();
        // The inputs' own variables are held by the S-boxes that read them.
        assert!(free_variables(&cs).unwrap().is_empty());
    }

    #[test]
    fn the_sponge_agrees_at_every_length() {
        let mut rng = test_rng();
        for length in [0, 1, 2, 3, 4, 6, 7, 8, 15, 16] {
            let inputs: Vec<Fr> = (0..length).map(|_| Fr::rand(&mut rng)).collect();
            sponge::<4>(&inputs);
            sponge::<8>(&inputs);
            sponge::<16>(&inputs);
        }
    }

    fn sponge<const T: usize>(inputs: &[Fr])
    where
        Width<T>: CircuitWidth<T>,
    {
        let cs = system();
        let wires: Vec<Wire> = inputs
            .iter()
            .map(|value| Wire::witness(&cs, || Ok(*value)).unwrap())
            .collect();
        let digest = hash::<T>(&cs, 77, &wires).unwrap();
        assert_eq!(digest.value().unwrap(), native::hash::<T>(77, inputs));
        assert_eq!(cs.num_constraints(), hash_cost::<T>(inputs.len()));
        digest
            .enforce_equal(&cs, &Wire::constant(native::hash::<T>(77, inputs)))
            .unwrap();
        assert!(cs.is_satisfied().unwrap());
    }

    #[test]
    fn another_digest_is_refused() {
        let cs = system();
        let input = Wire::witness(&cs, || Ok(Fr::ONE)).unwrap();
        let digest = hash::<4>(&cs, 1, &[input]).unwrap();
        let other = native::hash::<4>(2, &[Fr::ONE]);
        digest.enforce_equal(&cs, &Wire::constant(other)).unwrap();
        assert!(!cs.is_satisfied().unwrap());
    }

    #[test]
    fn compression_agrees() {
        for children in states::<8>() {
            let cs = system();
            let parent = compress8(&cs, &wires(&cs, &children)).unwrap();
            assert_eq!(parent.value().unwrap(), native::compress8(&children));
            assert_eq!(cs.num_constraints(), COMPRESS8_COST);
            let expected = Wire::constant(native::compress8(&children));
            parent.enforce_equal(&cs, &expected).unwrap();
            assert!(cs.is_satisfied().unwrap());
        }
    }
}
