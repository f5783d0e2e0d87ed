//! An RSA key that signs.

use std::fmt;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::error::{Error, Result};

#[derive(Clone)]
pub(crate) struct TestKey(Arc<RsaKeyPair>);

impl TestKey {
    /// The key that every issuer starts with.
    pub(crate) fn shared() -> Result<Self> {
        static KEY: LazyLock<Option<TestKey>> = LazyLock::new(|| TestKey::generate().ok());
        KEY.clone().ok_or_else(failed)
    }

    /// A key that is in no issuer's set.
    pub(crate) fn stranger() -> Result<Self> {
        static KEY: LazyLock<Option<TestKey>> = LazyLock::new(|| TestKey::generate().ok());
        KEY.clone().ok_or_else(failed)
    }

    pub(crate) fn generate() -> Result<Self> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| failed())?;
        Ok(Self(Arc::new(pair)))
    }

    /// The public half as a JWK for RS256.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let public = self.0.public_key();
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
            "n": encode(public.modulus().big_endian_without_leading_zero()),
            "e": encode(public.exponent().big_endian_without_leading_zero()),
        })
    }

    pub(crate) fn pkcs8(&self) -> Result<Vec<u8>> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().map_err(|_| failed())?;
        Ok(der.as_ref().to_vec())
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| failed())?;
        Ok(signature)
    }

    /// A token of exactly these bytes, signed whatever they say.
    pub(crate) fn token(
        &self,
        header: impl AsRef<[u8]>,
        claims: impl AsRef<[u8]>,
    ) -> Result<String> {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = encode(self.sign(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Only the random source of the system could make this happen.
fn failed() -> crate::Error {
    Error::config("a test key could not be made or used")
}

impl fmt::Debug for TestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestKey")
    }
}
