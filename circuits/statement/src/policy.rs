//! The policy: a header and a table of criteria, with its digest.
//!
//! A [`Table`] is valid by construction: what the relation relies on the compiler for (an empty
//! interval, a count of 0, an open last clause …) cannot be represented.

use crate::Fr;
use crate::codeset::CodeSet;
use crate::concept::Concept;
use crate::coverage::Coverage;
use crate::day::Day;
use crate::hash::{Tag, sponge};
use crate::tier::Tier;
use crate::value::Value;
use alloc::vec::Vec;
use thiserror::Error;

/// Field elements of a header, in the digest's order: version, tier, claim_id, as_of, schema,
/// issued_min, required_coverage.
pub const HEADER_FIELDS: usize = 7;
/// Field elements of a row, in the digest's order: flags, concept_lo, concept_hi, set_root,
/// date_lo, date_hi, active_on, value_lo, value_hi, clause.
pub const ROW_FIELDS: usize = 10;

/// Bits of `flags`, least significant first.
pub mod flags {
    /// mode(2).
    pub const MODE: u32 = 0;
    /// either(1).
    pub const EITHER: u32 = 2;
    /// Whether active_on is set(1).
    pub const HAS_ACTIVE: u32 = 3;
    /// Whether a value is asked for(1).
    pub const HAS_VALUE: u32 = 4;
    /// Whether there is a code set(1).
    pub const HAS_SET: u32 = 5;
    /// Whether min_gap_days > 0 (1).
    pub const SPACED: u32 = 6;
    /// count(8).
    pub const COUNT: u32 = 7;
    /// min_gap_days(16).
    pub const GAP: u32 = 15;
    /// The type of value_lo and value_hi(8).
    pub const VALUE_TYPE: u32 = 31;
    /// Bits in all.
    pub const BITS: u32 = 39;
}

/// Bits of a threshold in `clause` = end_of_clause + 2·threshold.
pub const THRESHOLD_BITS: u32 = 5;

/// What a criterion asks of the facts that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// At least `count` of them, so many days apart.
    AtLeast = 1,
    /// The latest one of a concept is as asked.
    Latest = 2,
    /// There is none.
    None = 3,
}

/// What the whole table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The size of the circuit.
    pub tier: Tier,
    /// D of the readable claim's canonical form.
    pub claim_id: Fr,
    /// The day for which the claim is made.
    pub as_of: Day,
    /// The schema that the record must have.
    pub schema: u64,
    /// The record may not have been read before this day.
    pub issued_min: Day,
    /// For what the chart must be complete.
    pub required_coverage: Coverage,
}

impl Header {
    /// The header's field elements.
    pub fn to_fields(&self) -> [Fr; HEADER_FIELDS] {
        [
            Fr::from(crate::VERSION),
            Fr::from(self.tier.code()),
            self.claim_id,
            Fr::from(self.as_of.0),
            Fr::from(self.schema),
            Fr::from(self.issued_min.0),
            self.required_coverage.to_field(),
        ]
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// AT_LEAST, LATEST or NONE.
    pub mode: Mode,
    /// The least concept asked about.
    pub concept_lo: Concept,
    /// The greatest.
    pub concept_hi: Concept,
    /// Only members of this set count.
    pub set_root: Option<Fr>,
    /// The window's first day.
    pub date_lo: Day,
    /// The window's last day.
    pub date_hi: Day,
    /// The day on which the fact must hold: as_of, or nothing.
    pub active_on: Option<Day>,
    /// Holding on the day *or* dated in the window is enough.
    pub either: bool,
    /// Least and greatest value asked for, of one type.
    pub value: Option<(Value, Value)>,
    /// How many, with AT_LEAST; 1 with LATEST; 0 with NONE.
    pub count: u8,
    /// How many days apart.
    pub min_gap_days: u16,
    /// Set on the last criterion of a clause: at least so many of the clause must hold.
    pub threshold: Option<u8>,
}

impl Criterion {
    /// The packed small fields.
    pub fn flags(&self) -> u64 {
        let value_type = self.value.map_or(0, |(lo, _)| lo.kind().number());
        (self.mode as u64) << flags::MODE
            | u64::from(self.either) << flags::EITHER
            | u64::from(self.active_on.is_some()) << flags::HAS_ACTIVE
            | u64::from(self.value.is_some()) << flags::HAS_VALUE
            | u64::from(self.set_root.is_some()) << flags::HAS_SET
            | u64::from(self.min_gap_days > 0) << flags::SPACED
            | u64::from(self.count) << flags::COUNT
            | u64::from(self.min_gap_days) << flags::GAP
            | u64::from(value_type) << flags::VALUE_TYPE
    }

    /// The row's field elements.
    pub fn to_fields(&self) -> [Fr; ROW_FIELDS] {
        let (value_lo, value_hi) = self.value.unwrap_or((Value::NONE, Value::NONE));
        [
            Fr::from(self.flags()),
            self.concept_lo.to_field(),
            self.concept_hi.to_field(),
            self.set_root.unwrap_or_default(),
            Fr::from(self.date_lo.0),
            Fr::from(self.date_hi.0),
            Fr::from(self.active_on.unwrap_or_default().0),
            value_lo.to_field(),
            value_hi.to_field(),
            Fr::from(self.threshold.map_or(0, |t| 1 + 2 * u64::from(t))),
        ]
    }
}

/// Why a table is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// No criterion at all.
    #[error("a policy needs at least one criterion")]
    Empty,
    /// More criteria than the tier has rows.
    #[error("expected at most {expected} criteria in tier {tier}, found {found}: use a larger tier")]
    TooManyCriteria {
        /// The tier.
        tier: Tier,
        /// Its rows.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A rule that a criterion breaks.
    #[error("criterion {criterion}: {rule}")]
    Criterion {
        /// Counted from 0.
        criterion: usize,
        /// The rule in words.
        rule: &'static str,
    },
    /// The last clause has no end.
    #[error("the last clause is open: the last criterion must end it")]
    OpenClause,
    /// The record could not be older than as_of.
    #[error("issued_min lies after as_of: no record could satisfy it")]
    IssuedAfterAsOf,
}

/// A valid header with its criteria.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    header: Header,
    criteria: Vec<Criterion>,
}

impl Table {
    /// Checks every rule that the relation relies on.
    ///
    /// # Errors
    /// [`PolicyError`] names the criterion and the rule.
    pub fn new(header: Header, criteria: Vec<Criterion>) -> Result<Table, PolicyError> {
        if criteria.is_empty() {
            return Err(PolicyError::Empty);
        }
        if criteria.len() > header.tier.criteria() {
            let (tier, expected) = (header.tier, header.tier.criteria());
            return Err(PolicyError::TooManyCriteria {
                tier,
                expected,
                found: criteria.len(),
            });
        }
        if header.issued_min > header.as_of {
            return Err(PolicyError::IssuedAfterAsOf);
        }
        let mut in_clause = 0;
        for (criterion, row) in criteria.iter().enumerate() {
            let refuse = |rule| Err(PolicyError::Criterion { criterion, rule });
            in_clause += 1;
            if let Err(rule) = check_row(&header, row) {
                return refuse(rule);
            }
            if let Some(threshold) = row.threshold {
                if threshold == 0 {
                    return refuse("a clause's threshold must be at least 1");
                }
                if usize::from(threshold) > in_clause {
                    return refuse("a clause's threshold must not exceed its criteria");
                }
                in_clause = 0;
            }
        }
        if in_clause > 0 {
            return Err(PolicyError::OpenClause);
        }
        Ok(Table { header, criteria })
    }

    /// The header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The criteria in use; the rest of the tier's rows are zero.
    pub fn criteria(&self) -> &[Criterion] {
        &self.criteria
    }

    /// Every row of the tier as field elements, unused ones zero.
    pub fn rows(&self) -> Vec<[Fr; ROW_FIELDS]> {
        let mut rows: Vec<_> = self.criteria.iter().map(Criterion::to_fields).collect();
        rows.resize(self.header.tier.criteria(), [Fr::from(0u64); ROW_FIELDS]);
        rows
    }

    /// policy_digest = H_policy(header, row 0, row 1, …): one element per field, so that no two
    /// tables share a digest.
    pub fn digest(&self) -> Fr {
        let elements: Vec<Fr> = self
            .header
            .to_fields()
            .into_iter()
            .chain(self.rows().into_iter().flatten())
            .collect();
        sponge::<16>(Tag::Policy, &elements)
    }

    /// Whether the clauses hold, given which criteria do.
    pub fn clauses_hold(&self, holds: &[bool]) -> bool {
        let mut in_clause = 0u8;
        self.criteria.iter().zip(holds).all(|(row, holds)| {
            in_clause += u8::from(*holds);
            row.threshold
                .is_none_or(|threshold| core::mem::take(&mut in_clause) >= threshold)
        })
    }
}

fn check_row(header: &Header, row: &Criterion) -> Result<(), &'static str> {
    if row.concept_lo == Concept::ZERO || row.concept_hi == Concept::MAX || row.concept_lo > row.concept_hi {
        return Err("expected a concept interval with 1 ≤ lo ≤ hi ≤ 2^80 − 2");
    }
    if row.date_lo > row.date_hi {
        return Err("the date window is empty");
    }
    if row.date_hi > header.as_of {
        return Err("the date window ends after as_of");
    }
    if row.active_on.is_some_and(|day| day != header.as_of) {
        return Err("active_on can only be as_of");
    }
    if row.either && row.active_on.is_none() {
        return Err("`either` needs active_on");
    }
    if let Some((lo, hi)) = row.value {
        check_values(lo, hi)?;
    }
    match row.mode {
        Mode::AtLeast if row.count == 0 => Err("count must be at least 1"),
        Mode::AtLeast if row.count == 1 && row.min_gap_days > 0 => Err("min_gap_days needs a count of at least 2"),
        Mode::AtLeast => Ok(()),
        Mode::Latest if row.concept_lo != row.concept_hi => Err("LATEST is about one concept"),
        Mode::Latest if row.set_root.is_some() => Err("LATEST takes no code set"),
        Mode::Latest if row.active_on.is_some() => Err("LATEST takes neither active_on nor `either`"),
        Mode::Latest if row.date_hi != header.as_of => Err("LATEST needs a window that ends on as_of"),
        Mode::Latest if row.count != 1 || row.min_gap_days > 0 => Err("LATEST counts 1, without spacing"),
        Mode::Latest => Ok(()),
        Mode::None if row.count != 0 || row.min_gap_days > 0 => Err("NONE takes neither count nor spacing"),
        Mode::None => Ok(()),
    }
}

fn check_values(lo: Value, hi: Value) -> Result<(), &'static str> {
    use crate::value::ValueType;
    if lo.kind() != hi.kind() {
        return Err("the value range must be of one type");
    }
    if lo.kind() == ValueType::NONE || lo.kind() == ValueType::UNKNOWN {
        return Err("no fact can be known to have such a value");
    }
    if lo > hi {
        return Err("the value range is empty");
    }
    Ok(())
}

/// Why a table and its code sets do not belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("criterion {criterion}: expected the code set that its set_root commits to")]
pub struct SetMismatch {
    /// Counted from 0.
    pub criterion: usize,
}

/// A table with the code sets behind its roots: what a prover needs.
#[derive(Clone, Debug)]
pub struct Policy {
    table: Table,
    sets: Vec<Option<CodeSet>>,
}

impl Policy {
    /// Holds each criterion's set against its root.
    ///
    /// # Errors
    /// [`SetMismatch`] names the criterion whose set is missing, too much, or another.
    pub fn new(table: Table, sets: Vec<Option<CodeSet>>) -> Result<Policy, SetMismatch> {
        for (criterion, row) in table.criteria().iter().enumerate() {
            let set = sets.get(criterion).and_then(Option::as_ref);
            if set.map(CodeSet::root) != row.set_root {
                return Err(SetMismatch { criterion });
            }
        }
        if sets.len() > table.criteria().len() {
            return Err(SetMismatch {
                criterion: table.criteria().len(),
            });
        }
        Ok(Policy { table, sets })
    }

    /// The table.
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// The code set of a criterion.
    pub fn set(&self, criterion: usize) -> Option<&CodeSet> {
        self.sets.get(criterion).and_then(Option::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{condition, has, header};
    use alloc::collections::BTreeSet;
    use alloc::vec;

    /// Whoever has the digest has one table: nothing that a table says is left out of its fields.
    #[test]
    fn each_part_of_a_table_is_in_its_fields() {
        let header = header(Tier::S);
        let headers = [
            header,
            Header {
                tier: Tier::M,
                ..header
            },
            Header {
                claim_id: Fr::from(1u64),
                ..header
            },
            Header {
                as_of: Day(1),
                ..header
            },
            Header { schema: 2, ..header },
            Header {
                issued_min: Day(1),
                ..header
            },
            Header {
                required_coverage: Coverage(1),
                ..header
            },
        ];
        let apart: BTreeSet<_> = headers.iter().map(Header::to_fields).collect();
        assert_eq!(apart.len(), headers.len());
        let root = Some(Fr::from(9u64));
        let value = |lo, hi| Some((Value::quantity(lo, false).unwrap(), Value::quantity(hi, false).unwrap()));
        let row = has(condition(10));
        let ranged = Criterion {
            value: value(1, 5),
            ..row
        };
        #[rustfmt::skip]
        let rows = [
            row,
            Criterion { mode: Mode::Latest, ..row },
            Criterion { mode: Mode::None, ..row },
            Criterion { concept_lo: condition(9), ..row },
            Criterion { concept_hi: condition(11), ..row },
            Criterion { set_root: root, ..row },
            Criterion { date_lo: Day(1), ..row },
            Criterion { date_hi: Day(1), ..row },
            Criterion { active_on: Some(Day(1)), ..row },
            Criterion { active_on: Some(Day(1)), either: true, ..row },
            ranged,
            Criterion { value: value(2, 5), ..row },
            Criterion { value: value(1, 6), ..row },
            Criterion { count: 2, ..row },
            Criterion { count: 2, min_gap_days: 3, ..row },
            Criterion { threshold: None, ..row },
            Criterion { threshold: Some(2), ..row },
        ];
        let apart: BTreeSet<_> = rows.iter().map(Criterion::to_fields).collect();
        assert_eq!(apart.len(), rows.len());
    }

    /// clause = end_of_clause + 2·threshold.
    #[test]
    fn the_end_of_a_clause_and_its_threshold_share_a_field() {
        let clause = |threshold| {
            let row = Criterion {
                threshold,
                ..has(condition(10))
            };
            row.to_fields()[ROW_FIELDS - 1]
        };
        assert_eq!([None, Some(1), Some(3)].map(clause), [0u64, 3, 7].map(Fr::from));
    }

    /// As docs/statements/v1.md lays them out.
    #[test]
    fn flags_are_where_the_circuit_reads_them() {
        let kind = |value: Value| u64::from(value.kind().number()) << flags::VALUE_TYPE;
        let value = Value::quantity(1, false).unwrap();
        let row = Criterion {
            mode: Mode::None,
            either: true,
            active_on: Some(Day(1)),
            value: Some((value, value)),
            set_root: Some(Fr::from(9u64)),
            count: 5,
            min_gap_days: 300,
            ..has(condition(10))
        };
        let bits = [
            flags::EITHER,
            flags::HAS_ACTIVE,
            flags::HAS_VALUE,
            flags::HAS_SET,
            flags::SPACED,
        ];
        let single: u64 = bits.iter().map(|bit| 1 << bit).sum();
        let expected = Mode::None as u64 + single + (5 << flags::COUNT) + (300 << flags::GAP) + kind(value);
        assert_eq!(row.flags(), expected);
        assert_eq!(has(condition(10)).flags(), Mode::AtLeast as u64 + (1 << flags::COUNT));
    }

    #[test]
    fn the_digest_is_that_of_all_fields() {
        let table = Table::new(header(Tier::Xs), vec![has(condition(10))]).unwrap();
        let mut fields = table.header().to_fields().to_vec();
        fields.extend(has(condition(10)).to_fields());
        fields.extend([Fr::from(0u64); ROW_FIELDS]);
        assert_eq!(
            table.digest(),
            crate::poseidon2::hash::<16>(Tag::Policy as u64, &fields)
        );
    }

    fn refusal(change: impl FnOnce(&mut Criterion)) -> Option<&'static str> {
        let mut row = has(condition(10));
        change(&mut row);
        check_row(&header(Tier::S), &row).err()
    }

    fn quantity(x: i128) -> Value {
        Value::quantity(x, false).unwrap()
    }

    #[test]
    fn intervals_windows_and_values_are_as_wide_as_they_may_be() {
        let as_of = header(Tier::S).as_of;
        assert_eq!(refusal(|_| ()), None);
        let concept = |bits| Concept::from_bits(bits).unwrap();
        assert_eq!(refusal(|row| row.concept_lo = concept(1)), None);
        assert_eq!(refusal(|row| row.concept_hi = concept(Concept::MAX.bits() - 1)), None);
        let interval = "expected a concept interval";
        for (lo, hi) in [
            (Concept::ZERO, condition(10)),
            (condition(10), Concept::MAX),
            (condition(11), condition(10)),
        ] {
            let error = refusal(|row| (row.concept_lo, row.concept_hi) = (lo, hi)).unwrap();
            assert!(error.starts_with(interval), "{error}");
        }
        let window = |lo, hi| refusal(|row| (row.date_lo, row.date_hi) = (lo, hi));
        assert_eq!(window(as_of, as_of), None);
        assert_eq!(window(Day(8), Day(7)), Some("the date window is empty"));
        let after = Some("the date window ends after as_of");
        assert_eq!(window(as_of, Day(as_of.0 + 1)), after);
        let active = |day, either| refusal(|row| (row.active_on, row.either) = (day, either));
        assert_eq!((active(Some(as_of), false), active(Some(as_of), true)), (None, None));
        let other = Some("active_on can only be as_of");
        assert_eq!(active(Some(Day(as_of.0 - 1)), false), other);
        assert_eq!(active(None, true), Some("`either` needs active_on"));
        let range = |lo, hi| refusal(|row| row.value = Some((lo, hi)));
        assert_eq!(range(quantity(5), quantity(5)), None);
        assert_eq!(range(quantity(6), quantity(5)), Some("the value range is empty"));
        let mixed = Some("the value range must be of one type");
        assert_eq!(range(quantity(5), Value::boolean(true)), mixed);
        let unknowable = Some("no fact can be known to have such a value");
        assert_eq!(range(Value::NONE, Value::NONE), unknowable);
        assert_eq!(range(Value::UNKNOWN, Value::UNKNOWN), unknowable);
    }

    #[test]
    fn each_mode_takes_what_it_can_mean() {
        let as_of = header(Tier::S).as_of;
        let at_least = |count, min_gap_days| refusal(|row| (row.count, row.min_gap_days) = (count, min_gap_days));
        assert_eq!(
            [at_least(1, 0), at_least(2, 0), at_least(2, 1), at_least(255, 9)],
            [None; 4]
        );
        assert_eq!(at_least(0, 0), Some("count must be at least 1"));
        assert_eq!(at_least(1, 1), Some("min_gap_days needs a count of at least 2"));
        let latest = |change: fn(&mut Criterion, Day)| {
            refusal(|row| {
                row.mode = Mode::Latest;
                change(row, as_of);
            })
        };
        assert_eq!(latest(|_, _| ()), None);
        let one = Some("LATEST is about one concept");
        assert_eq!(latest(|row, _| row.concept_hi = condition(11)), one);
        let no_set = Some("LATEST takes no code set");
        assert_eq!(latest(|row, _| row.set_root = Some(Fr::from(1u64))), no_set);
        let no_activity = Some("LATEST takes neither active_on nor `either`");
        assert_eq!(latest(|row, as_of| row.active_on = Some(as_of)), no_activity);
        let to_the_end = Some("LATEST needs a window that ends on as_of");
        assert_eq!(latest(|row, as_of| row.date_hi = Day(as_of.0 - 1)), to_the_end);
        let once = Some("LATEST counts 1, without spacing");
        for (count, gap) in [(0, 0), (2, 0), (1, 1), (2, 1)] {
            let error = refusal(|row| (row.mode, row.count, row.min_gap_days) = (Mode::Latest, count, gap));
            assert_eq!(error, once);
        }
        let none = |count, gap| refusal(|row| (row.mode, row.count, row.min_gap_days) = (Mode::None, count, gap));
        assert_eq!(none(0, 0), None);
        let bare = Some("NONE takes neither count nor spacing");
        assert_eq!([none(1, 0), none(0, 1), none(1, 1)], [bare; 3]);
    }
}
