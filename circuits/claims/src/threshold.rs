//! Values that are asked for become ranges of the 74 bits that a fact commits to.
//!
//! A fact holds ⌊x·10^6⌋ and whether something was cut off, so a threshold on the grid of 10^-6 is
//! compared exactly, with its end in or out. Between two grid points a fact cannot be placed: a
//! threshold there moves inward where facts must match, and outward where none may.

use crate::codes::{Part, distinct};
use crate::error::{ClaimError, Problem, Refusal};
use crate::spec::{Bound, Coding, Wanted};
use crate::words;
use alloc::vec;
use alloc::vec::Vec;
use medproof_statement::concept::{Code, Concept, System};
use medproof_statement::units::{Conversion, accepted_units, canonical_unit, conversion};
use medproof_statement::value::{Value, ValueType};

/// Least and greatest value, of one type.
pub(crate) type Range = (Value, Value);

/// What the range is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Facts in it count: what may lie outside must not.
    Inclusion,
    /// Facts in it must not be there: what may lie inside must not either.
    Exclusion,
}

/// The ranges of which one must hold (inclusion) or none (exclusion).
pub(crate) fn ranges(wanted: &Wanted, parts: &[Part], use_: Use, path: &str) -> Result<Vec<Range>, ClaimError> {
    match wanted {
        Wanted::Quantity { unit, lower, upper } => {
            let conversion = common_conversion(parts, unit, path)?;
            let range = quantity(conversion, lower.as_ref(), upper.as_ref(), use_, path)?;
            Ok(vec![range])
        }
        Wanted::Coded { system, any_of } => coded(*system, any_of, path),
        Wanted::Boolean(b) => Ok(vec![(Value::boolean(*b), Value::boolean(*b))]),
        Wanted::Pseudonym(bits) => Ok(vec![(Value::pseudonym(*bits), Value::pseudonym(*bits))]),
    }
}

fn coded(system: System, any_of: &[Coding], path: &str) -> Result<Vec<Range>, ClaimError> {
    let value = |code: &str| Code::parse(system, code).map(|code| Value::coded(system, code));
    let values = distinct(any_of, path, value)?;
    Ok(values.into_iter().map(|v| (v, v)).collect())
}

// How the unit converts, which must be the same for every code.
fn common_conversion(parts: &[Part], unit: &str, path: &str) -> Result<Conversion, ClaimError> {
    let mut common: Option<(&str, Conversion)> = None;
    for concept in listed(parts).ok_or_else(|| Problem::from(Refusal::QuantityOverInterval).at(path))? {
        let code = || words::code(concept);
        let Some(canonical) = canonical_unit(concept) else {
            return Err(Problem::NoUnit { code: code() }.at(path));
        };
        let Some(this) = conversion(concept, unit) else {
            let problem = Problem::Unit {
                unit: unit.into(),
                code: code(),
                expected: accepted_units(concept).collect::<Vec<_>>().join(", "),
            };
            return Err(problem.at(path));
        };
        if *common.get_or_insert((canonical, this)) != (canonical, this) {
            return Err(Problem::from(Refusal::QuantityOverUnits).at(path));
        }
    }
    let (_, conversion) = common.ok_or(
        Problem::Missing {
            expected: "at least one code",
        }
        .at(path),
    )?;
    Ok(conversion)
}

fn listed(parts: &[Part]) -> Option<Vec<Concept>> {
    let mut concepts = Vec::new();
    for part in parts {
        match part {
            Part::Interval(lo, hi) if lo == hi => concepts.push(*lo),
            Part::Interval(..) => return None,
            Part::Set(members) => concepts.extend(members),
        }
    }
    Some(concepts)
}

fn quantity(
    conversion: Conversion,
    lower: Option<&Bound>,
    upper: Option<&Bound>,
    use_: Use,
    path: &str,
) -> Result<Range, ClaimError> {
    let out_of_range = |bound: &Bound| {
        Problem::OutOfRange {
            expected: "a number between −4.6·10^12 and 3.2·10^13 in the unit in which the code is kept",
            found: bound.limit.text().into(),
        }
        .at(path)
    };
    let end = |bound: Option<&Bound>, open: Value, place: fn(Placed, Use) -> Option<Value>| match bound {
        None => Ok(open),
        Some(bound) => conversion
            .to_grid(bound.limit.decimal())
            .and_then(|(floor, between)| {
                let inclusive = bound.inclusive;
                place(
                    Placed {
                        floor,
                        between,
                        inclusive,
                    },
                    use_,
                )
            })
            .ok_or_else(|| out_of_range(bound)),
    };
    let lo = end(lower, Value::least(ValueType::QUANTITY), least)?;
    let hi = end(upper, Value::greatest(ValueType::QUANTITY), greatest)?;
    if lo > hi {
        return Err(Problem::EmptyRange.at(path));
    }
    Ok((lo, hi))
}

// A threshold on the grid, or between `floor` and the next point.
struct Placed {
    floor: i128,
    between: bool,
    inclusive: bool,
}

fn least(t: Placed, use_: Use) -> Option<Value> {
    match (t.between, use_, t.inclusive) {
        (true, Use::Inclusion, _) => Value::quantity(t.floor + 1, false),
        (true, Use::Exclusion, _) => Value::quantity(t.floor, true),
        (false, _, true) => Value::quantity(t.floor, false),
        (false, _, false) => Value::quantity(t.floor, true), // the least that is greater
    }
}

fn greatest(t: Placed, use_: Use) -> Option<Value> {
    match (t.between, use_, t.inclusive) {
        (true, Use::Inclusion, _) => Value::quantity(t.floor, false),
        (true, Use::Exclusion, _) => Value::quantity(t.floor, true),
        (false, _, true) => Value::quantity(t.floor, false),
        (false, _, false) => Value::quantity(t.floor - 1, true), // the greatest that is less
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Number;
    use medproof_statement::concept::Kind;
    use medproof_statement::units::Decimal;
    use proptest::prelude::*;

    fn bound(text: &str, inclusive: bool) -> Option<Bound> {
        let limit = Number::parse(text).unwrap();
        Some(Bound { limit, inclusive })
    }

    fn range(lower: Option<Bound>, upper: Option<Bound>, use_: Use) -> Result<Range, ClaimError> {
        quantity(Conversion::IDENTITY, lower.as_ref(), upper.as_ref(), use_, "")
    }

    fn value(text: &str) -> Value {
        Conversion::IDENTITY.to_value(Decimal::parse(text).unwrap()).unwrap()
    }

    fn holds((lo, hi): Range, x: &str) -> bool {
        (lo..=hi).contains(&value(x))
    }

    #[test]
    fn on_the_grid_both_uses_are_exact() {
        for use_ in [Use::Inclusion, Use::Exclusion] {
            let closed = range(bound("7.0", true), bound("10.5", true), use_).unwrap();
            for inside in ["7", "7.000000000001", "10.4999999999", "10.5"] {
                assert!(holds(closed, inside), "{inside}");
            }
            for outside in ["6.9999999999999", "10.50000000001", "-7"] {
                assert!(!holds(closed, outside), "{outside}");
            }
            let open = range(bound("7.0", false), bound("10.5", false), use_).unwrap();
            for inside in ["7.000000000001", "10.4999999999"] {
                assert!(holds(open, inside), "{inside}");
            }
            for outside in ["7", "10.5"] {
                assert!(!holds(open, outside), "{outside}");
            }
        }
    }

    #[test]
    fn off_the_grid_inclusion_shrinks_and_exclusion_grows() {
        let (lower, upper) = (|i| bound("7.0000005", i), |i| bound("7.0000025", i));
        for end in [true, false] {
            let inside = range(lower(end), upper(end), Use::Inclusion).unwrap();
            assert!(holds(inside, "7.000001") && holds(inside, "7.000002") && holds(inside, "7.0000015"));
            assert!(!holds(inside, "7.0000007") && !holds(inside, "7.0000021"));
            let outside = range(lower(end), upper(end), Use::Exclusion).unwrap();
            assert!(holds(outside, "7.0000001") && holds(outside, "7.0000029"));
            assert!(!holds(outside, "7") && !holds(outside, "7.000003"));
        }
    }

    #[test]
    fn empty_ranges_are_refused() {
        for (lo, lo_in, hi, hi_in) in [("8", true, "7", true), ("7", false, "7", true), ("7", true, "7", false)] {
            assert_eq!(
                *range(bound(lo, lo_in), bound(hi, hi_in), Use::Inclusion)
                    .unwrap_err()
                    .problem,
                Problem::EmptyRange
            );
        }
        assert!(range(bound("7", true), bound("7", true), Use::Inclusion).is_ok());
        let between = |use_| range(bound("7.0000001", true), bound("7.0000009", true), use_);
        assert_eq!(*between(Use::Inclusion).unwrap_err().problem, Problem::EmptyRange);
        assert!(between(Use::Exclusion).is_ok());
    }

    #[test]
    fn thresholds_that_no_fact_can_hold_are_refused() {
        for text in ["1e14", "-1e13", "1e300", "1e-300"] {
            let found = *range(bound(text, true), None, Use::Inclusion).unwrap_err().problem;
            assert!(matches!(found, Problem::OutOfRange { .. }), "{text}");
        }
    }

    proptest! {
        // Inclusion never holds for a reading that is outside; exclusion never misses one inside.
        #[test]
        fn rounding_is_on_the_safe_side(
            x in -3_000_000_000i64..3_000_000_000, lo in -3_000_000_000i64..3_000_000_000, width in 0i64..2_000_000_000,
            lo_in: bool, hi_in: bool,
        ) {
            // Nine decimal places: three beyond the grid.
            let text = |n: i64| std::format!("{n}e-9");
            let hi = lo + width;
            let truly = (if lo_in { lo <= x } else { lo < x }) && (if hi_in { x <= hi } else { x < hi });
            let asked = |use_| range(bound(&text(lo), lo_in), bound(&text(hi), hi_in), use_);
            if let Ok(inside) = asked(Use::Inclusion) {
                prop_assert!(truly || !holds(inside, &text(x)));
            }
            match asked(Use::Exclusion) {
                Ok(outside) => prop_assert!(!truly || holds(outside, &text(x))),
                Err(_) => prop_assert!(!truly),
            }
        }
    }

    #[test]
    fn units_convert_exactly_or_are_refused() {
        let loinc = |code| Concept::parse(Kind::Observation, System::Loinc, code).unwrap();
        let one = |code| [Part::Interval(loinc(code), loinc(code))];
        let asked = |parts: &[Part], unit: &str| {
            let wanted = Wanted::Quantity {
                unit: unit.into(),
                lower: bound("154", true),
                upper: None,
            };
            ranges(&wanted, parts, Use::Inclusion, "")
        };
        assert_eq!(
            asked(&one("29463-7"), "[lb_av]").unwrap()[0].0,
            Value::quantity(69_853_225, false).unwrap() // 69.85322498 kg, moved inward
        );
        let problem = |parts: &[Part], unit: &str| *asked(parts, unit).unwrap_err().problem;
        assert!(matches!(problem(&one("33914-3"), "mL/min"), Problem::Unit { .. }));
        assert!(matches!(problem(&one("72166-2"), "%"), Problem::NoUnit { .. }));
        let of_two_units = [Part::Set(vec![loinc("4548-4"), loinc("29463-7")])];
        assert!(matches!(problem(&of_two_units, "%"), Problem::Unit { .. }));
        let whole = Concept::whole(Kind::Observation, System::Loinc);
        assert_eq!(
            problem(&[Part::Interval(whole.0, whole.1)], "%"),
            Refusal::QuantityOverInterval.into()
        );
        // Cholesterol is kept in mg/dL, globulin in g/L: both accept g/L, but not alike.
        let of_two_kept = [Part::Set(vec![loinc("2093-3"), loinc("10834-0")])];
        assert_eq!(problem(&of_two_kept, "g/L"), Refusal::QuantityOverUnits.into());
        assert!(asked(&[Part::Set(vec![loinc("2093-3"), loinc("2085-9")])], "g/L").is_ok());
    }
}
