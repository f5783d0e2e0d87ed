//! Auth tokens: JWTs signed with RS256.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock::Time;
use crate::domain::apps::App;
use crate::keys::{KeyError, KeyRing, SigningKey};

/// Seconds by which `nbf` precedes `iat`, as in the tokens of the original service.
pub(crate) const NOT_BEFORE_SLACK: Duration = Duration::from_secs(5);

/// The contents of a token: exactly these six claims. Times are in Unix seconds.
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
}

impl<'a> Claims<'a> {
    /// A token of the app for a user.
    pub(crate) fn new(app: &'a App, subject: &'a str, now: Time) -> Self {
        Self {
            audience: [&app.settings.auth_origin, app.id.as_str()],
            expires_at: (now + app.settings.session_lifetime()).as_second(),
            issued_at: now.as_second(),
            issuer: &app.issuer,
            not_before: (now - NOT_BEFORE_SLACK).as_second(),
            subject,
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

/// The subject of a token that one of the keys signed for this issuer and audience, and that is valid at this time.
/// `None` for any other token.
pub(crate) async fn verify(
    keys: &KeyRing,
    token: &str,
    issuer: &str,
    audience: &str,
    now: Time,
) -> Result<Option<String>, KeyError> {
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
    Ok(object(claims).and_then(|claims| subject(&claims, issuer, audience, now)))
}

/// The JSON object in one part of a token.
pub(crate) fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn subject(claims: &Map<String, Value>, issuer: &str, audience: &str, now: Time) -> Option<String> {
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
    text("sub")
        .filter(|subject| good && !subject.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims() -> Map<String, Value> {
        members(&Claims {
            audience: ["origin", "app"],
            expires_at: 2000,
            issued_at: 1000,
            issuer: "iss",
            not_before: 995,
            subject: "user",
        })
    }

    #[test]
    fn six_claims() {
        let expected = json!({"aud": ["origin", "app"], "exp": 2000, "iat": 1000, "iss": "iss", "nbf": 995, "sub": "user"});
        assert_eq!(Value::Object(claims()), expected);
    }

    #[test]
    fn a_token_is_good_for_its_time_issuer_and_audience_only() {
        let subject_of = |change: &dyn Fn(&mut Map<String, Value>), now: i64| {
            let mut claims = claims();
            change(&mut claims);
            subject(&claims, "iss", "app", Time::from_second(now))
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
