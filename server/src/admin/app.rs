//! Apps in a data file.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::DataFile;
use super::error::{AdminError, refused};
use crate::domain::api_keys;
use crate::domain::settings::{
    APP_ID, AppSettings, ConcealUsers, MetadataRule, SettingsPatch, is_app_id, seconds,
};
use crate::ids::{self, AppId};
use crate::store;
use crate::store::apps::AppRow;

/// An app to create or change.
#[derive(Debug, Clone)]
#[must_use]
pub struct NewApp {
    id: Option<String>,
    settings: AppSettings,
}

impl NewApp {
    /// An app whose website has this origin. Its id is random, and its name is the origin.
    pub fn new(auth_origin: impl Into<String>) -> Self {
        let auth_origin = auth_origin.into();
        Self {
            id: None,
            settings: AppSettings {
                name: auth_origin.clone(),
                auth_origin,
                ..AppSettings::for_production()
            },
        }
    }

    /// Id of the app. It cannot be changed later.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Origin of the app's website.
    pub fn auth_origin(mut self, auth_origin: impl Into<String>) -> Self {
        self.settings.auth_origin = auth_origin.into();
        self
    }

    /// Name of the app, as used in messages to its users.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// Domain that the app's passkeys belong to: the host of the auth origin, or a parent domain of it. Defaults to
    /// that host.
    pub fn rp_id(mut self, domain: impl AsRef<str>) -> Self {
        self.settings.rp_id = Some(domain.as_ref().to_ascii_lowercase());
        self
    }

    /// Page of the app that magic links open. Defaults to `/`.
    pub fn login_url(mut self, path: impl Into<String>) -> Self {
        self.settings.login_url = path.into();
        self
    }

    /// Page of the app where users go after signing in. Defaults to `/`.
    pub fn redirect_url(mut self, path: impl Into<String>) -> Self {
        self.settings.redirect_url = path.into();
        self
    }

    /// Lifetime of auth tokens, in whole seconds. Defaults to one hour.
    pub fn session_timeout(mut self, lifetime: Duration) -> Self {
        self.settings.session_timeout_length = seconds(lifetime).max(1);
        self
    }

    /// Whether the app issues refresh tokens. Defaults to `true`.
    pub fn refresh_tokens(mut self, enabled: bool) -> Self {
        self.settings.refresh_enabled = enabled;
        self
    }

    /// Whether users can sign in with magic links. Defaults to `true`.
    pub fn magic_links(mut self, enabled: bool) -> Self {
        self.settings.magic_links = enabled;
        self
    }

    /// Whether users can sign in with one-time codes. Defaults to `true`.
    pub fn one_time_codes(mut self, enabled: bool) -> Self {
        self.settings.one_time_codes = enabled;
        self
    }

    /// Whether requests for codes and links get the same answer for known and unknown users. Defaults to `true`. With
    /// [`ConcealUsers::All`] all requests without a credential do.
    pub fn conceal_users(mut self, conceal: impl Into<ConcealUsers>) -> Self {
        self.settings.conceal_users = conceal.into();
        self
    }

    /// Whether a passkey can be registered only for an identifier that was verified by a code or a link. Defaults to
    /// `true` for the kinds of identifier that the server can send to.
    pub fn require_identifier_verification(mut self, required: bool) -> Self {
        self.settings.require_identifier_verification = Some(required);
        self
    }

    /// Whether users whom the backend or an import made can be claimed by registering a passkey. Defaults to `false`:
    /// they prove their identifier with a code or a link first.
    pub fn claim_pending(mut self, claimed: bool) -> Self {
        self.settings.claim_pending = claimed;
        self
    }

    /// Defines a metadata field. An app that defines fields accepts only those; from its backend, an app without any
    /// accepts all. Only the backend writes a new field, unless the rule says otherwise: see [`MetadataRule`].
    pub fn metadata_field(mut self, name: impl AsRef<str>, rule: impl Into<MetadataRule>) -> Self {
        self.settings.put_field(name.as_ref(), rule);
        self
    }

    /// Removes a metadata field. Users keep their values in it, but it accepts no new ones.
    pub fn without_metadata_field(mut self, name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        self.settings.metadata.retain(|field| field.name != name);
        self
    }

    /// Changes the settings that the patch contains.
    pub fn settings(mut self, patch: &SettingsPatch) -> Self {
        patch.apply(&mut self.settings);
        self
    }

    /// Normalizes and validates the settings. Returns them in their stored form.
    fn checked(&mut self) -> Result<String, AdminError> {
        let valid = self.settings.validate();
        valid.map_err(|problems| refused(problems.to_string()))?;
        Ok(self.settings.to_stored()?)
    }
}

/// An app that was created.
#[non_exhaustive]
pub struct CreatedApp {
    /// Id of the app.
    pub id: String,
    /// Its first API key. Only its hash is stored, so this is the only time it is shown.
    pub api_key: String,
}

impl fmt::Debug for CreatedApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApp")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An app in a data file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredApp {
    /// Id of the app.
    pub id: String,
    /// Name of the app.
    pub name: String,
    /// Origin of the app's website.
    pub auth_origin: String,
    /// When the app was created.
    pub created_at: Timestamp,
}

impl DataFile {
    /// Creates an app with an API key.
    ///
    /// # Errors
    /// If the id is taken or not valid in a path, the origin is invalid, or the file cannot be written.
    pub async fn create_app(&self, mut app: NewApp) -> Result<CreatedApp, AdminError> {
        let settings = app.checked()?;
        let id = app.id.map_or_else(AppId::new, AppId::from);
        if !is_app_id(id.as_str()) {
            return Err(refused(format!("app id {APP_ID}")));
        }
        let now = self.clock.now();
        let key = api_keys::generate();
        let row = AppRow {
            id: id.clone(),
            settings,
            created_at: now,
        };
        let (key_row, hash) = (
            api_keys::row(&key, "first".to_owned(), now),
            ids::hash(&key),
        );
        let insert = self.store.write(move |tx| {
            match store::apps::insert(tx, &row) {
                Err(error) if error.is_taken() => {
                    return Err(refused(format!("app `{}` already exists", row.id)));
                }
                other => other?,
            }
            Ok::<_, AdminError>(store::api_keys::insert(tx, &row.id, &key_row, &hash)?)
        });
        insert.await?;
        Ok(CreatedApp {
            id: id.into(),
            api_key: key,
        })
    }

    /// Changes an app: the closure receives the current app and returns the changed one. A running server applies the
    /// change within seconds.
    ///
    /// # Errors
    /// If there is no such app, its id or the domain of its passkeys would change, the origin is invalid, or the file
    /// cannot be written.
    ///
    /// ```
    /// use passage_server::{DataFile, NewApp};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let file = DataFile::open(folder.path().join("passage.db")).await?;
    /// file.create_app(NewApp::new("https://shop.example.com").id("shop")).await?;
    /// file.update_app("shop", |app| app.name("The Shop").magic_links(false)).await?;
    /// assert_eq!(file.apps().await?[0].name, "The Shop");
    /// file.delete_app("shop", false).await?;
    /// assert!(file.apps().await?.is_empty());
    /// # file.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update_app(
        &self,
        app_id: impl Into<String>,
        change: impl FnOnce(NewApp) -> NewApp + Send + 'static,
    ) -> Result<(), AdminError> {
        let app_id = AppId::from(app_id.into());
        let update = self.store.write_once(move |tx| {
            let mut row = require(store::apps::get(tx, &app_id)?, &app_id)?;
            let settings = AppSettings::from_stored(&row.settings)?;
            let rp_id = settings.rp_id();
            let mut changed = change(NewApp {
                id: Some(app_id.to_string()),
                settings,
            });
            if changed.id.as_deref() != Some(app_id.as_str()) {
                return Err(refused("the id of an app cannot change"));
            }
            row.settings = changed.checked()?;
            if changed.settings.rp_id() != rp_id && store::apps::has_passkeys(tx, &app_id)? {
                return Err(refused(format!(
                    "users of `{app_id}` have passkeys, which belong to {}: they would be lost under another domain; \
                     make another app for it",
                    rp_id.unwrap_or_default(),
                )));
            }
            Ok(store::apps::put(tx, &row)?)
        });
        update.await
    }

    /// Deletes an app with its keys, and its users too if `with_users` is set. A running server stops serving it within
    /// seconds.
    ///
    /// # Errors
    /// If there is no such app, it has users that are not to be deleted, or the file cannot be written.
    pub async fn delete_app(
        &self,
        app_id: impl Into<String>,
        with_users: bool,
    ) -> Result<(), AdminError> {
        let app_id = AppId::from(app_id.into());
        let delete = self.store.write(move |tx| {
            require(store::apps::get(tx, &app_id)?, &app_id)?;
            let users = store::apps::users(tx, &app_id)?;
            if users > 0 && !with_users {
                return Err(refused(format!(
                    "app `{app_id}` has {users} users: export them, if they are still wanted, and say that they are to be \
                     deleted too"
                )));
            }
            Ok(store::apps::delete(tx, &app_id)?)
        });
        delete.await
    }

    /// The apps, oldest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn apps(&self) -> Result<Vec<StoredApp>, AdminError> {
        let all = self
            .store
            .read(|tx| Ok::<_, AdminError>(store::apps::all(tx)?));
        let rows = all.await?.into_iter();
        let apps = rows.map(|row| {
            let settings = AppSettings::from_stored(&row.settings)?;
            Ok(StoredApp {
                id: row.id.into(),
                name: settings.name,
                auth_origin: settings.auth_origin,
                created_at: row.created_at.timestamp(),
            })
        });
        apps.collect()
    }
}

pub(super) fn require(app: Option<AppRow>, id: &AppId) -> Result<AppRow, AdminError> {
    app.ok_or_else(|| no_app(id))
}

pub(super) fn no_app(id: &AppId) -> AdminError {
    refused(format!(
        "there is no app `{id}`: see `passage-server app list`"
    ))
}
