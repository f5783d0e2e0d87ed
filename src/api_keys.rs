//! The API keys of an app.

use std::fmt;

use jiff::Timestamp;

use crate::api::Api;
use crate::error::{Error, ErrorKind, Result};
use crate::generated::management::types;
use crate::ids::{ApiKeyId, IntoId};
use crate::open_enum::open_enum;
use crate::secret::Secret;

open_enum! {
    /// What a key may do. Only one role was ever documented.
    pub enum ApiKeyRole {
        Admin = "admin",
    }
}

/// The API keys of an app. Created by [`Passage::api_keys`](crate::Passage::api_keys).
#[derive(Clone)]
pub struct ApiKeys {
    api: Api,
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ApiKeys").field(self.api.app_id()).finish()
    }
}

impl ApiKeys {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    /// All keys, without their secrets (`listApiKeys`).
    ///
    /// # Errors
    /// [`ErrorKind::MissingApiKey`] before any request, and errors of the call, see [`ErrorKind`].
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// for key in passage.api_keys().list().await? {
    ///     println!("{}: {}..", key.name, key.key_prefix);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list(&self) -> Result<Vec<ApiKey>> {
        let reply = self
            .api
            .manage("listApiKeys", |api, app| api.list_api_keys(app))
            .await?;
        Ok(reply.api_keys.into_iter().map(Into::into).collect())
    }

    /// Creates a key (`createApiKey`). This is the only time its secret is shown.
    ///
    /// # Errors
    /// As [`list`](Self::list), and [`ErrorKind::InvalidInput`] if the name is empty.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let created = passage.api_keys().create("billing service").await?;
    /// keep(created.secret.expose());
    /// # Ok(())
    /// # }
    /// # fn keep(_: &str) {}
    /// ```
    pub async fn create(&self, name: impl Into<String>) -> Result<CreatedApiKey> {
        let body = types::CreateApiKeyRequest { name: name.into() };
        if body.name.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the name of the API key is empty",
            ));
        }
        let reply = self
            .api
            .manage("createApiKey", |api, app| api.create_api_key(app, &body))
            .await?;
        Ok(reply.api_key.into())
    }

    /// A key, without its secret (`getApiKey`).
    ///
    /// # Errors
    /// As [`list`](Self::list), [`Error::is_not_found`] if there is none, and
    /// [`ErrorKind::InvalidInput`] if the text cannot be an id.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::ids::ApiKeyId) -> passage_identity::Result<()> {
    /// println!("{}", passage.api_keys().get(&id).await?.name);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self, id: impl IntoId<ApiKeyId>) -> Result<ApiKey> {
        let id = id.into_id()?;
        let reply = self
            .api
            .manage("getApiKey", |api, app| api.get_api_key(app, id.as_str()))
            .await?;
        Ok(reply.api_key.into())
    }

    /// Deletes a key (`deleteApiKey`), which is invalid from then on.
    ///
    /// # Errors
    /// [`Error::is_not_found`] with code `api_key_not_found` if there is no such key: a missing key
    /// never counts as deleted. Otherwise as [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::ids::ApiKeyId) -> passage_identity::Result<()> {
    /// passage.api_keys().delete(&id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(&self, id: impl IntoId<ApiKeyId>) -> Result<()> {
        let id = id.into_id()?;
        self.api
            .manage("deleteApiKey", |api, app| {
                api.delete_api_key(app, id.as_str())
            })
            .await
    }
}

/// An API key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiKey {
    /// The id to delete it by.
    pub id: ApiKeyId,
    /// The name that people see.
    pub name: String,
    /// The first characters of the key, to tell keys apart.
    pub key_prefix: String,
    /// What the key may do.
    pub role: ApiKeyRole,
    /// When it was created.
    pub created_at: Timestamp,
}

/// An API key that was just created. `Debug` does not show the secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedApiKey {
    /// The key as lists show it.
    pub key: ApiKey,
    /// What to give to [`PassageBuilder::api_key`](crate::PassageBuilder::api_key). It is not
    /// shown again.
    pub secret: Secret,
}

impl From<types::ApiKey> for ApiKey {
    fn from(key: types::ApiKey) -> Self {
        Self {
            id: ApiKeyId::from_reply(key.id),
            name: key.name,
            key_prefix: key.key_prefix,
            role: key.role.as_str().into(),
            created_at: key.created_at,
        }
    }
}

impl From<types::CreatedApiKey> for CreatedApiKey {
    fn from(created: types::CreatedApiKey) -> Self {
        Self {
            key: ApiKey {
                id: ApiKeyId::from_reply(created.id),
                name: created.name,
                key_prefix: created.key_prefix,
                role: created.role.as_str().into(),
                created_at: created.created_at,
            },
            secret: created.plaintext_key.into(),
        }
    }
}
