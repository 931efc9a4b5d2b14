//! What is handed to C: texts that end with a zero.

use medproof_messages::encoding::{FieldHex, Hex};
use medproof_verifier::portable::{self, Refused};
use std::ffi::{CStr, CString};

/// What a verifier says: that a presentation was verified and what it shows, or why not.
#[derive(Debug)]
pub struct Answer {
    json: CString,
    said: Said,
}

#[derive(Debug)]
enum Said {
    Verified(Box<Shown>),
    Refused { code: CString, message: CString },
}

/// Of a verified presentation, what most callers need.
#[derive(Debug)]
pub struct Shown {
    /// What the claim is called.
    pub title: CString,
    /// Whose chart it is.
    pub issuer: CString,
    /// The same for all answers of a holder in the scope.
    pub nullifier: CString,
    /// Within what the nullifier must not come twice.
    pub scope: CString,
    /// The request's.
    pub nonce: CString,
    /// By which the holder can revoke the consent.
    pub consent_handle: CString,
    /// Whether anybody can forge proofs under the key.
    pub development: bool,
}

impl Answer {
    /// A presentation was verified.
    pub fn verified(answer: &portable::Answer) -> Answer {
        let verified = &answer.verified;
        let shown = Shown {
            title: text(&answer.shown.title),
            issuer: text(&verified.issuer().to_string()),
            nullifier: text(&FieldHex(verified.nullifier()).to_string()),
            scope: text(&FieldHex(verified.scope()).to_string()),
            nonce: text(&Hex(*verified.nonce()).to_string()),
            consent_handle: text(&FieldHex(verified.consent_handle()).to_string()),
            development: answer.development,
        };
        Answer {
            json: text(&answer.to_json()),
            said: Said::Verified(Box::new(shown)),
        }
    }

    /// Nothing was.
    pub fn refused(refused: &Refused) -> Answer {
        Answer {
            json: text(&refused.to_json()),
            said: Said::Refused {
                code: text(refused.code()),
                message: text(&refused.to_string()),
            },
        }
    }

    /// All of it, as JSON.
    pub fn json(&self) -> &CStr {
        &self.json
    }

    /// What was verified, if it was.
    pub fn shown(&self) -> Option<&Shown> {
        match &self.said {
            Said::Verified(shown) => Some(shown),
            Said::Refused { .. } => None,
        }
    }

    /// The name of the refusal, if it is one.
    pub fn code(&self) -> Option<&CStr> {
        match &self.said {
            Said::Verified(_) => None,
            Said::Refused { code, .. } => Some(code),
        }
    }

    /// What was expected, what was found, and what to do, if it is a refusal.
    pub fn message(&self) -> Option<&CStr> {
        match &self.said {
            Said::Verified(_) => None,
            Said::Refused { message, .. } => Some(message),
        }
    }
}

// A message may quote what was found. Zeros in it would end it early: they become U+FFFD. JSON has none.
fn text(said: &str) -> CString {
    CString::new(said.replace('\0', "\u{fffd}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_does_not_end_a_text() {
        assert_eq!(text("a\0b").to_str(), Ok("a\u{fffd}b"));
    }

    #[test]
    fn a_refusal_has_its_code_and_shows_nothing() {
        let refused = portable::Verifier::new(b"{", b"").err().map(|e| Answer::refused(&e));
        let answer = refused.as_ref();
        assert_eq!(answer.and_then(Answer::code), Some(c"json.syntax"));
        assert!(answer.is_some_and(|answer| answer.shown().is_none() && answer.message().is_some()));
    }
}
