//! One delivery over HTTP.

use super::address;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use ureq::config::Config;
use ureq::http::{StatusCode, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

/// Where a webhook is, and what of it is believed.
#[derive(Clone)]
pub struct Receiver {
    /// `https://…`; `http://…` where its addresses may be private.
    pub url: String,
    /// Whether it may be on this machine or on a private network.
    pub private_addresses: bool,
    /// Roots of its certificate, in PEM; the web's without.
    pub roots: Option<Vec<u8>>,
}

// An address may have a token in it.
impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver(…)")
    }
}

/// A receiver that nothing can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoReceiver {
    /// Not an address.
    #[error("expected an address like https://host/path without a user, found something else")]
    Address,
    /// Without TLS.
    #[error("expected https, found http: only a receiver with private_addresses may go without TLS")]
    Plain,
    /// Roots that are none.
    #[error("expected certificates in PEM, found something else")]
    Roots,
}

/// What a receiver said. Its words are not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 2xx: it has it.
    Taken,
    /// 410: it wants no more of it.
    Gone,
    /// Anything else, or nothing: why.
    NotTaken(String),
}

/// Sends to one receiver. It follows no redirect, goes through no proxy, and keeps no connection.
#[derive(Debug)]
pub struct Sender {
    agent: Agent,
    url: String,
}

impl Receiver {
    /// Whether it is one.
    ///
    /// # Errors
    /// [`NoReceiver::Address`], [`NoReceiver::Plain`].
    pub fn check(&self) -> Result<(), NoReceiver> {
        let uri: Uri = self.url.parse().map_err(|_| NoReceiver::Address)?;
        let authority = uri.authority().ok_or(NoReceiver::Address)?;
        if authority.as_str().contains('@') {
            return Err(NoReceiver::Address);
        }
        match uri.scheme_str() {
            Some("https") => Ok(()),
            Some("http") if self.private_addresses => Ok(()),
            Some("http") => Err(NoReceiver::Plain),
            _ => Err(NoReceiver::Address),
        }
    }
}

impl Sender {
    /// To this receiver, in at most this time a delivery.
    ///
    /// # Errors
    /// [`NoReceiver`].
    pub fn new(receiver: &Receiver, timeout: Duration) -> Result<Sender, NoReceiver> {
        receiver.check()?;
        let roots = match &receiver.roots {
            None => RootCerts::WebPki,
            Some(pem) => RootCerts::Specific(Arc::new(certificates(pem)?)),
        };
        let config = Config::builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .https_only(!receiver.private_addresses)
            .proxy(None)
            .max_redirects(0)
            .max_idle_connections(0)
            .user_agent("medproof")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        let resolver = Guarded {
            private_addresses: receiver.private_addresses,
            inner: DefaultResolver::default(),
        };
        Ok(Sender {
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
            url: receiver.url.clone(),
        })
    }

    /// Sends a body with these headers. Blocks.
    #[must_use]
    pub fn send(&self, headers: &[(&str, String)], body: &[u8]) -> Answer {
        let mut request = self.agent.post(&self.url).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        match request.send(body) {
            Ok(response) if response.status().is_success() => Answer::Taken,
            Ok(response) if response.status() == StatusCode::GONE => Answer::Gone,
            Ok(response) => Answer::NotTaken(format!("status {}", response.status().as_u16())),
            Err(error) => Answer::NotTaken(said(&error)),
        }
    }
}

// Not its address, which may be a secret.
fn said(error: &Error) -> String {
    match error {
        Error::Timeout(_) => "no answer in time".into(),
        Error::HostNotFound => "its name has no address that it may be at".into(),
        Error::ConnectionFailed => "nobody listens".into(),
        Error::Tls(_) | Error::Rustls(_) => "its certificate is not believed".into(),
        // As rustls says it of a connection that was begun.
        Error::Io(error) if error.kind() == ErrorKind::InvalidData => "its certificate is not believed".into(),
        Error::Io(error) => format!("the connection: {}", error.kind()),
        _ => "no answer that is one".into(),
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, NoReceiver> {
    let items = parse_pem(pem).map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Ok(certificate),
        _ => Err(NoReceiver::Roots),
    });
    let certificates: Vec<_> = items.collect::<Result<_, _>>()?;
    if certificates.is_empty() {
        return Err(NoReceiver::Roots);
    }
    Ok(certificates)
}

/// Leaves out the addresses that webhooks must not go to. Here, and not before: what is looked up is what is
/// connected to.
#[derive(Debug)]
struct Guarded {
    private_addresses: bool,
    inner: DefaultResolver,
}

impl Resolver for Guarded {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        if self.private_addresses {
            return Ok(found);
        }
        let mut public = self.empty();
        found
            .iter()
            .filter(|found| address::is_public(found.ip()))
            .for_each(|found| public.push(*found));
        if public.is_empty() {
            return Err(Error::HostNotFound);
        }
        Ok(public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receiver(url: &str, private_addresses: bool) -> Receiver {
        Receiver {
            url: url.into(),
            private_addresses,
            roots: None,
        }
    }

    #[test]
    fn receivers_have_tls_and_no_user() {
        assert_eq!(receiver("https://sponsor.example/hook", false).check(), Ok(()));
        assert_eq!(receiver("http://10.0.0.1/hook", true).check(), Ok(()));
        assert_eq!(
            receiver("http://sponsor.example/hook", false).check(),
            Err(NoReceiver::Plain)
        );
        for wrong in [
            "",
            "sponsor.example",
            "/hook",
            "ftp://sponsor.example/",
            "https://a:b@sponsor.example/",
        ] {
            assert_eq!(receiver(wrong, true).check(), Err(NoReceiver::Address), "{wrong}");
        }
        let roots = Receiver {
            roots: Some(b"nothing".to_vec()),
            ..receiver("https://sponsor.example/hook", false)
        };
        assert_eq!(
            Sender::new(&roots, Duration::from_secs(1)).map(|_| ()),
            Err(NoReceiver::Roots)
        );
    }
}
