//! The access log: one line per request. It names the operation and never the path, which can contain a secret.

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use super::route::Target;

pub(super) async fn note(
    Extension(target): Extension<Arc<Target>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let response = next.run(request).await;
    tracing::info!(
        %method,
        operation = target.operation.map(|operation| operation.id),
        status = response.status().as_u16(),
        micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    response
}
