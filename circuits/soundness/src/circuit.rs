//! A tier's constraints, each with the way in which a prover would make it hold.

use crate::blocks::{Block, block_of, blocks};
use crate::prepared;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, Zero};
use medproof_gadgets::testing::Prepared;
use medproof_gadgets::{select, tree};
use medproof_statement::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Columns of the constant and the public inputs.
pub const INPUTS: usize = 6;
/// The first witness variable, the record's facts_root.
pub const FACTS_ROOT: usize = INPUTS;
/// In a level of a tree, the constraint that closes the choice of the child.
pub const CHILD: usize = select::MEMBER8_COST - 1;

/// One of a constraint's three combinations.
pub type Row = [(Fr, usize)];

/// How a constraint can be made to hold by changing what it determines.
#[derive(Clone, Debug)]
pub enum Repair {
    /// It defines this variable: linear in it, and the first constraint to mention it.
    Define(usize),
    /// It multiplies something by a chosen factor, the inverse where there is one, into a product.
    Inverse {
        /// The factor.
        factor: usize,
        /// The product.
        product: usize,
    },
    /// It is the lowest bit of a number; these are the others, from 2^1 up.
    Bits(Vec<usize>),
    /// It says that a node is one of its parent's children.
    Child {
        /// The first constraint of the choice.
        choice: usize,
        /// The first child's variable.
        children: usize,
    },
    /// It says that a leaf is under the root of the record or of the set; of this slot.
    Root(usize),
    /// It says that this public input is what was computed.
    Public(usize),
}

/// A tier's circuit.
pub struct Circuit {
    /// The tier.
    pub tier: Tier,
    /// Its constraints.
    pub prepared: &'static Prepared,
    /// Its blocks.
    pub blocks: Vec<Block>,
    repairs: Vec<Option<Repair>>,
}

impl Circuit {
    /// Reads the matrices of a tier.
    pub fn new(tier: Tier) -> Circuit {
        let mut circuit = Circuit {
            tier,
            prepared: prepared(tier),
            blocks: blocks(tier),
            repairs: Vec::new(),
        };
        circuit.repairs = (0..circuit.constraints()).map(|row| circuit.find_repair(row)).collect();
        circuit
    }

    /// How many constraints there are.
    pub fn constraints(&self) -> usize {
        self.prepared.matrices().constraints()
    }

    /// How many columns there are: constant, public inputs, witness.
    pub fn columns(&self) -> usize {
        self.prepared.matrices().inputs() + self.prepared.matrices().witness()
    }

    /// A constraint's combinations.
    pub fn row(&self, row: usize) -> [&'static Row; 3] {
        let [a, b, c] = self.prepared.matrices().abc() else {
            panic!("three matrices")
        };
        [&a[row], &b[row], &c[row]]
    }

    /// The variables of a constraint.
    pub fn mentioned(&self, row: usize) -> BTreeSet<usize> {
        self.row(row).into_iter().flatten().map(|(_, column)| *column).collect()
    }

    /// The block of a constraint.
    pub fn block(&self, row: usize) -> &Block {
        block_of(&self.blocks, row)
    }

    /// The constraints of a block.
    pub fn rows_of(&self, name: &str, slot: Option<usize>) -> Range<usize> {
        let block = self.blocks.iter().find(|b| b.name == name && b.slot == slot);
        block.unwrap_or_else(|| panic!("no block {name}")).rows.clone()
    }

    /// How to make a constraint hold, if there is a way.
    pub fn repair(&self, row: usize) -> Option<&Repair> {
        self.repairs[row].as_ref()
    }

    /// Whether this is the first constraint to mention the variable.
    pub fn introduces(&self, row: usize, column: usize) -> bool {
        column >= INPUTS && self.prepared.rows_of(column).first() == Some(&row)
    }

    /// Computes what these constraints define, in order, as an honest prover would.
    pub fn settle(&self, values: &mut [Fr], rows: Range<usize>) {
        for row in rows {
            let [a, b, c] = self.row(row);
            let column = match self.repair(row) {
                Some(Repair::Define(column)) => *column,
                Some(Repair::Inverse { factor, product }) => {
                    values[*factor] = dot(a, values).inverse().unwrap_or(Fr::ZERO);
                    *product
                }
                _ => continue,
            };
            let (az, bz, cz) = (dot(a, values), dot(b, values), dot(c, values));
            let slope = coefficient(a, column) * bz + coefficient(b, column) * az - coefficient(c, column);
            if let Some(inverse) = slope.inverse() {
                values[column] -= (az * bz - cz) * inverse;
            }
        }
    }

    fn find_repair(&self, row: usize) -> Option<Repair> {
        let block = self.block(row);
        let at = row - block.rows.start;
        let newest = *self.mentioned(row).last()?;
        match block.name {
            "leaf: path" | "record: path" if at % tree::LEVEL_COST == CHILD => {
                // Six choices since the eight children.
                let children = newest - CHILD - 7;
                return Some(Repair::Child {
                    choice: row - CHILD,
                    children,
                });
            }
            "leaf: root" if at == 1 => return Some(Repair::Root(block.slot?)),
            _ => {}
        }
        let [a, b, c] = self.row(row);
        let public = a.iter().map(|(_, column)| *column).find(|c| (1..INPUTS).contains(c));
        if let (Some(input), true) = (public, c.is_empty() && b.len() == 1) {
            return Some(Repair::Public(input));
        }
        self.product_with_factor(row, newest)
            .or_else(|| self.definition(row, newest))
            .or_else(|| self.bits(row).map(Repair::Bits))
    }

    fn definition(&self, row: usize, newest: usize) -> Option<Repair> {
        let [a, b, _] = self.row(row);
        let linear = (coefficient(a, newest) * coefficient(b, newest)).is_zero();
        (self.introduces(row, newest) && linear).then_some(Repair::Define(newest))
    }

    fn product_with_factor(&self, row: usize, newest: usize) -> Option<Repair> {
        let [a, b, c] = self.row(row);
        let [(_, factor)] = b else { return None };
        let [(_, product)] = c else { return None };
        let fresh = *product == newest && self.introduces(row, newest) && self.introduces(row, *factor);
        let apart = factor != product && coefficient(a, *factor).is_zero() && coefficient(a, *product).is_zero();
        (fresh && apart).then_some(Repair::Inverse {
            factor: *factor,
            product: *product,
        })
    }

    // The variables of weight −2, −4, … in a constraint L·(1 − L) = 0, each a boolean of its own.
    fn bits(&self, row: usize) -> Option<Vec<usize>> {
        let [a, b, c] = self.row(row);
        if !c.is_empty() || !sums_to_one(a, b) {
            return None;
        }
        let mut bits = Vec::new();
        let mut weight = -Fr::from(2u64);
        while let Some(bit) = self.bit_of_weight(row, a, weight) {
            bits.push(bit);
            weight.double_in_place();
        }
        (!bits.is_empty()).then_some(bits)
    }

    fn bit_of_weight(&self, row: usize, a: &Row, weight: Fr) -> Option<usize> {
        let boolean_before = |column: usize| {
            let first = self.prepared.rows_of(column).first();
            first.is_some_and(|first| *first < row && self.row(*first)[0] == [(Fr::ONE, column)])
        };
        let bits = a.iter().filter(|(k, column)| *k == weight && boolean_before(*column));
        bits.map(|(_, column)| *column).max()
    }
}

fn sums_to_one(a: &Row, b: &Row) -> bool {
    let mut sum = BTreeMap::new();
    for (k, column) in a.iter().chain(b) {
        *sum.entry(*column).or_insert(Fr::ZERO) += k;
    }
    sum.retain(|_, k| !k.is_zero());
    sum == BTreeMap::from([(0, Fr::ONE)])
}

/// A combination's coefficient of a variable.
pub fn coefficient(row: &Row, column: usize) -> Fr {
    row.iter().find(|(_, c)| *c == column).map_or(Fr::ZERO, |(k, _)| *k)
}

/// A combination's value.
pub fn dot(row: &Row, values: &[Fr]) -> Fr {
    let term = |(k, column): &(Fr, usize)| {
        let value = values[*column];
        if value.is_zero() {
            Fr::ZERO
        } else if *k == Fr::ONE {
            value
        } else {
            *k * value
        }
    };
    row.iter().map(term).sum()
}
