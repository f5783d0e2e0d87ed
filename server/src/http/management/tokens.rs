//! Refresh tokens of users.

use axum::response::Response;
use http::StatusCode;

use crate::domain::error::Refusal;
use crate::domain::sign_ins;
use crate::http::extract::ApiKeyAuth;
use crate::http::reply;

pub(crate) async fn revoke_user_refresh_tokens(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let user_id = call.params.get("user_id");
    sign_ins::revoke_all(&call.state, &call.app, user_id.into()).await?;
    Ok(reply::empty(StatusCode::OK))
}
