//! Auth tokens: JWTs signed with RS256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::keys::{KeyError, KeyRing, SigningKey};

/// Seconds by which `nbf` lies before `iat`, as in the tokens of the service.
pub(crate) const NOT_BEFORE_SLACK: i64 = 5;

/// What a token says. Times are in Unix seconds.
#[derive(Debug, Clone)]
pub(crate) struct Claims<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: [&'a str; 2],
    pub(crate) subject: &'a str,
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
}

impl Claims<'_> {
    /// The claims as JSON: these six and no other.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        let claims = json!({
            "aud": self.audience,
            "exp": self.expires_at,
            "iat": self.issued_at,
            "iss": self.issuer,
            "nbf": self.issued_at - NOT_BEFORE_SLACK,
            "sub": self.subject,
        });
        match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        }
    }
}

/// The header of a token that the key signs.
pub(crate) fn header(kid: &str) -> Map<String, Value> {
    Map::from_iter(
        [("alg", "RS256"), ("kid", kid), ("typ", "JWT")]
            .map(|(name, value)| (name.to_owned(), value.into())),
    )
}

/// Signs a token.
pub(crate) fn sign(
    key: &SigningKey,
    header: &Map<String, Value>,
    claims: &Map<String, Value>,
) -> Result<String, KeyError> {
    let part =
        |map: &Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(map.clone()).to_string());
    let mut token = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// The subject of a token that one of the keys signed for this issuer and audience, and that is good at this time.
/// `None` for any other token.
pub(crate) async fn verify(
    keys: &KeyRing,
    token: &str,
    issuer: &str,
    audience: &str,
    now: i64,
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

/// The JSON object in a part of a token.
pub(crate) fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn subject(claims: &Map<String, Value>, issuer: &str, audience: &str, now: i64) -> Option<String> {
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
    let now = now as f64;
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
    use super::*;

    fn claims() -> Map<String, Value> {
        Claims {
            issuer: "iss",
            audience: ["origin", "app"],
            subject: "user",
            issued_at: 1000,
            expires_at: 2000,
        }
        .to_json()
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
            subject(&claims, "iss", "app", now)
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
