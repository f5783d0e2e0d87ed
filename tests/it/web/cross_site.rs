//! Requests that pages of other sites make, to the layer, the extractors, and a middleware of one's
//! own.

use axum::Router;
use axum::routing::any;
use passage_identity::Passage;
use passage_identity::axum::{PassageClaims, PassageUser};
use passage_identity::tower::PassageLayer;
use passage_test_support::web::try_sites;

use super::serve;

#[tokio::test]
async fn the_layer_refuses_requests_of_other_sites() {
    try_sites(async |passage: Passage| {
        let service = Router::new().route("/act", any(|| async {}));
        serve(service.layer(PassageLayer::required(passage))).await
    })
    .await;
}

#[tokio::test]
async fn the_optional_layer_refuses_them_too_and_lets_strangers_through() {
    try_sites(async |passage: Passage| {
        // Strangers come through, so the handler tells them apart.
        let act = |user: Option<axum::Extension<passage_identity::Claims>>| async move {
            match user {
                Some(_) => axum::http::StatusCode::OK,
                None => axum::http::StatusCode::UNAUTHORIZED,
            }
        };
        let service = Router::new().route("/act", any(act));
        serve(service.layer(PassageLayer::optional(passage))).await
    })
    .await;
}

#[tokio::test]
async fn an_extractor_refuses_them() {
    try_sites(async |passage: Passage| {
        let act = |_: PassageUser| async {};
        serve(Router::new().route("/act", any(act)).with_state(passage)).await
    })
    .await;
}

#[tokio::test]
async fn an_optional_extractor_refuses_them() {
    try_sites(async |passage: Passage| {
        let act = |user: Option<PassageClaims>| async move {
            match user {
                Some(_) => axum::http::StatusCode::OK,
                None => axum::http::StatusCode::UNAUTHORIZED,
            }
        };
        serve(Router::new().route("/act", any(act)).with_state(passage)).await
    })
    .await;
}

#[tokio::test]
async fn an_extractor_trusts_the_check_of_the_layer() {
    try_sites(async |passage: Passage| {
        let service = Router::new().route("/act", any(|_: PassageUser| async {}));
        let service = service.layer(PassageLayer::required(passage.clone()));
        serve(service.with_state(passage)).await
    })
    .await;
}

/// The one of the example, which shows how it is done by hand.
#[tokio::test]
async fn a_middleware_of_ones_own_refuses_them() {
    try_sites(async |passage: Passage| {
        let service = Router::new().route("/act", any(|| async {}));
        serve(passage_examples::middleware::guarded(service, passage)).await
    })
    .await;
}

#[tokio::test]
async fn authenticate_knows_no_method_and_checks_nothing() {
    let issuer = passage_identity::test_util::TestIssuer::new().unwrap();
    let passage = issuer.passage().unwrap();
    let token = issuer.mint("user").unwrap();
    let mut headers = passage_identity::test_util::cookie(token).unwrap();
    headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert!(passage.authenticate(&headers).await.is_ok());
    let (post, uri) = (http::Method::POST, http::Uri::from_static("/act"));
    let error = passage.check_cross_site(&post, &uri, &headers).unwrap_err();
    assert_eq!(error.answer_status(), 403);
    assert_eq!(
        (error.answer_challenge(), error.answer_retry_after()),
        (None, None)
    );
}
