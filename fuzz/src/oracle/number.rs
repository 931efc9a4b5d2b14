//! Decimal numbers once more, with integers that have no width.

use num_bigint::BigInt;

/// A decimal number as a numerator and the power of ten that divides it.
#[derive(Clone, Debug)]
pub struct Ratio {
    num: BigInt,
    den: BigInt,
}

impl Ratio {
    /// Reads JSON's numbers, of any length; exponents to 9,999.
    pub fn parse(text: &str) -> Option<Ratio> {
        serde_json::from_str::<&serde_json::value::RawValue>(text).ok()?;
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().ok().filter(|e: &i64| e.abs() <= 9_999)?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
        let exponent = exponent - i64::try_from(fraction.len()).ok()?;
        let power = BigInt::from(10).pow(u32::try_from(exponent.abs()).ok()?);
        let (num, den) = if exponent < 0 {
            (digits, power)
        } else {
            (digits * power, BigInt::from(1))
        };
        Some(Ratio { num, den })
    }

    /// ⌊(x·num/den + offset_num/offset_den)·10^6⌋, and whether something was cut off.
    pub fn on_grid(&self, num: i128, den: i128, offset_num: i128, offset_den: i128) -> (BigInt, bool) {
        let top = &self.num * num * offset_den + &self.den * den * offset_num;
        let bottom = &self.den * den * offset_den;
        let top: BigInt = top * 1_000_000;
        let zero = BigInt::from(0);
        let mut floor = &top / &bottom;
        let exact = &floor * &bottom == top;
        if !exact && top < zero {
            floor -= 1;
        }
        (floor, !exact)
    }

    /// Digits from the first to the last that is not 0.
    pub fn significant(text: &str) -> usize {
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').len()
    }
}
