//! A proof taken apart: what each part needs, and what it takes.

use super::circuit::Third;
use super::key::Ready;
use crate::checkpoint::Unstoppable;
use crate::error::ProveError;
use crate::msm::{Digits, Summers, Table, multiply};
use ark_bn254::Fr;
use medproof_lanes::points::Curve;
use std::time::{Duration, Instant};

/// A part of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub name: &'static str,
    /// Additions of points.
    pub additions: usize,
    /// Multiplications in a prime field, those of the additions among them.
    pub multiplications: usize,
    /// How long it took.
    pub took: Duration,
}

// A point's addition by one inversion for many: three products for its share of the inversion, three
// for the slope, its square and y.
const OF_G1: usize = 6;
// Five products in Fq2 of four products and two reductions, as long as three of Fq with theirs; a
// square of two and two, as long as two.
const OF_G2: usize = 5 * 3 + 2;

impl Ready {
    /// Does what a proof of these values does, one part after the other.
    ///
    /// # Errors
    /// As [`Ready::prove`].
    pub fn parts(&self, z: &[Fr]) -> Result<Vec<Part>, ProveError> {
        let (circuit, tables) = (&self.circuit, &self.tables);
        let n = circuit.coset.size();
        let mut parts = Vec::new();
        let mut timed = |name, additions, multiplications, start: Instant| {
            let took = start.elapsed();
            parts.push(Part {
                name,
                additions,
                multiplications,
                took,
            });
        };

        let start = Instant::now();
        let mut rows = self.products(z)?;
        let products = match &circuit.third {
            Third::Rows(c_rows) => c_rows.products() + c_rows.len(),
            Third::Product => n,
        };
        timed(
            "rows",
            0,
            circuit.a_rows.products() + circuit.b_rows.products() + products,
            start,
        );

        let start = Instant::now();
        let (a, b) = (circuit.extended(&rows.a), circuit.extended(&rows.b));
        let c = rows.c.as_ref().map(|c| circuit.extended(c));
        let extended = 2 + usize::from(c.is_some());
        // There and back n/2 for each stage, and the shift between.
        timed("transforms", 0, extended * (n * n.ilog2() as usize + n), start);

        let start = Instant::now();
        circuit.coset.multiply(&a, &b, c.as_deref(), &mut rows.a);
        timed("the quotient's values", 0, 2 * n, start);

        let start = Instant::now();
        let sorting = &self.workshop.sorting;
        let quotient = Digits::new(&rows.a, tables.quotient.windows(), sorting);
        let digits = Digits::new(z, tables.a.windows(), sorting);
        // Each scalar is taken out of Montgomery's form.
        timed("digits", 0, n + z.len(), start);

        let g1 = Summers::new(self.settings.path, &[&digits, &quotient], &self.workshop.g1);
        let g2 = Summers::new(self.settings.path, &[&digits], &self.workshop.g2);
        parts.push(sum("A", &tables.a, &digits, &g1, OF_G1)?);
        parts.push(sum("B", &tables.b, &digits, &g2, OF_G2)?);
        parts.push(sum("C without the quotient", &tables.rest, &digits, &g1, OF_G1)?);
        parts.push(sum("the quotient", &tables.quotient, &quotient, &g1, OF_G1)?);
        Ok(parts)
    }
}

fn sum<C: Curve<D>, const D: usize>(
    name: &'static str,
    table: &Table<C, D>,
    digits: &Digits,
    summers: &Summers<'_, C, D>,
    each: usize,
) -> Result<Part, ProveError> {
    let additions = additions(table, digits);
    let start = Instant::now();
    std::hint::black_box(multiply(table, digits, summers, &Unstoppable)?);
    Ok(Part {
        name,
        additions,
        multiplications: additions * each,
        took: start.elapsed(),
    })
}

// All but the first into each bucket; each bucket then once for its row and once for its column.
fn additions<C: Curve<D>, const D: usize>(table: &Table<C, D>, digits: &Digits) -> usize {
    let windows = digits.windows();
    let entries = |bucket| {
        let mut entries = Vec::new();
        (digits.bucket(bucket)).for_each(|digits| table.entries(digits, &mut entries));
        entries.len()
    };
    (0..windows.buckets() * windows.sets() as usize)
        .map(|bucket| match entries(bucket) {
            0 => 0,
            filled => filled + 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;
    use crate::assignment::Assignment;
    use crate::testing::{Chain, key_of};
    use ark_ec::AffineRepr;
    use ark_ff::{AdditiveGroup, Field};
    use medproof_keys::Quiet;
    use medproof_lanes::Path;
    use medproof_statement::tier::Tier;

    #[test]
    fn ones_are_added_once_into_a_bucket_and_zeros_nowhere() {
        let key = key_of(Tier::Xs, 10);
        let settings = Settings {
            window: Some(5),
            sets: 1,
            path: Path::best(),
        };
        let ready = Ready::new(key.matrices(), key.proving(), settings, &Quiet).unwrap();
        let a = &ready.tables.a;
        let count = |z: &[Fr]| additions(a, &Digits::new(z, a.windows(), &ready.workshop.sorting));
        let finite = (0..a.bases()).filter(|i| !key.proving().a_query[*i].is_zero()).count();
        let n = a.bases();
        assert_eq!((count(&vec![Fr::ZERO; n]), count(&vec![Fr::ONE; n])), (0, finite + 1));
        let honest = Assignment::synthesise(Chain::honest(10), key.shape()).unwrap();
        let parts = ready.parts(honest.values()).unwrap();
        assert_eq!(parts.len(), 8);
        assert!(parts.iter().all(|part| part.multiplications >= part.additions));
        assert_eq!(parts[4].additions, count(honest.values()));
    }
}
