//! Facts, their keys, and the leaves that commit to them.

use crate::Fr;
use crate::concept::Concept;
use crate::day::Day;
use crate::field::pow2;
use crate::hash::Tag;
use crate::poseidon2::{Permuter, domain, permute};
use crate::value::Value;
use alloc::vec::Vec;
use core::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Width of `seq` in bits: event(16) ‖ sub(8).
pub const SEQ_BITS: u32 = 24;
/// Width of a date in bits.
pub const DATE_BITS: u32 = 32;
/// Width of the part of a key below the concept.
pub const TAIL_BITS: u32 = DATE_BITS + SEQ_BITS;
/// Width of a key in bits.
pub const KEY_BITS: u32 = Concept::BITS + TAIL_BITS;

/// event(16) ‖ sub(8): facts of one resource share the event; events are ordered by instant,
/// then resource id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct Seq {
    /// Which resource, in the record's order.
    pub event: u16,
    /// Which of the resource's facts with this concept and date.
    pub sub: u8,
}

impl Seq {
    /// The least.
    pub const MIN: Seq = Seq { event: 0, sub: 0 };
    /// All ones.
    pub const MAX: Seq = Seq {
        event: u16::MAX,
        sub: u8::MAX,
    };

    /// The 24 bits.
    pub const fn bits(self) -> u32 {
        (self.event as u32) << 8 | self.sub as u32
    }
}

/// concept ‖ date ‖ seq: 136 bits, strictly increasing along a record. Also a cursor's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct Key {
    /// The concept.
    pub concept: Concept,
    /// The day.
    pub date: Day,
    /// The order within concept and day.
    pub seq: Seq,
}

impl Key {
    /// The sentinel's key.
    pub const ZERO: Key = Key {
        concept: Concept::ZERO,
        date: Day(0),
        seq: Seq::MIN,
    };
    /// 2^136 − 1: the successor of the last fact.
    pub const MAX: Key = Key {
        concept: Concept::MAX,
        date: Day(u32::MAX),
        seq: Seq::MAX,
    };

    /// concept ‖ 0^56: the first key that a fact of this concept could have.
    pub const fn first_of(concept: Concept) -> Key {
        Key {
            concept,
            date: Day(0),
            seq: Seq::MIN,
        }
    }

    /// concept ‖ 1^56: the last key that a fact of this concept could have.
    pub const fn last_of(concept: Concept) -> Key {
        Key {
            concept,
            date: Day(u32::MAX),
            seq: Seq::MAX,
        }
    }

    /// As a field element: concept·2^56 + date·2^24 + seq.
    pub fn to_field(self) -> Fr {
        self.concept.to_field() * pow2(TAIL_BITS)
            + Fr::from(u64::from(self.date.0) << SEQ_BITS | u64::from(self.seq.bits()))
    }
}

/// One coding occurrence of a resource.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Zeroize)]
pub struct Fact {
    /// What it is about.
    pub concept: Concept,
    /// The latest day that the resource's date allows.
    pub date: Day,
    /// Its order.
    pub seq: Seq,
    /// Another fact of the concept, uncertain or different, could lie at the same instant.
    pub contested: bool,
    /// It could not be read with certainty: supports nothing, clears nothing but a date window.
    pub uncertain: bool,
    /// What was measured.
    pub value: Value,
    /// The last day on which it held, [`Day::OPEN`] while it does.
    pub until: Day,
    /// The earliest day that the resource's date allows; never after `date`.
    pub since: Day,
}

/// Shows nothing: it is a patient's.
impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fact(…)")
    }
}

impl Fact {
    /// The key.
    pub const fn key(&self) -> Key {
        Key {
            concept: self.concept,
            date: self.date,
            seq: self.seq,
        }
    }

    /// The leaf before the first fact: key 0, matches nothing.
    pub const SENTINEL: Fact = Fact {
        concept: Concept::ZERO,
        date: Day(0),
        seq: Seq::MIN,
        contested: false,
        uncertain: false,
        value: Value::NONE,
        until: Day(0),
        since: Day(0),
    };
}

/// A fact as committed: with its successor's key and its salt.
#[derive(Clone, Copy, PartialEq, Eq, Zeroize)]
pub struct Leaf {
    /// The fact.
    pub fact: Fact,
    /// The next fact's key: nothing lies between.
    pub next: Key,
    /// Hides the fact from a dictionary.
    pub salt: Fr,
}

/// Shows nothing: neither what the fact is nor what hides it.
impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leaf(…)")
    }
}

impl Leaf {
    /// H_leaf(concept, date, seq ‖ contested ‖ uncertain, value, until ‖ since, next_key, salt).
    pub fn hash(&self) -> Fr {
        let mut state = self.state();
        permute(&mut state);
        state[1]
    }

    // The sponge before its one permutation.
    fn state(&self) -> [Fr; 8] {
        let f = &self.fact;
        let flags = u64::from(f.seq.bits()) << 2 | u64::from(f.contested) << 1 | u64::from(f.uncertain);
        let ends = u64::from(f.until.0) << DATE_BITS | u64::from(f.since.0);
        [
            domain(Tag::Leaf as u64, 7),
            f.concept.to_field(),
            Fr::from(f.date.0),
            Fr::from(flags),
            f.value.to_field(),
            Fr::from(ends),
            self.next.to_field(),
            self.salt,
        ]
    }

    /// [`Leaf::hash`] of each.
    pub fn hash_all(leaves: &[Leaf], permuter: &impl Permuter) -> Vec<Fr> {
        // A permuted state can be permuted back: it is as secret as the fact.
        let mut states = Zeroizing::new(leaves.iter().map(Leaf::state).collect::<Vec<_>>());
        permuter.permute_all(&mut states);
        states.iter().map(|state| state[1]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::concept::{Kind, System};
    use crate::poseidon2::OneByOne;

    fn fact(code: &str, date: u32, event: u16) -> Fact {
        Fact {
            concept: Concept::parse(Kind::Condition, System::Snomed, code).unwrap(),
            date: Day(date),
            seq: Seq { event, sub: 0 },
            until: Day::OPEN,
            ..Fact::SENTINEL
        }
    }

    #[test]
    fn keys_order_as_their_field_elements() {
        use ark_ff::PrimeField;
        let keys = [
            Key::ZERO,
            Key::first_of(fact("1000000", 0, 0).concept),
            fact("1000000", 5, 9).key(),
            fact("1000000", 6, 0).key(),
            Key::last_of(fact("1000000", 0, 0).concept),
            fact("1000001", 0, 0).key(),
            Key::MAX,
        ];
        for pair in keys.windows(2) {
            assert!(pair[0] < pair[1]);
            assert!(pair[0].to_field().into_bigint() < pair[1].to_field().into_bigint());
        }
        assert_eq!(Key::MAX.to_field() + Fr::from(1u64), pow2(KEY_BITS));
    }

    #[test]
    fn many_leaves_are_hashed_as_the_sponge_hashes_each() {
        let leaf = |n: u16| Leaf {
            fact: fact("1000000", 7, n),
            next: Key::MAX,
            salt: Fr::from(n),
        };
        let leaves: Vec<Leaf> = (0..9).map(leaf).collect();
        let each: Vec<Fr> = leaves.iter().map(Leaf::hash).collect();
        assert_eq!(Leaf::hash_all(&leaves, &OneByOne), each);
        let inputs = &leaves[3].state()[1..];
        assert_eq!(each[3], crate::hash::sponge::<8>(Tag::Leaf, inputs));
    }

    #[test]
    fn every_field_changes_the_leaf() {
        let base = Leaf {
            fact: fact("1000000", 7, 1),
            next: Key::MAX,
            salt: Fr::from(5u64),
        };
        let h = base.hash();
        let edits: [fn(&mut Leaf); 11] = [
            |l| l.fact.concept = Concept::MAX,
            |l| l.fact.date = Day(8),
            |l| l.fact.seq.event = 2,
            |l| l.fact.seq.sub = 1,
            |l| l.fact.contested = true,
            |l| l.fact.uncertain = true,
            |l| l.fact.value = Value::UNKNOWN,
            |l| l.fact.until = Day(9),
            |l| l.fact.since = Day(1),
            |l| l.next = Key::ZERO,
            |l| l.salt = Fr::from(6u64),
        ];
        for edit in edits {
            let mut leaf = base;
            edit(&mut leaf);
            assert_ne!(leaf.hash(), h);
        }
    }
}
