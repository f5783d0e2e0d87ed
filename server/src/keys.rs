//! The RSA keys that sign an app's auth tokens.
//!
//! Making one takes up to a second, so the first is made in the background while the server already answers;
//! whoever needs it waits.

use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use passage_identity::generated::auth::types::JwkResponseKeysInner;
use tokio::sync::{oneshot, watch};

use crate::ids;
use crate::store::signing_keys::{self, SigningKeyRow};
use crate::store::{Store, StoreError};

/// Why there is no key.
#[derive(Debug, Clone)]
pub(crate) struct KeyError(&'static str);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for KeyError {}

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

    fn from_row(row: SigningKeyRow) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_pkcs8(&row.pkcs8)
            .map_err(|_| KeyError("a stored signing key cannot be read"))?;
        Ok(Self::new(row.kid, pair))
    }

    fn to_row(&self) -> Result<SigningKeyRow, KeyError> {
        let pkcs8: Pkcs8V1Der<'_> = self
            .pair
            .as_der()
            .map_err(|_| KeyError("a signing key cannot be written"))?;
        Ok(SigningKeyRow {
            kid: self.kid.clone(),
            pkcs8: pkcs8.as_ref().to_vec(),
        })
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
            .map_err(|_| KeyError("a token cannot be signed"))
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

    /// The public key as the JWKS shows it.
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

    /// The public key as `rsa_public_key` shows it: a PEM document, encoded in base64 once more.
    pub(crate) fn pem_in_base64(&self) -> Result<String, KeyError> {
        let der: PublicKeyX509Der<'_> = self
            .pair
            .public_key()
            .as_der()
            .map_err(|_| KeyError("a public key cannot be written"))?;
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

/// Makes a key on a thread of its own, which neither holds up the runtime nor its shutdown.
async fn generate() -> Result<Arc<SigningKey>, KeyError> {
    const FAILED: KeyError = KeyError("a signing key cannot be made");
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048);
        // Nobody waits any more once the server has stopped.
        let _unwanted = sender.send(pair);
    };
    std::thread::Builder::new()
        .name("passage-keygen".to_owned())
        .spawn(work)
        .map_err(|_| FAILED)?;
    let pair = receiver.await.map_err(|_| FAILED)?.map_err(|_| FAILED)?;
    Ok(Arc::new(SigningKey::new(ids::new_id(), pair)))
}

/// A key that is in no key set: what it signs must be refused everywhere.
pub(crate) async fn foreign() -> Result<Arc<SigningKey>, KeyError> {
    static FOREIGN: OnceLock<Arc<SigningKey>> = OnceLock::new();
    once(&FOREIGN).await
}

/// The key of the test provider, which signs ID tokens and nothing else.
pub(crate) async fn test_provider() -> Result<Arc<SigningKey>, KeyError> {
    static TEST_PROVIDER: OnceLock<Arc<SigningKey>> = OnceLock::new();
    once(&TEST_PROVIDER).await
}

/// A key that is made when it is first needed, and lives as long as the process.
async fn once(cell: &OnceLock<Arc<SigningKey>>) -> Result<Arc<SigningKey>, KeyError> {
    if let Some(key) = cell.get() {
        return Ok(Arc::clone(key));
    }
    let key = generate().await?;
    Ok(Arc::clone(cell.get_or_init(|| key)))
}

/// The keys of one app.
#[derive(Debug)]
pub(crate) struct KeyRing {
    app_id: String,
    store: Store,
    /// All keys that verify, the one that signs last.
    keys: RwLock<Vec<Arc<SigningKey>>>,
    /// `None` until the first key is there, or cannot be made.
    ready: watch::Sender<Option<Result<(), KeyError>>>,
}

impl KeyRing {
    /// Reads the keys of an app. When there is none yet, one is made in the background.
    pub(crate) async fn open(
        store: &Store,
        app_id: &str,
        now: i64,
    ) -> Result<Arc<Self>, KeyRingError> {
        let app = app_id.to_owned();
        let rows = store
            .read(move |conn| {
                Box::pin(async move { Ok::<_, StoreError>(signing_keys::list(conn, &app).await?) })
            })
            .await?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            keys.push(Arc::new(SigningKey::from_row(row)?));
        }
        let ready = (!keys.is_empty()).then_some(Ok(()));
        let ring = Arc::new(Self {
            app_id: app_id.to_owned(),
            store: store.clone(),
            keys: RwLock::new(keys),
            ready: watch::Sender::new(ready.clone()),
        });
        if ready.is_none() {
            let ring = Arc::clone(&ring);
            tokio::spawn(async move {
                let made = ring.add(now).await;
                if let Err(error) = &made {
                    tracing::error!(
                        error = error as &dyn std::error::Error,
                        "there is no signing key"
                    );
                }
                let made = made
                    .map(drop)
                    .map_err(|_| KeyError("there is no signing key"));
                ring.ready.send_replace(Some(made));
            });
        }
        Ok(ring)
    }

    /// Makes a key, stores it, and signs with it from then on.
    async fn add(&self, now: i64) -> Result<Arc<SigningKey>, KeyRingError> {
        let key = generate().await?;
        let (row, app_id) = (key.to_row()?, self.app_id.clone());
        let write = self.store.write(move |conn| {
            Box::pin(async move {
                Ok::<_, StoreError>(signing_keys::activate(conn, &app_id, &row, now).await?)
            })
        });
        write.await?;
        self.keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&key));
        Ok(key)
    }

    /// Starts to sign with a new key. The old ones still verify.
    pub(crate) async fn rotate(&self, now: i64) -> Result<Arc<SigningKey>, KeyRingError> {
        self.active().await?;
        self.add(now).await
    }

    /// The key that signs.
    pub(crate) async fn active(&self) -> Result<Arc<SigningKey>, KeyError> {
        const NONE: KeyError = KeyError("there is no signing key");
        let mut ready = self.ready.subscribe();
        let made = ready
            .wait_for(Option::is_some)
            .await
            .map_err(|_| NONE)?
            .clone();
        made.unwrap_or(Err(NONE))?;
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .last()
            .cloned()
            .ok_or(NONE)
    }

    /// All keys that verify, oldest first.
    pub(crate) async fn all(&self) -> Result<Vec<Arc<SigningKey>>, KeyError> {
        self.active().await?;
        Ok(self
            .keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    /// The key with this id.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<Arc<SigningKey>>, KeyError> {
        Ok(self.all().await?.into_iter().find(|key| key.kid == kid))
    }
}

/// Why a key ring failed.
#[derive(Debug)]
pub(crate) enum KeyRingError {
    Key(KeyError),
    Store(StoreError),
}

impl From<KeyError> for KeyRingError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<StoreError> for KeyRingError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for KeyRingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for KeyRingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Key(_) => None,
            Self::Store(error) => error.source(),
        }
    }
}
