//! Stands between a client and the real server. It counts what passes, and can hold it back.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::sync::watch;

#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    url: String,
    server: String,
    client: reqwest::Client,
    holds: fn(&Request) -> bool,
    is_open: watch::Sender<bool>,
    here: AtomicUsize,
    most: AtomicUsize,
    passed: AtomicUsize,
    given_up: AtomicUsize,
}

/// A request that is here. If it goes before it has passed, the client gave it up.
struct Visit<'a>(&'a Inner, bool);

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.here.fetch_sub(1, Ordering::SeqCst);
        let count = if self.1 {
            &self.0.passed
        } else {
            &self.0.given_up
        };
        count.fetch_add(1, Ordering::SeqCst);
    }
}

impl Gate {
    /// A gate that holds back these requests until it is [opened](Self::open).
    pub(crate) async fn before(server: &str, holds: fn(&Request) -> bool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Self(Arc::new(Inner {
            url: format!("http://{}", listener.local_addr().unwrap()),
            server: server.to_owned(),
            client: reqwest::Client::new(),
            holds,
            is_open: watch::Sender::new(false),
            here: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
            given_up: AtomicUsize::new(0),
        }));
        let service = Router::new().fallback(pass).with_state(gate.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        gate
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn open(&self) {
        self.0.is_open.send_replace(true);
    }

    /// Requests that are here now.
    pub(crate) fn here(&self) -> usize {
        self.0.here.load(Ordering::SeqCst)
    }

    /// The most requests that were here at a time.
    pub(crate) fn most(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }

    /// Requests that were answered.
    pub(crate) fn passed(&self) -> usize {
        self.0.passed.load(Ordering::SeqCst)
    }

    /// Requests that the client gave up.
    pub(crate) fn given_up(&self) -> usize {
        self.0.given_up.load(Ordering::SeqCst)
    }
}

async fn pass(State(gate): State<Gate>, request: Request) -> Response {
    let gate = &*gate.0;
    let here = gate.here.fetch_add(1, Ordering::SeqCst) + 1;
    gate.most.fetch_max(here, Ordering::SeqCst);
    let mut visit = Visit(gate, false);
    if (gate.holds)(&request) {
        let mut is_open = gate.is_open.subscribe();
        is_open.wait_for(|open| *open).await.unwrap();
    }
    let (parts, body) = request.into_parts();
    let url = format!("{}{}", gate.server, parts.uri);
    let mut headers = parts.headers;
    headers.remove("host");
    let sent = gate
        .client
        .request(parts.method, url)
        .headers(headers)
        .body(to_bytes(body, usize::MAX).await.unwrap());
    let reply = sent.send().await.unwrap();
    let mut response = Response::builder().status(reply.status());
    response
        .headers_mut()
        .unwrap()
        .extend(reply.headers().clone());
    let body = Body::from(reply.bytes().await.unwrap());
    visit.1 = true;
    response.body(body).unwrap()
}

/// Gives other tasks their turn until the condition holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < limit, "waiting for: {what}");
        tokio::task::yield_now().await;
    }
}

/// Gives other tasks many turns, for something that must not happen.
pub(crate) async fn let_others_work() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}
