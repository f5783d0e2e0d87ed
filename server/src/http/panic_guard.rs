//! A handler that panics must not leave the client without a reply.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Extension;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;

use super::headers;
use super::route::Target;
use crate::domain::error::Refusal;

pub(super) async fn guard(
    Extension(target): Extension<Arc<Target>>,
    request: Request,
    next: Next,
) -> Response {
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answered.unwrap_or_else(|_panic| {
        tracing::error!("a handler panicked");
        let mut response = Refusal::failed().into_response();
        headers::expose_to_scripts(&mut response, &target.path);
        response
    })
}
