//! Leaves without patients, for the benches alone: behind the feature `measuring`.

use crate::issuer::{Issuer, IssuerError};
use medproof_statement::Fr;

/// Puts commitments into the registry that are nobody's, as one transaction.
///
/// # Errors
/// Where they cannot be stored.
pub fn set_leaves(issuer: &mut Issuer, leaves: Vec<(u64, Option<Fr>)>) -> Result<(), IssuerError> {
    issuer.set_leaves(leaves)
}
