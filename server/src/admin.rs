//! What an operator does with a data file, also while a server runs on it.

mod transfer;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{Clock, time};
use crate::core;
use crate::error::StartErrorKind;
use crate::keys::WrappingKey;
use crate::settings::{AppSettings, MetadataType, is_app_id, is_origin, seconds};
use crate::store::apps::{self, AppRow};
use crate::store::{SqlError, Store, StoreError, api_keys, is_taken, signing_keys};
use crate::transfer::{BadLine, BadLines};
use crate::{StartError, api_key, ids};

/// A data file, opened to see to its apps and keys. A server may run on it at the same time: it takes up what
/// changes within a few seconds.
///
/// ```
/// use passage_server::{DataFile, NewApp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("passage.db");
/// let file = DataFile::open(path).await?;
/// let app = file.create_app(NewApp::new("https://shop.example.com").id("shop").name("Shop")).await?;
/// println!("{} has the API key {}", app.id, app.api_key);
/// file.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DataFile {
    store: Store,
    clock: Clock,
}

/// An app to be created.
#[derive(Debug, Clone)]
#[must_use]
pub struct NewApp {
    id: Option<String>,
    settings: AppSettings,
}

impl NewApp {
    /// An app whose website has this origin. Its id is a random one, and its name the origin.
    pub fn new(auth_origin: impl Into<String>) -> Self {
        let auth_origin = auth_origin.into();
        Self {
            id: None,
            settings: AppSettings {
                name: auth_origin.clone(),
                auth_origin,
                ..AppSettings::default()
            },
        }
    }

    /// Id of the app.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Name of the app, as messages to its users have it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// Domain that the app's passkeys belong to: the host of the auth origin, or a domain above it. If not said, that
    /// host.
    pub fn rp_id(mut self, domain: impl AsRef<str>) -> Self {
        self.settings.rp_id = Some(domain.as_ref().to_ascii_lowercase());
        self
    }

    /// Page of the app that magic links open. If not said, `/`.
    pub fn login_url(mut self, path: impl Into<String>) -> Self {
        self.settings.login_url = path.into();
        self
    }

    /// Page of the app where users go after they signed in. If not said, `/`.
    pub fn redirect_url(mut self, path: impl Into<String>) -> Self {
        self.settings.redirect_url = path.into();
        self
    }

    /// Lifetime of auth tokens, in whole seconds. If not said, an hour.
    pub fn session_timeout(mut self, lifetime: Duration) -> Self {
        self.settings.session_timeout_length = seconds(lifetime).max(1);
        self
    }

    /// Whether the app hands out refresh tokens. If not said, it does.
    pub fn refresh_tokens(mut self, enabled: bool) -> Self {
        self.settings.refresh_enabled = enabled;
        self
    }

    /// Whether users can ask for magic links to sign in with. If not said, they can.
    pub fn magic_links(mut self, enabled: bool) -> Self {
        self.settings.magic_links = enabled;
        self
    }

    /// Whether users can ask for one-time codes. If not said, they can.
    pub fn one_time_codes(mut self, enabled: bool) -> Self {
        self.settings.one_time_codes = enabled;
        self
    }

    /// Whether requests for codes and links are answered alike for users who are known and who are not. If not
    /// said, they are not.
    pub fn conceal_users(mut self, conceal: bool) -> Self {
        self.settings.conceal_users = conceal;
        self
    }

    /// Defines a metadata field. An app with at least one takes no others; an app without any takes all.
    pub fn metadata_field(mut self, name: impl AsRef<str>, kind: MetadataType) -> Self {
        self.settings.put_field(name.as_ref(), kind);
        self
    }
}

/// An app that was created.
#[non_exhaustive]
pub struct CreatedApp {
    /// Id of the app.
    pub id: String,
    /// Its first API key. It is stored as a hash: this is the only time that it is seen.
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

/// A signing key in a data file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredKey {
    /// App whose tokens it signs.
    pub app_id: String,
    /// Id of the key, as tokens and key sets have it.
    pub kid: String,
    /// `next`, `active` or `retired`.
    pub state: String,
    /// When the key was made, which is when it was announced.
    pub created_at: Timestamp,
}

/// Why an operation on a data file did not work.
#[derive(Debug)]
pub struct AdminError(Problem);

#[derive(Debug)]
enum Problem {
    Refused(String),
    Failed(StartError),
    /// Lines of an import that cannot be taken.
    Lines(BadLines),
    /// What could not be read or written.
    Io(String, std::io::Error),
}

impl AdminError {
    /// The lines that an import was given up for, in the order of their numbers. Empty if it was something else.
    #[must_use]
    pub fn bad_lines(&self) -> &[BadLine] {
        match &self.0 {
            Problem::Lines(lines) => lines.list(),
            Problem::Refused(_) | Problem::Failed(_) | Problem::Io(..) => &[],
        }
    }
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Refused(problem) => f.write_str(problem),
            Problem::Failed(error) => error.fmt(f),
            Problem::Lines(lines) => lines.fmt(f),
            Problem::Io(what, _) => f.write_str(what),
        }
    }
}

impl std::error::Error for AdminError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Problem::Refused(_) | Problem::Lines(_) => None,
            Problem::Failed(error) => error.source(),
            Problem::Io(_, error) => Some(error),
        }
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self(Problem::Failed(error.into()))
    }
}

impl From<SqlError> for AdminError {
    fn from(error: SqlError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StartErrorKind> for AdminError {
    fn from(error: StartErrorKind) -> Self {
        Self(Problem::Failed(error.into()))
    }
}

fn refused(problem: impl Into<String>) -> AdminError {
    AdminError(Problem::Refused(problem.into()))
}

impl DataFile {
    /// Opens a data file, or makes it.
    ///
    /// # Errors
    /// If it cannot be used: it is no database, or one of another version that a running server has open.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, AdminError> {
        Ok(Self {
            store: Store::open_beside(path.as_ref())?,
            clock: Clock::default(),
        })
    }

    /// Creates an app with an API key.
    ///
    /// # Errors
    /// If the id is taken or cannot stand in a path, the origin is none, or the file cannot be written.
    pub async fn create_app(&self, app: NewApp) -> Result<CreatedApp, AdminError> {
        let id = app.id.unwrap_or_else(ids::new_id);
        if !is_app_id(&id) {
            return Err(refused("app id must be made of letters, digits, - and _"));
        }
        if !is_origin(&app.settings.auth_origin) {
            return Err(refused(
                "auth origin must be an origin such as https://example.com, without a path or a slash at its end",
            ));
        }
        if app.settings.rp_id().is_none() {
            return Err(refused(
                "relying party id must be the host of the auth origin, or a domain above it",
            ));
        }
        let now = self.clock.micros();
        let key = api_key::generate();
        let row = AppRow {
            id: id.clone(),
            settings: serde_json::to_string(&app.settings).map_err(StartErrorKind::Settings)?,
            created_at: now,
        };
        let (key_row, hash) = (api_key::row(&key, "first".to_owned(), now), ids::hash(&key));
        let insert = self.store.write(move |conn| {
            match apps::insert(conn, &row) {
                Err(error) if is_taken(&error) => {
                    return Err(refused(format!("app `{}` already exists", row.id)));
                }
                other => other?,
            }
            Ok::<_, AdminError>(api_keys::insert(conn, &row.id, &key_row, &hash)?)
        });
        insert.await?;
        Ok(CreatedApp { id, api_key: key })
    }

    /// The apps, oldest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn apps(&self) -> Result<Vec<StoredApp>, AdminError> {
        let all = self
            .store
            .read(|conn| Ok::<_, AdminError>(apps::all(conn)?));
        let rows = all.await?.into_iter();
        let apps = rows.map(|row| {
            let settings = core::settings(&row)?;
            Ok(StoredApp {
                id: row.id,
                name: settings.name,
                auth_origin: settings.auth_origin,
                created_at: time(row.created_at),
            })
        });
        apps.collect()
    }

    /// Creates an API key of an app, and returns it. It is stored as a hash: this is the only time that it is seen.
    ///
    /// # Errors
    /// If there is no such app, or the file cannot be written.
    pub async fn create_api_key(
        &self,
        app_id: impl Into<String>,
        name: impl Into<String>,
    ) -> Result<String, AdminError> {
        let key = api_key::generate();
        let row = api_key::row(&key, name.into(), self.clock.micros());
        let (app_id, hash) = (app_id.into(), ids::hash(&key));
        let insert = self.store.write(move |conn| {
            require(apps::get(conn, &app_id)?, &app_id)?;
            Ok::<_, AdminError>(api_keys::insert(conn, &app_id, &row, &hash)?)
        });
        insert.await?;
        Ok(key)
    }

    /// The signing keys of all apps, without their secrets.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn signing_keys(&self) -> Result<Vec<StoredKey>, AdminError> {
        let read = self.store.read(|conn| {
            let mut keys = Vec::new();
            for app in apps::all(conn)? {
                let rows = signing_keys::list(conn, &app.id)?;
                keys.extend(rows.into_iter().map(|row| StoredKey {
                    app_id: app.id.clone(),
                    kid: row.kid,
                    state: row.state,
                    created_at: time(row.created_at),
                }));
            }
            Ok::<_, AdminError>(keys)
        });
        read.await
    }

    /// Asks the server for new signing keys: of one app, or of all. It makes them within seconds, or when it is
    /// started the next time, and announces them before they sign, unless they are to sign at once.
    ///
    /// # Errors
    /// If there is no such app, or the file cannot be written.
    pub async fn rotate_keys(
        &self,
        app_id: Option<String>,
        at_once: bool,
    ) -> Result<(), AdminError> {
        let now = self.clock.micros();
        let ask = self.store.write(move |conn| {
            let apps = match app_id {
                Some(id) => vec![require(apps::get(conn, &id)?, &id)?],
                None => apps::all(conn)?,
            };
            for app in apps {
                signing_keys::ask(conn, &app.id, at_once, now)?;
            }
            Ok::<_, AdminError>(())
        });
        ask.await
    }

    /// A new key to encrypt signing keys with: 32 random bytes in base64.
    #[must_use]
    pub fn encryption_key() -> String {
        WrappingKey::generate()
    }

    /// Closes the file.
    pub async fn close(self) {
        self.store.close().await;
    }
}

fn require(app: Option<AppRow>, id: &str) -> Result<AppRow, AdminError> {
    app.ok_or_else(|| no_app(id))
}

fn no_app(id: &str) -> AdminError {
    refused(format!(
        "there is no app `{id}`: see `passage-server app list`"
    ))
}
