//! Instruments that look for what the disclosure circuit fails to constrain.
//!
//! A test with honest witnesses cannot see a missing constraint. What can: a second opinion on
//! every witness ([`broken`] beside the native check), random adversaries ([`worlds`], [`script`]),
//! an account of every variable that the constraints leave open ([`jacobian`]), and assignments
//! changed in one place with everything computed from it solved anew ([`resolve`]), with all
//! constraints in force or with one taken out.
//!
//! For tests and `cargo xtask soundness`: a fault of an instrument's own stops it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod blocks;
pub mod by_hand;
pub mod circuit;
pub mod deletion;
pub mod edges;
pub mod export;
pub mod interchange;
pub mod jacobian;
pub mod mutation;
pub mod reference;
pub mod resolve;
pub mod script;
pub mod signer;
pub mod starts;
pub mod trial;
pub mod worlds;

use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef};
use medproof_disclosure::Disclosure;
use medproof_gadgets::testing::{Prepared, assignment, system};
use medproof_statement::Fr;
use medproof_statement::check::{Violation, Witness, check};
use medproof_statement::public::PublicInputs;
use medproof_statement::tier::Tier;
use std::sync::OnceLock;

/// Whether the long searches are asked for; CI runs a bounded part of each.
pub fn full_depth() -> bool {
    std::env::var_os("MEDPROOF_EVIDENCE").is_some()
}

/// A system with matrices and the assignment, or nothing where a value cannot even be assigned.
pub fn synthesise(public: PublicInputs, witness: &Witness) -> Option<ConstraintSystemRef<Fr>> {
    let cs = system();
    Disclosure::new(public, witness).generate_constraints(cs.clone()).ok()?;
    cs.finalize();
    Some(cs)
}

/// A tier's matrices as a key is made from them, built once.
pub fn prepared(tier: Tier) -> &'static Prepared {
    static BUILT: [OnceLock<Prepared>; 4] = [const { OnceLock::new() }; 4];
    BUILT[tier as usize].get_or_init(|| Prepared::new(Disclosure::blank(tier)).expect("a circuit"))
}

/// The values of all variables; nothing where one cannot even be assigned.
pub fn assigned(public: PublicInputs, witness: &Witness) -> Option<Vec<Fr>> {
    assignment(Disclosure::new(public, witness)).ok()
}

/// The constraints that the witness breaks; nothing where a value cannot even be assigned.
pub fn broken(public: PublicInputs, witness: &Witness) -> Option<Vec<usize>> {
    let values = assigned(public, witness)?;
    Some(prepared(witness.table.header().tier).violated(&values))
}

/// Whether the circuit accepts.
pub fn satisfied(public: PublicInputs, witness: &Witness) -> bool {
    broken(public, witness).is_some_and(|rows| rows.is_empty())
}

/// Both accept.
pub fn accepted(public: PublicInputs, witness: &Witness) {
    assert_eq!(check(&public, witness), Ok(()));
    assert_eq!(
        broken(public, witness),
        Some(vec![]),
        "constraints broken by an honest witness"
    );
}

/// Both refuse; says why natively.
pub fn refused(public: PublicInputs, witness: &Witness) -> Violation {
    let violation = check(&public, witness).expect_err("natively refused");
    assert!(
        !satisfied(public, witness),
        "the circuit accepts what the check refuses: {violation}"
    );
    violation
}
