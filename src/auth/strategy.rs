//! Where a request carries its token.

use super::token::UnverifiedToken;
use crate::error::ErrorKind;

/// The cookie in which the Passage browser library keeps the token.
pub const AUTH_COOKIE: &str = "psg_auth_token";

/// A site that can set cookies for a parent domain can add tokens of its own; so many different
/// ones are looked at, and no more.
const MAX_COOKIES: usize = 4;

/// Where [`Passage::authenticate`](crate::Passage::authenticate) looks for the token. There is no
/// fallback from one place to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthStrategy {
    /// Only the cookie `psg_auth_token`.
    #[default]
    Cookie,
    /// Only the field `Authorization: Bearer <token>`.
    Header,
}

impl AuthStrategy {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [("cookie", Self::Cookie), ("header", Self::Header)]
            .into_iter()
            .find_map(|(known, strategy)| name.eq_ignore_ascii_case(known).then_some(strategy))
    }

    /// The tokens of a request: one or more, all different.
    pub(super) fn find(
        self,
        request: &(impl RequestHeaders + ?Sized),
    ) -> Result<Vec<UnverifiedToken<'_>>, ErrorKind> {
        let tokens = match self {
            Self::Cookie => from_cookies(request.header("cookie"))?,
            Self::Header => vec![from_authorization(request.header("authorization"))?],
        };
        Ok(tokens.into_iter().map(UnverifiedToken::new).collect())
    }
}

/// Anything that shows the header fields of a request.
///
/// Implemented for [`http::HeaderMap`], [`http::request::Parts`] and [`http::Request`]. Implement
/// it for the request of another framework like this:
///
/// ```
/// use passage_identity::RequestHeaders;
///
/// struct MyRequest(Vec<(String, Vec<u8>)>);
///
/// impl RequestHeaders for MyRequest {
///     fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
///         self.0.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
///     }
/// }
/// ```
pub trait RequestHeaders {
    /// The values of every field of this name, in order, one item per field. `name` is in lower
    /// case; fields are to be found whatever their case.
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a;
}

impl RequestHeaders for http::HeaderMap {
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.get_all(name)
            .into_iter()
            .map(http::HeaderValue::as_bytes)
    }
}

impl RequestHeaders for http::request::Parts {
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.headers.header(name)
    }
}

impl<B> RequestHeaders for http::Request<B> {
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.headers().header(name)
    }
}

impl<T: RequestHeaders + ?Sized> RequestHeaders for &T {
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        (**self).header(name)
    }
}

/// The token of `Authorization: Bearer <token>` (RFC 6750, 2.1): the scheme in any case, one
/// space or more, nothing after the token. Two fields are refused, since two parsers could read
/// different ones.
fn from_authorization<'a>(
    mut fields: impl Iterator<Item = &'a [u8]>,
) -> Result<&'a [u8], ErrorKind> {
    let field = fields.next().ok_or(ErrorKind::TokenMissing)?;
    if fields.next().is_some() {
        return Err(ErrorKind::AmbiguousRequest);
    }
    let (scheme, rest) = field.split_at_checked(6).ok_or(ErrorKind::TokenMissing)?;
    if !scheme.eq_ignore_ascii_case(b"bearer") || rest.first().is_some_and(|&byte| byte != b' ') {
        return Err(ErrorKind::TokenMissing);
    }
    let start = rest
        .iter()
        .position(|&byte| byte != b' ')
        .ok_or(ErrorKind::TokenMissing)?;
    // What follows the token, a space even, is no part of a token and fails its form check.
    rest.get(start..).ok_or(ErrorKind::TokenMissing)
}

/// The different values of our cookie. Read as bytes: a neighbour's cookie in another encoding
/// must not hide ours.
fn from_cookies<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Result<Vec<&'a [u8]>, ErrorKind> {
    let mut tokens: Vec<&'a [u8]> = Vec::new();
    for pair in fields.flat_map(cookie_pairs) {
        let Some(value) = value_of(pair.trim_ascii(), AUTH_COOKIE.as_bytes()) else {
            continue;
        };
        // Clearing a cookie often leaves an empty one behind.
        if value.is_empty() || tokens.contains(&value) {
            continue;
        }
        if tokens.len() == MAX_COOKIES {
            return Err(ErrorKind::AmbiguousRequest);
        }
        tokens.push(value);
    }
    if tokens.is_empty() {
        Err(ErrorKind::TokenMissing)
    } else {
        Ok(tokens)
    }
}

/// What stands between the semicolons.
fn cookie_pairs(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(field);
    std::iter::from_fn(move || {
        let field = rest?;
        match memchr::memchr(b';', field).and_then(|at| field.split_at_checked(at)) {
            Some((pair, after)) => {
                rest = after.get(1..);
                Some(pair)
            }
            None => rest.take(),
        }
    })
}

/// The value of a `name=value` pair if it has exactly this name, without quotes around it
/// (RFC 6265, 4.1.1).
fn value_of<'a>(pair: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = pair.strip_prefix(name)?.strip_prefix(b"=")?;
    Some(
        value
            .strip_prefix(b"\"")
            .and_then(|inner| inner.strip_suffix(b"\""))
            .unwrap_or(value),
    )
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::*;

    type Found = Result<Vec<String>, ErrorKind>;

    fn find(strategy: AuthStrategy, name: header::HeaderName, fields: &[&[u8]]) -> Found {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(name.clone(), HeaderValue::from_bytes(field).unwrap());
        }
        strategy.find(&headers).map(|tokens| {
            tokens
                .iter()
                .map(|token| String::from_utf8_lossy(token.as_bytes()).into_owned())
                .collect()
        })
    }

    fn tokens(list: &[&str]) -> Found {
        Ok(list.iter().map(|token| (*token).to_owned()).collect())
    }

    #[test]
    fn authorization() {
        use ErrorKind::{AmbiguousRequest, TokenMissing};
        let cases: &[(&[&[u8]], Found)] = &[
            (&[b"Bearer a.b.c"], tokens(&["a.b.c"])),
            (&[b"bearer a.b.c"], tokens(&["a.b.c"])),
            (&[b"BEARER    a.b.c"], tokens(&["a.b.c"])),
            // Left for the form check, which refuses them.
            (&[b"Bearer a.b.c d"], tokens(&["a.b.c d"])),
            (&[b"Bearer a.b.c "], tokens(&["a.b.c "])),
            (
                &[b"Bearer a.b.c, Bearer d.e.f"],
                tokens(&["a.b.c, Bearer d.e.f"]),
            ),
            (&[b"Bearer \ta.b.c"], tokens(&["\ta.b.c"])),
            (&[], Err(TokenMissing)),
            (&[b""], Err(TokenMissing)),
            (&[b"Bearer"], Err(TokenMissing)),
            (&[b"Bearer   "], Err(TokenMissing)),
            (&[b"Bearer\ta.b.c"], Err(TokenMissing)),
            (&[b"Bearera.b.c"], Err(TokenMissing)),
            (&[b"a.b.c"], Err(TokenMissing)),
            (&[b"Basic dXNlcjpwYXNz"], Err(TokenMissing)),
            (&[b"Token Bearer a.b.c"], Err(TokenMissing)),
            (&[b"Bearer a.b.c", b"Bearer a.b.c"], Err(AmbiguousRequest)),
            (
                &[b"Basic dXNlcjpwYXNz", b"Bearer a.b.c"],
                Err(AmbiguousRequest),
            ),
        ];
        for (fields, expected) in cases {
            assert_eq!(
                &find(AuthStrategy::Header, header::AUTHORIZATION, fields),
                expected,
                "{fields:?}"
            );
        }
    }

    #[test]
    fn cookies() {
        use ErrorKind::{AmbiguousRequest, TokenMissing};
        let cases: &[(&[&[u8]], Found)] = &[
            (&[b"psg_auth_token=a.b.c"], tokens(&["a.b.c"])),
            (&[b"x=1; psg_auth_token=a.b.c; y=2"], tokens(&["a.b.c"])),
            (&[b"x=1;psg_auth_token=a.b.c;y=2"], tokens(&["a.b.c"])),
            (&[b"psg_auth_token=\"a.b.c\""], tokens(&["a.b.c"])),
            (&[b"name=caf\xe9; psg_auth_token=a.b.c"], tokens(&["a.b.c"])),
            (&[b"flag; =; ;; psg_auth_token=a.b.c;"], tokens(&["a.b.c"])),
            (&[b"x=1", b"psg_auth_token=a.b.c"], tokens(&["a.b.c"])),
            (&[b"psg_auth_token=a.b.c; psg_auth_token=a.b.c"], tokens(&["a.b.c"])),
            (&[b"psg_auth_token=1; psg_auth_token=2", b"psg_auth_token=3"], tokens(&["1", "2", "3"])),
            (&[b"psg_auth_token=; psg_auth_token=a.b.c"], tokens(&["a.b.c"])),
            // Left for the form check, which refuses them.
            (&[b"psg_auth_token=a=b"], tokens(&["a=b"])),
            (&[b"psg_auth_token=\"a.b.c"], tokens(&["\"a.b.c"])),
            (&[b"psg_auth_token=\xff"], tokens(&["\u{fffd}"])),
            (&[], Err(TokenMissing)),
            (&[b""], Err(TokenMissing)),
            (&[b"psg_auth_token"], Err(TokenMissing)),
            (&[b"psg_auth_token="], Err(TokenMissing)),
            (&[b"psg_auth_token=\"\""], Err(TokenMissing)),
            (&[b"xpsg_auth_token=a.b.c"], Err(TokenMissing)),
            (&[b"psg_auth_token2=a.b.c"], Err(TokenMissing)),
            (&[b"PSG_AUTH_TOKEN=a.b.c"], Err(TokenMissing)),
            (&[b"psg_auth_token =a.b.c"], Err(TokenMissing)),
            (&[b"x=psg_auth_token=a.b.c"], Err(TokenMissing)),
            (&[b"psg_auth_token=1; psg_auth_token=2; psg_auth_token=3; psg_auth_token=4; psg_auth_token=5"], Err(AmbiguousRequest)),
        ];
        for (fields, expected) in cases {
            assert_eq!(
                &find(AuthStrategy::Cookie, header::COOKIE, fields),
                expected,
                "{fields:?}"
            );
        }
    }

    #[test]
    fn strategies_have_names() {
        for (name, strategy) in [
            ("cookie", Some(AuthStrategy::Cookie)),
            ("COOKIE", Some(AuthStrategy::Cookie)),
            ("header", Some(AuthStrategy::Header)),
            ("Header", Some(AuthStrategy::Header)),
            ("", None),
            ("bearer", None),
        ] {
            assert_eq!(AuthStrategy::from_name(name), strategy, "{name}");
        }
    }

    #[test]
    fn there_is_no_fallback() {
        let missing = Err(ErrorKind::TokenMissing);
        assert_eq!(
            find(
                AuthStrategy::Cookie,
                header::AUTHORIZATION,
                &[b"Bearer a.b.c"]
            ),
            missing
        );
        assert_eq!(
            find(
                AuthStrategy::Header,
                header::COOKIE,
                &[b"psg_auth_token=a.b.c"]
            ),
            missing
        );
    }

    #[test]
    fn requests_and_their_parts_show_their_headers() {
        let request = http::Request::builder()
            .header("cookie", "psg_auth_token=t")
            .body(())
            .unwrap();
        assert_eq!(AuthStrategy::Cookie.find(&request).unwrap().len(), 1);
        assert_eq!(AuthStrategy::Cookie.find(&&request).unwrap().len(), 1);
        let (parts, ()) = request.into_parts();
        assert_eq!(AuthStrategy::Cookie.find(&parts).unwrap().len(), 1);
    }
}
