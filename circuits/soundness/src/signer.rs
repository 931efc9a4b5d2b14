//! Signs a consent anew within an assignment: an adversary has keys of its own, and signs whatever
//! a missing constraint would let it sign.

use crate::circuit::{Circuit, coefficient, dot};
use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use ark_relations::gr1cs::{ConstraintSystem, SynthesisMode};
use medproof_gadgets::edwards::Point;
use medproof_gadgets::{Cs, Wire, eddsa};
use medproof_statement::check::{Witness, public_inputs};
use medproof_statement::eddsa::{EdwardsAffine, PublicKey, Scalar, Signature, challenge};
use medproof_statement::public::PublicInputs;
use medproof_statement::request::Purpose;
use std::ops::Range;

/// The secret scalars of a holder and of its custodians.
pub const HOLDER: u64 = 0xb0b;
/// See [`HOLDER`].
pub const CUSTODIANS: u64 = 0xe4e4;
const NONCE: u64 = 0x0dd_ba11;

/// Puts keys of known scalars into a witness and signs its consent, by the holder or, as honest
/// holders would in an emergency only, by the custodians.
pub fn sign_with_known_keys(witness: &mut Witness) -> Option<PublicInputs> {
    let emergency = witness.request.purpose == Purpose::EmergencyTreatment;
    sign_by(witness, emergency)
}

/// As [`sign_with_known_keys`], by whom the purpose does not ask for.
pub fn sign_with_the_wrong_key(witness: &mut Witness) -> Option<PublicInputs> {
    let emergency = witness.request.purpose == Purpose::EmergencyTreatment;
    sign_by(witness, !emergency)
}

fn sign_by(witness: &mut Witness, custodians: bool) -> Option<PublicInputs> {
    let public = |secret: u64| PublicKey::from_point(times_base(Scalar::from(secret))).ok();
    witness.record.holder.pk = public(HOLDER)?;
    witness.record.holder.emergency_pk = public(CUSTODIANS)?;
    let secret = Scalar::from(if custodians { CUSTODIANS } else { HOLDER });
    let message = witness.consent.consent.message(&witness.request);
    witness.consent.signature = signature(&times_base(secret), secret, message)?;
    public_inputs(witness)
}

fn times_base(scalar: Scalar) -> EdwardsAffine {
    use ark_ec::{AffineRepr, CurveGroup};
    (EdwardsAffine::generator() * scalar).into_affine()
}

fn signature(key: &EdwardsAffine, secret: Scalar, message: Fr) -> Option<Signature> {
    let nonce = Scalar::from(NONCE);
    let r = times_base(nonce);
    let c = challenge(&r, key, message).into_bigint();
    let c = Scalar::from_le_bytes_mod_order(&c.to_bytes_le());
    Signature::new(r, nonce + c * secret).ok()
}

/// Where the signature lies in a tier's assignment, and how to write another one there.
pub struct Signer {
    /// The constraints of the signature.
    pub rows: Range<usize>,
    // The selected key's coordinates.
    key: [usize; 2],
    // The consent's hash over the outputs of its last S-boxes.
    message: Vec<(Fr, usize)>,
}

impl Signer {
    /// Finds the signature in a circuit.
    pub fn new(circuit: &Circuit) -> Signer {
        let first = circuit.rows_of("signature: scalar", None).start;
        let end = circuit.rows_of("signature: equation", None).end;
        let newest = |row: usize| *circuit.mentioned(row).last().expect("a variable");
        let hash = circuit.rows_of("consent: hash", None);
        Signer {
            rows: first..end,
            key: [newest(first - 2), newest(first - 1)],
            message: message(circuit, hash.end, circuit.rows_of("handle", None).start),
        }
    }

    /// The signature's variables with their values for the key and consent that now stand in the
    /// assignment; nothing where the key's scalar is not known.
    pub fn sign(&self, circuit: &Circuit, values: &[Fr]) -> Option<Vec<(usize, Fr)>> {
        let [x, y] = self.key.map(|column| values[column]);
        let key = EdwardsAffine::new_unchecked(x, y);
        let message = dot(&self.message, values);
        let signature = signature(&key, secret_of(&key)?, message)?;
        let gadget = variables(&key, message, &signature)?;
        let first = self.key[1] + 1;
        let end = *circuit.mentioned(self.rows.end - 1).last()?;
        let columns = (first..).zip(gadget).take_while(|(column, _)| *column <= end);
        Some(columns.collect())
    }
}

// The scalar of a key, or of its opposite, with or without the point of order 2: (−x, −y).
fn secret_of(key: &EdwardsAffine) -> Option<Scalar> {
    [HOLDER, CUSTODIANS].into_iter().map(Scalar::from).find_map(|secret| {
        let known = times_base(secret);
        let same = |x: Fr, y: Fr| key.x == x && key.y == y;
        if same(known.x, known.y) || same(-known.x, -known.y) {
            Some(secret)
        } else {
            (same(-known.x, known.y) || same(known.x, -known.y)).then_some(-secret)
        }
    })
}

// The message as the handle's first S-box reads it, freed of what else is added there: the width-4
// sponge takes (nk, consent) into lanes 1 and 2, and only the consent depends on the hash before.
fn message(circuit: &Circuit, hash_end: usize, handle: usize) -> Vec<(Fr, usize)> {
    const S_BOXES: usize = 12;
    let [input, ..] = circuit.row(handle);
    let outputs = (0..S_BOXES).map(|i| hash_end - 1 - 3 * i);
    let columns = outputs.map(|row| *circuit.mentioned(row).last().expect("an output"));
    // Lane 0 of the external matrix, [5, 7, 1, 3]: the consent's lane 2 has coefficient 1.
    columns.map(|column| (coefficient(input, column), column)).collect()
}

// The witness of the signature gadget, in order of allocation.
fn variables(key: &EdwardsAffine, message: Fr, signature: &Signature) -> Option<Vec<Fr>> {
    let cs = Cs::new(ConstraintSystem::new());
    cs.set_mode(SynthesisMode::Prove {
        construct_matrices: false,
        generate_lc_assignments: false,
    });
    let message = Wire::witness(&cs, || Ok(message)).ok()?;
    let key = Point::witness(&cs, || Ok(*key)).ok()?;
    let before = cs.num_witness_variables();
    eddsa::enforce_verifies(&cs, &key, &message, || Ok(*signature)).ok()?;
    Some(cs.witness_assignment().ok()?.split_off(before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{assigned, prepared};
    use medproof_statement::testing::{Case, condition, fact, facts, has, policy};
    use medproof_statement::tier::Tier;

    #[test]
    fn the_signature_written_anew_is_the_one_that_was_there() {
        let circuit = Circuit::new(Tier::Xs);
        let signer = Signer::new(&circuit);
        let case = Case::new(
            policy(Tier::Xs, vec![has(condition(10))]),
            facts(&[fact(condition(10), 50_000, 1)]),
        );
        let (_, mut witness) = case.prove().unwrap();
        let public = sign_with_known_keys(&mut witness).unwrap();
        let values = assigned(public, &witness).unwrap();
        assert!(prepared(Tier::Xs).violated(&values).is_empty());
        let message = witness.consent.consent.message(&witness.request);
        assert_eq!(dot(&signer.message, &values), message);
        let anew = signer.sign(&circuit, &values).unwrap();
        assert!(anew.len() > 3_000);
        assert!(anew.iter().all(|(column, value)| values[*column] == *value));
    }
}
