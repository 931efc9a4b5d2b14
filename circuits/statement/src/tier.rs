//! Size tiers: one circuit source, four sizes, one setup each.

use core::fmt;
use thiserror::Error;

/// A size of the circuit: how many criteria a policy may have and how many openings prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// 2 criteria, 2 slots.
    Xs,
    /// 4 criteria, 7 slots.
    S,
    /// 8 criteria, 19 slots.
    M,
    /// 16 criteria, 40 slots.
    L,
}

/// A tier's name that is none of XS, S, M, L.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a tier XS, S, M or L")]
pub struct UnknownTier;

impl Tier {
    /// All tiers, smallest first.
    pub const ALL: [Tier; 4] = [Tier::Xs, Tier::S, Tier::M, Tier::L];

    /// Rows of the policy table.
    pub const fn criteria(self) -> usize {
        match self {
            Tier::Xs => 2,
            Tier::S => 4,
            Tier::M => 8,
            Tier::L => 16,
        }
    }

    /// Openings.
    pub const fn slots(self) -> usize {
        match self {
            Tier::Xs => 2,
            Tier::S => 7,
            Tier::M => 19,
            Tier::L => 40,
        }
    }

    /// log2 of the evaluation domain that the circuit must fit: constraints + inputs ≤ 2^k.
    pub const fn log_domain(self) -> u32 {
        match self {
            Tier::Xs => 14,
            Tier::S => 15,
            Tier::M => 16,
            Tier::L => 17,
        }
    }

    /// The number in the policy's header.
    pub const fn code(self) -> u64 {
        match self {
            Tier::Xs => 1,
            Tier::S => 2,
            Tier::M => 3,
            Tier::L => 4,
        }
    }

    /// The tier of a number in a header.
    pub fn from_code(code: u64) -> Option<Tier> {
        Tier::ALL.into_iter().find(|t| t.code() == code)
    }

    /// XS, S, M or L.
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Xs => "XS",
            Tier::S => "S",
            Tier::M => "M",
            Tier::L => "L",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl core::str::FromStr for Tier {
    type Err = UnknownTier;
    fn from_str(s: &str) -> Result<Tier, UnknownTier> {
        Tier::ALL.into_iter().find(|t| t.name() == s).ok_or(UnknownTier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn sizes_numbers_and_names_are_the_published_ones() {
        let published = [
            ("XS", 1, 2, 2, 14),
            ("S", 2, 4, 7, 15),
            ("M", 3, 8, 19, 16),
            ("L", 4, 16, 40, 17),
        ];
        for (tier, (name, code, criteria, slots, log_domain)) in Tier::ALL.into_iter().zip(published) {
            assert_eq!((tier.name(), tier.to_string().as_str()), (name, name));
            assert_eq!((tier.code(), tier.criteria(), tier.slots()), (code, criteria, slots));
            assert_eq!(tier.log_domain(), log_domain);
            assert_eq!((name.parse(), Tier::from_code(code)), (Ok(tier), Some(tier)));
        }
        assert_eq!("xs".parse::<Tier>(), Err(UnknownTier));
        assert_eq!((Tier::from_code(0), Tier::from_code(5)), (None, None));
    }
}
