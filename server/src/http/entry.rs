//! The way in and out of every request: which API it is for, its body, faults, the log and the observer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CONNECTION, RETRY_AFTER,
};
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use jiff::Timestamp;
use tokio::time;
use tower::ServiceExt;

use super::client_address::ClientAddress;
use super::cut::{CutOff, break_off, fault_reply};
use super::headers;
use super::reply;
use super::route::{route, sent_path};
use crate::dev::observe::Exchange;
use crate::dev::{self, Cut, DevTools};
use crate::domain::apps::AppState;
use crate::domain::client::Peer;
use crate::domain::error::Refusal;
use crate::http::operations::{self, Api, Operation};

/// Bytes of a request body, at most.
const BODY_LIMIT: usize = 64 * 1024;

/// The path of the request as its sender wrote it, for links in the reply.
#[derive(Debug, Clone)]
pub(crate) struct SentPath(pub(crate) String);

/// How requests are taken.
#[derive(Debug, Clone)]
pub(crate) struct RequestPolicy {
    /// How long a body may take.
    pub(crate) body: Duration,
    pub(crate) client_address: ClientAddress,
    /// Whether browsers are told to come by TLS alone.
    pub(crate) tls_only: bool,
}

impl Default for RequestPolicy {
    fn default() -> Self {
        Self {
            body: Duration::from_secs(30),
            client_address: ClientAddress::default(),
            tls_only: false,
        }
    }
}

/// Handles requests.
pub(crate) struct Entry {
    state: Arc<AppState>,
    router: Router,
    request_policy: RequestPolicy,
}

/// A request that has been read.
struct Read {
    parts: Parts,
    body: Bytes,
    /// Path and query as sent.
    sent: String,
    /// Path with the prefix of its API, whatever the host was.
    path: String,
    operation: Option<&'static Operation>,
    at: Timestamp,
}

impl Entry {
    pub(crate) fn new(state: Arc<AppState>, router: Router, request_policy: RequestPolicy) -> Self {
        Self {
            state,
            router,
            request_policy,
        }
    }

    /// Answers a request, or fails to, which closes the connection.
    pub(crate) async fn handle(
        &self,
        request: Request<Incoming>,
        peer: Peer,
    ) -> Result<Response, CutOff> {
        let began = Instant::now();
        let at = self.state.clock.now();
        let (mut parts, body) = request.into_parts();
        let peer = self.request_policy.client_address.of(peer, &parts.headers);
        parts.extensions.insert(peer);
        let sent = parts.uri.to_string();
        let path = route(&mut parts);
        let operation = operations::find(&parts.method, &path);
        let body = to_bytes(Body::new(body), BODY_LIMIT);
        let body = time::timeout(self.request_policy.body, body).await;
        let refusal = match &body {
            Ok(Ok(_)) => None,
            Ok(Err(_)) => Some(too_large()),
            Err(_elapsed) => Some(too_slow()),
        };
        let request = Read {
            parts,
            body: body.ok().and_then(Result::ok).unwrap_or_default(),
            sent,
            path,
            operation,
            at,
        };
        let mut response = match refusal {
            Some(refusal) => {
                let response = for_scripts(&request, refusal);
                self.record(&request, response).await
            }
            None => self.answer(&request).await?,
        };
        headers::protect(&mut response, &request.path, self.request_policy.tls_only);
        if self.state.dev.is_none() {
            tracing::info!(
                method = %request.parts.method,
                operation = request.operation.map(|operation| operation.id),
                status = response.status().as_u16(),
                micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
                "request"
            );
        }
        Ok(response)
    }

    async fn answer(&self, request: &Read) -> Result<Response, CutOff> {
        let Some(tools) = &self.state.dev else {
            let response = self.call(request).await;
            return Ok(self.record(request, response).await);
        };
        if request.path == "/_dev" || request.path.starts_with("/_dev/") {
            return Ok(self.call(request).await);
        }
        self.answer_or_fail(request, tools).await
    }

    /// Answers as the faults want it.
    async fn answer_or_fail(&self, request: &Read, tools: &DevTools) -> Result<Response, CutOff> {
        // A browser asks for permission first: a fault is meant for the request itself.
        let effect = match request.parts.method {
            Method::OPTIONS => None,
            _ => tools.faults.take(request.operation, &request.path),
        };
        let Some(effect) = effect else {
            let response = self.call(request).await;
            return Ok(self.record(request, response).await);
        };
        if let Some(delay) = effect.delay {
            time::sleep(delay).await;
        }
        if effect.cut == Some(Cut::Before) {
            return Err(self.cut(request));
        }
        let mut response = match effect
            .status
            .and_then(|status| StatusCode::from_u16(status).ok())
        {
            Some(status) => for_scripts(request, fault_reply(status, &effect)),
            None => self.call(request).await,
        };
        if let Some(seconds) = effect.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        match effect.cut {
            Some(Cut::Mid) => {
                self.log(request, Some(response.status()));
                break_off(response).await.ok_or(CutOff)
            }
            Some(_) => Err(self.cut(request)),
            None => Ok(self.record(request, response).await),
        }
    }

    /// Has the router answer. A handler that panics is our failure, and no reason to leave the client without a word.
    async fn call(&self, request: &Read) -> Response {
        let mut parts = request.parts.clone();
        parts.extensions.insert(SentPath(sent_path(&request.sent)));
        let call = Request::from_parts(parts, Body::from(request.body.clone()));
        let call = AssertUnwindSafe(self.router.clone().oneshot(call));
        match call.catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_panic) => {
                tracing::error!("a handler panicked");
                for_scripts(request, Refusal::failed().into_response())
            }
        }
    }

    fn cut(&self, request: &Read) -> CutOff {
        self.log(request, None);
        CutOff
    }

    fn log(&self, request: &Read, status: Option<StatusCode>) {
        let Some(tools) = &self.state.dev else {
            return;
        };
        tools.log.add(&dev::Entry {
            at: request.at,
            method: &request.parts.method,
            path: &request.sent,
            operation: request.operation.map(|operation| operation.id),
            headers: &request.parts.headers,
            body: &request.body,
            status,
        });
    }

    /// Notes the exchange, and shows it to the observer.
    async fn record(&self, request: &Read, response: Response) -> Response {
        self.log(request, Some(response.status()));
        let Some(observer) = &self.state.observer else {
            return response;
        };
        let (parts, body) = response.into_parts();
        // Our bodies are made in memory, so that reading them cannot fail.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        observer(&Exchange {
            method: request.parts.method.clone(),
            path: request.sent.clone(),
            operation: request.operation.map(|operation| operation.id),
            request_headers: request.parts.headers.clone(),
            request_body: request.body.clone(),
            status: parts.status,
            response_headers: parts.headers.clone(),
            response_body: body.clone(),
        });
        Response::from_parts(parts, Body::from(body))
    }
}

fn too_large() -> Response {
    let problem = format!("body: cannot be read, or is larger than {BODY_LIMIT} bytes.");
    and_close(Refusal::invalid_request(problem).into_response())
}

fn too_slow() -> Response {
    and_close(reply::error(
        StatusCode::REQUEST_TIMEOUT,
        "invalid_request",
        "body: took too long.",
    ))
}

/// A refusal while the rest of the body is still on its way.
fn and_close(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Gives a reply that the router had no part in the headers that the router sets on the Auth API: a script must see
/// the status and when to come back.
fn for_scripts(request: &Read, mut response: Response) -> Response {
    if request.path.starts_with(Api::Auth.prefix()) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, RETRY_AFTER.into());
    }
    response
}
