//! A deployment's file: read as it was written, or refused.

use super::scratch;
use crate::oracle::refused;
use crate::target::Verdict;
use medproof_ledger::Deployment;

/// A deployment.
pub fn deployment(input: &[u8]) -> Verdict {
    match Deployment::load(&scratch::file("deployment.json", input)) {
        Err(error) => refused(&error),
        Ok(deployment) => {
            let again = serde_json::to_vec(&deployment).unwrap();
            assert_eq!(
                Deployment::load(&scratch::file("again.json", &again)).unwrap(),
                deployment
            );
            let _ = deployment.ledger_id();
            Verdict::Accepted
        }
    }
}
