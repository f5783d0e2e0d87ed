//! The actix example, driven over HTTP, and what its extractors and the middleware do besides.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ReqData, ServiceConfig, get, resource, scope};
use actix_web::{App, HttpMessage, HttpResponse, HttpServer, ResponseError};
use passage_example_actix::config;
use passage_identity::actix::{
    CurrentUser, Maybe, PassageClaims, PassageMiddleware, PassageUser, Rejection,
};
use passage_identity::{Claims, ErrorCode, Passage};
use passage_server::{Fault, MintToken};
use passage_test_support::web::{
    ACCOUNT, HELLO, ME, Route, Setup, answer, gone, inactive, try_route, try_session, try_sites,
};
use std::time::Duration;

/// Serves an app and gives its URL. It ends with the test's runtime.
fn serve<C>(config: impl Fn() -> C + Clone + Send + 'static) -> String
where
    C: FnOnce(&mut ServiceConfig),
{
    let server = HttpServer::new(move || App::new().configure(config()))
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    url
}

async fn serve_example(passage: Passage) -> String {
    serve(move || config(passage.clone()))
}

#[actix_web::test]
async fn an_extractor_without_the_middleware() {
    try_route(&ME, serve_example).await;
}

#[actix_web::test]
async fn an_extractor_behind_the_middleware() {
    let route = Route {
        path: "/members/me",
        ..ME
    };
    try_route(&route, serve_example).await;
}

#[actix_web::test]
async fn an_optional_extractor() {
    try_route(&HELLO, serve_example).await;
}

async fn show(claims: Option<ReqData<Claims>>) -> String {
    claims.map_or("nobody".to_owned(), |claims| claims.user_id.to_string())
}

#[actix_web::test]
async fn the_optional_middleware() {
    let route = Route {
        path: "/",
        known: ToString::to_string,
        nobody: Some("nobody"),
        has_text: true,
    };
    try_route(&route, async |passage: Passage| {
        serve(move || {
            let guard = PassageMiddleware::optional(passage.clone());
            |config: &mut ServiceConfig| {
                config.service(resource("/").wrap(guard).route(get().to(show)));
            }
        })
    })
    .await;
}

#[actix_web::test]
async fn what_else_the_token_says() {
    try_session(serve_example).await;
}

#[actix_web::test]
async fn the_user_as_it_is_now() {
    try_route(&ACCOUNT, serve_example).await;
}

async fn whoami(PassageUser(user_id): PassageUser) -> String {
    user_id.to_string()
}

#[actix_web::test]
async fn what_the_middleware_verified_is_not_verified_again() {
    let setup = Setup::new().await;
    let service = |data: Passage, guard: PassageMiddleware| {
        serve(move || {
            let (data, guard) = (data.clone(), guard.clone());
            |config: &mut ServiceConfig| {
                // Behind the guard, the token is taken away.
                let inner = scope("")
                    .wrap(from_fn(async |mut request: ServiceRequest, next| {
                        request.headers_mut().remove("authorization");
                        actix_web::middleware::Next::call(&next, request).await
                    }))
                    .route("/", get().to(whoami));
                config
                    .app_data(Data::new(data))
                    .service(scope("").wrap(guard).service(inner));
            }
        })
    };
    let passage = setup.passage();
    for guard in [
        PassageMiddleware::required(passage.clone()),
        PassageMiddleware::optional(passage.clone()),
    ] {
        let url = service(passage.clone(), guard) + "/";
        let (status, .., body) = answer(setup.get(&url).await).await;
        assert_eq!((status, body), (200, setup.user_id.to_string()));
    }

    // Settings alike are not enough: who verified must be the same.
    let url = service(passage, PassageMiddleware::required(setup.passage())) + "/";
    assert_eq!(answer(setup.get(&url).await).await.0, 401);
}

#[actix_web::test]
async fn claims_that_were_not_verified_for_this_request_are_not_trusted() {
    let setup = Setup::new().await;
    let passage = setup.passage();
    let of_bob = setup.mint(MintToken::new("bob")).await;
    let planted = passage.verify_token(&of_bob).await.unwrap();
    let url = serve(move || {
        let (passage, planted) = (passage.clone(), planted.clone());
        move |config: &mut ServiceConfig| {
            let guarded = resource("/guarded")
                .wrap(PassageMiddleware::optional(passage.clone()))
                .route(get().to(show));
            let routes = scope("")
                .wrap_fn(move |request: ServiceRequest, next| {
                    request.extensions_mut().insert(planted.clone());
                    next.call(request)
                })
                .service(guarded)
                .route("/bare", get().to(show))
                .route("/extractor", get().to(whoami));
            // A bare `Passage` will do, too.
            config.app_data(passage).service(routes);
        }
    });
    let user = setup.user_id.to_string();
    for (path, stranger, known) in [
        ("/bare", "bob", "bob"),
        ("/guarded", "nobody", user.as_str()),
        ("/extractor", "the request carries no token", &user),
    ] {
        let url = format!("{url}{path}");
        assert_eq!(answer(setup.http.get(&url)).await.3, stranger);
        assert_eq!(answer(setup.get(&url).await).await.3, known);
    }
}

#[derive(serde::Deserialize)]
struct Tenancy {
    tenant: String,
}

#[actix_web::test]
async fn claims_as_a_type_of_the_service() {
    async fn all(
        PassageClaims(claims): PassageClaims<Tenancy>,
        Maybe(again): Maybe<PassageClaims<Tenancy>>,
        PassageClaims(whole): PassageClaims,
    ) -> String {
        assert_eq!(again.unwrap().0.custom.tenant, claims.custom.tenant);
        assert_eq!(whole.custom["tenant"], claims.custom.tenant.as_str());
        format!("{} of {}", claims.user_id, claims.custom.tenant)
    }

    let setup = Setup::new().await;
    let passage = setup.passage();
    let url = serve(move || {
        let passage = Data::new(passage.clone());
        |config: &mut ServiceConfig| {
            config.app_data(passage).route("/", get().to(all));
        }
    });
    let fits = setup.mint(setup.token().claim("tenant", "acme")).await;
    let reply = answer(setup.http.get(&url).bearer_auth(fits)).await;
    assert_eq!(reply.3, format!("{} of acme", setup.user_id));
    let (status, challenge, _, text) = answer(setup.get(&url).await).await;
    assert_eq!((status, text.as_str()), (401, "the token is malformed"));
    assert!(challenge.unwrap().contains("invalid_token"));
}

#[actix_web::test]
async fn a_user_who_cannot_be_had_or_is_gone() {
    let setup = Setup::new().await;
    let controls = setup.server.controls();
    let passage = setup.passage();
    let url = serve_example(passage.clone()).await + "/account";

    let busy = Fault::operation("management.getUser").status(429);
    controls.fault(busy.retry_after(Duration::from_secs(7)));
    let text = "the user cannot be looked up at the moment".to_owned();
    let later = (503, None, Some("7".to_owned()), text);
    assert_eq!(answer(setup.get(&url).await).await, later);
    controls.clear_faults();

    passage.users().deactivate(&setup.user_id).await.unwrap();
    assert_eq!(answer(setup.get(&url).await).await, inactive());

    passage.users().delete(&setup.user_id).await.unwrap();
    assert_eq!(answer(setup.get(&url).await).await, gone());
}

#[actix_web::test]
async fn a_service_that_is_not_set_up_right() {
    let setup = Setup::new().await;
    let text = "the request could not be handled".to_owned();
    let failed = (500, None, None, text);
    // No Passage at all.
    let url = serve(|| {
        |config: &mut ServiceConfig| {
            config.route("/", get().to(whoami));
        }
    });
    assert_eq!(answer(setup.get(&url).await).await, failed);
    // No API key.
    let url = serve_example(setup.builder().build().unwrap()).await + "/account";
    assert_eq!(answer(setup.get(&url).await).await, failed);
}

#[actix_web::test]
async fn a_handler_can_answer_by_itself() {
    async fn handler(user: Result<CurrentUser, Rejection>) -> HttpResponse {
        match user {
            Ok(CurrentUser(user)) => HttpResponse::Ok().body(user.id.to_string()),
            Err(rejection) if rejection.error().code() == Some(&ErrorCode::UserNotActive) => {
                HttpResponse::Ok().body("inactive")
            }
            Err(rejection) => rejection.error_response(),
        }
    }
    let setup = Setup::new().await;
    let passage = setup.passage();
    let data = passage.clone();
    let url = serve(move || {
        let data = Data::new(data.clone());
        |config: &mut ServiceConfig| {
            config.app_data(data).route("/", get().to(handler));
        }
    });
    let (status, challenge, ..) = answer(setup.http.get(&url)).await;
    assert_eq!((status, challenge.as_deref()), (401, Some("Bearer")));
    passage.users().deactivate(&setup.user_id).await.unwrap();
    assert_eq!(answer(setup.get(&url).await).await.3, "inactive");
}

#[actix_web::test]
async fn a_request_that_is_refused_is_a_response_to_outer_middlewares() {
    let setup = Setup::new().await;
    let passage = setup.passage();
    let url = serve(move || {
        let guard = PassageMiddleware::required(passage.clone());
        |config: &mut ServiceConfig| {
            let routes = scope("")
                .wrap(guard)
                .wrap_fn(|request, next| {
                    let reply = next.call(request);
                    async move {
                        let reply: ServiceResponse<_> = reply.await?;
                        assert_eq!(reply.status(), 401);
                        Ok(reply.map_body(|_, _| "seen".to_owned()))
                    }
                })
                .route("/", get().to(whoami));
            config.service(routes);
        }
    });
    let (status, challenge, _, body) = answer(setup.http.get(&url)).await;
    assert_eq!((status, body.as_str()), (401, "seen"));
    assert_eq!(challenge.as_deref(), Some("Bearer"));
}

#[actix_web::test]
async fn the_middleware_refuses_requests_of_other_sites() {
    try_sites(async |passage: Passage| {
        serve(move || {
            let middleware = PassageMiddleware::required(passage.clone());
            move |config: &mut ServiceConfig| {
                let act = scope("/act").wrap(middleware);
                config.service(act.default_service(actix_web::web::to(HttpResponse::Ok)));
            }
        })
    })
    .await;
}

#[actix_web::test]
async fn an_extractor_refuses_requests_of_other_sites() {
    async fn act(_: PassageUser) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
    try_sites(async |passage: Passage| {
        serve(move || {
            let data = Data::new(passage.clone());
            move |config: &mut ServiceConfig| {
                config.app_data(data);
                config.service(resource("/act").to(act));
            }
        })
    })
    .await;
}
