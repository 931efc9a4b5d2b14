//! From a claim and a day to the policy table that the circuit reads.

use crate::calendar;
use crate::codes::Part;
use crate::plan::{Plan, Row, Time};
use crate::spec::{ClaimSpec, Lower, Upper, When};
use alloc::string::String;
use alloc::vec::Vec;
use medproof_statement::codeset::{CodeSet, CodeSetError};
use medproof_statement::day::Day;
use medproof_statement::policy::{Criterion, Header, Policy, PolicyError, SetMismatch, Table};
use medproof_statement::tier::Tier;
use medproof_statement::{Fr, SCHEMA};
use thiserror::Error;

/// Why a claim has no policy for a day, or in a tier.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CompileError {
    /// The day is none of the calendar.
    #[error("{day} is no calendar day: expected one from 1850-01-01 to 9999-12-31")]
    NotADay {
        /// The day.
        day: Day,
    },
    /// A window that ends after the day, when nothing later is known.
    #[error(
        "at {path}: the window ends on {to}, after the day {as_of} for which the claim is made; ask for a later day or end it earlier"
    )]
    WindowAfterAsOf {
        /// Where, as a JSON pointer.
        path: String,
        /// The window's last day.
        to: Day,
        /// The day asked for.
        as_of: Day,
    },
    /// A window without a day.
    #[error("at {path}: the window is empty on {as_of}: it would begin on {from} and end on {to}")]
    EmptyWindow {
        /// Where, as a JSON pointer.
        path: String,
        /// The window's first day.
        from: Day,
        /// The window's last day.
        to: Day,
        /// The day asked for.
        as_of: Day,
    },
    /// A window that ends before days are counted.
    #[error("at {path}: on {as_of} the window or the birth dates would end before 1850-01-01, where our days begin")]
    BeforeCalendar {
        /// Where, as a JSON pointer.
        path: String,
        /// The day asked for.
        as_of: Day,
    },
    /// A tier that is too small whatever the chart.
    #[error(
        "expected at most {rows} rows and {slots} openings in tier {tier}, found {needed_rows} and at least \
         {needed_slots}: use a larger tier"
    )]
    TierTooSmall {
        /// The tier.
        tier: Tier,
        /// Its rows.
        rows: usize,
        /// Its openings.
        slots: usize,
        /// Rows that the claim takes.
        needed_rows: usize,
        /// Openings that it takes at the least.
        needed_slots: usize,
    },
    /// The statement refuses the table.
    #[error(transparent)]
    Table(#[from] PolicyError),
    /// The statement refuses a code set.
    #[error(transparent)]
    CodeSet(#[from] CodeSetError),
    /// The table and the code sets do not belong together.
    #[error(transparent)]
    Sets(#[from] SetMismatch),
}

/// The policy of a plan.
pub(crate) fn compile(
    spec: &ClaimSpec,
    plan: &Plan,
    claim_id: Fr,
    as_of: Day,
    tier: Option<Tier>,
) -> Result<Policy, CompileError> {
    if as_of.to_civil().is_none() {
        return Err(CompileError::NotADay { day: as_of });
    }
    let tier = choose_tier(plan, tier.or(spec.tier))?;
    let issued_min = match spec.issued_within {
        None => Day::MIN,
        Some(period) => calendar::before(as_of, period)
            .ok_or(CompileError::NotADay { day: as_of })?
            .unwrap_or(Day::MIN),
    };
    let header = Header {
        tier,
        claim_id,
        as_of,
        schema: SCHEMA,
        issued_min,
        required_coverage: plan.coverage,
    };
    let mut criteria = Vec::with_capacity(plan.len());
    let mut sets = Vec::with_capacity(plan.len());
    for clause in &plan.clauses {
        for (i, row) in clause.rows.iter().enumerate() {
            let ends = i + 1 == clause.rows.len();
            let (criterion, set) = compile_row(row, as_of, ends.then_some(clause.threshold))?;
            criteria.push(criterion);
            sets.push(set);
        }
    }
    Ok(Policy::new(Table::new(header, criteria)?, sets)?)
}

fn choose_tier(plan: &Plan, fixed: Option<Tier>) -> Result<Tier, CompileError> {
    let candidate = fixed.or_else(|| Tier::ALL.into_iter().find(|tier| plan.fits(*tier)));
    let tier = candidate.unwrap_or(Tier::L);
    if plan.fits(tier) {
        return Ok(tier);
    }
    Err(CompileError::TierTooSmall {
        tier,
        rows: tier.criteria(),
        slots: tier.slots(),
        needed_rows: plan.len(),
        needed_slots: plan.least_slots(),
    })
}

fn compile_row(row: &Row, as_of: Day, threshold: Option<u8>) -> Result<(Criterion, Option<CodeSet>), CompileError> {
    let window = window(row, as_of)?;
    let (concept_lo, concept_hi, set) = match &row.part {
        Part::Interval(lo, hi) => (*lo, *hi, None),
        Part::Set(members) => {
            let set = CodeSet::new(members.iter().copied())?;
            let (first, last) = set.bounds();
            (first, last, Some(set))
        }
    };
    let criterion = Criterion {
        mode: row.mode,
        concept_lo,
        concept_hi,
        set_root: set.as_ref().map(CodeSet::root),
        date_lo: window.from,
        date_hi: window.to,
        active_on: window.active.then_some(as_of),
        either: window.either,
        value: row.value,
        count: row.count,
        min_gap_days: row.min_gap_days,
        threshold,
    };
    Ok((criterion, set))
}

/// A row's time as days.
pub(crate) struct Window {
    pub(crate) from: Day,
    pub(crate) to: Day,
    pub(crate) active: bool,
    pub(crate) either: bool,
}

/// The days of a row's time.
pub(crate) fn window(row: &Row, as_of: Day) -> Result<Window, CompileError> {
    let before = |period| calendar::before(as_of, period).ok_or(CompileError::NotADay { day: as_of });
    let too_early = || CompileError::BeforeCalendar {
        path: row.path.clone(),
        as_of,
    };
    let window = match row.time {
        Time::Born(age) => {
            let (from, to) = calendar::birth_dates(as_of, age).ok_or_else(too_early)?;
            Window {
                from,
                to,
                active: false,
                either: false,
            }
        }
        // Where a window would begin before our days, it begins with them: nothing is dated earlier.
        Time::When(When::ActiveOrWithin(period)) => Window {
            from: before(period)?.unwrap_or(Day::MIN),
            to: as_of,
            active: true,
            either: true,
        },
        Time::When(When::Window { from, to, active }) => Window {
            from: match from {
                None => Day::MIN,
                Some(Lower::From(day)) => day,
                Some(Lower::Within(period)) => before(period)?.unwrap_or(Day::MIN),
            },
            to: match to {
                None => as_of,
                Some(Upper::To(day)) => day,
                Some(Upper::AtLeastAgo(period)) => before(period)?.ok_or_else(too_early)?,
            },
            active,
            either: false,
        },
    };
    let path = || row.path.clone();
    if window.to > as_of {
        let to = window.to;
        return Err(CompileError::WindowAfterAsOf {
            path: path(),
            to,
            as_of,
        });
    }
    if window.from > window.to {
        let Window { from, to, .. } = window;
        return Err(CompileError::EmptyWindow {
            path: path(),
            from,
            to,
            as_of,
        });
    }
    Ok(window)
}
