//! What a development server adds around the server itself: faults, the request log, and the observer.

use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::RETRY_AFTER;
use http::request::Parts;
use http::{Method, Request, StatusCode};
use jiff::Timestamp;
use tokio::time;
use tower::{Service, ServiceExt as _};

use super::cut::{CutOff, break_off, broken_reply, fault_reply};
use super::observe::Exchange;
use super::{Cut, DevTools, Entry};
use crate::domain::state::AppState;
use crate::http::entry::RequestPolicy;
use crate::http::route::Target;
use crate::http::{body, headers};

/// The server with the development tools around it. It returns an error where a fault cuts the connection.
#[derive(Clone)]
pub(crate) struct Intercept {
    server: Router,
    state: Arc<AppState>,
    tools: Arc<DevTools>,
    policy: RequestPolicy,
}

/// A request that has been read.
struct Received {
    parts: Parts,
    body: Bytes,
    target: Target,
    at: Timestamp,
}

impl Service<Request<Body>> for Intercept {
    type Response = Response;
    type Error = CutOff;
    type Future = BoxFuture<'static, Result<Response, CutOff>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), CutOff>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let intercept = self.clone();
        Box::pin(async move { intercept.handle(request).await })
    }
}

impl Intercept {
    /// Wraps a server, which has the routes of the controls in addition to its own.
    pub(crate) fn new(
        server: Router,
        state: Arc<AppState>,
        tools: Arc<DevTools>,
        policy: RequestPolicy,
    ) -> Self {
        Self {
            server,
            state,
            tools,
            policy,
        }
    }

    /// The same for servers with connections of their own: a cut then becomes a reply that breaks.
    pub(crate) fn into_router(self) -> Router {
        Router::new().fallback(move |request: Request<Body>| {
            let intercept = self.clone();
            async move {
                let answered = intercept.handle(request).await;
                answered.unwrap_or_else(|CutOff| broken_reply())
            }
        })
    }

    async fn handle(&self, request: Request<Body>) -> Result<Response, CutOff> {
        let at = self.state.clock.now().timestamp();
        let (parts, body) = request.into_parts();
        let target = Target::of(&parts);
        // The controls are not part of the APIs: they are not logged, and no fault matches them.
        if target.path == "/_dev" || target.path.starts_with("/_dev/") {
            return Ok(self.call(Request::from_parts(parts, body)).await);
        }
        let body = body::read(body, self.policy.body, &target.path).await;
        let (body, refusal) = match body {
            Ok(body) => (body, None),
            Err(refusal) => (Bytes::new(), Some(refusal)),
        };
        let request = Received {
            parts,
            body,
            target,
            at,
        };
        match refusal {
            Some(refusal) => {
                let refusal = self.finish(&request, refusal);
                Ok(self.record(&request, refusal).await)
            }
            None => self.answer(&request).await,
        }
    }

    /// Answers as the faults demand.
    async fn answer(&self, request: &Received) -> Result<Response, CutOff> {
        // Browsers send a preflight request first: a fault is meant for the request itself.
        let effect = match request.parts.method {
            Method::OPTIONS => None,
            _ => {
                let Target {
                    operation, path, ..
                } = &request.target;
                self.tools.faults.take(*operation, path)
            }
        };
        let Some(effect) = effect else {
            let response = self.call(request.again()).await;
            return Ok(self.record(request, response).await);
        };
        if let Some(delay) = effect.delay {
            time::sleep(delay).await;
        }
        if effect.cut == Some(Cut::Before) {
            return Err(self.cut(request));
        }
        let status = effect.status.map(StatusCode::from_u16);
        let mut response = match status.and_then(Result::ok) {
            Some(status) => self.finish(request, fault_reply(status, &effect)),
            None => self.call(request.again()).await,
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

    async fn call(&self, request: Request<Body>) -> Response {
        let Ok(response) = self.server.clone().oneshot(request).await;
        response
    }

    /// Adds the headers that the server sets on its own replies to one that it did not make.
    fn finish(&self, request: &Received, mut response: Response) -> Response {
        headers::expose_to_scripts(&mut response, &request.target.path);
        headers::protect(&mut response, &request.target.path, self.policy.tls_only);
        response
    }

    fn cut(&self, request: &Received) -> CutOff {
        self.log(request, None);
        CutOff
    }

    fn log(&self, request: &Received, status: Option<StatusCode>) {
        self.tools.log.add(&Entry {
            at: request.at,
            method: &request.parts.method,
            path: &request.target.sent,
            operation: request.target.operation.map(|operation| operation.id),
            headers: &request.parts.headers,
            body: &request.body,
            status,
        });
    }

    /// Records the exchange, and passes it to the observer.
    async fn record(&self, request: &Received, response: Response) -> Response {
        self.log(request, Some(response.status()));
        let Some(observer) = &self.tools.observer else {
            return response;
        };
        let (parts, body) = response.into_parts();
        // Our bodies are in memory, so reading them cannot fail.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        observer(&Exchange {
            method: request.parts.method.clone(),
            path: request.target.sent.clone(),
            operation: request.target.operation.map(|operation| operation.id),
            request_headers: request.parts.headers.clone(),
            request_body: request.body.clone(),
            status: parts.status,
            response_headers: parts.headers.clone(),
            response_body: body.clone(),
        });
        Response::from_parts(parts, Body::from(body))
    }
}

impl Received {
    /// The request, with its body in memory.
    fn again(&self) -> Request<Body> {
        Request::from_parts(self.parts.clone(), Body::from(self.body.clone()))
    }
}
