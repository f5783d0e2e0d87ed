//! Where the two APIs are.

use std::fmt;

use reqwest::Url;

use crate::error::{Error, ErrorKind, Result};

/// The base URLs of the management API and the auth API.
///
/// There is no default. The hosted service was retired on 2026-01-16, its domain may lapse, and its
/// next owner could serve keys of their own and have their tokens accepted.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    pub(crate) api: Option<String>,
    pub(crate) auth: Option<String>,
}

impl Endpoint {
    /// A passage-server, which serves the management API under `{url}/api/v1` and the auth API
    /// under `{url}/auth/v1`.
    #[must_use]
    pub fn server(url: impl AsRef<str>) -> Self {
        let url = url.as_ref().trim_end_matches('/');
        Self::new(format!("{url}/api/v1"), format!("{url}/auth/v1"))
    }

    /// The base URLs of the two APIs, version included, as `https://api.example.com/v1` and
    /// `https://auth.example.com/v1`.
    #[must_use]
    pub fn new(api_url: impl Into<String>, auth_url: impl Into<String>) -> Self {
        Self {
            api: Some(api_url.into()),
            auth: Some(auth_url.into()),
        }
    }

    /// The hosts of the service that 1Password ran, `api.passage.id` and `auth.passage.id`.
    ///
    /// **This is dangerous.** The service was retired on 2026-01-16. If the domain lapses,
    /// anybody can register it, serve their own keys from it, and sign in to your application as
    /// any of your users. Use it only if you know who answers there.
    #[must_use]
    pub fn hosted() -> Self {
        Self::new("https://api.passage.id/v1", "https://auth.passage.id/v1")
    }

    /// Both URLs, checked and without trailing slashes.
    pub(crate) fn check(&self) -> Result<(String, String)> {
        match (&self.api, &self.auth) {
            (None, None) => Err(Error::config(
                "no server URL is set. There is no default: the hosted Passage service was retired on \
                 2026-01-16, and whoever holds its domain next could serve keys of their own. Call \
                 .server(url) on the builder, or .api_url(url) and .auth_url(url), or set PASSAGE_URL",
            )),
            (None, Some(_)) => Err(Error::config(
                "the auth URL is set but not the management API's: call .api_url(url) or set PASSAGE_API_URL",
            )),
            (Some(_), None) => Err(Error::config(
                "the API URL is set but not the auth API's: call .auth_url(url) or set PASSAGE_AUTH_URL",
            )),
            (Some(api), Some(auth)) => Ok((check_url(api)?, check_url(auth)?)),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL that was not checked yet may hold a password.
        let shown = |url: &Option<String>| {
            url.as_deref()
                .map(|url| check_url(url).unwrap_or_else(|_| "(not valid)".to_owned()))
        };
        f.debug_struct("Endpoint")
            .field("api", &shown(&self.api))
            .field("auth", &shown(&self.auth))
            .finish()
    }
}

/// Errors do not repeat the URL, since it may hold a password. They name it by `what` it is.
pub(crate) fn parse_url(text: &str, what: &'static str) -> Result<Url> {
    let refuse = |why: &str| Error::new(ErrorKind::Config, format!("{what} {why}"));
    let url = Url::parse(text).map_err(|error| refuse("cannot be parsed").with_source(error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("is neither http nor https"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(refuse("has no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("holds credentials: take them out"));
    }
    Ok(url)
}

fn check_url(text: &str) -> Result<String> {
    let url = parse_url(text, "a server URL")?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::config("a server URL has a query or a fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn urls_lose_their_trailing_slashes_and_keep_their_path() {
        for (given, kept) in [
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
            ("http://127.0.0.1:8787///", "http://127.0.0.1:8787"),
            (
                "https://Auth.Example.com/v1/",
                "https://auth.example.com/v1",
            ),
            ("http://[::1]:80/x", "http://[::1]/x"),
        ] {
            assert_eq!(check_url(given).unwrap(), kept);
        }
    }

    #[test]
    fn urls_that_cannot_be_a_base_are_refused_without_repeating_them() {
        for url in [
            "",
            "example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "http://",
            "https://user:hunter2@example.com",
            "https://hunter2@example.com",
            "https://example.com?key=hunter2",
            "https://example.com#hunter2",
        ] {
            let error = check_url(url).unwrap_err();
            assert!(error.is_config(), "{url}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
            let endpoint = Endpoint::new(url, url);
            assert!(!format!("{endpoint:?}").contains("hunter2"), "{url}");
        }
    }

    #[test]
    fn a_server_has_both_apis() {
        let (api, auth) = Endpoint::server("http://127.0.0.1:8787/").check().unwrap();
        assert_eq!(
            (api.as_str(), auth.as_str()),
            (
                "http://127.0.0.1:8787/api/v1",
                "http://127.0.0.1:8787/auth/v1"
            )
        );
    }
}
