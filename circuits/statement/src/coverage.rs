//! Coverage: for which kinds and code systems a chart is complete, as 64 bits.
//!
//! Absence can only be shown where nothing was dropped. A claim that needs absence names the
//! bits it requires; a record whose commitment lacks one cannot satisfy it.

use crate::Fr;
use crate::concept::{Kind, System};
use zeroize::Zeroize;

/// A set of coverage bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Zeroize)]
pub struct Coverage(pub u64);

/// The meaningful pairs. A pair's bit is 16 + its place here; the order never changes.
pub const PAIRS: [(Kind, System); 40] = [
    (Kind::Demographic, System::Internal),
    (Kind::Immunization, System::Cvx),
    (Kind::Immunization, System::Snomed),
    (Kind::Immunization, System::Ndc),
    (Kind::Immunization, System::Atc),
    (Kind::Immunization, System::Internal),
    (Kind::Condition, System::Snomed),
    (Kind::Condition, System::Icd10Cm),
    (Kind::Condition, System::Icd9Cm),
    (Kind::Condition, System::IcdO3),
    (Kind::Condition, System::Internal),
    (Kind::Observation, System::Loinc),
    (Kind::Observation, System::Snomed),
    (Kind::Observation, System::Internal),
    (Kind::Allergy, System::Snomed),
    (Kind::Allergy, System::RxNorm),
    (Kind::Allergy, System::Ndc),
    (Kind::Allergy, System::Atc),
    (Kind::Allergy, System::Internal),
    (Kind::Medication, System::RxNorm),
    (Kind::Medication, System::Ndc),
    (Kind::Medication, System::Atc),
    (Kind::Medication, System::Snomed),
    (Kind::Medication, System::Internal),
    (Kind::Procedure, System::Snomed),
    (Kind::Procedure, System::Icd10Pcs),
    (Kind::Procedure, System::Icd9Cm),
    (Kind::Procedure, System::Hcpcs),
    (Kind::Procedure, System::Internal),
    (Kind::Encounter, System::Snomed),
    (Kind::Encounter, System::Hcpcs),
    (Kind::Encounter, System::Internal),
    (Kind::Coverage, System::Internal),
    (Kind::Claim, System::Snomed),
    (Kind::Claim, System::Hcpcs),
    (Kind::Claim, System::Icd10Pcs),
    (Kind::Claim, System::RxNorm),
    (Kind::Claim, System::Ndc),
    (Kind::Claim, System::Cvx),
    (Kind::Claim, System::Internal),
];

impl Coverage {
    /// Nothing covered.
    pub const NONE: Coverage = Coverage(0);

    /// The bit of a kind: a usable code in at least one of the kind's systems for every resource.
    pub const fn kind(kind: Kind) -> Coverage {
        Coverage(1 << (kind as u8 - 1))
    }

    /// The bit of a kind and system; `None` where the pair has no meaning.
    pub fn pair(kind: Kind, system: System) -> Option<Coverage> {
        PAIRS
            .iter()
            .position(|p| *p == (kind, system))
            .map(|i| Coverage(1 << (16 + i)))
    }

    /// The systems in which facts of this kind are coded.
    pub fn systems(kind: Kind) -> impl Iterator<Item = System> {
        PAIRS.into_iter().filter(move |(k, _)| *k == kind).map(|(_, s)| s)
    }

    /// Both.
    #[must_use]
    pub const fn union(self, other: Coverage) -> Coverage {
        Coverage(self.0 | other.0)
    }

    /// This without the other's bits.
    #[must_use]
    pub const fn without(self, other: Coverage) -> Coverage {
        Coverage(self.0 & !other.0)
    }

    /// Whether every bit of `self` is in `chart`.
    pub const fn is_subset_of(self, chart: Coverage) -> bool {
        self.0 & !chart.0 == 0
    }

    /// As a field element.
    pub fn to_field(self) -> Fr {
        Fr::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_bit_is_its_own() {
        let bits: BTreeSet<u64> = Kind::ALL
            .into_iter()
            .map(|k| Coverage::kind(k).0)
            .chain(PAIRS.iter().map(|(k, s)| Coverage::pair(*k, *s).unwrap().0))
            .collect();
        assert_eq!(bits.len(), Kind::ALL.len() + PAIRS.len());
        assert!(Coverage::pair(Kind::Immunization, System::Loinc).is_none());
    }

    #[test]
    fn bits_are_where_the_page_has_them() {
        assert_eq!(Coverage::kind(Kind::Demographic), Coverage(1));
        assert_eq!(Coverage::kind(Kind::Genomic), Coverage(1 << 10));
        for (i, (kind, system)) in PAIRS.into_iter().enumerate() {
            let bit = Coverage::pair(kind, system).unwrap();
            assert_eq!((bit.0, bit.to_field()), (1 << (16 + i), Fr::from(1u64 << (16 + i))));
            assert!(Coverage::systems(kind).any(|s| s == system));
        }
        assert_eq!(Kind::ALL.into_iter().flat_map(Coverage::systems).count(), PAIRS.len());
        assert!(!Coverage(0b110).is_subset_of(Coverage(0b011)));
        assert_eq!(Coverage(0b110).union(Coverage(0b011)), Coverage(0b111));
        assert_eq!(Coverage(0b110).without(Coverage(0b011)), Coverage(0b100));
    }

    #[test]
    fn subsets() {
        let a = Coverage::kind(Kind::Condition);
        let b = a.union(Coverage::kind(Kind::Allergy));
        assert!(a.is_subset_of(b) && !b.is_subset_of(a) && Coverage::NONE.is_subset_of(Coverage::NONE));
        assert_eq!(b.without(a), Coverage::kind(Kind::Allergy));
    }
}
