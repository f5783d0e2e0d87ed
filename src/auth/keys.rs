//! The keys of an app, as its JWKS names them.
//!
//! `jsonwebtoken` gives the types of RFC 7517. The signature is checked with `aws-lc-rs` itself:
//! `jsonwebtoken` would rebuild the key for every token, and needs a process-wide choice of a
//! crypto provider that another crate may make differently.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use serde_json::Value;

use super::token::decode;
use crate::error::ErrorKind;

/// More keys than this in one set are no set of an app.
const MAX_KEYS: usize = 100;
const KEY_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A key that is parsed once and shared.
#[derive(Clone)]
pub(super) struct Key(Arc<ParsedPublicKey>);

impl Key {
    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), ErrorKind> {
        self.0
            .verify_sig(signed, signature)
            .map_err(|_| ErrorKind::BadSignature)
    }
}

/// What a `kid` names.
enum Named {
    Key(Key),
    /// Something that cannot check an RS256 signature.
    Unusable,
    /// More than one usable key.
    Ambiguous,
}

/// A set with at least one usable key.
pub(super) struct KeySet(HashMap<String, Named>);

/// Why a body is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadKeySet {
    NotJwks,
    TooMany,
    NoUsableKey,
}

impl fmt::Display for BadKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJwks => "the key set is not a JSON Web Key Set",
            Self::TooMany => "the key set has more than 100 keys",
            Self::NoUsableKey => "the key set has no key that can be used",
        })
    }
}

impl KeySet {
    /// Reads a set. A key that cannot be used does not spoil the others.
    pub(super) fn parse(body: &[u8]) -> Result<Self, BadKeySet> {
        #[derive(serde::Deserialize)]
        struct Body {
            keys: Vec<Value>,
        }
        let body: Body = serde_json::from_slice(body).map_err(|_| BadKeySet::NotJwks)?;
        if body.keys.len() > MAX_KEYS {
            return Err(BadKeySet::TooMany);
        }
        let mut named: HashMap<String, Named> = HashMap::new();
        for jwk in body.keys {
            let Some(kid) = jwk
                .get("kid")
                .and_then(Value::as_str)
                .filter(|kid| !kid.is_empty())
            else {
                continue;
            };
            let (kid, key) = (kid.to_owned(), usable(jwk));
            match (named.entry(kid), key) {
                (MapEntry::Vacant(entry), Some(key)) => {
                    entry.insert(Named::Key(key));
                }
                (MapEntry::Vacant(entry), None) => {
                    entry.insert(Named::Unusable);
                }
                (MapEntry::Occupied(mut entry), Some(key)) => {
                    let first = matches!(entry.get(), Named::Unusable);
                    entry.insert(if first {
                        Named::Key(key)
                    } else {
                        Named::Ambiguous
                    });
                }
                (MapEntry::Occupied(_), None) => {}
            }
        }
        if named.values().any(|named| matches!(named, Named::Key(_))) {
            Ok(Self(named))
        } else {
            Err(BadKeySet::NoUsableKey)
        }
    }

    /// The one usable key of this name.
    pub(super) fn find(&self, kid: &str) -> Result<Key, ErrorKind> {
        match self.0.get(kid) {
            Some(Named::Key(key)) => Ok(key.clone()),
            Some(Named::Unusable) => Err(ErrorKind::BadKey),
            Some(Named::Ambiguous) => Err(ErrorKind::AmbiguousKey),
            None => Err(ErrorKind::UnknownKey),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The key, if it can check RS256 signatures: RSA of 2048 to 8192 bits with an odd exponent of 3
/// or more, and neither `use`, `alg` nor `key_ops` says that it is for something else.
fn usable(jwk: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(jwk).ok()?;
    let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else {
        return None;
    };
    let common = &jwk.common;
    let for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
        && matches!(common.key_algorithm, None | Some(KeyAlgorithm::RS256))
        && common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    if !for_signatures {
        return None;
    }
    let (n, e) = (
        decode(rsa.n.as_bytes()).ok()?,
        decode(rsa.e.as_bytes()).ok()?,
    );
    // A leading zero, as a signed-integer encoder leaves it, makes the library refuse the key.
    let (n, e) = (without_leading_zeros(&n), without_leading_zeros(&e));
    let odd_and_not_1 = e.last().is_some_and(|last| last % 2 == 1) && e != [1];
    if !KEY_BITS.contains(&bits(n)) || !odd_and_not_1 {
        return None;
    }
    let key = RsaPublicKeyComponents { n, e }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .ok()?;
    Some(Key(Arc::new(key)))
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

fn bits(number: &[u8]) -> usize {
    number
        .first()
        .map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::super::testing::TestKey;
    use super::*;

    fn parse(keys: &[Value]) -> Result<KeySet, BadKeySet> {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
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
                KeySet::parse(body.as_bytes()).err(),
                Some(expected),
                "{body:.60}"
            );
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
}
