//! Header fields as a browser and an API client send them.

use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};

use crate::auth::AUTH_COOKIE;
use crate::error::{Error, ErrorKind, Result};

/// The headers of a request with this token in the cookie `psg_auth_token`.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] if the token has bytes that no header field can have.
///
/// ```
/// let headers = passage_identity::test_util::cookie("a.b.c")?;
/// assert_eq!(headers["cookie"], "psg_auth_token=a.b.c");
/// # Ok::<(), passage_identity::Error>(())
/// ```
pub fn cookie(token: impl AsRef<[u8]>) -> Result<HeaderMap> {
    field(COOKIE, &[AUTH_COOKIE.as_bytes(), b"=", token.as_ref()])
}

/// The headers of a request with this token as `Authorization: Bearer <token>`.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] if the token has bytes that no header field can have.
///
/// ```
/// let headers = passage_identity::test_util::bearer("a.b.c")?;
/// assert_eq!(headers["authorization"], "Bearer a.b.c");
/// # Ok::<(), passage_identity::Error>(())
/// ```
pub fn bearer(token: impl AsRef<[u8]>) -> Result<HeaderMap> {
    field(AUTHORIZATION, &[b"Bearer ", token.as_ref()])
}

fn field(name: HeaderName, value: &[&[u8]]) -> Result<HeaderMap> {
    let mut value = HeaderValue::from_bytes(&value.concat()).map_err(|_| {
        Error::new(
            ErrorKind::InvalidInput,
            "the token has bytes that no header field can have",
        )
    })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_is_refused_and_the_token_does_not_show() {
        for token in ["a\nb", "a\0b", "a\u{7f}b"] {
            assert!(cookie(token).unwrap_err().is_invalid_input());
            assert!(bearer(token).unwrap_err().is_invalid_input());
        }
        let shown = format!("{:?}", bearer("canary").unwrap());
        assert!(!shown.contains("canary"), "{shown}");
        assert!(cookie(b"\xff").is_ok(), "a field may have such bytes");
    }
}
