//! ID tokens: a provider's statement about an account (OpenID Connect Core, section 3.1.3.7).

use passage_identity::ErrorKind;
use serde_json::{Map, Value};

use super::provider::Unavailable;
use super::{Identity, IdentityProvider, unavailable};
use crate::clock::Time;
use crate::domain::error::Refusal;
use crate::identifier;
use crate::provider_name::ProviderName;
use crate::store::audit::AuditReason;

/// Maximum length of a provider's id of an account, in bytes.
const LONGEST_SUBJECT: usize = 255;

/// The values that a token must have.
pub(super) struct Expected<'a> {
    pub(super) audience: &'a str,
    pub(super) nonce: Nonce<'a>,
    pub(super) now: Time,
}

/// The nonce that a token must have.
pub(super) enum Nonce<'a> {
    /// The one that the login was started with. `None` means that the token must have none.
    Exactly(Option<&'a str>),
    /// Any nonce: the token comes from the provider itself, which has checked it.
    Any,
}

/// The contents of a valid token.
pub(super) struct Verified {
    pub(super) identity: Identity,
    pub(super) nonce: Option<String>,
}

/// The refusal of an invalid token.
pub(super) fn bad(problem: &'static str) -> Refusal {
    Refusal::invalid_request(format!("id_token: {problem}.")).because(AuditReason::SocialRefused)
}

/// Reads a token, if a key of the provider signed it for this client, this login and this time.
pub(super) async fn verify(
    token: &str,
    provider: &dyn IdentityProvider,
    expected: &Expected<'_>,
) -> Result<Verified, Refusal> {
    // Form, header, key and signature are verified by the same code, and by the same rules, as the SDK verifies tokens.
    let keys = provider.keys().await.map_err(|error| unavailable(&error))?;
    let claims = keys.verify(token).await.map_err(unsigned)?;
    let name = &provider.declaration().name;
    read(&claims, name, provider.issuer(), expected).map_err(bad)
}

/// The refusal of a token that no key of the provider signed. Keys that are unavailable do not make it invalid.
fn unsigned(error: passage_identity::Error) -> Refusal {
    match error.kind() {
        _ if error.is_unavailable() => unavailable(&Unavailable::new(error)),
        ErrorKind::Malformed | ErrorKind::TooLarge => bad("is no JWT"),
        ErrorKind::UnsupportedAlgorithm | ErrorKind::UnsupportedCritical => {
            bad("is not signed by RS256")
        }
        _ => bad("is not signed by the provider"),
    }
}

fn read(
    claims: &Map<String, Value>,
    provider: &ProviderName,
    issuer: &str,
    expected: &Expected<'_>,
) -> Result<Verified, &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    if text("iss") != Some(issuer) {
        return Err("is of another issuer");
    }
    // A token for several audiences could come from one of the others.
    if !audience(claims, expected.audience) {
        return Err("is for another audience");
    }
    if time("exp").is_none_or(|exp| exp <= expected.now.as_second()) {
        return Err("has expired");
    }
    let begun = |name| {
        claims
            .get(name)
            .is_none_or(|_| time(name).is_some_and(|it| it <= expected.now.as_second()))
    };
    if time("iat").is_none() || !begun("iat") || !begun("nbf") {
        return Err("is not good yet");
    }
    if let Nonce::Exactly(nonce) = expected.nonce
        && claims.get("nonce") != nonce.map(Value::from).as_ref()
    {
        return Err("has another nonce");
    }
    let subject = text("sub").filter(|it| !it.is_empty() && it.len() <= LONGEST_SUBJECT);
    let identity = Identity {
        provider: provider.clone(),
        subject: subject.ok_or("has no subject")?.to_owned(),
        email: text("email").and_then(identifier::email),
        // Apple sends it as text.
        email_verified: claims
            .get("email_verified")
            .is_some_and(|it| *it == true || *it == "true"),
    };
    Ok(Verified {
        identity,
        nonce: text("nonce").map(str::to_owned),
    })
}

fn audience(claims: &Map<String, Value>, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(many)) => matches!(many.as_slice(), [one] if one == audience),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims() -> Map<String, Value> {
        let claims = json!({
            "iss": "issuer", "aud": "client", "sub": "account", "iat": 1000, "exp": 2000, "nonce": "nonce",
            "email": "Ada@Example.com", "email_verified": true,
        });
        claims.as_object().unwrap().clone()
    }

    fn read_at(
        claims: &Map<String, Value>,
        nonce: Option<&str>,
        now: i64,
    ) -> Result<Identity, &'static str> {
        let expected = Expected {
            audience: "client",
            nonce: Nonce::Exactly(nonce),
            now: Time::from_second(now),
        };
        let verified = read(claims, &ProviderName::GOOGLE, "issuer", &expected)?;
        Ok(verified.identity)
    }

    #[test]
    fn a_good_token_names_its_account() {
        for (aud, verified) in [
            (json!("client"), json!(true)),
            (json!(["client"]), json!("true")),
        ] {
            let mut claims = claims();
            claims.insert("aud".to_owned(), aud);
            claims.insert("email_verified".to_owned(), verified);
            for now in [1000, 1999] {
                let identity = read_at(&claims, Some("nonce"), now).unwrap();
                assert_eq!(identity.subject, "account");
                assert_eq!(identity.email.as_deref(), Some("ada@example.com"));
                assert!(identity.email_verified);
            }
        }
    }

    #[test]
    fn an_address_is_not_verified_unless_the_token_says_so() {
        for other in [json!(false), json!("false"), json!(1), json!(null)] {
            let mut claims = claims();
            claims.insert("email_verified".to_owned(), other);
            assert!(
                !read_at(&claims, Some("nonce"), 1500)
                    .unwrap()
                    .email_verified
            );
        }
        let mut claims = claims();
        claims.insert("email".to_owned(), json!("no address"));
        assert_eq!(read_at(&claims, Some("nonce"), 1500).unwrap().email, None);
    }

    #[test]
    fn nothing_else_is_good() {
        for (name, value, problem) in [
            ("iss", json!("other"), "is of another issuer"),
            ("iss", json!(["issuer"]), "is of another issuer"),
            ("aud", json!("other"), "is for another audience"),
            ("aud", json!(["client", "other"]), "is for another audience"),
            ("aud", json!([]), "is for another audience"),
            ("exp", json!(1500), "has expired"),
            ("exp", json!("2000"), "has expired"),
            ("iat", json!(1501), "is not good yet"),
            ("iat", json!("1000"), "is not good yet"),
            ("nbf", json!(1501), "is not good yet"),
            ("nonce", json!("other"), "has another nonce"),
            ("nonce", json!(["nonce"]), "has another nonce"),
            ("sub", json!(""), "has no subject"),
            ("sub", json!(1), "has no subject"),
            ("sub", json!("a".repeat(256)), "has no subject"),
        ] {
            let mut changed = claims();
            changed.insert(name.to_owned(), value.clone());
            let found = read_at(&changed, Some("nonce"), 1500).err();
            assert_eq!(found, Some(problem), "{name} {value}");
        }
        for name in ["iss", "aud", "exp", "iat", "nonce", "sub"] {
            let mut changed = claims();
            changed.remove(name);
            assert!(
                read_at(&changed, Some("nonce"), 1500).is_err(),
                "without {name}"
            );
        }
        assert!(
            read_at(&claims(), None, 1500).is_err(),
            "a nonce that nobody asked for"
        );
    }
}
