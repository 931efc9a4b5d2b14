//! A record: facts, linked and committed, and the commitment that the registry holds.

use crate::Fr;
use crate::coverage::Coverage;
use crate::day::Day;
use crate::fact::{Fact, Key, Leaf};
use crate::hash::{Tag, sponge};
use crate::holder::Holder;
use crate::poseidon2::{OneByOne, Permuter};
use crate::tree::{FACT_DEPTH, Path, Tree};
use alloc::vec::Vec;
use core::fmt;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// How many facts a record holds at most: one leaf is the sentinel.
pub const MAX_FACTS: usize = (1 << (3 * FACT_DEPTH)) - 1;

/// Facts that cannot be committed to. Says which by place, never what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// More facts than a tree holds.
    #[error("expected at most {MAX_FACTS} facts, found {found}: cut the oldest observations and clear their coverage")]
    TooLarge {
        /// How many there are.
        found: usize,
    },
    /// A key not above its predecessor's.
    #[error("fact {place} does not have a greater key than the one before it")]
    NotIncreasing {
        /// Counted from 0.
        place: usize,
    },
    /// A concept that is a sentinel's, or since after date.
    #[error("fact {place} is malformed: its concept or its days are out of range")]
    Malformed {
        /// Counted from 0.
        place: usize,
    },
    /// A salt is missing.
    #[error("expected {expected} salts, one for the sentinel and one for each fact, found {found}")]
    Salts {
        /// How many are needed.
        expected: usize,
        /// How many were given.
        found: usize,
    },
}

/// The facts of a record, linked, with their tree.
#[derive(Clone)]
pub struct Facts {
    leaves: Vec<Leaf>,
    tree: Tree<FACT_DEPTH>,
}

/// Shows neither a fact nor a salt, nor how many there are.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Facts(…)")
    }
}

impl Drop for Facts {
    fn drop(&mut self) {
        self.leaves.zeroize();
    }
}

impl Facts {
    /// Links and commits to facts in strictly increasing order of their keys; `salts[0]` is the
    /// sentinel's, `salts[i + 1]` the i-th fact's.
    ///
    /// # Errors
    /// [`RecordError`] names the first fact that is out of order or malformed.
    pub fn new(facts: &[Fact], salts: &[Fr]) -> Result<Facts, RecordError> {
        Self::new_by(facts, salts, &OneByOne)
    }

    /// As [`Facts::new`], many hashes at a time.
    ///
    /// # Errors
    /// As there.
    pub fn new_by(facts: &[Fact], salts: &[Fr], permuter: &impl Permuter) -> Result<Facts, RecordError> {
        if facts.len() > MAX_FACTS {
            return Err(RecordError::TooLarge { found: facts.len() });
        }
        if salts.len() != facts.len() + 1 {
            return Err(RecordError::Salts {
                expected: facts.len() + 1,
                found: salts.len(),
            });
        }
        for (place, fact) in facts.iter().enumerate() {
            let bounds = fact.concept.bits() == 0 || fact.concept == crate::concept::Concept::MAX;
            if bounds || fact.since > fact.date {
                return Err(RecordError::Malformed { place });
            }
            if place > 0 && facts[place - 1].key() >= fact.key() {
                return Err(RecordError::NotIncreasing { place });
            }
        }
        let nexts = facts.iter().map(Fact::key).chain(core::iter::once(Key::MAX));
        let leaves: Vec<Leaf> = core::iter::once(&Fact::SENTINEL)
            .chain(facts)
            .zip(nexts)
            .zip(salts)
            .map(|((fact, next), salt)| Leaf {
                fact: *fact,
                next,
                salt: *salt,
            })
            .collect();
        let padding = sponge::<4>(Tag::Padding, &[]);
        let tree = Tree::from_leaves_by(padding, Leaf::hash_all(&leaves, permuter), permuter)
            .map_err(|_| RecordError::TooLarge { found: facts.len() })?;
        Ok(Facts { leaves, tree })
    }

    /// facts_root.
    pub fn root(&self) -> Fr {
        self.tree.root()
    }

    /// The leaves: the sentinel first, then the facts in order.
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// Index of the first leaf whose key is not below `key`; the number of leaves where none is.
    pub fn first_at_or_after(&self, key: Key) -> usize {
        self.leaves.partition_point(|l| l.fact.key() < key)
    }

    /// The path of a leaf.
    pub fn path(&self, index: usize) -> Option<Path<FACT_DEPTH>> {
        self.tree.path(index as u64).ok()
    }
}

/// What a record commitment opens to.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordOpening {
    /// The root of the facts' tree.
    pub facts_root: Fr,
    /// The holder commitment's opening.
    pub holder: Holder,
    /// For which kinds and systems the chart is complete.
    pub coverage: Coverage,
    /// How facts are encoded: [`crate::SCHEMA`].
    pub schema: u64,
    /// The day on which the issuer read the chart.
    pub issued_on: Day,
    /// Hides the record.
    pub salt: Fr,
}

/// Shows nothing: what it opens is hidden by its salt.
impl fmt::Debug for RecordOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordOpening(…)")
    }
}

impl Zeroize for RecordOpening {
    fn zeroize(&mut self) {
        self.facts_root.zeroize();
        self.holder.nk.zeroize();
        self.coverage.zeroize();
        self.issued_on.zeroize();
        self.salt.zeroize();
    }
}

impl Drop for RecordOpening {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for RecordOpening {}

impl RecordOpening {
    /// H_record(facts_root, holder, coverage, schema, issued_on, record_salt).
    pub fn commit(&self) -> Fr {
        sponge::<8>(
            Tag::Record,
            &[
                self.facts_root,
                self.holder.commit(),
                self.coverage.to_field(),
                Fr::from(self.schema),
                Fr::from(self.issued_on.0),
                self.salt,
            ],
        )
    }
}

/// The leaf of a registry where no record is: no record commitment can equal it.
pub fn empty_record() -> Fr {
    sponge::<4>(Tag::EmptyRecord, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::concept::Concept;

    fn fact(concept: u128) -> Fact {
        Fact {
            concept: Concept::from_bits(concept).unwrap(),
            until: Day::OPEN,
            ..Fact::SENTINEL
        }
    }

    fn salts(n: u64) -> Vec<Fr> {
        (0..n).map(Fr::from).collect()
    }

    #[test]
    fn facts_are_linked_from_zero_to_the_end() {
        let facts = Facts::new(&[fact(3), fact(5)], &salts(3)).unwrap();
        let links: Vec<_> = facts.leaves().iter().map(|l| (l.fact.key(), l.next)).collect();
        assert_eq!(links[0], (Key::ZERO, fact(3).key()));
        assert_eq!(links[1], (fact(3).key(), fact(5).key()));
        assert_eq!(links[2], (fact(5).key(), Key::MAX));
        for (i, leaf) in facts.leaves().iter().enumerate() {
            assert_eq!(facts.path(i).unwrap().root(leaf.hash()), Some(facts.root()));
        }
        assert_eq!(facts.first_at_or_after(fact(3).key()), 1);
        assert_eq!(facts.first_at_or_after(fact(4).key()), 2);
        assert_eq!(facts.first_at_or_after(Key::MAX), 3);
    }

    #[test]
    fn bad_facts_are_refused_by_place() {
        assert_eq!(
            Facts::new(&[fact(5), fact(3)], &salts(3)).err(),
            Some(RecordError::NotIncreasing { place: 1 })
        );
        assert_eq!(
            Facts::new(&[fact(5), fact(5)], &salts(3)).err(),
            Some(RecordError::NotIncreasing { place: 1 })
        );
        assert_eq!(
            Facts::new(&[fact(0)], &salts(2)).err(),
            Some(RecordError::Malformed { place: 0 })
        );
        let backwards = Fact {
            since: Day(2),
            date: Day(1),
            ..fact(3)
        };
        assert_eq!(
            Facts::new(&[backwards], &salts(2)).err(),
            Some(RecordError::Malformed { place: 0 })
        );
        assert_eq!(
            Facts::new(&[fact(3)], &salts(1)).err(),
            Some(RecordError::Salts { expected: 2, found: 1 })
        );
    }

    #[test]
    fn no_record_is_none_of_the_trees_other_paddings() {
        assert_ne!(empty_record(), Fr::from(0u64));
        assert_ne!(empty_record(), sponge::<4>(Tag::Padding, &[]));
    }

    #[test]
    fn an_empty_chart_and_a_full_one() {
        assert_eq!(MAX_FACTS, 4095);
        assert!(Facts::new(&[], &salts(1)).is_ok());
        let full: Vec<_> = (1..=4095u128).map(fact).collect();
        assert!(Facts::new(&full, &salts(4096)).is_ok());
        let over: Vec<_> = (1..=4096u128).map(fact).collect();
        assert_eq!(
            Facts::new(&over, &salts(4097)).err(),
            Some(RecordError::TooLarge { found: 4096 })
        );
    }
}
