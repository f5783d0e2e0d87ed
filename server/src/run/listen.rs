//! From the settings of a server to what HTTP needs.

use crate::certificate::Opened;
use crate::config::{ConfigError, ListenSettings};
use crate::http::client_address::ClientAddress;
use crate::http::entry::RequestPolicy;
use crate::http::serve::ConnectionLimits;
use crate::http::tls;

/// How connections are accepted, with TLS if there is a certificate.
pub(super) fn connection_limits(
    listen: &ListenSettings,
    certificate: Option<Opened>,
) -> Result<ConnectionLimits, ConfigError> {
    let tls = certificate.map(tls::with).transpose();
    Ok(ConnectionLimits {
        head: listen.head,
        reply: listen.reply,
        connections: listen.connections,
        tls: tls.map_err(|error| ConfigError::new(error.to_string()))?,
        ..ConnectionLimits::default()
    })
}

/// How requests are handled by a server with this URL.
pub(super) fn request_policy(listen: &ListenSettings, url: &str) -> RequestPolicy {
    let client_address = listen.client_address.as_ref();
    RequestPolicy {
        body: listen.body,
        client_address: client_address.map_or_else(ClientAddress::default, |(header, proxies)| {
            ClientAddress::from_header(header.clone(), *proxies)
        }),
        tls_only: url.starts_with("https://"),
    }
}
