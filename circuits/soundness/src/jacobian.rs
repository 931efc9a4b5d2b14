//! Which directions an honest witness leaves open.
//!
//! Near an assignment z, moving the variables by a small v moves a constraint by its derivative,
//! J·v with J = ⟨b,z⟩·a + ⟨a,z⟩·b − c. The kernel of J over the private variables, the public
//! inputs standing still, is what the constraints leave open to first order; the rest is held. A
//! missing constraint shows as a direction too many.
//!
//! A statement with hashes can never have an empty kernel: a hash of n inputs has one output. So
//! the account is in parts. In the order of the constraints, a variable is *determined* by the first
//! one that mentions it, given the variables before; else it is a *choice* of the prover's, and
//! constraints that determine nothing *check* the choices. Choices that a hash reads are held by the
//! public inputs as far as the hash has no collisions. The others, inverses, are *auxiliary*: with
//! what is hashed standing still, the checks must hold every one; those that they don't are in
//! `docs/statements/free-variables.md`.

use crate::circuit::{Circuit, INPUTS, coefficient, dot};
use crate::deletion::is_hash;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, Zero};
use std::collections::{BTreeMap, BTreeSet};

/// What the constraints hold and what they leave, at one assignment.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    /// Private variables.
    pub variables: usize,
    /// Those that a constraint determines.
    pub determined: usize,
    /// Choices that a hash reads, by the block that first mentions them.
    pub hashed: BTreeMap<&'static str, usize>,
    /// Other choices.
    pub auxiliary: BTreeMap<&'static str, usize>,
    /// How many of these, by block, the checks leave free while everything else stands still.
    pub free: BTreeMap<&'static str, usize>,
    /// Variables that no constraint mentions.
    pub unmentioned: usize,
    /// Constraints that determine nothing but check.
    pub checks: usize,
    /// Rank of the whole Jacobian.
    pub rank: usize,
}

impl Account {
    /// Directions that remain: variables less rank.
    pub const fn kernel(&self) -> usize {
        self.variables - self.rank
    }
}

/// One row of the Jacobian: columns with their derivatives, zeros left out.
type Gradient = Vec<(usize, Fr)>;

fn gradient(circuit: &Circuit, values: &[Fr], row: usize) -> Gradient {
    let [a, b, c] = circuit.row(row);
    let (az, bz) = (dot(a, values), dot(b, values));
    let mut sum: BTreeMap<usize, Fr> = BTreeMap::new();
    for (terms, factor) in [(a, bz), (b, az), (c, -Fr::ONE)] {
        for (k, column) in terms.iter().filter(|(_, column)| *column >= INPUTS) {
            *sum.entry(*column).or_insert(Fr::ZERO) += factor * k;
        }
    }
    sum.into_iter().filter(|(_, k)| !k.is_zero()).collect()
}

/// What each variable is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Unseen,
    Determined,
    Choice,
}

/// Takes account of every private variable at a satisfying assignment.
///
/// # Panics
/// Where the assignment breaks a constraint.
pub fn account(circuit: &Circuit, values: &[Fr]) -> Account {
    assert!(circuit.prepared.violated(values).is_empty(), "an honest assignment");
    let gradients: Vec<Gradient> = (0..circuit.constraints())
        .map(|row| gradient(circuit, values, row))
        .collect();
    let mut part = vec![Part::Unseen; circuit.columns()];
    // The constraint that determines the variable, in order; the others are checks.
    let mut determined_by: Vec<(usize, usize)> = Vec::new();
    let mut checks = Vec::new();
    let (mut into_hashes, mut auxiliary) = (BTreeMap::new(), BTreeMap::new());
    let mut auxiliary_of: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (row, gradient) in gradients.iter().enumerate() {
        let unseen: Vec<usize> = gradient
            .iter()
            .map(|(c, _)| *c)
            .filter(|c| part[*c] == Part::Unseen)
            .collect();
        let Some((newest, chosen)) = unseen.split_last() else {
            checks.push(row);
            continue;
        };
        for column in chosen {
            part[*column] = Part::Choice;
            let kind = if hashed(circuit, *column) {
                &mut into_hashes
            } else {
                auxiliary_of.entry(circuit.block(row).name).or_default().insert(*column);
                &mut auxiliary
            };
            *kind.entry(circuit.block(row).name).or_insert(0) += 1;
        }
        part[*newest] = Part::Determined;
        determined_by.push((row, *newest));
    }
    let over_choices = checks_over_choices(circuit, &gradients, &part, &determined_by, &checks);
    let held = |columns: &BTreeSet<usize>| {
        let rows = over_choices.iter().map(|row| {
            let own = row.iter().filter(|(column, _)| columns.contains(column));
            own.copied().collect()
        });
        rank(&rows.collect::<Vec<Gradient>>())
    };
    let free = auxiliary_of
        .iter()
        .map(|(block, columns)| (*block, columns.len() - held(columns)));
    let mut free: BTreeMap<_, _> = free.filter(|(_, free)| *free > 0).collect();
    // A factor of 0 is free, too, without a derivative to show it.
    let mut unmentioned = 0;
    for column in (INPUTS..circuit.columns()).filter(|column| part[*column] == Part::Unseen) {
        match circuit.prepared.rows_of(column).first() {
            Some(row) => *free.entry(circuit.block(*row).name).or_insert(0) += 1,
            None => unmentioned += 1,
        }
    }
    Account {
        variables: circuit.columns() - INPUTS,
        determined: determined_by.len(),
        rank: determined_by.len() + rank(&over_choices),
        free,
        unmentioned,
        checks: checks.len(),
        hashed: into_hashes,
        auxiliary,
    }
}

// Each check with what it says of the choices alone, the determined variables put in. Per choice,
// its direction is followed through all that it determines; most choices reach little.
fn checks_over_choices(
    circuit: &Circuit,
    gradients: &[Gradient],
    part: &[Part],
    determined_by: &[(usize, usize)],
    checks: &[usize],
) -> Vec<Gradient> {
    let mut determines = vec![None; gradients.len()];
    determined_by
        .iter()
        .for_each(|(row, column)| determines[*row] = Some(*column));
    let mut is_check = vec![None; gradients.len()];
    checks.iter().enumerate().for_each(|(i, row)| is_check[*row] = Some(i));
    let mut over_choices = vec![Gradient::new(); checks.len()];
    let mut moved = vec![Fr::ZERO; part.len()];
    for choice in (INPUTS..part.len()).filter(|column| part[*column] == Part::Choice) {
        let mut touched = vec![choice];
        moved[choice] = Fr::ONE;
        let mut work: BTreeSet<usize> = circuit.prepared.rows_of(choice).iter().copied().collect();
        while let Some(row) = work.pop_first() {
            let rest = |without: Option<usize>| -> Fr {
                let terms = gradients[row].iter().filter(|(c, _)| Some(*c) != without);
                terms
                    .filter(|(c, _)| !moved[*c].is_zero())
                    .map(|(c, k)| *k * moved[*c])
                    .sum()
            };
            match determines[row] {
                Some(column) => {
                    let pivot = gradients[row].iter().find(|(c, _)| *c == column).map(|(_, k)| *k);
                    let by = -rest(Some(column)) * pivot.and_then(|k| k.inverse()).expect("not zero: it is there");
                    if !by.is_zero() {
                        touched.push(column);
                        moved[column] = by;
                        work.extend(circuit.prepared.rows_of(column).iter().filter(|r| **r > row));
                    }
                }
                None => {
                    if let (Some(check), by) = (is_check[row], rest(None))
                        && !by.is_zero()
                    {
                        over_choices[check].push((choice, by));
                    }
                }
            }
        }
        touched.into_iter().for_each(|column| moved[column] = Fr::ZERO);
    }
    over_choices.retain(|gradient| !gradient.is_empty());
    over_choices
}

/// Rank by Gaussian elimination, rows sparse, pivots by column.
fn rank(rows: &[Gradient]) -> usize {
    let mut pivots: BTreeMap<usize, BTreeMap<usize, Fr>> = BTreeMap::new();
    for row in rows {
        let mut row: BTreeMap<usize, Fr> = row.iter().copied().collect();
        while let Some((column, lead)) = row.pop_first() {
            let Some(pivot) = pivots.get(&column) else {
                let inverse = lead.inverse().expect("zeros are left out");
                pivots.insert(column, row.into_iter().map(|(c, k)| (c, k * inverse)).collect());
                break;
            };
            for (c, k) in pivot {
                let sum = row.entry(*c).or_insert(Fr::ZERO);
                *sum -= lead * k;
                if sum.is_zero() {
                    row.remove(c);
                }
            }
        }
    }
    pivots.len()
}

// Whether an S-box of a hash reads the variable.
fn hashed(circuit: &Circuit, column: usize) -> bool {
    let rows = circuit.prepared.rows_of(column).iter();
    rows.filter(|row| is_hash(circuit.block(**row).name))
        .any(|row| !coefficient(circuit.row(*row)[0], column).is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let fr = |x: u64| Fr::from(x);
        let row = |terms: &[(usize, u64)]| terms.iter().map(|(c, k)| (*c, fr(*k))).collect::<Gradient>();
        assert_eq!(rank(&[]), 0);
        assert_eq!(rank(&[row(&[(1, 1), (2, 2)]), row(&[(1, 2), (2, 4)])]), 1);
        assert_eq!(
            rank(&[row(&[(1, 1), (2, 2)]), row(&[(1, 2), (2, 5)]), row(&[(2, 1)])]),
            2
        );
        assert_eq!(
            rank(&[row(&[(3, 7)]), row(&[(1, 2), (3, 5)]), row(&[(2, 1), (3, 1)])]),
            3
        );
    }
}
