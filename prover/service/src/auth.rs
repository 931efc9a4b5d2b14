//! Who calls: by a token in `authorization`, of which the configuration has the digest.

use crate::caller::Caller;
use crate::error::Refusal;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use tonic::service::Interceptor;
use tonic::{Code, Request, Status};

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

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

/// All callers.
#[derive(Clone, Debug, Default)]
pub struct Callers(Arc<HashMap<TokenDigest, Caller>>);

impl Callers {
    /// Of these.
    #[must_use]
    pub fn new(callers: impl IntoIterator<Item = (TokenDigest, Caller)>) -> Callers {
        Callers(Arc::new(callers.into_iter().collect()))
    }
}

/// Nobody was recognised.
pub(crate) fn unknown() -> Refusal {
    let message = "expected `authorization: Bearer TOKEN` with a token that this service knows";
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

impl Interceptor for Callers {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let refused = || Status::from(unknown());
        let header = request
            .metadata()
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(refused)?;
        let caller = self.0.get(&TokenDigest::of(token)).cloned().ok_or_else(refused)?;
        request.extensions_mut().insert(caller);
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Role;

    #[test]
    fn a_known_token_names_its_caller_and_others_nobody() {
        let caller = Caller {
            tenant: "general".into(),
            name: "portal".into(),
            role: Role::Holder,
            did: None,
        };
        let mut callers = Callers::new([(TokenDigest::of("secret"), caller.clone())]);
        let mut called = |header: Option<&str>| {
            let mut request = Request::new(());
            if let Some(header) = header {
                request.metadata_mut().insert("authorization", header.parse().unwrap());
            }
            callers.call(request)
        };
        let known = called(Some("Bearer secret")).unwrap();
        assert_eq!(known.extensions().get::<Caller>(), Some(&caller));
        for wrong in [
            None,
            Some("secret"),
            Some("Bearer "),
            Some("Bearer Secret"),
            Some("bearer secret"),
            Some("Bearer secret "),
        ] {
            assert_eq!(called(wrong).unwrap_err().code(), Code::Unauthenticated, "{wrong:?}");
        }
    }
}
