//! What a fault turns a reply into: another one, half of it, or none.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use hyper::body::Frame;
use serde_json::json;

use super::Effect;
use crate::http::reply;

/// A fault requires the connection to be closed without a reply.
#[derive(Debug)]
pub(crate) struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault cut the connection")
    }
}

impl std::error::Error for CutOff {}

pub(super) fn fault_reply(status: StatusCode, effect: &Effect) -> Response {
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
pub(super) async fn break_off(response: Response) -> Option<Response> {
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
            flush: FLUSH,
            pause: None,
        }),
    ))
}

/// A reply that closes the connection, for a server that can only reply. It breaks before any of it is written.
pub(super) fn broken_reply() -> Response {
    Response::new(Body::new(Broken {
        half: None,
        flush: Duration::ZERO,
        pause: None,
    }))
}

/// How long the half has to reach the client before the connection breaks.
const FLUSH: Duration = Duration::from_millis(20);

/// A body that yields a half, if there is one, and then fails.
struct Broken {
    half: Option<Bytes>,
    flush: Duration,
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
        let flush = self.flush;
        if flush.is_zero() {
            return Poll::Ready(Some(Err(CutOff)));
        }
        // Failing at once would discard the half before it is written.
        let pause = self
            .pause
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(flush)));
        pause.as_mut().poll(context).map(|()| Some(Err(CutOff)))
    }
}
