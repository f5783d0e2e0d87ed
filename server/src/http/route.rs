//! The target of a request: the API by its path or its host, the operation, and the client.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, OriginalUri, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Uri;
use http::header::HOST;
use http::request::Parts;
use http::uri::PathAndQuery;

use super::client_address::ClientAddress;
use super::entry::SentPath;
use super::operations::{self, Operation};
use crate::domain::client::Peer;

/// The target of a request.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Path and query as sent.
    pub(crate) sent: String,
    /// Path with the prefix of its API, whatever the host was.
    pub(crate) path: String,
    pub(crate) operation: Option<&'static Operation>,
}

impl Target {
    pub(crate) fn of(parts: &Parts) -> Self {
        // In a nested server, this path is only the remainder.
        let original = parts.extensions.get::<OriginalUri>();
        let sent = original.map_or(&parts.uri, |OriginalUri(uri)| uri);
        let path = routed_path(parts);
        Self {
            sent: sent.to_string(),
            operation: operations::find(&parts.method, &path),
            path,
        }
    }
}

/// Records the target and the client's address for the inner layers, and rewrites the path to the form that the router
/// matches.
pub(super) async fn find_target(
    State(client_address): State<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let target = Target::of(&parts);
    let peer = client_address.of(peer(&parts), &parts.headers);
    set_path(&mut parts, &target.path);
    parts.extensions.insert(peer);
    parts.extensions.insert(SentPath(sent_path(&target.sent)));
    parts.extensions.insert(Arc::new(target));
    next.run(Request::from_parts(parts, body)).await
}

/// The peer address of the connection, if the listener provides it.
fn peer(parts: &Parts) -> Peer {
    let accepted = parts.extensions.get::<Peer>().copied();
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    accepted
        .or_else(|| info.map(|ConnectInfo(address)| Peer(address.ip())))
        .unwrap_or(Peer(Ipv4Addr::UNSPECIFIED.into()))
}

/// The path in the form that the router matches: without a trailing slash, and with the prefix of the API that the host
/// implies.
fn routed_path(parts: &Parts) -> String {
    let path = sent_path(parts.uri.path());
    // HTTP/2 has the host in the URI.
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.host()).unwrap_or_default();
    let versioned = path == "/v1" || path.starts_with("/v1/");
    let names = |api: &str| {
        versioned
            && host
                .split_once('.')
                .is_some_and(|(first, _)| first.eq_ignore_ascii_case(api))
    };
    if names("api") {
        format!("/api{path}")
    } else if names("auth") {
        format!("/auth{path}")
    } else {
        path
    }
}

fn set_path(parts: &mut Parts, path: &str) {
    if path == parts.uri.path() && parts.uri.authority().is_none() {
        return;
    }
    let target = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    // The parts were valid before, and a prefix keeps them valid.
    if let Ok(target) = PathAndQuery::try_from(target) {
        parts.uri = Uri::from(target);
    }
}

/// The path without query and trailing slashes.
fn sent_path(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        "/".to_owned()
    } else {
        path.to_owned()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn paths_and_hosts() {
        for (host, sent, routed) in [
            ("127.0.0.1:1", "/api/v1/apps/a", "/api/v1/apps/a"),
            ("127.0.0.1:1", "/api/v1/apps/a/?x=/", "/api/v1/apps/a?x=/"),
            ("127.0.0.1:1", "/", "/"),
            ("127.0.0.1:1", "/v1/apps/a", "/v1/apps/a"),
            ("api.example.test", "/v1/apps/a//", "/api/v1/apps/a"),
            (
                "api.example.test:80",
                "/v1/apps/a%2Fb?x=%20",
                "/api/v1/apps/a%2Fb?x=%20",
            ),
            ("auth.example.test", "/v1/apps/a", "/auth/v1/apps/a"),
            ("auth.example.test", "/v10/apps/a", "/v10/apps/a"),
            ("auth.example.test", "/api/v1/apps/a", "/api/v1/apps/a"),
            ("auth", "/v1/apps/a", "/v1/apps/a"),
        ] {
            let request = Request::builder()
                .uri(sent)
                .header(HOST, host)
                .body(())
                .unwrap();
            let mut parts = request.into_parts().0;
            let path = Target::of(&parts).path;
            set_path(&mut parts, &path);
            assert_eq!(parts.uri.to_string(), routed, "{host} {sent}");
            assert_eq!(path, routed.split('?').next().unwrap());
        }
    }

    #[test]
    fn http_2_names_the_host_in_the_uri() {
        let request = Request::builder().uri("https://auth.example.test/v1/apps/a");
        let mut parts = request.body(()).unwrap().into_parts().0;
        let path = Target::of(&parts).path;
        set_path(&mut parts, &path);
        assert_eq!(parts.uri, "/auth/v1/apps/a");
    }
}
