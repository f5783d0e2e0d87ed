//! Key sets with keys that must not verify anything, met by tokens that those keys would accept.

use aws_lc_rs::hmac;
use num_bigint::BigUint;
use passage_identity::ErrorKind;
use passage_identity::keys::JwkSet;
use passage_identity::test_util::TestToken;
use serde_json::{Value, json};

use crate::hostile::fixture::{Fixture, USER, b64, signing_jwk, token};
use crate::hostile::rows;
use crate::hostile::rsa::{Rsa, SHA256_INFO, padded, sha256};
use crate::hostile::run::{Case, Input};

pub(crate) fn cases(fixture: &Fixture, cases: &mut Vec<Case>) {
    other_uses(fixture, cases);
    bad_encodings(fixture, cases);
    weak_keys(fixture, cases);
    other_types(fixture, cases);
    names(fixture, cases);
}

/// A set of these keys and a good one of another name.
pub(crate) fn set(fixture: &Fixture, keys: &[&Value]) -> String {
    let mut all = vec![signing_jwk(&fixture.before)];
    all.extend(keys.iter().map(|key| (*key).clone()));
    json!({ "keys": all }).to_string()
}

/// The issuer's key with one member changed.
pub(crate) fn with(fixture: &Fixture, name: &str, value: impl Into<Value>) -> Value {
    let mut key = signing_jwk(&fixture.issuer);
    key[name] = value.into();
    key
}

pub(crate) fn without(fixture: &Fixture, name: &str) -> Value {
    let mut key = signing_jwk(&fixture.issuer);
    key.as_object_mut().unwrap().remove(name);
    key
}

/// A good token of the issuer, met by a set with this key.
fn met(fixture: &Fixture, key: Value) -> Input {
    Input::Keys {
        set: set(fixture, &[&key]),
        token: fixture.good(),
    }
}

fn other_uses(fixture: &Fixture, cases: &mut Vec<Case>) {
    let met = |name: &str, value: Value| met(fixture, with(fixture, name, value));
    rows! { cases:
        BadKey, "use: enc", "RFC 7517, 4.2", "a key for encryption" => met("use", json!("enc"));
        BadKey, "use: empty", "RFC 7517, 4.2", "not sig" => met("use", json!(""));
        BadKey, "use: in capitals", "RFC 7517, 4.2", "minds the case" => met("use", json!("SIG"));
        BadKey, "use: a number", "RFC 7517, 4.2", "use is a string" => met("use", json!(1));
        BadKey, "use: an array", "RFC 7517, 4.2", "use is a string" => met("use", json!(["sig"]));
        BadKey, "key alg: RS512", "RFC 7517, 4.4", "a key for another algorithm" => met("alg", json!("RS512"));
        BadKey, "key alg: PS256", "RFC 7517, 4.4", "a key for another algorithm" => met("alg", json!("PS256"));
        BadKey, "key alg: HS256", "CVE-2015-9235", "an RSA key as a shared secret" => met("alg", json!("HS256"));
        BadKey, "key alg: none", "RFC 7517, 4.4", "a key for nothing" => met("alg", json!("none"));
        BadKey, "key alg: RSA-OAEP", "RFC 7517, 4.4", "a key for encryption" => met("alg", json!("RSA-OAEP"));
        BadKey, "key alg: unheard of", "RFC 7517, 4.4", "a key for another algorithm" => met("alg", json!("RS256K"));
        BadKey, "key alg: in small letters", "RFC 7517, 4.4", "minds the case" => met("alg", json!("rs256"));
        BadKey, "key alg: a number", "RFC 7517, 4.4", "alg is a string" => met("alg", json!(256));
        BadKey, "key_ops: sign", "RFC 7517, 4.3", "not to verify with" => met("key_ops", json!(["sign"]));
        BadKey, "key_ops: encrypt", "RFC 7517, 4.3", "not to verify with" => met("key_ops", json!(["encrypt", "wrapKey"]));
        BadKey, "key_ops: none", "RFC 7517, 4.3", "not to verify with" => met("key_ops", json!([]));
        BadKey, "key_ops: a string", "RFC 7517, 4.3", "key_ops is an array" => met("key_ops", json!("verify"));
        BadKey, "key_ops: in capitals", "RFC 7517, 4.3", "minds the case" => met("key_ops", json!(["VERIFY"]));
    }
}

fn bad_encodings(fixture: &Fixture, cases: &mut Vec<Case>) {
    let key = signing_jwk(&fixture.issuer);
    let n = key["n"].as_str().unwrap();
    let met_with = |name: &str, value: Value| met(fixture, with(fixture, name, value));
    rows! { cases:
        BadKey, "n: absent", "RFC 7518, 6.3.1", "no modulus" => met(fixture, without(fixture, "n"));
        BadKey, "n: empty", "RFC 7518, 6.3.1", "no modulus" => met_with("n", json!(""));
        BadKey, "n: padded", "RFC 7518, 2", "base64url without padding" => met_with("n", json!(format!("{n}==")));
        BadKey, "n: a line break", "RFC 7518, 2", "base64url without white space" => met_with("n", json!(format!("{n}\n")));
        BadKey, "n: hexadecimal", "RFC 7518, 6.3.1.1", "base64url of the bytes" => met_with("n", json!(fixture.raw.n().to_str_radix(16) + "!"));
        BadKey, "n: a number", "RFC 7518, 6.3.1.1", "a string" => met_with("n", json!(65_537));
        BadKey, "n: null", "RFC 7518, 6.3.1.1", "a string" => met_with("n", json!(null));
        BadKey, "n: zeros", "RFC 7518, 6.3.1.1", "a modulus of zero" => met_with("n", json!(b64([0; 256])));
        BadKey, "e: absent", "RFC 7518, 6.3.1", "no exponent" => met(fixture, without(fixture, "e"));
        BadKey, "e: empty", "RFC 7518, 6.3.1", "no exponent" => met_with("e", json!(""));
        BadKey, "e: a number", "RFC 7518, 6.3.1.2", "a string" => met_with("e", json!(65_537));
        BadKey, "e: padded", "RFC 7518, 2", "base64url without padding" => met_with("e", json!("Aw=="));
        BadKey, "kty: absent", "RFC 7517, 4.1", "of which kind is it?" => met(fixture, without(fixture, "kty"));
        BadKey, "kty: in small letters", "RFC 7517, 4.1", "minds the case" => met_with("kty", json!("rsa"));
        BadKey, "kty: EC with the members of RSA", "RFC 7517, 4.1", "of which kind is it?" => met_with("kty", json!("EC"));
        BadKey, "kty: oct with the members of RSA", "CVE-2015-9235", "an RSA key as a shared secret" => met_with("kty", json!("oct"));
    }
}

/// Keys with which anybody, or anybody with some patience, can sign.
fn weak_keys(fixture: &Fixture, cases: &mut Vec<Case>) {
    let kid = fixture.issuer.kid();
    let signed = fixture.signed("RS256");
    let info = [&SHA256_INFO[..], &sha256(signed.as_bytes())].concat();
    // With an exponent of 1 the padded hash is its own signature.
    let e1 = |e: &str| Input::Keys {
        set: set(fixture, &[&with(fixture, "e", e)]),
        token: token(&signed, padded(1, 0xff, 256, &info)),
    };
    // One prime of 1,024 bits is a modulus too, and its arithmetic is the same.
    let small = Rsa::new(fixture.raw.primes[..1].to_vec(), 65_537);
    let three = [&fixture.raw.primes[..], &fixture.raw_before.primes[..]].concat();
    let huge = BigUint::from(1_u32) << 8_192_u32 | BigUint::from(1_u32);
    let met_with = |name: &str, value: String| met(fixture, with(fixture, name, value));
    rows! { cases:
        BadKey, "size: 1,024 bits", "RFC 7518, 3.3", "2,048 bits or more" => Input::Keys { set: set(fixture, &[&small.jwk(kid)]), token: token(&signed, small.sign(signed.as_bytes())) };
        BadKey, "size: 1,024 bits behind zeros", "RFC 7518, 3.3", "zeros in front do not make a key longer" => {
            let mut key = small.jwk(kid);
            key["n"] = json!(b64([&[0; 128], &small.n().to_bytes_be()[..]].concat()));
            Input::Keys { set: set(fixture, &[&key]), token: token(&signed, small.sign(signed.as_bytes())) }
        };
        BadKey, "size: 2,047 bits", "RFC 7518, 3.3", "2,048 bits or more" => met_with("n", b64(((fixture.raw.n() >> 1_u32) | BigUint::from(1_u32)).to_bytes_be()));
        BadKey, "size: 8,193 bits", "RFC 8725, 2.6", "each verification would cost dear" => met_with("n", b64(huge.to_bytes_be()));
        BadKey, "size: 40,000 bits", "RFC 8725, 2.6", "each verification would cost dear" => met_with("n", b64(vec![0xff; 5_000]));
        BadKey, "exponent: 1", "RFC 8017, 3.1", "the padded hash is its own signature" => e1("AQ");
        BadKey, "exponent: 1 behind zeros", "RFC 8017, 3.1", "the padded hash is its own signature" => e1("AAAAAAE");
        BadKey, "exponent: 0", "RFC 8017, 3.1", "everything to the power of 0 is 1" => met_with("e", b64([0]));
        BadKey, "exponent: 2", "RFC 8017, 3.1", "even: square roots are not unique" => met_with("e", b64([2]));
        BadKey, "exponent: 65,536", "RFC 8017, 3.1", "even: fits no RSA key" => met_with("e", b64([1, 0, 0]));
        BadKey, "exponent: as long as the modulus", "RFC 8017, 3.1", "a verification would cost dear, if the library did not refuse it" => met_with("e", b64([0xff; 256]));
        BadSignature, "exponent: 3, but the key has another", "RFC 8017, 3.1", "the public half of another key" => met_with("e", b64([3]));
        BadSignature, "modulus: of two keys multiplied", "RFC 8017, 5.2.2", "a signature of 2,048 bits under a key of 4,096" => Input::Keys { set: set(fixture, &[&Rsa::new(three, 65_537).jwk(kid)]), token: fixture.good() };
    }
}

fn other_types(fixture: &Fixture, cases: &mut Vec<Case>) {
    let kid = fixture.issuer.kid();
    let hs256 = {
        let signed = fixture.signed("HS256");
        let secret = hmac::Key::new(hmac::HMAC_SHA256, b"canary-secret");
        token(&signed, hmac::sign(&secret, signed.as_bytes()))
    };
    let secret = json!({"kty": "oct", "kid": kid, "k": b64("canary-secret")});
    let curve =
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": b64([1; 32]), "y": b64([2; 32])});
    let edwards = json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64([1; 32])});
    let met_by = |key: &Value, token: String| Input::Keys {
        set: set(fixture, &[key]),
        token,
    };
    rows! { cases:
        BadKey, "key: a shared secret under our kid", "RFC 7518, 6.4", "not an RSA key" => met_by(&secret, fixture.good());
        UnsupportedAlgorithm, "key: a shared secret in the set", "RFC 8725, 3.1", "HS256 with a key of the set is HS256 still" => met_by(&secret, hs256);
        BadKey, "key: an elliptic curve under our kid", "RFC 7518, 6.2", "not an RSA key" => met_by(&curve, fixture.good());
        UnsupportedAlgorithm, "key: an elliptic curve and its psychic signature", "CVE-2022-21449", "r and s of zero fit everything" => met_by(&curve, token(&fixture.signed("ES256"), [0; 64]));
        BadKey, "key: an elliptic curve and RS256 of zeros", "CVE-2022-21449", "r and s of zero fit everything" => met_by(&curve, token(&fixture.signed("RS256"), [0; 64]));
        BadKey, "key: an Edwards curve under our kid", "RFC 8037, 2", "not an RSA key" => met_by(&edwards, fixture.good());
        BadKey, "key: only a certificate", "RFC 7517, 4.7", "members of the key are required" => met_by(&json!({"kty": "RSA", "kid": kid, "x5c": ["MAMCAQE="]}), fixture.good());
        BadKey, "key: only a URL", "RFC 7517, 4.6", "nothing is fetched for it" => met_by(&json!({"kty": "RSA", "kid": kid, "x5u": "https://evil.example/cert"}), fixture.good());
        BadKey, "key: nothing but a name", "RFC 7517, 4.1", "kty is required" => met_by(&json!({ "kid": kid }), fixture.good());
    }
}

fn names(fixture: &Fixture, cases: &mut Vec<Case>) {
    let kid = fixture.issuer.kid();
    let ours = signing_jwk(&fixture.issuer);
    let forgers = signing_jwk(&fixture.attacker);
    let unnamed = without(fixture, "kid");
    let of_set = |keys: &[&Value], token: String| Input::Keys {
        set: set(fixture, keys),
        token,
    };
    let called = |name: Value| of_set(&[&with(fixture, "kid", name)], fixture.good());
    let accented = |kid: &str, token_kid: &str| {
        let token = fixture.mint(TestToken::new(USER).kid(token_kid));
        of_set(&[&with(fixture, "kid", kid)], token)
    };
    rows! { cases:
        AmbiguousKey, "kid: of two keys, ours first", "RFC 7517, 4.5", "which key is meant?" => of_set(&[&ours, &forgers], fixture.good());
        AmbiguousKey, "kid: of two keys, ours last", "RFC 7517, 4.5", "which key is meant?" => of_set(&[&forgers, &ours], fixture.good());
        AmbiguousKey, "kid: of two keys, the other's token", "RFC 7517, 4.5", "which key is meant?" => of_set(&[&ours, &forgers], fixture.attacker.mint(USER).unwrap());
        AmbiguousKey, "kid: of three keys", "RFC 7517, 4.5", "a third does not make it one again" => of_set(&[&ours, &forgers, &ours], fixture.good());
        AmbiguousKey, "kid: of two keys and a bad one", "RFC 7517, 4.5", "which key is meant?" => of_set(&[&ours, &json!({ "kid": kid }), &forgers], fixture.good());
        BadKey, "kid: of two bad keys", "RFC 7517, 4.5", "neither can be used" => of_set(&[&with(fixture, "use", "enc"), &json!({ "kid": kid })], fixture.good());
        UnknownKey, "kid: of no key in the set", "RFC 7517, 4.5", "the key has gone" => of_set(&[], fixture.good());
        UnknownKey, "kid: the key has none", "RFC 7517, 4.5", "a key without a name cannot be named" => of_set(&[&unnamed], fixture.good());
        UnknownKey, "kid: neither key nor token have one", "RFC 7517, 4.5", "a key without a name cannot be named" => of_set(&[&unnamed], fixture.mint(TestToken::new(USER).without_header("kid")));
        UnknownKey, "kid: of key and token empty", "RFC 7517, 4.5", "an empty name is none" => of_set(&[&with(fixture, "kid", "")], fixture.mint(TestToken::new(USER).kid("")));
        UnknownKey, "kid: of the key a number", "RFC 7517, 4.5", "kid is a string" => called(json!(1));
        Malformed, "kid: of key and token a number", "RFC 7517, 4.5", "kid is a string" => of_set(&[&with(fixture, "kid", 1)], fixture.mint(TestToken::new(USER).header("kid", 1)));
        Malformed, "kid: of key and token null", "RFC 7517, 4.5", "kid is a string" => of_set(&[&with(fixture, "kid", json!(null))], fixture.mint(TestToken::new(USER).header("kid", json!(null))));
        UnknownKey, "kid: of the key in another case", "RFC 7517, 4.5", "minds the case" => called(json!(kid.to_lowercase()));
        UnknownKey, "kid: of the key with a blank", "RFC 7517, 4.5", "compared as it is" => called(json!(format!("{kid} ")));
        UnknownKey, "kid: the same letters composed otherwise", "RFC 8725, 3.7", "no normalisation before comparing" => accented("caf\u{e9}", "cafe\u{301}");
    }
}

/// Bodies from which no set comes at all.
pub(crate) fn refused_bodies(fixture: &Fixture) {
    let key = signing_jwk(&fixture.issuer);
    let many: Vec<_> = (0..101)
        .map(|n| with(fixture, "kid", n.to_string()))
        .collect();
    let bad = with(fixture, "use", "enc");
    let deep = "[".repeat(100_000);
    let bodies = [
        ("nothing", String::new()),
        ("HTML", "<!doctype html><title>Sign in</title>".into()),
        ("a blank", " ".into()),
        ("null", "null".into()),
        ("a JWK", key.to_string()),
        ("an array of JWKs", json!([key]).to_string()),
        ("an object without keys", "{}".into()),
        ("keys in capitals", json!({"KEYS": [key]}).to_string()),
        ("keys of null", json!({"keys": null}).to_string()),
        ("keys of an object", json!({"keys": {"0": key}}).to_string()),
        (
            "keys of a string",
            json!({"keys": key.to_string()}).to_string(),
        ),
        ("keys twice", format!(r#"{{"keys":[],"keys":[{key}]}}"#)),
        (
            "keys twice, one escaped",
            format!(r#"{{"keys":[{key}],"\u006beys":[]}}"#),
        ),
        ("a set cut off", format!(r#"{{"keys":[{key}]"#)),
        ("a set and more", format!(r#"{{"keys":[{key}]}}{{}}"#)),
        ("a byte order mark", format!("\u{feff}{{\"keys\":[{key}]}}")),
        ("a token", fixture.good()),
        (
            "an error of the API",
            r#"{"code":"app_not_found","error":"x"}"#.into(),
        ),
        ("no keys", json!({"keys": []}).to_string()),
        (
            "only bad keys",
            json!({"keys": [bad, null, 1, "x", []]}).to_string(),
        ),
        (
            "only an ambiguous key",
            json!({"keys": [key, key]}).to_string(),
        ),
        ("101 keys", json!({ "keys": many }).to_string()),
        (
            "101 of nothing",
            json!({"keys": vec![Value::Null; 101]}).to_string(),
        ),
        ("a pit", deep.clone()),
        ("a pit of keys", format!(r#"{{"keys":{deep}"#)),
    ];
    for (name, body) in bodies {
        match JwkSet::from_json(&body) {
            Ok(_) => panic!("{name} is taken for a key set"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
                assert!(
                    !format!("{error} {error:?}").contains(fixture.issuer.kid()),
                    "{name}"
                );
            }
        }
    }
    assert!(JwkSet::from_json(b"{\"keys\":[],\"\xff\":1}").is_err());
}
