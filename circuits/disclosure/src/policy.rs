//! §5.4: the policy's header and rows, its digest, and its clauses.

use crate::known::Known;
use ark_relations::gr1cs::SynthesisError;
use medproof_gadgets::bits::Bit;
use medproof_gadgets::{Cs, Wire, bits, poseidon2};
use medproof_statement::hash::Tag;
use medproof_statement::policy::{HEADER_FIELDS, ROW_FIELDS, THRESHOLD_BITS};
use medproof_statement::tier::Tier;
use medproof_statement::{Fr, VERSION};

/// Constraints of [`open`] and [`enforce_clauses`].
pub(crate) fn cost(criteria: usize) -> usize {
    let threshold_bits = THRESHOLD_BITS as usize;
    let clause = bits::range_cost(1 + threshold_bits) + 1 + bits::range_cost(threshold_bits) + 1;
    poseidon2::hash_cost::<16>(HEADER_FIELDS + criteria * ROW_FIELDS) + 1 + criteria * clause
}

/// The header's wires. Version and tier are constants of the circuit.
pub(crate) struct Header {
    pub(crate) claim_id: Wire,
    pub(crate) as_of: Wire,
    pub(crate) schema: Wire,
    pub(crate) issued_min: Wire,
    pub(crate) required_coverage: Wire,
}

/// The table's wires.
pub(crate) struct Policy {
    pub(crate) header: Header,
    pub(crate) rows: Vec<Row>,
}

/// One row, in the digest's order.
pub(crate) struct Row(pub(crate) [Wire; ROW_FIELDS]);

impl Row {
    /// The fields that a slot selects: all but the clause.
    pub(crate) fn of_slot(&self) -> &[Wire] {
        &self.0[..ROW_FIELDS - 1]
    }

    /// end_of_clause + 2·threshold.
    fn clause(&self) -> &Wire {
        &self.0[ROW_FIELDS - 1]
    }
}

/// The table has `policy_digest`: the one that the verifier compiled, field for field.
pub(crate) fn open(cs: &Cs, known: Known<'_>, tier: Tier, policy_digest: &Wire) -> Result<Policy, SynthesisError> {
    let header_values = |i: usize| move |w: &medproof_statement::check::Witness| w.table.header().to_fields()[i];
    let header = Header {
        claim_id: known.wire(cs, header_values(2))?,
        as_of: known.wire(cs, header_values(3))?,
        schema: known.wire(cs, header_values(4))?,
        issued_min: known.wire(cs, header_values(5))?,
        required_coverage: known.wire(cs, header_values(6))?,
    };
    let rows = rows(cs, known, tier)?;
    let mut elements: Vec<Wire> = Vec::with_capacity(HEADER_FIELDS + rows.len() * ROW_FIELDS);
    elements.push(Wire::from(VERSION));
    elements.push(Wire::from(tier.code()));
    let rest = [
        &header.claim_id,
        &header.as_of,
        &header.schema,
        &header.issued_min,
        &header.required_coverage,
    ];
    elements.extend(rest.into_iter().cloned());
    elements.extend(rows.iter().flat_map(|row| row.0.iter().cloned()));
    poseidon2::hash::<16>(cs, Tag::Policy as u64, &elements)?.enforce_equal(cs, policy_digest)?;
    Ok(Policy { header, rows })
}

fn rows(cs: &Cs, known: Known<'_>, tier: Tier) -> Result<Vec<Row>, SynthesisError> {
    let values = known.get(|w| w.table.rows()).ok();
    let field = |row: usize, column: usize| -> Result<Fr, SynthesisError> {
        values
            .as_ref()
            .and_then(|rows| rows.get(row))
            .map(|r| r[column])
            .ok_or(SynthesisError::AssignmentMissing)
    };
    (0..tier.criteria())
        .map(|row| {
            let mut wires: [Wire; ROW_FIELDS] = core::array::from_fn(|_| Wire::zero());
            for (column, wire) in wires.iter_mut().enumerate() {
                *wire = Wire::witness(cs, || field(row, column))?;
            }
            Ok(Row(wires))
        })
        .collect()
}

/// At each end of a clause, at least `threshold` of its criteria hold. `holds` are bits.
///
/// Stops: a table whose criteria are shown in part. Rows that no slot completed count 0.
pub(crate) fn enforce_clauses(cs: &Cs, policy: &Policy, holds: &[Bit]) -> Result<(), SynthesisError> {
    let threshold_bits = THRESHOLD_BITS as usize;
    let mut in_clause = Wire::zero();
    for (row, holds) in policy.rows.iter().zip(holds) {
        let clause = bits::decompose(cs, row.clause(), 1 + threshold_bits)?;
        let (end, threshold) = (&clause[0], bits::pack(&clause[1..]));
        in_clause = in_clause + holds.wire();
        let surplus = (&in_clause - &threshold).times(cs, end.wire())?;
        bits::enforce_range(cs, &surplus, threshold_bits)?;
        in_clause = in_clause.times(cs, end.not().wire())?;
    }
    Ok(())
}
