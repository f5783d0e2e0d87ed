//! The server's certificate, which is read again when its files change.

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::certificate::{CertificateError, Files, Mark, Opened, Pair};

/// How TLS is spoken, and with what.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) certificate: Arc<Certificate>,
}

/// Speaks TLS with a certificate that was read.
pub(crate) fn with(opened: Opened) -> Result<Tls, CertificateError> {
    let fails = |error| CertificateError::new(&opened.files.certificate, error);
    // The provider is named: what a program installed as its default is none of our business.
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(fails)?
        .with_no_client_auth();
    let resolver = Arc::new(Certificate::new(opened));
    let mut config =
        config.with_cert_resolver(Arc::clone(&resolver) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Tls {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        certificate: resolver,
    })
}

/// The certificate that new connections get, and the files that it comes from.
pub(crate) struct Certificate {
    files: Files,
    current: RwLock<Pair>,
    seen: Mutex<Seen>,
}

/// What the last look found.
struct Seen {
    marks: [Option<Mark>; 2],
    /// Whether the log has it that the current certificate expired.
    expiry_told: bool,
}

/// What a look at the files came to.
#[derive(Debug)]
pub(crate) enum Look {
    /// They are as they were.
    Same,
    /// What is in them now is in use.
    Taken,
    /// What is in them now cannot be used. What was in use still is.
    Refused(CertificateError),
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current.certified))
    }
}

impl Certificate {
    fn new(opened: Opened) -> Self {
        Self {
            files: opened.files,
            current: RwLock::new(opened.pair),
            seen: Mutex::new(Seen {
                marks: opened.marks,
                expiry_told: false,
            }),
        }
    }

    /// Looks whether the files changed, and writes to the log what came of it.
    pub(crate) fn keep_up(&self, now: Timestamp) {
        match self.look() {
            Look::Same => {}
            Look::Taken => tracing::info!("the certificate was renewed"),
            Look::Refused(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the new certificate cannot be used: the old one stays in use"
            ),
        }
        if let Some(expiry) = self.news_of_expiry(now) {
            tracing::warn!(%expiry, "the certificate has expired: clients will refuse it");
        }
    }

    /// Reads the files if they changed since the last look. What cannot be used is refused once, until they change again.
    pub(crate) fn look(&self) -> Look {
        let marks = self.files.marks();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.marks == marks {
            return Look::Same;
        }
        seen.marks = marks;
        match self.files.read() {
            Ok(pair) => {
                seen.expiry_told = false;
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = pair;
                Look::Taken
            }
            Err(error) => Look::Refused(error),
        }
    }

    /// When the certificate in use expired, unless it did not or this said so before.
    fn news_of_expiry(&self, now: Timestamp) -> Option<Timestamp> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let expiry = current.expiry.filter(|expiry| *expiry < now)?;
        (!std::mem::replace(&mut seen.expiry_told, true)).then_some(expiry)
    }
}
