//! Who the service is to its callers, and whose certificates it takes: read from files, and read again
//! without a connection being dropped.

use crate::config;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;
use tokio::sync::watch;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// Why a certificate cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file that is not there or not PEM.
    #[error("{0}: expected {1} in PEM: {2}")]
    File(PathBuf, &'static str, pem::Error),
    /// A file without a certificate.
    #[error("{0}: expected a certificate in PEM, found none")]
    Empty(PathBuf),
    /// Certificate and key do not fit, or are of a kind that is not supported.
    #[error("the certificate and its key: {0}")]
    Identity(rustls::Error),
    /// Roots of callers' certificates.
    #[error("the roots of callers' certificates: {0}")]
    Roots(#[from] VerifierBuilderError),
}

/// What connections are made with: what is replaced serves those that are open until they end.
#[derive(Clone, Debug)]
pub struct Tls {
    files: config::Tls,
    protocols: Vec<Vec<u8>>,
    current: watch::Sender<Arc<ServerConfig>>,
}

impl Tls {
    /// From files; over HTTP/1.1, too, where browsers call.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn open(files: &config::Tls, web: bool) -> Result<Tls, TlsError> {
        let mut protocols = vec![b"h2".to_vec()];
        if web {
            protocols.push(b"http/1.1".to_vec());
        }
        let current = Arc::new(read(files, &protocols)?);
        Ok(Tls {
            files: files.clone(),
            protocols,
            current: watch::Sender::new(current),
        })
    }

    /// Reads the files again, for connections from now on.
    ///
    /// # Errors
    /// [`TlsError`]: what was there before stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current.send_replace(Arc::new(read(&self.files, &self.protocols)?));
        Ok(())
    }

    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.borrow())
    }
}

fn read(files: &config::Tls, protocols: &[Vec<u8>]) -> Result<ServerConfig, TlsError> {
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| TlsError::File(files.key.clone(), "a private key", error))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Identity)?;
    let builder = match &files.callers {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for root in certificates(path)? {
                roots.add(root).map_err(TlsError::Identity)?;
            }
            let provider = Arc::new(ring::default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(certificates(&files.certificate)?, key)
        .map_err(TlsError::Identity)?;
    config.alpn_protocols = protocols.to_vec();
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |error| TlsError::File(path.to_owned(), "certificates", error);
    let found = CertificateDer::pem_file_iter(path).map_err(wrong)?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    if found.is_empty() {
        return Err(TlsError::Empty(path.to_owned()));
    }
    Ok(found)
}
