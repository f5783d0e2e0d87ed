//! The way in and out of every request: which API it is for, its body, faults, the log and the observer.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CONNECTION, CONTENT_LENGTH, HOST,
    RETRY_AFTER,
};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use hyper::body::{Frame, Incoming};
use jiff::Timestamp;
use serde_json::json;
use tower::ServiceExt;

use super::error::ApiError;
use super::reply;
use crate::core::Core;
use crate::dev;
use crate::dev::Cut;
use crate::observe::Exchange;
use crate::operations::{self, Api, Operation};

/// Bytes of a request body, at most.
const BODY_LIMIT: usize = 64 * 1024;

/// The path of the request as its sender wrote it, for links in the reply.
#[derive(Debug, Clone)]
pub(crate) struct SentPath(pub(crate) String);

/// Handles requests.
pub(crate) struct Entry {
    core: Arc<Core>,
    router: Router,
}

/// The connection is to be closed without a reply, as a fault wants it.
#[derive(Debug)]
pub(crate) struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault cut the connection")
    }
}

impl std::error::Error for CutOff {}

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
    pub(crate) fn new(core: Arc<Core>, router: Router) -> Self {
        Self { core, router }
    }

    /// Answers a request, or fails to, which closes the connection.
    pub(crate) async fn handle(&self, request: Request<Incoming>) -> Result<Response, CutOff> {
        let at = self.core.clock.now();
        let (mut parts, body) = request.into_parts();
        let sent = parts.uri.to_string();
        let path = route(&mut parts);
        let operation = operations::find(&parts.method, &path);
        let body = to_bytes(Body::new(body), BODY_LIMIT).await;
        let too_large = body.is_err();
        let request = Read {
            parts,
            body: body.unwrap_or_default(),
            sent,
            path,
            operation,
            at,
        };
        if too_large {
            let response = for_scripts(&request, refuse_body());
            return Ok(self.record(&request, response).await);
        }
        if request.path == "/_dev" || request.path.starts_with("/_dev/") {
            return Ok(self.call(&request).await);
        }
        // A browser asks for permission first: a fault is meant for the request itself.
        let effect = match request.parts.method {
            Method::OPTIONS => None,
            _ => self.core.dev.faults.take(request.operation, &request.path),
        };
        let Some(effect) = effect else {
            let response = self.call(&request).await;
            return Ok(self.record(&request, response).await);
        };
        if let Some(delay) = effect.delay {
            tokio::time::sleep(delay).await;
        }
        if effect.cut == Some(Cut::Before) {
            return Err(self.cut(&request));
        }
        let mut response = match effect
            .status
            .and_then(|status| StatusCode::from_u16(status).ok())
        {
            Some(status) => for_scripts(&request, fault_reply(status, &effect)),
            None => self.call(&request).await,
        };
        if let Some(seconds) = effect.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        match effect.cut {
            Some(Cut::Mid) => {
                self.log(&request, Some(response.status()));
                break_off(response).await.ok_or(CutOff)
            }
            Some(_) => Err(self.cut(&request)),
            None => Ok(self.record(&request, response).await),
        }
    }

    async fn call(&self, request: &Read) -> Response {
        let mut parts = request.parts.clone();
        parts.extensions.insert(SentPath(sent_path(&request.sent)));
        let request = Request::from_parts(parts, Body::from(request.body.clone()));
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn cut(&self, request: &Read) -> CutOff {
        self.log(request, None);
        CutOff
    }

    fn log(&self, request: &Read, status: Option<StatusCode>) {
        self.core.dev.log.add(&dev::Entry {
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
        let Some(observer) = &self.core.observer else {
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

/// Brings the path into the form that the router knows: without a slash at its end, and with the prefix of the API
/// that the host names.
fn route(parts: &mut Parts) -> String {
    let path = sent_path(parts.uri.path());
    let host = parts
        .headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let versioned = path == "/v1" || path.starts_with("/v1/");
    let names = |api: &str| {
        versioned
            && host
                .split_once('.')
                .is_some_and(|(first, _)| first.eq_ignore_ascii_case(api))
    };
    let path = if names("api") {
        format!("/api{path}")
    } else if names("auth") {
        format!("/auth{path}")
    } else {
        path
    };
    let target = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.clone(),
    };
    // The parts were valid before, and a prefix keeps them so.
    if let Ok(target) = PathAndQuery::try_from(target) {
        parts.uri = Uri::from(target);
    }
    path
}

/// The path without query and without slashes at its end.
fn sent_path(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        "/".to_owned()
    } else {
        path.to_owned()
    }
}

fn refuse_body() -> Response {
    let problem = format!("body: cannot be read, or is larger than {BODY_LIMIT} bytes.");
    let mut response = ApiError::invalid_request(problem).into_response();
    // The rest of the body is still on its way.
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

fn fault_reply(status: StatusCode, effect: &dev::Effect) -> Response {
    match &effect.body {
        Some((content_type, text)) => reply::with_type(status, content_type, text.clone()),
        None => {
            let code = effect.code.as_deref().unwrap_or(match status.as_u16() {
                401 => "invalid_access_token",
                403 => "operation_not_allowed",
                404 => "user_not_found",
                409 => "user_has_no_passkeys",
                429 => "too_many_requests",
                400..=499 => "invalid_request",
                _ => "internal_server_error",
            });
            let text = effect
                .error
                .as_deref()
                .unwrap_or("This is a fault on demand.");
            reply::json(status, &json!({"code": code, "error": text}))
        }
    }
}

/// The reply with half of its body, after which the connection breaks. `None` if there is no body to break.
async fn break_off(response: Response) -> Option<Response> {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if whole.is_empty() {
        return None;
    }
    parts.headers.insert(CONTENT_LENGTH, whole.len().into());
    let half = whole.slice(..whole.len() / 2);
    Some(Response::from_parts(
        parts,
        Body::new(Broken {
            half: Some(half),
            pause: None,
        }),
    ))
}

/// How long the half is given to reach the client before the connection breaks.
const FLUSH: Duration = Duration::from_millis(20);

/// A body that yields a half and then fails.
struct Broken {
    half: Option<Bytes>,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        // Failing at once would discard the half before it is written.
        let pause = self
            .pause
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(FLUSH)));
        pause.as_mut().poll(context).map(|()| Some(Err(CutOff)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_hosts() {
        for (host, sent, routed) in [
            ("127.0.0.1:1", "/api/v1/apps/a", "/api/v1/apps/a"),
            ("127.0.0.1:1", "/api/v1/apps/a/?x=/", "/api/v1/apps/a?x=/"),
            ("127.0.0.1:1", "/", "/"),
            ("127.0.0.1:1", "/v1/apps/a", "/v1/apps/a"),
            ("api.example.test", "/v1/apps/a//", "/api/v1/apps/a"),
            (
                "api.example.test:80",
                "/v1/apps/a%2Fb?x=%20",
                "/api/v1/apps/a%2Fb?x=%20",
            ),
            ("auth.example.test", "/v1/apps/a", "/auth/v1/apps/a"),
            ("auth.example.test", "/v10/apps/a", "/v10/apps/a"),
            ("auth.example.test", "/api/v1/apps/a", "/api/v1/apps/a"),
            ("auth", "/v1/apps/a", "/v1/apps/a"),
        ] {
            let request = Request::builder()
                .uri(sent)
                .header(HOST, host)
                .body(())
                .unwrap();
            let mut parts = request.into_parts().0;
            let path = route(&mut parts);
            assert_eq!(parts.uri.to_string(), routed, "{host} {sent}");
            assert_eq!(path, routed.split('?').next().unwrap());
        }
    }
}
