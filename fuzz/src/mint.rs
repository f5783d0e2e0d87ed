//! The fixed keys, and tokens made with them.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{APP, ISSUER};

/// The last second of the year 9999.
const FAR: i64 = 253_402_300_799;

/// A fixed key.
pub struct Key(RsaKeyPair);

impl Key {
    pub fn one() -> &'static Self {
        static KEY: LazyLock<Key> = LazyLock::new(|| Key::read(include_bytes!("../keys/one.pk8")));
        &KEY
    }

    pub fn two() -> &'static Self {
        static KEY: LazyLock<Key> = LazyLock::new(|| Key::read(include_bytes!("../keys/two.pk8")));
        &KEY
    }

    /// A key that is in no set.
    fn stranger() -> &'static Self {
        static KEY: LazyLock<Key> =
            LazyLock::new(|| Key::read(include_bytes!("../keys/stranger.pk8")));
        &KEY
    }

    fn read(pkcs8: &[u8]) -> Self {
        Self(RsaKeyPair::from_pkcs8(pkcs8).expect("the file is a key"))
    }

    /// The modulus as a JWK has it.
    pub fn modulus(&self) -> String {
        let modulus = self.0.public_key().modulus();
        URL_SAFE_NO_PAD.encode(modulus.big_endian_without_leading_zero())
    }

    pub fn jwk(&self, kid: &str) -> String {
        let n = self.modulus();
        format!(r#"{{"kty":"RSA","use":"sig","alg":"RS256","kid":"{kid}","n":"{n}","e":"AQAB"}}"#)
    }
}

/// Signs any two texts as if they were header and claims.
pub fn sign(key: &Key, header: &[u8], claims: &[u8]) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signed = format!("{header}.{claims}");
    let mut signature = vec![0; key.0.public_modulus_len()];
    key.0
        .sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )
        .expect("the key signs");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Tokens of every sort. Only `good` ones may ever be accepted.
pub struct Minted {
    /// What `$0`, `$1`, .. stand for in an input.
    pub tokens: Vec<String>,
    /// Those that are good, with their users.
    pub good: Vec<(String, &'static str)>,
}

impl Minted {
    pub fn new() -> Self {
        let header = |kid: &str| format!(r#"{{"alg":"RS256","typ":"JWT","kid":"{kid}"}}"#);
        let claims = |user: &str, exp: i64, id: u8| {
            format!(
                r#"{{"iss":"{ISSUER}","aud":["{APP}"],"sub":"{user}","exp":{exp},"nbf":0,"jti":"{id}"}}"#
            )
        };
        let mint = |key: &Key, kid: &str, user: &str, exp: i64, id: u8| {
            sign(
                key,
                header(kid).as_bytes(),
                claims(user, exp, id).as_bytes(),
            )
        };
        let good = vec![
            (mint(Key::one(), "one", "jane", FAR, 0), "jane"),
            (mint(Key::one(), "one", "john", FAR, 1), "john"),
            (mint(Key::two(), "two", "jane", FAR, 2), "jane"),
        ];
        let (unsigned, _) = good[0].0.rsplit_once('.').expect("a token has dots");
        let bad = [
            mint(Key::stranger(), "one", "jane", FAR, 3),
            mint(Key::two(), "one", "jane", FAR, 4),
            mint(Key::one(), "one", "jane", 1_000_000_000, 5),
            mint(Key::stranger(), "three", "jane", FAR, 6),
            format!("{unsigned}."),
        ];
        let tokens = good
            .iter()
            .map(|(token, _)| token.clone())
            .chain(bad)
            .collect();
        Self { tokens, good }
    }

    /// The user of a token, if it is one of the good ones to the last byte.
    pub fn user_of(&self, token: &[u8]) -> Option<&'static str> {
        let found = self.good.iter().find(|(good, _)| good.as_bytes() == token);
        found.map(|(_, user)| *user)
    }
}

impl Default for Minted {
    fn default() -> Self {
        Self::new()
    }
}
