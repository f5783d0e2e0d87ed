//! A layer that authenticates the requests of any [tower](https://docs.rs/tower) service
//! (feature `tower`).
//!
//! The service takes an [`http::Request`] and returns an [`http::Response`] whose body type has a
//! default, the empty body: this includes axum, hyper and tonic services.
//!
//! ```
//! use axum::{Extension, Router, routing::get};
//! use passage_identity::tower::PassageLayer;
//! use passage_identity::{Claims, Passage};
//!
//! async fn me(Extension(claims): Extension<Claims>) -> String {
//!     format!("you are {}", claims.user_id)
//! }
//!
//! async fn hello(claims: Option<Extension<Claims>>) -> String {
//!     format!("hello, {}", claims.map_or("stranger".to_owned(), |claims| claims.user_id.to_string()))
//! }
//!
//! fn service(passage: Passage) -> Router {
//!     let members = Router::new().route("/me", get(me)).layer(PassageLayer::required(passage.clone()));
//!     let everyone = Router::new().route("/hello", get(hello)).layer(PassageLayer::optional(passage));
//!     members.merge(everyone).route("/health", get(|| async { "fine" }))
//! }
//! ```
//!
//! The router decides which requests are authenticated: put the layer on the routes that need it. A
//! browser's CORS preflight has neither cookie nor `Authorization`, so a layer that answers it
//! belongs outside this one.
//!
//! | Request | [`required`](PassageLayer::required) | [`optional`](PassageLayer::optional) |
//! |---|---|---|
//! | with a valid token | passes, with its [`Claims`] in the extensions | the same |
//! | without a token | 401, `WWW-Authenticate: Bearer` | passes, without claims |
//! | with an invalid token | 401, `WWW-Authenticate: Bearer error="invalid_token", ..` | the same |
//! | with a token in the cookie, from another site | 403 | the same |
//! | with any token while the keys are unavailable | 503, `Retry-After` | the same |
//!
//! Only methods that may change something are refused for where they come from, and exemptions are
//! in [`CrossSitePolicy`](crate::verification::CrossSitePolicy).
//!
//! The [`AuthStrategy`](crate::AuthStrategy) of the `Passage` selects where the token is. The
//! extensions get [`Claims`] and nothing else that is public: the user's id is [`Claims::user_id`],
//! and a type of your own comes from [`Claims::with_custom`]. Claims that were there before are
//! always removed. The extractors of this crate's `axum` module reuse the result of the layer and
//! do not verify again.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::auth::Target;
use crate::web::{Answer, Guard, Verified, response};
use crate::{Claims, Passage};

/// Wraps a service in a [`PassageService`].
///
/// ```
/// use passage_identity::{Passage, tower::PassageLayer};
///
/// let passage = Passage::builder("your app id").server("http://127.0.0.1:8787").build()?;
/// let layer = PassageLayer::required(passage);
/// # Ok::<(), passage_identity::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put on a service"]
pub struct PassageLayer {
    guard: Guard,
}

impl PassageLayer {
    /// Lets through only requests with a valid token.
    pub fn required(passage: Passage) -> Self {
        Self {
            guard: Guard::required(passage),
        }
    }

    /// Also lets through requests without any token. A token that is present must be valid.
    pub fn optional(passage: Passage) -> Self {
        Self {
            guard: Guard::optional(passage),
        }
    }
}

impl<S> Layer<S> for PassageLayer {
    type Service = PassageService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PassageService {
            inner,
            guard: self.guard.clone(),
        }
    }
}

/// A service that authenticates requests before they reach the inner service. Created by
/// [`PassageLayer`].
///
/// ```
/// use passage_identity::Passage;
/// use passage_identity::tower::{PassageLayer, PassageService};
/// use tower_layer::Layer;
///
/// fn guarded<S>(passage: Passage, service: S) -> PassageService<S> {
///     PassageLayer::required(passage).layer(service)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct PassageService<S> {
    inner: S,
    guard: Guard,
}

impl<S, B, R> Service<Request<B>> for PassageService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The instance that said it was ready takes the request; its clone may not be ready.
        let clone = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, clone);
        let guard = self.guard.clone();
        Box::pin(async move {
            let extensions = request.extensions_mut();
            extensions.remove::<Claims>();
            extensions.remove::<Verified>();
            let target = Target {
                method: request.method().as_str(),
                authority: request.uri().authority().map(http::uri::Authority::as_str),
            };
            let check = guard.check(target, request.headers());
            match check.await {
                Ok(Some(verified)) => {
                    let extensions = request.extensions_mut();
                    extensions.insert(verified.claims().clone());
                    extensions.insert(verified);
                }
                Ok(None) => {}
                Err(error) => return Ok(response(Answer::of(&error), R::default())),
            }
            ready.call(request).await
        })
    }
}
