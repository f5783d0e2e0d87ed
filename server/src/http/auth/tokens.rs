//! Refresh tokens, as used by their bearers.

use axum::extract::RawQuery;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use passage_identity::generated::auth::types::{AuthResponse, RefreshAuthTokenRequest};

use crate::domain::error::Refusal;
use crate::domain::sign_ins;
use crate::http::extract::{AppContext, json};
use crate::http::reply;

pub(crate) async fn refresh_auth_token(call: AppContext, body: Bytes) -> Result<Response, Refusal> {
    let request: RefreshAuthTokenRequest = json(&body)?;
    let auth_result = sign_ins::refresh(&call.state, &call.app, &request.refresh_token).await?;
    Ok(reply::created(&AuthResponse { auth_result }))
}

pub(crate) async fn revoke_refresh_token(
    call: AppContext,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "refresh_token");
    let token = token
        .map(|(_, token)| token)
        .filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Refusal::invalid_request("refresh_token: is needed."))?;
    sign_ins::revoke(&call.state, &call.app, &token).await?;
    Ok(reply::empty(StatusCode::OK))
}
