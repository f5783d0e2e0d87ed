//! Values that are checked during deserialization, so that the error names the line.

use std::fmt;

use http::header::HeaderName;
use serde::Deserialize;

use crate::domain::settings::base_url;

/// The URL by which clients reach the server, normalized according to the URL standard.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Url(String);

impl TryFrom<String> for Url {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        base_url(&text).map(Self).ok_or(
            "must be a URL such as https://auth.example.com, without query, fragment or a slash at its end",
        )
    }
}

impl Url {
    pub(super) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of a header.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Header(pub(super) HeaderName);

impl TryFrom<String> for Header {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name = HeaderName::from_bytes(text.as_bytes()).ok();
        // `Forwarded` has a grammar of its own.
        name.filter(|name| name != http::header::FORWARDED)
            .map(Self)
            .ok_or("must be the name of a header, such as x-forwarded-for")
    }
}
