//! What one instance of the module holds between calls.

use medproof_claims::Claim;
use medproof_verifier::portable::{Asked, Refused, Verifier};

/// What comes in as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Settings,
    Bundle,
    Request,
    Claim,
    Presentation,
}

const PARTS: [Part; 5] = [
    Part::Settings,
    Part::Bundle,
    Part::Request,
    Part::Claim,
    Part::Presentation,
];

impl Part {
    pub(crate) fn of(number: u32) -> Option<Part> {
        PARTS.into_iter().find(|part| *part as u32 == number)
    }
}

/// The bytes that came in, the verifier that was opened with some of them, and what was last answered.
#[derive(Debug)]
pub(crate) struct Session {
    inputs: [Vec<u8>; PARTS.len()],
    verifier: Option<Verifier>,
    answer: String,
}

impl Session {
    pub(crate) const fn new() -> Session {
        Session {
            inputs: [const { Vec::new() }; PARTS.len()],
            verifier: None,
            answer: String::new(),
        }
    }

    /// Zeros in place of what the part was, to be written over.
    pub(crate) fn room(&mut self, part: Part, length: usize) -> Option<*mut u8> {
        let mut room = Vec::new();
        room.try_reserve_exact(length).ok()?;
        room.resize(length, 0);
        let kept = self.inputs.get_mut(part as usize)?;
        *kept = room;
        Some(kept.as_mut_ptr())
    }

    /// What came in, once: a bundle may be large.
    fn take(&mut self, part: Part) -> Vec<u8> {
        self.inputs.get_mut(part as usize).map(core::mem::take).unwrap_or_default()
    }

    pub(crate) fn open(&mut self) {
        let (settings, bundle) = (self.take(Part::Settings), self.take(Part::Bundle));
        let opened = Verifier::new(&settings, &bundle);
        self.answer = opened.as_ref().err().map(Refused::to_json).unwrap_or_default();
        self.verifier = opened.ok();
    }

    pub(crate) fn verify(&mut self, now: u64) {
        let [request, claim, presentation] = [Part::Request, Part::Claim, Part::Presentation].map(|part| self.take(part));
        let asked = Asked {
            request: &request,
            claim: &claim,
            presentation: &presentation,
            now,
        };
        self.answer = match self.verifier.as_mut().map(|verifier| verifier.verify(&asked)) {
            Some(Ok(answer)) => answer.to_json(),
            Some(Err(refused)) => refused.to_json(),
            None => String::new(),
        };
    }

    pub(crate) fn explain(&mut self) {
        let claim = self.take(Part::Claim);
        self.answer = match Claim::parse(&claim) {
            Ok(claim) => serde_json::to_string(&claim.explain(None)).unwrap_or_default(),
            Err(error) => Refused::from(error).to_json(),
        };
    }

    pub(crate) fn answer(&self) -> &str {
        &self.answer
    }
}
