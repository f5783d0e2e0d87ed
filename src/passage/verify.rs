//! Verifying tokens, and the keys for it.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::Passage;
use crate::auth::{Claims, JwksHealth, RequestHeaders, Target, UnverifiedToken, Verified};
use crate::error::Result;
use crate::ids::UserId;

impl Passage {
    /// Verifies the token of a request and returns the id of its user.
    ///
    /// The [`AuthStrategy`](crate::AuthStrategy) selects where the token is. Any type with access
    /// to the headers can be used: an [`http::HeaderMap`], [`http::request::Parts`], an
    /// [`http::Request`], or your own type, see [`RequestHeaders`]. The future does not borrow the
    /// request.
    ///
    /// **It knows no method, so it does not look where the request comes from.** A browser sends
    /// the cookie with a form on any other site too. The layer, the middleware and the extractors
    /// of this crate check that; without them call [`check_cross_site`](Self::check_cross_site)
    /// first, in whatever changes something.
    ///
    /// # Errors
    /// [`Error::is_token_invalid`](crate::Error::is_token_invalid) holds if the token is missing or
    /// invalid: answer 401. [`Error::is_unavailable`](crate::Error::is_unavailable) holds if the
    /// app's keys are unavailable: answer 503. The [kinds](crate::ErrorKind) distinguish the cases.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, request: http::Request<()>) -> passage_identity::Result<()> {
    /// let user_id = passage.authenticate(&request).await?;
    /// println!("signed in: {user_id}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn authenticate<'a, R>(
        &'a self,
        request: &R,
    ) -> impl Future<Output = Result<UserId>> + Send + use<'a, R>
    where
        R: RequestHeaders + ?Sized,
    {
        let verified = self.verify_tokens_of(request);
        async move { Ok(verified.await?.user_id().clone()) }
    }

    fn verify_tokens_of<'a, R>(
        &'a self,
        request: &R,
    ) -> impl Future<Output = Result<Arc<Verified>>> + Send + use<'a, R>
    where
        R: RequestHeaders + ?Sized,
    {
        let tokens = self.find_tokens(request);
        async move { self.verify_tokens(&tokens?).await }
    }

    /// Checks that a request whose token is in the cookie does not come from a page of another
    /// site, which could make any browser send it. Not needed behind the layer or the middleware
    /// of this crate, nor with its extractors: they do it.
    ///
    /// Requests of safe methods pass, those without a token too, and all of them with the strategy
    /// [`Header`](crate::AuthStrategy::Header). The rules are in
    /// [`verification`](crate::verification), exemptions are in
    /// [`CrossSitePolicy`](crate::verification::CrossSitePolicy).
    ///
    /// # Errors
    /// [`ErrorKind::CrossSite`](crate::ErrorKind::CrossSite): answer 403.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, request: http::Request<()>) -> passage_identity::Result<()> {
    /// passage.check_cross_site(request.method(), request.uri(), &request)?;
    /// let user_id = passage.authenticate(&request).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_cross_site<R>(
        &self,
        method: &http::Method,
        uri: &http::Uri,
        request: &R,
    ) -> Result<()>
    where
        R: RequestHeaders + ?Sized,
    {
        let target = Target {
            method: method.as_str(),
            authority: uri.authority().map(http::uri::Authority::as_str),
        };
        match self.find_tokens(request) {
            Ok(_) => self.check_site(target, request),
            // Whatever is wrong with it, it is for the verification to say.
            Err(_) => Ok(()),
        }
    }

    fn check_site(
        &self,
        target: Target<'_>,
        request: &(impl RequestHeaders + ?Sized),
    ) -> Result<()> {
        let settings = &self.0.settings;
        settings
            .cross_site
            .check(settings.strategy, target, request)
    }

    /// As [`verify_request`](Self::verify_request), for a request of which it is known what it is
    /// for: one with a token that another site may have made is refused.
    #[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
    pub(crate) fn verify_request_to<'a, R>(
        &'a self,
        target: Target<'_>,
        request: &R,
    ) -> impl Future<Output = Result<Claims>> + Send + use<'a, R>
    where
        R: RequestHeaders + ?Sized,
    {
        let tokens = self
            .find_tokens(request)
            .and_then(|tokens| self.check_site(target, request).map(|()| tokens));
        async move { Ok(self.verify_tokens(&tokens?).await?.into_claims()) }
    }

    pub(crate) fn find_tokens(
        &self,
        request: &(impl RequestHeaders + ?Sized),
    ) -> Result<Vec<UnverifiedToken<'static>>> {
        self.0.verifier.find_tokens(request)
    }

    pub(crate) async fn verify_tokens(
        &self,
        tokens: &[UnverifiedToken<'_>],
    ) -> Result<Arc<Verified>> {
        self.0.verifier.verify_request(tokens).await
    }

    /// As [`authenticate`](Self::authenticate), and returns all claims of the token.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, headers: http::HeaderMap) -> passage_identity::Result<()> {
    /// let claims = passage.verify_request(&headers).await?;
    /// println!("{} is signed in until {}", claims.user_id, claims.expires_at);
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify_request<'a, R>(
        &'a self,
        request: &R,
    ) -> impl Future<Output = Result<Claims>> + Send + use<'a, R>
    where
        R: RequestHeaders + ?Sized,
    {
        let verified = self.verify_tokens_of(request);
        async move { Ok(verified.await?.into_claims()) }
    }

    /// As [`verify_request`](Self::verify_request), and reads the claims as a type of yours; see
    /// [`verify_token_as`](Self::verify_token_as).
    ///
    /// # Errors
    /// As [`verify_token_as`](Self::verify_token_as).
    ///
    /// ```no_run
    /// #[derive(serde::Deserialize)]
    /// struct Tenancy {
    ///     tenant: String,
    /// }
    ///
    /// # async fn example(passage: passage_identity::Passage, headers: http::HeaderMap) -> passage_identity::Result<()> {
    /// let claims = passage.verify_request_as::<Tenancy, _>(&headers).await?;
    /// println!("{} of {}", claims.user_id, claims.custom.tenant);
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify_request_as<'a, C, R>(
        &'a self,
        request: &R,
    ) -> impl Future<Output = Result<Claims<C>>> + Send + use<'a, C, R>
    where
        C: DeserializeOwned,
        R: RequestHeaders + ?Sized,
    {
        let verified = self.verify_tokens_of(request);
        async move { verified.await?.into_claims_as() }
    }

    /// Verifies a bare token, wherever it comes from.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, token: &str) -> passage_identity::Result<()> {
    /// let claims = passage.verify_token(token).await?;
    /// println!("{}", claims.user_id);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn verify_token(&self, token: &str) -> Result<Claims> {
        let verified = self.0.verifier.verify(&token.into()).await?;
        Ok(verified.into_claims())
    }

    /// As [`verify_token`](Self::verify_token), and reads the claims as a type of yours, which
    /// becomes [`Claims::custom`]. It is read from all claims, including the registered ones.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate), and [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) if the claims do not
    /// fit your type.
    ///
    /// ```no_run
    /// #[derive(serde::Deserialize)]
    /// struct Tenancy {
    ///     tenant: String,
    /// }
    ///
    /// # async fn example(passage: passage_identity::Passage, token: &str) -> passage_identity::Result<()> {
    /// let claims = passage.verify_token_as::<Tenancy>(token).await?;
    /// println!("{} of {}", claims.user_id, claims.custom.tenant);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn verify_token_as<C: DeserializeOwned>(&self, token: &str) -> Result<Claims<C>> {
        let verified = self.0.verifier.verify(&token.into()).await?;
        verified.into_claims_as()
    }

    /// Fetches the app's keys, so that the first request does not wait for them. Call it when the
    /// service starts; whether to start without keys is up to you. Does nothing if there are keys
    /// that are not due for a fetch.
    ///
    /// # Errors
    /// [`ErrorKind::JwksUnavailable`](crate::ErrorKind::JwksUnavailable) if there are no keys and
    /// none can be fetched.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) {
    /// if let Err(error) = passage.warm_up().await {
    ///     eprintln!("starting without keys: {error}");
    /// }
    /// # }
    /// ```
    pub async fn warm_up(&self) -> Result<()> {
        self.0.verifier.warm_up().await
    }

    /// The state of the app's keys, for your service's health check. Makes no request.
    ///
    /// ```
    /// use passage_identity::{Passage, keys::JwksHealth};
    ///
    /// # fn main() -> passage_identity::Result<()> {
    /// let passage = Passage::builder("your app id").server("http://127.0.0.1:8787").build()?;
    /// assert_eq!(passage.health(), JwksHealth::NeverLoaded);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn health(&self) -> JwksHealth {
        self.0.verifier.health()
    }
}
