//! Changes one variable of an assignment and solves anew whatever is computed from it.
//!
//! A prover who departs from the honest computation in one place goes on honestly from there:
//! products, quotients, selections, bits and hashes follow. Whether the constraints that remain
//! notice is the question, with all of them in force or with one taken out.

use crate::circuit::{CHILD, Circuit, FACTS_ROOT, INPUTS, Repair, coefficient, dot};
use crate::signer::Signer;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField, Zero};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A constraint that comes up more often than this is one of several that take turns for ever.
const TURNS: u8 = 4;

/// What may be solved anew.
#[derive(Clone, Debug)]
pub struct Freedom {
    /// The public inputs, and the commitments and keys that they stand for: the adversary picks the
    /// world that fits. Else they stay.
    pub public: bool,
    /// The constraints looked at: all of them, or a block's with whatever it is given and gives.
    pub scope: Range<usize>,
}

/// An assignment with what it breaks, and the way back from a change.
pub struct Attempt<'c> {
    circuit: &'c Circuit,
    signer: Option<&'c Signer>,
    /// The values of all columns.
    pub values: Vec<Fr>,
    /// The constraints that they break.
    pub broken: BTreeSet<usize>,
    undo: Vec<(usize, Fr)>,
    // What the prover chose, which nothing then computes anew.
    chosen: Vec<usize>,
    signed: bool,
}

impl<'c> Attempt<'c> {
    /// Starts from these values; `signer` knows the keys in them.
    pub fn new(circuit: &'c Circuit, values: Vec<Fr>, signer: Option<&'c Signer>) -> Self {
        let broken = circuit.prepared.violated(&values).into_iter().collect();
        Attempt {
            circuit,
            signer,
            values,
            broken,
            undo: Vec::new(),
            chosen: Vec::new(),
            signed: false,
        }
    }

    /// The circuit.
    pub const fn circuit(&self) -> &'c Circuit {
        self.circuit
    }

    /// Whether all constraints in scope but `without` hold once these variables have these values
    /// and all that is computed from them has followed; with `without`, whether it alone then fails.
    /// Leaves everything as it was.
    pub fn passes(&mut self, changes: &[(usize, Fr)], without: Option<usize>, freedom: &Freedom) -> bool {
        let holds = self.resolve(changes, without, freedom)
            && without.is_none_or(|row| !self.circuit.prepared.holds(row, &self.values));
        self.restore();
        holds
    }

    /// Another satisfying assignment, with these values and what follows from them, if that is one.
    pub fn second(&mut self, changes: &[(usize, Fr)], freedom: &Freedom) -> Option<Vec<Fr>> {
        let second = self.resolve(changes, None, freedom).then(|| self.values.clone());
        self.restore();
        second
    }

    fn restore(&mut self) {
        for (column, value) in self.undo.drain(..).rev() {
            self.values[column] = value;
        }
    }

    /// Whether these constraints hold with these variables changed, and nothing else.
    pub fn holds_with(&mut self, changes: &[(usize, Fr)], rows: &[usize]) -> bool {
        let old: Vec<Fr> = changes.iter().map(|(column, _)| self.values[*column]).collect();
        changes.iter().for_each(|(column, value)| self.values[*column] = *value);
        let holds = rows.iter().all(|row| self.circuit.prepared.holds(*row, &self.values));
        changes
            .iter()
            .zip(old)
            .for_each(|((column, _), old)| self.values[*column] = old);
        holds
    }

    // In the order of the constraints, which is that of computation: one that still fails when its
    // turn has come and that cannot be mended stays broken.
    fn resolve(&mut self, changes: &[(usize, Fr)], without: Option<usize>, freedom: &Freedom) -> bool {
        self.signed = false;
        self.chosen.clear();
        let mut work: BTreeSet<usize> = self.broken.range(freedom.scope.clone()).copied().collect();
        for (column, value) in changes {
            self.chosen.push(*column);
            self.set(*column, *value, freedom, &mut work);
        }
        let mut turns: BTreeMap<usize, u8> = BTreeMap::new();
        while let Some(row) = work.pop_first() {
            let turn = turns.entry(row).or_default();
            *turn += 1;
            let holds = Some(row) == without || self.follows(row, without, freedom, &mut work);
            if !holds || *turn > TURNS {
                return false;
            }
        }
        true
    }

    fn set(&mut self, column: usize, value: Fr, freedom: &Freedom, work: &mut BTreeSet<usize>) {
        if self.values[column] != value {
            self.undo.push((column, self.values[column]));
            self.values[column] = value;
            let rows = self.circuit.prepared.rows_of(column).iter();
            work.extend(rows.filter(|row| freedom.scope.contains(row)));
        }
    }

    // Whether the constraint holds, or was made to.
    fn follows(&mut self, row: usize, without: Option<usize>, freedom: &Freedom, work: &mut BTreeSet<usize>) -> bool {
        if freedom.public && !self.signed && self.signer.is_some_and(|s| s.rows.contains(&row)) {
            self.signed = true;
            if self.sign(without, freedom, work) {
                return true;
            }
        }
        match self.circuit.repair(row) {
            Some(Repair::Define(column)) if !self.chosen.contains(column) => {
                let value = self.defined(row, *column);
                if let Some(value) = value {
                    self.set(*column, value, freedom, work);
                }
                work.remove(&row);
                // Linear in what it defines, it holds where that could be solved for.
                return value.is_some() || self.circuit.prepared.holds(row, &self.values);
            }
            Some(Repair::Inverse { factor, product }) => {
                self.mend_inverse(row, *factor, *product, freedom, work);
                work.remove(&row);
                return self.circuit.prepared.holds(row, &self.values);
            }
            _ => {}
        }
        if self.circuit.prepared.holds(row, &self.values) {
            return true;
        }
        let changed = self.undo.len();
        self.mend(row, without, freedom, work);
        self.undo.len() > changed
    }

    fn mend(&mut self, row: usize, without: Option<usize>, freedom: &Freedom, work: &mut BTreeSet<usize>) {
        match self.circuit.repair(row) {
            Some(Repair::Bits(bits)) => self.mend_bits(row, bits, freedom, work),
            Some(Repair::Child { choice, children }) if freedom.public => {
                if let Some((child, value)) = self.child(*choice, *children, without) {
                    self.set(child, value, freedom, work);
                }
            }
            Some(Repair::Root(slot)) if freedom.public => self.mend_root(row, *slot, without, freedom, work),
            Some(Repair::Public(input)) if freedom.public => {
                let [a, b, c] = self.circuit.row(row);
                let excess = dot(a, &self.values) * dot(b, &self.values) - dot(c, &self.values);
                let slope = coefficient(a, *input) * dot(b, &self.values);
                if let Some(inverse) = slope.inverse() {
                    self.set(*input, self.values[*input] - excess * inverse, freedom, work);
                }
            }
            _ => {}
        }
    }

    // The product that was chosen, or that of the factor that was, or that of the inverse.
    fn mend_inverse(
        &mut self,
        row: usize,
        factor: usize,
        product: usize,
        freedom: &Freedom,
        work: &mut BTreeSet<usize>,
    ) {
        if !self.chosen.contains(&factor) {
            let [a, ..] = self.circuit.row(row);
            let target = if self.chosen.contains(&product) {
                self.values[product]
            } else {
                Fr::ONE
            };
            let quotient = dot(a, &self.values)
                .inverse()
                .map_or(Fr::ZERO, |inverse| target * inverse);
            self.set(factor, quotient, freedom, work);
        }
        if let Some(value) = self.defined(row, product).filter(|_| !self.chosen.contains(&product)) {
            self.set(product, value, freedom, work);
        }
    }

    fn mend_bits(&mut self, row: usize, bits: &[usize], freedom: &Freedom, work: &mut BTreeSet<usize>) {
        let [a, ..] = self.circuit.row(row);
        let mut weight = Fr::ONE;
        let high = bits.iter().map(|bit| {
            weight.double_in_place();
            weight * self.values[*bit]
        });
        let number = dot(a, &self.values) + high.sum::<Fr>();
        if let Some((bit, old)) = self
            .undo
            .iter()
            .copied()
            .find(|(c, _)| self.chosen.contains(c) && bits.contains(c))
        {
            // What a chosen bit is a bit of follows.
            self.mend_number(row, (self.values[bit] - old) * coefficient(a, bit), freedom, work);
            return;
        }
        let number = number.into_bigint();
        for (i, bit) in bits.iter().enumerate() {
            self.set(*bit, Fr::from(number.get_bit(i + 1)), freedom, work);
        }
    }

    // Moves the number whose bits these are against what a bit has moved its lowest one by.
    fn mend_number(&mut self, row: usize, moved: Fr, freedom: &Freedom, work: &mut BTreeSet<usize>) {
        let [a, ..] = self.circuit.row(row);
        let oldest = a.iter().find(|(_, column)| *column >= INPUTS);
        if let Some((k, column)) = oldest.filter(|_| freedom.public)
            && let Some(inverse) = k.inverse()
        {
            self.set(*column, self.values[*column] - moved * inverse, freedom, work);
        }
    }

    fn mend_root(
        &mut self,
        row: usize,
        slot: usize,
        without: Option<usize>,
        freedom: &Freedom,
        work: &mut BTreeSet<usize>,
    ) {
        let select = row - 1;
        let Some(Repair::Define(expected)) = self.circuit.repair(select) else {
            return;
        };
        if Some(select) == without {
            return;
        }
        let [a, ..] = self.circuit.row(row);
        let root = dot(a, &self.values) + self.values[*expected];
        let opens_set = !dot(self.circuit.row(select)[0], &self.values).is_zero();
        let column = if opens_set {
            self.set_root(slot)
        } else {
            Some(FACTS_ROOT)
        };
        // Not twice: two slots that open one tree would take turns.
        if let Some(column) = column.filter(|c| self.undo.iter().all(|(changed, _)| changed != c)) {
            self.set(column, root, freedom, work);
        }
    }

    // The value that makes a constraint hold, if it still depends on the variable.
    fn defined(&self, row: usize, column: usize) -> Option<Fr> {
        let [a, b, c] = self.circuit.row(row);
        let (az, bz, cz) = (dot(a, &self.values), dot(b, &self.values), dot(c, &self.values));
        let excess = az * bz - cz;
        if excess.is_zero() {
            return Some(self.values[column]);
        }
        let slope = coefficient(a, column) * bz + coefficient(b, column) * az - coefficient(c, column);
        // Most are 1 or −1, for which there is no need to invert.
        let step = match slope {
            _ if slope == Fr::ONE => excess,
            _ if slope == -Fr::ONE => -excess,
            _ => excess * slope.inverse()?,
        };
        Some(self.values[column] - step)
    }

    // A child and the value by which the level's choice finds the node: it is affine in it.
    fn child(&mut self, choice: usize, children: usize, without: Option<usize>) -> Option<(usize, Fr)> {
        (children..children + 8).find_map(|child| {
            let at_zero = self.miss(choice, child, Fr::ZERO, without);
            let slope = self.miss(choice, child, Fr::ONE, without) - at_zero;
            Some((child, -at_zero * slope.inverse()?))
        })
    }

    fn miss(&mut self, choice: usize, child: usize, value: Fr, without: Option<usize>) -> Fr {
        let mut undo = vec![(child, self.values[child])];
        self.values[child] = value;
        for row in (choice..choice + CHILD).filter(|row| Some(*row) != without) {
            if let Some(Repair::Define(column)) = self.circuit.repair(row)
                && let Some(value) = self.defined(row, *column)
            {
                undo.push((*column, self.values[*column]));
                self.values[*column] = value;
            }
        }
        let [a, b, c] = self.circuit.row(choice + CHILD);
        let miss = dot(a, &self.values) * dot(b, &self.values) - dot(c, &self.values);
        for (column, value) in undo.into_iter().rev() {
            self.values[column] = value;
        }
        miss
    }

    // The table's variable for the set of the criterion that the slot is about.
    fn set_root(&self, slot: usize) -> Option<usize> {
        const SET_ROOT: usize = 3;
        let criteria = self.circuit.tier.criteria();
        let first = self.circuit.rows_of("row", Some(slot)).start + SET_ROOT * criteria;
        (first..first + criteria)
            .map(|row| self.circuit.row(row))
            .find(|[bit, ..]| dot(bit, &self.values) == Fr::ONE)
            .map(|[_, field, _]| field[0].1)
    }

    // The signature anew, where what it signs or its key has changed. False where it cannot be.
    fn sign(&mut self, without: Option<usize>, freedom: &Freedom, work: &mut BTreeSet<usize>) -> bool {
        let Some(signed) = self.signer.and_then(|s| s.sign(self.circuit, &self.values)) else {
            return false;
        };
        for (column, value) in signed {
            self.set(column, value, freedom, work);
        }
        let rows = self.signer.map(|s| s.rows.clone()).unwrap_or_default();
        let held = rows
            .clone()
            .all(|row| Some(row) == without || self.circuit.prepared.holds(row, &self.values));
        if held {
            work.retain(|row| !rows.contains(row));
        }
        held
    }

    /// Values of a variable worth a try: those that make a constraint hold again that cannot be
    /// mended otherwise, then small ones.
    pub fn candidates(&self, column: usize, question: usize) -> Vec<Fr> {
        let old = self.values[column];
        let mended = |row: &usize| {
            matches!(
                self.circuit.repair(*row),
                Some(Repair::Define(_) | Repair::Inverse { .. })
            )
        };
        let rows = self.circuit.prepared.rows_of(column).iter();
        let mut values = Vec::new();
        for row in rows.filter(|row| **row != question && !mended(row)).take(6) {
            values.extend(self.other_root(*row, column));
        }
        values.extend([Fr::ZERO, Fr::ONE, old + Fr::ONE, Fr::from(2u64), -Fr::ONE, -old]);
        values.retain(|value| *value != old);
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(*value));
        values
    }

    // The other value of the variable for which the constraint holds.
    fn other_root(&self, row: usize, column: usize) -> Option<Fr> {
        let [a, b, c] = self.circuit.row(row);
        let [ka, kb, kc] = [a, b, c].map(|r| coefficient(r, column));
        let [va, vb, vc] = [a, b, c].map(|r| dot(r, &self.values));
        let (square, linear, excess) = (ka * kb, ka * vb + kb * va - kc, va * vb - vc);
        let delta = match square.inverse() {
            None => -excess * linear.inverse()?,
            Some(inverse) if excess.is_zero() => -linear * inverse,
            Some(_) => return None,
        };
        Some(self.values[column] + delta)
    }
}
