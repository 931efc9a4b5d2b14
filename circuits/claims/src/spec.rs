//! The parts of a claim as its author writes them: plain data, turned into a
//! [`Claim`](crate::Claim) by [`Claim::new`](crate::Claim::new), which checks it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use medproof_statement::concept::{Kind, System};
use medproof_statement::day::Day;
use medproof_statement::tier::Tier;
use medproof_statement::units::Decimal;

/// A whole claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimSpec {
    /// What it is called.
    pub title: String,
    /// What it is for, in the author's words.
    pub description: Option<String>,
    /// The record must have been read from the chart within this time before the day.
    pub issued_within: Option<Period>,
    /// The size of the proof, where the author fixes it.
    pub tier: Option<Tier>,
    /// Lists of codes that criteria refer to by name.
    pub code_sets: BTreeMap<String, NamedSet>,
    /// All of these must hold.
    pub clauses: Vec<Clause>,
}

/// A list of codes with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSet {
    /// What the codes have in common.
    pub title: Option<String>,
    /// Who made the list.
    pub source: String,
    /// Which state of it this is.
    pub version: String,
    /// The codes themselves; never by reference to another set.
    pub codes: Vec<CodeGroup>,
}

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// A single criterion.
    One(Box<Criterion>),
    /// Some of several.
    Group(Group),
}

/// Some of several criteria.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The author's name for it.
    pub label: Option<String>,
    /// How many must hold.
    pub rule: Rule,
    /// The criteria.
    pub of: Vec<Criterion>,
}

/// How many criteria of a group must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Every one.
    All,
    /// At least one.
    Any,
    /// At least so many.
    AtLeast(u8),
}

/// A criterion with the author's name for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// The author's name for it.
    pub label: Option<String>,
    /// What must hold.
    pub test: Test,
}

/// What a criterion asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Completed years of age on the day.
    Age(Age),
    /// Administrative sex.
    Sex(Sex),
    /// No death is recorded.
    NotDeceased,
    /// Facts that are there.
    Has(Has),
    /// The latest reading.
    Latest(Latest),
    /// Facts that are not there.
    None(Absent),
}

/// Completed years of age on the day, both ends included. Who was born on 29 February completes
/// a year on 1 March where there is no such day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// At least so many.
    pub at_least: Option<u16>,
    /// At most so many.
    pub at_most: Option<u16>,
}

/// Administrative sex, as FHIR's Patient.gender. Its fourth value, unknown, shows nothing and
/// cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// male
    Male,
    /// female
    Female,
    /// other
    Other,
}

/// Facts that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Has {
    /// Of which kind.
    pub kind: Kind,
    /// Coded how.
    pub codes: Codes,
    /// When.
    pub when: When,
    /// With what value.
    pub value: Option<Wanted>,
    /// At least so many.
    pub count: u8,
    /// So many days between each and the next.
    pub min_gap_days: u16,
}

/// Facts that must not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Of which kind.
    pub kind: Kind,
    /// Coded how.
    pub codes: Codes,
    /// When.
    pub when: When,
    /// With what value.
    pub value: Option<Wanted>,
}

/// The latest reading of one concept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// Of which kind.
    pub kind: Kind,
    /// Exactly one code.
    pub codes: Codes,
    /// Not before.
    pub since: Option<Lower>,
    /// With what value.
    pub value: Wanted,
}

/// How the facts that a criterion is about are coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codes {
    /// Every code of every system of the kind.
    All,
    /// The union of these.
    Groups(Vec<CodeGroup>),
}

/// Some codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeGroup {
    /// A set of [`ClaimSpec::code_sets`].
    Set(String),
    /// Codes of one system.
    In(System, Members),
}

/// Some codes of one system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// Every one.
    All,
    /// These.
    Listed(Vec<Coding>),
    /// All that begin with this. Only where codes are text.
    Prefix(Coding),
    /// From the first of these (with what begins with it) to the last (likewise). Only where
    /// codes are text.
    Range {
        /// The first.
        from: String,
        /// The last.
        to: String,
        /// What they have in common.
        display: Option<String>,
    },
}

/// A code and what it means in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coding {
    /// The code.
    pub code: String,
    /// What it means; for readers only.
    pub display: Option<String>,
}

/// When the facts of a criterion lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Dated in this window, and, if asked, holding on the day.
    Window {
        /// Not before; without it, since ever.
        from: Option<Lower>,
        /// Not after; without it, the day.
        to: Option<Upper>,
        /// Must they hold on the day as well?
        active: bool,
    },
    /// Holding on the day, or dated so short a time before it.
    ActiveOrWithin(Period),
}

impl When {
    /// At any time up to the day.
    pub const EVER: When = When::Window {
        from: None,
        to: None,
        active: false,
    };
    /// Holding on the day.
    pub const ACTIVE: When = When::Window {
        from: None,
        to: None,
        active: true,
    };

    /// At most so long before the day.
    pub const fn within(period: Period) -> When {
        When::Window {
            from: Some(Lower::Within(period)),
            to: None,
            active: false,
        }
    }
}

/// A window's first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lower {
    /// So long before the day, that day included.
    Within(Period),
    /// This day.
    From(Day),
}

/// A window's last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upper {
    /// So long before the day, that day included.
    AtLeastAgo(Period),
    /// This day.
    To(Day),
}

/// A stretch of the calendar: years and months first, then days. A month before 31 March is the
/// last day of February.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// Years.
    pub years: u16,
    /// Months.
    pub months: u16,
    /// Days.
    pub days: u32,
}

impl Period {
    /// So many days.
    pub const fn days(days: u32) -> Period {
        Period {
            years: 0,
            months: 0,
            days,
        }
    }

    /// So many months.
    pub const fn months(months: u16) -> Period {
        Period {
            years: 0,
            months,
            days: 0,
        }
    }

    /// So many years.
    pub const fn years(years: u16) -> Period {
        Period {
            years,
            months: 0,
            days: 0,
        }
    }
}

/// The value that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A quantity in a range.
    Quantity {
        /// The UCUM unit of both ends.
        unit: String,
        /// The least.
        lower: Option<Bound>,
        /// The greatest.
        upper: Option<Bound>,
    },
    /// One of these codes.
    Coded {
        /// The codes' system.
        system: System,
        /// The codes.
        any_of: Vec<Coding>,
    },
    /// True or false.
    Boolean(bool),
    /// A keyed member pseudonym.
    Pseudonym(u64),
}

/// An end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The number.
    pub limit: Number,
    /// Whether the number itself is in.
    pub inclusive: bool,
}

/// A decimal, kept as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    text: String,
    decimal: Decimal,
}

impl Number {
    /// Reads a number in JSON's grammar. `None` where it is none, or too long.
    pub fn parse(text: &str) -> Option<Number> {
        Decimal::parse(text).map(|decimal| Number {
            text: text.to_string(),
            decimal,
        })
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number.
    pub const fn decimal(&self) -> Decimal {
        self.decimal
    }
}

impl Sex {
    /// All of them.
    pub const ALL: [Sex; 3] = [Sex::Male, Sex::Female, Sex::Other];

    /// The name in a claim.
    pub const fn name(self) -> &'static str {
        match self {
            Sex::Male => "male",
            Sex::Female => "female",
            Sex::Other => "other",
        }
    }

    /// The internal code that the importer gives it.
    pub const fn code(self) -> &'static str {
        match self {
            Sex::Male => "MALE",
            Sex::Female => "FEMALE",
            Sex::Other => "OTHER",
        }
    }
}

impl Coding {
    /// A code without words.
    pub fn bare(code: &str) -> Coding {
        Coding {
            code: code.to_string(),
            display: None,
        }
    }

    /// A code with what it means.
    pub fn new(code: &str, display: &str) -> Coding {
        Coding {
            code: code.to_string(),
            display: Some(display.to_string()),
        }
    }
}

impl From<Test> for Criterion {
    fn from(test: Test) -> Criterion {
        Criterion { label: None, test }
    }
}

impl Criterion {
    /// With the author's name for it.
    #[must_use]
    pub fn labelled(self, label: &str) -> Criterion {
        Criterion {
            label: Some(label.to_string()),
            ..self
        }
    }
}

impl<T: Into<Criterion>> From<T> for Clause {
    fn from(criterion: T) -> Clause {
        Clause::One(Box::new(criterion.into()))
    }
}
