//! Which constraint belongs to which block of the circuit: the order in which they are generated.

use medproof_disclosure::slot_cost;
use medproof_gadgets::{bits, eddsa, edwards, fixed_base, poseidon2, tree, variable_base};
use medproof_statement::fact::KEY_BITS;
use medproof_statement::policy::{HEADER_FIELDS, ROW_FIELDS, flags};
use medproof_statement::tier::Tier;
use medproof_statement::tree::{FACT_DEPTH, REGISTRY_DEPTH};
use medproof_statement::value::V_BITS;
use std::ops::Range;

/// A block: a name, of which slot, and its constraints.
#[derive(Clone, Debug)]
pub struct Block {
    /// What it does.
    pub name: &'static str,
    /// Which slot, for a block of one.
    pub slot: Option<usize>,
    /// Its constraints.
    pub rows: Range<usize>,
}

const BEFORE: [(&str, usize); 2] = [("holder: hash", 363), ("record: hash", 363)];

fn before(criteria: usize) -> Vec<(&'static str, usize)> {
    let mut blocks = BEFORE.to_vec();
    blocks.extend([
        ("record: index", tree::index_cost(REGISTRY_DEPTH)),
        ("record: path", tree::cost(REGISTRY_DEPTH)),
        ("record: registry_root", 1),
        (
            "policy: hash",
            poseidon2::hash_cost::<16>(HEADER_FIELDS + criteria * ROW_FIELDS),
        ),
        ("policy: policy_digest", 1),
        ("record: schema", 1),
        ("record: issued_on", 64),
        ("record: coverage", 3 * 64),
    ]);
    blocks
}

fn slot(criteria: usize) -> Vec<(&'static str, usize)> {
    vec![
        ("actions", 11),
        ("criterion", 2 * criteria + 1),
        ("row", 9 * criteria),
        ("flags", flags::BITS as usize + 1),
        ("mode", 3),
        ("fields", 8 + 16 + 2 + 32 + 32),
        ("fields of a set", 5),
        ("leaf: hash", poseidon2::cost::<8>()),
        ("leaf: index", tree::index_cost(FACT_DEPTH)),
        ("leaf: path", tree::cost(FACT_DEPTH)),
        ("leaf: root", 2),
        ("member", 1),
        ("shape", 3),
        ("cursor: now and next", 2),
        ("cursor: from below", 3),
        ("cursor: range from below", KEY_BITS as usize),
        ("cursor: from above", 3),
        ("cursor: range from above", KEY_BITS as usize),
        ("cursor: pass and after", 2),
        ("time: ends", 1),
        ("time: comparisons", 4 * 33),
        ("time: holds", 5),
        ("value: ways to fail", 7),
        ("value: from below", 3),
        ("value: range from below", V_BITS as usize),
        ("value: from above", 3),
        ("value: range from above", V_BITS as usize),
        ("fact", 4),
        ("pass", 3),
        ("spacing: difference", 2),
        ("spacing: range", 48),
        ("spacing: after", 2),
        ("count", 3),
        ("ends", criteria),
        ("member due", 1),
    ]
}

fn after(criteria: usize) -> Vec<(&'static str, usize)> {
    vec![
        ("end: member due", 1),
        ("end: completed once", criteria),
        ("policy: clauses", criteria * (6 + 1 + 5 + 1)),
        ("request: hash", poseidon2::hash_cost::<12>(9)),
        ("request: request_digest", 1),
        ("consent: bound", 1),
        ("consent: times", 80),
        ("consent: hash", poseidon2::hash_cost::<12>(8)),
        ("consent: signer", bits::IS_ZERO_COST + 2),
        ("signature: scalar", fixed_base::SCALAR_COST),
        ("signature: challenge", poseidon2::COMPRESS8_COST),
        ("signature: challenge's bits", bits::CANONICAL_COST),
        ("signature: key on curve", edwards::ON_CURVE_COST),
        ("signature: 8 key", edwards::COFACTOR_COST),
        ("signature: R on curve", edwards::ON_CURVE_COST),
        ("signature: 8 R", edwards::COFACTOR_COST),
        ("signature: challenge times 8 key", variable_base::COST),
        ("signature: left side", edwards::ADD_COST),
        ("signature: right side", fixed_base::COST),
        ("signature: equation", edwards::EQUAL_COST),
        ("nullifier", poseidon2::hash_cost::<4>(2) + 1),
        (
            "handle",
            poseidon2::hash_cost::<4>(2) + poseidon2::hash_cost::<4>(1) + 1,
        ),
    ]
}

/// All blocks of a tier, in order, without gaps.
pub fn blocks(tier: Tier) -> Vec<Block> {
    let criteria = tier.criteria();
    let per_slot = slot(criteria);
    assert_eq!(per_slot.iter().map(|(_, n)| n).sum::<usize>(), slot_cost(tier));
    let after = after(criteria);
    let of_signature = after.iter().filter(|(name, _)| name.starts_with("signature"));
    assert_eq!(of_signature.map(|(_, n)| n).sum::<usize>(), eddsa::COST);
    let slots = (0..tier.slots()).flat_map(|i| per_slot.iter().map(move |(name, n)| (*name, *n, Some(i))));
    let outside = |blocks: Vec<(&'static str, usize)>| blocks.into_iter().map(|(name, n)| (name, n, None));
    let mut at = 0;
    outside(before(criteria))
        .chain(slots)
        .chain(outside(after))
        .map(|(name, n, slot)| {
            at += n;
            Block {
                name,
                slot,
                rows: at - n..at,
            }
        })
        .collect()
}

/// The block of a constraint.
pub fn block_of(blocks: &[Block], row: usize) -> &Block {
    let at = blocks.partition_point(|block| block.rows.end <= row);
    blocks.get(at).expect("a constraint of the tier")
}
