//! Keys that authenticate messages, derived from the encryption keys: each purpose has its own.

use std::fmt;

use aws_lc_rs::hmac::{self, HMAC_SHA256};

use super::seal::{KEY_ID_LEN, Sealing, WrappingKey};
use crate::ids;

/// A key for one purpose.
pub(crate) struct MacKey {
    id: [u8; KEY_ID_LEN],
    key: hmac::Key,
}

impl MacKey {
    /// The id of the encryption key that it was derived from.
    pub(crate) fn id(&self) -> &[u8] {
        &self.id
    }

    /// The code of a message. The parts are not told apart, so all but one must have a fixed length.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(part);
        }
        first_32(&context.sign())
    }
}

/// The keys for one purpose.
pub(crate) struct MacKeys {
    current: MacKey,
    previous: Vec<MacKey>,
}

impl fmt::Debug for MacKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MacKeys").finish_non_exhaustive()
    }
}

impl MacKeys {
    /// A random key, which lives as long as the process.
    pub(crate) fn random() -> Self {
        Self {
            current: MacKey {
                id: ids::random_bytes(),
                key: hmac::Key::new(HMAC_SHA256, &ids::random_bytes::<32>()),
            },
            previous: Vec::new(),
        }
    }

    /// The key that new messages are authenticated with.
    pub(crate) fn current(&self) -> &MacKey {
        &self.current
    }

    /// The key with this id.
    pub(crate) fn find(&self, id: &[u8]) -> Option<&MacKey> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find(|key| key.id == id)
    }
}

impl Sealing {
    /// The keys for a purpose. Without an encryption key they are random.
    pub(crate) fn mac_keys(&self, purpose: &str) -> MacKeys {
        let derive = |key: &WrappingKey| {
            let derived = key.derive(&[purpose.as_bytes()])?;
            Some(MacKey {
                id: key.id(),
                key: hmac::Key::new(HMAC_SHA256, &derived),
            })
        };
        let mut keys = self.keys().iter().filter_map(derive);
        match keys.next() {
            Some(current) => MacKeys {
                current,
                previous: keys.collect(),
            },
            None => MacKeys::random(),
        }
    }
}

/// A code has exactly 32 bytes.
fn first_32(tag: &hmac::Tag) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn key(text: &str) -> WrappingKey {
        WrappingKey::parse(text).unwrap()
    }

    #[test]
    fn each_purpose_and_each_encryption_key_has_its_own() {
        let (old, new) = (WrappingKey::generate(), WrappingKey::generate());
        let before = Sealing::with(key(&old), Vec::new());
        let after = Sealing::with(key(&new), vec![key(&old)]);
        let code = |key: &MacKey| key.sign(&[b"a", b"message"]);
        let first = before.mac_keys("one");
        let later = after.mac_keys("one");
        let found = later.find(first.current().id()).unwrap();
        assert_eq!(code(found), code(first.current()));
        assert_ne!(code(later.current()), code(first.current()));
        assert_ne!(
            code(before.mac_keys("two").current()),
            code(first.current())
        );
        let without = Sealing::default();
        let (one, two) = (without.mac_keys("one"), without.mac_keys("one"));
        assert_ne!(code(one.current()), code(two.current()));
        assert!(one.find(two.current().id()).is_none());
    }
}
