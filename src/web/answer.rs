//! The answer to your service's client for an error.

use crate::error::{Error, ErrorCode, ErrorKind};

/// Seconds to wait if the error has no value: as long as a server takes to restart.
const DEFAULT_RETRY: u64 = 5;

/// What the response to a refused request says, besides its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `WWW-Authenticate`, which every 401 has (RFC 9110, 15.5.2).
    pub(crate) challenge: Option<&'static str>,
    /// `Retry-After` in seconds.
    pub(crate) retry_after: Option<u64>,
}

impl Answer {
    pub(crate) const fn unauthorized(challenge: &'static str) -> Self {
        Self {
            status: 401,
            challenge: Some(challenge),
            retry_after: None,
        }
    }

    pub(crate) const fn plain(status: u16) -> Self {
        Self {
            status,
            challenge: None,
            retry_after: None,
        }
    }

    pub(crate) fn of(error: &Error) -> Self {
        if error.is_token_invalid() {
            Self::unauthorized(challenge(error.kind()))
        } else if error.kind() == ErrorKind::CrossSite {
            Self::plain(403)
        } else if error.code() == Some(&ErrorCode::InvalidNonce) {
            // Not sent as a bearer token, so there is nothing to say about one.
            Self::unauthorized("Bearer")
        } else if error.is_unavailable() {
            Self {
                retry_after: Some(retry_after(error)),
                ..Self::plain(503)
            }
        } else {
            Self::plain(500)
        }
    }
}

/// RFC 6750, section 3: no error code for a request without any token. Several tokens are an
/// `invalid_request`, but the status stays 401: for the client the token is invalid.
const fn challenge(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TokenMissing => "Bearer",
        ErrorKind::AmbiguousRequest => {
            "Bearer error=\"invalid_request\", error_description=\"the request carries more than one token\""
        }
        _ => kind.invalid_token_challenge(),
    }
}

/// In whole seconds, rounded up; zero would invite the client to try again at once.
fn retry_after(error: &Error) -> u64 {
    error.retry_after().map_or(DEFAULT_RETRY, |wait| {
        let part = u64::from(wait.subsec_nanos() > 0);
        wait.as_secs().saturating_add(part).max(1)
    })
}

impl Error {
    /// The status to answer your own client with: 401 if the token or a Flex nonce is invalid, 403 if
    /// the request comes from another site, 503 if no decision was possible, and 500 for
    /// everything else.
    #[must_use]
    pub fn answer_status(&self) -> u16 {
        Answer::of(self).status
    }

    /// The `WWW-Authenticate` to answer your own client with, if the answer is a 401.
    ///
    /// It is the challenge of [RFC 6750, section 3]: a bare `Bearer` if there was no token,
    /// otherwise the error `invalid_token`, or `invalid_request` for several tokens, with a fixed
    /// text for its kind. It contains nothing of the token.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, headers: http::HeaderMap) -> Result<http::Response<()>, http::Error> {
    /// let mut answer = http::Response::builder();
    /// if let Err(error) = passage.authenticate(&headers).await {
    ///     answer = answer.status(error.answer_status());
    ///     if let Some(challenge) = error.answer_challenge() {
    ///         answer = answer.header(http::header::WWW_AUTHENTICATE, challenge);
    ///     }
    ///     if let Some(seconds) = error.answer_retry_after() {
    ///         answer = answer.header(http::header::RETRY_AFTER, seconds);
    ///     }
    /// }
    /// answer.body(())
    /// # }
    /// ```
    ///
    /// [RFC 6750, section 3]: https://www.rfc-editor.org/rfc/rfc6750#section-3
    #[must_use]
    pub fn answer_challenge(&self) -> Option<&'static str> {
        Answer::of(self).challenge
    }

    /// The `Retry-After` to answer your own client with, in seconds, if the answer is a 503.
    ///
    /// It is [`retry_after`](Self::retry_after) rounded up to at least 1, or 5 if that is unknown.
    /// See [`answer_challenge`](Self::answer_challenge) for an example.
    #[must_use]
    pub fn answer_retry_after(&self) -> Option<u64> {
        Answer::of(self).retry_after
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderValue;

    use super::*;
    use crate::error::Refusal;

    fn api(status: u16, code: &str) -> Error {
        Error::refused(Refusal {
            status,
            code: ErrorCode::read(code),
            ..Refusal::default()
        })
    }

    #[test]
    fn answers() {
        use ErrorKind::*;
        let token = |challenge| (401, Some(challenge), None);
        for (error, expected) in [
            (Error::of(TokenMissing), token("Bearer")),
            (
                Error::of(Expired),
                token(r#"Bearer error="invalid_token", error_description="the token has expired""#),
            ),
            (
                Error::of(UnsupportedAlgorithm),
                token(
                    r#"Bearer error="invalid_token", error_description="the token's algorithm is not RS256""#,
                ),
            ),
            (
                Error::of(AmbiguousRequest),
                token(
                    r#"Bearer error="invalid_request", error_description="the request carries more than one token""#,
                ),
            ),
            (api(401, "invalid_nonce"), token("Bearer")),
            (Error::of(CrossSite), (403, None, None)),
            (Error::of(JwksUnavailable), (503, None, Some(5))),
            (Error::of(Timeout), (503, None, Some(5))),
            (Error::of(Connection), (503, None, Some(5))),
            (api(429, ""), (503, None, Some(5))),
            (api(502, ""), (503, None, Some(5))),
            (api(401, "invalid_access_token"), (500, None, None)),
            (api(404, "user_not_found"), (500, None, None)),
            (Error::of(Config), (500, None, None)),
            (Error::of(MissingApiKey), (500, None, None)),
            (Error::of(InvalidInput), (500, None, None)),
            (Error::of(Decode), (500, None, None)),
        ] {
            let answer = (
                error.answer_status(),
                error.answer_challenge(),
                error.answer_retry_after(),
            );
            assert_eq!(answer, expected, "{error:?}");
        }
    }

    #[test]
    fn waits_are_rounded_up_and_never_zero() {
        for (wait, expected) in [
            (None, 5),
            (Some(Duration::ZERO), 1),
            (Some(Duration::from_millis(1)), 1),
            (Some(Duration::from_secs(1)), 1),
            (Some(Duration::new(1, 1)), 2),
            (Some(Duration::from_secs(60)), 60),
            (Some(Duration::MAX), u64::MAX),
        ] {
            let unavailable = Error::of(ErrorKind::JwksUnavailable).with_retry_after(wait);
            assert_eq!(unavailable.answer_retry_after(), Some(expected), "{wait:?}");
            let expired = Error::of(ErrorKind::Expired).with_retry_after(wait);
            assert_eq!(expired.answer_retry_after(), None, "{wait:?}");
        }
    }

    /// What RFC 6750 allows in an `error_description`.
    fn describes(text: &str) -> bool {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    }

    #[test]
    fn every_challenge_is_a_header_value_in_the_form_of_rfc_6750() {
        for &kind in ErrorKind::ALL {
            let error = Error::of(kind);
            let answer = Answer::of(&error);
            assert_eq!(answer.challenge.is_some(), answer.status == 401, "{kind}");
            assert_eq!(answer.retry_after.is_some(), answer.status == 503, "{kind}");
            let Some(challenge) = answer.challenge else {
                continue;
            };
            HeaderValue::from_str(challenge).unwrap();
            let Some(rest) = challenge.strip_prefix("Bearer error=\"") else {
                assert_eq!((challenge, kind), ("Bearer", ErrorKind::TokenMissing));
                continue;
            };
            let (code, rest) = rest.split_once("\", error_description=\"").unwrap();
            let expected = if kind == ErrorKind::AmbiguousRequest {
                "invalid_request"
            } else {
                "invalid_token"
            };
            assert_eq!(code, expected, "{kind}");
            let description = rest.strip_suffix('"').unwrap();
            assert_eq!(description, kind.message(), "{kind}");
            assert!(describes(description), "{description}");
        }
    }
}
