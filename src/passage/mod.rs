//! The client.

mod verify;

use std::fmt;
use std::sync::Arc;

use progenitor_client::ClientInfo;
use serde::de::DeserializeOwned;

use crate::api_keys::ApiKeys;
use crate::app::App;
use crate::auth::{Policy, Verifier, VerifierSettings};
use crate::config::{CallOptions, Limits, PassageBuilder, Settings, config};
use crate::error::{Error, ErrorKind, Result};
use crate::flex::Flex;
use crate::generated::{auth, management};
use crate::id::AppId;
use crate::magic_links::MagicLinks;
use crate::secret::Secret;
use crate::transport::{self, Generated, Quota, Transport};
use crate::users::Users;

/// One app of a Passage server: verifies its tokens and manages its users.
///
/// Cheap to clone; clones share connections and the app's keys. Make one for the whole program.
///
/// ```no_run
/// use passage_identity::{CreateUser, Passage};
///
/// # async fn example(request_headers: http::HeaderMap) -> passage_identity::Result<()> {
/// let passage = Passage::builder("your app id")
///     .server("http://127.0.0.1:8787")
///     .api_key("your API key")
///     .build()?;
/// let user_id = passage.authenticate(&request_headers).await?;
/// let user = passage.users().get(&user_id).await?;
/// passage.users().create(CreateUser::email("new@example.com")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Passage(Arc<Inner>);

struct Inner {
    settings: Arc<Settings>,
    verifier: Arc<Verifier>,
    management: management::Client,
    auth: auth::Client,
}

impl Passage {
    /// Starts to build a `Passage` for the app of this id. A server URL must be set: there is no
    /// default, see [`Endpoint`](crate::Endpoint).
    ///
    /// ```
    /// use passage_identity::Passage;
    ///
    /// let passage = Passage::builder("your app id").server("http://127.0.0.1:8787").build()?;
    /// assert!(Passage::builder("your app id").build().is_err());
    /// # Ok::<(), passage_identity::Error>(())
    /// ```
    pub fn builder(app_id: impl Into<String>) -> PassageBuilder {
        PassageBuilder::new(app_id)
    }

    pub(crate) fn from_settings(settings: Settings) -> Result<Self> {
        let client = transport::http_client(settings.limits.timeout, settings.limits.connect)?;
        let jwks_url = jwks_url(&settings.auth_url, &settings.app_id)?;
        let policy = Policy {
            issuers: settings.issuers.clone(),
            audiences: settings.audiences.clone(),
            leeway: settings.leeway,
        };
        let verifier = Verifier::new(VerifierSettings {
            strategy: settings.strategy,
            policy,
            keys: settings.keys.clone(),
            jwks_url,
            token_cache: settings.token_cache,
            clock: Arc::clone(&settings.clock),
        })?;
        let quota = Arc::new(Quota::new());
        let with_key = Transport::new(
            settings.api_key.as_ref(),
            settings.limits,
            Arc::clone(&quota),
        )?;
        let without = Transport::new(None, settings.limits, quota)?;
        let (api_url, auth_url) = (&settings.api_url, &settings.auth_url);
        Ok(Self(Arc::new(Inner {
            verifier: Arc::new(verifier),
            management: management::Client::new_with_client(api_url, client.clone(), with_key),
            auth: auth::Client::new_with_client(auth_url, client, without),
            settings: Arc::new(settings),
        })))
    }

    /// One with the same settings and limits that shares nothing with this one.
    #[cfg(feature = "blocking")]
    pub(crate) fn separate(&self) -> Result<Self> {
        let mut settings = Settings::clone(&self.0.settings);
        settings.limits = self.0.management.inner().limits();
        Self::from_settings(settings)
    }

    /// The id of the app.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        &self.0.settings.app_id
    }

    /// The same client with other limits for its calls. It shares everything else, and is made as
    /// quickly as a clone; a different [`connect_timeout`](CallOptions::connect_timeout) takes
    /// connections of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if a limit is zero.
    ///
    /// ```no_run
    /// use passage_identity::CallOptions;
    ///
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let once = passage.with_options(CallOptions::new().max_attempts(1))?;
    /// once.users().activate("some user id").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_options(&self, options: CallOptions) -> Result<Self> {
        let inner = &*self.0;
        let before = inner.management.inner().limits();
        let limits = before.with(&options).check()?;
        let (for_management, for_auth) = if limits.connect == before.connect {
            (
                inner.management.client().clone(),
                inner.auth.client().clone(),
            )
        } else {
            let client = transport::http_client(limits.timeout, limits.connect)?;
            (client.clone(), client)
        };
        Ok(Self(Arc::new(Inner {
            settings: Arc::clone(&inner.settings),
            verifier: Arc::clone(&inner.verifier),
            management: management::Client::new_with_client(
                inner.management.baseurl(),
                for_management,
                inner.management.inner().with_limits(limits),
            ),
            auth: auth::Client::new_with_client(
                inner.auth.baseurl(),
                for_auth,
                inner.auth.inner().with_limits(limits),
            ),
        })))
    }

    /// The users of the app.
    #[must_use]
    pub fn users(&self) -> Users {
        Users::new(self.clone())
    }

    /// Magic links: links that sign a user in.
    #[must_use]
    pub fn magic_links(&self) -> MagicLinks {
        MagicLinks::new(self.clone())
    }

    /// The API keys of the app.
    #[must_use]
    pub fn api_keys(&self) -> ApiKeys {
        ApiKeys::new(self.clone())
    }

    /// Passage Flex: passkeys for users that you keep yourself.
    #[must_use]
    pub fn flex(&self) -> Flex {
        Flex::new(self.clone())
    }

    /// The app and its settings (`getApp`).
    ///
    /// # Errors
    /// [`ErrorKind::MissingApiKey`] before any request if no API key is set; otherwise what the
    /// call came to, see [`ErrorKind`].
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let app = passage.app().await?;
    /// println!("{} at {}", app.name, app.auth_origin);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn app(&self) -> Result<App> {
        let reply = self.manage("getApp", |api, app| api.get_app(app)).await?;
        Ok(reply.app.into())
    }

    /// The generated client of the management API, for what the facade lacks. It sends the API
    /// key, if one is set, and the same headers, time-outs and spans as the facade.
    ///
    /// Its errors show bodies and headers in `Display`, and its ids are not checked.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) {
    /// let reply = passage.management().get_app(passage.app_id().as_str()).await;
    /// println!("{:?}", reply.map(|reply| reply.status()).map_err(|error| error.status()));
    /// # }
    /// ```
    #[must_use]
    pub fn management(&self) -> &management::Client {
        &self.0.management
    }

    /// The generated client of the auth API, without a credential. What is said of
    /// [`management`](Self::management) holds here too.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) {
    /// let reply = passage.auth_api().get_jwks(passage.app_id().as_str()).await;
    /// println!("{:?}", reply.map(|reply| reply.status()).map_err(|error| error.status()));
    /// # }
    /// ```
    #[must_use]
    pub fn auth_api(&self) -> &auth::Client {
        &self.0.auth
    }

    /// The generated client of the auth API on behalf of a user, with the user's token.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if the text cannot be a token.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, token: &str) -> passage_identity::Result<()> {
    /// let mine = passage.auth_api_as(token)?;
    /// let reply = mine.get_currentuser(passage.app_id().as_str()).await;
    /// println!("{:?}", reply.map(|reply| reply.status()).map_err(|error| error.status()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn auth_api_as(&self, token: &str) -> Result<auth::Client> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the text cannot be a user token",
            ));
        }
        let client = &self.0.auth;
        let transport = client.inner().with_bearer(&Secret::from(token))?;
        Ok(auth::Client::new_with_client(
            client.baseurl(),
            client.client().clone(),
            transport,
        ))
    }

    /// The limits of each call.
    pub(crate) fn limits(&self) -> Limits {
        self.0.management.inner().limits()
    }

    /// Whether one is a clone of the other, so that what one verified is verified for both.
    #[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Calls an operation of the management API with the app's id.
    pub(crate) async fn manage<'a, T, F, Reply>(
        &'a self,
        operation: &'static str,
        send: F,
    ) -> Result<T>
    where
        T: DeserializeOwned,
        F: FnOnce(&'a management::Client, &'a str) -> Reply,
        Reply: Future<Output = Generated<T>>,
    {
        let api = &self.0.management;
        if !api.inner().has_credential() {
            return Err(Error::of(ErrorKind::MissingApiKey).with_operation(operation));
        }
        transport::call(operation, send(api, self.app_id().as_str())).await
    }
}

impl fmt::Debug for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Passage")
            .field("app_id", self.app_id())
            .field("api_url", &inner.management.baseurl())
            .field("auth_url", &inner.auth.baseurl())
            .field("auth_strategy", &inner.settings.strategy)
            .field("has_api_key", &inner.management.inner().has_credential())
            .finish()
    }
}

/// Segments are pushed, so that nothing in an app id can change the path.
fn jwks_url(auth_url: &str, app_id: &AppId) -> Result<reqwest::Url> {
    let mut url = reqwest::Url::parse(auth_url)
        .map_err(|error| config("the auth URL cannot be parsed").with_source(error))?;
    url.path_segments_mut()
        .map_err(|()| config("the auth URL cannot be a base"))?
        .pop_if_empty()
        .extend(["apps", app_id.as_str(), ".well-known", "jwks.json"]);
    Ok(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_jwks_url_keeps_the_base_and_quotes_the_app() {
        for (base, app, url) in [
            (
                "http://127.0.0.1:8787/auth/v1",
                "app1",
                "http://127.0.0.1:8787/auth/v1/apps/app1/.well-known/jwks.json",
            ),
            (
                "https://auth.example.com",
                "app1",
                "https://auth.example.com/apps/app1/.well-known/jwks.json",
            ),
            (
                "https://auth.example.com/v1",
                "a/../b?c#d",
                "https://auth.example.com/v1/apps/a%2F..%2Fb%3Fc%23d/.well-known/jwks.json",
            ),
        ] {
            assert_eq!(
                jwks_url(base, &AppId::new(app).unwrap()).unwrap().as_str(),
                url
            );
        }
    }

    #[test]
    fn futures_can_be_sent_whatever_the_request_is() {
        fn sendable<T: Send>(_: T) {}
        let passage = Passage::builder("app")
            .server("http://127.0.0.1:1")
            .build()
            .unwrap();
        // A body that is neither Send nor Sync.
        let request = http::Request::new(std::rc::Rc::new(()));
        sendable(passage.authenticate(&request));
        sendable(passage.verify_request(&request));
        sendable(passage.verify_token("t"));
        sendable(passage.users().get("id"));
        sendable(passage.app());
        sendable(passage.users().import_json_lines(&b""[..]).run());
        sendable(passage.users().export_users().write_to(Vec::new()));
        sendable(passage.users().list().stream());
    }
}
