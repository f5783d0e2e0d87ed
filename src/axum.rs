//! Extractors for the handlers of an [axum](https://docs.rs/axum) service (feature `axum`).
//!
//! ```
//! use axum::{Router, routing::get};
//! use passage_identity::Passage;
//! use passage_identity::axum::PassageUser;
//!
//! async fn me(PassageUser(user_id): PassageUser) -> String {
//!     format!("you are {user_id}")
//! }
//!
//! async fn hello(user: Option<PassageUser>) -> String {
//!     user.map_or("hello, stranger".to_owned(), |PassageUser(id)| format!("hello, {id}"))
//! }
//!
//! fn service(passage: Passage) -> Router {
//!     Router::new().route("/me", get(me)).route("/hello", get(hello)).with_state(passage)
//! }
//! ```
//!
//! The router's state is the [`Passage`], or contains one: `Passage: FromRef<YourState>`. Every
//! extractor has an optional form, `Option<..>`, which is `None` for a request without any token; a
//! token that is present must always be valid. A request that is refused is answered with the
//! [`Rejection`]; take `Result<PassageUser, Rejection>` to answer it yourself.
//!
//! The first extractor verifies the token, and the others of the same request reuse its result.
//! They also reuse the result of a `PassageLayer` (feature `tower`) with a clone of the same
//! `Passage`. `Claims` that something else put in the extensions are never trusted.
//!
//! Where the token is in the cookie, a request that a page of another site may have made is refused
//! with 403 unless its method is a safe one; exemptions are in
//! [`CrossSitePolicy`](crate::verification::CrossSitePolicy).
//!
//! With the layer but without such a state, take `Extension<Claims>`, as the layer's page shows.

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::Passage;
use crate::auth::Target;
use crate::web::{Extract, Verified, absent, response};

/// An extractor for handlers that need the user, and not only the user's id.
///
/// ```
/// use passage_identity::axum::CurrentUser;
///
/// async fn me(CurrentUser(user): CurrentUser) -> String {
///     format!("you are {}", user.email.unwrap_or_default())
/// }
/// # let _: axum::routing::MethodRouter<passage_identity::Passage> = axum::routing::get(me);
/// ```
#[doc(inline)]
pub use crate::web::CurrentUser;
/// An extractor for handlers that need more of the token than the user's id.
///
/// ```
/// use passage_identity::axum::PassageClaims;
///
/// #[derive(serde::Deserialize)]
/// struct Tenancy {
///     tenant: String,
/// }
///
/// async fn me(PassageClaims(claims): PassageClaims<Tenancy>) -> String {
///     format!("you are {} of {}", claims.user_id, claims.custom.tenant)
/// }
///
/// async fn until(PassageClaims(claims): PassageClaims) -> String {
///     format!("you are signed in until {}", claims.expires_at)
/// }
/// # use axum::routing::{MethodRouter, get};
/// # let _: [MethodRouter<passage_identity::Passage>; 2] = [get(me), get(until)];
/// ```
#[doc(inline)]
pub use crate::web::PassageClaims;
/// An extractor for handlers that need to know who made the request.
///
/// ```
/// use passage_identity::axum::PassageUser;
///
/// async fn me(PassageUser(user_id): PassageUser) -> String {
///     format!("you are {user_id}")
/// }
/// # let _: axum::routing::MethodRouter<passage_identity::Passage> = axum::routing::get(me);
/// ```
#[doc(inline)]
pub use crate::web::PassageUser;
/// The error of the extractors, and its response if no handler takes it.
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use passage_identity::axum::{PassageUser, Rejection};
///
/// async fn me(user: Result<PassageUser, Rejection>) -> Response {
///     match user {
///         Ok(PassageUser(user_id)) => format!("you are {user_id}").into_response(),
///         Err(rejection) => {
///             println!("{}", rejection.error().kind());
///             rejection.into_response()
///         }
///     }
/// }
/// # let _: axum::routing::MethodRouter<passage_identity::Passage> = axum::routing::get(me);
/// ```
#[doc(inline)]
pub use crate::web::Rejection;

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        response(self.answer(), self.text())
            .into_parts()
            .into_response()
    }
}

async fn extract<T, S>(parts: &mut Parts, state: &S) -> Result<T, Rejection>
where
    T: Extract,
    Passage: FromRef<S>,
{
    let passage = Passage::from_ref(state);
    let known = parts.extensions.get::<Verified>();
    let claims = match known.and_then(|verified| verified.claims_for(&passage)) {
        Some(claims) => claims,
        None => {
            let target = Target {
                method: parts.method.as_str(),
                authority: parts.uri.authority().map(http::uri::Authority::as_str),
            };
            let claims = passage.verify_request_to(target, &parts.headers).await?;
            let verified = Verified::new(passage.clone(), claims.clone());
            parts.extensions.insert(verified);
            claims
        }
    };
    T::extract(passage, claims).await
}

macro_rules! extractor {
    ($name:ty $(, $generic:ident: $bound:path)?) => {
        impl<S, $($generic)?> FromRequestParts<S> for $name
        where
            S: Send + Sync,
            Passage: FromRef<S>,
            $($generic: $bound + Send,)?
        {
            type Rejection = Rejection;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
                extract(parts, state).await
            }
        }

        impl<S, $($generic)?> OptionalFromRequestParts<S> for $name
        where
            S: Send + Sync,
            Passage: FromRef<S>,
            $($generic: $bound + Send,)?
        {
            type Rejection = Rejection;

            async fn from_request_parts(
                parts: &mut Parts,
                state: &S,
            ) -> Result<Option<Self>, Rejection> {
                absent(extract(parts, state).await)
            }
        }
    };
}

extractor!(CurrentUser);
extractor!(PassageUser);
extractor!(PassageClaims<C>, C: DeserializeOwned);
