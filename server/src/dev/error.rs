//! Errors of the controls.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::domain::error::Refusal;
use crate::http::reply;

/// Why a control failed.
#[derive(Debug)]
pub struct ControlError(Problem);

#[derive(Debug)]
enum Problem {
    Refused(Refusal),
    /// The test provider was switched off, or does not simulate this provider.
    NoTestProvider,
}

impl ControlError {
    pub(super) fn no_test_provider() -> Self {
        Self(Problem::NoTestProvider)
    }

    /// The code of the same error over HTTP, such as `user_not_found`.
    #[must_use]
    pub fn code(&self) -> &str {
        match &self.0 {
            Problem::Refused(refusal) => reply::status_and_code(refusal.reason).1,
            Problem::NoTestProvider => "not_found",
        }
    }

    fn message(&self) -> &str {
        match &self.0 {
            Problem::Refused(refusal) => &refusal.message,
            Problem::NoTestProvider => "There is no test provider here.",
        }
    }
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message(), self.code())
    }
}

impl std::error::Error for ControlError {}

impl<E: Into<Refusal>> From<E> for ControlError {
    fn from(error: E) -> Self {
        Self(Problem::Refused(error.into()))
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        match self {
            Self(Problem::Refused(refusal)) => refusal.into_response(),
            missing => reply::error(StatusCode::NOT_FOUND, missing.code(), missing.message()),
        }
    }
}
