//! Reading bodies within bounds, and error bodies whatever they are.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, TRANSFER_ENCODING,
};
use reqwest::{Body, Response, ResponseBuilderExt as _};
use serde_json::{Value, json};
use tokio::task::JoinError;

/// A page of 500 users is well under 1 MiB.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// An API error is two short strings; what a proxy sends instead is thrown away.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// Why a body could not be read.
pub(crate) enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
}

/// Reads a body up to a limit, and stops there.
pub(crate) async fn read_body(mut response: Response, limit: usize) -> Result<Bytes, BodyError> {
    let announced = response.content_length();
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(BodyError::TooLarge);
    }
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if first.len() + whole.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge);
        }
        if first.is_empty() && whole.is_empty() {
            // Most replies come in one piece, which need not be copied.
            first = chunk;
            continue;
        }
        if whole.is_empty() {
            // Not more than the limit, as was seen above.
            let announced = announced.and_then(|length| usize::try_from(length).ok());
            whole.reserve(announced.unwrap_or(first.len() + chunk.len()));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}

/// The same reply with its body in memory.
pub(super) async fn complete(mut response: Response) -> reqwest::Result<Response> {
    let status = response.status();
    let mut headers = std::mem::take(response.headers_mut());
    // Without it the new reply would parse a made-up one.
    let url = response.url().clone();
    let body = if !status.is_success() {
        // The status is what counts: a body that breaks off or never ends must not hide it.
        let body = read_body(response, MAX_ERROR_BODY)
            .await
            .unwrap_or_default();
        if status.is_client_error() || status.is_server_error() {
            describe_as_json(&mut headers);
            Body::from(as_api_error(&body))
        } else {
            Body::from(body)
        }
    } else {
        match read_body(response, MAX_BODY).await {
            Ok(body) => Body::from(body),
            Err(BodyError::TooLarge) => Body::wrap_stream(FailsAtOnce(Some(TooLarge))),
            Err(BodyError::Broken(error)) => return Err(error),
        }
    };
    let reply = http::Response::builder().url(url).body(body);
    let mut complete = reply.unwrap_or_default();
    *complete.status_mut() = status;
    *complete.headers_mut() = headers;
    Ok(Response::from(complete))
}

/// The body as `{code, error}` and nothing else, which is sure to be read. An empty code stands for
/// none. Older servers send only `error`, or `message` and a number as `code`.
fn as_api_error(body: &[u8]) -> String {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| parsed.get(name).and_then(Value::as_str);
    let code = text("code").unwrap_or_default();
    let error = text("error")
        .or_else(|| text("message"))
        .unwrap_or_default();
    json!({ "code": code, "error": error }).to_string()
}

fn describe_as_json(headers: &mut HeaderMap) {
    for stale in [CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
        headers.remove(stale);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
}

/// The cause of a body error: the only way to pass a reason through the generated code.
#[derive(Debug)]
pub(crate) struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply is larger than 8 MiB")
    }
}

impl std::error::Error for TooLarge {}

/// A reply that cannot be read, since the task that would have fetched it is gone.
pub(super) fn lost(cause: JoinError) -> Response {
    let body = Body::wrap_stream(FailsAtOnce(Some(cause)));
    Response::from(http::Response::new(body))
}

/// A body that fails when it is read.
struct FailsAtOnce<E>(Option<E>);

impl<E: Unpin> Stream for FailsAtOnce<E> {
    type Item = Result<Bytes, E>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Err))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies_become_ours() {
        const NOTHING: &str = r#"{"code":"","error":""}"#;
        const NO_USER: &str = r#"{"code":"user_not_found","error":"no"}"#;
        for (body, expected) in [
            (NO_USER, NO_USER),
            (
                r#"{"code":"user_not_found","error":"no","more":1}"#,
                NO_USER,
            ),
            // Which a typed reader would refuse, and the status would be lost.
            (
                r#"{"code":"x","code":"user_not_found","error":"no"}"#,
                NO_USER,
            ),
            (r#"{"error":"no"}"#, r#"{"code":"","error":"no"}"#),
            (
                r#"{"code":"user_not_found"}"#,
                r#"{"code":"user_not_found","error":""}"#,
            ),
            (
                r#"{"status":"x","code":404,"message":"no"}"#,
                r#"{"code":"","error":"no"}"#,
            ),
            (r#"{"code":null,"error":null}"#, NOTHING),
            (r#"{"code":{"code":"x"},"error":["no"]}"#, NOTHING),
            (r#"{"code":"user_not_found","error":"n"#, NOTHING),
            ("<html>Bad gateway</html>", NOTHING),
            ("", NOTHING),
            ("\"code\"", NOTHING),
            ("[1]", NOTHING),
            (&"[".repeat(10_000), NOTHING),
        ] {
            assert_eq!(as_api_error(body.as_bytes()), expected, "{body}");
        }
    }
}
