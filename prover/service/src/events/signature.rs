//! Signatures of webhooks, as Standard Webhooks 1.0 has them
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>): HMAC-SHA256 over
//! id, time and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
const LEAST: usize = 24;
const MOST: usize = 64;
const MOST_SECRETS: usize = 2;

/// Text that has no secrets. What it has is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected one or two lines of `whsec_` and 24 to 64 bytes in base64, found something else")]
pub struct NoSecrets;

/// What is signed with: one secret, or while it is changed the new one and the old one.
pub struct Secrets(Vec<Zeroizing<Vec<u8>>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({}, …)", self.0.len())
    }
}

impl Secrets {
    /// From a file's text: a secret a line.
    ///
    /// # Errors
    /// [`NoSecrets`].
    pub fn parse(text: &str) -> Result<Secrets, NoSecrets> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let secrets = lines.map(|line| {
            let secret = STANDARD.decode(line.strip_prefix(PREFIX).ok_or(NoSecrets)?);
            let secret = Zeroizing::new(secret.map_err(|_| NoSecrets)?);
            (LEAST..=MOST)
                .contains(&secret.len())
                .then_some(secret)
                .ok_or(NoSecrets)
        });
        let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
        (1..=MOST_SECRETS)
            .contains(&secrets.len())
            .then_some(Secrets(secrets))
            .ok_or(NoSecrets)
    }

    /// The header `webhook-signature`: a signature for each secret. `time` in seconds since 1970.
    #[must_use]
    pub fn sign(&self, id: &str, time: u64, body: &[u8]) -> String {
        let signatures = self.0.iter().filter_map(|secret| {
            // A key of any length is one: there is no error.
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
            mac.update(format!("{id}.{time}.").as_bytes());
            mac.update(body);
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    // Computed with Python's hmac.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
        let sign = |text: &str| Secrets::parse(text).unwrap().sign(id, 1_614_265_330, body);
        let (one, other) = (
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI=",
        );
        assert_eq!(sign(ONE), one);
        assert_eq!(sign(&format!("{OTHER}\n{ONE}\n")), format!("{other} {one}"));
    }

    #[test]
    fn what_is_no_secret_is_refused_and_none_is_shown() {
        for wrong in [
            "",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_",
            "whsec_c2hvcnQ=",
            "whsec_%%%%",
            &format!("whsec_{}", STANDARD.encode([1; 65])),
            &format!("{ONE}\n{ONE}\n{OTHER}"),
        ] {
            assert_eq!(Secrets::parse(wrong).unwrap_err(), NoSecrets, "{wrong}");
        }
        assert_eq!(format!("{:?}", Secrets::parse(ONE).unwrap()), "Secrets(1, …)");
    }
}
