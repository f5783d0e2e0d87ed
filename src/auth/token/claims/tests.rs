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

fn accept(claims: &Value) -> Result<Accepted, ErrorKind> {
    let now = Timestamp::from_second(NOW).unwrap();
    policy().check(claims.to_string().into_bytes(), now)
}

fn check(claims: &Value) -> Result<Claims, ErrorKind> {
    accept(claims).map(Accepted::into_claims)
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
fn the_sign_in_is_shown_and_never_a_reason_to_refuse() {
    let read = |auth_time: Value, sid: Value| {
        let mut claims = good();
        (claims["auth_time"], claims["sid"]) = (auth_time, sid);
        let claims = check(&claims).unwrap();
        (
            claims.authenticated_at.map(|it| it.as_second()),
            claims.sign_in_id,
        )
    };
    let known = (Some(NOW - 60), Some("sign-in".to_owned()));
    assert_eq!(read(json!(NOW - 60), json!("sign-in")), known);
    for other in [json!(null), json!([1]), json!({}), json!(true)] {
        assert_eq!(read(other.clone(), other), (None, None));
    }
    let claims = check(&good()).unwrap();
    assert_eq!((claims.authenticated_at, claims.sign_in_id), (None, None));
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
    let read = |claims: &Value| accept(claims).unwrap().into_claims_as::<Mine>();
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
    let all = check(&claims).unwrap();
    assert!(!format!("{all:?}").contains("blue"));
    let names = format!("{:?}", all.custom);
    assert!(
        names.contains("tenant") && !names.contains("blue"),
        "{names}"
    );
    assert_eq!(all.custom.read_as::<Mine>().unwrap(), verified.custom);
    assert_eq!(all.custom.read_as::<ClaimsSet>().unwrap(), all.custom);
    let error = all.custom.read_as::<Vec<u8>>().unwrap_err();
    assert_eq!(error.kind(), Malformed);
    assert_eq!(all.with_custom::<Mine>().unwrap(), verified);
}

#[test]
fn claims_sets_are_equal_if_they_say_the_same() {
    let one = check(&good()).unwrap().custom;
    let mut other = good();
    other["plan"] = json!("pro");
    assert_eq!(one, check(&good()).unwrap().custom);
    assert_ne!(one, check(&other).unwrap().custom);
}
