//! §5.1 to §5.3: membership, opening and holder.

use crate::known::Known;
use crate::policy::Header;
use ark_relations::gr1cs::SynthesisError;
use medproof_gadgets::edwards::Point;
use medproof_gadgets::{Cs, Wire, bits, poseidon2, tree};
use medproof_statement::fact::DATE_BITS;
use medproof_statement::hash::Tag;
use medproof_statement::tree::REGISTRY_DEPTH;

/// Bits of a coverage.
const COVERAGE_BITS: usize = 64;

/// Constraints of [`open`] and [`enforce_header`].
pub(crate) fn cost() -> usize {
    let membership = tree::index_cost(REGISTRY_DEPTH) + tree::cost(REGISTRY_DEPTH) + 1;
    let hashes = poseidon2::hash_cost::<8>(6) + poseidon2::hash_cost::<8>(5);
    let issued = 2 * bits::range_cost(DATE_BITS as usize);
    let coverage = 2 * bits::range_cost(COVERAGE_BITS) + COVERAGE_BITS;
    membership + hashes + 1 + issued + coverage
}

/// What the record commitment opens to.
pub(crate) struct Record {
    pub(crate) facts_root: Wire,
    pub(crate) holder: Holder,
    coverage: Wire,
    schema: Wire,
    issued_on: Wire,
}

/// What the holder commitment opens to.
pub(crate) struct Holder {
    pub(crate) pk: Point,
    pub(crate) emergency_pk: Point,
    pub(crate) nk: Wire,
}

/// The record is in the tree with `registry_root`, and opens to what is returned.
///
/// Without the path, any record would do; without the hashes, any facts, keys or coverage.
pub(crate) fn open(cs: &Cs, known: Known<'_>, registry_root: &Wire) -> Result<Record, SynthesisError> {
    let facts_root = known.wire(cs, |w| w.record.facts_root)?;
    let (holder, commitment) = open_holder(cs, known)?;
    let coverage = known.wire(cs, |w| w.record.coverage.to_field())?;
    let schema = known.wire(cs, |w| w.record.schema.into())?;
    let issued_on = known.wire(cs, |w| w.record.issued_on.0.into())?;
    let salt = known.wire(cs, |w| w.record.salt)?;
    let opening = [
        facts_root.clone(),
        commitment,
        coverage.clone(),
        schema.clone(),
        issued_on.clone(),
        salt,
    ];
    let leaf = poseidon2::hash::<8>(cs, Tag::Record as u64, &opening)?;
    let index = tree::Index::<REGISTRY_DEPTH>::witness(cs, || known.get(|w| w.position.index))?;
    let root = tree::root(cs, &leaf, &index, || {
        known.get(|w| w.position.all_children(w.record.commit()))
    })?;
    root.enforce_equal(cs, registry_root)?;
    Ok(Record {
        facts_root,
        holder,
        coverage,
        schema,
        issued_on,
    })
}

// §5.3. Another holder's keys hash to another commitment, thus to another record.
fn open_holder(cs: &Cs, known: Known<'_>) -> Result<(Holder, Wire), SynthesisError> {
    let pk = Point {
        x: known.wire(cs, |w| w.record.holder.pk.point().x)?,
        y: known.wire(cs, |w| w.record.holder.pk.point().y)?,
    };
    let emergency_pk = Point {
        x: known.wire(cs, |w| w.record.holder.emergency_pk.point().x)?,
        y: known.wire(cs, |w| w.record.holder.emergency_pk.point().y)?,
    };
    let nk = known.wire(cs, |w| w.record.holder.nk.expose())?;
    let keys = [
        pk.x.clone(),
        pk.y.clone(),
        emergency_pk.x.clone(),
        emergency_pk.y.clone(),
        nk.clone(),
    ];
    let commitment = poseidon2::hash::<8>(cs, Tag::Holder as u64, &keys)?;
    Ok((Holder { pk, emergency_pk, nk }, commitment))
}

/// §5.2: the record is of the policy's schema, was issued in time, and is complete where the
/// policy needs absence.
///
/// Stops: a record of another encoding; one read before issued_min (a chart without last month's
/// diagnosis) or after as_of; a chart in which the absent fact was merely not recorded.
pub(crate) fn enforce_header(cs: &Cs, record: &Record, header: &Header) -> Result<(), SynthesisError> {
    record.schema.enforce_equal(cs, &header.schema)?;
    bits::enforce_range(cs, &(&record.issued_on - &header.issued_min), DATE_BITS as usize)?;
    bits::enforce_range(cs, &(&header.as_of - &record.issued_on), DATE_BITS as usize)?;
    let required = bits::decompose(cs, &header.required_coverage, COVERAGE_BITS)?;
    let covered = bits::decompose(cs, &record.coverage, COVERAGE_BITS)?;
    for (required, covered) in required.iter().zip(&covered) {
        required.enforce_implies(cs, covered)?;
    }
    Ok(())
}
