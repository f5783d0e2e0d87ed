//! The layers that every request passes through before the router, in every mode of the server.

use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower::ServiceBuilder;
use tower::util::option_layer;

use super::client_address::ClientAddress;
use super::{access_log, body, headers, panic_guard, route};

/// The path of the request as it was sent, for links in the reply.
#[derive(Debug, Clone)]
pub(crate) struct SentPath(pub(crate) String);

/// How requests are read and answered.
#[derive(Debug, Clone)]
pub(crate) struct RequestPolicy {
    /// Time limit for a body.
    pub(crate) body: Duration,
    pub(crate) client_address: ClientAddress,
    /// Whether browsers are told to use TLS only.
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

/// Whether requests are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessLog {
    On,
    Off,
}

/// Wraps a router in the layers, the outermost first. They are not part of the router, because the first of them
/// changes the path that the router matches.
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::net::SocketAddr;

    use axum::Extension;
    use axum::body::{Body, to_bytes};
    use axum::extract::{ConnectInfo, Request};
    use axum::response::Response;
    use axum::routing::get;
    use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, X_CONTENT_TYPE_OPTIONS};
    use tower::ServiceExt as _;

    use super::*;
    use crate::domain::client::Peer;

    async fn call(router: Router, policy: &RequestPolicy, request: Request) -> Response {
        let entry = entry(router, policy, AccessLog::On);
        entry.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_for() {
        async fn fails() {
            panic!("on purpose");
        }
        for (path, origin) in [("/auth/v1/fails", Some("*")), ("/api/v1/fails", None)] {
            let router = Router::new().route(path, get(fails));
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = call(router, &RequestPolicy::default(), request).await;
            assert_eq!(response.status().as_u16(), 500);
            let headers = response.headers();
            let seen = headers.get(ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(seen.map(|it| it.to_str().unwrap()), origin);
            assert!(headers.contains_key(X_CONTENT_TYPE_OPTIONS));
            let body = to_bytes(response.into_body(), 1000).await.unwrap();
            assert!(!String::from_utf8_lossy(&body).contains("on purpose"));
        }
    }

    #[tokio::test]
    async fn whoever_accepts_a_connection_says_where_it_comes_from() {
        async fn show(Extension(Peer(address)): Extension<Peer>) -> String {
            address.to_string()
        }
        let header = http::HeaderName::from_static("x-forwarded-for");
        let trusting = RequestPolicy {
            client_address: ClientAddress::from_header(header, 1),
            ..RequestPolicy::default()
        };
        let info = ConnectInfo::<SocketAddr>("192.0.2.1:4711".parse().unwrap());
        let own = Peer("192.0.2.2".parse().unwrap());
        for (policy, info, peer, seen) in [
            (RequestPolicy::default(), None, None, "0.0.0.0"),
            (RequestPolicy::default(), Some(info), None, "192.0.2.1"),
            (RequestPolicy::default(), Some(info), Some(own), "192.0.2.2"),
            (trusting, None, None, "192.0.2.3"),
        ] {
            let request = Request::get("/").header("x-forwarded-for", "192.0.2.3");
            let mut request = request.body(Body::empty()).unwrap();
            if let Some(info) = info {
                request.extensions_mut().insert(info);
            }
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            let response = call(Router::new().route("/", get(show)), &policy, request).await;
            let body = to_bytes(response.into_body(), 1000).await.unwrap();
            assert_eq!(body, seen);
        }
    }
}
