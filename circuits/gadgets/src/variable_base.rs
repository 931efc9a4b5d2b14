//! An integer of 254 bits times a secret point of prime order.
//!
//! Statement: the result is c·Q for the integer c that the bits spell, exactly, also where c is
//! the group's order or more. Precondition: Q is the identity or of order l; the identity is
//! refused. Cost: [`COST`], 8.1 constraints a bit.
//!
//! With h = ⌊c / 2⌋ the odd number 2·h + 1 is 2²⁵³ + Σ dᵢ·2ⁱ, i < 253, where dᵢ is 1 or −1 as bit
//! i + 1 of c is 1 or 0. The sum runs from i = 0 up beside the doublings Tᵢ = 2ⁱ·Q; at the end Q is
//! subtracted again where c is even.
//!
//! Why the cheap additions are safe: before digit i the sum is K·Q with K odd and |K| ≤ 2ⁱ − 1, and
//! what is added is ±2ⁱ·Q. So 0 < |K ± 2ⁱ| < 2ⁱ⁺¹, which is below l up to i = 249: the two are
//! never equal or opposite. From i = 250 on the additions are the complete ones. Doublings of a
//! point of odd order are always safe.

use ark_relations::gr1cs::SynthesisError;

use crate::bits::{Bit, CANONICAL_BITS};
use crate::edwards::{self, CurvePoint};
use crate::montgomery::{self, MontgomeryPoint};
use crate::wire::Cs;

/// Digits added by the cheap law, bounded by 2²⁵⁰ < l.
const CHEAP: usize = 250;
/// All digits but the leading one, which is always 1.
const DIGITS: usize = CANONICAL_BITS - 1;

/// Constraints of [`times`].
pub const COST: usize = montgomery::CONVERT_COST
    + montgomery::SIGN_COST
    + (CHEAP - 1) * (montgomery::DOUBLE_COST + montgomery::SIGN_COST + montgomery::ADD_COST)
    + montgomery::DOUBLE_COST
    + 2 * montgomery::CONVERT_COST
    + (DIGITS - CHEAP) * (edwards::SIGN_COST + edwards::ADD_COST + edwards::DOUBLE_COST)
    + edwards::ADD_COST
    + edwards::ONLY_IF_COST
    + edwards::ADD_COST;

/// c·Q, for the 254 bits of c, least significant first. Costs [`COST`].
///
/// # Errors
/// [`SynthesisError::Unsatisfiable`] when there are not 254 bits; those of the constraint system.
pub fn times(cs: &Cs, point: &CurvePoint, bits: &[Bit]) -> Result<CurvePoint, SynthesisError> {
    let Some((parity, digits)) = bits.split_first() else {
        return Err(SynthesisError::Unsatisfiable);
    };
    if digits.len() != DIGITS {
        return Err(SynthesisError::Unsatisfiable);
    }
    let (cheap, complete) = digits.split_at(CHEAP);
    let (sum, power) = cheap_digits(cs, point, cheap)?;
    let (mut sum, mut power) = (sum.to_edwards(cs)?, power.to_edwards(cs)?);
    for digit in complete {
        sum = sum.add(cs, &power.negate_unless(cs, digit)?)?;
        power = power.double(cs)?;
    }
    let odd = sum.add(cs, &power)?;
    odd.subtract(cs, &point.only_if(cs, &parity.not())?)
}

/// Σ dᵢ·2ⁱ·Q over the digits given, and the next power 2ⁿ·Q.
fn cheap_digits(
    cs: &Cs,
    point: &CurvePoint,
    digits: &[Bit],
) -> Result<(MontgomeryPoint, MontgomeryPoint), SynthesisError> {
    let mut power = MontgomeryPoint::refuse_identity(cs, point)?;
    let mut sum: Option<MontgomeryPoint> = None;
    for digit in digits {
        let term = power.negate_unless(cs, digit)?;
        sum = Some(match sum {
            None => term,
            Some(sum) => sum.add_distinct(cs, &term)?,
        });
        power = power.double(cs)?;
    }
    Ok((sum.ok_or(SynthesisError::Unsatisfiable)?, power))
}

#[cfg(test)]
mod tests {
    use ark_bn254::Fr;
    use ark_ec::{AffineRepr, CurveGroup};
    use ark_ff::{BigInt, BigInteger, PrimeField, UniformRand};
    use ark_relations::gr1cs::ConstraintSynthesizer;
    use ark_std::test_rng;
    use medproof_statement::eddsa::{EdwardsAffine, EdwardsProjective, Scalar};

    use super::*;
    use crate::edwards::tests::{on_curve, value};
    use crate::testing::{Prepared, assignment, free_variables, system};

    fn spelled(cs: &Cs, value: &BigInt<4>) -> Vec<Bit> {
        (0..CANONICAL_BITS)
            .map(|i| Bit::witness(cs, || Ok(value.get_bit(i))).unwrap())
            .collect()
    }

    fn scalars() -> Vec<BigInt<4>> {
        let l = Scalar::MODULUS;
        let mut below_p = Fr::MODULUS;
        below_p.sub_with_borrow(&BigInt::one());
        let mut all = vec![BigInt::zero(), BigInt::one(), BigInt::from(2u64), below_p];
        for around in [l, l << 1, l << 2] {
            for step in 0..3u64 {
                let (mut above, mut below) = (around, around);
                above.add_with_carry(&BigInt::from(step));
                below.sub_with_borrow(&BigInt::from(step));
                all.extend([above, below]);
            }
        }
        for i in [1, 249, 250, 251, 252, 253] {
            let power = BigInt::one() << i;
            let mut ones = power;
            ones.sub_with_borrow(&BigInt::one());
            all.extend([power, ones]);
        }
        let mut ones = BigInt([u64::MAX; 4]);
        ones >>= 2;
        all.push(ones);
        let mut rng = test_rng();
        all.extend((0..4).map(|_| Fr::rand(&mut rng).into_bigint()));
        all
    }

    #[test]
    fn edge_and_random_scalars() {
        let mut rng = test_rng();
        let point = EdwardsProjective::rand(&mut rng).into_affine();
        for scalar in scalars() {
            let cs = system();
            let q = on_curve(&cs, point);
            let bits = spelled(&cs, &scalar);
            let before = cs.num_constraints();
            let product = times(&cs, &q, &bits).unwrap();
            assert_eq!(cs.num_constraints() - before, COST);
            let expected = point.mul_bigint(scalar).into_affine();
            assert_eq!(value(&product), expected, "{scalar}");
            assert!(cs.is_satisfied().unwrap(), "{scalar}");
        }
    }

    #[test]
    fn the_order_is_above_two_to_the_250() {
        assert_eq!(Scalar::MODULUS.num_bits() as usize, CHEAP + 1);
    }

    #[test]
    fn the_identity_and_other_lengths_are_refused() {
        let cs = system();
        let identity = on_curve(&cs, EdwardsAffine::zero());
        let bits = spelled(&cs, &BigInt::one());
        times(&cs, &identity, &bits).unwrap();
        assert!(!cs.is_satisfied().unwrap());
        let cs = system();
        let base = on_curve(&cs, EdwardsAffine::generator());
        let bits = spelled(&cs, &BigInt::one());
        assert!(times(&cs, &base, &bits[1..]).is_err());
        assert!(times(&cs, &base, &[]).is_err());
    }

    struct Product(EdwardsAffine, BigInt<4>);

    impl ConstraintSynthesizer<Fr> for Product {
        fn generate_constraints(self, cs: Cs) -> Result<(), SynthesisError> {
            let bits = spelled(&cs, &self.1);
            times(&cs, &on_curve(&cs, self.0), &bits).map(drop)
        }
    }

    /// The base is one from the first digit to the last: a witness that goes over from one base to
    /// another, after whichever variable, is refused, though both halves are honest ones.
    #[test]
    fn the_base_cannot_be_exchanged_on_the_way() {
        let mut rng = test_rng();
        let scalar = Fr::rand(&mut rng).into_bigint();
        let bases = [(); 2].map(|()| EdwardsProjective::rand(&mut rng).into_affine());
        let circuit = Prepared::new(Product(bases[0], scalar)).unwrap();
        let [first, second] = bases.map(|base| assignment(Product(base, scalar)).unwrap());
        assert!(circuit.violated(&first).is_empty() && circuit.violated(&second).is_empty());
        // Up to the scalar's bits the two are one.
        for cut in 1 + CANONICAL_BITS + 1..first.len() {
            let mixed = [&first[..cut], &second[cut..]].concat();
            assert!(
                !circuit.violated_beside(&mixed, &second, &[]).is_empty(),
                "after variable {cut}"
            );
        }
    }

    #[test]
    fn no_variable_is_free() {
        let mut rng = test_rng();
        let cs = system();
        let q = on_curve(&cs, EdwardsProjective::rand(&mut rng).into_affine());
        q.enforce_equal(&cs, &CurvePoint::constant(&value(&q))).unwrap();
        let bits = spelled(&cs, &Fr::rand(&mut rng).into_bigint());
        let product = times(&cs, &q, &bits).unwrap();
        let fixed = CurvePoint::constant(&value(&product));
        product.enforce_equal(&cs, &fixed).unwrap();
        assert!(free_variables(&cs).unwrap().is_empty());
    }
}
