//! An axum service: its handlers say whom they need, and one part of it is behind a layer.
//!
//! Run it with `cargo run --example axum`, then call it as it says.

use axum::extract::FromRef;
use axum::{Router, routing::get};
use passage_identity::axum::{CurrentUser, PassageClaims, PassageUser};
use passage_identity::tower::PassageLayer;
use passage_identity::users::CreateUser;
use passage_identity::{AuthStrategy, Passage};
use passage_server::{MintToken, PassageServer};

type Failure = Box<dyn std::error::Error>;

/// What the handlers share. The extractors take the `Passage` out of it.
#[derive(Clone)]
struct Shared {
    passage: Passage,
}

impl FromRef<Shared> for Passage {
    fn from_ref(shared: &Shared) -> Self {
        shared.passage.clone()
    }
}

/// The whole service.
pub fn service(passage: Passage) -> Router {
    // Nothing gets to these handlers without a good token, not even by a handler's mistake.
    let members = Router::new()
        .route("/members/me", get(me))
        .layer(PassageLayer::required(passage.clone()));
    Router::new()
        .route("/me", get(me))
        .route("/hello", get(hello))
        .route("/session", get(session))
        .route("/account", get(account))
        .merge(members)
        .with_state(Shared { passage })
}

/// For signed-in users only: others get a 401.
async fn me(PassageUser(user_id): PassageUser) -> String {
    format!("you are {user_id}\n")
}

/// For everyone. A token that is there must be good all the same.
async fn hello(user: Option<PassageUser>) -> String {
    match user {
        Some(PassageUser(user_id)) => format!("hello, {user_id}\n"),
        None => "hello, stranger\n".to_owned(),
    }
}

/// What else the token says.
async fn session(PassageClaims(claims): PassageClaims) -> String {
    format!("you are {}, from {}\n", claims.user_id, claims.issuer)
}

/// The user as it is now, from the management API.
async fn account(CurrentUser(user): CurrentUser) -> String {
    format!("you are {}, {}\n", user.id, user.status)
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
    println!("Other paths: /hello, /session, /account, /members/me");
    axum::serve(listener, service(passage)).await?;
    Ok(())
}
