//! Settings from the environment.

use super::{Passage, PassageBuilder};
use crate::auth::AuthStrategy;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};

const APP_ID: &str = "PASSAGE_APP_ID";
const API_KEY: &str = "PASSAGE_API_KEY";
const URL: &str = "PASSAGE_URL";
const API_URL: &str = "PASSAGE_API_URL";
const AUTH_URL: &str = "PASSAGE_AUTH_URL";
const STRATEGY: &str = "PASSAGE_AUTH_STRATEGY";

impl Passage {
    /// Creates a `Passage` from the environment: short for [`PassageBuilder::from_env`] and
    /// [`PassageBuilder::build`].
    ///
    /// # Errors
    /// Those of both.
    ///
    /// ```no_run
    /// let passage = passage_identity::Passage::from_env()?;
    /// # Ok::<(), passage_identity::Error>(())
    /// ```
    pub fn from_env() -> Result<Self> {
        PassageBuilder::from_env()?.build()
    }
}

impl PassageBuilder {
    /// Reads the settings from the environment, so that more can be set before building.
    ///
    /// | Variable | Meaning |
    /// |---|---|
    /// | `PASSAGE_APP_ID` | the app id; required |
    /// | `PASSAGE_API_KEY` | the API key; optional, not needed for verifying tokens |
    /// | `PASSAGE_URL` | the URL of a passage-server |
    /// | `PASSAGE_API_URL`, `PASSAGE_AUTH_URL` | instead: the base URLs of the two APIs, version included |
    /// | `PASSAGE_AUTH_STRATEGY` | `cookie` (default) or `header` |
    ///
    /// An empty variable counts as unset.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the app id is missing, a value is not
    /// Unicode, the strategy is neither of the two, or both ways to give the URLs are used.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use passage_identity::PassageBuilder;
    ///
    /// let passage = PassageBuilder::from_env()?.leeway(Duration::ZERO).build()?;
    /// # Ok::<(), passage_identity::Error>(())
    /// ```
    pub fn from_env() -> Result<Self> {
        if [APP_ID, API_KEY, URL, API_URL, AUTH_URL, STRATEGY]
            .into_iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| value.to_str().is_none()))
        {
            return Err(Error::config("a PASSAGE_ variable is not Unicode"));
        }
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), with the variables from anywhere: a secret store, a file, a
    /// test.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    ///
    /// ```
    /// use passage_identity::PassageBuilder;
    ///
    /// let passage = PassageBuilder::from_vars(|name| match name {
    ///     "PASSAGE_APP_ID" => Some("your app id".to_owned()),
    ///     "PASSAGE_URL" => Some("http://127.0.0.1:8787".to_owned()),
    ///     _ => None,
    /// })?
    /// .build()?;
    /// # Ok::<(), passage_identity::Error>(())
    /// ```
    pub fn from_vars(mut lookup: impl FnMut(&str) -> Option<String>) -> Result<Self> {
        let mut var = |name| lookup(name).filter(|value| !value.is_empty());
        let app_id = var(APP_ID).ok_or_else(|| Error::config("PASSAGE_APP_ID is not set"))?;
        let mut builder = Self::new(app_id);
        if let Some(key) = var(API_KEY) {
            builder = builder.api_key(key);
        }
        builder.endpoint = match (var(URL), var(API_URL), var(AUTH_URL)) {
            (Some(url), None, None) => Endpoint::server(url),
            (None, api, auth) => Endpoint { api, auth },
            (Some(_), _, _) => {
                return Err(Error::config(
                    "PASSAGE_URL is set together with PASSAGE_API_URL or PASSAGE_AUTH_URL: set one or the other",
                ));
            }
        };
        if let Some(strategy) = var(STRATEGY) {
            builder.strategy = AuthStrategy::from_name(&strategy).ok_or_else(|| {
                Error::config("PASSAGE_AUTH_STRATEGY is neither cookie nor header")
            })?;
        }
        Ok(builder)
    }
}
