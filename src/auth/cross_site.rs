//! Whether a request with a cookie comes from the service's own pages.
//!
//! A browser sends a cookie with every request to its site, whichever page made it: a form on
//! another site acts as the user who looks at it. What a browser says of where a request comes
//! from, no page can change.

use reqwest::Url;

use super::strategy::{AuthStrategy, RequestHeaders};
use crate::error::{Error, ErrorKind, Result};

/// Methods that change nothing (RFC 9110, 9.2.1).
const SAFE: [&str; 4] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/// From which other sites requests are accepted whose token is in the cookie; for
/// [`PassageBuilder::cross_site`](crate::PassageBuilder::cross_site).
///
/// Unless changed: from none. The layer, the middleware and the extractors refuse such a request
/// with the kind [`CrossSite`](crate::ErrorKind::CrossSite), 403. The rules are in
/// [`verification`](crate::verification).
///
/// ```
/// use passage_identity::Passage;
/// use passage_identity::verification::CrossSitePolicy;
///
/// let passage = Passage::builder("your app id")
///     .server("http://127.0.0.1:8787")
///     .cross_site(CrossSitePolicy::new().add_origin("https://admin.example.com"))
///     .build()?;
/// # Ok::<(), passage_identity::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "hand it to PassageBuilder::cross_site(..)"]
pub struct CrossSitePolicy {
    origins: Vec<String>,
    allows_missing: bool,
    is_off: bool,
}

/// What a check looks at, besides the header fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    /// Host and port in the request's URI, which HTTP/2 has instead of the field `Host`.
    pub(crate) authority: Option<&'a str>,
}

impl CrossSitePolicy {
    /// Accepts requests of the service's own pages only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts requests of one more site: an origin, as `https://admin.example.com`, with a port
    /// if it is not the usual one. Its pages can do whatever their visitors may.
    pub fn add_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Accepts requests that say nothing of where they come from, which no browser of the last
    /// years makes: for other programs that send the cookie.
    pub fn allow_missing(mut self) -> Self {
        self.allows_missing = true;
        self
    }

    /// Accepts requests from everywhere. **This is dangerous**, unless something before the
    /// service checks them: any page on the web can act as the user who looks at it.
    pub fn danger_allow_all(mut self) -> Self {
        self.is_off = true;
        self
    }

    /// The same with origins as browsers write them.
    pub(crate) fn checked(mut self) -> Result<Self> {
        for origin in &mut self.origins {
            *origin = serialized(origin).ok_or_else(|| {
                Error::config(
                    "an allowed origin is not an origin: write it as https://admin.example.com, \
                     without a path",
                )
            })?;
        }
        Ok(self)
    }

    /// Checks a request whose token was found where the strategy looks for it.
    pub(crate) fn check(
        &self,
        strategy: AuthStrategy,
        target: Target<'_>,
        request: &(impl RequestHeaders + ?Sized),
    ) -> Result<()> {
        // A browser adds no `Authorization` by itself.
        // A WebSocket begins with a GET, and what is sent over it may change anything. Browsers say
        // which page opens it.
        let is_safe =
            SAFE.contains(&target.method) && matches!(Field::of(request, "upgrade"), Field::None);
        if self.is_off || strategy != AuthStrategy::Cookie || is_safe {
            return Ok(());
        }
        if self.accepts(target, request) {
            Ok(())
        } else {
            Err(Error::of(ErrorKind::CrossSite))
        }
    }

    fn accepts(&self, target: Target<'_>, request: &(impl RequestHeaders + ?Sized)) -> bool {
        let origin = Field::of(request, "origin");
        match Field::of(request, "sec-fetch-site") {
            Field::One("same-origin" | "none") => true,
            Field::None => match origin {
                Field::None => match Field::of(request, "referer") {
                    Field::None => self.allows_missing,
                    Field::One(referer) => self.is_ours_or_allowed(referer, target, request),
                    Field::Unusable => false,
                },
                Field::One(origin) => self.is_ours_or_allowed(origin, target, request),
                Field::Unusable => false,
            },
            // `same-site`, `cross-site`, and what is unheard of.
            _ => matches!(origin, Field::One(origin) if self.allows(origin)),
        }
    }

    fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed == origin)
    }

    /// Whether a URL, or an origin, is of the host that the request is for, or of an allowed
    /// origin. `null`, the origin of a sandboxed page, is neither.
    fn is_ours_or_allowed(
        &self,
        url: &str,
        target: Target<'_>,
        request: &(impl RequestHeaders + ?Sized),
    ) -> bool {
        let Some(url) = web_url(url) else {
            return false;
        };
        let host = match (target.authority, Field::of(request, "host")) {
            (Some(authority), _) => Some(authority),
            (None, Field::One(host)) => Some(host),
            (None, _) => None,
        };
        // The scheme is the page's: behind a proxy that ends TLS the service cannot know its own.
        let ours = host.and_then(|host| web_url(&format!("{}://{host}", url.scheme())));
        let is_ours = ours.is_some_and(|ours| ours.origin() == url.origin());
        is_ours || self.allows(&url.origin().ascii_serialization())
    }
}

/// A field of a request.
enum Field<'a> {
    None,
    One(&'a str),
    /// Several, or one that is not text.
    Unusable,
}

impl<'a> Field<'a> {
    fn of(request: &'a (impl RequestHeaders + ?Sized), name: &'a str) -> Self {
        let mut fields = request.header(name);
        match (fields.next(), fields.next()) {
            (None, _) => Self::None,
            (Some(value), None) => str::from_utf8(value).map_or(Self::Unusable, Self::One),
            (Some(_), Some(_)) => Self::Unusable,
        }
    }
}

fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let is_plain = url.username().is_empty() && url.password().is_none();
    (is_web && is_plain).then_some(url)
}

/// An origin as browsers write it: in lower case and without the usual port.
fn serialized(origin: &str) -> Option<String> {
    let url = web_url(origin)?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    // A parser takes the star for a letter.
    let is_one = !origin.contains('*');
    (is_bare && is_one).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests;
