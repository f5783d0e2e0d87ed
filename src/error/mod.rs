//! The one error type of this crate.
//!
//! Services must distinguish two families when they answer a request: the token is invalid
//! ([`Error::is_token_invalid`], answer 401), or it cannot be verified now
//! ([`Error::is_unavailable`], answer 503). They are never mixed. [`Error::answer_status`] returns
//! the number.

mod code;
mod kind;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

pub use code::ErrorCode;
pub use kind::ErrorKind;

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed.
///
/// Opaque and one pointer wide. `Display` prints `operation: message (code, status, request id)`
/// and, like `Debug`, never shows a body, a header, a token, a claim or a key; the cause is in
/// [`source`](StdError::source). The server's own message, which may contain an e-mail address, is
/// only in [`server_message`](Self::server_message).
///
/// ```no_run
/// # async fn example(passage: passage_identity::Passage, headers: http::HeaderMap) -> Result<(), u16> {
/// match passage.authenticate(&headers).await {
///     Ok(user_id) => println!("signed in: {user_id}"),
///     Err(error) if error.is_token_invalid() => return Err(401),
///     Err(error) if error.is_unavailable() => return Err(503),
///     Err(error) => return Err(error.answer_status()),
/// }
/// # Ok(())
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    operation: Option<&'static str>,
    code: Option<ErrorCode>,
    status: Option<u16>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    server_message: Option<String>,
    /// What a higher layer adds that this one does not know.
    attached: Option<Box<dyn Any + Send + Sync>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What the server said when it refused: the parts of an API error.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: Option<ErrorCode>,
    pub(crate) server_message: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            code: None,
            status: None,
            request_id: None,
            retry_after: None,
            attempts: 0,
            server_message: None,
            attached: None,
            source: None,
        }))
    }

    /// A setting is at fault.
    pub(crate) fn config(message: &'static str) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// An error whose kind says everything.
    pub(crate) fn of(kind: ErrorKind) -> Self {
        Self::new(kind, kind.message())
    }

    pub(crate) fn refused(refusal: Refusal) -> Self {
        let mut error = Self::new(ErrorKind::Api, kind::status_message(refusal.status));
        error.0.code = refusal.code;
        error.0.status = Some(refusal.status);
        error.0.request_id = refusal.request_id;
        error.0.retry_after = refusal.retry_after;
        error.0.server_message = refusal.server_message.filter(|text| !text.is_empty());
        error
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_code(mut self, code: ErrorCode) -> Self {
        self.0.code = Some(code);
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Adds a value of a higher layer, which that layer gets back by [`attached`](Self::attached).
    pub(crate) fn with_attached(mut self, value: impl Any + Send + Sync) -> Self {
        self.0.attached = Some(Box::new(value));
        self
    }

    pub(crate) fn attached<T: Any>(&self) -> Option<&T> {
        self.0.attached.as_deref()?.downcast_ref()
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The server's machine-readable reason, if it sent one.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.0.code.as_ref()
    }

    /// The HTTP status of the server's reply, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The operation of the API that failed, by its id in the API description, as `getUser`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The server's id of the request, if it sent one: include it in bug reports.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the server, or the back-off of the key source, asks you to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How often the call was tried: 0 if no request was made.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The server's own message.
    ///
    /// It may repeat input, such as an e-mail address, so it is in neither `Display` nor `Debug`.
    #[must_use]
    pub fn server_message(&self) -> Option<&str> {
        self.0.server_message.as_deref()
    }

    /// Whether the token is missing or invalid: answer 401.
    #[must_use]
    pub fn is_token_invalid(&self) -> bool {
        self.0.kind.is_token()
    }

    /// Whether no decision is possible now, because a server could not be reached, did not answer
    /// in time, or failed: answer 503.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self.0.kind {
            ErrorKind::JwksUnavailable | ErrorKind::Timeout | ErrorKind::Connection => true,
            ErrorKind::Api | ErrorKind::UnexpectedResponse => {
                self.is_rate_limited() || self.0.status.is_some_and(|status| status >= 500)
            }
            _ => false,
        }
    }

    /// Whether the requested object does not exist: a code that ends in `_not_found`, or status
    /// 404.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match &self.0.code {
            Some(code) if code.is_not_found() => true,
            _ => self.0.status == Some(404),
        }
    }

    /// Whether the server refused the API key or the user token of the call.
    ///
    /// An invalid nonce is a 401 too, but says nothing about the API key.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        match &self.0.code {
            Some(ErrorCode::InvalidAccessToken) => true,
            Some(ErrorCode::InvalidNonce) => false,
            _ => self.0.status == Some(401),
        }
    }

    /// Whether the server does not allow this (403).
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.0.status == Some(403)
    }

    /// Whether the request conflicts with existing data: status 409, or an identifier that is
    /// taken. The API reports the latter as `invalid_request` with a fixed text.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.0.status == Some(409)
            || (self.0.code == Some(ErrorCode::InvalidRequest)
                && self
                    .0
                    .server_message
                    .as_deref()
                    .is_some_and(|text| text.contains("already exists")))
    }

    /// Whether there were too many requests (429).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.status == Some(429)
    }

    /// Whether the server did not answer in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Whether an argument was refused before any request was made.
    #[must_use]
    pub fn is_invalid_input(&self) -> bool {
        self.0.kind == ErrorKind::InvalidInput
    }

    /// Whether the configuration is at fault: a setting, or a missing API key.
    #[must_use]
    pub fn is_config(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Config | ErrorKind::MissingApiKey)
    }

    /// Whether the same call may succeed later. This does not say whether repeating it is safe.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::JwksUnavailable | ErrorKind::Timeout | ErrorKind::Connection => true,
            ErrorKind::Api | ErrorKind::UnexpectedResponse => {
                matches!(self.0.status, Some(408 | 429 | 500 | 502 | 503 | 504))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&inner.message)?;
        let mut separator = " (";
        let mut part = |f: &mut fmt::Formatter<'_>, value: &dyn fmt::Display| {
            write!(f, "{separator}{value}")?;
            separator = ", ";
            fmt::Result::Ok(())
        };
        if let Some(code) = &inner.code {
            part(f, code)?;
        }
        if let Some(status) = inner.status {
            part(f, &status)?;
        }
        if let Some(id) = &inner.request_id {
            part(f, &format_args!("request {id}"))?;
        }
        if separator == ", " {
            f.write_str(")")
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug
            .field("kind", &inner.kind)
            .field("message", &inner.message);
        if let Some(operation) = inner.operation {
            debug.field("operation", &operation);
        }
        if let Some(code) = &inner.code {
            debug.field("code", code);
        }
        if let Some(status) = inner.status {
            debug.field("status", &status);
        }
        if let Some(id) = &inner.request_id {
            debug.field("request_id", id);
        }
        if inner.attempts > 1 {
            debug.field("attempts", &inner.attempts);
        }
        if let Some(wait) = inner.retry_after {
            debug.field("retry_after", &wait);
        }
        if let Some(source) = &inner.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests;
