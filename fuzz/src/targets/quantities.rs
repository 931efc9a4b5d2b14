//! Decimal numbers and units: the grid as integers without a width compute it.

use crate::oracle::number::Ratio;
use crate::target::Verdict;
use medproof_statement::concept::{Concept, Kind, System};
use medproof_statement::units::{Decimal, accepted_units, canonical_unit, conversion};
use medproof_statement::value::Value;
use num_bigint::BigInt;

/// Lines: a LOINC code, a unit, a number.
pub fn quantities(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else {
        return Verdict::Refused;
    };
    let mut lines = text.splitn(3, '\n');
    let (code, unit, number) = (lines.next(), lines.next(), lines.next());
    let number = number.unwrap_or_default();
    let Some(decimal) = read(number) else {
        return Verdict::Refused;
    };
    let Ok(concept) = Concept::parse(Kind::Observation, System::Loinc, code.unwrap_or_default()) else {
        return Verdict::Refused;
    };
    let unit = unit.unwrap_or_default();
    let Some(conversion) = conversion(concept, unit) else {
        assert!(accepted_units(concept).all(|accepted| accepted != unit));
        return Verdict::Refused;
    };
    assert!(canonical_unit(concept).is_some() && accepted_units(concept).any(|accepted| accepted == unit));
    let exact = Ratio::parse(number).expect("a number is a number");
    let expected = exact.on_grid(
        conversion.num,
        conversion.den,
        conversion.offset_num,
        conversion.offset_den,
    );
    match conversion.to_grid(decimal) {
        Some((floor, inexact)) => {
            assert_eq!((BigInt::from(floor), inexact), expected, "{number} {unit}");
            let value = Value::quantity(floor, inexact);
            assert_eq!(conversion.to_value(decimal), value);
            let v = BigInt::from(2) * floor + i32::from(inexact) + (BigInt::from(1) << 63u32);
            let fits = v >= BigInt::from(0) && v < (BigInt::from(1) << 66u32);
            assert_eq!(value.map(|value| BigInt::from(value.v())), fits.then_some(v));
        }
        // Short numbers always have a place.
        None => assert!(number.len() > 12 || number.contains(['e', 'E']), "{number} {unit}"),
    }
    Verdict::Accepted
}

fn read(number: &str) -> Option<Decimal> {
    let decimal = Decimal::parse(number);
    let grammar = number.trim() == number && serde_json::from_str::<&serde_json::value::RawValue>(number).is_ok();
    let is_number = grammar && number.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    if decimal.is_some() {
        assert!(is_number, "a number that is none in JSON: {number:?}");
        assert!(Ratio::significant(number) <= 60);
    } else if is_number {
        let exponent = number.split_once(['e', 'E']).map_or("0", |(_, e)| e);
        let exponent = exponent.trim_start_matches(['+', '-']);
        let small = exponent.len() <= 3 && exponent.parse::<u32>().is_ok_and(|e| e <= 400);
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        assert!(!small || digits > 30, "a number that is refused: {number:?}");
    }
    decimal
}
