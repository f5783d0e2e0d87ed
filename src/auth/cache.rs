//! Tokens that were verified before.
//!
//! A hit must mean the same as verifying again. So an entry only records that this exact text was
//! signed by that key and contains these claims. Every hit checks the times again, and whether the
//! key is still the app's key of that name.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, UnitWeighter};
use serde::de::DeserializeOwned;
use siphasher::sip128::SipHasher24;

use super::jwks::Key;
use super::token::{Accepted, Claims, Header, UnverifiedToken};
use crate::error::{Error, Result};
use crate::ids::UserId;

/// Longer tokens are verified each time, which bounds what an entry holds.
const MAX_TOKEN: usize = 4096;

/// A verified token: its claims, and the key that signed it.
#[derive(Clone)]
pub(crate) struct Verified {
    pub(super) header: Arc<Header>,
    pub(super) key: Key,
    pub(super) accepted: Accepted,
}

impl Verified {
    pub(crate) fn user_id(&self) -> &UserId {
        &self.accepted.user_id
    }

    /// Copies the claims only if they are remembered too.
    pub(crate) fn into_claims(self: Arc<Self>) -> Claims {
        Arc::unwrap_or_clone(self).accepted.into_claims()
    }

    /// As [`into_claims`](Self::into_claims).
    pub(crate) fn into_claims_as<C: DeserializeOwned>(self: Arc<Self>) -> Result<Claims<C>> {
        let accepted = Arc::unwrap_or_clone(self).accepted;
        accepted.into_claims_as().map_err(Error::of)
    }
}

/// Holds no token: its name here is a digest of all its bytes under a key that nobody outside
/// this process has (SipHash-2-4 with 128 bits), so nobody can look for two tokens of one name.
pub(super) struct TokenCache {
    hasher: SipHasher24,
    tokens: Cache<Name, Arc<Verified>, UnitWeighter, BuildHasherDefault<NameHasher>>,
}

pub(super) type Name = u128;

impl TokenCache {
    /// `None` for no entries, or if the system has no random bytes to make the key of.
    pub(super) fn new(entries: usize) -> Option<Self> {
        if entries == 0 {
            return None;
        }
        let mut key = [0; 16];
        aws_lc_rs::rand::fill(&mut key).ok()?;
        let options = OptionsBuilder::new()
            .estimated_items_capacity(entries)
            .weight_capacity(entries as u64)
            .build()
            .ok()?;
        Some(Self {
            hasher: SipHasher24::new_with_key(&key),
            tokens: Cache::with_options(
                options,
                UnitWeighter,
                BuildHasherDefault::default(),
                DefaultLifecycle::default(),
            ),
        })
    }

    /// The token's name, if it is one to remember.
    pub(super) fn name(&self, token: &UnverifiedToken<'_>) -> Option<Name> {
        let token = token.as_bytes();
        (token.len() <= MAX_TOKEN).then(|| self.hasher.hash(token).as_u128())
    }

    pub(super) fn get(&self, name: Name) -> Option<Arc<Verified>> {
        self.tokens.get(&name)
    }

    pub(super) fn insert(&self, name: Name, verified: Arc<Verified>) {
        self.tokens.insert(name, verified);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn remove(&self, name: Name) {
        self.tokens.remove(&name);
    }
}

/// A name is a keyed digest already, so its bits serve as its hash.
#[derive(Default)]
pub(super) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, name: &[u8]) {
        if let Some((half, _)) = name.split_first_chunk() {
            self.0 = u64::from_ne_bytes(*half);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn names_tell_all_bytes_apart_and_are_secret() {
        let cache = TokenCache::new(4).unwrap();
        let token = vec![b'a'; MAX_TOKEN];
        let name = cache.name(&UnverifiedToken::new(&token)).unwrap();
        assert_eq!(cache.name(&UnverifiedToken::new(&token)), Some(name));
        for at in 0..MAX_TOKEN {
            let mut other = token.clone();
            other[at] = b'b';
            assert_ne!(
                cache.name(&UnverifiedToken::new(&other)),
                Some(name),
                "{at}"
            );
        }
        assert_ne!(cache.name(&UnverifiedToken::new(&token[1..])), Some(name));
        let another = TokenCache::new(4).unwrap();
        assert_ne!(another.name(&UnverifiedToken::new(&token)), Some(name));
    }

    #[test]
    fn tokens_that_are_too_long_have_no_name_and_no_entries_mean_no_cache() {
        let cache = TokenCache::new(4).unwrap();
        assert_eq!(
            cache.name(&UnverifiedToken::new(&[b'a'; MAX_TOKEN + 1])),
            None
        );
        assert!(TokenCache::new(0).is_none());
    }

    #[test]
    fn a_name_is_its_own_hash() {
        let hash = BuildHasherDefault::<NameHasher>::default();
        let name = Name::from_ne_bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9]);
        let half = u64::from_ne_bytes([1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(hash.hash_one(name), half);
    }
}
