//! The middleware example, driven over HTTP: who gets in, and which answer the others get.
use passage_examples::middleware as example;
use passage_identity::Passage;
use passage_test_support::web::{ME, Route, try_route};

async fn serve_example(passage: Passage) -> String {
    super::serve(example::service(passage)).await
}

#[tokio::test]
async fn good_bad_and_undecided_tokens() {
    let route = Route {
        has_text: false,
        ..ME
    };
    try_route(&route, serve_example).await;
}
