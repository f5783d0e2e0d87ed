//! Refresh tokens, as used by their bearers.

use axum::extract::RawQuery;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use passage_identity::generated::auth::types::{AuthResponse, RefreshAuthTokenRequest};
use serde::Deserialize;

use crate::domain::error::Refusal;
use crate::domain::sign_ins;
use crate::http::extract::{AppContext, UserAuth, form_values, is_object, json};
use crate::http::reply;

pub(crate) async fn refresh_auth_token(call: AppContext, body: Bytes) -> Result<Response, Refusal> {
    let request: RefreshAuthTokenRequest = json(&body)?;
    let auth_result = sign_ins::refresh(&call.state, &call.app, &request.refresh_token).await?;
    Ok(reply::created(&AuthResponse { auth_result }))
}

pub(crate) async fn revoke_refresh_token(
    call: AppContext,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let token = match member(query.as_bytes(), &["refresh_token"]) {
        Some(token) => Some(token),
        None => token_in(&body)?,
    };
    let token = token.ok_or_else(|| Refusal::invalid_request("refresh_token: is needed."))?;
    sign_ins::revoke(&call.state, &call.app, &token).await?;
    Ok(reply::empty(StatusCode::OK))
}

/// The refresh token in a body: JSON, or a form as in RFC 7009, whose name for it is `token`. Unlike a query, a body is
/// in no log.
fn token_in(body: &Bytes) -> Result<Option<String>, Refusal> {
    if !is_object(body) {
        return Ok(member(body, &["refresh_token", "token"]));
    }
    let request: RevokeRequest = json(body)?;
    let token = request.refresh_token.or(request.token);
    Ok(token.filter(|token| !token.is_empty()))
}

#[derive(Deserialize)]
struct RevokeRequest {
    refresh_token: Option<String>,
    token: Option<String>,
}

/// The first member of a form with one of these names that is not empty.
fn member(form: &[u8], names: &[&str]) -> Option<String> {
    form_values(form, names).find(|value| !value.is_empty())
}

/// Ends every sign-in of the signed-in user, this one too.
pub(crate) async fn sign_out_everywhere(call: UserAuth) -> Result<Response, Refusal> {
    sign_ins::revoke_own(&call.state, (call.user.id, call.session)).await?;
    Ok(reply::empty(StatusCode::OK))
}
