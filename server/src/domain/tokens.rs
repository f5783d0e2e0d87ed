//! Auth tokens: JWTs signed with RS256.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock::Time;
use crate::domain::apps::App;
use crate::ids::{SignInId, UserId};
use crate::keys::{KeyError, KeyRing, SigningKey};

/// Seconds by which `nbf` precedes `iat`, as in the tokens of the original service.
pub(crate) const NOT_BEFORE_SLACK: Duration = Duration::from_secs(5);

/// The contents of a token: the six claims of the original service, and two of ours. Times are in Unix seconds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Claims<'a> {
    #[serde(rename = "aud")]
    audience: [&'a str; 2],
    #[serde(rename = "exp")]
    expires_at: i64,
    #[serde(rename = "iat")]
    issued_at: i64,
    #[serde(rename = "iss")]
    issuer: &'a str,
    #[serde(rename = "nbf")]
    not_before: i64,
    #[serde(rename = "sub")]
    subject: &'a str,
    #[serde(rename = "auth_time")]
    authenticated_at: i64,
    #[serde(rename = "sid", skip_serializing_if = "Option::is_none")]
    sign_in: Option<&'a str>,
}

impl<'a> Claims<'a> {
    /// A token of the app for a user who signs in now.
    pub(crate) fn new(app: &'a App, subject: &'a str, now: Time) -> Self {
        Self {
            audience: [&app.settings.auth_origin, app.id.as_str()],
            expires_at: (now + app.settings.session_lifetime()).as_second(),
            issued_at: now.as_second(),
            issuer: &app.issuer,
            not_before: (now - NOT_BEFORE_SLACK).as_second(),
            subject,
            authenticated_at: now.as_second(),
            sign_in: None,
        }
    }

    /// The same, for a sign-in that may have been refreshed since it began.
    pub(crate) fn of_sign_in(self, id: &'a SignInId, authenticated_at: Time) -> Self {
        Self {
            authenticated_at: authenticated_at.as_second(),
            sign_in: Some(id.as_str()),
            ..self
        }
    }
}

/// The header of a token.
#[derive(Serialize)]
pub(crate) struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'static str,
}

impl<'a> Header<'a> {
    /// The header of tokens signed by the key with this id.
    pub(crate) fn new(kid: &'a str) -> Self {
        Self {
            alg: "RS256",
            kid,
            typ: "JWT",
        }
    }
}

/// Claims or a header as a map that can be changed.
pub(crate) fn members(part: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(part) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// Signs a token.
pub(crate) fn sign(
    key: &SigningKey,
    header: &impl Serialize,
    claims: &impl Serialize,
) -> Result<String, KeyError> {
    let mut token = format!("{}.{}", encoded(header)?, encoded(claims)?);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

fn encoded(part: &impl Serialize) -> Result<String, KeyError> {
    let json = serde_json::to_vec(part).map_err(|_| KeyError::new("a token cannot be written"))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// An auth token that was verified: who it is for, and the sign-in that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthToken {
    pub(crate) user_id: UserId,
    /// `None` in tokens from before sign-ins were named, and in those that tools mint.
    pub(crate) sign_in: Option<SignInId>,
    pub(crate) issued_at: Time,
    /// When the user signed in. `None` counts as long ago.
    pub(crate) authenticated_at: Option<Time>,
}

/// A token that one of the keys signed for this issuer and audience, and that is valid at this time. `None` for any
/// other token. Whether its sign-in has ended is not checked.
pub(crate) async fn verify(
    keys: &KeyRing,
    token: &str,
    issuer: &str,
    audience: &str,
    now: Time,
) -> Result<Option<AuthToken>, KeyError> {
    let Some((message, signature)) = token.rsplit_once('.') else {
        return Ok(None);
    };
    let Some((header, claims)) = message.split_once('.') else {
        return Ok(None);
    };
    let Some(header) = object(header) else {
        return Ok(None);
    };
    let Some(kid) = header.get("kid").and_then(Value::as_str) else {
        return Ok(None);
    };
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Ok(None);
    }
    let Some(key) = keys.find(kid).await? else {
        return Ok(None);
    };
    let signed = URL_SAFE_NO_PAD
        .decode(signature)
        .is_ok_and(|signature| key.verifies(message.as_bytes(), &signature));
    if !signed {
        return Ok(None);
    }
    Ok(object(claims).and_then(|claims| read(&claims, issuer, audience, now)))
}

/// The JSON object in one part of a token.
pub(crate) fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn read(claims: &Map<String, Value>, issuer: &str, audience: &str, now: Time) -> Option<AuthToken> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| claims.get(name).and_then(Value::as_f64);
    let for_us = match claims.get("aud")? {
        Value::String(one) => one == audience,
        Value::Array(many) => many.iter().any(|one| one == audience),
        _ => false,
    };
    #[allow(
        clippy::cast_precision_loss,
        reason = "seconds stay exact for millions of years"
    )]
    let now = now.as_second() as f64;
    let begun = |nbf: &Value| nbf.as_f64().is_some_and(|nbf| nbf <= now);
    let in_time = time("exp")? > now && claims.get("nbf").is_none_or(begun);
    let good = for_us && in_time && text("iss")? == issuer;
    let user_id = text("sub").filter(|subject| good && !subject.is_empty())?;
    let sign_in = match claims.get("sid") {
        None => None,
        Some(Value::String(id)) => Some(id.as_str().into()),
        Some(_) => return None,
    };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "what is beyond the range becomes its end"
    )]
    let moment = |name: &str| time(name).map(|seconds| Time::from_second(seconds.floor() as i64));
    Some(AuthToken {
        user_id: user_id.into(),
        sign_in,
        issued_at: moment("iat").unwrap_or(Time::from_second(0)),
        authenticated_at: moment("auth_time"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::json;

    use super::*;

    const CLAIMS: Claims<'static> = Claims {
        audience: ["origin", "app"],
        expires_at: 2000,
        issued_at: 1000,
        issuer: "iss",
        not_before: 995,
        subject: "user",
        authenticated_at: 900,
        sign_in: None,
    };

    fn claims() -> Map<String, Value> {
        members(&CLAIMS)
    }

    #[test]
    fn six_claims_and_two_of_ours() {
        let mut expected = json!({"aud": ["origin", "app"], "exp": 2000, "iat": 1000, "iss": "iss", "nbf": 995,
            "sub": "user", "auth_time": 900});
        assert_eq!(Value::Object(claims()), expected, "of no sign-in");
        let id = SignInId::from("sign-in");
        let claims = members(&CLAIMS.of_sign_in(&id, Time::from_second(800)));
        expected["auth_time"] = json!(800);
        expected["sid"] = json!("sign-in");
        assert_eq!(Value::Object(claims), expected);
    }

    #[test]
    fn a_token_names_its_sign_in_and_its_times() {
        let read_with = |name: &str, value: Value| {
            let mut claims = claims();
            claims.insert(name.into(), value);
            read(&claims, "iss", "app", Time::from_second(1500))
        };
        let plain = AuthToken {
            user_id: "user".into(),
            sign_in: None,
            issued_at: Time::from_second(1000),
            authenticated_at: Some(Time::from_second(900)),
        };
        assert_eq!(read_with("other", json!(1)), Some(plain.clone()));
        let of_sign_in = AuthToken {
            sign_in: Some("x".into()),
            ..plain.clone()
        };
        assert_eq!(read_with("sid", json!("x")), Some(of_sign_in));
        for bad in [json!(null), json!(7), json!(["x"])] {
            assert_eq!(read_with("sid", bad.clone()), None, "{bad}");
        }
        for (given, read) in [(json!(899.9), Some(899)), (json!("900"), None)] {
            let token = read_with("auth_time", given.clone()).unwrap();
            let expected = read.map(Time::from_second);
            assert_eq!(token.authenticated_at, expected, "{given}");
        }
    }

    #[test]
    fn a_token_is_good_for_its_time_issuer_and_audience_only() {
        let subject_of = |change: &dyn Fn(&mut Map<String, Value>), now: i64| {
            let mut claims = claims();
            change(&mut claims);
            let token = read(&claims, "iss", "app", Time::from_second(now));
            token.map(|token| String::from(token.user_id))
        };
        let same = |_: &mut Map<String, Value>| {};
        assert_eq!(subject_of(&same, 995).as_deref(), Some("user"));
        assert_eq!(subject_of(&same, 1999).as_deref(), Some("user"));
        assert_eq!(subject_of(&same, 994), None, "not yet");
        assert_eq!(subject_of(&same, 2000), None, "no more");
        for (name, value) in [
            ("aud", json!("other")),
            ("aud", json!(["other"])),
            ("aud", json!(null)),
            ("iss", json!("other")),
            ("iss", json!(["iss"])),
            ("sub", json!("")),
            ("sub", json!(1)),
            ("exp", json!("2000")),
            ("nbf", json!(1600)),
            ("nbf", json!("995")),
        ] {
            let changed = subject_of(
                &|claims| drop(claims.insert(name.into(), value.clone())),
                1500,
            );
            assert_eq!(changed, None, "{name} {value}");
        }
        for name in ["aud", "exp", "iss", "sub"] {
            assert_eq!(
                subject_of(&|claims| drop(claims.remove(name)), 1500),
                None,
                "without {name}"
            );
        }
        assert_eq!(
            subject_of(
                &|claims| drop(claims.insert("aud".into(), json!("app"))),
                1500
            )
            .as_deref(),
            Some("user")
        );
    }
}
