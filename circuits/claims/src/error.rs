//! Why a claim is refused, where, and what to write instead.

use crate::read::misleads;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::{self, Write as _};
use medproof_statement::concept::{CodeError, Kind, System};
use thiserror::Error;

/// A claim that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimError {
    /// Where, as a JSON pointer (RFC 6901); empty for the whole claim.
    pub path: String,
    /// What is wrong there.
    pub problem: Box<Problem>,
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Line {
            f: &mut *f,
            left: LONGEST,
        };
        let written = if self.path.is_empty() {
            write!(line, "claim: {}", self.problem)
        } else {
            write!(line, "claim, at {}: {}", self.path, self.problem)
        };
        // What did not fit is told by a sign.
        written.or_else(|_| f.write_str("…"))
    }
}

/// Characters of an error at most: it quotes what was written, which may be megabytes.
const LONGEST: usize = 1_500;

// Passes on as much as fits, with nothing that a terminal obeys.
struct Line<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    left: usize,
}

impl fmt::Write for Line<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.f.write_char(if misleads(c) { '?' } else { c })?;
        }
        Ok(())
    }
}

impl core::error::Error for ClaimError {}

/// What is wrong with a claim.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// Not JSON.
    #[error("not JSON: {message}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// More bytes than a claim may have.
    #[error("expected at most {max} bytes, found {found}", max = crate::json::MAX_BYTES)]
    TooLarge {
        /// How many there are.
        found: usize,
    },
    /// Nested too deep.
    #[error("expected arrays and objects to nest at most {max} deep", max = crate::json::MAX_DEPTH)]
    TooDeep,
    /// A key twice in one object.
    #[error("the key `{key}` is written twice")]
    DuplicateKey {
        /// Which.
        key: String,
    },
    /// A key that means nothing here.
    #[error("unknown key `{key}`{}; expected one of: {expected}", did_you_mean(.suggestion))]
    UnknownKey {
        /// Which.
        key: String,
        /// The keys that mean something here.
        expected: String,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// A key that must be there.
    #[error("missing: expected {expected}")]
    Missing {
        /// The key, or keys, in words.
        expected: &'static str,
    },
    /// Keys that exclude one another.
    #[error("{why}")]
    Conflict {
        /// Which, and what to do.
        why: &'static str,
    },
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What belongs here.
        expected: &'static str,
        /// What stands here.
        found: &'static str,
    },
    /// A name that is none of ours.
    #[error("unknown {what} `{found}`{}; expected one of: {expected}", did_you_mean(.suggestion))]
    UnknownName {
        /// Of what it should be a name.
        what: &'static str,
        /// What was written.
        found: String,
        /// The names that there are.
        expected: String,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// A number or a text outside of what is possible.
    #[error("expected {expected}, found {found}")]
    OutOfRange {
        /// What is possible.
        expected: &'static str,
        /// What was written.
        found: String,
    },
    /// A code that does not have its system's shape.
    #[error("`{code}` is {reason}")]
    Code {
        /// The code.
        code: String,
        /// Why it is none.
        reason: CodeError,
    },
    /// A code twice in one list.
    #[error("the code `{code}` is listed twice")]
    DuplicateCode {
        /// The code.
        code: String,
    },
    /// A kind that is never coded in this system.
    #[error("{kind} facts are not coded in {system}; expected one of: {expected}")]
    Pair {
        /// The kind.
        kind: Kind,
        /// The system.
        system: System,
        /// The systems of that kind.
        expected: String,
    },
    /// A unit that does not convert exactly.
    #[error("`{unit}` does not convert exactly to the unit in which {code} is kept; expected one of: {expected}")]
    Unit {
        /// The unit as written.
        unit: String,
        /// The concept's code.
        code: String,
        /// The units that do, the kept one first.
        expected: String,
    },
    /// A quantity of something whose unit is not known.
    #[error("no unit is known for {code}: a quantity of it can be neither read nor asked for")]
    NoUnit {
        /// The concept's code.
        code: String,
    },
    /// A range that no value is in.
    #[error("no value lies in this range")]
    EmptyRange,
    /// A set that no criterion uses.
    #[error("the code set `{name}` is not used by any criterion: use it or remove it")]
    UnusedSet {
        /// Its name.
        name: String,
    },
    /// Something that can be said, but not proved.
    #[error("cannot be expressed: {0}")]
    Inexpressible(#[from] Refusal),
}

impl Problem {
    /// This problem at a place.
    pub fn at(self, path: &str) -> ClaimError {
        ClaimError {
            path: path.to_owned(),
            problem: Box::new(self),
        }
    }
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    match suggestion {
        Some(s) => alloc::format!(" (did you mean `{s}`?)"),
        None => String::new(),
    }
}

/// A criterion that the policy table cannot express, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// `not` around a value.
    #[error(
        "negated value. An unreadable value would count as different. Give the range or the codes that are wanted, or \
         use `none` with this value"
    )]
    NegatedValue,
    /// `not` around a criterion.
    #[error(
        "negated criterion. What cannot be read would count as absent. Use `none` for facts that must not be there, and \
         the opposite range for values"
    )]
    NegatedCriterion,
    /// A group in a group.
    #[error(
        "a group inside a group. Clauses are two levels deep: all clauses hold, each asks for some of its criteria. \
         Multiply it out"
    )]
    NestedGroup,
    /// Several values in LATEST.
    #[error(
        "`or` inside `latest`. The one latest reading is held against one range. Write one `latest` per code and put \
         them under `any`"
    )]
    OrInLatest,
    /// Several codes in LATEST.
    #[error(
        "`latest` over several codes. The latest of one code says nothing about another. Write one `latest` per code, \
         under `any` or `all`"
    )]
    LatestOverSeveralCodes,
    /// LATEST with an end or a state.
    #[error(
        "`latest` with `{key}`. The latest reading is the latest up to the day itself; a later one must not be hidden"
    )]
    LatestWith {
        /// The key.
        key: &'static str,
    },
    /// `active` on what is over at once.
    #[error("`{key}` on {kind} facts. They record a moment and have no end; give a window instead")]
    ActiveMoment {
        /// The key.
        key: &'static str,
        /// The kind.
        kind: Kind,
    },
    /// Counting over several rows.
    #[error(
        "`count` or `min_gap_days` over codes or values that take {rows} rows. Facts are counted within one row; use \
         one list of at most 4095 codes and one value"
    )]
    CountOverRows {
        /// How many rows it takes.
        rows: usize,
    },
    /// Several rows where a criterion counts for one.
    #[error(
        "a criterion of {rows} rows under `at_least`. Each row would count; use one list of at most 4095 codes and one \
         value, or take the criterion out of the group"
    )]
    RowsUnderAtLeast {
        /// How many rows it takes.
        rows: usize,
    },
    /// `none` over several rows where one of several criteria is enough.
    #[error(
        "a `none` of {rows} rows under `any`. All its rows must hold together; use one list of at most 4095 codes, or \
         take the criterion out of the group"
    )]
    NoneUnderAny {
        /// How many rows it takes.
        rows: usize,
    },
    /// A prefix or an interval of numbers.
    #[error(
        "a prefix or an interval in {system}, whose codes are numbers without meaning in their order. List the codes"
    )]
    NumericInterval {
        /// The system.
        system: System,
    },
    /// A quantity over an open range of codes.
    #[error("a quantity over codes that are not listed. Units belong to codes; list them")]
    QuantityOverInterval,
    /// A quantity over codes that are kept in different units.
    #[error("a quantity over codes that are kept in different units. Write one criterion per unit")]
    QuantityOverUnits,
    /// A kind that is not in use yet.
    #[error("facts of the kind {kind}. The kind is reserved: no chart has such facts")]
    ReservedKind {
        /// The kind.
        kind: Kind,
    },
    /// More rows than the largest tier has.
    #[error("{rows} rows. The largest tier has {available}; split the claim in two")]
    TooManyRows {
        /// How many it takes.
        rows: usize,
        /// How many there are.
        available: usize,
    },
    /// More openings than the largest tier has, whatever the chart.
    #[error(
        "at least {slots} openings. The largest tier has {available}; ask for fewer facts or split the claim in two"
    )]
    TooManySlots {
        /// How many it takes at the least.
        slots: usize,
        /// How many there are.
        available: usize,
    },
}
