//! What a certificate is known by: its digest, or the names that its issuer put into it. A subject's common
//! name is none of them (RFC 9525 §2): anything may stand there.

use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;
use tokio_rustls::rustls::pki_types::CertificateDer;

/// A name of a certificate.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum CertificateName {
    /// SHA-256 of the certificate itself.
    Sha256([u8; 32]),
    /// A URI among its alternative names, to the letter.
    Uri(String),
    /// A DNS name among them.
    Dns(String),
}

/// Text that names no certificate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected `sha256:` and 64 hexadecimal digits, a URI, or a DNS name in lower case without `*`")]
pub struct NoCertificateName;

const SHA256: &str = "sha256:";

impl CertificateName {
    /// From `sha256:…`, a URI or a DNS name.
    ///
    /// # Errors
    /// [`NoCertificateName`].
    pub fn parse(text: &str) -> Result<CertificateName, NoCertificateName> {
        if let Some(digits) = text.strip_prefix(SHA256) {
            let mut digest = [0; 32];
            hex::decode_to_slice(digits, &mut digest).map_err(|_| NoCertificateName)?;
            return Ok(CertificateName::Sha256(digest));
        }
        if text.contains(':') && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(CertificateName::Uri(text.to_owned()));
        }
        let in_dns = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        match text.bytes().all(in_dns) && !text.is_empty() {
            true => Ok(CertificateName::Dns(text.to_owned())),
            false => Err(NoCertificateName),
        }
    }
}

impl fmt::Debug for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateName::Sha256(digest) => write!(f, "{SHA256}{}", hex::encode(digest)),
            CertificateName::Uri(name) | CertificateName::Dns(name) => f.write_str(name),
        }
    }
}

/// Who is at a connection's other end, by a certificate that was verified.
#[derive(Clone, Debug)]
pub struct Peer(Vec<CertificateName>);

impl Peer {
    /// From the certificate of a connection whose handshake verified it.
    #[must_use]
    pub fn verified(certificate: &CertificateDer<'_>) -> Peer {
        let mut names = vec![CertificateName::Sha256(Sha256::digest(certificate).into())];
        if let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) {
            names.extend(
                parsed
                    .valid_uri_names()
                    .map(|name| CertificateName::Uri(name.to_owned())),
            );
            let dns = parsed.valid_dns_names().map(str::to_ascii_lowercase);
            names.extend(dns.map(CertificateName::Dns));
        }
        Peer(names)
    }

    /// Its names, the most particular first.
    #[must_use]
    pub fn names(&self) -> &[CertificateName] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn of_names<const N: usize>(names: [&str; N]) -> Peer {
        Peer(names.map(|name| CertificateName::Dns(name.to_owned())).to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    #[test]
    fn a_certificate_is_known_by_its_digest_and_its_alternative_names() {
        let mut params = CertificateParams::new(vec!["Portal.Example".to_owned()]).unwrap();
        let uri = "spiffe://hospital/portal";
        params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "common.example");
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let peer = Peer::verified(certificate.der());
        let digest = hex::encode(Sha256::digest(certificate.der()));
        let expected = [&format!("sha256:{digest}"), uri, "portal.example"];
        let expected = expected.map(|name| CertificateName::parse(name).unwrap());
        assert_eq!(peer.names(), expected);
    }

    #[test]
    fn what_names_no_certificate_is_refused() {
        for wrong in ["", "sha256:00", "*.example", "Portal", "a b", "uri: x"] {
            assert_eq!(CertificateName::parse(wrong), Err(NoCertificateName), "{wrong}");
        }
    }
}
