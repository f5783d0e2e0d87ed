//! The keys of one app.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Mutex, watch};

use super::schedule::{self, RotationPolicy, RotationRequest, Step};
use super::{KeyError, KeyRingError, Sealing, SigningKey, generate};
use crate::clock::Time;
use crate::ids::AppId;
use crate::store;
use crate::store::signing_keys::{KeyState, SigningKeyRow};
use crate::store::{Store, StoreError};

const NONE: KeyError = KeyError::new("there is no signing key");

/// The keys that verify, oldest first, and the one of them that signs.
#[derive(Debug, Default)]
struct Keys {
    all: Vec<Arc<SigningKey>>,
    active: Option<Arc<SigningKey>>,
}

/// The keys of one app.
#[derive(Debug)]
pub(crate) struct KeyRing {
    app_id: AppId,
    store: Store,
    sealing: Arc<Sealing>,
    keys: RwLock<Keys>,
    /// Held while keys change, so that changes do not overlap.
    changes: Mutex<()>,
    /// `None` until the first key is ready, or cannot be generated.
    ready: watch::Sender<Option<Result<(), KeyError>>>,
}

impl KeyRing {
    /// Loads the keys of an app. If there is none yet, one is generated in the background. The lifetime is that of the
    /// app's tokens, in seconds.
    pub(crate) async fn open(
        store: &Store,
        app_id: &AppId,
        sealing: Arc<Sealing>,
        lifetime: Duration,
        now: Time,
    ) -> Result<Arc<Self>, KeyRingError> {
        let ring = Arc::new(Self {
            app_id: app_id.to_owned(),
            store: store.clone(),
            sealing,
            keys: RwLock::default(),
            changes: Mutex::new(()),
            ready: watch::Sender::new(None),
        });
        ring.note_lifetime(lifetime).await?;
        let rows = ring.rows().await?;
        ring.load(&rows)?;
        ring.seal_again(&rows).await?;
        if ring.sees_active() {
            ring.ready.send_replace(Some(Ok(())));
        } else {
            tokio::spawn(Arc::clone(&ring).start(lifetime, now));
        }
        Ok(ring)
    }

    /// Generates the first key. No verifier knows another, so there is nothing to announce it to.
    async fn start(self: Arc<Self>, lifetime: Duration, now: Time) {
        let made = self.replace_at_once(lifetime, now).await;
        match &made {
            // The server has stopped in the meantime, and generates another at the next start.
            Ok(_) | Err(KeyRingError::Store(StoreError::Closed)) => {}
            Err(error) => tracing::error!(
                error = error as &dyn std::error::Error,
                "there is no signing key"
            ),
        }
        let made = made.map(drop).map_err(|_| NONE);
        self.ready.send_replace(Some(made));
    }

    /// Whether there is a key to sign with.
    pub(crate) fn is_ready(&self) -> bool {
        self.sees_active()
    }

    fn sees_active(&self) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.active.is_some()
    }

    async fn rows(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        let app_id = self.app_id.clone();
        let list = self
            .store
            .read(move |tx| Ok::<_, StoreError>(store::signing_keys::list(tx, &app_id)?));
        list.await
    }

    /// Replaces the keys in memory by those of the rows.
    fn load(&self, rows: &[SigningKeyRow]) -> Result<(), KeyError> {
        let known = self.held();
        let mut keys = Keys::default();
        for row in rows {
            let key = match known.iter().find(|key| key.kid == row.kid) {
                Some(key) => Arc::clone(key),
                None => {
                    let opened = self.sealing.open(&self.app_id, &row.kid, &row.pkcs8)?;
                    Arc::new(SigningKey::from_pkcs8(row.kid.clone(), &opened.pkcs8)?)
                }
            };
            if row.state == KeyState::Active {
                keys.active = Some(Arc::clone(&key));
            }
            keys.all.push(key);
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Encrypts keys that are stored plain, or under an old encryption key.
    async fn seal_again(&self, rows: &[SigningKeyRow]) -> Result<(), KeyRingError> {
        for row in rows {
            let opened = self.sealing.open(&self.app_id, &row.kid, &row.pkcs8)?;
            if opened.current {
                continue;
            }
            let kid = row.kid.clone();
            let sealed = self.sealing.seal(&self.app_id, &kid, &opened.pkcs8)?;
            let replace = self.store.write(move |tx| {
                Ok::<_, StoreError>(store::signing_keys::replace(tx, &kid, &sealed)?)
            });
            replace.await?;
        }
        Ok(())
    }

    /// Records that the app's tokens have this lifetime from now on.
    pub(crate) async fn note_lifetime(&self, lifetime: Duration) -> Result<(), StoreError> {
        let app_id = self.app_id.clone();
        let note = self.store.write(move |tx| {
            Ok::<_, StoreError>(store::signing_keys::note_lifetime(tx, &app_id, lifetime)?)
        });
        note.await
    }

    /// Does what is due with the keys. Returns whether anything changed.
    pub(crate) async fn keep_up(
        &self,
        rotation: RotationRequest,
        policy: RotationPolicy,
        lifetime: Duration,
        now: Time,
    ) -> Result<bool, KeyRingError> {
        let _one_change_at_a_time = self.changes.lock().await;
        let rows = self.rows().await?;
        let steps = schedule::due(&rows, rotation, policy, now);
        for step in &steps {
            match step {
                Step::Announce => self.announce(now).await?,
                Step::Activate => self.activate(lifetime, now).await?,
                Step::Forget(kid) => self.forget(kid.clone()).await?,
            }
        }
        if !steps.is_empty() {
            self.load(&self.rows().await?)?;
        }
        Ok(!steps.is_empty())
    }

    async fn announce(&self, now: Time) -> Result<(), KeyRingError> {
        let key = generate().await?;
        let kid = key.kid.clone();
        let sealed = self.sealing.seal(&self.app_id, &kid, &key.to_pkcs8()?)?;
        let app_id = self.app_id.clone();
        let announce = self.store.write(move |tx| {
            Ok::<_, StoreError>(store::signing_keys::announce(
                tx, &app_id, &kid, &sealed, now,
            )?)
        });
        announce.await?;
        tracing::info!(
            app_id = self.app_id.as_str(),
            kid = key.kid,
            "a signing key is announced"
        );
        Ok(())
    }

    async fn activate(&self, lifetime: Duration, now: Time) -> Result<(), KeyRingError> {
        let app_id = self.app_id.clone();
        let activate = self.store.write(move |tx| {
            Ok::<_, StoreError>(store::signing_keys::activate(tx, &app_id, lifetime, now)?)
        });
        activate.await?;
        tracing::info!(
            app_id = self.app_id.as_str(),
            "the announced signing key signs now"
        );
        Ok(())
    }

    async fn forget(&self, kid: String) -> Result<(), KeyRingError> {
        let app_id = self.app_id.clone();
        let forget = self
            .store
            .write(move |tx| Ok::<_, StoreError>(store::signing_keys::forget(tx, &app_id, &kid)?));
        forget.await?;
        tracing::info!(
            app_id = self.app_id.as_str(),
            "a retired signing key is forgotten"
        );
        Ok(())
    }

    /// Signs with the announced key, or a new one, from now on.
    async fn replace_at_once(
        &self,
        lifetime: Duration,
        now: Time,
    ) -> Result<Arc<SigningKey>, KeyRingError> {
        let _one_change_at_a_time = self.changes.lock().await;
        if self
            .rows()
            .await?
            .iter()
            .all(|row| row.state != KeyState::Next)
        {
            self.announce(now).await?;
        }
        self.activate(lifetime, now).await?;
        self.load(&self.rows().await?)?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        Ok(keys.active.clone().ok_or(NONE)?)
    }

    /// Starts to sign with a new key. The old ones still verify.
    pub(crate) async fn rotate(
        &self,
        lifetime: Duration,
        now: Time,
    ) -> Result<Arc<SigningKey>, KeyRingError> {
        self.active().await?;
        self.replace_at_once(lifetime, now).await
    }

    /// The key that signs.
    pub(crate) async fn active(&self) -> Result<Arc<SigningKey>, KeyError> {
        let mut ready = self.ready.subscribe();
        let made = ready
            .wait_for(Option::is_some)
            .await
            .map_err(|_| NONE)?
            .clone();
        made.unwrap_or(Err(NONE))?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.active.clone().ok_or(NONE)
    }

    fn held(&self) -> Vec<Arc<SigningKey>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.all.clone()
    }

    /// All keys that verify now or will later, oldest first.
    pub(crate) async fn all(&self) -> Result<Vec<Arc<SigningKey>>, KeyError> {
        self.active().await?;
        Ok(self.held())
    }

    /// The key with this id.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<Arc<SigningKey>>, KeyError> {
        Ok(self.all().await?.into_iter().find(|key| key.kid == kid))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::at;
    use crate::keys::WrappingKey;
    use crate::store::apps::AppRow;

    async fn store() -> Store {
        let store = Store::in_memory().unwrap();
        let app = AppRow {
            id: "app".into(),
            settings: "{}".to_owned(),
            created_at: at(0),
        };
        let insert = store.write(move |tx| Ok::<_, StoreError>(store::apps::insert(tx, &app)?));
        insert.await.unwrap();
        store
    }

    async fn kids(ring: &KeyRing) -> Vec<String> {
        let keys = ring.all().await.unwrap();
        keys.iter().map(|key| key.kid.clone()).collect()
    }

    #[tokio::test]
    async fn a_key_goes_through_its_whole_life() {
        let store = store().await;
        let app_id = "app".into();
        let open = |now| {
            KeyRing::open(
                &store,
                &app_id,
                Arc::default(),
                Duration::from_secs(3600),
                now,
            )
        };
        let ring = open(at(0)).await.unwrap();
        let first = ring.active().await.unwrap();
        let policy = RotationPolicy::new(
            Some(Duration::from_secs(24 * 3600)),
            Duration::from_secs(2 * 3600),
        );
        let keep = async |hour: i64| {
            let kept = ring
                .keep_up(
                    RotationRequest::Nothing,
                    policy,
                    Duration::from_secs(3600),
                    Time::from_second(hour * 3600),
                )
                .await;
            kept.unwrap()
        };
        assert!(!keep(21).await);
        assert!(keep(22).await, "the next key is announced");
        assert!(!keep(23).await);
        let announced = kids(&ring).await;
        assert_eq!(announced.len(), 2);
        assert_eq!(ring.active().await.unwrap().kid, first.kid);
        // The same after a restart, which must not announce another.
        let again = open(Time::from_second(23 * 3600)).await.unwrap();
        assert_eq!(kids(&again).await, announced);
        assert_eq!(again.active().await.unwrap().kid, first.kid);

        assert!(keep(24).await, "it signs");
        let second = ring.active().await.unwrap();
        assert_eq!([&first.kid, &second.kid], [&announced[0], &announced[1]]);
        assert_eq!(kids(&ring).await, announced, "the old one still verifies");
        assert!(!keep(25).await);
        assert!(keep(26).await, "its last token has expired");
        assert_eq!(kids(&ring).await, announced[1..]);
    }

    #[tokio::test]
    async fn a_key_outlives_the_longest_token_it_signed() {
        let store = store().await;
        let ring = KeyRing::open(
            &store,
            &"app".into(),
            Arc::default(),
            Duration::from_secs(10 * 3600),
            at(0),
        )
        .await;
        let ring = ring.unwrap();
        ring.active().await.unwrap();
        // The app's token lifetime was reduced since.
        ring.note_lifetime(Duration::from_secs(60)).await.unwrap();
        ring.rotate(Duration::from_secs(60), at(0)).await.unwrap();
        let policy = RotationPolicy::new(None, Duration::ZERO);
        let keep = async |hour: i64| {
            let kept = ring
                .keep_up(
                    RotationRequest::Nothing,
                    policy,
                    Duration::from_secs(60),
                    Time::from_second(hour * 3600),
                )
                .await;
            kept.unwrap();
            kids(&ring).await.len()
        };
        assert_eq!(keep(9).await, 2);
        assert_eq!(keep(11).await, 1);
    }

    #[tokio::test]
    async fn keys_are_stored_encrypted_and_follow_a_new_encryption_key() {
        let store = store().await;
        let plain = KeyRing::open(
            &store,
            &"app".into(),
            Arc::default(),
            Duration::from_secs(60),
            at(0),
        )
        .await;
        let kid = plain.unwrap().active().await.unwrap().kid.clone();
        let (one, two) = (WrappingKey::generate(), WrappingKey::generate());
        let key = |text: &str| WrappingKey::parse(text).unwrap();
        let app_id = "app".into();
        let open = |sealing: Sealing| {
            KeyRing::open(
                &store,
                &app_id,
                Arc::new(sealing),
                Duration::from_secs(60),
                at(0),
            )
        };
        let stored = async || {
            let read = store.read(|tx| {
                let rows = store::signing_keys::list(tx, &"app".into())?;
                Ok::<_, StoreError>(rows.into_iter().map(|row| row.pkcs8).collect::<Vec<_>>())
            });
            read.await.unwrap()
        };
        let sealed = |rows: &[Vec<u8>]| rows.iter().all(|row| row.first() == Some(&1));

        assert!(!sealed(&stored().await));
        let ring = open(Sealing::with(key(&one), Vec::new())).await.unwrap();
        assert_eq!(ring.active().await.unwrap().kid, kid);
        ring.rotate(Duration::from_secs(60), at(1)).await.unwrap();
        let under_one = stored().await;
        assert!(sealed(&under_one) && under_one.len() == 2);

        let problem = open(Sealing::with(key(&two), Vec::new())).await;
        assert!(problem.unwrap_err().to_string().contains("encrypted with"));
        open(Sealing::with(key(&two), vec![key(&one)]))
            .await
            .unwrap();
        assert_ne!(stored().await, under_one);
        open(Sealing::with(key(&two), Vec::new())).await.unwrap();
        assert!(open(Sealing::default()).await.is_err());
    }
}
