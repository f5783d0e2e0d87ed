//! The apps that a server runs, with their settings and keys.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;

use crate::clock::Time;
use crate::domain::passkeys::decoys::Decoys;
use crate::domain::settings::{AppSettings, SettingsError};
use crate::ids::AppId;
use crate::keys::{KeyRing, KeyRingError, Sealing};
use crate::store::Store;
use crate::store::apps::AppRow;

/// Why an app cannot be loaded.
#[derive(Debug)]
pub(crate) enum AppError {
    Settings(SettingsError),
    Keys(KeyRingError),
}

impl From<SettingsError> for AppError {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}

impl From<KeyRingError> for AppError {
    fn from(error: KeyRingError) -> Self {
        Self::Keys(error)
    }
}

/// The apps that the server runs, by their ids.
#[derive(Default)]
pub(crate) struct Apps(RwLock<HashMap<AppId, Arc<App>>>);

impl Apps {
    /// Adds an app, or replaces the one with the same id.
    pub(crate) fn put(&self, app: Arc<App>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(app.id.clone(), app);
    }

    /// Removes all apps but these.
    pub(crate) fn keep(&self, ids: &HashSet<AppId>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|id, _| ids.contains(id));
    }

    /// The app with this id.
    pub(crate) fn get(&self, id: &AppId) -> Option<Arc<App>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// All apps, in no particular order.
    pub(crate) fn all(&self) -> Vec<Arc<App>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }
}

/// One app that the server runs.
pub(crate) struct App {
    pub(crate) id: AppId,
    pub(crate) issuer: String,
    pub(crate) settings: AppSettings,
    pub(crate) created_at: Timestamp,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) decoys: Arc<Decoys>,
    /// The settings in stored form, to detect changes by others.
    pub(crate) stored: String,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("id", &self.id)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Loads an app with its keys. If it has none yet, the first is generated in the background.
    pub(crate) async fn open(
        store: &Store,
        row: AppRow,
        issuer: String,
        sealing: &Arc<Sealing>,
        now: Time,
    ) -> Result<Self, AppError> {
        let settings = settings(&row)?;
        let lifetime = settings.session_lifetime();
        let decoys = Arc::new(Decoys::new(sealing, &row.id));
        let keys = KeyRing::open(store, &row.id, Arc::clone(sealing), lifetime, now).await?;
        Ok(Self {
            id: row.id,
            issuer,
            settings,
            created_at: row.created_at.timestamp(),
            keys,
            decoys,
            stored: row.settings,
        })
    }

    /// The same app with other settings.
    pub(crate) fn with_settings(&self, row: AppRow) -> Result<Self, SettingsError> {
        Ok(Self {
            id: self.id.clone(),
            issuer: self.issuer.clone(),
            settings: settings(&row)?,
            created_at: self.created_at,
            keys: Arc::clone(&self.keys),
            decoys: Arc::clone(&self.decoys),
            stored: row.settings,
        })
    }
}

/// The settings of a stored app.
pub(crate) fn settings(row: &AppRow) -> Result<AppSettings, SettingsError> {
    AppSettings::from_stored(&row.settings)
}

/// The default issuer of an app's tokens: its URL under the Auth API.
pub(crate) fn issuer(url: &str, app_id: &AppId) -> String {
    format!("{url}/auth/v1/apps/{app_id}")
}
