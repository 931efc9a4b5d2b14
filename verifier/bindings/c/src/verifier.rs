//! A verifier that several threads may share.

use medproof_verifier::portable::{self, Asked, Refused};
use std::sync::Mutex;

/// A verifier of presentations: settings, a trust bundle, and the keys that were needed so far.
#[derive(Debug)]
pub struct Verifier(Mutex<portable::Verifier>);

/// A panic in an earlier call: what it left behind is not trusted.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken;

impl Verifier {
    /// Reads settings and a trust bundle.
    pub fn open(settings: &[u8], bundle: &[u8]) -> Result<Verifier, Refused> {
        portable::Verifier::new(settings, bundle).map(|verifier| Verifier(Mutex::new(verifier)))
    }

    /// Checks a presentation, when no other thread does.
    pub fn verify(&self, asked: &Asked<'_>) -> Result<Result<portable::Answer, Refused>, Broken> {
        let mut verifier = self.0.lock().map_err(|_| Broken)?;
        Ok(verifier.verify(asked))
    }
}
