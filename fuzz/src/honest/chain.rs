//! The ledger's test world: a council, an issuer, an audience, a registered key.

#[allow(dead_code)]
#[path = "../../../ledger/tests/support/proofs.rs"]
pub mod proofs;
#[allow(dead_code)]
#[path = "../../../ledger/tests/support/rig.rs"]
pub mod rig;
