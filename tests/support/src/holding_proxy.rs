//! Stands between a client and the real server. It counts what passes, and can hold it back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::sync::watch;

/// A proxy before the server. Clones are the same proxy.
#[derive(Clone)]
pub struct HoldingProxy(Arc<Inner>);

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

impl fmt::Debug for HoldingProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HoldingProxy")
            .field("url", &self.0.url)
            .finish_non_exhaustive()
    }
}

impl HoldingProxy {
    /// A proxy that holds back these requests until it is [opened](Self::open).
    ///
    /// # Panics
    /// If it cannot listen.
    pub async fn before(server: &str, holds: fn(&Request) -> bool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self(Arc::new(Inner {
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
        let service = Router::new().fallback(pass).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        proxy
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Lets pass what it holds back, and all that comes later.
    pub fn open(&self) {
        self.0.is_open.send_replace(true);
    }

    /// Requests that are here now.
    #[must_use]
    pub fn here(&self) -> usize {
        self.0.here.load(Ordering::SeqCst)
    }

    /// The most requests that were here at a time.
    #[must_use]
    pub fn most(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }

    /// Requests that were answered.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.0.passed.load(Ordering::SeqCst)
    }

    /// Requests that the client gave up.
    #[must_use]
    pub fn given_up(&self) -> usize {
        self.0.given_up.load(Ordering::SeqCst)
    }
}

async fn pass(State(proxy): State<HoldingProxy>, request: Request) -> Response {
    let proxy = &*proxy.0;
    let here = proxy.here.fetch_add(1, Ordering::SeqCst) + 1;
    proxy.most.fetch_max(here, Ordering::SeqCst);
    let mut visit = Visit(proxy, false);
    if (proxy.holds)(&request) {
        let mut is_open = proxy.is_open.subscribe();
        is_open.wait_for(|open| *open).await.unwrap();
    }
    let (parts, body) = request.into_parts();
    let url = format!("{}{}", proxy.server, parts.uri);
    let mut headers = parts.headers;
    headers.remove("host");
    let sent = proxy
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
///
/// # Panics
/// If it does not hold within half a minute.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < limit, "waiting for: {what}");
        tokio::task::yield_now().await;
    }
}

/// Gives other tasks many turns, for something that must not happen.
pub async fn let_others_work() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}
