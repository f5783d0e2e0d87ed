//! A tower service of no framework, behind the layer: it gets requests whose token is good, with
//! the claims in their extensions.
//!
//! Run it with `cargo run --example tower`, then call it as it says.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use axum::body::Body;
use http::{Request, Response};
use passage_identity::tower::PassageLayer;
use passage_identity::{AuthStrategy, Claims, Passage};
use passage_server::{MintToken, PassageServer};
use tower_layer::Layer;
use tower_service::Service;

type Failure = Box<dyn std::error::Error>;

/// Says who the request is from.
#[derive(Clone)]
struct WhoAmI;

impl<B> Service<Request<B>> for WhoAmI {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let text = match request.extensions().get::<Claims>() {
            Some(claims) => format!("you are {}\n", claims.user_id),
            None => "hello, stranger\n".to_owned(),
        };
        ready(Ok(Response::new(text.into())))
    }
}

/// The whole service.
pub fn service(passage: Passage) -> axum::Router {
    let members = PassageLayer::required(passage.clone()).layer(WhoAmI);
    let everyone = PassageLayer::optional(passage).layer(WhoAmI);
    // axum only to tell the paths apart and to serve them.
    axum::Router::new()
        .route_service("/me", members)
        .route_service("/hello", everyone)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let server = PassageServer::builder().start().await?;
    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .auth_strategy(AuthStrategy::Header)
        .build()?;
    let token = server
        .controls()
        .mint_token(MintToken::new("some user id"))
        .await?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("curl -i http://{address}/me -H 'Authorization: Bearer {token}'");
    println!("Without a token: curl -i http://{address}/hello");
    axum::serve(listener, service(passage)).await?;
    Ok(())
}
