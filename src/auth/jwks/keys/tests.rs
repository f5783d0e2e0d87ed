use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::super::super::testing::TestKey;
use super::*;

fn parse(keys: &[Value]) -> Result<KeySet, BadKeySet> {
    KeySet::parse(
        json!({ "keys": keys }).to_string().as_bytes(),
        &[Algorithm::Rs256],
    )
}

/// What the name `k` means in a set that has another good key besides.
fn named_k(keys: &[&Value]) -> Result<(), ErrorKind> {
    let mut all = vec![TestKey::second().jwk("other")];
    all.extend(keys.iter().map(|key| (*key).clone()));
    let set = parse(&all).unwrap();
    assert!(
        set.find("other").is_ok(),
        "one bad key must not spoil the set"
    );
    set.find("k").map(|_| ())
}

fn with(jwk: &Value, name: &str, value: Value) -> Value {
    let mut jwk = jwk.clone();
    jwk[name] = value;
    jwk
}

fn without(jwk: &Value, name: &str) -> Value {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

#[test]
fn one_member_changed() {
    use ErrorKind::{BadKey, UnknownKey};
    let good = TestKey::first().jwk("k");
    let n = URL_SAFE_NO_PAD.decode(good["n"].as_str().unwrap()).unwrap();
    let encode = |bytes: &[u8]| json!(URL_SAFE_NO_PAD.encode(bytes));
    let padded: Vec<u8> = [0].iter().chain(&n).copied().collect();
    let short = &n[1..];
    let huge = vec![0xff; 1025];
    for (jwk, expected) in [
        (good.clone(), Ok(())),
        (without(&good, "use"), Ok(())),
        (without(&good, "alg"), Ok(())),
        (with(&good, "key_ops", json!(["verify"])), Ok(())),
        (with(&good, "key_ops", json!(["sign", "verify"])), Ok(())),
        (with(&good, "x5t", json!("ignored")), Ok(())),
        (with(&good, "n", encode(&padded)), Ok(())),
        (with(&good, "use", json!("enc")), Err(BadKey)),
        (with(&good, "use", json!(7)), Err(BadKey)),
        (with(&good, "alg", json!("RS512")), Err(BadKey)),
        (with(&good, "alg", json!("PS256")), Err(BadKey)),
        (with(&good, "alg", json!("RSA-OAEP")), Err(BadKey)),
        (with(&good, "alg", json!("unheard-of")), Err(BadKey)),
        (with(&good, "key_ops", json!(["encrypt"])), Err(BadKey)),
        (with(&good, "key_ops", json!([])), Err(BadKey)),
        (with(&good, "kty", json!("EC")), Err(BadKey)),
        (with(&good, "kty", json!("oct")), Err(BadKey)),
        (without(&good, "kty"), Err(BadKey)),
        (without(&good, "n"), Err(BadKey)),
        (without(&good, "e"), Err(BadKey)),
        (with(&good, "n", json!("")), Err(BadKey)),
        (with(&good, "n", json!("not base64!")), Err(BadKey)),
        (with(&good, "n", encode(short)), Err(BadKey)),
        (with(&good, "n", encode(&huge)), Err(BadKey)),
        (with(&good, "e", json!("Aw")), Ok(())),
        (
            with(&good, "e", encode(&[1, 0xff, 0xff, 0xff, 0xff])),
            Ok(()),
        ),
        (with(&good, "e", encode(&[2, 0, 0, 0, 1])), Err(BadKey)),
        (with(&good, "e", encode(&[0xff; 256])), Err(BadKey)),
        (with(&good, "e", json!("AQ")), Err(BadKey)),
        (with(&good, "e", json!("AAE")), Err(BadKey)),
        (with(&good, "e", json!("Ag")), Err(BadKey)),
        (with(&good, "e", json!("AQAA")), Err(BadKey)),
        (with(&good, "e", json!("AA")), Err(BadKey)),
        (with(&good, "e", json!("")), Err(BadKey)),
        (
            json!({"kid": "k", "kty": "oct", "k": "c2VjcmV0"}),
            Err(BadKey),
        ),
        (without(&good, "kid"), Err(UnknownKey)),
        (with(&good, "kid", json!("")), Err(UnknownKey)),
        (with(&good, "kid", json!(7)), Err(UnknownKey)),
        (with(&good, "kid", json!("K")), Err(UnknownKey)),
        (json!("k"), Err(UnknownKey)),
        (json!(null), Err(UnknownKey)),
    ] {
        assert_eq!(named_k(&[&jwk]), expected, "{jwk}");
    }
}

#[test]
fn two_keys_of_one_name() {
    let (first, second) = (TestKey::first().jwk("k"), TestKey::second().jwk("k"));
    let bad = with(&first, "use", json!("enc"));
    assert_eq!(named_k(&[&first, &second]), Err(ErrorKind::AmbiguousKey));
    assert_eq!(
        named_k(&[&first, &second, &first]),
        Err(ErrorKind::AmbiguousKey)
    );
    assert_eq!(
        named_k(&[&first, &second, &bad]),
        Err(ErrorKind::AmbiguousKey)
    );
    assert_eq!(named_k(&[&first, &bad]), Ok(()));
    assert_eq!(named_k(&[&bad, &first]), Ok(()));
    assert_eq!(named_k(&[&bad, &bad]), Err(ErrorKind::BadKey));
}

#[test]
fn bodies_that_are_no_key_set() {
    let key = TestKey::first().jwk("k");
    let many: Vec<_> = (0..101)
        .map(|index| TestKey::first().jwk(&index.to_string()))
        .collect();
    for (body, expected) in [
        (String::new(), BadKeySet::NotJwks),
        ("<html>".into(), BadKeySet::NotJwks),
        ("null".into(), BadKeySet::NotJwks),
        ("[]".into(), BadKeySet::NotJwks),
        ("{}".into(), BadKeySet::NotJwks),
        (r#"{"keys":null}"#.into(), BadKeySet::NotJwks),
        (r#"{"keys":{}}"#.into(), BadKeySet::NotJwks),
        (
            format!(r#"{{"keys":[],"keys":[{key}]}}"#),
            BadKeySet::NotJwks,
        ),
        (format!(r#"{{"keys":[{key}]"#), BadKeySet::NotJwks),
        (r#"{"keys":[]}"#.into(), BadKeySet::NoUsableKey),
        (
            json!({"keys": [with(&key, "use", json!("enc"))]}).to_string(),
            BadKeySet::NoUsableKey,
        ),
        (
            json!({"keys": [key, key]}).to_string(),
            BadKeySet::NoUsableKey,
        ),
        (json!({ "keys": many }).to_string(), BadKeySet::TooMany),
    ] {
        assert_eq!(
            KeySet::parse(body.as_bytes(), &[Algorithm::Rs256]).err(),
            Some(expected),
            "{body:.60}"
        );
    }
}

#[test]
fn a_set_may_have_a_hundred_keys() {
    let many: Vec<_> = (0..100)
        .map(|kid| TestKey::first().jwk(&kid.to_string()))
        .collect();
    assert_eq!(parse(&many).unwrap().len(), 100);
}

#[test]
fn what_is_wrong_with_a_set_is_said() {
    for (bad, words) in [
        (BadKeySet::NotJwks, "not a JSON Web Key Set"),
        (BadKeySet::TooMany, "more than 100 keys"),
        (BadKeySet::NoUsableKey, "no key that can be used"),
    ] {
        assert!(bad.to_string().ends_with(words), "{bad}");
    }
}

#[test]
fn a_signature_belongs_to_its_key_and_text() {
    let set = parse(&[TestKey::first().jwk("1"), TestKey::second().jwk("2")]).unwrap();
    let signature = TestKey::first().sign(b"text");
    let first = set.find("1").unwrap();
    assert_eq!(first.verify(b"text", &signature), Ok(()));
    assert_eq!(
        first.verify(b"Text", &signature),
        Err(ErrorKind::BadSignature)
    );
    assert_eq!(first.verify(b"text", b""), Err(ErrorKind::BadSignature));
    assert_eq!(
        first.verify(b"text", &vec![0; 256]),
        Err(ErrorKind::BadSignature)
    );
    assert_eq!(
        set.find("2").unwrap().verify(b"text", &signature),
        Err(ErrorKind::BadSignature)
    );
}

#[test]
fn the_same_key_is_known_again() {
    let jwk = TestKey::first().jwk("1");
    let padded = {
        let n = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
        let n: Vec<u8> = [0].into_iter().chain(n).collect();
        with(&jwk, "n", json!(URL_SAFE_NO_PAD.encode(n)))
    };
    let one = parse(&[jwk]).unwrap();
    let other = parse(&[with(&padded, "kid", json!("2")), TestKey::second().jwk("3")]).unwrap();
    let key = one.find("1").unwrap();
    assert!(key.is(key));
    assert!(key.is(other.find("2").unwrap()));
    assert!(!key.is(other.find("3").unwrap()));
}

/// A point of P-256 (RFC 7515, A.3.1).
fn p256() -> Value {
    json!({
        "kty": "EC", "crv": "P-256", "kid": "k",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

#[test]
fn keys_of_p256_serve_es256_and_nothing_else() {
    use ErrorKind::BadKey;
    let good = p256();
    let short = URL_SAFE_NO_PAD.encode([7; 31]);
    for (jwk, expected) in [
        (good.clone(), Ok(Algorithm::Es256)),
        (with(&good, "alg", json!("ES256")), Ok(Algorithm::Es256)),
        (with(&good, "use", json!("sig")), Ok(Algorithm::Es256)),
        (
            with(&good, "key_ops", json!(["verify"])),
            Ok(Algorithm::Es256),
        ),
        (with(&good, "alg", json!("RS256")), Err(BadKey)),
        (with(&good, "alg", json!("ES384")), Err(BadKey)),
        (with(&good, "use", json!("enc")), Err(BadKey)),
        (with(&good, "key_ops", json!(["sign"])), Err(BadKey)),
        (with(&good, "crv", json!("P-384")), Err(BadKey)),
        (with(&good, "crv", json!("secp256k1")), Err(BadKey)),
        (with(&good, "x", json!(short)), Err(BadKey)),
        // Not on the curve.
        (with(&good, "x", good["y"].clone()), Err(BadKey)),
        (without(&good, "y"), Err(BadKey)),
    ] {
        let keys = json!({"keys": [TestKey::second().jwk("other"), &jwk]}).to_string();
        let set = KeySet::parse(keys.as_bytes(), &[Algorithm::Rs256, Algorithm::Es256]).unwrap();
        assert_eq!(set.find("k").map(Key::algorithm), expected, "{jwk}");
    }
}

#[test]
fn a_key_for_an_algorithm_that_is_not_asked_for_cannot_be_used() {
    assert_eq!(named_k(&[&p256()]), Err(ErrorKind::BadKey));
    assert_eq!(parse(&[p256()]).err(), Some(BadKeySet::NoUsableKey));
}
