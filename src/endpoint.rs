//! Where the two APIs are.

use std::fmt;
use std::net::IpAddr;

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
    pub(crate) fn check(&self, allows_http: bool) -> Result<(String, String)> {
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
            (Some(api), Some(auth)) => {
                let check = |url| check_url(url, allows_http);
                Ok((check(api)?, check(auth)?))
            }
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL that was not checked yet may hold a password.
        let shown = |url: &Option<String>| {
            url.as_deref()
                .map(|url| check_url(url, true).unwrap_or_else(|_| "(not valid)".to_owned()))
        };
        f.debug_struct("Endpoint")
            .field("api", &shown(&self.api))
            .field("auth", &shown(&self.auth))
            .finish()
    }
}

/// Errors do not repeat the URL, since it may hold a password. They name it by `what` it is.
///
/// `http` is for this machine, unless `allows_http`.
pub(crate) fn parse_url(text: &str, what: &'static str, allows_http: bool) -> Result<Url> {
    let refuse = |why: &str| Error::new(ErrorKind::Config, format!("{what} {why}"));
    let url = Url::parse(text).map_err(|error| refuse("cannot be parsed").with_source(error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("is neither http nor https"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(refuse("has no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(
            "holds credentials, which do not belong there: an API key goes to .api_key(key)",
        ));
    }
    if url.scheme() == "http" && !is_loopback(&url) && !allows_http {
        return Err(refuse(
            "is http and leads beyond this machine, where anybody on the way can read and change \
             what is sent: use https, or call .danger_allow_http() for a network of your own",
        ));
    }
    Ok(url)
}

/// Whether a URL leads to this machine: `localhost` and the loopback addresses.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            // What is below it, `x.localhost`, not every resolver keeps on this machine.
            host.strip_suffix('.').unwrap_or(host) == "localhost"
        }
    }
}

fn check_url(text: &str, allows_http: bool) -> Result<String> {
    let url = parse_url(text, "a server URL", allows_http)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::config("a server URL has a query or a fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
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
            assert_eq!(check_url(given, false).unwrap(), kept);
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
            let error = check_url(url, true).unwrap_err();
            assert!(error.is_config(), "{url}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
            let endpoint = Endpoint::new(url, url);
            assert!(!format!("{endpoint:?}").contains("hunter2"), "{url}");
        }
    }

    #[test]
    fn http_is_for_this_machine_unless_it_is_allowed() {
        for (url, is_local) in [
            ("http://127.0.0.1:8787", true),
            ("http://127.9.9.9", true),
            ("http://2130706433", true),
            ("http://[::1]:8787", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost:8787", true),
            ("http://LOCALHOST.", true),
            ("http://passage.localhost", false),
            ("http://passage.example.com", false),
            ("http://passage:8787", false),
            ("http://10.0.0.1", false),
            ("http://0.0.0.0", false),
            ("http://[::]", false),
            ("http://localhost.example.com", false),
            ("http://notlocalhost", false),
            ("http://127.0.0.1.example.com", false),
        ] {
            assert_eq!(check_url(url, false).is_ok(), is_local, "{url}");
            assert!(check_url(url, true).is_ok(), "{url}");
            let https = url.replace("http://", "https://");
            assert!(check_url(&https, false).is_ok(), "{https}");
        }
        let error = check_url("http://passage.example.com", false).unwrap_err();
        assert!(error.to_string().contains("danger_allow_http"), "{error}");
    }

    #[test]
    fn a_server_has_both_apis() {
        let (api, auth) = Endpoint::server("http://127.0.0.1:8787/")
            .check(false)
            .unwrap();
        assert_eq!(
            (api.as_str(), auth.as_str()),
            (
                "http://127.0.0.1:8787/api/v1",
                "http://127.0.0.1:8787/auth/v1"
            )
        );
    }
}
