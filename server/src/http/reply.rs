//! Replies, and how refusals map to HTTP.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;

use super::audit::Refused;
use crate::domain::error::{Reason, Refusal};

/// A reply with a JSON body.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => with_type(status, "application/json", text),
        // Our replies are made of structs and string maps, which always serialise.
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// 200 with a JSON body.
pub(crate) fn ok(value: &impl Serialize) -> Response {
    json(StatusCode::OK, value)
}

/// 201 with a JSON body.
pub(crate) fn created(value: &impl Serialize) -> Response {
    json(StatusCode::CREATED, value)
}

/// A reply without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A redirect to a URL that carries a secret.
pub(crate) fn redirect(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        // Our locations are validated or encoded, so they are valid header values.
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut response = empty(StatusCode::FOUND);
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// A reply with a body of any type.
pub(crate) fn with_type(status: StatusCode, content_type: &str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}

/// An error that only concerns HTTP, and is not a refusal of the domain.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    json(status, &json!({"code": code, "error": message}))
}

/// The status and the code of a reason.
pub(crate) fn status_and_code(reason: Reason) -> (StatusCode, &'static str) {
    use StatusCode as Status;
    match reason {
        Reason::InvalidRequest => (Status::BAD_REQUEST, "invalid_request"),
        Reason::InvalidAccessToken => (Status::UNAUTHORIZED, "invalid_access_token"),
        Reason::InvalidRefreshToken => (Status::UNAUTHORIZED, "invalid_refresh_token"),
        Reason::TooManyRequests => (Status::TOO_MANY_REQUESTS, "too_many_requests"),
        Reason::WebauthnLoginFailed => (Status::UNAUTHORIZED, "webauthn_login_failed"),
        Reason::DiscoverableLoginFailed => (Status::UNAUTHORIZED, "discoverable_login_failed"),
        Reason::ExceededAttempts => (Status::UNAUTHORIZED, "exceeded_attempts"),
        Reason::InvalidMagicLink => (Status::UNAUTHORIZED, "invalid_magic_link"),
        Reason::InvalidNonce => (Status::UNAUTHORIZED, "invalid_nonce"),
        Reason::OperationNotAllowed => (Status::FORBIDDEN, "operation_not_allowed"),
        Reason::UserNotActive => (Status::FORBIDDEN, "user_not_active"),
        Reason::CustomProviderRequired => (Status::BAD_REQUEST, "custom_provider_required"),
        Reason::IdentifierNotVerified => (Status::FORBIDDEN, "identifier_not_verified"),
        Reason::UserHasNoPasskeys => (Status::CONFLICT, "user_has_no_passkeys"),
        Reason::ProviderUnavailable => (Status::SERVICE_UNAVAILABLE, "provider_unavailable"),
        Reason::Failed => (Status::INTERNAL_SERVER_ERROR, "internal_server_error"),
        Reason::MagicLinkNotFound => (Status::NOT_FOUND, "magic_link_not_found"),
        Reason::AppNotFound => (Status::NOT_FOUND, "app_not_found"),
        Reason::UserNotFound => (Status::NOT_FOUND, "user_not_found"),
        Reason::DeviceNotFound => (Status::NOT_FOUND, "device_not_found"),
        Reason::SocialConnectionNotFound => (Status::NOT_FOUND, "social_connection_not_found"),
        Reason::ApiKeyNotFound => (Status::NOT_FOUND, "api_key_not_found"),
        Reason::TransactionNotFound => (Status::NOT_FOUND, "transaction_not_found"),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = status_and_code(self.reason);
        let mut response = error(status, code, &self.message);
        if let Some(reason) = self.audit_reason() {
            response.extensions_mut().insert(Refused(reason));
        }
        if let Some(wait) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, wait.as_secs().into());
        }
        response
    }
}
