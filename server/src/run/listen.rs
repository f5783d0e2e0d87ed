//! From the settings of a server to what HTTP needs.

use crate::config::{ConfigError, ListenSettings};
use crate::http::client_address::ClientAddress;
use crate::http::entry::RequestPolicy;
use crate::http::serve::ConnectionLimits;
use crate::http::tls;

/// How connections and requests are taken by a server with this URL.
pub(super) fn policies(
    listen: ListenSettings,
    url: &str,
) -> Result<(ConnectionLimits, RequestPolicy), ConfigError> {
    let tls = listen.certificate.map(tls::with).transpose();
    let connection_limits = ConnectionLimits {
        head: listen.head,
        reply: listen.reply,
        connections: listen.connections,
        tls: tls.map_err(|error| ConfigError::new(error.to_string()))?,
        ..ConnectionLimits::default()
    };
    let request_policy = RequestPolicy {
        body: listen.body,
        client_address: match listen.client_address {
            Some((header, proxies)) => ClientAddress::from_header(header, proxies),
            None => ClientAddress::default(),
        },
        tls_only: url.starts_with("https://"),
    };
    Ok((connection_limits, request_policy))
}
