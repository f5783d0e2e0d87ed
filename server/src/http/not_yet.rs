//! Operations of the Auth API that the server does not carry out yet. They say so.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodFilter, on};
use http::StatusCode;

use super::error::ApiError;
use crate::core::Core;
use crate::operations::{Api, OPERATIONS};

/// Adds a route for each of them.
pub(crate) fn routes(mut router: Router<Arc<Core>>) -> Router<Arc<Core>> {
    for operation in OPERATIONS
        .iter()
        .filter(|operation| operation.api == Api::Auth && !operation.built)
    {
        let Ok(method) = MethodFilter::try_from(operation.method.clone()) else {
            continue;
        };
        let answer = move || async move {
            let message = format!(
                "{}: this server does not carry out this operation yet.",
                operation.id
            );
            ApiError::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", message)
        };
        router = router.route(operation.path, on(method, answer));
    }
    router
}
