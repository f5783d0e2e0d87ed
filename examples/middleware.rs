//! Authenticating by hand, for frameworks that this crate has no feature for: a middleware that
//! answers a bad token with 401, a request of another site with 403, and keys that cannot be had
//! with 503. (It is one of axum's, which
//! has a feature; the examples `axum` and `tower` are shorter.)
//!
//! Run it with `cargo run --example middleware`, then call it as it says.

use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use passage_identity::users::CreateUser;
use passage_identity::{AuthStrategy, Error, Passage, UserId};
use passage_server::{MintToken, PassageServer};

type Failure = Box<dyn std::error::Error>;

/// The service: one route, only for those who are signed in.
pub fn service(passage: Passage) -> Router {
    guarded(Router::new().route("/me", get(me)), passage)
}

/// Puts the middleware before all routes of a router.
pub fn guarded(router: Router, passage: Passage) -> Router {
    router.layer(middleware::from_fn_with_state(passage, authenticate))
}

async fn me(Extension(user_id): Extension<UserId>) -> String {
    format!("you are {user_id}\n")
}

async fn authenticate(
    State(passage): State<Passage>,
    mut request: Request,
    next: Next,
) -> Response {
    // A browser sends the cookie with what pages of other sites make, too.
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    if let Err(error) = passage.check_cross_site(method, uri, headers) {
        return refuse(&error);
    }
    match passage.authenticate(headers).await {
        Ok(user_id) => {
            request.extensions_mut().insert(user_id);
            next.run(request).await
        }
        Err(error) => refuse(&error),
    }
}

/// Which answer an error comes to, header by header.
fn refuse(error: &Error) -> Response {
    let mut response = Response::default();
    *response.status_mut() =
        StatusCode::from_u16(error.answer_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(challenge) = error.answer_challenge() {
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(challenge),
        );
    }
    // Nobody can tell yet whether the token is good: the client may try again.
    if let Some(seconds) = error.answer_retry_after() {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let server = PassageServer::builder().start().await?;
    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .api_key(server.api_key())
        .auth_strategy(AuthStrategy::Header)
        .build()?;

    let user = passage
        .users()
        .create(CreateUser::with_email("ada@example.com"))
        .await?;
    let token = server
        .controls()
        .mint_token(MintToken::new(user.id.as_str()))
        .await?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("curl -i http://{address}/me -H 'Authorization: Bearer {token}'");
    axum::serve(listener, service(passage)).await?;
    Ok(())
}
