//! Second witnesses: one variable at an edge value, the public inputs standing still, and all that
//! is computed from it solved anew. None may pass but what `docs/statements/free-variables.md` lists,
//! and other courses of the slots: an idle slot could as well take one more step. Those are honest
//! witnesses of the same claim; the search over small worlds (`circuits/statement/tests`) says that no
//! course shows what is not true.

use crate::circuit::{Circuit, INPUTS};
use crate::deletion::choices;
use crate::resolve::{Attempt, Freedom};
use ark_bn254::Fr;
use ark_ff::{BigInteger, Field, PrimeField};
use medproof_gadgets::fixed_base;
use medproof_statement::eddsa::Scalar;
use medproof_statement::field::pow2;
use std::collections::{BTreeMap, BTreeSet};

/// What was tried and what passed.
#[derive(Debug, Default)]
pub struct Survey {
    /// Variables changed.
    pub variables: usize,
    /// Values tried.
    pub tries: usize,
    /// Second witnesses, by the block that first mentions the variable.
    pub passed: BTreeMap<&'static str, usize>,
    /// Other courses of the slots, every choice in them a bit.
    pub courses: usize,
}

impl Survey {
    /// Adds another's.
    pub fn add(&mut self, other: Survey) {
        self.variables += other.variables;
        self.tries += other.tries;
        self.courses += other.courses;
        for (block, times) in other.passed {
            *self.passed.entry(block).or_default() += times;
        }
    }
}

/// Values at which gadgets fail: 0, 1, 2, −1, the sign turned, an alias of a bit or of a number of 8
/// to 253 bits, the order of Baby Jubjub's subgroup on top or in its place.
fn edge_values(old: Fr) -> BTreeSet<Fr> {
    let order = Fr::from_bigint(Scalar::MODULUS).expect("below the modulus");
    let mut values = BTreeSet::from([Fr::from(0u64), Fr::from(1u64), Fr::from(2u64), -Fr::ONE, -old]);
    values.extend([
        old + Fr::ONE,
        old - Fr::ONE,
        Fr::ONE - old,
        old + order,
        order - old,
        old - order,
    ]);
    for bits in [1, 8, 16, 32, 40, 64, 66, 80, 136, 252, 253] {
        values.extend([old + pow2(bits), old - pow2(bits)]);
    }
    values.remove(&old);
    values
}

// Whether each of the slot's choices is a bit.
fn is_course(circuit: &Circuit, slot: usize, values: &[Fr]) -> bool {
    let bits = [Fr::from(0u64), Fr::from(1u64)];
    choices(circuit, slot, None)
        .iter()
        .all(|column| bits.contains(&values[*column]))
}

/// Tries every `every`-th variable of a satisfying assignment, from `first` on, at all edge values.
pub fn survey(circuit: &Circuit, values: Vec<Fr>, first: usize, every: usize) -> Survey {
    let freedom = Freedom {
        public: false,
        scope: 0..circuit.constraints(),
    };
    let mut attempt = Attempt::new(circuit, values, None);
    assert!(attempt.broken.is_empty(), "an honest assignment");
    let mut survey = Survey::default();
    for column in (INPUTS + first..circuit.columns()).step_by(every) {
        survey.variables += 1;
        for value in edge_values(attempt.values[column]) {
            survey.tries += 1;
            let Some(second) = attempt.second(&[(column, value)], &freedom) else {
                continue;
            };
            let block = circuit.prepared.rows_of(column).first().map(|row| circuit.block(*row));
            match block.and_then(|block| block.slot) {
                Some(slot) if is_course(circuit, slot, &second) => survey.courses += 1,
                _ => {
                    *survey
                        .passed
                        .entry(block.map_or("none", |block| block.name))
                        .or_default() += 1
                }
            }
        }
    }
    survey
}

/// The same assignment with s spelled as s − l: as good a form, since only s·B is read.
///
/// Nothing where s has no such form.
pub fn with_scalar_less_the_order(circuit: &Circuit, mut values: Vec<Fr>) -> Vec<Fr> {
    const WINDOW: usize = 3;
    let rows = circuit.rows_of("signature: scalar", None);
    let columns: Vec<usize> = rows.map(|row| circuit.row(row)[0][0].1).collect();
    let set = |column: usize| values[column] == Fr::ONE;
    // Per digit d = ±(1 + 2·low + 4·high) the octal digit w with d = 2·w − 7; together T with
    // s = 2·T − 8^84 + 1, so that T − l stands for s − 2·l.
    let mut t = Scalar::MODULUS;
    t.0 = [0; 4];
    for (window, bits) in columns.chunks(WINDOW).enumerate() {
        let size = 1 + 2 * i8::from(set(bits[0])) + 4 * i8::from(set(bits[1]));
        let digit = if set(bits[2]) { size } else { -size };
        let octal = (digit + 7) / 2;
        for i in (0..WINDOW).filter(|i| octal >> i & 1 == 1) {
            let at = WINDOW * window + i;
            t.0[at / 64] |= 1 << (at % 64);
        }
    }
    let below = t.sub_with_borrow(&Scalar::MODULUS);
    assert!(!below, "T is at least 2^251, above l");
    for (window, bits) in columns.chunks(WINDOW).enumerate() {
        let octal = (0..WINDOW).fold(0, |w, i| w | i8::from(t.get_bit(WINDOW * window + i)) << i);
        let digit = 2 * octal - 7;
        values[bits[0]] = Fr::from(digit.abs() >> 1 & 1);
        values[bits[1]] = Fr::from(digit.abs() >> 2 & 1);
        values[bits[2]] = Fr::from(digit > 0);
    }
    assert_eq!(columns.len(), fixed_base::SCALAR_COST);
    circuit.settle(&mut values, circuit.rows_of("signature: right side", None));
    values
}
