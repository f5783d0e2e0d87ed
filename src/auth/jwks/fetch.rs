//! Getting the key set's body.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::StatusCode;

use super::keys::BadKeySet;
use super::settings::KeySettings;
use crate::transport::{self, BodyError, HttpClient, read_body};

const MAX_BODY: usize = 64 * 1024;

pub(in crate::auth) trait Fetch: Send + Sync {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Bytes, FetchError>> + Send + '_>>;
}

/// Why there is no new key set: the cause of an error of kind `JwksUnavailable`.
#[derive(Clone, Debug)]
pub(in crate::auth) enum FetchError {
    Request(Arc<reqwest::Error>),
    Status(u16),
    TooLarge,
    Body(BadKeySet),
    /// The task that fetched was dropped with its runtime.
    Interrupted,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) if error.is_timeout() => {
                f.write_str("the key set did not arrive in time")
            }
            Self::Request(_) => f.write_str("the request for the key set failed"),
            Self::Status(status) => write!(
                f,
                "the request for the key set was answered with status {status}"
            ),
            Self::TooLarge => f.write_str("the key set is larger than 64 KiB"),
            Self::Body(bad) => bad.fmt(f),
            Self::Interrupted => f.write_str("fetching the key set was interrupted"),
        }
    }
}

impl std::error::Error for FetchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(&**error),
            _ => None,
        }
    }
}

/// Fetches by HTTP. Redirects are off in the client: keys come from the configured
/// host or not at all.
pub(in crate::auth) struct HttpFetch {
    client: HttpClient,
    url: reqwest::Url,
}

impl HttpFetch {
    pub(in crate::auth) fn new(url: reqwest::Url, settings: &KeySettings) -> crate::Result<Self> {
        let client = transport::http_client(
            settings.timeout,
            settings.connect_timeout,
            transport::may_use_proxy(&url),
        )?;
        Ok(Self { client, url })
    }

    async fn get(&self) -> Result<Bytes, FetchError> {
        let response = self
            .client
            .get(self.url.clone())
            .header(reqwest::header::ACCEPT, "application/json")
            .send()
            .await
            .map_err(request_failed)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        match read_body(response, MAX_BODY).await {
            Ok(body) => Ok(body),
            Err(BodyError::TooLarge) => Err(FetchError::TooLarge),
            Err(BodyError::Broken(error)) => Err(request_failed(error)),
        }
    }
}

impl Fetch for HttpFetch {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Bytes, FetchError>> + Send + '_>> {
        Box::pin(self.get())
    }
}

fn request_failed(error: reqwest::Error) -> FetchError {
    FetchError::Request(Arc::new(error.without_url()))
}

#[cfg(test)]
mod tests {
    use httpmock::prelude::*;

    use super::*;

    fn fetcher(server: &MockServer) -> HttpFetch {
        HttpFetch::new(
            server.url("/keys").parse().unwrap(),
            &KeySettings::default(),
        )
        .unwrap()
    }

    #[tokio::test]
    async fn only_status_200_and_a_small_body_count() {
        let large = " ".repeat(MAX_BODY + 1);
        let limit = " ".repeat(MAX_BODY);
        for (status, body, expected) in [
            (200, "body", Ok("body")),
            (200, limit.as_str(), Ok(limit.as_str())),
            (
                200,
                large.as_str(),
                Err("the key set is larger than 64 KiB"),
            ),
            (
                201,
                "body",
                Err("the request for the key set was answered with status 201"),
            ),
            (
                404,
                "body",
                Err("the request for the key set was answered with status 404"),
            ),
            (
                500,
                "body",
                Err("the request for the key set was answered with status 500"),
            ),
        ] {
            let server = MockServer::start_async().await;
            server
                .mock_async(|when, then| {
                    when.method(GET)
                        .path("/keys")
                        .header("user-agent", transport::USER_AGENT);
                    then.status(status).body(body);
                })
                .await;
            let got = fetcher(&server)
                .fetch()
                .await
                .map_err(|error| error.to_string());
            assert_eq!(
                got.as_deref(),
                expected
                    .map(str::as_bytes)
                    .map_err(str::to_owned)
                    .as_ref()
                    .map(|b| *b),
                "{status}"
            );
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let server = MockServer::start_async().await;
        let elsewhere = server
            .mock_async(|when, then| {
                when.path("/elsewhere");
                then.status(200).body("{}");
            })
            .await;
        server
            .mock_async(|when, then| {
                when.path("/keys");
                then.status(302).header("location", "/elsewhere");
            })
            .await;
        let error = fetcher(&server).fetch().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the request for the key set was answered with status 302"
        );
        elsewhere.assert_calls_async(0).await;
    }

    #[tokio::test]
    async fn an_error_does_not_show_the_url() {
        let server = MockServer::start_async().await;
        let url = server.url("/secret-path");
        drop(server);
        // Nothing listens on port 9 of the loopback address.
        let url = url.replace(
            &reqwest::Url::parse(&url)
                .unwrap()
                .port()
                .unwrap()
                .to_string(),
            "9",
        );
        let error = HttpFetch::new(url.parse().unwrap(), &KeySettings::default())
            .unwrap()
            .fetch()
            .await
            .unwrap_err();
        let mut text = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        assert!(source.is_some(), "the cause is told");
        while let Some(cause) = source {
            text.push_str(&format!(" {cause} {cause:?}"));
            source = cause.source();
        }
        assert!(!text.contains("secret-path"), "{text}");
    }
}
