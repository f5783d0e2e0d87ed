//! The axum example, driven over HTTP, and what its extractors do besides.
use super::serve;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use passage_examples::axum as example;
use passage_identity::axum::{CurrentUser, PassageClaims, PassageUser, Rejection};
use passage_identity::tower::PassageLayer;
use passage_identity::{Claims, ErrorCode, ErrorKind, Passage};
use passage_server::{Cut, Fault, MintToken};
use passage_test_support::web::{
    ACCOUNT, HELLO, ME, Route, Setup, answer, gone, inactive, try_route, try_session,
};
use std::time::Duration;

async fn serve_example(passage: Passage) -> String {
    serve(example::service(passage)).await
}

#[tokio::test]
async fn an_extractor_without_the_layer() {
    try_route(&ME, serve_example).await;
}

#[tokio::test]
async fn an_extractor_behind_the_layer() {
    let route = Route {
        path: "/members/me",
        has_text: false,
        ..ME
    };
    try_route(&route, serve_example).await;
}

#[tokio::test]
async fn an_optional_extractor() {
    try_route(&HELLO, serve_example).await;
}

#[tokio::test]
async fn what_else_the_token_says() {
    try_session(serve_example).await;
}

#[tokio::test]
async fn the_user_as_it_is_now() {
    try_route(&ACCOUNT, serve_example).await;
}

/// Takes the token away, as a proxy between two parts of a service might.
async fn forget_the_token(mut request: Request, next: Next) -> Response {
    request.headers_mut().remove("authorization").unwrap();
    next.run(request).await
}

async fn whoami(PassageUser(user_id): PassageUser) -> String {
    user_id.to_string()
}

#[tokio::test]
async fn what_the_layer_verified_is_not_verified_again() {
    let setup = Setup::new().await;
    let passage = setup.passage();
    let service = |layer: PassageLayer| {
        Router::new()
            .route("/", get(whoami))
            .layer(middleware::from_fn(forget_the_token))
            .layer(layer)
            .with_state(passage.clone())
    };
    for layer in [
        PassageLayer::required(passage.clone()),
        PassageLayer::optional(passage.clone()),
    ] {
        let url = serve(service(layer)).await;
        let (status, .., body) = answer(setup.get(&url).await).await;
        assert_eq!((status, body), (200, setup.user_id.to_string()));
    }

    // Settings alike are not enough: who verified must be the same.
    let url = serve(service(PassageLayer::required(setup.passage()))).await;
    assert_eq!(answer(setup.get(&url).await).await.0, 401);
}

#[tokio::test]
async fn what_one_extractor_verified_is_not_verified_again() {
    let setup = Setup::new().await;

    struct ForgetTheToken;
    impl<S: Sync> axum::extract::FromRequestParts<S> for ForgetTheToken {
        type Rejection = ();
        async fn from_request_parts(
            parts: &mut axum::http::request::Parts,
            _: &S,
        ) -> Result<Self, ()> {
            parts
                .headers
                .remove("authorization")
                .map(|_| Self)
                .ok_or(())
        }
    }
    async fn handler(
        PassageUser(user_id): PassageUser,
        _: ForgetTheToken,
        PassageClaims(claims): PassageClaims,
        CurrentUser(user): CurrentUser,
        again: Option<PassageUser>,
    ) -> String {
        assert_eq!(claims.user_id, user_id);
        assert_eq!(user.id, user_id);
        assert_eq!(again, Some(PassageUser(user_id)));
        "the same".to_owned()
    }
    let service = Router::new().route("/", get(handler));
    let url = serve(service.with_state(setup.passage())).await;
    let (status, .., body) = answer(setup.get(&url).await).await;
    assert_eq!((status, body.as_str()), (200, "the same"));
}

#[tokio::test]
async fn what_one_app_verified_is_nothing_to_another() {
    let (ours, theirs) = (Setup::new().await, Setup::new().await);
    let service = Router::new()
        .route("/", get(whoami))
        .layer(PassageLayer::required(theirs.passage()))
        .with_state(ours.passage());
    let url = serve(service).await;
    let (status, challenge, ..) = answer(theirs.get(&url).await).await;
    assert_eq!(status, 401);
    assert!(challenge.unwrap().contains("invalid_token"));
}

#[tokio::test]
async fn claims_that_were_not_verified_for_this_request_are_not_trusted() {
    let setup = Setup::new().await;
    let passage = setup.passage();
    let of_bob = setup.mint(MintToken::new("bob")).await;
    let planted = passage.verify_token(&of_bob).await.unwrap();
    let plant = |service: Router<Passage>| {
        service
            .layer(Extension(planted.clone()))
            .with_state(passage.clone())
    };
    async fn show(claims: Option<Extension<Claims>>) -> String {
        claims.map_or("nobody".to_owned(), |claims| claims.user_id.to_string())
    }

    // It takes the layer to remove them ...
    let url = serve(plant(Router::new().route("/", get(show)))).await;
    assert_eq!(answer(setup.http.get(&url)).await.3, "bob");
    let layer = PassageLayer::optional(passage.clone());
    let url = serve(plant(Router::new().route("/", get(show)).layer(layer))).await;
    assert_eq!(answer(setup.http.get(&url)).await.3, "nobody");
    let user = setup.user_id.to_string();
    assert_eq!(answer(setup.get(&url).await).await.3, user);

    // ... and the extractors never look at them.
    let url = serve(plant(Router::new().route("/", get(whoami)))).await;
    assert_eq!(answer(setup.http.get(&url)).await.0, 401);
    assert_eq!(answer(setup.get(&url).await).await.3, user);
}

#[derive(serde::Deserialize)]
struct Tenancy {
    tenant: String,
}

#[tokio::test]
async fn claims_as_a_type_of_the_service() {
    async fn tenant(PassageClaims(claims): PassageClaims<Tenancy>) -> String {
        format!("{} of {}", claims.user_id, claims.custom.tenant)
    }
    async fn maybe(claims: Option<PassageClaims<Tenancy>>) -> String {
        claims.map_or("nobody".to_owned(), |claims| claims.0.custom.tenant)
    }
    async fn all(PassageClaims(claims): PassageClaims) -> String {
        claims.custom["tenant"].to_string()
    }

    let setup = Setup::new().await;
    let passage = setup.passage();
    let routes = Router::new()
        .route("/tenant", get(tenant))
        .route("/maybe", get(maybe))
        .route("/all", get(all));
    let behind = routes
        .clone()
        .layer(PassageLayer::optional(passage.clone()));
    let fits = setup.mint(setup.token().claim("tenant", "acme")).await;
    let lacks = setup.mint(setup.token()).await;

    for service in [routes, behind] {
        let url = serve(service.with_state(passage.clone())).await;
        let get = |path: &str, token| setup.http.get(format!("{url}{path}")).bearer_auth(token);
        let expected = format!("{} of acme", setup.user_id);
        assert_eq!(answer(get("/tenant", &fits)).await.3, expected);
        assert_eq!(answer(get("/maybe", &fits)).await.3, "acme");
        assert_eq!(answer(get("/all", &fits)).await.3, "\"acme\"");
        for path in ["/tenant", "/maybe"] {
            let (status, challenge, _, text) = answer(get(path, &lacks)).await;
            assert_eq!((status, text.as_str()), (401, "the token is malformed"));
            assert!(challenge.unwrap().contains("invalid_token"));
        }
        let nobody = setup.http.get(format!("{url}/maybe"));
        assert_eq!(answer(nobody).await.3, "nobody");
    }
}

#[tokio::test]
async fn a_user_who_cannot_be_had_now() {
    let setup = Setup::new().await;
    let controls = setup.server.controls();
    let url = serve_example(setup.passage()).await + "/account";
    let text = "the user cannot be looked up at the moment";
    let get_user = || Fault::operation("management.getUser");
    for (fault, retry_after) in [
        (
            get_user().status(429).retry_after(Duration::from_secs(7)),
            "7",
        ),
        (get_user().status(429), "5"),
        (get_user().status(500), "5"),
        (
            get_user().status(503).body("text/html", "<h1>busy</h1>"),
            "5",
        ),
        (get_user().cut(Cut::Before), "5"),
    ] {
        controls.fault(fault.clone());
        assert_eq!(
            answer(setup.get(&url).await).await,
            (503, None, Some(retry_after.to_owned()), text.to_owned()),
            "{fault:?}"
        );
        controls.clear_faults();
    }
    assert_eq!(answer(setup.get(&url).await).await.0, 200);
}

#[tokio::test]
async fn a_user_who_is_gone_or_not_active() {
    let setup = Setup::new().await;
    let passage = setup.passage();
    let url = serve_example(passage.clone()).await + "/account";

    passage.users().deactivate(&setup.user_id).await.unwrap();
    assert_eq!(answer(setup.get(&url).await).await, inactive());
    passage.users().activate(&setup.user_id).await.unwrap();
    let known = (
        200,
        None,
        None,
        format!("you are {}, active\n", setup.user_id),
    );
    assert_eq!(answer(setup.get(&url).await).await, known);

    passage.users().delete(&setup.user_id).await.unwrap();
    assert_eq!(answer(setup.get(&url).await).await, gone());
}

#[tokio::test]
async fn a_service_that_is_not_set_up_right() {
    let setup = Setup::new().await;
    let failed = (
        500,
        None,
        None,
        "the request could not be handled".to_owned(),
    );
    let wrong_key = setup.builder().api_key("not.the.key").build().unwrap();
    for passage in [setup.builder().build().unwrap(), wrong_key] {
        let url = serve_example(passage).await + "/account";
        assert_eq!(answer(setup.get(&url).await).await, failed);
        // The token comes first.
        assert_eq!(answer(setup.http.get(&url)).await.0, 401);
    }

    // Not the words of a Passage server: they say nothing about the user.
    let url = serve_example(setup.passage()).await + "/account";
    let page = Fault::operation("management.getUser").status(404);
    let page = page.body("text/html", "<h1>no such page</h1>");
    setup.server.controls().fault(page);
    assert_eq!(answer(setup.get(&url).await).await, failed);
}

#[tokio::test]
async fn a_handler_can_answer_by_itself() {
    async fn handler(user: Result<CurrentUser, Rejection>) -> Response {
        match user {
            Ok(CurrentUser(user)) => user.id.to_string().into_response(),
            Err(rejection) => {
                let status = rejection.status();
                let error = rejection.error();
                let name = match error.code() {
                    Some(ErrorCode::UserNotActive) => "inactive",
                    _ => error.kind().as_str(),
                };
                let source = std::error::Error::source(&rejection).unwrap().to_string();
                assert_eq!(source, error.to_string());
                let text = format!("{status} {name}: {rejection}");
                assert_eq!(rejection.into_error().to_string(), source);
                text.into_response()
            }
        }
    }
    let setup = Setup::new().await;
    let passage = setup.passage();
    let service = Router::new().route("/", get(handler));
    let url = serve(service.with_state(passage.clone())).await;
    let body = answer(setup.http.get(&url)).await.3;
    assert_eq!(
        body,
        format!(
            "401 {}: the request carries no token",
            ErrorKind::TokenMissing
        )
    );
    passage.users().deactivate(&setup.user_id).await.unwrap();
    let body = answer(setup.get(&url).await).await.3;
    assert_eq!(body, "403 inactive: the user is not active");
}
