//! Refresh tokens of users.

use axum::response::Response;
use http::StatusCode;

use crate::domain::error::Refusal;
use crate::http::extract::ApiKeyAuth;
use crate::http::reply;
use crate::store;

pub(crate) async fn revoke_user_refresh_tokens(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let (app_id, user_id) = (call.app.id.clone(), call.params.get("user_id"));
    let revoke = call.state.store.write(move |tx| {
        store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
        Ok::<_, Refusal>(store::sign_ins::end_all(tx, &user_id)?)
    });
    revoke.await?;
    Ok(reply::empty(StatusCode::OK))
}
