//! The tower example, driven over HTTP, and how the layer treats the service behind it.
use passage_examples::tower as example;
use std::future::{Ready, poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use passage_identity::tower::{PassageLayer, PassageService};
use passage_identity::{Claims, Passage};
use passage_test_support::web::{Route, Setup, try_route};
use tower_layer::Layer;
use tower_service::Service;

async fn serve_example(passage: Passage) -> String {
    super::serve(example::service(passage)).await
}

#[tokio::test]
async fn the_required_layer() {
    let route = Route {
        path: "/me",
        known: |id| format!("you are {id}\n"),
        nobody: None,
        has_text: false,
    };
    try_route(&route, serve_example).await;
}

#[tokio::test]
async fn the_optional_layer() {
    let route = Route {
        path: "/hello",
        known: |id| format!("you are {id}\n"),
        nobody: Some("hello, stranger\n"),
        has_text: false,
    };
    try_route(&route, serve_example).await;
}

/// Counts its calls, and takes none before it said that it is ready. Its clones are not ready.
struct Picky {
    calls: Arc<AtomicUsize>,
    polls_to_go: usize,
}

impl Picky {
    fn new() -> Self {
        Self {
            calls: Arc::default(),
            polls_to_go: 2,
        }
    }
}

impl Clone for Picky {
    fn clone(&self) -> Self {
        Self {
            calls: Arc::clone(&self.calls),
            polls_to_go: 2,
        }
    }
}

#[derive(Debug, PartialEq)]
struct Broken;

/// The body of requests can be sent to another thread, and no more.
type Body = std::cell::Cell<bool>;

impl Service<Request<Body>> for Picky {
    type Response = Response<String>;
    type Error = Broken;
    type Future = Ready<Result<Response<String>, Broken>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if self.polls_to_go == 0 {
            return Poll::Ready(Ok(()));
        }
        self.polls_to_go -= 1;
        cx.waker().wake_by_ref();
        if self.polls_to_go == 0 {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert_eq!(self.polls_to_go, 0, "it was not ready");
        self.polls_to_go = 2;
        self.calls.fetch_add(1, Ordering::SeqCst);
        if request.body().get() {
            return ready(Err(Broken));
        }
        let user = request.extensions().get::<Claims>();
        let user = user.map_or_else(String::new, |claims| claims.user_id.to_string());
        ready(Ok(Response::new(user)))
    }
}

type Reply = Result<Response<String>, Broken>;

async fn call(service: &mut PassageService<Picky>, request: Request<Body>) -> Reply {
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(request).await
}

fn request(token: Option<&str>, breaks: bool) -> Request<Body> {
    let mut request = Request::builder();
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Body::new(breaks)).unwrap()
}

#[tokio::test]
async fn the_instance_that_is_ready_gets_the_request() {
    let setup = Setup::new().await;
    let token = setup.mint(setup.token()).await;
    let inner = Picky::new();
    let calls = Arc::clone(&inner.calls);
    let mut service = PassageLayer::required(setup.passage()).layer(inner);
    for expected in 1..=3 {
        let reply = call(&mut service, request(Some(&token), false)).await;
        assert_eq!(*reply.unwrap().body(), *setup.user_id.as_str());
        assert_eq!(calls.load(Ordering::SeqCst), expected);
    }
    // A clone starts anew, and so does a service that is called again while it works.
    let mut clone = service.clone();
    assert!(call(&mut clone, request(Some(&token), false)).await.is_ok());
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    let first = service.call(request(Some(&token), false));
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    let second = service.call(request(Some(&token), false));
    assert!(second.await.is_ok() && first.await.is_ok());
}

#[tokio::test]
async fn errors_of_the_service_pass_through() {
    let setup = Setup::new().await;
    let token = setup.mint(setup.token()).await;
    let mut service = PassageLayer::required(setup.passage()).layer(Picky::new());
    let reply = call(&mut service, request(Some(&token), true)).await;
    assert_eq!(reply.unwrap_err(), Broken);
}

#[tokio::test]
async fn a_request_that_is_refused_does_not_reach_the_service() {
    let setup = Setup::new().await;
    let forged = setup.mint(setup.token().wrong_key()).await;
    let passage = setup.passage();
    let inner = Picky::new();
    let calls = Arc::clone(&inner.calls);
    let required = PassageLayer::required(passage.clone()).layer(inner.clone());
    let optional = PassageLayer::optional(passage).layer(inner);
    for (mut service, token) in [
        (required.clone(), None),
        (required, Some(forged.as_str())),
        (optional, Some(&forged)),
    ] {
        let reply = call(&mut service, request(token, true)).await.unwrap();
        assert_eq!(reply.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(reply.body(), "");
        let names: Vec<_> = reply.headers().keys().collect();
        assert_eq!(names, ["www-authenticate"]);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn claims_that_were_there_before_are_removed() {
    let setup = Setup::new().await;
    let passage = setup.passage();
    let token = setup.mint(setup.token()).await;
    let planted = passage.verify_token(&token).await.unwrap();
    let mut service = PassageLayer::optional(passage).layer(Picky::new());
    let mut request = request(None, false);
    request.extensions_mut().insert(planted);
    let reply = call(&mut service, request).await.unwrap();
    assert_eq!(reply.body(), "");
}
