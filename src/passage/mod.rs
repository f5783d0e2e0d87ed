//! The client.

mod builder;
mod env;
mod verify;

use std::fmt;
use std::sync::Arc;

use progenitor_client::ClientInfo;

use crate::api::{Api, ApiSettings};
use crate::api_keys::ApiKeys;
use crate::app::App;
use crate::auth::{Policy, Verifier, VerifierSettings};
use crate::error::{Error, ErrorKind, Result};
use crate::flex::Flex;
use crate::generated::{auth, management};
use crate::ids::AppId;
use crate::magic_links::MagicLinks;
use crate::secret::Secret;
use crate::transport::CallOptions;
use crate::users::Users;
pub use builder::PassageBuilder;
use builder::Settings;

/// One app of a Passage server: verifies its tokens and manages its users.
///
/// Cheap to clone; clones share connections and the app's keys. Create one for the whole program.
///
/// ```no_run
/// use passage_identity::{Passage, users::CreateUser};
///
/// # async fn example(request_headers: http::HeaderMap) -> passage_identity::Result<()> {
/// let passage = Passage::builder("your app id")
///     .server("http://127.0.0.1:8787")
///     .api_key("your API key")
///     .build()?;
/// let user_id = passage.authenticate(&request_headers).await?;
/// let user = passage.users().get(&user_id).await?;
/// passage.users().create(CreateUser::with_email("new@example.com")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Passage(Arc<Inner>);

struct Inner {
    settings: Arc<Settings>,
    verifier: Arc<Verifier>,
    api: Api,
}

impl Passage {
    /// Starts building a `Passage` for the app with this id. A server URL must be set: there is no
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
        let api = Api::new(&ApiSettings {
            app_id: &settings.app_id,
            api_url: &settings.api_url,
            auth_url: &settings.auth_url,
            api_key: settings.api_key.as_ref(),
            limits: settings.limits,
        })?;
        Ok(Self(Arc::new(Inner {
            settings: Arc::new(settings),
            verifier: Arc::new(verifier),
            api,
        })))
    }

    /// A client with the same settings and limits that shares nothing with this one.
    #[cfg(feature = "blocking")]
    pub(crate) fn separate(&self) -> Result<Self> {
        let mut settings = Settings::clone(&self.0.settings);
        settings.limits = self.0.api.limits();
        Self::from_settings(settings)
    }

    /// The id of the app.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        &self.0.settings.app_id
    }

    /// The same client with other limits for its calls. It shares everything else, and is created
    /// as quickly as a clone; a different [`connect_timeout`](CallOptions::connect_timeout)
    /// requires separate connections.
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
        Ok(Self(Arc::new(Inner {
            settings: Arc::clone(&self.0.settings),
            verifier: Arc::clone(&self.0.verifier),
            api: self.0.api.with_options(&options)?,
        })))
    }

    /// The users of the app.
    #[must_use]
    pub fn users(&self) -> Users {
        Users::new(self.0.api.clone())
    }

    /// Magic links: links that sign a user in.
    #[must_use]
    pub fn magic_links(&self) -> MagicLinks {
        MagicLinks::new(self.0.api.clone())
    }

    /// The API keys of the app.
    #[must_use]
    pub fn api_keys(&self) -> ApiKeys {
        ApiKeys::new(self.0.api.clone())
    }

    /// Passage Flex: passkeys for users that you manage yourself.
    #[must_use]
    pub fn flex(&self) -> Flex {
        Flex::new(self.0.api.clone())
    }

    /// The app and its settings (`getApp`).
    ///
    /// # Errors
    /// [`ErrorKind::MissingApiKey`] before any request if no API key is set; otherwise errors of
    /// the call, see [`ErrorKind`].
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let app = passage.app().await?;
    /// println!("{} at {}", app.name, app.auth_origin);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn app(&self) -> Result<App> {
        let reply = self
            .0
            .api
            .manage("getApp", |api, app| api.get_app(app))
            .await?;
        Ok(reply.app.into())
    }

    /// The generated client of the management API, for operations that the facade lacks. It sends
    /// the API key, if one is set, and the same headers, timeouts and spans as the facade.
    ///
    /// Its errors show bodies and headers in `Display`, and its ids are not checked.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) {
    /// let reply = passage.management_api().get_app(passage.app_id().as_str()).await;
    /// println!("{:?}", reply.map(|reply| reply.status()).map_err(|error| error.status()));
    /// # }
    /// ```
    #[must_use]
    pub fn management_api(&self) -> &management::Client {
        self.0.api.management()
    }

    /// The generated client of the auth API, without a credential. The notes on
    /// [`management_api`](Self::management_api) apply here too.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) {
    /// let reply = passage.auth_api().get_jwks(passage.app_id().as_str()).await;
    /// println!("{:?}", reply.map(|reply| reply.status()).map_err(|error| error.status()));
    /// # }
    /// ```
    #[must_use]
    pub fn auth_api(&self) -> &auth::Client {
        self.0.api.auth()
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
        self.0.api.auth_as(&Secret::from(token))
    }

    /// Whether one is a clone of the other, so that what one verified is verified for both.
    #[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Passage")
            .field("app_id", self.app_id())
            .field("api_url", &inner.api.management().baseurl())
            .field("auth_url", &inner.api.auth().baseurl())
            .field("auth_strategy", &inner.settings.strategy)
            .field("has_api_key", &inner.api.has_api_key())
            .finish()
    }
}

/// Segments are pushed, so that nothing in an app id can change the path.
fn jwks_url(auth_url: &str, app_id: &AppId) -> Result<reqwest::Url> {
    let mut url = reqwest::Url::parse(auth_url)
        .map_err(|error| Error::config("the auth URL cannot be parsed").with_source(error))?;
    url.path_segments_mut()
        .map_err(|()| Error::config("the auth URL cannot be a base"))?
        .pop_if_empty()
        .extend(["apps", app_id.as_str(), ".well-known", "jwks.json"]);
    Ok(url)
}

#[cfg(test)]
mod tests {
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
