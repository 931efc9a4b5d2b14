//! Who calls: by a token that the configuration has the digest of, by an issuer's signed token, or by a
//! certificate. What a call says of itself decides: a token that is none is not made good by a certificate.

mod certificate;
mod issuer;
mod keys;
mod signature;

pub use certificate::{CertificateName, NoCertificateName, Peer};
pub use issuer::{Algorithm, ClaimNames, Issuer, IssuerConfig, IssuerError};

use crate::caller::Caller;
use crate::error::Refusal;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use tonic::{Code, Request};

/// The SHA-256 digest of a token. Tokens are random, so that their digests tell nothing of them, and a
/// digest that is looked up by its value tells nothing by the time it takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Of a token.
    #[must_use]
    pub fn of(token: &str) -> TokenDigest {
        TokenDigest(Sha256::digest(token.as_bytes()).into())
    }

    /// From 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<TokenDigest> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(TokenDigest(bytes))
    }
}

// As the configuration has it.
impl fmt::Display for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

/// What a caller is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// A token of its own.
    Token(TokenDigest),
    /// A certificate, under a root that the service trusts for callers.
    Certificate(CertificateName),
}

/// All callers.
#[derive(Clone, Debug, Default)]
pub struct Callers(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    callers: HashMap<Credential, Caller>,
    issuer: Option<Issuer>,
}

impl Callers {
    /// Of these, and those whom an issuer of tokens names.
    #[must_use]
    pub fn new(callers: impl IntoIterator<Item = (Credential, Caller)>, issuer: Option<Issuer>) -> Callers {
        let callers = callers.into_iter().collect();
        Callers(Arc::new(Known { callers, issuer }))
    }

    /// Who sent these headers, over a connection of this peer's.
    ///
    /// # Errors
    /// `caller.unknown`; `caller.keys` where the issuer's keys cannot be had.
    pub async fn caller(&self, headers: &HeaderMap, peer: Option<&Peer>) -> Result<Caller, Refusal> {
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        match (sent.next(), sent.next()) {
            (None, _) => self.by_certificate(peer).ok_or_else(unknown),
            (Some(value), None) => {
                let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
                self.by_token(token.ok_or_else(unknown)?).await
            }
            // Two tokens are no token: who reads the other one would see another caller.
            (Some(_), Some(_)) => Err(unknown()),
        }
    }

    fn by_certificate(&self, peer: Option<&Peer>) -> Option<Caller> {
        let mut names = peer?.names().iter();
        names.find_map(|name| self.0.callers.get(&Credential::Certificate(name.clone())).cloned())
    }

    async fn by_token(&self, token: &str) -> Result<Caller, Refusal> {
        let known = self.0.callers.get(&Credential::Token(TokenDigest::of(token)));
        match (known, &self.0.issuer) {
            (Some(caller), _) => Ok(caller.clone()),
            (None, Some(issuer)) => issuer.caller(token).await,
            (None, None) => Err(unknown()),
        }
    }
}

/// Nobody was recognised.
pub(crate) fn unknown() -> Refusal {
    let message =
        "expected `authorization: Bearer TOKEN` with a token that this service knows, or a certificate that it knows";
    Refusal::new(
        Code::Unauthenticated,
        "caller.unknown",
        message,
        "ask the service's operator for a token",
    )
}

/// Who calls, as it was recognised.
pub(crate) fn caller<T>(request: &Request<T>) -> Result<Caller, Refusal> {
    request.extensions().get::<Caller>().cloned().ok_or_else(unknown)
}

/// The caller's role does not do that.
pub(crate) fn role(help: &'static str) -> Refusal {
    let message = "this caller's role may not call that";
    Refusal::new(Code::PermissionDenied, "role", message, help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Role;

    fn portal(name: &str) -> Caller {
        Caller {
            tenant: "general".into(),
            name: name.into(),
            role: Role::Holder,
            did: None,
        }
    }

    fn callers() -> Callers {
        let certificate = CertificateName::parse("portal.example").unwrap();
        let known = [
            (Credential::Token(TokenDigest::of("secret")), portal("by token")),
            (Credential::Certificate(certificate), portal("by certificate")),
        ];
        Callers::new(known, None)
    }

    async fn called(headers: &[&str], peer: Option<&Peer>) -> Result<String, &'static str> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(AUTHORIZATION, header.parse().unwrap());
        }
        let caller = callers().caller(&map, peer).await;
        caller.map(|caller| caller.name).map_err(|refusal| refusal.code())
    }

    #[tokio::test]
    async fn a_known_token_names_its_caller_and_others_nobody() {
        assert_eq!(called(&["Bearer secret"], None).await.unwrap(), "by token");
        for wrong in [
            &[][..],
            &["secret"],
            &["Bearer "],
            &["Bearer Secret"],
            &["bearer secret"],
            &["Bearer secret "],
            &["Bearer secret", "Bearer secret"],
        ] {
            assert_eq!(called(wrong, None).await, Err("caller.unknown"), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_known_certificate_names_its_caller_unless_a_token_says_otherwise() {
        let peer = Peer::of_names(["portal.example"]);
        let stranger = Peer::of_names(["portal.example.org", "*.example"]);
        assert_eq!(called(&[], Some(&peer)).await.unwrap(), "by certificate");
        assert_eq!(called(&["Bearer secret"], Some(&peer)).await.unwrap(), "by token");
        assert_eq!(called(&["Bearer wrong"], Some(&peer)).await, Err("caller.unknown"));
        assert_eq!(called(&[], Some(&stranger)).await, Err("caller.unknown"));
    }
}
