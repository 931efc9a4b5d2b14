//! The power that makes a pairing's value one: (p¹² - 1)/r, or a multiple of it.

use ark_bn254::{Config, Fq12};
use ark_ec::bn::BnConfig;
use ark_ff::{CyclotomicMultSubgroup, Field};

/// To the power 2x(6x² + 3x + 1)·(p¹² - 1)/r (Fuentes-Castañeda, Knapp, Rodríguez-Henríquez, *Faster hashing to G2*, SAC 2011,
/// §4), as arkworks takes it; none of 0, which no Miller loop gives.
pub(crate) fn final_exponentiation(f: &Fq12) -> Option<Fq12> {
    let mut easy = conjugate(f) * f.inverse()?;
    let mut twice = easy;
    twice.frobenius_map_in_place(2);
    easy *= twice;

    let power_0 = times_minus_x(&easy);
    let power_1 = power_0.cyclotomic_square();
    let power_3 = power_1.cyclotomic_square() * power_1;
    let power_4 = times_minus_x(&power_3);
    let power_6 = conjugate(&times_minus_x(&power_4.cyclotomic_square()));
    let mut power_8 = power_6 * power_4 * conjugate(&power_3);
    let mut power_9 = power_8 * power_1;
    let mut result = power_8 * power_4 * easy;
    let mut last = conjugate(&easy) * power_9;
    power_9.frobenius_map_in_place(1);
    power_8.frobenius_map_in_place(2);
    last.frobenius_map_in_place(3);
    result *= power_9;
    result *= power_8;
    Some(result * last)
}

// The inverse, after the easy part.
fn conjugate(f: &Fq12) -> Fq12 {
    let mut conjugate = *f;
    conjugate.conjugate_in_place();
    conjugate
}

// To the power -x, by signed digits of which a fifth is not 0.
fn times_minus_x(f: &Fq12) -> Fq12 {
    let square = f.cyclotomic_square();
    let mut odd = [*f; 4];
    let mut last = *f;
    for power in odd.iter_mut().skip(1) {
        last *= square;
        *power = last;
    }
    let mut result = Fq12::ONE;
    for digit in DIGITS.iter().rev() {
        result.cyclotomic_square_in_place();
        let Some(power) = odd.get(usize::from(digit.unsigned_abs()) / 2).filter(|_| *digit != 0) else {
            continue;
        };
        if *digit > 0 {
            result *= power;
        } else {
            result *= conjugate(power);
        }
    }
    conjugate(&result)
}

// At compile time what panics does not compile.
#[allow(clippy::indexing_slicing)]
// Digits of x: odd, between -7 and 7, or 0; the lowest first.
const DIGITS: [i8; 64] = {
    let mut rest = <Config as BnConfig>::X[0] as i128;
    let mut digits = [0; 64];
    let mut place = 0;
    while place < 64 {
        if rest & 1 == 1 {
            let low = rest & 15;
            let digit = if low > 8 { low - 16 } else { low };
            digits[place] = digit as i8;
            rest -= digit;
        }
        rest >>= 1;
        place += 1;
    }
    digits
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_curve_s_parameter() {
        let sum: i128 = DIGITS.iter().rev().fold(0, |sum, digit| 2 * sum + i128::from(*digit));
        assert_eq!(
            Config::X
                .iter()
                .map(|limb| i128::from(*limb))
                .collect::<std::vec::Vec<_>>(),
            [sum]
        );
        assert!(
            DIGITS
                .iter()
                .all(|digit| *digit == 0 || (digit % 2 != 0 && digit.abs() < 8))
        );
    }
}
