//! Values that are checked where they stand, so that the error names the line.

use std::fmt;

use http::Uri;
use http::header::HeaderName;
use serde::Deserialize;

use crate::domain::settings::{is_app_id, is_origin};

/// Makes a newtype of a text that a check accepts.
macro_rules! checked {
    ($(#[$doc:meta])* $name:ident, $check:path, $problem:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(try_from = "String")]
        pub(super) struct $name(String);

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if $check(&text) { Ok(Self(text)) } else { Err($problem) }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked!(
    /// Id of an app.
    AppId,
    is_app_id,
    "an app id is made of letters, digits, - and _"
);
checked!(
    /// Origin of a website.
    Origin,
    is_origin,
    "must be an origin such as https://example.com, without a path or a slash at its end"
);
checked!(
    /// A path on an app's site.
    SitePath,
    is_site_path,
    "must be a path that begins with one slash, such as /login"
);
checked!(
    /// The URL by which clients reach the server.
    Url,
    is_base_url,
    "must be a URL such as https://auth.example.com, without query, fragment or a slash at its end"
);
checked!(
    /// Name of a header.
    Header,
    is_header,
    "must be the name of a header, such as x-forwarded-for"
);

impl Url {
    pub(super) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl From<&Header> for HeaderName {
    fn from(header: &Header) -> Self {
        // It was checked.
        Self::from_bytes(header.0.as_bytes()).unwrap_or(http::header::FORWARDED)
    }
}

fn is_header(text: &str) -> bool {
    // That one has a grammar of its own.
    HeaderName::from_bytes(text.as_bytes()).is_ok_and(|name| name != http::header::FORWARDED)
}

fn is_site_path(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '\\';
    text.starts_with('/') && !text.starts_with("//") && text.chars().all(plain)
}

fn is_base_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return false;
    };
    is_origin(&format!("{scheme}://{authority}"))
        && uri.query().is_none()
        && !text.contains('#')
        && !text.ends_with(['/', '?'])
}

/// A lifetime in seconds: from one to ten years.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Lifetime(i64);

impl TryFrom<i64> for Lifetime {
    type Error = &'static str;

    fn try_from(seconds: i64) -> Result<Self, Self::Error> {
        if (1..=315_360_000).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err("must be a number of seconds from 1 to 315360000")
        }
    }
}

impl Lifetime {
    pub(super) fn get(&self) -> i64 {
        self.0
    }
}
