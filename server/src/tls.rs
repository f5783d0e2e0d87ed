//! The server's certificate.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::{ConfigError, require_private};

/// Reads a certificate with its chain, and its key, from PEM files.
pub(crate) fn load(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, ConfigError> {
    let fails = |path: &Path, problem: &dyn std::fmt::Display| {
        ConfigError::new(format!("{}: {problem}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fails(certificate, &error))?;
    if chain.is_empty() {
        return Err(fails(certificate, &"there is no certificate in it"));
    }
    require_private(key)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| fails(key, &error))?;
    // The provider is named: what a program installed as its default is none of our business.
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| fails(certificate, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| fails(certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
