//! The client.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{ApiKeys, Flex, MagicLinks, Runtime, Users};
use crate::app::App;
use crate::auth::{Claims, JwksHealth, RequestHeaders, UnverifiedToken, Verified};
use crate::error::Result;
use crate::ids::{AppId, UserId};
use crate::passage::PassageBuilder;
use crate::transport::CallOptions;

/// [`crate::Passage`] for programs without `async`; see the [module](super).
///
/// Cheap to clone; clones share the connections, the app's keys and the runtime thread. Create one
/// for the whole program.
///
/// ```no_run
/// use passage_identity::{PassageBuilder, users::CreateUser};
///
/// # fn example(request_headers: http::HeaderMap) -> passage_identity::Result<()> {
/// let passage = PassageBuilder::from_env()?.build_blocking()?;
/// let user_id = passage.authenticate(&request_headers)?;
/// let user = passage.users().get(&user_id)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Passage {
    inner: crate::Passage,
    runtime: Runtime,
}

impl PassageBuilder {
    /// As [`build`](Self::build), for programs without `async`. Starts no thread yet.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    ///
    /// ```
    /// use passage_identity::Passage;
    ///
    /// let passage = Passage::builder("your app id").server("http://127.0.0.1:8787").build_blocking()?;
    /// # Ok::<(), passage_identity::Error>(())
    /// ```
    pub fn build_blocking(self) -> Result<Passage> {
        Ok(Passage {
            inner: self.build()?,
            runtime: Runtime::default(),
        })
    }
}

impl Passage {
    /// Creates a client with the settings of `passage`, for the part of a program that is not
    /// async.
    ///
    /// Only the settings are copied. Connections and fetches of keys belong to the runtime that
    /// started them, and waiting for another runtime could take for ever; so this client has its
    /// own connections, keys and remembered tokens.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if no second HTTP client can be created.
    ///
    /// ```no_run
    /// use passage_identity::{Passage, blocking};
    ///
    /// # fn example(passage: Passage) -> passage_identity::Result<()> {
    /// let for_threads = blocking::Passage::new(&passage)?;
    /// let app = std::thread::spawn(move || for_threads.app());
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(passage: &crate::Passage) -> Result<Self> {
        Ok(Self {
            inner: passage.separate()?,
            runtime: Runtime::default(),
        })
    }

    /// As [`crate::Passage::from_env`].
    ///
    /// # Errors
    /// The same errors.
    ///
    /// ```no_run
    /// use passage_identity::blocking::Passage;
    ///
    /// let passage = Passage::from_env()?;
    /// # Ok::<(), passage_identity::Error>(())
    /// ```
    pub fn from_env() -> Result<Self> {
        PassageBuilder::from_env()?.build_blocking()
    }

    /// The underlying async client, for use with [`block_on`](Self::block_on).
    ///
    /// It belongs to the runtime thread: a connection that one runtime opened stalls while that
    /// runtime does. For async tasks, build a separate client.
    #[must_use]
    pub fn inner(&self) -> &crate::Passage {
        &self.inner
    }

    /// Runs a future on the runtime thread and waits for it. This gives access to the generated
    /// clients and everything else in this crate that is async.
    ///
    /// A future that blocks its thread blocks all calls of this client.
    ///
    /// # Errors
    /// [`ErrorKind::Connection`](crate::ErrorKind::Connection) if the future panics, or if the
    /// runtime thread cannot be started or has ended;
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) on the runtime thread itself.
    ///
    /// ```no_run
    /// # fn example(passage: passage_identity::blocking::Passage) -> passage_identity::Result<()> {
    /// let inner = passage.inner().clone();
    /// let reply = passage.block_on(async move {
    ///     inner.auth_api().get_jwks(inner.app_id().as_str()).await
    /// })?;
    /// println!("{:?}", reply.map(|reply| reply.status()).map_err(|error| error.status()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn block_on<F>(&self, future: F) -> Result<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.runtime.run(future)
    }

    /// The id of the app.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        self.inner.app_id()
    }

    /// As [`crate::Passage::with_options`]; the runtime thread is shared too.
    ///
    /// # Errors
    /// The same errors.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use passage_identity::CallOptions;
    ///
    /// # fn example(passage: passage_identity::blocking::Passage) -> passage_identity::Result<()> {
    /// let quick = passage.with_options(CallOptions::new().deadline(Duration::from_secs(1)))?;
    /// println!("{}", quick.app()?.name);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_options(&self, options: CallOptions) -> Result<Self> {
        Ok(Self {
            inner: self.inner.with_options(options)?,
            runtime: self.runtime.clone(),
        })
    }

    /// Verifies the token of a request and returns the id of its user: as
    /// [`crate::Passage::authenticate`], which describes the kinds of requests.
    ///
    /// Waits only if the app's keys are not known yet or are too old. [`warm_up`](Self::warm_up)
    /// fetches them before the first request.
    ///
    /// # Errors
    /// The same errors: answer 401 if [`is_token_invalid`](crate::Error::is_token_invalid) holds,
    /// 503 if [`is_unavailable`](crate::Error::is_unavailable) does.
    ///
    /// ```no_run
    /// # fn example(passage: passage_identity::blocking::Passage, headers: http::HeaderMap) -> Result<(), u16> {
    /// match passage.authenticate(&headers) {
    ///     Ok(user_id) => println!("signed in: {user_id}"),
    ///     Err(error) => return Err(error.answer_status()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn authenticate<R>(&self, request: &R) -> Result<UserId>
    where
        R: RequestHeaders + ?Sized,
    {
        let verified = self.verify(self.inner.find_tokens(request)?)?;
        Ok(verified.user_id().clone())
    }

    /// As [`crate::Passage::check_cross_site`]: call it before [`authenticate`](Self::authenticate)
    /// in whatever changes something.
    ///
    /// # Errors
    /// As there.
    pub fn check_cross_site<R>(
        &self,
        method: &http::Method,
        uri: &http::Uri,
        request: &R,
    ) -> Result<()>
    where
        R: RequestHeaders + ?Sized,
    {
        self.inner.check_cross_site(method, uri, request)
    }

    /// As [`crate::Passage::verify_request`].
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    ///
    /// ```no_run
    /// # fn example(passage: passage_identity::blocking::Passage, headers: http::HeaderMap) -> passage_identity::Result<()> {
    /// let claims = passage.verify_request(&headers)?;
    /// println!("{} is signed in until {}", claims.user_id, claims.expires_at);
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify_request<R>(&self, request: &R) -> Result<Claims>
    where
        R: RequestHeaders + ?Sized,
    {
        let verified = self.verify(self.inner.find_tokens(request)?)?;
        Ok(verified.into_claims())
    }

    /// As [`crate::Passage::verify_request_as`]: reads the claims as a type of yours.
    ///
    /// # Errors
    /// As [`verify_token_as`](Self::verify_token_as).
    pub fn verify_request_as<C, R>(&self, request: &R) -> Result<Claims<C>>
    where
        C: DeserializeOwned,
        R: RequestHeaders + ?Sized,
    {
        self.verify(self.inner.find_tokens(request)?)?
            .into_claims_as()
    }

    /// As [`crate::Passage::verify_token`]: verifies a bare token, wherever it comes from.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub fn verify_token(&self, token: &str) -> Result<Claims> {
        let verified = self.verify(vec![UnverifiedToken::from(token).into_owned()])?;
        Ok(verified.into_claims())
    }

    /// As [`crate::Passage::verify_token_as`]: reads the claims of a bare token as a type of yours.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate), and
    /// [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) if the claims do not fit your type.
    ///
    /// ```no_run
    /// #[derive(serde::Deserialize)]
    /// struct Tenancy {
    ///     tenant: String,
    /// }
    ///
    /// # fn example(passage: passage_identity::blocking::Passage, token: &str) -> passage_identity::Result<()> {
    /// let claims = passage.verify_token_as::<Tenancy>(token)?;
    /// println!("{} of {}", claims.user_id, claims.custom.tenant);
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify_token_as<C: DeserializeOwned>(&self, token: &str) -> Result<Claims<C>> {
        self.verify(vec![UnverifiedToken::from(token).into_owned()])?
            .into_claims_as()
    }

    fn verify(&self, tokens: Vec<UnverifiedToken<'static>>) -> Result<Arc<Verified>> {
        let here = self.runtime.poll_once(self.inner.verify_tokens(&tokens))?;
        if let Some(verified) = here {
            return verified;
        }
        // Keys are being fetched already; this waits for them.
        let inner = self.inner.clone();
        self.runtime
            .call(async move { inner.verify_tokens(&tokens).await })
    }

    /// As [`crate::Passage::warm_up`]: fetches the app's keys, so that the first request does not
    /// wait for them.
    ///
    /// # Errors
    /// The same errors.
    ///
    /// ```no_run
    /// # fn example(passage: passage_identity::blocking::Passage) {
    /// if let Err(error) = passage.warm_up() {
    ///     eprintln!("starting without keys: {error}");
    /// }
    /// # }
    /// ```
    pub fn warm_up(&self) -> Result<()> {
        let inner = self.inner.clone();
        self.runtime.call(async move { inner.warm_up().await })
    }

    /// As [`crate::Passage::health`]: the state of the app's keys.
    #[must_use]
    pub fn health(&self) -> JwksHealth {
        self.inner.health()
    }

    /// The users of the app.
    #[must_use]
    pub fn users(&self) -> Users {
        Users::new(self.inner.users(), self.runtime.clone())
    }

    /// Magic links: links that sign a user in.
    #[must_use]
    pub fn magic_links(&self) -> MagicLinks {
        MagicLinks::new(self.inner.magic_links(), self.runtime.clone())
    }

    /// The API keys of the app.
    #[must_use]
    pub fn api_keys(&self) -> ApiKeys {
        ApiKeys::new(self.inner.api_keys(), self.runtime.clone())
    }

    /// Passage Flex: passkeys for users that you manage yourself.
    #[must_use]
    pub fn flex(&self) -> Flex {
        Flex::new(self.inner.flex(), self.runtime.clone())
    }

    /// As [`crate::Passage::app`] (`getApp`).
    ///
    /// # Errors
    /// The same errors.
    ///
    /// ```no_run
    /// # fn example(passage: passage_identity::blocking::Passage) -> passage_identity::Result<()> {
    /// let app = passage.app()?;
    /// println!("{} at {}", app.name, app.auth_origin);
    /// # Ok(())
    /// # }
    /// ```
    pub fn app(&self) -> Result<App> {
        let inner = self.inner.clone();
        self.runtime.call(async move { inner.app().await })
    }
}
