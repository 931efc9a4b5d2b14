//! Membership in an 8-ary Poseidon2 tree of fixed depth.
//!
//! Statement: the returned root is that of a tree whose leaf at the index is the given one.
//! Preconditions: the index bits are booleans (their type says so) and the caller binds the root.
//! Cost: [`LEVEL_COST`] a level, 370 without the bits: a width-8 compression of the eight children
//! and seven constraints that the child at the level's three bits is the node below.
//!
//! The children are variables of their own, so the whole group of siblings goes through one hash
//! whatever the position. The digest binds all eight, the member check binds the index.

use ark_bn254::Fr;
use ark_relations::gr1cs::SynthesisError;

use crate::bits::Bit;
use crate::poseidon2::{COMPRESS8_COST, compress8};
use crate::select::{MEMBER8_COST, enforce_member8};
use crate::wire::{Cs, Wire};

/// Constraints of one level, its three index bits not included.
pub const LEVEL_COST: usize = COMPRESS8_COST + MEMBER8_COST;

/// Constraints of an opening of the given depth, its index bits not included.
#[must_use]
pub const fn cost(depth: usize) -> usize {
    depth * LEVEL_COST
}

/// Constraints of [`Index::witness`] at the given depth.
#[must_use]
pub const fn index_cost(depth: usize) -> usize {
    3 * depth
}

/// A leaf's position: three bits a level, from the leaf up, least significant first.
#[derive(Debug, Clone)]
pub struct Index<const DEPTH: usize>([[Bit; 3]; DEPTH]);

impl<const DEPTH: usize> Index<DEPTH> {
    /// A fresh position. Costs [`index_cost(DEPTH)`](index_cost).
    ///
    /// # Errors
    /// Those of `position`; [`SynthesisError::Unsatisfiable`] when it is 8^DEPTH or more.
    pub fn witness(cs: &Cs, position: impl FnOnce() -> Result<u64, SynthesisError>) -> Result<Self, SynthesisError> {
        let position = if cs.is_in_setup_mode() { None } else { Some(position()?) };
        if position.is_some_and(|position| position >> (3 * DEPTH) != 0) {
            return Err(SynthesisError::Unsatisfiable);
        }
        let bit = |i: usize| {
            Bit::witness(cs, || {
                let position = position.ok_or(SynthesisError::AssignmentMissing)?;
                Ok(position >> i & 1 == 1)
            })
        };
        let mut levels = Vec::with_capacity(DEPTH);
        for level in 0..DEPTH {
            levels.push([bit(3 * level)?, bit(3 * level + 1)?, bit(3 * level + 2)?]);
        }
        match levels.try_into() {
            Ok(levels) => Ok(Self(levels)),
            Err(_) => Err(SynthesisError::Unsatisfiable),
        }
    }

    /// Wraps bits that the circuit already has.
    #[must_use]
    pub const fn from_bits(bits: [[Bit; 3]; DEPTH]) -> Self {
        Self(bits)
    }

    /// The position as a field element. Free.
    #[must_use]
    pub fn wire(&self) -> Wire {
        let bits: Vec<Bit> = self.0.iter().flatten().cloned().collect();
        crate::bits::pack(&bits)
    }
}

/// The root above a leaf. Costs [`cost(DEPTH)`](cost).
///
/// `children` gives, from the leaf up, the eight children of each node on the path, the one on the
/// path included; it is not called for a key.
///
/// # Errors
/// Those of `children` and the constraint system.
pub fn root<const DEPTH: usize>(
    cs: &Cs,
    leaf: &Wire,
    index: &Index<DEPTH>,
    children: impl Fn() -> Result<[[Fr; 8]; DEPTH], SynthesisError>,
) -> Result<Wire, SynthesisError> {
    let path = if cs.is_in_setup_mode() { None } else { Some(children()?) };
    let mut node = leaf.clone();
    for (level, bits) in index.0.iter().enumerate() {
        let mut group: [Wire; 8] = core::array::from_fn(|_| Wire::zero());
        for (i, child) in group.iter_mut().enumerate() {
            *child = Wire::witness(cs, || {
                let path = path.as_ref().ok_or(SynthesisError::AssignmentMissing)?;
                Ok(path[level][i])
            })?;
        }
        enforce_member8(cs, bits, &group, &node)?;
        node = compress8(cs, &group)?;
    }
    Ok(node)
}

#[cfg(test)]
mod tests {
    use ark_ff::{Field, UniformRand};
    use ark_relations::gr1cs::SynthesisMode;
    use ark_std::test_rng;
    use medproof_statement::poseidon2 as native;

    use super::*;
    use crate::testing::{free_variables, system};

    const DEPTH: usize = 3;

    struct Path {
        leaf: Fr,
        position: u64,
        children: [[Fr; 8]; DEPTH],
        root: Fr,
    }

    fn path(position: u64) -> Path {
        let mut rng = test_rng();
        let leaf = Fr::rand(&mut rng);
        let mut node = leaf;
        let children = core::array::from_fn(|level| {
            let mut group: [Fr; 8] = core::array::from_fn(|_| Fr::rand(&mut rng));
            group[(position >> (3 * level) & 7) as usize] = node;
            node = native::compress8(&group);
            group
        });
        Path {
            leaf,
            position,
            children,
            root: node,
        }
    }

    fn satisfied(path: &Path) -> bool {
        let cs = build(path);
        cs.is_satisfied().unwrap()
    }

    fn build(path: &Path) -> Cs {
        let cs = system();
        let leaf = Wire::witness(&cs, || Ok(path.leaf)).unwrap();
        let index = Index::<DEPTH>::witness(&cs, || Ok(path.position)).unwrap();
        assert_eq!(cs.num_constraints(), index_cost(DEPTH));
        let root = root(&cs, &leaf, &index, || Ok(path.children)).unwrap();
        assert_eq!(cs.num_constraints(), index_cost(DEPTH) + cost(DEPTH));
        assert_eq!(index.wire().value().unwrap(), Fr::from(path.position));
        root.enforce_equal(&cs, &Wire::constant(path.root)).unwrap();
        cs
    }

    #[test]
    fn a_leaf_opens_at_its_position() {
        for position in [0, 1, 7, 8, 63, 64, 0o365, 511] {
            assert!(satisfied(&path(position)));
        }
    }

    #[test]
    fn any_other_position_leaf_child_or_root_is_refused() {
        let good = || path(0o365);
        for bit in 0..9 {
            let mut bad = good();
            bad.position ^= 1 << bit;
            assert!(!satisfied(&bad), "index bit {bit}");
        }
        let mut bad = good();
        bad.leaf += Fr::ONE;
        assert!(!satisfied(&bad));
        let mut bad = good();
        bad.root += Fr::ONE;
        assert!(!satisfied(&bad));
        for level in 0..DEPTH {
            for child in 0..8 {
                let mut bad = good();
                bad.children[level][child] += Fr::ONE;
                assert!(!satisfied(&bad), "child {child} of level {level}");
            }
            let mut bad = good();
            bad.children[level].swap(0, 1);
            assert!(!satisfied(&bad), "swapped siblings at level {level}");
        }
        // The leaf moved to another place together with its index: the same children in another
        // order, and so another root.
        let mut bad = good();
        bad.children[0].swap(5, 6);
        bad.position = 0o366;
        assert!(!satisfied(&bad));
    }

    #[test]
    fn a_position_outside_the_tree_is_refused() {
        let outside = Index::<DEPTH>::witness(&system(), || Ok(512));
        assert!(matches!(outside, Err(SynthesisError::Unsatisfiable)));
    }

    #[test]
    fn no_variable_of_an_opening_is_free() {
        assert!(free_variables(&build(&path(0o365))).unwrap().is_empty());
    }

    #[test]
    fn a_key_needs_no_path() {
        let cs = system();
        cs.set_mode(SynthesisMode::Setup);
        let missing = || Err(SynthesisError::AssignmentMissing);
        let leaf = Wire::witness(&cs, missing).unwrap();
        let index = Index::<DEPTH>::witness(&cs, || Err(SynthesisError::AssignmentMissing)).unwrap();
        root(&cs, &leaf, &index, || Err(SynthesisError::AssignmentMissing)).unwrap();
        assert_eq!(cs.num_constraints(), index_cost(DEPTH) + cost(DEPTH));
        let full = build(&path(1));
        full.finalize();
        cs.finalize();
        let (full, key) = (full.to_matrices().unwrap(), cs.to_matrices().unwrap());
        for (full, key) in full["R1CS"].iter().zip(&key["R1CS"]) {
            assert_eq!(&full[..key.len()], &key[..]);
        }
    }
}
