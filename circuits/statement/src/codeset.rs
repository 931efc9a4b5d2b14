//! Code sets: sorted, linked trees shaped as a record's.

use crate::Fr;
use crate::concept::Concept;
use crate::hash::{Tag, sponge};
use crate::tree::{FACT_DEPTH, Path, Tree};
use alloc::vec::Vec;
use thiserror::Error;
use zeroize::Zeroize;

/// How many members a set holds at most: one leaf is the sentinel.
pub const MAX_MEMBERS: usize = (1 << (3 * FACT_DEPTH)) - 1;

/// A set that cannot be committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CodeSetError {
    /// No member.
    #[error("a code set needs at least one member")]
    Empty,
    /// Too many members for one tree.
    #[error("expected at most {MAX_MEMBERS} members, found {found}: split the set into intervals")]
    TooLarge {
        /// How many there are.
        found: usize,
    },
    /// 0 and 2^80 − 1 are the ends of every set.
    #[error("a member's concept lies outside 1 … 2^80 − 2")]
    OutOfRange,
}

/// A member as committed: with its successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Zeroize)]
pub struct SetLeaf {
    /// The member; 0 in the sentinel.
    pub member: Concept,
    /// The next member; 2^80 − 1 after the last.
    pub next: Concept,
}

impl SetLeaf {
    /// H_set(member, next), padded with zeros to a record leaf's shape, under its own tag.
    pub fn hash(&self) -> Fr {
        let zero = Fr::from(0u64);
        sponge::<8>(
            Tag::SetLeaf,
            &[
                self.member.to_field(),
                zero,
                zero,
                zero,
                zero,
                self.next.to_field(),
                zero,
            ],
        )
    }
}

/// A committed set of concepts.
#[derive(Clone, Debug)]
pub struct CodeSet {
    leaves: Vec<SetLeaf>,
    tree: Tree<FACT_DEPTH>,
}

impl CodeSet {
    /// Commits to these members, in any order, repeated or not.
    ///
    /// # Errors
    /// [`CodeSetError`] where there are none, too many, or one is an end of every set.
    pub fn new(members: impl IntoIterator<Item = Concept>) -> Result<CodeSet, CodeSetError> {
        let mut members: Vec<Concept> = members.into_iter().collect();
        members.sort_unstable();
        members.dedup();
        if members.iter().any(|m| *m == Concept::ZERO || *m == Concept::MAX) {
            return Err(CodeSetError::OutOfRange);
        }
        match members.len() {
            0 => return Err(CodeSetError::Empty),
            n if n > MAX_MEMBERS => return Err(CodeSetError::TooLarge { found: n }),
            _ => {}
        }
        let firsts = core::iter::once(Concept::ZERO).chain(members.iter().copied());
        let nexts = members.iter().copied().chain(core::iter::once(Concept::MAX));
        let leaves: Vec<SetLeaf> = firsts
            .zip(nexts)
            .map(|(member, next)| SetLeaf { member, next })
            .collect();
        let padding = sponge::<4>(Tag::SetPadding, &[]);
        let tree = Tree::from_leaves(padding, leaves.iter().map(SetLeaf::hash).collect()).map_err(|_| {
            CodeSetError::TooLarge {
                found: leaves.len() - 1,
            }
        })?;
        Ok(CodeSet { leaves, tree })
    }

    /// What the policy names.
    pub fn root(&self) -> Fr {
        self.tree.root()
    }

    /// The members in order.
    pub fn members(&self) -> impl Iterator<Item = Concept> {
        self.leaves[1..].iter().map(|l| l.member)
    }

    /// The first and the last member.
    pub fn bounds(&self) -> (Concept, Concept) {
        (self.leaves[0].next, self.leaves[self.leaves.len() - 1].member)
    }

    /// Whether it has this member.
    pub fn contains(&self, concept: Concept) -> bool {
        concept != Concept::ZERO && self.leaves.binary_search_by(|l| l.member.cmp(&concept)).is_ok()
    }

    /// The leaf of the greatest member (or sentinel) not above `concept`, with its index.
    pub fn at_or_before(&self, concept: Concept) -> (u64, SetLeaf) {
        let index = self.leaves.partition_point(|l| l.member <= concept) - 1; // the sentinel is at or before all
        (index as u64, self.leaves[index])
    }

    /// The path of a leaf.
    pub fn path(&self, index: u64) -> Option<Path<FACT_DEPTH>> {
        self.tree.path(index).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c(bits: u128) -> Concept {
        Concept::from_bits(bits).unwrap()
    }

    #[test]
    fn a_tree_has_room_for_4095_members_beside_the_sentinel() {
        let set = |n: u128| CodeSet::new((1..=n).map(c));
        let full = set(4_095).unwrap();
        assert_eq!((MAX_MEMBERS, full.members().count()), (4_095, 4_095));
        assert!(full.path(4_095).is_some());
        assert_eq!(set(4_096).err(), Some(CodeSetError::TooLarge { found: 4_096 }));
    }

    #[test]
    fn members_are_linked_in_order() {
        let set = CodeSet::new([c(5), c(3), c(5), c(9)]).unwrap();
        assert_eq!(set.members().collect::<Vec<_>>(), [c(3), c(5), c(9)]);
        assert_eq!(set.bounds(), (c(3), c(9)));
        assert!(
            set.contains(c(5)) && !set.contains(c(4)) && !set.contains(Concept::ZERO) && !set.contains(Concept::MAX)
        );
        for (at, member, next) in [(1, 0, 3), (3, 3, 5), (4, 3, 5), (9, 9, Concept::MAX.bits())] {
            let (index, leaf) = set.at_or_before(c(at));
            assert_eq!(
                leaf,
                SetLeaf {
                    member: c(member),
                    next: c(next)
                }
            );
            assert_eq!(set.path(index).unwrap().root(leaf.hash()), Some(set.root()));
        }
    }

    #[test]
    fn bad_sets_are_refused() {
        assert_eq!(CodeSet::new([]).err(), Some(CodeSetError::Empty));
        assert_eq!(CodeSet::new([Concept::ZERO]).err(), Some(CodeSetError::OutOfRange));
        assert_eq!(CodeSet::new([Concept::MAX]).err(), Some(CodeSetError::OutOfRange));
        assert!(CodeSet::new((1..=4095).map(c)).is_ok());
        assert_eq!(
            CodeSet::new((1..=4096).map(c)).err(),
            Some(CodeSetError::TooLarge { found: 4096 })
        );
    }

    #[test]
    fn a_set_is_no_record() {
        // Same numbers in the same places, another tag.
        let set = SetLeaf {
            member: c(5),
            next: c(9),
        }
        .hash();
        let zero = Fr::from(0u64);
        assert_ne!(
            set,
            sponge::<8>(
                Tag::Leaf,
                &[c(5).to_field(), zero, zero, zero, zero, c(9).to_field(), zero]
            )
        );
    }
}
