//! What carries every call of a generated client.
//!
//! It adds the credential, the version and the time-out, opens the tracing span, reads the body
//! within bounds, and turns an error body that is not the API's own into one that is, so that the
//! status survives.

mod body;
mod headers;
mod limits;
mod prefetch;
mod retry;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Request, Response};
use tracing::Instrument;
use tracing::field::Empty;

use crate::endpoint::is_loopback;
use crate::error::{Error, Result};
use crate::jitter::jitter;
use crate::secret::Secret;

pub(crate) use body::{BodyError, TooLarge, read_body};
pub(crate) use headers::{request_id, retry_after};
pub use limits::CallOptions;
pub(crate) use limits::Limits;
pub(crate) use prefetch::{Prefetch, execute};
pub(crate) use retry::Quota;
use retry::{Outcome, Retry};

pub(crate) type HttpClient = reqwest::Client;

pub(crate) const USER_AGENT: &str = concat!("passage-identity-rust/", env!("CARGO_PKG_VERSION"));
/// As the official SDKs send it: name and version of the SDK.
const PASSAGE_VERSION: HeaderValue =
    HeaderValue::from_static(concat!("passage-identity-rust ", env!("CARGO_PKG_VERSION")));
const PASSAGE_VERSION_NAME: HeaderName = HeaderName::from_static("passage-version");

const POOL_IDLE: Duration = Duration::from_secs(20);

/// What a generated client carries along: the credential and the limits of its calls.
///
/// Created by [`Passage`](crate::Passage) only.
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    authorization: Option<HeaderValue>,
    limits: Limits,
    quota: Arc<Quota>,
}

impl Transport {
    pub(crate) fn new(bearer: Option<&Secret>, limits: Limits, quota: Arc<Quota>) -> Result<Self> {
        let authorization = bearer.map(bearer_header).transpose()?;
        Ok(Self(Arc::new(Inner {
            authorization,
            limits,
            quota,
        })))
    }

    pub(crate) fn has_credential(&self) -> bool {
        self.0.authorization.is_some()
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.limits
    }

    /// The same limits and quota with another credential.
    pub(crate) fn with_bearer(&self, bearer: &Secret) -> Result<Self> {
        Self::new(Some(bearer), self.0.limits, Arc::clone(&self.0.quota))
    }

    /// The same credential and quota with other limits.
    pub(crate) fn with_limits(&self, limits: Limits) -> Self {
        Self(Arc::new(Inner {
            authorization: self.0.authorization.clone(),
            limits,
            quota: Arc::clone(&self.0.quota),
        }))
    }

    /// The reply and the number of attempts it took.
    async fn execute(
        &self,
        client: &HttpClient,
        mut request: Request,
        operation: &str,
    ) -> (reqwest::Result<Response>, u32) {
        self.prepare(&mut request);
        let span = tracing::info_span!("passage", operation = %CamelCase(operation), attempts = Empty, status = Empty, duration_ms = Empty);
        let started = Instant::now();
        let retry = Retry {
            limits: &self.0.limits,
            quota: &self.0.quota,
            jitter,
            repeatable: retry::is_repeatable(request.method(), operation),
        };
        let (result, attempts) = retry
            .run(request, Request::try_clone, outcome, |request, timeout| {
                attempt(client, request, timeout)
            })
            .instrument(span.clone())
            .await;
        let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        span.record("attempts", attempts);
        span.record("duration_ms", elapsed);
        match &result {
            Ok(response) => {
                span.record("status", response.status().as_u16());
                tracing::debug!(parent: &span, "answered");
            }
            Err(error) => {
                let (timeout, connect) = (error.is_timeout(), error.is_connect());
                tracing::debug!(parent: &span, timeout, connect, "not answered");
            }
        }
        (result, attempts)
    }

    fn prepare(&self, request: &mut Request) {
        let headers = request.headers_mut();
        headers.insert(PASSAGE_VERSION_NAME, PASSAGE_VERSION);
        if let Some(authorization) = &self.0.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
    }
}

/// One request and its whole reply.
async fn attempt(
    client: &HttpClient,
    mut request: Request,
    timeout: Duration,
) -> reqwest::Result<Response> {
    *request.timeout_mut() = Some(timeout);
    body::complete(client.execute(request).await?).await
}

fn outcome(result: &reqwest::Result<Response>) -> Outcome {
    match result {
        Ok(response) => match response.status().as_u16() {
            status @ (429 | 500 | 502 | 503 | 504) => Outcome::Refused {
                too_many: status == 429,
                wait: headers::retry_after(response.headers(), jiff::Timestamp::now()),
            },
            _ => Outcome::Done,
        },
        Err(error) if error.is_builder() => Outcome::Done,
        Err(error) if error.is_connect() => Outcome::NotSent,
        Err(error) if error.is_timeout() => Outcome::TimedOut,
        Err(_) => Outcome::Broken,
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("has_credential", &self.has_credential())
            .field("limits", &self.0.limits)
            .finish()
    }
}

/// Whether requests to a URL may go through the proxy that the environment names. To one on this
/// machine they need not; and in clear a proxy would see the API key, and could answer with keys of
/// its own.
pub(crate) fn may_use_proxy(url: &reqwest::Url) -> bool {
    url.scheme() == "https" && !is_loopback(url)
}

/// The client under both APIs and the key source. Redirects are off, so that a credential goes to
/// the configured host and nowhere else.
pub(crate) fn http_client(
    timeout: Duration,
    connect_timeout: Duration,
    use_proxy: bool,
) -> Result<HttpClient> {
    let builder = reqwest::Client::builder();
    let builder = if use_proxy {
        builder
    } else {
        builder.no_proxy()
    };
    builder
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(POOL_IDLE)
        .build()
        .map_err(|error| Error::config("the HTTP client cannot be made").with_source(error))
}

/// Marked sensitive, so that HTTP libraries neither show nor index it.
fn bearer_header(bearer: &Secret) -> Result<HeaderValue> {
    // A parse error of a header value does not show the value.
    let mut value =
        HeaderValue::try_from(format!("Bearer {}", bearer.expose())).map_err(|error| {
            Error::config("the credential contains characters that no header can carry")
                .with_source(error)
        })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The generator spells `getUser` as `get_user`; logs and errors use the spelling of the API.
struct CamelCase<'a>(&'a str);

impl fmt::Display for CamelCase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.0.split('_');
        f.write_str(words.next().unwrap_or_default())?;
        for word in words {
            let mut letters = word.chars();
            if let Some(first) = letters.next() {
                write!(f, "{}{}", first.to_ascii_uppercase(), letters.as_str())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_spelled_as_in_the_api() {
        for (name, shown) in [
            ("get_user", "getUser"),
            ("revoke_user_refresh_tokens", "revokeUserRefreshTokens"),
            ("x", "x"),
        ] {
            assert_eq!(CamelCase(name).to_string(), shown);
        }
    }

    fn with_key(key: &str) -> Result<Transport> {
        Transport::new(Some(&key.into()), Limits::default(), Arc::new(Quota::new()))
    }

    #[test]
    fn the_credential_is_hidden_and_sensitive() {
        let transport = with_key("hunter2").unwrap();
        assert!(!format!("{transport:?}").contains("hunter2"));
        assert!(transport.0.authorization.as_ref().unwrap().is_sensitive());
        let error = with_key("hunter2\n").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
