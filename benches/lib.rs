//! What the benchmarks of `passage-identity` share: a key, a token, and clients that know the key.
//! What they measure and what came out is in `docs/performance.md`.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use passage_identity::Passage;
use passage_identity::keys::JwkSet;
use serde_json::{Value, json};

/// Whatever goes wrong ends the benchmark.
pub type Failure = Box<dyn std::error::Error>;

/// The app that the tokens are for.
pub const APP: &str = "benchmarkapp";
/// The issuer of the tokens.
pub const ISSUER: &str = "https://passage.example/auth/v1/apps/benchmarkapp";
const KID: &str = "MjLPsv8ezO5kfQvnYDpzaWrk";

/// A key of 2,048 bits that signs tokens.
pub struct Issuer {
    key: RsaKeyPair,
}

impl Issuer {
    /// Makes a key.
    ///
    /// # Errors
    /// If the library cannot.
    pub fn new() -> Result<Self, Failure> {
        let key = RsaKeyPair::generate(KeySize::Rsa2048)?;
        Ok(Self { key })
    }

    /// Modulus and exponent.
    #[must_use]
    pub fn components(&self) -> (Vec<u8>, Vec<u8>) {
        let public = self.key.public_key();
        (
            public.modulus().big_endian_without_leading_zero().to_vec(),
            public.exponent().big_endian_without_leading_zero().to_vec(),
        )
    }

    /// The public key as `aws-lc-rs` likes it best.
    ///
    /// # Errors
    /// If the library refuses it.
    pub fn parsed(&self) -> Result<ParsedPublicKey, Failure> {
        let (n, e) = self.components();
        Ok(RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)?)
    }

    /// A client that knows the key, and remembers as many tokens.
    ///
    /// # Errors
    /// If the settings are wrong.
    pub fn passage(&self, token_cache: usize) -> Result<Passage, Failure> {
        let (n, e) = self.components();
        let keys = json!({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KID,
            "n": BASE64_URL_SAFE_NO_PAD.encode(n),
            "e": BASE64_URL_SAFE_NO_PAD.encode(e),
        }]});
        Ok(Passage::builder(APP)
            .server("https://passage.example")
            .add_issuer(ISSUER)
            .jwks(JwkSet::from_json(keys.to_string())?)
            .token_cache(token_cache)
            .build()?)
    }

    /// A token like those of the server, about 750 characters long.
    ///
    /// # Errors
    /// If signing fails.
    pub fn token(&self, user: &str) -> Result<String, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        self.sign(
            &json!({"alg": "RS256", "kid": KID, "typ": "JWT"}),
            &json!({
                "iss": ISSUER, "sub": user, "aud": ["https://www.passage.example", APP],
                "exp": now + 24 * 3600, "nbf": now - 5, "iat": now,
                "amr": ["passkey"], "jti": "8Zb1xS0qWvJk3nRt5uYc7dEf", "scope": "openid",
            }),
        )
    }

    /// Any token at all.
    ///
    /// # Errors
    /// If signing fails.
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String, Failure> {
        let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.signature(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }

    /// The signature of a message, which is all that a token cannot do without.
    ///
    /// # Errors
    /// If signing fails.
    pub fn signature(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
        Ok(signature)
    }
}

/// The output of a future that has nothing to wait for; with keys that are given, verifying has
/// not.
pub fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
