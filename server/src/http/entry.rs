//! The way in: the layers that every request passes before it reaches the router, in every mode of the server.

use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower::ServiceBuilder;
use tower::util::option_layer;

use super::client_address::ClientAddress;
use super::{access_log, body, headers, panic_guard, route};

/// The path of the request as its sender wrote it, for links in the reply.
#[derive(Debug, Clone)]
pub(crate) struct SentPath(pub(crate) String);

/// How requests are read and answered.
#[derive(Debug, Clone)]
pub(crate) struct RequestPolicy {
    /// How long a body may take.
    pub(crate) body: Duration,
    pub(crate) client_address: ClientAddress,
    /// Whether browsers are told to come by TLS alone.
    pub(crate) tls_only: bool,
}

impl Default for RequestPolicy {
    fn default() -> Self {
        Self {
            body: Duration::from_secs(30),
            client_address: ClientAddress::default(),
            tls_only: false,
        }
    }
}

/// Whether each request has a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessLog {
    On,
    Off,
}

/// Puts the layers before a router, the outermost first. They stand before it and not in it, because the first of them
/// changes the path that the router goes by.
pub(crate) fn entry(router: Router, policy: &RequestPolicy, log: AccessLog) -> Router {
    let log = (log == AccessLog::On).then(|| from_fn(access_log::note));
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(
            policy.client_address.clone(),
            route::find_target,
        ))
        .layer(option_layer(log))
        .layer(from_fn_with_state(policy.tls_only, headers::protect_reply))
        .layer(from_fn_with_state(policy.body, body::receive))
        .layer(from_fn(panic_guard::guard));
    Router::new().fallback_service(layers.service(router))
}
