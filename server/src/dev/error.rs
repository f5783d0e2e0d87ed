//! Errors of the controls.

use std::fmt;

use crate::domain::error::Refusal;
use crate::http::reply::status_and_code;

/// Why a control did not work.
#[derive(Debug)]
pub struct ControlError(pub(crate) Refusal);

impl ControlError {
    /// The code that the same control answers over HTTP, such as `user_not_found`.
    #[must_use]
    pub fn code(&self) -> &str {
        status_and_code(self.0.reason).1
    }
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.message, self.code())
    }
}

impl std::error::Error for ControlError {}

impl<E: Into<Refusal>> From<E> for ControlError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}
