//! Error replies: `{"code": .., "error": ..}`.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::json;

use crate::http::reply;
use crate::keys::{KeyError, KeyRingError};
use crate::store::{SqlError, StoreError};

/// An error to answer with.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
    /// Seconds after which to come back.
    pub(crate) retry_after: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    /// The request cannot be read or breaks a rule. The text names what is wrong.
    pub(crate) fn invalid_request(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", problem)
    }

    /// An identifier is taken. Mobile clients compare this very text.
    pub(crate) fn user_exists() -> Self {
        Self::invalid_request("user: already exists.")
    }

    pub(crate) fn invalid_access_token(problem: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_access_token", problem)
    }

    pub(crate) fn invalid_refresh_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_refresh_token",
            "refresh token: unknown, expired or used.",
        )
    }

    /// Too much was asked for lately.
    pub(crate) fn too_many_requests(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            format!("Too many requests: come back in {seconds} seconds."),
        );
        error.retry_after = Some(seconds);
        error
    }

    /// A passkey, or what is to become one, is not accepted.
    pub(crate) fn webauthn_login_failed(problem: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "webauthn_login_failed", problem)
    }

    /// A passkey is not accepted in a login that named no user.
    pub(crate) fn discoverable_login_failed(problem: &'static str) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "discoverable_login_failed",
            problem,
        )
    }

    /// Too many codes were tried, so that the right one does not help any more.
    pub(crate) fn exceeded_attempts() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "exceeded_attempts",
            "one-time code: too many attempts.",
        )
    }

    pub(crate) fn invalid_magic_link() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_magic_link",
            "magic link: wrong, expired or used.",
        )
    }

    pub(crate) fn magic_link_not_opened() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_magic_link",
            "magic link: not opened yet.",
        )
    }

    pub(crate) fn magic_link_not_found() -> Self {
        Self::not_found("magic_link_not_found", "magic link: not found.")
    }

    pub(crate) fn invalid_nonce() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_nonce",
            "nonce: unknown, expired or used.",
        )
    }

    pub(crate) fn operation_not_allowed(problem: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "operation_not_allowed", problem)
    }

    pub(crate) fn user_not_active() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "user_not_active",
            "user: not active.",
        )
    }

    /// Whoever runs the server has not said how such messages are sent.
    pub(crate) fn custom_provider_required() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "custom_provider_required",
            "channel: this server has no provider for it.",
        )
    }

    pub(crate) fn identifier_not_verified() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "identifier_not_verified",
            "social login: the account has no e-mail address that its provider has verified.",
        )
    }

    pub(crate) fn app_not_found() -> Self {
        Self::not_found("app_not_found", "app: not found.")
    }

    pub(crate) fn user_not_found() -> Self {
        Self::not_found("user_not_found", "user: not found.")
    }

    pub(crate) fn device_not_found() -> Self {
        Self::not_found("device_not_found", "device: not found.")
    }

    /// The Auth API has no code for a device. Clients that know its codes alone could not read another.
    pub(crate) fn own_device_not_found() -> Self {
        Self::not_found("user_not_found", "device: not found.")
    }

    pub(crate) fn social_connection_not_found() -> Self {
        Self::not_found(
            "social_connection_not_found",
            "social connection: not found.",
        )
    }

    pub(crate) fn api_key_not_found() -> Self {
        Self::not_found("api_key_not_found", "api key: not found.")
    }

    pub(crate) fn transaction_not_found() -> Self {
        Self::not_found(
            "transaction_not_found",
            "transaction: unknown, expired or completed.",
        )
    }

    fn not_found(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn user_has_no_passkeys() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "user_has_no_passkeys",
            "user: has no passkeys.",
        )
    }

    /// A failure of ours: logged, and answered without details.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, source = error.source(), "a request failed");
        Self::failed()
    }

    /// A failure of ours that was logged already.
    pub(crate) fn failed() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_server_error",
            "The server failed.",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = reply::json(
            self.status,
            &json!({"code": self.code, "error": self.message}),
        );
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<SqlError> for ApiError {
    fn from(error: SqlError) -> Self {
        Self::internal(&error)
    }
}

impl From<KeyError> for ApiError {
    fn from(error: KeyError) -> Self {
        Self::internal(&error)
    }
}

impl From<KeyRingError> for ApiError {
    fn from(error: KeyRingError) -> Self {
        Self::internal(&error)
    }
}
