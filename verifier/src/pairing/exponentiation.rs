//! The power that makes a pairing's value one: (p¹² - 1)/r, or a multiple of it.

use super::tower::{cyclotomic_square, times};
use ark_bn254::{Config, Fq12};
use ark_ec::bn::BnConfig;
use ark_ff::Field;

/// To the power 2x(6x² + 3x + 1)·(p¹² - 1)/r (Fuentes-Castañeda, Knapp, Rodríguez-Henríquez, *Faster hashing to G2*, SAC 2011,
/// §4), as arkworks takes it; none of 0, which no Miller loop gives.
pub(crate) fn final_exponentiation(f: &Fq12) -> Option<Fq12> {
    let mut easy = times(&conjugate(f), &f.inverse()?);
    easy = times(&frobenius(easy, 2), &easy);

    let power_0 = times_minus_x(&easy);
    let power_1 = cyclotomic_square(&power_0);
    let power_3 = times(&cyclotomic_square(&power_1), &power_1);
    let power_4 = times_minus_x(&power_3);
    let power_6 = conjugate(&times_minus_x(&cyclotomic_square(&power_4)));
    let power_8 = times(&times(&power_6, &power_4), &conjugate(&power_3));
    let power_9 = times(&power_8, &power_1);
    let last = times(&conjugate(&easy), &power_9);
    let low = times(&times(&times(&power_8, &power_4), &easy), &frobenius(power_9, 1));
    let high = times(&frobenius(power_8, 2), &frobenius(last, 3));
    Some(times(&low, &high))
}

fn frobenius(mut f: Fq12, power: usize) -> Fq12 {
    f.frobenius_map_in_place(power);
    f
}

// The inverse, after the easy part.
fn conjugate(f: &Fq12) -> Fq12 {
    let mut conjugate = *f;
    conjugate.conjugate_in_place();
    conjugate
}

// To the power -x, by signed digits of which a fifth is not 0.
fn times_minus_x(f: &Fq12) -> Fq12 {
    let square = cyclotomic_square(f);
    let mut odd = [*f; 4];
    let mut last = *f;
    for power in odd.iter_mut().skip(1) {
        last = times(&last, &square);
        *power = last;
    }
    let mut result = Fq12::ONE;
    for digit in DIGITS.iter().rev() {
        result = cyclotomic_square(&result);
        let Some(power) = odd.get(usize::from(digit.unsigned_abs()) / 2).filter(|_| *digit != 0) else {
            continue;
        };
        result = if *digit > 0 {
            times(&result, power)
        } else {
            times(&result, &conjugate(power))
        };
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
