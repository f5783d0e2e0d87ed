//! Headers that every reply carries, so that browsers and caches do no harm with it.

use axum::response::Response;
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, Entry, HeaderName, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// Adds the headers that the reply does not say itself.
pub(super) fn protect(response: &mut Response, path: &str, tls_only: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        if let Entry::Vacant(vacant) = response.headers_mut().entry(name) {
            vacant.insert(HeaderValue::from_static(value));
        }
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "no-referrer");
    set(X_FRAME_OPTIONS, "DENY");
    // The pages of a development server have styles and forms.
    if !path.starts_with("/_dev") {
        set(
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        );
    }
    // Nearly every reply has a token or somebody's data in it. What is public anyway, caches may treat as they like.
    if !path.contains("/.well-known/") {
        set(CACHE_CONTROL, "no-store");
    }
    if tls_only {
        set(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}
