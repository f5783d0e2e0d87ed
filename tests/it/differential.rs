//! A second opinion: the `jsonwebtoken` crate, set up as strictly as it can be, must say the same
//! of every well-formed token, but for the differences that are listed here with their reasons.

use std::collections::HashSet;
use std::sync::LazyLock;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use passage_identity::Passage;
use passage_identity::test_util::{TestIssuer, TestToken};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// What the two say of a token that has this one peculiarity.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Opinion {
    /// Both accept it.
    Good,
    /// Both refuse it.
    Bad,
    /// Only we refuse it, and why.
    StricterHere(&'static str),
    /// Only they refuse it, and why that is right here.
    StricterThere(&'static str),
}
use Opinion::{Bad, Good, StricterHere, StricterThere};

const TYPE: &str =
    "a token of another type is no session (RFC 8725, 3.11); they do not look at typ";
const CRITICAL: &str =
    "an extension that is not understood (RFC 7515, 4.1.11); they do not look at crit";
const B64: &str = "b64 changes what is signed (RFC 7797); they do not know it";
const ZIP: &str = "zip is for encryption (RFC 7516, 4.1.3); they do not look at it";
const DUPLICATE: &str = "a name twice (RFC 7515, 4); they mind only names they know";
const DEPTH: &str = "nested more than 16 deep; they stop at 128";
const SIZE: &str = "longer than 16 KiB; they know no limit";
const SUBJECT: &str = "no user has such an id; they take any text";
const ISSUED: &str = "iat is a number (RFC 7519, 4.1.6); they do not look at it";
const ISSUERS: &str = "iss is one string (RFC 7519, 4.1.1); they take an array";
const BELOW_ZERO: &str =
    "a date before 1970 is a date (RFC 7519, 2); they read no negative numbers";
const BEYOND: &str = "a number is a number (RFC 7519, 2); they read none beyond 64 bits";
const EMBEDDED: &str = "a key in the header is never looked at; they read it and stumble";

/// One thing about a token.
struct Trait {
    /// Two of one slot are not combined.
    slot: &'static str,
    opinion: Opinion,
    apply: fn(TestToken) -> TestToken,
}

macro_rules! traits {
    ($($slot:ident: $opinion:expr, |$token:ident| $apply:expr;)*) => {
        &[$(Trait { slot: stringify!($slot), opinion: $opinion, apply: |$token| $apply }),*]
    };
}

/// Offsets of seconds are far from every limit, since they tell the time themselves.
static TRAITS: &[Trait] = traits! {
    typ: Good, |t| t.without_header("typ");
    typ: Good, |t| t.header("typ", "jwt");
    typ: StricterHere(TYPE), |t| t.header("typ", "at+jwt");
    typ: StricterHere(TYPE), |t| t.header("typ", "");
    typ: StricterHere(TYPE), |t| t.header("typ", Value::Null);
    typ: Bad, |t| t.header("typ", 1);
    alg: Bad, |t| t.header("alg", "none");
    alg: Bad, |t| t.header("alg", "HS256");
    alg: Bad, |t| t.header("alg", "RS384");
    alg: Bad, |t| t.header("alg", "PS256");
    alg: Bad, |t| t.header("alg", "rs256");
    alg: Bad, |t| t.header("alg", json!(["RS256"]));
    alg: Bad, |t| t.without_header("alg");
    kid: Bad, |t| t.without_header("kid");
    kid: Bad, |t| t.kid("");
    kid: Bad, |t| t.kid("unknown");
    kid: Bad, |t| t.header("kid", 7);
    crit: StricterHere(CRITICAL), |t| t.header("crit", json!(["exp"]));
    crit: StricterHere(CRITICAL), |t| t.header("crit", json!([]));
    crit: Bad, |t| t.header("crit", "exp");
    b64: StricterHere(B64), |t| t.header("b64", "true");
    zip: StricterHere(ZIP), |t| t.header("zip", "DEF");
    more: Good, |t| t.header("x", "y");
    more: Good, |t| t.header("cty", "json");
    more: Good, |t| t.header("jku", "https://evil.example/");
    more: Good, |t| t.header("x5c", json!(["MAMCAQE="]));
    more: StricterThere(EMBEDDED), |t| t.header("jwk", "x");
    more: StricterThere(EMBEDDED), |t| t.header("x5c", "x");
    key: Bad, |t| t.wrong_key();
    exp: Good, |t| t.expires_in(std::time::Duration::from_secs(86_400 * 365));
    exp: Good, |t| t.claim("exp", 1e12 + 0.5);
    exp: Good, |t| t.claim("exp", u64::MAX - 10_000);
    exp: StricterThere(BEYOND), |t| t.claim("exp", 1e300);
    exp: Bad, |t| t.expired();
    exp: Bad, |t| t.claim("exp", 0);
    exp: Bad, |t| t.claim("exp", -1);
    exp: Bad, |t| t.claim("exp", "9999999999");
    exp: Bad, |t| t.claim("exp", Value::Null);
    exp: Bad, |t| t.claim("exp", json!([1e12]));
    exp: Bad, |t| t.claim("exp", true);
    exp: Bad, |t| t.without_claim("exp");
    nbf: Good, |t| t.without_claim("nbf");
    nbf: Good, |t| t.claim("nbf", 0);
    nbf: Good, |t| t.claim("nbf", 1.5);
    nbf: StricterThere(BELOW_ZERO), |t| t.claim("nbf", -1);
    nbf: Bad, |t| t.claim("nbf", Value::Null);
    nbf: Bad, |t| t.claim("nbf", 1e12);
    nbf: Bad, |t| t.claim("nbf", "0");
    nbf: Bad, |t| t.claim("nbf", json!({}));
    nbf: Bad, |t| t.claim("nbf", false);
    iat: Good, |t| t.without_claim("iat");
    iat: Good, |t| t.claim("iat", 1e12);
    iat: Good, |t| t.claim("iat", -1);
    iat: StricterHere(ISSUED), |t| t.claim("iat", "0");
    iat: StricterHere(ISSUED), |t| t.claim("iat", Value::Null);
    iss: Bad, |t| t.issuer("https://evil.example");
    iss: Bad, |t| t.issuer("");
    iss: Bad, |t| t.claim("iss", Value::Null);
    iss: Bad, |t| t.claim("iss", 7);
    iss: Bad, |t| t.without_claim("iss");
    iss: Bad, |t| t.claim("iss", json!(["https://evil.example"]));
    iss: StricterHere(ISSUERS), |t| t.claim("iss", json!([TestIssuer::new().unwrap().issuer()]));
    aud: Good, |t| t.audience(TestIssuer::APP_ID);
    aud: Good, |t| t.claim("aud", json!(["x", TestIssuer::APP_ID, "x"]));
    aud: Bad, |t| t.audience("x");
    aud: Bad, |t| t.claim("aud", json!([]));
    aud: Bad, |t| t.claim("aud", json!(["x", "y"]));
    aud: Bad, |t| t.claim("aud", json!([TestIssuer::APP_ID, 7]));
    aud: Bad, |t| t.claim("aud", json!([[TestIssuer::APP_ID]]));
    aud: Bad, |t| t.claim("aud", Value::Null);
    aud: Bad, |t| t.claim("aud", json!({}));
    aud: Bad, |t| t.without_claim("aud");
    sub: Good, |t| t.claim("sub", "użytkownik");
    sub: StricterHere(SUBJECT), |t| t.claim("sub", "");
    sub: StricterHere(SUBJECT), |t| t.claim("sub", "..");
    sub: StricterHere(SUBJECT), |t| t.claim("sub", "a\nb");
    sub: Bad, |t| t.claim("sub", 7);
    sub: Bad, |t| t.claim("sub", Value::Null);
    sub: Bad, |t| t.claim("sub", json!(["user"]));
    sub: Bad, |t| t.without_claim("sub");
    custom: Good, |t| t.claim("x", json!({"y": [1, -1.5, null, "z"]}));
    custom: Good, |t| t.claim("x", nested(15));
    custom: StricterHere(DEPTH), |t| t.claim("x", nested(16));
    size: Good, |t| t.claim("filler", "f".repeat(8_000));
    size: StricterHere(SIZE), |t| t.claim("filler", "f".repeat(13_000));
};

/// An array nested so deep.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

struct Fixture {
    issuer: TestIssuer,
    passage: Passage,
    keys: JwkSet,
    validation: Validation,
    runtime: Runtime,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let mut issuer = TestIssuer::new().unwrap();
    issuer.rotate().unwrap();
    // They ask the system for the time, so ours has to be the same.
    issuer.clock().set(jiff::Timestamp::now());
    let mut validation = Validation::new(Algorithm::RS256);
    validation.leeway = 5;
    validation.validate_nbf = true;
    validation.set_issuer(&[issuer.issuer()]);
    validation.set_audience(&[issuer.app_id()]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    Fixture {
        passage: issuer.passage().unwrap(),
        keys: serde_json::from_str(&issuer.jwks_json()).unwrap(),
        validation,
        runtime: tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap(),
        issuer,
    }
});

fn here(token: &str) -> bool {
    let verified = FIXTURE
        .runtime
        .block_on(FIXTURE.passage.verify_token(token));
    assert!(
        verified
            .as_ref()
            .err()
            .is_none_or(|error| error.is_token_invalid())
    );
    verified.is_ok()
}

fn there(token: &str) -> bool {
    let header = decode_header(token).ok();
    let kid = header.and_then(|header| header.kid).unwrap_or_default();
    let key = FIXTURE.keys.find(&kid);
    key.is_some_and(|key| {
        let key = DecodingKey::from_jwk(key).unwrap();
        decode::<Value>(token, &key, &FIXTURE.validation).is_ok()
    })
}

fn good() -> TestToken {
    TestToken::new("user")
}

#[test]
fn each_peculiarity_alone_is_judged_as_listed() {
    let token = FIXTURE.issuer.mint(good()).unwrap();
    assert!(here(&token) && there(&token));
    for (at, one) in TRAITS.iter().enumerate() {
        let token = FIXTURE.issuer.mint((one.apply)(good())).unwrap();
        let expected = match one.opinion {
            Good => (true, true),
            Bad => (false, false),
            StricterHere(_) => (false, true),
            StricterThere(_) => (true, false),
        };
        let what = format!("row {at}, {}: {:?}", one.slot, one.opinion);
        assert_eq!((here(&token), there(&token)), expected, "{what}");
    }
}

#[test]
fn names_that_are_there_twice() {
    let (header, claims) = (
        json!({"alg": "RS256", "kid": FIXTURE.issuer.kid()}).to_string(),
        json!({
            "iss": FIXTURE.issuer.issuer(), "aud": TestIssuer::APP_ID, "sub": "user",
            "exp": jiff::Timestamp::now().as_second() + 3600,
        })
        .to_string(),
    );
    let doubled = |text: &str, members: &str| text.replacen('{', &format!("{{{members},"), 1);
    for (header, claims, opinion) in [
        (header.clone(), claims.clone(), Good),
        (doubled(&header, r#""alg":"none""#), claims.clone(), Bad),
        (header.clone(), doubled(&claims, r#""exp":9999999999"#), Bad),
        (
            header.clone(),
            doubled(&claims, r#""x":1,"x":2"#),
            StricterHere(DUPLICATE),
        ),
        (
            doubled(&header, r#""x":"1","x":"2""#),
            claims.clone(),
            StricterHere(DUPLICATE),
        ),
    ] {
        let token = FIXTURE.issuer.sign_raw(&header, &claims).unwrap();
        let expected = match opinion {
            Good => (true, true),
            StricterHere(_) => (false, true),
            _ => (false, false),
        };
        assert_eq!((here(&token), there(&token)), expected, "{header} {claims}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn peculiarities_together_are_judged_alike(picks in prop::collection::vec(any::<Index>(), 0..6)) {
        let mut slots = HashSet::new();
        let picked: Vec<&Trait> = picks
            .iter()
            .map(|pick| &TRAITS[pick.index(TRAITS.len())])
            .filter(|one| slots.insert(one.slot))
            .collect();
        let token = picked.iter().fold(good(), |token, one| (one.apply)(token));
        let token = FIXTURE.issuer.mint(token).unwrap();
        // A token is accepted if nothing about it is a reason to refuse it.
        let refused_here = picked.iter().any(|one| matches!(one.opinion, Bad | StricterHere(_)));
        let refused_there = picked.iter().any(|one| matches!(one.opinion, Bad | StricterThere(_)));
        prop_assert_eq!((here(&token), there(&token)), (!refused_here, !refused_there));
    }

    #[test]
    fn a_changed_token_is_judged_alike(at in any::<Index>(), symbol in "[A-Za-z0-9_.-]") {
        let mut token = FIXTURE.issuer.mint(good()).unwrap();
        let at = at.index(token.len());
        token.replace_range(at..=at, &symbol);
        prop_assert_eq!(here(&token), there(&token));
    }
}
