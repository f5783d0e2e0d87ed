//! An axum service whose middleware authenticates every request: a bad token is
//! answered with 401, keys that cannot be had with 503, and handlers read the user id.
//!
//! Run it with `cargo run --example middleware`, then call it as it says.

use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use passage_identity::{AuthStrategy, CreateUser, Passage, UserId};
use passage_server::{MintToken, PassageServer};

type Failure = Box<dyn std::error::Error>;

/// The service: one route, only for those who are signed in.
pub(crate) fn service(passage: Passage) -> Router {
    Router::new()
        .route("/me", get(me))
        .layer(middleware::from_fn_with_state(passage, authenticate))
}

async fn me(Extension(user_id): Extension<UserId>) -> String {
    format!("you are {user_id}\n")
}

async fn authenticate(
    State(passage): State<Passage>,
    mut request: Request,
    next: Next,
) -> Response {
    match passage.authenticate(request.headers()).await {
        Ok(user_id) => {
            request.extensions_mut().insert(user_id);
            next.run(request).await
        }
        // Nobody can tell yet whether the token is good: the client may try again.
        Err(error) if error.is_unavailable() => (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "5")],
        )
            .into_response(),
        Err(_) => (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Bearer")],
        )
            .into_response(),
    }
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
        .create(CreateUser::email("ada@example.com"))
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
