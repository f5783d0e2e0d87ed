//! The keys of an issuer, as its JWKS names them.
//!
//! `jsonwebtoken` gives the types of RFC 7517. The signature is checked with `aws-lc-rs` itself,
//! by a key that is parsed once and kept: `jsonwebtoken` would rebuild the key for every token,
//! its verifier cannot be shared between threads, and it needs a process-wide choice of a crypto
//! provider that another crate may make differently.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters, Jwk,
    KeyAlgorithm, KeyOperations, PublicKeyUse, RSAKeyParameters,
};
use serde_json::Value;

use crate::auth::algorithm::Algorithm;
use crate::auth::base64url::decode;
use crate::error::ErrorKind;

/// More keys than this in one set are no set of an app.
const MAX_KEYS: usize = 100;
const KEY_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// `aws-lc-rs` takes a key with a larger exponent, and then refuses every signature.
const MAX_EXPONENT_BITS: usize = 33;

/// A key that is parsed once and shared.
#[derive(Clone)]
pub(in crate::auth) struct Key(Arc<Parsed>);

struct Parsed {
    public: ParsedPublicKey,
    algorithm: Algorithm,
    /// A digest of all that makes the key.
    fingerprint: [u8; 32],
}

impl Key {
    /// From modulus and exponent, big-endian and without leading zeros.
    fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        let public = RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .ok()?;
        Self::new(public, Algorithm::Rs256, &[e, n])
    }

    /// From a point, uncompressed. One that is not on the curve is none.
    fn p256(point: &[u8]) -> Option<Self> {
        let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()?;
        Self::new(public, Algorithm::Es256, &[point])
    }

    fn new(public: ParsedPublicKey, algorithm: Algorithm, parts: &[&[u8]]) -> Option<Self> {
        let mut digest = digest::Context::new(&digest::SHA256);
        digest.update(algorithm.as_str().as_bytes());
        for part in parts {
            digest.update(&part.len().to_be_bytes());
            digest.update(part);
        }
        let fingerprint = digest.finish().as_ref().try_into().ok()?;
        Some(Self(Arc::new(Parsed {
            public,
            algorithm,
            fingerprint,
        })))
    }

    pub(in crate::auth) fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// Whether both are the same key, parsed twice perhaps.
    pub(in crate::auth) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.fingerprint == other.0.fingerprint
    }

    pub(in crate::auth) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), ErrorKind> {
        self.0
            .public
            .verify_sig(signed, signature)
            .map_err(|_| ErrorKind::BadSignature)
    }
}

/// What a `kid` names.
enum Named {
    Key(Key),
    /// Something that cannot check a signature of the algorithms that are asked for.
    Unusable,
    /// More than one usable key.
    Ambiguous,
}

/// A set with at least one usable key.
pub(crate) struct KeySet(HashMap<String, Named>);

/// Why a body is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadKeySet {
    NotJwks,
    TooMany,
    NoUsableKey,
}

impl BadKeySet {
    pub(in crate::auth) const fn as_str(self) -> &'static str {
        match self {
            Self::NotJwks => "the key set is not a JSON Web Key Set",
            Self::TooMany => "the key set has more than 100 keys",
            Self::NoUsableKey => "the key set has no key that can be used",
        }
    }
}

impl fmt::Display for BadKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl KeySet {
    /// Reads a set. A key that cannot be used does not spoil the others.
    pub(in crate::auth) fn parse(body: &[u8], algorithms: &[Algorithm]) -> Result<Self, BadKeySet> {
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
            let (kid, key) = (kid.to_owned(), usable(jwk, algorithms));
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
    pub(in crate::auth) fn find(&self, kid: &str) -> Result<&Key, ErrorKind> {
        match self.0.get(kid) {
            Some(Named::Key(key)) => Ok(key),
            Some(Named::Unusable) => Err(ErrorKind::BadKey),
            Some(Named::Ambiguous) => Err(ErrorKind::AmbiguousKey),
            None => Err(ErrorKind::UnknownKey),
        }
    }

    pub(in crate::auth) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The key, if it can check signatures of one of the algorithms, and neither `use`, `alg` nor
/// `key_ops` says that it is for something else.
fn usable(jwk: Value, algorithms: &[Algorithm]) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(jwk).ok()?;
    let key = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) if is_for(&jwk.common, KeyAlgorithm::RS256) => rsa_key(rsa),
        AlgorithmParameters::EllipticCurve(ec) if is_for(&jwk.common, KeyAlgorithm::ES256) => {
            p256_key(ec)
        }
        _ => None,
    };
    key.filter(|key| algorithms.contains(&key.algorithm()))
}

fn is_for(common: &CommonParameters, algorithm: KeyAlgorithm) -> bool {
    matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
        && common.key_algorithm.is_none_or(|of| of == algorithm)
        && common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// RSA of 2048 to 8192 bits with an odd exponent of 3 or more.
fn rsa_key(rsa: &RSAKeyParameters) -> Option<Key> {
    let (n, e) = (
        decode(rsa.n.as_bytes()).ok()?,
        decode(rsa.e.as_bytes()).ok()?,
    );
    // A leading zero, as a signed-integer encoder leaves it, makes the library refuse the key.
    let (n, e) = (without_leading_zeros(&n), without_leading_zeros(&e));
    let good_exponent =
        e.last().is_some_and(|last| last % 2 == 1) && e != [1] && bits(e) <= MAX_EXPONENT_BITS;
    if !KEY_BITS.contains(&bits(n)) || !good_exponent {
        return None;
    }
    Key::rsa(n, e)
}

/// A point of P-256, whose coordinates have their full length (RFC 7518, 6.2.1.2).
fn p256_key(ec: &EllipticCurveKeyParameters) -> Option<Key> {
    let (x, y) = (decode(ec.x.as_bytes()).ok()?, decode(ec.y.as_bytes()).ok()?);
    let whole = ec.curve == EllipticCurve::P256 && [&x, &y].iter().all(|it| it.len() == 32);
    // 4 stands for the uncompressed form (SEC 1, 2.3.3).
    whole
        .then(|| Key::p256(&[&[4], &*x, &*y].concat()))
        .flatten()
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
mod tests;
