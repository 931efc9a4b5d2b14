//! What one instance of the module holds between calls.

use medproof_claims::{Claim, Explanation};
use medproof_verifier::portable::{Asked, Refused, Verifier};
use serde::Serialize;

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
        self.inputs
            .get_mut(part as usize)
            .map(core::mem::take)
            .unwrap_or_default()
    }

    pub(crate) fn open(&mut self) {
        let (settings, bundle) = (self.take(Part::Settings), self.take(Part::Bundle));
        let opened = Verifier::new(&settings, &bundle);
        self.answer = opened.as_ref().err().map(Refused::to_json).unwrap_or_default();
        self.verifier = opened.ok();
    }

    pub(crate) fn verify(&mut self, now: u64) {
        let [request, claim, presentation] =
            [Part::Request, Part::Claim, Part::Presentation].map(|part| self.take(part));
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
            Ok(claim) => said(claim.explain(None)),
            Err(error) => Refused::from(error).to_json(),
        };
    }

    pub(crate) fn answer(&self) -> &str {
        &self.answer
    }
}

#[derive(Serialize)]
struct Said {
    shown: Explanation,
}

// Strings under names alone, which cannot fail to be written.
fn said(shown: Explanation) -> String {
    serde_json::to_string(&Said { shown }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const VECTORS: &str = include_str!("../../../../tests/vectors/v1/verification.json");

    fn give(session: &mut Session, part: Part, bytes: &[u8]) {
        assert!(session.room(part, bytes.len()).is_some());
        session.inputs[part as usize].copy_from_slice(bytes);
    }

    fn opened(base: &Value) -> Session {
        let mut session = Session::new();
        for (part, name) in [(Part::Settings, "settings"), (Part::Bundle, "bundle")] {
            give(&mut session, part, base[name].as_str().unwrap().as_bytes());
        }
        session.open();
        assert_eq!(session.answer(), "");
        session
    }

    fn ask(session: &mut Session, base: &Value) {
        for (part, name) in [(Part::Request, "request"), (Part::Claim, "claim")] {
            give(session, part, base[name].as_str().unwrap().as_bytes());
        }
        let digits = base["presentation"]["hex"].as_str().unwrap();
        give(session, Part::Presentation, &hex::decode(digits).unwrap());
        session.verify(base["now"].as_u64().unwrap());
    }

    #[test]
    fn what_is_opened_answers_again_and_again() {
        let base = &serde_json::from_str::<Value>(VECTORS).unwrap()["base"];
        let mut session = opened(base);
        for _ in 0..2 {
            ask(&mut session, base);
            assert!(session.answer().starts_with(r#"{"verified":{"#), "{}", session.answer());
        }
        // What came in is used once.
        session.verify(base["now"].as_u64().unwrap());
        assert!(
            session.answer().contains(r#""code":"json.syntax""#),
            "{}",
            session.answer()
        );
    }

    #[test]
    fn what_did_not_open_answers_nothing() {
        let base = &serde_json::from_str::<Value>(VECTORS).unwrap()["base"];
        let mut session = opened(base);
        session.open();
        assert!(
            session.answer().contains(r#""code":"json.syntax""#),
            "{}",
            session.answer()
        );
        ask(&mut session, base);
        assert_eq!(session.answer(), "");
    }

    #[test]
    fn a_claim_is_explained_or_refused() {
        let base = &serde_json::from_str::<Value>(VECTORS).unwrap()["base"];
        let mut session = Session::new();
        give(&mut session, Part::Claim, base["claim"].as_str().unwrap().as_bytes());
        session.explain();
        assert!(
            session.answer().starts_with(r#"{"shown":{"title":"Adult""#),
            "{}",
            session.answer()
        );
        session.explain();
        assert!(
            session.answer().starts_with(r#"{"refused":{"code":"claim""#),
            "{}",
            session.answer()
        );
    }

    #[test]
    fn there_is_no_room_for_what_is_no_part_or_as_large_as_memory() {
        assert_eq!(Part::of(4), Some(Part::Presentation));
        assert_eq!(Part::of(5), None);
        assert_eq!(Session::new().room(Part::Bundle, usize::MAX), None);
    }
}
