//! Holds the circuit against its native twin.
#![allow(dead_code)]

use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef};
use medproof_disclosure::Disclosure;
use medproof_gadgets::testing::system;
use medproof_statement::Fr;
use medproof_statement::check::{Violation, Witness, check};
use medproof_statement::public::PublicInputs;

/// A system with matrices and the assignment, or nothing where a value cannot even be assigned.
pub fn synthesise(public: PublicInputs, witness: &Witness) -> Option<ConstraintSystemRef<Fr>> {
    let cs = system();
    Disclosure::new(public, witness).generate_constraints(cs.clone()).ok()?;
    cs.finalize();
    Some(cs)
}

/// Whether the circuit accepts.
pub fn satisfied(public: PublicInputs, witness: &Witness) -> bool {
    synthesise(public, witness).is_some_and(|cs| cs.is_satisfied().unwrap())
}

/// Both accept.
pub fn accepted(public: PublicInputs, witness: &Witness) {
    assert_eq!(check(&public, witness), Ok(()));
    let cs = synthesise(public, witness).expect("an honest witness is assigned");
    assert_eq!(cs.which_is_unsatisfied().unwrap(), None);
}

/// Both refuse; says why natively.
pub fn refused(public: PublicInputs, witness: &Witness) -> Violation {
    let violation = check(&public, witness).expect_err("natively refused");
    assert!(!satisfied(public, witness), "the circuit accepts what the check refuses: {violation}");
    violation
}
