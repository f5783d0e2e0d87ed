//! Why an extractor refused a request.

use std::fmt;

use super::Answer;
use crate::error::{Error, ErrorCode, ErrorKind};

/// | Status | When | Header |
/// |---|---|---|
/// | 401 | the token is missing or invalid, or its user no longer exists | `WWW-Authenticate: Bearer`, with an error as in RFC 6750 unless the token is missing |
/// | 403 | the request comes from another site, or the user was deactivated ([`CurrentUser`](super::CurrentUser) only) | |
/// | 503 | the app's keys, or the user, are unavailable | `Retry-After` |
/// | 500 | the service is misconfigured, or its server does not behave as expected; the error is logged | |
///
/// The body is a fixed text for each case, and shows nothing of the request.
pub struct Rejection {
    error: Error,
    answer: Answer,
    text: &'static str,
}

impl Rejection {
    /// The token is valid, but the user does not exist.
    pub(super) fn user_is_gone(error: Error) -> Self {
        Self {
            error,
            answer: Answer::unauthorized(
                "Bearer error=\"invalid_token\", error_description=\"the user does not exist\"",
            ),
            text: "the user does not exist",
        }
    }

    pub(super) fn user_is_not_active() -> Self {
        let text = "the user is not active";
        Self {
            error: Error::new(ErrorKind::Api, text).with_code(ErrorCode::UserNotActive),
            answer: Answer::plain(403),
            text,
        }
    }

    /// The error.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The error, by value.
    #[must_use]
    pub fn into_error(self) -> Error {
        self.error
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer.status
    }

    pub(crate) fn answer(&self) -> Answer {
        self.answer
    }

    pub(crate) fn text(&self) -> &'static str {
        self.text
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        let answer = Answer::of(&error);
        let text = match answer.status {
            401 | 403 => error.kind().message(),
            503 if error.kind() == ErrorKind::JwksUnavailable => error.kind().message(),
            503 => "the user cannot be looked up at the moment",
            _ => {
                // Only the service can fix this, so the client does not see it.
                tracing::error!(%error, "a request could not be authenticated");
                "the request could not be handled"
            }
        };
        Self {
            error,
            answer,
            text,
        }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("status", &self.answer.status)
            .field("error", &self.error)
            .finish()
    }
}

/// The text of the response's body.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl std::error::Error for Rejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_fixed_for_each_case() {
        for &kind in ErrorKind::ALL {
            let rejection = Rejection::from(Error::of(kind));
            let text = match rejection.status() {
                401 | 403 => kind.message(),
                503 if kind == ErrorKind::JwksUnavailable => kind.message(),
                503 => "the user cannot be looked up at the moment",
                500 => "the request could not be handled",
                status => panic!("{kind}: {status}"),
            };
            assert_eq!(rejection.to_string(), text, "{kind}");
            assert_eq!(rejection.error().kind(), kind);
        }
    }

    #[test]
    fn neither_text_nor_debug_shows_what_the_server_said() {
        let error = Error::refused(crate::error::Refusal {
            status: 404,
            code: Some(ErrorCode::UserNotFound),
            server_message: Some("no user a@b.c".to_owned()),
            ..Default::default()
        });
        let rejection = Rejection::user_is_gone(error);
        let shown = format!("{rejection} {rejection:?}");
        assert!(shown.contains("user_not_found") || shown.contains("UserNotFound"));
        assert!(!shown.contains("a@b.c"), "{shown}");
    }
}
