//! The middleware example, driven over HTTP: who gets in, and which answer the others get.
use passage_examples::middleware as example;
use passage_identity::Passage;
use passage_test_support::web::{ME, Route, try_route};

async fn serve(passage: Passage) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, example::service(passage)).await });
    url
}

#[tokio::test]
async fn good_bad_and_undecided_tokens() {
    let route = Route {
        has_text: false,
        ..ME
    };
    try_route(&route, serve).await;
}
