//! The middleware example, driven over HTTP: who gets in, and which answer the others get.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "../examples/middleware.rs"]
#[allow(dead_code, reason = "its main is for the example alone")]
mod middleware;

use passage_identity::{AuthStrategy, Passage};
use passage_server::{Fault, MintToken, PassageServer};

/// Serves the example and returns the URL of its route.
async fn serve(passage: Passage) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/me", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, middleware::service(passage)).await });
    url
}

#[tokio::test]
async fn good_bad_and_undecided_tokens() {
    let server = PassageServer::builder().start().await.unwrap();
    let client = |strategy| {
        Passage::builder(server.app_id())
            .server(server.url())
            .auth_strategy(strategy)
            .build()
            .unwrap()
    };
    let controls = server.controls();
    let good = controls.mint_token(MintToken::new("ada")).await.unwrap();
    let forged = controls
        .mint_token(MintToken::new("ada").wrong_key())
        .await
        .unwrap();
    let http = reqwest::Client::new();

    // No keys yet, and none to be had: nobody can tell.
    controls.fault(Fault::operation("getJwks").status(500));
    for (strategy, header, prefix) in [
        (AuthStrategy::Header, "authorization", "Bearer "),
        (AuthStrategy::Cookie, "cookie", "psg_auth_token="),
    ] {
        let url = serve(client(strategy)).await;
        let reply = http.get(&url).header(header, format!("{prefix}{good}"));
        let reply = reply.send().await.unwrap();
        assert_eq!(reply.status(), 503);
        assert!(reply.headers().contains_key("retry-after"));
    }

    controls.clear_faults();
    for (strategy, header, prefix) in [
        (AuthStrategy::Header, "authorization", "Bearer "),
        (AuthStrategy::Cookie, "cookie", "psg_auth_token="),
    ] {
        let url = serve(client(strategy)).await;
        let get = |token: &str| {
            let request = http.get(&url).header(header, format!("{prefix}{token}"));
            async move { request.send().await.unwrap() }
        };
        let reply = get(&good).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.text().await.unwrap(), "you are ada\n");
        for bad in [forged.as_str(), "garbled", ""] {
            let reply = get(bad).await;
            assert_eq!(reply.status(), 401, "{bad}");
            assert_eq!(reply.headers()["www-authenticate"], "Bearer");
        }
        assert_eq!(http.get(&url).send().await.unwrap().status(), 401);
    }
}
