//! The header of a token: what is checked before a key is looked for.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::json::{Found, read_object};
use crate::auth::algorithm::Algorithm;
use crate::auth::base64url::decode;
use crate::error::ErrorKind;

/// Members that change how a token is to be read (RFC 7515, 4.1.11; RFC 7797; RFC 7516, 4.1.3).
/// None is supported, and a token that has one must not be read as if it had not.
const EXTENSIONS: [&str; 3] = ["crit", "b64", "zip"];

/// A header that has passed its checks.
pub(in crate::auth) struct Header {
    encoded: Box<[u8]>,
    pub(in crate::auth) algorithm: Algorithm,
    pub(in crate::auth) kid: String,
}

impl Header {
    fn read(encoded: &[u8], algorithms: &[Algorithm]) -> Result<Self, ErrorKind> {
        let json = decode(encoded)?;
        let (algorithm, kid) = key_name(&json, algorithms)?;
        Ok(Self {
            algorithm,
            kid: kid.into_owned(),
            encoded: encoded.into(),
        })
    }
}

/// The header of the last token whose signature was valid.
///
/// All tokens of one key have the same header, so that reading it again is seldom needed. What a
/// header means depends on its bytes alone.
pub(in crate::auth) struct Headers {
    /// Those that are accepted.
    algorithms: Vec<Algorithm>,
    last: ArcSwapOption<Header>,
}

impl Headers {
    pub(in crate::auth) fn new(algorithms: Vec<Algorithm>) -> Self {
        Self {
            algorithms,
            last: ArcSwapOption::empty(),
        }
    }

    pub(in crate::auth) fn read(&self, encoded: &[u8]) -> Result<Arc<Header>, ErrorKind> {
        match &*self.last.load() {
            Some(last) if *last.encoded == *encoded => Ok(Arc::clone(last)),
            _ => Header::read(encoded, &self.algorithms).map(Arc::new),
        }
    }

    pub(in crate::auth) fn remember(&self, header: &Arc<Header>) {
        let known = matches!(&*self.last.load(), Some(last) if Arc::ptr_eq(last, header));
        if !known {
            self.last.store(Some(Arc::clone(header)));
        }
    }
}

/// Checks a decoded header and returns its algorithm and the `kid`. Keys or addresses of keys in the header (`jwk`,
/// `jku`, `x5c`, `x5u`) are never looked at: the sender would choose what it is judged by.
fn key_name<'a>(
    header: &'a [u8],
    algorithms: &[Algorithm],
) -> Result<(Algorithm, Cow<'a, str>), ErrorKind> {
    let (mut alg, mut typ, mut kid, mut extended) = (None, None, None, false);
    read_object(header, |name, value| match name {
        "alg" => alg = Some(value),
        "typ" => typ = Some(value),
        "kid" => kid = Some(value),
        name => extended |= EXTENSIONS.contains(&name),
    })
    .map_err(|_| ErrorKind::Malformed)?;
    let named = |it: &&Algorithm| alg == Some(Found::String(it.as_str().into()));
    let algorithm = algorithms.iter().find(named);
    let algorithm = *algorithm.ok_or(ErrorKind::UnsupportedAlgorithm)?;
    if extended {
        return Err(ErrorKind::UnsupportedCritical);
    }
    match typ {
        None => {}
        Some(Found::String(typ)) if typ.eq_ignore_ascii_case("JWT") => {}
        Some(_) => return Err(ErrorKind::BadType),
    }
    match kid {
        Some(Found::String(kid)) if !kid.is_empty() => Ok((algorithm, kid)),
        None | Some(Found::String(_)) => Err(ErrorKind::UnknownKey),
        Some(_) => Err(ErrorKind::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use ErrorKind::{BadType, Malformed, UnknownKey, UnsupportedAlgorithm, UnsupportedCritical};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn every_rule() {
        for (header, expected) in [
            (r#"{"alg":"RS256","typ":"JWT","kid":"k"}"#, Ok("k")),
            (r#"{"alg":"RS256","typ":"jwt","kid":"k"}"#, Ok("k")),
            (r#"{"alg":"RS256","kid":"k"}"#, Ok("k")),
            (
                r#"{"alg":"RS256","kid":"k","jku":"https://evil.example","jwk":{"kty":"oct"}}"#,
                Ok("k"),
            ),
            (r#"{"typ":"JWT","kid":"k"}"#, Err(UnsupportedAlgorithm)),
            (r#"{"alg":"none","kid":"k"}"#, Err(UnsupportedAlgorithm)),
            (r#"{"alg":"rs256","kid":"k"}"#, Err(UnsupportedAlgorithm)),
            (r#"{"alg":"HS256","kid":"k"}"#, Err(UnsupportedAlgorithm)),
            (r#"{"alg":"RS512","kid":"k"}"#, Err(UnsupportedAlgorithm)),
            (r#"{"alg":"PS256","kid":"k"}"#, Err(UnsupportedAlgorithm)),
            (r#"{"alg":["RS256"],"kid":"k"}"#, Err(UnsupportedAlgorithm)),
            (r#"{"alg":null,"kid":"k"}"#, Err(UnsupportedAlgorithm)),
            (
                r#"{"alg":"RS256","kid":"k","crit":["exp"]}"#,
                Err(UnsupportedCritical),
            ),
            (
                r#"{"alg":"RS256","kid":"k","crit":null}"#,
                Err(UnsupportedCritical),
            ),
            (
                r#"{"alg":"RS256","kid":"k","b64":true}"#,
                Err(UnsupportedCritical),
            ),
            (
                r#"{"alg":"RS256","kid":"k","zip":"DEF"}"#,
                Err(UnsupportedCritical),
            ),
            (r#"{"alg":"RS256","kid":"k","typ":"at+jwt"}"#, Err(BadType)),
            (r#"{"alg":"RS256","kid":"k","typ":"JOSE"}"#, Err(BadType)),
            (r#"{"alg":"RS256","kid":"k","typ":""}"#, Err(BadType)),
            (r#"{"alg":"RS256","kid":"k","typ":null}"#, Err(BadType)),
            (r#"{"alg":"RS256"}"#, Err(UnknownKey)),
            (r#"{"alg":"RS256","kid":""}"#, Err(UnknownKey)),
            (r#"{"alg":"RS256","kid":7}"#, Err(Malformed)),
            (r#"{"alg":"RS256","kid":null}"#, Err(Malformed)),
            (r#"{"alg":"none","alg":"RS256","kid":"k"}"#, Err(Malformed)),
            (r#"["RS256"]"#, Err(Malformed)),
            ("not JSON", Err(Malformed)),
        ] {
            assert_eq!(
                key_name(header.as_bytes(), &[Algorithm::Rs256]),
                expected.map(|kid| (Algorithm::Rs256, Cow::Borrowed(kid))),
                "{header}"
            );
        }
    }

    #[test]
    fn only_the_very_same_text_is_not_read_again() {
        let encode = |kid| URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#));
        let (one, other) = (encode("one"), encode("two"));
        let headers = Headers::new(vec![Algorithm::Rs256]);
        let read = |text: &str| headers.read(text.as_bytes()).unwrap();
        let first = read(&one);
        assert!(!Arc::ptr_eq(&first, &read(&one)), "not remembered yet");
        headers.remember(&first);
        assert!(Arc::ptr_eq(&first, &read(&one)));
        assert_eq!(read(&other).kid, "two");
        assert!(
            headers
                .read(one.as_bytes().split_last().unwrap().1)
                .is_err()
        );
        headers.remember(&read(&other));
        assert_eq!(
            (read(&one).kid.as_str(), read(&other).kid.as_str()),
            ("one", "two")
        );
        assert!(!Arc::ptr_eq(&first, &read(&one)));
    }
}
