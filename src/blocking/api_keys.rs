//! The API keys of an app.

use super::Runtime;
use crate::api_keys::{ApiKey, CreatedApiKey};
use crate::error::Result;
use crate::ids::{ApiKeyId, IntoId};

/// [`crate::api_keys::ApiKeys`] for programs without `async`. Made by
/// [`Passage::api_keys`](super::Passage::api_keys).
///
/// ```no_run
/// # fn example(passage: passage_identity::blocking::Passage) -> passage_identity::Result<()> {
/// let keys = passage.api_keys();
/// let created = keys.create("billing service")?;
/// keep(created.secret.expose());
/// for key in keys.list()? {
///     println!("{}: {}..", key.name, key.key_prefix);
/// }
/// keys.delete(&created.key.id)?;
/// # Ok(())
/// # }
/// # fn keep(_: &str) {}
/// ```
#[derive(Clone, Debug)]
pub struct ApiKeys {
    keys: crate::api_keys::ApiKeys,
    runtime: Runtime,
}

impl ApiKeys {
    pub(super) fn new(keys: crate::api_keys::ApiKeys, runtime: Runtime) -> Self {
        Self { keys, runtime }
    }

    /// All keys, without their secrets: as [`crate::api_keys::ApiKeys::list`] (`listApiKeys`).
    ///
    /// # Errors
    /// The same errors.
    pub fn list(&self) -> Result<Vec<ApiKey>> {
        let keys = self.keys.clone();
        self.runtime.call(async move { keys.list().await })
    }

    /// Creates a key: as [`crate::api_keys::ApiKeys::create`] (`createApiKey`). This is the only
    /// time its secret is shown.
    ///
    /// # Errors
    /// The same errors.
    pub fn create(&self, name: impl Into<String>) -> Result<CreatedApiKey> {
        let (keys, name) = (self.keys.clone(), name.into());
        self.runtime.call(async move { keys.create(name).await })
    }

    /// A key, without its secret: as [`crate::api_keys::ApiKeys::get`] (`getApiKey`).
    ///
    /// # Errors
    /// The same errors.
    pub fn get(&self, id: impl IntoId<ApiKeyId>) -> Result<ApiKey> {
        let (keys, id) = (self.keys.clone(), id.into_id()?);
        self.runtime.call(async move { keys.get(id).await })
    }

    /// Deletes a key: as [`crate::api_keys::ApiKeys::delete`] (`deleteApiKey`).
    ///
    /// # Errors
    /// The same errors.
    pub fn delete(&self, id: impl IntoId<ApiKeyId>) -> Result<()> {
        let (keys, id) = (self.keys.clone(), id.into_id()?);
        self.runtime.call(async move { keys.delete(id).await })
    }
}
