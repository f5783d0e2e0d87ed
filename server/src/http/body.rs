//! Request bodies: their maximum size, and how long they may take.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, StatusCode};
use tokio::time;

use super::route::Target;
use super::{headers, reply};
use crate::domain::error::Refusal;

/// Maximum size of a request body, in bytes.
const LIMIT: usize = 64 * 1024;

/// Reads the whole body before anything else is done with the request.
pub(super) async fn receive(
    State(limit): State<Duration>,
    Extension(target): Extension<Arc<Target>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    match read(body, limit, &target.path).await {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(refusal) => refusal,
    }
}

/// Reads a body, or returns the reply to one that is too large or too slow. `path` is the path of the request.
pub(crate) async fn read(body: Body, limit: Duration, path: &str) -> Result<Bytes, Response> {
    let mut refusal = match time::timeout(limit, to_bytes(body, LIMIT)).await {
        Ok(Ok(body)) => return Ok(body),
        Ok(Err(_)) => too_large(),
        Err(_elapsed) => too_slow(),
    };
    // The rest of the body is still on its way.
    let close = HeaderValue::from_static("close");
    refusal.headers_mut().insert(CONNECTION, close);
    headers::expose_to_scripts(&mut refusal, path);
    Err(refusal)
}

fn too_large() -> Response {
    let problem = format!("body: cannot be read, or is larger than {LIMIT} bytes.");
    Refusal::invalid_request(problem).into_response()
}

fn too_slow() -> Response {
    reply::error(
        StatusCode::REQUEST_TIMEOUT,
        "invalid_request",
        "body: took too long.",
    )
}
