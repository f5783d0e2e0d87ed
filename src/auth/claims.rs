//! What a token says, and whether it says it to us and now.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::ErrorKind;
use crate::id::UserId;

/// The claims of a token that was verified.
///
/// `C` is what else the token says, read from all of its claims; see
/// [`Passage::verify_as`](crate::Passage::verify_as). `Debug` leaves it out.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Claims<C = Map<String, Value>> {
    /// `sub`: the user.
    pub user_id: UserId,
    /// `iss`: who issued the token, one of the accepted issuers.
    pub issuer: String,
    /// `aud`: whom the token is meant for; one of them at least is accepted.
    pub audience: Vec<String>,
    /// `exp`: until when the token is good. A time beyond the range of `Timestamp` reads as its
    /// end.
    pub expires_at: Timestamp,
    /// `nbf`: from when on the token is good.
    pub not_before: Option<Timestamp>,
    /// `iat`: when the token was issued.
    pub issued_at: Option<Timestamp>,
    /// The claims as `C`; unless you choose another type, all of them by their names.
    pub custom: C,
}

impl<C> fmt::Debug for Claims<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("user_id", &self.user_id)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("expires_at", &self.expires_at)
            .field("not_before", &self.not_before)
            .field("issued_at", &self.issued_at)
            .finish_non_exhaustive()
    }
}

/// What claims are accepted.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) issuers: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) leeway: Duration,
}

impl Policy {
    /// Checks the claims of a token whose signature is good.
    pub(super) fn check<C: DeserializeOwned>(
        &self,
        claims: Map<String, Value>,
        now: Timestamp,
    ) -> Result<Claims<C>, ErrorKind> {
        let required = |name| claims.get(name).ok_or(ErrorKind::MissingClaim);
        let (exp, iss, aud, sub) = (
            required("exp")?,
            required("iss")?,
            required("aud")?,
            required("sub")?,
        );
        let exp = seconds(exp)?;
        let nbf = claims.get("nbf").map(seconds).transpose()?;
        let iat = claims.get("iat").map(seconds).transpose()?;

        let issuer = iss
            .as_str()
            .filter(|iss| self.issuers.iter().any(|known| known == iss))
            .ok_or(ErrorKind::BadIssuer)?;
        let audience = strings(aud).ok_or(ErrorKind::BadAudience)?;
        if !audience.iter().any(|aud| self.audiences.contains(aud)) {
            return Err(ErrorKind::BadAudience);
        }
        let user_id = sub
            .as_str()
            .and_then(|sub| UserId::new(sub).ok())
            .ok_or(ErrorKind::BadSubject)?;

        let now = now.as_duration().as_secs_f64();
        let leeway = self.leeway.as_secs_f64();
        if now >= exp + leeway {
            return Err(ErrorKind::Expired);
        }
        if nbf.is_some_and(|nbf| now + leeway < nbf) {
            return Err(ErrorKind::NotYetValid);
        }

        Ok(Claims {
            user_id,
            issuer: issuer.to_owned(),
            audience,
            expires_at: timestamp(exp),
            not_before: nbf.map(timestamp),
            issued_at: iat.map(timestamp),
            custom: C::deserialize(Value::Object(claims)).map_err(|_| ErrorKind::Malformed)?,
        })
    }
}

/// A NumericDate (RFC 7519, 2): seconds since 1970, with a fraction perhaps.
fn seconds(value: &Value) -> Result<f64, ErrorKind> {
    value
        .as_f64()
        .filter(|seconds| seconds.is_finite())
        .ok_or(ErrorKind::Malformed)
}

fn timestamp(seconds: f64) -> Timestamp {
    let (min, max) = (
        Timestamp::MIN.as_microsecond(),
        Timestamp::MAX.as_microsecond(),
    );
    // The cast saturates, so the clamp catches what lies beyond the range.
    #[allow(clippy::cast_possible_truncation)]
    let micros = ((seconds * 1e6) as i64).clamp(min, max);
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

/// A string, or an array of nothing but strings (RFC 7519, 4.1.3).
fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => many
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use ErrorKind::{
        BadAudience, BadIssuer, BadSubject, Expired, Malformed, MissingClaim, NotYetValid,
    };
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn policy() -> Policy {
        Policy {
            issuers: vec![
                "https://auth.example.com/v1/apps/app".into(),
                "other issuer".into(),
            ],
            audiences: vec!["app".into(), "https://example.com".into()],
            leeway: Duration::from_secs(5),
        }
    }

    fn good() -> Value {
        json!({
            "iss": "https://auth.example.com/v1/apps/app", "aud": ["https://example.com", "app"], "sub": "user",
            "exp": NOW + 60, "nbf": NOW - 5, "iat": NOW,
        })
    }

    fn check(claims: &Value) -> Result<Claims, ErrorKind> {
        policy().check(
            claims.as_object().unwrap().clone(),
            Timestamp::from_second(NOW).unwrap(),
        )
    }

    #[test]
    fn good_claims_are_read() {
        let claims = check(&good()).unwrap();
        assert_eq!(claims.user_id, "user");
        assert_eq!(claims.issuer, "https://auth.example.com/v1/apps/app");
        assert_eq!(claims.audience, ["https://example.com", "app"]);
        assert_eq!(claims.expires_at.as_second(), NOW + 60);
        assert_eq!(claims.not_before.unwrap().as_second(), NOW - 5);
        assert_eq!(claims.issued_at.unwrap().as_second(), NOW);
        assert_eq!(claims.custom.get("sub"), Some(&json!("user")));
    }

    #[test]
    fn one_claim_changed() {
        // null removes nothing here: it is a value like any other. `absent` is separate.
        for (name, value, expected) in [
            ("iss", json!("other issuer"), Ok(())),
            (
                "iss",
                json!("https://auth.example.com/v1/apps/app/"),
                Err(BadIssuer),
            ),
            (
                "iss",
                json!("HTTPS://auth.example.com/v1/apps/app"),
                Err(BadIssuer),
            ),
            (
                "iss",
                json!(["https://auth.example.com/v1/apps/app"]),
                Err(BadIssuer),
            ),
            ("iss", json!(""), Err(BadIssuer)),
            ("iss", json!(null), Err(BadIssuer)),
            ("aud", json!("app"), Ok(())),
            ("aud", json!("https://example.com"), Ok(())),
            ("aud", json!(["x", "app"]), Ok(())),
            ("aud", json!("apps"), Err(BadAudience)),
            ("aud", json!("App"), Err(BadAudience)),
            ("aud", json!([]), Err(BadAudience)),
            ("aud", json!(["app", 7]), Err(BadAudience)),
            ("aud", json!([["app"]]), Err(BadAudience)),
            ("aud", json!({"app": true}), Err(BadAudience)),
            ("aud", json!(null), Err(BadAudience)),
            ("sub", json!(""), Err(BadSubject)),
            ("sub", json!(".."), Err(BadSubject)),
            ("sub", json!("a\u{0}b"), Err(BadSubject)),
            ("sub", json!(7), Err(BadSubject)),
            ("sub", json!(null), Err(BadSubject)),
            ("exp", json!(NOW - 4), Ok(())),
            ("exp", json!(NOW - 5), Err(Expired)),
            ("exp", json!(0), Err(Expired)),
            ("exp", json!(-1), Err(Expired)),
            ("exp", json!(NOW as f64 + 0.5), Ok(())),
            ("exp", json!(1e18), Ok(())),
            ("exp", json!((NOW + 60).to_string()), Err(Malformed)),
            ("exp", json!(null), Err(Malformed)),
            ("exp", json!([NOW + 60]), Err(Malformed)),
            ("nbf", json!(NOW + 5), Ok(())),
            ("nbf", json!(NOW + 6), Err(NotYetValid)),
            ("nbf", json!("0"), Err(Malformed)),
            ("nbf", json!(null), Err(Malformed)),
            ("iat", json!(NOW + 3600), Ok(())),
            ("iat", json!("0"), Err(Malformed)),
            ("iat", json!(true), Err(Malformed)),
        ] {
            let mut claims = good();
            claims[name] = value.clone();
            assert_eq!(check(&claims).map(|_| ()), expected, "{name}: {value}");
        }
    }

    #[test]
    fn absent_claims() {
        for (name, expected) in [
            ("exp", Err(MissingClaim)),
            ("iss", Err(MissingClaim)),
            ("aud", Err(MissingClaim)),
            ("sub", Err(MissingClaim)),
            ("nbf", Ok(())),
            ("iat", Ok(())),
        ] {
            let mut claims = good();
            claims.as_object_mut().unwrap().remove(name);
            assert_eq!(check(&claims).map(|_| ()), expected, "{name}");
        }
    }

    #[test]
    fn times_out_of_range_read_as_its_ends() {
        assert_eq!(timestamp(1e300), Timestamp::MAX);
        assert_eq!(timestamp(-1e300), Timestamp::MIN);
        assert_eq!(timestamp(1.25).as_microsecond(), 1_250_000);
    }

    #[test]
    fn custom_claims_are_read_from_the_whole_object() {
        #[derive(serde::Deserialize, Debug, PartialEq)]
        struct Mine {
            tenant: String,
        }
        let mut claims = good();
        let now = Timestamp::from_second(NOW).unwrap();
        let read =
            |claims: &Value| policy().check::<Mine>(claims.as_object().unwrap().clone(), now);
        assert_eq!(read(&claims).map(|_| ()), Err(Malformed));
        claims["tenant"] = json!("blue");
        let verified = read(&claims).unwrap();
        assert_eq!(
            verified.custom,
            Mine {
                tenant: "blue".into()
            }
        );
        assert!(!format!("{verified:?}").contains("blue"));
    }
}
