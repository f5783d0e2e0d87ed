//! Extractors and a middleware for [actix-web](https://docs.rs/actix-web) services (feature
//! `actix`).
//!
//! ```
//! use actix_web::{App, HttpServer, web};
//! use passage_identity::Passage;
//! use passage_identity::actix::{Maybe, PassageUser};
//!
//! async fn me(PassageUser(user_id): PassageUser) -> String {
//!     format!("you are {user_id}")
//! }
//!
//! async fn hello(Maybe(user): Maybe<PassageUser>) -> String {
//!     user.map_or("hello, stranger".to_owned(), |PassageUser(id)| format!("hello, {id}"))
//! }
//!
//! async fn serve(passage: Passage) -> std::io::Result<()> {
//!     HttpServer::new(move || {
//!         App::new()
//!             .app_data(web::Data::new(passage.clone()))
//!             .route("/me", web::get().to(me))
//!             .route("/hello", web::get().to(hello))
//!     })
//!     .bind(("127.0.0.1", 8080))?
//!     .run()
//!     .await
//! }
//! ```
//!
//! Extractors take the [`Passage`] from the app's data, as `web::Data<Passage>` or as a bare
//! `Passage`; without one they answer 500. A request that is refused is answered with the
//! [`Rejection`]; take `Result<PassageUser, Rejection>` to answer it yourself.
//!
//! **Take [`Maybe<PassageUser>`](Maybe), and not `Option<PassageUser>`**, where a user need not be
//! signed in. Actix turns every error into `None`: with `Option` a forged or expired token would
//! count as no token, and so would an outage.
//!
//! The first extractor verifies the token, and the others of the same request reuse its result.
//! They also reuse the result of a [`PassageMiddleware`] with a clone of the same `Passage`.
//! [`Claims`] that something else put in the extensions are never trusted.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use actix_web::body::EitherBody;
use actix_web::dev::{
    Payload, RequestHead, Service, ServiceRequest, ServiceResponse, Transform, forward_ready,
};
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use serde::de::DeserializeOwned;

use crate::auth::Target;
use crate::error::{Error, ErrorKind};
use crate::web::{Extract, Guard, Verified, absent};
use crate::{Claims, Passage, RequestHeaders};

/// An extractor for handlers that need the user, and not only the user's id.
///
/// ```
/// use passage_identity::actix::CurrentUser;
///
/// async fn me(CurrentUser(user): CurrentUser) -> String {
///     format!("you are {}", user.email.unwrap_or_default())
/// }
/// # let _ = actix_web::web::get().to(me);
/// ```
#[doc(inline)]
pub use crate::web::CurrentUser;
/// An extractor for handlers that need more of the token than the user's id.
///
/// ```
/// use passage_identity::actix::PassageClaims;
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
/// # let _ = (actix_web::web::get().to(me), actix_web::web::get().to(until));
/// ```
#[doc(inline)]
pub use crate::web::PassageClaims;
/// An extractor for handlers that need to know who made the request.
///
/// ```
/// use passage_identity::actix::PassageUser;
///
/// async fn me(PassageUser(user_id): PassageUser) -> String {
///     format!("you are {user_id}")
/// }
/// # let _ = actix_web::web::get().to(me);
/// ```
#[doc(inline)]
pub use crate::web::PassageUser;
/// The error of the extractors, and its response if no handler takes it.
///
/// ```
/// use actix_web::{HttpResponse, ResponseError};
/// use passage_identity::actix::{PassageUser, Rejection};
///
/// async fn me(user: Result<PassageUser, Rejection>) -> HttpResponse {
///     match user {
///         Ok(PassageUser(user_id)) => HttpResponse::Ok().body(format!("you are {user_id}")),
///         Err(rejection) => {
///             println!("{}", rejection.error().kind());
///             rejection.error_response()
///         }
///     }
/// }
/// # let _ = actix_web::web::get().to(me);
/// ```
#[doc(inline)]
pub use crate::web::Rejection;

type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

impl RequestHeaders for HeaderMap {
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.get_all(name).map(|value| value.as_bytes())
    }
}

impl RequestHeaders for HttpRequest {
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.headers().header(name)
    }
}

impl RequestHeaders for ServiceRequest {
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.headers().header(name)
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.answer().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header(ContentType::plaintext());
        if let Some(challenge) = self.answer().challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if let Some(seconds) = self.answer().retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.body(self.text())
    }
}

fn target(head: &RequestHead) -> Target<'_> {
    Target {
        method: head.method.as_str(),
        authority: head.uri.authority().map(|authority| authority.as_str()),
    }
}

fn passage(request: &HttpRequest) -> Result<Passage, Error> {
    request
        .app_data::<web::Data<Passage>>()
        .map(|data| data.get_ref())
        .or_else(|| request.app_data::<Passage>())
        .cloned()
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "the app has no Passage: give it one with .app_data(web::Data::new(passage))",
            )
        })
}

fn extract<T: Extract>(
    request: &HttpRequest,
) -> impl Future<Output = Result<T, Rejection>> + use<T> {
    // Counts a reference, and keeps the request as long as the handler's arguments are made.
    let request = request.clone();
    async move {
        let passage = passage(&request)?;
        let known = request
            .extensions()
            .get::<Verified>()
            .and_then(|verified| verified.claims_for(&passage));
        let claims = match known {
            Some(claims) => claims,
            None => {
                let verifying = passage.verify_request_to(target(request.head()), &request);
                let claims = verifying.await?;
                let verified = Verified::new(passage.clone(), claims.clone());
                request.extensions_mut().insert(verified);
                claims
            }
        };
        T::extract(passage, claims).await
    }
}

/// The optional form of an extractor of this module: `None` for a request without any token.
///
/// A token that is present must be valid, and while the keys are unavailable the answer is 503.
/// This is the difference from `Option`: actix turns every error into `None`.
///
/// ```
/// use passage_identity::actix::{Maybe, PassageUser};
///
/// async fn hello(Maybe(user): Maybe<PassageUser>) -> String {
///     user.map_or("hello, stranger".to_owned(), |PassageUser(id)| format!("hello, {id}"))
/// }
/// # let _ = actix_web::web::get().to(hello);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Maybe<T>(pub Option<T>);

macro_rules! extractor {
    ($name:ty $(, $generic:ident: $bound:path)?) => {
        impl<$($generic: $bound + Send + 'static)?> FromRequest for $name {
            type Error = Rejection;
            type Future = LocalFuture<Result<Self, Rejection>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                Box::pin(extract(request))
            }
        }

        impl<$($generic: $bound + Send + 'static)?> FromRequest for Maybe<$name> {
            type Error = Rejection;
            type Future = LocalFuture<Result<Self, Rejection>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let found = extract(request);
                Box::pin(async move { absent(found.await).map(Self) })
            }
        }
    };
}

extractor!(CurrentUser);
extractor!(PassageUser);
extractor!(PassageClaims<C>, C: DeserializeOwned);

/// A middleware that authenticates requests before handlers get them.
///
/// ```
/// use actix_web::{App, web};
/// use passage_identity::actix::PassageMiddleware;
/// use passage_identity::{Claims, Passage};
///
/// async fn me(claims: web::ReqData<Claims>) -> String {
///     format!("you are {}", claims.user_id)
/// }
///
/// fn configure(passage: Passage) -> impl FnOnce(&mut web::ServiceConfig) {
///     move |config| {
///         config.service(
///             web::scope("/members")
///                 .wrap(PassageMiddleware::required(passage))
///                 .route("/me", web::get().to(me)),
///         );
///     }
/// }
/// # fn app(passage: Passage) { let _ = App::new().configure(configure(passage)); }
/// ```
///
/// The router decides which requests are authenticated: wrap the scope that needs it. A browser's
/// CORS preflight has neither cookie nor `Authorization`, so a middleware that answers it must be
/// wrapped around this one.
///
/// | Request | [`required`](Self::required) | [`optional`](Self::optional) |
/// |---|---|---|
/// | with a valid token | passes, with its [`Claims`] in the extensions | the same |
/// | without a token | 401, `WWW-Authenticate: Bearer` | passes, without claims |
/// | with an invalid token | 401, `WWW-Authenticate: Bearer error="invalid_token", ..` | the same |
/// | with a token in the cookie, from another site | 403 | the same |
/// | with any token while the keys are unavailable | 503, `Retry-After` | the same |
///
/// Only methods that may change something are refused for where they come from, and exemptions are
/// in [`CrossSitePolicy`](crate::verification::CrossSitePolicy).
///
/// Claims that were in the extensions before are removed in any case. The extractors of this
/// module find what the middleware verified and do not verify it again.
#[derive(Clone, Debug)]
#[must_use = "a middleware does nothing until an app is wrapped in it"]
pub struct PassageMiddleware {
    guard: Guard,
}

impl PassageMiddleware {
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

impl<S, B> Transform<S, ServiceRequest> for PassageMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = PassageService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(PassageService {
            service: Rc::new(service),
            guard: self.guard.clone(),
        }))
    }
}

/// The service that a [`PassageMiddleware`] makes.
///
/// ```
/// use actix_web::dev::Transform;
/// use passage_identity::actix::{PassageMiddleware, PassageService};
/// # use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
///
/// async fn guarded<S>(middleware: &PassageMiddleware, service: S) -> Result<PassageService<S>, ()>
/// # where S: Service<ServiceRequest, Response = ServiceResponse, Error = actix_web::Error> + 'static
/// {
///     middleware.new_transform(service).await
/// }
/// ```
#[derive(Debug)]
pub struct PassageService<S> {
    service: Rc<S>,
    guard: Guard,
}

impl<S, B> Service<ServiceRequest> for PassageService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = LocalFuture<Result<Self::Response, Self::Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let service = Rc::clone(&self.service);
        let guard = self.guard.clone();
        Box::pin(async move {
            request.extensions_mut().remove::<Claims>();
            request.extensions_mut().remove::<Verified>();
            let check = guard.check(target(request.head()), &request);
            match check.await {
                Ok(Some(verified)) => {
                    let mut extensions = request.extensions_mut();
                    extensions.insert(verified.claims().clone());
                    extensions.insert(verified);
                }
                Ok(None) => {}
                // As a response and not as an error, so that outer middlewares treat it like one.
                Err(error) => {
                    let response = Rejection::from(error).error_response();
                    return Ok(request.into_response(response).map_into_right_body());
                }
            }
            Ok(service.call(request).await?.map_into_left_body())
        })
    }
}
