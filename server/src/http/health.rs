//! Liveness and readiness checks, for supervisors and load balancers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde_json::json;

use super::reply;
use crate::domain::state::AppState;
use crate::store;
use crate::store::StoreError;

pub(crate) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
}

/// The process answers. This does not check the database: restarting the process would not bring it back.
async fn alive() -> Response {
    reply::ok(&json!({"status": "ok"}))
}

/// The database answers, and every app has a key to sign with.
async fn ready(State(state): State<Arc<AppState>>) -> Response {
    let read = state
        .store
        .read(|tx| Ok::<_, StoreError>(store::apps::all(tx)?.len()));
    let problem = if read.await.is_err() {
        Some("the database does not answer")
    } else if !state.apps.all().iter().all(|app| app.keys.is_ready()) {
        Some("a signing key is missing")
    } else {
        None
    };
    match problem {
        None => reply::ok(&json!({"status": "ok"})),
        Some(problem) => reply::json(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({"status": "unavailable", "problem": problem}),
        ),
    }
}
