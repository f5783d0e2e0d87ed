//! What tests of statements and commands have in common: a file with an app and a user, and races on it.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::devices::{DeviceKind, DeviceRow};
use super::passkeys::Credential;
use super::{Store, StoreError, Tx};
use crate::clock::at;

/// Callers in a race.
pub(crate) const CALLERS: usize = 16;
/// The app of the file.
pub(crate) const APP: &str = "app";
/// The user of the app.
pub(crate) const USER: &str = "user";

/// A file that is open in a server, and in three more processes beside it as far as the storage can tell.
pub(crate) struct File {
    stores: Vec<Store>,
    _folder: TempDir,
}

impl File {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passage.db");
        let server = Store::open(&path).await.unwrap();
        let app = "INSERT INTO apps (id, settings, created_at) VALUES (?, '{}', 0)";
        let user = "INSERT INTO users (id, app_id, external_id, status, created_at, updated_at, user_metadata)
                    VALUES (?, ?, 'customer', 'pending', 0, 0, '{}')";
        let fill = server.write(|tx| {
            tx.run(app, (APP,))?;
            Ok::<_, StoreError>(tx.run(user, (USER, APP))?)
        });
        fill.await.unwrap();
        let mut stores = vec![server];
        for _ in 0..3 {
            stores.push(Store::open_beside(&path).await.unwrap());
        }
        assert_eq!(stores.iter().filter(|store| store.holds_lock()).count(), 1);
        Self {
            stores,
            _folder: folder,
        }
    }

    /// Runs one command.
    pub(crate) async fn run<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.stores.first().unwrap().write(command).await
    }

    /// Runs commands concurrently, one per caller, spread over the processes. Returns the results of those who won, and
    /// the errors of those who lost.
    pub(crate) async fn race<T, E, F>(&self, commands: Vec<F>) -> (Vec<T>, Vec<E>)
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let callers = commands.into_iter().zip(self.stores.iter().cycle());
        let callers = callers.map(|(command, store)| {
            let store = store.clone();
            async move { store.write(command).await }
        });
        let (mut won, mut lost) = (Vec::new(), Vec::new());
        for result in together(callers).await {
            match result {
                Ok(value) => won.push(value),
                Err(error) => lost.push(error),
            }
        }
        (won, lost)
    }
}

/// A passkey with this number. Its authenticator has no counter, so no counter distinguishes its uses.
pub(crate) fn passkey(number: usize) -> (DeviceRow, Credential) {
    let cred_id = format!("credential-{number}");
    let device = DeviceRow {
        id: format!("device-{number}").into(),
        cred_id: cred_id.clone(),
        friendly_name: "Passkey".to_owned(),
        r#type: DeviceKind::Passkey,
        icon_light: None,
        icon_dark: None,
        usage_count: 0,
        last_login_at: at(0),
        created_at: at(0),
        updated_at: at(0),
    };
    let credential = Credential {
        cred_id,
        public_key: vec![1],
        sign_count: 0,
        transports: "[]".to_owned(),
        aaguid: None,
        backup_eligible: true,
        backed_up: true,
    };
    (device, credential)
}

/// Runs the calls of all callers of a race, which start at the same moment.
pub(crate) async fn together<F>(callers: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let start = Arc::new(Barrier::new(CALLERS));
    let mut running = JoinSet::new();
    for caller in callers {
        let start = Arc::clone(&start);
        running.spawn(async move {
            start.wait().await;
            caller.await
        });
    }
    assert_eq!(running.len(), CALLERS);
    running.join_all().await
}
