//! From the generated client's results to ours.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use progenitor_client::{Error as GeneratedError, ResponseValue};
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::hooks::ATTEMPTS;
use crate::error::{Error, ErrorCode, ErrorKind, Refusal, Result};
use crate::generated::management::types::ApiError;
use crate::transport::{TooLarge, request_id, retry_after};

/// The member of a user in which any name can stand.
const METADATA: &str = "user_metadata";
/// The longest name of a member in either API has 41 characters.
const MAX_NAME: usize = 64;

/// What an operation of the generated management client returns.
pub(super) type Generated<T> = std::result::Result<ResponseValue<T>, GeneratedError<ApiError>>;

/// Awaits a generated operation and gives the reply's body, or our error.
pub(super) async fn call<T: DeserializeOwned>(
    operation: &'static str,
    reply: impl Future<Output = Generated<T>>,
) -> Result<T> {
    let attempts = Arc::new(AtomicU32::new(0));
    let error = match ATTEMPTS.scope(Arc::clone(&attempts), reply).await {
        Ok(reply) => return Ok(reply.into_inner()),
        Err(error) => error,
    };
    let error = match error {
        GeneratedError::ErrorResponse(reply) => refused(
            reply.status().as_u16(),
            reply.headers().clone(),
            reply.into_inner(),
        ),
        // The status is a success that the description does not name, as 200 for 201. SDKs accept
        // any of them, and so do we if the body is right.
        GeneratedError::UnexpectedResponse(reply) if reply.status().is_success() => {
            match reply.bytes().await {
                Ok(body) => match decode(&body) {
                    Ok(value) => return Ok(value),
                    Err(error) => error,
                },
                Err(error) => broken(error),
            }
        }
        GeneratedError::UnexpectedResponse(reply) => {
            unexpected(reply.status().as_u16(), reply.headers())
        }
        GeneratedError::InvalidResponsePayload(body, _) => match decode::<T>(&body) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        },
        GeneratedError::CommunicationError(error)
        | GeneratedError::ResponseBodyError(error)
        | GeneratedError::InvalidUpgrade(error) => broken(error),
        GeneratedError::InvalidRequest(_) | GeneratedError::Custom(_) => {
            Error::of(ErrorKind::InvalidInput)
        }
    };
    Err(error
        .with_operation(operation)
        .with_attempts(attempts.load(Ordering::Relaxed)))
}

fn refused(status: u16, headers: HeaderMap, body: ApiError) -> Error {
    Error::refused(Refusal {
        status,
        code: ErrorCode::read(body.code.as_str()),
        server_message: Some(body.error),
        request_id: request_id(&headers),
        retry_after: retry_after(&headers, jiff::Timestamp::now()),
    })
}

/// A redirect, for instance, which is not followed.
fn unexpected(status: u16, headers: &HeaderMap) -> Error {
    Error::of(ErrorKind::UnexpectedResponse)
        .with_status(status)
        .with_request_id(request_id(headers))
        .with_retry_after(retry_after(headers, jiff::Timestamp::now()))
}

fn broken(error: reqwest::Error) -> Error {
    let kind = if error.is_timeout() {
        ErrorKind::Timeout
    } else if error.is_builder() {
        ErrorKind::Config
    } else if is_too_large(&error) {
        ErrorKind::ResponseTooLarge
    } else {
        ErrorKind::Connection
    };
    // The URL may have an identifier in its query.
    Error::of(kind).with_source(error.without_url())
}

fn is_too_large(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<TooLarge>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| Error::of(ErrorKind::Decode).with_source(DecodeError::new(&error)))
}

/// Where a reply differs from the API description. Says nothing of what is there: `serde`'s own
/// words would repeat it.
#[derive(Debug)]
struct DecodeError {
    path: String,
    missing: Option<String>,
    line: usize,
    column: usize,
}

impl DecodeError {
    fn new(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let inner = error.inner();
        let text = inner.to_string();
        let missing = text
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next());
        Self {
            path: shown(error.path()),
            missing: missing.map(str::to_owned),
            line: inner.line(),
            column: inner.column(),
        }
    }
}

/// The path as far as the API description goes. Whoever writes a user's metadata chooses its keys,
/// and a name that is none of the API's is not shown either.
fn shown(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                let _ = write!(text, "[{index}]");
                continue;
            }
            Segment::Map { key } if is_name(key) => push(&mut text, key),
            Segment::Enum { variant } if is_name(variant) => push(&mut text, variant),
            _ => push(&mut text, "?"),
        }
        if text.ends_with(METADATA) {
            break;
        }
    }
    if text.is_empty() { ".".into() } else { text }
}

fn push(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain)
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.missing {
            Some(member) => write!(f, "the member `{member}` is missing at `{}`", self.path)?,
            None => write!(f, "unexpected value at `{}`", self.path)?,
        }
        write!(f, " (line {}, column {})", self.line, self.column)
    }
}

impl StdError for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::management::types::UserResponse;

    #[test]
    fn a_decode_error_names_the_place_and_not_the_value() {
        for (body, expected) in [
            (
                r#"{"user":{}}"#,
                "the member `created_at` is missing at `user` (line 1, column 10)",
            ),
            (
                r#"{"user":{"created_at":"hunter2"}}"#,
                "unexpected value at `user.created_at` (line 1, column 31)",
            ),
            (
                r#"{"user":"hunter2"}"#,
                "unexpected value at `user` (line 1, column 17)",
            ),
            ("hunter2", "unexpected value at `.` (line 1, column 1)"),
            ("", "unexpected value at `.` (line 1, column 0)"),
            (
                r#"{"user":{"webauthn_types":["passkey",{"#,
                "unexpected value at `user.webauthn_types[1]` (line 1, column 37)",
            ),
            (
                r#"{"user":{"user_metadata":{"hunter2":{"a":"#,
                "unexpected value at `user.user_metadata` (line 1, column 41)",
            ),
            (
                r#"{"user":{"hunter2@example.com":{"a":"#,
                "unexpected value at `user.?` (line 1, column 36)",
            ),
        ] {
            let error = decode::<UserResponse>(body.as_bytes()).unwrap_err();
            assert_eq!(error.source().unwrap().to_string(), expected, "{body}");
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }
}
