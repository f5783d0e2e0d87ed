//! Signing keys as they are stored: encrypted with AES-256-GCM under a key that is not in the database.
//!
//! An envelope is a version byte, the id of the encryption key, the nonce, and the ciphertext with its tag. It is bound
//! to the app and the id of the signing key, so that rows cannot be swapped. Anything that is not an envelope is a
//! plain PKCS#8 document, which begins with another byte.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hkdf};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::KeyError;
use crate::ids::{self, AppId};

const VERSION: u8 = 1;
/// Length of the id of an encryption key.
pub(super) const KEY_ID_LEN: usize = 8;
const KEY_LEN: usize = 32;

/// A key that encrypts signing keys.
pub(crate) struct WrappingKey {
    id: [u8; KEY_ID_LEN],
    key: RandomizedNonceKey,
    /// From which keys for other purposes are derived.
    root: hkdf::Prk,
}

impl fmt::Debug for WrappingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappingKey")
            .field("id", &hex(&self.id))
            .finish_non_exhaustive()
    }
}

impl WrappingKey {
    /// A new key, in the form in which operators store it.
    pub(crate) fn generate() -> String {
        STANDARD.encode(ids::random_bytes::<KEY_LEN>())
    }

    /// Reads 32 bytes in base64.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        const PROBLEM: KeyError = KeyError::new(
            "the encryption key must be 32 random bytes in base64, as `passage-server keys secret` prints them",
        );
        let bytes = STANDARD.decode(text.trim()).map_err(|_| PROBLEM)?;
        if bytes.len() != KEY_LEN {
            return Err(PROBLEM);
        }
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(b"passage-server encryption key id\0");
        hash.update(&bytes);
        let mut id = [0; KEY_ID_LEN];
        for (to, from) in id.iter_mut().zip(hash.finish().as_ref()) {
            *to = *from;
        }
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| PROBLEM)?;
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"passage-server derived keys");
        let root = root.extract(&bytes);
        Ok(Self { id, key, root })
    }

    pub(super) fn id(&self) -> [u8; KEY_ID_LEN] {
        self.id
    }

    /// A key for another purpose. `info` names it.
    pub(super) fn derive(&self, info: &[&[u8]]) -> Option<[u8; KEY_LEN]> {
        let mut derived = [0; KEY_LEN];
        let material = self.root.expand(info, hkdf::HKDF_SHA256);
        material.and_then(|it| it.fill(&mut derived)).ok()?;
        Some(derived)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How signing keys are stored: plain, or encrypted with the first of these keys. The others only decrypt.
#[derive(Debug, Default)]
pub(crate) struct Sealing {
    keys: Vec<WrappingKey>,
}

/// A decrypted key.
pub(super) struct Opened {
    pub(super) pkcs8: Vec<u8>,
    /// Whether it is stored in the form that new keys have.
    pub(super) current: bool,
}

impl Sealing {
    pub(crate) fn with(current: WrappingKey, previous: Vec<WrappingKey>) -> Self {
        let mut keys = vec![current];
        keys.extend(previous);
        Self { keys }
    }

    /// The encryption keys, the current one first.
    pub(super) fn keys(&self) -> &[WrappingKey] {
        &self.keys
    }

    /// A key for another purpose in one app, derived from the encryption key. `None` without an encryption key.
    pub(crate) fn derive(&self, purpose: &str, app_id: &AppId) -> Option<[u8; KEY_LEN]> {
        let info = [purpose.as_bytes(), b"\0", app_id.as_str().as_bytes()];
        self.keys.first()?.derive(&info)
    }

    /// The form in which a signing key is stored.
    pub(super) fn seal(
        &self,
        app_id: &AppId,
        kid: &str,
        pkcs8: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        const FAILED: KeyError = KeyError::new("a signing key cannot be encrypted");
        let Some(wrapping) = self.keys.first() else {
            return Ok(pkcs8.to_vec());
        };
        let mut text = pkcs8.to_vec();
        let nonce = wrapping
            .key
            .seal_in_place_append_tag(aad(app_id, kid), &mut text)
            .map_err(|_| FAILED)?;
        let mut envelope = vec![VERSION];
        envelope.extend(wrapping.id);
        envelope.extend(nonce.as_ref());
        envelope.append(&mut text);
        Ok(envelope)
    }

    /// A signing key as it was before it was stored.
    pub(super) fn open(
        &self,
        app_id: &AppId,
        kid: &str,
        stored: &[u8],
    ) -> Result<Opened, KeyError> {
        const DAMAGED: KeyError =
            KeyError::new("a stored signing key was damaged, or belongs to something else");
        let Some((&VERSION, envelope)) = stored.split_first() else {
            return Ok(Opened {
                pkcs8: stored.to_vec(),
                current: self.keys.is_empty(),
            });
        };
        let (id, rest) = envelope.split_at_checked(KEY_ID_LEN).ok_or(DAMAGED)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(DAMAGED)?;
        let Some(place) = self.keys.iter().position(|key| key.id == id) else {
            return Err(self.wrong(id));
        };
        let wrapping = self.keys.get(place).ok_or(DAMAGED)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| DAMAGED)?;
        let mut text = text.to_vec();
        let length = wrapping
            .key
            .open_in_place(nonce, aad(app_id, kid), &mut text)
            .map_err(|_| DAMAGED)?
            .len();
        text.truncate(length);
        Ok(Opened {
            pkcs8: text,
            current: place == 0,
        })
    }

    fn wrong(&self, id: &[u8]) -> KeyError {
        let id = hex(id);
        match self.keys.first() {
            None => format!(
                "the signing keys are encrypted with key {id}: this server needs it, which only \
                 `passage-server serve` takes"
            ),
            Some(given) => format!(
                "the signing keys are encrypted with key {id}, and the encryption key that was given is {}: give \
                 the right one, or add it under `previous`",
                hex(&given.id)
            ),
        }
        .into()
    }
}

/// Ids contain no zero byte, so the fields cannot run into each other.
fn aad(app_id: &AppId, kid: &str) -> Aad<Vec<u8>> {
    Aad::from(format!("passage-server signing key\0{app_id}\0{kid}").into_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn key() -> WrappingKey {
        WrappingKey::parse(&WrappingKey::generate()).unwrap()
    }

    /// The first byte of every PKCS#8 document.
    const PLAIN: &[u8] = b"\x30 a private key";

    #[test]
    fn what_is_sealed_opens_in_its_own_place_alone() {
        let sealing = Sealing::with(key(), Vec::new());
        let sealed = sealing.seal(&"app".into(), "kid", PLAIN).unwrap();
        assert!(!sealed.windows(PLAIN.len()).any(|part| part == PLAIN));
        assert_ne!(
            sealed,
            sealing.seal(&"app".into(), "kid", PLAIN).unwrap(),
            "nonces"
        );
        let opened = sealing.open(&"app".into(), "kid", &sealed).unwrap();
        assert_eq!((&*opened.pkcs8, opened.current), (PLAIN, true));
        assert!(sealing.open(&"app".into(), "other", &sealed).is_err());
        assert!(sealing.open(&"other".into(), "kid", &sealed).is_err());
        for place in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[place] ^= 1;
            // With another version byte it is neither an envelope nor a key.
            let opened = sealing.open(&"app".into(), "kid", &bad);
            assert!(opened.is_err() || place == 0, "byte {place}");
            assert!(
                sealing
                    .open(&"app".into(), "kid", &sealed[..place])
                    .is_err()
                    || place == 0
            );
        }
    }

    #[test]
    fn a_wrong_key_is_named() {
        let sealed = Sealing::with(key(), Vec::new())
            .seal(&"app".into(), "kid", PLAIN)
            .unwrap();
        let problem = |sealing: &Sealing| {
            let Err(problem) = sealing.open(&"app".into(), "kid", &sealed) else {
                panic!("another key opens it");
            };
            problem.to_string()
        };
        let id = hex(&sealed[1..=KEY_ID_LEN]);
        let other = Sealing::with(key(), Vec::new());
        assert!(problem(&other).contains(&id) && problem(&other).contains(&hex(&other.keys[0].id)));
        assert!(problem(&Sealing::default()).contains("encrypted with key"));
    }

    #[test]
    fn an_old_key_still_opens_and_plain_keys_are_read() {
        let text = WrappingKey::generate();
        let old = || WrappingKey::parse(&text).unwrap();
        let sealed = Sealing::with(old(), Vec::new())
            .seal(&"app".into(), "kid", PLAIN)
            .unwrap();
        let sealing = Sealing::with(key(), vec![old()]);
        let opened = sealing.open(&"app".into(), "kid", &sealed).unwrap();
        assert_eq!((&*opened.pkcs8, opened.current), (PLAIN, false));
        let opened = sealing.open(&"app".into(), "kid", PLAIN).unwrap();
        assert_eq!((&*opened.pkcs8, opened.current), (PLAIN, false));
        assert!(
            Sealing::default()
                .open(&"a".into(), "k", PLAIN)
                .unwrap()
                .current
        );
    }

    #[test]
    fn a_key_is_32_bytes_and_not_shown() {
        for bad in ["", "secret", "c2VjcmV0", &"A".repeat(44)] {
            assert!(WrappingKey::parse(bad).is_err(), "{bad}");
        }
        let text = WrappingKey::generate();
        let key = WrappingKey::parse(&format!("{text}\n")).unwrap();
        assert!(!format!("{key:?}").contains(&text));
    }
}
