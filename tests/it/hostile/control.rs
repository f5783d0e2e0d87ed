//! Good requests of unusual shape, which must be accepted.

use std::time::Duration;

use http::header::COOKIE;
use num_bigint::BigUint;
use passage_identity::test_util::{TestClock, TestToken};
use passage_identity::{AuthStrategy, PassageBuilder};
use serde_json::{Value, json};

use crate::hostile::fixture::{Fixture, USER, b64, signing_jwk, token};
use crate::hostile::form::of_length;
use crate::hostile::key_sets::{set, with, without};
use crate::hostile::places::{authorization, cookies};
use crate::hostile::rsa::Rsa;
use crate::hostile::run::{Control, Input};
use crate::hostile::signature::leading_zero;

const ORIGIN: &str = "https://example.com";

type Rows = Vec<Control>;

pub(crate) fn cases(fixture: &Fixture) -> Rows {
    let mut rows = Vec::new();
    headers(fixture, &mut rows);
    claims(fixture, &mut rows);
    texts(fixture, &mut rows);
    keys(fixture, &mut rows);
    places(fixture, &mut rows);
    settings(fixture, &mut rows);
    rows
}

fn add(rows: &mut Rows, name: &str, input: impl Into<Input>) {
    rows.push(Control {
        name: name.to_owned(),
        input: input.into(),
        settings: None,
    });
}

fn add_with(
    rows: &mut Rows,
    name: &str,
    settings: fn(PassageBuilder) -> PassageBuilder,
    input: impl Into<Input>,
) {
    rows.push(Control {
        name: name.to_owned(),
        input: input.into(),
        settings: Some(settings),
    });
}

fn headers(fixture: &Fixture, rows: &mut Rows) {
    let user = TestToken::new(USER);
    let jwk = signing_jwk(&fixture.attacker);
    for (name, token) in [
        ("an ordinary token", user.clone()),
        ("no typ", user.clone().without_header("typ")),
        ("typ in small letters", user.clone().header("typ", "jwt")),
        ("typ in both", user.clone().header("typ", "Jwt")),
        (
            "a member nobody knows",
            user.clone().header("x", json!({"y": [1, 2, null]})),
        ),
        (
            "a jwk that is not looked at",
            user.clone().header("jwk", jwk),
        ),
        (
            "a jku that is not looked at",
            user.clone().header("jku", "https://evil.example/"),
        ),
        (
            "an x5u that is not looked at",
            user.clone().header("x5u", "https://evil.example/"),
        ),
        (
            "an x5c that is not looked at",
            user.clone().header("x5c", json!(["!"])),
        ),
        (
            "a thumbprint that is not looked at",
            user.clone().header("x5t#S256", "x"),
        ),
        (
            "claims in the header",
            user.clone()
                .header("exp", 0)
                .header("sub", "x")
                .header("iss", "x"),
        ),
    ] {
        add(rows, name, fixture.mint(token));
    }
    add(
        rows,
        "the other key of the set",
        fixture.before.mint(USER).unwrap(),
    );
}

fn claims(fixture: &Fixture, rows: &mut Rows) {
    let now = TestClock::START.as_second();
    let app = fixture.issuer.app_id().as_str();
    let user = TestToken::new(USER);
    for (name, token) in [
        ("no nbf", user.clone().without_claim("nbf")),
        ("no iat", user.clone().without_claim("iat")),
        (
            "neither",
            user.clone().without_claim("nbf").without_claim("iat"),
        ),
        ("an iat to come", user.clone().claim("iat", now + 86_400)),
        ("an iat of long ago", user.clone().claim("iat", -1)),
        (
            "an nbf within the leeway",
            user.clone().claim("nbf", now + 5),
        ),
        ("an nbf of long ago", user.clone().claim("nbf", i64::MIN)),
        (
            "an exp within the leeway",
            user.clone().claim("exp", now - 4),
        ),
        (
            "an exp with a fraction",
            user.clone().claim("exp", now as f64 - 4.75),
        ),
        (
            "an exp in 3000 years",
            user.clone().claim("exp", now + 94_608_000_000),
        ),
        (
            "an exp beyond the calendar",
            user.clone().claim("exp", 1e18),
        ),
        (
            "a year's lifetime",
            user.clone().expires_in(Duration::from_secs(365 * 86_400)),
        ),
        ("one audience as a string", user.clone().audience(app)),
        (
            "many audiences",
            user.clone().claim("aud", json!(["a", "b", "", app, "c"])),
        ),
        (
            "the audience twice",
            user.clone().claim("aud", json!([app, app])),
        ),
        (
            "a subject of other letters",
            user.clone().claim("sub", "użytkownik-利用者"),
        ),
        (
            "a subject with a slash",
            user.clone().claim("sub", "a/b?c#d"),
        ),
        ("a subject of three dots", user.clone().claim("sub", "...")),
        (
            "custom claims of every kind",
            user.clone()
                .claim("x", json!({"a": [1.5, -1, true, null, "x", {}]})),
        ),
        (
            "an email",
            user.clone()
                .claim("email", "user@example.com")
                .claim("email_verified", true),
        ),
        (
            "large numbers",
            user.clone().claim("x", json!([u64::MAX, i64::MIN, 1e300])),
        ),
        (
            "names that look like ours",
            user.clone().claim("SUB", "x").claim("exp ", 0).claim("", 0),
        ),
        (
            "claims named like header members",
            user.clone()
                .claim("alg", "none")
                .claim("crit", json!(["x"]))
                .claim("b64", false),
        ),
    ] {
        add(rows, name, fixture.mint(token));
    }
}

fn texts(fixture: &Fixture, rows: &mut Rows) {
    let kid = fixture.issuer.kid();
    let good = fixture.claims();
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let nested = format!(r#"{{"x":{}{},"#, "[".repeat(15), "]".repeat(15));
    let escaped = format!(
        r#"{{"\u0061l\u0067":"\u0052S256","kid":"\u{:04x}{}"}}"#,
        kid.as_bytes()[0],
        &kid[1..]
    );
    for (name, token) in [
        (
            "a header on several lines",
            fixture.header_text(pretty(&fixture.header())),
        ),
        (
            "claims on several lines",
            fixture.claims_text(pretty(&good)),
        ),
        (
            "white space around",
            fixture.raw(format!(" {}\r\n", fixture.header()), format!("\t{good}\n")),
        ),
        (
            "the header in another order",
            fixture.header_text(format!(r#"{{"typ":"JWT","kid":"{kid}","alg":"RS256"}}"#)),
        ),
        ("a header with escapes", fixture.header_text(escaped)),
        (
            "claims with escapes",
            fixture.claims_text(
                good.to_string()
                    .replace("\"sub\"", "\"\\u0073\\u0075b\"")
                    .replace(USER, "\\u0063anary"),
            ),
        ),
        (
            "claims nested 16 deep",
            fixture.claims_text(good.to_string().replacen('{', &nested, 1)),
        ),
        (
            "an exp with an exponent",
            fixture.claims_text(good.to_string().replace("1700003600", "1.7000036e9")),
        ),
        ("exactly 16 KiB", of_length(fixture, 16 * 1024)),
    ] {
        add(rows, name, token);
    }
    let (signed, signature) = leading_zero(fixture);
    add(
        rows,
        "a signature that starts with zero",
        token(&signed, signature),
    );
}

fn keys(fixture: &Fixture, rows: &mut Rows) {
    let kid = fixture.issuer.kid();
    let n = fixture.raw.n();
    let zero_n = b64([&[0], &n.to_bytes_be()[..]].concat());
    let mut private = signing_jwk(&fixture.issuer);
    for (name, prime) in ["p", "q"].into_iter().zip(&fixture.raw.primes) {
        private[name] = json!(b64(prime.to_bytes_be()));
    }
    for (name, key) in [
        ("a key without use", without(fixture, "use")),
        ("a key without alg", without(fixture, "alg")),
        (
            "a key to verify with",
            with(fixture, "key_ops", json!(["verify"])),
        ),
        (
            "a key to sign and verify with",
            with(fixture, "key_ops", json!(["sign", "verify"])),
        ),
        ("a modulus with a zero in front", with(fixture, "n", zero_n)),
        (
            "an exponent with zeros in front",
            with(fixture, "e", "AAEAAQ"),
        ),
        (
            "a key with members nobody knows",
            with(fixture, "x", json!({"y": 1})),
        ),
        (
            "a key with a thumbprint",
            with(fixture, "x5t", b64([7; 20])),
        ),
        ("a key whose private half was left in", private),
    ] {
        let set = set(fixture, &[&key]);
        let token = fixture.good();
        add(rows, name, Input::Keys { set, token });
    }

    let ours = signing_jwk(&fixture.issuer);
    let bad = [
        json!({ "kid": kid }),
        json!(null),
        json!(1),
        json!("x"),
        json!([]),
        json!({}),
        with(fixture, "use", "enc"),
        with(fixture, "kty", "oct"),
        json!({"kid": "other", "kty": "RSA", "n": "!", "e": "!"}),
    ];
    let mut around: Vec<&Value> = bad.iter().collect();
    around.insert(4, &ours);
    let among = Input::Keys {
        set: set(fixture, &around),
        token: fixture.good(),
    };
    add(rows, "a good key among bad ones", among);
    let hundred: Vec<_> = (0..100)
        .map(|at| {
            with(
                fixture,
                "kid",
                if at == 99 {
                    kid.to_owned()
                } else {
                    at.to_string()
                },
            )
        })
        .collect();
    let hundred = Input::Keys {
        set: json!({"keys": hundred, "more": [1]}).to_string(),
        token: fixture.good(),
    };
    add(rows, "a hundred keys", hundred);

    let primes = [&fixture.raw.primes[..], &fixture.raw_before.primes[..]].concat();
    for (name, rsa) in [
        (
            "a key of 3,072 bits",
            Rsa::new(primes[..3].to_vec(), 65_537),
        ),
        ("a key of 4,096 bits", Rsa::new(primes, 65_537)),
        ("an exponent of 3", exponent(fixture, 3)),
        ("an exponent of 17", exponent(fixture, 17)),
    ] {
        let signed = fixture.signed("RS256");
        let keys = Input::Keys {
            set: set(fixture, &[&rsa.jwk(kid)]),
            token: token(&signed, rsa.sign(signed.as_bytes())),
        };
        add(rows, name, keys);
    }
}

/// A key with this exponent, of primes that allow it.
fn exponent(fixture: &Fixture, e: u32) -> Rsa {
    let mut issuer = fixture.attacker.clone();
    let mut primes = [&fixture.raw.primes[..], &fixture.raw_before.primes[..]].concat();
    loop {
        primes.retain(|p| BigUint::from(e).modinv(&(p - 1_u32)).is_some());
        if primes.len() >= 2 {
            return Rsa::new(primes[..2].to_vec(), e);
        }
        issuer.rotate().unwrap();
        primes.extend(Rsa::from_pkcs8(&issuer.signing_key_pkcs8().unwrap()).primes);
    }
}

fn places(fixture: &Fixture, rows: &mut Rows) {
    let t = fixture.good();
    let expired = fixture.mint(TestToken::new(USER).expired());
    let again = fixture.mint(TestToken::new(USER).claim("nonce", 1));
    let forged = fixture.attacker.mint(USER).unwrap();
    let c = format!("psg_auth_token={t}");
    let large = "A".repeat(20_000);
    for (name, fields) in [
        ("among others", vec![format!("a=1; {c}; b=2")]),
        ("without blanks", vec![format!("a=1;{c};b=2")]),
        ("in quotes", vec![format!("psg_auth_token=\"{t}\"")]),
        ("beside a name alone", vec![format!("flag; {c}; =; ;;")]),
        (
            "beside look-alikes",
            vec![format!("xpsg_auth_token=1; {c}; psg_auth_token2=2")],
        ),
        ("in the second field", vec!["a=1".into(), c.clone()]),
        ("twice the same", vec![format!("{c}; {c}")]),
        (
            "once with quotes, once without",
            vec![format!("{c}; psg_auth_token=\"{t}\"")],
        ),
        ("after an empty one", vec![format!("psg_auth_token=; {c}")]),
        ("six times the same", vec![[c.as_str(); 6].join("; ")]),
        (
            "tossed: two tokens of one user",
            vec![format!("{c}; psg_auth_token={again}")],
        ),
        (
            "tossed: an expired one beside",
            vec![format!("psg_auth_token={expired}; {c}")],
        ),
        (
            "tossed: a forgery beside",
            vec![format!("{c}; psg_auth_token={forged}")],
        ),
        (
            "tossed: garbage beside",
            vec![format!(
                "psg_auth_token=x; psg_auth_token=y; psg_auth_token=z; {c}"
            )],
        ),
        (
            "tossed: a large one beside",
            vec![format!("psg_auth_token={large}; {c}")],
        ),
        (
            "after a large neighbour",
            vec![format!("session={large}; {c}")],
        ),
    ] {
        add(rows, &format!("cookie: {name}"), cookies(fields));
    }
    let latin1 = [b"name=caf\xe9; ", c.as_bytes(), b"; x=\xff\xfe"].concat();
    add(rows, "cookie: beside bytes of no text", cookies([latin1]));
    let ignored = vec![
        (COOKIE, c.clone().into_bytes()),
        (http::header::AUTHORIZATION, b"Bearer x".to_vec()),
    ];
    add(
        rows,
        "cookie: the header is not looked at",
        Input::Request(AuthStrategy::Cookie, ignored),
    );

    for (name, field) in [
        ("as it should be", format!("Bearer {t}")),
        ("in small letters", format!("bearer {t}")),
        ("in capitals", format!("BEARER {t}")),
        ("in both", format!("bEaReR {t}")),
        ("after several blanks", format!("Bearer     {t}")),
    ] {
        add(
            rows,
            &format!("authorization: {name}"),
            authorization([field]),
        );
    }
    let ignored = vec![
        (
            http::header::AUTHORIZATION,
            format!("Bearer {t}").into_bytes(),
        ),
        (COOKIE, b"psg_auth_token=x".to_vec()),
        (COOKIE, format!("psg_auth_token={expired}").into_bytes()),
    ];
    add(
        rows,
        "authorization: the cookies are not looked at",
        Input::Request(AuthStrategy::Header, ignored),
    );
}

fn settings(fixture: &Fixture, rows: &mut Rows) {
    let now = TestClock::START.as_second();
    let user = TestToken::new(USER);
    add_with(
        rows,
        "a token of 2024, for the auth origin",
        |builder| builder.add_audience(ORIGIN),
        fixture.mint(user.clone().audience(ORIGIN)),
    );
    add_with(
        rows,
        "a token of 2022, by the app id",
        |builder| builder.add_issuer(passage_identity::test_util::TestIssuer::APP_ID),
        fixture.mint(user.clone().issuer(fixture.issuer.app_id().as_str())),
    );
    add_with(
        rows,
        "a leeway of a minute",
        |builder| builder.leeway(Duration::from_secs(60)),
        fixture.mint(user.clone().claim("exp", now - 59).claim("nbf", now + 60)),
    );
    add_with(
        rows,
        "no leeway",
        |builder| builder.leeway(Duration::ZERO),
        fixture.mint(user.claim("exp", now + 1).claim("nbf", now)),
    );
}
