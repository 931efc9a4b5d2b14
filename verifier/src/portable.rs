//! A verification of bytes, offline: what front ends in other languages call. They all call this and nothing else, so that
//! they answer alike.
//!
//! [`Verifier::new`] reads settings and a trust bundle once; [`Verifier::verify`] answers as often as is asked, and prepares a
//! key when it is first needed. [`Answer::to_json`] and [`Refused::to_json`] are what crosses into another language.

mod answer;
mod refused;
mod settings;

pub use answer::Answer;
pub use refused::{Refused, SettingsError};

use crate::bundle::TrustBundle;
use crate::refusal::Refusal;
use crate::verify;
use alloc::vec::Vec;
use medproof_claims::Claim;
use medproof_messages::key::KeyId;
use medproof_messages::request::SignedRequest;
use medproof_statement::request::Time;
use settings::Trusted;

/// A question, and what was presented as its answer.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The verifier's own request: canonical JSON.
    pub request: &'a [u8],
    /// The claim that it asked about: JSON in any spelling.
    pub claim: &'a [u8],
    /// What was presented: 321 bytes, or canonical JSON.
    pub presentation: &'a [u8],
    /// Now: seconds since 1970.
    pub now: u64,
}

/// Settings and a trust bundle, read, and the keys that were needed so far, prepared.
#[derive(Clone, Debug)]
pub struct Verifier {
    trusted: Trusted,
    bundle: TrustBundle,
    prepared: Vec<verify::Verifier>,
}

impl Verifier {
    /// Reads JSON of type `medproof/verifier-settings`, in any spelling, and a trust bundle of the signer that it names.
    ///
    /// # Errors
    /// [`Refused`]: the first thing that is wrong.
    pub fn new(settings: &[u8], bundle: &[u8]) -> Result<Verifier, Refused> {
        let trusted = Trusted::read(settings)?;
        let bundle = TrustBundle::open(bundle, &trusted.signer)?;
        Ok(Verifier {
            trusted,
            bundle,
            prepared: Vec::new(),
        })
    }

    /// Checks a presentation.
    ///
    /// # Errors
    /// [`Refused`]: the first thing that is wrong.
    pub fn verify(&mut self, asked: &Asked<'_>) -> Result<Answer, Refused> {
        let now = Time::new(asked.now)?;
        let request = SignedRequest::from_json(asked.request)?.verify()?;
        let claim = Claim::parse(asked.claim)?;
        let place = self.place(request.body().key_id)?;
        let key = request.body().key_id;
        let verifier = self.prepared.get(place).ok_or(Refusal::KeyUnknown { key })?;
        let verified = verifier.verify(asked.presentation, &request, &claim, &self.bundle, now)?;
        Ok(Answer::new(verified, &request, verifier.key().info()))
    }

    // Where the verifier of a key stands.
    fn place(&mut self, id: KeyId) -> Result<usize, Refusal> {
        if let Some(place) = self.prepared.iter().position(|one| one.key().id() == id) {
            return Ok(place);
        }
        let key = self.bundle.key(&id).ok_or(Refusal::KeyUnknown { key: id })?;
        let verifier = verify::Verifier::new(self.trusted.settings.clone(), key)?;
        self.prepared.push(verifier);
        Ok(self.prepared.len() - 1)
    }
}
