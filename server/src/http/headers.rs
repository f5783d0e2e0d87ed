//! Security headers of every reply, for browsers and caches.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL,
    CONTENT_SECURITY_POLICY, Entry, HeaderName, REFERRER_POLICY, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::operations::Api;
use super::route::Target;

/// Adds [`protect`]'s headers to every reply.
pub(super) async fn protect_reply(
    State(tls_only): State<bool>,
    Extension(target): Extension<Arc<Target>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    protect(&mut response, &target.path, tls_only);
    response
}

/// Adds to a reply that did not pass through the router the headers that the router sets on the Auth API: scripts must
/// be able to read the status and `Retry-After`.
pub(crate) fn expose_to_scripts(response: &mut Response, path: &str) {
    if path.starts_with(Api::Auth.prefix()) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, RETRY_AFTER.into());
    }
}

/// Adds the headers that the reply does not have yet.
pub(crate) fn protect(response: &mut Response, path: &str, tls_only: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        if let Entry::Vacant(vacant) = response.headers_mut().entry(name) {
            vacant.insert(HeaderValue::from_static(value));
        }
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "no-referrer");
    set(X_FRAME_OPTIONS, "DENY");
    // A page with styles or forms sets its own.
    set(
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    );
    // Nearly every reply contains a token or personal data. Public replies may be cached.
    if !path.contains("/.well-known/") {
        set(CACHE_CONTROL, "no-store");
    }
    if tls_only {
        set(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}
