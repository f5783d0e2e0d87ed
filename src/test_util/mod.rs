//! Tokens, keys and a clock for the tests of your own service (feature `test-util`).
//!
//! A [`TestIssuer`] stands in for the server: it mints any token, valid or not, and yields a
//! [`Passage`](crate::Passage) that knows its keys. Nothing here opens a connection, sleeps or
//! reads the real time, so such tests are quick and say the same thing every day. To test calls
//! of the management API as well, run a passage-server instead.
//!
//! ```toml
//! [dev-dependencies]
//! passage-identity = { version = "0.1", features = ["test-util"] }
//! ```
//!
//! # Testing an axum handler
//!
//! ```
//! use axum::http::{HeaderMap, Request, StatusCode};
//! use axum::{Router, body::Body, extract::State, routing::get};
//! use passage_identity::Passage;
//! use passage_identity::test_util::{self, TestIssuer, TestToken};
//! use std::time::Duration;
//! use tower::ServiceExt as _;
//!
//! // The service under test.
//! async fn whoami(State(passage): State<Passage>, headers: HeaderMap) -> Result<String, StatusCode> {
//!     match passage.authenticate(&headers).await {
//!         Ok(user_id) => Ok(user_id.to_string()),
//!         Err(error) if error.is_token_invalid() => Err(StatusCode::UNAUTHORIZED),
//!         Err(error) if error.is_unavailable() => Err(StatusCode::SERVICE_UNAVAILABLE),
//!         Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
//!     }
//! }
//!
//! fn service(passage: Passage) -> Router {
//!     Router::new().route("/whoami", get(whoami)).with_state(passage)
//! }
//!
//! // Its test.
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let issuer = TestIssuer::new()?;
//! let service = service(issuer.passage()?);
//! let answer = |headers: HeaderMap| {
//!     let mut request = Request::get("/whoami").body(Body::empty()).unwrap();
//!     *request.headers_mut() = headers;
//!     let reply = service.clone().oneshot(request);
//!     async { reply.await.map(|reply| reply.status()) }
//! };
//!
//! let token = issuer.mint(TestToken::new("kV9dQz1xNf3hTrA8bYm2"))?;
//! assert_eq!(answer(test_util::cookie(&token)?).await?, StatusCode::OK);
//!
//! // No token, a token for another app, a forged one, and one that ran out.
//! assert_eq!(answer(HeaderMap::new()).await?, StatusCode::UNAUTHORIZED);
//! let foreign = issuer.mint(TestToken::new("kV9dQz1xNf3hTrA8bYm2").audience("another app"))?;
//! assert_eq!(answer(test_util::cookie(&foreign)?).await?, StatusCode::UNAUTHORIZED);
//! let forged = issuer.mint(TestToken::new("kV9dQz1xNf3hTrA8bYm2").wrong_key())?;
//! assert_eq!(answer(test_util::cookie(&forged)?).await?, StatusCode::UNAUTHORIZED);
//! issuer.clock().advance(Duration::from_secs(2 * 3600));
//! assert_eq!(answer(test_util::cookie(&token)?).await?, StatusCode::UNAUTHORIZED);
//! # Ok(())
//! # }
//! ```
//!
//! # What the default token says
//!
//! | Part | Member | Value |
//! |---|---|---|
//! | header | `alg`, `typ` | `RS256`, `JWT` |
//! | | `kid` | the issuer's current key |
//! | claims | `iss` | [`TestIssuer::issuer`] |
//! | | `aud` | an array of the app id |
//! | | `sub` | the user id |
//! | | `exp` | an hour after the clock's now |
//! | | `nbf` | 5 s before now |
//! | | `iat` | now |
//!
//! # Keys
//!
//! Making an RSA key takes a tenth of a second or more, so all issuers of a process start with
//! the same one, made when the first of them needs it. [`TestIssuer::rotate`] makes a fresh one.

mod clock;
mod headers;
mod issuer;
mod key;
mod token;

pub use clock::TestClock;
pub use headers::{bearer, cookie};
pub use issuer::TestIssuer;
#[cfg(test)]
pub(crate) use key::TestKey;
pub use token::TestToken;

#[cfg(test)]
mod tests;
