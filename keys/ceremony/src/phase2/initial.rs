//! The key of a circuit before any contribution: δ is 1.

use super::Phase2Error;
use crate::encoding;
use crate::phase1::{PowersError, Section, Verified, lagrange_of};
use crate::progress::{Meter, Stage};
use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use ark_groth16::{ProvingKey, VerifyingKey};
use blake2::{Blake2b512, Digest};
use medproof_gadgets::shape::{Matrices, Shape};
use medproof_keys::Progress;
use medproof_keys::circom::{Contributions, Zkey};
use medproof_lanes::Path;
use medproof_lanes::group_transform::{Term, columns};
use medproof_lanes::multiples::Endomorphic;
use medproof_lanes::points::Packed;
use rayon::prelude::*;

/// A circuit's key with δ = 1: it follows from the circuit and from verified powers.
#[derive(Clone)]
pub struct Initial {
    key: Zkey,
    shape: Shape,
}

impl std::fmt::Debug for Initial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Initial")
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

// Lagrange forms of the circuit's domain.
struct Basis {
    tau: Vec<G1Affine>,
    tau_g2: Vec<G2Affine>,
    alpha: Vec<G1Affine>,
    beta: Vec<G1Affine>,
    // On the domain's coset: of twice as many points those in between.
    between: Vec<G1Affine>,
}

impl Basis {
    fn of(powers: &Verified, power: u32, progress: &dyn Progress<Stage>) -> Result<Basis, PowersError> {
        let size = 1_usize << power;
        let g1 = |section: Section, lagrange: Section, power: u32| {
            let points = 1_usize << power;
            if powers.is_prepared() {
                return powers.g1(lagrange, points - 1, points);
            }
            let there = powers.g1(section, 0, points.min(section.points(powers.power())))?;
            lagrange_of::<G1Affine, 1>(&there, power, progress)
        };
        let twice = g1(Section::TauG1, Section::LagrangeTauG1, power + 1)?;
        let tau_g2 = if powers.is_prepared() {
            powers.g2(Section::LagrangeTauG2, size - 1, size)?
        } else {
            lagrange_of::<G2Affine, 2>(&powers.g2(Section::TauG2, 0, size)?, power, progress)?
        };
        Ok(Basis {
            tau: g1(Section::TauG1, Section::LagrangeTauG1, power)?,
            tau_g2,
            alpha: g1(Section::AlphaTauG1, Section::LagrangeAlphaTauG1, power)?,
            beta: g1(Section::BetaTauG1, Section::LagrangeBetaTauG1, power)?,
            between: twice.into_iter().skip(1).step_by(2).collect(),
        })
    }
}

impl Initial {
    /// The key of a circuit from powers of τ.
    ///
    /// # Errors
    /// [`PowersError::TooFew`] where the circuit has more rows than there are powers;
    /// [`PowersError::Cancelled`], [`PowersError::Io`].
    pub fn new(matrices: &Matrices, powers: &Verified, progress: &dyn Progress<Stage>) -> Result<Initial, Phase2Error> {
        let shape = matrices.shape();
        require_enough(&shape, powers)?;
        let basis = Basis::of(powers, shape.domain().ilog2(), progress)?;
        let mut meter = Meter::new(progress, Stage::Queries, 5);
        let queries = Queries::of(matrices, &basis, &mut meter)?;
        let (alpha_g1, beta_g1) = (
            first(&powers.g1(Section::AlphaTauG1, 0, 1)?),
            first(&powers.g1(Section::BetaTauG1, 0, 1)?),
        );
        let key = ProvingKey {
            vk: VerifyingKey {
                alpha_g1,
                beta_g2: first(&powers.g2(Section::BetaG2, 0, 1)?),
                gamma_g2: G2Affine::generator(),
                delta_g2: G2Affine::generator(),
                gamma_abc_g1: queries.combined.get(..shape.inputs).unwrap_or_default().to_vec(),
            },
            beta_g1,
            delta_g1: G1Affine::generator(),
            a_query: queries.a,
            b_g1_query: queries.b_g1,
            b_g2_query: queries.b_g2,
            h_query: Vec::new(),
            l_query: queries.combined.get(shape.inputs..).unwrap_or_default().to_vec(),
        };
        let mut key = Zkey::new(matrices, key, basis.between)?;
        key.contributions = Contributions {
            circuit: circuit_hash(&key, powers)?,
            turns: Vec::new(),
        };
        meter.add(1)?;
        Ok(Initial { key, shape })
    }

    /// A key that is said to be a circuit's initial one: all is checked that can be without the powers.
    /// Whether α, β and the queries are of the powers that the ceremony names is not.
    ///
    /// # Errors
    /// [`Phase2Error::NotInitial`], [`Phase2Error::Misfit`].
    pub fn stated(matrices: &Matrices, key: Zkey) -> Result<Initial, Phase2Error> {
        let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
        let shape = require_circuit(matrices, &key).map_err(|error| match error {
            Phase2Error::Other { part } => Phase2Error::NotInitial { part },
            error => error,
        })?;
        let parts = [
            ("gamma", key.gamma_g2 == g2),
            ("delta", key.delta_g1 == g1 && key.delta_g2 == g2),
            ("the list of contributions", key.contributions.turns.is_empty()),
        ];
        match parts.into_iter().find(|(_, holds)| !holds) {
            None => Ok(Initial { key, shape }),
            Some((part, _)) => Err(Phase2Error::NotInitial { part }),
        }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &Zkey {
        &self.key
    }

    pub(super) fn into_key(self) -> Zkey {
        self.key
    }

    /// Of the circuit.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }
}

/// Requires a key to have the circuit's A and B, and queries of its lengths.
///
/// # Errors
/// [`Phase2Error::Other`], [`Phase2Error::Misfit`].
pub(crate) fn require_circuit(matrices: &Matrices, key: &Zkey) -> Result<Shape, Phase2Error> {
    let proving = ProvingKey {
        vk: key.verifying(),
        beta_g1: key.beta_g1,
        delta_g1: key.delta_g1,
        a_query: key.a_query.clone(),
        b_g1_query: key.b_g1_query.clone(),
        b_g2_query: key.b_g2_query.clone(),
        h_query: Vec::new(),
        l_query: key.l_query.clone(),
    };
    let fitting = Zkey::new(matrices, proving, key.h_query.clone())?;
    let parts = [
        ("matrix A", key.a == fitting.a),
        ("matrix B", key.b == fitting.b),
        (
            "the domain",
            key.domain == fitting.domain && key.public == fitting.public,
        ),
    ];
    match parts.into_iter().find(|(_, holds)| !holds) {
        None => Ok(matrices.shape()),
        Some((part, _)) => Err(Phase2Error::Other { part }),
    }
}

/// Requires as many powers as a circuit takes.
///
/// # Errors
/// [`PowersError::TooFew`].
pub(super) fn require_enough(shape: &Shape, powers: &Verified) -> Result<(), PowersError> {
    let (needed, found) = (powers_needed(shape.domain()), powers.power());
    if needed > found {
        return Err(PowersError::TooFew { needed, found });
    }
    Ok(())
}

// Of two. Of a file of just as many powers as a large domain has points snarkjs would hash, past their end,
// what is no point.
fn powers_needed(domain: usize) -> u32 {
    domain.ilog2() + u32::from(domain > TOGETHER)
}

// Of a section that has one.
pub(super) fn first<C: AffineRepr>(points: &[C]) -> C {
    points.first().copied().unwrap_or_else(C::zero)
}

struct Queries {
    a: Vec<G1Affine>,
    b_g1: Vec<G1Affine>,
    b_g2: Vec<G2Affine>,
    // β·A + α·B + C: of the public inputs, then of private variables.
    combined: Vec<G1Affine>,
}

impl Queries {
    fn of(matrices: &Matrices, basis: &Basis, meter: &mut Meter<'_>) -> Result<Queries, Phase2Error> {
        let variables = matrices.inputs() + matrices.witness();
        let size = basis.tau.len();
        // The rows after the circuit's own, which bind the public inputs: 1 in A, and nothing in B and C.
        let binding = |offset: usize| {
            (0..matrices.inputs()).map(move |input| Term {
                column: input as u32,
                point: (offset + matrices.constraints() + input) as u32,
                factor: Fr::ONE,
            })
        };
        let of = |matrix: usize, offset: usize| {
            let rows = matrices.abc().get(matrix).into_iter().flatten().enumerate();
            rows.flat_map(move |(row, terms)| {
                terms.iter().map(move |(factor, column)| Term {
                    column: *column as u32,
                    point: (offset + row) as u32,
                    factor: *factor,
                })
            })
        };
        let a = sums::<G1Affine, 1>(&[&basis.tau], of(0, 0).chain(binding(0)), variables);
        meter.add(1)?;
        let b_g1 = sums::<G1Affine, 1>(&[&basis.tau], of(1, 0), variables);
        meter.add(1)?;
        let b_g2 = sums::<G2Affine, 2>(&[&basis.tau_g2], of(1, 0), variables);
        meter.add(1)?;
        let terms = of(0, 0).chain(binding(0)).chain(of(1, size)).chain(of(2, 2 * size));
        let combined = sums::<G1Affine, 1>(&[&basis.beta, &basis.alpha, &basis.tau], terms, variables);
        meter.add(1)?;
        Ok(Queries {
            a,
            b_g1,
            b_g2,
            combined,
        })
    }
}

fn sums<C: Endomorphic<D>, const D: usize>(
    points: &[&[C]],
    terms: impl Iterator<Item = Term>,
    variables: usize,
) -> Vec<C> {
    let path = Path::best();
    let points: Vec<Packed<D>> = points.concat().par_iter().map(|point| point.pack(path)).collect();
    let sums = columns::<C, D>(&points, terms, variables, path);
    sums.par_iter().map(|point| C::unpack(path, point)).collect()
}

// Hash of the key as it is before any contribution, as snarkjs has it.
pub(super) fn circuit_hash(key: &Zkey, powers: &Verified) -> Result<[u8; 64], PowersError> {
    let mut hash = Blake2b512::new();
    for point in [&key.alpha_g1, &key.beta_g1] {
        hash.update(encoding::g1(point));
    }
    for point in [&key.beta_g2, &key.gamma_g2] {
        hash.update(encoding::g2(point));
    }
    hash.update(encoding::g1(&key.delta_g1));
    hash.update(encoding::g2(&key.delta_g2));
    let many = |hash: &mut Blake2b512, points: &[G1Affine]| {
        hash.update((points.len() as u32).to_be_bytes());
        let bytes: Vec<[u8; 64]> = points.par_iter().map(encoding::g1).collect();
        hash.update(bytes.as_flattened());
    };
    many(&mut hash, &key.ic);
    quotient(&mut hash, key.domain, powers)?;
    for points in [&key.l_query, &key.a_query, &key.b_g1_query] {
        many(&mut hash, points);
    }
    hash.update((key.b_g2_query.len() as u32).to_be_bytes());
    key.b_g2_query.iter().for_each(|point| hash.update(encoding::g2(point)));
    Ok(hash.finalize().into())
}

// snarkjs takes points for the circuit's hash so many at a time.
const TOGETHER: usize = 1 << 14;

// τ^(n+i) − τ^i for i < n − 1; of a larger domain than TOGETHER one more, for the last time is as long as
// the others.
fn quotient(hash: &mut Blake2b512, domain: usize, powers: &Verified) -> Result<(), PowersError> {
    let wanted = domain - 1;
    hash.update((wanted as u32).to_be_bytes());
    let hashed = if wanted <= TOGETHER { wanted } else { domain };
    for from in (0..hashed).step_by(TOGETHER) {
        let count = TOGETHER.min(hashed - from);
        let above = powers.g1(Section::TauG1, domain + from, count)?;
        let below = powers.g1(Section::TauG1, from, count)?;
        let differences = ark_bn254::G1Projective::normalize_batch(
            &above.iter().zip(&below).map(|(a, b)| *a - b).collect::<Vec<_>>(),
        );
        differences.iter().for_each(|point| hash.update(encoding::g1(point)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_circuit_takes_one_power_more() {
        let found = [16, 1 << 13, 1 << 14, 1 << 15, 1 << 17].map(powers_needed);
        assert_eq!(found, [4, 13, 14, 16, 18]);
    }
}
