//! The server's certificate, which is reloaded when its files change.

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

/// The TLS configuration and its certificate.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) certificate: Arc<Certificate>,
}

/// Serves TLS with a loaded certificate.
pub(crate) fn with(opened: Opened) -> Result<Tls, CertificateError> {
    let fails = |error| CertificateError::new(&opened.files.certificate, error);
    // The provider is explicit, so that a default installed by the program has no effect.
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

/// The certificate for new connections, and the files that it comes from.
pub(crate) struct Certificate {
    files: Files,
    current: RwLock<Pair>,
    seen: Mutex<Seen>,
}

/// The result of the last check.
struct Seen {
    marks: [Option<Mark>; 2],
    /// Whether the expiry of the current certificate has been logged.
    expiry_told: bool,
}

/// The result of checking the files.
#[derive(Debug)]
pub(crate) enum Look {
    /// The files have not changed.
    Same,
    /// The new certificate is now in use.
    Taken,
    /// The new files cannot be used. The previous certificate stays in use.
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

    /// Checks whether the files changed, and logs the result.
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

    /// Reloads the files if they changed since the last check. Unusable files are reported once, until they change
    /// again.
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

    /// When the certificate in use expired. `None` if it is valid or this was reported before.
    fn news_of_expiry(&self, now: Timestamp) -> Option<Timestamp> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let expiry = current.expiry.filter(|expiry| *expiry < now)?;
        (!std::mem::replace(&mut seen.expiry_told, true)).then_some(expiry)
    }
}
