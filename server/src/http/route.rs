//! Which API a request is for: by its path, or by its host.

use http::Uri;
use http::header::HOST;
use http::request::Parts;
use http::uri::PathAndQuery;

/// Brings the path into the form that the router knows: without a slash at its end, and with the prefix of the API
/// that the host names.
pub(super) fn route(parts: &mut Parts) -> String {
    let path = sent_path(parts.uri.path());
    let host = parts
        .headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let versioned = path == "/v1" || path.starts_with("/v1/");
    let names = |api: &str| {
        versioned
            && host
                .split_once('.')
                .is_some_and(|(first, _)| first.eq_ignore_ascii_case(api))
    };
    let path = if names("api") {
        format!("/api{path}")
    } else if names("auth") {
        format!("/auth{path}")
    } else {
        path
    };
    if path == parts.uri.path() && parts.uri.authority().is_none() {
        return path;
    }
    let target = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.clone(),
    };
    // The parts were valid before, and a prefix keeps them so.
    if let Ok(target) = PathAndQuery::try_from(target) {
        parts.uri = Uri::from(target);
    }
    path
}

/// The path without query and without slashes at its end.
pub(super) fn sent_path(target: &str) -> String {
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
            let path = route(&mut parts);
            assert_eq!(parts.uri.to_string(), routed, "{host} {sent}");
            assert_eq!(path, routed.split('?').next().unwrap());
        }
    }
}
