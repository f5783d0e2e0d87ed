//! What must hold for every token and every request, tried on random ones.

use std::sync::LazyLock;

use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use passage_identity::keys::JwkSet;
use passage_identity::test_util::{TestClock, TestIssuer, TestToken};
use passage_identity::{AuthStrategy, Claims, ErrorKind, Passage, UserId};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

struct Fixture {
    issuer: TestIssuer,
    cookie: Passage,
    header: Passage,
    runtime: Runtime,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let issuer = TestIssuer::new().unwrap();
    let passage = |strategy| issuer.builder().auth_strategy(strategy).build().unwrap();
    Fixture {
        cookie: passage(AuthStrategy::Cookie),
        header: passage(AuthStrategy::Header),
        runtime: tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap(),
        issuer,
    }
});

fn verify(token: &str) -> Result<Claims, ErrorKind> {
    let verified = FIXTURE.runtime.block_on(FIXTURE.cookie.verify_token(token));
    verified.map_err(|error| error.kind())
}

/// Sends a field, if it can be one.
fn send(passage: &Passage, name: HeaderName, value: &[u8]) -> Option<Result<Claims, ErrorKind>> {
    let headers = HeaderMap::from_iter([(name, HeaderValue::from_bytes(value).ok()?)]);
    let verified = FIXTURE.runtime.block_on(passage.verify_request(&headers));
    Some(verified.map_err(|error| error.kind()))
}

fn bearer(token: &[u8]) -> Option<Result<Claims, ErrorKind>> {
    send(
        &FIXTURE.header,
        AUTHORIZATION,
        &[b"Bearer ", token].concat(),
    )
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Any JSON, nested six deep at most. Fractions are of eighths, which every reader agrees on.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_user() -> impl Strategy<Value = String> {
    any::<String>().prop_filter("can be a user id", |id| UserId::new(id.as_str()).is_ok())
}

/// Names of claims that have no meaning of their own.
fn any_name() -> impl Strategy<Value = String> {
    any::<String>().prop_filter("has no meaning", |name| {
        !["exp", "nbf", "iat", "iss", "aud", "sub"].contains(&name.as_str())
    })
}

/// Longer ones are refused for that alone.
const MAX_TOKEN: usize = 16 * 1024;

const YEARS: i64 = 10 * 365 * 86_400;

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn what_is_minted_is_what_is_verified(
        user in any_user(),
        custom in btree_map(any_name(), any_json(), 0..4),
        others in vec(any::<String>(), 0..4),
        at in any::<Index>(),
        expires_in in -4..YEARS,
        not_before in prop::option::of(-YEARS..=5),
        issued in prop::option::of(-YEARS..=YEARS),
    ) {
        let now = TestClock::START.as_second();
        let mut audience = others;
        audience.insert(at.index(audience.len() + 1), TestIssuer::APP_ID.to_owned());
        let mut token = TestToken::new(user.as_str())
            .claim("aud", audience.clone())
            .claim("exp", now + expires_in)
            .without_claim("nbf")
            .without_claim("iat");
        for (name, after) in [("nbf", not_before), ("iat", issued)] {
            if let Some(after) = after {
                token = token.claim(name, now + after);
            }
        }
        for (name, value) in &custom {
            token = token.claim(name.as_str(), value.clone());
        }

        let minted = FIXTURE.issuer.mint(token).unwrap();
        prop_assume!(minted.len() <= MAX_TOKEN);
        let time = |after| Timestamp::from_second(now + after).unwrap();
        // The second answer comes out of the cache.
        for _ in 0..2 {
            let claims = verify(&minted).unwrap();
            prop_assert_eq!(claims.user_id.as_str(), &user);
            prop_assert_eq!(&claims.issuer, FIXTURE.issuer.issuer());
            prop_assert_eq!(&claims.audience, &audience);
            prop_assert_eq!(claims.expires_at, time(expires_in));
            prop_assert_eq!(claims.not_before, not_before.map(time));
            prop_assert_eq!(claims.issued_at, issued.map(time));
            for (name, value) in &custom {
                prop_assert_eq!(claims.custom.get(name), Some(value));
            }
            let registered = 4 + usize::from(not_before.is_some()) + usize::from(issued.is_some());
            prop_assert_eq!(claims.custom.len(), registered + custom.len());
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Replace,
    Remove,
    Insert,
}

fn changed(token: &[u8], change: Change, at: Index, byte: u8) -> Vec<u8> {
    let mut bytes = token.to_vec();
    match change {
        Change::Replace => bytes[at.index(token.len())] = byte,
        Change::Remove => drop(bytes.remove(at.index(token.len()))),
        Change::Insert => bytes.insert(at.index(token.len() + 1), byte),
    }
    bytes
}

fn is_refused(token: &[u8]) -> bool {
    let bare = std::str::from_utf8(token).map(verify);
    // One blank more between scheme and token is allowed.
    let field = (token.first() != Some(&b' ')).then(|| bearer(token));
    !matches!(bare, Ok(Ok(_))) && !matches!(field, Some(Some(Ok(_))))
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn one_byte_more_less_or_other_is_refused(
        change in prop_oneof![Just(Change::Replace), Just(Change::Remove), Just(Change::Insert)],
        at in any::<Index>(),
        byte in prop_oneof![any::<u8>(), prop::sample::select(&b"ABab019-_.=+/ "[..])],
    ) {
        static GOOD: LazyLock<String> = LazyLock::new(|| {
            let token = FIXTURE.issuer.mint("user").unwrap();
            verify(&token).unwrap();
            bearer(token.as_bytes()).unwrap().unwrap();
            token
        });
        let token = changed(GOOD.as_bytes(), change, at, byte);
        prop_assume!(token != GOOD.as_bytes());
        prop_assert!(is_refused(&token));
    }
}

#[test]
fn every_byte_counts() {
    let good = FIXTURE.issuer.mint("user").unwrap();
    verify(&good).unwrap();
    for at in 0..good.len() {
        let mut other = good.clone().into_bytes();
        // Another symbol, so that the form stays as good as it can be.
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        assert!(is_refused(&other), "another symbol at {at}");
        let mut less = good.clone();
        less.remove(at);
        assert!(is_refused(less.as_bytes()), "one symbol less at {at}");
        assert!(is_refused(&good.as_bytes()[..at]), "cut off at {at}");
    }
}

/// Bytes that are nearly what the verifier looks for, so that not all end at the first check.
fn almost_a_token() -> impl Strategy<Value = Vec<u8>> {
    let kid = FIXTURE.issuer.kid();
    let part = prop_oneof![
        "[A-Za-z0-9_-]{0,60}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..60).prop_map(|bytes| encode(&bytes)),
        Just(encode(
            json!({"alg": "RS256", "kid": kid}).to_string().as_bytes()
        )),
        any_json().prop_map(|json| encode(json.to_string().as_bytes())),
        btree_map("alg|kid|typ|crit|sub|exp|aud|iss", any_json(), 0..5)
            .prop_map(|members| encode(json!(members).to_string().as_bytes())),
    ];
    prop_oneof![
        vec(any::<u8>(), 0..600),
        vec(part, 1..5).prop_map(|parts| parts.join(&b'.')),
    ]
}

fn encode(bytes: &[u8]) -> Vec<u8> {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = Vec::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for symbol in 0..=group.len() {
            out.push(SYMBOLS[(bits >> (18 - 6 * symbol) & 63) as usize]);
        }
    }
    out
}

/// Pieces of which cookie and authorization fields are made.
fn almost_a_field() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "psg_auth_token",
        "psg_auth_token=",
        "=",
        ";",
        "; ",
        " ",
        "\t",
        ",",
        "\"",
        "'",
        "Bearer",
        "Bearer ",
        "bearer  ",
        "Basic ",
        "a.b.c",
        ".",
        "%3D",
        "x=1",
        "\u{e9}",
    ];
    let piece = prop_oneof![
        3 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => almost_a_token(),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn nothing_that_was_not_signed_is_accepted(token in almost_a_token()) {
        prop_assert!(is_refused(&token));
        let cookie = send(&FIXTURE.cookie, COOKIE, &[b"psg_auth_token=", token.as_slice()].concat());
        prop_assert!(cookie.is_none_or(|claims| claims.is_err()));
    }

    #[test]
    fn no_field_is_accepted_without_a_token(field in almost_a_field()) {
        for (passage, name) in [(&FIXTURE.cookie, COOKIE), (&FIXTURE.header, AUTHORIZATION)] {
            prop_assert!(send(passage, name, &field).is_none_or(|claims| claims.is_err()));
        }
    }

    #[test]
    fn no_body_of_keys_is_too_much(bytes in vec(any::<u8>(), 0..600), json in any_json()) {
        prop_assert!(JwkSet::from_json(&bytes).is_err());
        prop_assert!(JwkSet::from_json(json.to_string()).is_err());
        let keys = json!({"keys": [json]}).to_string();
        prop_assert!(JwkSet::from_json(keys).is_err());
    }
}

/// Where a member is written a second time.
#[derive(Clone, Debug)]
struct Twice {
    object: Index,
    member: Index,
    value: Value,
    /// With another spelling of the name.
    escaped: bool,
    first: bool,
}

fn any_twice() -> impl Strategy<Value = Twice> {
    (
        any::<Index>(),
        any::<Index>(),
        any_json(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(object, member, value, escaped, first)| Twice {
            object,
            member,
            value,
            escaped,
            first,
        })
}

/// How many objects in it have members.
fn objects(json: &Value) -> usize {
    match json {
        Value::Array(items) => items.iter().map(objects).sum(),
        Value::Object(members) => {
            usize::from(!members.is_empty()) + members.values().map(objects).sum::<usize>()
        }
        _ => 0,
    }
}

/// Writes JSON; in the object that `left` counts down to, one member is there twice.
fn write(json: &Value, twice: Option<&Twice>, left: &mut Option<usize>, out: &mut String) {
    match json {
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, twice, left, out);
            }
            out.push(']');
        }
        Value::Object(members) if !members.is_empty() => {
            let here = *left == Some(0);
            *left = left.and_then(|left| left.checked_sub(1));
            let copy = twice.filter(|_| here).map(|twice| {
                let name = members
                    .keys()
                    .nth(twice.member.index(members.len()))
                    .unwrap();
                (
                    format!("{}:{}", spelled(name, twice.escaped), twice.value),
                    twice.first,
                )
            });
            let mut written: Vec<String> = members
                .iter()
                .map(|(name, value)| {
                    let mut text = format!("{}:", json!(name));
                    write(value, twice, left, &mut text);
                    text
                })
                .collect();
            if let Some((copy, first)) = copy {
                written.insert(if first { 0 } else { written.len() }, copy);
            }
            *out += &format!("{{{}}}", written.join(","));
        }
        other => *out += &other.to_string(),
    }
}

fn spelled(name: &str, escaped: bool) -> String {
    if escaped {
        let units: String = name
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect();
        format!("\"{units}\"")
    } else {
        json!(name).to_string()
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_member_twice_is_refused_wherever_it_is(inside in any_json(), twice in any_twice()) {
        let now = TestClock::START.as_second();
        let header = json!({"alg": "RS256", "kid": FIXTURE.issuer.kid(), "x": inside});
        let claims = json!({
            "iss": FIXTURE.issuer.issuer(), "aud": TestIssuer::APP_ID, "sub": "user", "exp": now + 60, "x": inside,
        });
        let plain = |json: &Value| {
            let mut text = String::new();
            write(json, None, &mut None, &mut text);
            text
        };
        let doubled = |json: &Value| {
            let mut text = String::new();
            let object = twice.object.index(objects(json));
            write(json, Some(&twice), &mut Some(object), &mut text);
            text
        };
        let verify_raw = |header: &str, claims: &str| {
            verify(&FIXTURE.issuer.sign_raw(header, claims).unwrap()).map(|_| ())
        };
        let (good_header, good_claims) = (plain(&header), plain(&claims));
        let length = doubled(&header).len() + doubled(&claims).len();
        prop_assume!(length <= MAX_TOKEN / 2);
        prop_assert_eq!(verify_raw(&good_header, &good_claims), Ok(()));
        prop_assert_eq!(verify_raw(&doubled(&header), &good_claims), Err(ErrorKind::Malformed));
        prop_assert_eq!(verify_raw(&good_header, &doubled(&claims)), Err(ErrorKind::Malformed));
    }
}

#[test]
fn the_writer_of_json_is_right() {
    let json = json!({"a": [1, {"b": {"c": null}}, {}], "d": {"e": "f"}});
    let mut text = String::new();
    write(&json, None, &mut None, &mut text);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json);
    assert_eq!(objects(&json), 4);
    assert_eq!(spelled("aé", true), "\"\\u0061\\u00e9\"");
    assert_eq!(encode(b"any carnal pleas"), b"YW55IGNhcm5hbCBwbGVhcw");
    let members: Map<String, Value> = serde_json::from_str(r#"{"\u0061\u00e9":1}"#).unwrap();
    assert!(members.contains_key("aé"));
}
