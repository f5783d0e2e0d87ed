//! The RSA keys that sign an app's auth tokens.
//!
//! Generating one can take a second, so the first is generated in the background while the server already answers;
//! requests that need it wait. Later ones are announced before they sign ([`schedule`]), and all can be encrypted at
//! rest ([`seal`]). Keys for other purposes are derived from the encryption keys ([`mac`]).

mod check;
mod error;
mod mac;
mod ring;
mod schedule;
mod seal;

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use passage_identity::generated::auth::types::JwkResponseKeysInner;
use tokio::sync::oneshot;

pub(crate) use self::error::{KeyError, KeyRingError};
pub(crate) use self::mac::{MacKey, MacKeys};
pub(crate) use self::ring::KeyRing;
pub(crate) use self::schedule::{RotationPolicy, RotationRequest};
pub(crate) use self::seal::{Sealing, WrappingKey};
use crate::ids;

/// A key pair with its id.
pub(crate) struct SigningKey {
    kid: String,
    pair: RsaKeyPair,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    fn new(kid: String, pair: RsaKeyPair) -> Self {
        let public = pair.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero().to_vec();
        let exponent = public.exponent().big_endian_without_leading_zero().to_vec();
        Self {
            kid,
            pair,
            modulus,
            exponent,
        }
    }

    fn from_pkcs8(kid: String, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8)
            .map_err(|_| KeyError::new("a stored signing key cannot be read"))?;
        Ok(Self::new(kid, pair))
    }

    fn to_pkcs8(&self) -> Result<Vec<u8>, KeyError> {
        let pkcs8: Pkcs8V1Der<'_> = self
            .pair
            .as_der()
            .map_err(|_| KeyError::new("a signing key cannot be written"))?;
        Ok(pkcs8.as_ref().to_vec())
    }

    /// Id of the key, as in the header of the tokens it signs.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// An RS256 signature of the message.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        );
        signed
            .map(|()| signature)
            .map_err(|_| KeyError::new("a token cannot be signed"))
    }

    /// Whether the signature is this key's RS256 signature of the message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        public
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok()
    }

    /// The public key as in the JWKS.
    pub(crate) fn jwk(&self) -> JwkResponseKeysInner {
        JwkResponseKeysInner {
            alg: "RS256".to_owned(),
            e: URL_SAFE_NO_PAD.encode(&self.exponent),
            kid: self.kid.clone(),
            kty: "RSA".to_owned(),
            n: URL_SAFE_NO_PAD.encode(&self.modulus),
            use_: "sig".to_owned(),
        }
    }

    /// The public key as in `rsa_public_key`: a PEM document, encoded in base64 once more.
    pub(crate) fn pem_in_base64(&self) -> Result<String, KeyError> {
        let der: PublicKeyX509Der<'_> = self
            .pair
            .public_key()
            .as_der()
            .map_err(|_| KeyError::new("a public key cannot be written"))?;
        let text = STANDARD.encode(der.as_ref());
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for (count, letter) in text.chars().enumerate() {
            if count > 0 && count % 64 == 0 {
                pem.push('\n');
            }
            pem.push(letter);
        }
        pem.push_str("\n-----END PUBLIC KEY-----\n");
        Ok(STANDARD.encode(pem))
    }
}

/// Generates a key on its own thread, so that it delays neither the runtime nor its shutdown.
async fn generate() -> Result<Arc<SigningKey>, KeyError> {
    const FAILED: KeyError = KeyError::new("a signing key cannot be made");
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048);
        // Nobody is waiting any more if the server has stopped.
        let _unwanted = sender.send(pair);
    };
    std::thread::Builder::new()
        .name("passage-keygen".to_owned())
        .spawn(work)
        .map_err(|_| FAILED)?;
    let pair = receiver.await.map_err(|_| FAILED)?.map_err(|_| FAILED)?;
    Ok(Arc::new(SigningKey::new(ids::new_id(), pair)))
}

/// A key that is in no key set: its signatures must be rejected everywhere.
pub(crate) async fn foreign() -> Result<Arc<SigningKey>, KeyError> {
    static FOREIGN: OnceLock<Arc<SigningKey>> = OnceLock::new();
    once(&FOREIGN).await
}

/// The key of the test provider, which signs ID tokens and nothing else.
pub(crate) async fn test_provider() -> Result<Arc<SigningKey>, KeyError> {
    static TEST_PROVIDER: OnceLock<Arc<SigningKey>> = OnceLock::new();
    once(&TEST_PROVIDER).await
}

/// A key that is generated on first use, and lives as long as the process.
async fn once(cell: &OnceLock<Arc<SigningKey>>) -> Result<Arc<SigningKey>, KeyError> {
    if let Some(key) = cell.get() {
        return Ok(Arc::clone(key));
    }
    let key = generate().await?;
    Ok(Arc::clone(cell.get_or_init(|| key)))
}
