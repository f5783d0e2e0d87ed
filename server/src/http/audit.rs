//! Who sends a request, for the audit log, and the one place that every refusal passes.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::operations::{Api, Operation};
use super::route::Target;
use crate::domain::client::ClientInfo;
use crate::domain::state::AppState;
use crate::ids::AppId;
use crate::store::acting::{self, Actor};
use crate::store::audit::{AuditAction, AuditReason};

/// Why a request was refused, as far as that belongs in the audit log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused(pub(super) AuditReason);

/// Serves a request on behalf of its client, and notes if it is refused.
pub(super) async fn watch(
    State(state): State<Arc<AppState>>,
    client: ClientInfo,
    request: Request,
    next: Next,
) -> Response {
    let target = request.extensions().get::<Arc<Target>>().cloned();
    let acting = Arc::new(client.acting(state.clock.now()));
    let response = acting::scope(Arc::clone(&acting), next.run(request)).await;
    let Some(&Refused(reason)) = response.extensions().get::<Refused>() else {
        return response;
    };
    let operation = target.as_ref().and_then(|target| target.operation);
    let by_backend = matches!(acting.known().actor, Actor::Backend(_));
    // Mistakes of a backend that has proved who it is are no attempts. A nonce comes from a browser.
    if !by_backend || reason == AuditReason::InvalidNonce {
        let app_id = target.and_then(|target| app_of(&state, &target.path));
        let action = action(operation);
        tracing::debug!(
            operation = operation.map(|operation| operation.id),
            app_id = app_id.as_ref().map(AppId::as_str),
            reason = reason.as_str(),
            "refused"
        );
        state.audit.refused(&acting, app_id, action, reason);
    }
    response
}

/// The app in a path. Whatever is not the id of an app is not kept.
fn app_of(state: &AppState, path: &str) -> Option<AppId> {
    let (_, rest) = path.split_once("/apps/")?;
    let id = AppId::from(rest.split('/').next().unwrap_or_default());
    state.apps.get(&id).map(|app| app.id.clone())
}

/// What was refused.
fn action(operation: Option<&'static Operation>) -> AuditAction {
    let Some(operation) = operation else {
        return AuditAction::RequestRefused;
    };
    if operation.api == Api::Management {
        return AuditAction::BackendRefused;
    }
    let below = |part: &str| operation.path.contains(part);
    match operation.id {
        "refreshAuthToken" | "revokeRefreshToken" => AuditAction::RefreshRefused,
        "createUser" => AuditAction::RegistrationRefused,
        "checkUserIdentifier" | "createPasskeyReadiness" | "getApp" => AuditAction::RequestRefused,
        _ if below("/currentuser") => AuditAction::AccountRefused,
        _ if below("/register/") => AuditAction::RegistrationRefused,
        _ => AuditAction::SignInRefused,
    }
}
